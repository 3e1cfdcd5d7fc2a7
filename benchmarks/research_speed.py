"""How fast research is: papers generated, searches and steps of the environment, on one core.

    python benchmarks/research_speed.py [--papers 5000] [--games 40]

*Papers* are drawn and indexed, that is ready to be searched; *drawn* are the records alone. *Search* is a query longer
than the expert's over a library of that size, all of it ranked, nothing remembered, at the median. *Steps* play the
scripted team's games again, with searches remembered and without: the difference is spent in them.
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
from lanista.arenas.research import cases, library, service, texts
from lanista.play import runner as play

AIMS = "aims: 1,000 papers/s, a search in 3 ms over 5,000 papers, 2,000 steps/s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=int, default=5000, help="papers of the library that is searched")
    parser.add_argument("--games", type=int, default=40, help="games played of each level")
    args = parser.parse_args()
    texts.Index([("P0001", "the ranking is loaded", 2020)])
    print(machine())
    print(f"{AIMS}\n")
    drawn, papers = timed(lambda: library.draw(1, args.papers, 20, 20))
    shelf = library.Library(papers)
    indexed, _ = timed(lambda: shelf.index)
    count = len(papers)
    print(f"{count:,} papers: {count / drawn:,.0f}/s drawn, {count / (drawn + indexed):,.0f}/s ready to be searched")
    print(f"a search: {search_ms(shelf):.2f} ms at the median of 200\n")
    print(f"{'level':<8}{'steps/s':>10}{'none kept':>11}{'in searches':>13}{'games/s':>10}")
    for level in ("basic", "mixed", "hard"):
        steps, free, spent, games = stepping(get("research").configure(level=level), args.games)
        print(f"{level:<8}{steps / free:>10,.0f}{steps / spent:>11,.0f}{1 - free / spent:>13.0%}{games:>10,.0f}")


def timed(do: Any) -> tuple[float, Any]:
    """(seconds that something takes, what it gives)."""
    started = time.perf_counter()
    made = do()
    return time.perf_counter() - started, made


def search_ms(shelf: library.Library) -> float:
    """Milliseconds of a search for what a paper is about, at the median."""
    found = []
    for paper in list(shelf.papers.values())[:200]:
        query = f"{paper.topic.approach} {paper.topic.part} {paper.topic.quantity} {texts.title(paper)}"
        found.append(1000 * timed(lambda query=query: shelf.index.search(query, 30))[0])
    return statistics.median(found)


def stepping(config: Any, number: int) -> tuple[int, float, float, float]:
    """(steps, seconds with every search remembered, seconds with none, games a second with the team's own thinking)."""
    arena, agent = get("research"), registry.make("research_expert")
    seating = dict.fromkeys(arena.rules.seats(config), agent)
    specs = [play.GameSpec(id=str(s), arena=arena, seed=s, seating=seating, config=config) for s in range(number)]
    for seed in range(number):
        assert cases.deal(seed, config).library.index  # made before anything is timed
    games: list[Game] = []
    whole, _ = timed(lambda: play.play(specs, on_game=lambda _, game: games.append(game)))
    journals = [(game.seed, [(e["seat"], e["reply"]) for e in game.journal if "reply" in e]) for game in games]

    def again() -> None:
        for seed, journal in journals:
            game = Game(arena, seed, config)
            for seat, reply in journal:
                game.text(seat)
                game.submit(seat, reply)

    free = min(timed(again)[0] for _ in range(3))
    service.forget()
    return sum(len(journal) for _, journal in journals), free, timed(again)[0], number / whole


if __name__ == "__main__":
    main()
