"""Does GRPO help in a task arena? Four arms from one warm start, on the same held-out cases.

``warm``: the tiny model taught by the arena's scripted teachers. ``rejection``: as many games again, the best of each
scenario imitated. ``grpo``: as many games, all of them compared. ``shuffled``: GRPO with advantages dealt out by lot,
which says how much comes from training at all. Every seed has a warm start, training cases and held-out cases of its
own; within a seed all arms play the same held-out cases of the ``test`` split.

Stopped at any moment, the same command goes on where it was; more ``--seeds`` add to what is there.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from _machine import machine

from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.sampling import Sampling
from lanista.arenas import config_json
from lanista.arenas.core import registry
from lanista.cli.common import arena_config
from lanista.stats import Interval, clustered_mean, paired_difference
from lanista.training.config import TrainConfig
from lanista.training.evaluate import Evaluation, evaluate
from lanista.training.loop import train
from lanista.training.metrics import describe
from lanista.training.warmstart import TINY_RECIPE, make_tiny

ARMS = ("warm", "rejection", "grpo", "shuffled")
OF_ALL = ("arena", "set", "games", "size", "warm_games", "max_new_tokens", "temperature")
OF_TRAINING = (
    *("steps", "scenarios", "siblings", "rounds", "learning_rate", "credit"),
    *("team_weight", "individual_weight", "preset", "minibatches", "loss_type"),
)
"""The options that make the result of an arm what it is; what was made with others is not shown as theirs."""

TOOK = "tiny-cpu_s"
"""In a seed's folder: the CPU-seconds of its warm start."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arena", help="support_desk, travel_booking, coding, or any other arena of one team")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="arena config of all games")
    parser.add_argument("--out", type=Path, default=None, help="default: runs/evidence-ARENA")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0, help="to share the seeds among machines")
    parser.add_argument("--games", type=int, default=400, help="held-out cases per seed")
    parser.add_argument("--size", default="64x2", help="width x layers of the model")
    parser.add_argument("--warm-games", type=int, default=6000, help="scripted games of the warm start")
    parser.add_argument("--steps", type=int, default=40, help="GRPO steps")
    parser.add_argument("--scenarios", type=int, default=16, help="scenarios of a GRPO step")
    parser.add_argument("--siblings", type=int, default=8, help="games of a scenario, which are compared")
    parser.add_argument("--rounds", type=int, default=4, help="rounds of rejection sampling")
    parser.add_argument("--learning-rate", type=float, default=1e-3, help="at first; it falls linearly")
    parser.add_argument("--max-new-tokens", type=int, default=64)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument(
        "--credit",
        default="reward_to_go",
        choices=("episode", "reward_to_go"),
        help="what a decision answers for, in GRPO",
    )
    parser.add_argument("--team-weight", type=float, default=5.0, help="factor on team terms, in GRPO")
    parser.add_argument("--individual-weight", type=float, default=0.2, help="factor on individual terms, in GRPO")
    parser.add_argument("--minibatches", type=int, default=1, help="optimizer steps of a GRPO step")
    parser.add_argument("--loss-type", default="dapo", help="GRPO's loss: dapo, a mean over tokens; grpo, over rows")
    parser.add_argument("--preset", default="default", help="reward preset of training; what is measured is the same")
    parser.add_argument("--arms", default=",".join(ARMS), help="warm is always there")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    out = asked.out or Path("runs") / f"evidence-{asked.arena}"
    arms = ["warm", *(arm for arm in asked.arms.split(",") if arm != "warm")]
    found = []
    for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
        found.append({arm: one(asked, out / f"seed-{seed}", seed, arm) for arm in arms})
    if asked.json:
        print(json.dumps([{a: e.to_json() for a, (e, _) in seed.items()} for seed in found], sort_keys=True))
        return
    show(asked, arms, found)


def one(asked: argparse.Namespace, out: Path, seed: int, arm: str) -> tuple[Evaluation, float | None]:
    """The held-out evaluation of one arm and the CPU-seconds it took to make it, done once and kept."""
    kept = out / f"{arm}.json"
    arena = registry.get(asked.arena)
    settings = {name: getattr(asked, name) for name in (*OF_ALL, *(() if arm == "warm" else OF_TRAINING))}
    settings |= {"hash": arena.hash(), "recipe": asdict(TINY_RECIPE)}
    if kept.exists():
        record = json.loads(kept.read_text(encoding="utf-8"))
        if record["settings"] != settings:
            differ = sorted(k for k in settings if record["settings"].get(k) != settings[k])
            raise SystemExit(f"error: {kept} was made with other settings ({', '.join(differ)}): choose another --out")
        return Evaluation.from_json(record["evaluation"]), record["cpu_s"]
    warm = warm_start(asked, out, seed)
    started = time.process_time()
    held_out = arena_config(arena, [*asked.set, "split=test"])
    shared: dict[str, Any] = dict(  # noqa: C408
        arena=asked.arena,
        preset=asked.preset,
        set=config_json(arena_config(arena, [*asked.set, "split=train"])),
        evaluate_set=config_json(held_out),
        model=str(warm.resolve()),
        group_size=asked.siblings,
        max_concurrent_games=asked.scenarios * asked.siblings,
        learning_rate=asked.learning_rate,
        max_new_tokens=asked.max_new_tokens,
        temperature=asked.temperature,
        evaluate_games=0,
        seed=seed,
    )
    say(f"seed {seed}: {arm}")
    if arm == "warm":
        policy = warm
    elif arm == "rejection":
        # A round is a step: the very scenarios that GRPO meets, in fewer and larger parts.
        scenarios = asked.steps * asked.scenarios // asked.rounds
        config = TrainConfig.flat(algorithm="rejection", steps=asked.rounds, scenarios=scenarios, **shared)
        policy = trained(config, out / arm)
    else:
        config = TrainConfig.flat(
            steps=asked.steps,
            scenarios=asked.scenarios,
            lr_schedule="linear",
            returns=asked.credit,
            team_weight=asked.team_weight,
            individual_weight=asked.individual_weight,
            minibatches=asked.minibatches,
            loss_type=asked.loss_type,
            shuffled=arm == "shuffled",
            **shared,
        )
        policy = trained(config, out / arm)
    made_in: float | None = time.process_time() - started
    if arm == "warm":  # not known where it was stopped between the two
        made_in = float((out / TOOK).read_text(encoding="utf-8")) if (out / TOOK).exists() else None
    agent = LMAgent(
        Policy.load(policy, "fp32"),
        sampling=Sampling(temperature=asked.temperature, max_new_tokens=asked.max_new_tokens),
    )
    found = evaluate(arena, held_out, lambda role, team: agent, {}, numbers=range(asked.games), seed=seed)
    part = kept.with_suffix(".part")
    record = {"settings": settings, "evaluation": found.to_json(), "cpu_s": made_in}
    part.write_text(json.dumps(record), encoding="utf-8")
    os.replace(part, kept)
    return found, made_in


