"""The tools of planner, executor and verifier: one declaration from which briefs, reading and error bodies come."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lanista.arenas.core.tools import Tool, by_name
from lanista.arenas.research.cases import REASONS

TASKS, TASK, REPORT, NOTE, QUERY = 6, 200, 600, 300, 200
"""Sub-tasks of a plan; characters of one, of a report, of a note, of a query."""
OPENED = 4
"""Papers that one call opens."""
PAGE, PAGES = 5, 6
"""Hits of a page, and pages that are shown."""

PAPER = re.compile(r"\bP[0-9]{4}\b")
_ID: dict[str, Any] = {
    "type": "string",
    "pattern": r"^P[0-9]{4}\Z",
    "description": "P and four digits",
    "examples": ["P0001"],
}
_YEAR = {"type": "integer", "minimum": 1900, "maximum": 2100}


def _text(least: int, most: int, *examples: str) -> dict[str, Any]:
    return {"type": "string", "minLength": least, "maxLength": most, "examples": list(examples or ("x",))}


def _ids(most: int) -> dict[str, Any]:
    return {"type": "array", "items": _ID, "minItems": 1, "maxItems": most, "uniqueItems": True}


_OPEN = Tool("open", "shows papers in full", {"papers": _ids(OPENED)})
PLANNER_TOOLS = by_name(
    Tool(
        "plan",
        "gives the executor sub-tasks in this order",
        {"tasks": {"type": "array", "items": _text(1, TASK, "find ..."), "minItems": 1, "maxItems": TASKS}},
        writes=True,
    ),
    Tool("write", "lets the generator write the summary", {"note": _text(0, NOTE, "")}, frozenset({"note"}), True),
)
EXECUTOR_TOOLS = by_name(
    Tool(
        "search",
        f"titles and abstracts, the best first, {PAGE} a page",
        {
            "query": _text(1, QUERY, "lithium cycle life"),
            "page": {"type": "integer", "minimum": 1, "maximum": PAGES},
            "since": _YEAR,
            "until": _YEAR,
        },
        frozenset({"page", "since", "until"}),
    ),
    _OPEN,
    Tool("wait", "lets three minutes pass", {}),
    Tool("report", "ends the sub-task with what was found", {"text": _text(0, REPORT, "nothing found")}, writes=True),
)
VERIFIER_TOOLS = by_name(
    _OPEN,
    Tool("keep", "says that reported papers count", {"papers": _ids(12)}, writes=True),
    Tool(
        "drop",
        "says that reported papers do not count, and why",
        {"papers": _ids(12), "reason": {"enum": list(REASONS)}},
        writes=True,
    ),
    Tool("done", "ends the round", {"note": _text(0, NOTE, "")}, frozenset({"note"}), True),
)
TOOLS: Mapping[str, Mapping[str, Tool]] = {
    "plan": PLANNER_TOOLS,
    "execute": EXECUTOR_TOOLS,
    "verify": VERIFIER_TOOLS,
    "summarise": {},
}
"""What may be called, by the kind of ask."""
