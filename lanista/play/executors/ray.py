"""Games played by the workers of a Ray cluster that is there already.

A worker is an actor on one core of any machine of the cluster, told arenas and agents by name as the worker processes
are: a model at an engine is named with the engine's address (``lm:MODEL?backend=vllm&url=…``), so every worker asks the
same engine. Lanista must be installed on every machine, and is compared by version and by the arena's hash. A worker
that dies, with its machine or without, is replaced, and the games it had are played again.
"""

from __future__ import annotations

import traceback
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from lanista import __version__
from lanista.arenas.core import registry as arena_registry
from lanista.errors import LanistaError, UsageError
from lanista.play.executors import Finish, Keep, NamedSpec, Result, episode_of
from lanista.play.executors.local import Local

AHEAD = 4
"""Games a worker is given beyond those it has sent back."""

LIVES = 2
"""Workers that may die over one game before it is given up."""


class Ray:
    """``n`` workers of the cluster, one per core of it if None. ``RAY_ADDRESS`` names a cluster elsewhere.

    Raises LanistaError where ray is not installed or no cluster is there. The cluster is left running.
    """

    def __init__(self, n: int | None = None, *, finish: Finish = episode_of) -> None:
        if n is not None and n < 1:
            raise UsageError(f"the number of workers is at least 1, not {n}")
        self._n = n
        self._finish = finish
        self._open: list[_Worker] = []
        self._joined = False

    def __enter__(self) -> Ray:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._joined:
            return
        import ray

        for worker in self._open:
            ray.kill(worker.actor, no_restart=True)
        self._open.clear()
        ray.shutdown()
        self._joined = False

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers, each on its own machine."""
        import ray

        return [int(ray.get(worker.actor.pid.remote())) for worker in self._open]

    def play(self, specs: Iterable[NamedSpec], keep: Keep) -> None:
        """As an Executor. A worker that dies is replaced and its games are played again.

        Raises LanistaError for a game that failed, that LIVES workers died over, or where a worker has another Lanista.
        """
        waiting = deque(specs)
        if not waiting:
            return
        import_ray()
        import ray

        self._join()
        most = self._n or max(1, int(ray.cluster_resources().get("CPU", 1)))
        while len(self._open) < min(most, len(waiting)):
            self._open.append(self._start())
        deaths: Counter[str] = Counter()
        for worker in self._open:
            self._feed(worker, waiting)
        while any(worker.games for worker in self._open):
            by_first = {worker.games[0][1]: worker for worker in self._open if worker.games}
            ready, _ = ray.wait(list(by_first), num_returns=1)
            done: list[Result] = []
            for reference in ready:
                worker = by_first[reference]
                try:
                    came: str | list[Result] = ray.get(reference)
                except ray.exceptions.RayActorError as error:
                    self._replace(worker, waiting, deaths, error)
                    continue
                worker.games.popleft()
                if isinstance(came, str):
                    raise LanistaError(came)
                done += came
                self._feed(worker, waiting)
            if done:
                keep(done)

    def _join(self) -> None:
        """Become a driver of the cluster, unless this process is one."""
        import ray

        if ray.is_initialized():
            return
        try:
            ray.init(address="auto", log_to_driver=False, configure_logging=False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            said = " ".join(str(error).split())[:200]
            raise LanistaError(
                f"there is no Ray cluster to play on ({said}): `ray start --head` starts one on this machine, and "
                "RAY_ADDRESS names one elsewhere"
            ) from error
        self._joined = True

    def _start(self) -> _Worker:
        import ray

        actor = ray.remote(num_cpus=1)(Player).remote(self._finish)
        return _Worker(actor, deque())

    def _feed(self, worker: _Worker, waiting: deque[NamedSpec]) -> None:
        while waiting and len(worker.games) < 1 + AHEAD:
            spec = waiting.popleft()
            hash_ = arena_registry.get(spec.arena).hash(spec.preset)
            worker.games.append((spec, worker.actor.play.remote(spec, __version__, hash_)))

    def _replace(self, worker: _Worker, waiting: deque[NamedSpec], deaths: Counter[str], error: BaseException) -> None:
        """The first of its games is the one it died over; the others were only queued."""
        first = worker.games[0][0].id
        deaths[first] += 1
        if deaths[first] >= LIVES:
            said = " ".join(str(error).split())[:200]
            raise LanistaError(
                f"{LIVES} workers of the cluster died while playing game {first} ({said}): every game played so far is "
                "kept; go on with --resume"
            )
        waiting.extendleft(spec for spec, _ in reversed(worker.games))
        fresh = self._start()
        self._open[self._open.index(worker)] = fresh
        self._feed(fresh, waiting)


@dataclass(slots=True, eq=False)
class _Worker:
    actor: Any
    games: deque[tuple[NamedSpec, Any]]
    """Sent and not yet answered, oldest first, each with the reference to what will come of it."""


class Player:
    """What an actor is: it plays one game at a time. ``finish`` makes of an episode what is sent back."""

    def __init__(self, finish: Finish) -> None:
        self._here = Local(finish=finish, max_concurrent_games=1)

    def pid(self) -> int:
        """The process it is."""
        import os

        return os.getpid()

    def play(self, spec: NamedSpec, version: str, hash_: str) -> list[Result] | str:
        """What came of a game, or in words why it failed. ``version``, ``hash_``: whoever asks has these."""
        found: list[Result] = []
        try:
            mine = __version__, arena_registry.get(spec.arena).hash(spec.preset)
            if mine != (version, hash_):
                return (
                    f"a worker of the cluster has Lanista {mine[0]} with arena {spec.arena!r} of hash {mine[1]}, and "
                    f"here it is {version} with {hash_}: install the same on every machine"
                )
            self._here.play([spec], found.extend)
        except LanistaError as error:
            return f"game {spec.id} of arena {spec.arena!r} failed: {error}"
        except Exception as error:
            return f"game {spec.id} of arena {spec.arena!r} failed: {''.join(traceback.format_exception(error))}"
        return found


def import_ray() -> None:
    """Raises LanistaError where ray is not installed."""
    try:
        import ray  # noqa: F401
    except ModuleNotFoundError as error:
        raise LanistaError("--executor ray needs ray, which is not installed: pip install 'lanista[ray]'") from error
