"""Evaluation at several temperatures, and best against best.

A policy's temperature is no merit of its training: cooling alone lifts a policy that says what it knows with slips. So
two policies are compared each at the temperature that suits it best, per side. A temperature chosen on the games it is
judged by would flatter whoever was played at more of them. Here it is chosen on one half of the scenarios and judged on
the other, both ways round (two-fold cross-fitting): each game's score is that at a temperature which the game had no
say in, all games count, and none is played besides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lanista.errors import UsageError
from lanista.stats import Comparison
from lanista.training.evaluate import Evaluation, Side, comparisons

Sweep = Mapping[float, Evaluation]
"""One player on the same scenarios at several temperatures, by temperature."""


@dataclass(frozen=True, slots=True)
class Best:
    """A player at its best temperature, chosen without the games that it is judged by."""

    evaluation: Evaluation
    """Every scenario as it was played at the temperature that was best on the other half of them."""
    chosen: Mapping[Side, float]
    """The temperature that is best over all scenarios: for reading and for playing, not for a claim."""


def best(sweep: Sweep, measure: str | None = None) -> Best:
    """A player at its best temperature of each side. With one temperature that is how it was played.

    ``measure``: the fact whose mean is to be large, None for the score. Of temperatures that are equally good the
    lowest is taken. Raises ValueError without any.
    """
    first = sweep[min(sweep)]
    halves = [range(start, len(first.numbers), 2) for start in (0, 1)]
    scores: dict[Side, tuple[float, ...]] = {}
    facts: dict[Side, dict[str, tuple[float | None, ...]]] = {}
    refused: list[float] = []
    for side in first.scores:
        picked = [_pick(sweep, side, measure, other) for other in reversed(halves)]
        at = [sweep[picked[place % 2]] for place in range(len(first.numbers))]
        scores[side] = tuple(found.scores[side][place] for place, found in enumerate(at))
        facts[side] = {
            name: tuple(found.facts[side][name][place] for place, found in enumerate(at))
            for name in first.facts.get(side, {})
        }
        refused += [sweep[temperature].illegal_share for temperature in picked]
    whole = range(len(first.numbers))
    made = Evaluation(first.numbers, scores, sum(refused) / max(len(refused), 1), facts)
    return Best(made, {side: _pick(sweep, side, measure, whole) for side in first.scores})


def _pick(sweep: Sweep, side: Side, measure: str | None, places: Sequence[int]) -> float:
    """The temperature with the largest mean over the scenarios at these places; the lowest of equals."""

    def mean(temperature: float) -> float:
        found = sweep[temperature]
        values = found.scores[side] if measure is None else found.facts[side][measure]
        kept = [value for place in places if (value := values[place]) is not None]
        return sum(kept) / len(kept) if kept else 0.0

    return max(sorted(sweep), key=mean)


def to_play_at(sweep: Sweep) -> float:
    """The one temperature whose mean score over all sides is the largest; the lowest of equals."""

    def mean(temperature: float) -> float:
        sides = sweep[temperature].scores.values()
        return sum(sum(values) / max(len(values), 1) for values in sides) / max(len(sides), 1)

    return max(sorted(sweep), key=mean)


def best_against_best(before: Sweep, after: Sweep) -> dict[str, Comparison]:
    """What changed, per side, each player at its own best temperature; paired by scenario."""
    several = len(before) > 1 or len(after) > 1
    note = " (each at its own best temperature)" if several else ""
    return comparisons(best(before).evaluation, best(after).evaluation, note)


def read(words: str, option: str) -> tuple[float, ...]:
    """Temperatures out of a comma-separated list. Raises UsageError, naming the option, for what is none."""
    found: list[float] = []
    for word in words.split(","):
        try:
            found.append(float(word))
        except ValueError:
            raise UsageError(f"{option} is a list of numbers, as in 0,0.5,1, not {words!r}") from None
    check(found, option)
    return tuple(dict.fromkeys(found))


def check(temperatures: Sequence[float], option: str) -> None:
    """Raises UsageError, naming the option, where there is none or one that cannot be."""
    if not temperatures:
        raise UsageError(f"{option} names no temperature: leave it at 0, or name some, as in 0,0.5,1")
    for temperature in temperatures:
        if not (0 <= temperature < math.inf):
            raise UsageError(f"{option} is at least 0 (the likeliest token) and finite, not {temperature:g}")


def called(temperature: float) -> str:
    """A temperature in words and as a key of JSON."""
    return f"{temperature:g}"
