"""Recursion over lists in lists: what each number counts, how the parts are put together, how deep one looks."""

from __future__ import annotations

import random
from typing import Any

from lanista.arenas.coding.tasks.domains import Int, Nested
from lanista.arenas.coding.tasks.recipe import Family, Recipe, source
from lanista.arenas.coding.tasks.relations import Relation

_LEAVES = {
    "number": ("itself", "x"),
    "square": ("its square", "x * x"),
    "one": ("1", "1"),
    "depth": ("its depth (1 in the outermost list)", "d"),
    "weighed": ("itself times its depth (1 in the outermost list)", "x * d"),
    "even": ("itself if it is even, else 0", "x if x % 2 == 0 else 0"),
    "positive": ("itself if it is over 0, else 0", "x if x > 0 else 0"),
}
_FOLDS = {
    "sum": ("the sum of what they count", "sum({})"),
    "max": ("the largest of what they count, or 0 if there is none", "max({}, default=0)"),
    "list": ("the list of what they count, from left to right", "sum({}, [])"),
    "twice": (
        "the value of v, where the value of a list is the sum of what its numbers count and twice the values of the "
        "lists in it",
        "sum({})",
    ),
}


def _nested(numbers: Any) -> Recipe:
    leaf, fold = numbers
    counts, value = _LEAVES[leaf]
    told, join = _FOLDS[fold]
    depth = "d" in value.split()
    deeper = "f(x, d + 1)" if depth else "f(x)"
    if fold == "twice":
        deeper = f"2 * {deeper}"
    here = f"[{value}]" if fold == "list" else value if " if " not in value else f"({value})"
    return Recipe(
        composition=f"{leaf} {fold}",
        steps=1 + (leaf != "number") + (fold == "twice"),
        entry_point="f",
        specification=(
            "v holds numbers and lists of numbers and lists again. Each number, however deep it stands, counts "
            f"{counts}. "
            f"Return {told}. v is {Nested(Int(-9, 9)).text}."
        ),
        answer="a list of ints" if fold == "list" else "an int",
        reference=source(
            """
            def f(v$d):
                return $join
            """,
            d=", d=1" if depth else "",
            join=join.format(f"({deeper} if isinstance(x, list) else {here} for x in v)"),
        ),
        brute=_unrolled(leaf, fold),
        domains=(Nested(Int(-9, 9)),),
        relations=(Relation("again"), *(() if fold == "list" else (Relation("backwards"),))),
    )


def _unrolled(leaf: str, fold: str) -> str:
    """Without recursion: the brackets of the written value are counted."""
    count = {
        "number": "n",
        "square": "n ** 2",
        "one": "1",
        "depth": "depth",
        "weighed": "sum([n] * depth)",
        "even": "0 if n & 1 else n",
        "positive": "max(0, n)",
    }[leaf]
    return source(
        """
        def f(v):
            found, depth, number = [], 0, ""
            for c in str(v):
                if c in "-0123456789":
                    number += c
                    continue
                if number:
                    n = int(number)
                    found.append($count)
                    number = ""
                depth += (c == "[") - (c == "]")
            return $result
        """,
        count=f"({count}) * 2 ** (depth - 1)" if fold == "twice" else count,
        result={"sum": "sum(found)", "twice": "sum(found)", "list": "found"}.get(
            fold, "sorted(found)[-1] if found else 0"
        ),
    )


def _draw(rng: random.Random, steps: int) -> Any:
    while True:
        leaf, fold = rng.choice(sorted(_LEAVES)), rng.choice(sorted(_FOLDS))
        if 1 + (leaf != "number") + (fold == "twice") != steps:
            continue
        if fold == "max" and leaf not in ("one", "depth", "square", "positive"):
            continue  # a maximum over parts is 0 for an empty one, which only numbers that are no less can hide
        return leaf, fold


FAMILIES = (Family("nested", "lists in lists", _draw, _nested, (1, 2, 3)),)
