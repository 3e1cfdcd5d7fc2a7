"""``travel_expert``: an agency that works by rules a person could follow. It uses what its seats are told, no more.

*Search* looks the days up at the date service, asks the traveller about whatever they hold back, reads every page of
the flights, then hotels and cars for the days and airports of those flights that fit, and passes on what meets all
demands, the most promising first. *Comparison* reads the profile, has everything priced (fees, tax, currency and
moved prices included), and ranks the trips within the budget by the goal; if there is none it says why. *Booking* holds
the first trip that is still to be had, has the total confirmed, books each hold under a key of its own, and gives the
work back with a note when something is sold out, dearer, refused or changed.

Faults are met alike everywhere: a lost token by logging in, a rate limit by waiting as long as it says, anything else
by the same call again, which the key makes safe.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product as combine

from lanista.agents.contract import Question
from lanista.agents.scripted import Scripted
from lanista.agents.travel_booking import journey, journey_view, traveller
from lanista.agents.travel_booking.reply import say
from lanista.agents.travel_booking.view import IDS, MOST, Memory, Pages, View, known, product_of, turns_left
from lanista.arenas.travel_booking.journeys.calls import KINDS as JOURNEYS
from lanista.arenas.travel_booking.offers import Car, Flight, Hotel

ENOUGH = 3
"""Offers that fit, of a list sorted by price, after which the rest of it is left unread."""
RESERVE = {1: 8, 2: 12, 3: 16}
"""Turns that the others need, by how many products there are; at first search leaves half as much again."""
Trip = tuple[str, ...]


class TravelExpert(Scripted):
    """Plays every seat of the agency by rules that seldom fail, and the traveller's as the simulated one would."""

    name = "travel_expert"
    plays = "travel_booking"

    def __init__(self) -> None:
        self._memory = Memory()
        self._journeys = journey_view.Memory()

    def reply(self, question: Question) -> str:
        """One reply."""
        if question.kind in JOURNEYS:
            return journey.reply(question.kind, self._journeys.view(question), journey.EXPERT)
        return plain(question, self._memory.view(question))

    def forget(self, game: str) -> None:
        """The game is over: what was read of it goes."""
        self._memory.forget(game)
        self._journeys.forget(game)


def plain(question: Question, seen: View) -> str:
    """The next call on a plain round trip."""
    if question.kind in ("tell", "answer"):
        return traveller.reply(question, seen)
    trouble = repair(seen)
    if trouble is not None:
        return trouble
    if question.kind == "search":
        return search(question, seen)
    return compare(seen, turns_left(question)) if question.kind == "comparison" else book(seen)


def repair(seen: View) -> str | None:
    """What a fault demands before anything else; None where the next call may be made."""
    if seen.error is None:
        return None
    if seen.error["status"] == 401:
        return say("login")
    if seen.error["status"] == 429:
        return say("wait", minutes=seen.error["retry_after"])
    return None


# Search


