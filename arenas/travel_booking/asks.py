"""What each seat is asked, with sample replies made of what that seat has seen. All else it may call is legal too."""

from __future__ import annotations

from functools import lru_cache

from lanista.arenas.core.contract import Ask
from lanista.arenas.core.tools import Call
from lanista.arenas.travel_booking.calls import AGENCY, COMPARISON, SEARCH, TRAVELLER, made
from lanista.arenas.travel_booking.offers import PRODUCTS, Flight
from lanista.arenas.travel_booking.services import live
from lanista.arenas.travel_booking.state import State, clock, offer_of, valid
from lanista.arenas.travel_booking.traveller import may_change, objections, proposed

KINDS = ("search", "comparison", "booking")
LANDINGS = 3
"""Landings (day and airport) for which a search on the ground is listed."""


def ask(state: State) -> Ask:
    """What is asked of whoever owes a decision."""
    token = "" if state.pending else f"token until {clock(state, state.token_until)}" if valid(state) else "no token"
    data = (
        ("products", len(state.case.needs)), ("turn", state.turn), ("of", state.limit), ("clock", clock(state)),
        ("token", token),
    )  # fmt: skip
    if state.pending:
        if state.pending[0] == "ask":
            return Ask(TRAVELLER, "tell", (made("tell"),), True, (*data, ("about", state.pending[1])))
        total = int(state.pending[1])
        answers = _answers(may_change(state), objections(state, proposed(state), total))
        return Ask(TRAVELLER, "answer", answers, True, (*data, ("holds", state.pending[2:]), ("total", total)))
    choices = (_search, _comparison, _booking)[state.seat](state)
    return Ask(AGENCY[state.seat], KINDS[state.seat], choices, False, data)


def _search(state: State) -> tuple[Call, ...]:
    spec, needs = state.wanted, state.case.needs
    dates = dict(state.dates)
    depart = spec.depart_say if spec.depart_say == spec.depart else dates.get(spec.depart_say)
    back = spec.back_say if spec.back_say == spec.back else dates.get(spec.back_say)
    landings: tuple[tuple[str, str], ...] = ()
    if len(needs) > 1 and back:
        flights = (offer_of(state, option) for option in state.found if option[0] == "F")
        landings = tuple(dict.fromkeys((f.arrive, f.end) for f in flights if isinstance(f, Flight) and f.back == back))
    days = (spec.depart_say, depart, spec.back_say, back)
    return _searches(spec.frm, spec.to, days, needs, state.found[-12:], landings[:LANDINGS])


@lru_cache(maxsize=1 << 13)
def _searches(
    frm: str,
    to: str,
    days: tuple[str, str | None, str, str | None],
    needs: tuple[str, ...],
    found: tuple[str, ...],
    landings: tuple[tuple[str, str], ...],
) -> tuple[Call, ...]:
    depart_say, depart, back_say, back = days
    calls = []
    if depart_say != depart:
        calls.append(made("date", ("text", depart_say), ("city", frm)))
    if depart and back_say != back:
        calls.append(made("date", ("text", back_say), ("city", frm), ("after", depart)))
    if depart and back and depart < back:
        trip = (("from", frm), ("to", to), ("depart", depart), ("return", back))
        calls += [made("search_flights", *trip), made("search_flights", *trip, ("sort", "price"))]
        for arrive, airport in landings:
            if "hotel" in needs and arrive < back:
                calls.append(made("search_hotels", ("city", to), ("check_in", arrive), ("check_out", back)))
            if "car" in needs and arrive < back:
                calls.append(made("search_cars", ("airport", airport), ("pick_up", arrive), ("drop_off", back)))
    calls += [made("ask", ("about", name)) for name in needs]
    if found:
        calls.append(made("shortlist", ("options", found)))
    calls += [made("nothing", ("reason", reason)) for reason in ("budget", *needs)]
    return tuple(dict.fromkeys((*calls, made("login"), made("wait", ("minutes", 2)))))


def _comparison(state: State) -> tuple[Call, ...]:
    return _comparisons(state.fresh, state.case.needs)


@lru_cache(maxsize=1 << 13)
def _comparisons(fresh: tuple[str, ...], needs: tuple[str, ...]) -> tuple[Call, ...]:
    calls = [made("profile")]
    if fresh:
        calls += [made("quote", ("options", fresh)), made("quote", ("options", fresh[:1]))]
    by_product = [[option for option in fresh if option[0] == "FHC"[PRODUCTS.index(name)]] for name in needs]
    if all(by_product):
        first = tuple(options[0] for options in by_product)
        swaps = [tuple(option if i == k else o for k, o in enumerate(first))
                 for i, options in enumerate(by_product) for option in options[1:]]  # fmt: skip
        calls += [made("rank", ("trips", (trip,))) for trip in (first, *swaps[:6])]
    calls += [made("nothing", ("reason", reason)) for reason in ("budget", *needs)]
    return (*calls, made("hand", ("to", SEARCH)), made("login"), made("wait", ("minutes", 2)))


def _booking(state: State) -> tuple[Call, ...]:
    holds = tuple((hold.id, hold.option, hold.price) for hold in live(state))
    receipts = tuple(b.id for b in state.bookings if b.id in state.receipts and b.kept is None)
    reasons = ("budget", *state.case.needs) if state.nothing is None else (state.nothing,)
    return _bookings(state.trips[:2], holds, receipts, reasons)


@lru_cache(maxsize=1 << 13)
def _bookings(
    trips: tuple[tuple[str, ...], ...],
    holds: tuple[tuple[str, str, int], ...],
    receipts: tuple[str, ...],
    reasons: tuple[str, ...],
) -> tuple[Call, ...]:
    held = {option for _, option, _ in holds}
    options = dict.fromkeys(option for trip in trips for option in trip)
    calls = [made("hold", ("option", option)) for option in options if option not in held]
    if holds:
        total = sum(price for _, _, price in holds)
        calls.append(made("confirm", ("holds", tuple(name for name, _, _ in holds)[:6]), ("total", total)))
        calls += [made("book", ("hold", name), ("key", name.lower())) for name, _, _ in holds]
    calls.append(made("bookings"))
    calls += [made("cancel", ("booking", name)) for name in receipts]
    calls += [made("impossible", ("reason", reason)) for reason in reasons]
    calls += [made("done"), *(made("hand", ("to", seat)) for seat in (SEARCH, COMPARISON))]
    return (*calls, made("login"), made("wait", ("minutes", 2)))


@lru_cache(maxsize=1 << 10)
def _answers(change: bool, kinds: tuple[str, ...]) -> tuple[Call, ...]:
    """Yes, a change of mind that is still to come, and the objections that are true."""
    noes = tuple(made("no", ("because", kind)) for kind in kinds)
    return (made("yes"), *((made("change"),) if change else ()), *noes)
