"""Rows for a schema: skewed, with duplicates, NULLs, ties, parents without children and children without parents."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from functools import lru_cache
from random import Random
from typing import Any

from lanista.arenas.text_to_sql.schema import Schema

SIZES = ((18, 8, 40), (14, 7, 30), (22, 9, 56), (6, 5, 9))
"""How many a, b and f: of the database that is shown, and of hidden ones in turn."""
YEARS = (2023, 2024, 2025)
LEAST, MOST = 1, 8
"""Values of facts; few different ones, so that there are ties."""


def script(schema: Schema, number: int, rng: Random) -> str:
    """The SQL that makes the ``number``-th database of a case, in memory."""
    lines = list(schema.ddl())
    for letter, rows in tables(schema, number, rng):
        if rows:
            values = ",".join(f"({','.join(map(literal, row))})" for row in rows)
            lines.append(f"INSERT INTO {schema.tables[letter]} VALUES {values}")
    return ";\n".join(lines)


def tables(schema: Schema, number: int, rng: Random) -> Iterable[tuple[str, list[tuple[Any, ...]]]]:
    """Rows by table, in the columns' order."""
    size_a, size_b, size_f = SIZES[number] if number < len(SIZES) else SIZES[1 + number % 3]
    names, spelling = schema.domain.names, schema.spelling
    gs, hs = names["g"], names["h"]
    yield "g", [(i, name) for i, name in enumerate(gs, 1)]
    # Names repeat, some belong to nobody, and the last g has none: whoever groups by name or joins inside is found out.
    yield (
        "a",
        [
            (i, rng.choice(names["a"][:9]), None if rng.random() < 0.12 else rng.randrange(1, len(gs)))
            for i in range(1, size_a + 1)
        ],
    )
    yield "h", [(i, name) for i, name in enumerate(hs, 1)]
    yield "b", [(i, rng.choice(names["b"]), rng.randrange(1, len(hs))) for i in range(1, size_b + 1)]
    rows = []
    for i in range(1, size_f + 1):
        a = 1 + int((size_a - 2) * rng.random() ** 1.7)
        b = 1 + int((size_b - 1) * rng.random() ** 1.4)
        value = None if rng.random() < 0.15 else rng.randrange(LEAST, MOST + 1)
        day = f"{rng.choice(YEARS)}-{rng.choice((1, 2, 5, 11)):02}-{rng.choice((9, 15)):02}"
        status = None if rng.random() < 0.08 else spelling[rng.choice(schema.domain.statuses)]
        rows.append((i, a, None if rng.random() < 0.06 else b, value, day, status))
    yield "f", rows


def literal(value: Any) -> str:
    """A value as SQL writes it."""
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


class Database:
    """A database of a trusted script, for queries of our own; queries of others go into the sandbox."""

    def __init__(self, made: str) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._connection.executescript(made)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a query gives. Raises sqlite3.Error."""
        return self._connection.execute(sql).fetchall()


@lru_cache(maxsize=64)
def opened(made: str) -> Database:
    """The database of a script."""
    return Database(made)


def gold_rows(scripts: Sequence[str], sql: str) -> list[list[tuple[Any, ...]]]:
    """What a query of ours gives on each database."""
    return [opened(made).rows(sql) for made in scripts]
