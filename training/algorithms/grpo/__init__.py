"""GRPO over games: group-relative advantages, TRL's losses, one adapter or all weights per policy.

The update is TRL's GRPOTrainer's, and stays inside this package (``trainer.py`` lists every departure and why).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lanista.errors import UsageError
from lanista.training import resampling
from lanista.training.algorithms.base import Algorithm
from lanista.training.algorithms.grpo import forked
from lanista.training.options import Section, option

if TYPE_CHECKING:
    from lanista.arenas.core.contract import Arena
    from lanista.training.algorithms.base import PlayAndFork
    from lanista.training.baselines import Baselines
    from lanista.training.batching import RolloutBatch
    from lanista.training.config import TrainConfig
    from lanista.training.credit import Returns
    from lanista.training.policies import Policies
    from lanista.training.resampling import Resampler
    from lanista.training.trajectories import Trajectory

SCHEDULES = (
    *("constant", "constant_with_warmup", "linear", "cosine"),
    *("cosine_with_restarts", "polynomial", "inverse_sqrt"),
)
"""Those of transformers that need nothing but a number of warm-up steps."""

OF_TOKENS = ("dapo", "bnpo", "cispo")
OF_ROWS = ("grpo", "dr_grpo", "sapo")
OF_SEQUENCES = ("gspo", "luspo")


@dataclass(frozen=True, kw_only=True)
class ClippedOptions(Section):
    """What a clipped policy-gradient step takes, whatever its advantages are: all that the trainer reads."""

    learning_rate: float = option(1e-4, "peak learning rate", least=0.0)
    lr_schedule: str = option("constant", "learning rate over the run's optimizer steps", choices=SCHEDULES)
    warmup_steps: int = option(0, "optimizer steps of learning rate warm-up", least=0)
    weight_decay: float = option(0.0, "AdamW weight decay", least=0.0)
    max_grad_norm: float = option(1.0, "gradient clip, per policy; 0: none", least=0.0)
    iterations: int = option(1, "passes over each rollout", least=1)
    minibatches: int = option(2, "optimizer steps per pass", least=1)
    loss_type: str = option(
        "grpo",
        "a mean over tokens (dapo, bnpo, cispo), over trajectories (grpo, dr_grpo, sapo), or with one ratio per "
        "sequence (gspo, luspo)",
        choices=(*OF_ROWS[:1], *OF_TOKENS, *OF_ROWS[1:], *OF_SEQUENCES),
    )
    epsilon: float = option(0.2, "clip range of the probability ratio", least=0.0, was=("clip",))
    epsilon_high: float | None = option(
        None, "upper clip range where it differs; cispo caps weights at 1 + this", least=0.0, was=("clip_high",)
    )
    beta: float = option(0.05, "weight of the KL to the starting policy; 0: no such policy is held", least=0.0)
    entropy_coef: float = option(0.0, "weight of the entropy bonus", least=0.0)
    sampler_correction: str = option(
        "ratio",
        "ratio: clip against the sampler's log-probabilities; weight: against the trainer's, the truncated "
        "trainer/sampler weights folded into the advantages",
        choices=("ratio", "weight"),
    )
    weight_cap: float = option(2.0, "truncation of those weights", least=1.0)
    weight_alarm: float = option(
        0.05,
        "share of tokens whose weight lies beyond the cap, or under its inverse, above which a step tells an alarm",
        least=0.0,
    )
    tokens_per_batch: int = option(
        16384,
        "tokens, padding included, of one forward and backward pass; fewer where their activations would take over 4 "
        "GB on a CPU, or an eighth of a GPU",
        least=1,
    )
    passes: str = option(
        "auto",
        "together: what siblings' rows begin with is read once, and rows of several adapters share a forward and "
        "backward pass, in one process and where the gradients are the same; apart: neither; auto: on a CPU the first",
        choices=("auto", "together", "apart"),
    )
    gradient_checkpointing: bool = option(False, "recompute activations in the backward pass to save memory")

    @property
    def updates(self) -> int:
        """Optimizer steps made on each rollout."""
        return self.iterations * self.minibatches


@dataclass(frozen=True, kw_only=True)
class GRPOOptions(ClippedOptions, resampling.ResampleOptions, forked.ForkOptions):
    """Group-relative policy optimization."""

    baseline: str = option(
        "loo",
        "compare a return with those of the group's other games (leave one out), with the group's mean, or with the "
        "other games' mean shrunk towards a running one of the same role against the same opponent",
        choices=("loo", "mean", "shrunk"),
    )
    baseline_games: float = option(
        2.0, "with baseline shrunk: how many games of the group the running mean counts as", least=0.0
    )
    scale_rewards: str = option("none", "divide advantages by a standard deviation", choices=("none", "group", "batch"))
    shuffled: bool = option(
        False, "a control: advantages are dealt out by lot among the games of a group, so that rewards say nothing"
    )


class GRPO(Algorithm):
    """Plays groups of games, compares their returns, and takes a clipped policy-gradient step."""

    Config = GRPOOptions
    defaults = {"credit": {"returns": "reward_to_go"}}  # noqa: RUF012

    def __init__(self, config: TrainConfig, policies: Policies) -> None:
        super().__init__(config, policies)
        from lanista.training.algorithms.grpo.trainer import SelfPlayGRPOTrainer

        self.trainer: Any = SelfPlayGRPOTrainer(config=config, policies=policies)
        self.resampler: Resampler | None = resampling.resampler(config)
        self.worth: forked.Worth | None = None
        """What forks said of the decisions that the next update learns from."""
        self.numbers: dict[str, float] = {}
        self.baselines: Baselines | None = None
        if config.update.baseline == "shrunk":
            from lanista.training import baselines

            self.baselines = baselines.Baselines()

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        """Raises UsageError for groups without a comparison, and for losses that would not be what they are called."""
        options = config.update
        resampling.check(config)
        forked.check(config)
        if config.game.group_size < 2 and not (options.baseline == "shrunk" and options.baseline_games > 0):
            raise UsageError(
                f"group_size is at least 2 for grpo, not {config.game.group_size}: a game alone has nothing to be "
                "compared with (but with --baseline shrunk, which compares with earlier steps)"
            )
        if options.baseline == "shrunk" and options.scale_rewards == "group":
            raise UsageError(
                "baseline shrunk compares beyond the group, so the group's deviation is no scale for it: take "
                "--scale-rewards none or batch"
            )
        if options.loss_type in OF_SEQUENCES and config.credit.refusal_cost > 0:
            raise UsageError(
                f"the loss {options.loss_type} weighs a whole sequence by one advantage, and refusal_cost "
                f"{config.credit.refusal_cost:g} gives each reply its own: leave it at 0, or take another --loss-type"
            )
        if config.sampling.drawn().cut:
            raise UsageError(
                "grpo compares probabilities with those of the whole distribution, and top_p and top_k cut it: leave "
                "them at 1 and 0 (a lower --temperature is counted in)"
            )
        if options.loss_type in OF_SEQUENCES and config.credit.returns != "episode":
            raise UsageError(
                f"the loss {options.loss_type} weighs a whole sequence by one ratio and one advantage: take --returns "
                f"episode with it, not {config.credit.returns}"
            )

    @classmethod
    def check_arena(cls, config: TrainConfig, arena: Arena, game_config: Any) -> None:
        """Raises UsageError where forks are asked of games that cannot be forked."""
        if forked.wanted(config.update):
            forked.check_arena(config, arena, game_config)

    def collect(self, step: int, play: PlayAndFork) -> Sequence[Trajectory]:
        """The games that are due, with ``resample`` others in the place of those that came out alike, and forks."""
        found = list(play(step) if self.resampler is None else self.resampler.collect(step, play))
        if forked.wanted(self.options):
            learned = found if self.resampler is None else self.resampler.kept(found)
            self.worth, self.numbers = forked.worth(self.config, learned, step, play)
        return found

    def advance(self, share: float) -> None:
        """The learning rate stands where it would after this share of the run's steps."""
        self.trainer.advance(share)

    def update(self, trajectories: Sequence[Trajectory], step: int) -> Mapping[str, float]:
        """``iterations`` passes of ``minibatches`` optimizer steps over the trajectories."""
        told: dict[str, float] = {}
        if self.resampler is not None:
            trajectories, told = self.resampler.kept(trajectories), self.resampler.numbers
        returns = seat_returns(self.config, trajectories)
        running = None if self.baselines is None else self.baselines.known()
        batch = rollout_batch(self.config, trajectories, running, self.worth)
        found: dict[str, float] = self.trainer.learn(batch, step)
        if self.baselines is not None:
            self.baselines.add(returns)
        return found | batch.shares() | told | self.numbers

    def save(self, folder: Path) -> None:
        """Weights, the optimizer's moments, the schedule, and running baselines where they are used."""
        super().save(folder)
        self.trainer.save_state(folder)
        for kept in (self.baselines, self.resampler):
            if kept is not None:
                kept.save(folder)

    def load(self, folder: Path) -> None:
        """The inverse of ``save``."""
        super().load(folder)
        self.trainer.load_state(folder)
        for kept in (self.baselines, self.resampler):
            if kept is not None:
                kept.load(folder)


