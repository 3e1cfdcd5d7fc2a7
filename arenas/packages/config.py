"""The table: how large the package is, how much is wrong with it, and how long the team may work on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lanista.arenas.packages.parts import PARTS
from lanista.errors import UsageError, suggest

SPLITS = ("train", "dev", "test")

LEVELS: dict[str, dict[str, int]] = {
    "easy": {"files": 3, "faults": 2, "told": 1, "settled": 0, "conflicts": 0, "chatter": 0},
    "medium": {"files": 5, "faults": 3, "told": 2, "settled": 1, "conflicts": 0, "chatter": 1},
    "top": {"files": 8, "faults": 6, "told": 4, "settled": 2, "conflicts": 2, "chatter": 2},
}
"""What a level fills in for the keys that are left at None."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """One table. Keys left at None take their level's value."""

    split: str = "train"
    """``train``, ``dev`` or ``test``: no package of one is in another."""
    level: str = "medium"
    """``easy``, ``medium`` or ``top``: fills in the keys below."""
    files: int | None = None
    """Files of the package, 3 to 8."""
    faults: int | None = None
    """Decisions that the code gets wrong, 2 to 8; at least one of them in each keeper's files."""
    told: int | None = None
    """How many of them the documentation leaves open, so that only a letter tells what is wanted, 1 to ``faults``."""
    settled: int | None = None
    """Letters that ask for what the code does already, 0 to 4."""
    conflicts: int | None = None
    """Letters that ask for something else than a letter of the one who decides, 0 to ``told``."""
    chatter: int | None = None
    """Letters that ask for nothing, 0 to 4."""
    rounds: int = 2
    """How often the package is looked at and revised, 1 to 5."""
    inputs: int = 3
    """How many calls the tester may make in a round, 1 to 5."""

    def __post_init__(self) -> None:
        """Fill in the level's values. Raises UsageError on anything impossible."""
        for name, value, known in (("split", self.split, SPLITS), ("level", self.level, tuple(LEVELS))):
            if not isinstance(value, str) or value not in known:
                listed = ", ".join(repr(each) for each in known)
                raise UsageError(f"{name} is one of {listed}, not {value!r}{suggest(str(value), known)}")
        for name, filled in LEVELS[self.level].items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, filled)
        _whole("files", self.files, 3, len(PARTS))
        _whole("faults", self.faults, 2, 8)
        _whole("told", self.told, 1, 8)
        for name in ("settled", "chatter", "conflicts"):
            _whole(name, getattr(self, name), 0, 4)
        _whole("rounds", self.rounds, 1, 5)
        _whole("inputs", self.inputs, 1, 5)
        if self.told > self.faults:  # type: ignore[operator]
            raise UsageError(f"told={self.told} letters about faults, but there are faults={self.faults}: lower told")
        if self.conflicts > self.told:  # type: ignore[operator]
            raise UsageError(f"conflicts={self.conflicts}, but only told={self.told} letters can be spoken against")
        room = 2 * self.files  # type: ignore[operator]
        if self.faults + self.settled > room:  # type: ignore[operator]
            raise UsageError(
                f"faults={self.faults} and settled={self.settled} are more than the {room} decisions of the smallest "
                f"package of {self.files} files: lower them, or give it more files"
            )


def _whole(name: str, value: Any, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise UsageError(f"{name} is a whole number from {low} to {high}, not {value!r}")
