"""Language models in seats: exact tokens, rows that do not disturb each other, conversations that can be rebuilt."""

from __future__ import annotations

from typing import Any

import pytest

from lanista.agents.contract import Exchange
from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.backends.hf import backend as hf_backend
from lanista.agents.lm.backends.hf.backend import HFBackend
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.sampling import Sampling
from lanista.arenas.core.contract import Forfeit
from lanista.errors import UsageError

from .conftest import ask, exchange, furthest, row, talk, text_of, tokens

BOTH = pytest.mark.parametrize("cache", ["kept", "none"])


@BOTH
@pytest.mark.parametrize("batch_size", [64, 3])
def test_reported_logps_are_those_of_a_fresh_forward_pass(policy: Policy, cache: Any, batch_size: int) -> None:
    agent = LMAgent(HFBackend(policy, cache=cache, batch_size=batch_size), sampling=Sampling(max_new_tokens=9))
    histories = talk(agent, seats=7, turns=4)
    lengths = {len(tokens(entry)["ids"]) for history in histories for entry in history}
    assert len(lengths) > 2  # ragged replies: some were cut, some ended by themselves
    assert max(furthest(policy, history) for history in histories) < 1e-4


@BOTH
@pytest.mark.parametrize("adapter", [None, "left", "right"])
def test_logps_are_the_adapters_own(adapted: Policy, cache: Any, adapter: str | None) -> None:
    histories = talk(LMAgent(HFBackend(adapted, cache=cache), adapter=adapter, sampling=Sampling(max_new_tokens=6)))
    for history in histories:
        assert furthest(adapted, history, adapter) < 1e-4
        for other in {None, "left", "right"} - {adapter}:
            assert furthest(adapted, history, other) > 1e-2


def test_both_ways_of_caching_say_the_same(policy: Policy) -> None:
    backends = (HFBackend(policy, cache="kept"), HFBackend(policy, cache="none"))
    kept, none = (talk(LMAgent(backend, sampling=Sampling(max_new_tokens=9))) for backend in backends)
    assert [row(h)[:2] for h in kept] == [row(h)[:2] for h in none]


def test_a_row_does_not_depend_on_its_neighbours(policy: Policy) -> None:
    together = talk(LMAgent(policy, sampling=Sampling(max_new_tokens=9)), seats=6)
    for i in range(6):
        alone = LMAgent(policy, sampling=Sampling(max_new_tokens=9))
        history: list[Exchange] = []
        for turn in range(3):
            question = ask(f"s{i}", text_of(i, turn), history)
            history.append(exchange(question, alone.answer([question])[0]))
        assert row(history)[:2] == row(together[i])[:2]


def test_a_rows_chance_is_its_seed_and_turn(policy: Policy) -> None:
    agent = LMAgent(policy, sampling=Sampling(max_new_tokens=12))
    said = [agent.answer([ask("s", "hello", seed=seed, game=game)])[0] for seed, game in [(1, "a"), (1, "b"), (2, "c")]]
    ids = [answer.meta["tokens"]["ids"] for answer in said if not isinstance(answer, Forfeit)]
    assert ids[0] == ids[1] != ids[2]


def test_nothing_is_encoded_twice(policy: Policy) -> None:
    """Each turn's ids are appended to the turn's before: prompts by the chat's rules, replies as they were sampled."""
    chat = policy.chat
    for i, history in enumerate(talk(LMAgent(policy, sampling=Sampling(max_new_tokens=9), system="Play well."))):
        ended = True
        for turn, entry in enumerate(history):
            text = text_of(i, turn)
            assert tokens(entry)["prompt_ids"] == (chat.next(text, ended) if turn else chat.first(text, "Play well."))
            assert "restart" not in tokens(entry)
            assert entry.reply == chat.decode(tokens(entry)["ids"])
            ended = tokens(entry)["ids"][-1] in chat.end_ids
            assert entry.meta.get("cut", False) is not ended


@pytest.mark.parametrize("lost", ["all", "forgotten", "evicted"])
def test_conversations_are_rebuilt_exactly(policy: Policy, lost: str) -> None:
    whole = talk(LMAgent(policy, sampling=Sampling(max_new_tokens=9)), turns=4)
    agent = LMAgent(policy, sampling=Sampling(max_new_tokens=9))
    if lost == "evicted":
        policy.states.limit = 0
    drop = {
        "all": lambda turn: agent.reset(),
        "forgotten": lambda turn: agent.forget("g"),
        "evicted": lambda turn: None,
    }
    assert [row(h)[:2] for h in talk(agent, turns=4, between=drop[lost])] == [row(h)[:2] for h in whole]


def test_a_forked_game_goes_on_from_where_it_was_forked(policy: Policy) -> None:
    agent = LMAgent(policy, sampling=Sampling(max_new_tokens=9))
    history = talk(agent, seats=1, turns=2)[0]
    same = ask("s0", "player_3 is dead.", history)
    twin = ask("s0", "player_3 is dead.", history, game="fork")
    other = ask("s0", "player_4 is dead.", history, game="other fork")
    answers = [exchange(q, a) for q, a in zip([same, twin, other], agent.answer([same, twin, other]), strict=True)]
    assert tokens(answers[0])["ids"] == tokens(answers[1])["ids"]
    assert tokens(answers[0])["prompt_ids"] != tokens(answers[2])["prompt_ids"]
    for answer in answers:
        assert furthest(policy, [*history, answer]) < 1e-4


