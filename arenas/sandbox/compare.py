"""Whether a program's answer is the expected one: exact types, exact values, bounded depth. Runs beside the judge."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

from lanista.arenas.sandbox.values import DEPTH


def compare(expected: Any, got: Any, tolerance: float | None = None) -> bool:
    """Whether ``got`` equals ``expected`` in type and value, all the way down. Never raises, never calls their code.

    True is not 1, 1 is not 1.0, a tuple is not a list, and a subclass is nothing at all. NaN equals NaN: expecting it
    means expecting it. Dictionaries and sets have no order. ``tolerance`` lets finite floats differ by that much,
    absolutely or relative to the larger one, but not where they are keys or elements of a set.
    """
    return _same(expected, got, tolerance, 0)


def _same(expected: Any, got: Any, tolerance: float | None, depth: int) -> bool:
    kind = type(expected)
    if type(got) is not kind or depth > DEPTH + 1:
        return False
    if kind is float:
        return _same_float(expected, got, tolerance)
    if kind is complex:
        return _same_float(expected.real, got.real, tolerance) and _same_float(expected.imag, got.imag, tolerance)
    if kind in (list, tuple):
        return len(expected) == len(got) and all(
            _same(a, b, tolerance, depth + 1) for a, b in zip(expected, got, strict=True)
        )
    if kind is dict:
        if len(expected) != len(got):
            return False
        there = {_key(k, depth): v for k, v in got.items()}
        here = {_key(k, depth): v for k, v in expected.items()}
        return there.keys() == here.keys() and all(_same(v, there[k], tolerance, depth + 1) for k, v in here.items())
    if kind in (set, frozenset):
        return len(expected) == len(got) and {_key(x, depth) for x in expected} == {_key(x, depth) for x in got}
    if kind is Decimal:
        return bool(expected == got or (expected.is_nan() and got.is_nan()))
    if value_is_plain(kind):
        return bool(expected == got)
    return False


def value_is_plain(kind: type) -> bool:
    """Whether values of exactly this type compare by themselves."""
    return kind in (type(None), bool, int, str, bytes, Fraction)


def _same_float(expected: float, got: float, tolerance: float | None) -> bool:
    if expected == got or (math.isnan(expected) and math.isnan(got)):
        return True
    if tolerance is None or not (math.isfinite(expected) and math.isfinite(got)):
        return False
    return math.isclose(expected, got, rel_tol=tolerance, abs_tol=tolerance)


def _key(value: Any, depth: int) -> Any:
    """A hashable that is equal only for values of equal type and value: in Python ``1 == True == 1.0``."""
    kind = type(value)
    if depth > DEPTH + 1:
        return (object(),)  # equal to nothing
    if kind in (tuple, frozenset):
        inner = [_key(x, depth + 1) for x in value]
        return (kind, frozenset(inner) if kind is frozenset else tuple(inner))
    if kind is Decimal:
        return (kind, "NaN" if value.is_nan() else value)
    if kind in (float, complex):
        return (kind, repr(value) if value != value else value)
    return (kind, value) if value_is_plain(kind) else (object(),)
