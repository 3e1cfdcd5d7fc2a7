"""From a group's payments to advantages.

1. A seat's payments, one number per step, are its trajectory's (``training/trajectories.py``).
2. What a decision is answerable for (``returns_of``): the whole game's payments (``episode``), those from its own
   step on (``reward_to_go``), or those of the option it opened (``span``): until its seat decides again. A planner's
   sub-tasks are such options (Sutton, Precup, Singh 1999, "Between MDPs and semi-MDPs"); without a value of what comes
   after, this is exact where payments telescope, and short-sighted elsewhere.
3. Minus what the others of its group got. A group is everybody who held one role in the games of one scenario, against
   the same opponents. ``loo`` (leave one out) compares with the other *games* of the group: a team-mate in the same
   game shares one's outcome and is no independent comparison, so leaving only oneself out would shrink the signal.
   ``mean`` is GRPO's: the group's mean, oneself included.
4. Optionally divided by a standard deviation, of the group or of the batch (``scale``); ``none`` by default, because
   dividing by a group's deviation weighs easy and hopeless scenarios up (Liu et al. 2025, "Understanding R1-Zero-like
   training", section 3.1).

A seat that never decided has nothing to learn from, but it stays in its group: its return is as good a comparison.
A group from one game has no comparison and gets advantage 0, never its raw return; with ``shrunk`` it is compared with
what such a seat got in earlier steps (``training/baselines.py``), once that has been seen often enough.

A refused reply may cost something (``cost``): a payment of -cost at its own attempt. It is always taken to go, also
under ``episode``: no reply can have caused a refusal before it, so leaving earlier ones out changes no expectation.
With r refusals at a decision its first reply answers for all r, the one after the first refusal for r - 1, the
accepted one for none of them; a decision's number in ``turns`` is its first reply's, and ``refunds`` is what later ones
get back.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lanista.arenas.core import chance
from lanista.training.trajectories import Trajectory

Credit = Literal["episode", "reward_to_go", "span"]
Baseline = Literal["loo", "mean", "shrunk"]
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
    refused: tuple[int, ...] = ()
    """For each decision, how many of its replies were refused; () where that costs nothing."""
    kind: str = ""
    """What it has in common with seats of other steps: role and opponent."""


def returns_of(trajectory: Trajectory, credit: Credit = "episode", cost: float = 0.0) -> Returns:
    """The returns of one seat, minus ``cost`` for each refused reply; its group is (scenario, role)."""
    total = trajectory.total
    if credit == "episode":
        turns = (total,) * len(trajectory.decisions)
    else:
        turns = trajectory.by_span() if credit == "span" else trajectory.reward_to_go()
    refused: tuple[int, ...] = ()
    if cost:
        refused = trajectory.refused
        turns = tuple(paid - cost * sum(refused[number:]) for number, paid in enumerate(turns))
        total -= cost * sum(refused)
    return Returns(
        group=(trajectory.scenario, trajectory.role),
        game=trajectory.game,
        total=total,
        turns=turns,
        refused=refused,
        kind=f"{trajectory.role} against {trajectory.opponent}",
    )


def advantages(
    returns: Sequence[Returns],
    *,
    baseline: Baseline = "loo",
    scale: Scale = "none",
    running: Mapping[str, Sequence[float]] | None = None,
    worth: float = 0.0,
) -> list[tuple[float, ...]]:
    """The advantage of every decision, seat by seat in the order of ``returns``; shapes (decisions,).

    A decision is compared with what its siblings' decision of the same number was answerable for; a sibling that made
    fewer is represented by its last one, one that made none by its total. For ``episode`` credit all of these are the
    sibling's return.

    ``shrunk``: the mean over the n other games of the group counts n times, what ``running`` says of decisions of that
    number of the seat's ``kind`` counts ``worth`` times (its last number stands in for later ones). A kind that is not
    in it is compared as under ``loo``.
    """
    out = []
    for one, against, by in _compared(returns, baseline, scale):
        known = _known(one, baseline, running, worth)
        if not against and not known:
            out.append((0.0,) * len(one.turns))
            continue
        games = len({c.game for c in against})
        values = []
        for number, value in enumerate(one.turns):
            level = math.fsum(_at(c, number) for c in against) / len(against) if against else 0.0
            if known:
                level = (games * level + worth * known[min(number, len(known) - 1)]) / (games + worth)
            values.append((value - level) / by)
        out.append(tuple(values))
    return out


def refunds(
    returns: Sequence[Returns],
    *,
    cost: float,
    baseline: Baseline = "loo",
    scale: Scale = "none",
    running: Mapping[str, Sequence[float]] | None = None,
    worth: float = 0.0,
) -> list[tuple[tuple[float, ...], ...]]:
    """By seat, decision and attempt: what is added to the decision's advantage for replies after a refusal.

    What earlier refusals cost is no affair of a later reply's, so it gets that back, minus what its siblings' reply of
    the same number gets back on average (their last where they were refused less often). 0 where nothing compares.
    """

    def theirs(against: Sequence[Returns], number: int, attempt: int) -> float:
        return sum(min(attempt, _refused(c, number)) for c in against) / len(against) if against else 0.0

    out = []
    for one, against, by in _compared(returns, baseline, scale):
        price = cost / by if against or _known(one, baseline, running, worth) else 0.0
        out.append(
            tuple(
                tuple(price * (attempt - theirs(against, number, attempt)) for attempt in range(count + 1))
                for number, count in enumerate(one.refused)
            )
        )
    return out


def _known(
    one: Returns, baseline: Baseline, running: Mapping[str, Sequence[float]] | None, worth: float
) -> Sequence[float]:
    """The running means that a seat is compared with beside its group; () for none."""
    return (running or {}).get(one.kind, ()) if baseline == "shrunk" and worth > 0 else ()


def _compared(
    returns: Sequence[Returns], baseline: Baseline, scale: Scale
) -> list[tuple[Returns, list[Returns], float]]:
    """Every seat with those it is compared with (nobody where its group is of one game), and its divisor."""
    groups: dict[Hashable, list[Returns]] = defaultdict(list)
    for one in returns:
        groups[one.group].append(one)
    deviations = {group: _deviation([c.total for c in members]) for group, members in groups.items()}
    batch = _deviation([c.total for c in returns])
    out = []
    for one in returns:
        members = groups[one.group]
        others = [c for c in members if c.game != one.game]
        against = members if others and baseline == "mean" else others
        by = {"none": 1.0, "group": deviations[one.group] + 1e-4, "batch": batch + 1e-4}[scale]
        out.append((one, against, by))
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


def _refused(one: Returns, number: int) -> int:
    return one.refused[min(number, len(one.refused) - 1)] if one.refused else 0


def _deviation(values: Sequence[float]) -> float:
    """The sample standard deviation, as TRL takes it; 0 for a single value."""
    if len(values) < 2:
        return 0.0
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1))
