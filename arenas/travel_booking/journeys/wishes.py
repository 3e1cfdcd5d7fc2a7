"""What the people of a party demand or like: predicates over one flight or room, and one over all flights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from lanista.arenas.travel_booking.journeys.offers import Flight, Offer


class Wish(NamedTuple):
    """``at`` is the index of the flight or stay it is about, -1 for every one."""

    kind: str
    who: str
    at: int = -1
    value: str | int | None = None

    def met(self, offer: Offer) -> bool:
        """Whether an offer of its product meets it; where it is about another flight or stay, nobody asks."""
        return _MEETS[self.kind](offer, self.value)

    @property
    def flight(self) -> bool:
        """Whether it is about flights."""
        return self.kind not in ROOMS


_MEETS: dict[str, Callable[[Any, Any], bool]] = {
    "direct": lambda o, _: not o.via,
    "after": lambda o, v: o.departs_at >= v,
    "before": lambda o, v: o.departs_at <= v,
    "airline": lambda o, v: o.airline == v,
    "not_airline": lambda o, v: o.airline != v,
    "bag": lambda o, _: o.bag >= 0,
    "status": lambda o, _: True,
    "stars": lambda o, v: o.stars >= v,
    "breakfast": lambda o, _: o.breakfast,
    "area": lambda o, v: o.area == v,
}
FLIGHTS = ("direct", "after", "before", "airline", "not_airline")
ROOMS = ("stars", "breakfast", "area")
MUST_FLIGHTS = ("direct", "after", "before", "not_airline")
LIKE_FLIGHTS = ("direct", "after", "before", "airline")
KINDS = (*FLIGHTS, *ROOMS, "bag", "status")
"""``bag``: a checked bag, on every flight. ``status``: ``value`` flights or more with one's card's airline."""


def on(wishes: tuple[Wish, ...], flight: bool, at: int) -> tuple[Wish, ...]:
    """Those that are about that flight or stay."""
    return tuple(w for w in wishes if w.kind != "status" and w.flight == flight and w.at in (-1, at))


def fits(offer: Offer, musts: tuple[Wish, ...], at: int) -> bool:
    """Whether an offer for that flight or stay meets every demand on it."""
    return all(wish.met(offer) for wish in on(musts, isinstance(offer, Flight), at))
