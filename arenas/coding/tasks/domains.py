"""What an argument may be: small types that draw values, know their own edges, and say why a value is outside."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


class Domain(Protocol):
    """A set of values. ``text`` is how a specification names it."""

    @property
    def text(self) -> str: ...

    @property
    def plural(self) -> str: ...

    def draw(self, rng: random.Random, size: int) -> Any:
        """A value; ``size`` bounds lengths (and nothing else)."""

    def edges(self) -> tuple[Any, ...]:
        """Values at the border: empty, least, largest, all alike."""

    def why_not(self, value: Any) -> str | None:
        """Why ``value`` is outside, to be read after the argument's name; None where it is inside."""


@dataclass(frozen=True)
class Int:
    """Whole numbers from ``low`` to ``high``."""

    low: int
    high: int

    @property
    def text(self) -> str:
        return f"a whole number from {self.low} to {self.high}"

    @property
    def plural(self) -> str:
        return f"whole numbers from {self.low} to {self.high}"

    def draw(self, rng: random.Random, size: int) -> int:
        return rng.randint(self.low, self.high)

    def edges(self) -> tuple[int, ...]:
        middle = tuple(v for v in (0, 1) if self.low <= v <= self.high)
        return tuple(dict.fromkeys((self.low, *middle, self.high)))

    def why_not(self, value: Any) -> str | None:
        if type(value) is not int or not self.low <= value <= self.high:
            return f"must be {self.text}"
        return None


@dataclass(frozen=True)
class Large(Int):
    """Whole numbers of which every length in digits is drawn alike often."""

    @property
    def text(self) -> str:
        high = str(self.high)
        short = f"10**{len(high) - 1}" if len(high) > 6 and self.high == 10 ** (len(high) - 1) else high
        return f"a whole number from {self.low} to {short}"

    def draw(self, rng: random.Random, size: int) -> int:
        digits = rng.randint(1, len(str(self.high)))
        return max(self.low, min(self.high, rng.randrange(10**digits)))

    def edges(self) -> tuple[int, ...]:
        return (self.low, 1, 2, 10)


@dataclass(frozen=True)
class Grid:
    """Lists of rows of equal length, at least one row and one column, at most ``side`` of each."""

    of: Int
    side: int

    @property
    def text(self) -> str:
        return f"a list of 1 to {self.side} rows of equal length, 1 to {self.side}, of {self.of.plural}"

    @property
    def plural(self) -> str:
        return f"grids: {self.text}"

    def draw(self, rng: random.Random, size: int) -> list[list[int]]:
        most = min(self.side, size or self.side, 6)
        rows, columns = rng.randint(1, most), rng.randint(1, most)
        return [[self.of.draw(rng, size) for _ in range(columns)] for _ in range(rows)]

    def edges(self) -> tuple[list[list[int]], ...]:
        low, high = self.of.low, self.of.high
        return ([[low]], [[high]], [[high, high]], [[high], [high]], [[high] * 3] * 3, [[1, low], [high, 1]])

    def why_not(self, value: Any) -> str | None:
        fine = type(value) is list and 1 <= len(value) <= self.side and all(type(row) is list for row in value)
        if not fine or not 1 <= len(value[0]) <= self.side or len({len(row) for row in value}) > 1:
            return f"must be {self.text}"
        return f"must be {self.text}" if any(self.of.why_not(v) for row in value for v in row) else None


@dataclass(frozen=True)
class Str:
    """Strings over ``letters``, at most ``longest`` characters."""

    letters: str
    longest: int = 20
    shortest: int = 0

    @property
    def text(self) -> str:
        return f"a string of {_count(self)} of the characters {_letters(self.letters)}"

    @property
    def plural(self) -> str:
        return f"strings of {_count(self)} of the characters {_letters(self.letters)}"

    def draw(self, rng: random.Random, size: int) -> str:
        return "".join(rng.choices(self.letters, k=rng.randint(self.shortest, max(self.shortest, _cap(self, size)))))

    def edges(self) -> tuple[str, ...]:
        first = self.letters[0]
        return tuple(
            dict.fromkeys((first * self.shortest, first * max(1, self.shortest), first * min(3, self.longest)))
        )

    def why_not(self, value: Any) -> str | None:
        if type(value) is not str or not self.shortest <= len(value) <= self.longest or set(value) - set(self.letters):
            return f"must be {self.text}"
        return None


