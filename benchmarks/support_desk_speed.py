"""How fast the support desk is: cases a second, proofs a second, environment steps a second, on one core.

    python benchmarks/support_desk_speed.py [--cases 1000] [--games 200]

Counted in CPU time, by kind of case. *Cases* are dealt, the diagnostics an optimal desk needs included. *Proofs* solve
a case, replay the solution through the real environment and again without each step. *Steps* play the scripted teams'
games again: every text is built and read, every reply parsed, every term booked; and once with the teams themselves.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from _machine import machine

from lanista.agents import registry
from lanista.arenas import get
from lanista.arenas.core.referee import Game
from lanista.arenas.support_desk import cases, planner
from lanista.play import runner

KINDS: dict[str, dict[str, Any]] = {
    "one fault": {},
    "one fault, test split, mixed customers": {"split": "test", "cooperation": "mixed"},
    "two faults": {"faults": 2},
    "two faults, masking, difficult, errors": {
        "faults": 2,
        "masking": True,
        "cooperation": "difficult",
        "error_rate": 0.2,
    },
    "three faults, masking, difficult, errors": {
        "faults": 3,
        "masking": True,
        "cooperation": "difficult",
        "error_rate": 0.2,
        "horizon": 40,
    },
}
KINDS["expert level"] = {"level": "expert"}
AIMS = {"cases": 1000, "proofs": 50, "steps": 10_000}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000, help="cases dealt of each kind")
    parser.add_argument("--games", type=int, default=200, help="cases proven, and games played by each team")
    args = parser.parse_args()
    print(machine())
    print(f"aims: {AIMS['cases']:,} cases/s, {AIMS['proofs']} proofs/s, {AIMS['steps']:,} steps/s\n")
    print(f"{'kind':<42}{'cases/s':>10}{'proofs/s':>10}{'expert':>10}{'novice':>10}{'with agents':>13}")
    for name, keys in KINDS.items():
        config = get("support_desk").configure(**keys)
        dealt, proven = dealing(config, args.cases), proving(config, args.games)
        expert, thinking = stepping(config, "desk_expert", args.games)
        novice, _ = stepping(config, "desk_novice", args.games)
        print(f"{name:<42}{dealt:>10,.0f}{proven:>10,.0f}{expert:>10,.0f}{novice:>10,.0f}{thinking:>13,.0f}")
    print("\nexpert, novice: steps/s of the environment, their replies given; with agents: the expert's thinking too")


def dealing(config: Any, number: int) -> float:
    """Cases per CPU-second."""
    started = time.process_time()
    for seed in range(number):
        cases.deal(seed, config)
    return number / (time.process_time() - started)


def proving(config: Any, number: int) -> float:
    """Proven cases per CPU-second."""
    arena = get("support_desk")
    started = time.process_time()
    for seed in range(number):
        planner.prove(arena, seed, config)
    return number / (time.process_time() - started)


def stepping(config: Any, team: str, number: int) -> tuple[float, float]:
    """(steps per CPU-second of the environment alone, and with the agents) over games of a scripted team."""
    arena, agent = get("support_desk"), registry.make(team)
    seating = dict.fromkeys(arena.rules.seats(config), agent)
    specs = [runner.GameSpec(id=str(s), arena=arena, seed=s, seating=seating, config=config) for s in range(number)]
    games: list[Game] = []
    started = time.process_time()
    runner.play(specs, on_game=lambda _, game: games.append(game))
    with_agents = time.process_time() - started
    journals = [(game.seed, [(e["seat"], e["reply"]) for e in game.journal if "reply" in e]) for game in games]
    steps = sum(len(journal) for _, journal in journals)
    started = time.process_time()
    for seed, journal in journals:
        game = Game(arena, seed, config)
        for seat, reply in journal:
            game.text(seat)
            game.submit(seat, reply)
    return steps / (time.process_time() - started), steps / with_agents


if __name__ == "__main__":
    main()
