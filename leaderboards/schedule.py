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

A ``sampled`` schedule of two teams is for many agents: a block is one deal that two of them play both ways round, and
which two is balanced over the blocks (``pairing.py``). Thirty agents then take 60 games to be tied together and 870 to
have met once, each pair on a deal of its own, where a whole block of ``teams`` is 870 games on a single deal.

A schedule can be extended, with more games or (but in ``mixed``) with more agents: what it was before stands at its
beginning, under the same ids, and what is missing follows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from math import ceil, perm
from typing import Any, Literal, NamedTuple, get_args

from lanista.arenas.core import chance, registry
from lanista.arenas.core.contract import Arena, Seat
from lanista.errors import UsageError, suggest
from lanista.leaderboards.pairing import Pair, pairs, tied

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


class Stage(NamedTuple):
    """A schedule as it was before it was extended."""

    agents: tuple[str, ...]
    games: int
    """Those it had, rounded up already."""


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
    sampled: bool = False
    """Whether only two agents play each deal."""
    ends: tuple[int, ...] = ()
    """The number of games before each extension."""

    @property
    def games(self) -> int:
        """How many there are."""
        return len(self.matches)


def schedule(
    arena: Arena | str,
    agents: Sequence[str],
    games: int,
    seed: int,
    config: Any = None,
    design: Design = "teams",
    repeats: int = 1,
    *,
    sampled: bool = False,
    before: Sequence[Stage] = (),
) -> Schedule:
    """The schedule of at least ``games`` games, in whole blocks: a pure function of its arguments.

    ``config`` is the arena's own config object, None for its default. ``before`` is what the schedule was before each
    extension; its agents begin ``agents``. Scenario seeds are below 2**53, so that they survive any reader of JSON.
    Raises UsageError for a number of games or repeats below one, no agents, one listed twice, more agents than a
    ``mixed`` table has seats or new ones at it, and a ``sampled`` schedule of other than two teams or of too few games
    to tie its agents together.
    """
    arena = registry.get(arena) if isinstance(arena, str) else arena
    config = arena.configure() if config is None else config
    _check(agents, games, design, repeats)
    made = _Made(arena, config, seed, design, repeats)
    ends = []
    for stage in before:
        _grow(made, stage.agents, stage.games, sampled)
        ends.append(len(made.matches))
    size = _grow(made, agents, games, sampled)
    matches, blocks = made.matches, len(made.seatings)
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
        sampled=sampled,
        ends=tuple(ends),
    )


class _Made:
    """A schedule in the making: its games, and the seatings of each block so far."""

    def __init__(self, arena: Arena, config: Any, seed: int, design: Design, repeats: int) -> None:
        self.arena, self.config, self.seed, self.design, self.repeats = arena, config, seed, design, repeats
        self.matches: list[Match] = []
        self.seatings: list[set[tuple[str, ...]]] = []
        self.met: Counter[frozenset[str]] = Counter()
        """How often two agents have met in a sampled schedule."""

    def block(self, number: int, agents: Sequence[str]) -> None:
        """Every seating of these agents that the block has not yet."""
        seed = scenario_seed(self.seed, number)
        if number == len(self.seatings):
            self.seatings.append(set())
        placed = self.seatings[number]
        for players in _seatings(self.arena, agents, seed, self.config, self.design):
            held = tuple(players.values())
            if held in placed:
                continue
            for repeat in range(self.repeats):
                self.matches.append(
                    Match(
                        id=f"b{number:04d}g{len(placed)}" + (f"r{repeat}" if repeat else ""),
                        block=number,
                        index=len(self.matches),
                        seed=seed,
                        players=players,
                        agent_seed=chance.key("repeat", seed, repeat) if repeat else None,
                    )
                )
            placed.add(held)


def _grow(made: _Made, agents: Sequence[str], games: int, sampled: bool) -> int:
    """Extend to so many games of these agents; returns the games of a block."""
    if sampled:
        return _grow_sampled(made, agents, games)
    if made.design == "mixed" and made.matches and set(made.matches[0].players.values()) != set(agents):
        raise UsageError(
            "a run of the design 'mixed' cannot take in agents, for every game of it seats all of them: play another "
            "run and rate both together (lanista leaderboard RUN RUN2)"
        )
    seed = scenario_seed(made.seed, 0)
    size = len(_seatings(made.arena, agents, seed, made.config, made.design)) * made.repeats
    for number in range(max(len(made.seatings), ceil(games / size))):
        made.block(number, agents)
    return size


def _grow_sampled(made: _Made, agents: Sequence[str], games: int) -> int:
    teams = made.arena.rules.teams(made.arena.rules.deal(scenario_seed(made.seed, 0), made.config))
    if made.design != "teams" or len(teams) != 2 or len(agents) < 2:
        raise UsageError(
            "a sampled schedule is of the design 'teams', of at least two agents and of arenas with two teams "
            f"(here: {made.design!r}, {len(agents)} and {len(teams)}); leave out --schedule"
        )
    drawn: Iterator[Pair] = pairs(agents, made.seed, made.met)
    size = 2 * made.repeats
    while len(made.matches) < games:
        made.block(len(made.seatings), next(drawn))
    if not tied(agents, made.met):
        least = len(made.matches)
        while not tied(agents, made.met):
            next(drawn)
            least += size
        raise UsageError(
            f"{games:,} games do not tie {len(agents)} agents together, so they could not be compared: ask for at "
            f"least --games {least}"
        )
    return size


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
