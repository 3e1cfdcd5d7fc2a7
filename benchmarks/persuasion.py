"""What it costs to measure one speech: 16 forks of it in a 9-player Werewolf game, on one core.

Prints, for each scripted family, CPU milliseconds over all speeches of a few games, median and worst: ``direct`` (the
votes answer) of one speech alone, ``in a game`` the same where the ballot of its day is shared by all of the day's
speeches, as ``lanista analyse`` does it, and ``total`` (later speakers answer too).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from _machine import machine

from lanista.agents import registry
from lanista.analysis.persuasion import Effect, Speeches
from lanista.arenas import get
from lanista.arenas.core.referee import Game
from lanista.play.runner import GameSpec, play

FORKS, GAMES = 16, 3


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


def alone(game: Game, agent: Any, effect: Effect) -> Iterator[float]:
    """Milliseconds of each speech by itself."""
    episode, seating = game.episode(), dict.fromkeys(game.seats, agent)
    for n in range(len(Speeches(episode, get("werewolf"), seating, "", FORKS).said)):
        table = Speeches(episode, get("werewolf"), seating, f"{n}", FORKS)
        yield spent(lambda table=table, n=n: table.moved(n, effect))  # type: ignore[misc]


def in_a_game(game: Game, agent: Any) -> float:
    """Milliseconds a speech where a whole game is measured."""
    table = Speeches(game.episode(), get("werewolf"), dict.fromkeys(game.seats, agent), "all", FORKS)
    return spent(lambda: [table.moved(n) for n in range(len(table.said))]) / len(table.said)


def spent(work: Callable[[], object]) -> float:
    """CPU milliseconds of a piece of work."""
    start = time.process_time()
    work()
    return 1000 * (time.process_time() - start)


def main() -> None:
    """Print the table."""
    print(machine())
    print(f"{FORKS} forks of one speech of {GAMES} games, ms of CPU (median, worst)")
    for name in ("random", "crowd", "bayes"):
        agent = registry.make(name, arena="werewolf")
        played = games(agent, GAMES + 1)
        in_a_game(played.pop(), agent)  # caches that any use fills once
        columns = {
            "direct": [ms for game in played for ms in alone(game, agent, "direct")],
            "in a game": [in_a_game(game, agent) for game in played],
            "total": [ms for game in played for ms in alone(game, agent, "total")],
        }
        told = (f"{what} {statistics.median(its):6.1f} {max(its):6.1f}" for what, its in columns.items())
        print(f"{name:8}{'   '.join(told)}", flush=True)


if __name__ == "__main__":
    main()
