"""The named reward terms of the coding arena. docs/arenas/coding.md works them through by hand.

The terms of a program go to the generator for the first one, and to the debugger as the difference that each revision
makes: over a game they add up to what the last program is worth, so that planting a fault and mending it pays nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lanista.arenas.coding import bundle
from lanista.arenas.coding.grade import Verdict
from lanista.arenas.coding.rules import EXPOSED, OVER, State
from lanista.arenas.coding.table import DEBUGGER, GENERATOR, TEAM, TESTER
from lanista.arenas.core.contract import FORFEIT, ILLEGAL, REFUSED, Event, Seat, Term

SHARE, TESTS = "tests_passed_share", "tests_passed"
SYNTAX, PARTLY, TIMEOUT, SIMPLE = "syntax_error", "partly_passed", "time_out", "simple"
KILLED, FOUND, INVALID, SOLVED = "mutants_killed", "fault_exposed", "invalid_input", "solved"

_COMMON: Mapping[str, float] = {
    SYNTAX: -5.0,
    PARTLY: -2.0,
    TIMEOUT: -3.0,
    SIMPLE: 5.0,
    KILLED: 5.0,
    FOUND: 1.0,
    INVALID: -1.0,
    SOLVED: 10.0,
    REFUSED: -5.0,
}
DEFAULT: Mapping[str, float] = {SHARE: 10.0, TESTS: 0.0, **_COMMON, ILLEGAL: -25.0, FORFEIT: -25.0}
LITERAL: Mapping[str, float] = {SHARE: 0.0, TESTS: 10.0, **_COMMON, ILLEGAL: -525.0, FORFEIT: -525.0}
TEAM_TERMS = frozenset((SOLVED,))


def amounts(verdict: Verdict) -> dict[str, float]:
    """What a program is worth, unweighted, by term."""
    return {
        SHARE: verdict.share,
        TESTS: float(verdict.passed),
        SYNTAX: float(verdict.syntax),
        PARTLY: float(0 < verdict.passed < verdict.total),
        TIMEOUT: float(verdict.timeout),
        SIMPLE: float(verdict.simple),
    }


class CodingRewards:
    """See ``lanista.arenas.core.contract.Rewards``."""

    hindsight = frozenset((SHARE, TESTS, PARTLY, TIMEOUT, SIMPLE, KILLED, FOUND))
    """The individual terms that judge by hidden tests; a syntax error and an input outside the domains are told."""

    def terms(
        self,
        before: State,
        moves: Mapping[Seat, Any],
        after: State,
        events: Sequence[Event],
        fallbacks: frozenset[Seat],
    ) -> Sequence[Term]:
        terms: list[Term] = []
        if after.verdict is not before.verdict and after.verdict is not None and after.author is not None:
            worth = amounts(after.verdict)
            if before.verdict is not None:
                was = amounts(before.verdict)
                worth = {name: amount - was[name] for name, amount in worth.items()}
            seat = GENERATOR if after.author == GENERATOR else DEBUGGER
            terms += [Term(name, seat, amount) for name, amount in worth.items() if amount]
        terms += _testing(before, after, events)
        if after.stage == OVER and after.verdict is not None and after.verdict.solved:
            terms.append(Term(SOLVED, TEAM, 1.0))
        return terms


def _testing(before: State, after: State, events: Sequence[Event]) -> list[Term]:
    """The tester: for what its inputs newly expose, against inputs that the task does not allow.

    Those are the ones it is told of. What only the hidden reference cannot answer counts for nothing and costs nothing.
    """
    terms = []
    invalid = sum(len(event.data["invalid"]) for event in events if event.kind == "inputs")
    if invalid:
        terms.append(Term(INVALID, TESTER, float(invalid)))
    fresh = after.killed & ~before.killed
    if fresh & EXPOSED:
        terms.append(Term(FOUND, TESTER, 1.0))
    if fresh >> 1:
        terms.append(Term(KILLED, TESTER, (fresh >> 1).bit_count() / len(bundle.mutants(after.table.task))))
    return terms
