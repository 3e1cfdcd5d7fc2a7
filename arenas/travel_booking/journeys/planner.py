"""The shortest clean solution of a journey, by somebody who sees everything, and the proof that it is one."""

from __future__ import annotations

from lanista.arenas.core.contract import Seat
from lanista.arenas.core.referee import Game
from lanista.arenas.core.tools import Call
from lanista.arenas.travel_booking.journeys import judge, solver
from lanista.arenas.travel_booking.journeys.calls import AGENCY, BOOKING, KINDS, SEARCH, SERVICES, made, tools
from lanista.arenas.travel_booking.journeys.generator import bent
from lanista.arenas.travel_booking.journeys.offers import Query
from lanista.arenas.travel_booking.journeys.rules import play
from lanista.arenas.travel_booking.journeys.state import Hold, Moment, due, live, offer_of, option_id, standing
from lanista.arenas.travel_booking.offers import given_back
from lanista.arenas.travel_booking.rewards import BOOKED, DEFAULT, IMPOSSIBLE, SAVED, TravelRewards
from lanista.errors import LanistaError

_REWARDS = TravelRewards()
Calls = tuple[tuple[Seat, Call], ...]


def prove(game: Game) -> Calls:
    """Solve a fresh game's journey, replay the solution through the game itself, and show that every step is needed.

    The replay must earn the maximum without a penalty. A step is needed if the other steps, in order, earn less or
    cannot be carried out. Raises LanistaError naming what does not hold.
    """
    calls, states = solve(game.state)
    for seat, call in calls:
        if game.over or game.to_act() != (seat,):
            raise LanistaError(f"the plan of seed {game.seed} cannot be carried out: {seat} does not owe {call}")
        game.submit(seat, str(call))
    most = maximum(states[-1])
    if game.outcome is None or not game.outcome.facts["success"] or any(paid != most for paid in game.returns.values()):
        raise LanistaError(f"the plan of seed {game.seed} earns {game.returns}, not {most} for every seat")
    for i, (seat, call) in enumerate(calls):
        if _does_without(calls, states, i, most):
            raise LanistaError(f"the plan of seed {game.seed} does as well without step {i + 1}, {call} by {seat}")
    return calls


def solve(start: Moment) -> tuple[Calls, tuple[Moment, ...]]:
    """The calls of a plan, who makes them, and the states between them. Raises LanistaError where there is none."""
    calls: list[tuple[Seat, Call]] = []
    states = [start]
    while states[-1].end is None:
        state = states[-1]
        seat, call = AGENCY[state.seat], next_call(state)
        calls.append((seat, call))
        states.append(play(state, {seat: call}).state)
    if states[-1].verdict is None or not states[-1].verdict.success or states[-1].errors:
        raise LanistaError(
            f"no plan was found for the journey with key {start.case.key} ({states[-1].verdict}); this is a fault of "
            "the generator, please report it"
        )
    return tuple(calls), tuple(states)


def maximum(end: Moment) -> float:
    """The most that a seat can earn, weighted."""
    if end.claim is not None:
        return DEFAULT[IMPOSSIBLE]
    return DEFAULT[BOOKED] + (DEFAULT[SAVED] if end.verdict is not None and end.verdict.saved else 0.0)


def _does_without(calls: Calls, states: tuple[Moment, ...], step: int, most: float) -> bool:
    state, earned = states[step], 0.0
    for seat, call in calls[step + 1 :]:
        able = tools(KINDS[state.seat]) or {}
        if state.end is not None or AGENCY[state.seat] != seat or call.tool not in able:
            return False
        after = play(state, {seat: call}).state
        if after.blame:
            return False
        earned += sum(DEFAULT[t.name] * t.amount for t in _REWARDS.terms(state, {}, after, (), frozenset()))
        state = after
    return state.end is not None and earned >= most


def next_call(state: Moment) -> Call:
    """What the seat whose turn it is calls next: a step of the plan, or what a fault demands first."""
    call = _wanted(state)
    if call.tool not in SERVICES:
        return call
    if state.minute < state.blocked_until:
        return made("wait", ("minutes", state.blocked_until - state.minute))
    return made("login") if state.minute >= state.token_until else call


