"""Tasks with headroom, and the ways of learning that ``evidence.py`` holds against each other.

A preset is a setting in which the warm start lacks a decision, not steadiness: it is taught by players of bad habits
alone, so that cooling it does not make it good, while the arena's best players are nearly always right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Preset:
    """One arena's setting."""

    sets: tuple[str, ...]
    """The arena's config, as KEY=VALUE."""
    splits: bool = True
    """Whether cases come in a split to train on and one to hold out."""
    teachers: tuple[str, ...]
    """Who teaches the warm start."""
    warm_games: int
    max_new_tokens: int
    scenarios: int = 16
    group_size: int = 8
    opponents: tuple[str, ...] = ("self",)
    """Who sits opposite in training."""
    held_out: tuple[str, ...] = ()
    """Who sits opposite in held-out games; nobody in an arena of one team."""
    best_player: str
    """Who shows what can be reached."""
    training: Mapping[str, Any] = field(default_factory=dict)
    """Options that all arms that are paid by rewards share."""
    old_returns: str = "reward_to_go"
    """What a decision answered for in the recipe of before."""


PRESETS: dict[str, Preset] = {
    "support_desk": Preset(
        sets=("brief=short", "horizon=16"),
        teachers=("desk_novice",),
        warm_games=6000,
        max_new_tokens=64,
        best_player="desk_expert",
        training={"team_weight": 5.0, "individual_weight": 0.2},
    ),
    "travel_booking": Preset(
        sets=(
            *("level=easy", "brief=short", "error_rate=0", "drift=0", "constraints=0", "likes=0"),
            *("distractors=0", "infeasible=0", "turns=14"),
        ),
        teachers=("travel_novice",),
        warm_games=6000,
        max_new_tokens=48,
        best_player="travel_expert",
        training={"preset": "completion", "team_weight": 1.0, "individual_weight": 2.0, "temperature": 0.7},
    ),
    "coding": Preset(
        sets=("family=lists", "steps=2", "shown=2", "rounds=0"),
        teachers=("coding_novice",),
        warm_games=6000,
        max_new_tokens=96,
        group_size=16,
        best_player="coding_expert",
    ),
    "werewolf": Preset(
        sets=("players=5", "wolves=1", "roles=seer"),
        splits=False,
        teachers=("crowd",),
        warm_games=1000,
        max_new_tokens=24,
        scenarios=8,
        opponents=("crowd",),
        held_out=("crowd", "bayes"),
        best_player="bayes",
        old_returns="episode",
    ),
}

_ADAM = {"learning_rate": 1e-3, "lr_schedule": "linear"}
_RECIPE = {"returns": "reward_to_go", "minibatches": 2, "loss_type": "grpo", "beta": 0.05, "shared_luck": True}

ARMS: dict[str, dict[str, Any]] = {
    "rejection": {"algorithm": "rejection", "learning_rate": 1e-3},
    "grpo": {
        **{"algorithm": "grpo", "minibatches": 1, "loss_type": "dapo", "beta": 0.0, "shared_luck": False},
        **{"baseline": "loo", "refusal_cost": 0.0, **_ADAM},
    },
    "recipe": {"algorithm": "grpo", **_RECIPE, **_ADAM},
    "ppo": {
        **{"algorithm": "ppo", **_RECIPE, **_ADAM, "gae_lambda": 0.95, "gamma": 1.0, "value_lambda": 1.0},
        **{"baseline": "none", "critic_warmup": 2, "critic_updates": 16, "critic_learning_rate": 1e-3},
    },
    "shuffled": {"algorithm": "grpo", "shuffled": True, **_RECIPE, **_ADAM},
}
"""``grpo`` is GRPO as it was before the recipe; ``ppo`` is the recipe's step with a critic's advantages. Options are
pinned, so that a new default does not change an old arm. Any other name is an algorithm, at its own defaults."""
