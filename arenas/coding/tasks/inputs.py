"""Inputs drawn from the domains of a task's arguments: edges first, then drawn ones from short to long."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from typing import Any

from lanista.arenas.coding.tasks.domains import Domain
from lanista.arenas.core import chance


def drawn(
    domains: Sequence[Domain],
    key: int,
    count: int,
    size: int = 0,
    fit: Callable[[random.Random, tuple[Any, ...]], tuple[Any, ...]] | None = None,
    border: int | None = None,
) -> list[tuple[Any, ...]]:
    """``count`` argument tuples: at most ``border`` (a third) at the edges, the rest drawn, and fitted to
    each other by ``fit`` where there is one. ``size`` bounds lengths; 0 leaves them to the domains."""
    rng = chance.stream(key, "inputs")
    found = edges(domains, rng)[: max(1, count // 3) if border is None else border]
    while len(found) < count:
        args = tuple(domain.draw(rng, size) for domain in domains)
        found.append(fit(rng, args) if fit else args)
    return found


def edges(domains: Sequence[Domain], rng: random.Random) -> list[tuple[Any, ...]]:
    """Argument tuples at the edges, in a drawn order; several arguments are combined."""
    per_argument = [domain.edges() for domain in domains]
    combined = list(itertools.islice(itertools.product(*per_argument), 256))
    rng.shuffle(combined)
    return combined
