"""The named reward terms of text to SQL. docs/arenas/text_to_sql.md works them through by hand.

What a query is worth goes to the writer for the first one, and to the rewriter as the difference that each change
makes: over a game they add up to what the last query is worth, so that spoiling one and mending it pays nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lanista.arenas.core.contract import FORFEIT, ILLEGAL, REFUSED, Event, Seat, Term
from lanista.arenas.text_to_sql.config import CHECKER, EXECUTOR, REWRITER, TEAM, WRITER
from lanista.arenas.text_to_sql.rules import CHECK, OVER, REWRITE, State, Verdict

RIGHT, EXACT, OTHERWISE = "right", "exact_match", "right_otherwise"
SYNTAX, SEMANTIC, EFFICIENT = "syntax_error", "semantic_error", "efficient"
EVIDENCE, PASSED_ON, FAILED = "evidence", "passed_on", "failed_probe"
ACCEPT, REJECT, FALSE_ACCEPT, FALSE_REJECT = "right_accept", "right_reject", "false_accept", "false_reject"
SOLVED = "solved"

DEFAULT: Mapping[str, float] = {
    RIGHT: 10.0,
    EXACT: 0.0,
    OTHERWISE: 0.0,
    SYNTAX: -3.0,
    SEMANTIC: -5.0,
    EFFICIENT: 1.0,
    EVIDENCE: 1.0,
    PASSED_ON: 2.0,
    FAILED: -0.5,
    ACCEPT: 3.0,
    REJECT: 3.0,
    FALSE_ACCEPT: -5.0,
    FALSE_REJECT: -3.0,
    SOLVED: 10.0,
    REFUSED: -3.0,
    ILLEGAL: -25.0,
    FORFEIT: -25.0,
}
LITERAL: Mapping[str, float] = {
    **dict.fromkeys(DEFAULT, 0.0),
    EXACT: 1.0,
    OTHERWISE: 0.7,
    SYNTAX: -0.3,
    SEMANTIC: -0.5,
    REFUSED: -0.3,
    ILLEGAL: -5.0,
    FORFEIT: -5.0,
}
TEAM_TERMS = frozenset((SOLVED,))


def amounts(verdict: Verdict) -> dict[str, float]:
    """What a query is worth, unweighted, by term."""
    return {
        RIGHT: float(verdict.right),
        EXACT: float(verdict.exact),
        OTHERWISE: float(verdict.right and not verdict.exact),
        SYNTAX: float(verdict.syntax),
        SEMANTIC: float(not verdict.right and not verdict.syntax),
        EFFICIENT: float(verdict.efficient),
    }


class SqlRewards:
    """See ``lanista.arenas.core.contract.Rewards``."""

    hindsight = frozenset(
        (RIGHT, EXACT, OTHERWISE, SYNTAX, SEMANTIC, EFFICIENT, PASSED_ON, ACCEPT, REJECT, FALSE_ACCEPT, FALSE_REJECT)
    )
    """The individual terms that judge by hidden databases, or by rows that the seat has not seen."""

    def terms(
        self,
        before: State,
        moves: Mapping[Seat, Any],
        after: State,
        events: Sequence[Event],
        fallbacks: frozenset[Seat],
    ) -> Sequence[Term]:
        terms: list[Term] = []
        if after.verdict is not before.verdict and after.verdict is not None:
            worth = amounts(after.verdict)
            if before.verdict is not None:
                was = amounts(before.verdict)
                worth = {name: amount - was[name] for name, amount in worth.items()}
            seat = WRITER if before.verdict is None else REWRITER
            terms += [Term(name, seat, amount) for name, amount in worth.items() if amount]
        terms += _executing(before, after, events)
        terms += _checking(before, after)
        if after.stage == OVER and after.verdict is not None and after.verdict.right:
            terms.append(Term(SOLVED, TEAM, 1.0))
        return terms


def _executing(before: State, after: State, events: Sequence[Event]) -> list[Term]:
    """The executor: the proposed query run once, what only rows tell passed on, probes that do not run."""
    terms = []
    for event in events:
        if event.kind == "ran" and event.data["of"] == "query":
            terms.append(Term(EVIDENCE, EXECUTOR, 1.0))
        elif event.kind == "ran" and event.data["stop"] is not None:
            terms.append(Term(FAILED, EXECUTOR, 1.0))
    fresh = after.passed - before.passed
    if fresh:
        terms.append(Term(PASSED_ON, EXECUTOR, len(fresh) / len(after.table.case.keys)))
    return terms


def _checking(before: State, after: State) -> list[Term]:
    """The checker against the truth. What it catches pays once a game, or queries would be spoilt for it."""
    if before.stage != CHECK or before.verdict is None or after.stage not in (OVER, REWRITE):
        return []
    right = before.verdict.right
    if after.accepted:
        return [Term(ACCEPT if right else FALSE_ACCEPT, CHECKER, 1.0)]
    if right:
        return [Term(FALSE_REJECT, CHECKER, 1.0)]
    return [] if before.caught else [Term(REJECT, CHECKER, 1.0)]
