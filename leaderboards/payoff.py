"""Who beats whom: the pay-off matrix, and cycles in it that no single order of the agents fits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from lanista import ratings
from lanista.leaderboards.shapes import Cell
from lanista.stats import clustered_rate

if TYPE_CHECKING:
    from lanista.store import GameRow


def payoff(games: Sequence[GameRow], agents: Sequence[str], sides: tuple[str, str], level: float) -> tuple[Cell, ...]:
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


def cycles(cells: Sequence[Cell], agents: Sequence[str]) -> list[tuple[str, ...]]:
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
