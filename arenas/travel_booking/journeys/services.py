"""The services of journeys: lists, true prices, holds, bookings; tokens, rate limits and injected faults.

Every handler takes ``(state, seat index, arguments)`` and gives the state after the call and its events. An error that
the call itself caused is blamed on the seat (term ``api_error``); an injected fault is nobody's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lanista.arenas.core import chance
from lanista.arenas.core.contract import Event
from lanista.arenas.core.tools import Call
from lanista.arenas.travel_booking.dates import ordinal
from lanista.arenas.travel_booking.journeys.calls import AGENCY, SERVICES
from lanista.arenas.travel_booking.journeys.offers import Flight, Offer, Query, brand, change_fee, cost, public
from lanista.arenas.travel_booking.journeys.places import PLACE_OF, PLACES
from lanista.arenas.travel_booking.journeys.state import (
    Booking,
    Hold,
    Moment,
    clock,
    due,
    hold_named,
    live,
    more,
    number,
    offer_of,
    option_id,
    today,
    valid,
)
from lanista.arenas.travel_booking.offers import given_back
from lanista.arenas.travel_booking.services import FARTHEST, MOST_FAULTS, tame_id
from lanista.arenas.travel_booking.state import bumped

Played = tuple[Moment, list[Event]]
HOLDING = 3
"""Minutes that holding an option takes."""
API_ERROR, UNCONFIRMED = "api_error", "unconfirmed"


def serve(state: Moment, seat: int, move: Call) -> Played:
    """One call of a service: rate limit, token, injected fault, then the service itself."""
    tool, retry = move.tool, state.case.house.retry
    if state.minute < state.blocked_until:
        wait = state.blocked_until - state.minute
        return refuse(state, seat, tool, 429, "too_many_requests", _wait(wait), retry_after=wait)
    if not valid(state):
        if state.denied:
            return refuse(state, seat, tool, 401, "token_expired", "login first, then call again")
        denied = state._replace(denied=True)
        return denied, [error(seat, tool, 401, "token_expired", "login, then call again")]
    kind = fault(state, seat, tool)
    marks = tuple(kind is not None if i == seat else mark for i, mark in enumerate(state.faulted))
    counted = state._replace(calls=bumped(state.calls, seat), faulted=marks)  # type: ignore[arg-type]
    if kind is None:
        return _SERVICES[tool](counted, seat, move.args)
    hit = counted._replace(faults=bumped(counted.faults, seat))
    secret = Event("fault", {"seat": AGENCY[seat], "tool": tool, "fault": kind}, ())
    if kind == "429":
        after = hit._replace(blocked_until=hit.minute + 1 + retry)
        return after, [secret, error(seat, tool, 429, "too_many_requests", _wait(retry), retry_after=retry)]
    if kind == "401":
        after = hit._replace(token_until=0, denied=True)
        return after, [secret, error(seat, tool, 401, "token_revoked", "login, then call again")]
    if kind == "503":
        return hit, [secret, error(seat, tool, 503, "unavailable", "try again")]
    body = error(seat, tool, 504, "time_out", "no answer came; it may or may not have been booked")
    if kind == "504 lost":
        return hit, [secret, body]
    after, events = _book(hit, seat, move.args)
    if events[-1].kind != "booked":
        return after, [secret, *events]
    return after._replace(receipts=hit.receipts), [secret, Event("charged", events[-1].data, ()), body]


def fault(state: Moment, seat: int, tool: str) -> str | None:
    """The fault injected into a seat's next service call, by the seat's own count of calls."""
    rate = state.case.error_rate
    if not rate or state.faulted[seat] or state.faults[seat] >= MOST_FAULTS:
        return None
    calls = state.calls[seat]
    if chance.draw(state.key, f"fault {seat}", calls, 10_000) >= rate * 10_000:
        return None
    kinds = ("504 done", "504 lost", "503", "429") if tool == "book" else ("503", "429", "401")
    return kinds[chance.draw(state.key, f"fault kind {seat}", calls, len(kinds))]


def error(seat: int, tool: str, status: int, code: str, message: str, **rest: Any) -> Event:
    """An error body for a seat."""
    data = {"tool": tool, "status": status, "code": code, "message": message, **rest}
    return Event("error", data, (AGENCY[seat],))


def refuse(state: Moment, seat: int, tool: str, status: int, code: str, message: str, **rest: Any) -> Played:
    """An error that the call itself caused."""
    blamed = state._replace(errors=state.errors + 1, blame=(*state.blame, API_ERROR))
    return blamed, [error(seat, tool, status, code, message, **rest)]


def _wait(minutes: int) -> str:
    return f"wait {minutes} minute{'s' if minutes != 1 else ''}, then call"


# Lists


def _flights(state: Moment, seat: int, args: Mapping[str, Any]) -> Played:
    for name in ("from", "to"):
        if args[name] not in PLACES:
            return refuse(state, seat, "flights", 404, "unknown_place", f"{name}: no city has this code")
    if args["from"] == args["to"]:
        return refuse(state, seat, "flights", 422, "same_city", "from and to are the same city")
    wrong = _wrong_day(state, args["from"], args["day"])
    if wrong:
        return refuse(state, seat, "flights", 422, *wrong)
    return _list(state, seat, "flights", ("F", args["from"], args["to"], args["day"]), args)


def _hotels(state: Moment, seat: int, args: Mapping[str, Any]) -> Played:
    if args["city"] not in PLACES:
        return refuse(state, seat, "hotels", 404, "unknown_place", "city: no city has this code")
    wrong = _wrong_day(state, args["city"], args["check_in"]) or _wrong_day(state, args["city"], args["check_out"])
    if not wrong and args["check_out"] <= args["check_in"]:
        wrong = ("days_reversed", f"{args['check_out']} must be later than {args['check_in']}")
    if wrong:
        return refuse(state, seat, "hotels", 422, *wrong)
    return _list(state, seat, "hotels", ("H", args["city"], args["check_in"], args["check_out"]), args)


def _wrong_day(state: Moment, city: str, day: str) -> tuple[str, str] | None:
    now = today(state, city)
    if ordinal(day) < now:
        return "in_the_past", f"{day} is over"
    return ("not_on_sale", f"{day} is more than {FARTHEST} days ahead") if ordinal(day) > now + FARTHEST else None


def _list(state: Moment, seat: int, tool: str, query: Query, args: Mapping[str, Any]) -> Played:
    """One page of a list."""
    shelf = state.case.shelf(query)
    order, sort = list(range(len(shelf))), args.get("sort")
    if sort is not None:
        order.sort(key=lambda i: shelf[i].price if sort == "price" else getattr(shelf[i], "minutes", 0))
    size, page = state.case.house.page, args.get("page", 1)
    pages = max(1, -(-len(order) // size))
    if page > pages:
        return refuse(state, seat, tool, 404, "no_such_page", f"the last page is {pages}")
    after, block = number(state, query)
    listed = [(option_id(query, block, i), shelf[i]) for i in order[(page - 1) * size : page * size]]
    ids = tuple(option for option, _ in listed)
    data = {
        "query": list(query), "page": page, "pages": pages,
        "options": [{"id": option, **public(offer)} for option, offer in listed],
    }  # fmt: skip
    after = after._replace(known=more(after.known, seat, ids), shown=more(after.shown, seat, ids))
    return after, [Event("listed", data, (AGENCY[seat],))]


# Prices and holds


def _unknown(state: Moment, seat: int, tool: str, option: str) -> Played:
    return refuse(state, seat, tool, 404, "unknown_option", f"{tame_id(option)} was not passed to you")


def _quote(state: Moment, seat: int, args: Mapping[str, Any]) -> Played:
    ages, bags, home, priced = tuple(args["ages"]), args["bags"], state.case.home, []
    for option in args["options"]:
        if option not in state.known[seat]:
            return _unknown(state, seat, "quote", option)
        offer = offer_of(state, option)
        gone = offer.gone or option in state.lost
        priced.append({"id": option, **public(offer), "cost": None if gone else cost(offer, home, ages, bags)})
    data = {"options": priced, "ages": list(ages), "bags": bags, "currency": home}
    after = state._replace(shown=more(state.shown, seat, tuple(args["options"])))
    return after, [Event("priced", data, (AGENCY[seat],))]


def _hold(state: Moment, seat: int, args: Mapping[str, Any]) -> Played:
    option, ages, bags = args["option"], tuple(args["ages"]), args["bags"]
    if option not in state.known[seat]:
        return _unknown(state, seat, "hold", option)
    offer = offer_of(state, option)
    if isinstance(offer, Flight) and offer.bag < 0 and bags:
        return refuse(state, seat, "hold", 422, "no_bags", f"{option} takes no checked bag")
    if offer.gone or option in state.lost:
        if option in state.sold:
            return refuse(state, seat, "hold", 409, "sold_out", f"{option} is sold out, as you were told")
        after = state._replace(sold=(*state.sold, option))
        return after, [error(seat, "hold", 409, "sold_out", f"{option} is sold out", option=option)]
    price, until = cost(offer, state.case.home, ages, bags), state.minute + HOLDING + offer.keeps
    held = Hold(f"K{len(state.holds) + 1}", option, offer, ages, bags, price, until)
    after = state._replace(holds=(*state.holds, held))
    data = {
        "hold": held.id, "option": option, "ages": list(ages), "bags": bags, "price": price,
        "currency": state.case.home, "until": clock(state, until), "minutes": offer.keeps, "product": option[0],
        "total": due(after._replace(minute=state.minute + HOLDING), live(after)),
    }  # fmt: skip
    return after, [Event("kept", data, (AGENCY[seat],))]


# Bookings


def _book(state: Moment, seat: int, args: Mapping[str, Any]) -> Played:
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
    after, made = _made(state, held, key, held.price)
    return after, [_booked(after, seat, made, False)]


def _made(state: Moment, held: Hold, key: str | None, paid: int) -> tuple[Moment, Booking]:
    """The state with one more booking."""
    agreed = held.id in state.confirmed
    made = Booking(f"B{len(state.bookings) + 1}", held, key, agreed)
    blame = state.blame if agreed or any(not b.confirmed for b in state.bookings) else (*state.blame, UNCONFIRMED)
    after = state._replace(bookings=(*state.bookings, made), blame=blame, spent=state.spent + paid)
    return _receipt(after, (made.id,)), made


def _receipt(state: Moment, names: tuple[str, ...]) -> Moment:
    new = tuple(name for name in names if name not in state.receipts)
    return state._replace(receipts=(*state.receipts, *new)) if new else state


def _booked(state: Moment, seat: int, made: Booking, again: bool) -> Event:
    data = {
        "booking": made.id, "hold": made.hold.id, "option": made.hold.option, "paid": made.hold.price,
        "currency": state.case.home, "again": again,
    }  # fmt: skip
    return Event("booked", data, (AGENCY[seat],))


def _bookings(state: Moment, seat: int, args: Mapping[str, Any]) -> Played:
    home = state.case.home
    listed = [
        {
            "booking": b.id, "hold": b.hold.id, "option": b.hold.option, "paid": b.hold.price, "stands": b.stands,
            "fee": change_fee(b.hold.offer, home), "refund": b.hold.offer.refund, "brand": brand(b.hold.offer),
        }
        for b in state.bookings
    ]  # fmt: skip
    known = _receipt(state, tuple(b.id for b in state.bookings))
    return known, [Event("tickets", {"bookings": listed, "currency": home}, (AGENCY[seat],))]


def _found(state: Moment, seat: int, tool: str, name: str) -> Booking | Played:
    """The booking of that id, if it stands."""
    found = next((b for b in state.bookings if b.id == name), None)
    if found is None:
        return refuse(state, seat, tool, 404, "unknown_booking", f"there is no booking {tame_id(name)}")
    if not found.stands:
        return refuse(state, seat, tool, 409, "already_cancelled", f"{name} does not stand any more")
    return found


def _ended(state: Moment, booking: Booking) -> Moment:
    bookings = tuple(b._replace(stands=False) if b.id == booking.id else b for b in state.bookings)
    return state._replace(bookings=bookings)


def _cancel(state: Moment, seat: int, args: Mapping[str, Any]) -> Played:
    found = _found(state, seat, "cancel", args["booking"])
    if not isinstance(found, Booking):
        return found
    back = given_back(found.hold.price, found.hold.offer.refund)
    after = _ended(state, found)._replace(spent=state.spent - back)
    data = {"booking": found.id, "refund": back, "kept": found.hold.price - back, "currency": state.case.home}
    return after, [Event("cancelled", data, (AGENCY[seat],))]


def _exchange(state: Moment, seat: int, args: Mapping[str, Any]) -> Played:
    found, held = _found(state, seat, "exchange", args["booking"]), hold_named(state, args["hold"])
    if not isinstance(found, Booking):
        return found
    if held is None:
        return refuse(state, seat, "exchange", 404, "unknown_hold", f"there is no hold {tame_id(args['hold'])}")
    if any(b.hold.id == held.id for b in state.bookings):
        return refuse(state, seat, "exchange", 409, "already_booked", f"{held.id} is booked")
    if state.minute >= held.until:
        return refuse(state, seat, "exchange", 409, "hold_expired", f"{held.id} ended at {clock(state, held.until)}")
    old, new = found.hold.offer, held.offer
    if _line(old) != _line(new):
        why = f"{found.id} is {brand(old)}; it is exchanged for the same airline and cities, or the same hotel, alone"
        return refuse(state, seat, "exchange", 422, "other_brand", why)
    fee = change_fee(old, state.case.home)
    paid = fee + max(0, held.price - found.hold.price)
    after, made = _made(_ended(state, found), held, None, paid)
    data = {"booking": found.id, "new": made.id, "option": held.option, "hold": held.id, "fee": fee, "paid": paid,
            "currency": state.case.home}  # fmt: skip
    return after, [Event("exchanged", data, (AGENCY[seat],))]


def _line(offer: Offer) -> tuple[str, ...]:
    """What an exchange leaves as it is."""
    ends = (PLACE_OF[offer.start], PLACE_OF[offer.end]) if isinstance(offer, Flight) else (offer.city,)
    return (brand(offer), *ends)


def meanwhile(state: Moment) -> Played:
    """What happens unseen as minutes pass: a hold that ends without a booking is somebody else's."""
    events = []
    booked = {booking.hold.id for booking in state.bookings}
    for hold in state.holds:
        if hold.until <= state.minute and hold.id not in booked and hold.option not in state.lost:
            state = state._replace(lost=(*state.lost, hold.option))
            events.append(Event("lapsed", {"hold": hold.id, "option": hold.option}, ()))
    return state, events


_SERVICES: dict[str, Callable[[Moment, int, Mapping[str, Any]], Played]] = {
    "flights": _flights,
    "hotels": _hotels,
    "quote": _quote,
    "hold": _hold,
    "book": _book,
    "bookings": _bookings,
    "exchange": _exchange,
    "cancel": _cancel,
}
assert set(_SERVICES) == SERVICES
