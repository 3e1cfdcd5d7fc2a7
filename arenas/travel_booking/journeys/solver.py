"""The best journey, exactly: Pareto sets of every flight with the nights that follow it, merged one after another.

What one segment costs does not depend on another but for the rebate of a single airline, which is tried airline by
airline. Names are whatever the caller chooses by: places on lists for the arena, option ids for an agent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from lanista.arenas.travel_booking.journeys.cases import Journey, Stay, Terms
from lanista.arenas.travel_booking.journeys.offers import Flight, Offer, Query, cost, rebate
from lanista.arenas.travel_booking.journeys.wishes import Wish, on

GOALS = ("cheapest", "fastest", "preferred", "fair")
ANY = 1 << 60
"""A budget that nothing breaks."""


class Option(NamedTuple):
    """One offer as the solver sees it: what it is called, what it costs the party, and what else decides."""

    name: Any
    cost: int
    minutes: int
    likes: tuple[int, ...]
    """Wishes met, person by person."""
    airline: str = ""
    arrive: str = ""


class Found(NamedTuple):
    """A whole journey: its options' names, flights first in order, then stays; and its sums."""

    names: tuple[Any, ...]
    cost: int
    minutes: int
    likes: tuple[int, ...]


class Market(NamedTuple):
    """What can be had: options by flight, and by stay and day of check-in."""

    flights: tuple[tuple[Option, ...], ...]
    rooms: tuple[Mapping[str, tuple[Option, ...]], ...]
    stays: tuple[Stay, ...]
    status: tuple[str, int] = ("", 0)


def rank(goal: str, found: Found) -> tuple[int, int]:
    """What a party with that goal compares, smaller is better.

    ``cheapest``: the cost, then the wishes met. ``fastest``: the minutes in flight, then the cost. ``preferred``: the
    wishes met, then the cost. ``fair``: the wishes met of whoever has the fewest met, then the cost.
    """
    if goal == "cheapest":
        return found.cost, -sum(found.likes)
    if goal == "fastest":
        return found.minutes, found.cost
    return (-sum(found.likes), found.cost) if goal == "preferred" else (-min(found.likes), found.cost)


def best(market: Market, goal: str, budget: int = ANY) -> Found | None:
    """The best journey within the budget, None where there is none."""
    tries = [_under(market, goal, budget, "")]
    everywhere = set.intersection(*({o.airline for o in options} for options in market.flights))
    tries += [_under(market, goal, budget, airline) for airline in sorted(everywhere)]
    return min((found for found in tries if found is not None), key=lambda found: rank(goal, found), default=None)


_Node = tuple[int, int, tuple[int, ...], int, tuple[Any, ...]]
"""Cost, minutes, likes, flights for somebody's status, names by position."""


def _under(market: Market, goal: str, budget: int, airline: str) -> Found | None:
    """The best journey, all of that airline and with its rebate where one is named."""
    people = len(next((o.likes for options in market.flights for o in options), ()))
    front: list[_Node] = [(0, 0, (0,) * people, 0, ())]
    for segment in _segments(market, airline):
        front = _pruned(goal, _sums(front, _pruned(goal, segment)))
        if not front:
            return None
    ends = [
        Found(tuple(name for _, name in sorted(names)), spent, minutes, likes)
        for spent, minutes, likes, count, names in front
        if spent <= budget and count >= market.status[1]
    ]
    return min(ends, key=lambda found: rank(goal, found), default=None)


def _segments(market: Market, airline: str) -> Iterable[list[_Node]]:
    mine, need = market.status
    flown = len(market.flights)
    for i, options in enumerate(market.flights):
        after = [k for k, stay in enumerate(market.stays) if stay.lands == i]
        segment: list[_Node] = []
        nights: dict[str, list[_Node]] = {}
        for o in options:
            if airline and o.airline != airline:
                continue
            spent = o.cost - rebate(o.cost) if airline else o.cost
            node: _Node = (spent, o.minutes, o.likes, int(bool(need) and o.airline == mine), ((i, o.name),))
            if o.arrive not in nights:
                rest: list[_Node] = [(0, 0, (0,) * len(o.likes), 0, ())]
                for k in after:
                    rest = _sums(rest, _nights(market, k, o.arrive, flown))
                nights[o.arrive] = rest
            segment += _sums([node], nights[o.arrive])
        yield segment
    for k, stay in enumerate(market.stays):
        if stay.lands < 0:
            yield _nights(market, k, stay.begin, flown)


