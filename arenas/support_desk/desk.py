"""What the desk does without the customer: readings, changes, handing the call on, ending it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lanista.arenas.core.contract import Event
from lanista.arenas.core.tools import Call, call, error_body
from lanista.arenas.support_desk import articles, calls, judge, systems, voices
from lanista.arenas.support_desk.calls import ROUTER, SEAT, SPECIALISTS
from lanista.arenas.support_desk.faults import BIT, READINGS, WRITES, observe
from lanista.arenas.support_desk.levels import AGAIN_MINUTES, AGAIN_PATIENCE, HANDOVER_PATIENCE
from lanista.arenas.support_desk.state import (
    Note,
    Played,
    State,
    at,
    casefile,
    changed,
    details,
    learn,
    learn_of,
    look,
    moved,
    noted,
    refuse,
    to_holder,
)

_OWNED = {role: sum(BIT[cause] for cause in calls.CAUSES[role]) for role in SPECIALISTS}


def do(state: State, move: Call) -> Played:
    """Play a call that the customer has no part in."""
    return _DO[move.tool](state, move)


def _wait(state: State, move: Call) -> Played:
    patience = state.patience - 2 if state.case.config.customer == "world" else state.patience
    return state._replace(patience=patience), []


def _read(state: State, move: Call) -> Played:
    outcome, after, idle, _ = look(state, move.tool)
    if idle:
        after = noted(after, Note.IRRELEVANT)
    data: dict[str, Any] = {"reading": move.tool, "outcome": outcome, **details(state, move.tool)}
    if state.case.config.hard.raw:
        data = systems.as_event(move.tool, outcome, state)
    return after, [to_holder(after, "reading", data)]


def _look_up(state: State, move: Call) -> Played:
    return state, [to_holder(state, "articles", articles.found(state, move.args["topic"]))]


def refusal(state: State, move: Call) -> str | None:
    """The error that a change is answered with where there is nothing to change: it was made in this call, and no
    other of its kind since; or what it would pay back, waive or collect is not there. None for any other call."""
    if move.tool not in WRITES:
        return None
    made = [change for change in state.changes if change.tool == move.tool]
    if move in (made[-1:] if move.tool == "change_plan" else made):
        return error_body(409, "conflict", f"{move.tool} was done already in this call")
    missing = _MISSING.get(move.tool)
    if missing is None or (_is_there(state, move.tool) and move.args.get("charge", CHARGE) == CHARGE):
        return None
    return error_body(404, "not_found", missing)


CHARGE = "C2"
"""The one charge of an account that can be there twice."""
_MISSING = {
    "refund": "there is no such charge to pay back; nothing was paid",
    "waive_fee": "there is no late fee on this account; nothing was waived",
    "take_payment": "nothing is owed on this account; nothing was collected",
}
"""Changes of something that an account may not have, and what is answered then."""


def _is_there(state: State, tool: str) -> bool:
    return bool(state.case.truth & ~state.gone & BIT[WRITES[tool]])


def _write(state: State, move: Call) -> Played:
    gone, bit = state.gone, BIT[WRITES[move.tool]]
    body = refusal(state, move)
    if move.tool in _MISSING and not gone & bit and move.args.get("charge", CHARGE) == CHARGE:
        state = learn_of(state, bit, there=body is None)
    if body is not None:
        return refuse(state, move.tool, body)
    if _works(state, move):
        gone |= bit
    elif move.tool == "change_plan":  # it is what it was set to last; money that is paid back stays so
        gone &= ~bit
    after = changed(state._replace(gone=gone, changes=(*state.changes, move)))
    if move not in state.case.expected:
        after = noted(after, Note.WRONG_CHANGE)
    return after, [to_holder(after, "changed", {"tool": move.tool, **move.args}), *moved(state, after)]


def _works(state: State, move: Call) -> bool:
    """Whether a change would clear its fault, if there is one: the right charge and amount, the plan as ordered."""
    context = state.case.context
    if move.tool == "refund":
        return bool(move.args["amount"] == context.refund_eur)
    return bool(move.tool != "change_plan" or move.args["plan"] == context.plan)


def _hand_on(state: State, move: Call) -> Played:
    to = move.args["to"]
    first = to not in state.visited
    state = noting(state, move)
    after = state._replace(holder=to, visited=(*state.visited, to) if first else state.visited, fresh=frozenset())
    if to in SPECIALISTS:
        if not (state.case.config.hard.notes or state.open & state.case.open.having(_OWNED[to])):
            after = noted(after, Note.MISROUTED)
        elif first and _has_work(state, to):
            after = noted(after, Note.ROUTED)
    events = [
        Event("handover", {"from": state.holder, "to": to, **at(state)}, (SEAT[state.holder], SEAT[to])),
        Event("casefile", casefile(state), (SEAT[to],)),
    ]
    return after, events


def noting(state: State, move: Call) -> State:
    """The state with the note of a call that hands on or ends; what hands on costs the customer patience then."""
    if not state.case.config.hard.notes:
        return state
    patience = state.patience - HANDOVER_PATIENCE * (move.tool in ("route", "handover"))
    note = move.args.get("note")
    written = (*state.written, (state.holder, note)) if note else state.written
    return state._replace(patience=patience, written=written)


def _has_work(state: State, role: str) -> bool:
    """Whether a fault of this department is open, or, by what the desk was told, at least as likely as not."""
    case, owned = state.case, _OWNED[role]
    if case.truth & owned & ~(state.gone & state.told):
        return True
    mine = state.mask & case.space.having(owned & ~state.gone)
    return 2 * case.space.mass(mine) >= case.space.mass(state.mask)


def _escalate(state: State, move: Call) -> Played:
    to = move.args["to"]
    right = judge.escalation_is_right(state, to)
    after = noting(state, move)
    after = after._replace(end=to, changes=(*state.changes, call("escalate", to=to)))
    return noted(after, Note.APPROPRIATE if right else Note.PREMATURE), []


def left_over(state: State) -> bool:
    """Whether a customer whose case is closed will call again: something is left, and they have not done so before."""
    case = state.case
    if not case.config.hard.callbacks or state.again or case.manner.impostor is not None:
        return False
    grade = judge.grade(state)
    return grade.goal < 1 or grade.told < 1


def calls_again(state: State) -> Played:
    """The customer calls again, and gets the router, who has the notes."""
    after = changed(
        state._replace(
            end=None, again=True, holder=ROUTER, patience=AGAIN_PATIENCE, minute=state.minute + AGAIN_MINUTES
        )
    )
    left = observe("anything_else", state.case.truth, state.gone)
    said = voices.called_again(state.key, tuple(left.split("+")) if left != "nothing" else ())
    after = learn(after, "anything_else", left)
    event = to_holder(after, "returns", {"said": said})
    return after, [event, Event("casefile", casefile(after), (SEAT[ROUTER],))]


def _close(state: State, move: Call) -> Played:
    return noting(state, move)._replace(end="closed"), []


_DO: dict[str, Callable[[State, Call], Played]] = {
    "wait": _wait,
    "look_up": _look_up,
    "route": _hand_on,
    "handover": _hand_on,
    "escalate": _escalate,
    "close": _close,
    **dict.fromkeys(READINGS, _read),
    **dict.fromkeys(WRITES, _write),
}
