"""What a run in the sandbox costs, beside a fresh interpreter and beside a bare fork of the same zygote.

    python benchmarks/sandbox_speed.py [--runs 300]

Ratios are medians over interleaved blocks, so that a busy moment hits all alike. The aims stand in docs/sandbox.md.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from _machine import machine

from lanista.arenas.sandbox import FULL, SECOND, Call, Sandbox, worker
from lanista.errors import LanistaError

PROGRAM = "def add(a, b):\n    return a + b\n"
CALLS = [Call("add", (1, 2))]
NO_WALLS = "from lanista.arenas.sandbox import zygote, walls\nwalls.Walls.close_in = lambda *_: None\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=300, help="runs of each kind")
    runs = parser.parse_args().runs
    print(machine())
    python = worker.base_python()
    cases: dict[str, Callable[[], object]] = {"fresh python -I -S": lambda: fresh(python)}
    boxes: list[Sandbox] = []
    for tier in (FULL, SECOND):
        try:
            boxes.append(Sandbox(tier=tier))
        except LanistaError as error:
            print(f"tier {tier} does not stand here: {error}")
            continue
        cases[f"tier {tier}"] = once(boxes[-1])
    cases["bare fork"] = once(bare := bare_fork())
    times = interleaved(cases, runs)
    base, bare_s = (statistics.median(times[name]) for name in ("fresh python -I -S", "bare fork"))
    print(f"{'one client':<24} {'p50 ms':>8} {'p95 ms':>8} {'runs/s':>8} {'× fresh':>8} {'over a bare fork':>18}")
    for name, took in times.items():
        p50, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
        over = f"{1000 * (p50 - bare_s):+.2f} ms" if name.startswith("tier") else ""
        rate = len(took) / sum(took)
        print(f"{name:<24} {1000 * p50:8.2f} {1000 * p95:8.2f} {rate:8.0f} {base / p50:8.1f} {over:>18}")
    for box in (*boxes, bare):
        box.close()
    for box in boxes:
        with Sandbox(workers=2, tier=box.tier) as pool:
            rates = [two_clients(pool, runs) for _ in range(5)]
        print(f"two clients, tier {box.tier}: {statistics.median(rates):.0f} runs/s (best of five {max(rates):.0f})")


def once(box: Sandbox) -> Callable[[], object]:
    return lambda: box.run(PROGRAM, CALLS)


def fresh(python: str) -> None:
    """The same program and call in an interpreter started for it."""
    done = subprocess.run([python, "-I", "-S", "-c", PROGRAM + "print(add(1, 2))"], capture_output=True, check=True)
    assert done.stdout == b"3\n"


def bare_fork() -> Sandbox:
    """A sandbox without walls: forks of the same zygote over the same pipes. For this measurement alone."""
    boot = worker._BOOT
    worker._BOOT = boot.replace("from lanista.arenas.sandbox import zygote\n", NO_WALLS)
    assert boot != worker._BOOT
    try:
        box = Sandbox(tier="unsafe", allow_unsafe=True)
        assert box.run(PROGRAM, CALLS)[0].value == 3
        return box
    finally:
        worker._BOOT = boot


def interleaved(cases: dict[str, Callable[[], object]], runs: int) -> dict[str, list[float]]:
    """Seconds of every run, by case; cases take turns in blocks of ten, the first block of each is thrown away."""
    times: dict[str, list[float]] = {name: [] for name in cases}
    for block in range(runs // 10 + 1):
        for name, case in cases.items():
            for _ in range(10):
                started = time.perf_counter()
                case()
                if block:
                    times[name].append(time.perf_counter() - started)
    return times


def two_clients(pool: Sandbox, runs: int) -> float:
    """Runs per second of two threads that share a pool of two workers."""
    threads = [threading.Thread(target=lambda: [pool.run(PROGRAM, CALLS) for _ in range(runs)]) for _ in range(2)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 2 * runs / (time.perf_counter() - started)


if __name__ == "__main__":
    sys.exit(main())