def search(question: Question, seen: View) -> str:
    """The next thing to find out, or what was found."""
    if not known(seen.depart):
        return say("date", text=seen.depart, city=seen.frm)
    if not known(seen.back):
        return say("date", text=seen.back, city=seen.frm, after=seen.depart)
    if seen.to_ask:
        return say("ask", about=seen.to_ask[0])
    reserve = RESERVE[len(seen.needs)]
    spare = turns_left(question) - (reserve * 3 // 2 if seen.handed is None else reserve)
    asked = _unread(seen, spare)
    if asked is not None:
        return asked
    return _pass_on(question, seen)


def _unread(seen: View, spare: int) -> str | None:
    """The first page that is worth a call and was not read; None where all were, or no turn is to spare."""
    trip = {"from": seen.frm, "to": seen.to, "depart": seen.depart, "return": seen.back}
    flights = seen.lists.get(("flight", *trip.values()))
    if flights is None or (flights.next is not None and spare > 0):
        return say("search_flights", **trip, sort="price", **_page(flights))
    for arrive, airport in _landings(seen, _fitting(seen, flights)):
        for name in seen.needs[1:]:
            key = (name, seen.to if name == "hotel" else airport, arrive, seen.back)
            if spare <= 0 and any(other[0] == name and other[3] == seen.back for other in seen.lists):
                continue
            if not _enough(seen, seen.lists.get(key)):
                return _ground(key, seen.lists.get(key))
    return None


def _enough(seen: View, pages: Pages | None) -> bool:
    """Whether a list, cheapest first, need not be read on: ENOUGH that fit, where likes do not decide."""
    if pages is None:
        return False
    fitting = sum(seen.fits(option) for option in pages.options)
    return pages.next is None or (fitting >= ENOUGH and seen.goal != "preferred")


def _ground(key: tuple[str, str, str, str], pages: Pages | None) -> str:
    name, place, begin, end = key
    if name == "hotel":
        return say("search_hotels", city=place, check_in=begin, check_out=end, sort="price", **_page(pages))
    return say("search_cars", airport=place, pick_up=begin, drop_off=end, sort="price", **_page(pages))


def _page(pages: Pages | None) -> dict[str, int]:
    return {} if pages is None or pages.next in (None, 1) else {"page": pages.next or 1}


def _fitting(seen: View, pages: Pages) -> list[str]:
    """The options of a list that meet all demands, the most promising first."""
    found = [option for option in pages.options if seen.fits(option)]
    return sorted(found, key=lambda option: _promise(seen, option))


def _promise(seen: View, option: str) -> tuple[int, int]:
    offer = seen.offers[option]
    if isinstance(offer, Flight):
        price = offer.price + (offer.bag if seen.bag else 0)
        if seen.goal == "fastest":
            return offer.minutes, price
    else:
        price = offer.price * (offer.nights if isinstance(offer, Hotel) else offer.days)
        price += offer.fee if isinstance(offer, Car) else 0
    return (-seen.liked(option), price) if seen.goal == "preferred" else (price, 0)


def _landings(seen: View, flights: list[str]) -> list[tuple[str, str]]:
    """(day, airport) of the flights, in their order."""
    found = [seen.offers[option] for option in flights]
    return list(dict.fromkeys((f.arrive, f.end) for f in found if isinstance(f, Flight)))


def _pass_on(question: Question, seen: View) -> str:
    flights = _fitting(seen, seen.lists.get(("flight", seen.frm, seen.to, seen.depart, seen.back), Pages()))
    if not flights:
        return say("nothing", reason="flight")
    trips = [_parts(seen, flights, landing) for landing in _landings(seen, flights)]
    for i, name in enumerate(seen.needs):
        if not any(parts[i] for parts in trips):
            return say("nothing", reason=name)
    before = {option for exchange in question.history for option in _ids(exchange.reply)}
    ordered = list(_interleaved(trips))
    fresh = [option for option in ordered if option not in before]
    return say("shortlist", options=(fresh or ordered)[:MOST])


def _parts(seen: View, flights: list[str], landing: tuple[str, str]) -> list[list[str]]:
    """What fits that landing, product by product, the most promising first."""
    arrive, airport = landing
    parts = [[option for option in flights if _landings(seen, [option]) == [landing]]]
    for name in seen.needs[1:]:
        key = (name, seen.to if name == "hotel" else airport, arrive, seen.back)
        parts.append(_fitting(seen, seen.lists.get(key, Pages())))
    return parts


def _interleaved(trips: list[list[list[str]]]) -> Iterator[str]:
    """Whole trips first: the best parts of every landing, then the second best, and so on; each option once."""
    given: set[str] = set()
    longest = max(len(options) for parts in trips for options in parts)
    for rank in range(longest):
        for parts in trips:
            for options in parts:
                if rank < len(options) and options[rank] not in given:
                    given.add(options[rank])
                    yield options[rank]


def _ids(reply: str) -> list[str]:
    return IDS.findall(reply) if reply.startswith("shortlist") else []


# Comparison


def compare(seen: View, turns: int) -> str:
    """The next thing to know of the options, or the ranking."""
    if seen.nothing is not None:
        return say("nothing", reason=seen.nothing)
    if seen.remembered is None:
        return say("profile")
    options = [option for option in seen.known if usable(seen, option)]
    unpriced = [option for option in options if option not in seen.costs]
    if unpriced:
        return say("quote", options=unpriced[:MOST], **({"bag": True} if seen.bag else {}))
    trips = sorted(_trips(seen, options), key=lambda trip: _rank(seen, trip))
    within = [trip for trip in trips if cost(seen, trip) <= seen.budget]
    if seen.full and (not within or (seen.goal == "preferred" and turns > RESERVE[len(seen.needs)])):
        return say("hand", to="search_0", note="more options")
    if within:
        return say("rank", trips=_with_spares(within), because=[seen.goal, "within_budget"])
    missing = [name for name in seen.needs if not any(product_of(option) == name for option in options)]
    return say("nothing", reason=missing[0] if missing else "budget")


def usable(seen: View, option: str) -> bool:
    """Whether an option fits, is for the right days and is not known to be sold out."""
    offer = seen.offers[option]
    day = offer.back if isinstance(offer, Flight) else offer.check_out if isinstance(offer, Hotel) else offer.drop_off
    return day == seen.until and option not in seen.gone and seen.fits(option)


def _trips(seen: View, options: list[str]) -> Iterator[Trip]:
    """Every trip whose parts fit together."""
    parts = [[option for option in options if product_of(option) == name] for name in seen.needs]
    for trip in combine(*parts):
        flight = seen.offers[trip[0]]
        assert isinstance(flight, Flight)
        if all(meets(flight, seen.offers[option]) for option in trip[1:]):
            yield trip


def meets(flight: Flight, offer: object) -> bool:
    """Whether a hotel or car is where and when that flight lands."""
    if isinstance(offer, Hotel):
        return offer.check_in == flight.arrive
    return isinstance(offer, Car) and (offer.pick_up, offer.place) == (flight.arrive, flight.end)


def cost(seen: View, trip: Trip) -> int:
    """What a trip costs, as quoted."""
    return sum(seen.costs[option] for option in trip)


def _rank(seen: View, trip: Trip) -> tuple[int, int]:
    """Smaller is better: what the traveller's goal compares."""
    liked = sum(seen.liked(option) for option in trip)
    if seen.goal == "cheapest":
        return cost(seen, trip), -liked
    flight = seen.offers[trip[0]]
    assert isinstance(flight, Flight)
    return (flight.minutes, cost(seen, trip)) if seen.goal == "fastest" else (-liked, cost(seen, trip))


def _with_spares(trips: list[Trip]) -> list[list[str]]:
    """The best trip, and for its flight and the part most likely to be gone next the best trips without them."""
    best = trips[0]
    spares = [next((trip for trip in trips if part not in trip), None) for part in best]
    chosen = list(dict.fromkeys([best, *(trip for trip in spares if trip is not None)]))
    return [list(trip) for trip in chosen[:3]]


# Booking


def book(seen: View) -> str:
    """The next step to a booking that the traveller agreed to."""
    if seen.nothing is not None:
        return say("impossible", reason=seen.nothing)
    if seen.changed is not None:
        return say("hand", to="search_0" if "back" in seen.changed else "comparison_0", note="new wishes")
    if seen.refused is not None:
        return say("hand", to="comparison_0", note=f"refused: {seen.refused}")
    trip = next((trip for trip in seen.trips if not seen.gone.intersection(trip)), None)
    if trip is None:
        return say("hand", to="comparison_0", note=f"sold out: {' '.join(sorted(seen.gone))}")
    for option in trip:
        if option not in seen.holds:
            return say("hold", option=option, **({"bag": True} if seen.bag and option[0] == "F" else {}))
    holds = [seen.holds[option] for option in trip]
    total = sum(price for _, price in holds)
    if total > seen.budget and not seen.agreed:
        return say("hand", to="comparison_0", note="over the budget now")
    if not seen.agreed:
        return say("confirm", holds=[hold for hold, _ in holds], total=total)
    for hold, _ in holds:
        if hold not in seen.booked:
            return say("book", hold=hold, key=hold.lower())
    return say("done")
