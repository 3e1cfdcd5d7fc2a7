"""A case: what a traveller wants, what is on sale and under which house rules, as plain facts.

How cases are made is in ``generator.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from lanista.arenas.core import chance
from lanista.arenas.travel_booking.offers import (
    HOTELS,
    Car,
    Hotel,
    Offer,
    Query,
    dated,
    draw_car,
    draw_flight,
    draw_hotel,
)
from lanista.arenas.travel_booking.solver import Trip
from lanista.arenas.travel_booking.wishes import Wish
from lanista.arenas.travel_booking.world import CITIES


class Policy(NamedTuple):
    """The house rules of a case's services."""

    hold: int
    """Minutes a hold lasts."""
    token: int
    """Minutes a token lasts."""
    retry: int
    """Minutes of a Retry-After."""
    page: int
    """Options on a page of results."""
    tax: int
    """City tax on hotels, percent."""


class Spec(NamedTuple):
    """What the traveller wants. Dates are ISO; ``*_say`` is how they were said."""

    goal: str
    frm: str
    to: str
    depart_say: str
    depart: str
    back_say: str
    back: str
    budget: int
    musts: tuple[Wish, ...]
    stated: tuple[Wish, ...]
    likes: tuple[Wish, ...]
    """The preferences that count: those stated, and those remembered that no stated one and no demand overrules."""

    @property
    def flights(self) -> Query:
        """The list of flights between the cities on the traveller's dates."""
        return ("F", self.frm, self.to, self.depart, self.back)

    @property
    def bag(self) -> bool:
        """Whether a checked bag is taken, and paid for."""
        return any(wish.kind == "bag" for wish in self.musts)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Case:
    """One task. ``specs`` holds what is wanted first and, where the traveller changes their mind, afterwards."""

    key: int
    split: str
    policy: Policy
    error_rate: float
    clock: int
    """Minutes since the beginning of year 1, UTC, when the game begins."""
    home: str
    """The traveller's currency."""
    needs: tuple[str, ...]
    specs: tuple[Spec, ...]
    change: str | None
    """What changes: ``back``, ``budget``, ``goal``, ``must``; None where nothing does."""
    held: tuple[Wish, ...]
    """Hard constraints that are told only when they are asked for, or missed."""
    remembered: tuple[Wish, ...]
    last_trip: tuple[str, str]
    """City and airline of the traveller's last trip: history that decides nothing."""
    careful: bool
    """Whether the traveller looks a proposal over before saying yes."""
    style: int
    """Which wording the traveller uses."""
    lists: dict[Query, tuple[Offer, ...]] = field(repr=False)
    """The flights of each spec's own dates."""
    hotels: tuple[Hotel, ...]
    """What the city has, without dates."""
    cars: tuple[Car, ...]
    """What every airport of the city has, without dates."""
    reason: str | None
    """Why the case is impossible; None where it is not."""
    best: tuple[Trip | None, ...] = ()
    """The best trip for each spec, at the prices of the first minute; it stays the best, whatever prices do."""
    moves: frozenset[int] = frozenset()
    """The minutes at which prices move."""

    def shelf(self, query: Query) -> tuple[Offer, ...]:
        """The list of a query, in the services' own order."""
        return _shelf(self, query)

    @property
    def topics(self) -> tuple[str, ...]:
        """The products about which something is held back."""
        return tuple(name for name in self.needs if any(wish.product == name for wish in self.held))


def counted(musts: tuple[Wish, ...], stated: tuple[Wish, ...], remembered: tuple[Wish, ...]) -> tuple[Wish, ...]:
    """The preferences that count: those stated, and those remembered that no stated one and no demand overrules."""
    over = {wish.kind for wish in (*musts, *stated)}
    return (*stated, *(wish for wish in remembered if wish.kind not in over))


@lru_cache(maxsize=1 << 13)
def _shelf(case: Case, query: Query) -> tuple[Offer, ...]:
    kind = query[0]
    if kind == "F":
        listed = case.lists.get(query)
        return listed if listed is not None else _other_flights(case, query)
    if kind == "H":
        base: tuple[Offer, ...] = case.hotels if query[1] == case.specs[0].to else ()
        base = base or _other_hotels(case, query[1])
    else:
        base = case.cars if query[1] in CITIES[case.specs[0].to].airports else ()
        base = tuple(car._replace(place=query[1]) for car in base if isinstance(car, Car)) or _other_cars(
            case, query[1]
        )
    return tuple(dated(offer, query) for offer in base)


def _other_flights(case: Case, query: Query) -> tuple[Offer, ...]:
    rng = chance.stream(case.key, f"shelf {query}")
    return tuple(draw_flight(query, rng) for _ in range(len(case.lists[case.specs[0].flights])))


def _other_hotels(case: Case, city: str) -> tuple[Offer, ...]:
    rng = chance.stream(case.key, f"hotels {city}")
    return tuple(draw_hotel(city, rng)._replace(hotel=name, tax=case.policy.tax) for name in rng.sample(HOTELS, 3))


def _other_cars(case: Case, airport: str) -> tuple[Offer, ...]:
    rng = chance.stream(case.key, f"cars {airport}")
    return tuple(draw_car(airport, rng) for _ in range(3))
