"""What a run in the sandbox costs, beside a fresh interpreter and beside a bare fork of the same zygote.

    python benchmarks/sandbox_speed.py [--runs 300]

Times are medians over interleaved blocks, so that a busy moment hits all alike; CPU is what client, zygote and children
used together, by the kernel's count, starting up excluded. One client waits for each run; the next child is forked
meanwhile. The aims stand in docs/sandbox.md.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import threading
import time
from collections.abc import Callable
from functools import partial

from _machine import machine

from lanista.arenas.sandbox import FULL, SECOND, Call, Sandbox, worker
from lanista.errors import LanistaError

PROGRAM = "def add(a, b):\n    return a + b\n"
CALLS = [Call("add", (1, 2))]
FRESH, BARE = "fresh python -I -S", "bare fork"
NO_WALLS = "from lanista.arenas.sandbox import zygote, walls\nwalls.Walls.close_in = lambda *_: None\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=300, help="runs of each kind")
    runs = parser.parse_args().runs
    print(machine())
    python = worker.base_python()
    cases: dict[str, Callable[[], object]] = {FRESH: lambda: fresh(python)}
    makers: dict[str, Callable[[], Sandbox]] = {}
    for tier in (FULL, SECOND):
        try:
            Sandbox(tier=tier).close()
        except LanistaError as error:
            print(f"tier {tier} does not stand here: {error}")
            continue
        makers[f"tier {tier}"] = partial(Sandbox, tier=tier)
    makers[BARE] = bare_fork
    boxes = {name: make() for name, make in makers.items()}
    cases |= {name: once(box) for name, box in boxes.items()}
    times = interleaved(cases, runs)
    for box in boxes.values():
        box.close()
    cpu = {FRESH: cpu_fresh(python, runs // 3)} | {name: cpu_box(make, runs) for name, make in makers.items()}
    base, bare_s = statistics.median(times[FRESH]), statistics.median(times[BARE])
    heads = [f"{head:>7}" for head in ("p50 ms", "p95 ms", "runs/s", "× fresh", "CPU ms", "× fresh")]
    print(f"{'one client':<22}", *heads, " the walls over a bare fork")
    for name, took in times.items():
        p50, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
        walls = f"{1000 * (p50 - bare_s):+.2f} ms, {1000 * (cpu[name] - cpu[BARE]):+.2f} ms CPU"
        print(
            f"{name:<22} {1000 * p50:7.2f} {1000 * p95:7.2f} {len(took) / sum(took):7.0f} {base / p50:7.1f} "
            f"{1000 * cpu[name]:7.2f} {cpu[FRESH] / cpu[name]:7.1f}  {walls if name.startswith('tier') else ''}"
        )
    lone = len(times[FRESH]) / sum(times[FRESH])
    for name, make in makers.items():
        if name.startswith("tier"):
            with make() as probe, Sandbox(workers=2, tier=probe.tier) as pool:
                rates = [two_clients(pool, runs) for _ in range(5)]
            middle, best = statistics.median(rates), max(rates)
            print(
                f"two clients, {name}: {middle:.0f} runs/s (best of five {best:.0f}), {middle / lone:.1f} × one fresh"
            )


def once(box: Sandbox) -> Callable[[], object]:
    return lambda: box.run(PROGRAM, CALLS)


def cpu_box(make: Callable[[], Sandbox], runs: int) -> float:
    """CPU seconds of one run: a box's whole life with runs, less a life without."""
    lives = []
    for count in (0, runs):
        before = cpu_now()
        with make() as box:
            for _ in range(count):
                box.run(PROGRAM, CALLS)
        lives.append(cpu_now() - before)
    return (lives[1] - lives[0]) / runs


def cpu_fresh(python: str, runs: int) -> float:
    before = cpu_now()
    for _ in range(runs):
        fresh(python)
    return (cpu_now() - before) / runs


def cpu_now() -> float:
    """CPU seconds of this process and of all that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


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
    main()
