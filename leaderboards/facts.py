"""The facts of an arena's outcomes: means, paired differences, and pass^k.

A fact that is true or false has a rate, any other a mean; one that was never below 0 has no interval below 0, and one
that was the same in every game has none: what has not varied yet does not tell how it varies. Intervals count blocks
(scenario seeds), not games. A fact that is None in a game does not count there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from lanista.leaderboards.shapes import FactLine, FactPair, PassLine
from lanista.stats import Interval, clustered_mean, clustered_rate, paired_difference, pass_hat_k

if TYPE_CHECKING:
    from lanista.store import GameRow


class _Known(NamedTuple):
    """One agent's values of one fact."""

    values: list[float]
    blocks: list[int]

    def by_block(self) -> dict[int, float]:
        """The mean on each block."""
        grouped: dict[int, list[float]] = {}
        for value, block in zip(self.values, self.blocks, strict=True):
            grouped.setdefault(block, []).append(value)
        return {block: math.fsum(values) / len(values) for block, values in grouped.items()}


def fact_lines(
    played: Mapping[str, Sequence[GameRow]], agents: Sequence[str], metrics: Iterable[str], level: float
) -> tuple[FactLine, ...]:
    """A line per metric and agent, in that order; none for a metric that no game of the agent knows.

    ``played`` holds each agent's games.
    """
    lines = []
    for name in metrics:
        rate, positive = _is_rate(played, name), _never_negative(played, name)
        for agent in agents:
            known = _known(played[agent], name)
            if known.values:
                mean = (clustered_rate if rate else clustered_mean)(known.values, known.blocks, level)
                if positive and math.isfinite(mean.low):
                    mean = Interval(mean.value, max(0.0, mean.low), mean.high)
                lines.append(FactLine(agent=agent, name=name, games=len(known.values), rate=rate, mean=mean))
    return tuple(lines)


def fact_pairs(
    played: Mapping[str, Sequence[GameRow]],
    agents: Sequence[str],
    metrics: Iterable[str],
    success: str | None,
    level: float,
) -> tuple[FactPair, ...]:
    """Paired differences for every two agents: each metric, then pass^k at the most tries that every case had."""
    names = list(metrics)
    rates = {name: _is_rate(played, name) for name in names}
    known = {(agent, name): _known(played[agent], name).by_block() for agent in agents for name in names}
    if success is not None:
        tried = {agent: _tries(played[agent], success) for agent in agents}
        k = min((n for cases in tried.values() for _, n in cases.values()), default=1)
        if k > 1:
            passed = f"pass^{k}"
            names.append(passed)
            rates[passed] = True
            for agent in agents:
                chances = [(block, math.comb(c, k) / math.comb(n, k)) for (block, _), (c, n) in tried[agent].items()]
                known[agent, passed] = _Known([p for _, p in chances], [block for block, _ in chances]).by_block()
    return tuple(
        _pair(one, other, name, rates[name], known[one, name], known[other, name], level)
        for one, other in combinations(agents, 2)
        for name in names
    )


def pass_lines(
    played: Mapping[str, Sequence[GameRow]], agents: Sequence[str], success: str, level: float
) -> tuple[PassLine, ...]:
    """pass^k for every k up to the most tries of a case; cases that were tried less often are left out of that k."""
    lines = []
    for agent in agents:
        cases = _tries(played[agent], success)
        for k in range(1, 1 + max((n for _, n in cases.values()), default=0)):
            enough = {case: tries for case, tries in cases.items() if tries[1] >= k}
            rate = pass_hat_k(list(enough.values()), k, level, [block for block, _ in enough])
            lines.append(PassLine(agent=agent, k=k, cases=len(enough), rate=rate))
    return tuple(lines)


def _values(played: Mapping[str, Sequence[GameRow]], name: str) -> Iterator[Any]:
    """What is known of a fact, a game as often as it has agents."""
    for games in played.values():
        for game in games:
            value = game.facts.get(name)
            if value is not None:
                yield value


def _is_rate(played: Mapping[str, Sequence[GameRow]], name: str) -> bool:
    kinds = {type(value) for value in _values(played, name)}
    return kinds == {bool}


def _never_negative(played: Mapping[str, Sequence[GameRow]], name: str) -> bool:
    return all(value >= 0 for value in _values(played, name))


def _known(games: Sequence[GameRow], name: str) -> _Known:
    found = _Known([], [])
    for game in games:
        value = game.facts.get(name)
        if value is not None:
            found.values.append(float(value))
            found.blocks.append(game.block)
    return found


def _tries(games: Sequence[GameRow], success: str) -> dict[tuple[int, str], tuple[int, int]]:
    """(successes, tries) by case: a block, and who sat where in it."""
    found: dict[tuple[int, str], tuple[int, int]] = {}
    for game in games:
        value = game.facts.get(success)
        if value is None:
            continue
        case = game.block, repr(sorted(game.players.items()))
        c, n = found.get(case, (0, 0))
        found[case] = c + bool(value), n + 1
    return found


def _pair(
    one: str, other: str, name: str, rate: bool, mine: Mapping[int, float], theirs: Mapping[int, float], level: float
) -> FactPair:
    shared = sorted(set(mine) & set(theirs))
    difference: Interval | None = None
    if shared:
        before, after = [theirs[b] for b in shared], [mine[b] for b in shared]
        # A number has no largest difference of its own: the range of what was seen stands in for it, if it varied
        span = 1.0 if rate else max(before + after) - min(before + after)
        if rate or (span > 0 and len(shared) > 1):
            difference = paired_difference(before, after, shared, span=span, level=level)
        else:
            difference = Interval(math.fsum(after) / len(after) - math.fsum(before) / len(before), -math.inf, math.inf)
    shown = difference is not None and (difference.low > 0 or difference.high < 0)
    return FactPair(one=one, other=other, name=name, rate=rate, blocks=len(shared), difference=difference, shown=shown)
