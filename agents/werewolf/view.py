"""What one seat knows of a Werewolf game: its events folded into tables.

The vocabulary of events is that of docs/arenas/werewolf.md. Seats are numbered by their place at the table; everything
a scripted player decides is a function of this view, the question's legal replies, and its seed.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lanista.agents.contract import Question
from lanista.agents.werewolf.listening import listen
from lanista.arenas.core import chance
from lanista.arenas.core.contract import Event

WEREWOLF = "werewolf"
INNOCENT = "innocent"


class Said(NamedTuple):
    """One speech act by day. ``act`` is that of the vocabulary; ``target`` a seat's number, or -1 where it has none."""

    day: int
    seat: int
    act: str
    target: int = -1
    word: str = ""
    """The role claimed or the finding reported."""
    loose: bool = False
    """Whether it was read out of free words, which say ``agree`` and ``doubt`` as well."""


@dataclass(slots=True)
class View:
    """A game from one seat. ``alive`` is in table order; findings and reports are by seat number."""

    me: int
    role: str
    seats: tuple[str, ...]
    deck: Mapping[str, int]
    pack: frozenset[int] = frozenset()
    """The wolves' numbers, mine included; empty unless I am one."""
    day: int = 0
    alive: list[int] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    findings: dict[int, bool] = field(default_factory=dict)
    """Seats I inspected as the seer, or whose side I was told as the medium; True: a werewolf."""
    nights: int = 0
    """How many nights have begun: no seer can have found more."""
    shown: dict[int, str] = field(default_factory=dict)
    """Roles of the dead that the table was shown."""
    attacked: list[int] = field(default_factory=list)
    """Victims the witch was told of: wolves never attack a wolf, so each is innocent."""
    saved: set[int] = field(default_factory=set)
    """Seats the doctor protected in a night in which nobody died."""
    proposals: list[int] = field(default_factory=list)
    """Targets named in the den tonight, in order."""

    def others(self) -> list[int]:
        """The living but me."""
        return [i for i in self.alive if i != self.me]

    def accused(self, day: int | None = None) -> dict[int, set[int]]:
        """Who accused whom on a day (today unless told): target -> accusers. A report of a werewolf accuses too."""
        day = self.day if day is None else day
        found: dict[int, set[int]] = {}
        for said in self.said:
            if said.day == day and (said.act == "accuse" or (said.act == "report" and said.word == WEREWOLF)):
                found.setdefault(said.target, set()).add(said.seat)
        return found

    def seer_claimants(self) -> list[int]:
        """Everyone who claimed to be the seer or reported a finding, in order of claiming."""
        claims = [s.seat for s in self.said if s.act == "report" or (s.act == "claim" and s.word == "seer")]
        return list(dict.fromkeys(claims))


def act_of(event: Event, number: Mapping[str, int], day: int) -> Said:
    """The act of a ``speech`` event; a speech without one is ``silent`` to those who read acts alone."""
    act: Mapping[str, Any] | None = event.data["act"]
    seat = number[event.data["seat"]]
    if act is None:
        return Said(day, seat, "silent")
    target = number[act["target"]] if "target" in act else -1
    return Said(day, seat, act["act"], target, act.get("role") or act.get("finding") or "")


def heard(event: Event, number: Mapping[str, int], day: int) -> list[Said]:
    """What a ``speech`` event says to one who listens: its act, then what its words say beside it."""
    said = act_of(event, number, day)
    words = listen(event.data["text"], event.data["seat"], tuple(number)) if event.data["text"] else ()
    told = [
        Said(day, said.seat, word.act, number[word.target] if word.target else -1, word.word, True) for word in words
    ]
    more = [one for one in told if not _within(one, said)]
    return more if said.act == "silent" and more else [said, *more]


def _within(words: Said, act: Said) -> bool:
    """Whether words say no more than the act beside them."""
    if act.act == "report":
        same = words.act == ("accuse" if act.word == WEREWOLF else "defend") and words.target == act.target
        if same or (words.act == "claim" and words.word == "seer"):
            return True
    return (words.act == "agree" and act.act in ("accuse", "report")) or words[1:5] == act[1:5]


def view(question: Question) -> View:
    """The view of the seat that is asked. Needs the question's events; see ``has_events``."""
    table = question.events[0].data
    seats = seats_of(question.events[0])
    number = {seat: i for i, seat in enumerate(seats)}
    seen = View(me=number[question.seat], role=question.role, seats=seats, deck=table["deck"])
    seen.alive = list(range(len(seats)))
    protected = -1
    for event in question.events:
        kind, data, _ = event
        if kind == "speech":
            seen.said += heard(event, number, seen.day)
        elif kind == "nomination" and data["target"] is not None:
            seen.said.append(Said(seen.day, number[data["seat"]], "accuse", number[data["target"]]))
        elif kind == "role":
            seen.role = data["role"]
        elif kind == "pack":
            seen.pack = frozenset(number[seat] for seat in data["wolves"])
        elif kind == "night":
            seen.proposals = []
            seen.nights += 1
            protected = -1
        elif kind == "day":
            seen.day = data["day"]
        elif kind == "den":
            if data["act"] is not None and data["act"]["act"] == "target":
                seen.proposals.append(number[data["act"]["target"]])
        elif kind in ("inspected", "divined"):
            seen.findings[number[data["target"]]] = data["finding"] == WEREWOLF
        elif kind == "protected":
            protected = number[data["target"]]
        elif kind == "attacked":
            if data["victim"] is not None:
                seen.attacked.append(number[data["victim"]])
        elif kind == "deaths":
            if protected >= 0 and not data["deaths"]:
                seen.saved.add(protected)
            for death in data["deaths"]:
                _bury(seen, number[death["seat"]], death["role"])
        elif kind == "votes" and data["eliminated"] is not None:
            _bury(seen, number[data["eliminated"]], data["role"])
        elif kind == "shot" and data["target"] is not None:
            _bury(seen, number[data["target"]], data["role"])
    return seen


def seats_of(table: Event) -> tuple[str, ...]:
    """Every seat, in table order."""
    return tuple(f"player_{i}" for i in range(table.data["players"]))


def has_events(question: Question) -> bool:
    """Whether the question comes with the events of a Werewolf table; elsewhere nothing can be known."""
    return bool(question.events) and question.events[0].kind == "table"


def luck(question: Question, purpose: str) -> random.Random:
    """This seat's chance for one purpose at this turn."""
    return chance.stream(question.seed, purpose, question.turn)


def targets(question: Question, seats: Sequence[str]) -> dict[int, str]:
    """The seats that the legal replies name, by number, each with its reply (``poison: player_3``)."""
    number = {seat: i for i, seat in enumerate(seats)}
    found: dict[int, str] = {}
    for reply in question.legal:
        _, _, name = reply.partition(": ")
        if name in number:
            found.setdefault(number[name], reply)
    return found


def _bury(seen: View, seat: int, role: str | None) -> None:
    if seat in seen.alive:
        seen.alive.remove(seat)
    if role is not None:
        seen.shown[seat] = role
