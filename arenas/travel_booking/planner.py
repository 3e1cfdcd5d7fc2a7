"""The shortest clean solution of a case, by somebody who sees everything, and the proof that it is one.

The planner books the solver's best trip (or says which obstacle there is) and answers faults as a careful agency does:
it logs in when the token's time is over, waits out a Retry-After, tries again after a 503 and after a time-out that
booked nothing. Since it knows the case, it asks nothing and looks nothing up; what an agency that does not know has to
find out comes on top.
"""

from __future__ import annotations

from typing import NamedTuple

from lanista.arenas.core.contract import Seat
from lanista.arenas.core.referee import Game
from lanista.arenas.core.tools import Call
from lanista.arenas.travel_booking import solver
from lanista.arenas.travel_booking.asks import KINDS
from lanista.arenas.travel_booking.calls import AGENCY, SEARCH, SERVICES, made, tools
from lanista.arenas.travel_booking.cases import Case
from lanista.arenas.travel_booking.judge import SAVING, settled, trip_of
from lanista.arenas.travel_booking.offers import Query
from lanista.arenas.travel_booking.rewards import BOOKED, DEFAULT, IMPOSSIBLE, SAVED, TravelRewards
from lanista.arenas.travel_booking.rules import TravelRules
from lanista.arenas.travel_booking.services import live
from lanista.arenas.travel_booking.solver import Trip
from lanista.arenas.travel_booking.state import State, option_id
from lanista.errors import LanistaError

_RULES, _REWARDS = TravelRules(), TravelRewards()


class Plan(NamedTuple):
    """Who calls what, in order; the state before each call, and the state at the end."""

    calls: tuple[tuple[Seat, Call], ...]
    states: tuple[State, ...]

    @property
    def end(self) -> State:
        return self.states[-1]


def solve(start: State) -> Plan:
    """A plan that succeeds from the first moment of a game. Raises LanistaError where there is none."""
    plan = _carried_out(start)
    if plan.end.end == "turns" or _reward(plan) != maximum(plan.end):
        raise LanistaError(
            f"no plan was found for the travel case with key {start.case.key}; this is a fault of the generator, "
            "please report it"
        )
    return plan


def maximum(end: State) -> float:
    """The most that a seat can earn, weighted, given when the holds were made: booked (or impossible), and saved."""
    if end.case.reason is not None:
        return DEFAULT[IMPOSSIBLE]
    held = [booking.hold for booking in end.bookings]
    best = end.case.best[end.spec]
    assert best is not None
    best = solver.later(end.case, end.wanted, best, settled(end, held))
    cost = min(best.cost, trip_of(end.wanted, tuple(held)).cost) if held else best.cost
    return DEFAULT[BOOKED] + (DEFAULT[SAVED] if cost <= SAVING * end.wanted.budget else 0.0)


def prove(game: Game) -> Plan:
    """Solve a fresh game's case, replay the solution through the game itself, and show that every step is needed.

    The replay must earn the maximum without a penalty. A step is needed if the other steps, in order, earn less or
    cannot be carried out. Raises LanistaError naming what does not hold.
    """
    plan = solve(game.state)
    for seat, call in plan.calls:
        if game.over or game.to_act() != (seat,):
            raise LanistaError(f"the plan of seed {game.seed} cannot be carried out: {seat} does not owe {call}")
        game.submit(seat, str(call))
    most = maximum(plan.end)
    if game.outcome is None or not game.outcome.facts["success"] or any(paid != most for paid in game.returns.values()):
        raise LanistaError(f"the plan of seed {game.seed} earns {game.returns}, not {most} for every seat")
    for i, (seat, call) in enumerate(plan.calls):
        if _does_without(plan, i, most):
            raise LanistaError(f"the plan of seed {game.seed} does as well without step {i + 1}, {call} by {seat}")
    return plan


