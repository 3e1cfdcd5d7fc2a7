"""Where journeys go: the map of the round trips and more of the Pacific, and how long flights take."""

from __future__ import annotations

import math
from functools import lru_cache

from lanista.arenas.travel_booking.world import CITIES, City

PLACES = CITIES | {
    city.code: city
    for city in (
        City("HNL", "Honolulu", ("HNL",), -600, 21.3, -157.9, "USD"),
        City("LAX", "Los Angeles", ("LAX",), -480, 33.9, -118.4, "USD"),
        City("SEA", "Seattle", ("SEA",), -480, 47.4, -122.3, "USD"),
        City("BNE", "Brisbane", ("BNE",), 600, -27.4, 153.1, "AUD"),
        City("OSA", "Osaka", ("KIX", "ITM"), 540, 34.7, 135.5, "JPY"),
    )
}
"""Every city of a journey by its code."""
PLACE_OF = {airport: code for code, city in PLACES.items() for airport in city.airports}
PACIFIC = ("TYO", "OSA", "SYD", "BNE", "HNL", "LAX", "SEA", "SFO", "SIN")
"""Cities between which the calendar jumps."""
HUBS = ("LON", "PAR", "DXB", "SIN", "NYC", "LAX", "TYO", "CHI", "MAD", "ROM")
PASSPORTS = ("AU", "BR", "CN", "DE", "GB", "IN", "NG", "US")


@lru_cache(maxsize=4096)
def block_minutes(a: str, b: str) -> int:
    """Minutes from gate to gate without a stop, in fives: great circle at 850 km/h, 40 minutes, and the wind.

    Away from the tropics flights east take 7% less and flights west 7% more, as the jet stream has it.
    """
    one, two = PLACES[a], PLACES[b]
    p, q = math.radians(one.lat), math.radians(two.lat)
    across = math.radians(two.lon - one.lon)
    angle = math.acos(min(1.0, math.sin(p) * math.sin(q) + math.cos(p) * math.cos(q) * math.cos(across)))
    east = (two.lon - one.lon + 540) % 360 - 180
    windy = abs(one.lat + two.lat) / 2 > 25 and abs(east) > 15
    wind = 1.0 if not windy else 0.93 if east > 0 else 1.07
    return 5 * round((angle * 6371 / 850 * 60 * wind + 40) / 5)


@lru_cache(maxsize=4096)
def stops(a: str, b: str) -> tuple[str, ...]:
    """The hubs that flights between two cities stop at: those that are not too far out of the way."""
    most = block_minutes(a, b) * 3 // 2 + 90
    return tuple(h for h in HUBS if h not in (a, b) and block_minutes(a, h) + block_minutes(h, b) <= most)


def today(clock: int, city: str) -> int:
    """The calendar day there is in a city at a minute (of UTC, since the year 1), as a proleptic ordinal."""
    return (clock + PLACES[city].offset) // 1440
