"""``travel_reader``: reads everything, tells everything, and plans nothing.

It knows every phrase of the generator, misses no demand, border or file, writes all it heard to the next seat and
handles every fault. But it decides one step at a time: it takes the best of each list by the goal, one after another,
and on journeys holds in the order of travel and moves a flight to the cheapest there is. It is the rung of the ladder
between ``travel_novice`` and ``travel_expert``: what it cannot do needs a plan over the whole.
"""

from __future__ import annotations

from lanista.agents.contract import Question
from lanista.agents.scripted import Scripted
from lanista.agents.travel_booking import expert, journey, journey_view
from lanista.agents.travel_booking import view as plain
from lanista.agents.travel_booking.journey import Choice, Chosen, Swap
from lanista.agents.travel_booking.journey_view import View
from lanista.agents.travel_booking.reply import say
from lanista.arenas.travel_booking.journeys.calls import KINDS as JOURNEYS
from lanista.arenas.travel_booking.journeys.offers import rebate
from lanista.arenas.travel_booking.journeys.solver import Market, Option
from lanista.arenas.travel_booking.offers import Flight


class TravelReader(Scripted):
    """Plays every seat of the agency, part by part."""

    name = "travel_reader"
    plays = "travel_booking"

    def __init__(self) -> None:
        self._memory, self._journeys = plain.Memory(), journey_view.Memory()

    def reply(self, question: Question) -> str:
        """One reply."""
        if question.kind in JOURNEYS:
            return journey.reply(question.kind, self._journeys.view(question), PART_BY_PART)
        seen = self._memory.view(question)
        said = expert.plain(question, seen)
        return _one_by_one(seen) if said.startswith("rank") else said

    def forget(self, game: str) -> None:
        """The game is over: what was read of it goes."""
        self._memory.forget(game)
        self._journeys.forget(game)


def _one_by_one(seen: plain.View) -> str:
    """Of a plain round trip the best flight by the goal, then the best hotel and car for it; no spares."""
    options = [option for option in seen.known if expert.usable(seen, option)]

    def worth(option: str) -> tuple[int, int]:
        offer, price = seen.offers[option], seen.costs[option]
        if seen.goal == "preferred":
            return -seen.liked(option), price
        return (offer.minutes, price) if seen.goal == "fastest" and isinstance(offer, Flight) else (price, 0)

    flight = min((option for option in options if option[0] == "F"), key=worth)
    landed = seen.offers[flight]
    assert isinstance(landed, Flight)
    trip = [flight]
    for name in seen.needs[1:]:
        mine = [o for o in options if plain.product_of(o) == name and expert.meets(landed, seen.offers[o])]
        if not mine:
            return say("nothing", reason=name)
        trip.append(min(mine, key=worth))
    return say("rank", trips=[trip])


def part_by_part(seen: View, market: Market, budget: int | None) -> Chosen | None:
    """The best of each list by the goal; the cheapest of each where that is over the budget."""
    for goal in dict.fromkeys((seen.brief.goal if budget is not None else "cheapest", "cheapest")):
        found = _each(market, goal)
        if found is not None and (budget is None or found.cost <= budget):
            return found
    return None


def _each(market: Market, goal: str) -> Chosen | None:
    airline, need = market.status
    chosen: list[Option] = []
    for options in market.flights:
        flown = sum(o.airline == airline for o in chosen)
        loyal = [o for o in options if o.airline == airline] if flown < need else []
        chosen.append(min(loyal or options, key=lambda o: _worth(o, goal)))
    total = sum(o.cost for o in chosen)
    if len({o.airline for o in chosen}) == 1:
        total -= sum(rebate(o.cost) for o in chosen)
    names = [o.name for o in chosen]
    for stay, rooms in zip(market.stays, market.rooms, strict=True):
        nights = rooms.get(chosen[stay.lands].arrive if stay.lands >= 0 else stay.begin, ())
        if not nights:
            return None
        room = min(nights, key=lambda o: _worth(o, goal))
        names.append(room.name)
        total += room.cost
    return Chosen(tuple(names), total)


def _worth(option: Option, goal: str) -> tuple[int, int]:
    if goal == "cheapest":
        return option.cost, -sum(option.likes)
    return (option.minutes, option.cost) if goal == "fastest" else (-sum(option.likes), option.cost)


def first_cheapest(ways: list[list[Swap]]) -> list[Swap]:
    """The way that begins with the cheapest new flight."""
    return min(ways, key=lambda way: way[0].extra)


def as_travelled(seen: View, options: tuple[str, ...]) -> tuple[str, ...]:
    """Flights first, in order, then hotels."""
    return options


PART_BY_PART = Choice(part_by_part, first_cheapest, as_travelled)
