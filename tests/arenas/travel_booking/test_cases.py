"""The generator: every case comes out as meant, splits share nothing, and the solver is the optimum."""

from __future__ import annotations

import itertools
from dataclasses import fields, replace
from typing import Any

import pytest

from lanista.arenas.travel_booking import Config, solver
from lanista.arenas.travel_booking.cases import Case
from lanista.arenas.travel_booking.config import LEVELS, MOST_INFEASIBLE
from lanista.arenas.travel_booking.dates import day as iso
from lanista.arenas.travel_booking.dates import ordinal, resolve
from lanista.arenas.travel_booking.generator import finished, generate
from lanista.arenas.travel_booking.offers import Car, Flight, Hotel, cost
from lanista.arenas.travel_booking.wants import combination
from lanista.arenas.travel_booking.world import CITIES, CITY_OF
from lanista.errors import LanistaError, UsageError

HARD = {"level": "hard", "fickle": 0.6, "drift": 0.4}


def cases(count: int, seed: int = 0, **config: Any) -> list[Case]:
    made = Config(**config)
    return [generate(made, number) for number in range(seed, seed + count)]


@pytest.mark.parametrize("level", LEVELS)
def test_a_case_is_a_function_of_seed_and_config(level: str) -> None:
    for one, two in zip(cases(20, level=level), cases(20, level=level), strict=True):
        assert all(getattr(one, f.name) == getattr(two, f.name) for f in fields(Case))


def test_splits_share_no_combination_and_no_policy() -> None:
    by_split = {s: cases(250, split=s, level=level) for s in ("train", "dev", "test") for level in ("easy",)}
    for s in by_split:
        by_split[s] += cases(150, split=s, level="hard")
    for one, two in itertools.combinations(by_split.values(), 2):
        assert not {combination(case) for case in one} & {combination(case) for case in two}
        assert not {(len(c.needs), c.policy.hold) for c in one} & {(len(c.needs), c.policy.hold) for c in two}
        assert not {c.policy.token for c in one} & {c.policy.token for c in two}
        assert not {c.policy.tax for c in one} & {c.policy.tax for c in two}


def test_combinations_are_thousands() -> None:
    assert len({combination(case) for case in cases(1000, level="medium")}) > 950


def test_difficulty_keys_are_what_they_say() -> None:
    for case in cases(60, level="hard", constraints=3, likes=2, distractors=2, error_rate=0.3):
        assert len(case.specs[0].musts) == 3
        assert len(case.needs) == 3
        assert len({wish.kind for wish in (*case.specs[0].stated, *case.remembered)}) == 2
        assert len(case.shelf(case.specs[0].flights)) == len(case.hotels) == 5
        assert case.error_rate == 0.3
    assert all(case.change is None for case in cases(60, fickle=0.0))
    assert all(case.change or case.reason for case in cases(60, fickle=1.0))
    assert all(not case.held for case in cases(60, cooperativeness=1.0))
    assert all(set(case.held) == set(case.specs[0].musts) for case in cases(60, cooperativeness=0.0))
    for case in cases(60, drift=0.0):
        assert not any(o.moved or o.gone for o in (*case.shelf(case.specs[0].flights), *case.hotels))


def test_the_share_of_impossible_cases_is_the_config_s() -> None:
    """400 draws at 0.2: four standard errors are 8 points; every reason there is comes up."""
    made = cases(400, level="hard", infeasible=0.2)
    share = sum(case.reason is not None for case in made) / len(made)
    assert abs(share - 0.2) < 0.08
    assert {case.reason for case in made} == {None, "budget", "flight", "hotel", "car"}
    assert all(case.reason is None for case in cases(100, infeasible=0.0))
    with pytest.raises(UsageError, match=r"0 to 0\.2"):
        Config(infeasible=MOST_INFEASIBLE + 0.01)


def brute(case: Case, spec: Any, minute: int) -> tuple[int, int] | None:
    """The optimum by another road: every triple of offers, judged one by one from what the offers themselves say."""
    found = []
    flights = [f for f in case.shelf(spec.flights) if isinstance(f, Flight)]
    for flight in flights:
        nights = ordinal(spec.back) - ordinal(flight.arrive)
        hotels: list[Any] = [h._replace(check_in=flight.arrive, nights=nights) for h in case.hotels] or [None]
        cars: list[Any] = [c._replace(place=flight.end, days=nights) for c in case.cars] or [None]
        for trip in itertools.product([flight], hotels, cars):
            offers = [offer for offer in trip if offer is not None]
            if any(offer.gone for offer in offers):
                continue
            named = {"flight": trip[0], "hotel": trip[1], "car": trip[2]}
            if not all(wish.met(named[wish.product]) for wish in spec.musts):
                continue
            price = sum(cost(offer, case.home, spec.bag, minute) for offer in offers)
            likes = sum(wish.met(named[wish.product]) for wish in spec.likes)
            if price <= spec.budget:
                key = {"cheapest": (price, -likes), "fastest": (flight.minutes, price), "preferred": (-likes, price)}
                found.append(key[spec.goal])
    return min(found, default=None)


