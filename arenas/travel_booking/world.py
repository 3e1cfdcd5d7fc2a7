"""The map: cities, their airports, clocks and currencies. Fixed facts, the same in every case.

Clocks are standard time of the northern winter (November to February, when every case plays), as minutes east of UTC.
Rates are what one unit is worth in 1/10000 US dollar, rounded; they serve every case alike.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple


class City(NamedTuple):
    """A city and its airports. ``offset`` is minutes east of UTC, ``lat``/``lon`` degrees."""

    code: str
    name: str
    airports: tuple[str, ...]
    offset: int
    lat: float
    lon: float
    currency: str


CITIES = {
    city.code: city
    for city in (
        City("NYC", "New York", ("JFK", "EWR"), -300, 40.7, -74.0, "USD"),
        City("LON", "London", ("LHR", "LGW", "STN"), 0, 51.5, -0.1, "GBP"),
        City("PAR", "Paris", ("CDG", "ORY"), 60, 48.9, 2.4, "EUR"),
        City("TYO", "Tokyo", ("HND", "NRT"), 540, 35.7, 139.7, "JPY"),
        City("CHI", "Chicago", ("ORD", "MDW"), -360, 41.9, -87.6, "USD"),
        City("WAS", "Washington", ("IAD", "BWI"), -300, 38.9, -77.0, "USD"),
        City("ROM", "Rome", ("FCO", "CIA"), 60, 41.9, 12.5, "EUR"),
        City("MIL", "Milan", ("MXP", "BGY"), 60, 45.5, 9.2, "EUR"),
        City("STO", "Stockholm", ("ARN", "NYO"), 60, 59.3, 18.1, "SEK"),
        City("BER", "Berlin", ("BER",), 60, 52.5, 13.4, "EUR"),
        City("MAD", "Madrid", ("MAD",), 60, 40.4, -3.7, "EUR"),
        City("BOS", "Boston", ("BOS",), -300, 42.4, -71.1, "USD"),
        City("SFO", "San Francisco", ("SFO",), -480, 37.8, -122.4, "USD"),
        City("SIN", "Singapore", ("SIN",), 480, 1.4, 103.8, "SGD"),
        City("DXB", "Dubai", ("DXB",), 240, 25.2, 55.3, "AED"),
        City("SYD", "Sydney", ("SYD",), 660, -33.9, 151.2, "AUD"),
    )
}
"""Every city by its code."""

CITY_OF = {airport: code for code, city in CITIES.items() for airport in city.airports}
"""Airport code → city code. A city with one airport shares its code."""

RATES = {"USD": 10000, "GBP": 12700, "EUR": 10800, "JPY": 67, "SEK": 950, "SGD": 7500, "AED": 2720, "AUD": 6600}

ROUTES = tuple((a, b) for a in CITIES for b in CITIES if a != b and CITIES[a].currency != "JPY")
"""Every ordered pair of cities that a case may ask for; nobody counts a budget in yen, whose numbers are long."""


def convert(amount: int, currency: str, into: str) -> int:
    """An amount in another currency, rounded up to a whole unit."""
    return amount if currency == into else -(-amount * RATES[currency] // RATES[into])


@lru_cache(maxsize=1024)
def flight_minutes(a: str, b: str) -> int:
    """Minutes of a direct flight between two cities: great circle at 850 km/h and 40 minutes, in fives."""
    one, two = CITIES[a], CITIES[b]
    p, q = math.radians(one.lat), math.radians(two.lat)
    across = math.radians(one.lon - two.lon)
    angle = math.acos(min(1.0, math.sin(p) * math.sin(q) + math.cos(p) * math.cos(q) * math.cos(across)))
    return 5 * round((angle * 6371 / 850 * 60 + 40) / 5)


def today(clock: int, city: str) -> int:
    """The calendar day there is in a city at a minute (of UTC, since the year 1), as a proleptic ordinal."""
    return (clock + CITIES[city].offset) // 1440
