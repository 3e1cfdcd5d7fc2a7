"""Playing many cases of travel booking with one team."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from lanista import arenas
from lanista.agents.contract import Agent
from lanista.agents.travel_booking.expert import TravelExpert
from lanista.agents.travel_booking.novice import TravelNovice
from lanista.arenas.core.referee import Game
from lanista.play.runner import GameSpec, play

BOUNDS = {"easy": 0.97, "medium": 0.96, "hard": 0.93}
"""The share of cases the expert completes, at least; docs/agents/travel-booking.md states the same."""
AGENTS: dict[str, type] = {"travel_expert": TravelExpert, "travel_novice": TravelNovice}


def played(agent: Agent, cases: int, *, other: Agent | None = None, seed: int = 0, **config: Any) -> list[Game]:
    """Finished games of ``agent`` as the agency, by seed; ``other`` is the traveller where that is a seat."""
    arena = arenas.get("travel_booking")
    made = arena.configure(**config)
    seats = arena.rules.seats(made)
    seating = {seat: (other or agent) if seat == "traveller_0" else agent for seat in seats}
    games: dict[int, Game] = {}
    specs = (GameSpec(id=str(s), arena=arena, seed=s, config=made, seating=seating) for s in range(seed, seed + cases))
    play(specs, max_concurrent_games=8, on_game=lambda spec, game: games.update({spec.seed: game}))
    return [games[s] for s in sorted(games)]


@lru_cache
def scripted(name: str, cases: int, level: str) -> tuple[Game, ...]:
    """Games of a scripted team, played once for all tests."""
    return tuple(played(AGENTS[name](), cases, level=level))


def facts(games: Sequence[Game], name: str) -> list[Any]:
    """One fact of every game's outcome."""
    return [game.outcome.facts[name] for game in games if game.outcome is not None]


def rate(games: Sequence[Game], name: str = "success") -> float:
    """The mean of a fact."""
    found = facts(games, name)
    return float(sum(found)) / len(found)


def replies(games: Sequence[Game], seat: str | None = None) -> list[str]:
    """Every reply, of a seat or of all."""
    return [t.reply for g in games for s in g.steps for t in s.turns if seat in (None, t.seat)]
