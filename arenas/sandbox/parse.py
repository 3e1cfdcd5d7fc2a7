"""From the bytes that a hostile child wrote to results. Total: any bytes give results, and nothing is ever raised."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

from lanista.arenas.sandbox.types import Result, Stop
from lanista.arenas.sandbox.values import Unfit, decode

ERROR_CHARS = 1000
_TOLD_STOPS: tuple[Stop, ...] = ("memory", "output", "exception", "exit", "crash", "steps")
"""The reasons that a child may give for itself; the others are seen from outside."""
_CPU_S = 1e6


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
    try:
        items = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError, MemoryError):
        return None
    return items if type(items) is list and items and type(items[0]) is str else None


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
