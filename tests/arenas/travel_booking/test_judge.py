"""What is right at the end, and what it pays: every judgement by hand."""

from __future__ import annotations

from typing import Any

import pytest

from lanista.arenas import FORFEIT, ILLEGAL
from lanista.arenas.travel_booking import arena
from lanista.arenas.travel_booking.judge import facts
from lanista.arenas.travel_booking.wishes import Wish

from .conftest import RULES, Lay, Table


def finished(table: Table, *holds: str) -> Table:
    for hold in holds or ("K1",):
        table("book", hold=hold, key=hold)
    table("done")
    return table


def wrong(table: Table) -> tuple[str, ...]:
    assert table.state.verdict is not None
    return table.state.verdict.wrong


def test_the_cheapest_is_right_though_a_direct_flight_is_liked(lay: Lay) -> None:
    """520 with a stop of a budget of 600: 13% under it, so +50 and no more."""
    table = finished(lay().agreed("F2"))
    assert table.terms == {"booked": 1}
    assert table.paid == 50
    outcome = RULES.outcome(table.state)
    assert outcome is not None
    assert (outcome.winner, outcome.scores, outcome.facts["paid"]) == ("agency", {"agency": 1.0}, 520)


def test_the_direct_flight_is_not_what_was_asked_for(lay: Lay) -> None:
    table = finished(lay().agreed("F1"))
    assert wrong(table) == ("goal",)
    assert table.paid == -50


@pytest.mark.parametrize(("budget", "paid"), [(651, 60), (650, 60), (649, 50)])
def test_twenty_percent_under_budget_is_paid_for(lay: Lay, budget: int, paid: int) -> None:
    """520 is 80% of 650."""
    assert finished(lay(spec={"budget": budget}).agreed("F2")).paid == paid


@pytest.mark.parametrize(
    ("goal", "right"),
    [("cheapest", "F2"), ("fastest", "F1"), ("preferred", "F1")],
)
def test_the_goal_decides(lay: Lay, goal: str, right: str) -> None:
    """F2 costs 520 with a stop; F1 (580) and F3 (640) are direct; F4 has a stop. A direct flight is liked."""
    spec = {"goal": goal, "budget": 700}
    assert finished(lay(spec=spec, best=_best(lay, goal)).agreed(right)).terms["booked"] == 1
    for other in {"F1", "F2", "F3", "F4"} - {right}:
        table = finished(lay(spec=spec, best=_best(lay, goal)).agreed(other))
        assert wrong(table) == ("goal",)


def _best(lay: Lay, goal: str) -> tuple[Any, ...]:
    from lanista.arenas.travel_booking import solver

    case = lay(spec={"goal": goal, "budget": 700}).state.case
    return (solver.best(case, case.specs[0], 0),)


def test_over_budget_is_wrong(lay: Lay) -> None:
    table = lay(careful=False).agreed("F3")
    assert wrong(finished(table)) == ("budget",)


def test_other_days_are_wrong(lay: Lay) -> None:
    table = lay(careful=False)
    table("search_flights", **{"from": "NYC", "to": "LON", "depart": "2025-11-12", "return": "2025-11-14"})
    table("shortlist", options=["F1"])
    table("rank", trips=[["F1"]])
    price = table("hold", option="F1").data["price"]
    table("confirm", holds=["K1"], total=price)
    assert "dates" in wrong(finished(table))


def test_another_city_is_wrong(lay: Lay) -> None:
    table = lay(careful=False)
    table("search_flights", **{"from": "NYC", "to": "PAR", "depart": "2025-11-11", "return": "2025-11-14"})
    table("shortlist", options=["F1"])
    table("rank", trips=[["F1"]])
    price = table("hold", option="F1").data["price"]
    table("confirm", holds=["K1"], total=price)
    assert "dates" in wrong(finished(table))


def test_a_demand_that_is_not_met_is_wrong(lay: Lay) -> None:
    table = lay(spec={"musts": (Wish("direct", "flight"),)}, careful=False).agreed("F2")
    assert wrong(finished(table)) == ("demand",)


def test_a_demanded_bag_must_be_taken(lay: Lay) -> None:
    spec = {"musts": (Wish("bag", "flight"),)}
    assert wrong(finished(lay(spec=spec, careful=False).agreed("F2"))) == ("demand",)
    assert finished(lay(spec=spec).agreed("F2", bag=True)).terms["booked"] == 1


def test_two_bookings_are_one_too_many(lay: Lay) -> None:
    table = lay().agreed("F2")
    table("book", hold="K1")
    table("book", hold="K1")
    table("done")
    assert "double" in wrong(table)
    assert table.paid == -50


def test_cancelling_that_costs_is_no_repair(lay: Lay) -> None:
    table = lay(spec={"budget": 3000}).agreed("F2")
    table("book", hold="K1")
    table("book", hold="K1")
    table("cancel", booking="B1")
    table("done")
    assert wrong(table) == ("kept",)


