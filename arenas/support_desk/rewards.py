"""The named reward terms of the support desk. docs/arenas/support-desk.md works each of them through by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lanista.arenas.core.contract import FORFEIT, ILLEGAL, REFUSED, Event, Seat, Term
from lanista.arenas.support_desk.calls import CUSTOMER, SEAT, SUMMARIZER
from lanista.arenas.support_desk.levels import AGAIN_SHARE
from lanista.arenas.support_desk.rules import DESK
from lanista.arenas.support_desk.state import OPEN, OVER, Note, State

QUICK_TURNS = 5
"""Turns at the customer within which a resolved case earns all of ``resolved``, for each fault."""
LATER = 0.1
"""What each further turn takes off."""
LEAST = 0.25
"""What a resolved case earns at least, as a share."""

DEFAULT: Mapping[str, float] = {
    "resolved": 20.0,
    "unresolved": -20.0,
    "abandoned": -30.0,
    "information": 5.0,
    "question": 0.0,
    "irrelevant": -10.0,
    "premature_escalation": -30.0,
    "appropriate_escalation": 15.0,
    "policy_violation": -50.0,
    "misinformed": -20.0,
    "wrong_change": -30.0,
    "bad_call": -10.0,
    "routed": 5.0,
    "misrouted": -10.0,
    "ticket": 10.0,
    "satisfied": 20.0,
    REFUSED: -10.0,
    ILLEGAL: -120.0,
    FORFEIT: -120.0,
}
EFFICIENCY: Mapping[str, float] = {
    **dict.fromkeys(DEFAULT, 0.0),
    "resolved": 10.0,
    "unresolved": -20.0,
    "abandoned": -30.0,
    "question": -2.0,
    "premature_escalation": -50.0,
    "policy_violation": -50.0,
    "bad_call": -10.0,
    "ticket": 10.0,
    REFUSED: -10.0,
    ILLEGAL: -120.0,
    FORFEIT: -120.0,
}
TEAM_TERMS = frozenset(("resolved", "unresolved", "abandoned"))

_NOTED = {
    Note.QUESTION: "question",
    Note.IRRELEVANT: "irrelevant",
    Note.VIOLATION: "policy_violation",
    Note.PREMATURE: "premature_escalation",
    Note.APPROPRIATE: "appropriate_escalation",
    Note.MISINFORMED: "misinformed",
    Note.WRONG_CHANGE: "wrong_change",
    Note.BAD_CALL: "bad_call",
    Note.ROUTED: "routed",
    Note.MISROUTED: "misrouted",
}


class SupportDeskRewards:
    """See ``lanista.arenas.core.contract.Rewards``."""

    hindsight = frozenset(
        (
            "information",
            "premature_escalation",
            "appropriate_escalation",
            "misinformed",
            "wrong_change",
            "routed",
            "ticket",
            "satisfied",
        )
    )
    """The individual terms that judge by the hidden case; all others follow from what the seat was told."""

    def terms(
        self,
        before: State,
        moves: Mapping[Seat, Any],
        after: State,
        events: Sequence[Event],
        fallbacks: frozenset[Seat],
    ) -> Sequence[Term]:
        seat = SEAT[before.holder if before.stage == OPEN else SUMMARIZER]
        terms = _noted(after.notes, seat) if after.notes else []
        if after.low < before.low:
            paid = information(before, after)
            if paid:
                terms.append(Term("information", seat, paid))
        if before.stage == OPEN and after.stage == OVER:
            terms.append(Term("unresolved", DESK, 1.0))  # cut at the horizon
        elif after.stage == OVER and after.grade is not None:
            terms.append(Term("ticket", SEAT[SUMMARIZER], after.grade.ticket))
            if after.case.config.customer == "seat" and after.grade.resolved:
                terms.append(Term("satisfied", SEAT[CUSTOMER], 1.0))
            if after.grade.resolved:
                terms.append(Term("resolved", DESK, promptness(after)))
            else:
                terms.append(Term("abandoned" if after.end == "abandoned" else "unresolved", DESK, 1.0))
        return terms


def _noted(notes: tuple[Note, ...], seat: Seat) -> list[Term]:
    """The terms of what the rules noted on a move."""
    if Note.VIOLATION in notes:  # right by luck is not right
        notes = tuple(note for note in notes if note is not Note.APPROPRIATE)
    terms = [Term(_NOTED[note], seat, 1.0) for note in notes if note is not Note.CUSTOMER_BAD_CALL]
    if Note.CUSTOMER_BAD_CALL in notes:
        terms.append(Term("bad_call", SEAT[CUSTOMER], 1.0))
    return terms


def information(before: State, after: State) -> float:
    """What a diagnostic earns: the share of the case's entropy that it took away, times the diagnostics an optimal
    desk needs. Only so many diagnostics are paid, so a case pays at most that number in all, and a desk that halves
    what is open earns more than one that tries causes one by one."""
    case = before.case
    if after.diagnostics == before.diagnostics or before.diagnostics >= case.needed:
        return 0.0
    return case.needed * (before.low - after.low) / case.entropy


def promptness(state: State) -> float:
    """1 within QUICK_TURNS turns at the customer for each fault; LATER less for each further one, LEAST at least."""
    late = state.turns - QUICK_TURNS * len(state.case.remedies)
    return max(LEAST, 1 - LATER * max(0, late)) * (AGAIN_SHARE if state.again else 1)
