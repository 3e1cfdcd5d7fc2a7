"""Counterfactuals: another case, and other chance, that must look the same to one seat, now and after this step.

Whatever the seat has not been told is drawn anew, as far as this step does not tell it: options it was not shown, true
prices and what is sold out, what the traveller held back, remembers or will change, and the luck of services.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from lanista.arenas.core.contract import Seat
from lanista.arenas.core.tools import Call
from lanista.arenas.travel_booking.calls import AGENCY, BOOKING, COMPARISON, SEARCH, SERVICES, TRAVELLER
from lanista.arenas.travel_booking.cases import Case, Spec, counted
from lanista.arenas.travel_booking.journeys import counterfactual as journeys
from lanista.arenas.travel_booking.journeys.state import Moment
from lanista.arenas.travel_booking.offers import PRODUCTS, Flight, Offer
from lanista.arenas.travel_booking.state import State
from lanista.arenas.travel_booking.traveller import PATIENCE
from lanista.arenas.travel_booking.wishes import LIKES, MUSTS, Wish, wish_of

_Place = tuple[str, int]
"""A letter and an index: the same option on every list of its product."""


def counterfactual(
    state: State | Moment, moves: Mapping[Seat, Any], seat: Seat, rng: random.Random
) -> tuple[State | Moment, Mapping[Seat, Any]] | None:
    """Another state that ``seat`` cannot tell from this one; the moves stay. None where the step ends the game."""
    if isinstance(state, Moment):
        return journeys.counterfactual(state, moves, seat, rng)
    ((mover, move),) = moves.items()
    tool = move.tool if isinstance(move, Call) else ""
    if _may_end(state, tool):
        return None
    talks = bool(state.pending) or tool in ("ask", "confirm")
    served = mover == seat and tool in SERVICES
    case, key = state.case, state.key
    if not talks:
        case = replace(case, careful=rng.random() < 0.5)
        if seat != TRAVELLER:
            case = _other_mind(case, state, rng)
            case = _other_demands(case, state, rng)
    if seat in (SEARCH, BOOKING):
        case = _other_memory(case, rng)
    if not served:
        key = rng.getrandbits(64)
    lists_told = served and tool.startswith("search")
    case = _other_offers(
        case, None if lists_told else _known(state, seat, move), _priced(move) if served else set(), rng
    )
    return state._replace(case=case, key=key), moves


def _may_end(state: State, tool: str) -> bool:
    patience = tool in ("confirm", "no") and state.refusals + 1 >= PATIENCE
    return tool in ("done", "impossible") or state.turn + 1 >= state.limit or patience


def _known(state: State, seat: Seat, move: Any) -> set[_Place]:
    """(letter, index on its list) of every option the seat was shown, or will be at this step."""
    if seat == TRAVELLER:
        options = {hold.option for hold in state.holds}
    else:
        options = set((state.found, state.shortlist, state.ranked)[AGENCY.index(seat)])
    if isinstance(move, Call) and move.tool in ("shortlist", "rank") and seat in (COMPARISON, BOOKING):
        args = move.args
        options |= set(args["options"]) if "options" in args else {o for trip in args["trips"] for o in trip}
    return _places(options)


def _priced(move: Any) -> set[_Place]:
    """The options whose true price, or that they are sold out, this call of a service may tell."""
    if not isinstance(move, Call) or move.tool not in ("quote", "hold"):
        return set()
    return _places(move.args.get("options", ()) or (move.args["option"],))


def _places(options: Iterable[str]) -> set[_Place]:
    return {(option[0], (int(option[1:]) - 1) % 10) for option in options if option.isascii() and option[1:].isdigit()}


def _other_offers(case: Case, known: set[_Place] | None, priced: set[_Place], rng: random.Random) -> Case:
    """Other true prices and other sold-out options, those aside that are priced now; and other list prices and terms
    of the options that are not known, unless ``known`` is None: then lists are being told."""

    def other(offer: Any, letter: str, i: int) -> Any:
        if (letter, i) in priced:
            return offer
        changes: dict[str, Any] = {"moved": rng.randrange(40), "moved_at": rng.randrange(9), "gone": rng.random() < 0.3}
        if known is not None and (letter, i) not in known:
            changes |= {"price": rng.randrange(20, 900), "refund": rng.choice(("free", "half", "none"))}
        return offer._replace(**changes)

    lists: dict[Any, tuple[Offer, ...]] = {
        query: tuple(other(offer, "F", i) for i, offer in enumerate(offers)) for query, offers in case.lists.items()
    }
    hotels = tuple(other(offer, "H", i) for i, offer in enumerate(case.hotels))
    cars = tuple(other(offer, "C", i) for i, offer in enumerate(case.cars))
    return replace(case, lists=lists, hotels=hotels, cars=cars)


def _other_memory(case: Case, rng: random.Random) -> Case:
    kinds = [(kind, name) for name in case.needs for kind in LIKES[name] if kind not in ("airline", "leave_after")]
    remembered = tuple(Wish(kind, name, _VALUES.get(kind)) for kind, name in kinds if rng.random() < 0.5)
    specs = tuple(spec._replace(likes=counted(spec.musts, spec.stated, remembered)) for spec in case.specs)
    return replace(case, remembered=remembered, specs=specs)


_VALUES = {"area": "station"}


def _other_mind(case: Case, state: State, rng: random.Random) -> Case:
    """Whether the traveller will change their mind, and how: hidden until it happens."""
    if state.spec:
        return case
    first = case.specs[0]
    if len(case.specs) == 2 and rng.random() < 0.5:
        return replace(case, specs=(first,), change=None)
    return replace(case, specs=(first, first._replace(budget=first.budget + 10 * rng.randrange(1, 9))), change="budget")


def _other_demands(case: Case, state: State, rng: random.Random) -> Case:
    """Other demands in the place of those held back still: as many, on the same products."""
    swaps: dict[Wish, Wish] = {}
    for wish in case.held:
        if wish.product in state.told or wish.kind in state.missed:
            continue
        taken = {w.kind for spec in case.specs for w in spec.musts} | {w.kind for w in swaps.values()}
        free = [kind for kind in MUSTS[wish.product] if kind not in taken and kind != "not_airline"]
        if free:
            swaps[wish] = wish_of(rng.choice(free), _any(case, wish.product))
    if not swaps:
        return case

    def swapped(spec: Spec) -> Spec:
        return spec._replace(musts=tuple(swaps.get(wish, wish) for wish in spec.musts))

    held = tuple(swaps.get(wish, wish) for wish in case.held)
    return replace(case, specs=tuple(swapped(spec) for spec in case.specs), held=held)


def _any(case: Case, product: str) -> Flight | Any:
    return (case.shelf(case.specs[0].flights), case.hotels, case.cars)[PRODUCTS.index(product)][0]
