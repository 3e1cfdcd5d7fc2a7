"""From the bytes that a hostile child wrote to results. Total: any bytes give results, and nothing is ever raised."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

from lanista.arenas.sandbox.types import Result, Stop
from lanista.arenas.sandbox.values import DEPTH, Unfit, decode

ERROR_CHARS = 1000
_TOLD_STOPS: tuple[Stop, ...] = ("memory", "output", "exception", "exit", "crash", "steps")
"""The reasons that a child may give for itself; the others are seen from outside."""
_CPU_S = 1e6
_NESTING = 3 * DEPTH + 8
"""Brackets within brackets of the deepest line that a child writes: a dictionary is an object, a list and its pairs."""
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_DIGITS = 400
"""More digits in one number than any that a child writes (larger integers cross as text)."""
_LONG_NUMBER = re.compile(rb"[0-9.]{%d}" % _DIGITS)


class Told(NamedTuple):
    """What a child said of itself. ``answers`` holds the first line of each index, and None where there is none."""

    answers: tuple[Result | None, ...]
    stop: Stop | None
    error: str
    done: bool


def parse(data: bytes, output: bytes, calls: int) -> Told:
    """Reads a child's lines. A line that makes no sense is passed over; an answer whose value makes none is unfit."""
    answers: list[Result | None] = [None] * calls
    stop: Stop | None = None
    error = ""
    done = False
    start = 0
    for line in data.split(b"\n")[:-1]:  # what follows the last newline was cut off
        items = _items(line)
        if not items:
            continue
        if items[0] == "call" and len(items) == 7:
            index = items[1]
            if type(index) is int and 0 <= index < calls and answers[index] is None:
                answers[index], start = _answer(items, output, start)
        elif items[0] == "stop" and len(items) == 3 and stop is None:
            stop = items[1] if items[1] in _TOLD_STOPS else "crash"
            error = clean(items[2])
        elif items[0] == "done":
            done = True
    return Told(tuple(answers), stop, error, done)


def _items(line: bytes) -> list[Any] | None:
    """A line's list, or None. Every way in which reading foreign JSON can fail ends here."""
    if not line.isascii() or _deep(line):
        return None
    numbers: dict[str, Any] = {}
    if _LONG_NUMBER.search(line):  # a caller may have lifted Python's own limit on digits, which guards against O(n^2)
        numbers = {"parse_int": _short_int, "parse_float": _short_float}
    try:
        items = json.loads(line.decode("ascii"), parse_constant=_no_constant, **numbers)
    except (ValueError, RecursionError, MemoryError):
        return None
    return items if type(items) is list and items and type(items[0]) is str else None


def _deep(line: bytes) -> bool:
    """Whether a line is nested deeper than any that makes sense, or is no JSON.

    Found out without recursion: the JSON reader goes as deep as the caller's recursion limit lets it, and where that
    was raised, or the thread's stack is small, beyond the end of the stack.
    """
    if line.count(b"[") + line.count(b"{") <= _NESTING:
        return False
    left = _STRING.sub(b"", line).translate(None, _NO_BRACKETS)
    for _ in range(_NESTING):
        inner = left.replace(b"[]", b"").replace(b"{}", b"")
        if not inner or len(inner) == len(left):
            return bool(inner)
        left = inner
    return True


def _short_int(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError(f"an integer of {len(digits)} digits")
    return int(digits)


def _short_float(digits: str) -> float:
    if len(digits) > _DIGITS:
        raise ValueError(f"a float of {len(digits)} digits")
    return float(digits)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _answer(items: list[Any], output: bytes, start: int) -> tuple[Result, int]:
    """One answer, and where the next one's output begins."""
    _, _, status, value, error, end, cpu = items
    end = end if type(end) is int and start <= end <= len(output) else len(output)
    shown = text(output[start:end])
    cpu_s = cpu if type(cpu) is float and 0.0 <= cpu <= _CPU_S else 0.0
    if status == "ok":
        try:
            return Result("ok", decode(value), shown, "", cpu_s), end
        except Unfit as unfit:
            return Result("unfit", None, shown, str(unfit), cpu_s), end
        except (RecursionError, MemoryError):
            return Result("unfit", None, shown, "the value is too large", cpu_s), end
    if status in ("exception", "unfit"):
        return Result(status, None, shown, clean(error), cpu_s), end
    return Result("unfit", None, shown, "the answer has no status", cpu_s), end


def text(data: bytes) -> str:
    """Output as text; what is no UTF-8 is escaped."""
    return data.decode("utf-8", "backslashreplace")


def clean(value: Any) -> str:
    """One line of a child's own explanation: printable, and not long."""
    if type(value) is not str:
        return ""
    return "".join(c if c.isprintable() else " " for c in value[:ERROR_CHARS])


def settle(
    told: Told, stop: Stop | None, error: str, calls: Sequence[Any]
) -> tuple[tuple[Result, ...], Stop | None, str]:
    """A result for every call: the call in which the child ended is ``stopped``, those after it are ``unreached``."""
    if all(a is not None for a in told.answers) and (calls or told.done):
        return tuple(a for a in told.answers if a is not None), None, ""
    if told.stop is not None and stop in (None, "exit"):
        stop, error = told.stop, told.error
    stop = stop or "exit"
    error = error or "it ended before it had answered"
    first = True
    results = []
    for answer in told.answers:
        if answer is not None:
            results.append(answer)
        else:
            results.append(Result("stopped" if first else "unreached", error=error, stop=stop))
            first = False
    return tuple(results), stop, error
