"""From a game's ledger to advantages.

1. A seat's payments, one number per step: ``team_weight`` times its team's weighted terms plus ``individual_weight``
   times its own (``payments``).
2. What a decision is answerable for (``claims``): the whole game's payments (``episode``), or those from its own step
   on (``to_go``).
3. Minus what the siblings of its group got. A group is everybody who held one role in games of one scenario, against
   the same opponents. ``loo`` compares with the other *games* of the group: a team-mate in the same game shares one's
   outcome and is no independent comparison, so leaving only oneself out would shrink the signal. ``mean`` is GRPO's:
   the group's mean, oneself included.
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
from lanista.arenas.core.contract import Seat
from lanista.arenas.core.episode import Episode

Credit = Literal["episode", "to_go"]
Baseline = Literal["loo", "mean"]
Scale = Literal["none", "group", "batch"]

SILENCE = 1e-9
"""Advantages smaller than this in size are no signal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one seat of one game is paid for."""

    group: Hashable
    """Who it is compared with: (scenario, role), and whatever else siblings share."""
    game: Hashable
    total: float
    """The game's payments to this seat."""
    turns: tuple[float, ...]
    """For each of the seat's decisions, in order, what that decision is answerable for; () if it never decided."""


def payments(episode: Episode, seat: Seat, *, team_weight: float = 1.0, individual_weight: float = 1.0) -> list[float]:
    """What ``seat`` was paid at each step. Shape (steps,), in reward units."""
    team = next(name for name, seats in episode.teams.items() if seat in seats)
    share = {seat: individual_weight, team: team_weight}
    return [
        math.fsum(term.amount * episode.weights[term.name] * share[term.to] for term in step.terms if term.to in share)
        for step in episode.steps
    ]


def claims(
    episode: Episode,
    seat: Seat,
    *,
    group: Hashable,
    game: Hashable,
    credit: Credit = "episode",
    team_weight: float = 1.0,
    individual_weight: float = 1.0,
    unit: float = 1.0,
) -> Claim:
    """The claim of one seat; ``unit`` multiplies every payment."""
    paid = [unit * p for p in payments(episode, seat, team_weight=team_weight, individual_weight=individual_weight)]
    total = math.fsum(paid)
    steps = [i for i, step in enumerate(episode.steps) for turn in step.turns if turn.seat == seat]
    turns = tuple(total if credit == "episode" else math.fsum(paid[i:]) for i in steps)
    return Claim(group=group, game=game, total=total, turns=turns)


def advantages(
    claims: Sequence[Claim], *, baseline: Baseline = "loo", scale: Scale = "none"
) -> list[tuple[float, ...]]:
    """The advantage of every decision of every claim, in the claims' order.

    A decision is compared with what its siblings' decision of the same number was answerable for; a sibling that made
    fewer is represented by its last one, one that made none by its total. For ``episode`` credit all of these are the
    sibling's return.
    """
    groups: dict[Hashable, list[Claim]] = defaultdict(list)
    for claim in claims:
        groups[claim.group].append(claim)
    deviations = {group: _deviation([c.total for c in members]) for group, members in groups.items()}
    batch = _deviation([c.total for c in claims])
    out = []
    for claim in claims:
        members = groups[claim.group]
        others = [c for c in members if c.game != claim.game]
        if not others:
            out.append((0.0,) * len(claim.turns))
            continue
        against = others if baseline == "loo" else members
        by = {"none": 1.0, "group": deviations[claim.group] + 1e-4, "batch": batch + 1e-4}[scale]
        out.append(
            tuple(
                (value - math.fsum(_at(c, number) for c in against) / len(against)) / by
                for number, value in enumerate(claim.turns)
            )
        )
    return out


def shuffled(claims: Sequence[Claim], found: Sequence[tuple[float, ...]], seed: int) -> list[tuple[float, ...]]:
    """The same advantages, dealt out by lot among the claims of each group: what is left is no credit at all.

    A claim with more decisions than the one whose advantages it gets repeats the last of them. The lots are a function
    of the seed and the group.
    """
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for index, claim in enumerate(claims):
        groups[claim.group].append(index)
    out = list(found)
    for group, members in groups.items():
        dealt = list(members)
        chance.stream(chance.key("shuffled", seed), repr(group)).shuffle(dealt)
        for mine, theirs in zip(members, dealt, strict=True):
            given = found[theirs] or (0.0,)
            out[mine] = tuple(given[min(i, len(given) - 1)] for i in range(len(found[mine])))
    return out


def silent_groups(claims: Sequence[Claim], found: Sequence[tuple[float, ...]]) -> tuple[int, int]:
    """(groups in which no decision has an advantage, all groups)."""
    loud: dict[Hashable, bool] = {}
    for claim, values in zip(claims, found, strict=True):
        loud[claim.group] = loud.get(claim.group, False) or any(abs(v) > SILENCE for v in values)
    return sum(not is_loud for is_loud in loud.values()), len(loud)


def _at(claim: Claim, number: int) -> float:
    if not claim.turns:
        return claim.total
    return claim.turns[min(number, len(claim.turns) - 1)]


def _deviation(values: Sequence[float]) -> float:
    """The sample standard deviation, as TRL takes it; 0 for a single value."""
    if len(values) < 2:
        return 0.0
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1))
