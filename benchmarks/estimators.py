"""Which estimate of the policy gradient is right, and which says most for what it costs.

    OMP_NUM_THREADS=1 python benchmarks/estimators.py levers [--groups 2000]
    OMP_NUM_THREADS=1 python benchmarks/estimators.py support_desk --model FOLDER [--steps 24] [--out FOLDER]
    OMP_NUM_THREADS=1 python benchmarks/estimators.py werewolf --model FOLDER [--steps 24] [--out FOLDER]

``levers``: a game whose true gradient is a sum of a few terms (``benchmarks/_levers.py``). For each estimator the mean
over groups of four games, its bias in standard errors, and its variance. What claims to be unbiased lies within 3.

The others: a warm start plays ``--steps`` steps and is never updated. In each, the same games give every estimator's
gradient in all weights: the sum over own tokens of advantage times the gradient of the log-probability, a game. Those
that claim to be unbiased all mean the same gradient: they differ in their noise, the trace of a step's covariance, and
in the tokens that they sample. Printed is how much noise times tokens ``reward_to_go`` has for each of an estimator's
(above 1 is better), with the 95% interval of a jackknife over steps. Signal, the squared length of the mean gradient,
is one number for all of them, out of products of different steps, so that noise adds nothing to it; signal over noise
is told for a million sampled tokens. With ``--out`` finished steps are kept, and the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
from _evidence_presets import PRESETS
from _levers import ARENA, Table, gradient, true_gradient
from _machine import machine

from lanista import files
from lanista.arenas import config_json
from lanista.arenas.core import registry
from lanista.cli.common import arena_config
from lanista.errors import LanistaError, UsageError
from lanista.training.algorithms.grpo import forked, rollout_batch
from lanista.training.config import TrainConfig
from lanista.training.forks import Fork, Forked, play_forks
from lanista.training.rollout import plan, play_scenarios, report, trajectories

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
    parser.add_argument("--out", type=Path, help="keeps the steps of a warm start, to go on from")
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
        try:
            found = real(asked, list(dict.fromkeys((BASE, *names))))
        except LanistaError as error:
            parser.error(str(error))
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
    """By estimator: tokens and noise of a step, noise times tokens of ``reward_to_go`` over its own with half of the
    interval, and signal over noise a million tokens. Raises UsageError where ``--out`` holds what was measured
    otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        still = Still(asked, Path(folder))
        gradients: list[list[Any]] = []
        tokens: list[list[float]] = []
        for number in range(asked.steps):
            found = _kept(asked, still, number, names)
            gradients.append([found[name][0] for name in names])
            tokens.append([found[name][1] for name in names])
            print(f"step {number + 1} of {asked.steps}", file=sys.stderr, flush=True)
    return compared(names, np.array(gradients).swapaxes(0, 1), np.array(tokens).T)


class Still:
    """A warm start that does not move, in the setting of its arena."""

    def __init__(self, asked: argparse.Namespace, scratch: Path) -> None:
        from lanista.training import policies
        from lanista.training.league import League, Pool

        preset = PRESETS[asked.arena]
        self.arena = registry.get(asked.arena)
        splits = ["split=train"] if preset.splits else []
        self.game_config = arena_config(self.arena, [*preset.sets, *splits])
        self.options: dict[str, Any] = {
            "arena": asked.arena,
            "arena_config": config_json(self.game_config),
            "model": asked.model,
            "opponents": list(preset.opponents),
            "scenarios": asked.scenarios,
            "group_size": preset.group_size,
            "max_new_tokens": preset.max_new_tokens,
            "evaluate_games": 0,
            "device": "cpu",
            "threads": 1,
            "returns": "reward_to_go",
            "fork_fraction": asked.fraction,
            **preset.training,
        }
        config = self.config(BASE)
        roles = self.arena.roles(self.game_config)
        self.policies = policies.seat(
            config,
            policies.load(config, scratch / "base"),
            {role: team for team in self.arena.contenders(roles) for role in roles[team]},
        )
        self.measured = {
            **self.options,
            "weights": policies.digest(self.policies.model),
            "hash": self.arena.hash(config.game.preset),
        }
        self.league = League(config, Pool(config, scratch / "pool"))
        self.league.policies = self.policies

    def config(self, name: str) -> TrainConfig:
        """A run that learns by that estimator."""
        return TrainConfig.flat(**{**self.options, **ESTIMATORS[name]})

    def step(self, number: int, names: Sequence[str]) -> Iterator[tuple[str, Any, float]]:
        """By estimator: the gradient of a step, shape (P,), a game, and the tokens sampled for it."""
        base = self.config(BASE)
        games = [
            (plan(base, self.arena, self.game_config, number * base.game.scenarios + n), sibling)
            for n in range(base.game.scenarios)
            for sibling in range(base.game.group_size)
        ]
        played: list[Any] = []
        for name in names:
            config = self.config(name)
            if not played:  # the same games serve all of them
                played = play_scenarios(
                    config, self.arena, self.game_config, games, self.policies.seats(), self.league.agent
                )
            found = trajectories(config, played, self.policies.adapters.policy)
            playing = _Still(self, config)
            worth, _ = forked.worth(config, found, number, playing)
            rows = [row for its in rollout_batch(config, found, None, worth).rows.values() for row in its]
            yield name, self.gradient(rows, config) / len(games), report(played)["tokens/sampled"] + playing.tokens

    def gradient(self, rows: Sequence[Any], config: TrainConfig) -> Any:
        """The sum over own tokens of advantage times the gradient of the log-probability; shape (P,)."""
        import torch

        from lanista.training import forward
        from lanista.training.batching import buckets, micro_batch

        model = self.policies.model
        share = forward.can_share(model)
        model.zero_grad(set_to_none=True)
        plain = [replace(row, weight=1.0) for row in rows if row.has_signal]
        for bucket in buckets(plain, 16384, siblings=share):
            its = micro_batch(bucket, self.policies.tokenizer.pad_token_id).tensors
            ids_BL = torch.cat([its["prompt_ids"], its["completion_ids"]], 1)
            own_BL = torch.cat([torch.zeros_like(its["prompt_ids"]), its["tool_mask"]], 1).bool()
            logps_N, _ = forward.own_scores(model, ids_BL, own_BL, config.sampling.temperature, share=share)
            (its["advantages"][its["tool_mask"].bool()] * logps_N).sum().backward()
        parts = [torch.zeros(p.numel()) if p.grad is None else p.grad.flatten() for p in model.parameters()]
        model.zero_grad(set_to_none=True)
        return torch.cat(parts).float().numpy()


