"""Does self-play GRPO help? ``tiny`` warm-started, against the same model after GRPO, on the same held-out deals.

One fixed deck, one fixed training opponent, fixed scripted opponents in the evaluation. Before and after play the same
scenarios as the village and as the wolves; the interval of the difference counts scenarios, not games. A single
training seed says nothing about other seeds: run with several ``--seed`` before believing much.

Stopped at any moment, the same command goes on from the last checkpoint.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from _machine import machine

from lanista.arenas import registry
from lanista.training.config import TrainConfig
from lanista.training.run import TrainResult, describe, metrics, train
from lanista.training.warmstart import make_tiny

DECK: dict[str, Any] = {"players": 7, "wolves": 2, "roles": []}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/grpo-first-result"))
    parser.add_argument("--teacher-games", type=int, default=300, help="games of the warm start")
    parser.add_argument("--steps", type=int, default=30, help="GRPO steps")
    parser.add_argument("--opponent", default="crowd", help="who sits opposite in training")
    parser.add_argument("--against", default="crowd,random", help="scripted opponents of the evaluation")
    parser.add_argument("--games", type=int, default=400, help="held-out games per side and opponent")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    arena = registry.get("werewolf")
    deck = arena.configure(**DECK)
    model = make_tiny(arena, deck, games=asked.teacher_games, seed=asked.seed, out=asked.out / "tiny")
    config = TrainConfig(
        arena_config=DECK,
        model=str(model.resolve()),
        opponents=(asked.opponent,),
        steps=asked.steps,
        max_new_tokens=24,
        credit="to_go",
        minibatches=2,
        learning_rate=2e-3,  # 5e-3 collapsed within ten steps
        evaluate_games=asked.games,
        evaluate_against=tuple(asked.against.split(",")),
        seed=asked.seed,
    )
    started = time.process_time()
    result = train(config, asked.out / "train", resume=True, on_step=lambda line: say(describe(line)))
    busy_s = time.process_time() - started
    if asked.json:
        print(json.dumps(result.to_json()))
        return
    show(result, asked, busy_s)


def show(result: TrainResult, asked: argparse.Namespace, busy_s: float) -> None:
    """The table, and what was and was not measured."""
    assert result.before is not None
    assert result.after is not None
    print(machine())
    print(
        f"werewolf, deck {DECK}; tiny taught by crowd ({asked.teacher_games} games), then {asked.steps} GRPO steps "
        f"against {asked.opponent}, seed {asked.seed}; {asked.games} held-out scenarios per row\n"
    )
    before, after = result.before.rates(), result.after.rates()
    print("| policy plays | against | warm start | + GRPO | difference, paired 95% interval |")
    print("|---|---|---|---|---|")
    for team, opponent in before:
        verdict = result.verdicts[f"{team} against {opponent}"]
        rates = [
            f"{rate.value:.3f} ({rate.low:.3f} to {rate.high:.3f})"
            for rate in (before[team, opponent], after[team, opponent])
        ]
        print(
            f"| {team} | {opponent} | {' | '.join(rates)} | {verdict.diff:+.3f} "
            f"({verdict.low:+.3f} to {verdict.high:+.3f}) |"
        )
    print(f"\noverall: {result.verdicts['overall'].text}")
    print(f"refused replies: {result.before.illegal_share:.1%} before, {result.after.illegal_share:.1%} after")
    steps = metrics(result.out)
    wall_s = sum(step["step_seconds"] for step in steps) / len(steps)
    print(
        f"a step of {steps[0]['games']:.0f} games took {wall_s:.1f} s on average; this process used {busy_s:.0f} CPU-s"
    )


def say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
