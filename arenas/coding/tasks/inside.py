"""Stands before the program of an imported task, inside the sandbox: calls the function and says what came back.

Nothing in here knows what is expected. A returned value becomes plain data that equals exactly the literals which the
value itself equals: a Counter its dictionary, a named tuple its tuple, a view of keys its set, and an object that
equals no literal (a generator, a match, a range) a NaN, which equals none either. An object whose class wrote its own
``==`` stays what it is and cannot leave: one that says yes to everything would be right everywhere.

Read inside the sandbox's own interpreter, as text; imports the standard library only.
"""

from __future__ import annotations

import array
import builtins
import datetime
import re
import types
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

DEPTH = 60
"""As in ``lanista.arenas.sandbox.values``: no literal that could be expected is deeper."""

MOST = 2_000_000
"""Parts of one value that are looked at; no literal has as many."""

THROUGH: dict[str, Callable[[Any], Any]] = {
    name: getattr(builtins, name)
    for name in (
        *("all", "any", "bool", "bytes", "dict", "float", "frozenset", "int", "len", "list", "max", "min", "repr"),
        *("round", "set", "sorted", "str", "sum", "tuple"),
    )
}
"""What a test may put around the call; it is applied here, to what the function really returned."""

_Scalar = (type(None), bool, int, float, str)
_BASES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (int, int.__pos__),
    (float, float.__pos__),
    (complex, complex.__pos__),
    (str, str.__str__),
    (bytes, lambda v: bytes.__getitem__(v, slice(None))),
    (Fraction, lambda v: Fraction(v.numerator, v.denominator)),
    (Decimal, Decimal),
)
_EQUAL: dict[Any, tuple[Any, ...]] = {
    dict: (dict.__eq__, OrderedDict.__eq__, Counter.__eq__),  # all three mean dict's, beside a plain dictionary
    **{base: (base.__eq__,) for base in (int, float, complex, str, bytes, Fraction, Decimal)},
    **{base: (base.__eq__,) for base in (list, tuple, set, frozenset)},
}
_UNEQUAL = (*(base.__ne__ for base in _EQUAL), OrderedDict.__ne__, Counter.__ne__)
_NEVER = (
    *(
        range,
        deque,
        array.array,
        slice,
        datetime.date,
        datetime.datetime,
        datetime.time,
        datetime.timedelta,
        re.Pattern,
    ),
    *(types.BuiltinFunctionType, types.MethodType, types.MethodWrapperType, types.GenericAlias, types.UnionType),
)
"""Their ``==`` knows their own kind, and no literal."""
_NOBODYS: list[Any] = [object.__eq__, object.__ne__]
_KEYS: Any = type({}.keys())
_ITEMS: Any = type({}.items())


class Seen:
    """``seen.sorted.like(2)`` calls the function with 2 and gives what stands for ``sorted`` of what it returned."""

    def __init__(self, space: dict[str, Any], name: str, path: tuple[str, ...] = ()) -> None:
        self._space, self._name, self._path = space, name, path

    def __getattr__(self, part: str) -> Seen:
        return Seen(self._space, self._name, (*self._path, part))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._name not in self._space:
            raise NameError(f"the program defines no {self._name}")
        got = self._space[self._name](*args, **kwargs)
        for part in self._path[:-1]:
            name, _, digits = part.partition("_")
            got = round(got, int(digits)) if digits else THROUGH[name](got)
        return ENDS[self._path[-1]](got)


def value(got: Any) -> Any:
    """For what reads the value itself: what no plain data stands for stays what it is, and is unfit to leave."""
    return _Plain(lambda odd: odd).plain(got, 0)


def like(got: Any) -> Any:
    """For ``==``, ``!=`` and ``in`` against literals."""
    return _Plain(lambda odd: float("nan")).plain(got, 0)


def true(got: Any) -> bool:
    """For the bare call, and ``not``."""
    return True if got else False  # noqa: SIM210 - bool() of a class that lies is no bool


def same(got: Any) -> Any:
    """For ``is``: the one object of its kind that it is, or a text."""
    return got if got is None or got is True or got is False else "another"


def array_like(got: Any) -> Any:
    """For ``numpy.allclose``: ``(like(got),)``, and where numpy takes it for another sequence, that one too."""
    unrolled = _unrolled(got, 0)
    return (like(got),) if unrolled is got else (like(got), like(unrolled))


def key(got: Any) -> Any:
    """For ``in`` a dictionary of literals: what cannot be hashed raises, as it does there."""
    hash(got)
    return like(got)


def member(got: Any) -> Any:
    """For ``in`` a set of literals. Of what cannot be hashed only sets may be asked for there."""
    if not isinstance(got, set):
        hash(got)
    return like(got)


ENDS: dict[str, Callable[[Any], Any]] = {
    "value": value,
    "like": like,
    "key": key,
    "member": member,
    "same": same,
    "true": true,
    "array": array_like,
}


class _Plain:
    """One value's way into plain data. ``odd(object)`` is put where an object equals no literal."""

    def __init__(self, odd: Callable[[Any], Any]) -> None:
        self.odd, self.room = odd, MOST

    def plain(self, got: Any, depth: int) -> Any:
        kind = type(got)
        if kind in _Scalar:
            return got
        self.room -= 1
        if depth >= DEPTH or self.room < 0:
            return self.odd(got)
        deeper = depth + 1
        if kind is list:
            return [self.plain(x, deeper) for x in got]
        if kind is tuple:
            return tuple([self.plain(x, deeper) for x in got])
        if kind in (bytearray, memoryview):  # these equal bytes, as long as a view is one of bytes
            return got if kind is memoryview and (got.format != "B" or got.ndim != 1) else bytes(got)
        if issubclass(kind, (_KEYS, _ITEMS)):  # those of an OrderedDict are of a kind of their own
            return frozenset([self.plain(x, deeper) for x in got])
        if kind is types.MappingProxyType:
            return self.plain(dict(got), depth)
        for base, equal in _EQUAL.items():
            if issubclass(kind, base):
                own = (kind.__eq__, kind.__ne__, kind.__hash__)
                usual = own[0] in equal and own[1] in _UNEQUAL and own[2] is base.__hash__
                return self._based(got, base, deeper) if usual else got
        if kind in _NEVER or [kind.__eq__, kind.__ne__] == _NOBODYS:
            return self.odd(got)
        return got

    def _based(self, got: Any, base: Any, deeper: int) -> Any:
        if base is dict:
            return {self.plain(k, deeper): self.plain(v, deeper) for k, v in dict.items(got)}
        if base in (list, tuple, set, frozenset):
            items: Iterable[Any] = base.__iter__(got)
            return base([self.plain(x, deeper) for x in items])
        return next(make for b, make in _BASES if b is base)(got)


def _unrolled(got: Any, depth: int) -> Any:
    """What numpy makes an array of, as lists where it is neither list nor tuple; ``got`` itself where it is."""
    if isinstance(got, range | deque | array.array):
        return list(got)
    if depth >= DEPTH or not isinstance(got, list | tuple):
        return got
    made = [_unrolled(x, depth + 1) for x in got]
    return got if all(a is b for a, b in zip(made, got, strict=True)) else made
