"""What each seat of a journey is asked, with sample replies made of what that seat has seen."""

from __future__ import annotations

from typing import Any

from lanista.arenas.core.contract import Ask
from lanista.arenas.core.tools import Call
from lanista.arenas.travel_booking.journeys.calls import AGENCY, BOOKING, COMPARISON, KINDS, REASONS, SEARCH, made
from lanista.arenas.travel_booking.journeys.offers import Flight
from lanista.arenas.travel_booking.journeys.places import PLACES
from lanista.arenas.travel_booking.journeys.state import Moment, clock, due, live, offer_of, valid

FEW = 12
"""Options that samples name at most."""


def ask(state: Moment) -> Ask:
    """What is asked of whoever has the turn."""
    token = f"token until {clock(state, state.token_until)}" if valid(state) else "no token"
    data = (
        ("products", 2), ("turn", state.turn), ("of", state.limit), ("clock", clock(state)), ("token", token),
    )  # fmt: skip
    choices = (_find, _weigh, _close)[state.seat](state)
    common = (made("login"), made("wait", ("minutes", 2)))
    return Ask(AGENCY[state.seat], KINDS[state.seat], tuple(dict.fromkeys((*choices, *common))), False, data)


def _find(state: Moment) -> list[Call]:
    terms, dates, mine = state.case.terms, dict(state.dates), state.known[0]
    calls: list[Call] = []
    days: list[str | None] = []
    for leg in terms.legs:
        known: Any = leg.day if leg.say == leg.day else dates.get(leg.say)
        if known is None:
            after = (("after", days[-1]),) if days and days[-1] else ()
            calls.append(made("date", ("text", leg.say), ("city", terms.legs[0].frm), *after))
        days.append(known)
    for leg, known in zip(terms.legs, days, strict=True):
        if known:
            calls.append(made("flights", ("from", leg.frm), ("to", leg.to), ("day", known), ("sort", "price")))
    shown = (offer_of(state, option) for option in state.shown[0] if option[0] == "F")
    landings = dict.fromkeys((f.end, f.arrive) for f in shown if isinstance(f, Flight))
    for stay in terms.stays:
        out = days[stay.leaves] if stay.leaves >= 0 else stay.end
        begins = [arrive for end, arrive in landings if end in PLACES[stay.city].airports] if stay.lands >= 0 else []
        for begin in [*begins[:2], *([stay.begin] if stay.lands < 0 else [])]:
            if out and begin < out:
                calls.append(made("hotels", ("city", stay.city), ("check_in", begin), ("check_out", out)))
    calls += [made("ask", ("who", person.name)) for person in state.case.people]
    return [*calls, *_passes(mine, COMPARISON, BOOKING)]


def _weigh(state: Moment) -> list[Call]:
    mine = state.known[1]
    calls = [made("files"), made("border", ("city", "LON"))]
    if mine:
        calls.append(made("quote", ("ages", (30,)), ("bags", 0), ("options", mine[-FEW:])))
    return [*calls, *_passes(mine, BOOKING, SEARCH)]


def _close(state: Moment) -> list[Call]:
    holds = live(state)
    held = {hold.option for hold in holds}
    fresh = [option for option in state.known[2] if option not in held][:FEW]
    calls = [made("hold", ("ages", (30,)), ("bags", 0), ("option", option)) for option in fresh]
    if holds:
        few = holds[:FEW]
        calls.append(made("confirm", ("holds", tuple(hold.id for hold in few)), ("total", due(state, few))))
        calls += [made("book", ("hold", hold.id), ("key", hold.id.lower())) for hold in few]
    mine = [b.id for b in state.bookings if b.id in state.receipts and b.stands]
    calls += [made("cancel", ("booking", name)) for name in mine]
    calls += [made("exchange", ("booking", b), ("hold", h.id)) for b in mine[:2] for h in holds[:2]]
    calls += [made("bookings"), made("done"), made("offer_budget", ("total", 1000))]
    calls += [made("impossible", ("reason", reason)) for reason in REASONS]
    return [*calls, *_passes(state.known[2], SEARCH, COMPARISON)]


def _passes(mine: tuple[str, ...], *to: str) -> list[Call]:
    options = (("options", mine[-FEW:]),) if mine else ()
    return [made("pass", *options, ("to", seat)) for seat in to]
