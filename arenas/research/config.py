"""The table: which questions are asked of what library, how long the team may work on one, and its seats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from lanista.arenas.research.fields import FIELDS
from lanista.errors import UsageError, suggest

PLANNER, EXECUTOR, VERIFIER, GENERATOR = "planner_0", "executor_0", "verifier_0", "generator_0"
SEATS = (PLANNER, EXECUTOR, VERIFIER, GENERATOR)
TEAM = "research"
SPLITS = ("train", "dev", "test")

LEVELS: Mapping[str, Mapping[str, int]] = {
    "basic": {"papers": 300, "facts": 1, "traps": 0, "wrong": 0, "aliases": 0, "notices": 0, "faults": 0},
    "mixed": {"papers": 1000, "facts": 2, "traps": 1, "wrong": 20, "aliases": 20, "notices": 0, "faults": 5},
    "hard": {"papers": 3000, "facts": 4, "traps": 3, "wrong": 40, "aliases": 40, "notices": 1, "faults": 10},
}
"""The difficulty vector of each level; any key of it can be set by itself."""

RANGES = {
    "papers": (200, 8_000),
    "facts": (1, 4),
    "traps": (0, 6),
    "wrong": (0, 80),
    "aliases": (0, 80),
    "notices": (0, 1),
    "faults": (0, 50),
    "rounds": (1, 5),
    "calls": (2, 30),
    "checks": (2, 30),
}


@dataclass(frozen=True, kw_only=True)
class Config:
    """One table."""

    split: str = "train"
    """``train``, ``dev`` or ``test``: no two share a combination or a library."""
    level: str = "mixed"
    """``basic``, ``mixed`` or ``hard``: the difficulty vector below, where nothing of it is set."""
    field: str | None = None
    """The field of research that is asked about; None for any."""
    papers: int | None = None
    """Papers of the library, 200 to 8,000."""
    facts: int | None = None
    """Approaches that a question asks about, 1 to 4."""
    traps: int | None = None
    """Papers on them, of the years asked for, that do not count: at least 0 to 6."""
    wrong: int | None = None
    """Of a hundred abstracts so many give another number than the body."""
    aliases: int | None = None
    """Of a hundred studies so many call things by their second names in title and abstract."""
    notices: int | None = None
    """1: a page says nothing of retraction or replacement; only papers that cite it do."""
    faults: int | None = None
    """Of a hundred searches so many fail with a 503, 0 to 50."""
    rounds: int = 3
    """Plans that may be made, 1 to 5."""
    calls: int = 12
    """Calls of the executor for each sub-task, 2 to 30."""
    checks: int = 12
    """Calls of the verifier in each round, 2 to 30."""
    shared: bool = False
    """Everybody is told what any seat is told: what one agent in all seats would know, to hold a team against."""

    def __post_init__(self) -> None:
        """Raises UsageError for what cannot be played."""
        _known("split", self.split, SPLITS)
        _known("level", self.level, LEVELS)
        _known("field", self.field, FIELDS, none=True)
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in RANGES and value is not None:
                low, high = RANGES[field.name]
                if type(value) is not int or not low <= value <= high:
                    raise UsageError(f"{field.name} is a whole number from {low} to {high}, not {value!r}")

        if not isinstance(self.shared, bool):
            raise UsageError(f"shared is true or false, not {self.shared!r}")

    def audience(self, seat: str) -> tuple[str, ...] | None:
        """Who is told what a seat asked for: that seat, or everybody."""
        return None if self.shared else (seat,)

    @property
    def vector(self) -> Mapping[str, int]:
        """The difficulty in full: what is set, and the level's for the rest."""
        level = LEVELS[self.level]
        return {name: value if getattr(self, name) is None else getattr(self, name) for name, value in level.items()}


def _known(name: str, value: Any, known: Any, none: bool = False) -> None:
    if value is None and none:
        return
    if not isinstance(value, str) or value not in known:
        near = suggest(value, known) if isinstance(value, str) else ""
        raise UsageError(f"unknown {name} {value!r}{near} (there are: {', '.join(known)})")
