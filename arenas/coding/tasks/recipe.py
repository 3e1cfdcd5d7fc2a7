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


@dataclass(frozen=True, kw_only=True, eq=False)
class Recipe:
    """One composition of one family."""

    composition: str
    steps: int
    """How many things are composed: primitives in a row, rules of a simulation, operators of a formula."""
    entry_point: str
    specification: str
    reference: str
    brute: str
    domains: Sequence[Domain]
    relations: Sequence[Relation] = ()
    checker: str = "exact"
    heavy: Callable[[random.Random], Args] | None = None
    """Draws a call that the naive way cannot finish: at least some 10^8 operations where the reference needs 10^4."""
    without: Sequence[str] = ()
    """The reference with one step left out, for each step that can be: none of them may compute the same."""
    joint: Callable[[random.Random, int], Args] | None = None
    """Draws all arguments at once, where they say nothing when drawn apart; None draws each from its domain."""
    small: Sequence[Domain] | None = None
    """Domains on which the brute force ends soon; None where ``domains`` will do."""

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
