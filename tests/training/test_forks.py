"""Forks of finished games: exact moments, estimates that are right where that is known, and what cannot be asked."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lanista.agents import registry as agents
from lanista.arenas import get
from lanista.errors import UsageError
from lanista.play.runner import GameSpec, play
from lanista.play.session import before
from lanista.training.algorithms.grpo import forked, rollout_batch
from lanista.training.config import TrainConfig
from lanista.training.forks import Fork
from lanista.training.loop import train
from lanista.training.metrics import metrics
from lanista.training.trajectories import TokenRow

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
estimators: Any = importlib.import_module("estimators")
small: Any = importlib.import_module("_levers")
sys.path.insert(0, str(Path(__file__).parent))
crew: Any = importlib.import_module("crew")

SURE = 60.0
"""A logit that leaves no doubt."""


def config(**options: Any) -> TrainConfig:
    flat = {"group_size": 4, "evaluate_games": 0, "reward_unit": 1.0, "device": "cpu", "returns": "reward_to_go"}
    return TrainConfig.flat(**flat | {"fork_fraction": 1.0} | options)


# Right on average


@pytest.mark.parametrize("name", ["reward_to_go", "2 branches", "3 branches by lot", "2 playouts"])
def test_estimates_are_those_of_the_closed_form(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimators, "ESTIMATORS", {**estimators.ESTIMATORS, "3 branches by lot": {"branches": 3}})
    found = estimators.levers(120, fraction=0.5 if "lot" in name else 1.0, names=(name,))[name]
    assert found["errors"] < 3


def test_an_estimate_that_is_wrong_is_noticed() -> None:
    """The group's own mean shrinks every advantage by a quarter here."""
    assert estimators.levers(400, names=("group mean",))["group mean"]["errors"] > 3


def test_branches_of_one_moment_say_more_than_siblings_do() -> None:
    found = estimators.levers(120, names=("reward_to_go", "4 branches"))
    assert found["4 branches"]["variance"] < found["reward_to_go"]["variance"]


CREW: dict[str, dict[str, Any]] = {
    "reward_to_go": {},
    "2 branches": {"branches": 2},
    "3 branches by lot": {"branches": 3, "fork_fraction": 0.4},
    "2 playouts": {"fork_values": 2},
}


def off(how: dict[str, Any], groups: int) -> float:
    """By how many standard errors the mean estimate of the crew's gradient is off, at most: sixteen numbers, where
    every second reply is refused."""
    scores_OA = crew.some_policy(2)
    scores_OA[:, crew.JAM] += 1.6
    asked = crew.settings(**{"fork_fraction": 1.0} | how)
    estimates = np.array([crew.sampled(asked, scores_OA, 1000 + n)[:, [0, 2]].reshape(-1) for n in range(groups)])
    exact = crew.true_gradient(scores_OA)[:, [0, 2]].reshape(-1)
    return float(np.abs((estimates.mean(0) - exact) / (estimates.std(0, ddof=1) / groups**0.5)).max())


@pytest.mark.parametrize("name", CREW)
def test_refusals_cost_on_forks_what_they_cost_in_the_game(name: str) -> None:
    """Sealed replies, a stranger's luck, refusals that cost something: without that cost in what branches and playouts
    are worth, they are 12 and 9 errors off in 800 groups."""
    assert off(CREW[name], 300) < 3


def test_a_bias_of_the_crew_is_noticed() -> None:
    assert off({"baseline": "mean"}, 300) > 3


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", CREW)
def test_refusals_cost_on_forks_what_they_cost_in_the_game_over_many_groups(name: str) -> None:
    assert off(CREW[name], 1200) < 3


