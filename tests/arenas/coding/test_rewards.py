"""The reward terms, worked by hand on two tasks, and the laws that keep them from teaching the wrong thing."""

from __future__ import annotations

import pytest
from bank import DOUBLES, FIBONACCI, ITERATIVE, LEAKY, NAIVE, played, started, terms
from hypothesis import given, settings
from hypothesis import strategies as st

from lanista.arenas.coding.rewards import DEFAULT, LITERAL, amounts

RIGHT = DOUBLES.reference
WRONG = "def f(xs):\n    return [x + 2 for x in xs if x % 2 == 0]"
"""Of the six hidden calls ([4], [1], [2, 2, 5], [0], [-2, -1], [8, 6, 7]) it answers [1] and [2, 2, 5] rightly."""
BRANCHY = (
    "def f(xs):\n    w = []\n    for x in xs:\n        if x % 2 == 0 and 1:\n            w.append(2 * x)\n    return w"
)
"""Right, with a cyclomatic complexity of 4 where the reference has 3."""
BROKEN = "def f(xs:\n"
EXITS = "def f(xs):\n    raise SystemExit"
PROGRAMS = (RIGHT, WRONG, BRANCHY, BROKEN, EXITS, "def f(xs):\n    return []", "x = 1")


@pytest.mark.parametrize(
    ("source", "worth"),
    [
        (RIGHT, {"tests_passed_share": 1, "tests_passed": 6, "simple": 1}),
        (BRANCHY, {"tests_passed_share": 1, "tests_passed": 6}),
        (WRONG, {"tests_passed_share": 2 / 6, "tests_passed": 2, "partly_passed": 1}),
        (BROKEN, {"syntax_error": 1}),
        (EXITS, {}),
        ("x = 1", {}),
    ],
    ids=["right", "right, with more branches", "two of six", "no Python", "leaves", "no function"],
)
def test_the_generator_is_paid_for_its_program(source: str, worth: dict[str, float]) -> None:
    assert terms(played(DOUBLES, [source], rounds=0), "generator_0") == pytest.approx(worth)


def test_out_of_time_passes_nothing_and_costs() -> None:
    assert terms(played(FIBONACCI, [NAIVE], rounds=0), "generator_0") == {"time_out": 1}


def test_the_weighted_sums_of_both_presets_by_hand() -> None:
    """Two of six: 10/3 − 2 in the default preset, 20 − 2 in the literal one; right: 10 + 5 + 10, and 60 + 5 + 10."""
    for preset, wrong, right in (("default", 10 / 3 - 2, 25), ("literal", 18, 75)):
        assert played(DOUBLES, [WRONG], preset, rounds=0).returns["generator_0"] == pytest.approx(wrong)
        assert played(DOUBLES, [RIGHT], preset, rounds=0).returns["generator_0"] == pytest.approx(right)


def test_the_debugger_is_paid_the_difference_and_the_team_the_end() -> None:
    game = played(DOUBLES, [WRONG, "none", "fail", RIGHT], rounds=1)
    assert terms(game, "debugger_0") == pytest.approx(
        {"tests_passed_share": 4 / 6, "tests_passed": 4, "partly_passed": -1, "simple": 1}
    )
    assert terms(game, "coders") == {"solved": 1}
    assert game.returns["debugger_0"] == pytest.approx(10 * 4 / 6 + 2 + 5 + 10)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(PROGRAMS), min_size=1, max_size=5))
def test_what_generator_and_debugger_earn_is_what_the_last_program_is_worth(programs: list[str]) -> None:
    """So planting a fault and mending it pays nothing, whatever the way."""
    replies = [programs[0]]
    for source in programs[1:]:
        replies += ["none", "fail", source]
    game = played(DOUBLES, replies, rounds=len(programs) - 1)
    earned = terms(game, "generator_0")
    for name, amount in terms(game, "debugger_0").items():
        earned[name] = earned.get(name, 0) + amount
    assert game.state.verdict is not None
    worth = amounts(game.state.verdict)
    assert {n: a for n, a in earned.items() if abs(a) > 1e-9} == pytest.approx({n: a for n, a in worth.items() if a})


