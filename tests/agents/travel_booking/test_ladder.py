"""The ladder of journeys: silent teams, a beginner, a reader that plans nothing, the expert, at level ``top``."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pytest
from silent_team import Mute, Silent
from travel_cases import played, rate

from lanista.agents.contract import Agent
from lanista.agents.travel_booking.expert import TravelExpert
from lanista.agents.travel_booking.novice import TravelNovice
from lanista.agents.travel_booking.reader import TravelReader
from lanista.arenas.core.referee import Game

CASES = 80
"""Games of each team: with 80, a share of 0.28 is over 0.48 by chance once in 10,000 times."""
WRITES_NOTHING, READS, PLANS = 0.15, 0.6, 0.95
"""Bounds: teams that write nothing at most, a reader that plans nothing at most, the expert at least."""


@lru_cache
def top(agent: Callable[[], Agent], cases: int = CASES) -> tuple[Game, ...]:
    """Games of a team at level ``top``, played once for all tests."""
    return tuple(played(agent(), cases, level="top"))


@pytest.mark.parametrize("team", [Mute, Silent])
def test_a_team_that_writes_nothing_stays_under_its_bound(team: Callable[[], Agent]) -> None:
    assert rate(top(team, 80)) <= WRITES_NOTHING


def test_a_reader_that_plans_nothing_stays_under_its_bound() -> None:
    games = top(TravelReader)
    assert 0.1 < rate(games) <= READS
    assert rate(games, "api_errors") < 0.5  # it does not fail by calling wrongly


def test_the_expert_stands_above_its_bound_from_what_its_seats_know() -> None:
    games = top(TravelExpert)
    assert rate(games) >= PLANS
    assert rate(games, "api_errors") < 0.1


def test_each_rung_is_above_the_one_below() -> None:
    teams: tuple[Callable[[], Agent], ...] = (TravelNovice, TravelReader, TravelExpert)
    shares = [rate(top(team)) for team in teams]
    assert shares == sorted(shares)
    assert shares[1] - shares[0] > 0.08


@pytest.mark.slow
@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_the_bounds_hold_on_every_split(split: str) -> None:
    teams: tuple[Agent, ...] = (TravelReader(), TravelExpert(), Silent())
    for team, low, high in zip(teams, (0.1, PLANS, 0.0), (READS, 1.0, WRITES_NOTHING), strict=True):
        assert low <= rate(played(team, 500, seed=1000, level="top", split=split)) <= high


@pytest.mark.slow
@pytest.mark.parametrize(
    "config",
    [
        {"legs": 4, "travellers": 4, "turns": 200},
        {"legs": 2, "travellers": 1},
        {"expiring": 1.0, "changes": 1.0, "error_rate": 0.2, "turns": 200},
        {"counter": 1.0, "loyalty": 1.0, "horizon": 1},
        {"told": False},
    ],
)
def test_the_expert_masters_every_option(config: dict[str, Any]) -> None:
    assert rate(played(TravelExpert(), 200, level="top", **config)) >= PLANS
