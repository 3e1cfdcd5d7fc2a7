"""Cases without end: seeded, with the optimum known, and made so that they come out as they were meant.

One offer of every kind (the anchor) meets every hard constraint, the budget is set from the solver's optimum, an
impossible case is made impossible on purpose and for one reason. That it did come out is checked; a case that did not
is an error, never skipped.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from typing import Any

from lanista.arenas.core import chance
from lanista.arenas.travel_booking import solver, stock, wants
from lanista.arenas.travel_booking.cases import Case, Spec, counted
from lanista.arenas.travel_booking.config import Config
from lanista.arenas.travel_booking.dates import day, ordinal
from lanista.arenas.travel_booking.offers import AIRLINES, MOST, PRODUCTS, Flight, Offer, cost, draw_flight
from lanista.arenas.travel_booking.solver import Trip
from lanista.arenas.travel_booking.wants import FIRST_DAY, GOALS, LAST_DAY
from lanista.arenas.travel_booking.wishes import MUSTS, wish_of
from lanista.arenas.travel_booking.world import CITIES
from lanista.errors import LanistaError


def generate(config: Config, seed: int) -> Case:
    """The case of a seed. Raises LanistaError where it did not come out as it was meant to."""
    key = chance.key("travel_booking", config.split, seed)
    rng = chance.stream(key, "case")
    needs = PRODUCTS[: config.horizon]
    reason = wants.reason(config, needs, rng)
    kinds = wants.must_kinds(config, needs, reason, rng)
    likes = wants.like_kinds(config, needs, kinds, rng)
    goal = rng.choice(GOALS if likes else GOALS[:2])
    frm, to = wants.route(config.split, goal, needs, kinds, likes, rng)
    clock = rng.randrange(FIRST_DAY * 1440, LAST_DAY * 1440)
    policy = wants.policy(config.split, len(needs), rng)
    depart_say, depart, back_say, back = wants.dates(clock, frm, rng)
    query = ("F", frm, to, depart, back)
    count = min(MOST, 3 + int(config.distractors or 0))
    drift = float(config.drift or 0)
    flights = stock.flights(query, kinds, count, drift, rng)
    hotels = stock.hotels(to, policy, kinds, count, drift, rng) if "hotel" in needs else ()
    cars = stock.cars(to, kinds, count, drift, rng) if "car" in needs else ()
    anchors: dict[str, Offer] = {"flight": flights[0]}
    if hotels:
        anchors["hotel"] = hotels[0]
    if cars:
        anchors["car"] = cars[0]
    musts = tuple(wish_of(kind, anchors[name]) for kind, name in kinds)
    musts = tuple(stock.avoided(wish, flights, rng) if wish.kind == "not_airline" else wish for wish in musts)
    if reason in PRODUCTS:
        flights, hotels, cars = stock.spoiled(reason, query, musts, flights, hotels, cars)
    flights, hotels, cars = stock.shuffled(flights, rng), stock.shuffled(hotels, rng), stock.shuffled(cars, rng)
    stated, remembered = wants.preferences(likes, flights, to, rng)
    spec = Spec(
        goal, frm, to, depart_say, depart, back_say, back, 1 << 40, musts, stated, counted(musts, stated, remembered)
    )
    case = Case(
        key=key,
        split=config.split,
        policy=policy,
        error_rate=float(config.error_rate or 0),
        clock=clock,
        home=CITIES[frm].currency,
        needs=needs,
        specs=(spec,),
        change=None,
        held=tuple(wish for wish in musts if rng.random() >= float(config.cooperativeness or 0)),
        remembered=remembered,
        last_trip=(rng.choice([code for code in CITIES if code not in (frm, to)]), rng.choice(AIRLINES)),
        careful=rng.random() < 0.5,
        style=rng.randrange(3),
        lists={query: flights},
        hotels=hotels,
        cars=cars,
        reason=reason,
    )
    case = _funded(case, reason, rng)
    if reason is None and rng.random() < float(config.fickle or 0):
        case = _changed(case, count, drift, rng)
    return finished(case)


def finished(case: Case) -> Case:
    """The case with its best trips, which stay the best however prices move while people work.

    Prices only rise. The best trip's own keep still where their rise would let another trip, at the prices of the
    first minute, pass it by, or would break the budget. Raises LanistaError where the case is not as it was meant.
    """
    for spec in case.specs:
        best = solver.best(case, spec, 0)
        if best is not None and _overtaken(case, spec, best):
            case = _still(case, best)
        case = replace(case, best=(*case.best, best))
        found = solver.obstacle(case, spec) if best is None else None
        if found != case.reason:
            raise LanistaError(
                f"the travel case with key {case.key} was meant to meet {case.reason!r} and meets {found!r}: "
                "a fault of the generator, please report it"
            )
    offers = itertools.chain(*case.lists.values(), case.hotels, case.cars)
    return replace(case, moves=frozenset(offer.moved_at for offer in offers if offer.moved and offer.moved_at))


def _overtaken(case: Case, spec: Spec, best: Trip) -> bool:
    """Whether the best trip's price could rise past another trip, or past the budget."""
    offers = [case.shelf(query)[i] for query, i in best.places]
    moving = [offer for offer in offers if offer.moved and offer.moved_at]
    if not moving:
        return False
    rise = sum(cost(o, case.home, spec.bag, solver.LATE) - cost(o, case.home, spec.bag, 0) for o in moving)
    late = best._replace(cost=best.cost + rise)
    rivals = [t for t in solver.trips(case, spec, 0) if t.places != best.places and t.cost <= spec.budget]
    return late.cost > spec.budget or any(solver.rank(spec.goal, t) < solver.rank(spec.goal, late) for t in rivals)


