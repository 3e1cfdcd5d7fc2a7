"""Asserts of literal form into calls and checks: ``assert f(2) == 4`` calls ``f`` with 2 and expects what equals 4.

A converted assert runs outside the program's reach: only the call enters the child, what is expected stays here. What
is not of literal form (loops, random inputs, calls within calls) is not converted, and ``Unconverted`` says why.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lanista.arenas.sandbox.types import Call
from lanista.arenas.sandbox.values import Unfit, encode

ROOM = 200_000
"""Characters that the arguments, or the value, of one assert may have."""

BITS = 4 * ROOM
"""Bits of a whole number: as many as ROOM hexadecimal digits have."""

_SEQUENCES = (str, bytes, list, tuple)

WRAPPERS = frozenset({"set", "sorted", "list", "tuple", "len"})
"""Functions around a call that are applied to the returned value on this side."""


class Unconverted(Exception):
    """An assert that has no literal form, or a test that is more than asserts."""


class Converted(NamedTuple):
    """One assert: the call, the checker by name, the value it is held against."""

    call: Call
    check: str
    value: Any


def convert(body: Sequence[ast.stmt], names: Sequence[str], entry_point: str) -> list[Converted]:
    """The asserts of a test's statements, on a function that the test calls by any of ``names``.

    Raises Unconverted with the line and the reason for the first statement that is more than an assert of literal form.
    """
    known: dict[str, Any] = {}
    found: list[Converted] = []
    for node in body:
        try:
            if isinstance(node, ast.Assert):
                for condition in _conjuncts(node.test):
                    found += _condition(condition, names, entry_point, known)
            elif isinstance(node, ast.Assign) and all(isinstance(t, ast.Name) for t in node.targets):
                value = literal(node.value, known)
                fits(value)  # or a few lines, each of twice the one before, fill the memory
                known |= {t.id: value for t in node.targets if isinstance(t, ast.Name)}
            elif not _idle(node):
                raise Unconverted(f"{_kind(node)} is more than an assert")
        except Unconverted as error:
            raise Unconverted(f"line {node.lineno} of the tests: {error}") from None
        except RecursionError:
            raise Unconverted(f"line {node.lineno} of the tests: nested too deep") from None
    if not found:
        raise Unconverted("the tests assert nothing")
    return found


def literal(node: ast.expr, known: Mapping[str, Any] | None = None) -> Any:
    """The value of a literal: constants, displays, signs, arithmetic of constants, ``set([...])`` and the like.

    Raises Unconverted.
    """
    known = known or {}
    match node:
        case ast.Constant(value=value) if value is not Ellipsis:
            return value
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.List(elts=items):
            return [literal(item, known) for item in items]
        case ast.Tuple(elts=items):
            return tuple(literal(item, known) for item in items)
        case ast.Set(elts=items):
            members = [literal(item, known) for item in items]
            fits(members)
            return _guard(lambda: set(members))
        case ast.Dict(keys=keys, values=values) if all(key is not None for key in keys):
            pairs = [(literal(k, known), literal(v, known)) for k, v in zip(keys, values, strict=True) if k]
            fits([key for key, _ in pairs])
            return _guard(lambda: dict(pairs))
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Invert() as sign, operand=operand):
            return _guard(lambda: _UNARY[type(sign)](literal(operand, known)))
        case ast.BinOp(op=sign, left=left, right=right) if type(sign) in _BINARY:
            return _arithmetic(type(sign), literal(left, known), literal(right, known))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _MAKERS and len(args) <= 1:
            given = [literal(arg, known) for arg in args]
            fits(given)
            if name == "bytes" and any(isinstance(value, int) and value > ROOM for value in given):
                raise Unconverted("a repetition is too long")
            return _guard(lambda: _MAKERS[name](*given))
    raise Unconverted(f"{_shown(node)} is no literal")


_UNARY: Mapping[type, Callable[[Any], Any]] = {ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.inv}
_BINARY: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_MAKERS: Mapping[str, Callable[..., Any]] = {
    "set": set,
    "frozenset": frozenset,
    "tuple": tuple,
    "list": list,
    "dict": dict,
    "float": float,
    "int": int,
    "str": str,
    "bytes": bytes,
    "complex": complex,
}


def _condition(node: ast.expr, names: Sequence[str], entry_point: str, known: Mapping[str, Any]) -> Iterator[Converted]:
    def called(inner: ast.expr) -> tuple[Call, str] | None:
        """The call, and the wrapper around it or ""."""
        wrapper = ""
        if _is_call_of(inner, WRAPPERS) and len(inner.args) == 1 and not inner.keywords:  # type: ignore[attr-defined]
            wrapper, inner = inner.func.id, inner.args[0]  # type: ignore[attr-defined]
        if not _is_call_of(inner, names):
            return None
        return _call(inner, entry_point, known), wrapper  # type: ignore[arg-type]

    def value(inner: ast.expr) -> Any:
        made = literal(inner, known)
        fits(made)
        return made

    match node:
        case ast.Constant(value=constant) if constant:
            return  # `assert True, "..."` says nothing of the program
        case ast.UnaryOp(op=ast.Not(), operand=operand) if (found := called(operand)) and not found[1]:
            yield Converted(found[0], "false", None)
            return
        case ast.Compare(left=left, ops=[ast.Lt() | ast.LtE()], comparators=[bound]) if _is_call_of(left, ("abs",)):
            difference = left.args[0] if len(left.args) == 1 else None  # type: ignore[attr-defined]
            if isinstance(difference, ast.BinOp) and isinstance(difference.op, ast.Sub):
                for one, other in ((difference.left, difference.right), (difference.right, difference.left)):
                    if (found := called(one)) and not found[1]:
                        yield Converted(found[0], f"close:{_number(bound, known)!r}", _number(other, known))
                        return
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            for one, other in ((left, right), (right, left)):
                if not (found := called(one)):
                    continue
                call, wrapper = found
                if isinstance(sign, ast.Eq | ast.Is):
                    yield Converted(call, wrapper or ("equal" if isinstance(sign, ast.Eq) else "exact"), value(other))
                    return
                if not wrapper and isinstance(sign, ast.NotEq):
                    yield Converted(call, "unequal", value(other))
                    return
                if not wrapper and isinstance(sign, ast.In) and one is left:
                    yield Converted(call, "among", value(other))
                    return
        case ast.Call() if _is_isclose(node) and len(node.args) == 2:
            for one, other in ((node.args[0], node.args[1]), (node.args[1], node.args[0])):
                if (found := called(one)) and not found[1]:
                    given = {k.arg: _number(k.value, known) for k in node.keywords}
                    relative, absolute = given.pop("rel_tol", 1e-9), given.pop("abs_tol", 0.0)
                    if not given:
                        yield Converted(found[0], f"isclose:{relative!r}:{absolute!r}", _number(other, known))
                        return
        case ast.Call() if (found := called(node)) and not found[1]:
            yield Converted(found[0], "true", None)
            return
    raise Unconverted(f"{_shown(node)} does not hold one call of {entry_point} against a literal")


def _call(node: ast.Call, entry_point: str, known: Mapping[str, Any]) -> Call:
    if any(isinstance(arg, ast.Starred) for arg in node.args) or any(k.arg is None for k in node.keywords):
        raise Unconverted(f"{_shown(node)} spreads its arguments")
    args = tuple(literal(arg, known) for arg in node.args)
    kwargs = {str(k.arg): literal(k.value, known) for k in node.keywords}
    fits(args)
    fits(kwargs)
    return Call(entry_point, args, kwargs)


def _conjuncts(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        return [part for value in node.values for part in _conjuncts(value)]
    return [node]


def _is_call_of(node: ast.expr, names: Any) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def _is_isclose(node: ast.Call) -> bool:
    match node.func:
        case ast.Name(id="isclose") | ast.Attribute(value=ast.Name(id="math"), attr="isclose"):
            return True
    return False


def _number(node: ast.expr, known: Mapping[str, Any]) -> float:
    made = literal(node, known)
    if type(made) not in (int, float):
        raise Unconverted(f"{_shown(node)} is no number")
    try:
        return float(made)
    except OverflowError:
        raise Unconverted(f"{_shown(node)} is too large for a float") from None


def _arithmetic(sign: type, left: Any, right: Any) -> Any:
    sizes = [
        v.bit_length() if isinstance(v, int) else len(v) if isinstance(v, _SEQUENCES) else 0 for v in (left, right)
    ]
    if sign is ast.Pow and (max(sizes) > 64 or not isinstance(right, int) or abs(right) > 4096):
        raise Unconverted("a power is too large")
    if sign is ast.Mod and isinstance(left, str | bytes):
        raise Unconverted("a formatted text is no literal")
    if sign is ast.Add and sum(sizes) > (ROOM if isinstance(left, _SEQUENCES) else BITS):
        raise Unconverted("a sum is too long")
    if sign is ast.Mult and any(isinstance(v, _SEQUENCES) for v in (left, right)):
        times = left if isinstance(left, int) else right
        if not isinstance(times, int) or max(1, times) * max(sizes) > ROOM:
            raise Unconverted("a repetition is too long")
        made = _guard(lambda: left * right)
        if times > 1:
            fits(made)  # what holds one list many times is small in memory, and huge where it is written or hashed
        return made
    if sign is ast.Mult and sum(sizes) > BITS:
        raise Unconverted("a product is too large")
    return _guard(lambda: _BINARY[sign](left, right))


def _guard(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except Unconverted:
        raise
    except Exception as error:  # whatever arithmetic of a stranger's constants can raise
        raise Unconverted(f"a literal cannot be worked out: {type(error).__name__}: {error}") from None


def fits(value: Any) -> None:
    """Raises Unconverted for a value that cannot cross into a sandbox, or takes more than ROOM."""
    try:
        encode(value, ROOM)
    except (Unfit, RecursionError) as error:
        raise Unconverted(f"a value cannot cross into the sandbox: {error}") from None


def _idle(node: ast.stmt) -> bool:
    """Statements that test nothing: docstrings, ``pass``, bare names, printing of constants."""
    if isinstance(node, ast.Expr) and _is_call_of(node.value, ("print",)):
        return all(isinstance(arg, ast.Constant) for arg in node.value.args)  # type: ignore[attr-defined]
    return isinstance(node, ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant | ast.Name)
    )


def _kind(node: ast.stmt) -> str:
    names = {
        "For": "a loop",
        "While": "a loop",
        "Import": "an import",
        "ImportFrom": "an import",
        "With": "a with block",
    }
    return names.get(type(node).__name__, f"{_shown(node)}")


def _shown(node: ast.AST) -> str:
    try:
        text = " ".join(ast.unparse(node).split())
    except (RecursionError, ValueError):  # too deep, or a whole number of too many digits, to be written
        return "what is too long to show"
    return text if len(text) <= 60 else text[:56] + " ..."
