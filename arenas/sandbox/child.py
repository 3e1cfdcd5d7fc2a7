"""What runs inside the walls: a program and its calls, or one query. Nothing in here is trusted by anybody outside.

A child writes lines of JSON to descriptor 3, each a list that begins with a word: ``["call", index, status, value,
error, output so far, cpu_s]`` and at last ``["done"]`` or ``["stop", reason, error]``. Whatever a program does to this
module, the worst it achieves is other lines, and lines are compared with values that never came in here.

Read inside the sandbox's own interpreter; imports the standard library only.
"""

from __future__ import annotations

import builtins
import contextlib
import fcntl
import io
import json
import os
import signal
import socket
import sys
import time
import types
from collections.abc import Callable
from typing import Any, NoReturn

from lanista.arenas.sandbox import kernel, values, walls
from lanista.arenas.sandbox.wire import ORDERS, TAKEN

OUTPUT_FD, RESULT_FD, REQUEST_FD = 1, 3, 4
ERROR_CHARS = 500

Tell = Callable[..., None]


def main(control: socket.socket, taken: int, made: walls.Walls, zygote: int) -> NoReturn:
    """The whole life of a child. Never returns, never raises."""
    code = 70
    try:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        if made.tier != walls.FULL and os.getppid() != zygote:
            os._exit(71)  # the zygote died before that; in tier full its death ends its namespace
        warm_up()
        message, fds, _, _ = socket.recv_fds(control, 256, 3)
        if not message:
            os._exit(0)
        run, *orders = ORDERS.unpack(message[1:])
        os.write(taken, TAKEN.pack(run))
        _take(fds)
        made.close_in(walls.Orders(*orders))
        os.closerange(REQUEST_FD + 1, 256)
        asked = json.loads(_read(REQUEST_FD))
        os.close(REQUEST_FD)
        _serve(asked)
        code = 0
    except BaseException as error:
        try:
            reason = "memory" if isinstance(error, MemoryError) else "crash"
            _Teller(10_000).tell("stop", reason, f"the child itself failed: {_line(error)}")
        finally:
            os._exit(code)
    os._exit(code)


def _take(fds: list[int]) -> None:
    """Puts the pipes where a child expects them."""
    # First above all the numbers given out here: the three may lie in each other's way.
    request, output, results = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20) for fd in fds)
    for fd, number in ((output, OUTPUT_FD), (output, 2), (results, RESULT_FD), (request, REQUEST_FD)):
        os.dup2(fd, number)


def _read(request: int) -> bytes:
    parts = []
    while part := os.read(request, os.fstat(request).st_size + 1):
        parts.append(part)
    return b"".join(parts)


class _Teller:
    """Writes lines, as many bytes of them as there is room for."""

    def __init__(self, room: int) -> None:
        self.room = room
        self._write, self._dumps = os.write, json.dumps

    def tell(self, *items: Any) -> None:
        line = self._dumps(items, ensure_ascii=True, check_circular=False).encode() + b"\n"
        while line:
            line = line[self._write(RESULT_FD, line) :]


def _text_output(raw: io.RawIOBase) -> io.TextIOWrapper:
    """Standard output that hands on every line as it ends: what a program said before it was killed comes back."""
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", line_buffering=True)


class _Counted(io.RawIOBase):
    """Standard output that counts what goes through it: each call's part is told apart, and ``over`` ends too much.

    What a program writes past it, the worker counts.
    """

    def __init__(self, most: int, over: Callable[[], object]) -> None:
        self.count, self.most, self.over = 0, most, over

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return OUTPUT_FD

    def write(self, data: Any) -> int:
        if self.count + len(data) > self.most:
            self.over()
        written = os.write(OUTPUT_FD, data)
        self.count += written
        return written


def _serve(asked: dict[str, Any]) -> None:
    if asked["kind"] == "sql":
        from lanista.arenas.sandbox import query

        query.serve(asked, _Teller(asked["room"]).tell)
        return
    _Run(asked).run()


