"""What is on sale for journeys: one-way flights and rooms, what each costs a party, and how long a hold lasts."""

from __future__ import annotations

import math
import random
from functools import lru_cache
from typing import Any, NamedTuple

from lanista.arenas.travel_booking.dates import day, ordinal
from lanista.arenas.travel_booking.journeys.places import PLACES, block_minutes
from lanista.arenas.travel_booking.offers import AIRLINES, AREAS, HOTELS, REFUNDS
from lanista.arenas.travel_booking.world import convert

Query = tuple[str, ...]
"""``("F", from, to, day)`` or ``("H", city, check-in, check-out)``: the name of a list."""
REBATE = 15
"""Percent off every flight where one airline flies all of them."""
FAR = 60
"""Minutes a hold lasts where nothing expires early."""


class Flight(NamedTuple):
    """One way. Times are local minutes of the day; ``price`` is a grown-up's, in the party's currency.

    ``bag`` is what each checked bag costs, -1 where none is taken; ``fee`` what changing it costs the party.
    """

    airline: str
    start: str
    end: str
    depart: str
    departs_at: int
    arrive: str
    arrives_at: int
    via: str
    """Where it stops; "" for a direct flight."""
    layover: int
    minutes: int
    bag: int
    refund: str
    fee: int
    keeps: int
    """Minutes a hold of it lasts."""
    price: int
    moved: int = 0
    """Hidden: what the true price is above the list's."""
    gone: bool = False
    """Hidden: sold out."""


class Room(NamedTuple):
    """A hotel. ``price`` is a room's for a night, in ``currency``; ``tax`` comes on top, in percent."""

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
    fee: int
    keeps: int
    currency: str
    price: int
    moved: int = 0
    gone: bool = False


Offer = Flight | Room
HIDDEN = ("moved", "gone")


@lru_cache(maxsize=1 << 14)
def public(offer: Offer) -> dict[str, Any]:
    """What a list shows of an offer, as JSON values; do not change it."""
    shown = offer._asdict()
    for name in HIDDEN:
        del shown[name]
    return shown


@lru_cache(maxsize=1 << 16)
def cost(offer: Offer, home: str, ages: tuple[int, ...], bags: int) -> int:
    """What the offer truly costs such a party in all, in whole units of ``home``.

    Under 2 years a tenth of the fare, under 12 three quarters. A room sleeps two, not counting those under 2.
    """
    price = offer.price + offer.moved
    if isinstance(offer, Flight):
        return sum(fare(price, age) for age in ages) + bags * max(0, offer.bag)
    return convert(-(-price * rooms(ages) * offer.nights * (100 + offer.tax) // 100), offer.currency, home)


def fare(price: int, age: int) -> int:
    """A ticket at that age, rounded up."""
    return -(-price // 10) if age < 2 else -(-price * 3 // 4) if age < 12 else price


def rooms(ages: tuple[int, ...]) -> int:
    """Rooms that a party takes."""
    return max(1, -(-sum(age >= 2 for age in ages) // 2))


def rebate(price: int) -> int:
    """What comes off a flight where one airline flies them all."""
    return price * REBATE // 100


def timed(
    query: Query, airline: str, start: str, end: str, departs_at: int, via: str, layover: int, delay: int, rest: Any
) -> Flight:
    """A flight with its arrival worked out from the map, the clocks and the calendar; ``delay``: minutes of its own."""
    _, a, b, leaves = query
    minutes = (block_minutes(a, via) + layover + block_minutes(via, b) if via else block_minutes(a, b)) + delay
    landed = departs_at + minutes + PLACES[b].offset - PLACES[a].offset
    arrive = day(ordinal(leaves) + landed // 1440)
    return Flight(airline, start, end, leaves, departs_at, arrive, landed % 1440, via, layover, minutes, **rest)


def _demand(leaves: str, clock: int) -> float:
    """How dear a day is: late booking and the ends of the week cost more, Tuesdays and Wednesdays less."""
    ahead = ordinal(leaves) - clock // 1440
    late = 1.35 if ahead < 4 else 1.18 if ahead < 8 else 1.05 if ahead < 15 else 1.0
    weekday = (ordinal(leaves) - 1) % 7
    return late * (1.12 if weekday in (4, 6) else 0.94 if weekday in (1, 2) else 1.0)


def draw_flight(query: Query, hubs: tuple[str, ...], home: str, clock: int, rng: random.Random) -> Flight:
    """A random flight of a list: fares are spread as a log-normal about a price by distance, day and stops."""
    _, a, b, leaves = query
    via = "" if rng.random() < 0.5 or not hubs else rng.choice(hubs)
    minutes = block_minutes(a, b)
    usd = (60 + 0.55 * minutes) * _demand(leaves, clock) * (0.8 if via else 1.0) * math.exp(rng.gauss(0, 0.17))
    price = max(20, convert(int(usd), "USD", home))
    rest = {
        "bag": rng.choice((-1, 0, 30, 40, 60)),
        "refund": rng.choice(REFUNDS),
        "fee": rng.choice((0, 2, 5, 8, 12)) * max(10, price) // 20 // 5 * 5,
        "keeps": FAR,
        "price": price,
    }
    return timed(
        query, rng.choice(AIRLINES[:4]), rng.choice(PLACES[a].airports), rng.choice(PLACES[b].airports),
        rng.randrange(24, 92) * 15, via, rng.randrange(3, 15) * 15 if via else 0, rng.randrange(-2, 5) * 5, rest,
    )  # fmt: skip


def draw_rooms(city: str, count: int, tax: int, rng: random.Random) -> list[Room]:
    """Random hotels of a city, without dates."""
    found = []
    for name in rng.sample(HOTELS, count):
        stars, currency = rng.randrange(2, 6), PLACES[city].currency
        night = convert(int((25 + 32 * stars) * math.exp(rng.gauss(0, 0.15))), "USD", currency)
        price = night if night < 2000 else -(-night // 100) * 100
        fee = convert(rng.choice((0, 10, 25, 40)), "USD", currency)
        found.append(
            Room(
                name, city, "", "", 0, stars, rng.choice(AREAS), rng.random() < 0.5, tax, rng.choice(REFUNDS),
                fee if fee < 2000 else -(-fee // 100) * 100, FAR, currency, price,
            )
        )  # fmt: skip
    return found


@lru_cache(maxsize=1 << 14)
def dated(room: Room, check_in: str, check_out: str) -> Room:
    """A room on these days."""
    nights = ordinal(check_out) - ordinal(check_in)
    return room._replace(check_in=check_in, check_out=check_out, nights=nights)


def change_fee(offer: Offer, home: str) -> int:
    """What exchanging a booking of it costs, in ``home``."""
    return offer.fee if isinstance(offer, Flight) else convert(offer.fee, offer.currency, home)


def brand(offer: Offer) -> str:
    """Whose it is: exchanges stay with one airline or hotel."""
    return offer.airline if isinstance(offer, Flight) else offer.hotel
