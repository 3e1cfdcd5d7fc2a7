"""docs/arenas.md and docs/agents.md name every field of what they describe, as the code has it."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from pages import read_table

from lanista.agents.contract import Question
from lanista.arenas.core import contract

DOCS = Path(__file__).parents[3] / "docs"
ARENAS = (DOCS / "arenas.md").read_text("utf-8")
AGENTS = (DOCS / "agents.md").read_text("utf-8")


def named(page: str, header: str) -> set[str]:
    """What the first cells of a table name as code."""
    return {name for cells in read_table(page, header) for name in re.findall(r"`(\w+)", cells[0])}


def test_every_field_of_an_arena_is_told() -> None:
    assert named(ARENAS, "| field of `Arena` | what it is |") == {f.name for f in fields(contract.Arena)}


@pytest.mark.parametrize("part", [contract.Event, contract.Ask, contract.Step, contract.Outcome, contract.Term])
def test_the_parts_take_what_the_page_says(part: Any) -> None:
    assert f"`{part.__name__}({', '.join(inspect.signature(part).parameters)})`" in ARENAS


def test_every_field_of_a_question_is_told() -> None:
    assert named(AGENTS, "| field | what it is |") == {f.name for f in fields(Question)} | {"turn"}