class _Run:
    """One program and its calls."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.asked = asked
        self.teller = _Teller(asked["room"])
        self.output = _Counted(asked["output"], self.over)
        self.exit = os._exit
        self.clock = time.thread_time  # the process's clock moves by ticks while RLIMIT_CPU is set

    def run(self) -> None:
        out = _text_output(self.output)
        for name in ("stdout", "stderr", "__stdout__", "__stderr__"):
            setattr(sys, name, out)
        builtins.exit = builtins.quit = sys.exit  # type: ignore[assignment]
        module = types.ModuleType("solution")
        sys.modules["solution"] = module
        sys.setrecursionlimit(1000)
        try:
            code = compile(self.asked["program"], "<program>", "exec", dont_inherit=True)
            exec(code, module.__dict__)
            sys.stdout.flush()
        except BaseException as error:
            self.stop(error)
        for index, (name, args, kwargs) in enumerate(self.asked["calls"]):
            self.call(module, index, name, args, kwargs)
        self.teller.tell("done")
        self.exit(0)

    def call(self, module: types.ModuleType, index: int, name: str, args: Any, kwargs: Any) -> None:
        status, value, error = "ok", None, ""
        started = self.clock()
        try:
            found: Any = module
            for part in name.split("."):
                if not hasattr(found, part):
                    raise NameError(f"the program defines no {name}")
                found = getattr(found, part)
            got = found(*values.decode(args), **values.decode(kwargs))
            spent = self.clock() - started
            value = values.encode(got, self.teller.room)
        except values.Unfit as unfit:
            status, error, spent = "unfit", str(unfit), self.clock() - started
        except (SystemExit, MemoryError) as ending:
            self.stop(ending)
        except BaseException as raised:
            status, error, spent = "exception", _line(raised), self.clock() - started
        try:
            sys.stdout.flush()
        except BaseException as raised:
            status, value, error = "exception", None, _line(raised)
        self.teller.tell("call", index, status, value, error, self.output.count, spent)

    def over(self) -> None:
        self.teller.tell("stop", "output", f"it printed more than {self.output.most} bytes")
        self.exit(0)

    def stop(self, error: BaseException) -> NoReturn:
        kind = type(error)
        reason = "exit" if issubclass(kind, SystemExit) else "memory" if issubclass(kind, MemoryError) else "exception"
        line = _line(error)
        error.__traceback__ = None  # frees what the program holds, so that there is memory to say so
        try:
            sys.stdout.flush()
        finally:
            self.teller.tell("stop", reason, line)
            self.exit(0)


def _line(error: BaseException) -> str:
    """``line 3 in f: ValueError: text``, where the program has such a line."""
    try:
        where = ""
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == "<program>":
                where = f"line {trace.tb_lineno} in {trace.tb_frame.f_code.co_name}: "
            trace = trace.tb_next
        if isinstance(error, SyntaxError) and error.filename == "<program>":
            where, text = f"line {error.lineno}: ", str(error.msg)
        else:
            text = str(error)
        text = " ".join(text[:ERROR_CHARS].split())
        return f"{where}{type(error).__name__[:60]}{': ' if text else ''}{text}"
    except BaseException:
        return "an exception that cannot be shown"


def warm_up() -> None:
    """Does what a run will do: in the zygote for what is imported late, in a spare for the pages it will write to."""
    _text_output(_Counted(0, os.getpid)).detach()
    module = types.ModuleType("warm")
    exec(compile("def f(x):\n    return [x]\n", "<program>", "exec", dont_inherit=True), module.__dict__)
    data = json.loads(json.dumps([1, "a", None, 1.5, {"t": []}]))
    values.encode(values.decode(data), 1000)
    "\ud800".encode("utf-8", "backslashreplace")
    with contextlib.suppress(ZeroDivisionError):
        _ = 1 // 0
