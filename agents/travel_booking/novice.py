"""``travel_novice``: an agency with the habits of an untrained model.

It knows the calls, and what should follow what. But it writes dates as MM-DD-YYYY until it is told off, asks the
traveller nothing, reads one page, takes the day of departure for the day of landing, prefers whatever comes first,
compares prices without fees and currencies, books without a key and now and then without the traveller's yes, calls
again at once when it is told to wait, and says that a trip is impossible as soon as something goes wrong.

Which of these habits a seat has in a game is drawn from its seed, so novices differ from game to game and some games
come out right. The probabilities are ``HABITS``.
"""

from __future__ import annotations

from lanista.agents.contract import Question
from lanista.agents.scripted import Scripted
from lanista.agents.travel_booking import journey, journey_view, traveller
from lanista.agents.travel_booking.reader import PART_BY_PART
from lanista.agents.travel_booking.reply import say
from lanista.agents.travel_booking.view import Memory, Pages, View, known, product_of
from lanista.arenas.core import chance
from lanista.arenas.travel_booking.journeys.calls import KINDS as JOURNEYS
from lanista.arenas.travel_booking.offers import Flight

HABITS = {
    "american dates": 0.5,
    "american dates again": 0.3,
    "asks nothing": 0.6,
    "one page": 0.7,
    "takes any order": 0.6,
    "ignores demands": 0.4,
    "gives up early": 0.12,
    "day of departure": 0.4,
    "city for airport": 0.3,
    "skips the profile": 0.8,
    "skips the quote": 0.5,
    "the first of all": 0.4,
    "forgets the bag": 0.5,
    "does not confirm": 0.25,
    "no key": 0.6,
    "does not wait": 0.5,
    "holds what is sold out": 0.4,
    "keeps to the old plan": 0.4,
}
"""How likely a seat has each habit in a game."""
ON_JOURNEYS = ("asks nothing", "skips the profile", "does not confirm", "no key")
"""Those it has on journeys, where it decides part by part besides."""
OUT_OF_PATIENCE = 6
"""Errors after which a seat gives up."""


class TravelNovice(Scripted):
    """Plays every seat of the agency with the habits of a beginner, and the traveller's as the simulated one would."""

    name = "travel_novice"
    plays = "travel_booking"

    def __init__(self) -> None:
        self._memory = Memory()
        self._journeys = journey_view.Memory()

    def reply(self, question: Question) -> str:
        """One reply."""
        if question.kind in JOURNEYS:
            habits = frozenset(habit for habit in ON_JOURNEYS if has(question, habit))
            return journey.reply(question.kind, self._journeys.view(question), PART_BY_PART, habits)
        return _reply(question, self._memory.view(question))

    def forget(self, game: str) -> None:
        """The game is over: what was read of it goes."""
        self._memory.forget(game)
        self._journeys.forget(game)


def _reply(question: Question, seen: View) -> str:
    if question.kind in ("tell", "answer"):
        return traveller.reply(question, seen)
    trouble = _repair(question, seen)
    if trouble is not None:
        return trouble
    if question.kind == "search":
        return _search(question, seen)
    return _compare(question, seen) if question.kind == "comparison" else _book(question, seen)


def has(question: Question, habit: str) -> bool:
    """Whether the seat has a habit in this game."""
    return chance.draw(question.seed, f"novice {habit}", 0, 1000) < 1000 * HABITS[habit]


def _repair(question: Question, seen: View) -> str | None:
    """A token is renewed, but a wait is often not waited; the third time it learns."""
    if seen.error is None:
        return None
    status = seen.error["status"]
    if status == 401:
        return say("login")
    if status == 429:
        storms = sum(error["status"] == 429 for error in seen.errors)
        return None if has(question, "does not wait") and storms < 3 else say("wait", minutes=seen.error["retry_after"])
    return None


