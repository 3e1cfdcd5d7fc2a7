"""The named reward terms of research. docs/arenas/research.md works them through by hand.

Executor, planner and verifier are paid by differences of what stands: over a game they add up to what is reported,
kept and judged at its end, so that taking something back and doing it again pays nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lanista.arenas.core.contract import FORFEIT, ILLEGAL, REFUSED, Event, Seat, Term
from lanista.arenas.core.tools import BadCall
from lanista.arenas.research import judge
from lanista.arenas.research.config import EXECUTOR, GENERATOR, PLANNER, TEAM, VERIFIER
from lanista.arenas.research.state import OVER, VERIFY, State

PROGRESS, FOUND = "progress", "found"
KEPT_GOOD, KEPT_BAD = "kept_good", "kept_bad"
STOPPED_BAD, STOPPED_GOOD, REASON = "stopped_bad", "stopped_good", "reason"
COVERED, UNSOUND, SURPLUS, SOLVED = "covered", "unsound", "surplus", "solved"
SUBTASK, VERIFIED, QUALITY, PENALTY = "subtask_done", "verified", "quality", "poor_quality"
UNOPENED, BAD_CALL, TOO_OFTEN = "unopened", "bad_call", "too_often"

DEFAULT: Mapping[str, float] = {
    PROGRESS: 10.0,
    FOUND: 10.0,
    KEPT_GOOD: 1.0,
    KEPT_BAD: -2.0,
    STOPPED_BAD: 1.0,
    STOPPED_GOOD: -2.0,
    REASON: 0.5,
    COVERED: 10.0,
    UNSOUND: -5.0,
    SURPLUS: -0.5,
    SOLVED: 10.0,
    UNOPENED: -0.5,
    BAD_CALL: -0.5,
    TOO_OFTEN: -0.5,
    SUBTASK: 0.0,
    VERIFIED: 0.0,
    QUALITY: 0.0,
    PENALTY: 0.0,
    REFUSED: -0.5,
    ILLEGAL: -30.0,
    FORFEIT: -30.0,
}
LITERAL: Mapping[str, float] = {
    **dict.fromkeys(DEFAULT, 0.0),
    SUBTASK: 5.0,
    VERIFIED: 5.0,
    QUALITY: 20.0,
    PENALTY: -5.0,
    ILLEGAL: -30.0,
    FORFEIT: -30.0,
}
TEAM_TERMS = frozenset((SOLVED, QUALITY, PENALTY))
POOR = 0.5
"""A summary whose quality is under this costs ``poor_quality``."""


def quality(state: State) -> float:
    """A summary's quality, 0 to 1: what it covers, less the share of its lines that are unsound."""
    verdict = state.verdict
    return 0.0 if verdict is None else max(0.0, verdict.covered - verdict.bad)


class ResearchRewards:
    """See ``lanista.arenas.core.contract.Rewards``."""

    hindsight = frozenset(
        (PROGRESS, FOUND, KEPT_GOOD, KEPT_BAD, STOPPED_BAD, STOPPED_GOOD, REASON, COVERED, UNSOUND, SUBTASK, VERIFIED)
    )
    """The individual terms that judge by records and a question that the seat has not seen."""

    def terms(
        self,
        before: State,
        moves: Mapping[Seat, Any],
        after: State,
        events: Sequence[Event],
        fallbacks: frozenset[Seat],
    ) -> Sequence[Term]:
        ((seat, move),) = moves.items()
        terms: list[Term] = []
        if isinstance(move, BadCall):
            terms.append(Term(BAD_CALL, seat, 1.0))
        terms += [
            Term(TOO_OFTEN if event.data["status"] == 429 else BAD_CALL, seat, 1.0)
            for event in events
            if event.kind == "error" and event.data["status"] in (404, 429)
        ]
        terms += [Term(BAD_CALL, seat, 1.0) for event in events if event.kind == "refused"]
        terms += _reporting(before, after)
        terms += _judging(before, after)
        if after.stage == OVER:
            terms += _summarising(after)
        return terms


def _reporting(before: State, after: State) -> list[Term]:
    if after.tasks_done == before.tasks_done:
        return []
    case = after.table.case
    terms = []
    gain = judge.found(case, after.reports) - judge.found(case, before.reports)
    if gain:
        terms.append(Term(FOUND, EXECUTOR, gain))
    if len(after.useful) > len(before.useful):
        terms.append(Term(SUBTASK, EXECUTOR, 1.0))
    known = {paper for paper, _ in before.reports}
    unopened = sum(paper not in known and paper not in after.opened for paper, _ in after.reports)
    if unopened:
        terms.append(Term(UNOPENED, EXECUTOR, float(unopened)))
    return terms


def _judging(before: State, after: State) -> list[Term]:
    if before.stage != VERIFY:
        return []
    terms = []
    if after.judged != before.judged:
        case = after.table.case
        was, now = (judge.standing(case, dict(state.judged)) for state in (before, after))
        terms += [Term(name, VERIFIER, float(now[name] - was[name])) for name in now if now[name] != was[name]]
    if after.stage != VERIFY:
        if after.checked != before.checked:
            terms.append(Term(PROGRESS, PLANNER, after.checked - before.checked))
        if _all_right(after):
            terms.append(Term(VERIFIED, VERIFIER, 1.0))
    return terms


def _all_right(state: State) -> bool:
    """Whether every paper that was reported is judged, and rightly; false where none was."""
    judged, case = dict(state.judged), state.table.case
    return bool(state.reports) and all(
        pair in judged and bool(judged[pair]) == bool(judge.reasons(case, *pair)) for pair in state.reports
    )


def _summarising(state: State) -> list[Term]:
    verdict = state.verdict
    assert verdict is not None
    worth = quality(state)
    terms = [
        Term(COVERED, GENERATOR, verdict.covered),
        Term(UNSOUND, GENERATOR, verdict.bad),
        Term(SURPLUS, GENERATOR, float(verdict.surplus)),
        Term(QUALITY, TEAM, worth),
        Term(PENALTY, TEAM, float(worth < POOR)),
        Term(SOLVED, TEAM, float(verdict.solved)),
    ]
    return [term for term in terms if term.amount]
