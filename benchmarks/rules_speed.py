"""How fast the rules of Werewolf are: decisions per second of random legal play on one core.

    python benchmarks/rules_speed.py [--games 3000] [--players 9]

Prints decisions per CPU-second at the rules' level (ask, choose, play; no text), the ratio against a plain Python
loop timed in the same run (a machine-independent figure: the loop does 20 dictionary updates and one random draw a
turn), the same through the referee with full texts, and the cost of a game against its decisions, which is linear
where the cost per decision stays flat.
"""

from __future__ import annotations

import argparse
import random
import time
from typing import Any

from lanista.arenas.core.referee import Game
from lanista.arenas.werewolf import arena


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--games", type=int, default=3000, help="games at the rules' level")
    parser.add_argument("--players", type=int, default=9, help="seats at the table")
    args = parser.parse_args()
    config = arena.configure(players=args.players)

    rules_level(config, 300)  # warm the caches, as any run of more than a second does
    decisions, rules_s = rules_level(config, args.games)
    turns, loop_s = reference_loop(decisions)
    print(f"seed 0, {args.games} games, {args.players} players, {decisions / args.games:.1f} decisions a game")
    rate, loop_rate = decisions / rules_s, turns / loop_s
    print(f"rules          {rate:12,.0f} decisions/s   {rate / loop_rate:.2f}x the reference loop")
    print(f"reference loop {loop_rate:12,.0f} turns/s")

    games = max(1, args.games // 10)
    referee_level(config, games // 10 + 1)
    decisions, referee_s = referee_level(config, games)
    print(f"referee + text {decisions / referee_s:12,.0f} decisions/s   {decisions / referee_s / loop_rate:.2f}x")

    print("\ncost of a decision as games grow (discussion rounds x10 make a game about 8 times as long)")
    for rounds in (0, 1, 3, 10):
        longer = arena.configure(players=args.players, discussion_rounds=rounds)
        rules_level(longer, 100)
        n, cost_s = rules_level(longer, max(1, args.games // (2 * (rounds + 1))))
        m, referee_cost_s = referee_level(longer, max(1, games // (rounds + 1)))
        per_game = n / max(1, args.games // (2 * (rounds + 1)))
        print(
            f"rounds {rounds:2d}: {per_game:6.1f} decisions a game, rules {1e6 * cost_s / n:5.1f} us, "
            f"referee + text {1e6 * referee_cost_s / m:5.1f} us a decision"
        )


def rules_level(config: Any, games: int) -> tuple[int, float]:
    """(decisions, CPU-seconds) of random legal play without text."""
    rules, decisions, draw = arena.rules, 0, random.Random(0).random
    start = time.process_time()
    for seed in range(games):
        state = rules.deal(seed, config)
        while owed := rules.to_act(state):
            moves = {}
            for seat in owed:
                choices = rules.ask(state, seat).choices
                moves[seat] = choices[int(draw() * len(choices))]
            decisions += len(owed)
            state = rules.play(state, moves).state
    return decisions, time.process_time() - start


def referee_level(config: Any, games: int) -> tuple[int, float]:
    """(decisions, CPU-seconds) of random legal replies through the referee, every text read."""
    decisions, draw = 0, random.Random(0).random
    start = time.process_time()
    for seed in range(games):
        game = Game(arena, seed, config)
        while owed := game.to_act():
            for seat in owed:
                game.text(seat)
                legal = game.legal(seat)
                game.submit(seat, legal[int(draw() * len(legal))])
                decisions += 1
    return decisions, time.process_time() - start


def reference_loop(turns: int) -> tuple[int, float]:
    """(turns, CPU-seconds) of a loop of fixed work in plain Python: the yardstick of this machine at this moment."""
    draw, counts = random.Random(0).random, dict.fromkeys(range(20), 0)
    start = time.process_time()
    for _ in range(turns):
        first = int(draw() * 20)
        for i in range(20):
            counts[(first + i) % 20] += 1
    return turns, time.process_time() - start


if __name__ == "__main__":
    main()
