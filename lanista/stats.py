"""Intervals that are shared by training and leaderboards: rates, means and paired differences over blocks of games.

Games of one block (one scenario seed) share their luck, so a block counts as one observation and quantiles are
Student's t with (blocks - 1) degrees of freedom. Only numpy and the standard library are needed.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lanista.errors import LanistaError

LEVEL = 0.95

Floats = NDArray[np.float64]


class Interval(NamedTuple):
    """An estimate and the ends of its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a before/after comparison showed, in words and numbers."""

    text: str
    diff: float
    """Mean over blocks of (after - before)."""
    low: float
    high: float

    @property
    def shown(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


# Rates and means


def wilson(successes: float, n: float, level: float = LEVEL) -> Interval:
    """The rate ``successes / n`` with Wilson's score interval (Wilson 1927). ``n`` may be an effective sample size.

    ``n`` = 0 gives (nan, 0, 1).
    """
    if n <= 0:
        return Interval(math.nan, 0.0, 1.0)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(max(p * (1 - p), 0.0) / n + z * z / (4 * n * n))
    # At p = 0 and p = 1 the end is exact on paper and off by an ulp in floats.
    return Interval(p, 0.0 if p <= 0 else max(0.0, centre - half), 1.0 if p >= 1 else min(1.0, centre + half))


def clustered_rate(
    values: Sequence[float], blocks: Sequence[Hashable], level: float = LEVEL, *, coins: bool | None = None
) -> Interval:
    """The mean of ``values`` in [0, 1] with an interval that counts blocks, not games.

    Wilson's interval at the effective sample size n* = p(1-p)/V, where V is the cluster-robust variance of the mean,
    corrected by (z/t)^2 for few blocks (after Korn and Graubard 1998, "Confidence intervals for proportions with small
    expected number of positive counts estimated from survey data"). With ``coins`` (by default where all values are 0
    or 1) n* never exceeds the number of games; where all are 0 or all are 1 it is the number of blocks. No values give
    (nan, 0, 1).
    """
    totals, sizes = _by_block(values, blocks)
    n, g = float(sizes.sum()), len(sizes)
    if g == 0:
        return Interval(math.nan, 0.0, 1.0)
    p = float(totals.sum() / n)
    spread = p * (1 - p)
    effective: float = g
    if g > 1 and spread > 0:
        variance = g / (g - 1) * float(np.sum((totals - p * sizes) ** 2)) / n**2
        # Zeros and ones cannot vary less than so many coins; shares of a whole can, and their interval is narrower.
        coins = all(value in (0.0, 1.0) for value in values) if coins is None else coins
        effective = n if variance == 0 or (coins and variance <= spread / n) else spread / variance
        effective *= (NormalDist().inv_cdf(0.5 + level / 2) / t_quantile(0.5 + level / 2, g - 1)) ** 2
    return wilson(p * effective, effective, level)._replace(value=p)


def clustered_mean(values: Sequence[float], blocks: Sequence[Hashable], level: float = LEVEL) -> Interval:
    """The mean of unbounded ``values`` with a cluster-robust t interval.

    Its ends are infinite with fewer than two blocks, and where all values are alike: what has not varied yet does not
    tell how it varies.
    """
    totals, sizes = _by_block(values, blocks)
    g = len(sizes)
    if g == 0:
        return Interval(math.nan, -math.inf, math.inf)
    mean = float(totals.sum() / sizes.sum())
    if g == 1 or min(values) == max(values):
        return Interval(mean, -math.inf, math.inf)
    error = math.sqrt(g / (g - 1) * float(np.sum((totals - mean * sizes) ** 2))) / float(sizes.sum())
    half = t_quantile(0.5 + level / 2, g - 1) * error
    return Interval(mean, mean - half, mean + half)


def pass_hat_k(
    passes: Sequence[tuple[int, int]], k: int, level: float = LEVEL, blocks: Sequence[Hashable] | None = None
) -> Interval:
    """pass^k: the chance that k independent tries of a scenario all pass, with an interval over scenarios.

    ``passes`` holds (passes c, tries n) per scenario; the estimate is the mean of C(c, k) / C(n, k), unbiased for each
    scenario (Yao et al. 2024, tau-bench). The interval is that of ``clustered_rate`` over ``blocks`` (each scenario its
    own if None), where a scenario counts as often as the least tried one was tried: for k = 1 that is the interval of
    the plain rate, and it does not shrink to a point where all scenarios came out alike. Raises LanistaError where a
    scenario was tried fewer than k times.
    """
    if k < 1 or any(n < k for _, n in passes):
        raise LanistaError(f"pass^{k} needs at least {max(k, 1)} tries of every scenario; play more games per seed")
    blocks = range(len(passes)) if blocks is None else blocks
    tries = min((n for _, n in passes), default=1)
    values = [value for c, n in passes for value in [math.comb(c, k) / math.comb(n, k)] * tries]
    return clustered_rate(values, [block for block in blocks for _ in range(tries)], level, coins=True)


# Paired differences


def paired_difference(
    before: Sequence[float],
    after: Sequence[float],
    blocks: Sequence[Hashable],
    *,
    span: float = 1.0,
    level: float = LEVEL,
) -> Interval:
    """Mean over blocks of (after - before) with a t interval; entry i of all three belongs together.

    ``span`` is the largest difference possible (1 for scores in [0, 1]). The interval is that of the differences with
    two pseudo-blocks added (one at 0, half a block each at +span and -span), which keeps it honest where all
    differences are alike (Agresti and Min 2005, "Simple improved confidence intervals for comparing matched
    proportions", generalised from matched pairs to blocks). Raises LanistaError for lists of different lengths or none.
    """
    if not (len(before) == len(after) == len(blocks)) or not len(blocks):
        raise LanistaError(
            f"a paired comparison needs as many scores before as after: {len(before)} before, {len(after)} after, "
            f"{len(blocks)} blocks"
        )
    totals, sizes = _by_block(np.asarray(after, float) - np.asarray(before, float), blocks)
    differences = totals / sizes
    g = len(differences)
    value = float(differences.mean())
    centre = float(differences.sum()) / (g + 2)
    squares = float(np.sum(differences**2)) + span**2
    error = math.sqrt(max(squares / (g + 2) - centre**2, 0.0) / (g + 2))
    half = t_quantile(0.5 + level / 2, g + 1) * error
    return Interval(value, max(-span, centre - half), min(span, centre + half))


def paired_comparison(
    before: Sequence[float],
    after: Sequence[float],
    blocks: Sequence[Hashable],
    *,
    what: str = "mean score",
    span: float = 1.0,
    level: float = LEVEL,
) -> Comparison:
    """``paired_difference`` in words: better, worse, or no difference shown."""
    diff = paired_difference(before, after, blocks, span=span, level=level)
    first, last = float(np.mean(before)), float(np.mean(after))
    count = len(set(blocks))
    numbers = (
        f"{first:.3f} before, {last:.3f} after, difference {diff.value:+.3f} "
        f"({level:.0%} interval {diff.low:+.3f} to {diff.high:+.3f}, {count} paired block{'s' if count != 1 else ''})"
    )
    if diff.low > 0:
        text = f"better: the {what} rose; {numbers}"
    elif diff.high < 0:
        text = f"worse: the {what} fell; {numbers}"
    else:
        text = f"no difference shown in the {what}; {numbers}"
    return Comparison(text, diff.value, diff.low, diff.high)


def over_seeds_and_cases(
    differences: Sequence[Sequence[float]], *, span: float = 1.0, level: float = LEVEL
) -> Interval:
    """The mean over training seeds of a paired difference, ``differences[seed][case]``, each seed with its own cases.

    Cases are nested in seeds, so the spread of the seeds' means holds both what a seed does and what its cases do:
    Student's t over seeds. Few seeds may lie together by luck; the interval is therefore never narrower than the one
    over all cases as if there were one policy (``paired_difference``), and with one seed it is that one. Raises
    LanistaError for no seeds or a seed without cases.
    """
    if not differences or not all(differences):
        raise LanistaError(f"a comparison over seeds needs cases in each of them, not {[len(d) for d in differences]}")
    blocks = [(seed, case) for seed, its in enumerate(differences) for case in range(len(its))]
    gains = [value for its in differences for value in its]
    cases = paired_difference([0.0] * len(gains), gains, blocks, span=span, level=level)
    means = np.array([math.fsum(its) / len(its) for its in differences])
    value, half = float(means.mean()), (cases.high - cases.low) / 2
    if len(means) > 1:
        error = float(means.std(ddof=1)) / math.sqrt(len(means))
        half = max(half, t_quantile(0.5 + level / 2, len(means) - 1) * error)
    return Interval(value, max(-span, value - half), min(span, value + half))


# Student's t without scipy


@lru_cache(maxsize=4096)
def t_quantile(p: float, df: float) -> float:
    """The ``p`` quantile (0 < p < 1) of Student's t with ``df`` > 0 degrees of freedom."""
    from scipy.special import stdtrit

    return float(stdtrit(df, p))


def _by_block(values: Any, blocks: Sequence[Hashable]) -> tuple[Floats, Floats]:
    """(sum, count) of the values of each block, blocks in the order of ``str`` so that sums never depend on it."""
    if len(values) != len(blocks):
        raise LanistaError(f"{len(values)} values need as many blocks, not {len(blocks)}")
    grouped: dict[Hashable, list[float]] = {}
    for value, block in zip(values, blocks, strict=True):
        grouped.setdefault(block, []).append(float(value))
    ordered = sorted(grouped, key=lambda block: (str(type(block)), str(block)))
    totals = np.array([math.fsum(grouped[block]) for block in ordered], float)
    return totals, np.array([len(grouped[block]) for block in ordered], float)