@dataclass(frozen=True)
class Word:
    """One of a few strings."""

    words: tuple[str, ...]

    @property
    def text(self) -> str:
        return "one of " + ", ".join(map(repr, self.words))

    @property
    def plural(self) -> str:
        return f"strings, each {self.text}"

    def draw(self, rng: random.Random, size: int) -> str:
        return rng.choice(self.words)

    def edges(self) -> tuple[str, ...]:
        return (self.words[0], self.words[-1])

    def why_not(self, value: Any) -> str | None:
        return None if type(value) is str and value in self.words else f"must be {self.text}"


@dataclass(frozen=True)
class List:
    """Lists of ``of``, at most ``longest`` of them."""

    of: Domain
    longest: int = 12
    shortest: int = 0

    @property
    def text(self) -> str:
        return f"a list of {_count(self)} {self.of.plural}"

    @property
    def plural(self) -> str:
        return f"lists of {_count(self)} {self.of.plural}"

    def draw(self, rng: random.Random, size: int) -> list[Any]:
        most = _cap(self, size) if rng.random() < 0.7 else 2  # short ones are where a filter leaves nothing
        count = rng.randint(self.shortest, max(self.shortest, most))
        edges = self.of.edges()
        made = [rng.choice(edges) if rng.random() < 0.08 else self.of.draw(rng, size) for _ in range(count)]
        if len(made) > 2 and rng.random() < 0.6:  # repeated items are where many programs go wrong
            made[rng.randrange(len(made))] = made[rng.randrange(len(made))]
        return made

    def edges(self) -> tuple[list[Any], ...]:
        found: list[list[Any]] = [] if self.shortest else [[]]
        for edge in self.of.edges():
            for count in (1, 3):
                if self.shortest <= count <= self.longest:
                    found.append([edge] * count)
        return tuple(found)

    def why_not(self, value: Any) -> str | None:
        if type(value) is not list or not self.shortest <= len(value) <= self.longest:
            return f"must be {self.text}"
        for i, item in enumerate(value):
            if self.of.why_not(item):
                return f"must be {self.text}; item {i} is not"
        return None


@dataclass(frozen=True)
class Table:
    """Dictionaries from ``keys`` to ``values``, at most ``longest`` entries."""

    keys: Domain
    values: Domain
    longest: int = 8

    @property
    def text(self) -> str:
        return f"a dictionary of at most {self.longest} entries from {self.keys.plural} to {self.values.plural}"

    @property
    def plural(self) -> str:
        return f"dictionaries like this: {self.text}"

    def draw(self, rng: random.Random, size: int) -> dict[Any, Any]:
        count = rng.randint(0, _cap(self, size))
        return {self.keys.draw(rng, size): self.values.draw(rng, size) for _ in range(count)}

    def edges(self) -> tuple[dict[Any, Any], ...]:
        keys = self.keys.edges()
        alike = tuple(dict.fromkeys(keys, value) for value in self.values.edges())
        return ({}, {keys[0]: self.values.edges()[0]}, *alike)

    def why_not(self, value: Any) -> str | None:
        if type(value) is not dict or len(value) > self.longest:
            return f"must be {self.text}"
        if any(self.keys.why_not(k) or self.values.why_not(v) for k, v in value.items()):
            return f"must be {self.text}"
        return None


