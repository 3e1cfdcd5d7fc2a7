"""What a seat can do: typed moves, apart from any wording. All are hashable and compare by value."""

from __future__ import annotations

from typing import NamedTuple


class Query(NamedTuple):
    """A query for the question; ``sql`` None says that the schema lacks what ``missing`` names."""

    sql: str | None
    missing: str = ""


class Keep(NamedTuple):
    """The rewriter leaves the query as it is."""


class Run(NamedTuple):
    """The executor runs ``sql``, or the proposed query where that is None."""

    sql: str | None = None


class Note(NamedTuple):
    """What the executor passes on, as one tame line (or "")."""

    text: str = ""


class Check(NamedTuple):
    """The checker's decision; ``text`` is one tame line that names the fault (or "")."""

    accepted: bool
    text: str = ""