def test_the_crews_closed_form_is_a_slope() -> None:
    """Scores of a row may all rise alike without any change; and the light's own chances are in it: with nobody ever
    refused, no toil and all else even, pulling as the other does is worth 0.3 more, and a bright light more often."""
    exact = crew.true_gradient(crew.some_policy(1))
    assert np.abs(exact.sum(-1)).max() < 1e-12
    even = np.zeros((8, 3))
    even[:, crew.JAM] = -50.0
    even[1] = (50.0, -50.0, -50.0)  # the second always pulls left
    even[2] = even[3] = (-50.0, 50.0, -50.0)  # and the first right, whatever the light
    # Left at first: alike, 0.3, and bright in three of four, which is 0.5 more than after right: 0.35 for the first's
    # pull that fits it, less 0.1 for the second's that does not; and no toil of 0.2.
    worth_more = 0.3 + 0.5 * (0.35 - 0.1) - crew.TOIL
    assert crew.true_gradient(even)[0] == pytest.approx([worth_more / 4, -worth_more / 4, 0.0], abs=1e-9)


@pytest.mark.slow
def test_estimates_are_those_of_the_closed_form_over_many_groups() -> None:
    found = estimators.levers(3000)
    assert all(one["errors"] < 3 for name, one in found.items() if name not in estimators.BIASED)
    assert found["group mean"]["errors"] > 6


# The moment


@pytest.mark.parametrize("arena", ["werewolf", "support_desk", "travel_booking", "coding"])
def test_a_session_stands_where_the_game_stood(arena: str) -> None:
    which = get(arena)
    made = agents.make(which.baseline, arena=arena)
    state = which.rules.deal(3, which.configure())
    seats = which.rules.seats(which.configure())
    assert state is not None
    spec = GameSpec(id="g", arena=which, seed=3, seating=dict.fromkeys(seats, made))
    over: list[Any] = []
    play([spec], on_game=lambda _, game: over.append(game.episode()))
    moments = before(over[0], spec, lambda seat, n: True)
    turns: dict[str, int] = {}
    for step in over[0].steps:
        for turn in step.turns:
            n = turns.get(turn.seat, 0)
            turns[turn.seat] = n + 1
            put = next(put for put in moments[turn.seat, n].pending() if put.seat == turn.seat)
            assert (put.kind, put.text, put.turn) == (turn.kind, turn.prompt, put.turn)
    assert sum(turns.values()) == len(moments) > 3
    # Gone on with from anywhere, agents that are functions of their questions come to the same game.
    again: list[Any] = []
    play(list(moments.values())[::5], on_game=lambda _, game: again.append(game.episode()))
    for one in again:
        assert one.to_dict(meta=False)["journal"] == over[0].to_dict(meta=False)["journal"]


# What is asked of them


def _worth(table: Any, **options: Any) -> tuple[Any, dict[str, float], list[Any], TrainConfig]:
    asked = config(**options)
    playing = estimators._Levers(asked, table)
    found = playing(0)
    worth, told = forked.worth(asked, found, 0, playing)
    return worth, told, found, asked


def test_the_same_reply_has_the_same_future_and_is_not_played() -> None:
    worth, told, found, asked = _worth(small.Table((SURE, SURE)), branches=3)
    assert told["forks/asked"] == 2 * told["forks/decisions"] == 2 * 4 * small.ROUNDS
    assert told["forks/played"] == 0
    assert told["tokens/forked"] == told["forks/asked"]  # a reply has one token
    assert set(worth.given.values()) == {0.0}
    assert not forked.other_rows(worth, found)
    assert not any(row.has_signal for row in rollout_batch(asked, found, None, worth).rows["shared"])


