"""How the scripted agencies work on journeys: what each seat finds out, writes to the next, and does.

*Search* looks days up, asks whoever has more to say, reads all lists and passes on what meets every demand, with all
it heard. *Comparison* reads the files and the borders, has everything priced, chooses, and tells *booking* what to hold
in which order. *Booking* holds, has it confirmed, books; offers other terms where nothing is possible; and brings
changes back to search. How a journey is chosen is a ``Choice``: by the solver, or part by part.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, NamedTuple

from lanista.agents.travel_booking.journey_notes import Brief, written
from lanista.agents.travel_booking.journey_view import View
from lanista.agents.travel_booking.reply import say
from lanista.arenas.travel_booking.journeys.calls import MOST, NOTE
from lanista.arenas.travel_booking.journeys.cases import counted, outlasts, passes
from lanista.arenas.travel_booking.journeys.offers import Flight, Offer, brand, change_fee
from lanista.arenas.travel_booking.journeys.places import PLACE_OF, PLACES
from lanista.arenas.travel_booking.journeys.solver import Market, Option, best, likes_met
from lanista.arenas.travel_booking.journeys.wishes import Wish, fits
from lanista.arenas.travel_booking.offers import given_back


class Chosen(NamedTuple):
    """What to hold, in that order, and what it comes to."""

    options: tuple[str, ...]
    cost: int


class Swap(NamedTuple):
    """A booking to be replaced by an option, by an exchange or by booking anew and cancelling."""

    booking: str
    option: str
    exchanged: bool
    extra: int


class Choice(NamedTuple):
    """How an agency decides: a journey out of a market, and what to do where a flight has moved."""

    journey: Callable[[View, Market, int | None], Chosen | None]
    """The journey to book under a budget; under None the cheapest there is."""
    swaps: Callable[[list[list[Swap]]], list[Swap]]
    """The way to a moved flight, out of one list of swaps for each flight there is."""
    orders: Callable[[View, tuple[str, ...]], tuple[str, ...]]
    """The order in which to hold."""


def reply(kind: str, seen: View, choice: Choice, habits: frozenset[str] = frozenset()) -> str:
    """The next call of the seat that is asked ``kind``; ``habits`` are those of ``travel_novice`` that it has."""
    if seen.error is not None:
        if seen.error["status"] == 401:
            return say("login")
        if seen.error["status"] == 429:
            return say("wait", minutes=seen.error["retry_after"])
    try:
        if kind == "find":
            return find(seen, habits)
        return weigh(seen, choice, habits) if kind == "weigh" else close(seen, habits)
    except (ValueError, LookupError, StopIteration):  # a note in nobody's language sent this seat astray: begin again
        return say("pass", to="comparison_0" if kind == "find" else "search_0")


# Search


def find(seen: View, habits: frozenset[str] = frozenset()) -> str:
    """The next thing to find out, or what was found."""
    brief = seen.brief
    for i, leg in enumerate(brief.legs):
        if not leg.day:
            after = {"after": brief.legs[i - 1].day} if i else {}
            return say("date", text=leg.say, city=brief.legs[0].frm, **after)
    if seen.to_ask and "asks nothing" not in habits:
        return say("ask", who=seen.to_ask[0])
    for i, leg in enumerate(brief.legs):
        call = _unread(seen, ("F", leg.frm, leg.to, leg.day))
        if call is not None:
            return call
        if not _fitting(seen, ("F", leg.frm, leg.to, leg.day), i):
            return _pass(seen, "booking_0", [], f"none flight {i}")
    for k in range(len(brief.stays)):
        for query in _nights(seen, k):
            call = _unread(seen, query)
            if call is not None:
                return call
        if brief.stays and not any(_fitting(seen, query, k) for query in _nights(seen, k)):
            return _pass(seen, "booking_0", [], f"none hotel {k}")
    return _pass(seen, "comparison_0", _found(seen), _forwarded(seen))


def _unread(seen: View, query: tuple[str, ...]) -> str | None:
    """The call for a page of that list that was not read; None where all were."""
    pages = seen.lists.get(query)
    if pages is not None and pages.next is None:
        return None
    page = {} if pages is None else {"page": pages.next}
    if query[0] == "F":
        return say("flights", **{"from": query[1], "to": query[2]}, day=query[3], sort="price", **page)
    return say("hotels", city=query[1], check_in=query[2], check_out=query[3], sort="price", **page)


def _fitting(seen: View, query: tuple[str, ...], at: int) -> list[str]:
    """The options of a list that meet what is demanded there and outlast the party's thinking."""
    musts = tuple(seen.brief.musts)
    options = seen.lists[query].options if query in seen.lists else []
    return [o for o in options if fits(seen.offers[o], musts, at) and outlasts(seen.offers[o], seen.brief.think)]


