"""Coding tasks: how many faults the hidden calls find, by family and by kind of fault, and how fast tasks are made.

    python benchmarks/coding_tasks.py [--tasks 60] [--family NAME]

First, tasks made per CPU-second by split: cold (a new process, nothing remembered) and warm. Then per family, over
tasks of all its splits: faulty versions of the reference (one-point changes, narrowings of an argument, spoilt answers,
plausible wrong programs), each of them wrong on some valid input; how many versions were left out as equal to the
reference on a large sample; the share that the hidden calls find with its 95% interval by task; and the share of the
one-point changes that gets past the public examples, which is what a debugger is given. Last, the shares by kind of
fault, over all families. All figures but the speed follow from the seeds 0, 1, 2, …
"""

from __future__ import annotations

import argparse
import time
from collections import Counter

from _machine import machine

from lanista.arenas.coding.tasks.faults import faults, missed
from lanista.arenas.coding.tasks.generate import FAMILIES, HIDDEN, generate

AIM = 0.995


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
    print(f"\n{HIDDEN} hidden calls a task")
    columns = f"{'compositions':>12} {'faults':>8} {'equal':>6} {'found':>16} {'past the public':>16}"
    print(f"{'family':<12} {'tasks':>5} {columns}")
    low: list[str] = []
    by_kind: Counter[tuple[str, bool]] = Counter()
    for name in [args.family] if args.family else FAMILIES:
        row, share, kinds = family(name, args.tasks)
        print(row, flush=True)
        low += [name] if share < AIM else []
        by_kind += kinds
    print(f"families under {AIM:.1%}: {', '.join(low) or 'none'}\n")
    print(f"{'kind of fault':<22} {'faults':>8} {'found':>8}")
    for kind in sorted({kind for kind, _ in by_kind}):
        found, all_of_them = by_kind[kind, True], by_kind[kind, True] + by_kind[kind, False]
        print(f"{kind:<22} {all_of_them:8} {found / all_of_them:8.1%}")
    found = sum(count for (_, shown), count in by_kind.items() if shown)
    print(f"{'all':<22} {by_kind.total():8} {found / by_kind.total():8.2%}")


def family(name: str, count: int) -> tuple[str, float, Counter[tuple[str, bool]]]:
    """(a row of the table, the share found, faults by (kind, whether a hidden call shows them))."""
    per_task: list[tuple[int, int]] = []
    by_kind: Counter[tuple[str, bool]] = Counter()
    compositions: set[str] = set()
    survive = mutants = equal = 0
    splits = FAMILIES[name].splits
    for seed in range(count):
        task = generate(seed, splits[seed % len(splits)], family=name)
        compositions.add(task.composition)
        verdicts = [(fault.kind, missed(task, fault)) for fault in faults(task)]
        shown = Counter((kind, not verdict) for kind, verdict in verdicts if verdict is not None)
        equal += sum(verdict is None for _, verdict in verdicts)
        by_kind += shown
        per_task.append((sum(n for (_, found), n in shown.items() if found), shown.total()))
        found = task.mutants(1000)
        survive, mutants = survive + sum(mutant.survives for mutant in found), mutants + len(found)
    killed, total = (sum(column) for column in zip(*per_task, strict=True))
    row = (
        f"{name:<12} {count:5} {len(compositions):12} {total:8} {equal:6} {killed / total:8.2%} ± "
        f"{half_width(per_task):5.2%} {survive / mutants:16.1%}"
    )
    return row, killed / total, by_kind


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
