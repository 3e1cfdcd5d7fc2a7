"""A moment of a call, and the few ways in which it changes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

from lanista.arenas.core import chance
from lanista.arenas.core.contract import Event
from lanista.arenas.core.tools import Call
from lanista.arenas.support_desk import judge
from lanista.arenas.support_desk.calls import ROUTER, SEAT, SUMMARIZER
from lanista.arenas.support_desk.cases import PLANS, Case
from lanista.arenas.support_desk.faults import QUESTIONS, hidden, named, observe
from lanista.arenas.support_desk.house import also_supports, clock
from lanista.arenas.support_desk.levels import ATTEMPTS

OPEN, TICKET, OVER = "call", "ticket", "over"


class Note(Enum):
    """What a move was, for the rewards: rules write these and never read them."""

    QUESTION = "question"
    IRRELEVANT = "irrelevant"
    VIOLATION = "violation"
    PREMATURE = "premature"
    APPROPRIATE = "appropriate"
    MISINFORMED = "misinformed"
    WRONG_CHANGE = "wrong change"
    BAD_CALL = "bad call"
    CUSTOMER_BAD_CALL = "bad call of the customer"
    ROUTED = "routed"
    MISROUTED = "misrouted"


_NOBODY: frozenset[str] = frozenset()


class State(NamedTuple):
    """A moment of a call. ``epoch`` counts what was changed or done so far: what was seen before may have changed."""

    case: Case
    key: int
    stage: str = OPEN
    holder: str = ROUTER
    pending: Call | None = None
    """What customer_0, where it is a seat, has been asked by the holder."""
    gone: int = 0
    """Faults that what was done has cleared, or would have."""
    mask: int = 0
    """The hypotheses that what the desk was told leaves open, of those that the config knows: what is paid by."""
    open: int = 0
    """The hypotheses of ``case.open`` that the desk's own texts leave open: what is charged by. What was seen after a
    change or a step rules out none of them, since no text tells whether a step was done."""
    low: float = 0.0
    """The fewest bits of uncertainty so far."""
    patience: int = 0
    turns: int = 0
    """How often the desk spoke to the customer."""
    decisions: int = 0
    diagnostics: int = 0
    """Questions and readings so far, repeats after a change aside."""
    epoch: int = 0
    seen: Mapping[str, tuple[str, int]] = {}
    """By question or reading: the outcome, and the epoch then."""
    fresh: frozenset[str] = _NOBODY
    """Questions and readings that the holder has seen since it took the call, with nothing changed or done since."""
    steps: Mapping[str, int] = {}
    """By step: the epoch when the customer said that it is done; 0 for before the call."""
    tries: Mapping[str, int] = {}
    """By question, factor or step: how often the customer was asked for it."""
    identified: frozenset[str] = _NOBODY
    agreed: frozenset[str] = _NOBODY
    told: int = 0
    """Causes explained that there are."""
    wrong: int = 0
    """Causes explained that there are not."""
    changes: tuple[Call, ...] = ()
    rules_broken: int = 0
    errors: int = 0
    """Calls answered with an error."""
    visited: tuple[str, ...] = (ROUTER,)
    again: bool = False
    """Whether the customer has called again."""
    failed: Mapping[str, int] = {}
    """By factor: how often it was given wrongly, where callers may be impostors."""
    showed: frozenset[tuple[str, str]] = frozenset()
    """(question or reading, part of an outcome): everything that was ever shown, where customers want reasons."""
    persuaded: frozenset[str] = _NOBODY
    """The steps, changes and causes that the customer was given a reason for, and ``belief``."""
    minute: int = 0
    """The time of day, where the house goes by the clock."""
    written: tuple[tuple[str, str], ...] = ()
    """(role, note), where notes are all that the seats have of each other."""
    end: str | None = None
    ticket: Call | None = None
    notes: tuple[Note, ...] = ()
    """On the last move, for the rewards."""
    grade: judge.Grade | None = None

    def shown(self, test: str) -> str | None:
        """See ``policy.File``."""
        found = self.seen.get(test)
        return None if found is None else found[0]

    @property
    def stranger(self) -> bool:
        """See ``policy.File``."""
        return any(number >= ATTEMPTS for number in self.failed.values())

    def also(self, what: str) -> Mapping[str, tuple[str, ...]]:
        """See ``policy.File``."""
        return also_supports(self, what)

    def amounts(self) -> Mapping[str, int]:
        """See ``policy.File``."""
        context, found = self.case.context, {}
        if "invoices" in self.seen:
            found["refund_days"] = context.refund_days
        if "contract" in self.seen:
            found["months"] = context.months
        if "charge_detail" in self.seen:
            found["waived"] = context.waived
        return found


Played = tuple[State, list[Event]]

MOST_ERRORS = 2

_SAID_FIRST: Mapping[str, tuple[tuple[str, str], ...]] = {
    "no_internet": (("internet", "none"),),
    "slow_internet": (("internet", "slow"),),
    "no_mobile": (("mobile", "none"),),
    "high_bill": (),
    "vague": (),
}
"""The questions that a complaint answers at once."""


def begin(case: Case, key: int) -> State:
    """The first moment of a call."""
    seen = {question: (outcome, 0) for question, outcome in _SAID_FIRST[case.complaint]}
    if case.mentions_reboot:
        seen["rebooted"] = ("yes", 0)
    if case.manner.tells_all:
        seen["anything_else"] = (observe("anything_else", case.truth, 0), 0)
    steps = {"reboot": 0} if case.mentions_reboot else {}
    return State(
        case,
        key,
        minute=case.manner.start,
        showed=frozenset((test, part) for test, (shown, _) in seen.items() for part in shown.split("+")),
        mask=case.start,
        open=case.told,
        low=case.entropy,
        patience=case.patience,
        seen=seen,
        steps=steps,
    )


def noted(state: State, note: Note) -> State:
    """The state with one more note on the last move, for the rewards."""
    return state._replace(notes=(*state.notes, note))


def changed(state: State) -> State:
    """The state in which something was changed or done, or is said to have been: what was seen may be so no more."""
    return state._replace(epoch=state.epoch + 1, fresh=_NOBODY)


def learn(state: State, test: str, outcome: str) -> State:
    """The state in which the desk knows what ``test`` showed, whatever it was asked for."""
    space = state.case.space
    mask = space.parts(state.mask, test, state.gone)[outcome]
    if state.case.config.hard.haggling:
        state = state._replace(showed=state.showed | {(test, part) for part in outcome.split("+")})
    seen = {**state.seen, test: (outcome, state.epoch)}
    left = state.open if state.epoch else state.open & state.case.open.showing(test)[outcome]
    if mask == state.mask:
        return state._replace(seen=seen, open=left)
    return state._replace(seen=seen, open=left, mask=mask, low=min(state.low, space.entropy(mask)))


def learn_of(state: State, fault: int, *, there: bool) -> State:
    """The state in which the desk knows whether there was a fault at first, from how a change of it was answered."""
    mine, open_ = state.case.space.having(fault), state.case.open.having(fault)
    mask = state.mask & mine if there else state.mask & ~mine
    left = state.open & open_ if there else state.open & ~open_
    return state._replace(mask=mask, open=left, low=min(state.low, state.case.space.entropy(mask)))


class Looked(NamedTuple):
    """What a question or reading came to."""

    outcome: str
    state: State
    idle: bool
    """Whether the holder's own texts had settled what it would show."""
    again: bool
    """Whether somebody at the desk was told already, with nothing changed or done since."""


