"""A run's games measured: rows per agent and side, and what each game's page shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from lanista import files
from lanista.agents.contract import Agent
from lanista.agents.guard import close
from lanista.analysis import beliefs, tasks
from lanista.analysis.beliefs import Stated
from lanista.analysis.course import Moment, believed, course
from lanista.analysis.forks import seats_of
from lanista.analysis.measures import MEASURES, Row, Tally
from lanista.analysis.persuasion import EFFECTS, Effect, Speeches
from lanista.analysis.skills import random_lines, skills
from lanista.arenas import get
from lanista.arenas.core.contract import Arena, Seat
from lanista.arenas.core.episode import Episode
from lanista.arenas.werewolf.rules import VILLAGE
from lanista.errors import LanistaError, UsageError, suggest
from lanista.store import Store

FORMAT = 1
"""The version of what ``Analysis.to_json`` writes."""

FILE = "analysis.json"
"""Where a run keeps its analysis."""

TALKS = "werewolf"
"""The arena in which speeches and votes can be taken away and asked for."""

OnGame = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What was measured. ``to_json`` is the same bytes for the same games and options."""

    arena: str
    hash: str
    games: int
    """Games whose record was read."""
    forked: int
    """Games of which forks were played."""
    forks: int
    effect: Effect
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    calibration: Mapping[str, Sequence[Mapping[str, float]]] = field(default_factory=dict)
    """By agent: what its village seats held before votes, by bins of stated probability, beside the truth."""
    courses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By game: what its page shows (speeches and what they moved, beliefs and votes by day)."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "format": FORMAT,
            "arena": self.arena,
            "hash": self.hash,
            "games": self.games,
            "forked": self.forked,
            "forks": self.forks,
            "effect": self.effect,
            "measures": {row.measure: MEASURES[row.measure] for row in self.rows},
            "rows": [row.to_json() for row in self.rows],
            "notes": list(self.notes),
            "calibration": {agent: list(bins) for agent, bins in self.calibration.items()},
            "courses": dict(self.courses),
        }

    def write(self, path: Path) -> None:
        """Write it whole or not at all."""
        files.write_text(path, json.dumps(self.to_json(), indent=1, sort_keys=True) + "\n")


def analyse(
    store: Store,
    *,
    forks: int = 16,
    games: int | None = None,
    effect: Effect = "direct",
    on_game: OnGame | None = None,
) -> Analysis:
    """Measure a run's games. ``forks`` 0 reads the records alone; ``games``: at most that many are forked.

    Raises UsageError for a run without finished games or of several arenas, for an agent that is gone, and for forks of
    an arena that has none; LanistaError for a record of another version of the arena.
    """
    if effect not in EFFECTS:
        raise UsageError(f"unknown effect {effect!r}{suggest(effect, EFFECTS)} (there are: {', '.join(EFFECTS)})")
    ids = store.ids()
    if not ids:
        raise UsageError(f"the run in {store.where} holds no finished game yet: there is nothing to analyse")
    first = store.episode(ids[0])
    arena = get(first.arena)
    talks = arena.name == TALKS
    if forks and not talks:
        _refuse_forks(arena)
    work = _Work(arena, forks if talks else 0, effect)
    chosen = set(ids) if games is None else spread([(row.id, row.block) for row in store.games()], games)
    try:
        for done, (row, episode) in enumerate(store.items()):
            if (episode.arena, episode.hash) != (first.arena, first.hash):
                raise UsageError(
                    f"game {row['id']!r} is of {episode.arena} {episode.hash} and others of {first.arena} "
                    f"{first.hash}: an analysis is of one arena and one hash"
                )
            work.read(row["id"], row["block"], episode, forked=row["id"] in chosen)
            if on_game is not None:
                on_game(done + 1, len(ids))
    finally:
        work.close()
    return work.result(first.hash)


def spread(games: Sequence[tuple[str, int]], count: int) -> set[str]:
    """``count`` games out of (id, block), spread over blocks and over the seatings inside a block.

    First the game at place b of block number b (counted round), one a block; then the next place of each block, and so
    on: the first games alone would be of few deals, the first of each block of one seating.
    """
    blocks: dict[int, list[str]] = {}
    for id_, block in games:
        blocks.setdefault(block, []).append(id_)
    longest = max(map(len, blocks.values()), default=0)
    order = (
        members[(number + turn) % len(members)]
        for turn in range(longest)
        for number, members in enumerate(blocks.values())
        if turn < len(members)
    )
    return set(islice(order, count))


