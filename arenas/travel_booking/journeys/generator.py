"""Journeys without end: seeded, with the optimum known, and made so that they come out as they were meant.

One flight of every list and one hotel of every city (the anchors) meet every demand; the budget is set from the
solver's optimum; an impossible journey is made impossible on purpose, for one reason, and where the party would take
another, that one is possible. What did not come out is an error, never skipped.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from lanista.arenas.core import chance
from lanista.arenas.travel_booking.config import Config
from lanista.arenas.travel_booking.dates import day, ordinal
from lanista.arenas.travel_booking.journeys import draws, solver
from lanista.arenas.travel_booking.journeys.cases import MARGIN, OFF, Flex, Hub, Journey, Terms, passes
from lanista.arenas.travel_booking.journeys.offers import FAR, Flight, Query, Room, draw_flight, draw_rooms, timed
from lanista.arenas.travel_booking.journeys.places import PLACES, block_minutes, stops
from lanista.arenas.travel_booking.journeys.wishes import Wish
from lanista.arenas.travel_booking.offers import AIRLINES, MOST
from lanista.arenas.travel_booking.wants import FIRST_DAY, LAST_DAY
from lanista.errors import LanistaError

CALLED_OFF = 0.2
"""The share of later changes that call the journey off."""


def generate(config: Config, seed: int) -> Journey:
    """The journey of a seed. Raises LanistaError where it did not come out as it was meant to."""
    key = chance.key("travel_booking journey", config.split, seed)
    rng = chance.stream(key, "journey")
    clock, hotels = rng.randrange(FIRST_DAY * 1440, LAST_DAY * 1440), int(config.horizon or 1) > 1
    jaw = int(config.legs or 2) > 2 and rng.random() < 0.4
    flights = int(config.legs or 2) - jaw
    stays = int(config.legs or 2) - 1 if hotels else 0
    kinds = draws.must_kinds(int(config.constraints or 0), flights, stays, rng)
    people = draws.party(int(config.travellers or 1), rng)
    tastes = draws.like_kinds(int(config.likes or 0), len(people), hotels, rng)
    likes = tuple(Wish(k, p.name, -1, v) for p, mine in zip(people, tastes, strict=True) for k, v in mine)
    goal = rng.choice(solver.GOALS if likes and len(people) > 1 else solver.GOALS[:3] if likes else solver.GOALS[:2])
    bags = tuple(Wish("bag", p.name) for p in people if p.age >= 2 and rng.random() < 0.45)
    status = _status(people, flights, float(config.loyalty or 0), rng)
    drawn = {kind for kind, _ in kinds} | {w.kind for w in (*bags, *status)}
    route = draws.cities(config, goal, drawn, {w.kind for w in likes}, jaw, rng)
    house, hubs = draws.house(config.split, rng), draws.hubs(bool(config.borders), rng)
    legs, homes = draws.itinerary(route, jaw, hotels, clock, rng)
    expiring = rng.random() < float(config.expiring or 0)
    case = Journey(
        key=key, split=config.split, house=house, error_rate=float(config.error_rate or 0), clock=clock,
        home=PLACES[route[0]].currency,
        people=draws.files(people, likes, float(config.contradictions or 0), hotels, rng),
        terms=Terms(goal, solver.ANY, legs, homes), musts=(*bags, *status), likes=likes, held=(),
        think=rng.randrange(9, 16) if expiring else 2, hubs=hubs, lists={}, rooms={}, reason=None, flex=None,
        after=None, careful=rng.random() < 0.5, style=rng.randrange(3),
    )  # fmt: skip
    case = _stocked(case, kinds, config, rng)
    wishes = (*case.musts, *case.likes)
    case = replace(case, held=tuple(w for w in wishes if rng.random() >= float(config.cooperativeness or 0)))
    return checked(_meant(case, config, rng))


def _status(people: list[Any], flights: int, share: float, rng: random.Random) -> tuple[Wish, ...]:
    """Somebody with a card who needs so many flights with its airline."""
    who = next((person for person in people if person.card), None)
    if who is None or rng.random() >= share:
        return ()
    return (Wish("status", who.name, -1, rng.randrange(1, flights)),)


# What is on sale


def _stocked(case: Journey, kinds: list[draws.Kind], config: Config, rng: random.Random) -> Journey:
    """The case with its lists and the demands that the anchors meet."""
    count, drift = min(MOST, 3 + int(config.distractors or 0)), float(config.drift or 0)
    airline, need = case.status
    loyal = rng.sample(range(len(case.terms.legs)), need)
    musts, lists = list(case.musts), {}
    for i in range(len(case.terms.legs)):
        query = solver.flight_query(case.terms, i)
        wanted = {kind for kind, at in kinds if at == i and kind in ("direct", "after", "before", "not_airline")}
        drawn = [_flight(case, query, rng) for _ in range(count)]
        drawn[0] = _anchor(case, query, drawn[0], "direct" in wanted, airline if i in loyal else "")
        musts += [_flight_wish(kind, i, drawn, airline, _who(case, rng)) for kind in sorted(wanted)]
        lists[query] = _aged(case, drawn, drift, i, rng)
    rooms = {}
    for k, stay in enumerate(case.terms.stays):
        wanted = {kind for kind, at in kinds if at == k and kind in ("stars", "breakfast", "area")}
        inn = draw_rooms(stay.city, count, case.house.tax, rng)
        inn[0] = inn[0]._replace(breakfast=inn[0].breakfast or "breakfast" in wanted, stars=max(3, inn[0].stars))
        values: dict[str, Any] = {"stars": inn[0].stars, "area": inn[0].area}
        musts += [Wish(kind, _who(case, rng), k, values.get(kind)) for kind in sorted(wanted)]
        rooms[stay.city] = _aged(case, inn, drift, -1, rng)
    return replace(case, musts=tuple(musts), lists=lists, rooms=rooms)


def _flight(case: Journey, query: Query, rng: random.Random) -> Flight:
    return draw_flight(query, stops(query[1], query[2]), case.home, case.clock, rng)


def _anchor(case: Journey, query: Query, flight: Flight, direct: bool, airline: str) -> Flight:
    """The flight made such that it meets what is demanded and passes every border."""
    flight = flight._replace(airline=airline or flight.airline, bag=40 if flight.bag < 0 and case.bags else flight.bag)
    hub: Hub | None = case.hubs_by_city.get(flight.via)
    if flight.via and (direct or not passes(flight, hub, tuple(person.passport for person in case.people))):
        flight = timed_again(flight, query)._replace(price=flight.price * 5 // 4)
    return flight


def timed_again(flight: Flight, query: Query) -> Flight:
    """The flight without its stop, on that query's day."""
    rest = {name: getattr(flight, name) for name in ("bag", "refund", "fee", "keeps", "price", "moved", "gone")}
    return timed(query, flight.airline, flight.start, flight.end, flight.departs_at, "", 0, 0, rest)


