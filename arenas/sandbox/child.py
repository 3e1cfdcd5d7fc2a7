"""What runs inside the walls: a program and its calls, or one query. Nothing in here is trusted by anybody outside.

A child writes lines of JSON to descriptor 3, each a list that begins with a word: ``["call", index, status, value,
error, output so far, cpu_s]`` and at last ``["done"]`` or ``["stop", reason, error]``. Whatever a program does to this
module, the worst it achieves is other lines, and lines are compared with values that never came in here.

Read inside the sandbox's own interpreter; imports the standard library only.
"""

from __future__ import annotations

import builtins
import fcntl
import io
import json
import os
import random
import sys
import time
import types
from collections.abc import Callable
from typing import Any, NoReturn

from lanista.arenas.sandbox import kernel, values, walls

OUTPUT_FD, RESULT_FD = 1, 3
ERROR_CHARS = 500

Tell = Callable[..., None]


def main(fds: list[int], made: walls.Walls, orders: walls.Orders, zygote: int) -> NoReturn:
    """The whole life of a child. Never returns, never raises."""
    code = 70
    try:
        request = _take(fds)
        made.close_in(orders)
        _keep_only(request)
        if made.tier != walls.FULL and os.getppid() != zygote:
            os._exit(71)  # the zygote died before PDEATHSIG was set
        with open(request, "rb") as file:
            asked = json.loads(file.read())
        _serve(asked)
        code = 0
    except BaseException as error:
        try:
            reason = "memory" if isinstance(error, MemoryError) else "crash"
            _Teller(10_000).tell("stop", reason, f"before the program was started: {_line(error)}")
        finally:
            os._exit(code)
    os._exit(code)


def _take(fds: list[int]) -> int:
    """Puts the pipes where a child expects them: output at 1 and 2, results at 3, the request at 4."""
    moved = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in fds]  # above all the numbers given out here
    request, output, results = moved
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(results, 3)
    os.dup2(request, 4)
    return 4


def _keep_only(request: int) -> None:
    os.closerange(request + 1, 256)


class _Teller:
    """Writes lines, as many bytes of them as there is room for."""

    def __init__(self, room: int) -> None:
        self.room = room
        self._write, self._dumps = os.write, json.dumps

    def tell(self, *items: Any) -> None:
        line = self._dumps(items, ensure_ascii=True, check_circular=False).encode() + b"\n"
        while line:
            line = line[self._write(RESULT_FD, line) :]


class _Counted(io.RawIOBase):
    """Standard output that counts what went through it, so that each call's part can be told apart."""

    def __init__(self) -> None:
        self.count = 0

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return OUTPUT_FD

    def write(self, data: Any) -> int:
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
        self.output = _Counted()
        self.exit = os._exit
        self.clock = time.process_time

    def run(self) -> None:
        random.seed(0)
        out = io.TextIOWrapper(io.BufferedWriter(self.output), encoding="utf-8", errors="backslashreplace")
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

    def stop(self, error: BaseException) -> NoReturn:
        kind = type(error)
        reason = "exit" if kind is SystemExit else "memory" if kind is MemoryError else "exception"
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
    """Does once what would otherwise be done in every child: lazy imports, codec look-ups, first-call set-up."""
    import encodings.unicode_escape
    import encodings.utf_8

    compile("def f(x):\n    return x\n", "<program>", "exec", dont_inherit=True)
    json.loads(json.dumps([1, "a", None, 1.5]))
    values.decode(values.encode([1, (2, "a"), {"a": {1}}], 1000))
    "\ud800".encode("utf-8", "backslashreplace")
    _ = encodings.utf_8, encodings.unicode_escape, kernel
