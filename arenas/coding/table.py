"""The table: where tasks come from, how hard they are, and how long the team may work on one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lanista.arenas import chance
from lanista.arenas.coding.task import Task
from lanista.errors import LanistaError, UsageError

GENERATOR, TESTER, DEBUGGER = "generator_0", "tester_0", "debugger_0"
TEAM = "coders"
WRITE, DEBUG = "write", "debug"

_DRAWS = 50
"""Tasks drawn for one with a fault to plant; nearly all have some."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """One table."""

    split: str = "train"
    """``train``, ``dev`` or ``test``: no two share a composition."""
    family: str | None = None
    """The kind of task; None for any of the split's."""
    steps: int | None = None
    """How many primitives or rules are composed; None for any number."""
    shown: int = 3
    """Public examples: 0 to 8."""
    size: int = 8
    """The longest list or string in a hidden call: 2 to 40."""
    mode: str = WRITE
    """``write``: the generator writes the first program. ``debug``: it has a planted fault, and nobody generates."""
    rounds: int = 2
    """How often the program is tested and revised, 0 to 5; in the mode ``debug`` at least 1."""
    inputs: int = 3
    """How many inputs the tester may run in a round: 1 to 5."""

    def __post_init__(self) -> None:
        """Raises UsageError for what cannot be played."""
        if self.mode not in (WRITE, DEBUG):
            raise UsageError(f"mode is {WRITE!r} or {DEBUG!r}, not {self.mode!r}")
        whole("rounds", self.rounds, 1 if self.mode == DEBUG else 0, 5)
        whole("inputs", self.inputs, 1, 5)
        generated(0, self.split, self.family, self.steps, self.shown, self.size)


def task_of(seed: int, config: Config) -> tuple[int, Task]:
    """The chance key and the task of a seed."""
    key = chance.key("coding", seed)
    for number in range(_DRAWS):
        key = chance.key("coding", seed, number)
        task = generated(key, config.split, config.family, config.steps, config.shown, config.size)
        if config.mode == WRITE or task.mutants():
            return key, task
    raise LanistaError(f"{_DRAWS} tasks were drawn, and no fault can be planted in any of them")


@lru_cache(maxsize=4096)
def generated(seed: int, split: str, family: str | None, steps: int | None, shown: int, size: int) -> Task:
    """The generated task of a seed; games of one seed share it, and what it has computed."""
    from lanista.arenas.coding.tasks.generate import generate

    return generate(seed, split, family=family, steps=steps, shown=shown, size=size)


def whole(name: str, value: Any, low: int, high: int) -> None:
    """Raises UsageError unless ``value`` is a whole number in the range."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise UsageError(f"{name} is a whole number from {low} to {high}, not {value!r}")
