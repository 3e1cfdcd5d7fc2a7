"""The services: what they refuse and why, what they show, and what they do when they fail."""

from __future__ import annotations

from typing import Any

import pytest

from lanista.arenas.travel_booking.services import fault
from lanista.arenas.travel_booking.state import State

from .conftest import BACK, DEPART, Lay, Table

TO_LONDON = '{"from": "NYC", "to": "LON"'
TRIP = {"from": "NYC", "to": "LON", "depart": DEPART, "return": BACK}


# Strict arguments


@pytest.mark.parametrize(
    ("tool", "args", "status", "code"),
    [
        ("search_flights", {**TRIP, "from": "XYZ"}, 404, "unknown_place"),
        ("search_flights", {**TRIP, "to": "JFK"}, 422, "same_city"),
        ("search_flights", {**TRIP, "return": DEPART}, 422, "days_reversed"),
        ("search_flights", {**TRIP, "depart": "2025-11-05"}, 422, "in_the_past"),
        ("search_flights", {**TRIP, "return": "2027-01-01"}, 422, "not_on_sale"),
        ("search_flights", {**TRIP, "page": 3}, 404, "no_such_page"),
        ("search_hotels", {"city": "LHR", "check_in": DEPART, "check_out": BACK}, 422, "not_a_city"),
        ("search_hotels", {"city": "Rome", "check_in": DEPART, "check_out": BACK}, 404, "unknown_place"),
        ("search_cars", {"airport": "LON", "pick_up": DEPART, "drop_off": BACK}, 422, "ambiguous_place"),
        ("search_cars", {"airport": "XYZ", "pick_up": DEPART, "drop_off": BACK}, 404, "unknown_place"),
        ("date", {"text": "next Tuesday", "city": "XYZ"}, 404, "unknown_place"),
        ("date", {"text": "soon", "city": "NYC"}, 422, "unknown_words"),
        ("shortlist", {"options": ["F1"]}, 404, "unknown_option"),
    ],
)
def test_what_makes_no_sense_is_refused_and_costs_the_caller(
    lay: Lay, tool: str, args: dict[str, Any], status: int, code: str
) -> None:
    table = lay()
    told = table(tool, **args)
    assert (told.kind, told.data["status"], told.data["code"], told.to) == ("error", status, code, ("search_0",))
    assert table.terms == {"api_error": 1}
    assert table.state.seat == 0


@pytest.mark.parametrize(
    ("reply", "term", "says"),
    [
        (
            'search_flights {"from": "NYC", "to": "LON", "depart": "2025-11-11", "return": "11-14-2025"}',
            "api_error",
            "ISO",
        ),
        (f'search_flights {TO_LONDON}, "depart": "2025-11-11"}}', "api_error", "missing return"),
        ('search_flights {"from": "NYC"', "unparseable_call", "JSON"),
        ('search_flights ["NYC"]', "unparseable_call", "JSON"),
        ('search_trains {"from": "NYC"}', "api_error", "search_flights"),
        ('book {"hold": "K1"}', "api_error", "no tool"),  # another seat's
    ],
)
def test_a_malformed_call_gets_a_useful_body(lay: Lay, reply: str, term: str, says: str) -> None:
    table = lay()
    told = table.say(reply)
    assert told.kind == "error"
    assert says in told.data["message"]
    assert table.terms == {term: 1}
    assert table.paid == -20


def test_a_city_with_one_airport_rents_cars_by_its_code(lay: Lay) -> None:
    told = lay()("search_cars", airport="BER", pick_up=DEPART, drop_off=BACK)
    assert told.kind == "found"
    assert all(option["place"] == "BER" for option in told.data["options"])


# Lists


def test_pages_hold_every_option_once(lay: Lay) -> None:
    table = lay()
    first, second = table("search_flights", **TRIP), table("search_flights", **TRIP, page=2)
    ids = [option["id"] for event in (first, second) for option in event.data["options"]]
    assert ids == ["F1", "F2", "F3", "F4"]
    assert first.data["pages"] == second.data["pages"] == 2


@pytest.mark.parametrize(("sort", "field"), [("price", "price"), ("time", "minutes")])
def test_a_sorted_list_rises_over_its_pages(lay: Lay, sort: str, field: str) -> None:
    table = lay()
    shown = [o for page in (1, 2) for o in table("search_flights", **TRIP, sort=sort, page=page).data["options"]]
    assert [o[field] for o in shown] == sorted(o[field] for o in shown)
    assert {o["id"] for o in shown} == {"F1", "F2", "F3", "F4"}


