"""Counting and adding up by formula what a loop over the numbers would take for ever to reach."""

from __future__ import annotations

import math
import random
from typing import Any

from lanista.arenas.coding.tasks.domains import Large
from lanista.arenas.coding.tasks.recipe import Family, Recipe, source
from lanista.arenas.coding.tasks.relations import Relation

TOP = 10**12
"""The largest n: a loop up to it takes a day."""

_TESTS = {
    "or": ("divisible by {a} or by {b} (or both)", "i % {a} == 0 or i % {b} == 0", "m({a}) + m({b}) - m({ab})"),
    "and": ("divisible by both {a} and {b}", "i % {a} == 0 and i % {b} == 0", "m({ab})"),
    "not": ("divisible by {a} but not by {b}", "i % {a} == 0 and i % {b} != 0", "m({a}) - m({ab})"),
    "one": (
        "divisible by {a} or by {b} but not both",
        "(i % {a} == 0) != (i % {b} == 0)",
        "m({a}) + m({b}) - 2 * m({ab})",
    ),
    "neither": ("divisible by neither {a} nor {b}", "i % {a} and i % {b}", "m(1) - m({a}) - m({b}) + m({ab})"),
}


def _multiples(numbers: Any) -> Recipe:
    what, test, a, b = numbers
    told, condition, formula = (part.format(a=a, b=b, ab=math.lcm(a, b)) for part in _TESTS[test])
    asked = (
        "how many of the numbers from 1 to n are" if what == "count" else "the sum of the numbers from 1 to n that are"
    )
    return Recipe(
        composition=f"{what} {test} {a},{b}",
        steps=1 + (test != "and") + (what == "sum"),
        entry_point="f",
        specification=f"Return {asked} {told}. n is {Large(0, TOP).text}.",
        answer="an int",
        reference=source(
            """
            def f(n):
                def m(k):
                    return $each

                return $formula
            """,
            each="n // k" if what == "count" else "k * (n // k) * (n // k + 1) // 2",
            formula=formula,
        ),
        brute=source(
            """
            def f(n):
                total, i = 0, 1
                while i <= n:
                    if $condition:
                        total += $score
                    i += 1
                return total
            """,
            condition=condition,
            score=1 if what == "count" else "i",
        ),
        domains=(Large(0, TOP),),
        small=(Large(0, 99),),
        relations=(Relation("again"),),
        heavy=lambda rng: (TOP - rng.randrange(10**6),),
    )


def _draw(rng: random.Random, steps: int) -> Any:
    while True:
        a, b = rng.sample(range(2, 13), 2)
        what, test = rng.choice(("count", "sum")), rng.choice(sorted(_TESTS))
        if 1 + (test != "and") + (what == "sum") == steps and b % a and a % b:
            return what, test, a, b


FAMILIES = (Family("multiples", "how many numbers up to n, or their sum, by formula", _draw, _multiples, (1, 2, 3)),)
