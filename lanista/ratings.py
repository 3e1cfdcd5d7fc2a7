"""Side-aware Bradley-Terry ratings by penalised maximum likelihood, with intervals clustered by scenario seed.

For a game of team A against team B,

    logit P(A wins) = setup + mean over A's seats of strength[agent, side or role]
                            - mean over B's seats of strength[agent, side or role].

1. ``setup`` is one intercept: what side A is worth when everybody is of average strength. Without it, and without a
   strength per side, identical agents come apart as soon as one of them held the better side more often.
2. An agent has one strength per side (``by="side"``, the base model) or per role (``by="role"``). Its rating is the
   mean of its two side strengths: the difference of two ratings is the average logit of beating the other over both
   ways to seat the two. Centred on the agents it can be compared with.
3. Strengths have the prior Normal(0, ``PRIOR_SD``) in logits and the intercept Normal(0, ``SETUP_SD``): weak enough to
   vanish after some dozens of games, and enough that an agent that won every game has a finite rating.
4. Ties count as half a win. Scores between 0 and 1 are taken as they are (a quasi-likelihood).
5. An interval is the wider of two, per contrast: the leave-one-block-out jackknife in its one-step form (CV3L of
   MacKinnon, Nielsen and Webb 2023, "Leverage, influence, and the jackknife in clustered regression models") with
   Student's t at (blocks - 1) degrees of freedom, and the curvature of the penalised likelihood with the normal's
   quantile. The first knows that games of one seed are alike; the second knows that twenty wins out of twenty are not
   certainty (for taking the wider of the two: Angrist and Pischke 2009, section 8.1).
6. Which contrasts the schedule identifies is read off the design matrix. What it does not identify is None, never a
   number that only the prior chose.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from lanista.errors import LanistaError
from lanista.stats import LEVEL, Interval, t_quantile

PRIOR_SD = 2.5
"""Logits. One standard deviation of an agent's strength on a side around the average agent's, before any game."""
SETUP_SD = 10.0
"""Logits. The same for the intercept: practically flat, and finite where one side wins every game."""
ELO = 400 / math.log(10)
"""Points of the Elo scale per logit: 400 points are odds of ten to one."""

Floats = NDArray[np.float64]


class Played(Protocol):
    """What a rating needs to know of a finished game. ``scores`` are in [0, 1], one per team."""

    @property
    def block(self) -> Hashable:
        """What games played on the same deals share: games of one block are not independent."""

    @property
    def players(self) -> Mapping[str, str]:
        """The agent in each seat."""

    @property
    def roles(self) -> Mapping[str, str]:
        """The role of each seat."""

    @property
    def teams(self) -> Mapping[str, Sequence[str]]:
        """The seats of each team."""

    @property
    def scores(self) -> Mapping[str, float]:
        """The score of each team, in [0, 1]."""


Node = tuple[str, str]
"""(agent, side) or (agent, role): what has one strength."""


@dataclass(frozen=True)
class Fit:
    """A fitted model. Parameters are the intercept, then one strength per node, in logits."""

    nodes: tuple[Node, ...]
    estimate: Floats
    """(1 + nodes,)"""
    curvature: Floats
    """(1 + nodes, 1 + nodes): the inverse of the penalised information."""
    jackknife: Floats | None
    """(1 + nodes, 1 + nodes): the clustered covariance; None with a single block."""
    unidentified: Floats
    """(1 + nodes, k): an orthonormal basis of what the schedule leaves open."""
    blocks: int
    moves: Floats | None = None
    """(blocks, 1 + nodes): ``estimate - moves[g]`` is the estimate without block g, one Newton step away, blocks in the
    order of their names; None with a single block."""
    level: float = LEVEL

    @cached_property
    def index(self) -> dict[Node, int]:
        """The place of each node's strength among the parameters; 0 is the intercept."""
        return {node: 1 + i for i, node in enumerate(self.nodes)}

    def identified(self, contrast: Floats) -> bool:
        """Whether the schedule, and not only the prior, says something about ``contrast`` · parameters."""
        return bool(np.all(np.abs(contrast @ self.unidentified) < 1e-7))

    def half(self, contrast: Floats, level: float) -> float:
        """Half the width of a contrast's interval at ``level``."""
        p = 0.5 + level / 2
        half = NormalDist().inv_cdf(p) * math.sqrt(max(float(contrast @ self.curvature @ contrast), 0.0))
        if self.jackknife is not None:
            error = math.sqrt(max(float(contrast @ self.jackknife @ contrast), 0.0))
            half = max(half, t_quantile(p, self.blocks - 1) * error)
        return half

    def interval(self, contrast: Floats, level: float | None = None) -> Interval | None:
        """A contrast with its interval, in logits; None where it is not identified."""
        if not self.identified(contrast):
            return None
        value = float(contrast @ self.estimate)
        half = self.half(contrast, self.level if level is None else level)
        return Interval(value, value - half, value + half)

    def correlation(self, one: Floats, other: Floats) -> float | None:
        """How two contrasts' errors hang together, in [-1, 1]; None where one of them is not identified."""
        if not (self.identified(one) and self.identified(other)):
            return None
        covariance = self.curvature if self.jackknife is None else self.jackknife
        spread = float(one @ covariance @ one) * float(other @ covariance @ other)
        return float(one @ covariance @ other) / math.sqrt(spread) if spread > 0 else 0.0

    def unit(self, node: Node) -> Floats:
        """The contrast that picks one node's strength; zeros for a node that never played."""
        contrast = np.zeros(len(self.estimate))
        if node in self.index:
            contrast[self.index[node]] = 1.0
        return contrast


