"""Conversations that outgrow the context: the law, worked by hand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from lanista.agents.contract import Exchange
from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.sampling import Sampling
from lanista.arenas.core.contract import Forfeit

from .conftest import ask, exchange, furthest, row, tokens

NEW = 4


def grown(policy: Policy, context: int, turns: int, overflow: Any, *, fresh: bool = False) -> list[Exchange]:
    policy.context = context
    agent = LMAgent(policy, sampling=Sampling(max_new_tokens=NEW), overflow=overflow)
    history: list[Exchange] = []
    for turn in range(turns):
        if fresh:
            agent.reset()
        question = ask("s", f"day {turn}: " + "player_1 " * (10 if turn == 0 else 5), history)
        history.append(exchange(question, agent.answer([question])[0]))
    return history


def pieces(history: list[Exchange], policy: Policy) -> list[tuple[int, int]]:
    """(ids added before the reply, ids of the reply) of each turn, where nothing was left out."""
    return [(len(tokens(e)["prompt_ids"]), len(tokens(e)["ids"])) for e in history]


def test_forfeit_says_how_long_and_how_much_there_is(policy: Policy) -> None:
    whole = grown(policy, 10_000, 4, "forfeit")
    sizes = pieces(whole, policy)
    length = sum(map(sum, sizes[:3])) + sizes[3][0]
    for context, fits in ((length + NEW, True), (length + NEW - 1, False)):
        last = grown(policy, context, 4, "forfeit")[3]
        said = f"conversation of {length} tokens leaves no room in a context of {context}"
        assert last.meta.get("forfeit") == (None if fits else said)


def test_truncation_keeps_the_first_exchange_and_of_the_newest_what_fills_half_of_the_rest(policy: Policy) -> None:
    whole = grown(policy, 10_000, 6, "truncate")
    sizes = pieces(whole, policy)
    # Room for the first exchange, the two newest of the four between, and the sixth turn.
    room = sum(sizes[0]) + sum(sizes[3]) + sum(sizes[4]) + sizes[5][0]
    cut = grown(
        policy, room + NEW + 1, 6, "truncate"
    )  # 1 more: turn 3 may have to end turn 0's reply, cut like its own
    chat = policy.chat
    for turn, entry in enumerate(cut):
        told = tokens(entry)
        if not told.get("restart"):
            assert "truncated_tokens" not in entry.meta
            continue
        assert entry.meta["truncated_tokens"] > 0
        assert len(told["prompt_ids"]) + NEW <= policy.context
        text = chat.tokenizer.decode(told["prompt_ids"])
        shown = [day for day in range(turn + 1) if f"day {day}:" in text]
        newest = list(range(shown[1], turn + 1))
        assert shown == [0, *newest]  # the first, and an unbroken run of the newest
        # One exchange more would have left less than half of what the first exchange and the new turn leave.
        must = sum(sizes[0]) + sizes[turn][0]
        missing = cut[shown[1] - 1]
        size = len(chat.next(missing.text)) + len(tokens(missing)["ids"])
        assert shown[1] > 1
        assert len(told["prompt_ids"]) + size + 2 > must + (policy.context - NEW - must) // 2
    assert any(tokens(entry).get("restart") for entry in cut)


def test_one_restart_makes_room_for_several_turns(policy: Policy) -> None:
    """A cut at every turn would repeat the whole conversation as a row of its own each time.

    By hand: exchanges of about 19 tokens after a first one of about 30 in a room of 296 leave half of 250, so that a
    restart comes every sixth or seventh turn, not at each.
    """
    history = grown(policy, 300, 60, "truncate")
    restarts = [turn for turn, entry in enumerate(history) if tokens(entry).get("restart")]
    assert restarts
    assert min(after - before for before, after in pairwise(restarts)) >= 4
    assert len(restarts) <= 60 // 5
    assert furthest(policy, history) < 1e-4


def test_where_the_first_exchange_fills_most_of_the_room_what_follows_keeps_half_of_the_rest(policy: Policy) -> None:
    history = grown(policy, 110, 30, "truncate")
    assert sum(bool(tokens(entry).get("restart")) for entry in history[8:]) < 15
    assert "forfeit" not in str([entry.meta for entry in history])


def test_truncated_conversations_are_exact_rows_and_can_be_rebuilt(policy: Policy) -> None:
    kept = grown(policy, 120, 9, "truncate")
    assert sum(bool(tokens(entry).get("restart")) for entry in kept) > 1
    assert row(kept)[:2] == row(grown(policy, 120, 9, "truncate", fresh=True))[:2]
    for turns in range(1, 10):
        assert furthest(policy, kept[:turns]) < 1e-4


def test_replies_are_ended_exactly_once_across_a_cut(policy: Policy) -> None:
    """Between a reply and the user turn after it stands one end token, whoever sampled or supplied it."""
    chat = policy.chat
    opening = [chat.control["<|user|>"], *chat.reply("day ")[:-1]]
    seen = 0
    for entry in grown(policy, 120, 12, "truncate"):
        ids = tokens(entry)["prompt_ids"]
        for place in range(2, len(ids)):
            if ids[place : place + len(opening)] == opening:
                assert ids[place - 1] in chat.end_ids
                assert ids[place - 2] not in chat.end_ids
                seen += bool(tokens(entry).get("restart"))
    assert seen > 3


def test_a_first_turn_that_cannot_fit_is_forfeited_under_either_law(policy: Policy) -> None:
    for overflow in ("truncate", "forfeit"):
        history = grown(policy, 20, 1, overflow)
        assert "leaves no room in a context of 20" in history[0].meta["forfeit"]


def test_nothing_but_the_turn_is_lost_by_a_forfeit(policy: Policy) -> None:
    policy.context = 60
    agent = LMAgent(policy, sampling=Sampling(max_new_tokens=NEW), overflow="truncate")
    long = ask("s", "player_1 " * 80)
    answer = agent.answer([long, ask("t", "hello")])
    assert isinstance(answer[0], Forfeit)
    assert not isinstance(answer[1], Forfeit)
