"""Which estimate of the policy gradient is right, and which says most for what it costs.

    OMP_NUM_THREADS=1 python benchmarks/estimators.py levers [--groups 2000]
    OMP_NUM_THREADS=1 python benchmarks/estimators.py support_desk --model FOLDER [--steps 24]
    OMP_NUM_THREADS=1 python benchmarks/estimators.py werewolf --model FOLDER [--steps 24]

``levers``: a game whose true gradient is a sum of a few terms (``benchmarks/_levers.py``). For each estimator the mean
over groups of four games, its bias in standard errors, and its variance. What claims to be unbiased lies within 3.

The others: a warm start plays ``--steps`` steps and is never updated. Every estimator sees the same games, and each
gives a gradient a step, in all weights. Signal is the squared length of the gradient's mean, from products of
different steps, so that noise adds nothing; noise is what is left of the squared length. Printed is signal to noise of
one step for every million sampled tokens, with the interval of a jackknife over steps.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
from _evidence_presets import PRESETS
from _levers import ARENA, Table, gradient, true_gradient
from _machine import machine

from lanista.arenas import config_json
from lanista.arenas.core import registry
from lanista.cli.common import arena_config
from lanista.training.algorithms.grpo import forked, rollout_batch
from lanista.training.config import TrainConfig
from lanista.training.forks import Fork, Forked, play_forks
from lanista.training.rollout import plan, play_scenarios, trajectories

ESTIMATORS: Mapping[str, Mapping[str, Any]] = {
    "episode": {"returns": "episode"},
    "reward_to_go": {},
    "span": {"returns": "span"},
    "group mean": {"baseline": "mean"},
    "2 branches": {"branches": 2},
    "4 branches": {"branches": 4},
    "2 playouts": {"fork_values": 2},
    "8 playouts": {"fork_values": 8},
}
BIASED = ("span", "group mean")
"""Those that do not claim to be right in every game."""

BASE = "reward_to_go"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arena", choices=["levers", *sorted(PRESETS)])
    parser.add_argument("--groups", type=int, default=2000, help="levers: groups of four games an estimator")
    parser.add_argument("--fraction", type=float, default=1.0, help="share of decisions that are forked")
    parser.add_argument("--model", default=None, help="the warm start's folder")
    parser.add_argument("--steps", type=int, default=24, help="steps that are played")
    parser.add_argument("--scenarios", type=int, default=4, help="scenarios of a step")
    parser.add_argument("--estimators", default=",".join(ESTIMATORS), help="which, by name")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    names = [name.strip() for name in asked.estimators.split(",")]
    for name in names:
        if name not in ESTIMATORS:
            parser.error(f"there is no estimator {name!r} (there is: {', '.join(ESTIMATORS)})")
    if asked.arena == "levers":
        found = levers(asked.groups, asked.fraction, names)
        show = _show_levers
    elif asked.model is None:
        parser.error("say which warm start with --model FOLDER (lanista models make tiny, or a seed of evidence.py)")
    elif asked.steps < 3:
        parser.error(f"--steps is at least 3, not {asked.steps}")
    else:
        found = real(asked, list(dict.fromkeys((BASE, *names))))
        show = _show_real
    if asked.json:
        print(json.dumps({"machine": machine(), "found": found}, sort_keys=True))
    else:
        print(machine())
        show(found)


# The game with a known gradient


class _Levers:
    """A step of the small game: what ``forked.worth`` plays with."""

    def __init__(self, config: TrainConfig, table: Table) -> None:
        self.config, self.table = config, table
        self.tokens = 0

    def __call__(self, step: int, more: Any = ()) -> list[Any]:
        config = self.config
        scenario = plan(config, ARENA, ARENA.configure(), step)
        games = [(scenario, sibling) for sibling in range(config.game.group_size)]
        played = play_scenarios(config, ARENA, ARENA.configure(), games, self._seat, self._nobody)
        found = trajectories(config, played, lambda role, team: "shared")
        self.tokens += sum(row.tokens for one in found for row in one.rows)
        return found

    def forks(self, asked: Sequence[Fork]) -> Forked:
        found = play_forks(self.config, ARENA, ARENA.configure(), asked, self._seat, self._nobody)
        self.tokens += found.tokens
        return found

    def _seat(self, role: str, team: str) -> Table:
        return self.table

    def _nobody(self, *of: Any) -> Table:
        return self.table


def levers(
    groups: int, fraction: float = 1.0, names: Sequence[str] = tuple(ESTIMATORS), logits: Sequence[float] = (-0.5, 0.8)
) -> dict[str, Any]:
    """By estimator: mean and true gradient, standard errors between them (the larger of the two logits'), variance of
    one group's estimate (summed over logits), and tokens a group."""
    table, truth = Table(logits), true_gradient(logits)
    found = {}
    for name in names:
        how = {"returns": "reward_to_go", "fork_fraction": fraction, **ESTIMATORS[name]}
        config = TrainConfig.flat(group_size=4, evaluate_games=0, reward_unit=1.0, device="cpu", **how)
        play = _Levers(config, table)
        estimates = np.array([_estimate(config, play, step, logits) for step in range(groups)])
        mean, error = estimates.mean(0), estimates.std(0, ddof=1) / math.sqrt(groups)
        found[name] = {
            "truth": truth.tolist(),
            "mean": mean.tolist(),
            "errors": float(np.abs((mean - truth) / error).max()),
            "variance": float(estimates.var(0, ddof=1).sum()),
            "tokens": play.tokens / groups,
        }
    return found


def _estimate(config: TrainConfig, play: _Levers, step: int, logits: Sequence[float]) -> Any:
    found = play(step)
    worth, _ = forked.worth(config, found, step, play)
    batch = rollout_batch(config, found, None, worth)
    return gradient(batch.rows["shared"], logits, config.game.group_size)


def _show_levers(found: Mapping[str, Any]) -> None:
    truth = next(iter(found.values()))["truth"]
    print(f"the gradient is ({truth[0]:.4f}, {truth[1]:.4f})\n")
    print("| estimator | mean | off by, standard errors | variance of a group | tokens a group | variance × tokens |")
    print("|---|---|---|---|---|---|")
    base = found.get(BASE)
    for name, one in found.items():
        cost = one["variance"] * one["tokens"]
        ratio = "" if base is None else f" ({cost / (base['variance'] * base['tokens']):.2f} × {BASE})"
        claim = " (not claimed)" if name in BIASED else ""
        mean = ", ".join(f"{value:.4f}" for value in one["mean"])
        print(
            f"| {name} | ({mean}) | {one['errors']:.1f}{claim} | {one['variance']:.3f} | {one['tokens']:.1f} "
            f"| {cost:.2f}{ratio} |"
        )


# Warm starts


def real(asked: argparse.Namespace, names: Sequence[str]) -> dict[str, Any]:
    """By estimator: signal to noise of a step a million tokens, half of its interval, and tokens a step."""
    import torch

    from lanista.training.loop import _Loop, _Played

    preset = PRESETS[asked.arena]
    arena = registry.get(asked.arena)
    sets = config_json(arena_config(arena, [*preset.sets, *(["split=train"] if preset.splits else [])]))
    gradients: dict[str, list[Any]] = {name: [] for name in names}
    tokens: dict[str, float] = dict.fromkeys(names, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            how = {
                **{"returns": "reward_to_go", "loss_type": "grpo", "fork_fraction": asked.fraction},
                **{**preset.training, **ESTIMATORS[name]},
            }
            config = TrainConfig.flat(
                arena=asked.arena,
                arena_config=sets,
                model=asked.model,
                opponents=preset.opponents,
                scenarios=asked.scenarios,
                group_size=preset.group_size,
                max_new_tokens=preset.max_new_tokens,
                evaluate_games=0,
                steps=asked.steps,
                device="cpu",
                threads=1,
                **how,
            )
            work: Any = _Loop(config, Path(folder) / name.replace(" ", "-"), None)
            work.prepare()
            from lanista.training import algorithms, policies

            work.policies = work.league.policies = policies.seat(config, work.base, work._learning_roles())
            work.algorithm = algorithms.get("grpo")(config, work.policies)
            model = work.policies.policy.model
            for step in range(asked.steps):
                work.numbers = {}
                work.policies.step = step
                found = work.algorithm.collect(step, _Played(work))
                batch = rollout_batch(config, found, None, work.algorithm.worth)
                trainer = work.algorithm.trainer
                model.zero_grad()
                trainer.model.train()
                trainer.passes(trainer.pack(batch.rows, step)[0])
                flat = [p.grad.flatten() for p in model.parameters() if p.grad is not None]
                gradients[name].append(torch.cat(flat).double())
                tokens[name] += work.numbers["tokens/sampled"]
                print(f"{name}: step {step + 1} of {asked.steps}", file=sys.stderr, flush=True)
            model.zero_grad()
    return {name: _worth(gradients[name], tokens[name] / asked.steps) for name in names}


def _worth(gradients: Sequence[Any], tokens: float) -> dict[str, float]:
    """Signal to noise of one step a million tokens, with half of its 95% interval (a jackknife over steps)."""
    import torch

    stacked = torch.stack(list(gradients))
    products = (stacked @ stacked.T).numpy()

    def of(keep: Sequence[int]) -> float:
        part = products[np.ix_(keep, keep)]
        n = len(keep)
        signal = (part.sum() - np.trace(part)) / (n * (n - 1))
        noise = np.trace(part) / n - signal
        return float(signal / noise * 1e6 / tokens)

    every = list(range(len(gradients)))
    parts = [of([i for i in every if i != left]) for left in every]
    n = len(parts)
    spread = math.sqrt((n - 1) / n * sum((part - sum(parts) / n) ** 2 for part in parts))
    return {"per_million": of(every), "half": 1.96 * spread, "tokens": tokens}


def _show_real(found: Mapping[str, Any]) -> None:
    print("| estimator | sampled tokens a step | signal to noise a million tokens | against reward_to_go |")
    print("|---|---|---|---|")
    base = found[BASE]
    for name, one in found.items():
        apart = math.hypot(one["half"], base["half"]) < abs(one["per_million"] - base["per_million"])
        verdict = "–" if name == BASE else "another" if apart else "no difference shown"
        print(f"| {name} | {one['tokens']:,.0f} | {one['per_million']:.2f} ± {one['half']:.2f} | {verdict} |")


if __name__ == "__main__":
    main()
