"""Journeys call by call: who hears what, holds that end, counter-offers, changes, and what counts as wrong."""

from __future__ import annotations

from typing import Any

import pytest

from lanista.arenas.travel_booking import Config
from lanista.arenas.travel_booking.journeys import judge, party, planner, solver
from lanista.arenas.travel_booking.journeys.cases import OFF
from lanista.arenas.travel_booking.journeys.offers import FAR, change_fee, rebate
from lanista.arenas.travel_booking.journeys.rules import begin
from lanista.arenas.travel_booking.journeys.services import HOLDING
from lanista.arenas.travel_booking.journeys.state import due, offer_of
from lanista.arenas.travel_booking.judge import SAVING
from lanista.arenas.travel_booking.offers import given_back

from .journey_table import Table, table_where


def kinds(table: Table) -> dict[str, Any]:
    return {event.kind: event.to for event in table.events}


# A team has to tell


def test_only_search_hears_the_request_and_only_who_asks_the_answer() -> None:
    table = Table(4)
    assert kinds(table)["wanted"] == ("search_0",)
    assert table("ask", who=table.case.people[0].name).to == ("search_0",)
    public = Table(4, told=False)
    assert kinds(public)["wanted"] is None
    assert public("ask", who=public.case.people[0].name).to is None


@pytest.mark.parametrize("told", [True, False])
def test_what_is_passed_is_ids_and_a_note_and_nothing_is_copied(told: bool) -> None:
    table = Table(4, told=told)
    leg = table.case.terms.legs[0]
    found = table("flights", **{"from": leg.frm, "to": leg.to, "day": leg.day})
    ids = [option["id"] for option in found.data["options"]]
    passed = table("pass", to="comparison_0", options=ids[:2], note="<|x|> the first is best")
    assert (passed.data["options"], passed.to) == (ids[:2], ("comparison_0",))
    assert "<|" not in passed.data["note"]
    assert ("copied" in passed.data) is (not told)
    assert [o["id"] for o in table("quote", options=ids[:2], ages=[30], bags=0).data["options"]] == ids[:2]
    table("quote", options=ids[2:3], ages=[30], bags=0)
    assert table.code == "unknown_option"


def test_only_what_was_found_or_passed_on_can_be_passed_on() -> None:
    table = Table(4)
    table("pass", to="booking_0", options=["F1"])
    assert table.code == "unknown_option"
    assert table.terms == {"api_error": 1}


def test_an_answer_tells_everything_that_person_wants() -> None:
    table = Table(4, cooperativeness=0.0)
    for person in table.case.people:
        said = table("ask", who=person.name).data
        wanted = [list(w) for w in (*table.case.musts, *table.case.likes) if w.who == person.name]
        assert [*said["musts"], *said["likes"]] == wanted
    table("ask", who="Nobody")
    assert table.code == "unknown_person"


# Time


def test_holding_takes_three_minutes_and_thinking_what_the_party_said() -> None:
    table = table_where(lambda case: case.think > 5 and case.reason is None)
    move = table.until("hold")
    before = table.state.minute
    table.play(move)
    assert table.state.minute == before + HOLDING == before + 3
    confirm = table.until("confirm")
    before = table.state.minute
    assert table.play(confirm).data["yes"]
    assert table.state.minute == before + 1 + table.case.think


def test_a_hold_that_ends_while_they_think_is_a_refusal_and_the_offer_is_lost() -> None:
    table = table_where(lambda case: case.think > 5 and case.reason is None)
    confirm = table.until("confirm")
    first = table.state.holds[0]
    assert first.offer.keeps == FAR  # what lasts longest is held first
    short = first._replace(until=table.state.minute + 2)
    table.state = table.state._replace(holds=(short, *table.state.holds[1:]))
    answered = table.play(confirm)
    assert (answered.data["yes"], answered.data["because"], answered.data["ended"]) == (False, "expired", ["K1"])
    assert first.option in table.state.lost
    table("hold", option=first.option, ages=list(table.case.ages), bags=table.case.bags)
    assert table.code == "sold_out"
    assert table.terms == {}  # nobody had told them; the next time they know
    table("hold", option=first.option, ages=list(table.case.ages), bags=table.case.bags)
    assert table.terms == {"api_error": 1}


