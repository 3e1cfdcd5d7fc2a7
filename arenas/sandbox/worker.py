"""The client's side of one zygote: starts it, hands it runs one at a time, watches clocks and amounts, kills.

Everything that comes back over the pipes was written by a hostile program; this module moves it, counts it and never
looks inside.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lanista.arenas.sandbox import packages, values
from lanista.arenas.sandbox.types import Limits, Stop
from lanista.arenas.sandbox.wire import ENDED, ORDERS, STARTED
from lanista.errors import LanistaError, UsageError

_BOOT = """import sys, types
for name in ("lanista", "lanista.arenas", "lanista.arenas.sandbox"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = []
sys.modules["lanista.arenas.sandbox"].__path__ = [sys.argv.pop(1)]
from lanista.arenas.sandbox import zygote
zygote.main()
"""
HERE = str(Path(__file__).resolve().parent)
"""Where the zygote finds its modules; whoever runs it must be able to read there."""
START_S = 30.0
REQUEST_BYTES = 64_000_000
"""Most that a program and the arguments of its calls may take together."""
_CHUNK = 1 << 16


class Raw(NamedTuple):
    """What a child left: the bytes of its two pipes, and how it ended."""

    results: bytes
    output: bytes
    stop: Stop | None
    """What the worker saw: a limit that ran out, or a signal; None where the child ended by itself."""
    error: str
    cpu_s: float
    wall_s: float


class Ended(NamedTuple):
    """The end of a child, as the zygote tells it. ``run``: the number of the run it had taken; 0 for none."""

    number: int
    run: int
    status: int
    cpu_s: float


class CannotImport(LanistaError):
    """A package that the caller allows cannot be imported inside; no other tier would change that."""


class Gone(Exception):
    """The zygote is not there any more; nothing was run."""


def asked(program: str, calls: Sequence[tuple[str, Any, Any]], limits: Limits) -> bytes:
    """The request to run a program and make calls (name, args, kwargs). Raises UsageError for what cannot cross."""
    encoded = []
    for i, (name, args, kwargs) in enumerate(calls):
        try:
            encoded.append([name, values.encode(list(args), REQUEST_BYTES), values.encode(dict(kwargs), REQUEST_BYTES)])
        except values.Unfit as unfit:
            raise UsageError(f"the arguments of calls[{i}] cannot cross: {unfit}") from None
    return packed({"kind": "python", "program": program, "calls": encoded}, limits)


def packed(request: dict[str, Any], limits: Limits) -> bytes:
    """A request as it crosses. Raises UsageError where it is too large."""
    body = json.dumps(
        {**request, "room": limits.result_bytes, "output": limits.output_bytes}, ensure_ascii=True
    ).encode()
    if len(body) > REQUEST_BYTES:
        raise UsageError(f"the program and its calls take {len(body)} bytes; at most {REQUEST_BYTES} cross")
    return body


class Worker:
    """One zygote. Not safe for several threads at once. Raises LanistaError where the tier does not stand here."""

    def __init__(
        self, tier: str, python: str, readable: tuple[str, ...] = (), found: packages.Found | None = None
    ) -> None:
        self.tier, self.python = tier, python
        self.found = found or packages.find((), None, python)
        self.spares: dict[int, int] = {}
        """pidfd by number: children that wait for a run; one, but for moments."""
        self.runs = 0
        with _as_ours("cannot start the sandbox's interpreter"):
            said = os.memfd_create("sandbox-stderr")
            try:
                self._start(said, readable)
                try:
                    self.told = self._hello(said)
                except BaseException:
                    self.close()
                    raise
            finally:
                os.close(said)

    def _start(self, said: int, readable: tuple[str, ...]) -> None:
        """The zygote's process, and the socket to it."""
        import fcntl  # here: other systems import this module too, to be told what they lack

        with contextlib.ExitStack() as failed, contextlib.ExitStack() as given:
            pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            failed.callback(pair[0].close)
            given.callback(pair[1].close)
            client = os.pidfd_open(os.getpid())
            given.callback(os.close, client)
            # Never 0, 1 or 2, which are the zygote's own: they are free where the caller has closed them.
            fds = [fcntl.fcntl(pair[1], fcntl.F_DUPFD_CLOEXEC, 3)]
            given.callback(os.close, fds[0])
            fds.append(fcntl.fcntl(client, fcntl.F_DUPFD_CLOEXEC, 3))
            given.callback(os.close, fds[1])
            room = {"readable": readable, "paths": self.found.paths, "packages": self.found.packages}
            boot = [self.python, "-s", "-P", "-S", "-B", "-W", "ignore", "-c", _BOOT]
            command = [*boot, HERE, self.tier, *map(str, fds), json.dumps(room)]
            # -I would ignore the seed; the order of sets would differ between zygotes.
            environment = {"PYTHONHASHSEED": "0", "TZ": "UTC0", **packages.ONE_THREAD}
            try:
                with _fixed_addresses():
                    self.process = subprocess.Popen(
                        command,
                        env=environment,
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        stderr=said,
                        pass_fds=fds,
                        cwd="/",
                        start_new_session=True,
                    )
            except OSError as error:
                raise LanistaError(f"cannot start {self.python} for the sandbox: {error.strerror or error}") from None
            self.control = pair[0]
            failed.pop_all()

    def _hello(self, said: int) -> dict[str, object]:
        self.control.settimeout(START_S)
        try:
            message = self.control.recv(4096)
        except TimeoutError:
            raise LanistaError(f"the sandbox's interpreter did not answer within {START_S:.0f} s") from None
        self.control.settimeout(None)
        if message[:1] != b"H":
            text = os.pread(said, 2000, 0).decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
            raise LanistaError(f"the sandbox's interpreter died at the start: {text[-1]}")
        told: dict[str, object] = json.loads(message[1:])
        if "cannot_import" in told:
            raise CannotImport(str(told["cannot_import"]))
        if "error" in told:
            raise LanistaError(str(told["error"]))
        return told

    def run(self, request: bytes, limits: Limits, answers: int) -> Raw:
        """Runs one child. Ends as soon as ``answers`` lines have come. Raises Gone."""
        started = time.monotonic()
        self.runs += 1
        with contextlib.ExitStack() as kept, _as_ours("the sandbox cannot run a program"):
            with contextlib.ExitStack() as given:
                memory = os.memfd_create("request")
                given.callback(os.close, memory)
                results_r, results_w = os.pipe2(os.O_CLOEXEC)
                kept.callback(os.close, results_r)
                given.callback(os.close, results_w)
                output_r, output_w = os.pipe2(os.O_CLOEXEC)
                kept.callback(os.close, output_r)
                given.callback(os.close, output_w)
                view = memoryview(request)
                while view:
                    view = view[os.write(memory, view) :]
                os.lseek(memory, 0, os.SEEK_SET)
                most = int(limits.cpu_s) + 2, limits.memory_bytes, limits.file_bytes, limits.processes
                orders = ORDERS.pack(self.runs, *most)
                watch = _Watch(self, results_r, output_r, limits, answers, started)
                kept.callback(watch.close)
                try:
                    socket.send_fds(self.control, [b"R" + orders], [memory, output_w, results_w])
                except OSError:
                    raise Gone from None
            return watch.watch()

    def hear(self) -> Ended | None:
        """One message of the zygote: a new spare, or (then given) the end of a child. Raises Gone."""
        if self.control.fileno() < 0:
            raise Gone  # closed, by a run that might have begun late
        try:
            message, fds, _, _ = socket.recv_fds(self.control, 64, 1, socket.MSG_CMSG_CLOEXEC)
        except ConnectionResetError:
            raise Gone from None
        if not message:
            raise Gone
        if message[:1] == b"S":
            if not fds:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))  # the kernel had no room to put it
            self.spares[STARTED.unpack(message[1:])[0]] = fds[0]
            return None
        ended = Ended(*ENDED.unpack(message[1:]))
        if ended.number in self.spares:  # killed from outside before it was needed
            os.close(self.spares.pop(ended.number))
        return ended

    def next_spare(self) -> tuple[int, int]:
        """The child that should take the next run: its number and its pidfd, which the caller closes. Raises Gone.

        Where spares are killed from outside it may be another, which only its end tells.
        """
        while not self.spares:
            self.hear()
        number = min(self.spares)
        return number, self.spares.pop(number)

    def close(self) -> None:
        """Ends the zygote and whatever it runs; waits until it is gone."""
        self.control.close()
        for pidfd in self.spares.values():
            os.close(pidfd)
        self.spares.clear()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=0.5)
            return
        self.process.kill()
        self.process.wait()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None


