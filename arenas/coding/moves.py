"""What a seat can do: typed moves, apart from any wording. All are hashable and compare by value."""

from __future__ import annotations

from typing import NamedTuple


class Program(NamedTuple):
    """The source of a whole program, as it will be run."""

    source: str


class Inputs(NamedTuple):
    """Inputs to run the program on: each the arguments of one call, as the literal of a tuple; () to run nothing."""

    calls: tuple[str, ...] = ()


class Report(NamedTuple):
    """The tester's verdict: ``passed`` ends the game with the program as it is. ``text`` is one tame line, or ""."""

    passed: bool
    text: str = ""


class Revision(NamedTuple):
    """The debugger's answer: the ``cause`` as one tame line (or ""), and a program; None keeps the present one."""

    source: str | None = None
    cause: str = ""
