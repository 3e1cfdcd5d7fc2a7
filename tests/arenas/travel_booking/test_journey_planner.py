"""Every journey is solved, the solution earns the maximum in the game itself, and no step is spare."""

from __future__ import annotations

from typing import Any

import pytest

from lanista.arenas import Game
from lanista.arenas.travel_booking import arena
from lanista.arenas.travel_booking.calls import made
from lanista.arenas.travel_booking.journeys import planner
from lanista.errors import LanistaError

CONFIGS: tuple[dict[str, Any], ...] = (
    {"level": "top"},
    {"level": "top", "split": "test", "legs": 4, "travellers": 4, "changes": 1.0, "expiring": 1.0, "error_rate": 0.3},
    {"level": "top", "split": "dev", "counter": 1.0, "loyalty": 1.0, "drift": 0.5},
    {"level": "easy", "travellers": 2},
    {"level": "medium", "told": True},
    {"level": "hard", "legs": 3, "changes": 1.0},
)


@pytest.mark.parametrize("config", CONFIGS)
def test_every_journey_is_proved(config: dict[str, Any]) -> None:
    table = arena.configure(**config)
    for seed in range(25):
        game = Game(arena, seed, table)
        planner.prove(game)
        assert game.outcome is not None
        assert game.outcome.scores == {"agency": 1.0}
        assert game.outcome.facts["api_errors"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("config", CONFIGS)
def test_thousands_of_journeys_are_proved(config: dict[str, Any]) -> None:
    table = arena.configure(**config)
    for seed in range(10_000, 11_000):
        planner.prove(Game(arena, seed, table))


def test_a_spare_step_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = planner._wanted

    def wasteful(state: Any) -> Any:
        return made("wait", ("minutes", 1)) if state.turn == 1 else honest(state)

    monkeypatch.setattr(planner, "_wanted", wasteful)
    with pytest.raises(LanistaError, match="as well without step 2"):
        planner.prove(Game(arena, 4, arena.configure(level="top", error_rate=0.0)))
