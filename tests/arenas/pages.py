"""The tables of an arena's page, to be held against its code."""

from __future__ import annotations

import re


def read_table(page: str, header: str) -> list[list[str]]:
    """The cells, row by row, of the table with this header line."""
    lines = page.splitlines()
    assert header in lines, f"the page has no table {header}"
    found = []
    for line in lines[lines.index(header) + 2 :]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return found


def rows(page: str, header: str) -> dict[str, list[str]]:
    """The cells of such a table by the names in their first cell (``a`` / ``b`` is two)."""
    return {name: cells[1:] for cells in read_table(page, header) for name in named(cells[0]) or [cells[0]]}


def named(cell: str) -> list[str]:
    """What a cell names as code."""
    return re.findall(r"`(\w+)`", cell)


def number(cell: str) -> float:
    """A weight as the page writes it, with a real minus sign."""
    return float(cell.replace("−", "-"))