def look(state: State, test: str) -> Looked:
    """What a question or reading shows, and the state in which the desk has asked for it.

    Idle is what the holder has seen already with nothing changed or done since, and a question to the customer to
    which only one answer was left. To look after a change, again or for the first time, is a check and never idle.
    """
    outcome = observe(test, state.case.truth, state.gone)
    after = learn(state, test, outcome)
    known = state.seen.get(test)
    asked = state.diagnostics + (known is None or known[1] == state.epoch)
    idle = test in state.fresh
    if not idle and not state.epoch and not state.case.config.hard.notes:  # else the holder may not have been told
        idle = known is not None or _settled(state, test, outcome)
    again = known is not None and known[1] == state.epoch
    return Looked(outcome, after._replace(diagnostics=asked, fresh=state.fresh | {test}), idle, again)


def _settled(state: State, test: str, outcome: str) -> bool:
    """Whether nothing but this outcome was left to a question before anything was changed or done."""
    return test in QUESTIONS and not state.open & ~state.case.open.showing(test)[outcome]


def errs(state: State, what: str) -> bool:
    """Whether the simulated customer gets a question, factor or step wrong this time; never more than MOST_ERRORS times
    the same one, so that every case can be solved."""
    rate, tried = state.case.config.error_rate, state.tries.get(what, 0)
    return rate > 0 and tried < MOST_ERRORS and chance.draw(state.key, f"error {what}", tried, 1000) < 1000 * rate