def test_the_order_of_holds_decides_where_one_of_them_is_tight() -> None:
    """A tight hold outlasts the thinking by 8 minutes: made last it is bought, made first of five it has ended."""
    table = table_where(lambda case: case.think > 5 and case.reason is None and len(case.terms.stays) + len(
        case.terms.legs) == 5)  # fmt: skip
    table.until("hold")
    options = sorted(table.state.known[2], key=lambda option: offer_of(table.state, option).keeps)
    assert offer_of(table.state, options[0]).keeps == table.case.think + 8
    for option in options:
        bags = table.case.bags if option[0] == "F" else 0
        table("hold", option=option, ages=list(table.case.ages), bags=bags)
    total = due(table.state, table.state.holds)
    assert table("confirm", holds=[h.id for h in table.state.holds], total=total).data["because"] == "expired"


# Counter-offers


def test_a_party_takes_a_dearer_journey_up_to_what_it_would_pay() -> None:
    table = table_where(lambda case: case.flex is not None and case.flex.kind == "budget")
    flex = table.case.flex
    assert flex is not None
    table("pass", to="booking_0")
    assert not table("offer_budget", total=flex.most + 1).data["yes"]
    assert table("offer_budget", total=flex.most).data["yes"]
    assert table.state.terms.budget == flex.most
    while table.state.end is None:
        table.play(planner.next_call(table.state))
    assert table.terms == {"booked": 1}


def test_a_party_takes_the_one_other_day_it_can() -> None:
    table = table_where(lambda case: case.flex is not None and case.flex.kind == "day", infeasible=0.2)
    flex = table.case.flex
    assert flex is not None
    table("pass", to="booking_0")
    assert not table("offer_day", flight=flex.leg + 1, day="2026-03-01").data["yes"]
    assert table("offer_day", flight=flex.leg + 1, day=flex.day).data["yes"]
    assert table.state.terms.legs[flex.leg].day == flex.day
    table("offer_day", flight=9, day=flex.day)
    assert table.code == "unknown_flight"


@pytest.mark.parametrize(("bends", "earned"), [(False, {"impossible": 1}), (True, {"false_impossible": 1})])
def test_impossible_is_right_only_where_the_party_would_take_nothing_else(bends: bool, earned: dict[str, int]) -> None:
    table = table_where(lambda case: case.reason == "budget" and (case.flex is not None) is bends)
    table("pass", to="booking_0")
    table("impossible", reason="budget")
    assert table.terms == earned


def test_offers_that_are_not_needed_use_up_patience() -> None:
    table = table_where(lambda case: case.reason is None)
    table("pass", to="booking_0")
    for _ in range(party.PATIENCE):
        table("offer_budget", total=table.case.terms.budget + 100)
    assert table.state.end == "left"
    assert table.terms == {"unserved": 1}


# After booking


def test_the_itinerary_is_not_the_end_where_a_flight_moves() -> None:
    table = table_where(lambda case: case.after not in (None, OFF))
    table.until("done")
    returned = table("done")
    assert (returned.kind, returned.to) == ("returned", ("booking_0",))
    assert table.state.end is None
    table("done")
    assert "incomplete" in table.wrong


def test_a_moved_flight_is_judged_by_what_it_costs() -> None:
    """The planner's way costs least; cancelling what could be exchanged more cheaply is wrong, and says why."""
    table = table_where(_exchanges, changes=1.0)
    table.until("done")
    table("done")
    swap = next(swap for swap in judge.repair(table.state) if swap.exchanged)
    table.until("exchange")
    booking, offer = swap.booking, swap.booking.hold.offer
    fee = change_fee(offer, table.case.home)
    hold = next(h for h in table.state.holds if h.id in table.state.confirmed and planner._known(
        table.state, swap.place) == h.option)  # fmt: skip
    assert swap.extra == fee + max(0, hold.price - booking.hold.price)
    assert hold.price - given_back(booking.hold.price, offer.refund) > swap.extra
    table("book", hold=hold.id, key="x")
    table("cancel", booking=booking.id)
    for other in judge.repair(table.state):
        mine = next(h for h in table.state.holds if h.option == planner._known(table.state, other.place))
        if other.booking.id == booking.id or any(b.hold.id == mine.id for b in table.state.bookings):
            continue
        if other.exchanged:
            table("exchange", booking=other.booking.id, hold=mine.id)
        else:
            table("book", hold=mine.id, key=mine.id)
            table("cancel", booking=other.booking.id)
    table("done")
    assert table.wrong == ("extra",)


