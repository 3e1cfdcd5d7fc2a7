"""Turn credit from states that can be checked: it telescopes, and what cannot be paid by it is one line."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from lanista.agents import registry
from lanista.arenas import get
from lanista.errors import LanistaError, UsageError
from lanista.training import potentials
from lanista.training.config import TrainConfig
from lanista.training.rollout import plan, play_scenarios, trajectories


def asked(arena: str, **options: Any) -> TrainConfig:
    return TrainConfig.flat(arena=arena, group_size=2, **{"potential": 3.0, "returns": "reward_to_go"} | options)


@pytest.mark.parametrize("arena", ["support_desk", "coding"])
def test_what_it_pays_adds_up_to_the_same_in_every_game_of_a_deal(arena: str) -> None:
    """From every decision on it is -W times where the team stood; of the whole game, where it began."""
    which = get(arena)
    assert which.potential is not None
    config, plainly = asked(arena), asked(arena, potential=0.0)
    rose = 0
    for number in range(3):
        scenario = plan(config, which, which.configure(), number)
        for name in which.teachers:
            agent = registry.make(name, arena=arena)
            courses = [
                play_scenarios(one, which, which.configure(), [(scenario, 0)], *[lambda *_, agent=agent: agent] * 2)
                for one in (config, plainly)
            ]
            values = [
                its.get(which.contenders(courses[0][0].episode.teams)[0], 0.0) for its in courses[0][0].potentials
            ]
            assert len(values) == len(courses[0][0].episode.steps) + 1
            assert all(0 <= value <= 1 for value in values)
            assert values[-1] == 0
            rose += max(values) > values[0]
            found = [
                trajectories(one, played, lambda role, team: "shared")
                for one, played in zip((config, plainly), courses, strict=True)
            ]
            for one, plain in zip(*found, strict=True):
                assert one.total == pytest.approx(plain.total - 3.0 * values[0])
                pairs = zip(one.reward_to_go(), plain.reward_to_go(), one.decisions, strict=True)
                assert all(math.isclose(a, b - 3.0 * values[step], abs_tol=1e-9) for a, b, step in pairs)
    assert rose >= 3


def _told(wrong: dict[str, float], state: Any) -> dict[str, float]:
    return wrong


def test_a_potential_that_is_none_is_the_arenas_fault() -> None:
    desk = get("support_desk")
    state = desk.rules.deal(0, desk.configure())
    wrong: dict[str, float]
    for wrong in ({"desk": 1.5}, {"desk": float("nan")}, {"nobody": 0.5}):
        told = partial(_told, wrong)
        with pytest.raises(LanistaError, match="is not sound: its potential gives"):
            potentials.score(replace(desk, potential=told), state)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"returns": "episode"}, "changes nothing: take --returns reward_to_go or span"),
        ({"potential": -1.0}, "potential is at least 0"),
        ({"branches": 2}, "two ways to credit a decision"),
    ],
)
def test_what_cannot_be_meant_is_one_line(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        asked("support_desk", **options)


def test_an_arena_that_does_not_score_its_states_is_refused() -> None:
    with pytest.raises(UsageError, match="does not say how far a game has come"):
        potentials.check_arena(asked("werewolf"), get("werewolf"))
