"""A moment of a journey's game."""

from __future__ import annotations

from typing import NamedTuple

from lanista.arenas.travel_booking.journeys import places
from lanista.arenas.travel_booking.journeys.cases import Journey, Terms
from lanista.arenas.travel_booking.journeys.offers import Flight, Offer, Query, rebate
from lanista.arenas.travel_booking.state import Verdict

Triple = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


class Hold(NamedTuple):
    """An offer kept for a party (its ages and checked bags) at a price until a minute."""

    id: str
    option: str
    offer: Offer
    ages: tuple[int, ...]
    bags: int
    price: int
    until: int


class Booking(NamedTuple):
    """A hold that was booked and paid. ``stands`` until it is cancelled or exchanged."""

    id: str
    hold: Hold
    key: str | None
    confirmed: bool
    stands: bool = True


class Moment(NamedTuple):
    """Triples go by seat: search, comparison, booking."""

    case: Journey
    key: int
    limit: int
    told: bool
    """Whether each seat knows only what it heard and what was written to it."""
    short: bool
    token_until: int
    terms: Terms
    """What is wanted now."""
    turn: int = 0
    minute: int = 0
    seat: int = 0
    stage: int = 0
    """0 until the itinerary is sent; 1 where a flight has to be moved after that, 2 where all is called off."""
    blocked_until: int = 0
    denied: bool = False
    calls: tuple[int, int, int] = (0, 0, 0)
    faults: tuple[int, int, int] = (0, 0, 0)
    faulted: tuple[bool, bool, bool] = (False, False, False)
    queries: tuple[tuple[Query, ...], tuple[Query, ...]] = ((), ())
    """The lists asked for so far, flights and hotels: what the numbers of options refer to."""
    dates: tuple[tuple[str, str], ...] = ()
    """What the date service told search_0: (words, date)."""
    known: Triple = ((), (), ())
    """Options whose ids each seat has: found, or passed to it."""
    shown: Triple = ((), (), ())
    """Options whose data each seat has seen: listed, quoted, or copied to all where nothing has to be told."""
    heard: Triple = ((), (), ())
    """Whose wishes each seat heard when they were asked."""
    missed: tuple[str, ...] = ()
    """Kinds of wishes held back that came out as objections."""
    holds: tuple[Hold, ...] = ()
    lost: tuple[str, ...] = ()
    """Options whose hold ended: somebody else has them now."""
    sold: tuple[str, ...] = ()
    """Options that booking_0 was told are sold out."""
    confirmed: tuple[str, ...] = ()
    agreed: int | None = None
    refusals: int = 0
    bookings: tuple[Booking, ...] = ()
    receipts: tuple[str, ...] = ()
    """The bookings that booking_0 knows of."""
    spent: int = 0
    """What has been paid so far, fees in, refunds out."""
    sent: tuple[Booking, ...] = ()
    """What stood when the itinerary was first sent."""
    spent_when_sent: int = 0
    errors: int = 0
    blame: tuple[str, ...] = ()
    end: str | None = None
    claim: str | None = None
    pending: tuple[str, ...] = ()
    """Always (): a journey's party is simulated."""
    verdict: Verdict | None = None


def clock(state: Moment, minute: int | None = None) -> str:
    """A minute of the game as the UTC time of day, ``14:05Z``."""
    total = state.case.clock + (state.minute if minute is None else minute)
    return f"{total // 60 % 24:02d}:{total % 60:02d}Z"


def valid(state: Moment) -> bool:
    """Whether services take the token now."""
    return state.minute < state.token_until


def today(state: Moment, city: str) -> int:
    """The calendar day it is now in a city, as a proleptic ordinal."""
    return places.today(state.case.clock + state.minute, city)


def number(state: Moment, query: Query) -> tuple[Moment, int]:
    """The state in which a list has a number, and that number."""
    kind = "FH".index(query[0])
    known = state.queries[kind]
    if query in known:
        return state, known.index(query)
    queries = tuple((*q, query) if i == kind else q for i, q in enumerate(state.queries))
    return state._replace(queries=queries), len(known)  # type: ignore[arg-type]


def option_id(query: Query, block: int, index: int) -> str:
    """``F3`` is the third flight of the first list asked for, ``H12`` the second hotel of the second."""
    return f"{query[0]}{10 * block + index + 1}"


def place_of(state: Moment, option: str) -> tuple[Query, int]:
    """The list an id refers to, and the place on it."""
    at = int(option[1:]) - 1
    return state.queries["FH".index(option[0])][at // 10], at % 10


def offer_of(state: Moment, option: str) -> Offer:
    """The offer an id that was shown refers to."""
    query, index = place_of(state, option)
    return state.case.shelf(query)[index]


def more(triple: Triple, seat: int, options: tuple[str, ...]) -> Triple:
    """The triple with what is new among ``options`` added for a seat."""
    have = triple[seat]
    new = (*have, *(option for option in options if option not in have))
    return tuple(new if i == seat else each for i, each in enumerate(triple))  # type: ignore[return-value]


def hold_named(state: Moment, name: str) -> Hold | None:
    """The hold of that id, ended or not."""
    return next((hold for hold in state.holds if hold.id == name), None)


def live(state: Moment) -> tuple[Hold, ...]:
    """The holds that stand now and are not booked, as far as booking_0 knows."""
    booked = {booking.hold.id for booking in state.bookings if booking.id in state.receipts}
    return tuple(hold for hold in state.holds if state.minute < hold.until and hold.id not in booked)


def standing(state: Moment) -> tuple[Booking, ...]:
    """The bookings that stand."""
    return tuple(booking for booking in state.bookings if booking.stands)


def due(state: Moment, holds: tuple[Hold, ...]) -> int:
    """What these holds cost together: with the rebate, where one airline flies all flights of the journey."""
    flights = [hold for hold in holds if isinstance(hold.offer, Flight)]
    total = sum(hold.price for hold in holds)
    one = len({hold.offer.airline for hold in flights if isinstance(hold.offer, Flight)}) == 1
    whole = len({hold.offer[1:4] for hold in flights}) == len(flights) == len(state.terms.legs)
    return total - sum(rebate(hold.price) for hold in flights) if one and whole and state.stage == 0 else total
