"""The process that children are forked from: an interpreter that has the standard library in memory and does nothing.

It never reads a payload. One child, the spare, is always forked and waits on the control socket: it takes the next
run's descriptors and limits by itself, raises its walls, and only then reads what it is to run. As soon as it has taken
one, the zygote forks the next. So no run can leave anything behind for another, and forking costs no one any time.

Started by `lanista.arenas.sandbox.worker` as ``python -s -P -S -B -c BOOT``, with sys.argv = tier, control fd, client
pidfd, and what it is given as JSON (``readable``, ``paths``, ``packages``). Over the control socket (SOCK_SEQPACKET):

    zygote -> client   H{json}                    once: it stands, or ``error`` says why not
    zygote -> client   S<number> + pidfd          a spare is there
    client -> spare    R<orders> + 3 fds          run: request, output, results
    zygote -> client   E<number, taken, status, cpu_s>   that child, which had taken a run or not, is reaped

It dies with its client (a pidfd watched besides the socket) and its children die with it.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from typing import Any

from lanista.arenas.sandbox import child, imports, kernel, walls
from lanista.arenas.sandbox.wire import ENDED, STARTED, TAKEN

PRELOADED = (
    *("abc", "array", "ast", "base64", "bisect", "calendar", "cmath", "collections", "collections.abc", "contextlib"),
    *("copy", "csv", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools", "heapq", "io"),
    *("itertools", "json", "linecache", "math", "numbers", "operator", "re", "statistics", "string"),
    *("struct", "textwrap", "time", "traceback", "types", "typing", "unicodedata", "zlib"),
)
"""What solutions import; anything else of the standard library is read from disk when they do. Every page counts in a
fork: hashlib brings OpenSSL and queue brings threading, which take longer to copy than to be without."""


def main() -> None:
    walls.default_signals()
    tier, control_fd, client_fd, given = sys.argv[1:]
    control = socket.socket(fileno=_low(int(control_fd)))
    client = _low(int(client_fd))
    try:
        walls.room_for_descriptors()
        made = _prepare(tier, json.loads(given))
    except OSError as error:
        control.send(b"H" + json.dumps({"error": str(error)}).encode())
        return
    except ImportError as error:
        control.send(b"H" + json.dumps({"cannot_import": str(error)}).encode())
        return
    if tier == walls.FULL:
        try:
            inner = os.fork()  # process 1 of the new namespace: when it dies, so does everything in there
        except OSError as error:
            message = f"cannot start a process: {error.strerror} (is the limit on processes, ulimit -u, too low?)"
            control.send(b"H" + json.dumps({"error": message}).encode())
            return
        if inner:
            control.close()
            _, status = os.waitpid(inner, 0)
            os._exit(0 if status == 0 else 1)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    _serve(control, client, made)


def _low(fd: int) -> int:
    """The descriptor under a low number: the client's may be in the thousands, and children close the low ones."""
    low = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 5)
    os.close(fd)
    return low


def _prepare(tier: str, given: dict[str, Any]) -> walls.Walls:
    os.umask(0o022)
    _quiet_random()  # before anything else loads it
    for name in (*PRELOADED, *(["lanista.arenas.sandbox.query"] if given["readable"] else [])):
        with contextlib.suppress(ImportError):  # a Python built without an optional module still runs the rest
            importlib.import_module(name)
    imports.prepare(walls.library(), given["packages"])
    imports.load(given["packages"])
    child.warm_up()
    base = walls.own_address_space()
    paths = [*given["readable"], *given["paths"]]
    if tier == walls.FULL:
        walls.change_root(walls.enter_namespaces(paths))
    walls.forget_host(tier)
    return walls.Walls(tier, paths, base)


def _quiet_random() -> None:
    """Loads ``random`` in a known state, without the hook that reseeds it in children: every run draws the same."""
    register = os.register_at_fork
    os.register_at_fork = lambda **_: None
    try:
        import random
    finally:
        os.register_at_fork = register
    random.seed(0)


def _serve(control: socket.socket, client: int, made: walls.Walls) -> None:
    own_pids = os.pidfd_open(os.getpid()) if made.tier == walls.FULL else -1
    walls.forget_environment()
    gc.collect()
    gc.freeze()
    fixed = False
    with contextlib.suppress(OSError):
        fixed = bool(kernel.personality() & kernel.FIXED_ADDRESSES)
    told = {"tier": made.tier, "landlock": made.ruleset is not None, "fixed_addresses": fixed}
    control.send(b"H" + json.dumps(told).encode())
    _Zygote(control, client, made, own_pids).serve()


class _Zygote:
    """The loop that keeps one spare ready and reaps whatever has ended."""

    def __init__(self, control: socket.socket, client: int, made: walls.Walls, own_pids: int) -> None:
        self.control, self.client, self.made, self.own_pids = control, client, made, own_pids
        self.me = os.getpid()
        self.number = 0
        self.children: dict[int, tuple[int, int]] = {}
        """(number, process id) by pidfd."""
        self.runs: dict[int, int] = {}
        """The number of the run that a child has taken, by pidfd."""
        self.poll = select.poll()
        self.poll.register(control, 0)  # only its end: spares do the reading
        self.poll.register(client, select.POLLIN)

    def serve(self) -> None:
        """Returns when the client is gone; the children die with this process."""
        while True:
            spare, taken = self._fork()
            self.poll.register(taken, select.POLLIN)
            while True:
                ready = {fd for fd, _ in self.poll.poll()}
                if self.client in ready or self.control.fileno() in ready:
                    self._end_all()
                    return
                for pidfd in (ready & self.children.keys()) - {spare}:
                    self._reap(pidfd)
                if taken in ready or spare in ready:
                    break
            told = os.read(taken, TAKEN.size)  # or its end: the spare was killed from outside, and the run still waits
            self.poll.unregister(taken)
            os.close(taken)
            if told:
                (self.runs[spare],) = TAKEN.unpack(told)
            else:
                self._reap(spare)

    def _fork(self) -> tuple[int, int]:
        """Forks a spare; gives its pidfd, and a pipe that says when it has taken a run."""
        if self.own_pids >= 0:
            kernel.setns(self.own_pids, kernel.CLONE_NEWPID)  # back home, or a second unshare is refused
            kernel.unshare(kernel.CLONE_NEWPID)
        taken_r, taken_w = os.pipe()
        pid = os.fork()
        if pid == 0:
            child.main(self.control, taken_w, self.made, self.me)
        os.close(taken_w)
        pidfd = os.pidfd_open(pid)
        self.number += 1
        self.children[pidfd] = (self.number, pid)
        self.poll.register(pidfd, select.POLLIN)
        self._send(b"S" + STARTED.pack(self.number), [pidfd])
        return pidfd, taken_r

    def _reap(self, pidfd: int) -> None:
        (number, pid), run = self.children.pop(pidfd), self.runs.pop(pidfd, 0)
        self.poll.unregister(pidfd)
        os.close(pidfd)
        _, status, usage = os.wait4(pid, 0)
        self._send(b"E" + ENDED.pack(number, run, status, usage.ru_utime + usage.ru_stime), [])

    def _send(self, message: bytes, fds: list[int]) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the loop sees the end of the socket
            socket.send_fds(self.control, [message], fds)

    def _end_all(self) -> None:
        for pidfd, (_, pid) in self.children.items():
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            os.waitpid(pid, 0)
