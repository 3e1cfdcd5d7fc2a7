"""Rejection-sampling fine-tuning: play, keep the best game of each scenario, imitate it, again.

The plainest way of learning from one's own games, and what GRPO has to be held against: the same scenarios, as many
games, the same starting point. What is thrown away here is what tells a bad game from a worse one. One step is one
round, so a run has few steps of many scenarios.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lanista.errors import UsageError
from lanista.training.algorithms.imitation import Imitation, ImitationOptions

if TYPE_CHECKING:
    from lanista.training.config import TrainConfig
    from lanista.training.trajectories import Trajectory


@dataclass(frozen=True, kw_only=True)
class RejectionOptions(ImitationOptions):
    """Rejection-sampling fine-tuning."""


class Rejection(Imitation):
    """Imitates the best game of every scenario."""

    Config = RejectionOptions
    defaults = {"run": {"steps": 4}, "game": {"scenarios": 64}}  # noqa: RUF012

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        """Raises UsageError for groups without a comparison."""
        super().check(config)
        if config.game.group_size < 2:
            raise UsageError(f"group_size is at least 2 for rejection, not {config.game.group_size}: the best of one")

    @classmethod
    def check_teams(cls, config: TrainConfig, teams: Sequence[str]) -> None:
        """Raises UsageError where the policies play against themselves: one team's best game is another's worst."""
        if len(teams) > 1 and "self" in config.players.opponents:
            raise UsageError(
                f"arena {config.game.arena!r} has {len(teams)} teams, and one's best game is another's worst: name"
                " --opponents other than self"
            )

    def update(self, trajectories: Sequence[Trajectory], step: int) -> Mapping[str, float]:
        """Imitate what is kept."""
        kept = best(trajectories)
        return {"kept": float(len({one.game for one in kept})), **self.teach(kept)}


def worth(trajectories: Sequence[Trajectory]) -> float:
    """The mean return, in reward units, of the seats of one game."""
    return sum(one.episode.returns[one.seat] for one in trajectories) / len(trajectories)


def best(trajectories: Sequence[Trajectory]) -> list[Trajectory]:
    """Those of the best game of every scenario; none of a scenario whose games came out alike."""
    games: dict[int, dict[int, list[Trajectory]]] = {}
    for one in trajectories:
        games.setdefault(one.scenario, {}).setdefault(one.sibling, []).append(one)
    found: list[Trajectory] = []
    for siblings in games.values():
        values = {sibling: worth(its) for sibling, its in siblings.items()}
        top = max(values, key=lambda sibling: values[sibling])
        if values[top] > sum(values.values()) / len(values) + 1e-9:
            found += siblings[top]
    return found
