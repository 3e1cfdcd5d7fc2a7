"""What one seat of the support desk knows: its events folded into a file.

The vocabulary of events is that of docs/arenas/support-desk.md. A seat that the call is handed to learns from the case
file what the others saw, and not when, so each such observation may be from any moment between two changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lanista.agents.contract import Question
from lanista.agents.support_desk import notes, printed
from lanista.arenas.core.contract import Event
from lanista.arenas.support_desk import voices
from lanista.arenas.support_desk.faults import BIT, LATE, STEPS, WRITES
from lanista.arenas.support_desk.house import NO_HOUSE, House
from lanista.arenas.support_desk.levels import ATTEMPTS
from lanista.arenas.support_desk.policy import Params

SAID_FIRST: Mapping[str, tuple[str, str]] = {
    "no_internet": ("internet", "none"),
    "slow_internet": ("internet", "slow"),
    "no_mobile": ("mobile", "none"),
}
"""What a complaint answers at once."""


@dataclass(slots=True)
class Seen:
    """One observation: what ``test`` showed, once one of ``gones`` (sets of faults) was cleared."""

    test: str
    outcome: str
    gones: tuple[int, ...]
    steps: int
    """Steps that the customer had done by then, where this seat saw it itself; -1 where it did not."""


@dataclass(slots=True)
class File:
    """The file of a case, as one seat has it."""

    role: str = ""
    faults: int = 1
    """Causes that the case has."""
    options: frozenset[str] = frozenset()
    """The options of a hard level that are in force."""
    house: House = NO_HOUSE
    """The rules that hang together."""
    ever: set[tuple[str, str]] = field(default_factory=set)
    """(question or reading, part of an outcome): everything that was shown in this call, as far as this seat knows."""
    known: dict[str, str] = field(default_factory=dict)
    """By topic: what the article says that holds, where articles say it."""
    wanted: str = ""
    """The topic that has to be looked up before a reading means anything."""
    failed: dict[str, int] = field(default_factory=dict)
    """By factor: wrong answers in this call, as far as this seat knows."""
    resists: set[str] = field(default_factory=set)
    """Steps, changes and causes that the customer wants a reason for, and changes that they ask for."""
    unmoved: list[str] = field(default_factory=list)
    """What reasons were given for in vain, in order."""
    broke: bool = False
    """Whether an outage has begun during the call."""
    minute: int = 0
    """The time of day, as far as this seat was told."""
    needs: set[str] = field(default_factory=set)
    """Whom a cause needs that others know of: technician, human."""
    params: Params | None = None
    """The rules of the house."""
    symptom: str = ""
    seen: list[Seen] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)
    """The last outcome of every question and reading in this call."""
    numbers: dict[str, Any] = field(default_factory=dict)
    """Amounts, ages, plans and times that readings told this seat."""
    gone: int = 0
    """Faults that what was done should have cleared."""
    steps: list[int] = field(default_factory=list)
    """The faults that the customer's steps should have cleared, in order, where this seat saw them."""
    fresh: set[str] = field(default_factory=set)
    """Questions and readings since anything was last done or changed."""
    identity: set[str] = field(default_factory=set)
    agreed: set[str] = field(default_factory=set)
    explained: set[str] = field(default_factory=set)
    changes: list[str] = field(default_factory=list)
    """Tools that changed something, and escalations, in order."""
    had: set[str] = field(default_factory=set)
    """The roles that have held the call, as far as this seat was told."""
    end: str = ""
    checked: int = 0
    """How many of the steps were followed by an observation that tells whether they worked."""
    skips: frozenset[str] = frozenset()
    """Rules that whoever reads this file leaves out: identity, confirm, limits, explain."""
    moves: int = 0
    """Own replies so far."""
    asked: list[str] = field(default_factory=list)
    """Own questions and readings, in order."""

    @property
    def stranger(self) -> bool:
        """Whether the caller has failed a check so often that they are a stranger."""
        return any(number >= ATTEMPTS for number in self.failed.values())

    @property
    def identified(self) -> bool:
        """Whether the caller is identified by the rules of the house."""
        return self.params is not None and self.identity.issuperset(self.params.identity)


def read(question: Question) -> File:
    """The file that a seat's events make."""
    file = File(role=question.role, moves=len(question.history))
    for event in question.events:  # readings mean what the articles say, read before or after
        if event.kind == "articles":
            file.known[event.data["topic"]] = printed.that_holds(event.data["articles"])
    for event in question.events:
        if "at" in event.data:
            hours, _, minutes = event.data["at"].partition(":")
            file.minute = 60 * int(hours) + int(minutes)
        fold = _FOLD.get(event.kind)
        if fold is not None:
            fold(file, event)
    if file.role == "summarizer" and not file.end and question.history:  # one memory in all seats
        file.end = _own_end(question.history[-1].reply)
    return file


def _own_end(reply: str) -> str:
    """How a call ended that this reply ended."""
    name, _, arguments = reply.partition(" ")
    if name == "close":
        return "closed"
    return next((to for to in ("technician", "human") if name == "escalate" and to in arguments), "")


def _brief(file: File, event: Event) -> None:
    if "policy" not in event.data:
        return  # the customer's, or that of another game
    policy: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in event.data["policy"].items()}
    file.faults, file.params = event.data["faults"], Params(**policy)
    file.options = frozenset(event.data.get("options", ()))
    if "house" in event.data:
        rules: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in event.data["house"].items()
        }
        file.house = House(**rules)


def _complaint(file: File, event: Event) -> None:
    if "said" in event.data:
        file.symptom, claimed, troubles = voices.meant(event.data["said"])
    else:
        file.symptom, claimed, troubles = event.data["symptom"], bool(event.data["rebooted"]), None
    if claimed:
        _note(file, "rebooted", "yes")
    if troubles is not None:
        _note(file, "anything_else", "+".join(troubles))
    first = SAID_FIRST.get(file.symptom)
    if first is not None:
        file.shown[first[0]] = first[1]


