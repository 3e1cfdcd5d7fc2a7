"""The sandbox as its callers see it: a pool of workers that run programs and answer with results."""

from __future__ import annotations

import asyncio
import functools
import os
import platform
import queue
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import TracebackType
from typing import Self

from lanista.arenas.sandbox import packages as _packages
from lanista.arenas.sandbox import parse, probe
from lanista.arenas.sandbox.types import PROGRAM_BYTES, Call, Limits, Results, Stop, check_calls
from lanista.arenas.sandbox.worker import CannotImport, Gone, Raw, Worker, asked, base_python
from lanista.errors import LanistaError, UsageError, suggest

FULL, SECOND, UNSAFE = "full", "seccomp+landlock", "unsafe"
TIERS = (FULL, SECOND, UNSAFE)
"""From the strongest to none worth the name."""

MACHINES = ("x86_64", "aarch64")
DEFAULT = Limits()


class Sandbox:
    """Runs programs that nobody trusts.

        with Sandbox(workers=2) as box:
            results = box.run("def add(a, b):\\n    return a + b\\n", [Call("add", (1, 2))])
        results.tier, results[0].value   # 'full', 3

    ``workers`` zygotes wait for work; ``run`` may be called from that many threads at once, more wait. ``tier`` forces
    one; by default the strongest that stands is taken (see `probe`), and ``unsafe`` only where ``allow_unsafe`` says
    so. ``readable`` names files or folders, by absolute path, that programs may read besides the standard library.
    ``python`` is the interpreter (3.11 or later) that runs the programs, by default this one. ``packages`` names what
    they may import besides the standard library, as ``("numpy",)``: found where this process (or ``python``) would
    import it, read-only, loaded before the walls stand. What a package imports must be named too. Every result
    records them.

    Raises UsageError for arguments that cannot be, LanistaError where no tier stands here.
    """

    def __init__(
        self,
        workers: int = 1,
        *,
        tier: str | None = None,
        allow_unsafe: bool = False,
        readable: Sequence[str | os.PathLike[str]] = (),
        python: str | None = None,
        packages: Sequence[str] = (),
    ) -> None:
        if type(workers) is not int or not 1 <= workers <= 256:
            raise UsageError(f"workers={workers!r}: between 1 and 256 are possible")
        if tier is not None and tier not in TIERS:
            near = suggest(tier, TIERS) if isinstance(tier, str) else ""
            raise UsageError(f"unknown tier {tier!r}{near} (there are: {', '.join(TIERS)})")
        if tier == UNSAFE and not allow_unsafe:
            raise UsageError("the tier 'unsafe' holds nothing back that is meant to leave; allow_unsafe=True takes it")
        if isinstance(readable, str | bytes) or not isinstance(readable, Sequence):
            raise UsageError(f"readable={readable!r:.60}: a list of paths is needed")
        if python is not None and not isinstance(python, str):
            raise UsageError(f"python={python!r:.60}: the path of an interpreter is needed, as text")
        self._readable = tuple(_existing(path) for path in readable)
        named = _packages.checked(packages)
        _check_system()
        self._python = python or base_python()
        self._found = _packages.find(named, python, self._python)
        self.packages = self._found.names
        """What programs may import besides the standard library, with versions: ``("numpy==2.4.1",)``."""
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None
        self.workers = workers
        self._idle: queue.SimpleQueue[Worker | None] = queue.SimpleQueue()
        self._closed = False
        self.why_not_stronger = ""
        """Why the stronger tiers do not stand here; empty for the strongest, or where a tier was forced."""
        first = self._first(tier, allow_unsafe)
        self.fixed_addresses = first.told.get("fixed_addresses") is True
        """Whether every interpreter has its parts at the same addresses (see Results)."""
        self.tier: str = first.tier
        """What holds the programs: ``full``, ``seccomp+landlock`` or ``unsafe``."""
        self._idle.put(first)
        for _ in range(workers - 1):
            self._idle.put(None)  # started when it is first needed

    def run(
        self,
        program: str | bytes,
        calls: Sequence[Call],
        limits: Limits = DEFAULT,
        *,
        fresh: bool = False,
    ) -> Results:
        """Loads ``program`` in a new child and makes ``calls`` in order, in that one child.

        So state that a program keeps between calls shows. ``fresh=True`` gives every call a child of its own, each with
        all of ``limits``. Whatever the program does, there is one result per call. Bytes are read as UTF-8.

        Raises UsageError for calls whose arguments cannot cross, LanistaError where the sandbox itself fails.
        """
        check_calls(calls)
        self.check_limits(limits)
        refused = _refusal(program)
        if refused:
            told = parse.Told((None,) * len(calls), None, "", False)
            results, stop, error = parse.settle(told, *refused, calls)
            return Results(
                self.tier, results, stop, error, packages=self.packages, fixed_addresses=self.fixed_addresses
            )
        source = program if isinstance(program, str) else program.decode("utf-8")
        if not fresh:
            return self._run(source, calls, limits)
        return _together(
            Results(self.tier, (), None, packages=self.packages, fixed_addresses=self.fixed_addresses),
            [self._run(source, [call], limits) for call in calls],
        )

    async def arun(
        self,
        program: str | bytes,
        calls: Sequence[Call],
        limits: Limits = DEFAULT,
        *,
        fresh: bool = False,
    ) -> Results:
        """``run`` for asyncio: as many at once as there are workers, the others wait their turn."""
        work = functools.partial(self.run, program, calls, limits, fresh=fresh)
        with self._lock:
            self._check_open()
            if self._threads is None:
                self._threads = ThreadPoolExecutor(self.workers, thread_name_prefix="sandbox")
            future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        return await future

    def close(self) -> None:
        """Ends every worker and waits until it is gone.

        Runs that go on in other threads end first; those that wait for a worker raise LanistaError.
        """
        if os.getpid() != self._owner:
            return
        with self._lock:
            if self._closed:
                return
            self._closed = True
        for _ in range(self.workers):
            worker = self._idle.get()
            if worker is not None:
                worker.close()
        for _ in range(self.workers):
            self._idle.put(None)  # wakes whoever still waits
        if self._threads is not None:
            self._threads.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_idle", None) is not None and not self._closed and self._idle.qsize() == self.workers:
            self.close()

    # --- within

    def request(self, body: bytes, limits: Limits, answers: int) -> Raw:
        """Hands one request to a child and gives what came back, unread. (What `run` and the SQL runner stand on.)"""
        if os.getpid() != self._owner:
            raise LanistaError("a Sandbox does not survive a fork; make one in the new process")
        self._check_open()
        worker = self._idle.get()
        try:
            self._check_open()  # once more, after waiting
            for _ in range(3):
                if worker is None:
                    worker = Worker(self.tier, self._python, self._readable, self._found)
                try:
                    return worker.run(body, limits, answers)
                except Gone:  # killed from outside: by a memory killer, by hand
                    worker.close()
                    worker = None
            raise LanistaError(
                "the sandbox's interpreter dies whenever it is started; is this machine out of memory, "
                "or a limit (ulimit -a) of this process too low?"
            )
        except BaseException:
            if worker is not None:  # interrupted in the middle of a run: nobody knows what it would answer next
                worker.close()
                worker = None
            raise
        finally:
            self._idle.put(worker)

    def _run(self, source: str, calls: Sequence[Call], limits: Limits) -> Results:
        body = asked(source, [(call.function, call.args, call.kwargs) for call in calls], limits)
        raw = self.request(body, limits, len(calls) or 1)
        told = parse.parse(raw.results, raw.output, len(calls))
        results, stop, error = parse.settle(told, raw.stop, raw.error, calls)
        return Results(
            self.tier,
            results,
            stop,
            error,
            parse.text(raw.output),
            raw.cpu_s,
            raw.wall_s,
            self.packages,
            self.fixed_addresses,
        )

    def _check_open(self) -> None:
        if self._closed:
            raise LanistaError("the Sandbox is closed")

    def check_limits(self, limits: Limits) -> None:
        """Raises UsageError for limits that this sandbox cannot hold."""
        if not isinstance(limits, Limits):
            raise UsageError(f"limits is a {type(limits).__name__}; Limits are needed")
        if limits.file_bytes:
            for path in (*self._readable, *self._found.paths):
                if f"{path}/".startswith("/tmp/"):
                    raise UsageError(
                        f"{path} is to be readable and file_bytes is {limits.file_bytes}: the program's own /tmp would "
                        "hide it; keep what it is to read, and the environment of its packages, outside /tmp"
                    )
        if self.tier != FULL and (limits.file_bytes or limits.processes > 1):
            raise UsageError(
                f"file_bytes={limits.file_bytes} and processes={limits.processes} need tier 'full'; "
                f"in tier {self.tier!r} they are 0 and 1"
            )

    def _first(self, tier: str | None, allow_unsafe: bool) -> Worker:
        """A worker of the tier that was asked for, or of the strongest that stands."""
        tried: list[tuple[str, str]] = []
        for name in (tier,) if tier else TIERS if allow_unsafe else TIERS[:2]:
            try:
                worker = _probed(Worker(name, self._python, self._readable, self._found))
            except CannotImport:
                raise
            except LanistaError as error:
                tried.append((name, str(error)))
            else:
                self.why_not_stronger = _list(tried)
                return worker
        reasons = {reason for _, reason in tried}
        if (
            len(reasons) == 1 and len(tried) > 1
        ):  # not the tier's affair, mostly: a limit of this process, an interpreter that is none
            raise LanistaError(f"no sandbox stands on this machine: {reasons.pop()}")
        help_ = "" if tier else " (allow_unsafe=True runs programs without walls: only for programs you wrote yourself)"
        raise LanistaError(f"no sandbox stands on this machine: {_list(tried)}{help_}")


