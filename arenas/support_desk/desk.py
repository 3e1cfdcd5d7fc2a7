"""What the desk does without the customer: readings, changes, handing the call on, ending it."""

from __future__ import annotations

from collections.abc import Callable

from lanista.arenas.core.contract import Event
from lanista.arenas.core.tools import Call, error_body
from lanista.arenas.support_desk import calls, judge
from lanista.arenas.support_desk.calls import SEAT, SPECIALISTS
from lanista.arenas.support_desk.faults import BIT, READINGS, WRITES
from lanista.arenas.support_desk.state import Played, State, casefile, details, look, moved, noted, refuse, to_holder

_OWNED = {role: sum(BIT[cause] for cause in calls.CAUSES[role]) for role in SPECIALISTS}


def do(state: State, move: Call) -> Played:
    """Play a call that the customer has no part in."""
    return _DO[move.tool](state, move)


def _wait(state: State, move: Call) -> Played:
    patience = state.patience - 2 if state.case.config.customer == "world" else state.patience
    return state._replace(patience=patience), []


def _read(state: State, move: Call) -> Played:
    outcome, after = look(state, move.tool)
    data = {"reading": move.tool, "outcome": outcome, **details(state, move.tool)}
    return after, [to_holder(after, "reading", data)]


def done_already(state: State, move: Call) -> bool:
    """Whether a change would change nothing: it was made in this call, and no other of its kind since."""
    made = [change for change in state.changes if change.tool == move.tool]
    return move in (made[-1:] if move.tool == "change_plan" else made)


def _write(state: State, move: Call) -> Played:
    if done_already(state, move):
        body = error_body(409, "conflict", f"{move.tool} was done already in this call")
        return refuse(state, move.tool, body)
    gone, bit = state.gone, BIT[WRITES[move.tool]]
    if _works(state, move):
        gone |= bit
    elif move.tool == "change_plan":  # it is what it was set to last; money that is paid back stays so
        gone &= ~bit
    after = state._replace(gone=gone, epoch=state.epoch + 1, changes=(*state.changes, move))
    if move not in state.case.expected:
        after = noted(after, "wrong_change")
    return after, [to_holder(after, "changed", {"tool": move.tool, **move.args}), *moved(state, after)]


def _works(state: State, move: Call) -> bool:
    """Whether a change would clear its fault, if there is one: the right charge and amount, the plan as ordered."""
    context = state.case.context
    if move.tool == "refund":
        return bool(move.args == {"charge": "C2", "amount": context.refund_eur})
    return bool(move.tool != "change_plan" or move.args["plan"] == context.plan)


def _hand_on(state: State, move: Call) -> Played:
    to = move.args["to"]
    first = to not in state.visited
    after = state._replace(holder=to, visited=(*state.visited, to) if first else state.visited)
    if to in SPECIALISTS:
        if not _has_work(state, to):
            after = noted(after, "misrouted")
        elif first:
            after = noted(after, "routed")
    events = [
        Event("handover", {"from": state.holder, "to": to}, (SEAT[state.holder], SEAT[to])),
        Event("casefile", casefile(state), (SEAT[to],)),
    ]
    return after, events


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
    after = state._replace(end=to, changes=(*state.changes, move))
    return noted(after, "appropriate" if right else "premature"), []


def _close(state: State, move: Call) -> Played:
    return state._replace(end="closed"), []


_DO: dict[str, Callable[[State, Call], Played]] = {
    "wait": _wait,
    "route": _hand_on,
    "handover": _hand_on,
    "escalate": _escalate,
    "close": _close,
    **dict.fromkeys(READINGS, _read),
    **dict.fromkeys(WRITES, _write),
}
