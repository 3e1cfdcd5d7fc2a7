"""What one seat knows of a coding game: its events folded into one record. docs/arenas/coding.md has the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lanista.agents.contract import Question


@dataclass(slots=True)
class View:
    """A game from one seat."""

    specification: str = ""
    entry_point: str = ""
    signature: str = ""
    examples: Sequence[Mapping[str, Any]] = ()
    """Public examples: ``call`` and ``expected``, as literals."""
    most: int = 1
    """Inputs that may be run in a round."""
    program: str = ""
    """The present program."""
    failed: Sequence[Mapping[str, Any]] = ()
    """The public examples it fails, and why; see the event ``results``."""
    loads: bool = True
    """Whether it can be loaded at all."""
    tried: Sequence[Mapping[str, Any]] = ()
    """What it did on this round's inputs."""
    reported: str = ""
    """What the tester said of it."""
    mine: list[str] = field(default_factory=list)
    """My own earlier replies."""


def view(question: Question) -> View:
    """What the question's seat has seen so far."""
    seen = View(mine=[exchange.reply for exchange in question.history])
    for event in question.events:
        data = event.data
        if event.kind == "table":
            seen.most = data["inputs"]
        elif event.kind == "task":
            seen.specification, seen.entry_point = data["specification"], data["entry_point"]
            seen.signature, seen.examples = data["signature"], data["examples"]
        elif event.kind == "program":
            seen.program, seen.failed, seen.tried, seen.reported, seen.loads = data["code"], (), (), "", True
        elif event.kind == "inputs":
            seen.tried = ()
        elif event.kind == "results" and data["of"] == "examples":
            seen.failed = [row for row in data["rows"] if not row["right"]]
            seen.loads = data["stop"] != "exception"
        elif event.kind == "results":
            seen.tried = data["rows"]
        elif event.kind == "report":
            seen.reported = data["text"]
    return seen
