"""The traveller: says what it could know, objects to what it can see, changes its mind once, runs out of patience."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lanista.arenas.travel_booking.state import State
from lanista.arenas.travel_booking.wishes import Wish

from .conftest import RULES, WORDS, Lay, Table

DIRECT = Wish("direct", "flight")
HELD = {"spec": {"musts": (DIRECT,)}, "held": (DIRECT,)}


def request(state: State) -> dict[str, object]:
    (event,) = (event for event in RULES.opening(state) if event.kind == "request")
    return dict(event.data)


def test_a_demand_held_back_is_told_when_it_is_asked_for(lay: Lay) -> None:
    table = lay(**HELD)
    assert (request(table.state)["musts"], request(table.state)["ask"]) == ([], ["flight"])
    told = table("ask", about="flight")
    assert (told.data["musts"], told.to) == ([["direct", "flight", None]], None)


def test_a_demand_held_back_comes_out_as_an_objection(lay: Lay) -> None:
    table = lay(**HELD, careful=False).ranked("F2", "F1")
    table("hold", option="F2")
    no = table("confirm", holds=["K1"], total=520)
    assert (no.data["yes"], no.data["because"], no.data["must"]) == (False, "direct", ["direct", "flight", None])


@pytest.mark.parametrize(("careful", "yes"), [(True, False), (False, True)])
def test_only_a_careful_traveller_sees_a_budget_that_is_broken(lay: Lay, careful: bool, yes: bool) -> None:
    table = lay(careful=careful).ranked("F3")
    table("hold", option="F3")
    answered = table("confirm", holds=["K1"], total=640)
    assert answered.data["yes"] is yes
    assert answered.data["because"] == (None if yes else "budget")


def test_the_traveller_leaves_after_three_refusals(lay: Lay) -> None:
    table = lay().ranked("F3")
    table("hold", option="F3")
    for _ in range(3):
        assert table.state.end is None
        table("confirm", holds=["K1"], total=640)
    assert table.state.end == "left"
    assert table.terms == {"unserved": 1}


def fickle(lay: Lay, traveller: str = "simulated") -> Table:
    """The traveller will want the fastest trip, for 700."""
    table = lay(traveller=traveller)
    case = table.state.case
    (spec,) = case.specs
    after = spec._replace(goal="fastest", budget=700)
    two = replace(case, specs=(spec, after), change="goal")
    from lanista.arenas.travel_booking import solver

    best = tuple(solver.best(two, each, 0) for each in two.specs)
    table.state = table.state._replace(case=replace(two, best=best))
    return table


def test_a_change_of_mind_comes_with_the_first_proposal_and_counts(lay: Lay) -> None:
    table = fickle(lay).ranked("F2", "F1")
    table("hold", option="F2")
    changed = table("confirm", holds=["K1"], total=520)
    assert (changed.kind, changed.data["goal"], changed.data["budget"]) == ("changed", "fastest", 700)
    table("hold", option="F1")
    assert table("confirm", holds=["K2"], total=580).data["yes"]
    table("book", hold="K2", key="a")
    table("done")
    assert table.terms == {"booked": 1}


def test_what_was_said_is_held_against_what_was_wanted_then(lay: Lay) -> None:
    """F2 was the cheapest; that the traveller wants the fastest since does not make it a false word."""
    table = fickle(lay)
    table.searched()
    table("shortlist", options=["F2"])
    table("rank", trips=[["F2"]], because=["cheapest", "within_budget"])
    table("hold", option="F2")
    table("confirm", holds=["K1"], total=520)
    table("done")
    outcome = RULES.outcome(table.state)
    assert outcome is not None
    assert outcome.facts["explained"] is True


def test_what_was_agreed_before_is_not_agreed_after(lay: Lay) -> None:
    table = fickle(lay).ranked("F2")
    table("hold", option="F2")
    table("confirm", holds=["K1"], total=520)
    table("book", hold="K1", key="a")
    assert table.terms == {"unconfirmed": 1}


# The traveller's seat


def test_a_seated_traveller_is_asked_and_knows_its_wishes(lay: Lay) -> None:
    table = fickle(lay, "seat")
    (wishes,) = (event for event in RULES.opening(table.state) if event.kind == "wishes")
    assert wishes.to == ("traveller_0",)
    assert wishes.data["change"]["goal"] == "fastest"
    table.ranked("F2", "F1")
    table("hold", option="F2")
    proposed = table("confirm", holds=["K1"], total=520)
    assert (proposed.kind, proposed.data["total"], proposed.to) == ("proposed", 520, ("traveller_0",))
    assert RULES.to_act(table.state) == ("traveller_0",)
    ask = RULES.ask(table.state, "traveller_0")
    assert {str(choice) for choice in ask.choices} == {"yes {}", "change {}"}  # nothing is wrong with it
    assert table("yes").data["yes"]
    assert RULES.to_act(table.state) == ("booking_0",)


def test_a_seated_traveller_says_only_what_it_could_know(lay: Lay) -> None:
    """No objection by a demand that it does not have, no change of mind that it was not given."""
    table = lay(traveller="seat").ranked("F2")
    table("hold", option="F2")
    table("confirm", holds=["K1"], total=520)
    ask = RULES.ask(table.state, "traveller_0")
    for reply in ("change", 'no {"because": "direct"}', 'no {"because": "weather"}', "perhaps"):
        assert type(WORDS.read(ask, reply)).__name__ == "Illegal", reply
    for untrue in ("budget", "dates", "incomplete"):
        assert type(WORDS.read(ask, f'no {{"because": "{untrue}"}}')).__name__ == "Illegal", untrue
    assert WORDS.read(ask, "yes") in ask.choices
    dear = table.state._replace(pending=("confirm", str(table.state.wanted.budget + 1), "K1"))
    assert 'no {"because": "budget"}' in {str(choice) for choice in RULES.ask(dear, "traveller_0").choices}


def test_a_silent_traveller_says_what_the_simulated_one_would(lay: Lay) -> None:
    table = lay(traveller="seat").ranked("F3")
    table("hold", option="F3")
    table("confirm", holds=["K1"], total=640)
    assert str(RULES.fallback(table.state, "traveller_0")) == 'no {"because": "budget"}'


def test_asking_costs_a_seated_traveller_a_turn_and_tells_all(lay: Lay) -> None:
    table = lay(traveller="seat", **HELD)
    table("ask", about="flight")
    assert RULES.to_act(table.state) == ("traveller_0",)
    assert table("tell").data["musts"] == [["direct", "flight", None]]
    assert RULES.to_act(table.state) == ("search_0",)
