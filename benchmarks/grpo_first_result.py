"""Does self-play GRPO help? ``tiny`` warm-started, against the same model after GRPO, on the same held-out deals.

One fixed deck, one fixed training opponent, fixed scripted opponents in the evaluation. Every seed makes its own warm
start and its own training run. Before and after play the same scenarios as the village and as the wolves. Two
intervals are printed: within a seed over scenarios (is *this* policy better?), and over seeds (does training help?).

Stopped at any moment, the same command goes on from the last checkpoint of the seed it was at.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from _machine import machine

from lanista.arenas.core import registry
from lanista.stats import clustered_mean
from lanista.training.config import TrainConfig
from lanista.training.loop import TrainResult, train
from lanista.training.metrics import describe
from lanista.training.warmstart import make_tiny

DECK: dict[str, Any] = {"players": 5, "wolves": 1, "roles": ["seer"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/grpo-first-result"))
    parser.add_argument("--steps", type=int, default=80, help="GRPO steps")
    parser.add_argument("--opponent", default="crowd", help="who sits opposite in training")
    parser.add_argument("--against", default="crowd,random", help="scripted opponents of the evaluation")
    parser.add_argument("--games", type=int, default=400, help="held-out games per side and opponent")
    parser.add_argument("--seeds", type=int, default=3, help="training seeds")
    parser.add_argument("--first-seed", type=int, default=0, help="to share the seeds among machines")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--lr-schedule", default="linear", help="constant or linear")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    started = time.process_time()
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    results = [one(asked, seed) for seed in seeds]
    if asked.json:
        print(json.dumps([result.to_json() for result in results]))
        return
    show(results, asked, time.process_time() - started)


def one(asked: argparse.Namespace, seed: int) -> TrainResult:
    """A warm start and a training run of one seed, or what is left of them to do."""
    arena = registry.get("werewolf")
    out = asked.out / f"seed-{seed}"
    say(f"seed {seed}: warm start")
    model = make_tiny(arena, arena.configure(**DECK), seed=seed, out=out / "tiny")
    config = TrainConfig.flat(
        set=DECK,
        model=str(model.resolve()),
        opponents=(asked.opponent,),
        steps=asked.steps,
        max_new_tokens=24,
        learning_rate=asked.learning_rate,
        lr_schedule=asked.lr_schedule,
        evaluate_games=asked.games,
        evaluate_opponents=tuple(asked.against.split(",")),
        seed=seed,
    )
    return train(config, out / "train", resume=True, on_step=lambda line: say(f"seed {seed}: {describe(line)}"))


def show(results: Sequence[TrainResult], asked: argparse.Namespace, busy_s: float) -> None:
    """The tables, and what was and was not measured."""
    print(machine())
    print(
        f"werewolf, deck {DECK}; tiny taught by crowd, then {asked.steps} GRPO steps against {asked.opponent}; "
        f"{len(results)} seeds, {asked.games} held-out scenarios per side and opponent\n"
    )
    sides = [side for side in results[0].comparisons if side != "overall"] + ["overall"]
    print("| seed | policy plays | warm start | + GRPO | difference, paired 95% interval over scenarios |")
    print("|---|---|---|---|---|")
    for seed, result in enumerate(results, asked.first_seed):
        for side in sides:
            comparison = result.comparisons[side]
            before, after = (mean(found, side) for found in (result.before, result.after))
            print(
                f"| {seed} | {side} | {before:.3f} | {after:.3f} | {comparison.diff:+.3f} "
                f"({comparison.low:+.3f} to {comparison.high:+.3f}) |"
            )
    print("\n| policy plays | mean difference | 95% interval over seeds |")
    print("|---|---|---|")
    for side in sides:
        gains = [result.comparisons[side].diff for result in results]
        print(f"| {side} | {statistics.fmean(gains):+.3f} | {over_seeds(gains)} |")
    shares = [(r.before.illegal_share, r.after.illegal_share) for r in results if r.before and r.after]
    print("\nrefused replies per seed:", ", ".join(f"{a:.1%} → {b:.1%}" for a, b in shares))
    print(f"this call used {busy_s:.0f} CPU-seconds; what was done before is not played again")


def mean(found: Any, side: str) -> float:
    """The mean score of one side, or of all of them."""
    scores = {" against ".join(key): values for key, values in found.scores.items()}
    return (
        statistics.fmean(scores[side]) if side in scores else statistics.fmean(map(statistics.fmean, scores.values()))
    )


def over_seeds(gains: Sequence[float]) -> str:
    """Student's t interval of the mean over training seeds."""
    if len(gains) < 2:
        return "one seed: none"
    _, low, high = clustered_mean(gains, range(len(gains)))
    return f"{low:+.3f} to {high:+.3f}"


def say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