@dataclass(frozen=True, slots=True)
class Rating:
    """One agent's line. Strengths are logits above the average of the agents it can be compared with."""

    agent: str
    strength: Interval | None
    """None where it can be compared with nobody."""
    rank: int
    """1 is the best of its group."""
    rank_low: int
    rank_high: int
    """The ranks that the simultaneous intervals of its differences to the others leave open."""
    group: int
    sides: Mapping[str, Interval | None]
    """Strength on each side; None where it did not play it or the schedule does not identify it."""
    roles: Mapping[str, Interval | None]
    correlation: float | None = None
    """Of the errors of the two sides' strengths; None where one of them is not known."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The difference of two ratings, ``one`` minus ``other``, in logits; None between groups."""

    one: str
    other: str
    difference: Interval | None


@dataclass(frozen=True, slots=True)
class Ratings:
    """Every rating of a board. Agents stand from the best to the worst, group after group."""

    ratings: tuple[Rating, ...]
    pairs: tuple[Pair, ...]
    groups: tuple[tuple[str, ...], ...]
    """Agents that the schedule lets one compare; more than one group means that it fell apart."""
    sides: tuple[str, str]
    setup: Interval | None
    """Logits that the first side has in advance, between agents of average strength; None where not identified."""
    weights: tuple[float, float]
    """How much each side counts in a rating: a half, unless the schedule only identifies other weights."""
    games: int
    blocks: int


