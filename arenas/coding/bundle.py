"""The reference and a few mutants as one program, so that what inputs expose costs one child.

All of it is our own code (or a user's reference); nothing a seat wrote is in it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lanista.arenas.coding.runner import request
from lanista.arenas.coding.task import Task
from lanista.arenas.sandbox.types import Call

MOST = 5
"""Mutants that a tester's inputs are held against."""

_PROGRAM = """\
_sources = {sources!r}
_made = {{}}

def probe(which, args):
    if which not in _made:
        space = {{"__name__": "probe"}}
        exec(_sources[which], space)
        _made[which] = eval({function!r}, space)
    return _made[which](*args)
"""


@lru_cache(maxsize=1024)
def mutants(task: Task) -> tuple[str, ...]:
    """The sources of up to MOST mutants, those first that the public examples do not find."""
    made = sorted(task.mutants(), key=lambda mutant: not mutant.survives)
    return tuple(mutant.source for mutant in made[:MOST])


def probe(task: Task, inputs: tuple[tuple[Any, ...], ...]) -> dict[str, Any]:
    """The request that runs the reference, then every mutant, on every input."""
    sources = [task.whole(source) for source in (task.reference, *mutants(task))]
    calls = [Call("probe", (which, args)) for which in range(len(sources)) for args in inputs]
    return request(_PROGRAM.format(sources=sources, function=task.function), calls, 2 * task.cpu_s)
