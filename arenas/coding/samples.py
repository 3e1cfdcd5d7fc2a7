"""The asks of a task, with a few legal replies each, made of what every seat has seen: programs that never think."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lanista.arenas.coding import quote
from lanista.arenas.coding.moves import Inputs, Program, Report, Revision
from lanista.arenas.coding.table import DEBUGGER, GENERATOR, TESTER, Config
from lanista.arenas.coding.task import Task
from lanista.arenas.contract import Ask


def asks(config: Config, task: Task) -> Mapping[str, Ask]:
    """Every ask of a game, by stage; none of them changes while it lasts."""
    programs = tuple(dict.fromkeys((table(task), stub(task), echo(task), constant(task))))
    inputs = tuple(Inputs((quote.literal(example.args),)) for example in task.examples)
    sample = (
        quote.call(task.entry_point, quote.literal(task.examples[0].args))
        if task.examples
        else f"{task.entry_point}(1)"
    )
    data: tuple[tuple[str, Any], ...] = (("entry_point", task.entry_point), ("most", config.inputs), ("sample", sample))
    return {
        "write": Ask(GENERATOR, "write", tuple(map(Program, programs)), False, data),
        "inputs": Ask(TESTER, "inputs", (*dict.fromkeys(inputs), Inputs()), False, data),
        "report": Ask(TESTER, "report", (Report(True), Report(False)), False, data),
        "revise": Ask(DEBUGGER, "revise", (Revision(), *map(Revision, programs)), False, data),
    }


def stub(task: Task) -> str:
    """The signature over nothing."""
    return f"{task.signature}\n    return None"


def echo(task: Task) -> str:
    """Gives its first argument back."""
    return f"{task.signature}\n    return {_first(task)}"


def constant(task: Task) -> str:
    """Always the answer to the first public example."""
    return f"{task.signature}\n    return {quote.literal(task.examples[0].expected)}" if task.examples else stub(task)


def table(task: Task) -> str:
    """The public examples by heart."""
    if not task.examples:
        return stub(task)
    tests = []
    for example in task.examples:
        names = ", ".join(task.parameters[: len(example.args)])
        tests.append(f"    if ({names},) == {quote.literal(example.args)}:")
        tests.append(f"        return {quote.literal(example.expected)}")
    return "\n".join([task.signature, *tests])


def _first(task: Task) -> str:
    return task.parameters[0] if task.parameters else "None"
