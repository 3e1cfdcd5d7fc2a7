"""How far a board can be trusted: do its ratings foretell, what do errors do to them, how much hangs on few deals."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from lanista import ratings
from lanista.stats import Interval, clustered_mean

if TYPE_CHECKING:
    from lanista.store import GameRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What was found of a board on which two teams meet."""

    log_loss: Interval | None
    """Of ratings on blocks they were not made from, in nats a game; None with a single block."""
    over_base: Interval | None
    """That minus the log loss of the first side's share of wins: below zero where the ratings foretell something."""
    deals: int | None
    """The fewest deals found whose loss gives the board another leader; None where half of them do not."""
    successor: str | None
    """Who would lead then."""
    clean_games: int
    """Games in which the referee had to move for nobody."""
    clean: dict[str, Interval | None] = field(default_factory=dict)
    """Ratings of those games alone, where there are others; {} otherwise."""


def trust(games: Sequence[GameRow], erring: Collection[str], level: float) -> Trust:
    """The trust that these games' ratings deserve. ``erring``: ids of games in which the referee moved for somebody."""
    foretold = held_out(games)
    fewest = fewest_deals(games)
    clean = [game for game in games if game.id not in erring]
    rated: dict[str, Interval | None] = {}
    if clean and len(clean) < len(games):
        for one in ratings.rate(clean, level=level).ratings:
            rated[one.agent] = None if one.strength is None else ratings.as_elo(one.strength)
    return Trust(
        log_loss=None if foretold is None else foretold[0],
        over_base=None if foretold is None else foretold[1],
        deals=None if fewest is None else fewest[0],
        successor=None if fewest is None else fewest[1],
        clean_games=len(clean),
        clean=rated,
    )


def held_out(
    games: Sequence[ratings.Played], *, prior_sd: float = ratings.PRIOR_SD
) -> tuple[Interval, Interval] | None:
    """How well ratings foretell games they were not made from, in nats a game: (log loss, that minus the base rate's).

    Every block is foretold by the fit without it (one Newton step from the whole fit) and, for the base rate, by the
    share of wins of the first side in all other blocks. Intervals count blocks. None with a single block.
    """
    fit = ratings.fit_games(games, "side", prior_sd=prior_sd)
    if fit.moves is None:
        return None
    _, design, won, blocks = ratings.matrix(games, "side")
    logits = np.sum(design * (fit.estimate - fit.moves)[blocks], axis=1)
    loss = np.logaddexp(0.0, logits) - won * logits
    wins, sizes = np.bincount(blocks, won), np.bincount(blocks)
    rate = ((wins.sum() - wins + 0.5) / (sizes.sum() - sizes + 1.0))[blocks]
    base = -(won * np.log(rate) + (1 - won) * np.log1p(-rate))
    names = blocks.tolist()
    return clustered_mean(loss.tolist(), names), clustered_mean((loss - base).tolist(), names)


def fewest_deals(
    games: Sequence[ratings.Played], *, prior_sd: float = ratings.PRIOR_SD, most: float = 0.5
) -> tuple[int, str] | None:
    """(how many blocks, who would lead without them): the fewest found whose loss gives the board another leader.

    Blocks are taken away in the order of their influence on the leader's lead over each other agent, as one Newton
    step has it (Broderick, Giordano and Meager 2020, "An automatic finite-sample robustness metric"), and what is found
    is fitted again and holds; fewer may do. None where up to ``most`` of the blocks were taken away in vain, or where
    there is nobody to lead.
    """
    sides = ratings.two_sides(games)
    agents = sorted({agent for game in games for agent in game.players.values()})
    fit = ratings.fit_games(games, "side", prior_sd=prior_sd)
    _, groups, rated = ratings.weigh_sides(games, agents, sides, fit)
    if fit.moves is None or len(groups[0]) < 2:
        return None
    leader = min(groups[0], key=lambda a: (-round(float(rated[a] @ fit.estimate), 9), a))
    names = sorted({str(game.block) for game in games})
    tried: list[tuple[int, list[int]]] = []
    for other in groups[0]:
        lead = rated[leader] - rated[other]
        pull = fit.moves @ lead  # (blocks,): what each gives to the lead
        order = np.argsort(-pull, kind="stable")
        enough = np.flatnonzero(np.cumsum(pull[order]) > float(lead @ fit.estimate))
        if other != leader and len(enough):
            tried.append((int(enough[0]) + 1, order.tolist()))
    for count, ranked in sorted(tried)[:3]:
        while count <= most * len(names):
            gone = {names[g] for g in ranked[:count]}
            left = [game for game in games if str(game.block) not in gone]
            now = _leader(left, prior_sd)
            if now not in (leader, None):
                return count, str(now)
            count += max(1, count // 8)
    return None


def _leader(games: Sequence[ratings.Played], prior_sd: float) -> str | None:
    """Who has the highest rating of the largest group."""
    agents = sorted({agent for game in games for agent in game.players.values()})
    fit = ratings.fit_games(games, "side", prior_sd=prior_sd)
    _, groups, rated = ratings.weigh_sides(games, agents, ratings.two_sides(games), fit)
    if len(groups[0]) < 2:
        return None
    return min(groups[0], key=lambda a: (-round(float(rated[a] @ fit.estimate), 9), a))
