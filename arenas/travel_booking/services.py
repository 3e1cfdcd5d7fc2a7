"""The simulated services: search, quote, hold, book, cancel; tokens, rate limits and injected faults.

Every handler takes ``(state, seat index, arguments)`` and gives the state after the call and its events. An error that
the call itself caused is blamed on the seat (term ``api_error``); an injected fault is nobody's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lanista.arenas.core import chance
from lanista.arenas.core.contract import Event
from lanista.arenas.core.tools import Call
from lanista.arenas.travel_booking.calls import AGENCY, SERVICES
from lanista.arenas.travel_booking.dates import ordinal
from lanista.arenas.travel_booking.offers import Flight, Offer, Query, cost, given_back, public
from lanista.arenas.travel_booking.state import (
    Booking,
    Hold,
    State,
    bumped,
    clock,
    number,
    offer_of,
    option_id,
    today,
    valid,
)
from lanista.arenas.travel_booking.world import CITIES, CITY_OF

Played = tuple[State, list[Event]]
MOST_FAULTS = 3
"""Injected faults that one seat meets in a game, at most, and never two running."""
FARTHEST = 330
"""Days ahead that are on sale."""
API_ERROR, UNCONFIRMED = "api_error", "unconfirmed"


def serve(state: State, seat: int, move: Call) -> Played:
    """One call of a service: rate limit, token, injected fault, then the service itself."""
    tool, retry = move.tool, state.case.policy.retry
    if state.minute < state.blocked_until:
        wait = state.blocked_until - state.minute
        return refuse(
            state, seat, tool, 429, "too_many_requests", f"wait {_minutes(wait)}, then call", retry_after=wait
        )
    if not valid(state):
        if state.denied:
            return refuse(state, seat, tool, 401, "token_expired", "login first, then call again")
        denied = state._replace(denied=True)
        return denied, [error(denied, seat, tool, 401, "token_expired", "login, then call again")]
    kind = fault(state, seat, tool)
    counted = state._replace(calls=bumped(state.calls, seat), faulted=_marked(state.faulted, seat, kind is not None))
    if kind is None:
        return _SERVICES[tool](counted, seat, move.args)
    hit = counted._replace(faults=bumped(counted.faults, seat))
    secret = Event("fault", {"seat": AGENCY[seat], "tool": tool, "fault": kind}, ())
    if kind == "429":
        after = hit._replace(blocked_until=hit.minute + 1 + retry)
        why = f"wait {_minutes(retry)}, then call again"
        return after, [secret, error(after, seat, tool, 429, "too_many_requests", why, retry_after=retry)]
    if kind == "401":
        after = hit._replace(token_until=0, denied=True)
        return after, [secret, error(after, seat, tool, 401, "token_revoked", "login, then call again")]
    if kind == "503":
        return hit, [secret, error(hit, seat, tool, 503, "unavailable", "try again")]
    body = error(hit, seat, tool, 504, "time_out", "no answer came; it may or may not have been booked")
    if kind == "504 lost":
        return hit, [secret, body]
    after, events = _book(hit, seat, move.args)
    if events[-1].kind != "booked":
        return after, [secret, *events]
    return after._replace(receipts=hit.receipts), [secret, Event("charged", events[-1].data, ()), body]


def fault(state: State, seat: int, tool: str) -> str | None:
    """The fault injected into a seat's next service call, by the seat's own count of calls."""
    rate = state.case.error_rate
    if not rate or state.faulted[seat] or state.faults[seat] >= MOST_FAULTS:
        return None
    calls = state.calls[seat]
    if chance.draw(state.key, f"fault {seat}", calls, 10_000) >= rate * 10_000:
        return None
    kinds = ("504 done", "504 lost", "503", "429") if tool == "book" else ("503", "429", "401")
    return kinds[chance.draw(state.key, f"fault kind {seat}", calls, len(kinds))]


def error(state: State, seat: int, tool: str, status: int, code: str, message: str, **more: Any) -> Event:
    """An error body for a seat."""
    data = {"tool": tool, "status": status, "code": code, "message": message, **more}
    return Event("error", data, (AGENCY[seat],))


def refuse(state: State, seat: int, tool: str, status: int, code: str, message: str, **more: Any) -> Played:
    """An error that the call itself caused."""
    blamed = state._replace(errors=state.errors + 1, blame=(*state.blame, API_ERROR))
    return blamed, [error(blamed, seat, tool, status, code, message, **more)]


# Searching


def _search_flights(state: State, seat: int, args: Mapping[str, Any]) -> Played:
    tool = "search_flights"
    ends: list[str] = []
    for name in ("from", "to"):
        place = args[name]
        city = place if place in CITIES else CITY_OF.get(place)
        if city is None:
            return refuse(state, seat, tool, 404, "unknown_place", f"{name}: no city or airport has this code")
        ends.append(city)
    if ends[0] == ends[1]:
        return refuse(state, seat, tool, 422, "same_city", "from and to are in the same city")
    wrong = _wrong_days(state, ends[0], args["depart"], args["return"])
    if wrong:
        return refuse(state, seat, tool, 422, *wrong)
    query = ("F", ends[0], ends[1], args["depart"], args["return"])

    def asked(offer: Any) -> bool:
        return args["from"] in (ends[0], offer.start) and args["to"] in (ends[1], offer.end)

    return _list(state, seat, tool, 0, query, args, asked)


def _search_hotels(state: State, seat: int, args: Mapping[str, Any]) -> Played:
    tool, city = "search_hotels", args["city"]
    if city not in CITIES:
        if city in CITY_OF:
            return refuse(state, seat, tool, 422, "not_a_city", f"{city} is an airport; its city is {CITY_OF[city]}")
        return refuse(state, seat, tool, 404, "unknown_place", "city: no city has this code")
    wrong = _wrong_days(state, city, args["check_in"], args["check_out"])
    if wrong:
        return refuse(state, seat, tool, 422, *wrong)
    return _list(state, seat, tool, 1, ("H", city, args["check_in"], args["check_out"]), args)


def _search_cars(state: State, seat: int, args: Mapping[str, Any]) -> Played:
    tool, airport = "search_cars", args["airport"]
    if airport not in CITY_OF:
        if airport in CITIES:
            listed = ", ".join(CITIES[airport].airports)
            why = f"{airport} has several airports: {listed}; cars wait at one"
            return refuse(state, seat, tool, 422, "ambiguous_place", why)
        return refuse(state, seat, tool, 404, "unknown_place", "airport: no airport has this code")
    wrong = _wrong_days(state, CITY_OF[airport], args["pick_up"], args["drop_off"])
    if wrong:
        return refuse(state, seat, tool, 422, *wrong)
    return _list(state, seat, tool, 2, ("C", airport, args["pick_up"], args["drop_off"]), args)


def _wrong_days(state: State, city: str, begin: str, end: str) -> tuple[str, str] | None:
    """(code, message) where the days cannot be booked."""
    now = today(state, city)
    if ordinal(begin) < now:
        return "in_the_past", f"{begin} is over"
    if ordinal(end) <= ordinal(begin):
        return "days_reversed", f"{end} must be later than {begin}"
    if ordinal(end) > now + FARTHEST:
        return "not_on_sale", f"{end} is more than {FARTHEST} days ahead"
    return None


_SORTS: dict[str, Callable[[Any], Any]] = {
    "price": lambda offer: offer.price,
    "time": lambda offer: offer.minutes,
    "stars": lambda offer: -offer.stars,
}


def _list(
    state: State,
    seat: int,
    tool: str,
    kind: int,
    query: Query,
    args: Mapping[str, Any],
    asked: Callable[[Offer], bool] | None = None,
) -> Played:
    """One page of a list."""
    shelf = state.case.shelf(query)
    order = [i for i, offer in enumerate(shelf) if asked is None or asked(offer)]
    sort = args.get("sort")
    if sort is not None:
        order.sort(key=lambda i: _SORTS[sort](shelf[i]))
    size, page = state.case.policy.page, args.get("page", 1)
    pages = max(1, -(-len(order) // size))
    if page > pages:
        return refuse(state, seat, tool, 404, "no_such_page", f"the last page is {pages}")
    after, block = number(state, kind, query)
    shown = [(option_id(kind, block, i), shelf[i]) for i in order[(page - 1) * size : page * size]]
    new = tuple(option for option, _ in shown if option not in after.found)
    data = {
        "product": ("flight", "hotel", "car")[kind],
        "query": list(query[1:]),
        "asked": [args["from"], args["to"]] if kind == 0 else [query[1]],
        "page": page,
        "pages": pages,
        "options": [{"id": option, **public(offer)} for option, offer in shown],
    }
    return after._replace(found=(*after.found, *new)), [Event("found", data, (AGENCY[seat],))]


# Prices, holds, bookings


def _quote(state: State, seat: int, args: Mapping[str, Any]) -> Played:
    bag, priced = args.get("bag", False), []
    for option in args["options"]:
        if option not in state.shortlist:
            return refuse(state, seat, "quote", 404, "unknown_option", f"{tame_id(option)} was not passed to you")
        offer = offer_of(state, option)
        if bag and isinstance(offer, Flight) and offer.bag < 0:
            return refuse(state, seat, "quote", 422, "no_bags", f"{option} takes no checked bag")
        priced.append({"id": option, "cost": cost(offer, state.case.home, bag, state.minute)})
    total = sum(each["cost"] for each in priced)
    data = {"costs": priced, "total": total, "currency": state.case.home, "bag": bag}
    return state, [Event("quoted", data, (AGENCY[seat],))]


def _hold(state: State, seat: int, args: Mapping[str, Any]) -> Played:
    option, bag = args["option"], args.get("bag", False)
    if option not in state.ranked:
        return refuse(state, seat, "hold", 404, "unknown_option", f"{tame_id(option)} was not passed to you")
    offer = offer_of(state, option)
    if bag and not (isinstance(offer, Flight) and offer.bag >= 0):
        return refuse(state, seat, "hold", 422, "no_bags", f"{option} takes no checked bag")
    if offer.gone:
        if option in state.gone:
            return refuse(state, seat, "hold", 409, "sold_out", f"{option} is sold out, as you were told")
        after = state._replace(gone=(*state.gone, option))
        return after, [error(after, seat, "hold", 409, "sold_out", f"{option} is sold out", option=option)]
    price = cost(offer, state.case.home, bag, state.minute)
    until = state.minute + state.case.policy.hold
    held = Hold(f"K{len(state.holds) + 1}", option, offer, bag, price, until)
    after = state._replace(holds=(*state.holds, held))
    data = {
        "hold": held.id, "option": option, "bag": bag, "price": price, "currency": state.case.home,
        "until": clock(state, until), "minutes": state.case.policy.hold,
        "total": sum(each.price for each in live(after)),
    }  # fmt: skip
    return after, [Event("held", data, (AGENCY[seat],))]


def live(state: State) -> tuple[Hold, ...]:
    """The holds that stand now and are not booked, as far as booking_0 knows."""
    booked = {booking.hold.id for booking in state.bookings if booking.id in state.receipts}
    return tuple(hold for hold in state.holds if state.minute < hold.until and hold.id not in booked)


def hold_named(state: State, name: str) -> Hold | None:
    """The hold of that id, expired or not."""
    return next((hold for hold in state.holds if hold.id == name), None)


def _book(state: State, seat: int, args: Mapping[str, Any]) -> Played:
    key, held = args.get("key"), hold_named(state, args["hold"])
    if held is None:
        return refuse(state, seat, "book", 404, "unknown_hold", f"there is no hold {tame_id(args['hold'])}")
    before = next((b for b in state.bookings if key is not None and b.key == key), None)
    if before is not None:
        if before.hold.id != held.id:
            why = f"this key booked {before.hold.id}; another hold needs another key"
            return refuse(state, seat, "book", 422, "key_reused", why)
        return _receipt(state, (before.id,)), [_booked(state, seat, before, True)]
    if state.minute >= held.until:
        return refuse(state, seat, "book", 409, "hold_expired", f"{held.id} ended at {clock(state, held.until)}")
    agreed = held.id in state.confirmed
    made = Booking(f"B{len(state.bookings) + 1}", held, key, agreed)
    blame = state.blame if agreed or any(not b.confirmed for b in state.bookings) else (*state.blame, UNCONFIRMED)
    after = state._replace(bookings=(*state.bookings, made), blame=blame)
    return _receipt(after, (made.id,)), [_booked(after, seat, made, False)]


def _receipt(state: State, names: tuple[str, ...]) -> State:
    new = tuple(name for name in names if name not in state.receipts)
    return state._replace(receipts=(*state.receipts, *new)) if new else state


def _booked(state: State, seat: int, made: Booking, again: bool) -> Event:
    data = {
        "booking": made.id, "hold": made.hold.id, "option": made.hold.option, "paid": made.hold.price,
        "currency": state.case.home, "again": again,
    }  # fmt: skip
    return Event("booked", data, (AGENCY[seat],))


def _bookings(state: State, seat: int, args: Mapping[str, Any]) -> Played:
    listed = [
        {"booking": b.id, "hold": b.hold.id, "option": b.hold.option, "paid": b.hold.price, "kept": b.kept}
        for b in state.bookings
    ]
    known = _receipt(state, tuple(b.id for b in state.bookings))
    return known, [Event("bookings", {"bookings": listed, "currency": state.case.home}, (AGENCY[seat],))]


def _cancel(state: State, seat: int, args: Mapping[str, Any]) -> Played:
    name = args["booking"]
    found = next((b for b in state.bookings if b.id == name), None)
    if found is None:
        return refuse(state, seat, "cancel", 404, "unknown_booking", f"there is no booking {tame_id(name)}")
    if found.kept is not None:
        return refuse(state, seat, "cancel", 409, "already_cancelled", f"{name} was cancelled before")
    back = given_back(found.hold.price, found.hold.offer.refund)
    kept = found._replace(kept=found.hold.price - back)
    after = state._replace(bookings=tuple(kept if b.id == name else b for b in state.bookings))
    data = {"booking": name, "refund": back, "kept": kept.kept, "currency": state.case.home}
    return after, [Event("cancelled", data, (AGENCY[seat],))]


def meanwhile(since: int, state: State) -> list[Event]:
    """What changes unseen as minutes pass: prices of options that were found, and holds that end."""
    now, events = state.minute, []
    if any(minute in state.case.moves for minute in range(since + 1, now + 1)):
        for option in state.found:
            offer = offer_of(state, option)
            if offer.moved and since < offer.moved_at <= now:
                data = {"option": option, "from": offer.price, "to": offer.price + offer.moved}
                events.append(Event("drifted", data, ()))
    for hold in state.holds:
        if since < hold.until <= now and all(b.hold.id != hold.id for b in state.bookings):
            events.append(Event("lapsed", {"hold": hold.id, "option": hold.option}, ()))
    return events


def _minutes(count: int) -> str:
    return "1 minute" if count == 1 else f"{count} minutes"


def tame_id(text: str) -> str:
    """An id that an agent made up, safe to repeat."""
    return text if text.isalnum() and text.isascii() and len(text) <= 8 else "of that id"


def _marked(marks: tuple[bool, bool, bool], seat: int, value: bool) -> tuple[bool, bool, bool]:
    if marks[seat] == value:
        return marks
    return tuple(value if i == seat else mark for i, mark in enumerate(marks))  # type: ignore[return-value]


_SERVICES: dict[str, Callable[[State, int, Mapping[str, Any]], Played]] = {
    "search_flights": _search_flights,
    "search_hotels": _search_hotels,
    "search_cars": _search_cars,
    "quote": _quote,
    "hold": _hold,
    "book": _book,
    "bookings": _bookings,
    "cancel": _cancel,
}
assert set(_SERVICES) == SERVICES
