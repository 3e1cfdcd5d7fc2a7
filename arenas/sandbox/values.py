"""Values as they cross between a program and whoever judges it: size-capped JSON with tagged types.

Only exact types cross (None, bool, int, float, complex, str, bytes, list, tuple, set, frozenset, dict, Fraction,
Decimal): an ``int`` subclass whose ``__eq__`` says yes to everything cannot be built on the judge's side. JSON's own
null, true, numbers, strings and arrays stand for None, bool, int, finite float, str and list; everything else is an
object of one tag: ``{"i": "0x..."}`` large int, ``{"f": "nan"}``, ``{"c": [re, im]}``, ``{"b": "<hex>"}`` bytes,
``{"t": [...]}`` tuple, ``{"s": [...]}`` set, ``{"z": [...]}`` frozenset, ``{"d": [[key, value], ...]}`` dictionary,
``{"q": "-0x1/0x3"}`` Fraction, ``{"m": "1.50"}`` Decimal.

Read on both sides of the wall; imports the standard library only.
"""

from __future__ import annotations

import itertools
import math
import operator
import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

DEPTH = 60
"""Containers within containers that cross; deeper values are unfit."""

COLLISIONS = 100
"""Elements of one set, or keys of one dictionary, that may share a hash; more are unfit."""

DIGITS = 10_000
"""Digits of a Decimal, hexadecimal digits of either half of a Fraction: bringing more to lowest terms takes long."""

_SMALL = 1 << 53
_DECIMAL = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?(?:E[+-][0-9]{1,19})?|Infinity|NaN)")


class Unfit(Exception):
    """A value that cannot cross, or text that stands for none."""


def encode(value: Any, room: int) -> Any:
    """``value`` as JSON-able data of at most about ``room`` characters. Raises Unfit."""
    return _Encoder(room).encode(value, 0)


