"""The tools of every seat of a journey."""

from __future__ import annotations

from collections.abc import Mapping

from lanista.arenas.core.tools import Tool, by_name
from lanista.arenas.travel_booking.calls import AGENCY, BOOKING, COMPARISON, SEARCH, made

KINDS = ("find", "weigh", "close")
"""The kinds of asks, by seat."""
REASONS = ("budget", "flight", "hotel")
SERVICES = frozenset({"flights", "hotels", "quote", "hold", "book", "bookings", "exchange", "cancel"})
"""The tools that are services: they need a valid token and meet faults."""
NOTE = 1500
"""Characters of a note."""
MOST = 40
"""Options in one call."""

_DATE = {"type": "string", "format": "date"}
_ID = {"type": "string", "description": "id", "examples": ["F1"]}
_CITY = {"type": "string", "description": "city code", "examples": ["LON"]}
_PAGE = {"type": "integer", "minimum": 1}
_AGES = {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 120}, "minItems": 1, "maxItems": 9}
_BAGS = {"type": "integer", "minimum": 0, "maximum": 9}
_OPTIONS = {"type": "array", "items": _ID, "minItems": 1, "maxItems": MOST, "uniqueItems": True}
_SORT = {"enum": ["price", "time"]}
_LOGIN = Tool("login", "a fresh token", {})
_WAIT = Tool("wait", "lets time pass", {"minutes": {"type": "integer", "minimum": 1, "maximum": 30}})


def _pass(seat: str) -> Tool:
    note = {"type": "string", "maxLength": NOTE}
    return Tool(
        "pass",
        "gives the turn to another seat, with ids of options and a note: all it will know of them and of the case",
        {"to": {"enum": [each for each in AGENCY if each != seat]}, "options": _OPTIONS, "note": note},
        frozenset({"options", "note"}),
    )


_FIND = by_name(
    Tool(
        "date",
        "the traveller's words as a date",
        {"text": {"type": "string", "maxLength": 40, "examples": ["next Tuesday"]}, "city": _CITY, "after": _DATE},
        frozenset({"after"}),
    ),
    Tool(
        "flights",
        "one way",
        {"from": _CITY, "to": _CITY, "day": _DATE, "sort": _SORT, "page": _PAGE},
        frozenset({"sort", "page"}),
    ),
    Tool(
        "hotels",
        "rooms",
        {"city": _CITY, "check_in": _DATE, "check_out": _DATE, "sort": {"enum": ["price"]}, "page": _PAGE},
        frozenset({"sort", "page"}),
    ),
    Tool("ask", "asks one traveller for all their wishes", {"who": {"type": "string", "description": "name"}}),
    _pass(SEARCH),
    _LOGIN,
    _WAIT,
)
_WEIGH = by_name(
    Tool("files", "what is on file about the travellers: passports, cards, likes of old", {}),
    Tool("border", "what holds for changing planes in a city", {"city": _CITY}),
    Tool("quote", "options with their true costs for a party", {"options": _OPTIONS, "ages": _AGES, "bags": _BAGS}),
    _pass(COMPARISON),
    _LOGIN,
    _WAIT,
)
_CLOSE = by_name(
    Tool("hold", "keeps an option for a party", {"option": _ID, "ages": _AGES, "bags": _BAGS}, writes=True),
    Tool(
        "confirm",
        "asks the travellers to agree to holds and what they come to",
        {"holds": {**_OPTIONS, "maxItems": 12}, "total": {"type": "integer", "minimum": 0}},
    ),
    Tool(
        "book",
        "books and pays a hold; the same key never books twice",
        {"hold": _ID, "key": {"type": "string", "minLength": 1, "maxLength": 16}},
        frozenset({"key"}),
        writes=True,
    ),
    Tool("bookings", "what is booked, and its rules", {}),
    Tool(
        "exchange",
        "puts a hold of the same airline or hotel in a booking's place, for its fee and what it costs more",
        {"booking": _ID, "hold": _ID},
        writes=True,
    ),
    Tool("cancel", "cancels a booking", {"booking": _ID}, writes=True),
    Tool("offer_budget", "asks the travellers to spend so much instead", {"total": {"type": "integer", "minimum": 1}}),
    Tool(
        "offer_day",
        "asks the travellers to take a flight (1 is the first) on another day",
        {"flight": {"type": "integer", "minimum": 1, "maximum": 9}, "day": _DATE},
    ),
    Tool("impossible", "tells the travellers that nothing is possible; ends", {"reason": {"enum": list(REASONS)}}),
    Tool("done", "sends the travellers the itinerary", {}),
    _pass(BOOKING),
    _LOGIN,
    _WAIT,
)
_TOOLS = {"find": _FIND, "weigh": _WEIGH, "close": _CLOSE}
assert all(name in {*_FIND, *_WEIGH, *_CLOSE} for name in SERVICES)


def tools(kind: str) -> Mapping[str, Tool] | None:
    """The tools for an ask of that kind: ``find``, ``weigh`` or ``close``; None for an ask of no journey."""
    return _TOOLS.get(kind)


__all__ = [
    "AGENCY", "BOOKING", "COMPARISON", "KINDS", "MOST", "NOTE", "REASONS", "SEARCH", "SERVICES", "made", "tools",
]  # fmt: skip
