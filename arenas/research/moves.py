"""What a seat can do beside calling a tool: the generator's summary. All moves are hashable and compare by value."""

from __future__ import annotations

from typing import NamedTuple


class Line(NamedTuple):
    """One line of a summary: a claim with its sources, or, with value "" and none, a gap."""

    approach: str
    quantity: str
    value: str = ""
    sources: tuple[str, ...] = ()


class Summary(NamedTuple):
    """The lines that a summary is read for, in order, each once."""

    lines: tuple[Line, ...] = ()
