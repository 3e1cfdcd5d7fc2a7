"""What a family of tasks gives for one composition: everything of a task but the inputs, which a seed draws."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from lanista.arenas.coding.tasks.domains import Domain
from lanista.arenas.coding.tasks.relations import Relation

ALL = ("train", "dev", "test")

Args = tuple[Any, ...]

Fit = Callable[[random.Random, Args], Args]
"""Makes arguments that were drawn apart say something together; the first stays what it is."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Recipe:
    """One composition of one family."""

    composition: str
    steps: int
    """How many things are composed: primitives in a row, rules of a simulation, operators of a formula."""
    entry_point: str
    specification: str
    answer: str
    """Of which type an answer is, in Python's words: the specification ends with it, and it is judged."""
    reference: str
    brute: str
    domains: Sequence[Domain]
    relations: Sequence[Relation] = ()
    checker: str = "exact"
    heavy: Callable[[random.Random], Args] | None = None
    """Draws a call that the naive way cannot finish: at least some 10^8 operations where the reference needs 10^4."""
    without: Sequence[str] = ()
    """The reference with one step left out, for each step that can be: none of them may compute the same."""
    fit: Fit | None = None
    """Where arguments say little when drawn apart; None leaves each as its domain drew it."""
    special: Callable[[random.Random], Sequence[Args]] | None = None
    """Draws calls that no domain would lead to, and that this composition turns on."""
    quick: bool = False
    """Whether the reference takes microseconds, so that calls can be chosen by what narrowings of an argument miss."""
    wrong: Sequence[str] = ()
    """Sources that a reader of the specification might well write, and that are wrong."""
    small: Sequence[Domain] | None = None
    """Domains on which the brute force ends soon; None where ``domains`` will do."""

    @property
    def told(self) -> str:
        """The specification with the type of the answer, as everybody reads it."""
        return f"{self.specification} The answer is {self.answer}."

    @property
    def signature(self) -> str:
        """The first line of the reference's function."""
        return next(line for line in self.reference.splitlines() if line.startswith(f"def {self.entry_point}("))


class Family(NamedTuple):
    """A kind of task. ``draw`` gives the numbers of a composition of so many steps, ``build`` its recipe."""

    name: str
    about: str
    draw: Callable[[random.Random, int], Any]
    build: Callable[[Any], Recipe]
    steps: tuple[int, ...]
    """The numbers of steps there are."""
    splits: tuple[str, ...] = ALL
    """Where its compositions go. Families of one split show whether a policy reaches beyond what it was trained on."""
    weight: float = 1.0
    """How often it is drawn among others."""
    pinned: Mapping[str, str] = MappingProxyType({})
    """The split of compositions that have a fixed one."""


def source(text: str, **numbers: Any) -> str:
    """A source out of a template: ``$name`` stands for a number or a literal; margins are taken off."""
    import textwrap

    made = textwrap.dedent(text).strip("\n") + "\n"
    for name in sorted(numbers, key=len, reverse=True):
        made = made.replace(f"${name}", str(numbers[name]))
    return made
