"""The table: where tasks come from, how hard they are, and how long the team may work on one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from lanista.arenas.coding.task import Mutant, Task
from lanista.arenas.core import chance
from lanista.errors import LanistaError, UsageError, suggest

GENERATOR, TESTER, DEBUGGER = "generator_0", "tester_0", "debugger_0"
TEAM = "coders"
WRITE, DEBUG = "write", "debug"

HIDDEN_MOST = 50
"""Hidden calls of a task that are made; only a user's file has more."""

_DRAWS = 50
"""Tasks drawn for one with a fault to plant; nearly all have some."""

_FAULTS = 8
"""Faults of a task that are tried for one that hidden calls show; nineteen in twenty do."""


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
    """The longest list or string in those hidden calls that are merely drawn: 2 to 40."""
    mode: str = WRITE
    """``write``: the generator writes the first program. ``debug``: it has a planted fault, and nobody generates."""
    rounds: int = 2
    """How often the program is tested and revised, 0 to 5; in the mode ``debug`` at least 1."""
    inputs: int = 3
    """How many inputs the tester may run in a round: 1 to 5."""
    file: str | None = None
    """Tasks of your own instead: JSON lines in the format of HumanEval or MBPP."""
    task: str | None = None
    """The id of one task of that file; None to draw one."""
    in_process_tests: bool = False
    """Take those too whose tests can only run within the program's reach; they prove less, and are marked."""
    digest: str | None = None
    """16 hex digits of the file's content, filled in: a game is not replayed on another file of that name."""

    def __post_init__(self) -> None:
        """Raises UsageError for what cannot be played."""
        if self.mode not in (WRITE, DEBUG):
            raise UsageError(f"mode is {WRITE!r} or {DEBUG!r}, not {self.mode!r}")
        whole("rounds", self.rounds, 1 if self.mode == DEBUG else 0, 5)
        whole("inputs", self.inputs, 1, 5)
        if not isinstance(self.in_process_tests, bool):
            raise UsageError(f"in_process_tests is true or false, not {self.in_process_tests!r}")
        if self.file is None:
            for name in ("task", "digest", "in_process_tests"):
                if getattr(self, name):
                    raise UsageError(f"{name} is of a task file; set file too")
            generated(0, self.split, self.family, self.steps, self.shown, self.size)
            return
        if self.mode == DEBUG or self.family is not None or self.steps is not None:
            raise UsageError(
                "a task file has no families, no steps and no faults to plant: leave out family and steps, "
                "and the mode 'debug'"
            )
        found = digest(self.file)
        if self.digest not in (None, found):
            raise UsageError(f"{self.file} has changed since: its digest was {self.digest} and is {found} now")
        object.__setattr__(self, "digest", found)
        tasks_of(self)


def task_of(seed: int, config: Config) -> tuple[int, Task]:
    """The chance key and the task of a seed."""
    if config.file is not None:
        key, tasks = chance.key("coding", seed), tasks_of(config)
        return key, tasks[chance.draw(key, "task", 0, len(tasks))]
    for number in range(_DRAWS):
        key = chance.key("coding", seed, number)
        task = generated(key, config.split, config.family, config.steps, config.shown, config.size)
        if config.mode == WRITE or planted(task, key) is not None:
            return key, task
    raise LanistaError(f"{_DRAWS} tasks were drawn, and no fault can be planted in any of them")


@lru_cache(maxsize=1024)
def planted(task: Task, key: int) -> Mutant | None:
    """A fault for the debugger: one that hidden calls show and the public examples do not, where there is any such."""
    from lanista.arenas.coding.tasks.mutants import differs

    calls = [call.args for call in task.hidden_calls()]
    for number in range(_FAULTS):
        bug = task.bug(key % 1009 + number)
        if bug is not None and differs(task, bug.source, calls, task.expected()):
            return bug
    return None


def tasks_of(config: Config) -> tuple[Task, ...]:
    """The tasks of the config's file that can be drawn. Raises UsageError where there is none."""
    path = str(config.file)
    held, left_out = _loaded(path, str(config.digest), config.in_process_tests)
    if config.task is not None:
        chosen = tuple(task for task in held if task.id == config.task)
        if not chosen:
            known = [task.id for task in held]
            why = left_out.get(config.task)
            reason = f"cannot be converted ({why}); in_process_tests takes it" if why else "is not there"
            raise UsageError(f"{path}: task {config.task!r} {reason}{suggest(config.task, known) if not why else ''}")
        return chosen
    if not held:
        raise UsageError(f"{path}: no task of it can be converted; in_process_tests takes them as they are")
    return held


@lru_cache(maxsize=64)
def _loaded(path: str, digest: str, in_process_tests: bool) -> tuple[tuple[Task, ...], dict[str, str]]:
    from lanista.arenas.coding import runner
    from lanista.arenas.coding.tasks.files import load

    found = load(path, in_process_tests=in_process_tests, box=runner.sandbox, most=HIDDEN_MOST)
    return found.tasks, {task.id: task.reason for task in found.left_out}


def digest(path: str) -> str:
    """16 hex digits over a file's content. Raises UsageError where it cannot be read, or is larger than any task file
    may be."""
    from lanista.arenas.coding.tasks.lines import LARGEST

    try:
        with Path(path).open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(content) > LARGEST:
        raise UsageError(f"{path}: more than {LARGEST // 1024 // 1024} MB; split the file")
    return hashlib.blake2b(content, digest_size=8).hexdigest()


@lru_cache(maxsize=4096)
def generated(seed: int, split: str, family: str | None, steps: int | None, shown: int, size: int) -> Task:
    """The generated task of a seed; games of one seed share it, and what it has computed."""
    from lanista.arenas.coding.tasks.generate import generate

    return generate(seed, split, family=family, steps=steps, shown=shown, size=size)


def whole(name: str, value: Any, low: int, high: int) -> None:
    """Raises UsageError unless ``value`` is a whole number in the range."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise UsageError(f"{name} is a whole number from {low} to {high}, not {value!r}")
