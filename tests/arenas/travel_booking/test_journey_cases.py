"""Journeys come out as meant: seeded, split apart, the solver is the optimum, every option does what it says."""

from __future__ import annotations

import itertools
from dataclasses import fields
from typing import Any

import pytest

from lanista.arenas.travel_booking import Config
from lanista.arenas.travel_booking.dates import day as iso
from lanista.arenas.travel_booking.dates import ordinal, resolve
from lanista.arenas.travel_booking.journeys import solver
from lanista.arenas.travel_booking.journeys.cases import Journey, Terms
from lanista.arenas.travel_booking.journeys.draws import combination
from lanista.arenas.travel_booking.journeys.generator import bent, generate
from lanista.arenas.travel_booking.journeys.offers import Flight, cost, fare, rebate, rooms
from lanista.arenas.travel_booking.journeys.places import PLACES, block_minutes, today
from lanista.errors import UsageError


def cases(count: int, seed: int = 0, **config: Any) -> list[Journey]:
    made = Config(**{"level": "top", **config})
    return [generate(made, number) for number in range(seed, seed + count)]


def test_a_journey_is_a_function_of_seed_and_config() -> None:
    for one, two in zip(cases(15), cases(15), strict=True):
        assert all(getattr(one, f.name) == getattr(two, f.name) for f in fields(Journey))


def test_splits_share_no_combination_and_no_house_rule() -> None:
    by_split = [cases(150, split=split) for split in ("train", "dev", "test")]
    for one, two in itertools.combinations(by_split, 2):
        assert not {combination(case) for case in one} & {combination(case) for case in two}
        assert not {case.house.token for case in one} & {case.house.token for case in two}


def brute(case: Journey, terms: Terms) -> tuple[int, int] | None:
    """The optimum by another road: every combination of offers, judged one by one from what they say."""
    found = []
    for flights in itertools.product(*(case.shelf(solver.flight_query(terms, i)) for i in range(len(terms.legs)))):
        if not all(case.fits(f, i) for i, f in enumerate(flights)):
            continue
        airline, need = case.status
        if sum(isinstance(f, Flight) and f.airline == airline for f in flights) < need:
            continue
        lists = []
        for k, stay in enumerate(terms.stays):
            begin = str(flights[stay.lands][5]) if stay.lands >= 0 else stay.begin
            until = terms.check_out(k)
            shelf = case.shelf(("H", stay.city, begin, until)) if begin < until else ()
            lists.append([room for room in shelf if case.fits(room, k)])
        prices = [cost(f, case.home, case.ages, case.bags) for f in flights]
        if len({f[0] for f in flights}) == 1:
            prices = [price - rebate(price) for price in prices]
        for inn in itertools.product(*lists):
            total = sum(prices) + sum(cost(room, case.home, case.ages, case.bags) for room in inn)
            if total > terms.budget:
                continue
            likes = [0] * len(case.people)
            for at, offer in [*enumerate(flights), *enumerate(inn)]:
                for wish in case.counted:
                    if wish.flight == isinstance(offer, Flight) and wish.at in (-1, at) and wish.met(offer):
                        likes[[person.name for person in case.people].index(wish.who)] += 1
            minutes = sum(f.minutes for f in flights if isinstance(f, Flight))
            found.append(solver.rank(terms.goal, solver.Found((), total, minutes, tuple(likes))))
    return min(found, default=None)


@pytest.mark.parametrize("config", [{"distractors": 0}, {"legs": 2, "distractors": 1, "travellers": 2}])
def test_the_solver_is_the_brute_force_optimum(config: dict[str, Any]) -> None:
    goals = set()
    for case in cases(25, seed=3, **config):
        for terms in filter(None, (case.terms, bent(case))):
            found, right = solver.solved(case, terms), brute(case, terms)
            assert (found is None) == (right is None)
            if found is not None:
                assert solver.rank(terms.goal, found) == right
            goals.add(terms.goal)
    assert goals == set(solver.GOALS)


def test_impossible_journeys_are_so_for_their_reason_and_some_parties_bend() -> None:
    made = cases(400)
    share = sum(case.reason is not None for case in made) / len(made)
    assert abs(share - 0.2) < 0.08  # four standard errors of 400 draws at 0.2
    for case in made:
        assert solver.obstacle(case, case.terms) == case.reason
        other = bent(case)
        assert case.flex is None or (case.reason is not None and other is not None and solver.solved(case, other))
    assert {case.reason for case in made} == {None, "budget", "flight", "hotel"}
    assert {None if case.flex is None else case.flex.kind for case in made} == {None, "budget", "day"}
    assert all(case.flex is None for case in cases(60, counter=0.0))


def test_every_option_is_what_it_says() -> None:
    for case in cases(40, travellers=4, legs=4):
        assert len(case.people) == len({person.name for person in case.people}) == 4
        assert len(case.terms.legs) in (3, 4)
        assert len(case.terms.stays) == 3
    assert all(case.think > 2 for case in cases(30, expiring=1.0))
    assert all(case.think == 2 for case in cases(30, expiring=0.0))
    assert all(case.after or case.reason for case in cases(30, changes=1.0))
    assert all(case.after is None for case in cases(30, changes=0.0))
    assert all(not case.terms.stays for case in cases(30, horizon=1))
    assert all(not hub.visas and not hub.minimum for case in cases(10, borders=False) for hub in case.hubs)
    assert any(case.status[1] for case in cases(30, loyalty=1.0))
    assert all(not case.status[1] for case in cases(30, loyalty=0.0))
    assert all(not case.held for case in cases(20, cooperativeness=1.0))


