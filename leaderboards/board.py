"""A leaderboard as a pure function of a store's rows: plain data, the same whatever order the games came in.

A board is of one arena, one hash, one preset and one config; anything else is refused. Where exactly two teams meet,
agents are rated (``ratings.py``); otherwise (one team, or many) they are compared by their scores on the same blocks.
An arena that says when its task is done is played by its first team; other teams (a customer who is a seat) are part
of the case, not opponents.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, Protocol

from lanista import ratings
from lanista.arenas.core import registry
from lanista.arenas.core.contract import Arena
from lanista.errors import LanistaError
from lanista.leaderboards.facts import fact_lines, fact_pairs, pass_lines
from lanista.leaderboards.lines import (
    appearances,
    games_of,
    holders,
    rated_line,
    rated_pair,
    role_lines,
    scored_lines,
    scored_pair,
)
from lanista.leaderboards.payoff import cycles, payoff
from lanista.leaderboards.robust import trust
from lanista.leaderboards.shapes import Board, Line
from lanista.leaderboards.verdict import and_, rating_notes, verdict
from lanista.stats import LEVEL, clustered_rate

if TYPE_CHECKING:
    from lanista.store import GameRow, TurnStats

__all__ = ["Board", "Line", "board", "of_rows"]

CYCLES = 10
"""Cycles that are listed; the board says how many there are in all."""


class Source(Protocol):
    """What a board reads of a store."""

    def games(self) -> list[GameRow]:
        """Every game."""
        ...

    def turn_stats(self) -> dict[str, TurnStats]:
        """How each agent behaved, by its name."""
        ...

    def erring(self) -> set[str]:
        """The ids of games in which the referee moved for somebody."""
        ...


def board(store: Source, *, level: float = LEVEL, arena: Arena | None = None) -> Board:
    """The board of a store. Raises LanistaError where it holds no finished game, or games that must not be mixed.

    ``arena`` says which facts of an outcome are metrics; None for the registered one of the games' name. Where there
    is none, the board shows no metrics and a note says so.
    """
    rows = store.games()
    missing = ""
    if arena is None and rows:
        try:
            arena = registry.get(rows[0].arena)
        except LanistaError as error:
            missing = f"No metrics are shown, for the arena says which there are: {error}."
    made = of_rows(
        rows,
        store.turn_stats(),
        level=level,
        metrics=None if arena is None else arena.metrics,
        success=None if arena is None else arena.success,
        erring=store.erring(),
    )
    return replace(made, notes=(*made.notes, missing)) if missing and any(row.facts for row in rows) else made


def of_rows(
    rows: Sequence[GameRow],
    stats: Mapping[str, TurnStats],
    *,
    level: float = LEVEL,
    metrics: Mapping[str, str] | None = None,
    success: str | None = None,
    erring: Collection[str] = (),
) -> Board:
    """The board of these games and these agents' turns; ``metrics`` and ``success`` as in an Arena.

    ``erring``: the ids of games in which the referee moved for somebody.
    """
    _refuse_mixtures(rows)
    games = _finished(rows)
    notes: list[str] = []
    if len(games) < len(rows):
        notes.append(f"{len(rows) - len(games)} unfinished games were left out.")
    if success is not None and len(games[0].teams) > 1:
        main, *partners = games[0].teams
        games = [replace(game, teams={main: game.teams[main]}, scores={main: game.scores[main]}) for game in games]
        notes.append(
            f"{and_(partners).capitalize()} is no opponent of {main} but part of its case: an agent is counted where "
            f"it sits as {main}."
        )
    first = games[0]
    teams = tuple(sorted(first.teams))
    versus = len(teams) == 2
    played = games_of(games)
    agents = list(played)
    seen = {agent: appearances(agent, played[agent]) for agent in agents}
    blocks = len({game.block for game in games})
    rated = ratings.rate(games, level=level) if versus and len(agents) > 1 else None
    cells = payoff(games, agents, (teams[0], teams[1]), level) if versus else ()
    if rated is not None:
        lines = [rated_line(r, seen[r.agent], stats, teams, level) for r in rated.ratings]
        pairs = tuple(rated_pair(p) for p in rated.pairs)
        notes += rating_notes(rated, lines, level)
    else:
        lines = scored_lines(agents, seen, stats, teams, level)
        pairs = tuple(scored_pair(one, other, seen, level) for one, other in combinations([x.agent for x in lines], 2))
    if blocks == 1:
        notes.append("All games share one seed: intervals cannot know how much luck they share. Play more seeds.")
    found = cycles(cells, agents)
    if len(found) > CYCLES:
        notes.append(f"{len(found)} cycles of three agents were found; {CYCLES} are listed.")
    order = [line.agent for line in lines]
    return Board(
        kind="versus" if versus else "scores",
        arena=first.arena,
        hash=first.hash,
        preset=first.preset,
        config=dict(first.config),
        games=len(games),
        blocks=blocks,
        level=level,
        verdict=verdict(lines, pairs, rated, level),
        teams=teams,
        setup=None if rated is None else rated.setup,
        team_wins={
            team: clustered_rate([game.scores[team] for game in games], [game.block for game in games], level)
            for team in teams
        },
        draws=sum(1 for game in games if game.winner is None) if len(teams) > 1 else 0,
        lines=tuple(lines),
        # One agent in all seats of every game: the lines per role would only repeat its score
        roles=role_lines(games, agents, rated, level) if versus or any(map(_mixed, games)) else (),
        pairs=pairs,
        payoff=cells,
        cycles=tuple(found[:CYCLES]),
        metrics=dict(metrics or {}),
        success=success,
        facts=fact_lines(played, order, metrics or {}, level),
        fact_pairs=() if versus else fact_pairs(played, order, metrics or {}, success, level),
        passes=() if versus or success is None else pass_lines(played, order, success, level),
        notes=tuple(notes),
        trust=None if rated is None else trust(games, erring, level),
        timing=_timing(agents, stats),
    )


# What can be counted, what must not be mixed, and the order of games


def _finished(rows: Sequence[GameRow]) -> list[GameRow]:
    """The games that are over, in an order of their own. Raises LanistaError for none, and for empty seats."""
    games = sorted((row for row in rows if row.scores), key=_content)
    if not games:
        raise LanistaError("there is no finished game on this board yet; play a tournament first")
    for game in games:
        empty = [seat for seats in game.teams.values() for seat in seats if seat not in game.players]
        if empty:
            raise LanistaError(
                f"game {game.id!r} does not say who sat in {empty[0]}, so it cannot be counted for anybody; boards are "
                "of games whose every seat has a named agent"
            )
    return games


def _refuse_mixtures(rows: Sequence[GameRow]) -> None:
    kept: dict[str, list[str]] = {
        "arenas": [row.arena for row in rows],
        "hashes of one arena": [row.hash for row in rows],
        "presets": [row.preset for row in rows],
        "configs": [json.dumps(dict(row.config), sort_keys=True) for row in rows],
    }
    for name, values in kept.items():
        found = sorted(set(values))
        if len(found) > 1:
            raise LanistaError(
                f"these games are of different {name} ({found[0]} and {found[1]}), and a board must not mix them; "
                "make a board of each"
            )


def _content(row: GameRow) -> tuple[str, ...]:
    """What a game is, apart from when it was played and under which id: an order that shuffling cannot change."""
    maps = (row.players, row.roles, row.scores, row.returns, row.facts)
    return (str(row.block), str(row.seed), *(json.dumps(dict(part), sort_keys=True) for part in maps))


def _mixed(row: GameRow) -> bool:
    return len(holders(row)) > 1


def _timing(agents: Sequence[str], stats: Mapping[str, TurnStats]) -> dict[str, Any]:
    """Seconds per decision, by agent."""
    return {
        agent: {
            "latency_mean_s": stats[agent].latency_mean_s,
            "latency_p50_s": stats[agent].latency_p50_s,
            "latency_p95_s": stats[agent].latency_p95_s,
        }
        for agent in agents
        if agent in stats
    }
