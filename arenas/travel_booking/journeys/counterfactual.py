"""Counterfactuals of journeys: another case, and other chance, that must look the same to one seat.

Whatever the seat has neither heard nor been shown is drawn anew, as far as this step does not tell it: who the others
are and what they want, the goal and the budget, files and borders, offers and true prices, what the party would take
instead, what changes later, and the luck of services.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lanista.arenas.core.contract import Seat
from lanista.arenas.core.tools import Call
from lanista.arenas.travel_booking.journeys.calls import AGENCY, COMPARISON, SEARCH, SERVICES
from lanista.arenas.travel_booking.journeys.cases import Flex, Hub, Journey, Person
from lanista.arenas.travel_booking.journeys.offers import Query
from lanista.arenas.travel_booking.journeys.party import PATIENCE
from lanista.arenas.travel_booking.journeys.places import PASSPORTS
from lanista.arenas.travel_booking.journeys.solver import GOALS
from lanista.arenas.travel_booking.journeys.state import Moment, place_of
from lanista.arenas.travel_booking.journeys.wishes import Wish
from lanista.arenas.travel_booking.offers import REFUNDS

_TALKS = ("ask", "confirm", "offer_budget", "offer_day", "done")
_Place = tuple[str, str, int]
"""Which offer it is on every list of its kind: flights by list, rooms by city."""


def counterfactual(
    state: Moment, moves: Mapping[Seat, Any], seat: Seat, rng: random.Random
) -> tuple[Moment, Mapping[Seat, Any]] | None:
    """Another state that ``seat`` cannot tell from this one; the moves stay. None where the step may end the game."""
    ((mover, move),) = moves.items()
    tool = move.tool if isinstance(move, Call) else ""
    if _may_end(state, tool):
        return None
    served = mover == seat and tool in SERVICES
    case, terms, key = state.case, state.terms, state.key
    if tool not in _TALKS:
        case = replace(case, careful=rng.random() < 0.5)
        if state.stage == 0 and terms == case.terms:
            flex = rng.choice((None, Flex("budget", most=terms.budget * 5 // 4)))
            after = None if rng.random() < 0.5 else (len(terms.legs) - 1, terms.legs[-1].day)
            case = replace(case, flex=flex, after=after)
        case = _other_wishes(case, state, seat, rng)
        if state.told and seat != SEARCH and terms == case.terms:
            terms = terms._replace(goal=rng.choice(GOALS), budget=terms.budget + 10 * rng.randrange(1, 90))
            case = replace(case, terms=terms)
    if seat != COMPARISON:
        case = _other_files(case, rng)
    if not served:
        key = rng.getrandbits(64)
    case = _other_offers(case, state, seat, move if served else None, _copied(state, move, seat), rng)
    return state._replace(case=case, terms=terms, key=key), moves


def _may_end(state: Moment, tool: str) -> bool:
    patience = tool in ("confirm", "offer_budget", "offer_day") and state.refusals + 1 >= PATIENCE
    return tool in ("done", "impossible") or state.turn + 1 >= state.limit or patience


def _other_wishes(case: Journey, state: Moment, seat: Seat, rng: random.Random) -> Journey:
    """Other wishes, and where the seat heard nothing of the party other ages, of those it did not hear."""
    deaf = state.told and seat != SEARCH
    heard = state.heard[0] if seat == SEARCH or not state.told else ()

    def other(wish: Wish) -> Wish:
        known = not deaf and (wish not in case.held or wish.who in heard)
        if known or wish.kind in state.missed or wish.kind in ("bag", "status", "direct", "breakfast"):
            return wish
        values: dict[str, Any] = {"after": 600, "before": 1200, "stars": 2, "area": "station"}
        return wish._replace(value=values.get(wish.kind, rng.choice(("Aro", "Bel", "Cor", "Dyn"))))

    changed = {wish: other(wish) for wish in (*case.musts, *case.likes)}
    people = case.people
    if deaf:
        people = tuple(person._replace(age=rng.randrange(1, 90)) for person in people)
    return replace(
        case, musts=tuple(changed[w] for w in case.musts), likes=tuple(changed[w] for w in case.likes),
        held=tuple(changed[w] for w in case.held), people=people,
    )  # fmt: skip


def _other_files(case: Journey, rng: random.Random) -> Journey:
    def other(person: Person) -> Person:
        stored = () if rng.random() < 0.5 else (Wish("breakfast", person.name),)
        return person._replace(passport=rng.choice(PASSPORTS), card=rng.choice(("", "Aro", "Bel")), stored=stored)

    hubs = tuple(Hub(hub.city, rng.choice((45, 90)), (rng.choice(PASSPORTS),)) for hub in case.hubs)
    return replace(case, people=tuple(map(other, case.people)), hubs=hubs)


def _place(state: Moment, option: str) -> _Place:
    query, index = place_of(state, option)
    return query[0], " ".join(query[1:]) if query[0] == "F" else query[1], index


def _copied(state: Moment, move: Any, seat: Seat) -> set[_Place]:
    """Options whose data this step copies to the seat."""
    if state.told or not isinstance(move, Call) or move.tool != "pass" or move.args["to"] != seat:
        return set()
    mine = state.known[state.seat]
    return {_place(state, option) for option in move.args.get("options", ()) if option in mine}


def _other_offers(
    case: Journey, state: Moment, seat: Seat, served: Call | None, copied: set[_Place], rng: random.Random
) -> Journey:
    """Other hidden prices of all that this step does not price, and other prices and rules of what was not shown."""
    tool = "" if served is None else served.tool
    named = () if served is None else served.args.get("options", (served.args.get("option", ""),))
    mine = state.known[AGENCY.index(seat)]
    priced = {_place(state, option) for option in named if option in mine} if tool in ("quote", "hold") else set()
    shown = {_place(state, option) for option in state.shown[AGENCY.index(seat)]} | copied | priced
    listing = tool in ("flights", "hotels")

    def other(offer: Any, place: _Place) -> Any:
        if place in priced:
            return offer
        changes: dict[str, Any] = {"moved": rng.randrange(40), "gone": rng.random() < 0.3}
        if not listing and place not in shown:
            changes |= {"price": rng.randrange(20, 900), "refund": rng.choice(REFUNDS)}
        return offer._replace(**changes)

    lists: dict[Query, Any] = {
        query: tuple(other(offer, ("F", " ".join(query[1:]), i)) for i, offer in enumerate(offers))
        for query, offers in case.lists.items()
    }
    rooms = {city: tuple(other(r, ("H", city, i)) for i, r in enumerate(inn)) for city, inn in case.rooms.items()}
    return replace(case, lists=lists, rooms=rooms)