def rate(games: Sequence[Played], *, level: float = LEVEL, prior_sd: float = PRIOR_SD) -> Ratings:
    """Ratings out of finished games between the same two teams; the order of the games does not matter.

    Raises LanistaError without a game, or where a game is not between two teams of the same names.
    """
    sides = two_sides(games)
    agents = sorted({agent for game in games for agent in game.players.values()})
    fit = fit_games(games, "side", level=level, prior_sd=prior_sd)
    by_role = fit_games(games, "role", level=level, prior_sd=prior_sd)
    weights, groups, rated = weigh_sides(games, agents, sides, fit)
    group_of = {a: i for i, group in enumerate(groups) for a in group}
    strengths: dict[str, Interval | None] = {}
    for agent in agents:
        peers = groups[group_of[agent]]
        centre = np.mean([rated[a] for a in peers], axis=0)
        strengths[agent] = fit.interval(rated[agent] - centre) if len(peers) > 1 else None
    # Rounded, so that agents whose results are alike tie however the last bits fell.
    value = {agent: 0.0 if found is None else round(found.value, 9) for agent, found in strengths.items()}
    per_side = {a: {s: _above_average(fit, a, s) for s in sides} for a in agents}
    names = sorted({role for game in games for role in game.roles.values()})
    per_role = {a: {r: _above_average(by_role, a, r) for r in names} for a in agents}
    ratings = []
    for i, group in enumerate(groups):
        # All rank intervals of a group hold together with the stated confidence, so that a leader picked by the data is
        # one: Bonferroni over all pairs (after Mogstad, Romano, Shaikh and Wilhelm 2024, "Inference for ranks").
        wide = simultaneous(level, len(group))
        ordered = sorted(group, key=lambda a: (-value[a], a))
        for agent in ordered:
            against = [fit.interval(rated[agent] - rated[other], wide) for other in group if other != agent]
            worse = sum(1 for d in against if d is not None and d.low > 0)
            better = sum(1 for d in against if d is not None and d.high < 0)
            rank = 1 + sum(1 for other in group if value[other] > value[agent])
            ratings.append(
                Rating(
                    agent=agent,
                    strength=strengths[agent],
                    rank=rank,
                    rank_low=1 + better,
                    rank_high=len(group) - worse,
                    group=i,
                    sides=per_side[agent],
                    roles=per_role[agent],
                    correlation=_together(fit, agent, sides),
                )
            )
    order = [r.agent for r in ratings]
    pairs = [
        Pair(a, b, fit.interval(rated[a] - rated[b]) if group_of[a] == group_of[b] else None)
        for i, a in enumerate(order)
        for b in order[i + 1 :]
    ]
    setup = _setup(fit, agents, sides)
    return Ratings(tuple(ratings), tuple(pairs), tuple(groups), sides, setup, weights, len(games), fit.blocks)


