"""A programming task: what it asks, what answers it, and how an answer is judged.

A task is immutable, so that it can sit in a game's state, and is built again from its seed rather than stored. What
may be shown (specification, signature, public examples) and what may not (reference, hidden calls, expected values)
are different fields; nothing here writes text for a seat.

The calls and the values expected of them are kept apart: ``hidden_calls()`` goes to the sandbox, ``expected()`` never
does, and ``passes(index, value)`` judges on this side.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from lanista.arenas.coding.tasks.checkers import check
from lanista.arenas.coding.tasks.complexity import cyclomatic
from lanista.arenas.coding.tasks.domains import Domain
from lanista.arenas.coding.tasks.recipe import Fit
from lanista.arenas.coding.tasks.relations import Relation
from lanista.arenas.sandbox.types import Call

RESULT_BYTES = 1_000_000
"""Room of a run for the values that are returned, as ``Limits`` has it."""

ROOM_PER_CHARACTER = 9
"""A right value may take more room than the literal it equals: 26 for ``1.0``, 3 for ``1, ``."""

Args = tuple[Any, ...]
"""Positional arguments of one call."""


class Example(NamedTuple):
    """A call that everybody may see, with its right answer."""

    args: Args
    expected: Any
    kwargs: Mapping[str, Any] = {}


class Mutant(NamedTuple):
    """The reference with one fault. ``survives`` says that it answers every public example rightly."""

    source: str
    fault: str
    """What was changed, as ``line 3: < became <=``."""
    survives: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """One task. Equal tasks have equal ``id``: it names the composition and the seed of the inputs."""

    id: str
    family: str
    split: str
    composition: str
    """What the reference computes, in a canonical form: splits share no composition."""
    difficulty: Mapping[str, int]
    entry_point: str
    signature: str
    """The line a solution starts with, such as ``def f(xs):``."""
    specification: str
    reference: str
    """Source of a right and fast solution."""
    brute: str | None = None
    """Source of an independently written solution, right on small inputs and often slow; None in a user's file."""
    domains: tuple[Domain, ...] = ()
    """What each argument may be; () where nothing is known of the arguments."""
    fit: Fit | None = None
    """Makes drawn arguments say something together; None where each may be drawn alone."""
    special: Callable[[random.Random], Sequence[Args]] | None = None
    """Draws calls that this composition turns on."""
    wrong: tuple[str, ...] = ()
    """Sources that a reader of the specification might well write, and that are wrong."""
    examples: tuple[Example, ...] = ()
    hidden: tuple[Call, ...] = ()
    relations: tuple[Relation, ...] = ()
    checker: str = "exact"
    """How a value is judged: a name of ``checkers.CHECKERS``; imported tasks judge each call by its own ``checks``."""
    checks: tuple[tuple[str, Any], ...] = ()
    """For imported tasks: per hidden call, the checker and the value its assert names."""
    preamble: str = ""
    """What stands before every program of an imported task: imports of its prompt."""
    cpu_s: float = 0.5
    """CPU seconds for all hidden calls together. References stay far below; see ``heavy``."""
    heavy: bool = False
    """Whether the hidden calls hold one that a solution of the naive complexity class cannot finish. It comes first."""
    in_process: str | None = None
    """Tests of a user's file that could not be converted: source that raises where a program fails. They run inside
    the program's reach, so a passed run of them proves less; ``hidden`` is empty then."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Task) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def imported(self) -> bool:
        """Whether it stands in a user's file."""
        return bool(self.checks) or self.in_process is not None

    @property
    def function(self) -> str:
        """What a sandbox is to call for the value of the function: see ``whole``."""
        from lanista.arenas.coding.tasks.program import VALUE

        return VALUE if self.imported else self.entry_point

    def whole(self, source: str) -> str:
        """What is loaded to run a program of this task: the program itself, and for an imported task what its prompt
        brings before."""
        from lanista.arenas.coding.tasks.program import whole

        if not self.imported:
            return source
        return whole(source, self.entry_point, self.preamble, in_process=self.in_process is not None)

    def test_calls(self) -> tuple[Call, ...]:
        """The calls that a verdict needs: the hidden ones, or the one that runs the tests beside the program and
        returns how many assertions were executed."""
        from lanista.arenas.coding.tasks.program import TESTS

        return self.hidden if self.in_process is None else (Call(TESTS, (self.in_process,)),)

    @cached_property
    def result_bytes(self) -> int:
        """Room that the values of all hidden calls need, however right answers are written; a power of two times the
        least, because a program learns it."""
        from lanista.arenas.sandbox.values import encode

        sizes = sum(len(str(encode(value, 1 << 30))) for _, value in self.checks)
        times = -(-ROOM_PER_CHARACTER * sizes // RESULT_BYTES)
        return RESULT_BYTES << max(0, times - 1).bit_length()

    def hidden_calls(self) -> tuple[Call, ...]:
        """The calls that decide about a solution, in the order in which they are to be made."""
        return self.hidden

    def expected(self) -> tuple[Any, ...]:
        """The right answers, or one of them each, in the order of ``hidden_calls()``. Computed on first use."""
        return self._expected

    def passes(self, index: int, value: Any) -> bool:
        """Whether ``value``, plain data that came back from a child, answers hidden call ``index``."""
        name = self.checks[index][0] if self.checks else self.checker
        return check(name, self.hidden[index].args, self._expected[index], value)

    def accepts(self, args: Args, value: Any) -> bool:
        """Whether ``value`` is right for valid ``args`` of anybody's choosing. The reference is run in this process."""
        return check(self.checker, args, self.answer(args), value)

    def answer(self, args: Args) -> Any:
        """The reference's answer. Raises whatever the reference raises: ask ``invalid`` first."""
        from lanista.arenas.coding.tasks.running import function

        return function(self.reference, self.entry_point)(*_fresh(args))

    def invalid(self, args: Sequence[Any]) -> str | None:
        """Why these arguments are outside what the specification promises, in one line; None where they are fine."""
        if not self.domains:
            return None
        names = self.parameters[: len(self.domains)]  # what follows has a default, and is not for callers
        if len(args) != len(names):
            return f"{self.entry_point} takes {len(names)} argument{'s' * (len(names) != 1)}, not {len(args)}"
        for name, domain, value in zip(names, self.domains, args, strict=False):
            why = domain.why_not(value)
            if why:
                return f"{name} {why}"
        return None

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of the arguments."""
        from lanista.arenas.coding.tasks.running import parameters

        return parameters(self.reference, self.entry_point)

    @cached_property
    def complexity(self) -> int:
        """Cyclomatic complexity of the reference: what the quality bonus compares with."""
        return cyclomatic(self.reference, trusted=True) or 1

    def mutants(self, limit: int = 40) -> tuple[Mutant, ...]:
        """Up to so many faulty versions of the reference, each of which answers some valid input wrongly. Cached; the
        order is drawn from the task's id."""
        from lanista.arenas.coding.tasks.mutants import mutants_of

        return mutants_of(self, limit)

    def bug(self, number: int = 0) -> Mutant | None:
        """A fault for a debugger to find: one that survives the public examples where there is any such."""
        made = self.mutants(12)
        quiet = [m for m in made if m.survives] or list(made)
        return quiet[number % len(quiet)] if quiet else None

    @cached_property
    def _expected(self) -> tuple[Any, ...]:
        if self.checks:
            return tuple(value for _, value in self.checks)
        return tuple(self.answer(call.args) for call in self.hidden)


def _fresh(value: Any) -> Any:
    """A copy that a program may change: lists, dictionaries and sets anew, all else as it is."""
    if isinstance(value, tuple):
        return tuple(map(_fresh, value))
    if isinstance(value, list):
        return list(map(_fresh, value))
    if isinstance(value, dict):
        return {k: _fresh(v) for k, v in value.items()}
    return set(value) if isinstance(value, set) else value
