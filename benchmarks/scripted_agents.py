"""Win rates of the scripted Werewolf players, by who holds which side, in one deck.

Every pairing is played on the same seeds, so the same deals. A row is who plays the village, a column who plays the
wolves; the figure is the village's win rate with Wilson's 95% interval. Games per CPU second count the whole game:
rules, words and both sides' thinking, on one core.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from _machine import machine

from lanista import arenas
from lanista.agents.contract import Agent
from lanista.agents.random import RandomAgent
from lanista.agents.werewolf.bayes import BayesAgent
from lanista.agents.werewolf.crowd import CrowdAgent
from lanista.arenas.core.contract import Arena
from lanista.arenas.core.referee import Game
from lanista.play.runner import GameSpec, play
from lanista.stats import wilson

AGENTS: dict[str, type] = {"random": RandomAgent, "crowd": CrowdAgent, "bayes": BayesAgent}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--games", type=int, default=400, help="games per pairing")
    parser.add_argument("--seed", type=int, default=0, help="the first game's seed; the others count up")
    parser.add_argument("--players", type=int, default=9, help="the default deck of this many players")
    parser.add_argument("--agents", default=",".join(AGENTS))
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    names = asked.agents.split(",")
    arena = arenas.get("werewolf")
    config = arena.configure(players=asked.players)
    rows = []
    for village in names:
        for wolves in names:
            row = measure(arena, config, AGENTS[village](), AGENTS[wolves](), asked.games, asked.seed)
            rows.append({"village": village, "wolves": wolves, **row})
            print(f"{village} village, {wolves} wolves: done", file=sys.stderr)
    if asked.json:
        print(json.dumps({"deck": config.deck, "games": asked.games, "seed": asked.seed, "rows": rows}))
        return
    print(machine())
    deck = ", ".join(f"{count} {role}" for role, count in config.deck.items())
    print(f"village's win rate, {asked.games} games per pairing from seed {asked.seed}, deck: {deck}\n")
    print("| village | wolves | village wins | 95% interval | games per CPU second | refused replies |")
    print("|---|---|---|---|---|---|")
    for r in rows:
        print(
            f"| {r['village']} | {r['wolves']} | {r['rate']:.3f} | {r['low']:.3f} to {r['high']:.3f} "
            f"| {r['games_per_cpu_s']:.0f} | {r['refused']} |"
        )


def measure(arena: Arena, config: Any, village: Agent, wolves: Agent, games: int, seed: int) -> dict[str, float]:
    """The village's win rate with interval, refused replies, and games per CPU second."""
    won = refused = 0

    def finished(_: GameSpec, game: Game) -> None:
        nonlocal won, refused
        won += game.outcome is not None and game.outcome.winner == "village"
        refused += sum(turn.by != "seat" or bool(turn.attempts) for step in game.steps for turn in step.turns)

    start = time.process_time()
    play((seated(arena, config, village, wolves, seed + i) for i in range(games)), on_game=finished)
    rate = wilson(won, games)
    busy_s = time.process_time() - start
    return {
        "rate": rate.value,
        "low": rate.low,
        "high": rate.high,
        "refused": refused,
        "games_per_cpu_s": games / busy_s,
    }


def seated(arena: Arena, config: Any, village: Agent, wolves: Agent, seed: int) -> GameSpec:
    """A game with one agent in every seat of a side."""
    pack = arena.rules.teams(arena.rules.deal(seed, config))["wolves"]
    seating = {seat: wolves if seat in pack else village for seat in arena.rules.seats(config)}
    return GameSpec(id=f"{village.name} {wolves.name} {seed}", arena=arena, seed=seed, config=config, seating=seating)


if __name__ == "__main__":
    main()