def trained(config: TrainConfig, out: Path) -> Path:
    """The folder of the shared policy that the run in ``out`` ends with."""
    run = train(config, out, resume=True, on_step=lambda line: say(f"  {describe(line)}"))
    return run.policies["shared"]


def warm_start(asked: argparse.Namespace, out: Path, seed: int) -> Path:
    """The model all arms start from, made once; the CPU-seconds it took stand beside it."""
    arena = registry.get(asked.arena)
    config = arena_config(arena, [*asked.set, "split=train"])
    fresh, started = not (out / "tiny").exists(), time.process_time()
    made = make_tiny(arena, config, games=asked.warm_games, seed=seed, size=asked.size, out=out / "tiny")
    if fresh:
        (out / TOOK).write_text(str(time.process_time() - started), encoding="utf-8")
    return made


def show(
    asked: argparse.Namespace, arms: Sequence[str], found: Sequence[dict[str, tuple[Evaluation, float | None]]]
) -> None:
    """What each arm reached, and its difference to the warm start with intervals over cases and over seeds."""
    print(machine())
    print(
        f"{asked.arena} {' '.join(asked.set)}: model {asked.size}, {len(found)} seeds, {asked.games} held-out test "
        f"cases each; {asked.warm_games:,} scripted games, then {asked.steps} steps of {asked.scenarios} x "
        f"{asked.siblings} games, learning rate {asked.learning_rate:g}, falling\n"
    )
    (side,) = found[0]["warm"][0].scores
    measures = ["score", *found[0]["warm"][0].facts[side], "refused"]
    print("| measure |", " | ".join(arms), "|")
    print("|---" * (len(arms) + 1) + "|")
    for measure in measures:
        cells = [mean_over_seeds([mean(seed[arm][0], side, measure) for seed in found]) for arm in arms]
        print(f"| {measure} | {' | '.join(cells)} |")
    times = [[spent for seed in found if (spent := seed[arm][1]) is not None] for arm in arms]
    print("| CPU-seconds a seed |", " | ".join(f"{statistics.fmean(t):,.0f}" if t else "—" for t in times), "|")
    for against in ("warm", "rejection", "shuffled"):
        for arm in arms:
            if arm in ("warm", against) or against not in arms or (against != "warm" and arm != "grpo"):
                continue
            print(f"\n{arm} minus {against} (95% over seeds; then each seed's paired interval over its cases)")
            for measure in measures[:-1]:
                gains = [difference(seed[against][0], seed[arm][0], side, measure) for seed in found]
                known = [gain for gain in gains if gain is not None]
                if known:
                    each = "; ".join(f"{g[0]:+.3f} ({g[1]:+.3f} to {g[2]:+.3f})" for g in known)
                    print(f"  {measure:<24} {over_seeds([g[0] for g in known])}   [{each}]")


def mean(found: Evaluation, side: Any, measure: str) -> float | None:
    if measure == "refused":
        return found.illegal_share
    values = found.scores[side] if measure == "score" else found.facts[side][measure]
    kept = [value for value in values if value is not None]
    return statistics.fmean(kept) if kept else None


def difference(before: Evaluation, after: Evaluation, side: Any, measure: str) -> Interval | None:
    """The paired difference over the cases in which both have the measure."""
    first, second = (e.scores[side] if measure == "score" else e.facts[side][measure] for e in (before, after))
    pairs = [(a, b, number) for a, b, number in zip(first, second, after.numbers, strict=True) if None not in (a, b)]
    if len(pairs) < 2:
        return None
    a, b, numbers = (list(column) for column in zip(*pairs, strict=True))
    span = max(1.0, max(abs(y - x) for x, y in zip(a, b, strict=True)))
    return paired_difference(a, b, numbers, span=span)


def mean_over_seeds(values: Sequence[float | None]) -> str:
    kept = [value for value in values if value is not None]
    return f"{statistics.fmean(kept):.3f}" if kept else "—"


def over_seeds(gains: Sequence[float]) -> str:
    """The mean with Student's t interval over seeds."""
    mean_, low, high = clustered_mean(gains, range(len(gains)))
    if math.isinf(high):
        return f"{mean_:+.3f} ({'one seed' if len(gains) < 2 else 'alike in all'})"
    return f"{mean_:+.3f} ({low:+.3f} to {high:+.3f})"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
