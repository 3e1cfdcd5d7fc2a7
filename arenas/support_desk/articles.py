"""The house's articles: what a number has to be, in one that holds, one that is out of date and one that never held."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, NamedTuple

from lanista.arenas.core import chance

if TYPE_CHECKING:
    from lanista.arenas.support_desk.state import State

TOPICS = ("line", "firmware")
RELEASED, OTHERS = "released", ("draft", "forum post")


class Values(NamedTuple):
    """What holds in a house."""

    margin: int = 60
    """Tenths of a decibel: the least margin of a line."""
    minor: int = 4
    """The current firmware is 7.``minor``."""


def draw(rng: random.Random) -> Values:
    """What holds at one employer."""
    return Values(rng.choice((50, 55, 60, 65, 70)), rng.choice((4, 5, 6, 7)))


def found(state: State, topic: str) -> dict[str, Any]:
    """The articles on a topic, as an ``articles`` event has them: in an order of their own, the latest is none that
    holds."""
    values, key = state.case.values, state.key
    right, old, wrong = (
        (f"{values.margin / 10} dB", f"{(values.margin + 25) / 10} dB", f"{(values.margin - 25) / 10} dB")
        if topic == "line"
        else (f"7.{values.minor}", f"7.{values.minor - 2}", f"7.{values.minor + 1}")
    )

    def pick(what: str, n: int) -> int:
        return chance.draw(key, f"article {topic} {what}", 0, n)

    made = [
        {"date": f"2025-{6 + pick('month', 4):02d}-{1 + pick('day', 28):02d}", "status": RELEASED, "says": right},
        {"date": f"2024-{1 + pick('old month', 12):02d}-11", "status": RELEASED, "says": old},
        {"date": f"2025-{10 + pick('new month', 2):02d}-05", "status": OTHERS[pick("status", 2)], "says": wrong},
    ]
    order = sorted(range(3), key=lambda i: pick(f"order {i}", 1 << 20))
    return {"topic": topic, "articles": [made[i] for i in order]}


SAYS = {"line": "a line needs a margin of at least {}", "firmware": "the current firmware is {}"}
"""What an article says, by its topic."""
