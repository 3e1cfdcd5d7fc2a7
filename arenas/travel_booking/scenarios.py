"""Cases told by hand."""

from __future__ import annotations

from lanista.arenas.core import chance
from lanista.arenas.travel_booking.cases import Case, Policy, Spec
from lanista.arenas.travel_booking.config import Config
from lanista.arenas.travel_booking.dates import ordinal
from lanista.arenas.travel_booking.generator import finished
from lanista.arenas.travel_booking.offers import fly
from lanista.arenas.travel_booking.wishes import Wish


def new_york_london(config: Config) -> Case:
    """The cheapest round trip from New York to London, leaving next Tuesday, returning that Friday, for 600 dollars.

    It is Thursday, 6 November 2025. The traveller is known to like direct flights, but asked for the cheapest: the 520
    of the flight with a stop is right, the direct one at 580 is not. Nothing fails on its own.
    """
    query = ("F", "NYC", "LON", "2025-11-11", "2025-11-14")
    terms = {"bag": 40, "refund": "none"}
    flights = (
        fly(query, "Aro", "JFK", "LHR", 18 * 60 + 30, 0, 12 * 60, {**terms, "price": 580}),
        fly(query, "Bel", "EWR", "LGW", 20 * 60, 1, 14 * 60 + 15, {**terms, "price": 520}),
        fly(query, "Cor", "JFK", "LHR", 22 * 60, 0, 17 * 60 + 30, {**terms, "price": 640}),
        fly(query, "Dyn", "EWR", "STN", 17 * 60 + 45, 1, 9 * 60, {**terms, "price": 560}),
    )
    direct = (Wish("direct", "flight"),)
    spec = Spec(
        "cheapest", "NYC", "LON", "next Tuesday", "2025-11-11", "the Friday after", "2025-11-14", 600, (), (), direct
    )
    case = Case(
        key=chance.key("travel_booking", "new-york-london"),
        split=config.split,
        policy=Policy(hold=12, token=30, retry=2, page=3, tax=10),
        error_rate=0.0,
        clock=ordinal("2025-11-06") * 1440 + 14 * 60,
        home="USD",
        needs=("flight",),
        specs=(spec,),
        change=None,
        held=(),
        remembered=direct,
        last_trip=("BOS", "Aro"),
        careful=True,
        style=0,
        lists={query: flights},
        hotels=(),
        cars=(),
        reason=None,
    )
    return finished(case)
