"""The arena ``packages``: what its scripted teams reach by level, and how fast cases are made, proved and played.

    OMP_NUM_THREADS=1 python benchmarks/packages.py [--games 200]

*Reached*: the share of cases solved, 95% intervals over cases. *Generated*: cases with their hidden calls. *Proved*:
the right files are put in, run in the sandbox, and must pass; those with faults must not. One core.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

from _machine import machine

from lanista.agents import registry as agents
from lanista.arenas.core import registry
from lanista.arenas.core.referee import Game
from lanista.arenas.packages.case import generate
from lanista.arenas.packages.config import LEVELS
from lanista.play.runner import play_game
from lanista.stats import wilson

TEAMS = ("random", "packages_novice", "packages_reader", "packages_expert")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--games", type=int, default=200)
    games = parser.parse_args().games
    print(machine())
    arena = registry.get("packages")
    print(f"\nsolved, {games} cases of the split test each\n\n| level |", " | ".join(TEAMS), "|")
    print("|---" * (len(TEAMS) + 1) + "|")
    for level in LEVELS:
        config = arena.configure(level=level, split="test")
        cells = []
        for name in TEAMS:
            agent = agents.make(name, arena=arena.name)
            solved = 0
            for seed in range(games):
                episode = play_game(arena, dict.fromkeys(arena.rules.seats(config), agent), seed, config=config)
                assert episode.outcome is not None
                solved += bool(episode.outcome.facts["solved"])
            found = wilson(solved, games)
            cells.append(f"{solved / games:.1%} [{100 * found.low:.0f}, {100 * found.high:.0f}]")
        print(f"| `{level}` |", " | ".join(cells), "|", flush=True)
    print("\n| level | generated a second | proved a second | decisions a second, packages_expert |\n|---|---|---|---|")
    for level in LEVELS:
        config = arena.configure(level=level, split="dev")
        started = time.process_time()
        cases = [generate(seed, config) for seed in range(100_000, 100_000 + games)]
        made = games / (time.process_time() - started)
        started = time.perf_counter()
        for seed in range(games // 4):
            _prove(arena, config, seed)
        proved = games // 4 / (time.perf_counter() - started)
        agent = agents.make("packages_expert", arena=arena.name)
        started, decisions = time.perf_counter(), 0
        for seed in range(500, 500 + games // 4):
            episode = play_game(arena, dict.fromkeys(arena.rules.seats(config), agent), seed, config=config)
            decisions += sum(len(step.turns) for step in episode.steps)
        rate = decisions / (time.perf_counter() - started)
        print(f"| `{level}` | {made:,.0f} | {proved:,.0f} | {rate:,.0f} |", flush=True)
        assert not any(all(case.before) for case in cases)


def _prove(arena: object, config: object, seed: int) -> None:
    """The right files pass every hidden call in the sandbox."""
    game = Game(arena, seed, config)  # type: ignore[arg-type]
    case = game.state.table.case
    right = case.files(())
    game.submit("tester_0", "none")
    game.submit("tester_0", "to generator_0: mend it\nto debugger_0: mend it")
    for seat in ("generator_0", "debugger_0"):
        assert not game.state.solved or seat == "debugger_0"
        game.submit(seat, "".join(f"file {module}.py\n{right[module]}" for module in case.kept_by(seat)))
    assert game.state.solved, seed


if __name__ == "__main__":
    main()
