"""The novice: every habit shows, every habit costs, and without its habits it would do well."""

from __future__ import annotations

import re

import pytest
from travel_cases import facts, played, rate, replies, scripted

from lanista.agents.travel_booking import novice
from lanista.agents.travel_booking.novice import HABITS, TravelNovice

CASES = 200


def only(monkeypatch: pytest.MonkeyPatch, *habits: str) -> TravelNovice:
    """A novice that has these habits always, and no other."""
    monkeypatch.setattr(novice, "HABITS", {name: float(name in habits) for name in HABITS})
    return TravelNovice()


def test_it_stands_between_nothing_and_the_expert() -> None:
    easy, medium = (rate(scripted("travel_novice", CASES, level)) for level in ("easy", "medium"))
    assert 0.2 <= easy <= 0.5
    assert 0.1 <= medium <= 0.4


def test_its_mistakes_are_all_there() -> None:
    games = scripted("travel_novice", CASES, "medium")
    for mistake in ("wrong_booking", "unconfirmed", "double_booked", "false_impossible"):
        assert any(facts(games, mistake)), mistake
    wrong = {kind for found in facts(games, "wrong") for kind in found}
    assert {"dates", "demand", "budget", "goal"} <= wrong
    codes = {e.data["code"] for g in games for s in g.steps for e, _ in s.events if e.kind == "error"}
    assert {"invalid_argument", "too_many_requests", "sold_out"} <= codes


def test_it_never_fails_to_reply_and_writes_calls_as_the_arena_does() -> None:
    turns = [t for g in scripted("travel_novice", CASES, "medium") for s in g.steps for t in s.turns]
    assert all(turn.by == "seat" and not turn.attempts for turn in turns)
    # A call that a service refuses is recorded with its quotes made safe.
    assert all(turn.reply.replace('"', "'") == turn.action.replace('"', "'") for turn in turns)


def test_an_american_date_costs_twenty_and_is_then_written_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """One refused search, -20 for search_0, in the very case of the page; then YYYY-MM-DD."""
    (game,) = played(only(monkeypatch, "american dates"), 1, scenario="new-york-london", error_rate=0.0)
    searches = [reply for reply in replies([game], "search_0") if reply.startswith("search_flights")]
    assert re.search(r'"depart": "\d\d-\d\d-\d{4}"', searches[0])
    assert re.search(r'"depart": "\d{4}-\d\d-\d\d"', searches[1])
    terms = [tuple(term) for step in game.steps for term in step.terms]
    assert terms.count(("api_error", "search_0", 1.0)) == 1
    assert facts([game], "api_errors") == [1]


def test_without_habits_it_errs_less_and_completes_more(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = played(only(monkeypatch), 100, level="easy")
    usual = scripted("travel_novice", CASES, "easy")
    assert rate(plain) > rate(usual) + 0.2
    assert sum(facts(plain, "api_errors")) / 100 < 0.2 * sum(facts(usual, "api_errors")) / CASES


@pytest.mark.parametrize(
    ("habit", "level", "shows"),
    [
        ("does not confirm", "easy", "unconfirmed"),
        ("no key", "medium", "double_booked"),
        ("gives up early", "easy", "false_impossible"),
        ("american dates", "easy", "api_errors"),
        ("does not wait", "medium", "api_errors"),
        ("forgets the bag", "easy", "failed"),
        ("ignores demands", "medium", "failed"),
        ("one page", "medium", "failed"),
        ("day of departure", "medium", "failed"),
    ],
)
def test_a_habit_shows_in_what_comes_of_it(monkeypatch: pytest.MonkeyPatch, habit: str, level: str, shows: str) -> None:
    """The same cases with the habit alone, and with none: what it spoils is spoiled more often."""

    def spoiled(*habits: str) -> float:
        games = played(only(monkeypatch, *habits), 60, level=level, constraints=3, error_rate=0.3)
        return 1 - rate(games) if shows == "failed" else rate(games, shows)

    assert spoiled(habit) > spoiled() + 0.02


def test_habits_differ_from_game_to_game_and_stay_within_one() -> None:
    games = scripted("travel_novice", CASES, "easy")
    american = [
        [bool(re.search(r"\d\d-\d\d-\d{4}", reply)) for reply in replies([game], "search_0") if "search_" in reply]
        for game in games
    ]
    first = [found[0] for found in american if found]
    assert 0.35 < sum(first) / len(first) < 0.65
    assert not any(found[-1] for found in american if len(found) > 2)
