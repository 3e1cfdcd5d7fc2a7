"""Replies into moves: queries fenced or bare, lines with a word before a colon. Pure; nothing raises."""

from __future__ import annotations

import re
from typing import Any

from lanista.arenas.core.contract import Illegal
from lanista.arenas.core.speech import without_thoughts
from lanista.arenas.text_to_sql import quote
from lanista.arenas.text_to_sql.moves import Check, Keep, Note, Query, Run

QUERY_LIMIT = 4_000
"""Characters of a query that may be run."""
NOTE_LIMIT = 400
"""Characters of a note or a reason that others read."""
MISSING_LIMIT = 40
"""Characters that may name what a schema lacks: a word or two, not the question again."""

_FENCE = re.compile(r"^[ \t>]*(`{3,}|~{3,})[^\n`~]*$")
_MARKS = " \t*_`#>-"
_SQL = re.compile(
    r"\(*\s*(select|with|values|insert|update|delete|drop|create|alter|attach|detach|pragma|explain|replace|vacuum|begin)"
    r"\b|--|/\*",
    re.IGNORECASE,
)
_MISSING = re.compile(r"unanswerable[ \t*_`]*[:：][ \t]*(.+)", re.IGNORECASE)
_KEEP = re.compile(r"keep[.!]?", re.IGNORECASE)
_RUN = re.compile(r"run[.!]?", re.IGNORECASE)
_ACT = re.compile(r"(probe|note)[ \t*_`]*[:：][ \t]*(.*)", re.IGNORECASE)
_VERDICT = re.compile(r"(accept|reject)(?:ed|s)?[ \t*_`]*(?:$|[:：.,;!–—-]+[ \t*_`]*(.*))", re.IGNORECASE)


def query(reply: str, keeps: bool) -> Query | Keep | Illegal:
    """One query, or ``unanswerable: what``, or (where it may be) ``keep``. Talk before a query is passed over."""
    lines = _lines(reply)
    missing = [found for each in lines if (found := _MISSING.fullmatch(_bare(each)))]
    kept = [each for each in lines if keeps and _KEEP.fullmatch(_bare(each))]
    sql = _sql(reply)
    if isinstance(sql, Illegal):
        return sql
    if (sql is not None) + bool(kept) + len({found[1] for found in missing}) > 1:
        return Illegal("more than one answer was given")
    if missing:
        text = quote.line(missing[0][1].strip(_MARKS), 10 * MISSING_LIMIT)
        if not text or len(text) > MISSING_LIMIT:
            return Illegal(f"what is missing is named in 1 to {MISSING_LIMIT} characters")
        return Query(None, text)
    if kept:
        return Keep()
    return Illegal("no query was given") if sql is None else _limited(sql)


def execution(reply: str, runs: int, query: bool) -> Run | Note | Illegal:
    """``run``, ``probe: SELECT …`` or ``note: …``."""
    lines = _lines(reply)
    found: list[Any] = []
    for number, each in enumerate(lines):
        said = _bare(each)
        act = _ACT.fullmatch(said)
        if _RUN.fullmatch(said):
            found.append(Run())
        elif act and act[1].lower() == "note":
            found.append(Note(quote.line(act[2].strip(_MARKS), NOTE_LIMIT)))
        elif act:
            rest = "\n".join([act[2], *lines[number + 1 :]]).strip().strip("`").strip()
            made = _limited(rest) if rest else Illegal("no query was given to probe with")
            if isinstance(made, Illegal):
                return made
            found.append(Run(made.sql))
    if len(found) != 1:
        return Illegal("more than one thing was to be done" if found else "nothing was to be done")
    (move,) = found
    if isinstance(move, Run) and not runs:
        return Illegal("nothing more may be run for this query")
    if move == Run() and not query:
        return Illegal("there is no query to run")
    return move  # type: ignore[no-any-return]


def check(reply: str) -> Check | Illegal:
    """The one line that says ``accept`` or ``reject: why``; other lines are talk."""
    found = []
    for each in _lines(reply):
        verdict = _VERDICT.fullmatch(_bare(each))
        if verdict:
            text = quote.line((verdict[2] or "").strip(_MARKS), NOTE_LIMIT)
            found.append(Check(verdict[1].lower() == "accept", text))
    if not found:
        return Illegal("no verdict was given")
    return found[0] if len(set(found)) == 1 else Illegal("more than one verdict was given")


def _lines(reply: str) -> list[str]:
    """The lines of a reply without thoughts, fences and blank ones at the edges."""
    said = without_thoughts(reply).replace("\r\n", "\n").replace("\r", "\n")
    return [each for each in said.split("\n") if not _FENCE.match(each)]


def _bare(each: str) -> str:
    """A line without marks and a lead such as ``Answer:``."""
    said = each.strip().strip(_MARKS)
    return re.sub(r"^(?:final answer|answer|action)[ \t]*[:：][ \t*_`]*", "", said, flags=re.IGNORECASE).strip(_MARKS)


def _sql(reply: str) -> str | Illegal | None:
    """The query of a reply: what stands in its one block of code, or all from the first line that begins one."""
    blocks, beside = _blocks(without_thoughts(reply).replace("\r\n", "\n").replace("\r", "\n"))
    queries = list(dict.fromkeys(each for each in blocks if _SQL.match(each)))
    begins = next((number for number, each in enumerate(beside) if _SQL.match(each.lstrip(_MARKS[:2]))), None)
    if len(queries) > 1 or (queries and begins is not None):
        return Illegal("more than one query was given")
    if queries:
        return queries[0]
    return None if begins is None else "\n".join(beside[begins:]).strip()


def _blocks(said: str) -> tuple[list[str], list[str]]:
    """(what stands in blocks of code, the lines outside of them)."""
    blocks: list[str] = []
    beside: list[str] = []
    inside: list[str] | None = None
    mark = ""
    for each in said.split("\n"):
        fence = _FENCE.match(each)
        if fence and inside is None:
            inside, mark = [], fence[1]
        elif fence and inside is not None and fence[1][0] == mark[0] and len(fence[1]) >= len(mark):
            blocks.append("\n".join(inside).strip())
            inside = None
        else:
            (beside if inside is None else inside).append(each)
    if inside is not None:
        blocks.append("\n".join(inside).strip())
    return blocks, beside


def _limited(sql: str) -> Query | Illegal:
    if len(sql) > QUERY_LIMIT:
        return Illegal(f"the query has {len(sql):,} characters, and at most {QUERY_LIMIT:,} are run")
    return Query(sql)
