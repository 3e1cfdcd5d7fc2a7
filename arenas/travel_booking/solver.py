"""The best trip there is, by exhaustive search, and why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from lanista.arenas.travel_booking.offers import Flight, Offer, Query, cost, product

if TYPE_CHECKING:
    from lanista.arenas.travel_booking.cases import Case, Spec

LATE = 1 << 30
"""A minute by which every price that moves has moved."""

Place = tuple[Query, int]
"""An offer by its list and its index there."""


class Trip(NamedTuple):
    """One offer of every product needed, in the order of the products, and what decides between trips."""

    places: tuple[Place, ...]
    cost: int
    minutes: int
    likes: int


def trips(case: Case, spec: Spec, minute: int) -> Iterator[Trip]:
    """Every consistent trip that meets the hard constraints, whatever it costs: nothing gone, right days, right places.

    The hotel is in the city from the day of landing to the day of return; the car waits at the airport of landing.
    """
    query = spec.flights
    landings: dict[tuple[str, str], list[tuple[tuple[Place, ...], int, int]]] = {}
    for i, flight in enumerate(case.shelf(query)):
        if not fits(flight, spec):
            continue
        assert isinstance(flight, Flight)
        landing = (flight.arrive, flight.end)
        rest = landings.get(landing)
        if rest is None:
            rest = landings[landing] = _on_the_ground(case, spec, minute, landing)
        price, liked = cost(flight, case.home, spec.bag, minute), _likes(flight, spec)
        for places, more, likes in rest:
            yield Trip(((query, i), *places), price + more, flight.minutes, liked + likes)


def rank(goal: str, trip: Trip) -> tuple[int, int]:
    """What a traveller with that goal compares, smaller is better.

    ``cheapest``: the cost, then the likes met. ``fastest``: the travelling time, then the cost. ``preferred``: the
    likes met, then the cost.
    """
    if goal == "cheapest":
        return trip.cost, -trip.likes
    return (trip.minutes, trip.cost) if goal == "fastest" else (-trip.likes, trip.cost)


def best(case: Case, spec: Spec, minute: int) -> Trip | None:
    """The best trip within the budget at that minute; the first found among equals. None where there is none."""
    found: Trip | None = None
    for trip in trips(case, spec, minute):
        if trip.cost <= spec.budget and (found is None or rank(spec.goal, trip) < rank(spec.goal, found)):
            found = trip
    return found


def obstacle(case: Case, spec: Spec) -> str | None:
    """Why no trip is possible even at the first minute's prices: a product no offer of which fits, or ``budget``."""
    if not any(fits(offer, spec) for offer in case.shelf(spec.flights)):
        return "flight"
    for name, base in (("hotel", case.hotels), ("car", case.cars)):
        if name in case.needs and not any(fits(offer, spec) for offer in base):
            return name
    return None if best(case, spec, 0) is not None else "budget"


def later(case: Case, spec: Spec, trip: Trip, minute: int) -> Trip:
    """The same trip at the prices of a minute."""
    offers = (case.shelf(query)[i] for query, i in trip.places)
    return trip._replace(cost=sum(cost(offer, case.home, spec.bag, minute) for offer in offers))


def fits(offer: Offer, spec: Spec) -> bool:
    """Whether an offer can be had and meets every hard constraint on its product."""
    if offer.gone:
        return False
    name = product(offer)
    return all(wish.met(offer) for wish in spec.musts if wish.product == name)


def _on_the_ground(
    case: Case, spec: Spec, minute: int, landing: tuple[str, str]
) -> list[tuple[tuple[Place, ...], int, int]]:
    arrive, airport = landing
    partial: list[tuple[tuple[Place, ...], int, int]] = [((), 0, 0)]
    for name in case.needs[1:]:
        query = ("H", spec.to, arrive, spec.back) if name == "hotel" else ("C", airport, arrive, spec.back)
        priced = [
            ((query, i), cost(offer, case.home, spec.bag, minute), _likes(offer, spec))
            for i, offer in enumerate(case.shelf(query))
            if fits(offer, spec)
        ]
        partial = [((*p, place), c + more, n + liked) for p, c, n in partial for place, more, liked in priced]
    return partial


def _likes(offer: Offer, spec: Spec) -> int:
    name = product(offer)
    return sum(wish.met(offer) for wish in spec.likes if wish.product == name)
