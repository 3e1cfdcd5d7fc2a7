"""The tools of every seat: one declaration from which briefs, parsing and error bodies come."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from lanista.arenas.core.contract import Seat
from lanista.arenas.core.tools import Call, Tool, by_name, call
from lanista.arenas.travel_booking.offers import PRODUCTS
from lanista.arenas.travel_booking.wishes import MUSTS

SEARCH, COMPARISON, BOOKING, TRAVELLER = "search_0", "comparison_0", "booking_0", "traveller_0"
AGENCY: tuple[Seat, ...] = (SEARCH, COMPARISON, BOOKING)
"""The team's seats, in the order in which work is passed on."""

REASONS = ("budget", *PRODUCTS)
"""Why a trip can be impossible: no trip within the budget, or no offer of a product that meets the demands."""
BECAUSE = ("cheapest", "fastest", "preferred", "within_budget")
"""What may be said for a trip: its rank under a goal among the trips that can be had, and its cost."""
OBJECTIONS = ("dates", "budget", "incomplete")
"""Why a traveller may refuse a proposal, besides the demands that it fails."""

SERVICES = frozenset({"search_flights", "search_hotels", "search_cars", "quote", "hold", "book", "bookings", "cancel"})
"""The tools that are services: they need a valid token and meet faults."""

_DATE = {"type": "string", "format": "date"}
_ID = {"type": "string", "description": "id", "examples": ["F1"]}
_PLACE = {"type": "string", "description": "city or airport code"}
_CITY = {"type": "string", "description": "city code", "examples": ["LON"]}
_WHEN = {"type": "string", "maxLength": 40, "examples": ["next Tuesday"]}
_PAGE = {"type": "integer", "minimum": 1}


def _ids(least: int, most: int) -> dict[str, Any]:
    return {"type": "array", "items": _ID, "minItems": least, "maxItems": most, "uniqueItems": True}


_LOGIN = Tool("login", "a fresh token", {})
_WAIT = Tool("wait", "lets time pass", {"minutes": {"type": "integer", "minimum": 1, "maximum": 30}})
_NOTHING = Tool("nothing", "passes on that no trip is possible", {"reason": {"enum": list(REASONS)}})


def _hand(*to: Seat) -> Tool:
    note = {"type": "string", "maxLength": 120}
    return Tool("hand", "gives the work back", {"to": {"enum": list(to)}, "note": note}, frozenset({"note"}))


def _search(products: int) -> Mapping[str, Tool]:
    flights: dict[str, Any] = {"from": _PLACE, "to": _PLACE, "depart": _DATE, "return": _DATE}
    hotels: dict[str, Any] = {"city": _CITY, "check_in": _DATE, "check_out": _DATE}
    cars: dict[str, Any] = {
        "airport": {"type": "string", "description": "airport code"},
        "pick_up": _DATE,
        "drop_off": _DATE,
    }
    paged = frozenset({"sort", "page"})
    tools = [
        Tool(
            "date",
            "the traveller's words as a date",
            {"text": _WHEN, "city": {**_CITY, "description": "city or airport code"}, "after": _DATE},
            frozenset({"after"}),
        ),
        Tool("search_flights", "round trips", {**flights, "sort": {"enum": ["price", "time"]}, "page": _PAGE}, paged),
        Tool("search_hotels", "rooms", {**hotels, "sort": {"enum": ["price", "stars"]}, "page": _PAGE}, paged),
        Tool("search_cars", "cars", {**cars, "sort": {"enum": ["price"]}, "page": _PAGE}, paged),
    ][: 1 + products]
    about = {"enum": list(PRODUCTS[:products])}
    tools += [
        Tool("ask", "asks the traveller for more", {"about": about}),
        Tool("shortlist", "passes options to comparison_0", {"options": _ids(1, 12)}),
        _NOTHING,
        _LOGIN,
        _WAIT,
    ]
    return by_name(*tools)


_COMPARISON = by_name(
    Tool("profile", "what is remembered of the traveller", {}),
    Tool("quote", "true costs now", {"options": _ids(1, 12), "bag": {"type": "boolean"}}, frozenset({"bag"})),
    Tool(
        "rank",
        "passes trips to booking_0, best first",
        {
            "trips": {"type": "array", "items": _ids(1, 3), "minItems": 1, "maxItems": 3},
            "because": {"type": "array", "items": {"enum": list(BECAUSE)}, "maxItems": 4, "uniqueItems": True},
        },
        frozenset({"because"}),
    ),
    _NOTHING,
    _hand(SEARCH),
    _LOGIN,
    _WAIT,
)
_BOOKING = by_name(
    Tool("hold", "fixes price and place", {"option": _ID, "bag": {"type": "boolean"}}, frozenset({"bag"}), writes=True),
    Tool(
        "confirm",
        "asks the traveller to agree",
        {"holds": _ids(1, 6), "total": {"type": "integer", "minimum": 0}},
    ),
    Tool(
        "book",
        "books and pays a hold; the same key never books twice",
        {"hold": _ID, "key": {"type": "string", "minLength": 1, "maxLength": 16}},
        frozenset({"key"}),
        writes=True,
    ),
    Tool("bookings", "what is booked", {}),
    Tool("cancel", "cancels a booking", {"booking": _ID}, writes=True),
    Tool("impossible", "tells the traveller that no trip is possible; ends", {"reason": {"enum": list(REASONS)}}),
    Tool("done", "sends the traveller the itinerary; ends", {}),
    _hand(SEARCH, COMPARISON),
    _LOGIN,
    _WAIT,
)
_SEARCHES = {products: _search(products) for products in (1, 2, 3)}
_ANSWERS = by_name(
    Tool("yes", "agrees", {}),
    Tool("no", "refuses", {"because": {"enum": [*OBJECTIONS, *(kind for kinds in MUSTS.values() for kind in kinds)]}}),
    Tool("change", "changes their mind", {}),
)
_TELLS = by_name(Tool("tell", "says what is wanted", {}))


def tools(kind: str, products: int) -> Mapping[str, Tool]:
    """The tools for an ask of that kind: ``search``, ``comparison``, ``booking``, ``answer`` or ``tell``."""
    if kind == "search":
        return _SEARCHES[products]
    return {"comparison": _COMPARISON, "booking": _BOOKING, "answer": _ANSWERS, "tell": _TELLS}[kind]


@lru_cache(maxsize=1 << 15)
def made(tool: str, *arguments: tuple[str, Any]) -> Call:
    """A call out of hashable arguments, tuples standing for lists; made once."""
    return call(tool, **{name: _listed(value) for name, value in arguments})


def _listed(value: Any) -> Any:
    return [_listed(each) for each in value] if isinstance(value, tuple) else value