def seat_returns(config: TrainConfig, trajectories: Sequence[Trajectory]) -> list[Returns]:
    """What every seat's decisions are answerable for, by the run's credit."""
    from lanista.training.credit import returns_of

    credit = config.credit
    return [returns_of(one, credit.returns, credit.refusal_cost) for one in trajectories]  # type: ignore[arg-type]


def rollout_batch(
    config: TrainConfig,
    trajectories: Sequence[Trajectory],
    running: Mapping[str, Sequence[float]] | None = None,
    worth: forked.Worth | None = None,
) -> RolloutBatch:
    """Token rows with advantages. A row's advantage at an own token is that of the reply the token belongs to.

    ``running``: running means by kind of seat, for the baseline ``shrunk``. ``worth``: what forks said of some
    decisions, which stands in the place of what the group says of them.
    """
    from lanista.training.batching import RolloutBatch, ScoredRow, scored_rows
    from lanista.training.credit import advantages, refunds, shuffled, zero_variance_groups

    options, cost = config.update, config.credit.refusal_cost
    returns = seat_returns(config, trajectories)
    how = {
        "baseline": options.baseline,
        "scale": options.scale_rewards,
        "running": running,
        "worth": options.baseline_games,
    }
    values = advantages(returns, **how)
    back: Sequence[Sequence[Sequence[float]] | None] = [None] * len(returns)
    if options.shuffled:  # a control has no credit by attempt either
        values = shuffled(returns, values, config.run.seed)
    elif cost:
        back = refunds(returns, cost=cost, **how)
    without, groups = zero_variance_groups(returns, values)
    if worth is not None:
        values, back = forked.put_in(worth, trajectories, values, back)
    rows: dict[str, list[ScoredRow]] = {}
    for trajectory, own, its in zip(trajectories, values, back, strict=True):
        rows.setdefault(trajectory.policy, []).extend(scored_rows(trajectory, own, its))
    for policy, row in forked.other_rows(worth, trajectories) if worth is not None else ():
        rows.setdefault(policy, []).append(row)
    return RolloutBatch(rows, without, groups)
