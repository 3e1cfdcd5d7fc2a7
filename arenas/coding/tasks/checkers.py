"""How a returned value is judged: exactly, within a tolerance, or by what any right answer must fulfil.

Values have crossed from another process as plain data and may be of any shape: no checker raises, none trusts a type.
"""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from lanista.arenas.sandbox.compare import compare

DEEPEST = 60
"""Levels of nesting that are compared; a deeper value equals nothing."""

TOLERANCE = 1e-6
"""Relative and absolute, where a task asks for it."""

ELEMENTS = 1_000_000
"""Of an array that comparing two of different shapes may make."""

Checker = Callable[[tuple[Any, ...], Any, Any], bool]
"""``checker(args, expected, got)``."""


def check(name: str, args: tuple[Any, ...], expected: Any, got: Any) -> bool:
    """Whether ``got`` is right. Never raises. ``close:<`` and ``order:>=`` name a comparison behind the colon."""
    name, _, order = name.partition(":")
    if name == "close":
        return _close(expected, got, ORDERS[order])
    if name == "order":
        return _ordered(expected, got, ORDERS[order])
    return CHECKERS[name](args, expected, got)


def loose(expected: Any, got: Any, depth: int = DEEPEST) -> bool:
    """What ``==`` says of plain data, which is what an assert of a user's file asked for: 1 equals 1.0 and True."""
    return depth >= 0 and _shallow(got, depth) and bool(got == expected)


def _indices(value: Any, count: int) -> bool:
    return type(value) is list and len(value) == count and all(type(i) is int for i in value)


def _pair(args: tuple[Any, ...], expected: Any, got: Any, sign: int) -> bool:
    """Any [i, j] with i < j and v[j] + sign * v[i] == t, or [] where the reference found none."""
    v, t = args
    if expected == []:
        return type(got) is list and got == []
    if not _indices(got, 2):
        return False
    i, j = got
    return bool(0 <= i < j < len(v) and v[j] + sign * v[i] == t)


def _order(args: tuple[Any, ...], expected: Any, got: Any, first: int) -> bool:
    """Any order of 0 to 5 that keeps to every pair, or [] where the reference says there is none."""
    if expected == []:
        return type(got) is list and got == []
    if not _indices(got, 6) or sorted(got) != list(range(6)):
        return False
    return all(got.index(pair[first]) < got.index(pair[1 - first]) for pair in args[0])


def _change(args: tuple[Any, ...], expected: Any, got: Any, once: bool) -> bool:
    """Any numbers from v that add up to n, as few as the reference took, or None where it found none."""
    n, v = args
    if expected is None:
        return got is None
    if not _indices(got, len(expected)):
        return False
    taken = all(got.count(x) <= v.count(x) for x in got) if once else set(got) <= set(v)
    return bool(taken and sum(got) == n)


def _peak(args: tuple[Any, ...], expected: Any, got: Any, sign: int) -> bool:
    """Any index whose number is no less (sign 1) or no more (-1) than its neighbours; -1 for an empty list."""
    v = [sign * x for x in args[0]]
    if type(got) is not int or not v:
        return type(got) is int and got == -1
    if not 0 <= got < len(v):
        return False
    return bool((got == 0 or v[got - 1] <= v[got]) and (got == len(v) - 1 or v[got] >= v[got + 1]))


