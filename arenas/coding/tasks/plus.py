"""``plus_input`` of HumanEval+ rows (Liu et al. 2023): further arguments, and what the canonical solution answers.

The rows bring no expected values: the canonical solution is run on the inputs in the sandbox, and what it returns is
what a program is held against, as the published harness does it: equal, or close within the row's ``atol`` (1e-6 where
it is 0 and floats are expected). That says nothing where more than one answer is right, so the inputs are used only of
tasks whose own tests hold each value against one: equal, or close.

MBPP+ rows are left alone: their inputs are tuples, sets and complex numbers that JSON has made lists of, and which is
which stands in no row.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lanista.arenas.coding.task import Task
from lanista.arenas.coding.tasks import published
from lanista.arenas.coding.tasks.asserts import Converted
from lanista.arenas.coding.tasks.lines import Line
from lanista.arenas.coding.tasks.literals import Unconverted, fits
from lanista.arenas.coding.tasks.program import SEEN
from lanista.arenas.sandbox.types import Call, Limits
from lanista.arenas.sandbox.values import encode

if TYPE_CHECKING:
    from lanista.arenas.sandbox import Sandbox

AT_ONCE = 200
"""Inputs that one child answers."""

_VALUES = frozenset({"equal", "allclose"})
"""Checks that hold a value against one."""


def judged_by_value(tests: list[Converted] | str) -> bool:
    """Whether every test of a task says what value is right, and applies nothing to what was returned."""
    return isinstance(tests, list) and all(test.check in _VALUES and not test.through for test in tests)


def inputs(line: Line) -> tuple[tuple[Any, ...], ...]:
    """The arguments of each further call. Raises UsageError for what cannot be a call's."""
    given = line.data.get("plus_input")
    line.used.update({"plus_input", "atol"})
    if not isinstance(given, list) or not all(isinstance(args, list) for args in given):
        line.wrong("plus_input", "must be a list of lists, the arguments of one call in each")
    for number, args in enumerate(given, 1):
        try:
            fits(tuple(args))
        except (Unconverted, ValueError) as error:
            line.wrong("plus_input", f"input {number} cannot be given to a program: {error}")
    return tuple(tuple(args) for args in given)


def tolerance(line: Line) -> float:
    """The row's ``atol``, 0 where it has none. Raises UsageError unless it is a finite number of at least 0."""
    given = line.data.get("atol", 0) or 0
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < math.inf:
        line.wrong("atol", f"must be a number of at least 0, not {given!r}")
    return float(given)


def answered(task: Task, more: Sequence[tuple[Any, ...]], within: float, box: Sandbox, line: Line) -> Task:
    """The task with ``more`` calls, held against what its canonical solution returns for them in the sandbox.

    Raises UsageError naming the input for which it returns nothing that can be compared.
    """
    calls: list[Call] = []
    checks: list[tuple[str, Any]] = []
    for begin in range(0, len(more), AT_ONCE):
        part = [Call(task.function, args) for args in more[begin : begin + AT_ONCE]]
        room = task.result_bytes + sum(len(str(encode(call.args, 1 << 30))) for call in part)
        limits = Limits(cpu_s=task.cpu_s, wall_s=min(3600.0, 20 * task.cpu_s), result_bytes=4 * room)
        found = box.run(task.whole(task.reference), part, limits)
        for number, (call, row) in enumerate(zip(part, found.results, strict=True), begin + 1):
            if not row.ok:
                why = f"ran out of {row.stop} time ({task.cpu_s:g} s)" if row.stop in ("cpu", "wall") else ""
                line.wrong("plus_input", f"canonical_solution, given input {number}, {why or _ending(row, found)}")
            test = published.converted("close", call, row.value, within)
            calls.append(replace(call, function=f"{SEEN}.{test.end}"))
            checks.append((test.check, test.value))
    return replace(task, hidden=(*task.hidden, *calls), checks=(*task.checks, *checks))


def _ending(row: Any, found: Any) -> str:
    return f"gives no value: {row.error or found.error or row.stop or row.status}"
