"""SmolLM2 at the support desk on a GPU: warm start, then GRPO steps, held-out games before and after.

    python benchmarks/gpu/learn.py warm --out RUN --device cuda
    python benchmarks/gpu/learn.py shared --out RUN --device cuda [--until EPOCH_SECONDS]
    python benchmarks/gpu/learn.py per-role --out RUN --device cuda [--until EPOCH_SECONDS]

``warm`` is ``benchmarks/smollm2.py``'s: an adapter taught by scripted novices' games and merged. ``shared`` and
``per-role`` begin from it. With ``--until`` a run takes as many of its ``--steps`` as fit, says how many, and still
plays its held-out games.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for smollm2.py

import smollm2
from _material import ARENA, stand_in

from lanista.training.config import TrainConfig
from lanista.training.loop import train
from lanista.training.metrics import describe, metrics

FIRST = 2
"""Steps after which it is known how many fit."""

AFTER_S = 25.0
"""Seconds that are kept free for what comes after the last step."""


def main() -> None:
    """Run one part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("warm", "shared", "per-role"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--tiny", type=Path, default=None, help="a folder: try it with a small model that is put there")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--scenarios", type=int, default=8)
    parser.add_argument("--siblings", type=int, default=8)
    parser.add_argument("--games", type=int, default=64, help="held-out games")
    parser.add_argument("--teaching-games", type=int, default=200)
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--tokens-per-batch", type=int, default=32768)
    parser.add_argument("--until", type=float, default=0.0, help="when to be done, in seconds since the epoch")
    asked = parser.parse_args()
    if asked.what == "warm":
        warm(asked)
    else:
        learn(asked)


def warm(asked: argparse.Namespace) -> None:
    """The warm start, in ``OUT/warm``."""
    model = str(stand_in(asked.tiny)) if asked.tiny else "smollm2"
    words = ["--arena", ARENA, "--out", str(asked.out), "--device", asked.device, "--model", model]
    of = smollm2.arguments().parse_args([*words, "--teaching-games", str(asked.teaching_games)])
    started = time.perf_counter()
    smollm2.teach(of)
    print(f"warm start from {asked.teaching_games} games of scripted novices: {time.perf_counter() - started:.0f} s")


def learn(asked: argparse.Namespace) -> None:
    """A run of one kind: before, steps, after."""
    setup = smollm2.ARENAS[ARENA]
    config = TrainConfig.flat(
        arena=ARENA,
        set=setup["set"],
        model=str((asked.out / "warm").resolve()),
        policies=asked.what,
        lora_r=16,
        opponents=setup["opponents"],
        steps=min(FIRST, asked.steps),
        scenarios=asked.scenarios,
        group_size=asked.siblings,
        max_concurrent_games=asked.scenarios * asked.siblings,
        learning_rate=asked.learning_rate,
        returns="reward_to_go",
        loss_type="grpo",
        minibatches=2,
        tokens_per_batch=asked.tokens_per_batch,
        save_every=5,
        max_new_tokens=8 if asked.tiny else 48,
        evaluate_games=asked.games,
        evaluate_set=setup["held_out"],
        evaluate_temperature=(0.0,),
        dtype="bf16",
        device=asked.device,
        stop_if_illegal=0 if asked.tiny else 512,
        **setup["training"],
    )
    out = asked.out / asked.what
    said: list[float] = []

    def on_step(line: dict[str, Any]) -> None:
        if line["kind"] == "step":
            said.append(time.time())
        print(f"{asked.what}: {describe(line)}", file=sys.stderr, flush=True)

    began = time.time()
    result = train(config, out, resume=True, on_step=on_step)
    steps = asked.steps
    if asked.until and len(said) > 1:
        each = said[-1] - said[-2]  # the first one compiles and warms up
        steps = min(steps, FIRST + max(0, int((asked.until - AFTER_S - time.time()) / each)))
    if steps > config.run.steps:
        result = train(replace(config, run=replace(config.run, steps=steps)), out, resume=True, on_step=on_step)
    show(asked, result, out, time.time() - began)


def show(asked: argparse.Namespace, result: Any, out: Path, took: float) -> None:
    """Before and after, what a step took, and how many there were."""
    lines = metrics(out)
    tokens = sum(line.get("tokens/sampled", 0.0) for line in lines)
    print(
        f"{asked.what}: {result.steps} of {asked.steps} GRPO steps of {asked.scenarios} × {asked.siblings} games in "
        f"{took:.0f} s with the held-out games; {tokens:,.0f} tokens sampled"
    )
    for name in ("rollout_seconds", "update_seconds"):
        values = [line[name] for line in lines if name in line]
        if values:
            print(f"  {name.split('_')[0]}: {sum(values) / len(values):.1f} s a step")
    rates = result.to_json()["rates"]
    for side, before in rates["before"].items():
        after = rates["after"][side]
        print(
            f"  {side}, {asked.games} held-out games at temperature 0: before {before[0]:.3f} "
            f"[{before[1]:.3f}, {before[2]:.3f}], after {after[0]:.3f} [{after[1]:.3f}, {after[2]:.3f}]"
        )
    for side, difference in result.comparisons.items():
        print(f"  after minus before, {side}: {difference.text}")


if __name__ == "__main__":
    main()