class _Encoder:
    def __init__(self, room: int) -> None:
        self.room = room

    def spend(self, size: int) -> None:
        self.room -= size
        if self.room < 0:
            raise Unfit("the value is too large")

    def encode(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if value is None or kind is bool:
            self.spend(5)
            return value
        if kind is int:
            if -_SMALL < value < _SMALL:
                self.spend(3 + value.bit_length() // 4)
                return value
            self.spend(12 + value.bit_length() // 4)
            return {"i": hex(value)}
        if kind is float:
            self.spend(26)
            return value if math.isfinite(value) else {"f": repr(value)}
        if kind is str:
            self.spend(len(value) + 3)
            return value
        if depth >= DEPTH:
            raise Unfit(f"the value is nested more than {DEPTH} deep")
        if kind is list:
            return self._items(value, depth)
        if kind is tuple:
            return {"t": self._items(value, depth)}
        if kind is dict:
            self.spend(10 + 4 * len(value))
            return {"d": [[self.encode(k, depth + 1), self.encode(v, depth + 1)] for k, v in value.items()]}
        if kind is set:
            return {"s": self._items(value, depth)}
        if kind is frozenset:
            return {"z": self._items(value, depth)}
        if kind is bytes:
            self.spend(2 * len(value) + 10)
            return {"b": value.hex()}
        if kind is complex:
            return {"c": [self.encode(value.real, depth + 1), self.encode(value.imag, depth + 1)]}
        if kind is Fraction:
            return {"q": self._number(f"{value.numerator:#x}/{value.denominator:#x}", 2 * DIGITS)}
        if kind is Decimal and not value.is_snan():  # which raises wherever it is compared
            return {"m": self._number("NaN" if value.is_nan() else str(value), DIGITS)}
        raise Unfit(f"a value of type {kind.__name__[:60]!s} cannot leave the sandbox")

    def _number(self, text: str, most: int) -> str:
        if len(text) > most:
            raise Unfit("a number of too many digits")
        self.spend(len(text) + 10)
        return text

    def _items(self, values: Any, depth: int) -> list[Any]:
        self.spend(10 + len(values))
        return [self.encode(v, depth + 1) for v in values]


def decode(data: Any, depth: int = 0) -> Any:
    """The value that ``encode`` wrote, or Unfit for anything it could not have written. Raises nothing else.

    ``data`` comes out of ``json.loads``, so it holds exact builtin types and no cycles.
    """
    if data is None or type(data) in (bool, int, str):
        return data
    if type(data) is float:
        if not math.isfinite(data):
            raise Unfit("a float that is not finite has a tag")
        return data
    if depth >= DEPTH + 1:
        raise Unfit("nested too deep")
    if type(data) is list:
        return [decode(item, depth + 1) for item in data]
    if type(data) is not dict or len(data) != 1:
        raise Unfit("an object has one tag")
    ((tag, body),) = data.items()
    return _tagged(tag, body, depth)


def crowded(items: Iterable[Any]) -> bool:
    """Whether more than COLLISIONS different ``items`` share a hash. Raises TypeError for what has none.

    Hashes of numbers are no secret (that of k * (2**61 - 1) is 0), and a set takes quadratic time where they are the
    same: it would be the judge's time. Sorted, because counting them in a dictionary would have the same weakness.
    """
    hashed = sorted(((hash(item), item) for item in items), key=operator.itemgetter(0))
    if not any(a[0] == b[0] for a, b in zip(hashed, hashed[COLLISIONS:], strict=False)):
        return False
    for _, group in itertools.groupby(hashed, key=operator.itemgetter(0)):
        different: list[Any] = []
        for _, item in group:
            if item not in different:
                different.append(item)
            if len(different) > COLLISIONS:
                return True
    return False


def _tagged(tag: Any, body: Any, depth: int) -> Any:
    if tag in ("i", "f", "b", "q", "m"):
        if type(body) is not str:
            raise Unfit(f"{tag} holds text")
        return _text(tag, body)
    if type(body) is not list:
        raise Unfit(f"{tag!r:.20} is no tag, or holds no list")
    if tag == "d":
        return _dict(body, depth)
    items = [decode(item, depth + 1) for item in body]
    if tag == "t":
        return tuple(items)
    if tag == "c":
        if len(items) != 2 or not all(type(x) is float for x in items):
            raise Unfit("a complex number is two floats")
        return complex(*items)
    if tag not in ("s", "z"):
        raise Unfit(f"{tag!r:.20} is no tag")
    try:
        if crowded(items):
            raise Unfit(f"a set of more than {COLLISIONS} elements with the same hash")
        made = frozenset(items)
    except TypeError:
        raise Unfit("a set of what cannot be in one") from None
    if len(made) != len(items):
        raise Unfit("a set holds nothing twice")
    return set(made) if tag == "s" else made


def _text(tag: str, body: str) -> Any:
    if tag == "f":
        if body not in ("nan", "inf", "-inf"):
            raise Unfit("a tagged float is nan, inf or -inf")
        return float(body)
    if tag in ("q", "m") and len(body) > 2 * DIGITS:
        raise Unfit("a number of too many digits")
    if tag == "m":
        try:
            if _DECIMAL.fullmatch(body):
                return Decimal(body)
        except InvalidOperation:  # an exponent beyond all that there are
            pass
        raise Unfit("no decimal number")
    try:
        if tag == "q":
            above, _, below = body.partition("/")
            numerator, denominator = int(above, 16), int(below, 16)
            if denominator < 1 or math.gcd(numerator, denominator) != 1:
                raise Unfit("a fraction is in lowest terms")
            return Fraction(numerator, denominator)
        return int(body, 16) if tag == "i" else bytes.fromhex(body)
    except ValueError:
        raise Unfit("no hexadecimal digits") from None


def _dict(body: list[Any], depth: int) -> dict[Any, Any]:
    pairs = []
    for pair in body:
        if type(pair) is not list or len(pair) != 2:
            raise Unfit("a dictionary is a list of pairs")
        pairs.append((decode(pair[0], depth + 1), decode(pair[1], depth + 1)))
    try:
        if crowded(key for key, _ in pairs):
            raise Unfit(f"a dictionary with more than {COLLISIONS} keys of the same hash")
        made = dict(pairs)
    except TypeError:
        raise Unfit("a key that cannot be one") from None
    if len(made) != len(body):
        raise Unfit("a dictionary holds no key twice")
    return made