def test_a_game_that_went_back_is_noticed(policy: Policy) -> None:
    """The same game id with an earlier or another history: what was kept for it does not count."""
    agent = LMAgent(policy, sampling=Sampling(max_new_tokens=9))
    history = talk(agent, seats=1, turns=3)[0]
    for past in (history[:1], [history[0], Exchange("x", "vote: player_2")]):
        question = ask("s0", "Again.", past)
        got = exchange(question, agent.answer([question])[0])
        want = exchange(question, LMAgent(policy, sampling=Sampling(max_new_tokens=9)).answer([question])[0])
        assert tokens(got)["prompt_ids"] == tokens(want)["prompt_ids"]
        assert tokens(got)["ids"] == tokens(want)["ids"]


def test_a_refused_reply_stays_in_the_conversation(policy: Policy) -> None:
    agent = LMAgent(policy, sampling=Sampling(max_new_tokens=9))
    history: list[Exchange] = []
    texts = ("Vote now.", "Your reply was not accepted: name one player.", "player_3 is dead. Vote again.")
    for text in texts:
        question = ask("s", text, history)
        history.append(exchange(question, agent.answer([question])[0]))
    ids, own, _ = row(history)
    assert sum(own) == sum(len(tokens(entry)["ids"]) for entry in history)
    assert furthest(policy, history) < 1e-4
    decoded = policy.tokenizer.decode(ids)
    assert [decoded.count(text) for text in texts] == [1, 1, 1]


@pytest.mark.parametrize(
    "before",
    [
        Exchange("Who?", "vote: player_2"),
        Exchange("Who?", "", {"forfeit": "empty reply"}),
        Exchange("Who?", "vote: player_2", {"tokens": {"prompt_ids": [9], "ids": [8, 7], "logps": [0.0, 0.0]}}),
    ],
    ids=["another agent", "forfeit", "another tokenizer"],
)
def test_what_was_not_reported_as_tokens_is_encoded_and_told_whole(policy: Policy, before: Exchange) -> None:
    agent = LMAgent(policy, sampling=Sampling(max_new_tokens=9))
    chat = policy.chat
    first = ask("s", "Begin.", [before])
    said = exchange(first, agent.answer([first])[0])
    assert tokens(said)["restart"] is True
    expected = [*chat.first("Who?"), *chat.reply(before.reply), *chat.next("Begin.")]
    assert tokens(said)["prompt_ids"] == expected
    second = ask("s", "Go on.", [before, said])
    rebuilt = LMAgent(policy, sampling=Sampling(max_new_tokens=9)).answer([second])[0]
    more = exchange(second, agent.answer([second])[0])
    assert "restart" not in tokens(more)
    assert not isinstance(rebuilt, Forfeit)
    assert rebuilt.meta["tokens"]["ids"] == tokens(more)["ids"]
    assert furthest(policy, [said, more]) < 1e-4


def test_examples_stand_before_the_first_turn(policy: Policy) -> None:
    chat = policy.chat
    question = ask("s", "Begin.")
    agent = LMAgent(policy, examples=[("Who?", "vote: player_1"), ("And now?", "vote: player_2")], system="Play.")
    said = exchange(question, agent.answer([question])[0])
    first = [*chat.first("Who?", "Play."), *chat.reply("vote: player_1")]
    assert tokens(said)["prompt_ids"] == [
        *first,
        *chat.next("And now?"),
        *chat.reply("vote: player_2"),
        *chat.next("Begin."),
    ]


def test_a_call_that_fails_leaves_nothing_half_said(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = LMAgent(policy, sampling=Sampling(max_new_tokens=9))
    history = talk(agent, seats=1, turns=1)[0]
    question = ask("s0", "Go on.", history)
    with monkeypatch.context() as broken:
        broken.setattr(hf_backend, "sample", lambda *a, **k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            agent.answer([question])
    after = exchange(question, agent.answer([question])[0])
    assert furthest(policy, [*history, after]) < 1e-4


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mode": "scoer"}, r"unknown mode 'scoer'; did you mean 'score'\?"),
        ({"overflow": "drop"}, "unknown overflow 'drop'"),
        ({"sampling": Sampling(max_new_tokens=10**6)}, "whole context"),
        ({"adapter": "left"}, "has no adapter 'left'"),
    ],
)
def test_impossible_options_say_what_to_do(policy: Policy, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        LMAgent(policy, **options)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"cache": "kpet"}, r"unknown cache 'kpet'; did you mean 'kept'\?"), ({"batch_size": 0}, "not 0")],
)
def test_impossible_options_of_the_backend_say_what_to_do(policy: Policy, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        HFBackend(policy, **options)