def _exchanges(case: Any) -> bool:
    """Whether the case's cheapest way to the moved flight exchanges something where that is cheaper."""
    if case.after in (None, OFF):
        return False
    _, states = planner.solve(begin(case, Config(level="top", error_rate=0.0), 0))
    last = next(state for state in states if state.stage)
    swaps = judge.repair(last)
    return any(
        swap.exchanged and swap.booking.hold.offer.refund == "none" and swap.place[0][0] == "F" for swap in swaps
    )


def test_what_is_called_off_is_cancelled_as_far_as_it_pays() -> None:
    """Refunds free and half are got back; whoever lets one of them go is wrong; what gives nothing back may stand."""
    for lazy in (False, True):
        table = table_where(_pays_back)
        table.until("done")
        returned = table("done")
        assert (returned.data["off"], table.state.stage) == (True, 2)
        mine = [b for b in table.state.sent if b.hold.offer.refund != "none"]
        for booking in mine[lazy:]:
            table("cancel", booking=booking.id)
        table("done")
        assert table.wrong == (("extra",) if lazy else ())
        assert table.terms == ({"wrong_booking": 1} if lazy else {"booked": 1})


def _pays_back(case: Any) -> bool:
    """Called off, with a refund to be had from the best journey, which saves nothing besides."""
    best = solver.solved(case, case.terms)
    if case.after != OFF or best is None or best.cost <= SAVING * case.terms.budget:
        return False
    return any(case.shelf(query)[i].refund != "none" for query, i in best.names)


def test_an_exchange_stays_with_its_airline_or_hotel() -> None:
    table = table_where(lambda case: case.after not in (None, OFF))
    table.until("done")
    table("done")
    flight = next(b for b in table.state.sent if b.hold.option[0] == "F")
    room = next(b for b in table.state.sent if b.hold.option[0] == "H")
    table("exchange", booking=flight.id, hold=room.hold.id)
    assert table.code == "already_booked"
    table("exchange", booking="B9", hold=room.hold.id)
    assert table.code == "unknown_booking"


# What is wrong


def test_one_airline_on_every_flight_takes_off_the_rebate() -> None:
    table = table_where(lambda case: case.reason is None and len(case.terms.legs) == 2)
    table.until("confirm")
    holds = table.state.holds
    flights = [h for h in holds if h.option[0] == "F"]
    one = tuple(h._replace(offer=h.offer._replace(airline="Aro")) if h in flights else h for h in holds)  # type: ignore[call-arg]
    assert due(table.state, one) == sum(h.price for h in one) - sum(rebate(h.price) for h in flights)
    mixed = tuple(
        h._replace(offer=h.offer._replace(airline="Bel")) if h.id == flights[0].id else h  # type: ignore[call-arg]
        for h in one
    )
    assert due(table.state, mixed) == sum(h.price for h in mixed)


@pytest.mark.parametrize(("wrong_ages", "found"), [(True, "party"), (False, "bags")])
def test_tickets_are_for_the_whole_party_and_its_bags(wrong_ages: bool, found: str) -> None:
    table = table_where(
        lambda case: case.reason is None and case.bags == 1 and not case.careful and not case.held, cooperativeness=1.0
    )
    table.until("hold")
    while (move := planner.next_call(table.state)).tool == "hold":
        args = dict(move.args)
        args["ages"] = args["ages"][:1] if wrong_ages else args["ages"]
        args["bags"] = args["bags"] if wrong_ages or args["option"][0] == "H" else 0
        table("hold", **args)
    holds = table.state.holds
    table("confirm", holds=[h.id for h in holds], total=due(table.state, holds))
    for hold in sorted(holds, key=lambda h: h.until):
        table("book", hold=hold.id, key=hold.id)
    table("done")
    assert found in table.wrong


def test_a_booking_that_nobody_agreed_to_is_unconfirmed() -> None:
    table = table_where(lambda case: case.reason is None)
    table.until("confirm")
    table("book", hold="K1", key="a")
    assert table.terms == {"unconfirmed": 1}
