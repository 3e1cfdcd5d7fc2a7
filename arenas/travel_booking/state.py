"""A moment of a game, and what holds and bookings are."""

from __future__ import annotations

from typing import NamedTuple

from lanista.arenas.travel_booking import world
from lanista.arenas.travel_booking.cases import Case, Spec
from lanista.arenas.travel_booking.offers import Offer, Query


class Hold(NamedTuple):
    """An offer kept at a price (whole units of the traveller's currency) until a minute."""

    id: str
    option: str
    offer: Offer
    bag: bool
    price: int
    until: int


class Booking(NamedTuple):
    """A hold that was booked and paid. ``kept`` is what a cancelled booking still cost; None while it stands."""

    id: str
    hold: Hold
    key: str | None
    confirmed: bool
    kept: int | None = None


class Verdict(NamedTuple):
    """What a finished game comes to."""

    success: bool
    booked: bool
    """Booked, and every criterion met."""
    saved: bool
    """Booked right at 20% or more under the budget."""
    wrong: tuple[str, ...]
    """What is wrong with what is booked: ``double``, ``incomplete``, ``dates``, ``demand``, ``budget``, ``goal``,
    ``total`` (not what was agreed to), ``kept`` (cancellation was paid for). () where nothing is, or nothing booked."""
    right_claim: bool
    """Said to be impossible, which it is, for that reason."""
    false_claim: bool
    """Said to be impossible, which it is not."""
    unserved: bool
    """Ended with neither: nothing wrong is booked, and the traveller has no trip and no answer."""

    @property
    def score(self) -> float:
        """What boards rank by: 1 for success, else 0. How far a game got is a fact beside it."""
        return float(self.success)


class State(NamedTuple):
    """A moment of a game. Triples go by seat: search, comparison, booking."""

    case: Case
    key: int
    limit: int
    seated: bool
    """Whether the traveller is a seat."""
    short: bool
    """Whether briefs leave out duties and calls."""
    token_until: int
    turn: int = 0
    minute: int = 0
    seat: int = 0
    """Whose turn it is, as an index into AGENCY."""
    pending: tuple[str, ...] = ()
    """What the traveller's seat owes an answer to: ``("ask", topic)`` or ``("confirm", total, hold, …)``."""
    spec: int = 0
    told: tuple[str, ...] = ()
    """The products on which the traveller has said everything."""
    missed: tuple[str, ...] = ()
    """Kinds of held-back demands that came out as objections."""
    blocked_until: int = 0
    denied: bool = False
    """The last answer was 401, and nobody has logged in since."""
    calls: tuple[int, int, int] = (0, 0, 0)
    """Service calls so far."""
    faults: tuple[int, int, int] = (0, 0, 0)
    """Injected faults so far."""
    faulted: tuple[bool, bool, bool] = (False, False, False)
    """Whether the seat's last service call met an injected fault."""
    queries: tuple[tuple[Query, ...], tuple[Query, ...], tuple[Query, ...]] = ((), (), ())
    """The lists asked for so far, by product: what the numbers of options refer to."""
    dates: tuple[tuple[str, str], ...] = ()
    """What the date service told search_0: (words, date)."""
    found: tuple[str, ...] = ()
    """Options that were shown to search_0."""
    shortlist: tuple[str, ...] = ()
    """Options that were passed to comparison_0, all of them; the last ones are ``fresh``."""
    fresh: tuple[str, ...] = ()
    trips: tuple[tuple[str, ...], ...] = ()
    """The trips last ranked."""
    ranked: tuple[str, ...] = ()
    """Options that were passed to booking_0, all of them."""
    nothing: str | None = None
    """The obstacle that was passed on last."""
    said: tuple[str, ...] = ()
    """What was said for the trip that was ranked first."""
    said_at: int = 0
    said_of: int = 0
    """Which of the traveller's wishes held then."""
    holds: tuple[Hold, ...] = ()
    gone: tuple[str, ...] = ()
    """Options that booking_0 knows to be sold out."""
    confirmed: tuple[str, ...] = ()
    """The holds that the traveller agreed to last."""
    agreed: int | None = None
    """The total agreed to."""
    refusals: int = 0
    bookings: tuple[Booking, ...] = ()
    receipts: tuple[str, ...] = ()
    """The bookings that booking_0 knows of."""
    errors: int = 0
    """API errors that calls themselves caused, malformed calls included."""
    blame: tuple[str, ...] = ()
    """Terms that this step earns the seat that moved."""
    end: str | None = None
    """``done``, ``impossible``, ``left`` (the traveller) or ``turns``."""
    claim: str | None = None
    """The reason given for ``impossible``."""
    verdict: Verdict | None = None
    """The judgement, once the game is over."""

    @property
    def wanted(self) -> Spec:
        """What the traveller wants now."""
        return self.case.specs[self.spec]


def clock(state: State, minute: int | None = None) -> str:
    """A minute of the game as the UTC time of day, ``14:05Z``."""
    total = state.case.clock + (state.minute if minute is None else minute)
    return f"{total // 60 % 24:02d}:{total % 60:02d}Z"


def valid(state: State) -> bool:
    """Whether services take the token now."""
    return state.minute < state.token_until


def today(state: State, city: str) -> int:
    """The calendar day it is now in a city, as a proleptic ordinal."""
    return world.today(state.case.clock + state.minute, city)


def number(state: State, kind: int, query: Query) -> tuple[State, int]:
    """The state in which a list has a number, and that number."""
    known = state.queries[kind]
    if query in known:
        return state, known.index(query)
    queries = tuple((*q, query) if i == kind else q for i, q in enumerate(state.queries))
    return state._replace(queries=queries), len(known)  # type: ignore[arg-type]


def option_id(kind: int, block: int, index: int) -> str:
    """``F3`` is the third flight of the first list asked for, ``H12`` the second hotel of the second."""
    return f"{'FHC'[kind]}{10 * block + index + 1}"


def offer_of(state: State, option: str) -> Offer:
    """The offer an id that was shown refers to."""
    kind, at = "FHC".index(option[0]), int(option[1:]) - 1
    return state.case.shelf(state.queries[kind][at // 10])[at % 10]


def bumped(counts: tuple[int, int, int], seat: int) -> tuple[int, int, int]:
    """The counts with one more for a seat."""
    return tuple(n + (i == seat) for i, n in enumerate(counts))  # type: ignore[return-value]
