"""What is on sale: flights, hotels and cars, what each costs when, and the lists a search shows.

A *query* names a list: ``("F", from city, to city, depart, return)``, ``("H", city, check-in, check-out)`` or
``("C", airport, pick-up, drop-off)``. The list of a query is a function of the case; the lists that the traveller's
own dates lead to are made with the case, any other is drawn when somebody asks for it.
"""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any, NamedTuple

from lanista.arenas.travel_booking.dates import day, ordinal
from lanista.arenas.travel_booking.world import CITIES, CITY_OF, convert, flight_minutes

AIRLINES = ("Aro", "Bel", "Cor", "Dyn", "Eos", "Fyn")
HOTELS = ("Alma", "Bora", "Cleo", "Duna", "Elba", "Faro", "Gala", "Hera", "Iris")
AREAS = ("centre", "station", "airport")
REFUNDS = ("free", "half", "none")
"""What cancelling a booking gives back: all of it, half of it, nothing."""
MOST = 9
"""Offers on one list."""

Query = tuple[str, ...]


class Flight(NamedTuple):
    """A round trip. Times are local minutes of the day; ``minutes`` is the travelling time of both ways together.

    ``price`` is for both ways, in the traveller's currency; ``bag`` what a checked bag costs, -1 where none is taken.
    """

    airline: str
    start: str
    end: str
    depart: str
    departs_at: int
    arrive: str
    arrives_at: int
    back: str
    back_at: int
    stops: int
    minutes: int
    bag: int
    refund: str
    price: int
    moved: int = 0
    """Hidden: what the true price is above the list's from minute ``moved_at`` on."""
    moved_at: int = 0
    gone: bool = False
    """Hidden: it is sold out when somebody holds it."""


class Hotel(NamedTuple):
    """A room. ``price`` is a night's, in ``currency``; ``tax`` comes on top, in percent."""

    hotel: str
    city: str
    check_in: str
    check_out: str
    nights: int
    stars: int
    area: str
    breakfast: bool
    tax: int
    refund: str
    currency: str
    price: int
    moved: int = 0
    moved_at: int = 0
    gone: bool = False


class Car(NamedTuple):
    """A car from the day of arrival to the day of return. ``price`` is a day's, in ``currency``; ``fee`` once."""

    place: str
    pick_up: str
    drop_off: str
    days: int
    seats: int
    automatic: bool
    fee: int
    refund: str
    currency: str
    price: int
    moved: int = 0
    moved_at: int = 0
    gone: bool = False


Offer = Flight | Hotel | Car
PRODUCTS = ("flight", "hotel", "car")
LETTERS = {"flight": "F", "hotel": "H", "car": "C"}
HIDDEN = ("moved", "moved_at", "gone")


def product(offer: Offer) -> str:
    """``flight``, ``hotel`` or ``car``."""
    return "flight" if isinstance(offer, Flight) else "hotel" if isinstance(offer, Hotel) else "car"


@lru_cache(maxsize=1 << 14)
def public(offer: Offer) -> dict[str, Any]:
    """What a list shows of an offer, as JSON values; do not change it."""
    shown = offer._asdict()
    for name in HIDDEN:
        del shown[name]
    return shown


def cost(offer: Offer, home: str, bag: bool, minute: int) -> int:
    """What the offer costs in all at that minute, fees and tax included, in whole units of ``home``."""
    price = offer.price + (offer.moved if minute >= offer.moved_at else 0)
    if isinstance(offer, Flight):
        return price + (offer.bag if bag and offer.bag > 0 else 0)
    if isinstance(offer, Hotel):
        return convert(-(-price * offer.nights * (100 + offer.tax) // 100), offer.currency, home)
    return convert(price * offer.days + offer.fee, offer.currency, home)


def given_back(price: int, refund: str) -> int:
    """What cancelling gives back of a price paid."""
    return price if refund == "free" else price // 2 if refund == "half" else 0


def fly(
    query: Query, airline: str, start: str, end: str, departs_at: int, stops: int, back_at: int, rest: dict[str, Any]
) -> Flight:
    """A flight with its arrival and travelling time worked out from the map and the clocks."""
    _, a, b, depart, back = query
    one_way = flight_minutes(a, b) + 150 * stops
    landed = departs_at + one_way + CITIES[b].offset - CITIES[a].offset
    arrive = day(ordinal(depart) + landed // 1440)
    return Flight(
        airline, start, end, depart, departs_at, arrive, landed % 1440, back, back_at, stops, 2 * one_way, **rest
    )


def draw_flight(query: Query, rng: random.Random, scale: int = 100) -> Flight:
    """A random flight of a query; ``scale`` in percent moves its price."""
    _, a, b, _, _ = query
    stops = 0 if rng.random() < 0.45 else 1
    usd = (120 + flight_minutes(a, b) * 9 // 10) * (100 - 18 * stops) // 100 * rng.randrange(80, 141) // 100
    home = CITIES[a].currency
    price = max(20, convert(usd * scale // 100, "USD", home) // 5 * 5)
    return fly(
        query,
        rng.choice(AIRLINES),
        rng.choice(CITIES[a].airports),
        rng.choice(CITIES[b].airports),
        rng.randrange(24, 92) * 15,
        stops,
        rng.randrange(28, 88) * 15,
        {
            "bag": rng.choice((-1, 0, 30, 40, 60, 60)),
            "refund": rng.choice(REFUNDS),
            "price": price,
        },
    )


def draw_hotel(city: str, rng: random.Random) -> Hotel:
    """A random hotel of a city, without dates."""
    stars = rng.randrange(2, 6)
    currency = CITIES[city].currency
    night = convert((25 + 35 * stars) * rng.randrange(75, 131) // 100, "USD", currency)
    return Hotel(
        "", city, "", "", 0, stars, rng.choice(AREAS), rng.random() < 0.5, 0, rng.choice(REFUNDS), currency,
        _rounded(night),
    )  # fmt: skip


def draw_car(airport: str, rng: random.Random) -> Car:
    """A random car at an airport, without dates."""
    seats = rng.choice((4, 5, 5, 7))
    automatic = rng.random() < 0.5
    currency = CITIES[CITY_OF[airport]].currency
    rate = convert((20 + 6 * seats + 10 * automatic) * rng.randrange(75, 131) // 100, "USD", currency)
    fee = convert(rng.choice((0, 15, 30)), "USD", currency)
    return Car(airport, "", "", 0, seats, automatic, _rounded(fee), rng.choice(REFUNDS), currency, _rounded(rate))


def dated(offer: Offer, query: Query) -> Offer:
    """A hotel or car on the days of a query."""
    _, _, begin, end = query
    days = ordinal(end) - ordinal(begin)
    if isinstance(offer, Hotel):
        return offer._replace(check_in=begin, check_out=end, nights=days)
    assert isinstance(offer, Car)
    return offer._replace(pick_up=begin, drop_off=end, days=days)


def _rounded(amount: int) -> int:
    """An amount as a price tag has it: whole, in hundreds where a unit is worth little."""
    return amount if amount < 2000 else -(-amount // 100) * 100
