"""What a seat knows on a journey, read from the events it was sent and the notes among them. Nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lanista.agents.contract import Question
from lanista.agents.travel_booking import journey_notes as notes
from lanista.agents.travel_booking.journey_notes import Brief
from lanista.agents.travel_booking.view import Pages
from lanista.arenas.core.contract import Event
from lanista.arenas.travel_booking.journeys.cases import Hub, Leg, Stay
from lanista.arenas.travel_booking.journeys.offers import Flight, Offer, Room
from lanista.arenas.travel_booking.journeys.wishes import Wish

Data = Mapping[str, Any]


@dataclass(slots=True)
class View:
    """What one seat knows now."""

    brief: Brief = field(default_factory=Brief)
    to_ask: list[str] = field(default_factory=list)
    lists: dict[tuple[str, ...], Pages] = field(default_factory=dict)
    """By query."""
    offers: dict[str, Offer] = field(default_factory=dict)
    passed: list[str] = field(default_factory=list)
    """Options whose ids were passed to this seat, all of them."""
    note: dict[str, list[list[str]]] = field(default_factory=dict)
    """The items of the last note received."""
    filed: list[Data] | None = None
    hubs: dict[str, Hub] = field(default_factory=dict)
    costs: dict[str, int | None] = field(default_factory=dict)
    """True costs as quoted; None for what is sold out."""
    holds: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Option → (hold, price)."""
    gone: set[str] = field(default_factory=set)
    agreed: bool = False
    refused: str | None = None
    offered: list[Data] = field(default_factory=list)
    """Counter-offers made, with their answers."""
    bookings: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Booking → (option, hold), of those that stand."""
    refunds: dict[str, str] | None = None
    """What cancelling gives back, by booking, as it was looked up."""
    cancelled: set[str] = field(default_factory=set)
    returned: Data | None = None
    error: Data | None = None


class Memory:
    """Views of the games that are going on: each is read on from where it stood, which is only a shortcut."""

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
            seen.error = None
            if read is not None:
                read(seen, event.data)
        if events:
            seats[question.seat] = len(events), events[-1], seen
        return seen

    def forget(self, game: str) -> None:
        """The game is over."""
        self._kept.pop(game, None)


def _wanted(seen: View, data: Data) -> None:
    brief = seen.brief
    brief.people = [(name, age) for name, age in data["people"]]
    brief.goal, brief.budget, brief.think = data["goal"], data["budget"], data["think"]
    brief.legs = [Leg(frm, to, say if _iso(say) else "", say) for frm, to, say in data["legs"]]
    brief.stays = [Stay(*stay) for stay in data["stays"]]
    brief.musts, brief.likes = [Wish(*w) for w in data["musts"]], [Wish(*w) for w in data["likes"]]
    seen.to_ask = list(data["ask"])


def _iso(say: str) -> bool:
    return len(say) == 10 and say[4] == say[7] == "-"


def _dated(seen: View, data: Data) -> None:
    leg = next((i for i, leg in enumerate(seen.brief.legs) if not leg.day), None)
    if leg is not None:
        seen.brief.legs[leg] = seen.brief.legs[leg]._replace(day=data["date"])


def _said(seen: View, data: Data) -> None:
    seen.to_ask = [name for name in seen.to_ask if name != data["who"]]
    for mine, name in ((seen.brief.musts, "musts"), (seen.brief.likes, "likes")):
        mine += [wish for each in data[name] if (wish := Wish(*each)) not in mine]


def _take(seen: View, shown: Data) -> None:
    make = Flight if "airline" in shown else Room
    seen.offers[shown["id"]] = make(**{name: shown[name] for name in make._fields if name in shown})


def _listed(seen: View, data: Data) -> None:
    pages = seen.lists.setdefault(tuple(data["query"]), Pages())
    pages.pages = data["pages"]
    pages.seen.add(data["page"])
    for shown in data["options"]:
        _take(seen, shown)
        if shown["id"] not in pages.options:
            pages.options.append(shown["id"])


def _passed(seen: View, data: Data) -> None:
    seen.passed += [option for option in data["options"] if option not in seen.passed]
    for shown in data.get("copied", ()):
        _take(seen, shown)
    seen.note = notes.read(seen.brief, data["note"])
    for name in ("change", "day"):
        for leg, day in (words for words in seen.note.get(name, ()) if len(words) == 2):
            if leg.isdecimal() and int(leg) < len(seen.brief.legs) and _iso(day):
                seen.brief.move(int(leg), day)
    if "gone" in seen.note:
        seen.gone |= {option for words in seen.note["gone"] for option in words}
    seen.agreed, seen.refused = False, None


def _filed(seen: View, data: Data) -> None:
    seen.filed = list(data["people"])


def _bordered(seen: View, data: Data) -> None:
    seen.hubs[data["city"]] = Hub(data["city"], data["minimum"], tuple(data["visas"]))


def _priced(seen: View, data: Data) -> None:
    for shown in data["options"]:
        _take(seen, shown)
        seen.costs[shown["id"]] = shown["cost"]


def _kept(seen: View, data: Data) -> None:
    seen.holds[data["option"]] = data["hold"], data["price"]


def _agreed(seen: View, data: Data) -> None:
    seen.agreed, seen.refused = data["yes"], data["because"]
    if data["because"] == "expired":
        lost = [option for option, (hold, _) in seen.holds.items() if hold in data["ended"]]
        seen.gone |= set(lost)
        for option in lost:
            del seen.holds[option]
    if data["must"] is not None and Wish(*data["must"]) not in seen.brief.musts:
        seen.brief.musts.append(Wish(*data["must"]))


def _bent(seen: View, data: Data) -> None:
    seen.offered.append(data)
    if data["yes"] and "total" in data:
        seen.brief.budget = data["total"]
    elif data["yes"] and seen.brief.legs:
        seen.brief.move(data["flight"] - 1, data["day"])


def _returned(seen: View, data: Data) -> None:
    seen.returned, seen.agreed, seen.holds = data, False, {}
    if seen.brief.legs and not data["off"]:
        seen.brief.move(data["flight"] - 1, data["day"])


def _tickets(seen: View, data: Data) -> None:
    seen.refunds = {each["booking"]: each["refund"] for each in data["bookings"] if each["stands"]}


def _booked(seen: View, data: Data) -> None:
    seen.bookings[data["booking"]] = data["option"], data["hold"]


def _exchanged(seen: View, data: Data) -> None:
    seen.bookings.pop(data["booking"], None)
    seen.bookings[data["new"]] = data["option"], data["hold"]


def _cancelled(seen: View, data: Data) -> None:
    seen.bookings.pop(data["booking"], None)
    seen.cancelled.add(data["booking"])


def _error(seen: View, data: Data) -> None:
    seen.error = data
    if data["code"] == "sold_out" and "option" in data:
        seen.gone.add(data["option"])
    if data["code"] == "hold_expired":
        seen.agreed = False
        booked = {option for option, _ in seen.bookings.values()}
        seen.gone |= set(seen.holds) - booked
        seen.holds = {option: hold for option, hold in seen.holds.items() if option in booked}


_READ: dict[str, Callable[[View, Data], None]] = {
    "wanted": _wanted,
    "dated": _dated,
    "said": _said,
    "listed": _listed,
    "passed": _passed,
    "filed": _filed,
    "bordered": _bordered,
    "priced": _priced,
    "kept": _kept,
    "agreed": _agreed,
    "bent": _bent,
    "returned": _returned,
    "tickets": _tickets,
    "booked": _booked,
    "exchanged": _exchanged,
    "cancelled": _cancelled,
    "error": _error,
}
