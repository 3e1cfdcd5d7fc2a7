"""Ways to learn, by name. Ours come in through the same entry-point group as everybody else's: ``lanista.algorithms``.

Looking one up loads no torch: a module of an algorithm imports it when it is made.
"""

from __future__ import annotations

import inspect
from dataclasses import fields
from functools import lru_cache

from lanista.arenas.core import registry
from lanista.errors import LanistaError, UsageError, suggest
from lanista.training.algorithms.base import Algorithm, Seats
from lanista.training.options import Section, flag

GROUP = "lanista.algorithms"


def names() -> list[str]:
    """Every registered algorithm's name, sorted, those included that cannot be loaded."""
    return sorted(registry._entries(GROUP))


@lru_cache
def get(name: str) -> type[Algorithm]:
    """The algorithm of that name. Raises UsageError (with a suggestion) if unknown or broken."""
    found = names()
    if name not in found:
        raise UsageError(f"unknown algorithm {name!r}{suggest(name, found)} (there is: {', '.join(found)})")
    try:
        algorithm = registry.load(GROUP, name, "algorithm")
    except LanistaError as error:
        raise UsageError(str(error)) from error
    wrong = _wrong(algorithm, name)
    if wrong:
        origin = registry.origin(registry._entries(GROUP)[name][0])
        raise UsageError(f"the algorithm {name!r} (from {origin}) is not sound: {wrong}")
    assert isinstance(algorithm, type)
    return algorithm


def own_options(name: str) -> list[str]:
    """Flat names of the options that an algorithm has of its own, old names too; [] where it cannot be loaded."""
    try:
        config = get(name).Config
    except UsageError:
        return []
    return [n for f in fields(config) for n in (flag(f).replace("-", "_"), *f.metadata["was"])]


def _wrong(algorithm: object, name: str) -> str | None:
    if not (isinstance(algorithm, type) and issubclass(algorithm, Algorithm)):
        return f"the entry point gives {algorithm!r}, not a subclass of lanista.training.algorithms.Algorithm"
    if inspect.isabstract(algorithm):
        return f"it does not say how to {', '.join(sorted(algorithm.__abstractmethods__))}"
    config: object = getattr(algorithm, "Config", None)  # whatever a plug-in gave
    if not (isinstance(config, type) and issubclass(config, Section)):
        return "its Config is no lanista.training.options.Section"
    bare = [f.name for f in fields(algorithm.Config) if "help" not in f.metadata]
    if bare:
        return f"its options {', '.join(bare)} are not made with lanista.training.options.option"
    from lanista.training.config import SECTIONS

    taken = {flag(f) for section in SECTIONS.values() for f in fields(section)}
    twice = sorted(flag(f) for f in fields(algorithm.Config) if flag(f) in taken)
    if twice:
        return f"its options {', '.join(twice)} have names that the options of all algorithms have"
    return None


__all__ = ["GROUP", "Algorithm", "Seats", "get", "names", "own_options"]
