"""Numbers that follow from the ones before: Fibonacci, its relatives, and ways to climb stairs. All are recursive in
the telling, exponential when written down as told, and linear when the last values are kept."""

from __future__ import annotations

import random
from typing import Any

from lanista.arenas.coding.tasks.domains import Int
from lanista.arenas.coding.tasks.recipe import Family, Recipe, source
from lanista.arenas.coding.tasks.relations import Relation

TOP = 80
"""The largest n. A naive recursion makes some 10^16 calls for it, the reference 80 turns of a loop."""


def _linear(name: str, weights: tuple[int, ...], starts: tuple[int, ...]) -> Recipe:
    """f(n) = Σ weights[i] · f(n - 1 - i), with the first values given."""
    order = len(weights)
    letters = "abcd"[:order]
    terms = [f"{w} * {x}" if w != 1 else x for w, x in zip(weights, reversed(letters), strict=True)]
    told = [f"{w} * {name}(n - {i + 1})" if w != 1 else f"{name}(n - {i + 1})" for i, w in enumerate(weights)]
    given = ", ".join(f"{name}({i}) = {v}" for i, v in enumerate(starts))
    return Recipe(
        composition=f"{','.join(map(str, weights))};{','.join(map(str, starts))}",
        steps=order - 1 + (max(weights) > 1),
        entry_point=name,
        specification=(
            f"Return {name}(n), where {given}, and {name}(n) = {' + '.join(told)} for n >= {order}. "
            f"n is a whole number from 0 to {TOP}."
        ),
        answer="an int",
        reference=source(
            """
            def $name(n):
                $left = $starts
                for _ in range(n):
                    $left = $right
                return a
            """,
            name=name,
            left=", ".join(letters),
            starts=", ".join(map(str, starts)),
            right=", ".join([*letters[1:], " + ".join(reversed(terms))]),
        ),
        brute=source(
            """
            def $name(n):
                if n < $order:
                    return $values[n]
                return $sum
            """,
            name=name,
            order=order,
            values=list(starts),
            sum=" + ".join(told),
        ),
        domains=(Int(0, TOP),),
        small=(Int(0, 12),),
        relations=(Relation("again"), Relation("recurs", weights)),
        heavy=lambda rng: (TOP - rng.randrange(5),),
    )


def _fibonacci(numbers: Any) -> Recipe:
    return _linear("fib", *numbers)


def _recurrence(numbers: Any) -> Recipe:
    return _linear("f", *numbers)


def _draw(rng: random.Random, steps: int) -> Any:
    while True:
        order = rng.choice((2, 3)) if steps == 2 else steps + 1 if steps == 1 else 3
        weights = tuple(rng.choice((1, 1, 2, 3)) for _ in range(order))
        starts = tuple(rng.randint(0, 5) for _ in range(order))
        if order - 1 + (max(weights) > 1) == steps and any(starts) and (weights, starts) != ((1, 1), (0, 1)):
            return weights, starts


FAMILIES = (
    Family(
        "fibonacci",
        "the Fibonacci numbers, by that name",
        lambda rng, steps: ((1, 1), (0, 1)),
        _fibonacci,
        steps=(1,),
        splits=("train",),
        weight=0.2,
    ),
    Family("recurrence", "linear recurrences of order 2 and 3", _draw, _recurrence, steps=(1, 2, 3)),
)
