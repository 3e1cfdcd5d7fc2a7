"""How a journey is judged: by what is booked, paid and agreed at its end; changes by what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from lanista.arenas.travel_booking.journeys import solver
from lanista.arenas.travel_booking.journeys.offers import Flight, Offer, Query, brand, change_fee, cost
from lanista.arenas.travel_booking.journeys.party import crosses, places_of
from lanista.arenas.travel_booking.journeys.solver import Found
from lanista.arenas.travel_booking.journeys.state import Booking, Moment, due, standing
from lanista.arenas.travel_booking.journeys.wishes import on
from lanista.arenas.travel_booking.judge import SAVING
from lanista.arenas.travel_booking.offers import given_back
from lanista.arenas.travel_booking.state import Verdict


class Swap(NamedTuple):
    """One booking replaced: by which offer, by an exchange or by cancelling and buying anew, for how much more."""

    booking: Booking
    place: tuple[Query, int]
    exchanged: bool
    extra: int


def verdict(state: Moment) -> Verdict:
    """The judgement of a state whose game is over."""
    wrong = faults(state)
    unconfirmed = any(not booking.confirmed for booking in state.bookings)
    bookable = state.case.reason is None or state.terms != state.case.terms
    booked = state.end == "done" and bool(state.bookings) and not wrong and not unconfirmed and bookable
    claimed = state.end == "impossible"
    none = state.case.reason is not None and state.case.flex is None
    right_claim = claimed and none and state.claim == state.case.reason and not state.bookings
    false_claim = claimed and not none
    success = booked or right_claim
    paid = sum(booking.hold.price for booking in state.sent or standing(state))
    saved = booked and paid <= SAVING * state.terms.budget
    unserved = not (success or wrong or unconfirmed or claimed)
    return Verdict(success, booked, saved, wrong, right_claim, false_claim, unserved)


def faults(state: Moment) -> tuple[str, ...]:
    """What is wrong with what is booked; () where nothing is, or nothing was booked."""
    if not state.bookings:
        return ()
    return (itinerary, _moved, _called_off)[state.stage](state)


def itinerary(state: Moment) -> tuple[str, ...]:
    """What is wrong with a first itinerary."""
    case, terms = state.case, state.terms
    mine = standing(state)
    holds = tuple(booking.hold for booking in mine)
    wrong = _unfit(state, mine)
    if len(mine) < len(state.bookings):
        wrong.append("kept")
    total = due(state, holds)
    if total > terms.budget:
        wrong.append("budget")
    if not wrong and total != state.agreed and all(booking.confirmed for booking in mine):
        wrong.append("total")
    best = solver.solved(case, terms)
    if not wrong and (best is None or solver.rank(terms.goal, _worth(state, total)) > solver.rank(terms.goal, best)):
        wrong.append("goal")
    return tuple(wrong)


def _unfit(state: Moment, mine: tuple[Booking, ...]) -> list[str]:
    """What is wrong with bookings whatever they cost."""
    case, terms = state.case, state.terms
    holds = tuple(booking.hold for booking in mine)
    found = []
    names = [hold.offer[1:4] if isinstance(hold.offer, Flight) else hold.offer.city for hold in holds]
    if len(set(names)) < len(names):
        found.append("double")
    places = places_of(terms, holds)
    if places is None:
        found.append("incomplete")
    if any(sorted(hold.ages) != sorted(case.ages) for hold in holds):
        found.append("party")
    if any(isinstance(hold.offer, Flight) and hold.bags != case.bags for hold in holds):
        found.append("bags")
    if any(isinstance(hold.offer, Flight) and not crosses(case, hold.offer) for hold in holds):
        found.append("border")
    fitting = (on(case.musts, name[0] == "F", at) for name, (_, at) in (places or {}).items())
    held = (hold for hold, _ in (places or {}).values())
    if any(not wish.met(hold.offer) for hold, wishes in zip(held, fitting, strict=True) for wish in wishes):
        found.append("demand")
    airline, need = case.status
    if sum(isinstance(hold.offer, Flight) and hold.offer.airline == airline for hold in holds) < need:
        found.append("status")
    return found


def _worth(state: Moment, total: int) -> Found:
    """What is booked, as the solver sees journeys."""
    case = state.case
    places = places_of(state.terms, tuple(booking.hold for booking in standing(state))) or {}
    people = [person.name for person in case.people]
    met = [solver.likes_met(case.counted, people, hold.offer, at) for hold, at in places.values()]
    minutes = sum(hold.offer.minutes for hold, _ in places.values() if isinstance(hold.offer, Flight))
    return Found((), total, minutes, tuple(map(sum, zip(*met, strict=True))))


# After booking


def _moved(state: Moment) -> tuple[str, ...]:
    """What is wrong after a flight was to be moved."""
    wrong = _unfit(state, standing(state))
    swaps = repair(state)
    least = sum(swap.extra for swap in swaps)
    if not wrong and state.spent - state.spent_when_sent > least:
        wrong.append("extra")
    return tuple(wrong)


def _called_off(state: Moment) -> tuple[str, ...]:
    """What is wrong after all was called off: more was spent than had to be."""
    back = sum(given_back(booking.hold.price, booking.hold.offer.refund) for booking in state.sent)
    return ("extra",) if state.spent - state.spent_when_sent > -back else ()


def repair(state: Moment) -> tuple[Swap, ...]:
    """The cheapest way to what is wanted now from what stood when the itinerary was sent."""
    case, terms = state.case, state.terms
    assert case.after is not None
    leg = case.after[0]
    market = solver.market(case, terms)
    old_terms = terms.moved(leg, next(one.day for i, one in enumerate(case.terms.legs) if i == leg))
    old = places_of(old_terms, tuple(booking.hold for booking in state.sent)) or {}
    booked = {name: next(b for b in state.sent if b.hold is hold) for name, (hold, _) in old.items()}
    airline, need = case.status
    others = sum(
        isinstance(b.hold.offer, Flight) and b.hold.offer.airline == airline and b is not booked[f"F{leg}"]
        for b in state.sent
    )
    ways = []
    for option in market.flights[leg]:
        if others + (option.airline == airline) < need:
            continue
        swaps = [_swap(state, booked[f"F{leg}"], option.name), *_nights(state, booked, leg, option.arrive)]
        if None not in swaps:
            ways.append(tuple(swap for swap in swaps if swap is not None))
    return min(ways, key=lambda way: sum(swap.extra for swap in way))


def _nights(state: Moment, booked: dict[str, Booking], leg: int, arrive: str) -> Iterator[Swap | None]:
    """The cheapest swap of every stay whose days are other ones once that flight lands then; None where none fits."""
    case, terms = state.case, state.terms
    for k, stay in enumerate(terms.stays):
        mine, until = booked[f"H{k}"].hold.offer, terms.check_out(k)
        begin = arrive if stay.lands == leg else str(mine[2])
        if (begin, until) == mine[2:4]:
            continue
        query = ("H", stay.city, begin, until)
        rooms = enumerate(case.shelf(query)) if begin < until else ()
        ways = [_swap(state, booked[f"H{k}"], (query, i)) for i, room in rooms if case.fits(room, k)]
        yield min(ways, key=lambda swap: swap.extra, default=None)


def _swap(state: Moment, booking: Booking, place: tuple[Query, int]) -> Swap:
    case = state.case
    new: Offer = case.shelf(place[0])[place[1]]
    price, paid = cost(new, case.home, case.ages, case.bags), booking.hold.price
    anew = price - given_back(paid, booking.hold.offer.refund)
    swapped = change_fee(booking.hold.offer, case.home) + max(0, price - paid)
    if brand(new) == brand(booking.hold.offer) and swapped <= anew:
        return Swap(booking, place, True, swapped)
    return Swap(booking, place, False, anew)


def facts(state: Moment, found: Verdict) -> dict[str, Any]:
    """The outcome's facts: those of a round trip."""
    return {
        "success": found.success,
        "turns": state.turn,
        "minutes": state.minute,
        "progress": 1.0 if found.success else _progress(state),
        "api_errors": state.errors,
        "api_error_rate": state.errors / max(1, state.turn),
        "injected_faults": sum(state.faults),
        "wrong_booking": bool(found.wrong),
        "wrong": list(found.wrong),
        "double_booked": "double" in found.wrong,
        "unconfirmed": any(not booking.confirmed for booking in state.bookings),
        "false_impossible": found.false_claim,
        "explained": None,
        "feasible": state.case.reason is None,
        "end": state.end,
        "paid": state.spent,
        "budget": state.terms.budget,
    }


def _progress(state: Moment) -> float:
    """How far the game got, in fifths: a right list, an option of it passed on, held, agreed to, booked."""
    wanted = {solver.flight_query(state.terms, i) for i in range(len(state.terms.legs))}
    right = [query for query in state.queries[0] if query in wanted]
    passed = any(option[0] == "F" for seat in (1, 2) for option in state.known[seat])
    stages = (bool(right), passed, bool(state.holds), state.agreed is not None, bool(standing(state)))
    return sum(stages) / 5
