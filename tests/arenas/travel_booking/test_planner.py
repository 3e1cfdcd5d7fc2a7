"""The planner: every case is solved, the solution earns the maximum in the game itself, and no step is spare."""

from __future__ import annotations

from typing import Any

import pytest

from lanista.arenas import Game
from lanista.arenas.travel_booking import arena, planner
from lanista.arenas.travel_booking.calls import made
from lanista.errors import LanistaError

CONFIGS: tuple[dict[str, Any], ...] = (
    {"level": "easy"},
    {"level": "medium"},
    {"level": "hard"},
    {"level": "hard", "split": "test", "error_rate": 0.5, "fickle": 1.0, "drift": 0.5},
    {"level": "easy", "split": "dev", "error_rate": 0.5, "fickle": 1.0, "drift": 0.5, "infeasible": 0.2},
)


@pytest.mark.parametrize("config", CONFIGS)
def test_every_case_is_proved(config: dict[str, Any]) -> None:
    table = arena.configure(**config)
    for seed in range(60):
        game = Game(arena, seed, table)
        plan = planner.prove(game)
        assert game.outcome is not None
        assert game.outcome.scores == {"agency": 1.0}
        assert game.outcome.facts["api_errors"] == 0
        assert set(game.returns.values()) == {planner.maximum(plan.end)}


@pytest.mark.slow
@pytest.mark.parametrize("config", CONFIGS)
def test_thousands_of_cases_are_proved(config: dict[str, Any]) -> None:
    table = arena.configure(**config)
    for seed in range(10_000, 13_000):
        planner.prove(Game(arena, seed, table))


def test_the_maximum_is_fifty_and_ten_more_where_much_can_be_saved() -> None:
    table = arena.configure(infeasible=0.0)
    found = {planner.maximum(planner.solve(Game(arena, seed, table).state).end) for seed in range(40)}
    assert found == {50.0, 60.0}


def test_a_spare_step_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    game = Game(arena, 0, arena.configure(scenario="new-york-london"))
    honest = planner._wanted

    def wasteful(state: Any, trip: Any) -> Any:
        return made("profile") if state.seat == 1 and state.turn == 2 else honest(state, trip)

    monkeypatch.setattr(planner, "_wanted", wasteful)
    with pytest.raises(LanistaError, match="as well without step 3"):
        planner.prove(game)


def test_a_plan_that_earns_less_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    game = Game(arena, 0, arena.configure(scenario="new-york-london"))
    honest = planner._wanted

    def clumsy(state: Any, trip: Any) -> Any:
        return made("hold", ("option", "F9")) if state.turn == 3 else honest(state, trip)

    monkeypatch.setattr(planner, "_wanted", clumsy)
    with pytest.raises(LanistaError, match="no plan was found"):
        planner.prove(game)
