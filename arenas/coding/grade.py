"""Verdicts out of what a child returned: pure functions of recorded results. Expected values stay on this side.

A program that had to be stopped for time passes nothing: how far it got before is a matter of the machine's speed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lanista.arenas.coding import quote
from lanista.arenas.coding.task import Task
from lanista.arenas.coding.tasks.checkers import check
from lanista.arenas.coding.tasks.complexity import cyclomatic
from lanista.arenas.sandbox.values import Unfit, decode

ALL = 1 << 30
OUT_OF_TIME = ("cpu", "wall")
_SYNTAX = re.compile(r"\b(?:SyntaxError|IndentationError|TabError)\b")


class Verdict(NamedTuple):
    """What the hidden tests say of one program."""

    passed: int
    total: int
    syntax: bool = False
    """It could not be read as Python."""
    timeout: bool = False
    """It ran out of CPU or wall time."""
    simple: bool = False
    """It passed everything and its cyclomatic complexity is at or under the reference's."""
    right: tuple[bool, ...] = ()
    """By hidden call."""

    @property
    def solved(self) -> bool:
        return self.total > 0 and self.passed == self.total

    @property
    def share(self) -> float:
        return self.passed / self.total if self.total else 0.0


class Row(NamedTuple):
    """How one call went, decoded. ``status`` as in ``lanista.arenas.sandbox``; a value that makes no sense is unfit."""

    status: str
    value: Any
    stdout: str
    error: str
    stop: str | None

    @property
    def ok(self) -> bool:
        return self.status == "ok"


def rows(result: Mapping[str, Any]) -> tuple[Row, ...]:
    """The rows of a recorded run."""
    made = []
    for status, value, stdout, error, stop in result["rows"]:
        if status == "ok":
            try:
                value = decode(value)
            except Unfit as unfit:
                status, error = "unfit", str(unfit)
        made.append(Row(status, value if status == "ok" else None, stdout, error, stop))
    return tuple(made)


def verdict(task: Task, source: str, result: Mapping[str, Any]) -> Verdict:
    """The verdict on ``source`` of a recorded run of the task's hidden calls."""
    stop = result["stop"]
    timeout = stop in OUT_OF_TIME
    syntax = stop == "exception" and _SYNTAX.search(result["error"]) is not None
    found = rows(result)
    if task.in_process is not None:
        right: tuple[bool, ...] = tuple(row.ok and not timeout and asserted(row.value) > 0 for row in found)
    else:
        right = tuple(row.ok and not timeout and task.passes(i, row.value) for i, row in enumerate(found))
    passed = sum(right)
    simple = False
    if passed == len(right):
        branches = cyclomatic(source)
        simple = branches is not None and branches <= task.complexity
    return Verdict(passed, len(right), syntax, timeout, simple, right)


def asserted(value: Any) -> int:
    """How many assertions tests beside a program say that they executed."""
    return value if type(value) is int else 0


def told_apart(
    task: Task, args: Sequence[tuple[Any, ...]], mine: Sequence[Row], bundle: Sequence[Row]
) -> tuple[tuple[bool, ...], bool, int]:
    """What inputs show: which of them are valid, whether the program under test fails one, which mutants do (a mask).

    ``mine`` holds a row per input, ``bundle`` a row per input for the reference, then for every mutant. Only inputs
    that the reference answers count, and no public example, which everybody's program is run on anyway. A call that
    was never reached says nothing.
    """
    count = len(args)
    valid = tuple(row.ok for row in bundle[:count])
    shown = {quote.shown(example.args, ALL) for example in task.examples if not example.kwargs}
    news = tuple(ok and quote.shown(given, ALL) not in shown for ok, given in zip(valid, args, strict=True))

    def fails(found: Sequence[Row]) -> bool:
        for i, row in enumerate(found):
            if (
                news[i]
                and row.status != "unreached"
                and not (row.ok and check(task.checker, args[i], bundle[i].value, row.value))
            ):
                return True
        return False

    killed = 0
    for mutant in range(1, len(bundle) // count if count else 0):
        if fails(bundle[mutant * count : (mutant + 1) * count]):
            killed |= 1 << (mutant - 1)
    return valid, fails(mine), killed
