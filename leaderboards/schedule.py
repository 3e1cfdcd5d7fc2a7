"""Who plays whom, where and on which seed: duplicate designs, as in duplicate bridge.

Every scenario seed is played several times, a *block*, with the agents changing places, so that a lucky deal or an
easier side helps everybody alike. Games of one block share their deal and are not independent: the block, not the
game, is the unit of every interval.

``teams``
    For each seed, every ordered assignment of distinct agents to teams: with k agents and t teams k!/(k-t)! games. In
    a block everyone holds every side equally often, against everyone. A cooperative arena has one team, so every agent
    plays every seed with all seats. Where there are fewer agents than teams, every assignment that leaves nobody out:
    one agent alone plays itself, one game a block.
``mixed``
    For each seed k rotations; seat i is held by ``order[(i + r) mod k]`` in rotation r. In a block every agent holds
    every seat, hence every role, exactly once. ``order`` is shuffled anew for each block: in one fixed order the same
    agent would always speak right before the same other one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from math import perm
from typing import Any, Literal, get_args

from lanista.arenas.core import chance, registry
from lanista.arenas.core.contract import Arena, Seat
from lanista.errors import UsageError, suggest

Design = Literal["teams", "mixed"]

BLOCK_LIMIT = 5_000
"""Games in one block of ``teams``; beyond it nobody would wait for a single whole block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One game to be played."""

    id: str
    """``b0003g2``: game 2 of block 3, both from 0; ``b0003g2r1`` is its first repetition."""
    block: int
    index: int
    """Its place in the schedule, from 0."""
    seed: int
    """The scenario seed, the same in all games of a block."""
    players: Mapping[Seat, str]
    """The agent in each seat."""
    agent_seed: int | None = None
    """What the agents' own seeds are made of; None for the scenario's seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """All games of a tournament, in the order in which they are listed everywhere."""

    arena: str
    agents: tuple[str, ...]
    design: Design
    blocks: int
    block_size: int
    """Games in a block."""
    repeats: int
    """How often each deal and seating is played."""
    matches: tuple[Match, ...]
    rounded: str | None
    """How the number of games was rounded up to whole blocks, in words; None where it was not."""

    @property
    def games(self) -> int:
        return len(self.matches)


def schedule(
    arena: Arena | str,
    agents: Sequence[str],
    games: int,
    seed: int,
    config: Any = None,
    design: Design = "teams",
    repeats: int = 1,
) -> Schedule:
    """The schedule of at least ``games`` games, in whole blocks: a pure function of its arguments.

    ``config`` is the arena's own config object, None for its default. Scenario seeds are below 2**53, so that they
    survive any reader of JSON. Raises UsageError for a number of games or repeats below one, no agents, one listed
    twice, or more agents than a ``mixed`` table has seats.
    """
    arena = registry.get(arena) if isinstance(arena, str) else arena
    config = arena.configure() if config is None else config
    _check(agents, games, design, repeats)
    blocks, matches = 0, list[Match]()
    while len(matches) < games:
        block_seed = scenario_seed(seed, blocks)
        seatings = _seatings(arena, agents, block_seed, config, design)
        for game, players in enumerate(seatings):
            for repeat in range(repeats):
                matches.append(
                    Match(
                        id=f"b{blocks:04d}g{game}" + (f"r{repeat}" if repeat else ""),
                        block=blocks,
                        index=len(matches),
                        seed=block_seed,
                        players=players,
                        agent_seed=chance.key("repeat", block_seed, repeat) if repeat else None,
                    )
                )
        blocks += 1
    size = len(matches) // blocks
    rounded = None
    if len(matches) != games:
        rounded = f"{games} games were asked for; {len(matches)} make whole rotations ({blocks} blocks of {size})"
    return Schedule(
        arena=arena.name,
        agents=tuple(agents),
        design=design,
        blocks=blocks,
        block_size=size,
        repeats=repeats,
        matches=tuple(matches),
        rounded=rounded,
    )


def scenario_seed(seed: int, block: int) -> int:
    """The seed of every game of a block, in [0, 2**53)."""
    return chance.key("scenario", seed, block) >> 11


def _seatings(arena: Arena, agents: Sequence[str], seed: int, config: Any, design: Design) -> list[dict[Seat, str]]:
    seats = arena.rules.seats(config)
    if design == "mixed":
        k = len(agents)
        if k > len(seats):
            raise UsageError(
                f"{k} agents cannot share a table of {len(seats)} seats: take fewer agents, a larger table, or the "
                "design 'teams'"
            )
        order = list(agents)
        chance.stream(seed, "order").shuffle(order)
        return [{seat: order[(i + r) % k] for i, seat in enumerate(seats)} for r in range(k)]
    teams = arena.rules.teams(arena.rules.deal(seed, config))
    team_of = {seat: team for team, members in teams.items() for seat in members}
    names = sorted(teams)
    return [
        {seat: holder[team_of[seat]] for seat in seats}
        for holder in (dict(zip(names, held, strict=True)) for held in assignments(agents, len(names)))
    ]


def assignments(agents: Sequence[str], teams: int) -> list[tuple[str, ...]]:
    """Every way to hand the teams out: distinct agents where there are enough, else with nobody left out.

    Raises UsageError beyond BLOCK_LIMIT.
    """
    if (perm(len(agents), teams) or len(agents) ** teams) > BLOCK_LIMIT:
        raise UsageError(
            f"{len(agents)} agents on {teams} teams make blocks of over {BLOCK_LIMIT:,} games: take fewer agents, or "
            "the design 'mixed'"
        )
    if len(agents) >= teams:
        return list(permutations(agents, teams))
    return [held for held in product(agents, repeat=teams) if set(held) == set(agents)]


REPEATS = 100
"""Times that one deal and seating is played at most."""

MOST = 1_000_000
"""Games of one schedule; more are better played as several runs with seeds of their own."""


def _check(agents: Sequence[str], games: int, design: str, repeats: int) -> None:
    if games > MOST:
        raise UsageError(f"{games:,} games are more than one run holds ({MOST:,}); play several runs with other seeds")
    if design not in get_args(Design):
        raise UsageError(f"unknown design {design!r}{suggest(design, get_args(Design))} (there are: teams, mixed)")
    if not agents:
        raise UsageError("a tournament needs at least one agent: --agents a,b")
    if games < 1:
        raise UsageError(f"the number of games is at least 1, not {games}")
    if not 1 <= repeats <= REPEATS:
        raise UsageError(f"each case is played 1 to {REPEATS} times, not {repeats}: see --repeats")
    for agent in agents:
        if agents.count(agent) > 1:
            raise UsageError(f"agent {agent!r} is listed twice; a tournament of one agent alone is self-play")
