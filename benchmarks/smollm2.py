"""SmolLM2-135M for real: prompted, warm-started and trained by GRPO, on a CPU, on the same held-out games.

``prompted``: the model as it came, shown a few example replies. ``warm``: an adapter taught by scripted players' games
and merged. ``trained``: that, after GRPO with an adapter. Each arm's temperature is the one of ``--temperatures`` at
which it scores best in ``--choose`` games that are used for nothing else; then it plays ``--games`` held-out ones, the
same for all arms.

Every stage is a process of its own, so that its peak memory is known, and every one goes on where it was stopped: the
same command continues, and with ``--minutes`` it stops by itself. ``--stages`` names those to run, in order.

    python benchmarks/smollm2.py --arena support_desk --out runs/smollm2-desk [--minutes 60]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ARMS = ("prompted", "warm", "trained")
STAGES = ("teach", "train", "warm", "trained", "prompted")

ARENAS: dict[str, dict[str, Any]] = {
    "support_desk": {
        "set": {"brief": "short", "horizon": 16, "split": "train"},
        "choose": {"split": "dev"},
        "held_out": {"split": "test"},
        "teachers": ["desk_novice"],
        "training": {"team_weight": 5.0, "individual_weight": 0.2},
        "opponents": ["self"],
        "evaluate": [],
    },
    "werewolf": {
        "set": {"players": 5, "wolves": 1, "roles": ["seer"]},
        "choose": {},
        "held_out": {},
        "teachers": ["crowd"],
        "training": {},
        "opponents": ["crowd"],
        "evaluate": ["crowd", "bayes"],
    },
}
"""What is short enough for two cores. The desk is taught by novices alone: what it lacks is a decision, not form."""

CHOOSING = 100_000
"""The first scenario number of the games that choose a temperature; held-out ones begin at 0."""

CHUNK = 25
"""Games of an evaluation that are played and kept at a time."""


def main() -> None:
    asked = arguments().parse_args()
    asked.out = asked.out or Path("runs") / f"smollm2-{asked.arena}"
    if asked.stage:
        sys.exit(alone(asked))
    same_settings(asked)
    ends = time.monotonic() + 60 * asked.minutes if asked.minutes else None
    for stage in asked.stages:
        if not child(stage, ends):
            print(f"stopped in {stage!r}; the same command goes on", file=sys.stderr)
            return
    show(asked)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arena", choices=tuple(ARENAS), default="support_desk")
    parser.add_argument("--out", type=Path, default=None, help="default: runs/smollm2-ARENA")
    parser.add_argument("--model", default="smollm2", help="smollm2, or any other folder to try the script with")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES)
    parser.add_argument("--minutes", type=float, default=0, help="stop after so long; 0: when all is done")
    parser.add_argument("--teaching-games", type=int, default=300)
    parser.add_argument("--teachers", nargs="+", default=None, help="who is imitated; default: see ARENAS")
    parser.add_argument("--steps", type=int, default=40, help="GRPO steps")
    parser.add_argument("--scenarios", type=int, default=4, help="scenarios of a step")
    parser.add_argument("--siblings", type=int, default=8, help="games of a scenario")
    parser.add_argument("--learning-rate", type=float, default=2e-4, help="of GRPO")
    parser.add_argument("--lora-r", type=int, default=16)
    parser.add_argument("--tokens-per-batch", type=int, default=1024, help="bounds the memory of an update")
    parser.add_argument("--games", type=int, default=200, help="held-out games of each arm (and side)")
    parser.add_argument("--choose", type=int, default=50, help="games that choose a temperature")
    parser.add_argument("--temperatures", nargs="+", type=float, default=[0.0, 0.3, 0.7, 1.0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--stage", choices=STAGES, default=None, help=argparse.SUPPRESS)
    return parser


def same_settings(asked: argparse.Namespace) -> None:
    """Raises SystemExit where what stands in ``--out`` was made otherwise."""
    free = ("out", "stages", "stage", "minutes", "games", "choose", "threads", "device", "tokens_per_batch")
    mine = {name: value for name, value in vars(asked).items() if name not in free}
    place = asked.out / "settings.json"
    if not place.exists():
        write(place, mine)
        return
    theirs = json.loads(place.read_text(encoding="utf-8"))
    changed = [
        f"{name} was {theirs.get(name)!r} and is {mine[name]!r}" for name in mine if theirs.get(name) != mine[name]
    ]
    if changed:
        raise SystemExit(
            f"{asked.out} was begun otherwise: {'; '.join(changed)}. Repeat its flags, or take another --out"
        )


# Stages as processes


def child(stage: str, ends: float | None) -> bool:
    """Run this command again for one stage. Returns whether it ended by itself; raises SystemExit where it failed."""
    process = subprocess.Popen([sys.executable, *sys.argv, "--stage", stage])
    try:
        code = process.wait(None if ends is None else max(1.0, ends - time.monotonic()))
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.send_signal(signal.SIGINT)
        process.wait()
        return False
    if code:
        raise SystemExit(code)
    return True


def alone(asked: argparse.Namespace) -> int:
    """One stage, in this process. Its peak memory is kept beside what it made."""
    import resource

    os.environ["OMP_NUM_THREADS"] = str(asked.threads)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from lanista.errors import LanistaError, Stopped

    asked.out.mkdir(parents=True, exist_ok=True)
    try:
        {"teach": teach, "train": train}.get(asked.stage, play)(asked)
    except (Stopped, KeyboardInterrupt):
        return 130
    except LanistaError as error:
        print(f"{asked.stage}: {error}", file=sys.stderr)
        return 2
    finally:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        place = asked.out / "memory.json"
        known = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
        known[asked.stage] = max(peak, known.get(asked.stage, 0))
        write(place, known)
    return 0


def teach(asked: argparse.Namespace) -> None:
    """Supervised fine-tuning of an adapter, merged into ``OUT/warm`` in bf16: the warm start is what is saved."""
    import torch

    from lanista import files
    from lanista.agents.lm.merging import merged
    from lanista.agents.lm.policy import Policy

    if (asked.out / "warm").exists():
        return
    setup = ARENAS[asked.arena]
    run = trained(
        asked,
        "taught",
        algorithm="sft",
        model=asked.model,
        teachers=asked.teachers or setup["teachers"],
        teaching_games=asked.teaching_games,
        epochs=2,
        batch_rows=4,
        learning_rate=5e-4,
    )
    policy = Policy.load(run.policies["shared"], "fp32", asked.device)
    model = merged(policy.model).to(torch.bfloat16)
    with files.making_folder(asked.out / "warm") as place:
        model.save_pretrained(place)
        policy.tokenizer.save_pretrained(place)


def train(asked: argparse.Namespace) -> None:
    """GRPO with an adapter on the warm start."""
    trained(
        asked,
        "trained",
        model=str((asked.out / "warm").resolve()),
        opponents=ARENAS[asked.arena]["opponents"],
        steps=asked.steps,
        scenarios=asked.scenarios,
        group_size=asked.siblings,
        max_concurrent_games=asked.scenarios * asked.siblings,
        learning_rate=asked.learning_rate,
        returns="reward_to_go",
        loss_type="grpo",
        minibatches=2,
        tokens_per_batch=asked.tokens_per_batch,
        save_every=1,
        **ARENAS[asked.arena]["training"],
    )


def trained(asked: argparse.Namespace, name: str, **options: Any) -> Any:
    """The run ``OUT/name``, gone on with where it was stopped."""
    from lanista.training.config import TrainConfig
    from lanista.training.loop import train as go
    from lanista.training.metrics import describe

    config = TrainConfig.flat(
        arena=asked.arena,
        set=ARENAS[asked.arena]["set"],
        lora_r=asked.lora_r,
        dtype="bf16",
        evaluate_games=0,
        seed=asked.seed,
        threads=asked.threads,
        device=asked.device,
        **options,
    )
    return go(
        config, asked.out / name, resume=True, on_step=lambda line: say(f"{name}: {describe(line)}"), on_start=say
    )


# Games


def play(asked: argparse.Namespace) -> None:
    """The games of one arm: those that choose its temperature, then the held-out ones at the one that was chosen."""
    from lanista.agents.lm.agent import LMAgent
    from lanista.agents.lm.backends.hf.backend import HFBackend
    from lanista.agents.lm.policy import Policy
    from lanista.agents.lm.sampling import Sampling
    from lanista.agents.lm.threads import use

    arm = asked.stage
    places = {"prompted": asked.model, "warm": asked.out / "warm", "trained": asked.out / "trained/policies/shared"}
    policy = Policy.load(places[arm], "bf16", asked.device)
    use(asked.threads, policy.parameters)

    def agent(temperature: float) -> LMAgent:
        return LMAgent(
            HFBackend(policy, batch_size=32),
            adapter=policy.adapter,
            sampling=Sampling(temperature=temperature),
            few_shot=arm == "prompted",
        )

    for temperature in asked.temperatures:
        games(asked, arm, "choose", temperature, agent(temperature))
    best = chosen(asked, arm)
    games(asked, arm, "held_out", best, agent(best))


def games(asked: argparse.Namespace, arm: str, what: str, temperature: float, agent: Any) -> None:
    """Play what is not kept yet, ``CHUNK`` scenarios at a time."""
    from lanista.agents import registry as agents
    from lanista.arenas.core import registry
    from lanista.training.evaluate import evaluate

    setup = ARENAS[asked.arena]
    arena = registry.get(asked.arena)
    config = arena.configure(**{**setup["set"], **setup[what]})
    opponents = {spec: agents.make(spec, arena=asked.arena) for spec in setup["evaluate"]}
    first, count = (CHOOSING, asked.choose) if what == "choose" else (0, asked.games)
    for start in range(0, count, CHUNK):
        numbers = range(first + start, first + min(start + CHUNK, count))
        place = chunk(asked, arm, what, temperature, numbers[0])
        if place.exists() and len(json.loads(place.read_text(encoding="utf-8"))["numbers"]) >= len(numbers):
            continue
        began = time.perf_counter()
        found = evaluate(
            arena,
            config,
            lambda role, team: agent,
            opponents,
            numbers=numbers,
            seed=asked.seed,
            max_concurrent_games=32,
        )
        write(place, found.to_json() | {"seconds": time.perf_counter() - began})
        sides = ", ".join(f"{'/'.join(side)} {rate[0]:.3f}" for side, rate in found.rates().items())
        say(f"{arm} at {temperature:g}, {what} {numbers[0]}–{numbers[-1]}: {sides}, refused {found.illegal_share:.1%}")


def chunk(asked: argparse.Namespace, arm: str, what: str, temperature: float, first: int) -> Path:
    folder: Path = asked.out / "games" / f"{arm}-{what}-{temperature:g}"
    return folder / f"{first}.json"


def kept(asked: argparse.Namespace, arm: str, what: str, temperature: float) -> Any:
    """The evaluation of all chunks together; None where there is none."""
    from lanista.training.evaluate import Evaluation

    places = sorted(chunk(asked, arm, what, temperature, 0).parent.glob("*.json"), key=lambda place: int(place.stem))
    parts = [Evaluation.from_json(json.loads(place.read_text(encoding="utf-8"))) for place in places]
    if not parts:
        return None
    numbers = tuple(number for part in parts for number in part.numbers)
    return Evaluation(
        numbers,
        {side: tuple(v for part in parts for v in part.scores[side]) for side in parts[0].scores},
        sum(part.illegal_share * len(part.numbers) for part in parts) / len(numbers),
        {
            side: {name: tuple(v for part in parts for v in part.facts[side][name]) for name in of}
            for side, of in parts[0].facts.items()
        },
    )


def chosen(asked: argparse.Namespace, arm: str) -> float:
    """The temperature with the best mean score over sides in the games that choose; of equal ones the lowest."""
    scores = {}
    for temperature in asked.temperatures:
        found = kept(asked, arm, "choose", temperature)
        if found is not None:
            scores[temperature] = sum(rate[0] for rate in found.rates().values())
    return max(sorted(scores), key=lambda temperature: scores[temperature])


# What came of it


def show(asked: argparse.Namespace) -> None:
    """The arms side by side, what training changed with its intervals, and the peak memory of every stage."""
    from _machine import machine

    from lanista.training.evaluate import comparisons, means, named

    print(machine())
    here = [arm for arm in ARMS if any((asked.out / "games").glob(f"{arm}-held_out-*"))]
    best = {arm: chosen(asked, arm) for arm in here}
    found = {arm: kept(asked, arm, "held_out", best[arm]) for arm in here}
    print(f"{asked.arena} {ARENAS[asked.arena]['set']}, seed {asked.seed}; scores of held-out games (95% interval)\n")
    print("| |", " | ".join(f"{arm}, T {best[arm]:g}" for arm in here), "|")
    print("|---" * (len(here) + 1) + "|")
    print("| games |", " | ".join(str(len(found[arm].numbers)) for arm in here), "|")
    for side in found[here[0]].scores:
        rates = [found[arm].rates()[side] for arm in here]
        print(f"| {named(side)} |", " | ".join(f"{m:.3f} [{low:.3f}, {high:.3f}]" for m, low, high in rates), "|")
        facts = [means(found[arm], side) for arm in here]
        for name in facts[0]:
            cells = ["—" if (value := of[name]) is None else f"{value:.3f}" for of in facts]
            print(f"| {name} |", " | ".join(cells), "|")
    print("| refused |", " | ".join(f"{found[arm].illegal_share:.1%}" for arm in here), "|")
    for arm in here:
        tried = [(t, kept(asked, arm, "choose", t)) for t in asked.temperatures]
        each = "; ".join(
            f"T {t:g}: {' / '.join(f'{rate[0]:.3f}' for rate in e.rates().values())}" for t, e in tried if e is not None
        )
        print(f"\n{arm}, games that chose the temperature: {each}", end="")
    print()
    for before, after in (("prompted", "warm"), ("warm", "trained")):
        if before in here and after in here:
            for side, difference in comparisons(found[before], found[after]).items():
                print(f"\n{after} minus {before}, {side}: {difference.text}")
    memory = json.loads((asked.out / "memory.json").read_text(encoding="utf-8"))
    print("\npeak memory:", ", ".join(f"{stage} {peak / 1e9:.2f} GB" for stage, peak in memory.items()))


def write(place: Path, value: Any) -> None:
    """Whole or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_suffix(".part")
    part.write_text(json.dumps(value), encoding="utf-8")
    os.replace(part, place)


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
