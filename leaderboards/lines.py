"""One line of a board per agent, one per two agents, one per agent and role."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lanista import ratings
from lanista.leaderboards.shapes import Line, PairLine, RoleLine
from lanista.stats import Interval, clustered_rate, paired_difference

if TYPE_CHECKING:
    from lanista.store import GameRow, TurnStats


class Seen:
    """An agent's games: (block, team, score) once per game and team it sat in."""

    def __init__(self, rows: list[tuple[int, str, float]], games: int) -> None:
        self.rows, self.games = rows, games

    def rate(self, level: float, team: str | None = None) -> Interval:
        """Its mean score, with one team or with all."""
        rows = [row for row in self.rows if team is None or row[1] == team]
        return clustered_rate([score for _, _, score in rows], [block for block, _, _ in rows], level)

    def teams(self) -> set[str]:
        """The teams it sat in."""
        return {team for _, team, _ in self.rows}

    @cached_property
    def by_block(self) -> dict[int, float]:
        """Its mean score on each block."""
        grouped: dict[int, list[float]] = {}
        for block, _, score in self.rows:
            grouped.setdefault(block, []).append(score)
        return {block: math.fsum(scores) / len(scores) for block, scores in grouped.items()}


def holders(game: GameRow) -> set[str]:
    """The agents that hold a seat of a team that is counted."""
    return {game.players[seat] for seats in game.teams.values() for seat in seats}


def games_of(games: Sequence[GameRow]) -> dict[str, list[GameRow]]:
    """The games of each agent, in their order; agents by name. One pass, for boards of many games and agents."""
    found: dict[str, list[GameRow]] = {}
    for game in games:
        for agent in holders(game):
            found.setdefault(agent, []).append(game)
    return dict(sorted(found.items()))


def appearances(agent: str, games: Sequence[GameRow]) -> Seen:
    """What the agent was seen doing in its ``games``."""
    rows = []
    for game in games:
        for team, seats in sorted(game.teams.items()):
            if any(game.players[seat] == agent for seat in seats):
                rows.append((game.block, team, float(game.scores[team])))
    return Seen(rows, len(games))


def _line(
    agent: str,
    seen: Seen,
    stats: Mapping[str, TurnStats],
    teams: Sequence[str],
    level: float,
    **rest: Any,
) -> Line:
    turns = stats.get(agent)
    return Line(
        agent=agent,
        games=seen.games,
        blocks=len(seen.by_block),
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


def rated_line(
    rating: ratings.Rating,
    seen: Seen,
    stats: Mapping[str, TurnStats],
    teams: Sequence[str],
    level: float,
) -> Line:
    """The line of an agent that has a rating."""
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
        correlation=rating.correlation,
    )


def scored_lines(
    agents: Sequence[str],
    seen: Mapping[str, Seen],
    stats: Mapping[str, TurnStats],
    teams: Sequence[str],
    level: float,
) -> list[Line]:
    """Agents by mean score; rank intervals from paired differences, simultaneous as for ratings."""
    wide = ratings.simultaneous(level, len(agents))
    mean = {agent: round(seen[agent].rate(level).value, 9) for agent in agents}
    lines = []
    for agent in sorted(agents, key=lambda a: (-mean[a], a)):
        against = [shared_difference(seen[agent], seen[other], wide) for other in agents if other != agent]
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


def rated_pair(pair: ratings.Pair) -> PairLine:
    """The difference of two ratings, in points of the Elo scale."""
    if pair.difference is None:
        return PairLine(one=pair.one, other=pair.other, difference=None, shown=False)
    points = Interval(*(ratings.ELO * x for x in pair.difference))
    return PairLine(one=pair.one, other=pair.other, difference=points, shown=points.low > 0 or points.high < 0)


def scored_pair(one: str, other: str, seen: Mapping[str, Seen], level: float) -> PairLine:
    """The difference of two agents' scores over the blocks that both played."""
    difference = shared_difference(seen[one], seen[other], level)
    shown = difference is not None and (difference.low > 0 or difference.high < 0)
    return PairLine(one=one, other=other, difference=difference, shown=shown)


def shared_difference(one: Seen, other: Seen, level: float) -> Interval | None:
    """Mean difference of scores over the blocks that both played; None where they share none."""
    mine, theirs = one.by_block, other.by_block
    shared = sorted(set(mine) & set(theirs), key=str)
    if not shared:
        return None
    return paired_difference([theirs[b] for b in shared], [mine[b] for b in shared], shared, level=level)


def role_lines(
    games: Sequence[GameRow], agents: Sequence[str], rated: ratings.Ratings | None, level: float
) -> tuple[RoleLine, ...]:
    """How an agent's team did when it held a role, for every agent and role; by team, role and rank."""
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