class _Watch:
    """One run, from before it is handed over until it has answered or its child is reaped."""

    def __init__(self, worker: Worker, results: int, output: int, limits: Limits, answers: int, started: float) -> None:
        self.worker, self.results_fd, self.output_fd = worker, results, output
        self.limits, self.answers, self.started = limits, answers, started
        self.results, self.output = bytearray(), bytearray()
        self.lines = 0
        self.stop: Stop | None = None
        self.error = ""
        self.done = self.killed = False
        self.cpu_s = 0.0
        self.to_the_end = limits.processes > 1
        """Whether only the child's end tells what CPU time was used: by those it started, or by one already gone."""
        self.run = worker.runs
        self._follow()
        self.cpu_at = time.monotonic() + limits.cpu_s / limits.processes
        """When the CPU clock is worth another look (seconds on the wall clock)."""

    def _follow(self) -> None:
        """Looks to the child that should have the run."""
        self.pid = -1
        while self.pid < 0:  # -1: killed from outside and reaped, which the zygote is about to tell
            number, pidfd = self.worker.next_spare()
            try:
                self.pid = _pid_of(pidfd)
            finally:
                if self.pid < 0:
                    os.close(pidfd)
        self.number, self.pidfd = number, pidfd
        self.clock = (~self.pid << 3) | 2  # another process's CPU clock (kernel: MAKE_PROCESS_CPUCLOCK)
        self.cpu_before = self._cpu_clock() or 0.0  # what being forked and getting warm took

    def close(self) -> None:
        os.close(self.pidfd)

    def watch(self) -> Raw:
        status = self._until_over()
        wall_s = time.monotonic() - self.started
        if self.stop is None and not self.done:
            self._explain(status)
        return Raw(bytes(self.results), bytes(self.output), self.stop, self.error, self.cpu_s, wall_s)

    def _until_over(self) -> int:
        """Waits until all answers are there (0, and the child dies unwatched) or the child is reaped (its status)."""
        poll = select.poll()
        for fd in (self.results_fd, self.output_fd):
            os.set_blocking(fd, False)
            poll.register(fd, select.POLLIN)
        control = self.worker.control.fileno()
        poll.register(control, select.POLLIN)
        deadline = self.started + self.limits.wall_s
        status: int | None = None
        while status is None and (self.to_the_end or not self.done):
            wait_ms = None if self.killed else max(0.0, min(deadline, self.cpu_at) - time.monotonic()) * 1000 + 1
            for fd, _ in poll.poll(wait_ms):
                if fd == control:
                    ended = self.worker.hear()
                    if ended is None:
                        continue
                    if ended.run == self.run:
                        status = ended.status
                        self.cpu_s = max(self.cpu_s, ended.cpu_s - self.cpu_before)
                    elif ended.number == self.number and ended.run:  # the run before was this child's, and is over
                        before = self.pidfd
                        self._follow()
                        os.close(before)
                        if self.killed:
                            self._kill()
                    elif ended.number == self.number and self.killed:
                        self.worker.close()  # before it had begun; should the run still wait, it goes with the zygote
                        return 0
                    elif ended.number == self.number:
                        raise Gone  # killed by somebody else, with the run or without: only a new zygote is sure
                elif not self._read(fd):
                    poll.unregister(fd)
            if not self.killed and status is None:
                self._check(deadline)
        if self.done and self.to_the_end and self.cpu_s > self.limits.cpu_s:  # while nobody looked
            self.done = False
            self._end_cpu()
        for fd in (self.results_fd, self.output_fd):
            while self._read(fd):  # what is left in the pipes; nobody writes any more, or nothing that is wanted
                pass
        return status or 0

    def _read(self, fd: int) -> bool:
        """Takes some of what there is; False where there is nothing."""
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            return False
        kept, most = (
            (self.results, self.limits.result_bytes + 1000 * self.answers)
            if fd == self.results_fd
            else (self.output, self.limits.output_bytes)
        )
        room = most - len(kept)
        kept += data[:room]
        if len(data) > room:
            what = "returned" if fd == self.results_fd else "printed"
            allowed = self.limits.result_bytes if fd == self.results_fd else self.limits.output_bytes
            self._end("output", f"it {what} more than {allowed} bytes")
        if fd == self.results_fd:
            self.lines += data.count(b"\n")
            if self.lines >= self.answers and not self.done and self.stop is None:
                used = self._used()
                self.to_the_end |= used is None
                self.done = True
                self._kill()  # nothing that it does now is wanted: no atexit, no __del__, no thread
        return True

    def _check(self, deadline: float) -> None:
        now = time.monotonic()
        if now >= self.cpu_at:
            left = self.limits.cpu_s - (self._used() or 0.0)
            if left <= 0:
                self._end_cpu()
            self.cpu_at = now + max(0.002 if self.limits.processes == 1 else 0.02, left / self.limits.processes)
        if now >= deadline:
            self._end("wall", f"it took longer than {self.limits.wall_s:g} s")

    def _end_cpu(self) -> None:
        self._end("cpu", f"it used more than {self.limits.cpu_s:g} CPU seconds")

    def _end(self, stop: Stop, error: str) -> None:
        if self.stop is None and not self.done:
            self.stop, self.error = stop, error
        self._kill()

    def _kill(self) -> None:
        self.killed = True
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def _used(self) -> float | None:
        """CPU seconds of the run so far, of all its processes; None where its child is gone."""
        clock = self._cpu_clock()
        if clock is None:
            return None
        used = max(0.0, clock - self.cpu_before)
        if self.limits.processes > 1:
            used += _others_cpu_s(self.pid)
        self.cpu_s = max(self.cpu_s, used)  # what somebody reaped unseen stays counted
        return self.cpu_s

    def _cpu_clock(self) -> float | None:
        """The child's CPU seconds so far, to a tick of the kernel; None where it is gone."""
        try:
            return time.clock_gettime(self.clock)
        except OSError:
            return None

    def _explain(self, status: int) -> None:
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            if self.cpu_s >= self.limits.cpu_s:
                self.stop, self.error = "cpu", f"it used more than {self.limits.cpu_s:g} CPU seconds"
            elif number == signal.SIGSYS:
                self.stop, self.error = "syscall", "it tried a system call that no solution needs"
            else:
                self.stop, self.error = "crash", f"the interpreter died of {signal.Signals(number).name}"
        else:
            self.stop, self.error = "exit", f"it left with code {os.WEXITSTATUS(status)} before it had answered"


