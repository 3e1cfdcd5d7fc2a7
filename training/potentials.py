"""Turn credit from states that can be checked: a step is paid what it changed of how far the arena says a team is.

The differences telescope: from a state on they add up to W · (Φ(end) - Φ(state)). A game that is over counts as 0 (Ng,
Harada, Russell 1999, "Policy invariance under reward transformations", theorem 1 with γ = 1), so a whole game is paid
-W · Φ(start), the same for every game of a deal, and no policy becomes better or worse than it was. With rewards to go
the potential is a baseline that depends on the state; with spans it is the credit of a turn.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lanista.errors import LanistaError, UsageError

if TYPE_CHECKING:
    from lanista.arenas.core.contract import Arena, Seat
    from lanista.arenas.core.referee import Game
    from lanista.play.specs import GameSpec
    from lanista.training.config import TrainConfig

Scores = Mapping[str, float]


def check(config: TrainConfig) -> None:
    """Raises UsageError where the weight would have nothing to act on."""
    if config.credit.potential and config.credit.returns == "episode":
        raise UsageError(
            f"potential {config.credit.potential:g} is the same for all games of a deal under --returns episode, and "
            "changes nothing: take --returns reward_to_go or span, or leave it at 0"
        )


def check_arena(config: TrainConfig, arena: Arena) -> None:
    """Raises UsageError for an arena that does not score its states."""
    if config.credit.potential and arena.potential is None:
        raise UsageError(
            f"the arena {arena.name!r} does not say how far a game has come: leave --potential at 0 (an arena's "
            "`potential` would say it)"
        )


class Potentials:
    """Notes every team's potential as games go on: told each turn, as the runner's ``on_turn``."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self._found: dict[str, list[Scores]] = {}

    def __call__(self, spec: GameSpec, game: Game, seat: Seat) -> None:
        """Note the potential where a step was completed."""
        found = self._noted(spec)
        if len(game.steps) == len(found):
            found.append({} if game.over else score(self.arena, game.state))

    def of(self, spec: GameSpec, game: Game) -> tuple[Scores, ...]:
        """All of a game that is over, which is then forgotten; shape (steps + 1,)."""
        found = tuple(self._noted(spec))
        assert len(found) == len(game.steps) + 1
        del self._found[spec.id]
        return found

    def _noted(self, spec: GameSpec) -> list[Scores]:
        if spec.id not in self._found:
            self._found[spec.id] = [score(self.arena, self.arena.rules.deal(spec.seed, spec.config))]
        return self._found[spec.id]


def score(arena: Arena, state: Any) -> Scores:
    """Every team's potential. Raises LanistaError for one that is no number from 0 to 1, or of no team."""
    assert arena.potential is not None
    found = {team: float(value) for team, value in arena.potential(state).items()}
    teams = arena.rules.teams(state)
    for team, value in found.items():
        if team not in teams or not (math.isfinite(value) and 0 <= value <= 1):
            raise LanistaError(
                f"the arena {arena.name!r} is not sound: its potential gives {team!r} {value!r}, and it is a number "
                f"from 0 to 1 for each of the teams {', '.join(teams)}"
            )
    return found


def differences(potentials: Sequence[Scores], team: str, weight: float) -> list[float]:
    """What each step pays a team, in returns; shape (steps,). They add up to -weight · Φ(start)."""
    values = [its.get(team, 0.0) for its in potentials]
    return [weight * (after - before) for before, after in itertools.pairwise(values)]
