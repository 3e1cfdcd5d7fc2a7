"""How fast text to SQL is: cases, proofs, queries and steps of the environment, on one core.

    python benchmarks/text_to_sql_speed.py [--cases 200] [--games 40]

*Cases* are dealt with their databases and the near misses that are held against them; *proofs* run a case's gold query
and all near misses in the sandbox. Both are counted in seconds of the clock, since the sandbox's child works in another
process. *Query* is one query over one generated database in a child of its own, nothing remembered, at the median.
*Steps* play the scripted team's games again, with runs remembered and without: the difference is spent in queries.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

from _machine import machine

from lanista.agents import registry
from lanista.arenas import get
from lanista.arenas.core.referee import Game
from lanista.arenas.text_to_sql import cases, runner
from lanista.play import runner as play

AIMS = "aims: 50 cases/s, 10 proofs/s, a query in 5 ms, 2,000 steps/s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=200, help="cases dealt of each level")
    parser.add_argument("--games", type=int, default=40, help="cases proved, and games played")
    args = parser.parse_args()
    print(machine())
    print(f"{AIMS}\n")
    print(
        f"{'level':<8}{'cases/s':>10}{'proofs/s':>10}{'query ms':>10}{'steps/s':>10}{'with runs':>11}{'in queries':>12}"
    )
    for level in ("basic", "mixed", "hard"):
        config = get("text_to_sql").configure(level=level)
        dealt = timed(lambda config=config: [cases.deal(seed, config) for seed in range(args.cases)]) / args.cases
        runner.run(runner.request((("script", ""),), [(0, "SELECT 1")]))  # the sandbox stands
        proven = timed(lambda config=config: [cases.prove(seed, config) for seed in range(args.games)]) / args.games
        steps, free, spent = stepping(config, args.games)
        share = 1 - free / spent
        print(
            f"{level:<8}{1 / dealt:>10,.0f}{1 / proven:>10,.0f}{query_ms(config, args.games):>10.1f}"
            f"{steps / free:>10,.0f}{steps / spent:>11,.0f}{share:>12.0%}"
        )


def timed(do: Any) -> float:
    """Seconds that something takes."""
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def query_ms(config: Any, number: int) -> float:
    """Milliseconds of a gold query over the shown database, at the median."""
    found = []
    for seed in range(number):
        case = cases.deal(seed, config)
        if case.gold is not None:
            runner._done.clear()
            request = runner.request(case.databases[:1], [(0, case.gold)])
            found.append(1000 * timed(lambda request=request: runner.run(request)))
    return statistics.median(found)


def stepping(config: Any, number: int) -> tuple[int, float, float]:
    """(steps, seconds with every run remembered, seconds with none) of the expert's games played again."""
    arena, agent = get("text_to_sql"), registry.make("sql_expert")
    seating = dict.fromkeys(arena.rules.seats(config), agent)
    specs = [play.GameSpec(id=str(s), arena=arena, seed=s, seating=seating, config=config) for s in range(number)]
    games: list[Game] = []
    play.play(specs, on_game=lambda _, game: games.append(game))
    journals = [(game.seed, [(e["seat"], e["reply"]) for e in game.journal if "reply" in e]) for game in games]

    def again() -> None:
        for seed, journal in journals:
            game = Game(arena, seed, config)
            for seat, reply in journal:
                game.text(seat)
                game.submit(seat, reply)

    free = timed(again)
    runner._done.clear()
    return sum(len(journal) for _, journal in journals), free, timed(again)


if __name__ == "__main__":
    main()
