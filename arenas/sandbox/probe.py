"""Whether a tier holds on this machine: found out by trying to get out of it, not by asking for version numbers."""

from __future__ import annotations

from typing import Any

from lanista.arenas.sandbox import parse
from lanista.arenas.sandbox.types import Limits
from lanista.arenas.sandbox.worker import Worker, asked
from lanista.errors import LanistaError

_ATTEMPTS = """
import os
def read_host():
    return os.open("/etc/passwd", os.O_RDONLY)
def read_process():
    return os.open("/proc/self/environ", os.O_RDONLY)
def list_root():
    return os.listdir("/")
def write():
    return os.open("/tmp/probe", os.O_WRONLY | os.O_CREAT)
def connect():
    import socket
    return socket.socket().fileno()
def fork():
    if os.fork() == 0:
        os._exit(0)
def signal():
    os.kill(os.getppid() or os.getpid(), 0)
def trace():
    import ctypes
    ctypes.CDLL(None).ptrace(0, 0, 0, 0)
"""
_REFUSED = ("read_host", "read_process", "list_root", "write", "connect", "fork", "signal")
"""What must end in an OSError; ``trace``, which comes last, must end the child."""
_LIMITS = Limits(cpu_s=10.0, wall_s=30.0)


def check(worker: Worker) -> None:
    """Raises LanistaError that names what got out of the worker's walls."""
    names = (*_REFUSED, "trace")
    calls: list[tuple[str, Any, Any]] = [(name, (), {}) for name in names]
    raw = worker.run(asked(_ATTEMPTS, calls, _LIMITS), _LIMITS, len(calls))
    told = parse.parse(raw.results, raw.output, len(calls))
    results, stop, error = parse.settle(told, raw.stop, raw.error, calls)
    errors = ("PermissionError", "FileNotFoundError", "NotADirectoryError")
    for name, result in zip(_REFUSED, results, strict=False):
        if result.status != "exception" or not any(kind in result.error for kind in errors):
            raise LanistaError(f"a program that tries to {name} is not refused ({result.error or result.status})")
    if stop != "syscall":
        raise LanistaError(f"a program that traces a process is not stopped ({error or 'it went on'})")
