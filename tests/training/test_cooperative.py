"""An arena of one team: nobody sits opposite, each held-out scenario is played once, and its own metrics are kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "arenas"))

from auction import SEATS, Rewards, Rules, State, make_arena

from lanista.agents.registry import make
from lanista.arenas import Arena, Outcome
from lanista.training.evaluate import Evaluation, comparisons, evaluate, means, named


class OneTeam(Rules):
    """The auction with everybody on one side, which likes cheap rounds."""

    def teams(self, state: State) -> dict[str, tuple[str, ...]]:
        return {"red": SEATS}

    def outcome(self, state: State) -> Outcome | None:
        found = super().outcome(state)
        if found is None:
            return None
        red, blue = state.points
        return Outcome("red", {"red": red / (red + blue)}, {"even": red == blue, "points": red, "absent": None})


class OneTeamsRewards(Rewards):
    """Blue's points are nobody's."""

    def terms(self, *step: Any) -> list[Any]:
        return [term for term in super().terms(*step) if term.to != "blue"]


METRICS = {"even": "a tie", "points": "points", "absent": "never there"}


@pytest.fixture
def arena() -> Arena:
    return make_arena(
        rules=OneTeam(),
        rewards=OneTeamsRewards(),
        metrics={"even": "a tie", "points": "points", "absent": "never there"},
    )


def test_a_team_alone_is_one_side_whatever_opponents_are_named(arena: Arena) -> None:
    agent = make("random")
    played: list[Any] = []
    found = evaluate(
        arena,
        arena.configure(),
        lambda role, team: agent,
        {"random": agent, "crowd": agent},
        numbers=range(6),
        seed=3,
        keep=lambda fixture, game, number: played.append(game),
    )
    assert len(played) == 6
    (side,) = found.scores
    assert named(side) == "red"
    assert found.scores[side] == tuple(game.outcome.scores["red"] for game in played)
    assert found.facts[side]["points"] == tuple(float(game.outcome.facts["points"]) for game in played)
    assert found.facts[side]["return"] == tuple(sum(game.returns.values()) / 4 for game in played)
    facts = means(found, side)
    assert facts["absent"] is None
    assert facts["even"] == sum(game.outcome.facts["even"] for game in played) / 6
    assert Evaluation.from_json(found.to_json()) == found
    assert set(comparisons(found, found)) == {"red"}


def test_two_sides_are_named_by_who_sits_opposite() -> None:
    assert named(("village", "random")) == "village against random"
