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
def changed(source: str, finer: bool = False) -> tuple[tuple[str, str], ...]:
    """Every version of a source with one change, as (source, what was changed), without repetitions; the ``finer``
    changes are those of orders, ties, defaults and rounding, which nobody is given to find."""
    changes = _finer if finer else _changes
    tree = ast.parse(source)
    plain = ast.unparse(tree)
    found: dict[str, str] = {}
    for index, node in enumerate(ast.walk(tree)):
        for number in range(len(list(changes(node)))):
            other = copy.deepcopy(tree)
            spot = next(n for i, n in enumerate(ast.walk(other)) if i == index)
            fault, change = list(changes(spot))[number]
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


def _finer(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Lambda(body=ast.Tuple(elts=[_, _, *_] as parts) as pair):
            for i in range(len(parts)):
                yield f"part {i + 1} of the key was left out", _setter(pair, "elts", parts[:i] + parts[i + 1 :])
            yield (
                "the last part of the key was turned round",
                _setter(pair, "elts", [*parts[:-1], _backwards(parts[-1])]),
            )
        case ast.Call(func=ast.Name(id="sorted"), args=[inside]):
            yield "sorted became list", _called(node, "list", inside)
            if node.keywords:
                yield "the sorting key was left out", _setter(node, "keywords", [])
            yield (
                "equal ones were turned round",
                _setter(node, "args", [_call("list", _call("reversed", _listed(inside)))]),
            )
            yield (
                "it was sorted downwards",
                _setter(node, "keywords", [*node.keywords, ast.keyword("reverse", ast.Constant(True))]),
            )
            yield "repeated ones were left out", _setter(node, "args", [_call("set", inside)])
        case ast.Call(func=ast.Name(id="min" | "max"), args=[inside]):
            if any(word.arg == "key" for word in node.keywords):
                yield "the key was left out", _setter(node, "keywords", [w for w in node.keywords if w.arg != "key"])
                yield "the last of equal ones was taken", _setter(node, "args", [_call("reversed", _listed(inside))])
            for word in node.keywords:
                if word.arg == "default" and isinstance(word.value, ast.Constant):
                    yield "the default became None", _setter(word, "value", ast.Constant(None))
        case ast.Call(func=ast.Attribute(attr="split"), args=[]):
            yield "split became split(' ')", _setter(node, "args", [ast.Constant(" ")])
        case ast.Call(func=ast.Attribute(attr="fromkeys"), args=[inside]):
            yield (
                "the last of equal ones was kept",
                _setter(
                    node, "args", [_call("reversed", _call("list", _call("dict.fromkeys", _call("reversed", inside))))]
                ),
            )
        case ast.Call(func=ast.Name(id="len"), args=[ast.Call(func=ast.Name(id="set"), args=[inside])]):
            yield "repeated ones were counted", _setter(node, "args", [_listed(inside)])
        case ast.BinOp(op=ast.FloorDiv(), left=left, right=right):
            yield "// cuts towards 0", _become_other(node, _call("int", ast.BinOp(left, ast.Div(), right)))
            yield "// became /", _setter(node, "op", ast.Div())
            yield "// rounds", _become_other(node, _call("round", ast.BinOp(left, ast.Div(), right)))
        case ast.BinOp(op=ast.Mod(), left=left, right=right):
            yield "% keeps the sign", _become_other(node, _call("int", _call("__import__('math').fmod", left, right)))
            yield "% was left out", _become_other(node, left)
        case ast.Call(func=ast.Name(id="abs"), args=[inside]):
            yield "abs was left out", _become_other(node, inside)
        case ast.Call(func=ast.Name(id="min" | "max"), args=[one, other]):
            yield "the first was taken", _become_other(node, one)
            yield "the second was taken", _become_other(node, other)
        case ast.BinOp(op=ast.Mult() | ast.Pow(), left=left):
            yield "a product became its left part", _become_other(node, left)
        case ast.Subscript(value=value, slice=ast.Slice()):
            yield "a slice was left out", _become_other(node, value)


def _backwards(part: ast.expr) -> ast.expr:
    return part.operand if isinstance(part, ast.UnaryOp) else ast.UnaryOp(ast.USub(), part)


def _call(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(func=ast.parse(name, mode="eval").body, args=list(args), keywords=[])


def _listed(inside: ast.expr) -> ast.expr:
    """A list of what a generator gives."""
    if isinstance(inside, ast.GeneratorExp):
        return ast.ListComp(inside.elt, inside.generators)
    return _call("list", inside)


def _called(node: ast.Call, name: str, inside: ast.expr) -> Callable[[], None]:
    def change() -> None:
        node.func, node.args, node.keywords = ast.Name(name, ast.Load()), [inside], []

    return change


def _become_other(node: ast.expr, other: ast.expr) -> Callable[[], None]:
    """The node turns into another expression, made of its parts; what holds it is not known here."""

    def change() -> None:
        inner = copy.copy(other)
        node.__class__ = inner.__class__
        node.__dict__.clear()
        node.__dict__.update(inner.__dict__)

    return change


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