def _wanted(state: Moment) -> Call:
    case = state.case
    if state.stage:
        return _mended(state)
    if case.reason is not None and state.terms == case.terms:
        if state.seat < 2:
            return made("pass", ("to", BOOKING))
        if case.flex is None:
            return made("impossible", ("reason", case.reason))
        if case.flex.kind == "budget":
            return made("offer_budget", ("total", case.flex.most))
        return made("offer_day", ("day", case.flex.day), ("flight", case.flex.leg + 1))
    terms = state.terms if state.terms != case.terms or case.reason is None else bent(case)
    found = solver.solved(case, terms or state.terms)
    assert found is not None
    places = list(found.names)
    call = _brought(state, places)
    if call is not None:
        return call
    options = [_known(state, place) for place in places]
    return _held(state, [option for option in options if option]) or _booked(state)


def _brought(state: Moment, places: list[solver.Place]) -> Call | None:
    """What brings options of these places to booking_0, whose turn it is when it has them all."""
    options = [_known(state, place) for place in places]
    if state.seat == 0:
        for place, option in zip(places, options, strict=True):
            if option is None or option not in state.known[0]:
                return _search(state, *place)
        new = tuple(option for option in options if option is not None and option not in state.known[2])
        return made("pass", *((("options", new),) if new else ()), ("to", BOOKING))
    if state.seat == 1:
        return made("pass", ("to", SEARCH))
    if any(option is None or option not in state.known[2] for option in options):
        return made("pass", ("to", SEARCH))
    return None


def _held(state: Moment, options: list[str]) -> Call | None:
    """The next hold, those that last longest first, then the question to the party; None where it has agreed."""
    booked = {booking.hold.id for booking in state.bookings}
    stand = {hold.option: hold for hold in state.holds if hold.id in booked or hold in live(state)}
    for option in sorted(options, key=lambda option: (-offer_of(state, option).keeps, option)):
        if option not in stand:
            return made("hold", ("ages", state.case.ages), ("bags", _bags(state, option)), ("option", option))
    holds = tuple(sorted((stand[option] for option in options), key=lambda hold: hold.until))
    if set(state.confirmed) != {hold.id for hold in holds}:
        return made("confirm", ("holds", tuple(hold.id for hold in holds)), ("total", due(state, holds)))
    return None


def _bags(state: Moment, option: str) -> int:
    return state.case.bags if option[0] == "F" else 0


def _booked(state: Moment) -> Call:
    """The next booking, what ends first before all else; then the itinerary."""
    booked = {booking.hold.id for booking in state.bookings}
    for hold in state.confirmed:
        if hold not in booked:
            return made("book", ("hold", hold), ("key", hold.lower()))
    return made("done")


def _mended(state: Moment) -> Call:
    """The next step to what is wanted after booking, at the least cost."""
    if state.stage == 2:
        refunds = (b for b in standing(state) if given_back(b.hold.price, b.hold.offer.refund))
        return next((made("cancel", ("booking", b.id)) for b in refunds), made("done"))
    swaps = judge.repair(state)
    call = _brought(state, [swap.place for swap in swaps])
    if call is not None:
        return call
    options = {swap: option for swap in swaps if (option := _known(state, swap.place))}
    call = _held(state, list(options.values()))
    if call is not None:
        return call
    by_option: dict[str, Hold] = {hold.option: hold for hold in state.holds}
    booked, stand = {booking.hold.id for booking in state.bookings}, {b.id for b in standing(state)}
    for swap, option in options.items():
        hold = by_option[option].id
        if swap.exchanged and hold not in booked:
            return made("exchange", ("booking", swap.booking.id), ("hold", hold))
        if hold not in booked:
            return made("book", ("hold", hold), ("key", hold.lower()))
        if swap.booking.id in stand:
            return made("cancel", ("booking", swap.booking.id))
    return made("done")


def _known(state: Moment, place: solver.Place) -> str | None:
    query, index = place
    known = state.queries["FH".index(query[0])]
    return option_id(query, known.index(query), index) if query in known else None


def _search(state: Moment, query: Query, index: int) -> Call:
    page = index // state.case.house.page + 1
    paged = (("page", page),) if page > 1 else ()
    if query[0] == "F":
        return made("flights", ("from", query[1]), ("to", query[2]), ("day", query[3]), *paged)
    return made("hotels", ("city", query[1]), ("check_in", query[2]), ("check_out", query[3]), *paged)
