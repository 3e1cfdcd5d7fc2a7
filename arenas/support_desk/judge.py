"""The judge: goals, frame, what the customer was told, the rules of the house, the ticket. All of it from the state.

Computed whenever it is asked for, so a call that was cut has its parts too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lanista.arenas.core.tools import Call, call
from lanista.arenas.support_desk.cases import EXPLAIN, STEP, WRITE
from lanista.arenas.support_desk.faults import BIT, WRITES, named, so_far
from lanista.arenas.support_desk.house import end_due
from lanista.arenas.support_desk.levels import AGAIN_SHARE

if TYPE_CHECKING:
    from lanista.arenas.support_desk.state import State

PROPER = ("closed", "technician", "human")
"""Ends that the desk chose."""
TICKET = 0.1
"""What the ticket counts in the score of a case that is resolved."""


class Grade(NamedTuple):
    """The parts of a judgement, each in [0, 1], and what follows from them."""

    goal: float
    """The share of the faults that came to their right end."""
    told: float
    """The share of the causes that the customer was told, less those that were wrong."""
    frame: bool
    """Nothing was changed and nobody sent that should not have been."""
    policy: bool
    """No rule of the house was broken."""
    ticket: float
    """The share of the ticket's fields that say what happened."""
    resolved: bool
    """Every fault came to its right end, all told, nothing else changed, no rule broken."""
    score: float
    """What boards rank by: 0 unless resolved, else 1 less what the ticket lacks. Times, not plus: no part of it is had
    without the goal."""


def grade(state: State) -> Grade:
    """The judgement of a call as it stands."""
    case = state.case
    faults = named(so_far(case.truth, state.gone))
    if case.manner.impostor is not None:
        return _stranger(state)
    goal = sum(_done(state, fault) for fault in faults) / len(faults)
    told = max(0, (state.told.bit_count() - state.wrong.bit_count()) / len(faults))
    frame = set(state.changes) <= expected(state)
    policy = state.rules_broken == 0
    ticket = ticket_share(state)
    proper = state.end in PROPER
    resolved = proper and goal == 1 and told == 1 and frame and policy
    if case.config.hard.notes:  # what nobody can read up was not done
        resolved = resolved and ticket == 1
    score = resolved * (1 - TICKET * (1 - ticket)) * (AGAIN_SHARE if state.again else 1)
    return Grade(goal, told, frame, policy, ticket, resolved, round(score, 9))


def _stranger(state: State) -> Grade:
    """The judgement where whoever calls is not the customer: found out by a check, nothing changed, a human called."""
    goal = float(state.end == "human" and state.stranger)
    frame = set(state.changes) <= state.case.expected
    policy, ticket = state.rules_broken == 0, ticket_share(state)
    resolved = bool(goal) and frame and policy and (ticket == 1 or not state.case.config.hard.notes)
    return Grade(goal, 1.0, frame, policy, ticket, resolved, round(resolved * (1 - TICKET * (1 - ticket)), 9))


def causes_due(state: State) -> tuple[str, ...]:
    """The causes that the ticket has to name: all that there were; of a stranger's call those that were explained."""
    if state.case.manner.impostor is not None:
        return named(state.told | state.wrong)
    return named(so_far(state.case.truth, state.gone))


def _done(state: State, fault: str) -> bool:
    remedy, bit = state.case.remedies[fault], BIT[fault]
    if remedy.how in (WRITE, STEP):
        return bool(state.gone & bit)
    if remedy.how == EXPLAIN:
        return bool(state.told & bit)
    return state.end == end_due(state, remedy.how)


def expected(state: State) -> frozenset[Call]:
    """The changes that should have been made at the end, and the escalation that is due now."""
    case = state.case
    if not case.config.hard.limits:
        return case.expected
    return frozenset(
        call("escalate", to=end_due(state, each.args["to"])) if each.tool == "escalate" else each
        for each in case.expected
    )


def escalation_is_right(state: State, to: str) -> bool:
    """Whether somebody must be sent or called, and nothing is left that the desk should have done itself."""
    if state.case.manner.impostor is not None:
        return to == "human" and state.stranger
    had = named(so_far(state.case.truth, state.gone))
    remedies = {fault: remedy for fault, remedy in state.case.remedies.items() if fault in had}
    if not any(end_due(state, remedy.how) == to for remedy in remedies.values()):
        return False
    return all(end_due(state, remedy.how) == to or _done(state, fault) for fault, remedy in remedies.items())


def ticket_share(state: State) -> float:
    """How many of the ticket's four fields are right, as a share: causes, end, identity, changes."""
    if state.ticket is None:
        return 0.0
    said = state.ticket.args
    changed = {change.tool for change in state.changes if change.tool in WRITES}
    right = (
        set(said["causes"]) == set(causes_due(state)),
        said["end"] == state.end,
        said["identity"] == state.identified.issuperset(state.case.params.identity),
        set(said["changes"]) == changed,
    )
    return float(sum(right)) / len(right)


def facts(state: State, judged: Grade) -> dict[str, Any]:
    """The facts of the outcome: what boards show, and what was hidden."""
    case = state.case
    escalated = state.end in ("technician", "human")
    asked_for = {"again": state.again} if case.config.hard.callbacks else {}
    return asked_for | {
        "resolved": judged.resolved,
        "turns": state.turns,
        "decisions": state.decisions,
        "diagnostics": state.diagnostics,
        "abandoned": state.end == "abandoned",
        "escalated_wrongly": escalated and not escalation_is_right(state, str(state.end)),
        "violations": state.rules_broken,
        "errors": state.errors,
        "goal": judged.goal,
        "told": judged.told,
        "frame": judged.frame,
        "ticket": judged.ticket,
        "end": state.end,
        "faults": list(named(so_far(case.truth, state.gone))),
        "needed": case.needed,
    }
