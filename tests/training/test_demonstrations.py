"""Which tokens of an episode are taught: exactly those of a seat's own accepted replies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lanista.arenas.core import registry
from lanista.arenas.core.episode import Episode, StepRecord, Turn
from lanista.errors import LanistaError
from lanista.training import demonstrations, tiny

pytest.importorskip("torch")
from lanista.agents.lm.chat import Chat


def turn(seat: str, prompt: str, reply: str, **kept: Any) -> Turn:
    return Turn(seat=seat, kind="vote", prompt=prompt, reply=reply, action="vote: player_0", **kept)


def episode(*turns: Turn, players: dict[str, str] | None = None) -> Episode:
    steps = [StepRecord(phase="day", turns=(t,), events=(), terms=()) for t in turns]
    return Episode(
        arena="any", version="1", hash="h", config={}, preset="default", seed=0, players=players or {}, roles={},
        teams={}, weights={}, opening=[], steps=steps, outcome=None, returns={}, journal=[],
    )  # fmt: skip


@pytest.fixture(scope="module")
def chat() -> Chat:
    names = ["player_0", "player_1"]
    return Chat(tiny.build_tokenizer(["Vote now. ", "vote: player_1", "Night falls. "] * 5, names))


def test_a_row_worked_by_hand(chat: Chat) -> None:
    # Seat player_0 answers twice. With the tiny template a conversation is
    #   <|user|> prompt <|end|> <|assistant|> reply <|end|> <|user|> prompt <|end|> <|assistant|> reply <|end|>
    # and loss stands on each reply and the end token right after it, on nothing else.
    t = chat.tokenizer
    plain = lambda text: t(text, add_special_tokens=False)["input_ids"]
    user, assistant, end = t.convert_tokens_to_ids(["<|user|>", "<|assistant|>", "<|end|>"])
    (row,) = demonstrations.rows(
        [episode(turn("player_0", "Vote now. ", "vote: player_1"), turn("player_0", "Night falls. ", "pass"))], chat
    )
    one, two = [*plain("vote: player_1"), end], [*plain("pass"), end]
    asked_one = [user, *plain("Vote now. "), end, assistant]
    asked_two = [user, *plain("Night falls. "), end, assistant]
    assert row.ids == asked_one + one + asked_two + two
    ignored = demonstrations.IGNORED
    assert row.labels == [ignored] * len(asked_one) + one + [ignored] * len(asked_two) + two


def test_seats_do_not_mix_and_keep_their_order(chat: Chat) -> None:
    made = demonstrations.rows([episode(turn("a", "x", "one"), turn("b", "y", "two"), turn("a", "z", "three"))], chat)
    taught = [chat.decode([i for i, own in zip(row.ids, row.taught, strict=True) if own]) for row in made]
    assert taught == ["onethree", "two"]


def test_turns_that_were_not_the_seats_own_are_context_only(chat: Chat) -> None:
    (row,) = demonstrations.rows(
        [
            episode(
                turn("a", "p", "nonsense", by="fallback", why="no vote"),
                turn("a", "q", "", by="forfeit", why="hung"),
                turn("a", "r", "vote: player_1", attempts=(("refused words", "not a vote"),)),
            )
        ],
        chat,
    )
    taught = chat.decode([i for i, own in zip(row.ids, row.taught, strict=True) if own])
    assert taught == "vote: player_1"
    assert "nonsense" in chat.decode(row.ids)
    assert "refused words" not in chat.decode(row.ids)


def test_a_seat_that_said_nothing_of_its_own_gives_no_row(chat: Chat) -> None:
    assert (
        demonstrations.rows([episode(turn("a", "p", "x", by="fallback"), turn("b", "p", "", by="forfeit"))], chat) == []
    )


def test_only_the_named_players_are_imitated(chat: Chat) -> None:
    game = episode(turn("a", "p", "one"), turn("b", "p", "two"), players={"a": "crowd", "b": "random"})
    (row,) = demonstrations.rows([game], chat, players={"crowd"})
    assert "one" in chat.decode(row.ids)
    assert len(demonstrations.rows([game], chat)) == 2


def test_a_row_ends_with_the_last_whole_turn_that_fits(chat: Chat) -> None:
    game = episode(turn("a", "p", "vote: player_1"), turn("a", "q", "vote: player_0"), turn("a", "r", "pass"))
    (whole,) = demonstrations.rows([game], chat)
    for context in range(1, len(whole.ids) + 1):
        for row in demonstrations.rows([game], chat, context=context):
            assert len(row.ids) <= context
            assert row.ids == whole.ids[: len(row.ids)]
            assert row.taught == whole.taught[: len(row.ids)]
            assert (row.ids[-1], row.taught[-1]) == (chat.end_ids[0], True)


def test_a_tokenizer_whose_pad_ends_replies_is_still_taught_to_end() -> None:
    tokenizer = tiny.build_tokenizer(["vote: player_1"])
    tokenizer.pad_token = tokenizer.eos_token
    (row,) = demonstrations.rows([episode(turn("a", "p", "vote: player_1"))], Chat(tokenizer))
    assert row.labels[-1] == row.ids[-1] == tokenizer.pad_token_id


def test_episodes_of_two_arena_hashes_are_not_mixed(chat: Chat) -> None:
    game = episode(turn("a", "p", "one"))
    with pytest.raises(LanistaError, match="one at a time"):
        demonstrations.rows([game, replace(game, hash="other")], chat)


def test_rows_and_texts_of_a_real_arena() -> None:
    arena = registry.get("werewolf")
    games = demonstrations.random_episodes(arena, arena.configure(players=7), games=3, seed=1)
    assert [g.canonical() for g in games] == [
        g.canonical() for g in demonstrations.random_episodes(arena, arena.configure(players=7), games=3, seed=1)
    ]
    chat = Chat(tiny.build_tokenizer(demonstrations.texts(games), list(games[0].roles)))
    made = demonstrations.rows(games, chat)
    turns = [t for g in games for s in g.steps for t in s.turns]
    assert sum(row.ids.count(chat.end_ids[0]) for row in made) == 2 * len(turns)  # one ends each text, one each reply
    taught = [id_ for row in made for id_, own in zip(row.ids, row.taught, strict=True) if own]
    assert taught.count(chat.end_ids[0]) == len(turns)
    assert len(taught) == sum(len(chat.reply(t.reply)) for t in turns)
