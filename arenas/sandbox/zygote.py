"""The process that children are forked from: an interpreter that has the standard library in memory and does nothing.

It never reads a payload. Its client passes it the ends of pipes and the limits; it forks; the child raises its walls,
and only then reads what it is to run. So no run can leave anything behind for the next.

Started by `lanista.arenas.sandbox.worker` as ``python -s -P -S -B -c BOOT``, with sys.argv = tier, control fd, client
pidfd, readable paths. Over the control socket (SOCK_SEQPACKET):

    zygote -> client   H{json}             once: it stands, or ``error`` says why not
    client -> zygote   R<orders> + 3 fds   run: request, output, results
    zygote -> client   S + pidfd           it runs
    zygote -> client   E<status, cpu_s>    it has ended and is reaped

It dies with its client (a pidfd watched besides the socket) and its children die with it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys

from lanista.arenas.sandbox import child, kernel, walls

ORDERS = struct.Struct("<qqqq")
ENDED = struct.Struct("<id")

PRELOADED = (
    *("abc", "array", "ast", "base64", "bisect", "calendar", "cmath", "collections", "collections.abc", "contextlib"),
    *("copy", "csv", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools", "hashlib", "heapq", "io"),
    *("itertools", "json", "linecache", "math", "numbers", "operator", "queue", "random", "re", "statistics", "string"),
    *("struct", "textwrap", "time", "traceback", "types", "typing", "unicodedata", "zlib"),
)
"""What solutions import; anything else of the standard library is read from disk when they do."""


def main() -> None:
    tier, control_fd, client_fd, *paths = sys.argv[1:]
    control = socket.socket(fileno=int(control_fd))
    client = int(client_fd)
    try:
        made = _prepare(tier, paths)
    except OSError as error:
        control.send(b"H" + json.dumps({"error": str(error)}).encode())
        return
    if tier == walls.FULL:
        inner = os.fork()  # process 1 of the new namespace: when it dies, so does everything in there
        if inner:
            control.close()
            _, status = os.waitpid(inner, 0)
            os._exit(0 if status == 0 else 1)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    _serve(control, client, made)


def _prepare(tier: str, paths: list[str]) -> walls.Walls:
    os.umask(0o022)
    for name in (*PRELOADED, *(["lanista.arenas.sandbox.query"] if paths else [])):
        with contextlib.suppress(ImportError):  # a Python built without an optional module still runs the rest
            importlib.import_module(name)
    child.warm_up()
    base = walls.own_address_space()
    if tier == walls.FULL:
        walls.change_root(walls.enter_namespaces(paths))
    return walls.Walls(tier, paths, base)


def _serve(control: socket.socket, client: int, made: walls.Walls) -> None:
    own_pids = os.pidfd_open(os.getpid()) if made.tier == walls.FULL else -1
    walls.forget_environment()
    gc.collect()
    gc.freeze()
    told = {"tier": made.tier, "landlock": made.ruleset is not None}
    control.send(b"H" + json.dumps(told).encode())
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(client, select.POLLIN)
    while True:
        ready = {fd for fd, _ in poll.poll()}
        if client in ready:
            return
        message, fds, _, _ = socket.recv_fds(control, 256, 3)
        if not message:
            return
        orders = walls.Orders(*ORDERS.unpack(message[1:]))
        if own_pids >= 0:
            kernel.setns(own_pids, kernel.CLONE_NEWPID)  # back home, or a second unshare is refused
            kernel.unshare(kernel.CLONE_NEWPID)
        zygote = os.getpid()
        pid = os.fork()
        if pid == 0:
            child.main(fds, made, orders, zygote)
        for fd in fds:
            os.close(fd)
        pidfd = os.pidfd_open(pid)
        socket.send_fds(control, [b"S"], [pidfd])
        poll.register(pidfd, select.POLLIN)
        while True:
            ready = {fd for fd, _ in poll.poll()}
            if pidfd in ready:
                break
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)  # the client is gone, or has nothing to say now
        poll.unregister(pidfd)
        os.close(pidfd)
        _, status, usage = os.wait4(pid, 0)
        control.send(b"E" + ENDED.pack(status, usage.ru_utime + usage.ru_stime))
