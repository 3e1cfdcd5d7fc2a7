"""How a returned value is judged: exactly, within a tolerance, or by what any right answer must fulfil.

Values have crossed from another process as plain data and may be of any shape: no checker raises, none trusts a type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lanista.arenas.sandbox.compare import compare

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
    return CHECKERS[name](args, expected, got)


def loose(expected: Any, got: Any, depth: int = DEEPEST) -> bool:
    """What ``==`` says of plain data, which is what an assert of a user's file asked for: 1 equals 1.0 and True."""
    return depth >= 0 and _shallow(got, depth) and bool(expected == got)


def _pair_sum(args: tuple[Any, ...], expected: Any, got: Any) -> bool:
    """Any [i, j] with i < j and xs[i] + xs[j] == total, or [] where the reference found none."""
    xs, total = args
    if expected == [] or got == []:
        return type(got) is list and got == expected
    if type(got) is not list or len(got) != 2 or any(type(i) is not int for i in got):
        return False
    i, j = got
    return bool(0 <= i < j < len(xs) and xs[i] + xs[j] == total)


def _order(args: tuple[Any, ...], expected: Any, got: Any) -> bool:
    """Any order of 0 … n-1 with a before b for every [a, b], or [] where the reference says there is none."""
    n, edges = args
    if type(got) is not list or any(type(i) is not int for i in got):
        return False
    if expected == [] or got == []:
        return bool(got == expected)
    if sorted(got) != list(range(n)):
        return False
    place = {item: i for i, item in enumerate(got)}
    return all(place[a] < place[b] for a, b in edges)


def _coins(args: tuple[Any, ...], expected: Any, got: Any) -> bool:
    """Any coins of the given kinds that make the amount with as few coins as the reference's, or None."""
    amount, kinds = args
    if expected is None or got is None:
        return got is expected
    if type(got) is not list or any(type(i) is not int or i not in kinds for i in got):
        return False
    return sum(got) == amount and len(got) == len(expected)


def _peak(args: tuple[Any, ...], expected: Any, got: Any) -> bool:
    """Any index whose item is no smaller than its neighbours, or -1 for an empty list."""
    (xs,) = args
    if type(got) is not int:
        return False
    if not xs:
        return got == -1
    if not 0 <= got < len(xs):
        return False
    return bool((got == 0 or xs[got - 1] <= xs[got]) and (got == len(xs) - 1 or xs[got] >= xs[got + 1]))


CHECKERS: Mapping[str, Checker] = {
    "exact": lambda args, expected, got: compare(expected, got),
    "tolerance": lambda args, expected, got: compare(expected, got, TOLERANCE),
    "equal": lambda args, expected, got: loose(expected, got),
    "true": lambda args, expected, got: _shallow(got, DEEPEST) and bool(got),
    "false": lambda args, expected, got: _shallow(got, DEEPEST) and not got,
    "unequal": lambda args, expected, got: _shallow(got, DEEPEST) and not loose(expected, got),
    "pair_sum": _pair_sum,
    "order": _order,
    "coins": _coins,
    "peak": _peak,
}
"""By name; ``close`` and ``close:TOLERANCE`` stand beside them."""


def _close(expected: float, got: Any, within: float) -> bool:
    """Two numbers, whole or not, that differ by less: what ``abs(f(x) - y) < within`` asserts."""
    if type(got) not in (int, float):
        return False
    try:
        return bool(abs(got - expected) <= within)
    except OverflowError:  # a whole number too large for a float is close to none
        return False


def _shallow(value: Any, depth: int) -> bool:
    if depth < 0:
        return False
    if isinstance(value, dict):
        return all(_shallow(v, depth - 1) for v in value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return all(_shallow(v, depth - 1) for v in value)
    return True