@dataclass(frozen=True)
class Record:
    """Dictionaries with exactly these keys."""

    fields: tuple[tuple[str, Domain], ...]

    @property
    def text(self) -> str:
        inner = ", ".join(f'"{name}": {domain.text}' for name, domain in self.fields)
        return f"a record {{{inner}}}"

    @property
    def plural(self) -> str:
        return "records " + self.text.removeprefix("a record ")

    def draw(self, rng: random.Random, size: int) -> dict[str, Any]:
        return {name: domain.draw(rng, size) for name, domain in self.fields}

    def edges(self) -> tuple[dict[str, Any], ...]:
        return (
            {name: domain.edges()[0] for name, domain in self.fields},
            {name: domain.edges()[-1] for name, domain in self.fields},
        )

    def why_not(self, value: Any) -> str | None:
        if type(value) is not dict or list(value) != [name for name, _ in self.fields]:
            return f"must be {self.text}"
        for name, domain in self.fields:
            if why := domain.why_not(value[name]):
                return f"{why} at {name!r}"
        return None


@dataclass(frozen=True)
class Nested:
    """Lists of numbers and of such lists again, at most ``depth`` deep."""

    of: Int
    depth: int = 4
    longest: int = 4

    @property
    def text(self) -> str:
        return (
            f"a list of at most {self.longest} items, each {self.of.text} or a list like it, at most {self.depth} deep"
        )

    @property
    def plural(self) -> str:
        return f"lists like this: {self.text}"

    def draw(self, rng: random.Random, size: int) -> list[Any]:
        return self._draw(rng, self.depth)

    def _draw(self, rng: random.Random, depth: int) -> list[Any]:
        items: list[Any] = []
        for _ in range(rng.randint(0, self.longest)):
            deeper = depth > 1 and rng.random() < 0.45
            items.append(self._draw(rng, depth - 1) if deeper else self.of.draw(rng, 0))
        return items

    def edges(self) -> tuple[list[Any], ...]:
        low, high = self.of.low, self.of.high
        return ([], [[]], [high], [[low], [high]], [[[high]]], [low, [low, [low]]])

    def why_not(self, value: Any) -> str | None:
        return None if self._inside(value, self.depth) else f"must be {self.text}"

    def _inside(self, value: Any, depth: int) -> bool:
        if type(value) is not list or depth < 1 or len(value) > self.longest:
            return False
        return all(self.of.why_not(v) is None if type(v) is int else self._inside(v, depth - 1) for v in value)


@dataclass(frozen=True, eq=False)
class Made:
    """Values that a drawer makes and a test recognises, for what no other type describes (a formula, a program)."""

    name: str
    """The promise, as the specification words it."""
    drawer: Callable[[random.Random, int], Any]
    inside: Callable[[Any], bool]
    border: tuple[Any, ...]
    like: Domain | None = None
    """A plainer type that holds all of them: what may go wrong with its values may go wrong with these."""
    full: Callable[[random.Random], Any] | None = None
    """Draws a value as large as the promise allows; None where nobody asks for one."""
    ends: tuple[Any, ...] = ()
    """More values at the ends of the promise. Examples and the splits' probes know the border alone."""

    @property
    def text(self) -> str:
        return self.name

    @property
    def plural(self) -> str:
        return f"values like this: {self.name}"

    def draw(self, rng: random.Random, size: int) -> Any:
        return self.drawer(rng, size)

    def edges(self) -> tuple[Any, ...]:
        return self.border

    def why_not(self, value: Any) -> str | None:
        return None if self.inside(value) else f"must be {self.text}"


def matches(pattern: str, longest: int) -> Callable[[Any], bool]:
    """A test for strings of at most ``longest`` characters that fit ``pattern`` wholly."""
    compiled = re.compile(pattern)
    return lambda value: type(value) is str and len(value) <= longest and compiled.fullmatch(value) is not None


def _count(domain: Any) -> str:
    return f"{domain.shortest} to {domain.longest}" if domain.shortest else f"at most {domain.longest}"


def _cap(domain: Any, size: int) -> int:
    return min(domain.longest, size) if size else int(domain.longest)


def _letters(letters: str) -> str:
    runs = {"abcdefghijklmnopqrstuvwxyz": "a-z", "0123456789": "0-9", "ABCDEFGHIJKLMNOPQRSTUVWXYZ": "A-Z"}
    for run, short in runs.items():
        letters = letters.replace(run, short)
    return letters.replace(" ", " and space")
