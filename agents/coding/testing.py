"""A tester's work with a program of its own: inputs that tell faults apart, and answers to hold others' against."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from lanista.arenas.coding import quote
from lanista.arenas.coding.tasks.domains import Domain
from lanista.arenas.coding.tasks.inputs import drawn
from lanista.arenas.coding.tasks.mutants import changed
from lanista.arenas.coding.tasks.running import Counted, Spent

CANDIDATES = 10
"""Inputs that are considered."""

SIZE = 5
"""The longest list or string in them: inputs are read by seats whose room is small."""

LONGER = 5
"""How many more are drawn without that bound …"""

LONGEST = 160
"""… as far as their literals are no longer than this."""

VARIANTS = 10
"""Faulty versions of the own program that inputs are chosen by."""

BUDGET = 20_000
"""Operations of one call; what takes more is given up."""


def answers(source: str, entry_point: str, inputs: Sequence[tuple[Any, ...]]) -> list[str]:
    """What a program written here answers, as literals; the name of what it raises, where it does."""
    try:
        run = Counted(source, entry_point, BUDGET)
    except Exception as error:
        return [type(error).__name__] * len(inputs)
    found = []
    for args in inputs:
        try:
            found.append(quote.literal(run(*quote.arguments(quote.literal(args)))))
        except Spent:
            found.append("Spent")
        except Exception as error:
            found.append(type(error).__name__)
    return found


@lru_cache(maxsize=2048)
def choose(source: str, entry_point: str, domains: tuple[Domain, ...], most: int, seed: int) -> tuple[str, ...]:
    """Up to ``most`` inputs, as literals, that tell as many faulty versions of ``source`` apart as they can."""
    candidates = drawn(domains, seed, CANDIDATES, SIZE) + drawn(domains, seed + 1, CANDIDATES)[-LONGER:]
    right = answers(source, entry_point, candidates)
    variants = list(changed(source))
    random.Random(seed).shuffle(variants)
    told: list[set[int]] = [set() for _ in candidates]
    for number, (variant, _) in enumerate(variants[:VARIANTS]):
        for i, answer in enumerate(answers(variant, entry_point, candidates)):
            if answer != right[i]:
                told[i].add(number)
    chosen: list[int] = []
    known: set[int] = set()
    for _ in range(most):
        rest = [i for i in range(len(candidates)) if i not in chosen and len(quote.literal(candidates[i])) <= LONGEST]
        if not rest:
            break
        # what tells most that is new; then, of those that tell most at all, the longer ones: they hide less
        best = max(rest, key=lambda i: (len(told[i] - known), len(told[i]), len(quote.literal(candidates[i])), -i))
        chosen.append(best)
        known |= told[best]
    return tuple(dict.fromkeys(quote.literal(candidates[i]) for i in chosen))
