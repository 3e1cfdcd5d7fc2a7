"""Werewolf games of any agents, as the records that an analysis reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lanista.arenas import get
from lanista.arenas.core.episode import Episode
from lanista.play.runner import GameSpec, play

Games = Callable[..., list[Episode]]


@pytest.fixture
def played() -> Games:
    """``played(agent, count, first=0, **config)``: finished games with the agent in every seat."""

    def games(agent: Any, count: int, first: int = 0, **config: Any) -> list[Episode]:
        arena = get("werewolf")
        chosen = arena.configure(**config)
        seats = arena.rules.seats(chosen)
        found: list[Episode] = []
        specs = [
            GameSpec(id=str(s), arena=arena, seed=s, seating=dict.fromkeys(seats, agent), config=chosen)
            for s in range(first, first + count)
        ]
        play(specs, on_game=lambda spec, game: found.append(game.episode()))
        return found

    return games
