"""Travel booking as a pure state machine: three seats hand a case on, services and a traveller answer.

One decision is one call, and takes one minute of the game's clock (``wait`` takes as many as it says).
docs/arenas/travel-booking.md says the same for people.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lanista.arenas.core import chance
from lanista.arenas.core.contract import Ask, Event, Outcome, Seat, Step
from lanista.arenas.core.speech import tame
from lanista.arenas.core.tools import BadCall, Call
from lanista.arenas.travel_booking import asks, traveller
from lanista.arenas.travel_booking.calls import AGENCY, BOOKING, COMPARISON, SEARCH, SERVICES, TRAVELLER, made
from lanista.arenas.travel_booking.cases import Case
from lanista.arenas.travel_booking.config import Config
from lanista.arenas.travel_booking.dates import FORMS, Unclear, day, resolve
from lanista.arenas.travel_booking.generator import generate
from lanista.arenas.travel_booking.journeys import asks as journey_asks
from lanista.arenas.travel_booking.journeys import judge as journey_judge
from lanista.arenas.travel_booking.journeys import rules as journeys
from lanista.arenas.travel_booking.journeys.generator import generate as journey
from lanista.arenas.travel_booking.journeys.state import Moment
from lanista.arenas.travel_booking.judge import facts, verdict
from lanista.arenas.travel_booking.offers import PRODUCTS, product, public
from lanista.arenas.travel_booking.scenarios import new_york_london
from lanista.arenas.travel_booking.services import Played, hold_named, meanwhile, refuse, serve, tame_id
from lanista.arenas.travel_booking.state import State, clock, offer_of, today
from lanista.arenas.travel_booking.world import CITIES, CITY_OF

TEAM, CLIENT = "agency", "traveller"
UNPARSEABLE, API_ERROR = "unparseable_call", "api_error"
_ROLES = {SEARCH: "search", COMPARISON: "comparison", BOOKING: "booking", TRAVELLER: "traveller"}


class TravelRules:
    """See ``lanista.arenas.core.contract.Rules``. A table with a ``journey`` plays ``journeys/rules.py``."""

    def deal(self, seed: int, config: Config) -> State | Moment:
        key = chance.key("travel_booking play", seed)
        if config.journey:
            return journeys.begin(journey(config, seed), config, key)
        case = new_york_london(config) if config.scenario else generate(config, seed)
        return begin(case, config, key)

    def opening(self, state: State | Moment) -> Sequence[Event]:
        if isinstance(state, Moment):
            return journeys.opening(state)
        case, policy = state.case, state.case.policy
        table = {
            "products": len(case.needs), "limit": state.limit, "clock": clock(state),
            "hold": policy.hold, "token_until": clock(state, state.token_until), "date": day(case.clock // 1440),
            "short": state.short,
        }  # fmt: skip
        events = [Event("brief", {"seat": seat, **table}, (seat,)) for seat in AGENCY]
        if state.seated:
            events.append(Event("wishes", _wishes(case), (TRAVELLER,)))
        return [*events, Event("request", traveller.request(case)), Event("case", _secrets(case), ())]

    def seats(self, config: Config) -> tuple[Seat, ...]:
        return (*AGENCY, TRAVELLER) if config.traveller == "seat" else AGENCY

    def to_act(self, state: State | Moment) -> tuple[Seat, ...]:
        if state.end is not None:
            return ()
        return (TRAVELLER,) if state.pending else (AGENCY[state.seat],)

    def ask(self, state: State | Moment, seat: Seat) -> Ask:
        if isinstance(state, Moment):
            return journey_asks.ask(state)
        return asks.ask(state)

    def fallback(self, state: State | Moment, seat: Seat) -> Any:
        """An idle minute; the traveller's seat says what the simulated traveller would."""
        if isinstance(state, Moment):
            return made("wait", ("minutes", 1))
        return traveller.answer(state) if state.pending else made("wait", ("minutes", 1))

    def play(self, state: State | Moment, moves: Mapping[Seat, Any]) -> Step:
        if isinstance(state, Moment):
            return journeys.play(state, moves)
        ((seat, move),) = moves.items()
        begun = state._replace(blame=()) if state.blame else state
        if seat == TRAVELLER:
            (after, events), passed = _reply(begun, move), 0
        else:
            after, events = _call(begun, state.seat, move)
            passed = int(move.args["minutes"]) if isinstance(move, Call) and move.tool == "wait" else 1
        after = after._replace(turn=state.turn + 1, minute=state.minute + passed)
        if passed:
            events += meanwhile(state.minute, after)
        if after.end is None and after.turn >= after.limit:
            after = after._replace(end="turns", pending=())
        if after.end is not None:
            judged = verdict(after)
            after = after._replace(verdict=judged)
            events.append(Event("end", {"end": after.end, "success": judged.success}))
        return Step(after, events)

    def outcome(self, state: State | Moment) -> Outcome | None:
        found = state.verdict
        if found is None:
            return None
        if isinstance(state, Moment):
            return Outcome(TEAM if found.success else None, {TEAM: found.score}, journey_judge.facts(state, found))
        scores = {TEAM: found.score} | ({CLIENT: found.score} if state.seated else {})
        return Outcome(TEAM if found.success else None, scores, facts(state, found))

    def role(self, state: State | Moment, seat: Seat) -> str:
        return _ROLES[seat]

    def phase(self, state: State | Moment) -> str:
        return f"turn {state.turn + 1} of {state.limit}"

    def teams(self, state: State | Moment) -> Mapping[str, tuple[Seat, ...]]:
        seated = isinstance(state, State) and state.seated
        return {TEAM: AGENCY} | ({CLIENT: (TRAVELLER,)} if seated else {})

    def rekey(self, state: State | Moment, key: int) -> State | Moment:
        return state._replace(key=key)