@contextlib.contextmanager
def _as_ours(what: str) -> Iterator[None]:
    """What the system refuses (descriptors that ran out, mostly) as a LanistaError."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise LanistaError(
                f"{what}: programs are handed over in memory that counts as a file, and this process may write none of "
                f"that size (ulimit -f); raise that limit"
            ) from None
        raise LanistaError(f"{what}: {error.strerror or error}") from None


@contextlib.contextmanager
def _fixed_addresses() -> Iterator[None]:
    """What this thread executes meanwhile has the same addresses every time, where that may be asked for.

    ``hash(None)``, and the order of what is hashed by its address, would differ between zygotes. The personality is the
    thread's own: no other thread notices.
    """
    from lanista.arenas.sandbox import kernel

    before = None
    with contextlib.suppress(OSError):  # a container's filter may refuse it; the zygote tells what became of it
        before = kernel.personality()
        kernel.personality(before | kernel.FIXED_ADDRESSES)
    try:
        yield
    finally:
        if before is not None:
            with contextlib.suppress(OSError):
                kernel.personality(before)


def _others_cpu_s(pid: int) -> float:
    """CPU seconds, to a tick, of the living descendants of a process and of all who were waited for.

    A parent is read before its children: who is reaped meanwhile is missed this time, and nobody is counted twice.
    """
    ticks, more, seen = 0, [pid], {pid}
    while more:
        one = more.pop()
        with contextlib.suppress(OSError):  # it has ended, or /proc does not show it
            fields = Path(f"/proc/{one}/stat").read_bytes().rsplit(b")", 1)[1].split()
            ticks += sum(map(int, fields[13:15] if one == pid else fields[11:15]))  # proc(5): (utime, stime,) cutime...
            for thread in os.listdir(f"/proc/{one}/task"):
                children = {int(c) for c in Path(f"/proc/{one}/task/{thread}/children").read_bytes().split()} - seen
                seen |= children
                more += children
    return ticks / os.sysconf("SC_CLK_TCK")


def _pid_of(pidfd: int) -> int:
    with open(f"/proc/self/fdinfo/{pidfd}", encoding="ascii") as file:
        for line in file:
            if line.startswith("Pid:"):
                return int(line.split()[1])
    raise LanistaError("the kernel does not say whose process a pidfd is; /proc must be mounted")


def base_python() -> str:
    """The interpreter itself, outside any virtual environment."""
    return getattr(sys, "_base_executable", None) or sys.executable