def _list(tried: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{name}: {reason}" for name, reason in tried)


_held: set[tuple[str, str, int, tuple[str, ...]]] = set()
"""Tiers (with interpreter, user and packages) that a probe found to hold in this process."""


def _probed(worker: Worker) -> Worker:
    """The worker, once its walls have been tried. Raises LanistaError where they do not hold."""
    which = (worker.tier, worker.python, os.geteuid(), worker.found.names)
    if worker.tier != UNSAFE and which not in _held:
        try:
            probe.check(worker)
        except BaseException:
            worker.close()
            raise
        _held.add(which)
    return worker


def _check_system() -> None:
    if sys.platform != "linux":
        raise LanistaError(
            f"the sandbox needs Linux (5.13 or later, x86-64 or aarch64) and this is {platform.system()}; "
            f"run this in a Linux virtual machine, WSL 2 or a container, such as `docker run -it python:3.12`"
        )
    if platform.machine() not in MACHINES or sys.maxsize < 1 << 32:
        raise LanistaError(
            f"the sandbox knows the system calls of 64-bit {' and '.join(MACHINES)}, not of {platform.machine()}; "
            f"run this on one of them"
        )


def _existing(path: str | os.PathLike[str]) -> str:
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str) or "\0" in os.fspath(path):
        raise UsageError(f"readable={path!r:.60}: the absolute path of a file or folder is needed")
    real = os.path.realpath(path)
    if not os.path.isabs(path) or not os.path.exists(real):
        raise UsageError(f"readable={os.fspath(path)!r}: the absolute path of a file or folder is needed")
    return real


def _refusal(program: str | bytes) -> tuple[Stop, str] | None:
    """Why a program is not even started."""
    if not isinstance(program, str | bytes):
        raise UsageError(f"a program is text or bytes, not {type(program).__name__}")
    if len(program) > PROGRAM_BYTES:
        return "refused", f"the program has {len(program)} characters; at most {PROGRAM_BYTES} are run"
    try:
        _ = program.encode("utf-8") if isinstance(program, str) else program.decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError) as error:
        where = f"at {'character' if isinstance(program, str) else 'byte'} {error.start}"
        return "exception", f"SyntaxError: the program is not UTF-8 ({where})"
    return None


def _together(empty: Results, runs: Sequence[Results]) -> Results:
    """Runs of one call each as one, which is ``empty`` where there are none."""
    worst = next((run for run in runs if run.stop is not None), empty)
    return replace(
        empty,
        results=tuple(replace(run[0], cpu_s=run.cpu_s) for run in runs),
        stop=worst.stop,
        error=worst.error,
        output="".join(run.output for run in runs),
        cpu_s=sum(run.cpu_s for run in runs),
        wall_s=sum(run.wall_s for run in runs),
    )