def to_holder(state: State, kind: str, data: dict[str, Any]) -> Event:
    """An event for the seat that holds the call."""
    data["v"] = chance.draw(state.key, "words", state.decisions, 3)
    return Event(kind, data | at(state), (SEAT[state.holder],))


def at(state: State) -> dict[str, Any]:
    """The time of day, where the house goes by the clock."""
    return {"at": clock(state.minute)} if state.case.config.hard.limits else {}


def refuse(state: State, tool: str, body: str) -> Played:
    """The call is answered with an error."""
    after = noted(state._replace(errors=state.errors + 1), Note.BAD_CALL)
    seat = SEAT[SUMMARIZER if state.stage == TICKET else state.holder]
    return after, [Event("error", {"tool": tool, "body": body, **at(state)}, (seat,))]


def details(state: State, test: str) -> dict[str, Any]:
    """The numbers that go with an outcome, none of which tells more of the faults than the outcome does."""
    context = state.case.context
    if test == "speed":
        return {"plan_mbps": PLANS[context.plan][0]}
    if test == "outage_map":
        return {"until": context.until}
    if test == "rebooted":
        return {"times": context.times}
    if test == "account":
        return {"plan": context.plan, "due_eur": context.due_eur}
    if test == "invoices":
        return {"refund_eur": context.refund_eur, "refund_days": context.refund_days, "extra_eur": context.fee_eur}
    if test == "contract":
        return {"ordered": context.plan, "billed": context.billed, "months": context.months}
    if test == "charge_detail":
        return {"fee_eur": context.fee_eur, "waived": context.waived}
    return {}


def moved(before: State, after: State) -> list[Event]:
    """The hidden change, for those who look from above."""
    truth = before.case.truth
    return [] if before.gone & truth == after.gone & truth else [world(after)]


def world(state: State) -> Event:
    """The hidden world as it stands, addressed to nobody."""
    return Event("world", dict(hidden(state.case.truth, state.gone)), ())


def casefile(state: State) -> dict[str, Any]:
    """What the desk has on file, as the next seat reads it: all that was seen, or the notes that were written."""
    if state.case.config.hard.notes:
        notes = [{"by": by, "text": text} for by, text in state.written]
        return {"notes": notes, "left": state.end == "abandoned"}
    return {
        "symptom": state.case.complaint,
        "seen": {test: outcome for test, (outcome, _) in state.seen.items()},
        "steps": list(state.steps),
        "identity": sorted(state.identified),
        "agreed": sorted(state.agreed),
        "explained": list(named(state.told | state.wrong)),
        "changes": [str(change) for change in state.changes],
        "until": state.case.context.until if state.shown("outage_map") == "outage" else None,
        "end": state.end,
    }
