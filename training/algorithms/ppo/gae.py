"""Generalized advantage estimation over the decisions of one seat (Schulman et al. 2016, equation 16).

A seat's time is counted in its decisions: what others do between two of them is the world's. Decision k is paid what
comes from its own step of the game up to the step of decision k + 1; the last one is paid all that is left. What came
before the first decision is nobody's doing. A decision without a state (its agent said nothing, so there is nothing
that the critic could read) hands its payments to the one before.

With residuals δ_k = r_k + γ V_{k+1} - V_k, V after the last decision being 0, the advantage is
A_k = δ_k + γ λ A_{k+1}, and V_k + A_k is the λ-return. λ = γ = 1 telescopes to the reward to go minus V_k.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from lanista.training.trajectories import Trajectory


def rewards(trajectory: Trajectory, decided: Sequence[int], cost: float = 0.0) -> list[float]:
    """What each of the decisions ``decided`` (their numbers, rising) is paid, minus ``cost`` for each refused reply.

    Shape (len(decided),). Refusals of decisions in between count with the one before them.
    """
    steps, refused = trajectory.decisions, trajectory.refused
    found = []
    for place, number in enumerate(decided):
        after = decided[place + 1] if place + 1 < len(decided) else len(steps)
        until = steps[after] if after < len(steps) else len(trajectory.payments)
        paid = math.fsum(trajectory.payments[steps[number] : until])
        found.append(paid - cost * sum(refused[number:after]) if cost else paid)
    return found


def advantages(paid: Sequence[float], values: Sequence[float], gamma: float = 1.0, lam: float = 1.0) -> list[float]:
    """The advantage of every decision from what each was paid and the values of their states; shape (decisions,)."""
    found = [0.0] * len(paid)
    ahead = value_ahead = 0.0
    for k in reversed(range(len(paid))):
        ahead = found[k] = paid[k] + gamma * value_ahead - values[k] + gamma * lam * ahead
        value_ahead = values[k]
    return found


def lambda_returns(paid: Sequence[float], values: Sequence[float], gamma: float = 1.0, lam: float = 1.0) -> list[float]:
    """What the values are to become: V_k + A_k; with λ = 1 the discounted reward to go, whatever the values."""
    return [value + ahead for value, ahead in zip(values, advantages(paid, values, gamma, lam), strict=True)]
