"""What a tiny model knows after a warm start: with AdamW and with Muon, from the same scripted games.

Each model is held against held-out games (split ``test``) of the arena's best team, token by token, with the truth up
to there before it: nats a seat for what was said, and the share of seats and games in which every token was the
likeliest. Nothing is sampled and nothing played, so the figures say how well a case is read.

    python benchmarks/warm_start.py [ARENA] [--set KEY=VALUE ...] [--games 4000] [--seeds 1] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch
from _machine import machine

from lanista.agents.lm.policy import Policy
from lanista.arenas.core import registry
from lanista.cli.common import arena_config
from lanista.training import demonstrations, warmstart
from lanista.training.warmstart import Recipe

PLAIN = ("level=easy", "brief=short", "error_rate=0", "drift=0", "constraints=0", "likes=0", "distractors=0")
HELD_OUT = 150


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arena", nargs="?", default="travel_booking")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="default: the plainest cases")
    parser.add_argument("--games", type=int, default=4000, help="scripted games to learn from")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--size", default="64x2", help="width x layers of the model")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    arena = registry.get(asked.arena)
    sets = asked.set or list(PLAIN)
    test = arena_config(arena, [*sets, "split=test"])
    held_out = warmstart.scripted_games(arena, [test], arena.teachers[-1:], games=HELD_OUT, seed=10**6)
    found: dict[str, list[dict[str, float]]] = {}
    for optimizer in warmstart.OPTIMIZERS:
        recipe = Recipe(epochs=2, batch_rows=8, learning_rate=3e-3, optimizer=optimizer)
        for seed in range(asked.seeds):
            with tempfile.TemporaryDirectory() as folder:
                started = time.process_time()
                config = arena_config(arena, [*sets, "split=train"])
                out = Path(folder) / "tiny"
                warmstart.make_tiny(
                    arena, config, games=asked.games, seed=seed, size=asked.size, recipe=recipe, out=out
                )
                cpu_s = time.process_time() - started
                found.setdefault(optimizer, []).append({**known(out, held_out), "cpu_s": cpu_s})
    if asked.json:
        print(json.dumps(found, sort_keys=True))
        return
    print(machine())
    print(
        f"{arena.name} {' '.join(sets)}: {asked.size}, {asked.games:,} games, {asked.seeds} seeds; {HELD_OUT} games\n"
    )
    print("| optimizer | nats a seat | seats all right | games all right | CPU-seconds |\n|---|---|---|---|---|")
    for optimizer, runs in found.items():
        nats, seats, games, cpu = (statistics.fmean(run[name] for run in runs) for name in runs[0])
        print(f"| {optimizer} | {nats:.2f} | {seats:.1%} | {games:.1%} | {cpu:,.0f} |")


def known(model: Path, episodes: Sequence[Any]) -> dict[str, float]:
    """Nats a seat, and the shares of seats and games in which every taught token was the likeliest."""
    policy = Policy.load(model, "fp32")
    nats, seats, games = [], [], []
    for episode in episodes:
        right = []
        for row in demonstrations.rows([episode], policy.chat, context=policy.context):
            ids = torch.tensor(row.ids)
            taught = torch.tensor(row.taught)[1:]
            with torch.no_grad():
                logits_NV = policy.model(ids[None]).logits[0, :-1][taught]
            said = ids[1:][taught]
            nats.append(float(torch.nn.functional.cross_entropy(logits_NV, said, reduction="sum")))
            right.append(bool((logits_NV.argmax(-1) == said).all()))
        seats += right
        games.append(all(right))
    return {"nats": statistics.fmean(nats), "seats": statistics.fmean(seats), "games": statistics.fmean(games)}


if __name__ == "__main__":
    main()