def simultaneous(level: float, agents: int) -> float:
    """The level at which each of the pairwise intervals of so many agents holds, so that all hold at ``level``."""
    return 1 - (1 - level) / max(agents * (agents - 1) // 2, 1)


def two_sides(games: Sequence[Played]) -> tuple[str, str]:
    """The names of the two teams, sorted. Raises LanistaError where there are not two, or not always the same."""
    if not games:
        raise LanistaError("there is no finished game to rate; play a tournament first")
    names = sorted({team for game in games for team in game.teams})
    if len(names) != 2 or any(len(game.teams) != 2 for game in games):
        raise LanistaError(f"ratings need games between two teams; these have {', '.join(names) or 'none'}")
    return names[0], names[1]


def result(game: Played, sides: tuple[str, str]) -> float:
    """The first side's share of the win: 1, 0, or 0.5 for a tie."""
    return (1 + float(game.scores[sides[0]]) - float(game.scores[sides[1]])) / 2


def fit_games(
    games: Sequence[Played],
    by: Literal["side", "role"],
    *,
    level: float = LEVEL,
    prior_sd: float = PRIOR_SD,
) -> Fit:
    """The model of this module's docstring, fitted to games between two teams."""
    nodes, design, won, blocks = matrix(games, by)
    penalty = np.full(1 + len(nodes), prior_sd**-2)
    penalty[0] = SETUP_SD**-2
    return fit_design(design, won, blocks, penalty, nodes=nodes, level=level)


def matrix(
    games: Sequence[Played], by: Literal["side", "role"]
) -> tuple[tuple[Node, ...], Floats, Floats, NDArray[np.int_]]:
    """(nodes, design (games, 1 + nodes), the first side's share of the win (games,), number of the block (games,))."""
    sides = two_sides(games)
    rows: list[tuple[str, dict[Node, float], float]] = []
    for game in games:
        shares: dict[Node, float] = {}
        for sign, side in zip((1.0, -1.0), sides, strict=True):
            seats = game.teams[side]
            for seat in seats:
                node = (game.players[seat], side if by == "side" else game.roles[seat])
                shares[node] = shares.get(node, 0.0) + sign / len(seats)
        rows.append((str(game.block), shares, result(game, sides)))
    # In an order that the content alone decides: floating-point sums then do not depend on the order of the games.
    rows.sort(key=lambda row: (row[0], sorted(row[1].items()), row[2]))
    nodes = tuple(sorted({node for _, shares, _ in rows for node in shares}))
    column = {node: 1 + i for i, node in enumerate(nodes)}
    design = np.zeros((len(rows), 1 + len(nodes)))
    design[:, 0] = 1.0
    for i, (_, shares, _) in enumerate(rows):
        for node, share in shares.items():
            design[i, column[node]] = share
    names = sorted({block for block, _, _ in rows})
    number = {block: i for i, block in enumerate(names)}
    blocks = np.array([number[block] for block, _, _ in rows])
    won = np.array([y for _, _, y in rows])
    return nodes, design, won, blocks


def fit_design(
    design: Floats,
    won: Floats,
    blocks: NDArray[np.int_],
    penalty: Floats,
    *,
    nodes: tuple[Node, ...],
    level: float = LEVEL,
) -> Fit:
    """Penalised logistic regression with its covariances.

    ``design`` (games, parameters), ``won`` (games,) in [0, 1], ``blocks`` (games,) integers from 0 without gaps,
    ``penalty`` (parameters,) the prior precisions (1 / logits²); all positive, or the likelihood's maximum must exist.
    """
    estimate, information = _fitted(design, won, penalty)
    scores = design * (won - _sigmoid(design @ estimate))[:, None]  # (games, parameters)
    count = int(blocks.max()) + 1
    moves = _moves(design, estimate, scores, blocks, information, count) if count > 1 else None
    return Fit(
        nodes=nodes,
        estimate=estimate,
        curvature=np.asarray(np.linalg.inv(information), np.float64),
        jackknife=None if moves is None else (count - 1) / count * moves.T @ moves,
        unidentified=_null_space(design),
        blocks=count,
        level=level,
        moves=moves,
    )


def _fitted(design: Floats, won: Floats, penalty: Floats) -> tuple[Floats, Floats]:
    """The maximum of the penalised log-likelihood and its information. Raises LanistaError where there is none."""
    from scipy.optimize import minimize

    def loss(estimate: Floats) -> float:
        logits = design @ estimate
        return float(np.sum(np.logaddexp(0.0, logits) - won * logits) + 0.5 * np.sum(penalty * estimate**2))

    def slope(estimate: Floats) -> Floats:
        return design.T @ (_sigmoid(design @ estimate) - won) + penalty * estimate

    def information(estimate: Floats) -> Floats:
        p = _sigmoid(design @ estimate)
        return (design * (p * (1 - p))[:, None]).T @ design + np.diag(penalty)

    start = np.zeros(design.shape[1])
    found = minimize(loss, start, jac=slope, hess=information, method="trust-exact", options={"gtol": 1e-10})
    # One more Newton step: near the maximum the loss is flat to rounding, and the gradient still tells.
    estimate = found.x - np.linalg.solve(information(found.x), slope(found.x))
    if not np.max(np.abs(slope(estimate))) < 1e-8:
        raise LanistaError("the ratings did not converge; are there scores outside [0, 1]?")
    return estimate, information(estimate)


def _moves(
    design: Floats, estimate: Floats, scores: Floats, blocks: NDArray[np.int_], information: Floats, count: int
) -> Floats:
    """How far the fit is from that without each block, by one Newton step (blocks, parameters)."""
    p = _sigmoid(design @ estimate)
    weighted = design * np.sqrt(p * (1 - p))[:, None]
    order = np.argsort(blocks, kind="stable")
    ends = np.searchsorted(blocks[order], np.arange(count + 1))
    moves = np.zeros((count, design.shape[1]))
    for g in range(count):
        mine = order[ends[g] : ends[g + 1]]
        part = weighted[mine]
        moves[g] = np.linalg.solve(information - part.T @ part, scores[mine].sum(axis=0))
    return moves


def _null_space(design: Floats) -> Floats:
    """An orthonormal basis (parameters, k) of the directions that no game can see."""
    values, vectors = np.linalg.eigh(design.T @ design)
    return vectors[:, values < 1e-9 * max(float(values[-1]), 1.0)]


def _sigmoid(x: Floats) -> Floats:
    p: Floats = 0.5 * (1 + np.tanh(0.5 * x))
    return p


def weigh_sides(
    games: Sequence[Played], agents: Sequence[str], sides: tuple[str, str], fit: Fit
) -> tuple[tuple[float, float], list[tuple[str, ...]], dict[str, Floats]]:
    """The weight of each side in a rating, the groups that can be compared under it, and each agent's contrast.

    Halves where they compare everybody. Where all agents sit in every game, what an agent adds to one side it takes
    from the other, and only the sum weighted by one over the side's seats can be known: then that.
    """
    size = [sum(len(g.teams[side]) for g in games) / len(games) for side in sides]
    tried = []
    for first in (0.5, size[1] / (size[0] + size[1])):
        weights = (first, 1 - first)
        rated = {a: weights[0] * fit.unit((a, sides[0])) + weights[1] * fit.unit((a, sides[1])) for a in agents}
        tried.append((weights, _groups(agents, rated, fit), rated))
    return min(tried, key=lambda option: len(option[1]))


def _groups(agents: Sequence[str], contrasts: Mapping[str, Floats], fit: Fit) -> list[tuple[str, ...]]:
    """Agents whose ratings can be compared, largest group first: an equivalence, as differences add up."""
    groups: list[list[str]] = []
    for agent in agents:
        for group in groups:
            if fit.identified(contrasts[agent] - contrasts[group[0]]):
                group.append(agent)
                break
        else:
            groups.append([agent])
    return sorted((tuple(g) for g in groups), key=lambda g: (-len(g), g))


def _above_average(fit: Fit, agent: str, place: str) -> Interval | None:
    """The strength of ``agent`` in a side or role above the mean of all agents that can be compared with it there."""
    contrast = _contrast(fit, agent, place)
    return None if contrast is None else fit.interval(contrast)


def _contrast(fit: Fit, agent: str, place: str) -> Floats | None:
    if (agent, place) not in fit.index:
        return None
    mine = fit.unit((agent, place))
    others = [fit.unit(node) for node in fit.nodes if node[1] == place]
    peers = [other for other in others if fit.identified(mine - other)]
    return np.asarray(mine - np.mean(peers, axis=0), np.float64) if len(peers) > 1 else None


def _together(fit: Fit, agent: str, sides: tuple[str, str]) -> float | None:
    """The correlation of the errors of an agent's two strengths."""
    one, other = (_contrast(fit, agent, side) for side in sides)
    return None if one is None or other is None else fit.correlation(one, other)


def _setup(fit: Fit, agents: Sequence[str], sides: tuple[str, str]) -> Interval | None:
    """The first side's advantage between agents of average strength on either side."""
    contrast = np.zeros(len(fit.estimate))
    contrast[0] = 1.0
    for sign, side in zip((1.0, -1.0), sides, strict=True):
        there = [fit.unit((a, side)) for a in agents if (a, side) in fit.index]
        contrast = contrast + sign * np.mean(there, axis=0)
    return fit.interval(contrast)


def as_elo(strength: Interval, base: float = 1500.0) -> Interval:
    """A strength in logits on the Elo scale, where the average agent has ``base`` points."""
    return Interval(*(base + ELO * x for x in strength))


def describe_groups(groups: Sequence[Sequence[str]]) -> str:
    """The groups of a schedule that fell apart, named."""
    return "; ".join("{" + ", ".join(group) + "}" for group in groups)