def test_an_airport_narrows_a_list_and_keeps_its_ids(lay: Lay) -> None:
    table = lay()
    whole = {o["id"]: o for o in table("search_flights", **TRIP).data["options"]}
    some = table("search_flights", **{**TRIP, "from": "JFK", "to": "LHR"}).data["options"]
    assert [o["id"] for o in some] == ["F1", "F3"]
    assert some[0] == whole["F1"]


def test_another_days_list_has_other_ids(lay: Lay) -> None:
    table = lay()
    table("search_flights", **TRIP)
    other = table("search_flights", **{**TRIP, "depart": "2025-11-12"}).data["options"]
    assert [o["id"] for o in other] == ["F11", "F12", "F13"]
    assert {o["depart"] for o in other} == {"2025-11-12"}


def test_lists_show_no_hidden_field(lay: Lay) -> None:
    for option in lay()("search_flights", **TRIP).data["options"]:
        assert not {"moved", "moved_at", "gone"} & set(option)


def test_clocks_and_the_map_agree() -> None:
    """JFK 18:30 to LHR direct: 5,570 km at 850 km/h and 40 minutes are 7 h 15 in fives; London is 5 hours ahead."""
    from lanista.arenas.travel_booking.offers import fly

    query = ("F", "NYC", "LON", DEPART, BACK)
    flight = fly(query, "Aro", "JFK", "LHR", 18 * 60 + 30, 0, 600, {"bag": 0, "refund": "none", "price": 1})
    assert (flight.arrive, flight.arrives_at) == ("2025-11-12", 6 * 60 + 45)
    assert flight.minutes == 2 * 435
    west = fly(
        ("F", "SYD", "SFO", DEPART, BACK), "Aro", "SYD", "SFO", 600, 0, 600, {"bag": 0, "refund": "none", "price": 1}
    )
    assert west.arrive == DEPART  # across the date line: it lands before it left
    assert west.arrives_at < 600


# Prices and holds


def test_the_list_may_be_stale_and_a_quote_and_a_hold_are_not(lay: Lay) -> None:
    table = lay(flight=(1, {"moved": 35, "moved_at": 0}))
    listed = table.searched().events[0].data["options"]
    assert {o["id"]: o["price"] for o in listed}["F2"] == 520
    table("shortlist", options=["F2"])
    assert table("quote", options=["F2"]).data["costs"] == [{"id": "F2", "cost": 555}]
    table("rank", trips=[["F2"]])
    assert table("hold", option="F2").data["price"] == 555


def test_a_price_moves_at_its_minute_and_a_hold_keeps_it(lay: Lay) -> None:
    """Search, shortlist, rank take minutes 0 to 2; the hold falls on minute 3, before the price moves at 4."""
    table = lay(flight=(1, {"moved": 35, "moved_at": 4}))
    table.searched()
    table("shortlist", options=["F2"])
    table("rank", trips=[["F2"]])
    assert table("hold", option="F2").data["price"] == 520
    assert table("hold", option="F2").data["price"] == 555
    table("confirm", holds=["K1"], total=520)
    assert table("book", hold="K1", key="a").data["paid"] == 520


def test_a_bag_costs_its_fee_where_it_is_taken(lay: Lay) -> None:
    table = lay(flight=(0, {"bag": -1}))
    table.searched()
    table("shortlist", options=["F1", "F2"])
    assert table("quote", options=["F2"], bag=True).data["total"] == 560
    assert table("quote", options=["F1"], bag=True).data["code"] == "no_bags"
    table("rank", trips=[["F2"]])
    assert table("hold", option="F2", bag=True).data["price"] == 560


def test_hotels_and_cars_cost_what_the_fees_make_of_them() -> None:
    """3 nights at 100 GBP and 10% tax are 330 GBP, at 1.27 that is 419.1 USD, rounded up; a car 4 x 50 + 20 EUR."""
    from lanista.arenas.travel_booking.offers import Car, Hotel, cost

    hotel = Hotel("Alma", "LON", DEPART, BACK, 3, 3, "centre", True, 10, "free", "GBP", 100)
    assert cost(hotel, "USD", False, 0) == 420
    car = Car("CDG", DEPART, "2025-11-15", 4, 5, True, 20, "free", "EUR", 50)
    assert cost(car, "EUR", False, 0) == 220
    assert cost(car, "USD", True, 0) == 238  # 220 at 1.08 is 237.6


