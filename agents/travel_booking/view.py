"""What a seat of the travel agency knows, read from the events it was sent and its own replies. Nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lanista.agents.contract import Question
from lanista.arenas.core.contract import Event
from lanista.arenas.travel_booking.offers import PRODUCTS, Car, Flight, Hotel, Offer
from lanista.arenas.travel_booking.wishes import Wish

Data = Mapping[str, Any]

MOST = 12
"""Options in one shortlist or quote."""
IDS = re.compile(r"\b[FHC]\d{1,3}\b")
_TURNS = re.compile(r"turn (\d+) of (\d+)")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_MAKES: dict[str, Callable[..., Offer]] = {"flight": Flight, "hotel": Hotel, "car": Car}


@dataclass(slots=True)
class Pages:
    """One list as far as it was read."""

    pages: int = 1
    seen: set[int] = field(default_factory=set)
    options: list[str] = field(default_factory=list)

    @property
    def next(self) -> int | None:
        """The first page not read yet; None where all are."""
        return next((page for page in range(1, self.pages + 1) if page not in self.seen), None)


@dataclass(slots=True)
class View:
    """What one seat knows now."""

    goal: str = ""
    frm: str = ""
    to: str = ""
    depart: str = ""
    """As it was said, ``next Tuesday``, until it was looked up; then ISO 8601."""
    back: str = ""
    needs: tuple[str, ...] = ()
    budget: int = 0
    musts: dict[str, list[Wish]] = field(default_factory=lambda: {name: [] for name in PRODUCTS})
    stated: list[Wish] = field(default_factory=list)
    remembered: list[Wish] | None = None
    """None until the profile was read."""
    to_ask: list[str] = field(default_factory=list)
    """Products on which the traveller has more to say."""
    lists: dict[tuple[str, ...], Pages] = field(default_factory=dict)
    """By product and then the search's own words: ``("flight", "NYC", "LON", depart, return)``."""
    offers: dict[str, Offer] = field(default_factory=dict)
    passed: list[str] = field(default_factory=list)
    """Options in the last shortlist received."""
    known: list[str] = field(default_factory=list)
    """All options of all shortlists received."""
    full: bool = False
    """Whether the last shortlist received was as long as one can be, and brought anything new: there may be more."""
    costs: dict[str, int] = field(default_factory=dict)
    """True costs as quoted since work came in last, in the traveller's currency."""
    gone: set[str] = field(default_factory=set)
    trips: list[list[str]] = field(default_factory=list)
    because: list[str] = field(default_factory=list)
    nothing: str | None = None
    holds: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Option → (hold, price), of the holds made since the last ranking came in."""
    agreed: bool = False
    refused: str | None = None
    """The traveller's last objection to a proposal from the last ranking."""
    changed: Data | None = None
    """The traveller's change of mind, where it came after the last ranking."""
    booked: set[str] = field(default_factory=set)
    """Holds that are booked."""
    handed: str | None = None
    """The note of work handed back, where nothing was passed on since."""
    error: Data | None = None
    """The error body, where the seat's last call met one."""
    errors: list[Data] = field(default_factory=list)
    wishes: Data | None = None
    """The traveller's own seat only."""
    proposal: Data | None = None
    currency: str = ""

    @property
    def bag(self) -> bool:
        """Whether the traveller takes a checked bag."""
        return any(wish.kind == "bag" for wish in self.musts["flight"])

    @property
    def likes(self) -> list[Wish]:
        """The preferences that count: a stated one, or a demand, overrules a remembered one of its kind."""
        over = {wish.kind for wishes in self.musts.values() for wish in wishes} | {wish.kind for wish in self.stated}
        return [*self.stated, *(wish for wish in self.remembered or () if wish.kind not in over)]

    @property
    def until(self) -> str:
        """The day of return: as the traveller said it, or that of the flights passed on last."""
        if known(self.back):
            return self.back
        flights = (self.offers[option] for option in reversed(self.known))
        return next((flight.back for flight in flights if isinstance(flight, Flight)), "")

    def fits(self, option: str) -> bool:
        """Whether the option meets every demand on its product that is known."""
        offer = self.offers[option]
        return all(wish.met(offer) for wish in self.musts[product_of(option)])

    def liked(self, option: str) -> int:
        """How many preferences the option meets."""
        offer, name = self.offers[option], product_of(option)
        return sum(wish.met(offer) for wish in self.likes if wish.product == name)


class Memory:
    """Views of the games that are going on: each is read on from where it stood, which is only a shortcut.

    A view is taken up again if the last event it holds is still the same object at the same place of the seat's
    events, and made anew otherwise (a game that was forked, or taken back, or comes from a file).
    """

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, tuple[int, Event | None, View]]] = {}

    def view(self, question: Question) -> View:
        """Everything the seat knows. Not to be changed by whoever asks."""
        seats = self._kept.setdefault(question.game, {})
        events = question.events
        count, last, seen = seats.get(question.seat, (0, None, View()))
        if count > len(events) or (count and events[count - 1] is not last):
            count, seen = 0, View()
        for event in events[count:]:
            read = _READ.get(event.kind)
            if read is not None:
                if event.to is not None:
                    seen.error = None
                read(seen, event.data)
        if events:
            seats[question.seat] = len(events), events[-1], seen
        return seen

    def forget(self, game: str) -> None:
        """The game is over."""
        self._kept.pop(game, None)


