"""Journeys as a pure state machine: what ``lanista.arenas.travel_booking.rules`` does where the config is a journey's.

One decision is one call and takes a minute; holding takes three, and the party thinks before it answers a proposal.
docs/arenas/travel-journeys.md says the same for people.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lanista.arenas.core.contract import Event, Seat, Step
from lanista.arenas.core.speech import tame
from lanista.arenas.core.tools import BadCall, Call
from lanista.arenas.travel_booking.config import Config
from lanista.arenas.travel_booking.dates import FORMS, Unclear, day, resolve
from lanista.arenas.travel_booking.journeys import judge, party, solver
from lanista.arenas.travel_booking.journeys.calls import AGENCY, SEARCH, SERVICES
from lanista.arenas.travel_booking.journeys.cases import OFF, Journey
from lanista.arenas.travel_booking.journeys.generator import bent
from lanista.arenas.travel_booking.journeys.offers import public
from lanista.arenas.travel_booking.journeys.places import PLACE_OF, PLACES
from lanista.arenas.travel_booking.journeys.services import HOLDING, Played, meanwhile, refuse, serve
from lanista.arenas.travel_booking.journeys.state import (
    Moment,
    clock,
    due,
    hold_named,
    more,
    offer_of,
    standing,
    today,
)
from lanista.arenas.travel_booking.services import tame_id

UNPARSEABLE, API_ERROR = "unparseable_call", "api_error"
AWAY = 180
"""Minutes after which a party comes back with a change."""


def begin(case: Journey, config: Config, key: int) -> Moment:
    """The first moment of a journey."""
    return Moment(case, key, config.limit, bool(config.told), config.brief == "short", case.house.token, case.terms)


def opening(state: Moment) -> Sequence[Event]:
    """Each seat's brief, what the party says to ``search_0`` (to all if nothing has to be told), and the secrets."""
    case = state.case
    table = {
        "limit": state.limit, "clock": clock(state), "date": day(case.clock // 1440), "short": state.short,
        "told": state.told,
    }  # fmt: skip
    events = [Event("duties", {"seat": seat, **table}, (seat,)) for seat in AGENCY]
    heard = Event("wanted", party.request(case), (SEARCH,) if state.told else None)
    return [*events, heard, Event("secret", _secrets(case), ())]


def _secrets(case: Journey) -> dict[str, Any]:
    """What nobody knows: for replays seen from above."""
    terms = case.terms if case.reason is None else bent(case)
    best = None if terms is None else solver.solved(case, terms)
    return {
        "impossible": case.reason,
        "bends": None if case.flex is None else list(case.flex),
        "best": None if best is None else {"cost": best.cost, "options": [[*q, i + 1] for q, i in best.names]},
        "after": None if case.after is None else list(case.after),
        "held_back": [list(wish) for wish in case.held],
        "careful": case.careful,
        "split": case.split,
        "error_rate": case.error_rate,
    }


def play(state: Moment, moves: Mapping[Seat, Any]) -> Step:
    """The state after the call of whoever has the turn."""
    (move,) = moves.values()
    begun = state._replace(blame=()) if state.blame else state
    after, events = _call(begun, state.seat, move)
    passed = _minutes(begun, after, move, events)
    after = after._replace(turn=state.turn + 1, minute=state.minute + passed)
    after, unseen = meanwhile(after)
    events = [*events, *unseen]
    if after.end is None and after.turn >= after.limit:
        after = after._replace(end="turns")
    if after.end is not None:
        judged = judge.verdict(after)
        after = after._replace(verdict=judged)
        events.append(Event("end", {"end": after.end, "success": judged.success}))
    return Step(after, events)


def _minutes(before: Moment, after: Moment, move: Any, events: Sequence[Event]) -> int:
    """How long a call takes."""
    if not isinstance(move, Call):
        return 1
    if move.tool == "wait":
        return int(move.args["minutes"])
    if after.stage > before.stage:
        return AWAY
    kinds = {event.kind for event in events}
    return HOLDING if "kept" in kinds else 1 + before.case.think if "agreed" in kinds else 1


def _call(state: Moment, seat: int, move: Call | BadCall) -> Played:
    if isinstance(move, BadCall):
        body = json.loads(move.error)["error"]
        term = UNPARSEABLE if body["code"] == "malformed_json" else API_ERROR
        blamed = state._replace(errors=state.errors + 1, blame=(*state.blame, term))
        return blamed, [Event("error", {"tool": tame(move.tool), **body}, (AGENCY[seat],))]
    if move.tool in SERVICES:
        return serve(state, seat, move)
    return _DESK[move.tool](state, seat, move.args)


def _audience(state: Moment, seat: int) -> tuple[Seat, ...] | None:
    """Who hears the party when it talks to a seat."""
    return (AGENCY[seat],) if state.told else None


def _date(state: Moment, seat: int, args: Mapping[str, Any]) -> Played:
    city = args["city"] if args["city"] in PLACES else PLACE_OF.get(args["city"])
    if city is None:
        return refuse(state, seat, "date", 404, "unknown_place", "city: no city or airport has this code")
    text, after = args["text"], args.get("after")
    try:
        iso = resolve(text, day(today(state, city)), after)
    except Unclear as unclear:
        why = "say from which day, as after" if str(unclear) == "after_missing" else f"the forms are: {FORMS}"
        return refuse(state, seat, "date", 422, str(unclear), why)
    known = state._replace(dates=(*state.dates, (text, iso)))
    return known, [Event("dated", {"text": tame(text), "city": city, "date": iso}, (AGENCY[seat],))]


def _ask(state: Moment, seat: int, args: Mapping[str, Any]) -> Played:
    who = args["who"]
    if all(person.name != who for person in state.case.people):
        return refuse(state, seat, "ask", 404, "unknown_person", "nobody of that name travels")
    after = state._replace(heard=more(state.heard, seat, (who,)))
    return after, [Event("said", party.wishes_of(state.case, who), _audience(state, seat))]


def _pass(state: Moment, seat: int, args: Mapping[str, Any]) -> Played:
    to, options = args["to"], tuple(args.get("options", ()))
    for option in options:
        if option not in state.known[seat]:
            return refuse(state, seat, "pass", 404, "unknown_option", f"{tame_id(option)} was not found or passed on")
    other = AGENCY.index(to)
    after = state._replace(known=more(state.known, other, options), seat=other)
    data: dict[str, Any] = {"by": AGENCY[seat], "to": to, "options": list(options), "note": tame(args.get("note", ""))}
    if not state.told:
        after = after._replace(shown=more(after.shown, other, options))
        data["copied"] = [{"id": option, **public(offer_of(state, option))} for option in options]
    return after, [Event("passed", data, (to,))]


def _files(state: Moment, seat: int, args: Mapping[str, Any]) -> Played:
    people = [
        {"name": p.name, "passport": p.passport, "card": p.card, "likes": [list(wish) for wish in p.stored]}
        for p in state.case.people
    ]
    return state, [Event("filed", {"people": people}, (AGENCY[seat],))]


def _border(state: Moment, seat: int, args: Mapping[str, Any]) -> Played:
    if args["city"] not in PLACES:
        return refuse(state, seat, "border", 404, "unknown_place", "city: no city has this code")
    hub = state.case.hubs_by_city.get(args["city"])
    data = {"city": args["city"], "minimum": hub.minimum if hub else 0, "visas": list(hub.visas) if hub else []}
    return state, [Event("bordered", data, (AGENCY[seat],))]


# Talking to the party


def _confirm(state: Moment, seat: int, args: Mapping[str, Any]) -> Played:
    holds = []
    for name in args["holds"]:
        held = hold_named(state, name)
        if held is None:
            return refuse(state, seat, "confirm", 404, "unknown_hold", f"there is no hold {tame_id(name)}")
        if state.minute >= held.until:
            why = f"{name} ended at {clock(state, held.until)}"
            return refuse(state, seat, "confirm", 409, "hold_expired", why)
        holds.append(held)
    if due(state, tuple(holds)) != args["total"]:
        return refuse(state, seat, "confirm", 422, "wrong_total", "total is not what these holds come to")
    over = state.minute + 1 + state.case.think
    ended = [hold.id for hold in holds if hold.until <= over]
    reason = ("expired", None) if ended else party.objection(state, tuple(holds), args["total"])
    data: dict[str, Any] = {
        "yes": reason is None, "because": None, "must": None, "ended": ended, "minutes": state.case.think,
        "style": state.case.style,
    }  # fmt: skip
    if reason is None:
        after = state._replace(confirmed=tuple(args["holds"]), agreed=args["total"])
    else:
        kind, wish = reason
        data |= {"because": kind, "must": None if wish is None else list(wish)}
        after = _refused(state._replace(confirmed=(), agreed=None))
        after = after._replace(missed=(*after.missed, kind)) if wish is not None else after
    return after, [Event("agreed", data, _audience(state, seat))]


def _refused(state: Moment) -> Moment:
    after = state._replace(refusals=state.refusals + 1)
    return after._replace(end="left") if after.refusals >= party.PATIENCE else after


def _offer_budget(state: Moment, seat: int, args: Mapping[str, Any]) -> Played:
    total = args["total"]
    yes = party.takes_budget(state, total)
    after = state._replace(terms=state.terms._replace(budget=total)) if yes else _refused(state)
    data = {"yes": yes, "total": total, "currency": state.case.home, "style": state.case.style}
    return after, [Event("bent", data, _audience(state, seat))]


def _offer_day(state: Moment, seat: int, args: Mapping[str, Any]) -> Played:
    leg = args["flight"] - 1
    if leg >= len(state.terms.legs):
        why = f"there are {len(state.terms.legs)} flights"
        return refuse(state, seat, "offer_day", 404, "unknown_flight", why)
    yes = party.takes_day(state, leg, args["day"])
    after = state._replace(terms=state.terms.moved(leg, args["day"])) if yes else _refused(state)
    data = {"yes": yes, "flight": leg + 1, "day": args["day"], "style": state.case.style}
    return after, [Event("bent", data, _audience(state, seat))]


def _done(state: Moment, seat: int, args: Mapping[str, Any]) -> Played:
    after = state.case.after
    right = bool(state.bookings) and all(booking.confirmed for booking in state.bookings)
    if after is None or state.stage or not right or judge.itinerary(state):
        return state._replace(end="done"), []
    leg, moved = after
    terms = state.terms
    data: dict[str, Any] = {"off": after == OFF, "style": state.case.style}
    if after != OFF:
        one = terms.legs[leg]
        data |= {"flight": leg + 1, "from": one.frm, "to": one.to, "was": one.day, "day": moved}
        terms = terms.moved(leg, moved)
    changed = state._replace(
        stage=2 if after == OFF else 1, terms=terms, sent=standing(state), spent_when_sent=state.spent, confirmed=(),
        agreed=None,
    )  # fmt: skip
    return changed, [Event("returned", data, _audience(state, seat))]


def _impossible(state: Moment, seat: int, args: Mapping[str, Any]) -> Played:
    return state._replace(end="impossible", claim=args["reason"]), []


def _login(state: Moment, seat: int, args: Mapping[str, Any]) -> Played:
    until = state.minute + 1 + state.case.house.token
    after = state._replace(token_until=until, denied=False)
    return after, [Event("token", {"until": clock(state, until)}, (AGENCY[seat],))]


def _wait(state: Moment, seat: int, args: Mapping[str, Any]) -> Played:
    return state, [Event("waited", {"minutes": args["minutes"]}, (AGENCY[seat],))]


_DESK: dict[str, Callable[[Moment, int, Mapping[str, Any]], Played]] = {
    "date": _date,
    "ask": _ask,
    "pass": _pass,
    "files": _files,
    "border": _border,
    "confirm": _confirm,
    "offer_budget": _offer_budget,
    "offer_day": _offer_day,
    "done": _done,
    "impossible": _impossible,
    "login": _login,
    "wait": _wait,
}
