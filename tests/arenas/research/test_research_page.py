"""The page and the code say the same."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from pages import named, number, read_table

from lanista.arenas.research import Config, arena, reading
from lanista.arenas.research.cases import REASONS, combinations
from lanista.arenas.research.config import LEVELS, RANGES

PAGE = (Path(__file__).parents[3] / "docs" / "arenas" / "research.md").read_text(encoding="utf-8")


def test_the_weights_are_the_pages() -> None:
    table = {named(cells[0])[0]: cells for cells in read_table(PAGE, "| term | to | default | literal | amount |")}
    assert {name: number(cells[2]) for name, cells in table.items()} == dict(arena.weights())
    assert {name: number(cells[3]) for name, cells in table.items()} == dict(arena.weights("literal"))
    assert {name for name, cells in table.items() if cells[1] == "team"} == arena.team_terms


def test_the_config_and_its_levels_are_the_pages() -> None:
    table = {named(cells[0])[0]: cells for cells in read_table(PAGE, "| key | default | meaning |")}
    assert list(table) == [field.name for field in fields(Config)]
    for name, (low, high) in RANGES.items():
        if (low, high) != (0, 1) and name not in ("wrong", "aliases", "faults"):
            assert f"{low:,} to {high:,}" in table[name][2], name
    header = "| level | papers | facts | traps | wrong | aliases | notices | faults |"
    names = [cell.strip() for cell in header.strip("|").split("|")][1:]
    for level, *values in read_table(PAGE, header):
        assert dict(zip(names, map(int, values), strict=True)) == LEVELS[level.strip("`")]


def test_the_rest_is_the_pages() -> None:
    assert read_table(PAGE, "| version | what changed |")[0][0] == arena.version
    assert f"{len(combinations()):,} of them" in PAGE
    assert all(f"`{reason}`" in PAGE for reason in REASONS)
    assert f"at most {reading.LINES} lines are read, with {reading.NAME} characters" in PAGE


def test_every_event_is_on_the_page() -> None:
    from lanista.arenas.research.words import _SHOW

    told = [named(cells[0])[0] for cells in read_table(PAGE, "| event | data | audience |")]
    assert sorted(told) == sorted(_SHOW)
