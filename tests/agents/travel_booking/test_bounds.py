"""What must not pay: teams without judgement stay under the arena's stated bound, on 250 cases each."""

from __future__ import annotations

import pytest
from travel_cases import facts, played, rate, scripted
from travel_teams import TEAMS

from lanista import arenas
from lanista.agents.contract import Agent
from lanista.play.degenerate import AGENTS

CASES = 250


@pytest.mark.parametrize(
    "team", [*TEAMS, *(pytest.param(agent, marks=pytest.mark.slow) for agent in AGENTS)], ids=lambda team: team.name
)
def test_a_team_without_judgement_stays_under_the_bound(team: Agent) -> None:
    """The slow ones are those that every registered arena is tried on with fewer games."""
    bound = arenas.get("travel_booking").degenerate_bound
    assert bound is not None
    games = played(team, CASES)
    scores = [game.outcome.scores["agency"] for game in games if game.outcome is not None]
    assert len(scores) == CASES
    assert sum(scores) / CASES <= bound
    assert sum(sum(game.returns.values()) for game in games) <= 0


def test_the_scripted_teams_stand_above_it() -> None:
    bound = arenas.get("travel_booking").degenerate_bound
    assert bound is not None
    assert rate(scripted("travel_novice", 200, "medium")) > bound
    assert rate(scripted("travel_expert", 120, "medium")) > 0.96


def test_the_teams_do_what_their_names_say() -> None:
    """They get to the end they are named for, so that the bound is not kept by stumbling on the way."""
    by_name = {team.name: team for team in TEAMS}
    assert set(facts(played(by_name["always impossible"], 20), "end")) == {"impossible"}
    booked = played(by_name["always books the first"], 60, level="easy", error_rate=0.0)
    assert facts(booked, "end").count("done") > 30
    assert 0 < rate(booked) < 0.4