def test_booking_without_a_yes_costs_fifty_once_and_is_no_success(lay: Lay) -> None:
    table = lay().ranked("F2")
    table("hold", option="F2")
    finished(table)
    assert table.terms == {"unconfirmed": 1}
    assert table.paid == -50
    assert table.state.verdict is not None
    assert not table.state.verdict.success


def test_a_yes_is_for_the_holds_it_was_asked_for(lay: Lay) -> None:
    """K1 was agreed to; K2 is the same flight at the same price, and was not."""
    table = lay().agreed("F2")
    table("hold", option="F2")
    finished(table, "K2")
    assert table.terms["unconfirmed"] == 1


def test_paid_is_what_was_agreed(lay: Lay) -> None:
    """The traveller agreed to 1,040 for two holds of one flight; one is booked and paid."""
    table = lay(careful=False).ranked("F2")
    table("hold", option="F2")
    table("hold", option="F2")
    table("confirm", holds=["K1", "K2"], total=1040)
    assert wrong(finished(table)) == ("total",)


def test_nothing_booked_leaves_the_traveller_unserved(lay: Lay) -> None:
    table = lay().agreed("F2")
    table("done")
    assert table.terms == {"unserved": 1}
    assert table.paid == -30
    assert table.state.verdict is not None
    assert facts(table.state, table.state.verdict)["progress"] == pytest.approx(
        0.8
    )  # four of five stages, which nobody is ranked by
    assert table.state.verdict.score == 0.0


def test_a_right_booking_without_its_itinerary_is_unfinished(lay: Lay) -> None:
    table = lay(turns=8).agreed("F2")
    table("book", hold="K1", key="a")
    while table.state.end is None:
        table("wait", minutes=1)
    assert table.state.end == "turns"
    assert table.terms == {"unserved": 1}
    assert table.state.verdict is not None
    assert facts(table.state, table.state.verdict)["progress"] == pytest.approx(1.0)
    assert table.state.verdict.score == 0.0


def claimed(table: Table, reason: str) -> Table:
    table.searched()
    table("nothing", reason=reason)
    table("nothing", reason=reason)
    table("impossible", reason=reason)
    return table


def test_impossible_is_right_where_it_is_and_for_the_reason(lay: Lay) -> None:
    broke = {"spec": {"budget": 500}, "reason": "budget", "best": (None,)}
    assert claimed(lay(**broke), "budget").paid == 50
    other = claimed(lay(**broke), "flight")
    assert other.paid == 0
    assert other.state.verdict is not None
    assert not other.state.verdict.success


def test_impossible_is_wrong_where_it_is_not(lay: Lay) -> None:
    table = claimed(lay(), "budget")
    assert table.terms == {"false_impossible": 1}
    assert table.paid == -50


def test_booking_what_is_impossible_is_wrong(lay: Lay) -> None:
    table = lay(spec={"budget": 500}, reason="budget", best=(None,), careful=False).agreed("F2")
    assert wrong(finished(table)) == ("budget",)


def test_an_explanation_is_checked(lay: Lay) -> None:
    for option, because, true in (
        ("F2", ["cheapest", "within_budget"], True),
        ("F1", ["fastest", "preferred"], True),
        ("F1", ["cheapest"], False),
        ("F3", ["within_budget"], False),
        ("F2", [], None),
    ):
        table = lay()
        table.searched().searched(page=2)
        table("shortlist", options=["F1", "F2", "F3"])
        table("rank", trips=[[option]], because=because)
        table("done")
        outcome = RULES.outcome(table.state)
        assert outcome is not None
        assert outcome.facts["explained"] is true, (option, because)


def test_the_weights_are_the_ones_that_were_asked_for() -> None:
    weights = dict(arena.weights())
    assert weights["booked"] == weights["impossible"] == 50
    assert weights["wrong_booking"] == weights["unconfirmed"] == weights["false_impossible"] == -50
    assert weights["under_budget"] == 10
    assert weights["api_error"] == weights["unparseable_call"] == -20
    assert weights[ILLEGAL] == weights[FORFEIT] < weights["api_error"]


def test_giving_up_pays_less_than_trying_from_one_success_in_five_and_more_than_a_lie() -> None:
    weights = arena.weights()
    tried = 0.2 * weights["booked"] + 0.8 * weights["wrong_booking"]
    assert tried >= weights["unserved"] > max(weights["wrong_booking"], weights["false_impossible"])


def test_always_impossible_cannot_pay() -> None:
    """At most one case in five is impossible: 0.2 * 50 - 0.8 * 50 is -30, whatever reason is given."""
    from lanista.arenas.travel_booking.config import MOST_INFEASIBLE

    weights = arena.weights()
    share = MOST_INFEASIBLE
    assert share <= 0.2
    assert share * weights["impossible"] + (1 - share) * weights["false_impossible"] < 0