def test_what_changes_unseen_is_seen_from_above(lay: Lay) -> None:
    table = lay(flight=(1, {"moved": 35, "moved_at": 5}), policy={"hold": 6})
    table.searched()
    table("shortlist", options=["F2"])
    table("rank", trips=[["F2"]])
    table("hold", option="F2")
    hidden = []
    for _ in range(6):
        table("wait", minutes=1)
        hidden += [(table.state.minute, event.kind, dict(event.data)) for event in table.events if event.to == ()]
    assert hidden == [
        (5, "drifted", {"option": "F2", "from": 520, "to": 555}),
        (9, "lapsed", {"hold": "K1", "option": "F2"}),
    ]


def test_a_hold_ends(lay: Lay) -> None:
    table = lay(policy={"hold": 3})
    table.ranked("F2")
    table("hold", option="F2")
    table("wait", minutes=2)
    assert table("confirm", holds=["K1"], total=520).data["code"] == "hold_expired"
    assert table("book", hold="K1", key="a").data["code"] == "hold_expired"
    assert not table.state.bookings
    assert table.terms["api_error"] == 2


def test_what_is_sold_out_is_news_once(lay: Lay) -> None:
    table = lay(flight=(1, {"gone": True}))
    table.ranked("F2", "F1")
    assert table("hold", option="F2").data["code"] == "sold_out"
    assert not table.terms
    assert table("hold", option="F2").data["code"] == "sold_out"
    assert table.terms == {"api_error": 1}
    assert table("hold", option="F1").kind == "held"


def test_only_what_was_passed_on_can_be_ranked_or_held(lay: Lay) -> None:
    table = lay()
    table.searched()
    table("shortlist", options=["F1", "F2"])
    assert table("rank", trips=[["F4"]]).data["code"] == "unknown_option"
    assert table("rank", trips=[["F1", "F2"]]).data["code"] == "incomplete_trip"
    assert table("quote", options=["F4"]).data["code"] == "unknown_option"
    table("rank", trips=[["F2"]])
    assert table("hold", option="F1").data["code"] == "unknown_option"
    assert table.terms == {"api_error": 4}


def test_a_total_must_be_the_sum(lay: Lay) -> None:
    table = lay()
    table.ranked("F2")
    table("hold", option="F2")
    assert table("confirm", holds=["K1"], total=521).data["code"] == "wrong_total"
    assert table("confirm", holds=["K2"], total=520).data["code"] == "unknown_hold"
    assert table("confirm", holds=["K1"], total=520).data["yes"]


# Booking


def test_a_key_books_once(lay: Lay) -> None:
    table = lay().agreed("F2")
    assert not table("book", hold="K1", key="a").data["again"]
    assert table("book", hold="K1", key="a").data["again"]
    assert len(table.state.bookings) == 1
    assert not table.terms


def test_without_the_key_it_books_twice(lay: Lay) -> None:
    table = lay().agreed("F2")
    table("book", hold="K1")
    table("book", hold="K1")
    assert [b.id for b in table.state.bookings] == ["B1", "B2"]


def test_a_key_is_for_one_hold(lay: Lay) -> None:
    table = lay().agreed("F2")
    table("hold", option="F2")
    table("book", hold="K1", key="a")
    assert table("book", hold="K2", key="a").data["code"] == "key_reused"


@pytest.mark.parametrize(("refund", "back"), [("free", 520), ("half", 260), ("none", 0)])
def test_cancelling_gives_back_what_the_rule_says(lay: Lay, refund: str, back: int) -> None:
    table = lay(flight=(1, {"refund": refund})).agreed("F2")
    table("book", hold="K1", key="a")
    told = table("cancel", booking="B1")
    assert (told.data["refund"], told.data["kept"]) == (back, 520 - back)
    assert table("cancel", booking="B1").data["code"] == "already_cancelled"
    assert table("cancel", booking="B7").data["code"] == "unknown_booking"


# Tokens, limits, faults


def test_a_token_ends_and_is_renewed(lay: Lay) -> None:
    table = lay(policy={"token": 2})
    table.searched().searched()
    assert (table.code, dict(table.terms)) == (None, {})
    table.searched()
    assert (table.code, dict(table.terms)) == ("token_expired", {})
    table.searched()
    assert (table.code, dict(table.terms)) == ("token_expired", {"api_error": 1})
    table("login")
    table.searched()
    assert table.code is None


def faulty(lay: Lay, wanted: str, seat: int, tool: str, **changes: Any) -> Table:
    """A table whose next service call of the seat meets the fault, and the one after none."""
    for key in range(5000):
        table = lay(key=key, error_rate=0.3, **changes)
        state: State = table.state
        if fault(state, seat, tool) == wanted:
            return table
    raise AssertionError(f"no key gives {wanted}")


def test_an_unavailable_service_costs_nothing_and_answers_the_second_time(lay: Lay) -> None:
    table = faulty(lay, "503", 0, "search_flights")
    assert table.searched().code == "unavailable"
    assert table.searched().code is None
    assert not table.terms


