"""What the scripted agencies write to each other on journeys, and how they read it.

A note is items such as ``goal fair`` or ``fly NYC LON 2025-11-11, LON NYC 2025-11-15``, with semicolons between them;
the items after the first word are separated by commas. Whatever else a note says is not understood and left aside.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lanista.arenas.travel_booking.journeys.cases import Leg, Stay
from lanista.arenas.travel_booking.journeys.wishes import KINDS, Wish

_NUMBERS = ("after", "before", "stars", "status")


@dataclass(slots=True)
class Brief:
    """What a seat knows of the case: heard, or read in notes."""

    people: list[tuple[str, int]] = field(default_factory=list)
    goal: str = "cheapest"
    budget: int = 0
    think: int = 2
    legs: list[Leg] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    musts: list[Wish] = field(default_factory=list)
    likes: list[Wish] = field(default_factory=list)

    @property
    def ages(self) -> list[int]:
        """The party's ages; one grown-up where nothing is known."""
        return [age for _, age in self.people] or [30]

    @property
    def bags(self) -> int:
        """Checked bags of the party."""
        return sum(wish.kind == "bag" for wish in self.musts)

    def check_out(self, stay: int) -> str:
        """The day on which a stay ends."""
        mine = self.stays[stay]
        return self.legs[mine.leaves].day if mine.leaves >= 0 else mine.end

    def move(self, leg: int, day: str) -> None:
        """A flight is on another day."""
        self.legs[leg] = self.legs[leg]._replace(day=day, say=day)


def written(brief: Brief) -> str:
    """All of a brief as a note."""
    items = [
        "for " + ", ".join(f"{name} {age}" for name, age in brief.people),
        f"goal {brief.goal}",
        f"budget {brief.budget}",
        f"think {brief.think}",
        "fly " + ", ".join(f"{leg.frm} {leg.to} {leg.day}" for leg in brief.legs),
        "sleep " + ", ".join(f"{s.city} {s.lands} {s.begin or '-'} {s.leaves} {s.end or '-'}" for s in brief.stays),
        "must " + ", ".join(map(_wish, brief.musts)),
        "like " + ", ".join(map(_wish, brief.likes)),
    ]
    return "; ".join(item for item in items if " " in item and not item.endswith(" "))


def _wish(wish: Wish) -> str:
    return f"{wish.kind} {wish.who} {wish.at} {'-' if wish.value is None else wish.value}"


def items(note: str) -> dict[str, list[list[str]]]:
    """A note as its items: first word → the words of each of its parts."""
    found: dict[str, list[list[str]]] = {}
    for item in note.split(";"):
        head, _, rest = item.strip().partition(" ")
        if head:
            found[head] = [part.split() for part in rest.split(",") if part.strip()]
    return found


def read(brief: Brief, note: str) -> dict[str, list[list[str]]]:
    """Take a note into a brief; its other items are given back."""
    found = items(note)
    try:
        _take(brief, found)
    except (ValueError, IndexError):
        return found  # somebody else's note: what was understood so far is kept
    return found


def _take(brief: Brief, found: dict[str, list[list[str]]]) -> None:
    if "for" in found:
        brief.people = [(name, int(age)) for name, age in found["for"]]
    if "goal" in found:
        brief.goal = found["goal"][0][0]
    for name in ("budget", "think"):
        if name in found:
            setattr(brief, name, int(found[name][0][0]))
    if "fly" in found:
        brief.legs = [Leg(frm, to, day, day) for frm, to, day in found["fly"]]
    if "sleep" in found:
        brief.stays = [
            Stay(city, int(lands), _blank(begin), int(leaves), _blank(end))
            for city, lands, begin, leaves, end in found["sleep"]
        ]
    for name, wishes in (("must", brief.musts), ("like", brief.likes)):
        if name in found:
            wishes[:] = [_read_wish(words) for words in found[name] if words[0] in KINDS]


def _blank(word: str) -> str:
    return "" if word == "-" else word


def _read_wish(words: list[str]) -> Wish:
    kind, who, at, value = words
    return Wish(kind, who, int(at), None if value == "-" else int(value) if kind in _NUMBERS else value)
