"""A leaderboard as a pure function of a store's rows: plain data, the same whatever order the games came in.

A board is of one arena, one hash, one preset and one config; anything else is refused. Where exactly two teams meet,
agents are rated (``ratings.py``); otherwise (one team, or many) they are compared by their scores on the same blocks.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal, Protocol

from lanista.errors import LanistaError
from lanista.leaderboards import ratings
from lanista.stats import LEVEL, Interval, clustered_rate, paired_difference

if TYPE_CHECKING:
    from lanista.store import GameRow, TurnStats

FORMAT = 1
"""The version of a board's JSON."""
NAMED = 6
"""Agents that a verdict names; of more it gives the number."""
CYCLES = 10
"""Cycles that are listed; the board says how many there are in all."""


class Source(Protocol):
    """What a board reads of a store."""

    def games(self) -> list[GameRow]: ...
    def turn_stats(self) -> dict[str, TurnStats]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One agent. Strengths are logits, ``rating`` is the same on the Elo scale around 1500."""

    agent: str
    games: int
    """Games it held at least one seat of."""
    blocks: int
    score: Interval
    """Mean of its teams' scores over its seats' games, each game counted once per team it sat in: its win rate."""
    rating: Interval | None
    """None where there is nothing to rate against: one agent alone, or an arena without two teams."""
    strength: Interval | None
    rank: int
    rank_low: int
    rank_high: int
    group: int
    """Agents of different groups cannot be compared: the schedule never tied them together."""
    sides: Mapping[str, Interval]
    """Win rate with each team."""
    side_strength: Mapping[str, Interval | None]
    decisions: int
    illegal: int
    """Refused replies, those mended on a retry included."""
    fallbacks: int
    """Decisions the referee took because no legal reply came."""
    forfeits: Mapping[str, int]
    """Decisions not taken at all, by reason."""
    tokens_in: int | None
    tokens_out: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleLine:
    """An agent in a role: how often its team won, and its strength there where the schedule can tell roles apart."""

    agent: str
    role: str
    team: str
    games: int
    rate: Interval
    strength: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairLine:
    """Two agents. ``difference`` is ``one`` minus ``other``: Elo points where rated, else score on shared blocks."""

    one: str
    other: str
    difference: Interval | None
    shown: bool
    """Whether the interval leaves zero out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Games in which ``row`` held every seat of the first team and ``column`` every seat of the second."""

    row: str
    column: str
    games: int
    rate: Interval
    """Share of wins of ``row``; ties count half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Everything a leaderboard shows. ``timing`` alone depends on the clock."""

    kind: Literal["versus", "scores"]
    arena: str
    hash: str
    preset: str
    config: Mapping[str, Any]
    games: int
    blocks: int
    level: float
    verdict: str
    teams: tuple[str, ...]
    setup: Interval | None
    """Logits that the first team has in advance between average agents."""
    team_wins: Mapping[str, Interval]
    """Share of the games that each team won (its mean score where there is one team)."""
    draws: int
    lines: tuple[Line, ...]
    roles: tuple[RoleLine, ...]
    pairs: tuple[PairLine, ...]
    payoff: tuple[Cell, ...]
    cycles: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    timing: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """The board as JSON: sorted keys, six decimals, null for what is not finite or not known."""
        return json.dumps({"format": FORMAT, **_plain(self)}, sort_keys=True, indent=2, ensure_ascii=False)


def board(store: Source, *, level: float = LEVEL) -> Board:
    """The board of a store. Raises LanistaError where it holds no finished game, or games that must not be mixed."""
    return of_rows(store.games(), store.turn_stats(), level=level)


def of_rows(rows: Sequence[GameRow], stats: Mapping[str, TurnStats], *, level: float = LEVEL) -> Board:
    """The board of these games and these agents' turns."""
    _refuse_mixtures(rows)
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
    notes: list[str] = []
    if len(games) < len(rows):
        notes.append(f"{len(rows) - len(games)} unfinished games were left out.")
    first = games[0]
    teams = tuple(sorted(first.teams))
    versus = len(teams) == 2
    agents = sorted({agent for game in games for agent in game.players.values()})
    seen = {agent: _appearances(agent, games) for agent in agents}
    blocks = len({game.block for game in games})
    rated = ratings.rate(games, level=level) if versus and len(agents) > 1 else None
    cells = _payoff(games, agents, (teams[0], teams[1]), level) if versus else ()
    if rated is not None:
        lines = [_rated_line(r, seen[r.agent], stats, teams, level) for r in rated.ratings]
        pairs = tuple(_rated_pair(p) for p in rated.pairs)
        notes += _notes(rated, lines, level)
    else:
        lines = _scored_lines(agents, seen, stats, teams, level)
        pairs = tuple(_scored_pair(one, other, seen, level) for one, other in combinations([x.agent for x in lines], 2))
    if blocks == 1:
        notes.append("All games share one seed: intervals cannot know how much luck they share. Play more seeds.")
    cycles = _cycles(cells, agents)
    if len(cycles) > CYCLES:
        notes.append(f"{len(cycles)} cycles of three agents were found; {CYCLES} are listed.")
    return Board(
        kind="versus" if versus else "scores",
        arena=first.arena,
        hash=first.hash,
        preset=first.preset,
        config=dict(first.config),
        games=len(games),
        blocks=blocks,
        level=level,
        verdict=_verdict(lines, pairs, rated, level),
        teams=teams,
        setup=None if rated is None else rated.setup,
        team_wins={
            team: clustered_rate([game.scores[team] for game in games], [game.block for game in games], level)
            for team in teams
        },
        draws=sum(1 for game in games if game.winner is None) if len(teams) > 1 else 0,
        lines=tuple(lines),
        roles=_roles(games, agents, rated, level),
        pairs=pairs,
        payoff=cells,
        cycles=tuple(cycles[:CYCLES]),
        notes=tuple(notes),
        timing=_timing(agents, stats),
    )