def test_files_contradict_what_is_said_as_often_as_asked() -> None:
    def clashes(case: Journey) -> int:
        stored = [wish for person in case.people for wish in person.stored]
        return sum((w.who, w.kind) == (s.who, s.kind) and w.value != s.value for w in case.likes for s in stored)

    assert not any(clashes(case) for case in cases(40, contradictions=0.0))
    clashing = cases(40, contradictions=1.0)
    assert sum(map(clashes, clashing)) > 20
    for case in clashing:  # what is said counts, what is on file of the same kind does not
        assert all(wish in case.counted for wish in case.likes)
        kinds = [(wish.who, wish.kind) for wish in case.counted if wish.at < 0]
        assert len(kinds) == len(set(kinds))


def test_people_want_the_contrary_of_each_other() -> None:
    found = 0
    for case in cases(60):
        by_kind: dict[str, set[Any]] = {}
        for wish in case.likes:
            by_kind.setdefault("clock" if wish.kind in ("after", "before") else wish.kind, set()).add(wish.value)
        found += any(len(by_kind.get(kind, ())) > 1 for kind in ("clock", "airline", "area"))
    assert found > 30


def test_words_for_days_mean_the_days() -> None:
    for case in cases(80, seed=50):
        now, before = iso(today(case.clock, case.terms.legs[0].frm)), None
        for leg in case.terms.legs:
            assert resolve(leg.say, now, before) == leg.day
            assert now < leg.day
            before = leg.day


def test_some_journeys_land_before_they_leave_and_some_two_days_later() -> None:
    """Clocks and the date line: the hotel begins on a day that only the arrival tells."""
    offsets = {
        ordinal(flight.arrive) - ordinal(flight.depart)
        for case in cases(120)
        for flights in case.lists.values()
        for flight in flights
    }
    assert {0, 1, 2} <= offsets
    crossing = generate(Config(level="top"), 0)
    query = ("F", "TYO", "HNL", "2026-01-10")
    landed = [f for f in crossing.shelf(query) if isinstance(f, Flight) and not f.via]
    assert PLACES["TYO"].offset - PLACES["HNL"].offset == 19 * 60
    for flight in landed:
        assert flight.arrive == ("2026-01-10" if flight.departs_at + flight.minutes >= 19 * 60 else "2026-01-09")


def test_durations_and_prices_vary_as_real_ones_do() -> None:
    assert block_minutes("LAX", "NYC") < block_minutes("NYC", "LAX")  # the jet stream
    made = [f for case in cases(60) for flights in case.lists.values() for f in flights]
    routes: dict[tuple[str, str], set[int]] = {}
    for f in made:
        routes.setdefault((f.start, f.end), set()).add(f.minutes)
    assert any(len(minutes) > 3 for minutes in routes.values())
    assert len({f.price for f in made}) > 200


@pytest.mark.parametrize(("age", "price"), [(1, 11), (2, 76), (11, 76), (12, 101), (70, 101)])
def test_fares_by_age(age: int, price: int) -> None:
    """101 for a grown-up: a tenth is 10.1, three quarters 75.75; both are rounded up."""
    assert fare(101, age) == price


def test_rooms_sleep_two() -> None:
    assert [rooms((30,)), rooms((30, 31)), rooms((30, 31, 1)), rooms((30, 31, 2))] == [1, 1, 1, 2]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"travellers": 7}, "travellers is a whole number from 1 to 4, not 7"),
        ({"legs": 1}, "2 to 4"),
        ({"expiring": 1.5}, "0 to 1"),
        ({"told": "yes"}, "true or false"),
        ({"scenario": "new-york-london", "travellers": 2}, "one traveller's round trip: leave out travellers=2"),
        ({"level": "top", "traveller": "seat"}, "a journey's party is simulated"),
        ({"level": "top", "horizon": 3}, "journeys have 1 or 2"),
        ({"level": "hard", "told": True, "fickle": 0.5}, "use changes on journeys"),
        ({"level": "top", "infeasible": 0.0, "counter": 0.5}, "infeasible is 0"),
        ({"level": "top", "likes": 0, "contradictions": 0.5}, "likes is 0"),
        ({"level": "top", "scenario": "new-york-london", "legs": 3}, "leave out legs=3"),
    ],
)
def test_what_contradicts_is_refused_in_one_line(values: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says) as refused:
        Config(**values)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("level", ["easy", "medium", "hard"])
def test_one_option_makes_a_journey_of_any_level_and_none_leaves_it(level: str) -> None:
    assert not Config(level=level).journey
    assert Config(level=level, travellers=2).journey
    assert Config(level=level, told=True).journey
    assert not Config(scenario="new-york-london").journey
