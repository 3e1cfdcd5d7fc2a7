"""Asserts of literal form into calls and checks: ``assert f(2) == 4`` calls ``f`` with 2 and expects what equals 4.

A converted assert runs outside the program's reach: only the call enters the child, what is expected stays here. It
says exactly what Python says of it, but where a class of the program's own decides what it equals. What is not of
literal form (random inputs, calls within calls) is not converted, and ``Unconverted`` says why.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from lanista.arenas.coding.tasks import published
from lanista.arenas.coding.tasks.inside import THROUGH
from lanista.arenas.coding.tasks.literals import MAKERS, NAMED, Scope, Unconverted, fits, literal, shown
from lanista.arenas.sandbox.types import Call
from lanista.arenas.sandbox.values import decode, encode

TURNS = 20_000
"""Statements of loops that are worked out, all of a task's together."""

DIGITS = 20
"""Most that ``round(f(x), digits)`` may name."""

_MEANT = frozenset({*MAKERS, *THROUGH, "abs", "enumerate", "print", "range", "zip", "isclose"})
"""Names whose meaning is taken for granted here; tests that give one another meaning are not converted."""

_ORDERS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_EQUAL = {ast.Eq: "equal", ast.NotEq: "unequal"}
_LEFT = {ast.In: "among", ast.NotIn: "not_among"}
_IS = {ast.Is: "exact", ast.IsNot: "not_exact"}


class Converted(NamedTuple):
    """One assert: the call, the checker by name, the value it is held against."""

    call: Call
    check: str
    value: Any
    through: tuple[str, ...] = ()
    """What is applied to the returned value inside the sandbox: ``("list", "sorted")`` for ``sorted(list(f(x)))``."""

    @property
    def end(self) -> str:
        """How what was observed crosses: see ``inside.ENDS``."""
        if self.check in ("true", "false"):
            return "true"
        if self.check in _IS.values():
            return "same"
        if self.check == "allclose":
            return "array"
        if self.check in _LEFT.values() and isinstance(self.value, (set, frozenset, dict)):
            return "key" if isinstance(self.value, dict) else "member"
        return "value" if self.check.startswith(("close", "isclose", "order")) else "like"


def convert(
    body: Sequence[ast.stmt], names: Sequence[str], entry_point: str, taken: Iterable[str] = ()
) -> list[Converted]:
    """The asserts of a test's statements, on a function that the test calls by any of ``names``.

    ``taken`` are the names that the program itself gives to things. Raises Unconverted with the line and the reason
    for the first statement that is more than an assert of literal form.
    """
    reader = Reader(names, entry_point, taken)
    reader.read(body)
    return reader.all()


