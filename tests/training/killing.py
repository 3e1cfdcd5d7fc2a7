"""Training runs in processes that are killed at a chosen moment: inside a phase, at one of its calls.

A run's process is forked from a server that has torch imported already, so that twenty of them take no minutes. It dies
by SIGKILL sent by itself at an event of Python's profiler, functions of C included (every write, rename and fsync): no
handler runs and nothing is flushed, as for any kill -9, and the moment can be told again from its phase and number. In
phases that write, the events are the calls that reach the disk: between any two of them a kill leaves something else.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

PHASES = {
    "start": ("lanista.training.policies", "seat"),
    "rollout": ("lanista.training.loop", "play_scenarios"),
    "forks": ("lanista.training.loop", "play_forks"),
    "games kept": ("lanista.training.loop", "_Loop._keep"),
    "passes": ("lanista.training.algorithms.grpo.trainer", "SelfPlayGRPOTrainer.passes"),
    "between adapters": ("lanista.training.adapters", "Adapters.activate"),
    "optimizer": ("lanista.training.algorithms.grpo.trainer", "SelfPlayGRPOTrainer._optimize"),
    "states": ("lanista.training.algorithms.ppo.states", "states_of"),
    "critic": ("lanista.training.algorithms.ppo.critic", "Critic.learn"),
    "league snapshot": ("lanista.training.policies", "Policies.save"),
    "checkpoint": ("lanista.training.loop", "_Loop._save"),
    "a line of the metrics": ("lanista.training.loop", "_Loop.write"),
    "evaluation": ("lanista.training.loop", "evaluate"),
    "finish": ("lanista.training.loop", "_Loop._finish"),
}
"""What a moment may lie in, and the function that it is."""

ON_DISK = ("games kept", "league snapshot", "checkpoint", "a line of the metrics", "finish")
"""Phases that write: in them only calls that reach the disk count as events; to it what lies between is the same."""

DISK = ("posix", "_io", "sqlite3", "safetensors._safetensors_rust")
"""Where functions come from that reach the disk."""

_context: Any = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["lanista.training.loop", "lanista.training.algorithms.grpo.trainer"])


def run(settings: Mapping[str, Any], out: Path, phase: str | None = None, event: int = 0) -> int:
    """Train or go on in a process of its own, killed at that event of a phase. Returns its exit code, -9 if killed."""
    process = start(settings, out, phase, event)
    process.join(240)
    assert process.exitcode is not None, "it hangs"
    return int(process.exitcode)


def start(settings: Mapping[str, Any], out: Path, phase: str | None = None, event: int = 0) -> Any:
    """As ``run``, without waiting for the end. Where no phase is named the process is left in peace."""
    process = _context.Process(target=_child, args=(json.dumps(settings), str(out), phase, event))
    process.start()
    return process


def lengths(settings: Mapping[str, Any], out: Path) -> dict[str, int]:
    """An undisturbed run, and how many events each phase of it had; 0 for those that it has not."""
    counts = out.with_suffix(".counts")
    process = _context.Process(target=_counted, args=(json.dumps(settings), str(out), str(counts)))
    process.start()
    process.join(240)
    assert process.exitcode == 0
    found: dict[str, int] = json.loads(counts.read_text(encoding="utf-8"))
    return found


def _child(settings: str, out: str, phase: str | None, event: int) -> None:
    if phase is not None:
        left = [event]

        def die() -> None:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        _listen(phase, die)
    _train(settings, out)


def _counted(settings: str, out: str, counts: str) -> None:
    found = dict.fromkeys(PHASES, 0)

    def counting(phase: str) -> Callable[[], None]:
        def count() -> None:
            found[phase] += 1

        return count

    for phase in PHASES:
        _listen(phase, counting(phase))
    _train(settings, out)
    Path(counts).write_text(json.dumps(found), encoding="utf-8")


def _train(settings: str, out: str) -> None:
    from lanista.training.config import TrainConfig
    from lanista.training.loop import train

    train(TrainConfig.from_json(json.loads(settings)), Path(out), resume=True)


def _listen(phase: str, told: Callable[[], None]) -> None:
    """Have ``told`` called at every event between the beginning and the end of a phase."""
    module, place = PHASES[phase]
    *path, name = place.split(".")
    owner = reduce(getattr, path, importlib.import_module(module))
    inner = getattr(owner, name)

    def hook(event: str, arg: Any) -> None:
        if event == "c_call" if phase in ON_DISK else event in ("call", "c_call"):
            place = getattr(arg, "__module__", None) or type(getattr(arg, "__self__", None)).__module__
            if phase not in ON_DISK or place in DISK:
                told()

    def outer(*args: Any, **kwargs: Any) -> Any:
        before = sys.getprofile()

        def both(frame: Any, event: Any, arg: Any) -> None:
            hook(event, arg)
            if before is not None:
                before(frame, event, arg)

        sys.setprofile(both)
        try:
            return inner(*args, **kwargs)
        finally:
            sys.setprofile(before)

    setattr(owner, name, outer)
