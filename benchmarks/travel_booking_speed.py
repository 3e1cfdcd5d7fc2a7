"""How fast travel booking is: cases a second, proofs a second, environment steps a second, on one core.

    python benchmarks/travel_booking_speed.py [--cases 1000] [--games 200]

Counted in CPU time, by level, the best of three runs, since the machine may be shared. *Cases* are generated, the
optimum and the check included. *Proofs* solve a case, replay the solution through the game and again without each step.
*Steps* play the scripted teams' games again, dealt beforehand: every text is built and read, every reply parsed, every
term booked; and once with the team itself.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from _machine import machine

from lanista.agents import registry
from lanista.arenas import get
from lanista.arenas.core.referee import Game
from lanista.arenas.travel_booking import planner
from lanista.arenas.travel_booking.config import LEVELS
from lanista.arenas.travel_booking.generator import generate
from lanista.arenas.travel_booking.journeys.generator import generate as journey
from lanista.arenas.travel_booking.journeys.planner import prove as prove_journey
from lanista.play import runner

RUNS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000, help="cases generated at each level")
    parser.add_argument("--games", type=int, default=200, help="cases proved, and games played by each team")
    args = parser.parse_args()
    print(machine())
    print("aims: 1,000 cases/s, 50 proofs/s, 10,000 steps/s; journeys (top): 200 cases/s, 20 proofs/s, 5,000 steps/s\n")
    print(f"{'level':<10}{'cases/s':>10}{'proofs/s':>10}{'expert':>10}{'novice':>10}{'with agents':>13}")
    for level in LEVELS:
        config = get("travel_booking").configure(level=level)
        made = max(generating(config, args.cases) for _ in range(RUNS))
        proved = max(proving(config, args.games) for _ in range(RUNS))
        expert, thinking = stepping(config, "travel_expert", args.games)
        novice, _ = stepping(config, "travel_novice", args.games)
        print(f"{level:<10}{made:>10,.0f}{proved:>10,.0f}{expert:>10,.0f}{novice:>10,.0f}{thinking:>13,.0f}")
    print("\nexpert, novice: steps/s of the environment, their replies given; with agents: the expert's thinking too")


def generating(config: Any, count: int) -> float:
    """Cases a CPU-second."""
    start, make = time.process_time(), journey if config.journey else generate
    for seed in range(count):
        make(config, seed)
    return count / (time.process_time() - start)


def proving(config: Any, count: int) -> float:
    """Proofs a CPU-second, generation included. A case without a proof raises."""
    start, prove = time.process_time(), prove_journey if config.journey else planner.prove
    for seed in range(count):
        prove(Game(get("travel_booking"), seed, config))
    return count / (time.process_time() - start)


def stepping(config: Any, name: str, games: int) -> tuple[float, float]:
    """(steps a CPU-second of the environment, of environment and agents) in the games of a scripted team."""
    arena = get("travel_booking")
    agent, played = registry.make(name), []
    seats = arena.rules.seats(config)
    specs = [
        runner.GameSpec(id=str(s), arena=arena, seed=s, seating=dict.fromkeys(seats, agent), config=config, tags={})
        for s in range(games)
    ]
    start = time.process_time()
    runner.play(specs, on_game=lambda spec, game: played.append(game))
    thinking = time.process_time() - start
    replies = [[(turn.seat, turn.action) for step in game.steps for turn in step.turns] for game in played]
    steps, best = sum(map(len, replies)), 0.0
    for _ in range(RUNS):
        again = [Game(arena, game.seed, config) for game in played]
        start = time.process_time()
        for game, turns in zip(again, replies, strict=True):
            for seat, reply in turns:
                game.text(seat)
                game.submit(seat, reply)
        best = max(best, steps / (time.process_time() - start))
    return best, steps / thinking


if __name__ == "__main__":
    main()
