"""One primitive, and the shapes that independent second versions are written in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

EACH, TOTAL, BAG, FLIP = "each", "total", "bag", "flip"
"""What a primitive does with an order. EACH: item by item, so that halves can be done apart. TOTAL: a number that adds
up over halves. BAG: the order is forgotten. FLIP: backwards in gives backwards out. "" where none of these holds."""


class Primitive(NamedTuple):
    """A function of one value, by four descriptions that must agree."""

    name: str
    takes: str
    gives: str
    says: str
    """A sentence."""
    does: str
    """A Python expression of ``v``."""
    again: str
    """Statements that leave in ``v`` what ``does`` says, written from the sentence and by other means."""
    order: str = ""


def over(values: Sequence[object], primitive: Primitive) -> list[Primitive]:
    """The primitive once for each value of ``{k}``."""
    return [
        primitive._replace(
            name=f"{primitive.name}({k})",
            says=primitive.says.replace("{k}", str(k)),
            does=primitive.does.replace("{k}", str(k)),
            again=primitive.again.replace("{k}", str(k)),
        )
        for k in values
    ]


def keep(condition: str) -> str:
    """A loop that keeps the items ``x`` of ``v`` that fulfil a condition."""
    return f"w = []\nfor x in v:\n    if {condition}:\n        w.append(x)\nv = w"


def each(expression: str) -> str:
    """A loop that makes something of each item ``x`` of ``v``."""
    return f"w = []\nfor x in v:\n    w.append({expression})\nv = w"


def spell(expression: str) -> str:
    """A loop that writes a string for each character ``x`` of ``v``."""
    return f"w = ''\nfor x in v:\n    w += {expression}\nv = w"


def fold(start: str, *statements: str) -> str:
    """A loop over the items ``x`` of ``v`` with a running value ``t``."""
    inside = "\n".join(f"    {line}" for statement in statements for line in statement.split("\n"))
    return f"t = {start}\nfor x in v:\n{inside}\nv = t"


def insertion(less: str) -> str:
    """Insertion sort of ``v``: ``less`` says whether ``x`` stands before ``w[i]``; equal items keep their order."""
    return (
        "w = []\nfor x in v:\n    i = 0\n"
        f"    while i < len(w) and not ({less}):\n        i += 1\n"
        "    w = w[:i] + [x] + w[i:]\nv = w"
    )


BACKWARDS = "w = []\nfor x in v:\n    w = [x] + w\nv = w"
UNIQUE = "w = []\nfor x in v:\n    if x not in w:\n        w.append(x)\nv = w"
COUNT = fold("0", "t += 1")
DISTINCT = UNIQUE + "\nv = len(w)"
FIRST = "w = []\nfor i, x in enumerate(v):\n    if i < {k}:\n        w.append(x)\nv = w"
SKIP = "w = []\nfor i, x in enumerate(v):\n    if i >= {k}:\n        w.append(x)\nv = w"
OTHER = "w = []\nfor i, x in enumerate(v):\n    if i % 2 == 0:\n        w.append(x)\nv = w"
