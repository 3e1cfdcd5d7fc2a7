"""A game to be played: which arena and seed, and who sits where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lanista.agents.contract import Agent
from lanista.arenas.core import chance
from lanista.arenas.core.contract import Arena, Seat
from lanista.errors import UsageError, suggest


@dataclass(frozen=True, kw_only=True)
class GameSpec:
    """A game to be played: which arena and seed, and who sits where."""

    id: str
    """Unique among the games that are played side by side; agents keep their caches under it."""
    arena: Arena
    seed: int
    """The game's own chance."""
    seating: Mapping[Seat, Agent]
    """The agent in each seat; one agent may sit in many. The runner needs one in every seat."""
    config: Any = None
    preset: str = "default"
    agent_seed: int | None = None
    """Each seat's ``Question.seed`` is ``chance.key("seat", agent_seed, seat)``. None: the game's seed."""
    seat_seeds: Mapping[Seat, int] = field(default_factory=dict)
    """Seats whose agents are seeded as if ``agent_seed`` were another: games that share it share those agents' luck."""
    guests: Mapping[Seat, str] = field(default_factory=dict)
    """Seats that whoever holds the session answers for, and how the record calls them."""
    tags: Mapping[str, Any] = field(default_factory=dict)
    """The caller's own notes; nothing here looks at them."""

    @property
    def players(self) -> dict[Seat, str]:
        """Who sits where, by name."""
        return {**{seat: agent.name for seat, agent in self.seating.items()}, **self.guests}


def check_seats(spec: GameSpec, seats: Sequence[Seat]) -> None:
    """Raises UsageError where somebody sits in a seat that the game has not got."""
    for seat in (*spec.seating, *spec.guests):
        if seat not in seats:
            raise UsageError(
                f"arena {spec.arena.name!r} has no seat {seat!r}{suggest(seat, seats)} (it has: {', '.join(seats)})"
            )


def check_seating(spec: GameSpec, seats: Sequence[Seat]) -> None:
    """Raises UsageError unless an agent sits in every seat and nobody anywhere else."""
    missing = [seat for seat in seats if seat not in spec.seating]
    if missing:
        raise UsageError(f"nobody sits in {', '.join(missing)} of game {spec.id!r}: seat an agent in every seat")
    check_seats(spec, seats)


def seat_seed(spec: GameSpec, seat: Seat) -> int:
    """The seed of whoever sits in ``seat``."""
    return _seat_key(spec.seat_seeds.get(seat, spec.seed if spec.agent_seed is None else spec.agent_seed), seat)


@lru_cache(maxsize=4096)
def _seat_key(agent_seed: int, seat: Seat) -> int:
    return chance.key("seat", agent_seed, seat)
