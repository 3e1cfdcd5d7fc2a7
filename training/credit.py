"""From a group's payments to advantages.

1. A seat's payments, one number per step, are its trajectory's (``training/trajectories.py``).
2. What a decision is answerable for (``returns_of``): the whole game's payments (``episode``), or those from its own
   step on (``reward_to_go``).
3. Minus what the others of its group got. A group is everybody who held one role in the games of one scenario, against
   the same opponents. ``loo`` (leave one out) compares with the other *games* of the group: a team-mate in the same
   game shares one's outcome and is no independent comparison, so leaving only oneself out would shrink the signal.
   ``mean`` is GRPO's: the group's mean, oneself included.
4. Optionally divided by a standard deviation, of the group or of the batch (``scale``); ``none`` by default, because
   dividing by a group's deviation weighs easy and hopeless scenarios up (Liu et al. 2025, "Understanding R1-Zero-like
   training", section 3.1).

A seat that never decided has nothing to learn from, but it stays in its group: its return is as good a comparison.
A group from one game has no comparison and gets advantage 0, never its raw return.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

from lanista.arenas.core import chance
from lanista.training.trajectories import Trajectory

Credit = Literal["episode", "reward_to_go"]
Baseline = Literal["loo", "mean"]
Scale = Literal["none", "group", "batch"]

NO_SIGNAL = 1e-9
"""Advantages smaller than this in size are no signal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns:
    """The returns of one seat in one game: what its decisions are answerable for."""

    group: Hashable
    """Who it is compared with: (scenario, role), and whatever else siblings share."""
    game: Hashable
    total: float
    """The game's payments to this seat."""
    turns: tuple[float, ...]
    """For each of the seat's decisions, in order, what that decision is answerable for; () if it never decided."""


def returns_of(trajectory: Trajectory, credit: Credit = "episode") -> Returns:
    """The returns of one seat; its group is (scenario, role)."""
    total = trajectory.total
    turns = trajectory.reward_to_go() if credit == "reward_to_go" else (total,) * len(trajectory.decisions)
    return Returns(group=(trajectory.scenario, trajectory.role), game=trajectory.game, total=total, turns=turns)


def advantages(
    returns: Sequence[Returns], *, baseline: Baseline = "loo", scale: Scale = "none"
) -> list[tuple[float, ...]]:
    """The advantage of every decision, seat by seat in the order of ``returns``; shapes (decisions,).

    A decision is compared with what its siblings' decision of the same number was answerable for; a sibling that made
    fewer is represented by its last one, one that made none by its total. For ``episode`` credit all of these are the
    sibling's return.
    """
    groups: dict[Hashable, list[Returns]] = defaultdict(list)
    for one in returns:
        groups[one.group].append(one)
    deviations = {group: _deviation([c.total for c in members]) for group, members in groups.items()}
    batch = _deviation([c.total for c in returns])
    out = []
    for one in returns:
        members = groups[one.group]
        others = [c for c in members if c.game != one.game]
        if not others:
            out.append((0.0,) * len(one.turns))
            continue
        against = others if baseline == "loo" else members
        by = {"none": 1.0, "group": deviations[one.group] + 1e-4, "batch": batch + 1e-4}[scale]
        out.append(
            tuple(
                (value - math.fsum(_at(c, number) for c in against) / len(against)) / by
                for number, value in enumerate(one.turns)
            )
        )
    return out


def shuffled(returns: Sequence[Returns], found: Sequence[tuple[float, ...]], seed: int) -> list[tuple[float, ...]]:
    """The same advantages, dealt out by lot among the seats of each group: what is left is no credit at all.

    A seat with more decisions than the one whose advantages it gets repeats the last of them. The lots are a function
    of the seed and the group.
    """
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for index, one in enumerate(returns):
        groups[one.group].append(index)
    out = list(found)
    for group, members in groups.items():
        dealt = list(members)
        chance.stream(chance.key("shuffled", seed), repr(group)).shuffle(dealt)
        for mine, theirs in zip(members, dealt, strict=True):
            given = found[theirs] or (0.0,)
            out[mine] = tuple(given[min(i, len(given) - 1)] for i in range(len(found[mine])))
    return out


def zero_variance_groups(returns: Sequence[Returns], found: Sequence[tuple[float, ...]]) -> tuple[int, int]:
    """(groups in which no decision has an advantage, all groups)."""
    signal: dict[Hashable, bool] = {}
    for one, values in zip(returns, found, strict=True):
        signal[one.group] = signal.get(one.group, False) or any(abs(v) > NO_SIGNAL for v in values)
    return sum(not has_signal for has_signal in signal.values()), len(signal)


def _at(one: Returns, number: int) -> float:
    if not one.turns:
        return one.total
    return one.turns[min(number, len(one.turns) - 1)]


def _deviation(values: Sequence[float]) -> float:
    """The sample standard deviation, as TRL takes it; 0 for a single value."""
    if len(values) < 2:
        return 0.0
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1))
