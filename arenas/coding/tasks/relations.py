"""Metamorphic relations: what must hold between the answers to an input and to inputs made from it.

They need no expected value, so a seat that knows none can check them too; and they hold the references to a standard
that neither of the two sources was written from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Relation(NamedTuple):
    """One relation by name, with the numbers it is about."""

    name: str
    numbers: tuple[int, ...] = ()

    def follow(self, args: tuple[Any, ...]) -> tuple[tuple[Any, ...], ...]:
        """The inputs made from ``args``; () where the relation says nothing of these."""
        made: tuple[tuple[Any, ...], ...] = _TABLE[self.name][0](args, self.numbers)
        return made

    def holds(self, args: tuple[Any, ...], answer: Any, answers: tuple[Any, ...]) -> bool:
        """Whether the answers to ``args`` and to ``follow(args)`` fit together."""
        return bool(_TABLE[self.name][1](args, answer, answers, self.numbers))

    @property
    def text(self) -> str:
        """The relation in words."""
        return _TABLE[self.name][2]


def _split(args: tuple[Any, ...]) -> tuple[Any, Any]:
    middle = len(args[0]) // 2
    return args[0][:middle], args[0][middle:]


def _halves(args: tuple[Any, ...], _: tuple[int, ...]) -> tuple[tuple[Any, ...], ...]:
    first, second = _split(args)
    return ((first, *args[1:]), (second, *args[1:])) if len(args[0]) > 1 else ()


def _recurs(args: tuple[Any, ...], numbers: tuple[int, ...]) -> tuple[tuple[Any, ...], ...]:
    return tuple((args[0] - i - 1,) for i in range(len(numbers))) if args[0] >= len(numbers) else ()


_TABLE: Mapping[str, tuple[Callable[..., Any], Callable[..., bool], str]] = {
    "again": (
        lambda args, n: (args,),
        lambda args, a, others, n: bool(others[0] == a),
        "the same call gives the same answer again",
    ),
    "backwards": (
        lambda args, n: ((args[0][::-1], *args[1:]),),
        lambda args, a, others, n: bool(others[0] == a),
        "the order of the input does not matter",
    ),
    "mirrored": (
        lambda args, n: ((args[0][::-1], *args[1:]),),
        lambda args, a, others, n: bool(others[0] == a[::-1]),
        "the input backwards gives the answer backwards",
    ),
    "parts": (
        _halves,
        lambda args, a, others, n: not others or bool(others[0] + others[1] == a),
        "the answers to two halves add up to the answer to the whole",
    ),
    "reordered": (
        lambda args, n: (({k: args[0][k] for k in reversed(args[0])}, *args[1:]),),
        lambda args, a, others, n: bool(others[0] == a),
        "the order of the entries does not matter",
    ),
    "transposed": (
        lambda args, n: (([list(row) for row in zip(*args[0], strict=True)], *args[1:]),),
        lambda args, a, others, n: bool(others[0] == a),
        "rows and columns may change places",
    ),
    "sign": (
        lambda args, n: ((-args[0], *args[1:]),),
        lambda args, a, others, n: bool(others[0] == a),
        "the sign of the number does not matter",
    ),
    "swapped": (
        lambda args, n: ((args[1], args[0], *args[2:]),),
        lambda args, a, others, n: bool(others[0] == a),
        "the first two arguments may change places",
    ),
    "recurs": (
        _recurs,
        lambda args, a, others, n: not others or a == sum(k * o for k, o in zip(n, others, strict=True)),
        "the answer follows from the answers to the numbers just below",
    ),
}
"""By name: the inputs that follow, whether the answers fit, and the words."""
