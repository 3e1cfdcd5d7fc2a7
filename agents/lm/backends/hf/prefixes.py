"""Beginnings that conversations of a batch have in common, so that each is read once.

Siblings of a group begin with the same prompt, and seats that are shown examples with the same examples. A beginning is
read in one row, and every row that has it goes on from those states: the same numbers as reading each in full, but for
the order in which a matrix product adds up.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

LEAST = 16
"""Tokens of a beginning that is worth sharing."""

WORTH = 256
"""Tokens that have to be saved altogether: a forward pass more costs a small model as much."""

MOST = 256
"""Rows that are looked at together; the search takes their number squared."""


class Beginning(NamedTuple):
    """``rows`` begin with the same ``length`` tokens, and each has at least one token more."""

    length: int
    rows: tuple[int, ...]


def shared_beginnings(prompts: Sequence[Sequence[int]], *, least: int = LEAST, worth: int = WORTH) -> list[Beginning]:
    """The beginnings that save most tokens when each is read once, no row in two of them; [] where too little is saved.

    In sorted order rows that share a beginning stand side by side, so the best choice is the best cut of that order
    into runs: a run of n rows that agree in p tokens saves (n - 1) p.
    """
    found: list[Beginning] = []
    ids = [tuple(prompt) for prompt in prompts]
    order = sorted(range(len(ids)), key=lambda row: ids[row])
    for first in range(0, len(order), MOST):
        found += _best_runs(ids, order[first : first + MOST], least)
    return found if sum((len(one.rows) - 1) * one.length for one in found) >= worth else []


def _best_runs(prompts: Sequence[Sequence[int]], order: Sequence[int], least: int) -> list[Beginning]:
    alike = [agreement(prompts[a], prompts[b]) for a, b in itertools.pairwise(order)]
    saved, start = [0] * (len(order) + 1), list(range(-1, len(order)))
    for end in range(1, len(order) + 1):
        saved[end] = saved[end - 1]  # the last row by itself
        length = len(prompts[order[end - 1]]) - 1
        for first in range(end - 2, -1, -1):
            # The last token of every row is left: from it the next one is predicted.
            length = min(length, alike[first], len(prompts[order[first]]) - 1)
            if length < least:
                break
            gain = saved[first] + (end - first - 1) * length
            if gain > saved[end]:
                saved[end], start[end] = gain, first
    runs = []
    end = len(order)
    while end > 0:
        first = start[end]
        if end - first > 1:
            rows = order[first:end]
            length = min([len(prompts[row]) - 1 for row in rows] + alike[first : end - 1])
            runs.append(Beginning(length, tuple(rows)))
        end = first
    return runs[::-1]


def agreement(a: Sequence[int], b: Sequence[int]) -> int:
    """How many tokens two sequences have in common from their starts."""
    if a[: len(b)] == b[: len(a)]:  # siblings: compared in C
        return min(len(a), len(b))
    low, high = 0, min(len(a), len(b))
    while low + 1 < high:
        middle = (low + high) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle
    return low + (low < high and a[low] == b[low])