def _does_without(plan: Plan, step: int, most: float) -> bool:
    state, earned = plan.states[step], 0.0
    products = len(state.case.needs)
    for seat, call in plan.calls[step + 1 :]:
        if state.end is not None or AGENCY[state.seat] != seat or call.tool not in tools(KINDS[state.seat], products):
            return False
        after = _RULES.play(state, {seat: call}).state
        if after.blame:
            return False
        earned += sum(DEFAULT[t.name] * t.amount for t in _REWARDS.terms(state, {}, after, (), frozenset()))
        state = after
    return state.end is not None and earned >= most


def _reward(plan: Plan) -> float:
    """What the agency earned, less all penalties."""
    earned = 0.0
    for before, after in zip(plan.states, plan.states[1:], strict=False):
        if after.blame or after.end is not None:
            earned += sum(DEFAULT[t.name] * t.amount for t in _REWARDS.terms(before, {}, after, (), frozenset()))
    return earned


def _carried_out(start: State) -> Plan:
    calls: list[tuple[Seat, Call]] = []
    states = [start]
    while states[-1].end is None:
        state = states[-1]
        seat, call = AGENCY[state.seat], next_call(state)
        calls.append((seat, call))
        states.append(_RULES.play(state, {seat: call}).state)
    return Plan(tuple(calls), tuple(states))


def next_call(state: State) -> Call:
    """What the seat whose turn it is calls next: a step of the plan, or what a fault demands first."""
    call = _wanted(state, state.case.best[state.spec])
    if call.tool not in SERVICES:
        return call
    if state.minute < state.blocked_until:
        return made("wait", ("minutes", state.blocked_until - state.minute))
    return made("login") if state.minute >= state.token_until else call


def _wanted(state: State, trip: Trip | None) -> Call:
    """The call that brings the trip nearer, faults aside."""
    case = state.case
    if case.reason is not None or trip is None:
        reason = ("reason", case.reason or "budget")
        return made("nothing", reason) if state.seat < 2 else made("impossible", reason)
    options = [_known(state, query, i) for query, i in trip.places]
    if state.seat == 0:
        for (query, i), option in zip(trip.places, options, strict=True):
            if option is None or option not in state.found:
                return _search(case, query, i)
    names = tuple(option for option in options if option is not None)
    if state.seat == 0:
        return made("shortlist", ("options", tuple(n for n in names if n not in state.shortlist) or names))
    if state.seat == 1:
        return made("rank", ("trips", (names,)))
    if len(names) < len(options) or any(name not in state.ranked for name in names):
        return made("hand", ("to", SEARCH))
    return _booked(state, names)


def _booked(state: State, names: tuple[str, ...]) -> Call:
    """The next call of booking_0 for options it knows."""
    booked = {b.hold.id for b in state.bookings}
    stand, bag = live(state), state.wanted.bag
    latest = {
        hold.option: hold
        for hold in state.holds
        if (hold.id in booked or hold in stand) and (hold.bag == bag or hold.option[0] != "F")
    }
    for name in names:
        if name not in latest:
            return made("hold", ("option", name), *((("bag", True),) if name[0] == "F" and bag else ()))
    holds = tuple(latest[name].id for name in names)
    if state.confirmed != holds:
        return made("confirm", ("holds", holds), ("total", sum(latest[name].price for name in names)))
    for hold in holds:
        if hold not in booked:
            return made("book", ("hold", hold), ("key", hold.lower()))
    return made("done")


def _known(state: State, query: Query, index: int) -> str | None:
    kind = "FHC".index(query[0])
    known = state.queries[kind]
    return option_id(kind, known.index(query), index) if query in known else None


def _search(case: Case, query: Query, index: int) -> Call:
    page = index // case.policy.page + 1
    paged = (("page", page),) if page > 1 else ()
    if query[0] == "F":
        _, frm, to, depart, back = query
        return made("search_flights", ("from", frm), ("to", to), ("depart", depart), ("return", back), *paged)
    _, place, begin, end = query
    if query[0] == "H":
        return made("search_hotels", ("city", place), ("check_in", begin), ("check_out", end), *paged)
    return made("search_cars", ("airport", place), ("pick_up", begin), ("drop_off", end), *paged)
