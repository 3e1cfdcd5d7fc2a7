"""The page and the code say the same."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from pages import named, number, read_table

from lanista.arenas.text_to_sql import Config, arena
from lanista.arenas.text_to_sql.config import LEVELS
from lanista.arenas.text_to_sql.questions import combinations

PAGE = (Path(__file__).parents[3] / "docs" / "arenas" / "text_to_sql.md").read_text(encoding="utf-8")


def test_the_weights_are_the_pages() -> None:
    table = {named(cells[0])[0]: cells for cells in read_table(PAGE, "| term | to | default | literal | amount |")}
    assert {name: number(cells[2]) for name, cells in table.items()} == dict(arena.weights())
    assert {name: number(cells[3]) for name, cells in table.items()} == dict(arena.weights("literal"))
    assert {name for name, cells in table.items() if cells[1] == "team"} == arena.team_terms


def test_the_config_and_its_levels_are_the_pages() -> None:
    keys = [name for cells in read_table(PAGE, "| key | default | meaning |") for name in named(cells[0])]
    assert keys == [field.name for field in fields(Config)]
    header = "| level | least | most | naming | spelling | vague | missing |"
    names = [cell.strip() for cell in header.strip("|").split("|")][1:]
    for level, *values in read_table(PAGE, header):
        assert dict(zip(names, map(int, values), strict=True)) == LEVELS[level.strip("`")]


def test_the_version_and_the_combinations_are_the_pages() -> None:
    assert read_table(PAGE, "| version | what changed |")[0][0] == arena.version
    assert f"twist: {len(combinations())} of them" in PAGE