# What must not be mixed, and the order of games


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
    maps = (row.players, row.roles, row.scores, row.returns)
    return (str(row.block), str(row.seed), *(json.dumps(dict(part), sort_keys=True) for part in maps))


# Lines


class _Seen:
    """An agent's games: (block, team, score) once per game and team it sat in."""

    def __init__(self, rows: list[tuple[int, str, float]], games: int) -> None:
        self.rows, self.games = rows, games

    def rate(self, level: float, team: str | None = None) -> Interval:
        rows = [row for row in self.rows if team is None or row[1] == team]
        return clustered_rate([score for _, _, score in rows], [block for block, _, _ in rows], level)

    def teams(self) -> set[str]:
        return {team for _, team, _ in self.rows}

    def by_block(self) -> dict[int, float]:
        grouped: dict[int, list[float]] = {}
        for block, _, score in self.rows:
            grouped.setdefault(block, []).append(score)
        return {block: math.fsum(scores) / len(scores) for block, scores in grouped.items()}


def _appearances(agent: str, games: Sequence[GameRow]) -> _Seen:
    rows = []
    count = 0
    for game in games:
        held = [team for team, seats in sorted(game.teams.items()) if any(game.players[s] == agent for s in seats)]
        rows += [(game.block, team, float(game.scores[team])) for team in held]
        count += bool(held)
    return _Seen(rows, count)


def _line(
    agent: str,
    seen: _Seen,
    stats: Mapping[str, TurnStats],
    teams: Sequence[str],
    level: float,
    **rest: Any,
) -> Line:
    turns = stats.get(agent)
    return Line(
        agent=agent,
        games=seen.games,
        blocks=len(seen.by_block()),
        score=seen.rate(level),
        sides={team: seen.rate(level, team) for team in teams if team in seen.teams()},
        decisions=0 if turns is None else turns.decisions,
        illegal=0 if turns is None else turns.illegal,
        fallbacks=0 if turns is None else turns.fallbacks,
        forfeits={} if turns is None else dict(turns.forfeits),
        tokens_in=None if turns is None else turns.tokens_in,
        tokens_out=None if turns is None else turns.tokens_out,
        **rest,
    )


def _rated_line(
    rating: ratings.Rating,
    seen: _Seen,
    stats: Mapping[str, TurnStats],
    teams: Sequence[str],
    level: float,
) -> Line:
    return _line(
        rating.agent,
        seen,
        stats,
        teams,
        level,
        rating=None if rating.strength is None else ratings.as_elo(rating.strength),
        strength=rating.strength,
        rank=rating.rank,
        rank_low=rating.rank_low,
        rank_high=rating.rank_high,
        group=rating.group,
        side_strength=rating.sides,
    )