def _nights(seen: View, k: int) -> list[tuple[str, ...]]:
    """The lists of hotels that a stay may need, by the days of landing."""
    brief, stay = seen.brief, seen.brief.stays[k]
    until = brief.check_out(k)
    if stay.lands < 0:
        return [("H", stay.city, stay.begin, until)]
    leg = brief.legs[stay.lands]
    flights = [seen.offers[o] for o in _fitting(seen, ("F", leg.frm, leg.to, leg.day), stay.lands)]
    days = sorted({flight.arrive for flight in flights if isinstance(flight, Flight)})
    return [("H", stay.city, begin, until) for begin in days if begin < until]


def _found(seen: View) -> list[str]:
    """Everything that fits, the cheapest of each list first where it is too much."""
    brief = seen.brief
    lists = [_fitting(seen, ("F", leg.frm, leg.to, leg.day), i) for i, leg in enumerate(brief.legs)]
    lists += [_fitting(seen, query, k) for k in range(len(brief.stays)) for query in _nights(seen, k)]
    for each in lists:
        each.sort(key=lambda option: seen.offers[option].price)
    while sum(map(len, lists)) > MOST:
        max(lists, key=len).pop()
    return [option for each in lists for option in each]


def _forwarded(seen: View) -> str:
    """What booking_0 asked for, said on to comparison_0."""
    return "; ".join(
        f"{name} {', '.join(' '.join(words) for words in seen.note[name])}"
        for name in ("change", "booked", "gone")
        if name in seen.note
    )


def _pass(seen: View, to: str, options: list[str], more: str) -> str:
    note = "; ".join(each for each in (more, written(seen.brief)) if each)[:NOTE]
    return say("pass", to=to, note=note, **({"options": options[:MOST]} if options else {}))


# Comparison


def weigh(seen: View, choice: Choice, habits: frozenset[str] = frozenset()) -> str:
    """The next thing to know of the options, or what to do with them."""
    if not seen.brief.legs:
        return say("pass", to="search_0")  # nobody wrote what is asked for
    if seen.filed is None and "skips the profile" not in habits:
        return say("files")
    unpriced = [option for option in seen.passed if option not in seen.costs]
    if unpriced:
        return say("quote", options=unpriced[:MOST], ages=seen.brief.ages, bags=seen.brief.bags)
    hubs = {offer.via for offer in seen.offers.values() if isinstance(offer, Flight) and offer.via} - set(seen.hubs)
    if hubs and seen.filed is not None:
        return say("border", city=min(hubs))
    if "change" in seen.note:
        return _changed(seen, choice)
    had = market(seen)
    if not all(had.flights):
        empty = next(i for i, options in enumerate(had.flights) if not options)
        return _pass(seen, "booking_0", [], f"none flight {empty}")
    found = choice.journey(seen, had, seen.brief.budget)
    if found is not None:
        return _hold(seen, choice.orders(seen, found.options), f"total {found.cost}")
    least = choice.journey(seen, had, None)
    if least is None:
        return _pass(seen, "booking_0", [], "none hotel 0")
    return _hold(seen, choice.orders(seen, least.options), f"total {least.cost}; none budget {least.cost}")


def _hold(seen: View, options: tuple[str, ...], more: str) -> str:
    return _pass(seen, "booking_0", list(options), f"{more}; hold {' '.join(options)}")


def usable(seen: View, option: str, at: int) -> bool:
    """Whether an option can be had for that flight or stay, as far as this seat knows."""
    offer = seen.offers[option]
    if seen.costs.get(option) is None or option in seen.gone:
        return False
    if not fits(offer, tuple(seen.brief.musts), at) or not outlasts(offer, seen.brief.think):
        return False
    passports = tuple(each["passport"] for each in seen.filed or ())
    return not isinstance(offer, Flight) or not offer.via or passes(offer, seen.hubs.get(offer.via), passports)


def status(seen: View) -> tuple[str, int]:
    """(airline, flights) that somebody's status needs."""
    wish = next((wish for wish in seen.brief.musts if wish.kind == "status"), None)
    if wish is None:
        return "", 0
    card = next((each["card"] for each in seen.filed or () if each["name"] == wish.who), "")
    return card, int(wish.value or 0)


def _likes(seen: View) -> tuple[Wish, ...]:
    stored = tuple(Wish(*like) for each in seen.filed or () for like in each["likes"])
    return counted(tuple(seen.brief.musts), tuple(seen.brief.likes), stored)


