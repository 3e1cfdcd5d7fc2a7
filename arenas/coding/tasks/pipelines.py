"""The grammar: typed primitives in a row. Each is told by a sentence and written as a line, so that a program can be
read off its specification; the brute force is built from other lines, written apart."""

from __future__ import annotations

import random
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from lanista.arenas.coding.tasks.domains import Domain, Int, List, Record, Str, Table, Word
from lanista.arenas.coding.tasks.primitives import numbers, tables, texts
from lanista.arenas.coding.tasks.primitives.primitive import BAG, EACH, FLIP, TOTAL, Primitive
from lanista.arenas.coding.tasks.recipe import Family, Recipe
from lanista.arenas.coding.tasks.relations import Relation

PRIMITIVES: tuple[Primitive, ...] = (
    *numbers.NUMBER,
    *numbers.LIST,
    *texts.TEXT,
    *texts.WORDS,
    *tables.TABLE,
    *tables.ITEMS,
)

LETTERS = "abcdeost"
"""The letters of drawn strings: few, so that they repeat, some of them named by primitives."""

STARTS: Mapping[str, Domain] = {
    "num": Int(-999, 999),
    "nums": List(Int(-9, 20), 12),
    "text": Str(LETTERS + " ", 20),
    "words": List(Str(LETTERS, 6, 1), 8),
    "table": Table(Str(LETTERS, 3, 1), Int(-5, 9), 6),
    "items": List(
        Record((("name", Word(("pen", "cup", "bag", "hat", "tea"))), ("price", Int(1, 15)), ("count", Int(0, 4)))), 8
    ),
}
"""What a program of each family is given."""

ANSWERS = {
    "num": "an int",
    "nums": "a list of ints",
    "text": "a str",
    "words": "a list of strs",
    "table": "a dict from str to int",
    "items": "a list of dicts like those of v",
}
"""What a program gives, by the kind of its last value."""

STEPS = (1, 2, 3, 4)

_TAKING = {kind: tuple(p for p in PRIMITIVES if p.takes == kind) for kind in STARTS}
_NAMED = {(p.takes, p.name): p for p in PRIMITIVES}


def draw(start: str, rng: random.Random, steps: int) -> tuple[str, ...]:
    """A row of primitives that fit each other, as (start, name, name, …)."""
    kind, row = start, [start]
    for _ in range(steps):
        primitive = rng.choice(_TAKING[kind])
        row.append(primitive.name)
        kind = primitive.gives
    return tuple(row)


def build(row: Sequence[str]) -> Recipe:
    """The recipe of a row."""
    start, *names = row
    kind, chain = start, []
    for name in names:
        chain.append(_NAMED[kind, name])
        kind = chain[-1].gives
    domain = STARTS[start]
    return Recipe(
        composition=" > ".join(row),
        steps=len(chain),
        entry_point="f",
        specification=f"Start with v. {' '.join(p.says for p in chain)} Return the result. v is {domain.text}.",
        answer=ANSWERS[kind],
        reference=_reference(chain),
        brute=_brute(chain),
        domains=(domain,),
        quick=True,
        relations=_relations(start, chain),
        without=tuple(
            _reference(chain[:i] + chain[i + 1 :]) for i, p in enumerate(chain) if p.takes == p.gives and len(chain) > 1
        ),
    )


def _reference(chain: Sequence[Primitive]) -> str:
    lines = [f"v = {p.does}" for p in chain[:-1]] + [f"return {chain[-1].does}"]
    return "def f(v):\n" + "".join(f"    {line}\n" for line in lines)


def _brute(chain: Sequence[Primitive]) -> str:
    return "def f(v):\n" + textwrap.indent("\n".join(p.again for p in chain), "    ") + "\n    return v\n"


def _relations(start: str, chain: Sequence[Primitive]) -> tuple[Relation, ...]:
    found = [Relation("again")]
    if start == "table":
        return (*found, Relation("reordered"))
    if start == "num":
        even = chain[0].name in ("squared", "absolute", "digit_sum", "digit_count", "digits_back", "digits")
        return (*found, Relation("sign")) if even else tuple(found)
    orders = [p.order for p in chain]
    apart = 0
    while apart < len(orders) and orders[apart] == EACH:
        apart += 1
    if apart == len(orders) or (apart == len(orders) - 1 and orders[-1] == TOTAL):
        found.append(Relation("parts"))
    turning = 0
    while turning < len(orders) and orders[turning] in (EACH, FLIP):
        turning += 1
    if turning == len(orders):
        found.append(Relation("mirrored"))
    elif orders[turning] in (BAG, TOTAL):
        found.append(Relation("backwards"))
    return tuple(found)


def _family(name: str, start: str, about: str) -> Family:
    def drawing(rng: random.Random, steps: int) -> Any:
        return draw(start, rng, steps)

    return Family(name, about, drawing, build, STEPS)


FAMILIES = (
    _family("numbers", "num", "arithmetic on a number and its digits"),
    _family("lists", "nums", "filters, maps, orders and sums of a list of numbers"),
    _family("strings", "text", "characters and words of a string"),
    _family("words", "words", "lists of words"),
    _family("tables", "table", "dictionaries"),
    _family("records", "items", "lists of small records"),
)
