"""Ratings against hand-worked cases, statsmodels, and simulated boards whose truth is known."""

from __future__ import annotations

import importlib.util
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from lanista import ratings
from lanista.errors import LanistaError
from lanista.stats import Interval


@dataclass(frozen=True)
class Game:
    block: Any
    players: dict[str, str]
    roles: dict[str, str]
    teams: dict[str, list[str]]
    scores: dict[str, float]


def game(block: int, first: str, second: str, won: float) -> Game:
    """A one-against-one game of teams ``a`` and ``b``."""
    return Game(
        block,
        {"s0": first, "s1": second},
        {"s0": "ra", "s1": "rb"},
        {"a": ["s0"], "b": ["s1"]},
        {"a": won, "b": 1 - won},
    )


@pytest.fixture(scope="module")
def coverage() -> ModuleType:
    """The benchmark's simulator."""
    path = Path(__file__).parents[1] / "benchmarks" / "rating_coverage.py"
    spec = importlib.util.spec_from_file_location("rating_coverage", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["rating_coverage"] = module
    spec.loader.exec_module(module)
    return module


def logit(p: float) -> float:
    return math.log(p / (1 - p))


def test_two_agents_by_hand() -> None:
    # x as team a beats y in 7 of 10; y as team a beats x in 4 of 10. Without a prior the cells are fitted exactly:
    # setup + d = logit 0.7 and setup - d = logit 0.4 for d = rating(x) - rating(y).
    games = [game(i, "x", "y", float(i < 7)) for i in range(10)] + [game(i, "y", "x", float(i < 4)) for i in range(10)]
    found = ratings.rate(games, prior_sd=1e4)
    assert [r.agent for r in found.ratings] == ["x", "y"]
    difference = found.pairs[0].difference
    assert difference is not None
    assert difference.value == pytest.approx((logit(0.7) - logit(0.4)) / 2, abs=1e-3)
    assert found.setup is not None
    assert found.setup.value == pytest.approx((logit(0.7) + logit(0.4)) / 2, abs=1e-2)
    strengths = [r.strength for r in found.ratings]
    assert strengths[0] is not None
    assert strengths[0].value == pytest.approx(difference.value / 2)
    # Two cells cannot say on which side x is better
    assert all(s is None for r in found.ratings for s in r.sides.values())
    # 400 points are odds of ten to one
    assert ratings.as_elo(Interval(math.log(10), 0, 0)).value == pytest.approx(1900)


def design(seed: int, blocks: int) -> tuple[Any, Any, Any]:
    """An identified design of full rank: an intercept and three covariates, four games a block."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(4 * blocks), rng.standard_normal((4 * blocks, 3))])
    luck = np.repeat(rng.standard_normal(blocks), 4)
    y = (rng.random(4 * blocks) < 1 / (1 + np.exp(-(x @ [0.3, 0.8, -0.5, 0.0] + luck)))).astype(float)
    return x, y, np.repeat(np.arange(blocks), 4)


def test_agrees_with_statsmodels_without_a_prior() -> None:
    sm = pytest.importorskip("statsmodels.api")
    x, y, blocks = design(0, 300)
    fit = ratings.fit_design(x, y, blocks, np.full(4, 1e-12), nodes=())
    theirs = sm.GLM(y, x, family=sm.families.Binomial())
    plain = theirs.fit(tol=1e-12)
    assert fit.estimate == pytest.approx(plain.params, abs=1e-7)
    assert fit.curvature == pytest.approx(plain.cov_params(), rel=1e-5, abs=1e-9)
    clustered = theirs.fit(cov_type="cluster", cov_kwds={"groups": blocks}).cov_params()
    assert fit.jackknife is not None
    # The jackknife and the sandwich are the same to first order in 1 / blocks
    assert np.sqrt(np.diag(fit.jackknife)) == pytest.approx(np.sqrt(np.diag(clustered)), rel=0.02)


def test_one_step_jackknife_is_close_to_refitting() -> None:
    sm = pytest.importorskip("statsmodels.api")
    x, y, blocks = design(1, 25)
    fit = ratings.fit_design(x, y, blocks, np.full(4, 1e-12), nodes=())
    refits = [
        sm.GLM(y[blocks != g], x[blocks != g], family=sm.families.Binomial()).fit().params - fit.estimate
        for g in range(25)
    ]
    exact = 24 / 25 * np.array(refits).T @ np.array(refits)
    assert fit.jackknife is not None
    assert np.sqrt(np.diag(fit.jackknife)) == pytest.approx(np.sqrt(np.diag(exact)), rel=0.06)


@pytest.mark.parametrize(
    "name",
    ["2 alike, 40 blocks", "3 alike, 10 blocks", "4 alike, lopsided", "4 alike, shared teams"],
)
def test_identical_agents_come_out_equal(coverage: ModuleType, name: str) -> None:
    # 200 boards of identical agents under different names: the nominal 95% less 3 binomial standard errors
    setting = next(s for s in coverage.SETTINGS if s.name == name)
    found = coverage.measure(setting, 200, seed=11)
    slack = 3 * math.sqrt(0.95 * 0.05 / 200)
    assert found["boards"] >= 0.95 - slack
    assert found["pairs"] >= 0.95 - slack
    assert found["ours"] < 0.2


def test_who_held_the_better_side_more_often_is_not_better_for_it(coverage: ModuleType) -> None:
    # Identical agents; wolves win by 1.5 logits; some held them seven times as often. A model without sides sees a gap
    # of over a logit where there is none.
    setting = next(s for s in coverage.SETTINGS if s.name == "4 alike, lopsided")
    found = coverage.measure(replace(setting, luck=0.0), 100, seed=5)
    assert found["naive gap"] > 1.0
    assert found["ours"] < 0.15


def test_known_strengths_are_recovered(coverage: ModuleType) -> None:
    strengths = [(1.2, 0.4), (0.3, 0.6), (-0.5, 0.2), (-1.0, -1.2)]
    setting = coverage.Setting(name="much data", strengths=strengths, blocks=600, luck=0.0)
    games = coverage.simulate(setting, np.random.default_rng(4))
    found = ratings.rate(games)
    assert [r.agent for r in found.ratings] == ["agent_0", "agent_1", "agent_2", "agent_3"]
    for i, rating in enumerate(found.ratings):
        assert rating.strength is not None
        assert rating.strength.value == pytest.approx(sum(strengths[i]) / 2, abs=0.15)
        for j, side in enumerate(("village", "wolves")):
            strength = rating.sides[side]
            assert strength is not None
            assert strength.value == pytest.approx(strengths[i][j], abs=0.25)
    assert found.setup is not None
    assert found.setup.value == pytest.approx(-1.5, abs=0.15)


def test_order_and_names_do_not_matter(coverage: ModuleType) -> None:
    setting = coverage.Setting(name="x", strengths=[(0.5, 0), (0, 0.2), (-0.5, 0)], blocks=12)
    games = coverage.simulate(setting, np.random.default_rng(6))
    found = ratings.rate(games)
    shuffled = [games[i] for i in np.random.default_rng(7).permutation(len(games))]
    assert ratings.rate(shuffled) == found  # to the bit
    # Under other names the same numbers; with the teams' names swapped the same ratings and the opposite setup
    other = {"agent_0": "z", "agent_1": "m", "agent_2": "a"}
    renamed = ratings.rate([replace(g, players={s: other[a] for s, a in g.players.items()}) for g in games])
    assert [r.agent for r in renamed.ratings] == [other[r.agent] for r in found.ratings]
    swap = {"village": "wolves", "wolves": "village"}
    swapped = ratings.rate(
        [
            replace(g, teams={swap[t]: s for t, s in g.teams.items()}, scores={swap[t]: s for t, s in g.scores.items()})
            for g in games
        ]
    )
    for r, n, w in zip(found.ratings, renamed.ratings, swapped.ratings, strict=True):
        assert r.strength is not None
        assert n.strength == pytest.approx(r.strength, abs=1e-9)
        assert w.strength == pytest.approx(r.strength, abs=1e-9)
    assert found.setup is not None
    assert swapped.setup is not None
    assert swapped.setup.value == pytest.approx(-found.setup.value, abs=1e-9)


def both_ways(one: str, other: str, blocks: Sequence[int]) -> list[Game]:
    return [g for b in blocks for g in (game(b, one, other, float(b % 3 > 0)), game(b, other, one, float(b % 2)))]


def test_a_schedule_that_falls_apart_is_named_and_not_compared() -> None:
    found = ratings.rate(both_ways("a", "b", range(8)) + both_ways("c", "d", range(8, 16)))
    # Two islands share only the intercept: each pair can be compared, and nobody across
    assert found.groups == (("a", "b"), ("c", "d"))
    assert ratings.describe_groups(found.groups) == "{a, b}; {c, d}"
    across = {(p.one, p.other) for p in found.pairs if p.difference is None}
    assert len(across) == 4
    assert all(r.rank_high <= 2 for r in found.ratings)
    joined = ratings.rate(both_ways("a", "b", range(8)) + both_ways("c", "d", range(8)) + both_ways("b", "c", range(8)))
    assert joined.groups == (("a", "b", "c", "d"),)


def test_an_agent_that_never_changed_sides_is_not_rated_against_the_others() -> None:
    games = both_ways("a", "b", range(8)) + [game(i, "c", "a", float(i % 2)) for i in range(8)]
    found = ratings.rate(games)
    assert found.groups == (("a", "b"), ("c",))
    alone = next(r for r in found.ratings if r.agent == "c")
    assert alone.strength is None


def test_one_agent_alone() -> None:
    found = ratings.rate([game(i, "solo", "solo", float(i % 2)) for i in range(6)])
    assert len(found.ratings) == 1
    assert found.ratings[0].strength is None
    assert (found.ratings[0].rank_low, found.ratings[0].rank_high) == (1, 1)
    assert found.setup is not None
    assert found.setup.value == pytest.approx(0.0, abs=1e-9)


def test_ties_count_half_and_all_ties_are_equality() -> None:
    games = [game(i, x, y, 0.5) for i in range(10) for x, y in (("p", "q"), ("q", "p"))]
    found = ratings.rate(games)
    difference = found.pairs[0].difference
    assert difference is not None
    assert difference.value == pytest.approx(0.0, abs=1e-9)
    assert difference.high > 0.5  # twenty ties are no proof of equality
    assert [(r.rank, r.rank_low, r.rank_high) for r in found.ratings] == [(1, 1, 2), (1, 1, 2)]
    # A win and a loss weigh as much as two ties
    mixed = [game(i, "p", "q", w) for i, w in enumerate((1.0, 0.0) * 5)] + games
    assert ratings.rate(mixed).pairs[0].difference.value == pytest.approx(0.0, abs=1e-9)  # type: ignore[union-attr]


@pytest.mark.parametrize("blocks", [1, 3, 30])
def test_winning_everything_is_finite_and_uncertain(blocks: int) -> None:
    games = [g for i in range(blocks) for g in (game(i, "best", "rest", 1.0), game(i, "rest", "best", 0.0))]
    difference = ratings.rate(games).pairs[0].difference
    assert difference is not None
    assert math.isfinite(difference.high)
    assert difference.value > 0
    assert difference.high - difference.low > 2  # logits: all wins say "far", not "how far"
    if blocks == 30:
        assert difference.low > 0.5
    if blocks == 1:
        assert difference.low < 0  # two games are no proof


def test_copies_of_a_block_do_not_narrow_the_jackknife_and_new_blocks_do(coverage: ModuleType) -> None:
    setting = coverage.Setting(name="x", strengths=[(0, 0)] * 3, blocks=20)
    games = coverage.simulate(setting, np.random.default_rng(8))
    copied = games * 6
    apart = [replace(g, block=f"{g.block}/{i}") for i in range(6) for g in games]
    errors = []
    for part in (games, copied, apart):
        fit = ratings.fit_games(part, "side", prior_sd=1e3)
        contrast = fit.unit(("agent_0", "wolves")) - fit.unit(("agent_1", "wolves"))
        assert fit.jackknife is not None
        errors.append(math.sqrt(float(contrast @ fit.jackknife @ contrast)))
    assert errors[1] == pytest.approx(errors[0], rel=0.01)
    assert errors[2] == pytest.approx(errors[0] / math.sqrt(6), rel=0.15)


def test_where_everybody_sits_in_every_game_sides_are_weighed_by_their_seats(coverage: ModuleType) -> None:
    setting = coverage.Setting(name="x", strengths=[(0, 0)] * 4, blocks=30, design="seats")
    found = ratings.rate(coverage.simulate(setting, np.random.default_rng(9)))
    assert found.weights == pytest.approx((0.25, 0.75))  # six villagers, two wolves
    assert len(found.groups) == 1


def test_roles_of_a_team_held_whole_are_not_told_apart() -> None:
    def table(block: int, one: str, other: str, won: float) -> Game:
        return Game(
            block,
            {"s0": one, "s1": one, "s2": other},
            {"s0": "seer", "s1": "villager", "s2": "wolf"},
            {"village": ["s0", "s1"], "wolves": ["s2"]},
            {"village": won, "wolves": 1 - won},
        )

    names = ["x", "y", "z"]
    games = [table(b, i, j, float((b + len(i)) % 2)) for b in range(6) for i in names for j in names if i != j]
    for rating in ratings.rate(games).ratings:
        assert rating.roles["seer"] is None
        assert rating.roles["villager"] is None
        assert rating.roles["wolf"] is not None
        assert rating.sides["village"] is not None


def test_what_cannot_be_rated_is_refused() -> None:
    with pytest.raises(LanistaError, match="no finished game"):
        ratings.rate([])
    crew = Game(0, {"s": "x"}, {"s": "r"}, {"crew": ["s"]}, {"crew": 1.0})
    with pytest.raises(LanistaError, match="between two teams; these have crew"):
        ratings.rate([crew])
