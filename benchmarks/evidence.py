"""What is learned that cooling cannot buy? One warm start per seed, several ways of learning, best against best.

    OMP_NUM_THREADS=1 python benchmarks/evidence.py ARENA [--seeds 5] [--steps 40] [--games 300] [--arms …]

``warm``: the tiny model as its teachers made it. ``rejection``: the best game of every scenario is imitated.
``grpo``: GRPO as it was; ``recipe``: as it is advised now; ``ppo``: the recipe's step with a critic; ``shuffled``: the
recipe with advantages dealt out by lot. Any other arm is an installed algorithm at its own defaults, with ``--option
ARM:KEY=VALUE`` besides.

*Budget.* Rejection sampling plays ``--steps`` steps' worth of games; what it sampled is the budget of its seed. Every
other arm ends with the step that reaches it, and a falling rate falls over it. *Measure.* All arms play the same
held-out cases at temperatures 0, 0.3, 0.5, 0.7 and 1, and are compared each at its own best one, which is chosen on
one half of the cases and judged on the other (``lanista.training.temperatures``). Intervals are over seeds and cases
(``lanista.stats.over_seeds_and_cases``).

Stopped at any moment, even by ``kill -9``, the same command goes on where it was; more seeds and arms add to what is
there. What was made with other settings is refused.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from _evidence_presets import ARMS, PRESETS, Preset
from _machine import machine

from lanista import files
from lanista.agents import registry as agents
from lanista.agents.contract import Agent
from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.sampling import Sampling
from lanista.arenas import config_json
from lanista.arenas.core import registry
from lanista.cli.common import arena_config
from lanista.errors import LanistaError
from lanista.stats import over_seeds_and_cases
from lanista.training.config import TrainConfig
from lanista.training.evaluate import Evaluation, Side, evaluate, named
from lanista.training.loop import train
from lanista.training.metrics import describe, metrics
from lanista.training.temperatures import best, called
from lanista.training.warmstart import TINY_RECIPE, make_tiny

TEMPERATURES = (0.0, 0.3, 0.5, 0.7, 1.0)
ROUNDS = 4
"""Of rejection sampling."""


@dataclass(frozen=True)
class Arm:
    """What one arm of one seed came to."""

    sweep: Mapping[float, Evaluation]
    tokens: float
    """Sampled in training."""


def main() -> None:
    asked = _arguments()
    preset, out = PRESETS[asked.arena], asked.out or Path("runs/evidence") / asked.arena
    try:
        if asked.reach:
            _reach(asked, preset)
            return
        found = [_seed(asked, preset, out / f"seed-{seed}", seed) for seed in asked.seeds]
    except LanistaError as error:
        raise SystemExit(f"error: {error}") from None
    measure = registry.get(asked.arena).success
    if asked.json:
        print(json.dumps(_record(found, measure), sort_keys=True))
    else:
        _show(asked, preset, found, measure)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arena", choices=sorted(PRESETS))
    parser.add_argument("--seeds", type=_seeds, default=list(range(1, 6)), help="how many (from 1), or a list: 3,4")
    parser.add_argument("--steps", type=int, default=40, help="steps whose games are the budget")
    parser.add_argument("--games", type=int, default=300, help="held-out cases a seed, side and temperature")
    parser.add_argument("--arms", default="rejection,grpo,recipe,shuffled", help="warm is always there")
    parser.add_argument("--option", action="append", default=[], metavar="ARM:KEY=VALUE", help="of training")
    parser.add_argument("--warm-games", type=int, default=0, help="scripted games of the warm start; 0: the preset's")
    parser.add_argument("--size", default="64x2", help="width x layers of the model")
    parser.add_argument("--out", type=Path, default=None, help="default: runs/evidence/ARENA")
    parser.add_argument("--reach", action="store_true", help="only how the preset's teachers and best player do")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    asked.arms = [arm for arm in asked.arms.split(",") if arm not in ("", "warm")]
    if asked.steps < ROUNDS or asked.games < 2:
        parser.error(f"--steps is at least {ROUNDS} and --games at least 2, not {asked.steps} and {asked.games}")
    for word in asked.option:
        arm, colon, pair = word.partition(":")
        if not colon or "=" not in pair or arm not in asked.arms:
            parser.error(f"--option is ARM:KEY=VALUE of one of {', '.join(asked.arms)}, not {word!r}")
    return asked


def _seeds(words: str) -> list[int]:
    return [int(word) for word in words.split(",") if word] if "," in words else list(range(1, int(words) + 1))


# One seed


def _seed(asked: argparse.Namespace, preset: Preset, out: Path, seed: int) -> dict[str, Arm]:
    """Every arm of a seed; rejection sampling goes first, for it sets the budget."""
    warm = _warm_start(asked, preset, out, seed)
    found = {"warm": Arm(_sweep(asked, preset, out / "warm", seed, warm, {}), 0.0)}
    if not asked.arms:
        return found
    budget = 0.0
    for arm in ["rejection", *(arm for arm in asked.arms if arm != "rejection")]:
        options = _options(asked, preset, arm, warm, seed, budget)
        run = out / arm / "run"
        say(f"seed {seed}: {arm}" + (f", at most {budget:,.0f} sampled tokens" if budget else ""))
        config = TrainConfig.flat(**options)
        policy = train(config, run, resume=True, on_step=lambda line: say(f"  {describe(line)}")).policies["shared"]
        tokens = sum(line.get("tokens/sampled", 0.0) for line in metrics(run))
        budget = budget or tokens
        if arm in asked.arms:
            told = {key: value for key, value in options.items() if key != "model"}
            found[arm] = Arm(_sweep(asked, preset, out / arm, seed, policy, told), tokens)
    return found


def _options(
    asked: argparse.Namespace, preset: Preset, arm: str, warm: Path, seed: int, budget: float
) -> dict[str, Any]:
    """The training run of an arm, by flat names."""
    arena = registry.get(asked.arena)
    options: dict[str, Any] = {
        "arena": asked.arena,
        "set": config_json(arena_config(arena, [*preset.sets, *_split(preset, "train")])),
        "model": str(warm.resolve()),
        "opponents": preset.opponents,
        "scenarios": preset.scenarios,
        "group_size": preset.group_size,
        "max_concurrent_games": preset.scenarios * preset.group_size,
        "max_new_tokens": preset.max_new_tokens,
        "steps": asked.steps * 4,  # an upper bound: the budget ends the run
        "max_tokens": round(budget),
        "evaluate_games": 0,
        "save_every": 5,
        "seed": seed,
        **preset.training,
        **ARMS.get(arm, {"algorithm": arm}),
    }
    if arm == "grpo":
        options["returns"] = preset.old_returns
    if arm == "rejection":  # a round is a step: the scenarios that the others meet, in fewer and larger parts
        options |= {"steps": ROUNDS, "scenarios": asked.steps * preset.scenarios // ROUNDS}
        options |= {"max_tokens": 0, "save_every": 1}
    for word in asked.option:
        of, _, pair = word.partition(":")
        key, _, value = pair.partition("=")
        if of == arm:
            options[key.replace("-", "_")] = _value(value)
    return options


def _value(word: str) -> Any:
    try:
        return json.loads(word)
    except ValueError:
        return word


def _split(preset: Preset, name: str) -> list[str]:
    return [f"split={name}"] if preset.splits else []


def _warm_start(asked: argparse.Namespace, preset: Preset, out: Path, seed: int) -> Path:
    """The model that all arms of a seed start from, made once."""
    arena = registry.get(asked.arena)
    config = arena_config(arena, [*preset.sets, *_split(preset, "train")])
    started = time.process_time()
    made = make_tiny(
        arena,
        config,
        preset.teachers,
        games=asked.warm_games or preset.warm_games,
        seed=seed,
        size=asked.size,
        out=out / "tiny",
    )
    say(f"seed {seed}: warm start, {time.process_time() - started:.0f} CPU-seconds")
    return made


def _sweep(
    asked: argparse.Namespace, preset: Preset, out: Path, seed: int, policy: Path, options: Mapping[str, Any]
) -> dict[float, Evaluation]:
    """The held-out cases at every temperature; each is played once and kept."""
    arena = registry.get(asked.arena)
    config = arena_config(arena, [*preset.sets, *_split(preset, "test")])
    settings = json.loads(
        json.dumps(
            {
                **{"hash": arena.hash(), "games": asked.games, "config": config_json(config), "size": asked.size},
                **{"teachers": preset.teachers, "warm_games": asked.warm_games or preset.warm_games},
                **{"held_out": preset.held_out, "recipe": asdict(TINY_RECIPE), "options": options},
            }
        )
    )
    opponents = {name: agents.make(name, arena=arena.name) for name in preset.held_out}
    loaded: Policy | None = None
    found: dict[float, Evaluation] = {}
    for temperature in TEMPERATURES:
        kept = out / f"at-{called(temperature)}.json"
        if not kept.exists():
            say(f"seed {seed}: {out.name} at temperature {called(temperature)}")
            loaded = loaded or Policy.load(policy, "fp32")
            sampling = Sampling(temperature=temperature, max_new_tokens=preset.max_new_tokens)
            played = evaluate(
                arena,
                config,
                _everywhere(LMAgent(loaded, sampling=sampling)),
                opponents,
                numbers=range(asked.games),
                seed=seed,
                max_concurrent_games=128,
            )
            kept.parent.mkdir(parents=True, exist_ok=True)
            files.write_text(kept, json.dumps({"settings": settings, "evaluation": played.to_json()}))
        record = json.loads(kept.read_text(encoding="utf-8"))
        if record["settings"] != settings:
            differ = sorted(key for key in settings if record["settings"].get(key) != settings[key])
            raise LanistaError(f"{kept} was made with other settings ({', '.join(differ)}): choose another --out")
        found[temperature] = Evaluation.from_json(record["evaluation"])
    return found


def _everywhere(agent: Agent) -> Callable[[str, str], Agent]:
    """One player in all seats of its team."""
    return lambda role, team: agent


# What it came to


def _values(found: Evaluation, side: Side, measure: str | None) -> list[float]:
    """A number per case; a case that an arena has no such fact of counts as not done."""
    values = found.scores[side] if measure is None else found.facts[side][measure]
    return [0.0 if value is None else float(value) for value in values]


def _gain(found: Sequence[Mapping[str, Arm]], than: str, arm: str, side: Side, measure: str | None) -> str:
    """Best against best, paired by case, over seeds and cases."""
    if arm == than or than not in found[0]:
        return "–"
    differences = []
    for seed in found:
        before, after = (_values(best(seed[name].sweep, measure).evaluation, side, measure) for name in (than, arm))
        differences.append([b - a for a, b in zip(before, after, strict=True)])
    value, low, high = over_seeds_and_cases(differences)
    shown = "**" if low > 0 or high < 0 else ""
    return f"{shown}{100 * value:+.1f}{shown} [{100 * low:+.1f}, {100 * high:+.1f}]"


def _rows(found: Sequence[Mapping[str, Arm]], side: Side, measure: str | None) -> list[tuple[str, dict[str, str]]]:
    """A row per arm."""
    rows = []
    for arm in found[0]:
        bests = [best(seed[arm].sweep, measure) for seed in found]
        cells = {"sampled tokens a seed": f"{statistics.fmean(seed[arm].tokens for seed in found):,.0f}"}
        for temperature in TEMPERATURES:
            means = [statistics.fmean(_values(seed[arm].sweep[temperature], side, measure)) for seed in found]
            cells[f"T = {called(temperature)}"] = f"{statistics.fmean(means):.1%}"
        means = [statistics.fmean(_values(one.evaluation, side, measure)) for one in bests]
        cells |= {
            "its best T, by seed": ", ".join(called(one.chosen[side]) for one in bests),
            "at its best": f"{statistics.fmean(means):.1%}",
            "refused": f"{statistics.fmean(one.evaluation.illegal_share for one in bests):.1%}",
            "− warm start, points": _gain(found, "warm", arm, side, measure),
            "− rejection, points": _gain(found, "rejection", arm, side, measure),
        }
        rows.append((arm, cells))
    return rows


def _show(asked: argparse.Namespace, preset: Preset, found: Sequence[Mapping[str, Arm]], measure: str | None) -> None:
    print(machine())
    print(
        f"{asked.arena} {' '.join(preset.sets)}: model {asked.size}, taught by {', '.join(preset.teachers)} in "
        f"{asked.warm_games or preset.warm_games:,} games; budget: the games of {asked.steps} steps of "
        f"{preset.scenarios} x {preset.group_size}; seeds {', '.join(map(str, asked.seeds))}, {asked.games} held-out "
        "cases each; differences best against best, 95% over seeds and cases"
    )
    for side in found[0]["warm"].sweep[0.0].scores:
        rows = _rows(found, side, measure)
        print(f"\n{named(side)}: {measure or 'score'}\n")
        print("| arm |", " | ".join(rows[0][1]), "|")
        print("|---" * (len(rows[0][1]) + 1) + "|")
        for arm, cells in rows:
            print(f"| {arm} |", " | ".join(cells.values()), "|")


def _record(found: Sequence[Mapping[str, Arm]], measure: str | None) -> dict[str, Any]:
    sides = list(found[0]["warm"].sweep[0.0].scores)
    return {named(side): dict(_rows(found, side, measure)) for side in sides}


def _reach(asked: argparse.Namespace, preset: Preset) -> None:
    """How well the preset's teachers and its best player do, who are what a policy has to leave and to reach."""
    arena = registry.get(asked.arena)
    config = arena_config(arena, [*preset.sets, *_split(preset, "test")])
    opponents = {name: agents.make(name, arena=arena.name) for name in preset.held_out}
    print(machine())
    for name in dict.fromkeys([*preset.teachers, preset.best_player]):
        player = _everywhere(agents.make(name, arena=arena.name))
        found = evaluate(arena, config, player, opponents, numbers=range(asked.games), seed=1)
        for side in found.scores:
            mean = statistics.fmean(_values(found, side, arena.success))
            print(f"{name}, {named(side)}: {mean:.1%} of {asked.games}")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