class _Still:
    """Forks of a step's games: what ``forked.worth`` plays with."""

    def __init__(self, still: Still, config: TrainConfig) -> None:
        self.still, self.config = still, config
        self.tokens = 0

    def __call__(self, step: int, more: Any = ()) -> list[Any]:
        raise LanistaError("the games of a step are played once for all estimators")

    def forks(self, asked: Sequence[Fork]) -> Forked:
        still = self.still
        found = play_forks(
            self.config, still.arena, still.game_config, asked, still.policies.seats(), still.league.agent
        )
        self.tokens += found.tokens
        return found


def _kept(asked: argparse.Namespace, still: Still, number: int, names: Sequence[str]) -> dict[str, tuple[Any, float]]:
    """Each estimator's gradient and tokens of a step; those that ``--out`` holds are read."""
    folder = None if asked.out is None else asked.out / asked.arena / f"step-{number}"
    found: dict[str, tuple[Any, float]] = {}
    for name in names:
        note = None if folder is None else folder / f"{name}.json"
        if note is not None and note.exists():
            kept = json.loads(note.read_text(encoding="utf-8"))
            if kept["measured"] != still.measured:
                raise UsageError(f"{folder} was measured otherwise: take another --out")
            found[name] = np.load(note.with_suffix(".npy")), kept["tokens"]
    for name, gradient_P, tokens in still.step(number, [name for name in names if name not in found]):
        found[name] = gradient_P, tokens
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            np.save(folder / f"{name}.npy", gradient_P)
            files.write_text(folder / f"{name}.json", json.dumps({"measured": still.measured, "tokens": tokens}) + "\n")
    return found


def compared(names: Sequence[str], gradients_ESP: Any, tokens_ES: Any) -> dict[str, Any]:
    """What ``real`` says, out of each estimator's gradient of each step, shape (E, S, P), and tokens, shape (E, S)."""
    steps = gradients_ESP.shape[1]
    products_ESS = np.einsum("esp,etp->est", gradients_ESP, gradients_ESP, dtype=np.float64)

    def noise(kept: Any) -> Any:
        n, part = len(kept), products_ESS[:, kept][:, :, kept]
        return (np.trace(part, axis1=1, axis2=2) - part.sum((1, 2)) / n) / (n - 1)

    def cost(kept: Any) -> Any:
        return noise(kept) * tokens_ES[:, kept].mean(1)

    every = np.arange(steps)
    whole = cost(every)
    base = list(names).index(BASE)
    left = np.array([cost(np.delete(every, s)) for s in every])
    ratios_SE = left[:, [base]] / left
    spread = np.sqrt((steps - 1) / steps * ((ratios_SE - ratios_SE.mean(0)) ** 2).sum(0))
    honest = [place for place, name in enumerate(names) if name not in BIASED]
    mean_SP = gradients_ESP[honest].mean(0, dtype=np.float64)
    signal = float((mean_SP.sum(0) @ mean_SP.sum(0) - (mean_SP**2).sum()) / (steps * (steps - 1)))
    return {
        name: {
            "tokens": float(tokens_ES[place].mean()),
            "noise": float(noise(every)[place]),
            "against": float(whole[base] / whole[place]),
            "half": 1.96 * float(spread[place]),
            "per_million": signal / float(whole[place]) * 1e6,
        }
        for place, name in enumerate(names)
    }


def _show_real(found: Mapping[str, Any]) -> None:
    print(
        "| estimator | sampled tokens a step | noise a step | for equal tokens, `reward_to_go` = 1 | signal to noise |"
    )
    print("|---|---|---|---|---|")
    for name, one in found.items():
        against = "1" if name == BASE else f"{one['against']:.2f} ± {one['half']:.2f}"
        claim = " (another gradient)" if name in BIASED else ""
        print(f"| {name} | {one['tokens']:,.0f} | {one['noise']:.3g} | {against}{claim} | {one['per_million']:.1f} |")


if __name__ == "__main__":
    main()
