"""Argument tuples that cover what a task promises: corners of every argument first, then drawn ones of every length."""

from __future__ import annotations

import ast
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Protocol

from lanista.arenas.coding.tasks.corners import akin, corners, marked
from lanista.arenas.coding.tasks.domains import Domain, Str
from lanista.arenas.coding.tasks.recipe import Args, Fit
from lanista.arenas.core import chance

ENDS = 8
"""The first corners of an argument, which no set of calls lacks."""


class Promise(Protocol):
    """What is covered: a recipe or a task."""

    @property
    def domains(self) -> Sequence[Domain]: ...

    @property
    def reference(self) -> str: ...

    @property
    def special(self) -> Callable[[random.Random], Sequence[Args]] | None: ...

    @property
    def fit(self) -> Fit | None: ...


PASSES = 3
"""Rounds of corners that are made of a domain; tasks of one domain share them."""


def covering(promise: Promise, key: int, size: int = 0, most: int | None = None) -> Iterator[Args]:
    """Argument tuples without end: the corners, at most ``most``; then drawn ones that keep to ``size``, drawn ones of
    any length, and further corners, in turn."""
    rng = chance.stream(key, "covering")
    yield from itertools.islice(ends(promise, rng), most)
    while True:
        further = list(ends(promise, rng))
        rng.shuffle(further)
        for args in further:
            yield _drawn(promise, rng, size)
            yield _drawn(promise, rng, 0)
            yield args


def ends(promise: Promise, rng: random.Random) -> Iterator[Args]:
    """Every corner of every argument once, the others drawn beside it; among them corners beside corners."""
    yield from promise.special(rng) if promise.special else ()
    found = []
    domain: Any
    for domain in promise.domains:
        plain = _round(domain, rng.randrange(PASSES))
        special = marked(domain, rng, marks(promise.reference))
        found.append([*plain[:ENDS], *special[:ENDS], *plain[ENDS:], *special[ENDS:]])
    if len(found) == 1:
        yield from ((value,) for value in found[0])
        return
    for _ in range(4):
        yield tuple(rng.choice(values[:3]) for values in found)
    first, *others = promise.domains
    alike = isinstance(first, Str) and others == [first]
    for number, row in enumerate(itertools.zip_longest(*found)):
        for i, value in enumerate(row):
            if value is not None:
                args = _drawn(promise, rng, 0)
                args = (*args[:i], value, *args[i + 1 :])
                yield args if i else _fitted(promise, rng, args)  # what is fitted follows from the first
        if alike and row[0] is not None:  # two of a kind: equal, and nearly so
            near = akin(rng, row[0]) if number % 2 else row[0]
            yield (row[0], near if first.why_not(near) is None else row[0])


@lru_cache(maxsize=1024)
def _round(domain: Any, number: int) -> list[Any]:
    return corners(domain, random.Random(number))


@lru_cache(maxsize=4096)
def marks(source: str) -> tuple[int, ...]:
    """The whole numbers that a source names and their sums, of either sign, each with its neighbours: where its
    comparisons turn and its answers change sign."""
    named = {n.value for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Constant) and type(n.value) is int}
    near = {value + step for value in named for step in (-1, 0, 1)}
    total = sum(named)
    sums = {sign * (total - value) for value in (0, *named) for sign in (1, -1)} | {-value for value in named}
    sums |= {-a * b for a in named for b in named}
    near -= named
    return (*sorted(named, reverse=True), *sorted(near), *sorted(sums - near - named))


def _drawn(promise: Promise, rng: random.Random, size: int) -> Args:
    return _fitted(promise, rng, tuple(domain.draw(rng, size) for domain in promise.domains))


def _fitted(promise: Promise, rng: random.Random, args: Args) -> Args:
    return promise.fit(rng, args) if promise.fit else args
