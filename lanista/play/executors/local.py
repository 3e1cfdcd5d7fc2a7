"""Games played in this process, side by side."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType

from lanista.agents import registry as agent_registry
from lanista.agents.contract import Agent
from lanista.agents.guard import close
from lanista.arenas.core import registry as arena_registry
from lanista.arenas.core.contract import Arena
from lanista.arenas.core.referee import Game
from lanista.errors import Unavailable
from lanista.play.executors import Finish, Keep, NamedSpec, Played, Suspended, episode_of
from lanista.play.runner import play
from lanista.play.session import Session
from lanista.play.specs import GameSpec


class Local:
    """Plays in this process, ``max_concurrent_games`` at a time.

    ``agents`` that are made already are used and stay their owner's, others are made by name and closed on the way out.
    ``arena`` is one that need not be registered.
    """

    def __init__(
        self,
        *,
        finish: Finish = episode_of,
        agents: Mapping[str, Agent] | None = None,
        arena: Arena | None = None,
        max_concurrent_games: int = 64,
    ) -> None:
        self._finish = finish
        self._given = agents or {}
        self._made: dict[str, Agent] = {}
        self._arena = arena
        self._places = max_concurrent_games

    def __enter__(self) -> Local:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._made:
            close(self._made.popitem()[1])

    def play(self, specs: Iterable[NamedSpec], keep: Keep) -> None:
        """As an Executor; what an arena or a learner raises comes out as it is."""
        started: dict[str, float] = {}
        named: dict[str, NamedSpec] = {}

        def seated() -> Iterator[Session]:
            for spec in specs:
                started[spec.id], named[spec.id] = time.time(), spec
                yield self.seat(spec)

        def over(spec: GameSpec, game: Game) -> None:
            its = named.pop(spec.id)
            keep([Played(its, self._finish(its, game.episode(), started.pop(spec.id), time.time()))])

        def suspended(spec: GameSpec, session: Session, why: Unavailable) -> None:
            started.pop(spec.id)
            keep([Suspended(named.pop(spec.id), why.agent or "", str(why), session.to_json())])

        play(seated(), max_concurrent_games=self._places, on_game=over, on_suspended=suspended)

    def seat(self, spec: NamedSpec) -> Session:
        """The game with its agents seated, where it stands."""
        arena = self._arena
        if arena is None or arena.name != spec.arena:
            arena = arena_registry.get(spec.arena)
        seating = {seat: self._agent(name, arena) for seat, name in spec.players.items()}
        if spec.begun is not None:
            return Session.from_json(spec.begun, arena, seating, id=spec.id)
        return Session(
            GameSpec(
                id=spec.id,
                arena=arena,
                seed=spec.seed,
                seating=seating,
                config=arena.configure(**spec.config),
                preset=spec.preset,
                agent_seed=spec.agent_seed,
                seat_seeds=spec.seat_seeds,
            )
        )

    def _agent(self, name: str, arena: Arena) -> Agent:
        agent = self._given.get(name) or self._made.get(name)
        if agent is None:
            agent = self._made[name] = agent_registry.make(name, arena=arena.name)
        return agent
