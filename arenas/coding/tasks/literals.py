"""What a test's literals are worth, worked out on this side, and which of them a program could change."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lanista.arenas.sandbox.values import Unfit, encode

ROOM = 200_000
"""Characters that the arguments, or the value, of one assert may have."""

NAMED = 20 * ROOM
"""Characters that what a test gives a name may have: all the inputs of a loop stand in one list."""

BITS = 4 * ROOM
"""Bits of a whole number: as many as ROOM hexadecimal digits have."""

CONSTANTS: Mapping[str, float] = {name: getattr(math, name) for name in ("inf", "nan", "pi", "e", "tau")}
"""What ``math`` names, and numpy as well."""

_SEQUENCES = (str, bytes, list, tuple)


class Unconverted(Exception):
    """An assert that has no literal form, or a test that is more than asserts."""


class Scope(dict[str, Any]):
    """What names of a test stand for. ``taken`` are the program's own names: there, ``set`` may mean anything.

    Reading a value that a program may meanwhile have changed raises Unconverted.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        super().__init__()
        self.taken = frozenset(taken)
        self.modules: dict[str, str] = {}
        self.handed: dict[int, Any] = {}
        """What a call was given, by id: kept, so that no id is used again."""

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        self.check(value, name)
        return value

    def inner(self) -> Scope:
        """The scope of a function within this one: it sees these names, and its own are gone when it ends."""
        made = Scope(self.taken)
        made.update(self)
        made.modules = dict(self.modules)
        made.handed = self.handed
        return made

    def imported(self, module: str, part: str, name: str) -> None:
        """Notes ``from module import part as name``."""
        if module in ("math", "numpy") and part in CONSTANTS:
            self[name] = CONSTANTS[part]
        else:
            self.modules[name] = f"{module}.{part}"

    def check(self, value: Any, name: str) -> None:
        """Raises Unconverted where a call was given part of ``value``."""
        if self.handed and any(key in self.handed for key in changeable(value)):
            raise Unconverted(f"{name} was given to a call, which may change it")

    def hand(self, value: Any) -> None:
        """Notes what a call is given. Raises Unconverted where it holds one changeable thing twice, or one that an
        earlier call was given: the copies that cross would not change together."""
        for key, part in changeable(value, twice=True).items():
            if key in self.handed:
                raise Unconverted("a call is given what an earlier one was given, and may have changed")
            self.handed[key] = part

    def builtin(self, name: str) -> None:
        """Raises Unconverted unless ``name`` is the builtin of that name."""
        if name in self.taken:
            raise Unconverted(f"{name} is a name of the program's own")


def changeable(value: Any, *, twice: bool = False) -> dict[int, Any]:
    """The lists, dictionaries and sets in a value, and numbers that are none (two of them are equal only where they are
    one), by id. With ``twice``, raises Unconverted where one of them stands in two places."""
    found: dict[int, Any] = {}
    seen: set[int] = set()
    rest = [value]
    while rest:
        part = rest.pop()
        if not isinstance(part, list | dict | set | tuple | frozenset | float):
            continue
        if isinstance(part, tuple | frozenset):
            if id(part) in seen and not twice:
                continue
            seen.add(id(part))
        elif not isinstance(part, float) or part != part:
            if id(part) in found:
                if twice:
                    raise Unconverted("a call is given one thing in two places, which may change together")
                continue
            found[id(part)] = part
        if isinstance(part, dict):
            rest += [*part.keys(), *part.values()]
        elif not isinstance(part, float):
            rest += part
    return found


def literal(node: ast.expr, known: Mapping[str, Any] | None = None) -> Any:
    """The value of a literal: constants, displays, signs, arithmetic of constants, ``set([...])`` and the like.

    Raises Unconverted.
    """
    known = known if known is not None else {}
    match node:
        case ast.Constant(value=value) if value is not Ellipsis:
            return value
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.Attribute(value=ast.Name(id=name), attr=part) if part in CONSTANTS and _is_mathematical(known, name):
            return CONSTANTS[part]
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
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in MAKERS and len(args) <= 1:
            if isinstance(known, Scope):
                known.builtin(name)
            given = [literal(arg, known) for arg in args]
            fits(given)
            if name == "bytes" and any(isinstance(value, int) and value > ROOM for value in given):
                raise Unconverted("a repetition is too long")
            return _guard(lambda: MAKERS[name](*given))
    raise Unconverted(f"{shown(node)} is no literal")


def _is_mathematical(known: Mapping[str, Any], name: str) -> bool:
    return isinstance(known, Scope) and known.modules.get(name) in ("math", "numpy")


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
MAKERS: Mapping[str, Callable[..., Any]] = {
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
"""Builtins that a literal may call."""


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


def fits(value: Any, room: int = ROOM) -> None:
    """Raises Unconverted for a value that cannot cross into a sandbox, or takes more than ``room``."""
    try:
        encode(value, room)
    except (Unfit, RecursionError) as error:
        raise Unconverted(f"a value cannot cross into the sandbox: {error}") from None


def shown(node: ast.AST) -> str:
    """The source of a node on one line, cut."""
    try:
        text = " ".join(ast.unparse(node).split())
    except (RecursionError, ValueError):  # too deep, or a whole number of too many digits, to be written
        return "what is too long to show"
    return text if len(text) <= 60 else text[:56] + " ..."