def turns_left(question: Question) -> int:
    """Decisions that are left in the game, this one included."""
    found = _TURNS.search(question.phase)
    return int(found[2]) - int(found[1]) + 1 if found else 1


def known(date: str) -> bool:
    """Whether a date is in ISO 8601 already; other words have to be looked up."""
    return _ISO.fullmatch(date) is not None


def product_of(option: str) -> str:
    """``flight``, ``hotel`` or ``car``."""
    return PRODUCTS["FHC".index(option[0])]


def _request(seen: View, data: Data) -> None:
    seen.goal, seen.frm, seen.to = data["goal"], data["from"], data["to"]
    seen.depart, seen.back = data["depart"], data["back"]
    seen.needs, seen.budget, seen.currency = tuple(data["needs"]), data["budget"], data["currency"]
    _demand(seen, data["musts"])
    seen.stated = [Wish(*wish) for wish in data["likes"]]
    seen.to_ask = list(data["ask"])


def _told(seen: View, data: Data) -> None:
    seen.to_ask = [name for name in seen.to_ask if name != data["about"]]
    _demand(seen, data["musts"])


def _demand(seen: View, musts: list[Any]) -> None:
    for kind, product, value in musts:
        wish = Wish(kind, product, value)
        if wish not in seen.musts[product]:
            seen.musts[product].append(wish)


def _dated(seen: View, data: Data) -> None:
    if not known(seen.depart):
        seen.depart = data["date"]
    elif not known(seen.back):
        seen.back = data["date"]


def _found(seen: View, data: Data) -> None:
    pages = seen.lists.setdefault((data["product"], *data["query"]), Pages())
    pages.pages = data["pages"]
    pages.seen.add(data["page"])
    for option in data["options"]:
        if option["id"] not in pages.options:
            pages.options.append(option["id"])
        _offer(seen, data["product"], option)


def _offer(seen: View, product: str, option: Data) -> None:
    name = option["id"]
    if name not in seen.offers:
        seen.offers[name] = _MAKES[product](**{k: v for k, v in option.items() if k not in ("id", "product")})


def _shortlist(seen: View, data: Data) -> None:
    seen.passed = [option["id"] for option in data["options"]]
    seen.full = len(seen.passed) >= MOST and not set(seen.passed) <= set(seen.known)
    for option in data["options"]:
        _offer(seen, option["product"], option)
    seen.known += [option for option in seen.passed if option not in seen.known]
    seen.nothing = seen.handed = None


def _profile(seen: View, data: Data) -> None:
    seen.remembered = [Wish(*wish) for wish in data["likes"]]


def _quoted(seen: View, data: Data) -> None:
    for each in data["costs"]:
        seen.costs[each["id"]] = each["cost"]


def _ranked(seen: View, data: Data) -> None:
    seen.trips, seen.because = [list(trip) for trip in data["trips"]], list(data["because"])
    for option in data["options"]:
        _offer(seen, option["product"], option)
    seen.holds, seen.agreed, seen.refused, seen.changed = {}, False, None, None
    seen.nothing = seen.handed = None


def _nothing(seen: View, data: Data) -> None:
    seen.nothing = data["reason"]


def _handed(seen: View, data: Data) -> None:
    seen.handed = data["note"]
    seen.gone |= set(IDS.findall(data["note"]))
    seen.nothing = None
    if data["by"] == "booking_0" and not IDS.search(data["note"]):  # dearer, or other wishes: ask for costs anew
        seen.costs = {}


def _held(seen: View, data: Data) -> None:
    seen.holds[data["option"]] = data["hold"], data["price"]


def _answered(seen: View, data: Data) -> None:
    seen.agreed, seen.refused = data["yes"], data["because"]
    if data["must"] is not None:
        _demand(seen, [data["must"]])


def _changed(seen: View, data: Data) -> None:
    seen.agreed, seen.changed = False, data
    seen.back, seen.budget = data.get("back", seen.back), data.get("budget", seen.budget)
    seen.goal = data.get("goal", seen.goal)
    _demand(seen, data.get("musts", []))


def _booked(seen: View, data: Data) -> None:
    seen.booked.add(data["hold"])


def _bookings(seen: View, data: Data) -> None:
    seen.booked |= {each["hold"] for each in data["bookings"] if each["kept"] is None}


def _error(seen: View, data: Data) -> None:
    seen.error = data
    seen.errors.append(data)
    if data["code"] == "sold_out" and "option" in data:
        seen.gone.add(data["option"])
    if data["code"] == "hold_expired":
        seen.holds, seen.agreed = {}, False


def _wishes(seen: View, data: Data) -> None:
    seen.wishes = data
    _demand(seen, data["musts"])


def _proposed(seen: View, data: Data) -> None:
    seen.proposal = data


def _idle(seen: View, data: Data) -> None:
    """The call went through; there is nothing to remember of it."""


_READ: dict[str, Callable[[View, Data], None]] = {
    "request": _request,
    "told": _told,
    "dated": _dated,
    "found": _found,
    "shortlist": _shortlist,
    "profile": _profile,
    "quoted": _quoted,
    "ranked": _ranked,
    "nothing": _nothing,
    "handed": _handed,
    "held": _held,
    "answered": _answered,
    "changed": _changed,
    "booked": _booked,
    "bookings": _bookings,
    "error": _error,
    "wishes": _wishes,
    "proposed": _proposed,
    "token": _idle,
    "waited": _idle,
    "cancelled": _idle,
}
