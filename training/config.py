"""What a training run is made of. The command line is generated from it: a flag and a help line per field."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from lanista.errors import UsageError, suggest


def _option(default: Any, help_: str, *, least: float | None = None, choices: tuple[str, ...] | None = None) -> Any:
    return field(default=default, metadata={"help": help_, "least": least, "choices": choices})


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """A self-play GRPO run. Raises UsageError for values that cannot be."""

    # The game
    arena: str = _option("werewolf", "arena to train in")
    arena_config: Mapping[str, Any] = field(
        default_factory=dict, metadata={"help": "config of the arena, as KEY=VALUE", "least": None, "choices": None}
    )
    preset: str = _option("default", "reward preset of the arena")

    # Who plays
    model: str = _option("tiny", "model to start from: tiny, smollm2, a folder or a hub id")
    policies: str = _option(
        "shared", "one policy in all seats, or one LoRA adapter per role", choices=("shared", "per-role")
    )
    roles_by: str = _option("role", "with per-role: an adapter per role or per team", choices=("role", "team"))
    lora_r: int = _option(0, "LoRA rank; 0: train all weights (with per-role: rank 16)", least=0)
    opponents: tuple[str, ...] = _option(
        ("self",), "who sits opposite: self, past (frozen past policies), or agents such as random; drawn per scenario"
    )
    learner_team: str = _option("each", "team the policy plays against opponents other than self; each: all in turn")
    pool_every: int = _option(10, "steps between two frozen past policies (with opponent past)", least=1)
    pool_size: int = _option(8, "frozen past policies kept; the oldest but the first goes", least=1)

    # A step
    steps: int = _option(20, "GRPO steps: rollouts with the updates made on each", least=1)
    scenarios: int = _option(8, "scenarios per step", least=1)
    games: int = _option(8, "games per scenario: the siblings that are compared", least=2)
    iterations: int = _option(1, "passes over each rollout", least=1)
    minibatches: int = _option(1, "optimizer steps per pass", least=1)
    max_new_tokens: int = _option(48, "longest reply in tokens", least=1)
    temperature: float = _option(1.0, "sampling temperature, in training and in evaluation", least=1e-3)
    max_concurrent_games: int = _option(64, "games played side by side", least=1)

    # Credit
    team_weight: float = _option(1.0, "factor on team terms")
    individual_weight: float = _option(1.0, "factor on individual terms")
    reward_unit: float = _option(0.01, "factor on all rewards before advantages")
    credit: str = _option(
        "episode", "a decision answers for the whole game, or for what came after it", choices=("episode", "to_go")
    )
    baseline: str = _option(
        "loo", "compare with the other games of the group, or with the group's mean", choices=("loo", "mean")
    )
    shuffled: bool = _option(
        False, "a control: advantages are dealt out by lot among the games of a group, so that rewards say nothing"
    )
    scale_rewards: str = _option(
        "none", "divide advantages by a standard deviation", choices=("none", "group", "batch")
    )

    # The update
    learning_rate: float = _option(1e-4, "peak learning rate", least=0.0)
    lr_schedule: str = _option("constant", "learning rate schedule, as transformers names it")
    warmup_steps: int = _option(0, "optimizer steps of learning rate warm-up", least=0)
    weight_decay: float = _option(0.0, "AdamW weight decay", least=0.0)
    max_grad_norm: float = _option(1.0, "gradient clip, per policy; 0: none", least=0.0)
    loss_type: str = _option(
        "dapo", "TRL's loss", choices=("grpo", "bnpo", "dr_grpo", "dapo", "cispo", "sapo", "luspo")
    )
    clip: float = _option(0.2, "clip range of the probability ratio", least=0.0)
    clip_high: float | None = _option(None, "upper clip range where it differs", least=0.0)
    beta: float = _option(0.0, "weight of the KL to the starting policy", least=0.0)
    entropy_coef: float = _option(0.0, "weight of the entropy bonus", least=0.0)
    sampler_correction: str = _option(
        "ratio",
        "ratio: clip against the sampler's log-probabilities; weight: against the trainer's, the truncated "
        "trainer/sampler weights folded into the advantages",
        choices=("ratio", "weight"),
    )
    weight_cap: float = _option(2.0, "truncation of those weights", least=1.0)
    tokens_per_batch: int = _option(16384, "tokens, padding included, of one forward and backward pass", least=1)
    gradient_checkpointing: bool = _option(False, "recompute activations in the backward pass to save memory")

    # The machine
    dtype: str = _option(
        "fp32",
        "fp32, bf16, fp16; all weights are trained in fp32 (bf16: autocast), adapters on a base of this dtype",
        choices=("fp32", "bf16", "fp16"),
    )
    device: str = _option("auto", "auto: a GPU where there is one", choices=("auto", "cpu", "cuda"))
    threads: int = _option(0, "CPU threads for torch; 0: torch decides", least=0)
    seed: int = _option(0, "seed of everything")

    # The run
    save_every: int = _option(10, "steps between checkpoints", least=1)
    keep: int = _option(2, "checkpoints kept", least=1)
    evaluate_every: int = _option(0, "steps between held-out evaluations; 0: before and after only", least=0)
    evaluate_games: int = _option(64, "held-out games per team, opponent and evaluation; 0: no evaluation", least=0)
    evaluate_against: tuple[str, ...] = _option(("random",), "scripted opponents of the evaluation")
    evaluate_config: Mapping[str, Any] = field(
        default_factory=dict,
        metadata={
            "help": "config of the arena where held-out games differ from training, as KEY=VALUE (split=test)",
            "least": None,
            "choices": None,
        },
    )
    keep_games: int = _option(
        2, "games of every step kept in the run's store, the first of its scenarios: lanista replay RUN", least=0
    )
    report_to: tuple[str, ...] = _option((), "loggers of transformers to report to: tensorboard, wandb, …")

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(f.default, tuple):
                if isinstance(value, str):
                    raise UsageError(f"{f.name} is a list of names, not the text {value!r}")
                object.__setattr__(self, f.name, tuple(value))
            least, choices = f.metadata["least"], f.metadata["choices"]
            if choices is not None and value not in choices:
                raise UsageError(
                    f"{f.name} is one of {', '.join(choices)}, not {value!r}{suggest(str(value), choices)}"
                )
            if least is not None and value is not None and not value >= least:
                raise UsageError(f"{f.name} is at least {least}, not {value!r}")
        if not self.opponents:
            raise UsageError("opponents names nobody; use self, past or an agent such as random")
        if self.policies == "per-role" and self.lora_r == 0:
            object.__setattr__(self, "lora_r", 16)
        if self.policies == "shared" and self.roles_by != "role":
            raise UsageError("roles_by applies to policies per-role only")

    def check_teams(self, teams: Sequence[str]) -> None:
        """Raises UsageError where the run does not fit an arena of these teams."""
        if self.learner_team not in ("each", *teams):
            raise UsageError(
                f"unknown team {self.learner_team!r}{suggest(self.learner_team, teams)} "
                f"(say each, {', '.join(sorted(teams))})"
            )
        if len(teams) == 1 and self.opponents != ("self",):
            raise UsageError(
                f"arena {self.arena!r} has one team, {teams[0]}, and nobody sits opposite: leave opponents at self, "
                f"not {', '.join(self.opponents)}"
            )

    @property
    def updates(self) -> int:
        """Optimizer steps made on each rollout."""
        return self.iterations * self.minibatches

    def to_json(self) -> dict[str, Any]:
        """Every field as a plain JSON value."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        configs = {name: dict(values[name]) for name in ("arena_config", "evaluate_config")}
        return json.loads(json.dumps(values | configs))  # type: ignore[no-any-return]

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> TrainConfig:
        """The inverse. Raises UsageError for a key that is no field."""
        known = {f.name: f for f in fields(cls)}
        for name in values:
            if name not in known:
                raise UsageError(f"unknown training option {name!r}{suggest(name, known)}")
        return cls(**values)


def defaults() -> dict[str, Any]:
    """Every field's default by name."""
    return {f.name: f.default_factory() if f.default_factory is not MISSING else f.default for f in fields(TrainConfig)}
