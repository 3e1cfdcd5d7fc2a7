"""The party: what it says, whether it agrees, what it would take instead. It says only what it could know."""

from __future__ import annotations

from typing import Any

from lanista.arenas.travel_booking.journeys.cases import Journey, Stay, Terms, passes
from lanista.arenas.travel_booking.journeys.offers import Flight, Room
from lanista.arenas.travel_booking.journeys.places import PLACE_OF
from lanista.arenas.travel_booking.journeys.state import Hold, Moment
from lanista.arenas.travel_booking.journeys.wishes import Wish, on

PATIENCE = 3
"""Proposals and offers a party refuses before leaving."""


def request(case: Journey) -> dict[str, Any]:
    """What is said at the start, as data: everything but the wishes that are held back."""
    terms = case.terms
    return {
        "goal": terms.goal,
        "budget": terms.budget,
        "currency": case.home,
        "people": [[person.name, person.age] for person in case.people],
        "legs": [[leg.frm, leg.to, leg.say] for leg in terms.legs],
        "stays": [list(stay) for stay in terms.stays],
        "musts": [list(wish) for wish in case.musts if wish not in case.held],
        "likes": [list(wish) for wish in case.likes if wish not in case.held],
        "ask": [person.name for person in case.people if any(w.who == person.name for w in case.held)],
        "think": case.think,
        "style": case.style,
    }


def wishes_of(case: Journey, who: str) -> dict[str, Any]:
    """All that one traveller wants, told when asked."""
    return {
        "who": who,
        "musts": [list(wish) for wish in case.musts if wish.who == who],
        "likes": [list(wish) for wish in case.likes if wish.who == who],
        "legs": [[leg.frm, leg.to] for leg in case.terms.legs],
        "stays": [list(stay) for stay in case.terms.stays],
        "style": case.style,
    }


def leg_of(terms: Terms, flight: Flight) -> int | None:
    """Which flight of the journey it is, by its cities and day; None where it is none."""
    ends = (PLACE_OF[flight.start], PLACE_OF[flight.end], flight.depart)
    return next((i for i, leg in enumerate(terms.legs) if (leg.frm, leg.to, leg.day) == ends), None)


def stay_of(terms: Terms, room: Room) -> int | None:
    """Which stay of the journey it is for, by its city; None where it is none."""
    return next((k for k, stay in enumerate(terms.stays) if stay.city == room.city), None)


def places_of(terms: Terms, holds: tuple[Hold, ...]) -> dict[str, tuple[Hold, int]] | None:
    """``F0``, ``H1`` … → (hold, index) where there is one hold for every flight and stay on its right days, no more;
    else None."""
    found: dict[str, tuple[Hold, int]] = {}
    flights: dict[int, Flight] = {}
    for hold in holds:
        if isinstance(hold.offer, Flight):
            i = leg_of(terms, hold.offer)
            if i is not None:
                flights[i] = hold.offer
                found[f"F{i}"] = hold, i
    for hold in holds:
        if isinstance(hold.offer, Room):
            k = stay_of(terms, hold.offer)
            if k is not None and _nights(terms, terms.stays[k], k, hold.offer, flights):
                found[f"H{k}"] = hold, k
    whole = len(holds) == len(found) == len(terms.legs) + len(terms.stays)
    return found if whole else None


def _nights(terms: Terms, stay: Stay, k: int, room: Room, flights: dict[int, Flight]) -> bool:
    if stay.lands >= 0:
        if stay.lands not in flights:
            return False
        begin = flights[stay.lands].arrive
    else:
        begin = stay.begin
    return (room.check_in, room.check_out) == (begin, terms.check_out(k))


def objection(state: Moment, holds: tuple[Hold, ...], total: int) -> tuple[str, Wish | None] | None:
    """Why the party refuses, and the wish behind it: one held back and not met; if careful, anything it can see."""
    case = state.case
    whole = places_of(state.terms, holds) if state.stage == 0 else None
    unasked = [w for w in case.held if all(w.who not in heard for heard in state.heard) and w.kind not in state.missed]
    musts = [wish for wish in case.musts if wish in unasked or case.careful]
    for wish in musts:
        if not _granted(case, state.terms, wish, holds, whole is not None):
            return wish.kind, wish
    if not case.careful or state.stage:
        return None
    if whole is None:
        return "incomplete", None
    if any(sorted(hold.ages) != sorted(case.ages) for hold in holds):
        return "party", None
    return ("budget", None) if total > state.terms.budget else None


def _granted(case: Journey, terms: Terms, wish: Wish, holds: tuple[Hold, ...], whole: bool) -> bool:
    """Whether what is proposed meets a demand, as far as it is about that."""
    if wish.kind == "bag":
        return all(not isinstance(hold.offer, Flight) or hold.bags >= case.bags for hold in holds)
    if wish.kind == "status":
        airline, need = case.status
        return not whole or sum(isinstance(h.offer, Flight) and h.offer.airline == airline for h in holds) >= need
    for hold in holds:
        flight = isinstance(hold.offer, Flight)
        at = leg_of(terms, hold.offer) if isinstance(hold.offer, Flight) else stay_of(terms, hold.offer)
        if at is not None and wish in on((wish,), flight, at) and not wish.met(hold.offer):
            return False
    return True


def crosses(case: Journey, flight: Flight) -> bool:
    """Whether everybody can change planes on it."""
    passports = tuple(person.passport for person in case.people)
    return not flight.via or passes(flight, case.hubs_by_city.get(flight.via), passports)


def takes_budget(state: Moment, total: int) -> bool:
    """Whether the party would spend so much instead."""
    flex = state.case.flex
    return state.stage == 0 and state.terms == state.case.terms and flex is not None and 0 < total <= flex.most


def takes_day(state: Moment, leg: int, day: str) -> bool:
    """Whether the party would take that flight on that day instead."""
    flex = state.case.flex
    same = state.stage == 0 and state.terms == state.case.terms
    return same and flex is not None and flex.kind == "day" and (flex.leg, flex.day) == (leg, day)