def _flight_wish(kind: str, leg: int, flights: list[Flight], loyal: str, who: str) -> Wish:
    """The demand of that kind that the first flight meets."""
    first = flights[0]
    values: dict[str, Any] = {"after": first.departs_at // 60 * 60, "before": -(-first.departs_at // 60) * 60}
    if kind == "not_airline":
        others = [f.airline for f in flights if f.airline not in (first.airline, loyal)]
        values[kind] = (others or [a for a in AIRLINES[:4] if a not in (first.airline, loyal)])[0]
    return Wish(kind, who, leg, values.get(kind))


def _who(case: Journey, rng: random.Random) -> str:
    return rng.choice(case.people).name


def _aged(case: Journey, offers: list[Any], drift: float, leg: int, rng: random.Random) -> tuple[Any, ...]:
    """A list as it has become, shuffled: prices that went up unseen, offers sold out, offers that end soon."""
    aged = []
    for i, offer in enumerate(offers):
        if rng.random() < drift:
            gone = i > 0 and rng.random() < 0.35
            offer = offer._replace(gone=gone, moved=0 if gone else max(1, offer.price * rng.randrange(4, 22) // 100))
        if case.think > 2:
            if i and rng.random() < 0.3:
                offer = offer._replace(keeps=rng.randrange(4, case.think - 1), price=max(1, offer.price * 85 // 100))
            elif leg == 0:
                offer = offer._replace(keeps=case.think + MARGIN)
        aged.append(offer)
    rng.shuffle(aged)
    return tuple(aged)


# What it comes to


def _tens(amount: int) -> int:
    return -(-amount // 10) * 10


def _meant(case: Journey, config: Config, rng: random.Random) -> Journey:
    """The case with its budget, and what is to make it impossible or to change after booking."""
    goal = case.terms.goal
    whole = solver.market(case, case.terms)
    least, wanted = solver.best(whole, "cheapest"), solver.best(whole, goal)
    if least is None or wanted is None:
        return case  # ``checked`` says what is wrong
    if rng.random() < float(config.infeasible or 0):
        return _impossible(case, least.cost, rng.random() < float(config.counter or 0), rng)
    budget = _tens(least.cost * rng.randrange(100, 108) // 100)
    if wanted.cost > least.cost:
        share = rng.choice((30, 50, 70, 100))
        budget = max(budget, _tens(least.cost + (wanted.cost - least.cost) * share // 100))
    if rng.random() < 0.2:
        budget = _tens(budget * 4 // 3)
    case = replace(case, terms=case.terms._replace(budget=budget))
    return _later(case, rng) if rng.random() < float(config.changes or 0) else case


def _impossible(case: Journey, least: int, bends: bool, rng: random.Random) -> Journey:
    """Impossible by the budget, or because no flight or hotel of one list meets a demand; where the party ``bends``,
    by the budget or the flights."""
    breaks = [w for w in case.musts if w.kind == "direct" and w.at >= 0]
    empty = [w for w in case.musts if w.kind in ("breakfast", "stars")]
    reason = rng.choice(["budget", *(["flight"] if breaks else []), *(["hotel"] if empty and not bends else [])])
    if reason == "budget":
        budget = (least - 1) * rng.randrange(80, 98) // 100 // 5 * 5
        flex = Flex("budget", most=least + least * rng.randrange(0, 4) // 100) if bends else None
        return replace(case, terms=case.terms._replace(budget=budget), reason=reason, flex=flex)
    wish = rng.choice(breaks if reason == "flight" else empty)
    if reason == "hotel":
        city, worst = case.terms.stays[wish.at].city, int(wish.value or 1) - 1
        rooms = tuple(
            r._replace(breakfast=False) if wish.kind == "breakfast" else r._replace(stars=min(r.stars, worst))
            for r in case.rooms[city]
        )  # fmt: skip
        budget = _tens(least * 6 // 5)
        return replace(case, rooms={**case.rooms, city: rooms}, terms=case.terms._replace(budget=budget), reason=reason)
    return _grounded(case, wish.at, least, bends, rng)


def _grounded(case: Journey, leg: int, least: int, bends: bool, rng: random.Random) -> Journey:
    """No flight of that leg is direct, as is demanded; where the party bends, the day before or after has one."""
    query = solver.flight_query(case.terms, leg)
    hub = min(
        (hub.city for hub in case.hubs if hub.city not in query),
        key=lambda city: block_minutes(query[1], city) + block_minutes(city, query[2]),
    )
    names = ("bag", "refund", "fee", "keeps", "price", "moved", "gone")
    stopping = tuple(
        f if f.via else timed(
            query, f.airline, f.start, f.end, f.departs_at, hub, 90, 0, {name: getattr(f, name) for name in names}
        )
        for f in case.lists[query]
    )  # fmt: skip
    flex = None
    lists, budget = dict(case.lists), least * 6 // 5
    if bends:
        other = day(ordinal(case.terms.legs[leg].day) + rng.choice((-1, 1)))
        flex = Flex("day", leg=leg, day=other)
        moved = case.terms.moved(leg, other)
        anchor = next(f for f in case.lists[query] if case.fits(f, leg))
        lists[solver.flight_query(moved, leg)] = _on(case, anchor, solver.flight_query(moved, leg), rng)
        then = solver.best(solver.market(replace(case, lists=lists), moved), "cheapest")
        budget = max(budget, 0 if then is None else then.cost * 21 // 20)
    lists[query] = stopping
    terms = case.terms._replace(budget=_tens(budget))
    return replace(case, lists=lists, terms=terms, reason="flight", flex=flex)


def _on(case: Journey, anchor: Flight, query: Query, rng: random.Random) -> tuple[Flight, ...]:
    """The list of another day, in which a flight like the anchor meets every demand."""
    count = len(next(iter(case.lists.values())))
    loyal = case.status[0] or anchor.airline
    again = timed_again(anchor, query)._replace(airline=loyal, gone=False, keeps=FAR)
    fresh = [_flight(case, query, rng) for _ in range(count - 1)]
    leg = next(i for i, one in enumerate(case.terms.legs) if (one.frm, one.to) == query[1:3])
    aged: tuple[Flight, ...] = _aged(case, [again, *fresh], 0.0, leg, rng)
    return aged


def _later(case: Journey, rng: random.Random) -> Journey:
    """The case in which, after all is booked, one flight moves to a later day or the journey is called off."""
    if rng.random() < CALLED_OFF:
        return replace(case, after=OFF)
    leg = rng.randrange(1, len(case.terms.legs))
    last = leg == len(case.terms.legs) - 1
    other = day(ordinal(case.terms.legs[leg].day) + rng.randrange(1, 3 if last else 2))
    query = solver.flight_query(case.terms, leg)
    moved = solver.flight_query(case.terms.moved(leg, other), leg)
    anchor = next(f for f in case.lists[query] if case.fits(f, leg))
    return replace(case, lists={**case.lists, moved: _on(case, anchor, moved, rng)}, after=(leg, other))


def bent(case: Journey) -> Terms | None:
    """The terms under which an impossible party would travel; None where there are none."""
    flex = case.flex
    if flex is None:
        return None
    if flex.kind == "budget":
        return case.terms._replace(budget=flex.most)
    return case.terms.moved(flex.leg, flex.day)


def checked(case: Journey) -> Journey:
    """The case itself. Raises LanistaError where it is not as it was meant."""
    found = solver.obstacle(case, case.terms)
    other = bent(case)
    if found != case.reason or (other is not None and solver.solved(case, other) is None):
        raise LanistaError(
            f"the journey with key {case.key} was meant to meet {case.reason!r} and meets {found!r} "
            f"(bends: {case.flex}): a fault of the generator, please report it"
        )
    return case


__all__ = ["Room", "bent", "checked", "generate"]
