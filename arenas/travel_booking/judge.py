"""How a game is judged: by what is booked, paid and agreed at its end, not by how it came about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lanista.arenas.travel_booking import solver
from lanista.arenas.travel_booking.cases import Spec
from lanista.arenas.travel_booking.offers import Flight, cost, product
from lanista.arenas.travel_booking.solver import Trip
from lanista.arenas.travel_booking.state import Hold, State, Verdict, offer_of
from lanista.arenas.travel_booking.traveller import granted, on_days

SAVING = 0.8
"""A trip at or under this share of the budget is 20% or more under it."""


def verdict(state: State) -> Verdict:
    """The judgement of a state whose game is over."""
    case = state.case
    standing = tuple(b.hold for b in state.bookings if b.kept is None)
    kept = sum(b.kept or 0 for b in state.bookings)
    wrong = _wrong(state, standing, kept) if standing or kept else ()
    unconfirmed = any(not b.confirmed for b in state.bookings)
    booked = state.end == "done" and bool(standing) and not wrong and not unconfirmed and case.reason is None
    paid = sum(hold.price for hold in standing)
    claimed = state.end == "impossible"
    right_claim = claimed and case.reason is not None and state.claim == case.reason and not standing and not kept
    false_claim = claimed and case.reason is None
    success = booked or right_claim
    saved = booked and paid <= SAVING * state.wanted.budget
    unserved = not (success or wrong or unconfirmed or claimed)
    return Verdict(success, booked, saved, wrong, right_claim, false_claim, unserved)


def _wrong(state: State, holds: tuple[Hold, ...], kept: int) -> tuple[str, ...]:
    spec, needs = state.wanted, sorted(state.case.needs)
    have = sorted(product(hold.offer) for hold in holds)
    found = []
    if len(set(have)) < len(have):
        found.append("double")
    if not set(needs) <= set(have):
        found.append("incomplete")
    if not on_days(spec, holds):
        found.append("dates")
    if not all(granted(wish, hold) for wish in spec.musts for hold in holds if product(hold.offer) == wish.product):
        found.append("demand")
    paid = sum(hold.price for hold in holds)
    if paid + kept > spec.budget:
        found.append("budget")
    if kept:
        found.append("kept")
    if not found and paid != state.agreed and all(b.confirmed for b in state.bookings):
        found.append("total")
    if not found and not _best_of_goal(state, holds):
        found.append("goal")
    return tuple(found)


def _best_of_goal(state: State, holds: tuple[Hold, ...]) -> bool:
    """Whether no trip was better when the last of these was held."""
    spec = state.wanted
    best = state.case.best[state.spec]
    if best is None:
        return False
    best = solver.later(state.case, spec, best, settled(state, holds))
    return solver.rank(spec.goal, trip_of(spec, holds)) <= solver.rank(spec.goal, best)


def settled(state: State, holds: Iterable[Hold]) -> int:
    """The minute at which the last of these was held."""
    return max((hold.until - state.case.policy.hold for hold in holds), default=0)


def trip_of(spec: Spec, holds: tuple[Hold, ...]) -> Trip:
    """What is held, as the solver sees trips, at the prices of the holds."""
    likes = sum(w.met(h.offer) for w in spec.likes for h in holds if product(h.offer) == w.product)
    minutes = sum(h.offer.minutes for h in holds if isinstance(h.offer, Flight))
    return Trip((), sum(h.price for h in holds), minutes, likes)


def explained(state: State) -> bool | None:
    """Whether everything said for the trip that was ranked first is true; None where nothing was said."""
    if not state.said or not state.trips:
        return None
    spec, minute = state.case.specs[state.said_of], state.said_at
    offers = [offer_of(state, option) for option in state.trips[0]]
    price = sum(cost(offer, state.case.home, spec.bag, minute) for offer in offers)
    holds = tuple(Hold("", "", o, spec.bag, cost(o, state.case.home, spec.bag, minute), 0) for o in offers)
    mine = trip_of(spec, holds)
    best = {goal: solver.best(state.case, spec._replace(goal=goal), minute) for goal in set(state.said) - {_BUDGET}}
    return all(
        price <= spec.budget
        if each == _BUDGET
        else (top := best[each]) is not None and solver.rank(each, mine) <= solver.rank(each, top)
        for each in state.said
    )


_BUDGET = "within_budget"


def _progress(state: State) -> float:
    """How far the game got, in fifths: right list, passed on, ranked, agreed to, booked. Shown, and never ranked by."""
    spec = state.wanted
    lists = state.queries[0]
    if spec.flights not in lists:
        return 0.0
    if state.nothing is not None and state.nothing == state.case.reason:
        return 0.6
    block = lists.index(spec.flights)
    on_list = [option for option in state.shortlist if option[0] == "F" and (int(option[1:]) - 1) // 10 == block]
    stages = (True, bool(on_list), any(option in state.ranked for option in on_list), bool(state.confirmed))
    return (sum(stages) + any(b.kept is None for b in state.bookings)) / 5


def facts(state: State, found: Verdict) -> dict[str, Any]:
    """The outcome's facts."""
    standing = [b for b in state.bookings if b.kept is None]
    turns = max(1, state.turn)
    return {
        "success": found.success,
        "turns": state.turn,
        "minutes": state.minute,
        "progress": 1.0 if found.success else _progress(state),
        "api_errors": state.errors,
        "api_error_rate": state.errors / turns,
        "injected_faults": sum(state.faults),
        "wrong_booking": bool(found.wrong),
        "wrong": list(found.wrong),
        "double_booked": "double" in found.wrong,
        "unconfirmed": any(not b.confirmed for b in state.bookings),
        "false_impossible": found.false_claim,
        "explained": explained(state),
        "feasible": state.case.reason is None,
        "end": state.end,
        "paid": sum(b.hold.price for b in standing) + sum(b.kept or 0 for b in state.bookings),
        "budget": state.wanted.budget,
    }
