"""Intervals against hand-worked cases, closed forms, and their own promise: how often they hold the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanista import stats
from lanista.errors import LanistaError


def test_wilson_by_hand() -> None:
    # 0 of 10: the upper end is z^2 / (n + z^2) = 3.8415 / 13.8415
    found = stats.wilson(0, 10)
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(3.841459 / 13.841459, abs=1e-6)
    # 5 of 10: the centre stays at one half
    found = stats.wilson(5, 10)
    assert found.low + found.high == pytest.approx(1.0)
    assert found.low == pytest.approx(0.236593, abs=1e-6)


@given(st.integers(1, 500), st.data())
def test_wilson_holds_its_estimate_and_mirrors(n: int, data: st.DataObject) -> None:
    wins = data.draw(st.integers(0, n))
    found, mirror = stats.wilson(wins, n), stats.wilson(n - wins, n)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low == pytest.approx(1 - mirror.high, abs=1e-12)


@pytest.mark.parametrize("p", [0.6, 0.9, 0.975, 0.9995, 0.2])
def test_t_quantile_closed_forms(p: float) -> None:
    assert stats.t_quantile(p, 1) == pytest.approx(math.tan(math.pi * (p - 0.5)), rel=1e-8)
    assert stats.t_quantile(p, 2) == pytest.approx((2 * p - 1) / math.sqrt(2 * p * (1 - p)), rel=1e-8)


@pytest.mark.parametrize("df", [3, 7, 29, 400, 1e5, 1e8])
def test_t_quantile_agrees_with_scipy(df: float) -> None:
    scipy_t = pytest.importorskip("scipy.stats").t
    for p in (0.55, 0.9, 0.975, 0.99999):
        assert stats.t_quantile(p, df) == pytest.approx(float(scipy_t.ppf(p, df)), rel=1e-7)


def test_copies_of_a_game_within_its_block_add_nothing() -> None:
    values, blocks = [1, 0, 1, 1, 0, 0, 1, 1], list(range(8))
    once = stats.clustered_rate(values, blocks)
    five = stats.clustered_rate(values * 5, blocks * 5)
    assert five == pytest.approx(once)


def test_clustered_rate_is_wilson_where_nothing_is_clustered() -> None:
    rng = np.random.default_rng(1)
    values = (rng.random(20_000) < 0.3).astype(float)
    found = stats.clustered_rate(values.tolist(), range(20_000))
    assert found == pytest.approx(stats.wilson(float(values.sum()), 20_000), abs=2e-5)


def test_clustered_rate_of_one_outcome_counts_blocks() -> None:
    found = stats.clustered_rate([1.0] * 40, [i // 4 for i in range(40)])
    assert found == pytest.approx(stats.wilson(10, 10))


def test_clustered_rate_covers_correlated_games() -> None:
    # 12 blocks of 6 games; half of the blocks' games all follow one coin. Nominal 95%, 600 boards: 4 s.e. = 3.6 points.
    rng = np.random.default_rng(2)
    blocks = np.repeat(np.arange(12), 6).tolist()
    inside = naive = 0
    for _ in range(600):
        own = rng.random((12, 6)) < 0.3
        shared = np.repeat(rng.random((12, 1)) < 0.3, 6, axis=1)
        values = np.where(rng.random((12, 1)) < 0.5, shared, own).astype(float).ravel()
        found = stats.clustered_rate(values.tolist(), blocks)
        inside += found.low <= 0.3 <= found.high
        rough = stats.wilson(float(values.sum()), 72)
        naive += rough.low <= 0.3 <= rough.high
    assert inside / 600 > 0.95 - 0.036
    assert naive / 600 < 0.87  # what counting games instead of blocks would have promised wrongly


@pytest.mark.parametrize("games", [6, 20, 80])
def test_clustered_rate_of_shares_is_as_wide_as_they_vary(games: int) -> None:
    # Scores that are shares of ten, not wins: nominal 95%, 600 boards. Wilson as for wins would be twice as wide.
    rng = np.random.default_rng(games)
    inside, width = 0, []
    for _ in range(600):
        values = rng.binomial(10, 0.6, games) / 10
        found = stats.clustered_rate(values.tolist(), range(games))
        inside += found.low <= 0.6 <= found.high
        width.append(found.high - found.low)
    assert inside / 600 > 0.95 - 0.036
    coins = stats.wilson(0.6 * games, games)
    assert np.mean(width) < (coins.high - coins.low) * (0.55 if games > 6 else 0.7)


def test_clustered_mean_by_hand() -> None:
    # Block means 1, 2, 6 of equal size: mean 3, standard error sqrt(((4+1+9)/2)/3) = sqrt(7/3), t(2) = 4.302653
    found = stats.clustered_mean([1, 1, 2, 2, 6, 6], ["a", "a", "b", "b", "c", "c"])
    assert found.value == pytest.approx(3)
    assert found.high - 3 == pytest.approx(4.302653 * math.sqrt(7 / 3), rel=1e-6)
    assert stats.clustered_mean([2.0], [0]).high == math.inf
    assert stats.clustered_mean([3.0, 3.0, 3.0], [0, 1, 2]) == (3.0, -math.inf, math.inf)


@given(st.integers(1, 8), st.integers(1, 8), st.floats(0.0, 1.0))
def test_pass_hat_k_is_unbiased(n: int, k: int, p: float) -> None:
    # Theory: E[C(c, k) / C(n, k)] = p^k for c ~ Binomial(n, p)
    if k > n:
        with pytest.raises(LanistaError, match="tries"):
            stats.pass_hat_k([(0, n)], k)
        return
    mean = sum(math.comb(n, c) * p**c * (1 - p) ** (n - c) * stats.pass_hat_k([(c, n)], k).value for c in range(n + 1))
    assert mean == pytest.approx(p**k, abs=1e-9)


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=8))
def test_pass_hat_1_is_the_rate_with_its_interval(tries: list[list[bool]]) -> None:
    games = [(passed, scenario) for scenario, passes in enumerate(tries) for passed in passes]
    rate = stats.clustered_rate([float(passed) for passed, _ in games], [scenario for _, scenario in games])
    assert stats.pass_hat_k([(sum(passes), 3) for passes in tries], 1) == pytest.approx(rate)


def test_paired_difference_by_hand() -> None:
    # Differences 1, 0, 1, 0 and two pseudo-blocks that add 1 to the squares: centre 2/6, variance (3/6 - 1/9) / 6
    found = stats.paired_difference([0, 1, 0, 1], [1, 1, 1, 1], range(4))
    error = math.sqrt((3 / 6 - 1 / 9) / 6)
    assert found.value == pytest.approx(0.5)
    assert found.low == pytest.approx(1 / 3 - stats.t_quantile(0.975, 5) * error)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 5)), min_size=1, max_size=30))
def test_paired_difference_is_antisymmetric_and_never_certain(rows: list[tuple[float, float, int]]) -> None:
    before, after, blocks = zip(*rows, strict=True)
    there, back = stats.paired_difference(before, after, blocks), stats.paired_difference(after, before, blocks)
    assert there.low == pytest.approx(-back.high, abs=1e-12)
    assert there.low <= there.value + 1e-12
    assert there.value <= there.high + 1e-12
    assert there.high - there.low > 0.01


@pytest.mark.parametrize(("blocks", "rate"), [(8, 0.5), (8, 0.9), (40, 0.2)])
def test_paired_difference_covers(blocks: int, rate: float) -> None:
    # Before wins with 0.5, after with `rate`, with shared luck; 800 boards: 4 s.e. = 3.1 points
    rng = np.random.default_rng(3)
    inside = 0
    for _ in range(800):
        luck = rng.random(blocks)
        before = (luck < 0.5).astype(float)
        after = (np.where(rng.random(blocks) < 0.5, luck, rng.random(blocks)) < rate).astype(float)
        found = stats.paired_difference(before.tolist(), after.tolist(), range(blocks))
        inside += found.low <= rate - 0.5 <= found.high
    assert inside / 800 > 0.95 - 0.031


def test_over_seeds_and_cases_by_hand() -> None:
    # means 0.5 and 0 of two seeds: 0.25, with s = 0.3536, error 0.25, t(0.975, 1) = 12.706; cut off at the span
    assert stats.over_seeds_and_cases([[1, 0], [0, 0]]) == (0.25, -1.0, 1.0)
    # seeds that agree to the bit are no certainty: as wide as over all of their cases
    same = stats.over_seeds_and_cases([[1.0, 0.0] * 50] * 3)
    flat = stats.paired_difference([0.0] * 300, [1.0, 0.0] * 150, range(300))
    assert same.high - same.low == pytest.approx(flat.high - flat.low)
    # one seed: over its cases
    one = stats.over_seeds_and_cases([[1.0, 0.0] * 50])
    flat = stats.paired_difference([0.0] * 100, [1.0, 0.0] * 50, range(100))
    assert one.value == 0.5
    assert one.high - one.low == pytest.approx(flat.high - flat.low)
    for empty in ([], [[1.0], []]):
        with pytest.raises(LanistaError, match="cases in each of them"):
            stats.over_seeds_and_cases(empty)


@pytest.mark.parametrize("between", [0.0, 0.02, 0.2])
def test_over_seeds_and_cases_covers(between: float) -> None:
    # Five seeds of 60 cases, gains of -1, 0 or 1 about a seed's own mean, whose mean is 0.1; 800 studies: 4 s.e. = 3.1
    rng = np.random.default_rng(7)
    inside = 0
    for _ in range(800):
        means = np.clip(0.1 + between * rng.standard_normal(5), -0.7, 0.9)
        up, down = 0.15 + np.maximum(means, 0), 0.15 + np.maximum(-means, 0)
        draws = rng.random((5, 60))
        gains = (draws < up[:, None]).astype(float) - (draws > 1 - down[:, None]).astype(float)
        found = stats.over_seeds_and_cases([row.tolist() for row in gains])
        inside += found.low <= 0.1 <= found.high
    assert inside / 800 > 0.95 - 0.031


def test_verdicts_in_words() -> None:
    n = range(60)
    better = stats.paired_comparison([0.0] * 60, [1.0] * 60, n)
    assert better.text.startswith("better: the mean score rose")
    assert better.shown
    assert stats.paired_comparison([1.0] * 60, [0.0] * 60, n).text.startswith("worse: ")
    same = stats.paired_comparison([0.0, 1.0] * 30, [1.0, 0.0] * 30, n)
    assert same.text.startswith("no difference shown in the mean score; 0.500 before, 0.500 after")
    assert not same.shown
    assert same.low < 0 < same.high


def test_lists_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(LanistaError, match="2 before, 1 after, 2 blocks"):
        stats.paired_difference([1, 0], [1], [0, 1])
    with pytest.raises(LanistaError, match="as many blocks"):
        stats.clustered_rate([1, 0], [1])