def _nights(market: Market, k: int, check_in: str, flown: int) -> list[_Node]:
    return [(o.cost, 0, o.likes, 0, ((flown + k, o.name),)) for o in market.rooms[k].get(check_in, ())]


def _sums(one: list[_Node], two: list[_Node]) -> list[_Node]:
    return [
        (a[0] + b[0], a[1] + b[1], tuple(map(int.__add__, a[2], b[2])), a[3] + b[3], a[4] + b[4])
        for a in one
        for b in two
    ]


def _pruned(goal: str, nodes: list[_Node]) -> list[_Node]:
    """Those that may still become the best: by what decides besides the cost, the cheapest."""
    kept: dict[Any, _Node] = {}
    for node in nodes:
        if goal == "cheapest":
            key: Any = node[3]
            old = kept.get(key)
            if old is None or (node[0], -sum(node[2])) < (old[0], -sum(old[2])):
                kept[key] = node
            continue
        key = (node[3], node[1] if goal == "fastest" else sum(node[2]) if goal == "preferred" else node[2])
        old = kept.get(key)
        if old is None or node[0] < old[0]:
            kept[key] = node
    return list(kept.values())


# The arena's own market

Place = tuple[Query, int]
"""An offer by its list and its index there."""


def flight_query(terms: Terms, leg: int) -> Query:
    """The list of flights of that leg."""
    one = terms.legs[leg]
    return ("F", one.frm, one.to, one.day)


def likes_met(wishes: tuple[Wish, ...], people: Sequence[str], offer: Offer, at: int) -> tuple[int, ...]:
    """How many wishes of each person an offer for that flight or stay meets."""
    mine = on(wishes, isinstance(offer, Flight), at)
    return tuple(sum(w.who == name and w.met(offer) for w in mine) for name in people)


@lru_cache(maxsize=256)
def market(case: Journey, terms: Terms) -> Market:
    """All that fits, by list."""
    people = [person.name for person in case.people]

    def options(query: Query, at: int) -> tuple[Option, ...]:
        return tuple(
            Option(
                (query, i), cost(o, case.home, case.ages, case.bags), o.minutes if isinstance(o, Flight) else 0,
                likes_met(case.counted, people, o, at), *((o.airline, o.arrive) if isinstance(o, Flight) else ()),
            )
            for i, o in enumerate(case.shelf(query))
            if case.fits(o, at)
        )  # fmt: skip

    flights = tuple(options(flight_query(terms, i), i) for i in range(len(terms.legs)))
    rooms = []
    for k, stay in enumerate(terms.stays):
        until = terms.check_out(k)
        days = {o.arrive for o in flights[stay.lands]} if stay.lands >= 0 else {stay.begin}
        rooms.append({day: options(("H", stay.city, day, until), k) for day in sorted(days) if day < until})
    return Market(flights, tuple(rooms), terms.stays, case.status)


@lru_cache(maxsize=1024)
def solved(case: Journey, terms: Terms) -> Found | None:
    """The best journey under those terms."""
    return best(market(case, terms), terms.goal, terms.budget)


def obstacle(case: Journey, terms: Terms) -> str | None:
    """Why there is none: no ``flight`` on some leg that fits, no ``hotel`` for some stay, or the ``budget``."""
    found = market(case, terms)
    if not all(found.flights):
        return "flight"
    if not all(any(rooms.values()) for rooms in found.rooms):
        return "hotel"
    return None if solved(case, terms) is not None else "budget"
