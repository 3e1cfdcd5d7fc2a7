"""What one seat knows of a game: its events folded into one record. docs/arenas/research.md has the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lanista.agents.contract import Question
from lanista.arenas.research.judge import reported

Data = Mapping[str, Any]


@dataclass(slots=True)
class View:
    """A game from one seat."""

    question: str = ""
    """The planner's alone."""
    plans: int = 0
    tasks: list[str] = field(default_factory=list)
    """Of the present plan."""
    every: list[str] = field(default_factory=list)
    """Sub-tasks of all plans."""
    done: int = 0
    """Sub-tasks of the present plan that were reported on."""
    reports: list[tuple[str, str]] = field(default_factory=list)
    """(sub-task, report) of the whole game."""
    values: dict[str, str] = field(default_factory=dict)
    """What was last reported of a paper: a number or ""."""
    judged: dict[tuple[str, str], str] = field(default_factory=dict)
    """(paper, value) → the reason for dropping it, or "" for keeping it."""
    hits: list[Data] = field(default_factory=list)
    """The pages of hits of the present sub-task."""
    papers: dict[str, Data] = field(default_factory=dict)
    """What this seat has opened."""
    calls: list[str] = field(default_factory=list)
    """What came of the executor's own calls: ``search``, ``open`` or ``wait``."""


def view(question: Question) -> View:
    """What the question's seat has seen so far."""
    seen = View()
    for event in question.events:
        _FOLD.get(event.kind, _nothing)(seen, event.data)
    return seen


def _nothing(seen: View, data: Data) -> None:
    """The rest says nothing that is acted on."""


def _question(seen: View, data: Data) -> None:
    seen.question = data["text"]


def _plan(seen: View, data: Data) -> None:
    seen.plans = data["round"]
    seen.tasks, seen.done, seen.hits = list(data["tasks"]), 0, []
    seen.every += seen.tasks


def _report(seen: View, data: Data) -> None:
    task = seen.tasks[data["task"] - 1]
    seen.reports.append((task, data["text"]))
    for paper, value in reported(data["text"]).items():
        seen.values[paper] = value or seen.values.get(paper, "")
    seen.done, seen.hits = data["task"], []


def _judgement(seen: View, data: Data) -> None:
    seen.judged.update({(paper, seen.values.get(paper, "")): data["reason"] for paper in data["papers"]})


def _hits(seen: View, data: Data) -> None:
    seen.hits.append(data)
    seen.calls.append("search")


def _paper(seen: View, data: Data) -> None:
    seen.papers[data["id"]] = data
    seen.calls.append("open")


def _error(seen: View, data: Data) -> None:
    seen.calls.append("search" if data["status"] == 503 else "open")


def _waited(seen: View, data: Data) -> None:
    seen.calls.append("wait")


_FOLD = {
    "question": _question,
    "plan": _plan,
    "report": _report,
    "judgement": _judgement,
    "hits": _hits,
    "paper": _paper,
    "error": _error,
    "waited": _waited,
}
