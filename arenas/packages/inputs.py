"""What functions of a package may be called with: drawn for hidden calls, checked for a tester's."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from lanista.arenas.packages.parts import Part

NAMES = ("Ann", "BEN", "ben", " Cleo", "", "dan ", "Eve", "Maximilian", "Zoe")
GROUPS = ("south", "north", "west", "east")
ROWS, TEXT, NUMBER, DAYS = 12, 20, 10_000_000, 400
"""The most rows or pairs, characters of a name, size of an amount, and days."""


def draw(rng: random.Random, part: Part, numbers: Mapping[str, int]) -> tuple[Any, ...]:
    """Arguments within the domain, near what decisions turn on."""
    first = rng.randint(1, 6)
    last = first + rng.choice((-2, 0, 1, 2, 4))
    given: list[Any] = []
    days = iter((first, last))
    for kind in part.takes:
        if kind == "rows":
            given.append(rows(rng, numbers, (first, last)))
        elif kind == "pairs":
            given.append(pairs(rng))
        elif kind == "day":
            given.append(next(days))
        elif kind == "amount":
            given.append(_amount(rng, numbers))
        else:
            given.append(rng.choice(NAMES) if part.module != "lines" else rng.choice(("Al", "Bertram", "Maximilian")))
    if part.module == "lines":
        given[-1] = rng.choice((7, 950, 1_000, 12_345, 1_234_567))
    return tuple(given)


def rows(rng: random.Random, numbers: Mapping[str, int], days: tuple[int, int]) -> list[tuple[str, str, int, int]]:
    """Rows with odd names, amounts around the limits and days around both ends."""
    count = rng.choice((0, 1, 4, 6, 8))
    near = [day + by for day in days for by in (-1, 0, 1)]
    return [
        (rng.choice(NAMES), rng.choice(GROUPS), _amount(rng, numbers), max(0, rng.choice(near))) for _ in range(count)
    ]


def pairs(rng: random.Random) -> list[tuple[str, int]]:
    """Pairs with many equal amounts, some of them nothing but noughts."""
    names = rng.sample(("Zoe", "Ann", "Kim", "Ben", "Lea", "Cem"), rng.choice((0, 1, 3, 5, 6)))
    amounts = rng.choice(((0,), (1, 2, 3), (1, 2, 2, 5, 7)))
    return [(name, rng.choice(amounts)) for name in names]


def _amount(rng: random.Random, numbers: Mapping[str, int]) -> int:
    least = numbers.get("prices", 100)
    return rng.choice((-15, -1, 0, 0, 5, 40, least - 1, least, least + 1, least + 5, least + 9, 6 * least, 12_345))


def sample(part: Part) -> tuple[Any, ...]:
    """Plain arguments, to show how a call is written."""
    plain: Mapping[str, Any] = {
        "rows": [("Ann", "north", 12, 3), ("Ben", "south", 30, 4)],
        "pairs": [("Ann", 12), ("Ben", 30)],
        "day": 3,
        "amount": 120,
        "name": "Ann",
    }
    return tuple(plain[kind] for kind in part.takes)


def why_not(part: Part, args: Sequence[Any]) -> str | None:
    """Why these arguments are none of the function's, in one line; None where they are fine."""
    if len(args) != len(part.takes):
        return f"{part.where} takes {len(part.takes)} argument{'s' * (len(part.takes) != 1)}, not {len(args)}"
    for name, kind, value in zip(part.parameters.split(", "), part.takes, args, strict=True):
        why = _CHECKS[kind](value)
        if why:
            return f"{name} {why}"
    return None


def _is_day(value: Any) -> str | None:
    fine = type(value) is int and 0 <= value <= DAYS
    return None if fine else f"is a day, a whole number from 0 to {DAYS}"


def _is_amount(value: Any) -> str | None:
    fine = type(value) is int and abs(value) <= NUMBER
    return None if fine else f"is a whole number of at most {NUMBER:,} either way"


def _is_name(value: Any) -> str | None:
    return None if isinstance(value, str) and len(value) <= TEXT else f"is a string of at most {TEXT} characters"


def _list_of(*kinds: Any) -> Any:
    what = "(name, amount)" if len(kinds) == 2 else "(name, group, amount, day)"

    def check(value: Any) -> str | None:
        if not isinstance(value, list) or len(value) > ROWS:
            return f"is a list of at most {ROWS} tuples {what}"
        for entry in value:
            if not isinstance(entry, tuple) or len(entry) != len(kinds):
                return f"is a list of tuples {what}"
            for kind, each in zip(kinds, entry, strict=True):
                why = kind(each)
                if why:
                    return f"holds a tuple {what} in which one {why}"
        return None

    return check


_CHECKS = {
    "rows": _list_of(_is_name, _is_name, _is_amount, _is_day),
    "pairs": _list_of(_is_name, _is_amount),
    "day": _is_day,
    "amount": _is_amount,
    "name": _is_name,
}