@pytest.mark.parametrize("minute", [0, 12, solver.LATE])
def test_the_best_trip_is_the_brute_force_one_and_stays_it(minute: int) -> None:
    """At every minute the case's best trip, at that minute's prices, is as good as any."""
    for case in cases(120, seed=3, **HARD):
        for spec, best in zip(case.specs, case.best, strict=True):
            right = brute(case, spec, minute)
            assert (best is None) == (right is None) == (case.reason is not None)
            if best is not None:
                assert solver.rank(spec.goal, solver.later(case, spec, best, minute)) == right


def test_a_change_of_mind_changes_something_and_stays_possible() -> None:
    changes = set()
    for case in cases(300, seed=9, level="hard", fickle=1.0, infeasible=0.0):
        assert case.change is not None
        changes.add(case.change)
        one, two = case.specs
        assert one != two
        assert None not in case.best
    assert changes == {"back", "budget", "goal", "must"}


def test_words_for_days_mean_the_days() -> None:
    for case in cases(300, seed=50):
        spec = case.specs[0]
        now = iso((case.clock + CITIES[spec.frm].offset) // 1440)
        assert resolve(spec.depart_say, now, None) == spec.depart
        assert resolve(spec.back_say, now, spec.depart) == spec.back
        assert now < spec.depart < spec.back


def test_the_calendar_of_home_is_not_always_that_of_greenwich() -> None:
    """Some cases begin while it is another day at home: whoever takes the day from the clock alone books a day off."""
    other = [c for c in cases(300) if (c.clock + CITIES[c.specs[0].frm].offset) // 1440 != c.clock // 1440]
    assert 20 < len(other) < 200


def test_a_hotel_begins_on_the_day_of_landing_which_is_not_always_that_of_departure() -> None:
    offsets = {
        ordinal(flight.arrive) - ordinal(flight.depart)
        for case in cases(200)
        for flight in case.shelf(case.specs[0].flights)
        if isinstance(flight, Flight)
    }
    assert {0, 1} <= offsets


def test_a_case_that_did_not_come_out_as_meant_is_an_error() -> None:
    case = next(case for case in cases(50) if case.reason is None)
    with pytest.raises(LanistaError, match="was meant to meet"):
        finished(replace(case, reason="budget", best=()))


def test_any_list_can_be_asked_for_and_fits_its_query() -> None:
    case = cases(1, level="hard")[0]
    for a, b in (("NYC", "SYD"), ("TYO", "LON")):
        for flight in case.shelf(("F", a, b, "2026-02-01", "2026-02-05")):
            assert isinstance(flight, Flight)
            assert (CITY_OF[flight.start], CITY_OF[flight.end]) == (a, b)
            assert (flight.depart, flight.back) == ("2026-02-01", "2026-02-05")
    for hotel in case.shelf(("H", "ROM", "2026-02-01", "2026-02-05")):
        assert isinstance(hotel, Hotel)
        assert (hotel.city, hotel.nights, hotel.currency) == ("ROM", 4, "EUR")
    for car in case.shelf(("C", "FCO", "2026-02-01", "2026-02-05")):
        assert isinstance(car, Car)
        assert (car.place, car.days) == ("FCO", 4)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"split": "tran"}, "did you mean 'train'"),
        ({"level": "extreme"}, "level is one of"),
        ({"traveller": "bot"}, "traveller is one of"),
        ({"scenario": "paris"}, "scenario is one of"),
        ({"horizon": 4}, "1 to 3"),
        ({"horizon": True}, "1 to 3"),
        ({"constraints": -1}, "0 to 5"),
        ({"likes": 2.5}, "0 to 4"),
        ({"distractors": 99}, "0 to 6"),
        ({"error_rate": 0.9}, "0 to 0.5"),
        ({"error_rate": float("nan")}, "0 to 0.5"),
        ({"drift": "much"}, "0 to 0.5"),
        ({"fickle": 2}, "0 to 1"),
        ({"turns": 2}, "8 to 200"),
        ({"split": 3}, "split is one of"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(values: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says) as refused:
        Config(**values)
    assert "\n" not in str(refused.value)
