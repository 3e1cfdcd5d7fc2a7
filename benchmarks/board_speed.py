"""How long the board and the page of many games take, on a synthetic store.

    python benchmarks/board_speed.py [--games 10000] [--agents 2,10,30] [--page FILE]

A few games of Werewolf are really played; the store holds copies of their rows under other ids, seeds, agents and
results, drawn with agents of different strengths. What is measured reads that store, rates, and writes the page.
Last comes a cooperative arena's board out of rows alone: its agents are compared pair by pair in each of ten metrics.
"""

from __future__ import annotations

import argparse
import math
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from _machine import machine

from lanista.leaderboards import page
from lanista.leaderboards.board import board, of_rows
from lanista.leaderboards.schedule import Match, schedule
from lanista.leaderboards.tournament import run_tournament
from lanista.runs import Run
from lanista.store import GameRow, Prepared, Store

CONFIG = {"players": 5, "wolves": 1, "roles": ()}
TEMPLATES = 12
"""Games that are really played."""
TOGETHER = 500
"""Games written in one transaction."""


def templates(folder: Path) -> list[Prepared]:
    """The rows of a few games, as a store keeps them."""
    run_tournament("werewolf", ["random", "crowd"], TEMPLATES, 0, CONFIG, out=folder, workers=0)
    with Run.open(folder) as run:
        rows = [row for piece in run.store.pieces("episodes", 100, records=True) for row in piece]
        parts: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for table in ("turns", "terms"):
            parts[table] = defaultdict(list)
            for piece in run.store.pieces(table, 1000):  # type: ignore[arg-type]
                for row in piece:
                    parts[table][row["episode_id"]].append(row)
    return [Prepared(row, parts["turns"][row["id"]], parts["terms"][row["id"]]) for row in rows]


def copies(games: int, agents: int, played: list[Prepared]) -> Iterator[Prepared]:
    """Games of a tournament of so many agents."""
    names = [f"agent{i:02d}" for i in range(agents)]
    strength = {name: 2.0 * i / max(agents - 1, 1) for i, name in enumerate(names)}
    rng = random.Random(0)
    for match in schedule("werewolf", names, games, 0).matches[:games]:
        yield _copy(played[match.block % len(played)], match, strength, rng)


def _copy(of: Prepared, match: Match, strength: dict[str, float], rng: random.Random) -> Prepared:
    teams = of.episode["teams"]
    first, second = sorted(teams)
    # The schedule's own deal has other teams: what counts is which two agents meet, and on which side
    one, other = sorted(set(match.players.values()))
    held = (one, other) if match.index % 2 else (other, one)
    won = rng.random() < 1 / (1 + math.exp(strength[held[1]] - strength[held[0]]))
    winner = first if won else second
    players = {seat: held[0] if seat in teams[first] else held[1] for seat in of.episode["players"]}
    episode = of.episode | {
        "id": match.id,
        "block": match.block,
        "index": match.index,
        "seed": match.seed,
        "players": players,
        "winner": winner,
        "scores": {team: float(team == winner) for team in teams},
    }
    turns = [turn | {"episode_id": match.id, "agent": players[turn["seat"]]} for turn in of.turns]
    return Prepared(episode, turns, [term | {"episode_id": match.id} for term in of.terms])


def measure(games: int, agents: int, played: list[Prepared], folder: Path, written: Path | None) -> tuple[float, ...]:
    """Seconds of the board and of the page, and the CPU seconds of both together."""
    file = folder / f"{agents}.sqlite"
    with Store.open(file, "w") as store:
        made = copies(games, agents, played)
        while some := list(islice(made, TOGETHER)):
            store.add(*some)
    with Store.open(file) as store:
        started, spent = time.perf_counter(), time.process_time()
        found = board(store)
        rated = time.perf_counter()
        page.write(found, store, written or folder / "page.html")
        return rated - started, time.perf_counter() - rated, time.process_time() - spent


def cooperative(games: int, agents: int) -> float:
    """Seconds of the board of one team's games with ten metrics and four tries of every case."""
    rng = random.Random(0)
    metrics = {f"metric_{i}": "" for i in range(9)} | {"done": ""}
    rows = [
        GameRow(
            id=f"{block}-{agent}-{repeat}",
            block=block,
            arena="errand",
            hash="",
            config={},
            preset="default",
            seed=block,
            players=dict.fromkeys(("a", "b"), f"agent{agent:02d}"),
            roles={"a": "runner", "b": "keeper"},
            teams={"crew": ("a", "b")},
            winner=None,
            scores={"crew": rng.random()},
            returns={},
            facts={"done": rng.random() < 0.5, **{name: rng.random() for name in metrics if name != "done"}},
        )
        for block in range(math.ceil(games / agents / 4))
        for agent in range(agents)
        for repeat in range(4)
    ]
    started = time.perf_counter()
    of_rows(rows, {}, metrics=metrics, success="done")
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--games", type=int, default=10_000)
    parser.add_argument("--agents", default="2,10,30")
    parser.add_argument("--page", type=Path, help="where the last page goes; nowhere if left out")
    asked = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        played = templates(folder / "played")
        for agents in map(int, asked.agents.split(",")):
            board_s, page_s, cpu_s = measure(asked.games, agents, played, folder, asked.page)
            print(
                f"{asked.games:,} games of {agents} agents: board {board_s:.1f} s, page {page_s:.1f} s, "
                f"together {board_s + page_s:.1f} s ({cpu_s:.1f} s of CPU)",
                flush=True,
            )
    for agents in map(int, asked.agents.split(",")):
        print(f"{asked.games:,} cooperative games of {agents} agents: board {cooperative(asked.games, agents):.1f} s")


if __name__ == "__main__":
    main()
