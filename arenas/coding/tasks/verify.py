"""The reference solutions of tasks, run in the sandbox against the tasks' own tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lanista.arenas.coding.task import Task
from lanista.arenas.sandbox.types import Limits

if TYPE_CHECKING:
    from lanista.arenas.sandbox import Sandbox


class Verified(NamedTuple):
    """How a task's reference fared. ``why`` is one line that says what failed; "" where all passed."""

    task: Task
    passed: bool
    why: str


def verify(
    tasks: Sequence[Task], box: Sandbox, *, told: Callable[[int, int], None] | None = None, at_once: int = 2
) -> list[Verified]:
    """Runs every reference, ``at_once`` at a time, in the caller's ``box``; ``told(done, total)`` follows."""
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
    limits = Limits(cpu_s=task.cpu_s, wall_s=20 * task.cpu_s)
    if task.in_process is not None:
        found = box.run(f"{task.reference}\n{task.in_process}", [], limits)
        return Verified(task, found.stop is None, f"{found.stop}: {found.error}" if found.stop else "")
    found = box.run(task.preamble + task.reference, task.hidden_calls(), limits)
    for i, row in enumerate(found.results):
        if not row.ok:
            return Verified(task, False, f"call {i + 1} of {len(found)}: {row.error or row.stop or row.status}")
        if not task.passes(i, row.value):
            return Verified(task, False, f"call {i + 1} of {len(found)}: another value than its assert names")
    return Verified(task, found.stop is None, f"{found.stop}: {found.error}" if found.stop else "")