def test_a_rate_limit_is_waited_out_or_stormed(lay: Lay) -> None:
    patient, hasty = (faulty(lay, "429", 0, "search_flights") for _ in range(2))
    for table in (patient, hasty):
        table.searched()
        (told,) = (event for event in table.events if event.kind == "error")
        assert (told.data["code"], told.data["retry_after"]) == ("too_many_requests", 2)
    patient("wait", minutes=2)
    assert patient.searched().code is None
    assert not patient.terms
    assert hasty.searched().code == hasty.searched().code == "too_many_requests"
    assert hasty.searched().code is None
    assert hasty.terms == {"api_error": 2}


def test_a_revoked_token_needs_a_login(lay: Lay) -> None:
    table = faulty(lay, "401", 0, "search_flights")
    assert table.searched().code == "token_revoked"
    assert not table.terms
    assert table.searched().code == "token_expired"
    assert table.terms == {"api_error": 1}
    table("login")
    assert table.searched().code is None


def through(table: Table) -> Table:
    """As far as the first booking, faults answered with patience."""
    steps: tuple[tuple[str, dict[str, Any]], ...] = (
        ("search_flights", {**TRIP, "sort": "price"}),
        ("shortlist", {"options": ["F2"]}),
        ("rank", {"trips": [["F2"]]}),
        ("hold", {"option": "F2"}),
        ("confirm", {"holds": ["K1"], "total": 520}),
    )
    for tool, args in steps:
        table(tool, **args)
        while table.code is not None:
            table("login")
            table("wait", minutes=3)
            table(tool, **args)
    return table


def timed_out(lay: Lay, wanted: str) -> Table:
    for key in range(5000):
        table = through(lay(key=key, error_rate=0.2, policy={"hold": 60}))
        if fault(table.state, 2, "book") == wanted:
            return table
    raise AssertionError(f"no key gives {wanted}")


def test_a_time_out_that_succeeded_is_found_again_by_its_key(lay: Lay) -> None:
    table = timed_out(lay, "504 done")
    assert table("book", hold="K1", key="a").data["status"] == 504
    assert [event.kind for event in table.events if event.to == ()] == ["fault", "charged"]
    assert len(table.state.bookings) == 1
    assert table("book", hold="K1", key="a").data["again"]
    table("done")
    assert table.terms == {"booked": 1}


def test_a_time_out_that_succeeded_and_a_new_key_are_two_bookings(lay: Lay) -> None:
    table = timed_out(lay, "504 done")
    table("book", hold="K1", key="a")
    table("book", hold="K1", key="b")
    assert len(table("bookings").data["bookings"]) == 2
    table("done")
    assert table.state.verdict is not None
    assert "double" in table.state.verdict.wrong
    assert table.terms == {"wrong_booking": 1}


def test_a_time_out_that_failed_booked_nothing(lay: Lay) -> None:
    table = timed_out(lay, "504 lost")
    assert table("book", hold="K1", key="a").data["status"] == 504
    assert table("bookings").data["bookings"] == []
    assert not table("book", hold="K1", key="a").data["again"]


def test_a_hidden_booking_is_repaired_where_cancelling_is_free(lay: Lay) -> None:
    for key in range(5000):
        table = through(lay(key=key, error_rate=0.2, policy={"hold": 60}, flight=(1, {"refund": "free"})))
        if fault(table.state, 2, "book") == "504 done":
            break
    table("book", hold="K1", key="a")
    table("book", hold="K1", key="b")
    table("cancel", booking="B1")
    table("done")
    assert table.terms == {"booked": 1}


def test_faults_are_bounded_and_never_two_running(lay: Lay) -> None:
    seen = 0
    for key in range(40):
        table = lay(key=key, error_rate=0.5, turns=60)
        last = False
        for _ in range(25):
            before = table.state.faults[0]
            table.searched()
            met = table.state.faults[0] > before
            assert not (met and last)
            last = met
            table("wait", minutes=5)
            table("login")
            if table.state.end:
                break
        seen += table.state.faults[0]
        assert table.state.faults[0] <= 3
        assert not table.terms["api_error"]
    assert seen > 40


def test_a_seats_faults_do_not_depend_on_what_others_called(lay: Lay) -> None:
    """The draw is keyed by the seat and its own count of calls."""
    for key in range(200):
        one, two = lay(key=key, error_rate=0.4), lay(key=key, error_rate=0.4)
        for _ in range(5):
            two.searched()
        assert fault(one.state, 2, "hold") == fault(two.state, 2, "hold")
