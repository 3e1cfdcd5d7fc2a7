"""What the hidden calls of a task are held to: the wrong programs that they must tell from the reference.

Beside the one-point changes of mutants.py: the reference behind every narrowing of its arguments, the reference with
its answer cut, rounded or of another type, orders and ties forgotten in its source, and the plausible wrong programs
that a family names (a greedy choice for the best one). A program counts as wrong only if it answers a valid input
wrongly: one that the hidden calls pass is run on ``SAMPLE`` other inputs, drawn apart from them; where it differs on
none of these it is taken for the same function and left out.
"""

from __future__ import annotations

import ast
import itertools
import random
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from lanista.arenas.coding.tasks.corners import corners
from lanista.arenas.coding.tasks.covering import covering
from lanista.arenas.coding.tasks.domains import Made
from lanista.arenas.coding.tasks.mutants import changed, differs
from lanista.arenas.coding.tasks.narrowings import narrowings
from lanista.arenas.coding.tasks.running import function, parameters
from lanista.arenas.core import chance

if TYPE_CHECKING:
    from lanista.arenas.coding.task import Task

SAMPLE = 1500
"""Inputs that a program must answer rightly to be taken for the reference."""


class Fault(NamedTuple):
    """A version of a reference. ``kind`` groups what is alike; whether it is wrong is for ``missed`` to find out."""

    kind: str
    what: str
    source: str


def faults(task: Task) -> Iterator[Fault]:
    """Every version of the task's reference that is looked at, the plain ones among them."""
    for source, what in changed(task.reference):
        yield Fault("one point", what, source)
    for source, what in changed(task.reference, finer=True):
        yield Fault("order and ties", what, source)
    names = parameters(task.reference, task.entry_point)[: len(task.domains)]
    for source in task.wrong:
        yield Fault("another program", source, source)
    for name, domain in zip(names, task.domains, strict=True):
        for kind, code in narrowings(domain):
            if isinstance(domain, Made) and not _mostly_inside(domain, code):
                continue
            yield Fault(kind, f"{name} became {code}", _behind(task, name, code, guarded=isinstance(domain, Made)))
    for kind, code in _answers(task):
        yield Fault(kind, f"the answer became {code}", _after(task, code))


def missed(task: Task, fault: Fault) -> bool | None:
    """False where a hidden call shows the fault, True where only another input does, None where nothing does. What a
    public example alone shows (it cannot be a hidden call too) is seen by everybody, and is no miss."""
    if differs(task, fault.source, [call.args for call in task.hidden_calls()], task.expected()):
        return False
    inputs, answers = _sample(task)
    return True if differs(task, fault.source, inputs, answers) else None


@lru_cache(maxsize=8)
def _sample(task: Task) -> tuple[list[Any], list[Any]]:
    drawn = covering(task, chance.key("faults", task.id), 6)
    shown = [example.args for example in task.examples]
    inputs = [args for args in itertools.islice(drawn, SAMPLE) if args not in shown]
    return inputs, [task.answer(args) for args in inputs]


def _mostly_inside(domain: Made, code: str) -> bool:
    """Whether what it makes of a third at least of the values that it changes is a value of the domain; what hardly
    ever is (a formula with its characters sorted) is no way to see less of one."""
    values = corners(domain, random.Random(0))
    narrow = function(f"def g(v):\n    return {code}\n", "g")
    changed = [less for value in values if (less := narrow(value)) != value]
    return 3 * sum(domain.why_not(less) is None for less in changed) >= len(changed)


def _behind(task: Task, name: str, code: str, guarded: bool) -> str:
    """The reference behind a narrowing of one argument; what it cannot answer then, it answers as it should."""
    names = parameters(task.reference, task.entry_point)[: len(task.domains)]
    given = ", ".join(names)
    less = ", ".join("v_" if n == name else n for n in names)
    narrow = f"v_ = (lambda v: {code})({name})"
    lines = [narrow, f"return _whole({less})"]
    if guarded:
        lines = ["try:", *(f"    {line}" for line in lines), "except Exception:", f"    return _whole({given})"]
    return _wrapped(task, given, lines)


