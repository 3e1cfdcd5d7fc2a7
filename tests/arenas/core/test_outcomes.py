"""What a plug-in says of its games' end is looked at when they end."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from auction import Rules, make_arena

from lanista.arenas import Outcome, get
from lanista.arenas.core import conformance
from lanista.arenas.core.outcomes import checked
from lanista.arenas.core.referee import Game
from lanista.arenas.core.views import AECView, ParallelView
from lanista.errors import LanistaError

TEAMS = ("north", "south")
GOOD = {"north": 1.0, "south": 0}


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome("nroth", GOOD), "winner 'nroth' is no team of this game; did you mean 'north'"),
        (Outcome(None, {"north": 0.5}), "no score for team 'south'"),
        (Outcome(None, {**GOOD, "east": 1.0}), "scores 'east', which is no team"),
        (Outcome(None, {"north": float("nan"), "south": 0.0}), "score of team 'north' is nan"),
        (Outcome(None, {"north": 1.5, "south": 0.0}), "score of team 'north' is 1.5"),
        (Outcome(None, {"north": "1", "south": 0.0}), "score of team 'north' is '1'"),  # type: ignore[dict-item]
        (Outcome(None, {"north": True, "south": 0.0}), "score of team 'north' is True"),
        (Outcome(None, GOOD, {"turns": float("inf")}), "fact 'turns' of its outcome is inf"),
        (Outcome(None, GOOD, {"who": {1, 2}}), "fact 'who' of its outcome is a set"),
        (Outcome(None, GOOD, {"who": {1: 2}}), "named 1"),
        (Outcome(None, [1.0, 0.0]), "scores are"),  # type: ignore[arg-type]
        ("north", "is a str, not an Outcome"),
    ],
)
def test_what_is_wrong_is_named(outcome: Any, said: str) -> None:
    with pytest.raises(LanistaError, match=said):
        checked(outcome, TEAMS)


def test_numpy_becomes_plain() -> None:
    facts = {"turns": np.int64(3), "won": np.bool_(True), "share": np.float32(0.5), "list": [np.int8(1)]}
    scores: dict[str, Any] = {"north": np.float64(1), "south": np.float32(0)}
    found = checked(Outcome("north", scores, facts), TEAMS)
    assert json.loads(json.dumps(dict(found.facts))) == {"turns": 3, "won": True, "share": 0.5, "list": [1]}
    assert {type(score) for score in found.scores.values()} == {float}


class Wrong(Rules):
    """Nobody of the game wins."""

    def outcome(self, state: Any) -> Any:
        found = super().outcome(state)
        return None if found is None else Outcome("nobody", found.scores)


def test_a_game_with_a_wrong_outcome_is_told_with_its_arena() -> None:
    game = Game(make_arena(rules=Wrong()), 1)
    with pytest.raises(LanistaError, match=r"the arena 'auction' is not sound: its winner 'nobody' is no team"):
        play_on(game)


def play_on(game: Game) -> None:
    while not game.over:
        for seat in game.to_act():
            game.submit(seat, game.legal(seat)[0])


@pytest.mark.parametrize("view", [AECView, ParallelView])
def test_an_environment_adopts_the_config_of_a_record(view: Any) -> None:
    other = view(get("werewolf"), players=9)
    other.reset(seed=4)
    env = view(get("werewolf"), players=6)
    env.reset(seed=1)
    env.from_json(other.to_json())
    assert env.config == other.config
    assert env.possible_agents == other.possible_agents
    assert set(env.observation_spaces) == set(other.possible_agents)
    env.reset(seed=4)
    assert env.to_json() == other.to_json()


def test_roles_that_are_not_told_or_never_dealt_are_named() -> None:
    class Tells(Rules):
        def roles(self, config: Any) -> dict[str, tuple[str, ...]]:
            return {**dealt, first: (*dealt[first], "ghost")}

    arena = make_arena()
    dealt = dict(arena.roles(arena.configure()))
    first = next(iter(dealt))
    with pytest.raises(AssertionError, match=r"names .*ghost.* which no deal had"):
        conformance.roles(make_arena(rules=Tells()))

    class Shuffled(Rules):
        def role(self, state: Any, seat: str) -> str:
            return f"role {state.key % 3}"

    with pytest.raises(AssertionError, match=r"not in arena\.roles\(\)"):
        conformance.roles(make_arena(rules=Shuffled()))
