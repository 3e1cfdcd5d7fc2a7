"""From payments and values to advantages of decisions, and to what the critic is to learn."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

import torch

from lanista.training import credit
from lanista.training.algorithms.ppo import gae
from lanista.training.algorithms.ppo.critic import Lesson, explained_variance
from lanista.training.algorithms.ppo.states import States
from lanista.training.batching import RolloutBatch, ScoredRow, scored_rows
from lanista.training.config import TrainConfig
from lanista.training.trajectories import Trajectory

Refunds = Sequence[Sequence[float]]


def rollout_batch(
    config: TrainConfig,
    trajectories: Sequence[Trajectory],
    states: Sequence[States],
    values: Sequence[Sequence[float]],
) -> RolloutBatch:
    """Token rows, each own token with the advantage of the reply it belongs to.

    ``values``: of the decisions that have a state, trajectory by trajectory.
    """
    options, cost = config.update, config.credit.refusal_cost
    returns = [
        _residuals(config, one, its.decided, known)
        for one, its, known in zip(trajectories, states, values, strict=True)
    ]
    # A reply after a refusal is not charged for what was refused before it.
    back: list[Refunds] = [
        tuple(tuple(cost * attempt for attempt in range(count + 1)) for count in one.refused) for one in returns
    ]
    found = [one.turns for one in returns]
    if options.baseline == "loo":
        deciding = [place for place, one in enumerate(returns) if one.turns]
        compared = [returns[place] for place in deciding]
        for place, own, refund in zip(
            deciding, credit.advantages(compared), credit.refunds(compared, cost=cost), strict=True
        ):
            found[place], back[place] = own, refund
    if options.whiten:
        found, back = _whitened(trajectories, states, found, back)
    silent, groups = credit.zero_variance_groups(returns, found)
    rows: dict[str, list[ScoredRow]] = {}
    for one, worth, given in zip(trajectories, found, back, strict=True):
        rows.setdefault(one.policy, []).extend(scored_rows(one, worth, given or None))
    return RolloutBatch(rows, silent, groups)


def lessons(
    config: TrainConfig,
    trajectories: Sequence[Trajectory],
    states: Sequence[States],
    values: Sequence[Sequence[float]],
) -> dict[str, Lesson]:
    """By role, what its value head learns from: λ-returns of every decision that has a state."""
    options = config.update
    hidden: dict[str, list[torch.Tensor]] = defaultdict(list)
    old, targets, whole = (defaultdict[str, list[float]](list) for _ in range(3))
    for one, its, known in zip(trajectories, states, values, strict=True):
        if not its.decided:
            continue
        paid = gae.rewards(one, its.decided, config.credit.refusal_cost)
        hidden[one.role].append(its.hidden_KD)
        old[one.role] += known
        targets[one.role] += gae.lambda_returns(paid, known, options.gamma, options.value_lambda)
        whole[one.role] += gae.lambda_returns(paid, known, options.gamma)
    return {
        role: Lesson(torch.cat(its), torch.tensor(old[role]), torch.tensor(targets[role]), torch.tensor(whole[role]))
        for role, its in hidden.items()
    }


def explained(found: Mapping[str, Lesson]) -> dict[str, float]:
    """Numbers for the log, of the values before the step: the share of the returns' variance that they explain, over
    all decisions and by role, and their mean. What has no spread is left out."""
    if not found:
        return {}
    told = {
        "": (torch.cat([one.values_K for one in found.values()]), torch.cat([one.whole_K for one in found.values()]))
    }
    if len(found) > 1:
        told |= {f"/{role}": (one.values_K, one.whole_K) for role, one in sorted(found.items())}
    numbers = {"value/mean": told[""][0].double().mean().item(), "value/return": told[""][1].double().mean().item()}
    for name, (values_K, returns_K) in told.items():
        share = explained_variance(values_K, returns_K)
        if share is not None:
            numbers[f"value/explained_variance{name}"] = share
    return numbers


def _residuals(
    config: TrainConfig, trajectory: Trajectory, decided: Sequence[int], values: Sequence[float]
) -> credit.Returns:
    """What each decision got beyond the critic. One without a state stands for the one before it, or the first."""
    options, cost = config.update, config.credit.refusal_cost
    ahead = gae.advantages(gae.rewards(trajectory, decided, cost), values, options.gamma, options.gae_lambda)
    place, turns = 0, []
    for number in range(len(trajectory.decisions) if decided else 0):
        if place + 1 < len(decided) and decided[place + 1] <= number:
            place += 1
        turns.append(ahead[place])
    return credit.Returns(
        group=(trajectory.scenario, trajectory.role),
        game=trajectory.game,
        total=trajectory.total,
        turns=tuple(turns),
        refused=trajectory.refused if cost and decided else (),
    )


def _whitened(
    trajectories: Sequence[Trajectory],
    states: Sequence[States],
    found: Sequence[tuple[float, ...]],
    back: Sequence[Refunds],
) -> tuple[list[tuple[float, ...]], list[Refunds]]:
    """Advantages with mean 0 and deviation 1 over the decisions of a role, and refunds in the same unit."""
    by_role: dict[str, list[float]] = defaultdict(list)
    for one, its, own in zip(trajectories, states, found, strict=True):
        by_role[one.role] += [own[number] for number in its.decided]
    means = {role: math.fsum(its) / max(len(its), 1) for role, its in by_role.items()}
    by = {
        role: math.sqrt(math.fsum((value - means[role]) ** 2 for value in its) / max(len(its), 1)) + 1e-4
        for role, its in by_role.items()
    }
    scaled: list[Refunds] = [
        tuple(tuple(value / by[one.role] for value in attempts) for attempts in refund)
        for one, refund in zip(trajectories, back, strict=True)
    ]
    shifted = [
        tuple((value - means[one.role]) / by[one.role] for value in own)
        for one, own in zip(trajectories, found, strict=True)
    ]
    return shifted, scaled
