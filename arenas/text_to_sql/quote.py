"""Queries, cells and remarks as text that cannot pass for anything else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

CELL_LIMIT = 40
"""Characters of one cell that the executor is shown."""
CUT = " ..."

_TOKEN = re.compile(r"<(?=[|/!?A-Za-z])|\[(?=/?[a-z]?[A-Z_]{2,}\])")
_ODD = re.compile(r"[^ -~]")
_CONTROL = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+")


def code(sql: str) -> str:
    """A query for others to read: every line behind a bar, what could begin a special token parted by a blank."""
    return "\n".join("| " + _line(line) for line in sql.expandtabs(4).split("\n"))


def line(text: str, limit: int) -> str:
    """A remark or an error as others read it: one line that no double quotation mark ends."""
    said = " ".join(_line(_CONTROL.sub(" ", text).replace('"', "'")).split())
    return said if len(said) <= limit else said[: limit - len(CUT)].rstrip() + CUT


def row(cells: Sequence[Any]) -> str:
    """A row of a result: cells as SQL writes them, parted by bars."""
    return " | ".join(map(cell, cells))


def cell(value: Any) -> str:
    """One cell: NULL, a number, a text in single quotation marks, or bytes in hex."""
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return line(f"x'{value.hex()}'", CELL_LIMIT)
    return line(repr(value) if not isinstance(value, str) else f"'{value}'", CELL_LIMIT)


def _line(text: str) -> str:
    escaped = _ODD.sub(lambda found: ascii(found.group())[1:-1], text)
    return _TOKEN.sub(lambda found: found.group() + " ", escaped).rstrip()
