"""A journey as plain facts: who travels, where, what they want, what is on sale. ``generator.py`` makes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

from lanista.arenas.core import chance
from lanista.arenas.travel_booking.journeys.offers import (
    FAR,
    Flight,
    Offer,
    Query,
    Room,
    dated,
    draw_flight,
    draw_rooms,
)
from lanista.arenas.travel_booking.journeys.places import stops
from lanista.arenas.travel_booking.journeys.wishes import Wish, fits


class Person(NamedTuple):
    """Somebody who travels. ``card`` is the airline whose loyalty card they hold, ``stored`` the likes on file."""

    name: str
    age: int
    passport: str
    card: str
    stored: tuple[Wish, ...]


class Leg(NamedTuple):
    """One flight to book: from city to city on a day; ``say`` is how the day was said."""

    frm: str
    to: str
    day: str
    say: str


class Stay(NamedTuple):
    """Nights in a city: from the landing of flight ``lands`` (-1: from the day ``begin``) to the day of flight
    ``leaves`` (-1: to the day ``end``)."""

    city: str
    lands: int
    begin: str
    leaves: int
    end: str


class Hub(NamedTuple):
    """What holds where flights stop: the least minutes to change planes, and passports that need a transit visa."""

    city: str
    minimum: int
    visas: tuple[str, ...]


class House(NamedTuple):
    """The house rules of a case's services."""

    token: int
    retry: int
    page: int
    tax: int


class Terms(NamedTuple):
    """What is wanted now, as far as it can still move: counter-offers and later changes give other terms."""

    goal: str
    budget: int
    legs: tuple[Leg, ...]
    stays: tuple[Stay, ...]

    def check_out(self, stay: int) -> str:
        """The day on which that stay ends."""
        mine = self.stays[stay]
        return self.legs[mine.leaves].day if mine.leaves >= 0 else mine.end

    def moved(self, leg: int, day: str) -> Terms:
        """The same with a flight on another day; stays end with the flights they wait for."""
        legs = tuple(one._replace(day=day, say=day) if i == leg else one for i, one in enumerate(self.legs))
        return self._replace(legs=legs)


class Flex(NamedTuple):
    """What an impossible party would take instead: ``budget`` up to ``most``, or flight ``leg`` on ``day``."""

    kind: str
    most: int = 0
    leg: int = -1
    day: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class Journey:
    """One task."""

    key: int
    split: str
    house: House
    error_rate: float
    clock: int
    """Minutes since the beginning of year 1, UTC, when the game begins."""
    home: str
    people: tuple[Person, ...]
    terms: Terms
    musts: tuple[Wish, ...]
    likes: tuple[Wish, ...]
    """Likes that are said; those in the files that no wish of the same person and kind overrules count too."""
    held: tuple[Wish, ...]
    """Wishes that are told only when that person is asked."""
    think: int
    """Minutes the party thinks about a proposal."""
    hubs: tuple[Hub, ...]
    lists: dict[Query, tuple[Flight, ...]] = field(repr=False)
    """The flights of the days that the case leads to."""
    rooms: dict[str, tuple[Room, ...]] = field(repr=False)
    """What every city of a stay has, without dates."""
    reason: str | None
    """Why the journey is impossible as it was asked for: ``budget``, ``flight``, ``hotel``; None where it is not."""
    flex: Flex | None
    after: tuple[int, str] | None
    """What changes after booking: (flight, its new day), or OFF where the whole journey is called off."""
    careful: bool
    """Whether the party looks a proposal over before saying yes."""
    style: int

    @cached_property
    def ages(self) -> tuple[int, ...]:
        """How old they are, in the party's order."""
        return tuple(person.age for person in self.people)

    @cached_property
    def bags(self) -> int:
        """Checked bags of the party."""
        return sum(wish.kind == "bag" for wish in self.musts)

    @cached_property
    def status(self) -> tuple[str, int]:
        """(airline, flights with it that somebody needs); ("", 0) where nobody does."""
        wish = next((w for w in self.musts if w.kind == "status"), None)
        if wish is None:
            return "", 0
        return next(p.card for p in self.people if p.name == wish.who), int(wish.value or 0)

    @cached_property
    def counted(self) -> tuple[Wish, ...]:
        """The likes that count."""
        return counted(self.musts, self.likes, tuple(w for person in self.people for w in person.stored))

    @cached_property
    def hubs_by_city(self) -> dict[str, Hub]:
        """Border rules by city."""
        return {hub.city: hub for hub in self.hubs}

    def shelf(self, query: Query) -> tuple[Offer, ...]:
        """The list of a query, in the services' own order."""
        return _shelf(self, query)

    def fits(self, offer: Offer, at: int) -> bool:
        """Whether an offer can be had for that flight or stay: not sold out, not gone before the party has thought,
        past every border, and meeting every demand on it."""
        if offer.gone or not outlasts(offer, self.think) or not fits(offer, self.musts, at):
            return False
        if not isinstance(offer, Flight) or not offer.via:
            return True
        return passes(offer, self.hubs_by_city.get(offer.via), tuple(p.passport for p in self.people))


OFF = (-1, "")
"""What is left of a journey that is called off."""


def counted(musts: tuple[Wish, ...], likes: tuple[Wish, ...], stored: tuple[Wish, ...]) -> tuple[Wish, ...]:
    """The likes that count: those said, and those stored of which the same person said nothing of that kind."""
    over = {(wish.who, wish.kind) for wish in (*musts, *likes)}
    return (*likes, *(wish for wish in stored if (wish.who, wish.kind) not in over))


MARGIN = 8
"""Minutes beyond the party's thinking that a hold must last to count as something that can be had."""


def outlasts(offer: Offer, think: int) -> bool:
    """Whether a hold of it, made last, is still there when the party has thought and the first ticket is bought."""
    return offer.keeps >= think + MARGIN


def passes(flight: Flight, hub: Hub | None, passports: tuple[str, ...]) -> bool:
    """Whether everybody can change planes where it stops."""
    return hub is None or (flight.layover >= hub.minimum and not set(hub.visas) & set(passports))


@lru_cache(maxsize=1 << 13)
def _shelf(case: Journey, query: Query) -> tuple[Offer, ...]:
    if query[0] == "F":
        listed = case.lists.get(query)
        return listed if listed is not None else _other_flights(case, query)
    rooms = case.rooms.get(query[1])
    return tuple(dated(room, query[2], query[3]) for room in (_other_rooms(case, query[1]) if rooms is None else rooms))


def _other_flights(case: Journey, query: Query) -> tuple[Offer, ...]:
    rng = chance.stream(case.key, f"journey shelf {query}")
    return tuple(draw_flight(query, stops(query[1], query[2]), case.home, case.clock, rng) for _ in range(3))


def _other_rooms(case: Journey, city: str) -> tuple[Room, ...]:
    return tuple(draw_rooms(city, 3, case.house.tax, chance.stream(case.key, f"journey rooms {city}")))


__all__ = ["FAR", "Flex", "House", "Hub", "Journey", "Leg", "Person", "Stay", "Terms", "counted", "outlasts", "passes"]
