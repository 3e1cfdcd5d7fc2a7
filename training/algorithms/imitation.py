"""What rejection sampling and supervised fine-tuning share: a model is taught what seats said, by TRL's SFTTrainer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lanista.errors import UsageError
from lanista.training.algorithms.base import Algorithm
from lanista.training.options import Section, option

if TYPE_CHECKING:
    from lanista.training.config import TrainConfig
    from lanista.training.trajectories import Trajectory


@dataclass(frozen=True, kw_only=True)
class ImitationOptions(Section):
    """How what was said is taught."""

    learning_rate: float = option(
        1e-4, "peak learning rate; it rises over a twentieth of a step's updates, then falls to nothing", least=0.0
    )
    epochs: int = option(1, "how often every demonstration is seen", least=1)
    batch_rows: int = option(8, "demonstrations per optimizer step", least=1)
    optimizer: str = option(
        "adamw", "muon: Muon for the inner matrices, AdamW for the rest (all weights only)", choices=("adamw", "muon")
    )
    gradient_checkpointing: bool = option(False, "recompute activations in the backward pass to save memory")


class Imitation(Algorithm):
    """Teaches one shared policy to say what stands in trajectories."""

    Config = ImitationOptions

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        """Raises UsageError for what cannot be taught so."""
        if config.players.policies != "shared":
            raise UsageError(f"{config.algorithm} teaches one shared policy: leave --policies at shared")
        if config.players.lora_r and config.update.optimizer == "muon":
            raise UsageError("muon trains whole matrices: leave --lora-r at 0 with it, or take --optimizer adamw")
        if config.update.learning_rate <= 0:
            raise UsageError("learning_rate is above 0, not 0.0")

    def teach(self, trajectories: Sequence[Trajectory]) -> Mapping[str, float]:
        """Imitate the accepted replies of the trajectories' seats. Returns numbers for the log; loss in nats a token.

        Raises LanistaError where a loss or a weight stops being a finite number.
        """
        from lanista.training import demonstrations
        from lanista.training.warmstart import Recipe, fit

        policy, options = self.policies.policy, self.options
        rows = demonstrations.of_trajectories(trajectories, policy.chat, context=policy.context)
        found = {"demonstrations": float(len(rows))}
        if not rows:  # even the best games may hold no reply that was accepted
            return found
        recipe = Recipe(
            epochs=options.epochs,
            batch_rows=options.batch_rows,
            learning_rate=options.learning_rate,
            optimizer=options.optimizer,
            checkpointing=options.gradient_checkpointing,
            seed=self.config.run.seed,
        )
        self.policies.adapters.activate(self.policies.names[0])
        _, losses = fit(policy.model, policy.tokenizer, rows, recipe)
        policy.touch()
        self.policies.check_finite()
        return found | {"loss/first": losses[0], "loss/last": losses[-1]}