def test_each_branch_is_compared_with_the_others_and_carries_its_part() -> None:
    worth, told, found, asked = _worth(small.Table((0.0, 0.0)), branches=3)
    assert 0 < told["forks/played"] < told["forks/asked"]
    by: dict[tuple[int, int], list[float]] = {at: [value] for at, value in worth.given.items()}
    for place, n, _, value in worth.others:
        by[place, n].append(value)
    assert all(abs(sum(those)) < 1e-9 and len(those) == 3 for those in by.values())  # leave one out sums to nothing
    for place, n, course, value in worth.others:
        start = found[place].decisions[n]
        own = sum(course.payments[start:])
        rest = [sum(found[place].payments[start:])]
        rest += [sum(c.payments[start:]) for p, m, c, _ in worth.others if (p, m) == (place, n) and c is not course]
        if len(rest) == 2:
            assert value == pytest.approx((own - sum(rest) / 2) / 3)
    rows = rollout_batch(asked, found, None, worth).rows["shared"]
    others = [row for row in rows if row.weight < 1]
    assert others
    assert all(row.row.tokens == 1 and row.row.own[-1] for row in others)


def test_only_the_first_reply_of_a_branch_carries_loss() -> None:
    row = TokenRow(
        ids=(1, 2, 3, 4, 5, 6, 7, 8),
        own=(False, True, False, True, False, True, False, True),
        logps=(0.0, -1.0, 0.0, -2.0, 0.0, -3.0, 0.0, -4.0),
        turns=(-1, 0, -1, 1, -1, 1, -1, 2),
        attempts=(0, 0, 0, 0, 0, 1, 0, 0),
    )
    found = forked._only(row, 1)
    assert found == TokenRow(
        ids=(1, 2, 3, 4), own=(False, False, False, True), logps=(0.0, 0.0, 0.0, -2.0), turns=(-1, -1, -1, 1)
    )
    assert forked._only(row, 3) is None


def test_refused_replies_keep_what_their_group_says_of_them() -> None:
    _, _, found, _ = _worth(small.Table((0.0, 0.0)), branches=2)
    worth = forked.Worth({(0, 1): 7.0}, (), whole=False)
    values = [(1.0,) * len(one.decisions) for one in found]
    told, added = forked.put_in(worth, found, values, [None] * len(found))
    assert told == values
    assert added[0] == [[0.0], [6.0]][: len(values[0])]
    assert added[1:] == [None] * (len(found) - 1)
    whole, none = forked.put_in(replace(worth, whole=True), found, values, [None] * len(found))
    assert whole[0][1] == 7.0
    assert none == [None] * len(found)


def test_a_role_that_makes_the_difference_has_all_of_it() -> None:
    _, told, _, _ = _worth(small.Table((SURE, SURE)), contributions=100)
    assert told["contribution/puller"] == 1.0  # three levers alike are the score, and the fallback pulls the other
    _, told, _, _ = _worth(small.Table((-SURE, -SURE)), contributions=100)
    assert told["contribution/puller"] == 0.0  # the fallback does what the policy does
    assert told["forks/asked"] == 4 * small.ROUNDS


def test_the_fallback_is_played_and_not_forfeited() -> None:
    """The seat said it, as far as anybody knows: nothing is charged, and nothing told to it."""
    asked = crew.settings()
    playing = crew._Play(asked, np.zeros((8, 3)))
    one = next(found for found in playing(0) if found.seat == "first")
    (course,) = playing.forks([Fork(one, 0, 0, "fallback")]).trajectories
    turn = course.episode.steps[0].turns[0]
    assert (turn.seat, turn.reply, turn.by) == ("first", "left", "seat")
    assert not [term for step in course.episode.steps for term in step.terms if term.name == "forfeit"]


# Runs

SMALL = {"players": 5, "wolves": 1, "roles": ()}


