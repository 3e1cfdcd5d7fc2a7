"""Coding tasks by family: how many injected faults the hidden calls find, and how fast tasks are made.

    python benchmarks/coding_tasks.py [--tasks 60] [--family NAME]

Per family, over tasks of all its splits: mutants of the reference (each one wrong on some valid input that is no hidden
call), the share that the hidden calls find with its 95% interval by task, and the share that gets past the public
examples, which is what a debugger is given. Then tasks made per CPU-second by split: cold (a new process, nothing
remembered) and warm. All figures but the last follow from the seeds 0, 1, 2, …
"""

from __future__ import annotations

import argparse
import time

from _machine import machine

from lanista.arenas.coding.tasks.generate import FAMILIES, generate
from lanista.arenas.coding.tasks.mutants import differs

AIM = 0.95


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=60, help="tasks of each family")
    parser.add_argument("--family", choices=sorted(FAMILIES), help="one family only")
    args = parser.parse_args()
    print(machine())
    if args.family is None:
        for split in ("train", "dev", "test"):
            cold, warm = speed(split, 0), speed(split, 300)
            print(f"generation, {split:5}: {cold:5.0f} tasks a CPU-second at first, {warm:5.0f} later")
    print(f"\n{'family':<12} {'tasks':>5} {'compositions':>12} {'mutants':>8} {'killed':>16} {'past the public':>16}")
    low = []
    for name in [args.family] if args.family else FAMILIES:
        row, share = family(name, args.tasks)
        print(row, flush=True)
        low += [name] if share < AIM else []
    print(f"families under {AIM:.0%}: {', '.join(low) or 'none'}")


def family(name: str, count: int) -> tuple[str, float]:
    """(a row of the table, the share killed)."""
    per_task, compositions, survive = [], set(), 0
    splits = FAMILIES[name].splits
    for seed in range(count):
        task = generate(seed, splits[seed % len(splits)], family=name)
        compositions.add(task.composition)
        inputs = [call.args for call in task.hidden_calls()]
        found = task.mutants(1000)
        dead = sum(differs(task, mutant.source, inputs, task.expected()) for mutant in found)
        survive += sum(mutant.survives for mutant in found)
        per_task.append((dead, len(found)))
    killed, total = (sum(column) for column in zip(*per_task, strict=True))
    share = killed / total
    row = (
        f"{name:<12} {count:5} {len(compositions):12} {total:8} {share:8.1%} ± {half_width(per_task):5.1%}"
        f" {survive / total:16.1%}"
    )
    return row, share


def half_width(per_task: list[tuple[int, int]]) -> float:
    """Half of the 95% interval of a ratio of sums over tasks (linearised; Cochran 1977, section 6.3)."""
    killed, total = (sum(column) for column in zip(*per_task, strict=True))
    n, share = len(per_task), killed / total
    spread = sum((dead - share * found) ** 2 for dead, found in per_task)
    return 1.96 * float((n / max(1, n - 1) * spread) ** 0.5) / total


def speed(split: str, first: int) -> float:
    """Tasks a CPU-second over 300 seeds."""
    start = time.process_time()
    for seed in range(first, first + 300):
        generate(seed, split)
    return 300 / (time.process_time() - start)


if __name__ == "__main__":
    main()