def _search(question: Question, seen: View) -> str:
    if len(seen.errors) >= OUT_OF_PATIENCE or (seen.handed is not None and has(question, "gives up early")):
        return say("nothing", reason="budget")
    if not known(seen.depart):
        return say("date", text=seen.depart, city=seen.frm)
    if not known(seen.back):
        return say("date", text=seen.back, city=seen.frm, after=seen.depart)
    if seen.to_ask and not has(question, "asks nothing"):
        return say("ask", about=seen.to_ask[0])
    written = _american if _writes_american(question, seen) else str
    order = {} if has(question, "takes any order") else {"sort": "price"}
    flights = seen.lists.get(("flight", seen.frm, seen.to, seen.depart, seen.back))
    if _more(question, flights):
        days = {"depart": written(seen.depart), "return": written(seen.back)}
        return say("search_flights", **{"from": seen.frm, "to": seen.to}, **days, **order, **_page(flights))
    options = _good(question, seen, flights)
    if not options or (has(question, "gives up early") and seen.offers[options[0]].price * 2 > seen.budget):
        return say("nothing", reason="flight" if not options else "budget")
    first = seen.offers[options[0]]
    assert isinstance(first, Flight)
    arrive = seen.depart if has(question, "day of departure") else first.arrive
    for name in seen.needs[1:]:
        place = seen.to if name == "hotel" else _airport(question, seen, first)
        pages = seen.lists.get((name, place, arrive, seen.back))
        if _more(question, pages):
            begin, end = written(arrive), written(seen.back)
            if name == "hotel":
                return say("search_hotels", city=place, check_in=begin, check_out=end, **order, **_page(pages))
            return say("search_cars", airport=place, pick_up=begin, drop_off=end, **order, **_page(pages))
        found = _good(question, seen, pages)
        if not found:
            return say("nothing", reason=name)
        options += found
    return say("shortlist", options=options[:12])


def _writes_american(question: Question, seen: View) -> bool:
    """Whether this seat writes dates as MM-DD-YYYY now."""
    told_off = sum(error["code"] == "invalid_argument" for error in seen.errors)
    return has(question, "american dates") and (
        told_off == 0 or (told_off == 1 and has(question, "american dates again"))
    )


def _american(iso: str) -> str:
    year, month, day = iso.split("-")
    return f"{month}-{day}-{year}"


def _more(question: Question, pages: Pages | None) -> bool:
    return pages is None or (pages.next is not None and not has(question, "one page"))


def _page(pages: Pages | None) -> dict[str, int]:
    return {} if pages is None else {"page": pages.next or 1}


def _good(question: Question, seen: View, pages: Pages | None) -> list[str]:
    """Up to four options of a list: the first, or the first that meet the demands."""
    options = [] if pages is None else pages.options
    return [option for option in options if has(question, "ignores demands") or seen.fits(option)][:4]


def _airport(question: Question, seen: View, flight: Flight) -> str:
    told_off = any(error["code"] == "ambiguous_place" for error in seen.errors)
    return seen.to if has(question, "city for airport") and not told_off else flight.end


def _compare(question: Question, seen: View) -> str:
    if seen.nothing is not None:
        return say("nothing", reason=seen.nothing)
    if seen.handed is not None and has(question, "gives up early"):
        return say("nothing", reason="budget")
    if seen.remembered is None and not has(question, "skips the profile"):
        return say("profile")
    options = [option for option in seen.passed if option not in seen.gone]
    if not has(question, "skips the quote") and len(seen.errors) < 2 and not set(options) <= set(seen.costs):
        return say("quote", options=options)
    trip = []
    for name in seen.needs:
        mine = [option for option in options if product_of(option) == name]
        if not mine:
            return say("nothing", reason=name)
        trip.append(mine[0] if has(question, "the first of all") else min(mine, key=lambda o: _price(seen, o)))
    return say("rank", trips=[trip], because=[seen.goal])


def _price(seen: View, option: str) -> int:
    """The number that stands there, unless the true cost was asked for: no bag, no tax, no nights, no currency."""
    return seen.costs.get(option, seen.offers[option].price)


def _book(question: Question, seen: View) -> str:
    if seen.nothing is not None:
        return say("impossible", reason=seen.nothing)
    if len(seen.errors) >= OUT_OF_PATIENCE:
        return say("impossible", reason="budget")
    stubborn = has(question, "keeps to the old plan")
    trip = seen.trips[0] if seen.trips else []
    sold_out = seen.gone.intersection(trip)
    if sold_out and not _tries_again(question, seen):
        if has(question, "gives up early"):
            return say("impossible", reason="budget")
        return say("hand", to="comparison_0", note=f"sold out: {' '.join(sorted(sold_out))}")
    if (seen.refused is not None or seen.changed is not None) and not (stubborn and seen.holds):
        return say("hand", to="search_0", note="new wishes")
    for option in trip:
        if option not in seen.holds:
            bag = seen.bag and option[0] == "F" and not has(question, "forgets the bag")
            return say("hold", option=option, **({"bag": True} if bag else {}))
    holds = [seen.holds[option] for option in trip]
    asked = seen.agreed or seen.refused is not None
    if not asked and not has(question, "does not confirm"):
        return say("confirm", holds=[hold for hold, _ in holds], total=sum(price for _, price in holds))
    for hold, _ in holds:
        if hold not in seen.booked:
            return say("book", hold=hold, **({} if has(question, "no key") else {"key": hold.lower()}))
    return say("done")


def _tries_again(question: Question, seen: View) -> bool:
    """Holds what is sold out once more."""
    told = sum(error["code"] == "sold_out" for error in seen.errors)
    return has(question, "holds what is sold out") and told == 1
