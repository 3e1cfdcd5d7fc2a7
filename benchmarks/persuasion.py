"""What it costs to measure one speech: 16 forks of it in a 9-player Werewolf game, on one core.

Prints, for each scripted family, the median time over all speeches of a few games: ``direct`` (the votes answer),
``total`` (later speakers answer too).
"""

from __future__ import annotations

import statistics
import time
from typing import Any

from _machine import machine

from lanista.agents import registry
from lanista.analysis.persuasion import EFFECTS, Speeches
from lanista.arenas import get
from lanista.arenas.core.referee import Game
from lanista.play.runner import GameSpec, play

FORKS = 16


def games(agent: Any, count: int) -> list[Game]:
    """Finished 9-player games with the agent in every seat."""
    arena = get("werewolf")
    config = arena.configure()
    found: list[Game] = []
    specs = [
        GameSpec(id=str(seed), arena=arena, seed=seed, seating=dict.fromkeys(arena.rules.seats(config), agent))
        for seed in range(count)
    ]
    play(specs, on_game=lambda spec, game: found.append(game))
    return found


def main() -> None:
    """Print the table."""
    print(machine())
    print(f"{FORKS} forks of one speech, ms of CPU (median, worst)")
    arena = get("werewolf")
    for name in ("random", "crowd", "bayes"):
        agent = registry.make(name, arena="werewolf")
        line = f"{name:8}"
        for effect in EFFECTS:
            spent: list[float] = []
            for number, game in enumerate(games(agent, 3)):
                episode, seating = game.episode(), dict.fromkeys(game.seats, agent)
                for n in range(len(Speeches(episode, arena, seating, str(number), FORKS).said)):
                    table = Speeches(episode, arena, seating, f"{number}/{n}", FORKS)
                    start = time.process_time()
                    table.moved(n, effect)
                    spent.append(1000 * (time.process_time() - start))
            line += f"   {effect} {statistics.median(spent):6.1f} {max(spent):6.1f}"
        print(line)


if __name__ == "__main__":
    main()