def _scored_lines(
    agents: Sequence[str],
    seen: Mapping[str, _Seen],
    stats: Mapping[str, TurnStats],
    teams: Sequence[str],
    level: float,
) -> list[Line]:
    """Agents by mean score; rank intervals from paired differences, simultaneous as for ratings."""
    wide = ratings.simultaneous(level, len(agents))
    mean = {agent: round(seen[agent].rate(level).value, 9) for agent in agents}
    lines = []
    for agent in sorted(agents, key=lambda a: (-mean[a], a)):
        against = [_shared_difference(seen[agent], seen[other], wide) for other in agents if other != agent]
        lines.append(
            _line(
                agent,
                seen[agent],
                stats,
                teams,
                level,
                rating=None,
                strength=None,
                rank=1 + sum(mean[other] > mean[agent] for other in agents),
                rank_low=1 + sum(1 for d in against if d is not None and d.high < 0),
                rank_high=len(agents) - sum(1 for d in against if d is not None and d.low > 0),
                group=0,
                side_strength={},
            )
        )
    return lines


def _rated_pair(pair: ratings.Pair) -> PairLine:
    if pair.difference is None:
        return PairLine(one=pair.one, other=pair.other, difference=None, shown=False)
    points = Interval(*(ratings.ELO * x for x in pair.difference))
    return PairLine(one=pair.one, other=pair.other, difference=points, shown=points.low > 0 or points.high < 0)


def _scored_pair(one: str, other: str, seen: Mapping[str, _Seen], level: float) -> PairLine:
    difference = _shared_difference(seen[one], seen[other], level)
    shown = difference is not None and (difference.low > 0 or difference.high < 0)
    return PairLine(one=one, other=other, difference=difference, shown=shown)


def _shared_difference(one: _Seen, other: _Seen, level: float) -> Interval | None:
    """Mean difference of scores over the blocks that both played; None where they share none."""
    mine, theirs = one.by_block(), other.by_block()
    shared = sorted(set(mine) & set(theirs), key=str)
    if not shared:
        return None
    return paired_difference([theirs[b] for b in shared], [mine[b] for b in shared], shared, level=level)


# Roles, pay-offs, cycles


def _roles(
    games: Sequence[GameRow], agents: Sequence[str], rated: ratings.Ratings | None, level: float
) -> tuple[RoleLine, ...]:
    strengths = {} if rated is None else {r.agent: r.roles for r in rated.ratings}
    held: dict[tuple[str, str, str], list[tuple[int, float]]] = {}
    for game in games:
        for team, seats in game.teams.items():
            for agent, role in sorted({(game.players[seat], game.roles[seat]) for seat in seats}):
                held.setdefault((team, role, agent), []).append((game.block, float(game.scores[team])))
    place = {agent: i for i, agent in enumerate([r.agent for r in rated.ratings] if rated else agents)}
    return tuple(
        RoleLine(
            agent=agent,
            role=role,
            team=team,
            games=len(rows),
            rate=clustered_rate([score for _, score in rows], [block for block, _ in rows], level),
            strength=strengths.get(agent, {}).get(role),
        )
        for (team, role, agent), rows in sorted(held.items(), key=lambda x: (x[0][0], x[0][1], place[x[0][2]]))
    )


def _payoff(games: Sequence[GameRow], agents: Sequence[str], sides: tuple[str, str], level: float) -> tuple[Cell, ...]:
    """One cell per (agent that held all of the first team, agent that held all of the second)."""
    met: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for game in games:
        holders = [{game.players[seat] for seat in game.teams[side]} for side in sides]
        if all(len(holder) == 1 for holder in holders):
            key = (next(iter(holders[0])), next(iter(holders[1])))
            met.setdefault(key, []).append((game.block, ratings.result(game, sides)))
    return tuple(
        Cell(
            row=row,
            column=column,
            games=len(rows),
            rate=clustered_rate([y for _, y in rows], [block for block, _ in rows], level),
        )
        for (row, column), rows in sorted(met.items())
    )


