"""The table: where questions come from, how hard they are, how long the team may work on one, and its seats."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from lanista.arenas.text_to_sql.domains import DOMAINS
from lanista.arenas.text_to_sql.questions import KINDS, MISSING, SPLITS
from lanista.errors import UsageError, suggest

WRITER, EXECUTOR, CHECKER, REWRITER = "writer_0", "executor_0", "checker_0", "rewriter_0"
TEAM = "sql"

LEVELS: Mapping[str, Mapping[str, int]] = {
    "basic": {"least": 0, "most": 1, "naming": 0, "spelling": 0, "vague": 0, "missing": 10},
    "mixed": {"least": 0, "most": 2, "naming": 1, "spelling": 1, "vague": 0, "missing": 10},
    "hard": {"least": 2, "most": 2, "naming": 2, "spelling": 1, "vague": 1, "missing": 15},
}
"""The difficulty vector of each level; any key of it can be set by itself."""

RANGES = {
    "least": (0, 2),
    "most": (0, 2),
    "naming": (0, 2),
    "spelling": (0, 1),
    "vague": (0, 1),
    "missing": (0, 100),
    "attempts": (1, 5),
    "runs": (1, 5),
    "databases": (1, 6),
}


@dataclass(frozen=True, kw_only=True)
class Config:
    """One table."""

    split: str = "train"
    """``train``, ``dev`` or ``test``: no two share a combination of choices."""
    level: str = "mixed"
    """``basic``, ``mixed`` or ``hard``: the difficulty vector below, where nothing of it is set."""
    domain: str | None = None
    """The world that questions are asked in; None for any."""
    kind: str | None = None
    """The kind of question; None for any."""
    least: int | None = None
    """Conditions that a question has at least, 0 to 2."""
    most: int | None = None
    """Conditions that it has at most, 0 to 2."""
    naming: int | None = None
    """Names of tables and columns: 0 plain, 1 abbreviated, 2 misleading (the dictionary tells what they mean)."""
    spelling: int | None = None
    """1: statuses are stored as codes that only the rows tell."""
    vague: int | None = None
    """1: thresholds are words that only the dictionary explains."""
    missing: int | None = None
    """Of a hundred questions so many ask for what the schema does not hold."""
    attempts: int = 5
    """Queries that the team may propose, 1 to 5."""
    runs: int = 3
    """What the executor may run for each of them, 1 to 5."""
    databases: int = 3
    """Hidden databases that a query is judged on, 1 to 6; more where near misses need them."""
    exact: bool = False
    """Tell apart whether a right query is the gold one when both are normalised (needs sqlglot): the preset literal."""
    file: str | None = None
    """Questions of your own instead: JSON lines with the fields of Spider or BIRD."""
    db: str | None = None
    """The folder of their SQLite files."""
    digest: str | None = None
    """16 hex digits of the file's content, filled in: a game is not replayed on another file of that name."""

    def __post_init__(self) -> None:
        """Raises UsageError for what cannot be played."""
        _known("split", self.split, SPLITS)
        _known("level", self.level, LEVELS)
        _known("domain", self.domain, DOMAINS, none=True)
        _known("kind", self.kind, (*KINDS, MISSING), none=True)
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in RANGES and value is not None:
                low, high = RANGES[field.name]
                if type(value) is not int or not low <= value <= high:
                    raise UsageError(f"{field.name} is a whole number from {low} to {high}, not {value!r}")
        if self.vector["least"] > self.vector["most"]:
            raise UsageError(f"least={self.vector['least']} is over most={self.vector['most']}: no question is both")
        if not isinstance(self.exact, bool):
            raise UsageError(f"exact is true or false, not {self.exact!r}")
        if self.exact:
            from lanista.arenas.text_to_sql.normal import needed

            needed()
        self._check_file()

    def _check_file(self) -> None:
        if self.file is None:
            if self.db is not None or self.digest is not None:
                raise UsageError("db and digest are of a questions file; set file too")
            from lanista.arenas.text_to_sql.cases import pool_of

            pool_of(self)
            return
        if self.db is None:
            raise UsageError(f"{self.file}: db is needed too, the folder of its SQLite files")
        if self.domain is not None or self.kind is not None:
            raise UsageError("a questions file has neither domains nor kinds: leave them out")
        found = digest(self.file)
        if self.digest not in (None, found):
            raise UsageError(f"{self.file} has changed since: its digest was {self.digest} and is {found} now")
        object.__setattr__(self, "digest", found)
        from lanista.arenas.text_to_sql.cases import of_file

        of_file(self)

    @property
    def vector(self) -> Mapping[str, int]:
        """The difficulty in full: what is set, and the level's for the rest."""
        return {name: value if getattr(self, name) is None else getattr(self, name) for name, value in self._level()}

    def _level(self) -> Any:
        return LEVELS[self.level].items()


def digest(path: str) -> str:
    """16 hex digits over a file's content. Raises UsageError where it cannot be read."""
    try:
        return hashlib.blake2b(Path(path).read_bytes(), digest_size=8).hexdigest()
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _known(name: str, value: Any, known: Any, none: bool = False) -> None:
    if value is None and none:
        return
    if value not in known:
        near = suggest(value, known) if isinstance(value, str) else ""
        raise UsageError(f"unknown {name} {value!r}{near} (there are: {', '.join(known)})")
