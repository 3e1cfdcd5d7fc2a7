"""The asks of a task, with a few legal replies each, made of what every seat has seen: programs that never think."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lanista.arenas.coding import quote
from lanista.arenas.coding.moves import Inputs, Program, Report, Revision
from lanista.arenas.coding.reading import LINE_LIMIT, PROGRAM_LIMIT
from lanista.arenas.coding.table import DEBUGGER, GENERATOR, TESTER, Config
from lanista.arenas.coding.task import Task
from lanista.arenas.core.contract import Ask


def asks(config: Config, task: Task) -> Mapping[str, Ask]:
    """Every ask of a game, by stage; none of them changes while it lasts."""
    programs = list(dict.fromkeys((table(task), stub(task), echo(task), constant(task))))
    programs = [source for source in programs if len(source) <= PROGRAM_LIMIT] or [stub(task)]
    inputs = [args for args, _ in literals(task) if len(quote.call(task.entry_point, args)) <= LINE_LIMIT]
    sample = quote.call(task.entry_point, min(inputs, key=len, default="(1,)"))
    data: tuple[tuple[str, Any], ...] = (("entry_point", task.entry_point), ("most", config.inputs), ("sample", sample))
    return {
        "write": Ask(GENERATOR, "write", tuple(map(Program, programs)), False, data),
        "inputs": Ask(TESTER, "inputs", (*(Inputs((args,)) for args in dict.fromkeys(inputs)), Inputs()), False, data),
        "report": Ask(TESTER, "report", (Report(True), Report(False)), False, data),
        "revise": Ask(DEBUGGER, "revise", (Revision(), *map(Revision, programs)), False, data),
    }


def literals(task: Task) -> list[tuple[str, str]]:
    """The arguments and the answer of every public example that can be written down (a user's file may hold others)."""
    found = []
    for example in task.examples:
        try:
            if not example.kwargs:
                found.append((quote.literal(example.args), quote.literal(example.expected)))
        except ValueError:  # it is shown all the same, described
            continue
    return found


def stub(task: Task) -> str:
    """The signature over nothing."""
    return f"{task.signature}\n    return None"


def echo(task: Task) -> str:
    """Gives its first argument back."""
    return f"{task.signature}\n    return {_first(task)}"


def constant(task: Task) -> str:
    """Always the answer to the first public example."""
    known = literals(task)
    return f"{task.signature}\n    return {known[0][1] if known else None}"


def table(task: Task) -> str:
    """The public examples by heart."""
    tests = []
    for args, expected in literals(task):
        names = ", ".join(task.parameters[: len(quote.arguments(args))])
        tests.append(f"    if ({names},) == {args}:\n        return {expected}")
    return "\n".join([task.signature, *tests]) if tests else stub(task)


def _first(task: Task) -> str:
    return task.parameters[0] if task.parameters else "None"