def _cycles(cells: Sequence[Cell], agents: Sequence[str]) -> list[tuple[str, ...]]:
    """Threes of agents each of which won more than half against the next, over both ways to seat them."""
    rate = {(cell.row, cell.column): cell.rate.value for cell in cells}

    def beats(one: str, other: str) -> bool:
        ways = (rate.get((one, other)), rate.get((other, one)))
        return ways[0] is not None and ways[1] is not None and (ways[0] + 1 - ways[1]) / 2 > 0.5 + 1e-9

    found: list[tuple[str, ...]] = []
    for a, b, c in combinations(agents, 3):
        for cycle in ((a, b, c), (a, c, b)):
            if all(beats(cycle[i], cycle[(i + 1) % 3]) for i in range(3)):
                found.append(cycle)
    return found


# Words


def _verdict(lines: Sequence[Line], pairs: Sequence[PairLine], rated: ratings.Ratings | None, level: float) -> str:
    if len(lines) == 1:
        return f"Only {lines[0].agent} played: there is nothing to compare it with."
    if rated is not None and len(rated.groups) > 1:
        return (
            "These agents cannot all be compared, as the schedule never tied them together: "
            f"{ratings.describe_groups(rated.groups)}."
        )
    best = lines[0]
    rivals = [line.agent for line in lines if line.rank_low == 1]
    unit = "rating points" if rated is not None else "of score"
    second = next(pair for pair in pairs if pair.one == best.agent and pair.other == lines[1].agent)
    gap = ""
    if second.difference is not None:
        form = "{:.0f}" if rated is not None else "{:.3f}"
        value = form.format(second.difference.value)
        low, high = (form.replace(":", ":+").format(end) for end in second.difference[1:])
        gap = f"{best.agent} stands {value} {unit} above {second.other}, {level:.0%} interval {low} to {high}"
    else:
        gap = f"{best.agent} and {second.other} share no seeds"
    if best.rank_high == 1 and len(rivals) == 1:
        return f"{best.agent} leads, beyond what chance explains: {gap}."
    named = f"each of {_and(rivals)}" if len(rivals) <= NAMED else f"any of {len(rivals)} agents"
    if len(rivals) == len(lines):
        return f"No difference in the lead is shown: {named} may be first ({gap})."
    return f"No single leader is shown: {named} may be first ({gap}); the others are behind."


def _notes(rated: ratings.Ratings, lines: Sequence[Line], level: float) -> list[str]:
    notes = []
    if len(rated.groups) > 1:
        notes.append(
            f"The schedule falls apart into groups that cannot be compared: {ratings.describe_groups(rated.groups)}. "
            "Ratings and ranks hold within a group."
        )
    if rated.weights != (0.5, 0.5):
        weights = ", ".join(f"{side} {weight:.2f}" for side, weight in zip(rated.sides, rated.weights, strict=True))
        notes.append(
            "Every agent sits in every game, so strengths per side cannot be told apart; a rating weighs the sides by "
            f"one over their seats ({weights})."
        )
    elif not any(s for r in rated.ratings for s in r.sides.values()):
        notes.append("This schedule identifies an agent's rating but not its strength on each side apart.")
    known = {role for r in rated.ratings for role, strength in r.roles.items() if strength is not None}
    unknown = sorted({role for r in rated.ratings for role in r.roles} - known)
    if unknown:
        notes.append(
            f"This schedule does not tell the strength of {_and(unknown)} apart from the roles beside it (as where one "
            "agent holds a whole team): the table per role shows the team's win rates there, and no strength."
        )
    for line in lines:
        if line.rating is not None and line.score.value in (0.0, 1.0):
            won = "won" if line.score.value == 1.0 else "lost"
            notes.append(
                f"{line.agent} {won} every game: its rating is held finite only by the prior "
                f"(Normal(0, {ratings.PRIOR_SD:g}) logits), so read the interval as open at that end."
            )
    return notes


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


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


def _plain(value: Any) -> Any:
    """JSON values out of dataclasses, intervals and mappings."""
    if isinstance(value, Interval):
        return {name: _plain(part) for name, part in value._asdict().items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        # + 0.0 turns a rounded -0.0 into 0.0
        return round(value, 6) + 0.0 if math.isfinite(value) else None
    return value