def market(seen: View) -> Market:
    """What can be had, as the solver wants it."""
    brief, people, likes = seen.brief, [name for name, _ in seen.brief.people], _likes(seen)

    def option(name: str, at: int) -> Option:
        offer: Offer = seen.offers[name]
        met, price = likes_met(likes, people, offer, at), seen.costs[name] or 0
        if isinstance(offer, Flight):
            return Option(name, price, offer.minutes, met, offer.airline, offer.arrive)
        return Option(name, price, 0, met)

    flights = tuple(
        tuple(option(name, i) for name in seen.passed if _for_leg(seen, name, i) and usable(seen, name, i))
        for i in range(len(brief.legs))
    )
    rooms = []
    for k, stay in enumerate(brief.stays):
        by_day: dict[str, list[Option]] = {}
        for name in seen.passed:
            o = seen.offers[name]
            mine = not isinstance(o, Flight) and (o.city, o.check_out) == (stay.city, brief.check_out(k))
            if mine and not isinstance(o, Flight) and usable(seen, name, k):
                by_day.setdefault(o.check_in, []).append(option(name, k))
        rooms.append({day: tuple(options) for day, options in by_day.items()})
    return Market(flights, tuple(rooms), tuple(brief.stays), status(seen))


def _for_leg(seen: View, name: str, i: int) -> bool:
    offer, leg = seen.offers[name], seen.brief.legs[i]
    if not isinstance(offer, Flight) or offer.depart != leg.day:
        return False
    return (PLACE_OF[offer.start], PLACE_OF[offer.end]) == (leg.frm, leg.to)


def solved(seen: View, market: Market, budget: int | None) -> Chosen | None:
    """The best journey under a budget, or the cheapest of all."""
    found = best(market, "cheapest") if budget is None else best(market, seen.brief.goal, budget)
    return None if found is None else Chosen(tuple(found.names), found.cost)


def longest_first(seen: View, options: tuple[str, ...]) -> tuple[str, ...]:
    """Held last what ends first."""
    return tuple(sorted(options, key=lambda option: (-seen.offers[option].keeps, option)))


def cheapest_way(ways: list[list[Swap]]) -> list[Swap]:
    """The way that costs least in all."""
    return min(ways, key=lambda way: sum(swap.extra for swap in way))


EXPERT = Choice(solved, cheapest_way, longest_first)


# After booking


def _changed(seen: View, choice: Choice) -> str:
    """What to do with each booking once a flight has moved."""
    leg = int(seen.note["change"][0][0])
    booked = {option: booking for booking, option in seen.note["booked"]}
    ways = []
    for name in seen.passed:
        if _for_leg(seen, name, leg) and usable(seen, name, leg) and _keeps_status(seen, name, leg, list(booked)):
            way = _way(seen, leg, name, booked)
            if way is not None:
                ways.append(way)
    if not ways:
        return _pass(seen, "booking_0", [], f"none flight {leg}")
    swaps = choice.swaps(ways)
    said = ", ".join(f"{s.booking} {s.option} {'exchange' if s.exchanged else 'anew'}" for s in swaps)
    ordered = choice.orders(seen, tuple(swap.option for swap in swaps))
    return _pass(seen, "booking_0", list(ordered), f"swap {said}; hold {' '.join(ordered)}")


def _keeps_status(seen: View, name: str, leg: int, booked: list[str]) -> bool:
    airline, need = status(seen)
    flights = [seen.offers[o] for o in booked if o[0] == "F"]
    mine, new = seen.brief.legs[leg], seen.offers[name]
    count = sum(
        isinstance(f, Flight) and f.airline == airline and not _same_route(f, mine.frm, mine.to) for f in flights
    )
    return count + (isinstance(new, Flight) and new.airline == airline) >= need


def _same_route(flight: Flight, frm: str, to: str) -> bool:
    return (PLACE_OF[flight.start], PLACE_OF[flight.end]) == (frm, to)


def _way(seen: View, leg: int, name: str, booked: dict[str, str]) -> list[Swap] | None:
    """The swaps that a new flight brings with it, each the cheapest; None where a hotel is missing."""
    brief, flight = seen.brief, seen.offers[name]
    assert isinstance(flight, Flight)
    mine = brief.legs[leg]
    old = next(o for o in booked if isinstance(f := seen.offers[o], Flight) and _same_route(f, mine.frm, mine.to))
    way = [_swap(seen, booked[old], old, name)]
    for k, stay in enumerate(brief.stays):
        room = next(o for o in booked if o[0] == "H" and seen.offers[o][1] == stay.city)
        begin = flight.arrive if stay.lands == leg else seen.offers[room][2]
        days = (begin, brief.check_out(k))
        if seen.offers[room][2:4] == days:
            continue
        rooms = [o for o in seen.passed if o[0] == "H" and seen.offers[o][1:4] == (stay.city, *days)]
        swaps = [_swap(seen, booked[room], room, o) for o in rooms if usable(seen, o, k)]
        if not swaps:
            return None
        way.append(min(swaps, key=lambda swap: swap.extra))
    return way


