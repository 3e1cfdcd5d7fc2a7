"""Rows hold exactly what was sampled, in the order it was sampled, and the model agrees about its probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lanista.arenas.core.episode import Episode, StepRecord, Turn
from lanista.training.trajectories import token_rows


def said(prompt: list[int], ids: list[int], **more: Any) -> dict[str, Any]:
    return {"tokens": {"prompt_ids": prompt, "ids": ids, "logps": [-0.5] * len(ids), **more}}


def episode(*turns: tuple[str, Mapping[str, Any]]) -> Episode:
    """A game with one turn per step: (seat, meta)."""
    return Episode(
        arena="x",
        version="1",
        hash="h",
        config={},
        preset="default",
        seed=0,
        players={},
        roles={"a": "r", "b": "r"},
        teams={"red": ["a", "b"]},
        weights={},
        opening=[],
        steps=[
            StepRecord(
                phase="p",
                turns=(Turn(seat=seat, kind="k", prompt="?", reply="!", action="!", meta=meta),),
                events=(),
                terms=(),
            )
            for seat, meta in turns
        ],
        outcome=None,
        returns={},
        journal=[],
    )


def test_one_append_only_row_per_seat() -> None:
    game = episode(("a", said([1, 2], [3])), ("b", said([9], [8])), ("a", said([4], [5, 6])))
    (row,) = token_rows(game, "a")
    assert row.ids == (1, 2, 3, 4, 5, 6)
    assert row.own == (False, False, True, False, True, True)
    assert row.turns == (-1, -1, 0, -1, 1, 1)
    assert row.logps == (0, 0, -0.5, 0, -0.5, -0.5)
    assert row.tokens == 3


def test_refused_replies_are_the_policys_own_words_too() -> None:
    """They stand before the accepted reply of the same decision, and answer for it."""
    meta = {**said([4], [5]), "retries": [said([1, 2], [3])]}
    (row,) = token_rows(episode(("a", meta)), "a")
    assert row.ids == (1, 2, 3, 4, 5)
    assert row.turns == (-1, -1, 0, -1, 0)


def test_a_conversation_that_started_afresh_is_another_row() -> None:
    game = episode(("a", said([1], [2])), ("a", said([1, 2, 7], [3], restart=True)), ("a", said([4], [5])))
    first, second = token_rows(game, "a")
    assert first.ids == (1, 2)
    assert second.ids == (1, 2, 7, 3, 4, 5)
    assert second.own == (False, False, False, True, False, True)  # the 2 is learned from once, in the first row
    assert second.turns == (-1, -1, -1, 1, -1, 2)


def test_a_forfeit_between_turns_counts_as_a_decision_without_tokens() -> None:
    game = episode(("a", said([1], [2])), ("a", {"latency_s": 0.1}), ("a", said([4], [5])))
    (row,) = token_rows(game, "a")
    assert row.turns == (-1, 0, -1, 2)


def test_a_seat_without_own_tokens_gives_no_row() -> None:
    assert token_rows(episode(("a", {}), ("b", said([1], [2]))), "a") == []
    assert token_rows(episode(("b", said([1], [2]))), "a") == []


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_sampled_probabilities_are_those_of_a_fresh_forward_pass(folder: Path, temperature: float) -> None:
    """A real game: every row's log-probabilities come out of one uncached pass over the row's ids (within 2e-5)."""
    torch = pytest.importorskip("torch")
    from lanista.agents.lm.agent import LMAgent
    from lanista.agents.lm.policy import Policy
    from lanista.agents.lm.sampling import Sampling
    from lanista.arenas.core import registry
    from lanista.play.runner import play_game

    arena = registry.get("werewolf")
    config = arena.configure(players=5, wolves=1, roles=())
    policy = Policy.load(folder)
    agent = LMAgent(policy, sampling=Sampling(temperature=temperature, max_new_tokens=6))
    seats = arena.rules.seats(config)
    game = play_game(arena, dict.fromkeys(seats, agent), 3, config=config)
    found = [row for seat in seats for row in token_rows(game, seat)]
    assert len(found) >= 3
    for row in found:
        with torch.no_grad():
            logits = policy.model(input_ids=torch.tensor([row.ids])).logits[0] / temperature
        fresh = logits.log_softmax(-1)[:-1].gather(-1, torch.tensor(row.ids[1:])[:, None])[:, 0]
        own = torch.tensor(row.own[1:])
        assert torch.allclose(fresh[own], torch.tensor(row.logps[1:])[own], atol=2e-5)


def test_an_empty_reply_of_a_model_is_in_its_row_and_is_paid_for(folder: Path) -> None:
    """A model that ends at once has sampled one token: the end. It must be there to be punished."""
    torch = pytest.importorskip("torch")
    from lanista.agents.lm.agent import LMAgent
    from lanista.agents.lm.policy import Policy
    from lanista.agents.lm.sampling import Sampling
    from lanista.arenas.core import registry
    from lanista.play.runner import play_game

    arena = registry.get("werewolf")
    config = arena.configure(players=5, wolves=1, roles=())
    policy = Policy.load(folder)
    end = policy.tokenizer.eos_token_id
    # Of 1024 tokens that are about as likely, the end becomes as likely as all others together.
    bonus = torch.zeros(policy.model.config.vocab_size).index_fill(0, torch.tensor(end), 7.0)
    policy.model.lm_head.register_forward_hook(lambda head, given, logits: logits + bonus)
    seats = arena.rules.seats(config)
    game = play_game(
        arena, dict.fromkeys(seats, LMAgent(policy, sampling=Sampling(max_new_tokens=3))), 3, config=config
    )
    empty = 0
    for seat in seats:
        turns = [(step, turn) for step in game.steps for turn in step.turns if turn.seat == seat]
        if not turns:  # killed before it was asked anything
            continue
        (row,) = token_rows(game, seat)
        fresh = [0.0, *policy.logps([row.ids])[0]]  # the conversation went on after an empty reply as after any other
        assert row.logps == pytest.approx([p if own else 0.0 for p, own in zip(fresh, row.own, strict=True)], abs=2e-5)
        for decision, (step, turn) in enumerate(turns):
            mine = [id_ for id_, which in zip(row.ids, row.turns, strict=True) if which == decision]
            assert mine[-len(turn.meta["tokens"]["ids"]) :] == turn.meta["tokens"]["ids"]
            if turn.why == "empty reply":
                empty += 1
                ids = turn.meta["tokens"]["ids"]
                assert (turn.by, ids[-1], policy.chat.decode(ids).strip()) == ("forfeit", end, "")
                assert [term.name for term in step.terms if term.to == seat].count("forfeit") == 1
    assert empty > 3
