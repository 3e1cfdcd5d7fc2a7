"""How many CPU threads a model is worth. ``benchmarks/threads.py`` measures where two come to be worth it."""

from __future__ import annotations

import os

ONE_UP_TO = 100_000_000
"""Parameters up to which one thread is best beside other work: below, threads wait for each other more than they
compute, and where another process holds a core they wait for that."""

_used = 0


def threads_for(parameters: int) -> int:
    """The threads a model of so many parameters should compute with on this machine.

    ``OMP_NUM_THREADS`` goes before it.
    """
    said = os.environ.get("OMP_NUM_THREADS", "")
    if said.isdigit() and int(said) > 0:
        return int(said)
    if parameters <= ONE_UP_TO:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def told(threads: int, parameters: int) -> str:
    """The choice in words, for a run's header."""
    size = f"{parameters / 1e6:.1f}M" if parameters >= 1e5 else f"{parameters / 1e3:.0f}k"
    return f"{threads} CPU thread{'s' * (threads != 1)} for {size} parameters"


def use(asked: int, parameters: int, *, alone: bool = False) -> int:
    """Set torch's threads, for the whole process, and return them: ``asked``, or where that is 0 ``threads_for``.

    Of several models in a process the one that wants the most threads decides; ``alone``: this one does, whatever was
    seated before it (a training run).
    """
    global _used
    import torch

    chosen = asked or max(0 if alone else _used, threads_for(parameters))
    if chosen != torch.get_num_threads():
        torch.set_num_threads(chosen)
    _used = chosen
    return chosen
