"""What is on sale in a case: lists in which one offer, the anchor, meets every demand, or none does."""

from __future__ import annotations

import random
from typing import Any, TypeVar

from lanista.arenas.travel_booking.cases import Policy
from lanista.arenas.travel_booking.offers import (
    AIRLINES,
    HOTELS,
    Car,
    Flight,
    Hotel,
    Offer,
    Query,
    draw_car,
    draw_flight,
    draw_hotel,
    fly,
)
from lanista.arenas.travel_booking.wishes import BREAKABLE, Wish, broken, mended
from lanista.arenas.travel_booking.world import CITIES


def drifted(offer: Offer, drift: float, rng: random.Random, safe: bool = False) -> dict[str, Any]:
    if rng.random() >= drift:
        return {}
    way = rng.randrange(3)
    if way == 0 and not safe:
        return {"gone": True}
    return {
        "moved": max(1, offer.price * rng.randrange(5, 26) // 100),
        "moved_at": 0 if way < 2 else rng.randrange(5, 30),
    }


def flights(
    query: Query, kinds: tuple[tuple[str, str], ...], count: int, drift: float, rng: random.Random
) -> tuple[Flight, ...]:
    """A list of flights, the first of which is the anchor."""
    wanted = tuple(kind for kind, name in kinds if name == "flight")
    made = [draw_flight(query, rng) for _ in range(count)]
    made[0] = _mend_flight(made[0], query, wanted)
    return tuple(f._replace(**drifted(f, drift, rng, i == 0)) for i, f in enumerate(made))


def _mend_flight(flight: Flight, query: Query, wanted: tuple[str, ...]) -> Flight:
    if "direct" in wanted and flight.stops:
        flight = _with_stops(flight, query, 0)
    return flight._replace(**mended(flight, wanted))


def _with_stops(flight: Flight, query: Query, stops: int) -> Flight:
    rest = {"bag": flight.bag, "refund": flight.refund, "price": flight.price}
    rest |= {"moved": flight.moved, "moved_at": flight.moved_at, "gone": flight.gone}
    return fly(query, flight.airline, flight.start, flight.end, flight.departs_at, stops, flight.back_at, rest)


def hotels(
    city: str, policy: Policy, kinds: tuple[tuple[str, str], ...], count: int, drift: float, rng: random.Random
) -> tuple[Hotel, ...]:
    wanted = tuple(kind for kind, name in kinds if name == "hotel")
    names = rng.sample(HOTELS, count)
    made = [draw_hotel(city, rng)._replace(hotel=name, tax=policy.tax) for name in names]
    if "stars" in wanted and made[0].stars < 3:
        made[0] = made[0]._replace(stars=3)
    made[0] = made[0]._replace(**mended(made[0], wanted))
    return tuple(h._replace(**drifted(h, drift, rng, i == 0)) for i, h in enumerate(made))


def cars(
    city: str, kinds: tuple[tuple[str, str], ...], count: int, drift: float, rng: random.Random
) -> tuple[Car, ...]:
    wanted = tuple(kind for kind, name in kinds if name == "car")
    made = [draw_car(CITIES[city].airports[0], rng) for _ in range(min(count, 4))]
    if "seats" in wanted and made[0].seats < 5:
        made[0] = made[0]._replace(seats=5)
    made[0] = made[0]._replace(**mended(made[0], wanted))
    return tuple(c._replace(**drifted(c, drift, rng, i == 0)) for i, c in enumerate(made))


def spoiled(
    reason: str,
    query: Query,
    musts: tuple[Wish, ...],
    flights: tuple[Flight, ...],
    hotels: tuple[Hotel, ...],
    cars: tuple[Car, ...],
) -> tuple[tuple[Flight, ...], tuple[Hotel, ...], tuple[Car, ...]]:
    """The lists with one breakable demand on the product met by nothing."""
    wish = next(wish for wish in musts if wish.product == reason and wish.kind in BREAKABLE[reason])
    if wish.kind == "direct":
        return tuple(_with_stops(f, query, max(1, f.stops)) for f in flights), hotels, cars
    if reason == "flight":
        return tuple(f._replace(**broken(f, wish.kind, wish.value)) for f in flights), hotels, cars
    if reason == "hotel":
        return flights, tuple(h._replace(**broken(h, wish.kind, wish.value)) for h in hotels), cars
    return flights, hotels, tuple(c._replace(**broken(c, wish.kind, wish.value)) for c in cars)


_AnyOffer = TypeVar("_AnyOffer", Flight, Hotel, Car)


def shuffled(offers: tuple[_AnyOffer, ...], rng: random.Random) -> tuple[_AnyOffer, ...]:
    mixed = list(offers)
    rng.shuffle(mixed)
    return tuple(mixed)


def avoided(wish: Wish, flights: tuple[Flight, ...], rng: random.Random) -> Wish:
    """Which airline is not wanted: one that flies there, and not that of the anchor, which comes first."""
    others = sorted({flight.airline for flight in flights} - {flights[0].airline})
    return wish._replace(value=rng.choice(others or [name for name in AIRLINES if name != flights[0].airline]))
