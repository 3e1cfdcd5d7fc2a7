"""Averages and deviations: answers are fractions, judged within a tolerance."""

from __future__ import annotations

import random
from typing import Any

from lanista.arenas.coding.tasks.domains import Int, List
from lanista.arenas.coding.tasks.recipe import Args, Family, Recipe, source
from lanista.arenas.coding.tasks.relations import Relation

_FIRST = {
    "all": ("", "", "w = v[:]"),
    "positive": (
        "Leave out the numbers that are not over 0. ",
        "v = [x for x in v if x > 0]",
        "w = [x for x in v if not x < 1]",
    ),
    "trimmed": (
        "Leave out one smallest and one largest number. ",
        "v = sorted(v)[1:-1]",
        "w = v[:]\nfor best in (min, max):\n    if w:\n        w.remove(best(w))",
    ),
    "distinct": (
        "Count each number once, however often it stands there. ",
        "v = list(set(v))",
        "w = [x for i, x in enumerate(v) if x not in v[:i]]",
    ),
    "absolute": ("Take the absolute values. ", "v = [abs(x) for x in v]", "w = [max(x, -x) for x in v]"),
}
_MEAN = "m = sum(v) / len(v)\n"
_WHAT = {
    "mean": ("the mean", "return sum(v) / len(v)", "t = 0\nfor x in w:\n    t += x\nreturn t / n"),
    "variance": (
        "the mean squared distance from the mean",
        _MEAN + "return sum((x - m) ** 2 for x in v) / len(v)",
        "return sum(x * x for x in w) / n - (sum(w) / n) ** 2",
    ),
    "deviation": (
        "the mean absolute distance from the mean",
        _MEAN + "return sum(abs(x - m) for x in v) / len(v)",
        "t = 0\nfor x in w:\n    t += max(n * x - sum(w), sum(w) - n * x)\nreturn t / n / n",
    ),
    "middle": (
        "the median: the middle one when sorted, or the mean of the two in the middle",
        "v = sorted(v)\nreturn (v[len(v) // 2] + v[(len(v) - 1) // 2]) / 2",
        "while len(w) > 2:\n    w.remove(min(w))\n    w.remove(max(w))\nreturn sum(w) / len(w)",
    ),
    "halfway": (
        "the number halfway between the smallest and the largest",
        "return (min(v) + max(v)) / 2",
        "w.sort()\nreturn w[0] + (w[-1] - w[0]) / 2",
    ),
    "root": (
        "the square root of the mean square",
        "return (sum(x * x for x in v) / len(v)) ** 0.5",
        "t = sum(x ** 2 for x in w) / n\nr = t + 1\nfor _ in range(60):\n    r = (r + t / r) / 2\nreturn r",
    ),
}


def _measure(numbers: Any) -> Recipe:
    first, what = numbers
    before, line, again = _FIRST[first]
    told, lines, other = _WHAT[what]
    domain = List(Int(-20, 40), 10)
    return Recipe(
        composition=f"{first} {what}",
        steps=1 + (first != "all"),
        entry_point="f",
        specification=(f"{before}Return {told}, or 0.0 if no number is left. v is {domain.text}."),
        answer="a float; it may differ by 10**-6, or by that share of itself",
        reference=source(
            """
            def f(v):
            $line
                if not v:
                    return 0.0
            $lines
            """,
            lines=_indent(lines),
            line=_indent(line),
        ).replace("def f(v):\n    \n", "def f(v):\n"),
        brute=source(
            """
            def f(v):
            $again
                n = len(w)
                if n == 0:
                    return 0.0
            $other
            """,
            again=_indent(again),
            other=_indent(other),
        ),
        domains=(domain,),
        special=_fractions,
        quick=True,
        relations=(Relation("again"),),
        checker="tolerance",
    )


def _fractions(rng: random.Random) -> list[Args]:
    """Short lists of small numbers: answers with many decimals, near enough to 0 for early rounding to show."""
    return [(rng.choices((-2, -1, 0, 1, 2, 3, 4), k=count),) for count in (3, 5, 6, 7, 9, 3, 5, 7, 9)]


def _indent(text: str) -> str:
    return "\n".join("    " + line for line in text.split("\n"))


def _draw(rng: random.Random, steps: int) -> Any:
    what = rng.choice(sorted(_WHAT))
    return ("all" if steps == 1 else rng.choice(sorted(_FIRST.keys() - {"all"}))), what


# So few that chance would leave a split empty; each part of a held-out one is trained on in other company.
_SPLITS = {
    **dict.fromkeys(("absolute mean", "distinct middle", "positive root"), "dev"),
    **dict.fromkeys(("trimmed mean", "positive mean", "distinct root", "absolute middle", "trimmed halfway"), "test"),
}

FAMILIES = (Family("measures", "averages and deviations, within a tolerance", _draw, _measure, (1, 2), pinned=_SPLITS),)
