"""A schema as it is written down: what tables and columns are called, plain to misleading, and how words are spelt.

A column is named by the letter of its table and what it holds: ``("f", "value")``.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import NamedTuple

from lanista.arenas.text_to_sql.domains import Domain

PLAIN, SHORT, MISLEADING = 0, 1, 2
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "g": ("id", "name"),
    "a": ("id", "name", "g"),
    "h": ("id", "name"),
    "b": ("id", "name", "h"),
    "f": ("id", "a", "b", "value", "day", "status"),
}
"""What the tables hold, in the order in which they are made; a letter is the id of that table's row."""


class Schema(NamedTuple):
    """Names for one world."""

    domain: Domain
    tables: Mapping[str, str]
    columns: Mapping[tuple[str, str], str]
    spelling: Mapping[str, str]  # statuses as they are stored, by what people say
    naming: int

    def ddl(self) -> tuple[str, ...]:
        """A CREATE TABLE for each table, with foreign keys."""
        return tuple(self._table(letter) for letter in COLUMNS)

    def _table(self, letter: str) -> str:
        parts = []
        for what in COLUMNS[letter]:
            name = self.columns[letter, what]
            kind = "TEXT" if what in ("name", "day", "status") else "INTEGER"
            tail = " PRIMARY KEY" if what == "id" else ""
            if what in COLUMNS:
                tail = f" REFERENCES {self.tables[what]}({self.columns[what, 'id']})"
            parts.append(f"{name} {kind}{tail}")
        return f"CREATE TABLE {self.tables[letter]}({', '.join(parts)})"

    def dictionary(self) -> tuple[str, ...]:
        """What columns mean, where their names do not say so."""
        if self.naming == PLAIN:
            return ()
        lines = []
        for letter, held in COLUMNS.items():
            noun = self.domain.parts[letter]
            told = [f"{self.columns[letter, what]} is {self._meaning(what)}" for what in held]
            lines.append(f"{self.tables[letter]} holds {noun.many}: {', '.join(told)}")
        return tuple(lines)

    def _meaning(self, what: str) -> str:
        if what in COLUMNS:
            return f"the number of the {self.domain.parts[what].one}"
        plain = {"id": "the number", "value": f"the {self.domain.value.one}", "day": "the date"}
        return plain.get(what, f"the {what}")


def draw(domain: Domain, naming: int, spelling: int, rng: Random) -> Schema:
    """The names of one case; ``spelling`` 1 stores statuses as codes that no text tells."""
    parts = domain.parts
    if naming == PLAIN:
        tables = {letter: parts[letter].many for letter in COLUMNS}
    elif naming == SHORT:
        tables = {letter: f"{parts[letter].short}_{rng.choice(('tab', 'rec', 'm'))}" for letter in COLUMNS}
    else:
        tables = {letter: f"t{number}" for letter, number in zip(COLUMNS, rng.sample(range(1, 10), 5), strict=True)}
    columns = {(letter, what): _column(domain, naming, what) for letter, held in COLUMNS.items() for what in held}
    if naming == MISLEADING:
        for letter, held in COLUMNS.items():
            names = [columns[letter, what] for what in held]
            rng.shuffle(names)  # the date may be called a value, and the value a date
            columns.update({(letter, what): name for what, name in zip(held, names, strict=True)})
    return Schema(domain, tables, columns, _spelling(domain, spelling, rng), naming)


def _column(domain: Domain, naming: int, what: str) -> str:
    if what in domain.parts:
        noun = domain.parts[what]
        return f"{noun.one}_id" if naming == PLAIN else f"{noun.short}_no"
    if what == "value":
        return domain.value.one if naming == PLAIN else f"{domain.value.short}_v"
    return what if naming == PLAIN else {"id": "no", "name": "nm", "day": "dt", "status": "st"}[what]


def _spelling(domain: Domain, spelling: int, rng: Random) -> Mapping[str, str]:
    if not spelling:
        return {status: status for status in domain.statuses}
    found: dict[str, str] = {}
    for status in domain.statuses:
        while True:  # letters of the word, in order: few words are alike in three of theirs
            inside = sorted(rng.sample(range(1, len(status)), 2))
            code = (status[0] + "".join(status[at] for at in inside)).upper()
            if not any(subsequence(code, other) for other in domain.statuses if other != status):
                break
        found[status] = code
    return found


def subsequence(code: str, word: str) -> bool:
    """Whether the letters of a code stand in a word, in their order."""
    letters = iter(word.casefold())
    return all(letter in letters for letter in code.casefold())
