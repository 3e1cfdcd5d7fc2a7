"""Tokens per CPU-second of a warm start and of a GRPO update: as this project makes them, and as stock TRL does.

Both take the same rows of scripted travel games, on one thread: the warm start an epoch over all rows, the update one
forward and backward pass over all rows, as if scripted replies were the policy's own. On a CPU, TRL's fused head
projects every position; here only what is taught, or was said, is projected.

Then an update of groups: 16 scenarios, 8 games of each by scripted players, under one policy and under one
adapter per role. ``auto`` reads what siblings begin with once, ``together`` lets roles share passes too, ``apart``
does neither; they are timed in turns, and the best of each counts. ``--model`` takes another model there (smollm2,
say), with ``--cases`` fewer cases, and tells the process's peak memory.

    python benchmarks/training_speed.py [--games 200] [--size 64x2] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch
from _machine import machine
from trl import SFTTrainer

from lanista.agents import registry as agents
from lanista.agents.lm.chat import Chat
from lanista.agents.lm.policy import Policy
from lanista.arenas.core import registry
from lanista.play.runner import GameSpec, play
from lanista.training import batching, demonstrations, logits, policies, tiny, trajectories, warmstart
from lanista.training.adapters import Adapters
from lanista.training.algorithms.grpo.trainer import SelfPlayGRPOTrainer
from lanista.training.config import TrainConfig
from lanista.training.policies import Policies

CONFIG = {"level": "easy", "brief": "short", "error_rate": 0.0, "drift": 0.0}


GROUPS: dict[str, tuple[dict[str, Any], str]] = {
    "support_desk": ({"brief": "short", "horizon": 16}, "desk_novice"),
    "werewolf": ({"players": 5, "wolves": 1, "roles": ["seer"]}, "crowd"),
}
"""Of each arena whose groups are timed: its config, and who plays."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--games", type=int, default=200)
    parser.add_argument("--size", default="64x2", help="width x layers of the model")
    parser.add_argument("--model", default=None, help="for the groups alone: smollm2 or a folder, under adapters")
    parser.add_argument("--arena", choices=tuple(GROUPS), default="werewolf", help="whose groups")
    parser.add_argument("--cases", type=int, default=16)
    parser.add_argument("--siblings", type=int, default=8)
    parser.add_argument("--tokens-per-batch", type=int, default=16384)
    parser.add_argument(
        "--how", nargs="+", default=["auto", "together", "apart"], choices=("auto", "together", "apart")
    )
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.model is not None:
        show_groups(asked, {"groups": groups(asked)})
        return
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
        "groups": groups(asked),
    }
    if asked.json:
        print(json.dumps(found, sort_keys=True))
        return
    print(machine())
    print(f"{asked.size}, {len(taught)} rows, {found['tokens']:,} tokens, {found['taught_share']:.0%} of them taught\n")
    for name in ("warm_start", "update"):
        ours, stock = found[name]["ours"], found[name]["stock"]
        print(f"{name:<11} {ours:>8,.0f} tokens/CPU-s   stock TRL {stock:>8,.0f}   {ours / stock:.1f} x")
    show_groups(asked, found)


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


def scored(row: demonstrations.Demonstration) -> batching.ScoredRow:
    """A taught row as if a policy had said it, with an advantage of 1 for each token."""
    n = len(row.ids)
    said = trajectories.TokenRow(ids=tuple(row.ids), own=tuple(row.taught), logps=(-1.0,) * n, turns=(0,) * n)
    return batching.ScoredRow(said, tuple(float(own) for own in row.taught))


def update(tokenizer: Any, taught: Sequence[demonstrations.Demonstration], size: str) -> dict[str, float]:
    config = TrainConfig.flat(arena="travel_booking", device="cpu", steps=1, group_size=2, passes="apart")
    model = tiny.build_model(tokenizer, size)
    rows = [scored(row) for row in taught]
    seated = Policies(Policy(model, tokenizer, context=tiny.CONTEXT), Adapters(model, ["shared"]), config.sampling)
    trainer = SelfPlayGRPOTrainer(config=config, policies=seated)

    def once() -> float:
        parts = trainer._update({"shared": rows}, every_row=True)["shared"]
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


def groups(asked: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Tokens of rows per CPU-second of an update, by policies and by how its passes are made."""
    arena = registry.get(asked.arena)
    settings, player = GROUPS[asked.arena]
    config = arena.configure(**settings)
    novice = agents.make(player)
    seats = arena.rules.seats(config)
    episodes = {}

    def keep(spec: GameSpec, game: Any) -> None:
        episodes[spec.id] = game.episode()

    specs = [
        GameSpec(
            id=f"{case}.{sibling}",
            arena=arena,
            seed=case,
            seating=dict.fromkeys(seats, novice),
            config=config,
            agent_seed=100 * case + sibling,
        )
        for case in range(asked.cases)
        for sibling in range(asked.siblings)
    ]
    play(specs, on_game=keep)
    if asked.model is None:
        tokenizer = tiny.build_tokenizer(demonstrations.texts(episodes.values()), sorted(seats))
        make = lambda: Policy(tiny.build_model(tokenizer, asked.size), tokenizer, context=tiny.CONTEXT)
    else:
        make = lambda: Policy.load(asked.model, "bf16", "cpu")
    found: dict[str, dict[str, float]] = {}
    for kind in ("shared", "per-role"):
        lora = 16 if asked.model is not None or kind == "per-role" else 0
        run = TrainConfig.flat(
            arena=asked.arena,
            policies=kind,
            lora_r=lora,
            device="cpu",
            dtype="bf16" if asked.model else "fp32",
            steps=1,
            tokens_per_batch=asked.tokens_per_batch,
        )
        roles = {role: team for team, its in arena.roles(config).items() for role in its}
        seated = policies.seat(run, make(), roles)
        rows: dict[str, list[batching.ScoredRow]] = {}
        for episode in episodes.values():
            for team, its in episode.teams.items():
                for seat in its:
                    role = episode.roles[seat]
                    one = trajectories.Trajectory(
                        episode=episode,
                        seat=seat,
                        role=role,
                        team=team,
                        scenario=0,
                        sibling=0,
                        payments=(),
                        policy=seated.adapters.policy(role, team),
                    )
                    for row in demonstrations.of_trajectories([one], seated.policy.chat):
                        rows.setdefault(one.policy, []).append(scored(row))
        found[kind] = dict.fromkeys(asked.how, 0.0)
        tokens = sum(len(row.row.ids) for its in rows.values() for row in its)
        for _ in range(asked.times):
            for how in asked.how:
                trainer = SelfPlayGRPOTrainer(
                    config=replace(run, update=replace(run.update, passes=how)), policies=seated
                )
                trainer.model.train()
                started = time.process_time()
                trainer.passes(trainer.pack(rows, 0)[0])
                found[kind][how] = max(found[kind][how], tokens / (time.process_time() - started))
                trainer._wrapped.zero_grad()
    return found


def show_groups(asked: argparse.Namespace, found: dict[str, Any]) -> None:
    for kind, of in found["groups"].items():
        words = "   ".join(f"{how} {rate:,.0f}" for how, rate in of.items())
        more = f"   auto over apart {of['auto'] / of['apart']:.2f} x" if {"auto", "apart"} <= of.keys() else ""
        print(f"update of groups, {kind:<8} tokens/CPU-s: {words}{more}")
    if asked.model is not None:
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