def begin(case: Case, config: Config, key: int) -> State:
    """The first moment of a case."""
    return State(case, key, config.limit, config.traveller == "seat", config.brief == "short", case.policy.token)


def turns_bound(config: Config) -> int:
    """Decisions after which any game of this table has ended."""
    return config.limit


def _wishes(case: Case) -> dict[str, Any]:
    """What the traveller's own seat knows: everything that is wanted, now and after a change of mind."""
    spec = case.specs[0]
    change = None if len(case.specs) == 1 else dict(traveller.changed(case).data)
    return {
        "musts": [wish.json() for wish in spec.musts],
        "likes": [wish.json() for wish in spec.likes],
        "change": change,
    }


def _secrets(case: Case) -> dict[str, Any]:
    """What nobody knows: for replays seen from above."""
    return {
        "impossible": case.reason,
        "best": [
            None if trip is None else {"cost": trip.cost, "options": [[*q, i + 1] for q, i in trip.places]}
            for trip in case.best
        ],
        "change": case.change,
        "held_back": [wish.json() for wish in case.held],
        "careful": case.careful,
        "split": case.split,
        "error_rate": case.error_rate,
    }


# Calls


def _call(state: State, seat: int, move: Call | BadCall) -> Played:
    if isinstance(move, BadCall):
        return _bad(state, seat, move)
    if move.tool in SERVICES:
        return serve(state, seat, move)
    return _DESK[move.tool](state, seat, move.args)


def _bad(state: State, seat: int, move: BadCall) -> Played:
    body = json.loads(move.error)["error"]
    term = UNPARSEABLE if body["code"] == "malformed_json" else API_ERROR
    after = state._replace(errors=state.errors + 1, blame=(*state.blame, term))
    return after, [Event("error", {"tool": tame(move.tool), **body}, (AGENCY[seat],))]


def _date(state: State, seat: int, args: Mapping[str, Any]) -> Played:
    place = args["city"]
    city = place if place in CITIES else CITY_OF.get(place)
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


def _ask(state: State, seat: int, args: Mapping[str, Any]) -> Played:
    return _put(state._replace(pending=("ask", args["about"])))


def _shortlist(state: State, seat: int, args: Mapping[str, Any]) -> Played:
    options = tuple(args["options"])
    for option in options:
        if option not in state.found:
            return refuse(state, seat, "shortlist", 404, "unknown_option", f"{tame_id(option)} was not found yet")
    new = tuple(option for option in options if option not in state.shortlist)
    after = state._replace(shortlist=(*state.shortlist, *new), fresh=options, nothing=None, seat=1)
    data = {"options": [_shown(state, option) for option in options]}
    return after, [Event("shortlist", data, (COMPARISON,))]


def _profile(state: State, seat: int, args: Mapping[str, Any]) -> Played:
    case = state.case
    data = {"likes": [wish.json() for wish in case.remembered], "last_trip": list(case.last_trip)}
    return state, [Event("profile", data, (AGENCY[seat],))]


def _rank(state: State, seat: int, args: Mapping[str, Any]) -> Played:
    trips = tuple(tuple(trip) for trip in args["trips"])
    options = tuple(dict.fromkeys(option for trip in trips for option in trip))
    for option in options:
        if option not in state.shortlist:
            return refuse(state, seat, "rank", 404, "unknown_option", f"{tame_id(option)} was not passed to you")
    for trip in trips:
        if sorted(PRODUCTS["FHC".index(option[0])] for option in trip) != sorted(state.case.needs):
            return refuse(
                state, seat, "rank", 422, "incomplete_trip", f"a trip is one {', one '.join(state.case.needs)}"
            )
    new = tuple(option for option in options if option not in state.ranked)
    said = tuple(args.get("because", ()))
    after = state._replace(
        trips=trips,
        ranked=(*state.ranked, *new),
        nothing=None,
        seat=2,
        said=said,
        said_at=state.minute,
        said_of=state.spec,
    )
    data = {
        "trips": [list(trip) for trip in trips], "because": list(said),
        "options": [_shown(state, option) for option in options],
    }  # fmt: skip
    return after, [Event("ranked", data, (BOOKING,))]


