"""Games per second of a tournament of scripted agents, stored as they are played, with one worker and with two.

    python benchmarks/tournament_speed.py [--arena werewolf] [--agents random,crowd] [--games 400] [--json]

Each figure is the best of ``--repeats`` runs (other programs only ever slow one down), taken in turns so that a slow
minute of the machine falls on both; on a machine with other work the ratio says little. A run's time is from the first
worker's start to the last game's commit; "without starting" leaves out the time until the first game is kept, which is
mostly the workers' imports.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from pathlib import Path

from lanista import __version__
from lanista.leaderboards.tournament import run_tournament
from lanista.play.executors.processes import cores


def measure(arena: str, agents: list[str], games: int, workers: int) -> tuple[float, float]:
    """Games per second: in all, and from the first kept game on."""
    seen: list[tuple[float, int]] = []
    with tempfile.TemporaryDirectory() as folder:
        summary = run_tournament(
            arena,
            agents,
            games,
            0,
            out=Path(folder) / "run",
            workers=workers,
            on_progress=lambda done, total, eta_s: seen.append((time.monotonic(), done)),
        )
    (first, had), (last, done) = seen[1], seen[-1]
    return summary.games / summary.seconds, (done - had) / (last - first)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arena", default="werewolf")
    parser.add_argument("--agents", default="random,crowd")
    parser.add_argument("--games", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    asked = parser.parse_args()
    agents = asked.agents.split(",")
    rates = dict.fromkeys((1, 2), (0.0, 0.0))
    busy = time.process_time()
    for _ in range(asked.repeats):
        for workers, best in rates.items():
            now = measure(asked.arena, agents, asked.games, workers)
            rates[workers] = (max(best[0], now[0]), max(best[1], now[1]))
    writer_s = (time.process_time() - busy) / (asked.games * asked.repeats * len(rates))
    ratio = rates[2][1] / rates[1][1]
    if asked.json:
        rows = {str(w): {"games_per_s": r[0], "games_per_s_without_starting": r[1]} for w, r in rates.items()}
        print(
            json.dumps({"arena": asked.arena, "agents": agents, "games": asked.games, "workers": rows, "ratio": ratio})
        )
        return
    load = os.getloadavg()[0]
    print(
        f"lanista {__version__}, python {platform.python_version()}, {cores()} cores, load {load:.1f} (others included)"
    )
    print(f"{asked.arena}, {' against '.join(agents)}, {asked.games} games, best of {asked.repeats}")
    for workers, (whole, steady) in rates.items():
        print(f"  {workers} worker{'s' * (workers > 1)}: {whole:6.1f} games/s; without starting {steady:6.1f}")
    print(f"  ratio of two workers to one, without starting: {ratio:.2f}")
    print(f"  the one writer takes {writer_s * 1e3:.1f} ms of CPU a game: at most {1 / writer_s:.0f} games/s are kept")


if __name__ == "__main__":
    main()
