"""Things to test a trainer with: rows of random ids, a trainer fed with given rows, gradients and their distance."""

from __future__ import annotations

import random
from typing import Any

import torch

from lanista.agents.lm.policy import Policy
from lanista.training.adapters import Adapters, add_adapters
from lanista.training.algorithms.grpo.trainer import SelfPlayGRPOTrainer
from lanista.training.batching import RolloutBatch, ScoredRow
from lanista.training.config import TrainConfig
from lanista.training.policies import Policies
from lanista.training.trajectories import TokenRow

ONE_LOSS: dict[str, Any] = {"loss_type": "dapo", "minibatches": 1, "beta": 0.0, "returns": "episode"}
"""One optimizer step on one simple loss: what hand-worked cases begin from, whatever the defaults are."""


def random_row(rng: random.Random, model: Any, turns: int = 2, offset: float = 0.0) -> Any:
    """A row of random ids in turns; its log-probabilities are the model's own at that moment, minus ``offset``."""
    ids: list[int] = []
    own: list[bool] = []
    which: list[int] = []
    for turn in range(turns):
        given, said = rng.randint(2, 6), rng.randint(1, 4)
        ids += [rng.randrange(8, 200) for _ in range(given + said)]
        own += [False] * given + [True] * said
        which += [-1] * given + [turn] * said
    with torch.no_grad():
        scores = model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
    logps = [
        scores[i - 1, token].item() - offset if mine else 0.0
        for i, (token, mine) in enumerate(zip(ids, own, strict=True))
    ]
    return TokenRow(ids=tuple(ids), own=tuple(own), logps=tuple(logps), turns=tuple(which))


def policies_on(model: Any, tokenizer: Any, names: tuple[str, ...] = ("shared",), **options: Any) -> Policies:
    """The policies of those names on a model that has their adapters already."""
    policy = Policy(model, tokenizer, context=2048)
    return Policies(policy, Adapters(model, names), TrainConfig.flat(**options).sampling)


def make_trainer(model: Any, tokenizer: Any, rows: Any, names: tuple[str, ...] = ("shared",), **options: Any) -> Any:
    """A trainer whose every rollout gives ``rows``: scored rows by policy."""
    flat = {"scenarios": 1, "group_size": 2, "steps": 1, "device": "cpu", "evaluate_games": 0, **ONE_LOSS} | options
    trainer = SelfPlayGRPOTrainer(config=TrainConfig.flat(**flat), policies=policies_on(model, tokenizer, names))
    trainer.given = rows
    return trainer


def step_once(trainer: Any) -> float:
    """The forward and backward passes of the first optimizer step, as ``learn`` makes them. Returns the loss."""
    trainer.model.train()
    return float(trainer.passes(trainer.pack(trainer.given, 0)[0]))


def learn(trainer: Any, rows: Any = None, step: int = 0) -> dict[str, float]:
    """All optimizer steps on a rollout. Returns the numbers for the log."""
    found: dict[str, float] = trainer.learn(RolloutBatch(trainer.given if rows is None else rows, 0, 1), step)
    return found


def gradients(model: Any) -> dict[str, Any]:
    """Gradients by parameter name, where there are any."""
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def relative_error(found: dict[str, Any], expected: dict[str, Any]) -> float:
    """Of the whole gradient: |found - expected| / |expected|."""
    assert found.keys() == expected.keys()
    flat = lambda grads: torch.cat([grads[name].flatten() for name in sorted(grads)]).double()
    return float((flat(found) - flat(expected)).norm() / flat(expected).norm())


def scored_rows(
    rng: random.Random, model: Any, count: int, spread: float = 1.0, offset: float = 0.0
) -> list[ScoredRow]:
    """Random rows with a random advantage per turn."""
    found = []
    for _ in range(count):
        row = random_row(rng, model, turns=rng.randint(1, 4), offset=offset)
        worth = [rng.uniform(-spread, spread) for _ in range(4)]
        found.append(ScoredRow(row, tuple(worth[turn] if turn >= 0 else 0.0 for turn in row.turns)))
    return found


def with_adapters(model: Any, names: tuple[str, ...], scale: float = 0.05) -> Any:
    """The model with an adapter per name that is no identity: LoRA's B starts at zero, here it does not."""
    wrapped = add_adapters(model, names, rank=4, seed=1)
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in wrapped.named_parameters():
            if "lora_B" in name.split("."):
                parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
    return wrapped