@pytest.mark.parametrize(
    "options", [{"branches": 2}, {"fork_values": 1, "contributions": 2}], ids=["branches", "values"]
)
def test_a_run_with_forks_goes_on_to_the_same_bits(options: dict[str, Any], tmp_path: Path, folder: Path) -> None:
    from safetensors.torch import load_file

    def asked(steps: int) -> TrainConfig:
        return config(
            **{"arena": "werewolf", "arena_config": SMALL, "model": str(folder), "opponents": ("crowd",)},
            **{"steps": steps, "scenarios": 2, "group_size": 2, "max_new_tokens": 8, "learning_rate": 1e-2},
            **{"save_every": 1, "fork_fraction": 0.3, "stop_if_illegal": 0, "reward_unit": 0.01, **options},
        )

    whole = train(asked(2), tmp_path / "whole")
    train(asked(1), tmp_path / "halves")
    halves = train(asked(2), tmp_path / "halves", resume=True)
    one, other = (load_file(found.policies["shared"] / "model.safetensors") for found in (whole, halves))
    assert all((one[name] == other[name]).all() for name in one)
    lines = metrics(tmp_path / "whole")
    assert all(line["forks/decisions"] > 0 and line["tokens/sampled"] > line["tokens/forked"] > 0 for line in lines)
    with pytest.raises(UsageError, match=r"fork_fraction was 0.3 and is now 0.5"):
        train(replace(asked(2), update=replace(asked(2).update, fork_fraction=0.5)), tmp_path / "halves", resume=True)


def test_what_is_only_measured_changes_nothing(tmp_path: Path, folder: Path) -> None:
    """Games, update and weights are those of a run that forks nothing, to the bit, but for what was sampled."""
    from safetensors.torch import load_file

    outs = [
        train(
            config(
                **{"arena": "werewolf", "arena_config": SMALL, "model": str(folder), "opponents": ("crowd",)},
                **{"steps": 1, "scenarios": 1, "group_size": 2, "max_new_tokens": 8, "learning_rate": 1e-2},
                **{"stop_if_illegal": 0, "contributions": count},
            ),
            tmp_path / str(count),
        ).out
        for count in (0, 4)
    ]
    one, other = (load_file(out / "policies" / "shared" / "model.safetensors") for out in outs)
    assert all((one[name] == other[name]).all() for name in one)
    plain, measured = (metrics(out)[0] for out in outs)
    told = [name for name in plain if not name.endswith(("seconds", "per_second")) and name != "tokens/sampled"]
    assert {name: plain[name] for name in told} == {name: measured[name] for name in told}
    assert measured["tokens/sampled"] == plain["tokens/sampled"] + measured["tokens/forked"]


def test_games_that_cannot_be_forked_are_refused() -> None:
    class Stuck(crew.Rules):
        def rekey(self, state: Any, key: int) -> Any:
            return state

    forked.check_arena(config(branches=2), crew.CREW, crew.Config())
    with pytest.raises(UsageError, match=r"'crew' cannot be forked \(its rules' rekey leaves the key as it was\)"):
        forked.check_arena(config(branches=2), replace(crew.CREW, rules=Stuck()), crew.Config())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"branches": 1}, "at least 2"),
        ({"fork_fraction": 2.0}, "over 0 and at most 1, not 2"),
        ({"branches": 2, "returns": "span"}, "--returns span pays a decision no further"),
        ({"branches": 2, "opponents": ("program:a.py:f",)}, "cannot be forked .* with program:a.py:f"),
        ({"branches": 2, "fork_values": 2}, "take one of them"),
        ({"branches": 2, "fork_fraction": 0.0}, "over 0 and at most 1"),
        ({"branches": 2, "fork_fraction": 1.5}, "over 0 and at most 1"),
        ({"branches": -2}, "branches"),
        ({"branches": 2, "program": "program:a.py:f"}, "cannot be forked"),
        ({"contributions": 2, "sampler": "vllm"}, "own process"),
        ({"branches": 2, "scale_rewards": "group"}, "scale_rewards at none"),
        ({"branches": 2, "shuffled": True}, "shuffled off"),
        ({"branches": 2, "returns": "episode", "loss_type": "gspo"}, "each decision its own"),
        ({"algorithm": "ppo"}, "fork_fraction.* is an option of grpo"),
    ],
)
def test_what_cannot_be_meant_is_one_line(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        config(**options)
    assert "\n" not in str(caught.value)
