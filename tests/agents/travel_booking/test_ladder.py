"""The ladder of journeys: silent teams, a beginner, a reader that plans nothing, the expert, at level ``top``."""

from __future__ import annotations

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
def top(agent: type[Any], cases: int = CASES, seed: int = 0) -> tuple[Game, ...]:
    made: Agent = agent()
    return tuple(played(made, cases, seed=seed, level="top"))


@pytest.mark.parametrize("team", [Mute, Silent])
def test_a_team_that_writes_nothing_stays_under_its_bound(team: type[Any]) -> None:
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
    shares = [rate(top(team)) for team in (TravelNovice, TravelReader, TravelExpert)]
    assert shares == sorted(shares)
    assert shares[1] - shares[0] > 0.08


@pytest.mark.slow
@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_the_bounds_hold_on_every_split(split: str) -> None:
    for team, low, high in ((TravelReader, 0.1, READS), (TravelExpert, PLANS, 1.0), (Silent, 0.0, WRITES_NOTHING)):
        assert low <= rate(played(team(), 500, seed=1000, level="top", split=split)) <= high


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
