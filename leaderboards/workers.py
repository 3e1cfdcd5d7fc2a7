"""Processes that play games and die with the one that asked for them.

A worker is a fresh interpreter, not a fork: it holds no lock, no database and no torch of its parent, and it does not
run the caller's script again. It is told an arena and agents by name, plays one game at a time and sends back rows.
Which worker plays which game changes nothing, for a game is a function of its fixture.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Any

from lanista.agents import registry as agent_registry
from lanista.agents.contract import Agent
from lanista.arenas.core import registry as arena_registry
from lanista.arenas.core.contract import Arena
from lanista.arenas.core.referee import Game
from lanista.errors import LanistaError
from lanista.leaderboards.schedule import Match
from lanista.play.runner import GameSpec, play
from lanista.store import Prepared, Timing, prepare

AHEAD = 4
"""Games a worker is given beyond those it has sent back, so that it does not wait for its parent to write."""

LIVES = 2
"""Workers that may die over one game before it is given up."""

_MAIN = "from lanista.leaderboards.workers import main; main()"

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True, slots=True)
class Job:
    """What every game of a tournament has in common, by name, so that another process can make it."""

    arena: str
    config: Mapping[str, Any]
    preset: str
    agents: tuple[str, ...]


class Workers:
    """``n`` worker processes for one job. A context manager: on the way out all of them are dead."""

    def __init__(self, n: int, job: Job) -> None:
        self._job = job
        self._open: dict[Connection, _Worker] = {}
        self._n = n

    def __enter__(self) -> Workers:
        for _ in range(self._n):
            self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._open.values():
            worker.process.kill()
        for connection, worker in self._open.items():
            worker.process.wait()
            connection.close()
        self._open.clear()

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers."""
        return [worker.process.pid for worker in self._open.values()]

    def play(self, matches: Sequence[Match]) -> Iterator[list[Prepared]]:
        """Every match's rows, as they come in, in no particular order.

        A worker that dies is replaced and its games are played again. Raises LanistaError for a game that failed or
        that LIVES workers died over.
        """
        waiting = deque(matches)
        deaths: Counter[str] = Counter()
        for worker in self._open.values():
            self._feed(worker, waiting)
        while any(worker.games for worker in self._open.values()) or waiting:
            done: list[Prepared] = []
            failed: str | None = None
            for ready in wait(list(self._open)):
                assert isinstance(ready, Connection)
                worker = self._open[ready]
                try:
                    while True:  # all it has sent: games that are written together share one flush of the disk
                        result = ready.recv()
                        if isinstance(result, str):
                            failed = result
                            break
                        worker.games.popleft()
                        done.append(result)
                        self._feed(worker, waiting)
                        if not ready.poll():
                            break
                except (EOFError, ConnectionError):
                    self._replace(worker, waiting, deaths)
            if done:
                yield done
            if failed is not None:
                raise LanistaError(failed)

    def _start(self) -> _Worker:
        ours, theirs = Pipe()
        process = subprocess.Popen(
            [sys.executable, "-c", _MAIN, str(theirs.fileno()), str(os.getpid())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={
                "OMP_NUM_THREADS": "1",  # one process per core already
                **os.environ,
                "PYTHONPATH": os.pathsep.join(entry or os.getcwd() for entry in sys.path),
            },
            process_group=0,  # Ctrl-C is for the parent, which then ends its workers
        )
        theirs.close()
        worker = _Worker(process, ours, deque())
        self._open[ours] = worker
        ours.send(self._job)
        return worker

    def _feed(self, worker: _Worker, waiting: deque[Match]) -> None:
        while waiting and len(worker.games) < 1 + AHEAD:
            match = waiting.popleft()
            worker.games.append(match)
            try:
                worker.connection.send(match)
            except ConnectionError:
                return  # it has died; reading from it will say so

    def _replace(self, worker: _Worker, waiting: deque[Match], deaths: Counter[str]) -> None:
        """The first of its games is the one it died over; the others were only queued."""
        code = worker.process.wait()
        del self._open[worker.connection]
        worker.connection.close()
        how = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        if not worker.games:
            raise LanistaError(f"a worker process ended {how} before it was given a game; see what it printed above")
        first = worker.games[0].id
        deaths[first] += 1
        if deaths[first] >= LIVES:
            raise LanistaError(
                f"{LIVES} worker processes ended {how} while playing game {first} (out of memory?): every game played "
                "so far is kept; go on with --resume, with fewer workers where memory is short"
            )
        waiting.extendleft(reversed(worker.games))
        self._feed(self._start(), waiting)


@dataclass(slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    connection: Connection
    games: deque[Match]
    """Sent and not yet answered, oldest first."""


def cores() -> int:
    """The cores this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def fixture(match: Match, arena: Arena, config: Any, preset: str, agents: Mapping[str, Agent]) -> GameSpec:
    """A match with its agents seated."""
    return GameSpec(
        id=match.id,
        arena=arena,
        seed=match.seed,
        seating={seat: agents[name] for seat, name in match.players.items()},
        config=config,
        preset=preset,
        agent_seed=match.agent_seed,
        tags={"match": match},
    )


def main() -> None:
    """A worker's life: a job, then matches until nobody sends any more."""
    descriptor, parent = int(sys.argv[1]), int(sys.argv[2])
    _die_with(parent)
    connection: Connection[Any, Any] = Connection(descriptor)
    try:
        _serve(connection)
    except (EOFError, ConnectionError):
        return  # the parent is done with us, or gone


def _serve(connection: Connection[Any, Any]) -> None:
    job: Job = connection.recv()
    arena = arena_registry.get(job.arena)
    config = arena.configure(**job.config)
    agents: dict[str, Agent] = {}

    def send(seated: GameSpec, game: Game) -> None:
        match: Match = seated.tags["match"]
        timing = Timing(started, time.time())
        connection.send(prepare(match.id, match.block, match.index, game.episode(), timing))

    while True:
        match: Match = connection.recv()
        try:
            for name in match.players.values():
                if name not in agents:
                    agents[name] = agent_registry.make(name, arena=job.arena)
            started = time.time()
            play([fixture(match, arena, config, job.preset, agents)], max_concurrent_games=1, on_game=send)
        except (EOFError, ConnectionError):
            raise
        except Exception as error:
            text = "".join(traceback.format_exception(error)) if not isinstance(error, LanistaError) else str(error)
            connection.send(f"game {match.id} of arena {job.arena!r} failed: {text}")


def _die_with(parent: int) -> None:
    """End this process when its parent is gone, however that ended."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # Elsewhere, and for a parent that died before that call, somebody looks.
    threading.Thread(target=_watch, args=(parent,), name="watch the parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
