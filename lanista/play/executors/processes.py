"""Processes that play games and die with the one that asked for them.

A worker is a fresh interpreter, not a fork: it holds no lock, no database and no torch of its parent, and it does not
run the caller's script again. It is told arenas and agents by name, plays one game at a time and sends back what came
of it. Which worker plays which game changes nothing, for a game is a function of its spec. What agents print there goes
to standard error.
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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Any

from lanista.errors import LanistaError, UsageError
from lanista.play.executors import Finish, Keep, NamedSpec, Result, episode_of
from lanista.play.executors.local import Local

AHEAD = 4
"""Games a worker is given beyond those it has sent back, so that it does not wait for its parent to write."""

LIVES = 2
"""Workers that may die over one game before it is given up."""

_MAIN = "from lanista.play.executors.processes import main; main()"

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Processes:
    """``n`` worker processes, one per core if None. They start with the first games; on the way out all are dead."""

    def __init__(self, n: int | None = None, *, finish: Finish = episode_of) -> None:
        if n is not None and n < 1:
            raise UsageError(f"the number of worker processes is at least 1, not {n}")
        self._n = cores() if n is None else n
        self._finish = finish
        self._open: dict[Connection, _Worker] = {}

    def __enter__(self) -> Processes:
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

    def play(self, specs: Iterable[NamedSpec], keep: Keep) -> None:
        """As an Executor. A worker that dies is replaced and its games are played again.

        Raises LanistaError for a game that failed or that LIVES workers died over.
        """
        waiting = deque(specs)
        while len(self._open) < min(self._n, len(waiting)):
            self._start()
        deaths: Counter[str] = Counter()
        for worker in list(self._open.values()):
            self._feed(worker, waiting)
        while waiting or any(worker.games for worker in self._open.values()):
            done: list[Result] = []
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
                        done += result
                        self._feed(worker, waiting)
                        if not ready.poll():
                            break
                except (EOFError, ConnectionError):
                    self._replace(worker, waiting, deaths)
            if done:
                keep(done)
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
        ours.send(self._finish)
        return worker

    def _feed(self, worker: _Worker, waiting: deque[NamedSpec]) -> None:
        while waiting and len(worker.games) < 1 + AHEAD:
            spec = waiting.popleft()
            worker.games.append(spec)
            try:
                worker.connection.send(spec)
            except ConnectionError:
                return  # it has died; reading from it will say so

    def _replace(self, worker: _Worker, waiting: deque[NamedSpec], deaths: Counter[str]) -> None:
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
    games: deque[NamedSpec]
    """Sent and not yet answered, oldest first."""


def cores() -> int:
    """The cores this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def main() -> None:
    """A worker's life: what to make of episodes, then games until nobody sends any more."""
    os.dup2(2, 1)  # what agents print is no result of ours
    descriptor, parent = int(sys.argv[1]), int(sys.argv[2])
    _die_with(parent)
    connection: Connection[Any, Any] = Connection(descriptor)
    try:
        _serve(connection)
    except (EOFError, ConnectionError):
        return  # the parent is done with us, or gone


def _serve(connection: Connection[Any, Any]) -> None:
    def keep(results: Sequence[Result]) -> None:
        connection.send(list(results))

    with Local(finish=connection.recv(), max_concurrent_games=1) as here:
        while True:
            spec: NamedSpec = connection.recv()
            try:
                here.play([spec], keep)
            except (EOFError, ConnectionError):
                raise
            except Exception as error:
                said = str(error) if isinstance(error, LanistaError) else "".join(traceback.format_exception(error))
                connection.send(f"game {spec.id} of arena {spec.arena!r} failed: {said}")


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
