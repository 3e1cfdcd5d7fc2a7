"""Where games are played: specs in, episodes out, in this process or in others.

An executor is told arenas and agents by name, so that any process can make them. Nothing in a game depends on where it
is played. ``local`` plays here; ``processes`` plays in worker processes that die with this one; ``ray`` plays on the
workers of a Ray cluster.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, NamedTuple, Protocol, cast

from lanista.arenas.core.contract import Seat, config_json
from lanista.arenas.core.episode import Episode
from lanista.errors import UsageError, suggest
from lanista.play.specs import GameSpec

_KNOWN = {"local": "Local", "processes": "Processes", "ray": "Ray"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSpec:
    """A game to be played, with its arena and agents by name: it can be pickled. See ``GameSpec``."""

    id: str
    arena: str
    seed: int
    players: Mapping[Seat, str]
    """The agent in each seat, as ``lanista agents`` lists them."""
    config: Mapping[str, Any]
    """As ``config_json`` writes it."""
    preset: str = "default"
    agent_seed: int | None = None
    seat_seeds: Mapping[Seat, int] = field(default_factory=dict)
    begun: str | None = None
    """What ``Session.to_json`` wrote of this game: it is taken up there."""
    tags: Mapping[str, Any] = field(default_factory=dict)
    """The caller's own notes, which can be pickled."""

    @classmethod
    def of(cls, spec: GameSpec, tags: Mapping[str, Any] | None = None) -> NamedSpec:
        """A spec whose agents go by their names: those that ``registry.make`` has made."""
        return cls(
            id=spec.id,
            arena=spec.arena.name,
            seed=spec.seed,
            players=spec.players,
            config=config_json(spec.arena.configure() if spec.config is None else spec.config),
            preset=spec.preset,
            agent_seed=spec.agent_seed,
            seat_seeds=spec.seat_seeds,
            tags=tags or {},
        )


class Played(NamedTuple):
    """A game that is over. ``value`` is what ``finish`` made of its episode, there where it was played."""

    spec: NamedSpec
    value: Any


class Suspended(NamedTuple):
    """A game that cannot go on now, as it stands: ``session`` is ``Session.to_json``."""

    spec: NamedSpec
    agent: str
    why: str
    session: str


Result = Played | Suspended

Keep = Callable[[Sequence[Result]], None]
"""Is handed results as they come in, in no particular order; what it raises stops the executor."""

Finish = Callable[[NamedSpec, Episode, float, float], Any]
"""``finish(spec, episode, started, finished)``, times in seconds since 1970: a function of a module, to be pickled."""


def episode_of(spec: NamedSpec, episode: Episode, started: float, finished: float) -> Episode:
    """The ``finish`` that keeps the episode as it is."""
    return episode


class Executor(Protocol):
    """Somewhere to play games. A context manager: on the way out nothing of it is left."""

    def play(self, specs: Iterable[NamedSpec], keep: Keep) -> None:
        """Play every game and give what came of it to ``keep``.

        Raises LanistaError for a game that failed, after what was played before it was handed over.
        """

    def __enter__(self) -> Executor: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def names() -> list[str]:
    """Every executor's name, sorted."""
    return sorted(_KNOWN)


def check(name: str) -> str:
    """``name``, where it is an executor's. Raises UsageError with a suggestion otherwise."""
    if name not in _KNOWN:
        raise UsageError(f"unknown executor {name!r}{suggest(name, _KNOWN)} (there is: {', '.join(names())})")
    return name


def make(name: str, *, workers: int | None = None, finish: Finish = episode_of) -> Executor:
    """An executor by its name. ``workers``: processes, None for one per core. Raises UsageError for an unknown name."""
    factory = getattr(importlib.import_module(f"{__name__}.{check(name)}"), _KNOWN[name])
    return cast(Executor, factory(finish=finish) if name == "local" else factory(workers, finish=finish))
