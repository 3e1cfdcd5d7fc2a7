"""Faults put into a reference: one small change each, kept only where some valid input shows it.

The changes are those that programmers make: a comparison off by its border, a constant off by one, a wrong operator or
builtin, a condition turned round, a statement left out, a start value forgotten, a slice cut short.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lanista.arenas.coding.tasks.checkers import check
from lanista.arenas.coding.tasks.inputs import drawn
from lanista.arenas.coding.tasks.running import Counted
from lanista.arenas.core import chance

if TYPE_CHECKING:
    from lanista.arenas.coding.task import Mutant, Task

PROBES = 120
"""Drawn inputs on which a mutant must differ somewhere; one that never does is taken for the same program."""

BUDGET = 20_000
"""Operations of one call of a mutant; more is a fault too."""

_FLIPPED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_SWAPPED: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add,),
    ast.FloorDiv: (ast.Mod,),
    ast.Mod: (ast.FloorDiv,),
}
_NAMES = {"min": "max", "max": "min", "sum": "len", "any": "all", "all": "any"}
_METHODS = {"upper": "lower", "lower": "upper", "append": "remove", "startswith": "endswith", "keys": "values"}
_SIGNS: dict[type[ast.AST], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}

Change = tuple[str, Callable[[], None]]
"""What a change does, in words, and the function that does it to the node at hand."""


@lru_cache(maxsize=1024)
def mutants_of(task: Task, limit: int) -> tuple[Mutant, ...]:
    """Up to ``limit`` faulty versions of the task's reference, in an order drawn from its id; () for tasks whose
    domains are unknown. The inputs that decide whether a version is faulty are other ones than the hidden calls."""
    from lanista.arenas.coding.task import Mutant

    found: list[Mutant] = []
    if not task.domains:
        return ()
    probes, answers = _probes(task)
    shown = [example.args for example in task.examples]
    right = [example.expected for example in task.examples]
    versions = list(changed(task.reference))
    chance.stream(chance.key(task.id), "mutants").shuffle(versions)
    for source, fault in versions:
        if len(found) == limit:
            break
        if differs(task, source, probes, answers):
            found.append(Mutant(source, fault, not differs(task, source, shown, right)))
    return tuple(found)


@lru_cache(maxsize=256)
def _probes(task: Task) -> tuple[list[Any], list[Any]]:
    probes = drawn(task.domains, chance.key("mutants", task.composition), PROBES)
    return probes, [task.answer(args) for args in probes]


def differs(task: Task, source: str, inputs: Any, answers: Any, budget: int = BUDGET) -> bool:
    """Whether a version of the reference answers any of the inputs wrongly, raises, or spends its budget."""
    from lanista.arenas.coding.task import _fresh

    run = Counted(source, task.entry_point, budget)
    for args, answer in zip(inputs, answers, strict=True):
        try:
            got = run(*_fresh(args))
        except Exception:  # the version is wrong in whatever way; all of them count alike
            return True
        if not check(task.checker, args, answer, got):
            return True
    return False


@lru_cache(maxsize=1024)
def changed(source: str) -> tuple[tuple[str, str], ...]:
    """Every version of a source with one change, as (source, what was changed), without repetitions."""
    tree = ast.parse(source)
    plain = ast.unparse(tree)
    found: dict[str, str] = {}
    for index, node in enumerate(ast.walk(tree)):
        for number in range(len(list(_changes(node)))):
            other = copy.deepcopy(tree)
            spot = next(n for i, n in enumerate(ast.walk(other)) if i == index)
            fault, change = list(_changes(spot))[number]
            line = getattr(spot, "lineno", None)
            change()
            made = ast.unparse(ast.fix_missing_locations(other))
            if made != plain and made not in found:
                found[made] = f"line {line}: {fault}" if line else fault
    return tuple(found.items())


def _changes(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare(ops=[operator]):
            for kind in _FLIPPED.get(type(operator), ()):
                yield _said(operator, kind), _setter(node, "ops", [kind()])
        case ast.BinOp(op=operator) | ast.AugAssign(op=operator):
            for sign in _SWAPPED.get(type(operator), ()):
                yield _said(operator, sign), _setter(node, "op", sign())
        case ast.Constant(value=bool() as value):
            yield f"{value} became {not value}", _setter(node, "value", not value)
        case ast.Constant(value=int() as value):
            for other in (value + 1, value - 1):
                yield f"{value} became {other}", _setter(node, "value", other)
        case ast.Constant(value=str() as word) if word:
            yield f"{word!r} became ''", _setter(node, "value", "")
        case ast.BoolOp(op=ast.And()):
            yield "and became or", _setter(node, "op", ast.Or())
        case ast.BoolOp(op=ast.Or()):
            yield "or became and", _setter(node, "op", ast.And())
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "not was left out", _become(node, operand)
        case ast.Call(func=ast.Name(id=name)) if name in _NAMES and len(node.args) == 1:
            if not (name == "sum" and node.keywords):
                yield f"{name} became {_NAMES[name]}", _rename(node, _NAMES[name])
        case ast.Call(func=ast.Attribute(attr=name)) if name in _METHODS:
            yield f"{name} became {_METHODS[name]}", _setter(node.func, "attr", _METHODS[name])
        case ast.If():
            yield "the condition was turned round", _setter(node, "test", ast.UnaryOp(ast.Not(), node.test))
            if node.orelse:
                yield "the else branch was left out", _setter(node, "orelse", [])
        case ast.IfExp():
            yield "the condition was turned round", _setter(node, "test", ast.UnaryOp(ast.Not(), node.test))
        case ast.comprehension(ifs=[_, *_]):
            yield "a filter was left out", _setter(node, "ifs", node.ifs[1:])
        case ast.Slice(step=None):
            if node.lower is not None:
                yield "a slice starts too early", _setter(node, "lower", None)
            if node.upper is not None:
                yield "a slice ends too late", _setter(node, "upper", None)
        case ast.FunctionDef() | ast.For() | ast.While():
            for i, statement in enumerate(node.body):
                if len(node.body) > 1 and not isinstance(statement, ast.Return | ast.FunctionDef):
                    yield f"{ast.unparse(statement).splitlines()[0]!r} was left out", _drop(node, i)


def _said(before: ast.AST, after: type[ast.AST]) -> str:
    return f"{_SIGNS[type(before)]} became {_SIGNS[after]}"


def _setter(node: ast.AST, name: str, value: Any) -> Callable[[], None]:
    return lambda: setattr(node, name, value)


def _rename(node: ast.Call, name: str) -> Callable[[], None]:
    def change() -> None:
        node.func = ast.Name(name, ast.Load())
        if name not in ("min", "max"):
            node.keywords = []

    return change


def _become(node: ast.UnaryOp, operand: ast.expr) -> Callable[[], None]:
    def change() -> None:
        node.op, node.operand = ast.Not(), ast.UnaryOp(ast.Not(), operand)

    return change


def _drop(node: ast.FunctionDef | ast.For | ast.While, i: int) -> Callable[[], None]:
    return lambda: node.body.__delitem__(i)
