"""What one seat knows of a game: its events folded into one record. docs/arenas/text_to_sql.md has the vocabulary."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lanista.agents.contract import Question


@dataclass(slots=True)
class View:
    """A game from one seat."""

    domain: str = ""
    question: str = ""
    schema: Sequence[str] = ()
    notes: Sequence[str] = ()
    """The dictionary."""
    query: str | None = None
    """The present query; None where there is none."""
    missing: str = ""
    ran: list[Mapping[str, Any]] = field(default_factory=list)
    """What the executor has run for the present query: see the event ``ran``."""
    codes: list[str] = field(default_factory=list)
    """Words in capital letters that the executor's notes named, or that it has seen itself."""
    note: str = ""
    """The executor's last note."""


def view(question: Question) -> View:
    """What the question's seat has seen so far."""
    seen = View()
    for event in question.events:
        data = event.data
        if event.kind == "task":
            seen.domain, seen.question = data["domain"], data["question"]
            seen.schema, seen.notes = data["schema"], data["notes"]
        elif event.kind == "query":
            seen.query, seen.missing, seen.ran, seen.note = data["sql"], data["missing"], [], ""
        elif event.kind == "kept":
            seen.ran = []
        elif event.kind == "ran":
            seen.ran.append(data)
            for row in data["rows"]:
                seen.codes += [cell for cell in row if isinstance(cell, str) and re.fullmatch(r"[A-Z]{3}", cell)]
        elif event.kind == "note":
            seen.note = data["text"]
            seen.codes += re.findall(r"\b[A-Z]{3}\b", data["text"])
    return seen
