"""The reference solutions of tasks, run in the sandbox against the tasks' own tests.

A task is verified where assertions were executed, all held, and they say something: tests beside the program that pass
as well for a function that only raises, and for one that returns an object of no use, say nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lanista.arenas.coding.grade import asserted
from lanista.arenas.coding.task import Task
from lanista.arenas.sandbox.types import Limits

if TYPE_CHECKING:
    from lanista.arenas.sandbox import Sandbox

_USELESS = (
    "\n\ndef {name}(*args, **kwargs):\n    raise NotImplementedError\n",
    "\n\ndef {name}(*args, **kwargs):\n    return object()\n",
)


class Verified(NamedTuple):
    """How a task's reference fared. ``why`` is one line that says what failed; "" where all passed."""

    task: Task
    passed: bool
    why: str
    assertions: int = 0
    """How many were executed, and held."""


PACKAGES_BYTES = 1_000_000_000
"""Address space that allowed packages may take beside what a program may."""


def verify(
    tasks: Sequence[Task],
    box: Sandbox,
    *,
    told: Callable[[int, int], None] | None = None,
    at_once: int = 2,
) -> list[Verified]:
    """Runs every reference, ``at_once`` at a time, in the caller's ``box``; ``told(done, total)`` follows.

    What a ``Sandbox(packages=...)`` allows can be imported by programs and tests.
    """
    from concurrent.futures import ThreadPoolExecutor

    done: list[Verified] = []
    with ThreadPoolExecutor(max_workers=at_once) as threads:
        for found in threads.map(lambda task: verified(task, box), tasks):
            done.append(found)
            if told is not None:
                told(len(done), len(tasks))
    return done


def verified(task: Task, box: Sandbox) -> Verified:
    """One reference against its hidden calls, or with its tests in its own process where they did not convert."""
    if task.in_process is not None:
        return _beside(task, box)
    found = box.run(task.whole(task.reference), task.hidden_calls(), _limits(task, box))
    for i, row in enumerate(found.results):
        if not row.ok:
            return Verified(task, False, f"call {i + 1} of {len(found)}: {row.error or row.stop or row.status}", i)
        if not task.passes(i, row.value):
            return Verified(task, False, f"call {i + 1} of {len(found)}: another value than its assert names", i)
    return Verified(task, found.stop is None, f"{found.stop}: {found.error}" if found.stop else "", len(found))


def _beside(task: Task, box: Sandbox) -> Verified:
    count, why = _tested(task, task.reference, box)
    if why:
        return Verified(task, False, why)
    if count == 0:
        return Verified(task, False, "its tests executed no assertion")
    useless = (task.reference + text.format(name=task.entry_point) for text in _USELESS)
    if all(not _tested(task, source, box)[1] for source in useless):
        return Verified(task, False, f"its tests pass whatever {task.entry_point} does", count)
    return Verified(task, True, "", count)


def _tested(task: Task, source: str, box: Sandbox) -> tuple[int, str]:
    """How many assertions the tests beside a program executed, and what failed or ""."""
    found = box.run(task.whole(source), task.test_calls(), _limits(task, box))
    (row,) = found.results
    return (asserted(row.value), "") if row.ok else (0, row.error.removeprefix("TestFailed: ") or str(row.stop))


def _limits(task: Task, box: Sandbox) -> Limits:
    return Limits(
        cpu_s=task.cpu_s,
        wall_s=min(3600.0, 20 * task.cpu_s),
        memory_bytes=Limits().memory_bytes + (PACKAGES_BYTES if box.packages else 0),
        result_bytes=task.result_bytes,
    )