def _refuse_forks(arena: Arena) -> None:
    if arena.runners:
        what = ", ".join(sorted(arena.runners))
        raise UsageError(
            f"forks of {arena.name!r} would carry out effects ({what}) that no record holds: `--forks 0` measures what "
            "the records tell"
        )
    raise UsageError(
        f"in {arena.name!r} nobody makes a speech before a vote, so there is nothing to fork: `--forks 0` measures "
        "what the records tell"
    )


class _Work:
    """An analysis as it goes on."""

    def __init__(self, arena: Arena, forks: int, effect: Effect) -> None:
        self.arena, self.forks, self.effect = arena, forks, effect
        self.tally = Tally()
        self.courses: dict[str, dict[str, Any]] = {}
        self.made: dict[str, Agent] = {}
        self.stated: dict[str, list[tuple[float, bool]]] = {}
        self.games = 0
        self.unread = 0

    def read(self, id: str, block: int, episode: Episode, *, forked: bool) -> None:
        """One game."""
        self.games += 1
        if episode.outcome is None:
            return
        if self.arena.name == TALKS:
            self._skills(block, episode)
            if self.forks and forked:
                self._fork(id, block, episode)
        else:
            self._task(block, episode)

    def result(self, hash: str) -> Analysis:
        """All of it."""
        notes = []
        if self.unread:
            notes.append(f"{self.unread:,} replies on forks were no vote and count for nobody.")
        return Analysis(
            arena=self.arena.name,
            hash=hash,
            games=self.games,
            forked=len(self.courses),
            forks=self.forks,
            effect=self.effect,
            rows=tuple(self.tally.rows()),
            notes=tuple(notes),
            calibration={agent: beliefs.calibration(said) for agent, said in sorted(self.stated.items())},
            courses=self.courses,
        )

    def close(self) -> None:
        """Let the agents go."""
        for agent in self.made.values():
            close(agent)

    def _skills(self, block: int, episode: Episode) -> None:
        lines = random_lines(self.arena.name, self.arena.configure(**episode.config))
        side = {seat: team for team, seats in episode.teams.items() for seat in seats}
        for fact in skills(episode, lines):
            self.tally.add(episode.players[fact.seat], side[fact.seat], fact.measure, fact.value, block, fact.line)

    def _task(self, block: int, episode: Episode) -> None:
        found = tasks.task(episode, self.arena.success)
        for team in self.arena.contenders(episode.teams):
            for agent in dict.fromkeys(episode.players[seat] for seat in episode.teams[team]):
                for measure, value in found.items():
                    self.tally.add(agent, team, measure, value, block)

    def _fork(self, id: str, block: int, episode: Episode) -> None:
        agents = seats_of(episode, self.made)
        try:
            table = Speeches(episode, self.arena, agents, id, self.forks)
        except LanistaError as error:
            raise UsageError(f"game {id!r} cannot be forked: {error}") from error
        moved = table.all(self.effect)
        side = {seat: team for team, seats in episode.teams.items() for seat in seats}
        for one in moved:
            agent, team = episode.players[one.seat], side[one.seat]
            self.unread += one.unread
            self.tally.add(agent, team, "moved", one.moved, block)
            self.tally.add(agent, team, "persuades", one.own.value, block, 0.0)
            self.tally.add(agent, team, "covers", one.cover, block, 0.0)
            if one.aim is not None:
                self.tally.add(agent, team, "aims", one.aim, block, 0.0)
        moments = believed(table)
        self._beliefs(block, episode, moments, table)
        self.courses[id] = course(tuple(episode.roles), table, moved, moments)

    def _beliefs(self, block: int, episode: Episode, moments: Sequence[Moment], table: Speeches) -> None:
        """What the village held when the votes were next."""
        for moment in moments:
            by_observer: dict[Seat, list[Stated]] = {}
            for one in beliefs.stated(moment.held, table.wolves, table.pack) if moment.last else ():
                by_observer.setdefault(one.observer, []).append(one)
            for seat, said in by_observer.items():
                agent = episode.players[seat]
                line = beliefs.base_line(said)
                self.tally.add(agent, VILLAGE, "brier", beliefs.brier(said), block, line)
                self.stated.setdefault(agent, []).extend((one.p, one.wolf) for one in said)