class Reader:
    """Reads the statements of a task's tests, in the order in which they would run."""

    def __init__(self, names: Sequence[str], entry_point: str, taken: Iterable[str] = ()) -> None:
        self.names, self.entry_point = tuple(names), entry_point
        self.scope = Scope(taken)
        self.helpers: dict[str, ast.FunctionDef] = {}
        self.found: list[Converted] = []
        self.turns = 0

    def all(self) -> list[Converted]:
        """What was found. Raises Unconverted where that is nothing."""
        if not self.found:
            raise Unconverted("the tests assert nothing")
        return self.found

    def read(self, body: Sequence[ast.stmt]) -> None:
        """Raises Unconverted for the first statement that is more than an assert of literal form."""
        for node in body:
            try:
                self._statement(node)
            except Unconverted as error:
                text = str(error)
                raise Unconverted(
                    text if text.startswith("line ") else f"line {node.lineno} of the tests: {text}"
                ) from None
            except RecursionError:
                raise Unconverted(f"line {node.lineno} of the tests: nested too deep") from None

    def function(self, node: ast.FunctionDef, *given: str) -> None:
        """A call of a function of the tests, with the function under test for its parameters ``given``."""
        if node.decorator_list or ast.unparse(node.args) != ", ".join(given):
            raise Unconverted(
                f"line {node.lineno} of the tests: {node.name} is more than a function of {given or 'nothing'}"
            )
        outer = self.scope, self.names
        self.scope, self.names = self.scope.inner(), (*(n for n in self.names if n not in given), *given)
        self.read(node.body)
        self.scope, self.names = outer

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assert(test=test):
                for condition in _conjuncts(test):
                    self.found += self._condition(condition)
            case ast.Assign(targets=targets, value=value):
                made = literal(value, self.scope)
                fits(made, NAMED)  # or a few lines, each of twice the one before, fill the memory
                for target in targets:
                    self._bind(target, made)
            case ast.For(target=target, iter=over, body=body, orelse=[]):
                for item in self._items(over):
                    self._bind(target, item)
                    self.turns += len(body)
                    if self.turns > TURNS:
                        raise Unconverted("a loop of too many turns")
                    self.read(body)
            case ast.Import() | ast.ImportFrom():
                self._import(node)
            case ast.FunctionDef(name=name):
                self._helper(node)
                self._named(name)
                self.helpers[name] = node
            case ast.Expr(value=ast.Call(func=ast.Name(id=name))) if name in self.helpers:
                self.found.append(self._helped(node.value, name))
            case _ if not self._idle(node):
                raise Unconverted(f"{_kind(node)} is more than an assert")

    # --- statements

    def _bind(self, target: ast.expr, value: Any) -> None:
        match target:
            case ast.Name(id=name):
                self._named(name)
                self.scope[name] = value
            case ast.Tuple(elts=parts) if isinstance(value, list | tuple) and len(parts) == len(value):
                for part, inner in zip(parts, value, strict=True):
                    self._bind(part, inner)
            case _:
                raise Unconverted(f"{shown(target)} is more than a name")

    def _named(self, name: str) -> None:
        """Raises Unconverted where the tests give ``name`` another meaning."""
        if name in _MEANT or name in self.names or name in self.scope.taken:
            raise Unconverted(f"{name} is given another meaning")
        self.scope.pop(name, None)
        self.scope.modules.pop(name, None)
        self.helpers.pop(name, None)

    def _items(self, over: ast.expr) -> Iterator[Any]:
        """The items of what a loop goes over."""
        match over:
            case ast.Call(func=ast.Name(id="enumerate"), args=[inner], keywords=[]):
                self.scope.builtin("enumerate")
                yield from enumerate(self._items(inner))
            case ast.Call(func=ast.Name(id="zip"), args=inner, keywords=[]):
                self.scope.builtin("zip")
                yield from zip(*map(self._items, inner))  # noqa: B905 - as the tests have it
            case ast.Call(func=ast.Name(id="range"), args=bounds, keywords=[]) if 1 <= len(bounds) <= 3:
                self.scope.builtin("range")
                given = [literal(bound, self.scope) for bound in bounds]
                if not all(type(bound) is int for bound in given) or given[2:] == [0]:
                    raise Unconverted(f"{shown(over)} is no range")
                yield from range(*given)
            case _:
                made = literal(over, self.scope)
                if not isinstance(made, list | tuple | dict | str):
                    raise Unconverted(f"a loop over {shown(over)}")
                yield from list(made)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        """Modules that are there for sure: those of the standard library, and numpy, which only ``_helped`` reads."""
        known = sys.stdlib_module_names | {"numpy"}
        module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            root = (module or alias.name).partition(".")[0]
            if root not in known or (isinstance(node, ast.ImportFrom) and node.level) or root == "__future__":
                raise Unconverted(f"an import of {module or alias.name}")
            if module and alias.name == "*":
                if module != "math":
                    raise Unconverted(f"an import of everything in {module}")
                self.scope.imported("math", "isclose", "isclose")
                continue
            name = alias.asname or alias.name.partition(".")[0]
            if (module, alias.name, name) != ("math", "isclose", "isclose"):
                self._named(name)
            if module:
                self.scope.imported(module, alias.name, name)
            else:
                self.scope.modules[name] = alias.name if alias.asname else root

    def _helper(self, node: ast.FunctionDef) -> None:
        """Raises Unconverted unless defining the function does nothing but that."""
        if node.decorator_list:
            raise Unconverted(f"{node.name} is decorated")
        for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            literal(default, self.scope)
        notes = [a.annotation for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
        for note in filter(None, (*notes, node.returns)):
            for inner in ast.walk(note):
                if isinstance(inner, ast.Name) and not (hasattr(builtins, inner.id) or inner.id in self.scope.modules):
                    raise Unconverted(f"{shown(note)} is no known annotation")

    def _helped(self, node: ast.expr, name: str) -> Converted:
        """A call of a helper that is known: ``assertion(f(x), y, 0)``."""
        assert isinstance(node, ast.Call)
        kind = published.meaning(name, self.helpers, self.scope.modules)
        if kind is None or len(node.args) != 3 or node.keywords:
            raise Unconverted(f"{shown(node)} calls a helper of the tests")
        got, expected, within = node.args
        found = self._called(got)
        if found is None or found[1]:
            raise Unconverted(f"{shown(node)} does not hold one call of {self.entry_point}")
        value, number = self._value(expected), literal(within, self.scope)
        if type(number) not in (int, float):
            raise Unconverted(f"{shown(within)} is no number")
        return published.converted(kind, found[0], value, number)

    def _idle(self, node: ast.stmt) -> bool:
        """Statements that test nothing: docstrings, ``pass``, bare names, printing of constants."""
        if not isinstance(node, ast.Expr):
            return isinstance(node, ast.Pass)
        value = node.value
        if isinstance(value, ast.Call) and _is_call_of(value, ("print",)) and "print" not in self.scope.taken:
            return not value.keywords and all(isinstance(arg, ast.Constant) for arg in value.args)
        return isinstance(value, ast.Constant) or (
            isinstance(value, ast.Name) and (hasattr(builtins, value.id) or value.id in (*self.names, *self.scope))
        )

    # --- conditions

    def _condition(self, node: ast.expr) -> Iterator[Converted]:
        match node:
            case ast.Constant(value=constant) if constant:
                return  # `assert True, "..."` says nothing of the program
            case ast.UnaryOp(op=ast.Not(), operand=operand) if found := self._called(operand):
                yield Converted(found[0], "false", None, found[1])
                return
            case ast.Compare(left=left, ops=[sign], comparators=[right]):
                made = self._distance(left, sign, right) or self._compared(left, sign, right)
                if made is not None:
                    yield made
                    return
            case ast.Call() if self._is_isclose(node) and len(node.args) == 2:
                for one, other in ((node.args[0], node.args[1]), (node.args[1], node.args[0])):
                    if (found := self._called(one)) is None:
                        continue
                    given = {k.arg: self._number(k.value) for k in node.keywords}
                    relative, absolute = given.pop("rel_tol", 1e-9), given.pop("abs_tol", 0.0)
                    if not given:
                        yield Converted(found[0], "isclose", (self._number(other), relative, absolute), found[1])
                        return
            case ast.Call() if found := self._called(node):
                yield Converted(found[0], "true", None, found[1])
                return
        raise Unconverted(f"{shown(node)} does not hold one call of {self.entry_point} against a literal")

    def _compared(self, left: ast.expr, sign: ast.cmpop, right: ast.expr) -> Converted | None:
        kind = type(sign)
        for one, other in ((left, right), (right, left)):
            if (found := self._called(one)) is None:
                continue
            call, through = found
            if kind in _IS:
                if not (isinstance(other, ast.Constant) and (other.value is None or isinstance(other.value, bool))):
                    raise Unconverted(f"whether a value is {shown(other)} is up to the interpreter")
                return Converted(call, _IS[kind], other.value, through)
            if kind in _EQUAL:
                return Converted(call, _EQUAL[kind], self._value(other), through)
            if kind in _LEFT and one is left:
                return Converted(call, _LEFT[kind], self._value(other), through)
            if kind in _ORDERS:
                order = _ORDERS[kind]
                order = order if one is left else _MIRRORED[order]
                return Converted(call, f"order:{order}", self._value(other), through)
        return None

    def _distance(self, left: ast.expr, sign: ast.cmpop, right: ast.expr) -> Converted | None:
        """``abs(f(x) - y) < z``, any way round."""
        if type(sign) not in _ORDERS:
            return None
        for one, bound, mirrored in ((left, right, False), (right, left, True)):
            match one:
                case ast.Call(func=ast.Name(id="abs"), args=[ast.BinOp(op=ast.Sub(), left=a, right=b)], keywords=[]):
                    for inner, other in ((a, b), (b, a)):
                        if found := self._called(inner):
                            self.scope.builtin("abs")
                            order = _ORDERS[type(sign)]
                            order = _MIRRORED[order] if mirrored else order
                            value = (self._number(other), self._number(bound))
                            return Converted(found[0], f"close:{order}", value, found[1])
        return None

    def _called(self, node: ast.expr) -> tuple[Call, tuple[str, ...]] | None:
        """The call that is in there, and what stands around it; None where it is something else."""
        around: list[str] = []
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            name = node.func.id
            rounds = name == "round" and len(node.args) == 2 and name not in self.names
            digits = literal(node.args[1], self.scope) if rounds else None
            if name in self.names or name not in THROUGH or len(node.args) != (1 if digits is None else 2):
                break
            if digits is not None and (type(digits) is not int or not 0 <= digits <= DIGITS):
                raise Unconverted(f"{shown(node)} rounds to {shown(node.args[1])} digits")
            around.append(name if digits is None else f"{name}_{digits}")
            node = node.args[0]
        if not _is_call_of(node, self.names):
            return None
        for name in around:
            self.scope.builtin(name.partition("_")[0])
        return self._call(node), tuple(reversed(around))  # type: ignore[arg-type]

    def _call(self, node: ast.Call) -> Call:
        if any(k.arg is None for k in node.keywords):
            raise Unconverted(f"{shown(node)} spreads its arguments")
        args: list[Any] = []
        for arg in node.args:
            if isinstance(arg, ast.Starred):
                spread = literal(arg.value, self.scope)
                if not isinstance(spread, list | tuple | str):
                    raise Unconverted(f"{shown(node)} spreads its arguments")
                args += spread
            else:
                args.append(literal(arg, self.scope))
        kwargs = {str(k.arg): literal(k.value, self.scope) for k in node.keywords}
        fits(args)
        fits(kwargs)
        _in_order([args, kwargs])
        self.scope.hand((*args, *kwargs.values()))
        return Call(self.entry_point, tuple(args), kwargs)

    def _value(self, node: ast.expr) -> Any:
        made = literal(node, self.scope)
        fits(made)
        self.scope.check(made, shown(node))
        return made

    def _number(self, node: ast.expr) -> Any:
        made = literal(node, self.scope)
        if type(made) not in (int, float):
            raise Unconverted(f"{shown(node)} is no number")
        return made

    def _is_isclose(self, node: ast.Call) -> bool:
        match node.func:
            case ast.Name(id="isclose"):
                return self.scope.modules.get("isclose") == "math.isclose"
            case ast.Attribute(value=ast.Name(id=name), attr="isclose"):
                return self.scope.modules.get(name) == "math"
        return False


def _in_order(value: Any) -> None:
    """Raises Unconverted where a set would cross, and come out in another order than it had."""
    rest = [value]
    while rest:
        part = rest.pop()
        if isinstance(part, set | frozenset):
            if list(decode(encode(part, 1 << 30))) != list(part):
                raise Unconverted("a set is given whose order depends on how it was made")
        elif isinstance(part, dict):
            rest += part.values()
        elif isinstance(part, list | tuple):
            rest += part


def _conjuncts(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        return [part for value in node.values for part in _conjuncts(value)]
    return [node]


def _is_call_of(node: ast.expr, names: Any) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def _kind(node: ast.stmt) -> str:
    names = {"For": "a loop", "While": "a loop", "With": "a with block", "ClassDef": "a class"}
    return names.get(type(node).__name__, f"{shown(node)}")
