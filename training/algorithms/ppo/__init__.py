"""PPO over games: advantages from a critic, decision by decision, and the clipped step that grpo takes too.

A decision is a turn of the game, not a token: all tokens of its reply share one advantage, and time is discounted from
decision to decision of the same seat (``gae.py``). What a decision is worth is read from the policy's own hidden state
at the last token before its reply (``states.py``) by a head per role (``critic.py``), which never moves the policy.

Games are compared with the critic, so groups of one game are enough; with ``--baseline loo`` what siblings of the same
deal got beyond their critic is subtracted too. Where the values are zero and λ = γ = 1, that is grpo's step under
``--returns reward_to_go``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lanista.errors import UsageError
from lanista.training import resampling
from lanista.training.algorithms.base import Algorithm
from lanista.training.algorithms.grpo import OF_SEQUENCES, ClippedOptions
from lanista.training.options import option

if TYPE_CHECKING:
    from lanista.training.algorithms.base import Play
    from lanista.training.algorithms.ppo.critic import Critic
    from lanista.training.config import TrainConfig
    from lanista.training.policies import Policies
    from lanista.training.trajectories import Trajectory


@dataclass(frozen=True, kw_only=True)
class PPOOptions(ClippedOptions, resampling.ResampleOptions):
    """Proximal policy optimization with a critic."""

    gae_lambda: float = option(0.95, "λ of the policy's advantages: 1 trusts returns alone, 0 the critic", least=0.0)
    gamma: float = option(1.0, "discount from a decision of a seat to its next one", least=0.0)
    value_lambda: float = option(1.0, "λ of what the critic learns; 1: discounted rewards to go", least=0.0)
    baseline: str = option(
        "none",
        "none: the critic alone; loo: and what siblings got beyond it on average, oneself left out",
        choices=("none", "loo"),
    )
    whiten: bool = option(
        False, "shift and scale advantages to mean 0 and deviation 1 over the step's decisions of a role"
    )
    critic_learning_rate: float = option(1e-3, "the critic's learning rate", least=0.0)
    critic_updates: int = option(16, "the critic's optimizer steps on each rollout, each on all of it", least=1)
    critic_warmup: int = option(2, "steps at the start in which the critic alone learns", least=0)
    critic_width: int = option(64, "width of a value head's inner layer; 0: a linear head", least=0)
    value_clip: float = option(
        0.0, "how far a step may take a value from what it was before its loss stops helping; 0: any way", least=0.0
    )


class PPO(Algorithm):
    """Plays games, asks a critic what each decision was worth, and takes a clipped policy-gradient step."""

    Config = PPOOptions
    defaults = {"credit": {"returns": "reward_to_go"}}  # noqa: RUF012

    def __init__(self, config: TrainConfig, policies: Policies) -> None:
        super().__init__(config, policies)
        from lanista.training.algorithms.grpo.trainer import SelfPlayGRPOTrainer
        from lanista.training.algorithms.ppo.critic import Critic

        options = config.update
        self.trainer: Any = SelfPlayGRPOTrainer(config=config, policies=policies)
        self.resampler = resampling.resampler(config)
        self.critic: Critic = Critic(
            int(policies.model.config.get_text_config().hidden_size),
            inner=options.critic_width,
            learning_rate=options.critic_learning_rate,
            clip=options.value_clip,
            updates=options.critic_updates,
            seed=config.run.seed,
        )

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        """Raises UsageError for factors above 1, and for what turns' own advantages do not go with."""
        options = config.update
        resampling.check(config)
        for name in ("gae_lambda", "gamma", "value_lambda"):
            if getattr(options, name) > 1:
                raise UsageError(f"{name} is at most 1, not {getattr(options, name):g}")
        if config.credit.returns != "reward_to_go":
            raise UsageError(
                f"ppo pays a decision what comes after it: leave --returns at reward_to_go, not {config.credit.returns}"
            )
        if options.critic_warmup >= config.run.steps:
            raise UsageError(
                f"critic_warmup {options.critic_warmup} leaves the policy none of {config.run.steps} steps to learn "
                "in: take fewer, or more --steps"
            )
        if options.baseline == "loo" and config.game.group_size < 2:
            raise UsageError(
                f"baseline loo compares with siblings, and group_size is {config.game.group_size}: take 2 or more, or "
                "--baseline none"
            )
        if options.loss_type in OF_SEQUENCES:
            raise UsageError(
                f"the loss {options.loss_type} weighs a whole sequence by one advantage, and ppo gives each decision "
                "its own: take another --loss-type"
            )
        if config.sampling.drawn().cut:
            raise UsageError(
                "ppo compares probabilities with those of the whole distribution, and top_p and top_k cut it: leave "
                "them at 1 and 0 (a lower --temperature is counted in)"
            )
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise UsageError("ppo's critic learns in one process: start it without several (WORLD_SIZE)")

    def collect(self, step: int, play: Play) -> Sequence[Trajectory]:
        """The games that are due, and with ``resample`` more where some came out alike.

        All are learned from: what a decision got beyond its value is seldom nothing, and the critic learns from every
        game.
        """
        return play(step) if self.resampler is None else self.resampler.collect(step, play)

    def advance(self, share: float) -> None:
        """The learning rate stands where it would after this share of the run's steps."""
        self.trainer.advance(share)

    def update(self, trajectories: Sequence[Trajectory], step: int) -> Mapping[str, float]:
        """Value what was seen, let the policies learn (after ``critic_warmup`` steps), then the critic."""
        from lanista.training.algorithms.ppo import credit
        from lanista.training.algorithms.ppo.states import states_of

        states = states_of(self.policies, trajectories, self.trainer.budget, share=self.trainer.shares)
        values = [
            self.critic.values(one.role, its.hidden_KD).tolist() for one, its in zip(trajectories, states, strict=True)
        ]
        warming = step < self.options.critic_warmup
        found: dict[str, float] = {"critic/warmup": float(warming)}
        if warming:
            self.trainer.rest()
        else:
            batch = credit.rollout_batch(self.config, trajectories, states, values)
            found |= self.trainer.learn(batch, step)
            if self.options.baseline == "loo":
                found |= batch.shares()
        lessons = credit.lessons(self.config, trajectories, states, values)
        if self.resampler is not None:
            found |= {name: value for name, value in self.resampler.numbers.items() if name != "tokens/thrown"}
        return found | credit.explained(lessons) | self.critic.learn(lessons)

    def save(self, folder: Path) -> None:
        """Weights, the optimizer's moments, the schedule, and the critic with its own."""
        super().save(folder)
        self.trainer.save_state(folder)
        self.critic.save(folder)
        if self.resampler is not None:
            self.resampler.save(folder)

    def load(self, folder: Path) -> None:
        """The inverse of ``save``."""
        self.critic.load(folder)
        if self.resampler is not None:
            self.resampler.load(folder)
        super().load(folder)
        self.trainer.load_state(folder)
