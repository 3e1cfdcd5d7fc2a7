"""The traveller: what it says when asked, and whether it agrees to a proposal. It says only what it could know."""

from __future__ import annotations

from typing import Any

from lanista.arenas.core.contract import Event
from lanista.arenas.core.tools import Call
from lanista.arenas.travel_booking.calls import made
from lanista.arenas.travel_booking.cases import Case, Spec
from lanista.arenas.travel_booking.offers import Flight, Hotel, product
from lanista.arenas.travel_booking.services import hold_named
from lanista.arenas.travel_booking.state import Hold, State
from lanista.arenas.travel_booking.wishes import Wish
from lanista.arenas.travel_booking.world import CITY_OF

PATIENCE = 3
"""Proposals a traveller refuses before leaving."""
YES, CHANGE, TELL = made("yes"), made("change"), made("tell")


def request(case: Case) -> dict[str, Any]:
    """What the traveller says at the start, as data: everything but the demands that are held back."""
    spec = case.specs[0]
    return {
        "goal": spec.goal,
        "from": spec.frm,
        "to": spec.to,
        "depart": spec.depart_say,
        "back": spec.back_say,
        "needs": list(case.needs),
        "budget": spec.budget,
        "currency": case.home,
        "musts": [wish.json() for wish in spec.musts if wish not in case.held],
        "likes": [wish.json() for wish in spec.stated],
        "ask": list(case.topics),
        "style": case.style,
    }


def told(state: State, topic: str) -> Event:
    """Everything that is demanded of a product, told when asked."""
    musts = [wish.json() for wish in state.wanted.musts if wish.product == topic]
    return Event("told", {"about": topic, "musts": musts, "style": state.case.style})


def changed(case: Case) -> Event:
    """What is wanted from now on, where the traveller changes their mind."""
    one, two = case.specs
    data: dict[str, Any] = {"style": case.style}
    if two.back != one.back:
        data["back"] = two.back
    if two.budget != one.budget:
        data |= {"budget": two.budget, "currency": case.home}
    if two.goal != one.goal:
        data["goal"] = two.goal
    more = [wish.json() for wish in two.musts if wish not in one.musts]
    if more:
        data["musts"] = more
    return Event("changed", data)


def answer(state: State) -> Call:
    """What the simulated traveller says to what it is asked now: a change of mind first, then an objection, or yes."""
    if state.pending[0] == "ask":
        return TELL
    if may_change(state):
        return CHANGE
    objection = objects(state, proposed(state), int(state.pending[1]))
    return YES if objection is None else made("no", ("because", objection))


def may_change(state: State) -> bool:
    """Whether the traveller has a change of mind to come."""
    return state.spec == 0 and len(state.case.specs) == 2


def proposed(state: State) -> tuple[Hold, ...]:
    """The holds the traveller is asked about."""
    found = (hold_named(state, name) for name in state.pending[2:])
    return tuple(hold for hold in found if hold is not None)


def objects(state: State, holds: tuple[Hold, ...], total: int) -> str | None:
    """Why the traveller refuses: a demand held back so far that is not met; if careful, anything it can see."""
    hidden = [w for w in state.case.held if w.product not in state.told and w.kind not in state.missed]
    for wish in hidden:
        if not _granted(wish, holds):
            return wish.kind
    return next(iter(objections(state, holds, total)), None) if state.case.careful else None


def objections(state: State, holds: tuple[Hold, ...], total: int) -> tuple[str, ...]:
    """Everything that is wrong with a proposal, as far as the traveller can see: what a no may be for."""
    spec = state.wanted
    found = {
        "incomplete": sorted(product(hold.offer) for hold in holds) != sorted(state.case.needs),
        "dates": not on_days(spec, holds),
        "budget": total > spec.budget,
        **{wish.kind: True for wish in spec.musts if not _granted(wish, holds)},
    }
    return tuple(kind for kind, wrong in found.items() if wrong)


def on_days(spec: Spec, holds: tuple[Hold, ...]) -> bool:
    """Whether everything is between the right cities on the right days, in the right places, and fits together."""
    flight = next((hold.offer for hold in holds if isinstance(hold.offer, Flight)), None)
    for hold in holds:
        offer = hold.offer
        if isinstance(offer, Flight):
            right = (CITY_OF[offer.start], CITY_OF[offer.end]) == (spec.frm, spec.to)
            right = right and (offer.depart, offer.back) == (spec.depart, spec.back)
        elif isinstance(offer, Hotel):
            right = offer.city == spec.to and offer.check_out == spec.back
            right = right and (flight is None or offer.check_in == flight.arrive)
        else:
            right = offer.drop_off == spec.back
            right = right and (flight is None or (offer.place, offer.pick_up) == (flight.end, flight.arrive))
        if not right:
            return False
    return True


def granted(wish: Wish, hold: Hold) -> bool:
    """Whether a hold meets a demand on its product; a bag must also be taken."""
    return wish.met(hold.offer) and (wish.kind != "bag" or hold.bag)


def _granted(wish: Wish, holds: tuple[Hold, ...]) -> bool:
    mine = [hold for hold in holds if product(hold.offer) == wish.product]
    return all(granted(wish, hold) for hold in mine)


def objection_tells(state: State, kind: str) -> State:
    """The state after a traveller objected: a demand held back is known from now on."""
    if any(wish.kind == kind for wish in state.case.held) and kind not in state.missed:
        return state._replace(missed=(*state.missed, kind))
    return state


def wish_named(state: State, kind: str) -> Wish | None:
    """The demand of that kind, if it is one."""
    return next((wish for wish in state.wanted.musts if wish.kind == kind), None)
