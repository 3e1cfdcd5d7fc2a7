"""Tokens per CPU-second of a warm start and of a GRPO update: as this project makes them, and as stock TRL does.

Both take the same rows of scripted travel games, on one thread: the warm start an epoch over all rows, the update one
forward and backward pass over all rows, as if scripted replies were the policy's own. On a CPU, TRL's fused head
projects every position; here only what is taught, or was said, is projected.

    python benchmarks/training_speed.py [--games 200] [--size 64x2] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch
from _machine import machine
from trl import SFTTrainer

from lanista.agents.lm.chat import Chat
from lanista.agents.lm.policy import Policy
from lanista.arenas.core import registry
from lanista.training import batching, demonstrations, logits, tiny, trajectories, warmstart
from lanista.training.adapters import Adapters
from lanista.training.algorithms.grpo.trainer import SelfPlayGRPOTrainer
from lanista.training.config import TrainConfig
from lanista.training.policies import Policies

CONFIG = {"level": "easy", "brief": "short", "error_rate": 0.0, "drift": 0.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--games", type=int, default=200)
    parser.add_argument("--size", default="64x2", help="width x layers of the model")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    arena = registry.get("travel_booking")
    config = arena.configure(**CONFIG)
    episodes = warmstart.scripted_games(arena, [config], arena.teachers, games=asked.games)
    words = demonstrations.called_words(episodes)
    tokenizer = tiny.build_tokenizer(demonstrations.texts(episodes), sorted(arena.rules.seats(config)), words)
    taught = demonstrations.rows(episodes, Chat(tokenizer), context=tiny.CONTEXT)
    found: dict[str, Any] = {
        "tokens": sum(len(row.ids) for row in taught),
        "taught_share": sum(sum(row.taught) for row in taught) / sum(len(row.ids) for row in taught),
        "warm_start": warm_start(tokenizer, taught, asked.size),
        "update": update(tokenizer, taught, asked.size),
    }
    if asked.json:
        print(json.dumps(found, sort_keys=True))
        return
    print(machine())
    print(f"{asked.size}, {len(taught)} rows, {found['tokens']:,} tokens, {found['taught_share']:.0%} of them taught\n")
    for name in ("warm_start", "update"):
        ours, stock = found[name]["ours"], found[name]["stock"]
        print(f"{name:<11} {ours:>8,.0f} tokens/CPU-s   stock TRL {stock:>8,.0f}   {ours / stock:.1f} x")


def warm_start(tokenizer: Any, taught: Sequence[demonstrations.Demonstration], size: str) -> dict[str, float]:
    def once() -> float:
        model = tiny.build_model(tokenizer, size)
        started = time.process_time()
        warmstart.fit(model, tokenizer, taught, warmstart.Recipe())
        return sum(len(row.ids) for row in taught) / (time.process_time() - started)

    once()  # imports and caches
    ours, make = once(), warmstart._trainer_class
    warmstart._trainer_class = lambda: SFTTrainer
    try:
        return {"ours": ours, "stock": once()}
    finally:
        warmstart._trainer_class = make


def update(tokenizer: Any, taught: Sequence[demonstrations.Demonstration], size: str) -> dict[str, float]:
    config = TrainConfig.flat(arena="travel_booking", device="cpu", steps=1, scenarios=1, group_size=2)
    model = tiny.build_model(tokenizer, size)
    scored = []
    for row in taught:
        said = trajectories.TokenRow(
            ids=tuple(row.ids), own=tuple(row.taught), logps=(-1.0,) * len(row.ids), turns=(0,) * len(row.ids)
        )
        scored.append(batching.ScoredRow(said, tuple(float(own) for own in row.taught)))
    policies = Policies(Policy(model, tokenizer, context=tiny.CONTEXT), Adapters(model, ["shared"]), config.sampling)
    trainer = SelfPlayGRPOTrainer(config=config, policies=policies)

    def once() -> float:
        parts = trainer._update({"shared": scored}, every_row=True)["shared"]
        started = time.process_time()
        for part in parts:
            trainer._own = part.tensors["tool_mask"]
            trainer.accelerator.backward(trainer.compute_loss(model, part.tensors))
        return sum(len(row.ids) for row in taught) / (time.process_time() - started)

    once()
    ours, cheaper = once(), logits.are_cheaper
    logits.are_cheaper = lambda model: False
    try:
        return {"ours": ours, "stock": once()}
    finally:
        logits.are_cheaper = cheaper


if __name__ == "__main__":
    main()
