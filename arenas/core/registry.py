"""Arenas by name. Ours come in through the same entry-point group as everybody else's: ``lanista.arenas``.

A plug-in that is broken breaks itself alone: it is listed, and named with its error when it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points

from lanista.arenas.core.contract import FORFEIT, ILLEGAL, Arena
from lanista.errors import LanistaError, UsageError, suggest

GROUP = "lanista.arenas"


def names(group: str = GROUP) -> list[str]:
    """The names in an entry-point group, of arenas by default, sorted; those included that cannot be loaded."""
    return sorted(_entries(group))


@lru_cache
def get(name: str) -> Arena:
    """The arena of that name. Raises UsageError (with a suggestion) if unknown, LanistaError if it is broken."""
    arena = load(GROUP, name, "arena")
    try:
        wrong = _wrong(arena, name)
    except Exception as error:
        wrong = f"{type(error).__name__}: {error}"
    if wrong:
        raise LanistaError(f"the arena {name!r} (from {origin(_entries(GROUP)[name][0])}) is not sound: {wrong}")
    assert isinstance(arena, Arena)
    return arena


def load(group: str, name: str, noun: str) -> object:
    """What the entry point ``name`` of ``group`` refers to. Raises UsageError if unknown, else LanistaError.

    Two packages under one name are refused, both named: which one is meant would depend on the order of installation.
    """
    found = _entries(group)
    if name not in found:
        raise UsageError(f"unknown {noun} {name!r}{suggest(name, found)} (`lanista {noun}s` lists them)")
    origins = {f"{entry.value} (from {origin(entry)})": entry for entry in found[name]}
    if len(origins) > 1:
        both = " and ".join(sorted(origins))
        many = "two" if len(origins) == 2 else len(origins)
        raise LanistaError(f"{many} packages register the {noun} {name!r}: {both}; uninstall all but one")
    (entry,) = origins.values()
    try:
        return entry.load()
    except (Exception, SystemExit) as error:  # a module may do anything while it is imported
        said = " ".join(str(error).split())
        raise LanistaError(
            f"the {noun} {name!r} (from {origin(entry)}) cannot be loaded: {type(error).__name__}: {said}"
        ) from error


def origin(entry: EntryPoint) -> str:
    """The package that registered an entry point, with its version."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unknown package"


def _wrong(arena: object, name: str) -> str | None:
    """What is wrong with what an entry point gave, in words; None where nothing is."""
    if not isinstance(arena, Arena):
        return f"the entry point gives a {type(arena).__name__}, not a lanista.arenas.Arena"
    if arena.name != name:
        return f"it calls itself {arena.name!r}; give the arena and its entry point one name"
    if "default" not in arena.presets:
        return "it has no preset 'default'"
    for preset, weights in arena.presets.items():
        lacking = [term for term in (ILLEGAL, FORFEIT) if term not in weights]
        if lacking:
            return f"its preset {preset!r} has no weight for {' and '.join(lacking)}"
        lacking = sorted(arena.team_terms - set(weights))
        if lacking:
            return f"its preset {preset!r} has no weight for the team term {' and '.join(map(repr, lacking))}"
    metrics: object = arena.metrics  # whatever a plug-in gave
    if not isinstance(metrics, Mapping):
        return f"its metrics are {{fact: what it measures}}, not a {type(metrics).__name__}"
    if arena.success is not None and arena.success not in arena.metrics:
        return (
            f"its success {arena.success!r} is not among its metrics{suggest(arena.success, arena.metrics)} "
            f"(it has: {', '.join(arena.metrics) or 'none'})"
        )
    contending: object = arena.contending
    if not isinstance(contending, tuple):
        return f"its contending teams are a tuple of names, not a {type(contending).__name__}"
    config = arena.configure()
    if arena.contending:
        teams = arena.rules.teams(arena.rules.deal(0, config))
        unknown = [team for team in arena.contending if team not in teams]
        if unknown:
            return f"its contending team {unknown[0]!r} is no team of a game{suggest(unknown[0], teams)}"
    arena.hash()
    return None


def _entries(group: str) -> dict[str, list[EntryPoint]]:
    found: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=group):
        found.setdefault(entry.name, []).append(entry)
    return found
