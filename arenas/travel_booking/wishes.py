"""What a traveller may demand (hard) or like (soft): one predicate over one offer each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from lanista.arenas.travel_booking.offers import AREAS, Car, Flight, Hotel, Offer


class Wish(NamedTuple):
    """A demand on one product. ``value`` is None where the kind says it all."""

    kind: str
    product: str
    value: str | int | None = None

    def met(self, offer: Offer) -> bool:
        """Whether an offer of that product meets it."""
        return _MEETS[self.kind](offer, self.value)

    def json(self) -> list[Any]:
        """As events carry it: ``[kind, product, value]``."""
        return list(self)


_MEETS: dict[str, Callable[[Any, Any], bool]] = {
    "direct": lambda o, _: o.stops == 0,
    "land_at": lambda o, v: o.end == v,
    "leave_from": lambda o, v: o.start == v,
    "leave_after": lambda o, v: o.departs_at >= v,
    "land_by": lambda o, v: (o.arrive, o.arrives_at) <= (v[:10], 60 * int(v[11:13]) + int(v[14:16])),
    "bag": lambda o, _: o.bag >= 0,
    "airline": lambda o, v: o.airline == v,
    "not_airline": lambda o, v: o.airline != v,
    "stars": lambda o, v: o.stars >= v,
    "breakfast": lambda o, _: o.breakfast,
    "area": lambda o, v: o.area == v,
    "automatic": lambda o, _: o.automatic,
    "seats": lambda o, v: o.seats >= v,
    "refund_flight": lambda o, _: o.refund == "free",
    "refund_hotel": lambda o, _: o.refund == "free",
    "refund_car": lambda o, _: o.refund == "free",
}

MUSTS = {
    "flight": (
        "direct", "land_at", "leave_from", "leave_after", "land_by", "bag", "not_airline", "refund_flight",
    ),
    "hotel": ("stars", "breakfast", "area", "refund_hotel"),
    "car": ("automatic", "seats", "refund_car"),
}  # fmt: skip
"""The kinds a traveller may demand, by product."""

LIKES = {"flight": ("direct", "airline", "leave_after"), "hotel": ("area", "breakfast"), "car": ("automatic",)}
"""The kinds a traveller may like, by product."""

BREAKABLE = {
    "flight": ("direct", "bag", "refund_flight"),
    "hotel": ("stars", "breakfast", "refund_hotel"),
    "car": ("automatic", "seats", "refund_car"),
}
"""The kinds that a whole list can fail, so that the trip is impossible."""


def wish_of(kind: str, offer: Offer) -> Wish:
    """The demand of that kind that this offer meets (once it is ``mended``), as sharp as it can be told in words."""
    if isinstance(offer, Flight):
        values: dict[str, Any] = {
            "land_at": offer.end,
            "leave_from": offer.start,
            "leave_after": max(0, offer.departs_at // 60 * 60),
            "land_by": _hour_after(offer),
            "airline": offer.airline,
        }
        return Wish(kind, "flight", values.get(kind))
    if isinstance(offer, Hotel):
        wanted: dict[str, Any] = {"stars": offer.stars, "area": offer.area}
        return Wish(kind, "hotel", wanted.get(kind))
    return Wish(kind, "car", offer.seats if kind == "seats" else None)


def mended(offer: Offer, kinds: tuple[str, ...]) -> dict[str, Any]:
    """What to change of an offer's own fields so that it meets the kinds that demand a fixed value."""
    changes: dict[str, Any] = {}
    for kind in kinds:
        if kind == "bag" and isinstance(offer, Flight) and offer.bag < 0:
            changes["bag"] = 40
        elif kind.startswith("refund"):
            changes["refund"] = "free"
        elif kind in ("breakfast", "automatic"):
            changes[kind] = True
    return changes


def broken(offer: Offer, kind: str, value: Any) -> dict[str, Any]:
    """What to change of an offer's own fields so that it fails a breakable kind (``direct`` is a matter of stops)."""
    if kind == "bag":
        return {"bag": -1}
    if kind.startswith("refund"):
        return {"refund": offer.refund if offer.refund != "free" else "none"}
    if kind in ("breakfast", "automatic"):
        return {kind: False}
    assert isinstance(offer, Hotel | Car)
    if isinstance(offer, Hotel):
        return {"stars": min(offer.stars, value - 1)}
    return {"seats": min(offer.seats, value - 1)}


def _hour_after(offer: Flight) -> str:
    """The first full hour at or after landing, as ``YYYY-MM-DD HH:MM``; the last minute where a day ends first."""
    hour = -(-offer.arrives_at // 60)
    return f"{offer.arrive} {hour:02d}:00" if hour < 24 else f"{offer.arrive} 23:59"


__all__ = ["AREAS", "BREAKABLE", "LIKES", "MUSTS", "Wish", "broken", "mended", "wish_of"]