def _nothing(state: State, seat: int, args: Mapping[str, Any]) -> Played:
    after = state._replace(nothing=args["reason"], seat=seat + 1, fresh=(), trips=() if seat else state.trips)
    return after, [Event("nothing", {"by": AGENCY[seat], "reason": args["reason"]}, (AGENCY[seat + 1],))]


def _hand(state: State, seat: int, args: Mapping[str, Any]) -> Played:
    to = AGENCY.index(args["to"])
    data = {"by": AGENCY[seat], "to": args["to"], "note": tame(args.get("note", ""))}
    return state._replace(seat=to), [Event("handed", data, (args["to"],))]


def _confirm(state: State, seat: int, args: Mapping[str, Any]) -> Played:
    total = 0
    for name in args["holds"]:
        held = hold_named(state, name)
        if held is None:
            return refuse(state, seat, "confirm", 404, "unknown_hold", f"there is no hold {tame_id(name)}")
        if state.minute >= held.until:
            why = f"{name} ended at {clock(state, held.until)}"
            return refuse(state, seat, "confirm", 409, "hold_expired", why)
        total += held.price
    if total != args["total"]:
        return refuse(state, seat, "confirm", 422, "wrong_total", "total is not the sum of these holds")
    return _put(state._replace(pending=("confirm", str(total), *args["holds"])))


def _put(state: State) -> Played:
    """A question to the traveller: waits for the seat, or is answered at once."""
    proposal: list[Event] = []
    if state.pending[0] == "confirm" and state.seated:
        # not under ``price`` and ``bag``: those are the list's price and the fee for a bag
        held = [{**public(h.offer), "held_at": h.price, "with_bag": h.bag} for h in traveller.proposed(state)]
        data = {"total": int(state.pending[1]), "currency": state.case.home, "options": held}
        proposal = [Event("proposed", data, (TRAVELLER,))]
    if state.seated:
        return state, proposal
    return _reply(state, traveller.answer(state))


def _reply(state: State, move: Call) -> Played:
    """What the traveller says, and what follows."""
    pending, style = state.pending, state.case.style
    idle = state._replace(pending=())
    if move.tool == "tell":
        topic = pending[1]
        told = (*idle.told, topic) if topic not in idle.told else idle.told
        return idle._replace(told=told), [traveller.told(state, topic)]
    if move.tool == "change":
        return idle._replace(spec=1, confirmed=(), agreed=None), [traveller.changed(state.case)]
    if move.tool == "yes":
        agreed = idle._replace(confirmed=pending[2:], agreed=int(pending[1]))
        data = {"yes": True, "because": None, "must": None, "style": style}
        return agreed, [Event("answered", data)]
    kind = move.args["because"]
    wish = traveller.wish_named(state, kind)
    after = traveller.objection_tells(idle, kind)
    after = after._replace(refusals=after.refusals + 1, confirmed=(), agreed=None)
    refusal: dict[str, Any] = {
        "yes": False,
        "because": kind,
        "must": None if wish is None else wish.json(),
        "style": style,
    }
    if after.refusals >= traveller.PATIENCE:
        after = after._replace(end="left")
    return after, [Event("answered", refusal)]


def _done(state: State, seat: int, args: Mapping[str, Any]) -> Played:
    return state._replace(end="done"), []


def _impossible(state: State, seat: int, args: Mapping[str, Any]) -> Played:
    return state._replace(end="impossible", claim=args["reason"]), []


def _login(state: State, seat: int, args: Mapping[str, Any]) -> Played:
    until = state.minute + 1 + state.case.policy.token
    after = state._replace(token_until=until, denied=False)
    return after, [Event("token", {"until": clock(state, until)}, (AGENCY[seat],))]


def _wait(state: State, seat: int, args: Mapping[str, Any]) -> Played:
    return state, [Event("waited", {"minutes": args["minutes"]}, (AGENCY[seat],))]


def _shown(state: State, option: str) -> dict[str, Any]:
    offer = offer_of(state, option)
    return {"id": option, "product": product(offer), **public(offer)}


_DESK: dict[str, Callable[[State, int, Mapping[str, Any]], Played]] = {
    "date": _date,
    "ask": _ask,
    "shortlist": _shortlist,
    "profile": _profile,
    "rank": _rank,
    "nothing": _nothing,
    "hand": _hand,
    "confirm": _confirm,
    "done": _done,
    "impossible": _impossible,
    "login": _login,
    "wait": _wait,
}
