"""Questions of the arena's phrase book and the sub-tasks that scripts make of them, understood.

The vocabulary of a field (what else a thing is called) is general knowledge; everything else comes out of texts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from lanista.arenas.research.calls import PAPER
from lanista.arenas.research.fields import FIELDS, Name

_WINDOW = re.compile(r"published (?:from (\d+) to (\d+)|since (\d+)|up to (\d+))")


class Want(NamedTuple):
    """One thing to find: what a sub-task says."""

    approach: str
    part: str
    quantity: str
    first: int = 0
    last: int = 0  # 0: open
    peer: bool = False

    def task(self) -> str:
        """The sub-task in words."""
        if self.first and self.last:
            window = f"from {self.first} to {self.last}"
        else:
            window = f"since {self.first}" if self.first else f"up to {self.last}" if self.last else "ever"
        return f"{self.quantity} of {self.approach} with {self.part}, {'peer-reviewed, ' * self.peer}published {window}"


def wants(question: str) -> list[Want]:
    """What a question asks for, one for each approach; empty for a text that is not of this phrase book."""
    for field in FIELDS.values():
        part = _named(field.parts, question)
        quantity = next((each.name for each in field.quantities if each.name in question), None)
        if part is None or quantity is None or field.subject not in question:
            continue
        tail = question.rpartition("for ")[2]
        approaches = re.split(r", | and ", tail.rstrip("?. "))
        known = [each for each in approaches if any(each in name for name in field.approaches)]
        first, last = _years(question)
        return [Want(each, part, quantity, first, last, "peer-reviewed" in question) for each in known]
    return []


def want(task: str) -> Want | None:
    """What a sub-task asks for; None where it is of another hand."""
    found = re.match(r"(?:again: )?(.+) of (.+) with (.+?), (peer-reviewed, )?published ", task)
    if found is None:
        return None
    first, last = _years(task)
    return Want(found[2], found[3], found[1], first, last, bool(found[4]))


def papers(text: str) -> list[str]:
    """The papers that a text names."""
    return PAPER.findall(text)


def names(want: Want) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(names of the approach, names of the part)."""
    for field in FIELDS.values():
        approach = next((each for each in field.approaches if want.approach in each), None)
        part = next((each for each in field.parts if want.part in each), None)
        if approach is not None and part is not None:
            return approach, part
    return (want.approach,), (want.part,)


def on_topic(title: str, want: Want) -> bool:
    """Whether a title or a sentence names the approach, the part and the quantity."""
    said = title.casefold()
    return want.quantity.casefold() in said and all(any(n.casefold() in said for n in each) for each in names(want))


def measured(paper: Mapping[str, Any]) -> tuple[str, str]:
    """(number, unit) in a paper's results; ("", "") where nothing was measured."""
    if paper["kind"] != "study":
        return "", ""
    return _number(paper["results"])


def in_abstract(paper: Mapping[str, Any]) -> tuple[str, str]:
    """(number, unit) in a paper's abstract."""
    return _number(paper["abstract"])


_UNITS = sorted({each.unit for field in FIELDS.values() for each in field.quantities}, key=len, reverse=True)


def _number(text: str) -> tuple[str, str]:
    for unit in _UNITS:
        found = re.search(rf"(?<![\w.])(\d+(?:\.\d+)?) {re.escape(unit)}(?!\w)", text)
        if found:
            return found[1], unit
    return "", ""


def unit_of(quantity: str) -> str:
    """The unit of a quantity."""
    return next((q.unit for field in FIELDS.values() for q in field.quantities if q.name == quantity), "")


def _named(names: tuple[Name, ...], text: str) -> str | None:
    return next((each.name for each in names if each.name in text), None)


def _years(text: str) -> tuple[int, int]:
    found = _WINDOW.search(text)
    if found is None:
        return 0, 0
    if found[1]:
        return int(found[1]), int(found[2])
    return (int(found[3]), 0) if found[3] else (0, int(found[4]))