def _look(file: File, event: Event) -> None:
    test = event.data.get("question") or event.data["reading"]
    file.asked.append(test)
    if "lines" in event.data:
        file.wanted = printed.topic(test, event.data["lines"]) if "articles" in file.options else ""
        if file.wanted and file.wanted not in file.known:
            return
        file.wanted = ""
        outcome, numbers = printed.read(test, event.data["lines"], file.known)
    elif "said" in event.data:
        outcome, numbers = voices.answered(test, event.data["said"]) or "", {}
    else:
        outcome = event.data["outcome"]
        numbers = {name: value for name, value in event.data.items() if name not in _PLAIN}
    file.numbers |= numbers
    _note(file, test, outcome)
    file.checked = len(file.steps)


_PLAIN = frozenset({"question", "reading", "outcome", "v", "at"})


def _note(file: File, test: str, outcome: str) -> None:
    file.shown[test] = outcome
    file.ever |= {(test, part) for part in outcome.split("+")}
    file.fresh.add(test)
    file.seen.append(Seen(test, outcome, (file.gone,), len(file.steps)))


def _did(file: File, event: Event) -> None:
    bit = BIT[STEPS[event.data["step"]]]
    file.gone |= bit
    file.steps.append(bit)
    file.fresh.clear()
    if event.data["step"] == "reboot":
        file.shown.setdefault("rebooted", "no")  # who had done it would have said so


def _already(file: File, event: Event) -> None:
    if event.data["step"] == "reboot" and "rebooted" not in file.shown:
        _note(file, "rebooted", "yes")


def _breaks(file: File, event: Event | None = None) -> None:
    file.broke = True
    file.gone |= LATE
    file.fresh.clear()


def _doubts(file: File, event: Event) -> None:
    outcome = voices.heard_in(event.data["question"], event.data["said"])
    if outcome is not None:
        _note(file, event.data["question"], outcome)


def _returns(file: File, event: Event) -> None:
    """The customer says what is still wrong; that nothing shows is no more than that."""
    file.fresh.clear()
    found = [part for part in ("internet", "mobile", "bill") if voices.mentions(event.data["said"], part)]
    if found:
        _note(file, "anything_else", "+".join(found))


def _persuaded(file: File, event: Event) -> None:
    file.resists.discard(event.data["what"])


def _changed(file: File, event: Event) -> None:
    tool, ordered = event.data["tool"], file.numbers.get("ordered")
    file.changes.append(tool)
    if tool != "change_plan" or ordered in (None, event.data["plan"]):
        file.gone |= BIT[WRITES[tool]]
    file.fresh.clear()


def _identity(file: File, event: Event) -> None:
    factor = event.data["factor"]
    if event.data["ok"]:
        file.identity.add(factor)
    elif "said" in event.data:
        file.failed[factor] = file.failed.get(factor, 0) + 1


def _casefile(file: File, event: Event) -> None:
    """What the others did and saw is taken over; what this seat knows better, it keeps."""
    data = event.data
    if "notes" in data:
        data = notes.read(data, file)
    file.symptom = data["symptom"]
    before = file.gone
    done = [change.partition(" ")[0] for change in data["changes"]]
    prefixes = [before]
    for tool in done:
        if tool in WRITES and not before & BIT[WRITES[tool]]:
            prefixes.append(prefixes[-1] | BIT[WRITES[tool]])
    for step in data["steps"]:
        bit = BIT[STEPS[step]]
        claimed = "notes" not in event.data and step == "reboot" and data["seen"].get("rebooted") == "yes"
        if file.role != "technical" and not claimed and not before & bit:
            prefixes += [gone | bit for gone in prefixes]
    if (done, prefixes[-1]) != (file.changes, file.gone):
        file.fresh.clear()
    if data.get("broke") and not file.broke:
        _breaks(file)
    if file.broke:
        prefixes += [gone | LATE for gone in prefixes]
    file.changes, file.gone = done, prefixes[-1]
    for test, outcome in data["seen"].items():
        if file.shown.get(test) != outcome:
            file.seen.append(Seen(test, outcome, tuple(dict.fromkeys(prefixes)), -1))
            file.shown[test] = outcome
            file.ever |= {(test, part) for part in outcome.split("+")}
    file.identity |= set(data["identity"])
    file.agreed |= set(data["agreed"])
    file.explained = set(data["explained"])
    file.needs |= set(data.get("needs", ()))
    for factor, number in data.get("failed", {}).items():
        file.failed[factor] = max(number, file.failed.get(factor, 0))
    if data["until"]:
        file.numbers["until"] = data["until"]
    file.end = data["end"] or ""


_FOLD: dict[str, Callable[[File, Event], None]] = {
    "brief": _brief,
    "complaint": _complaint,
    "answer": _look,
    "reading": _look,
    "did": _did,
    "already": _already,
    "changed": _changed,
    "identity": _identity,
    "agreed": lambda file, event: file.agreed.add(event.data["action"]),
    "explained": lambda file, event: file.explained.add(event.data["cause"]),
    "casefile": _casefile,
    "returns": _returns,
    "interrupts": _breaks,
    "doubts": _doubts,
    "declined": lambda file, event: file.resists.add(event.data["what"]),
    "disputes": lambda file, event: file.resists.add(event.data["cause"]),
    "demands": lambda file, event: file.resists.add(event.data["wanted"]),
    "persuaded": _persuaded,
    "unmoved": lambda file, event: file.unmoved.append(event.data["what"]),
    "handover": lambda file, event: file.had.update((event.data["from"], event.data["to"])),
}
