"""Supervised fine-tuning: imitate teachers, or the games that other runs kept. What a policy starts from.

One step teaches from all demonstrations, or with more ``--steps`` from that many equal parts of them, one after the
other. The tiny model is made from nothing by ``lanista models make tiny``, with the same teaching.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lanista.agents import registry
from lanista.agents.guard import close
from lanista.errors import UsageError
from lanista.training.algorithms.base import Play
from lanista.training.algorithms.imitation import Imitation, ImitationOptions
from lanista.training.options import option

if TYPE_CHECKING:
    from lanista.arenas.core.episode import Episode
    from lanista.training.config import TrainConfig
    from lanista.training.policies import Policies
    from lanista.training.trajectories import Trajectory


@dataclass(frozen=True, kw_only=True)
class SFTOptions(ImitationOptions):
    """Supervised fine-tuning."""

    teachers: tuple[str, ...] = option((), "agents that play and are imitated; none: those the arena names")
    teaching_games: int = option(1000, "games the teachers play for it", least=1)
    from_runs: tuple[str, ...] = option((), "imitate the games kept in these runs instead of teachers'")
    imitate: tuple[str, ...] = option(
        (), "with from_runs: only seats held by players of these names; none: all of them"
    )


class SFT(Imitation):
    """Imitates what good players said."""

    Config = SFTOptions
    defaults = {"run": {"steps": 1}}  # noqa: RUF012

    def __init__(self, config: TrainConfig, policies: Policies) -> None:
        super().__init__(config, policies)
        self._episodes: list[Episode] | None = None
        self._from_runs = _kept_games(config) if config.update.from_runs else None

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        """Raises UsageError for two sources at once."""
        super().check(config)
        options = config.update
        if options.from_runs and options.teachers:
            raise UsageError("demonstrations come from teachers or from_runs, not from both")
        if options.imitate and not options.from_runs:
            raise UsageError("imitate chooses players in the games of from_runs: name the runs too")
        for teacher in options.teachers:
            close(registry.make(teacher, arena=config.game.arena))

    def collect(self, step: int, play: Play) -> Sequence[Trajectory]:
        """This step's part of the demonstrations; nothing is played by the policy."""
        from lanista.training.trajectories import Trajectory

        if self._episodes is None:
            self._episodes = self._from_runs if self._from_runs is not None else self._taught()
        wanted = set(self.options.imitate)
        part = list(enumerate(self._episodes))[step :: self.config.run.steps]
        return [
            Trajectory(
                episode=episode,
                seat=seat,
                role=episode.roles[seat],
                team=team,
                policy=self.policies.adapters.policy(episode.roles[seat], team),
                scenario=number,
                sibling=0,
                payments=(),
            )
            for number, episode in part
            for team, seats in episode.teams.items()
            for seat in seats
            if not wanted or episode.players.get(seat) in wanted
        ]

    def update(self, trajectories: Sequence[Trajectory], step: int) -> Mapping[str, float]:
        """Imitate them."""
        games = {one.game for one in trajectories}
        return {"teaching_games": float(len(games)), **self.teach(trajectories)}

    def _taught(self) -> list[Episode]:
        """Games of the teachers, each seat's by lot."""
        from lanista.arenas.core import registry as arenas
        from lanista.training.warmstart import scripted_games

        game, options = self.config.game, self.options
        arena = arenas.get(game.arena)
        teachers = options.teachers or arena.teachers or (arena.baseline,)
        config = arena.configure(**game.config)
        return scripted_games(arena, [config], teachers, games=options.teaching_games, seed=self.config.run.seed)


def _kept_games(config: TrainConfig) -> list[Episode]:
    """The games in the stores of runs. Raises UsageError where there are none, or they are of another arena."""
    from pathlib import Path

    from lanista.arenas.core import registry as arenas
    from lanista.runs import Run

    arena = arenas.get(config.game.arena)
    found: list[Episode] = []
    for place in config.update.from_runs:
        with Run.open(Path(place)) as run:
            episodes = list(run.store.episodes())
        if not episodes:
            raise UsageError(f"the run in {place} kept no games: train it with --keep-games, or name another")
        for episode in episodes:
            if (episode.arena, episode.hash) != (arena.name, arena.hash(episode.preset)):
                raise UsageError(
                    f"the games in {place} are of {episode.arena!r} under hash {episode.hash}, and {arena.name!r} as "
                    f"installed has {arena.hash(episode.preset)}: their texts differ"
                )
        found += episodes
    players = {name for episode in found for name in episode.players.values()}
    missing = sorted(set(config.update.imitate) - players)
    if missing:
        raise UsageError(
            f"nobody called {', '.join(missing)} plays in those games (there is: {', '.join(sorted(players))})"
        )
    return found
