"""Whether two results are the same: bags of rows (lists where the question orders them), exact types, any order of
columns that holds for every database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import permutations
from typing import Any

Rows = Sequence[tuple[Any, ...]]
WIDEST = 6
"""Columns beyond which only the given order counts: 720 orders are tried at most."""


def same(expected: Sequence[Rows], got: Sequence[Rows], ordered: bool = False) -> bool:
    """Whether ``got`` is ``expected`` on every database, under one order of columns."""
    width = next((len(rows[0]) for rows in expected if rows), 0)
    if any(len(a) != len(b) for a, b in zip(expected, got, strict=True)):
        return False
    if any(len(row) != width for rows in got for row in rows):
        return False
    wanted = [[tuple(map(_plain, row)) for row in rows] for rows in expected]
    found = [[tuple(map(_plain, row)) for row in rows] for rows in got]
    for order in _orders(wanted, found, width):
        turned = [[tuple(row[i] for i in order) for row in rows] for rows in found]
        if all(a == b if ordered else Counter(a) == Counter(b) for a, b in zip(wanted, turned, strict=True)):
            return True
    return False


def _orders(wanted: list[Any], found: list[Any], width: int) -> Any:
    """The orders of columns under which every column holds the same values."""
    if width > WIDEST:
        return [tuple(range(width))]

    def bags(databases: list[Any], column: int) -> list[Any]:
        return [Counter(row[column] for row in rows) for rows in databases]

    mine, theirs = ([bags(side, i) for i in range(width)] for side in (wanted, found))
    return (
        order
        for order in permutations(range(width))
        if all(mine[place] == theirs[column] for place, column in enumerate(order))
    )


def _plain(value: Any) -> tuple[str, Any]:
    """A value with its type; the last digits of a float depend on the order of a sum, and do not count."""
    if isinstance(value, float):
        return "float", f"{value:.9g}" if value else "0"
    return type(value).__name__, value