def _after(task: Task, code: str) -> str:
    names = ", ".join(parameters(task.reference, task.entry_point)[: len(task.domains)])
    return _wrapped(task, names, [f"r = _whole({names})", f"return {code}"])


def _wrapped(task: Task, given: str, lines: list[str]) -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f"{_renamed(task.reference, task.entry_point)}\n\ndef {task.entry_point}({given}):\n{body}"


@lru_cache(maxsize=256)
def _renamed(source: str, name: str) -> str:
    """The source with its function called ``_whole``, also where it calls itself."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            node.name = "_whole"
        elif isinstance(node, ast.Name) and node.id == name:
            node.id = "_whole"
    return ast.unparse(tree)


_OF_TYPE = {
    "int": (
        ("answer sign", "abs(r)"),
        ("answer sign", "max(r, 0)"),
        ("answer sign", "min(r, 0)"),
        ("answer clamp", "min(r, 9)"),
        ("answer clamp", "max(r, -9)"),
        ("answer clamp", "min(r, 99)"),
        ("answer zero", "r or 1"),
        ("answer zero", "r or None"),
        ("answer type", "float(r)"),
        ("answer type", "str(r)"),
    ),
    "str": (
        ("answer cut", "r[:9]"),
        ("answer cut", "r[:19]"),
        ("answer cut", "r[:1]"),
        ("answer cut", "r[-9:]"),
        ("answer blanks", "r.strip()"),
        ("answer blanks", "r.rstrip()"),
        ("answer blanks", "r.lstrip()"),
        ("answer blanks", "' '.join(r.split())"),
        ("answer zero", "r or None"),
        ("answer type", "list(r)"),
        ("answer order", "''.join(sorted(r))"),
        ("answer order", "r[::-1]"),
        ("answer case", "r.lower()"),
        ("answer case", "r.upper()"),
        ("answer repeats", "''.join(dict.fromkeys(r))"),
    ),
    "list": (
        ("answer cut", "r[:9]"),
        ("answer cut", "r[:5]"),
        ("answer cut", "r[:1]"),
        ("answer cut", "r[-5:]"),
        ("answer zero", "r or None"),
        ("answer type", "tuple(r)"),
        ("answer order", "sorted(r, key=str)"),
        ("answer order", "r[::-1]"),
        ("answer repeats", "[x for i, x in enumerate(r) if x not in r[:i]]"),
        ("answer repeats", "[x for i, x in enumerate(r) if i == 0 or x != r[i - 1]]"),
        ("answer type", "[float(x) if type(x) is int else x for x in r]"),
        ("answer type", "[tuple(x) if type(x) is list else x for x in r]"),
        ("answer type", "[str(x) if type(x) is int else x for x in r]"),
    ),
    "dict": (
        ("answer cut", "dict(list(r.items())[:5])"),
        ("answer zero", "r or None"),
        ("answer zero", "{k: x for k, x in r.items() if x}"),
        ("answer type", "list(r.items())"),
        ("answer type", "{k: float(x) for k, x in r.items()}"),
    ),
    "float": (
        ("answer rounded", "float(round(r))"),
        ("answer rounded", "round(r, 1)"),
        ("answer rounded", "round(r, 2)"),
        ("answer rounded", "round(r, 3)"),
        ("answer rounded", "round(r, 4)"),
        ("answer rounded", "round(r, 5)"),
        ("answer type", "int(r) if r == int(r) else r"),
        ("answer sign", "abs(r)"),
        ("answer sign", "max(r, 0.0)"),
    ),
    "NoneType": (("answer none", "0"), ("answer none", "[]"), ("answer none", "-1")),
}
"""What goes wrong with an answer, by its type: expressions of ``r``."""


def _answers(task: Task) -> Iterator[tuple[str, str]]:
    kinds = {type(answer).__name__ for answer in _sample(task)[1]}
    for kind in sorted(kinds & _OF_TYPE.keys()):
        for group, code in _OF_TYPE[kind]:
            yield group, f"{code} if type(r).__name__ == {kind!r} else r"