def _swap(seen: View, booking: str, old: str, new: str) -> Swap:
    was, will, paid, price = seen.offers[old], seen.offers[new], seen.costs[old] or 0, seen.costs[new] or 0
    anew = price - given_back(paid, was.refund)
    swapped = _fee(seen, was) + max(0, price - paid)
    exchanged = brand(was) == brand(will) and swapped <= anew
    return Swap(booking, new, exchanged, swapped if exchanged else anew)


def _fee(seen: View, offer: Offer) -> int:
    return change_fee(offer, PLACES[seen.brief.legs[0].frm].currency)


# Booking


def close(seen: View, habits: frozenset[str] = frozenset()) -> str:
    """The next step to what the party agreed to."""
    if seen.returned is not None and seen.returned["off"]:
        if seen.refunds is None:
            return say("bookings")
        refunds = sorted(name for name, refund in seen.refunds.items() if refund != "none")
        return next((say("cancel", booking=name) for name in refunds if name not in seen.cancelled), say("done"))
    if seen.returned is not None and "swap" not in seen.note:
        return _back(seen)
    if "none" in seen.note:
        call = _counter(seen)
        if call is not None:
            return call
    options = seen.note["hold"][0] if seen.note.get("hold") else []
    if not options:
        return say("impossible", reason="budget")
    lost = seen.gone.intersection(options)
    if lost and not seen.agreed and not seen.bookings:
        return say("pass", to="comparison_0", note=f"gone {' '.join(sorted(seen.gone))}")
    if lost and not seen.agreed:
        return say("done")  # half is booked, and the rest is somebody else's
    if seen.refused is not None:
        return say("pass", to="search_0", note="")
    for option in options:
        if option not in seen.holds:
            return say("hold", option=option, ages=seen.brief.ages, bags=seen.brief.bags)
    holds = [seen.holds[option][0] for option in options]
    if not seen.agreed and "does not confirm" not in habits:
        return say("confirm", holds=holds, total=_total(seen, options))
    if "swap" in seen.note:
        return _swapped(seen)
    booked = {hold for _, hold in seen.bookings.values()}
    for hold in reversed(holds):
        if hold not in booked:
            return say("book", hold=hold, **({} if "no key" in habits else {"key": hold.lower()}))
    return say("done")


def _total(seen: View, options: list[str]) -> int:
    """What the holds come to: as comparison_0 worked it out, rebate included, or added up."""
    if "swap" not in seen.note and seen.note.get("total"):
        return int(seen.note["total"][0][0])
    return sum(seen.holds[option][1] for option in options)


def _back(seen: View) -> str:
    """What changed, said to search_0 with all that is booked."""
    data: Any = seen.returned
    booked = ", ".join(f"{booking} {option}" for booking, (option, _) in sorted(seen.bookings.items()))
    note = f"change {data['flight'] - 1} {data['day']}; booked {booked}"
    return say("pass", to="search_0", note=note)


def _counter(seen: View) -> str | None:
    """A counter-offer, or that nothing is possible; None where the party took one and it can be held."""
    kind, *rest = seen.note["none"][0]
    answers = {str(data.get("total", data.get("day"))): data["yes"] for data in seen.offered}
    if kind == "budget":
        if rest[0] not in answers:
            return say("offer_budget", total=int(rest[0]))
        return None if answers[rest[0]] else say("impossible", reason="budget")
    if kind == "hotel" or not seen.brief.legs:
        return say("impossible", reason=kind if kind in ("hotel", "flight") else "budget")
    leg = int(rest[0])
    taken = next((data for data in seen.offered if data["yes"]), None)
    if taken is not None:
        return say("pass", to="search_0", note=f"day {taken['flight'] - 1} {taken['day']}")
    for days in (1, -1):
        other = _shifted(seen.brief, leg, days)
        if other not in answers:
            return say("offer_day", flight=leg + 1, day=other)
    return say("impossible", reason="flight")


def _shifted(brief: Brief, leg: int, days: int) -> str:
    return (date.fromisoformat(brief.legs[leg].day) + timedelta(days=days)).isoformat()


def _swapped(seen: View) -> str:
    """The next exchange, booking or cancellation; then done."""
    done = {hold for _, hold in seen.bookings.values()}
    for booking, option, how in seen.note["swap"]:
        hold = seen.holds[option][0]
        if hold not in done:
            if how == "exchange":
                return say("exchange", booking=booking, hold=hold)
            return say("book", hold=hold, key=hold.lower())
        if how == "anew" and booking not in seen.cancelled:
            return say("cancel", booking=booking)
    return say("done")