def test_in_debug_mode_the_planted_program_is_where_the_difference_starts() -> None:
    game = played(DOUBLES, ["none", "fail", RIGHT], mode="debug", rounds=1)
    first, last = game.state.first, game.state.verdict
    assert first is not None
    assert last is not None
    assert terms(game, "debugger_0")["tests_passed"] == last.passed - first.passed
    assert "simple" in terms(game, "debugger_0")


def test_the_tester_is_paid_once_for_what_inputs_expose_and_pays_for_invalid_ones() -> None:
    game = played(DOUBLES, [WRONG, "f([4])\nf('a')\nf(1)", "fail", "keep", "f([4])\nf([8])", "fail"])
    paid = terms(game, "tester_0")
    assert paid["invalid_input"] == 2
    assert paid["fault_exposed"] == 1
    assert 0 < paid["mutants_killed"] <= 1


def test_public_examples_and_nothing_at_all_expose_nothing() -> None:
    for reply in ("f([1, 2, 3])\nf([])", "none"):
        assert terms(played(DOUBLES, ["def f(xs):\n    return 5", reply]), "tester_0") == {}


def test_better_inputs_kill_more_mutants() -> None:
    few, many = (terms(played(DOUBLES, [RIGHT, reply]), "tester_0") for reply in ("f([1])", "f([-3, 4, 7])"))
    assert few.get("mutants_killed", 0) < many["mutants_killed"] <= 1


def test_planting_a_fault_for_the_tester_to_find_costs_the_team_more_than_it_pays() -> None:
    """Summed over the seats, and even where nothing else changes: −2 for passing partly, at most +1 for exposing it."""
    honest = played(DOUBLES, [RIGHT, "f([-3, 4, 7])", "pass"], rounds=1)
    planted = played(DOUBLES, [WRONG, "f([-3, 4, 7])", "fail", RIGHT], rounds=1)
    seats = honest.seats
    assert sum(planted.returns[s] for s in seats) <= sum(honest.returns[s] for s in seats) + DEFAULT["fault_exposed"]
    assert planted.returns["generator_0"] < honest.returns["generator_0"] - DEFAULT["fault_exposed"]


@pytest.mark.parametrize("preset", ["default", "literal"])
def test_no_legal_reply_costs_as_much_as_an_unreadable_one(preset: str) -> None:
    """The worst a revision can do is to break a right program: with up to 50 hidden calls in the literal preset."""
    weights = {"default": DEFAULT, "literal": LITERAL}[preset]
    best = 10 + weights["simple"] if preset == "default" else 50 * 10 + weights["simple"]
    assert weights["illegal_reply"] < -best + weights["syntax_error"]
    assert weights["illegal_reply"] < 5 * weights["invalid_input"]
    assert weights["illegal_reply"] + best < weights["syntax_error"] + weights["time_out"], (
        "even if the fallback is right"
    )
    assert weights["forfeit"] <= weights["illegal_reply"]


def test_the_three_fibonacci_attempts_score_in_their_order() -> None:
    """Naive recursion runs out of time (−3); a default that leaks answers the first call and none after (1 − 2); the
    loop passes all ten and is simple (10 + 5)."""
    scores = [
        played(FIBONACCI, [source], rounds=0).returns["generator_0"] - DEFAULT["solved"] * (source == ITERATIVE)
        for source in (NAIVE, LEAKY, ITERATIVE)
    ]
    assert scores == pytest.approx([-3, -1, 15])


def test_the_fallback_is_an_empty_function_and_pays_like_one() -> None:
    game = started(DOUBLES, rounds=0)
    assert game.submit("generator_0", "") is not None
    assert game.submit("generator_0", "") is None
    assert game.returns["generator_0"] == DEFAULT["illegal_reply"] + DEFAULT["refused_reply"]