def _tens(amount: int) -> int:
    return -(-amount // 10) * 10


def _funded(case: Case, reason: str | None, rng: random.Random) -> Case:
    """The case with the budget that makes it possible, tightly or with room to save, or impossible."""
    spec = case.specs[0]
    if reason in PRODUCTS:
        price = case.shelf(spec.flights)[0].price
        budget = _tens(price * rng.randrange(120, 200) // 100) * len(case.needs)
    elif reason == "budget":
        least = min(trip.cost for trip in solver.trips(case, spec, 0))
        budget = (least - 1) * rng.randrange(70, 96) // 100 // 5 * 5
    else:
        found = list(solver.trips(case, spec, solver.LATE))
        least = min(trip.cost for trip in found)
        wanted = min(found, key=lambda trip: solver.rank(spec.goal, trip)).cost
        if wanted > least and rng.random() < 0.3:
            wanted = (least + wanted) // 2  # the best of all is out of reach
        budget = _tens(wanted * (rng.randrange(100, 116) if rng.random() < 0.5 else rng.randrange(126, 151)) // 100)
    return replace(case, specs=(spec._replace(budget=budget),))


def _changed(case: Case, count: int, drift: float, rng: random.Random) -> Case:
    """The case with a second wish, possible too."""
    spec = case.specs[0]
    before = solver.best(case, spec, solver.LATE)
    assert before is not None
    change = rng.choice(("back", "budget", "goal", "must"))
    lists, after = case.lists, spec
    chosen = [case.shelf(query)[i] for query, i in before.places]
    if change == "must":
        taken = {wish.kind for wish in spec.musts}
        more = [wish for offer, name in zip(chosen, case.needs, strict=True) for kind in MUSTS[name]
                if kind not in taken and kind != "not_airline"
                and (wish := wish_of(kind, offer)).met(offer)]  # fmt: skip
        if not more:
            change = "budget"
        else:
            musts = (*spec.musts, rng.choice(more))
            after = spec._replace(musts=musts, likes=counted(musts, spec.stated, case.remembered))
    if change == "goal":
        goals = [goal for goal in (GOALS if spec.likes else GOALS[:2]) if goal != spec.goal]
        after = spec._replace(goal=rng.choice(goals))
    if change == "back":
        later = day(ordinal(spec.back) + rng.randrange(1, 3))
        after = spec._replace(back=later, back_say=later)
        flight = chosen[0]
        assert isinstance(flight, Flight)
        fresh = [draw_flight(after.flights, rng) for _ in range(count - 1)]
        fresh = [f._replace(**stock.drifted(f, drift, rng)) for f in fresh]
        lists = {**lists, after.flights: stock.shuffled((flight._replace(back=later), *fresh), rng)}
    two = replace(case, specs=(spec, after), lists=lists, change=change)
    least = min(trip.cost for trip in solver.trips(two, after._replace(budget=1 << 40), solver.LATE))
    budget = spec.budget
    if change == "budget":
        lower = _tens(least * rng.randrange(100, 111) // 100)
        budget = lower if lower < spec.budget else _tens(spec.budget * 6 // 5)
    elif least > budget:
        budget = _tens(least * 21 // 20)
    return replace(two, specs=(spec, after._replace(budget=budget)))


def _still(case: Case, trip: Trip) -> Case:
    """The case in which the prices of a trip's offers do not move while people work."""
    lists, hotels, cars = dict(case.lists), list(case.hotels), list(case.cars)
    for query, i in trip.places:
        if query[0] == "F":
            lists[query] = tuple(_at_once(offer) if k == i else offer for k, offer in enumerate(lists[query]))
        elif query[0] == "H":
            hotels[i] = _at_once(hotels[i])
        else:
            cars[i] = _at_once(cars[i])
    return replace(case, lists=lists, hotels=tuple(hotels), cars=tuple(cars))


def _at_once(offer: Any) -> Any:
    return offer._replace(moved=0) if offer.moved_at else offer
