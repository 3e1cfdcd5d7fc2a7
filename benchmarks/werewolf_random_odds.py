"""How often the village wins with every default deck when everybody plays uniformly random legal moves.

    python benchmarks/werewolf_random_odds.py [--games 2000]

Prints one row per number of players, with a 95% interval (normal approximation). Random play is a floor, not a
balance: a village that reasons gains far more from its special roles than wolves that reason do.
"""

from __future__ import annotations

import argparse
import random
from math import sqrt

from lanista.arenas.werewolf import arena


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--games", type=int, default=2000, help="games per deck, seeds 0, 1, ...")
    args = parser.parse_args()
    print("| players | deck | village wins | days |\n|---|---|---|---|")
    for players in range(5, 21):
        config = arena.configure(players=players, discussion_rounds=0)  # talk changes nothing in random play
        wins, days = 0, 0
        for seed in range(args.games):
            rng, state = random.Random(seed), arena.rules.deal(seed, config)
            while owed := arena.rules.to_act(state):
                moves = {seat: rng.choice(arena.rules.ask(state, seat).choices) for seat in owed}
                state = arena.rules.play(state, moves).state
            wins += state.winner == "village"
            days += state.day
        rate = wins / args.games
        error = 1.96 * sqrt(rate * (1 - rate) / args.games)
        deck = ", ".join(f"{count} {role}" for role, count in config.deck.items())
        print(f"| {players} | {deck} | {100 * rate:.1f} ± {100 * error:.1f} % | {days / args.games:.1f} |", flush=True)


if __name__ == "__main__":
    main()
