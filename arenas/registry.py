"""Arenas by name. Ours come in through the same entry-point group as everybody else's: ``lanista.arenas``."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points

from lanista.arenas.contract import Arena
from lanista.errors import LanistaError, UsageError, suggest

GROUP = "lanista.arenas"


def names() -> list[str]:
    """Every registered arena's name, sorted."""
    return sorted(_entries(GROUP))


@lru_cache
def get(name: str) -> Arena:
    """The arena of that name. Raises UsageError (with a suggestion) if unknown, LanistaError if it cannot load."""
    arena = load(GROUP, name, "arena")
    if not isinstance(arena, Arena):
        raise LanistaError(f"the entry point {name!r} of group {GROUP} is a {type(arena).__name__}, not an Arena")
    return arena


def load(group: str, name: str, noun: str) -> object:
    """What the entry point ``name`` of ``group`` refers to. Raises UsageError or LanistaError with both origins."""
    found = _entries(group)
    if name not in found:
        raise UsageError(f"unknown {noun} {name!r}{suggest(name, found)} (`lanista {noun}s` lists them)")
    entries = found[name]
    if len({entry.value for entry in entries}) > 1:
        origins = " and ".join(f"{e.value} (from {e.dist.name if e.dist else 'an unknown package'})" for e in entries)
        raise LanistaError(f"two packages register the {noun} {name!r}: {origins}; uninstall one of them")
    try:
        return entries[0].load()
    except Exception as error:
        origin = entries[0].dist.name if entries[0].dist else "an unknown package"
        raise LanistaError(
            f"the {noun} {name!r} (from {origin}) cannot be loaded: {type(error).__name__}: {error}"
        ) from error


def _entries(group: str) -> dict[str, list[EntryPoint]]:
    found: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=group):
        found.setdefault(entry.name, []).append(entry)
    return found
