"""How a returned value is judged: exactly, within a tolerance, or by what any right answer must fulfil.

Values have crossed from another process as plain data and may be of any shape: no checker raises, none trusts a type.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from lanista.arenas.sandbox.compare import compare
from lanista.arenas.sandbox.values import crowded

DEEPEST = 60
"""Levels of nesting that are compared; a deeper value equals nothing."""

TOLERANCE = 1e-6
"""Relative and absolute, where a task asks for it."""

Checker = Callable[[tuple[Any, ...], Any, Any], bool]
"""``checker(args, expected, got)``."""


def check(name: str, args: tuple[Any, ...], expected: Any, got: Any) -> bool:
    """Whether ``got`` is right. ``close:0.001`` is ``close`` within that difference. Never raises."""
    name, _, within = name.partition(":")
    if name == "close":
        return _close(expected, got, float(within or TOLERANCE))
    if name == "isclose":
        relative, _, absolute = within.partition(":")
        return type(got) in (int, float) and _isclose(expected, got, float(relative), float(absolute))
    return CHECKERS[name](args, expected, got)


def loose(expected: Any, got: Any, depth: int = DEEPEST) -> bool:
    """What ``==`` says of plain data, which is what an assert of a user's file asked for: 1 equals 1.0 and True."""
    return depth >= 0 and _shallow(got, depth) and bool(expected == got)


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
    "true": lambda args, expected, got: _shallow(got, DEEPEST) and bool(got),
    "false": lambda args, expected, got: _shallow(got, DEEPEST) and not got,
    "unequal": lambda args, expected, got: _shallow(got, DEEPEST) and not loose(expected, got),
    "among": lambda args, expected, got: _among(expected, got),
    "set": lambda args, expected, got: _through(set, expected, got),
    "sorted": lambda args, expected, got: _through(sorted, expected, got),
    "list": lambda args, expected, got: _through(list, expected, got),
    "tuple": lambda args, expected, got: _through(tuple, expected, got),
    "len": lambda args, expected, got: _through(len, expected, got),
    "pair_sum": lambda args, expected, got: _pair(args, expected, got, 1),
    "pair_gap": lambda args, expected, got: _pair(args, expected, got, -1),
    "order_before": lambda args, expected, got: _order(args, expected, got, 0),
    "order_after": lambda args, expected, got: _order(args, expected, got, 1),
    "coins": lambda args, expected, got: _change(args, expected, got, False),
    "items": lambda args, expected, got: _change(args, expected, got, True),
    "peak_high": lambda args, expected, got: _peak(args, expected, got, 1),
    "peak_low": lambda args, expected, got: _peak(args, expected, got, -1),
}
"""By name; ``close:WITHIN`` and ``isclose:RELATIVE:ABSOLUTE`` stand beside them."""


def _close(expected: float, got: Any, within: float) -> bool:
    """Two numbers, whole or not, that differ by less: what ``abs(f(x) - y) < within`` asserts."""
    if type(got) not in (int, float):
        return False
    try:
        return bool(abs(got - expected) <= within)
    except OverflowError:  # a whole number too large for a float is close to none
        return False


def _isclose(expected: float, got: float, relative: float, absolute: float) -> bool:
    try:
        return math.isclose(expected, got, rel_tol=relative, abs_tol=absolute)
    except (OverflowError, ValueError):  # too large for a float; a negative tolerance
        return False


def _through(function: Callable[[Any], Any], expected: Any, got: Any) -> bool:
    """What ``function(f(x)) == expected`` says; False where the function does not take the value."""
    try:
        if not _shallow(got, DEEPEST) or (function is set and crowded(got)):
            return False
        return bool(function(got) == expected)
    except TypeError:
        return False


def _among(expected: Any, got: Any) -> bool:
    """What ``f(x) in expected`` says."""
    try:
        return _shallow(got, DEEPEST) and got in expected
    except TypeError:
        return False


def _shallow(value: Any, depth: int) -> bool:
    if depth < 0:
        return False
    if isinstance(value, dict):
        return all(_shallow(v, depth - 1) for v in value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return all(_shallow(v, depth - 1) for v in value)
    return True