CHECKERS: Mapping[str, Checker] = {
    "exact": lambda args, expected, got: compare(expected, got),
    "tolerance": lambda args, expected, got: compare(expected, got, TOLERANCE),
    "equal": lambda args, expected, got: loose(expected, got),
    "true": lambda args, expected, got: got is True,
    "false": lambda args, expected, got: got is False,
    "unequal": lambda args, expected, got: _shallow(got, DEEPEST) and not loose(expected, got),
    "among": lambda args, expected, got: _among(expected, got) is True,
    "not_among": lambda args, expected, got: _among(expected, got) is False,
    "not_exact": lambda args, expected, got: not compare(expected, got),
    "isclose": lambda args, expected, got: _isclose(expected, got),
    "allclose": lambda args, expected, got: _allclose(expected, got),
    "pair_sum": lambda args, expected, got: _pair(args, expected, got, 1),
    "pair_gap": lambda args, expected, got: _pair(args, expected, got, -1),
    "order_before": lambda args, expected, got: _order(args, expected, got, 0),
    "order_after": lambda args, expected, got: _order(args, expected, got, 1),
    "coins": lambda args, expected, got: _change(args, expected, got, False),
    "items": lambda args, expected, got: _change(args, expected, got, True),
    "peak_high": lambda args, expected, got: _peak(args, expected, got, 1),
    "peak_low": lambda args, expected, got: _peak(args, expected, got, -1),
}
"""By name; ``close:ORDER`` and ``order:ORDER`` stand beside them."""

ORDERS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _close(expected: tuple[Any, Any], got: Any, order: Callable[[Any, Any], Any]) -> bool:
    """What ``abs(f(x) - y) < bound`` says, for ``expected`` (y, bound)."""
    number, bound = expected
    if type(got) not in _NUMBERS:
        return False
    try:
        return bool(order(abs(got - number), bound))
    except (TypeError, ArithmeticError):  # a Decimal less a float; a whole number too large for a float
        return False


def _ordered(expected: Any, got: Any, order: Callable[[Any, Any], Any]) -> bool:
    """What ``f(x) < y`` says."""
    try:
        return _shallow(got, DEEPEST) and bool(order(got, expected))
    except (TypeError, ArithmeticError):
        return False


def _isclose(expected: tuple[float, float, float], got: Any) -> bool:
    """What ``math.isclose(f(x), y, rel_tol=relative, abs_tol=absolute)`` says."""
    number, relative, absolute = expected
    try:
        return type(got) in _NUMBERS and math.isclose(got, number, rel_tol=relative, abs_tol=absolute)
    except (TypeError, ValueError, ArithmeticError):  # no float; a negative tolerance; too large for a float
        return False


def _allclose(expected: tuple[Any, float], got: Any) -> bool:
    """What ``f(x) == y`` says, and failing that, with a tolerance, ``numpy.allclose(f(x), y, rtol=1e-7, atol=within)``.

    ``got`` is a tuple of what is held against ``==`` and, where that is another, of what numpy reads.
    """
    if type(got) is not tuple or not 1 <= len(got) <= 2:
        return False
    value, within = expected
    if loose(value, got[0]):
        return True
    if within == 0 or not (_numeric(got[-1], DEEPEST) and _numeric(value, DEEPEST)):
        return False
    import numpy as np

    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one, other = np.asarray(got[-1]), np.asarray(value)
            together = math.prod(np.broadcast_shapes(one.shape, other.shape))  # a column beside a row fills a table
            return together <= max(ELEMENTS, one.size) and bool(np.allclose(one, other, rtol=1e-7, atol=within))
    except Exception:  # whatever numpy says of what is no array of numbers
        return False


def _numeric(value: Any, depth: int) -> bool:
    """Whether there are only numbers in lists and tuples: of anything else numpy makes no array that it can compare,
    and of texts one that has room for the longest in every place."""
    if isinstance(value, list | tuple):
        return depth > 0 and all(_numeric(v, depth - 1) for v in value)
    return type(value) in (bool, int, float, complex)


_NUMBERS = (bool, int, float, complex, Fraction, Decimal)


def _among(expected: Any, got: Any) -> bool | None:
    """What ``f(x) in expected`` says; None where it would raise."""
    try:
        return bool(_shallow(got, DEEPEST) and got in expected)
    except TypeError:
        return None


def _shallow(value: Any, depth: int) -> bool:
    if depth < 0:
        return False
    if isinstance(value, dict):
        return all(_shallow(v, depth - 1) for v in value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return all(_shallow(v, depth - 1) for v in value)
    return True
