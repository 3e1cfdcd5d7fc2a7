"""A run's analysis beside its board: what ``lanista analyse`` measured, read from its file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lanista.errors import LanistaError
from lanista.leaderboards.shapes import Board, SkillLine
from lanista.stats import Interval

FILE = "analysis.json"


def read(path: Path) -> Mapping[str, Any] | None:
    """The analysis in a file; None where there is none. Raises LanistaError for a file that is no analysis."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise LanistaError(f"cannot read the analysis {path}: {error}") from error
    try:
        found = json.loads(text)
    except ValueError as error:
        raise LanistaError(f"{path} is no analysis ({error}): make it anew with `lanista analyse`") from error
    if not isinstance(found, dict) or found.get("format") != 1 or not isinstance(found.get("rows"), list):
        raise LanistaError(f"{path} is no analysis that this version reads: make it anew with `lanista analyse`")
    return found


def beside(board: Board, analysis: Mapping[str, Any] | None) -> Board:
    """The board with the analysis's measures; what does not belong to it is left out, and a note says so."""
    if analysis is None:
        return board
    if (analysis.get("arena"), analysis.get("hash")) != (board.arena, board.hash):
        of = f"{analysis.get('arena')} {analysis.get('hash')}"
        note = f"The run's analysis is of {of} and is left out: analyse it again."
        return replace(board, notes=(*board.notes, note))
    agents = {line.agent for line in board.lines}
    words = analysis.get("measures", {})
    try:
        lines = tuple(
            SkillLine(
                agent=row["agent"],
                side=row["side"],
                measure=row["measure"],
                what=str(words.get(row["measure"], "")),
                count=int(row["count"]),
                value=_interval(row),
                line=row["line"],
            )
            for row in analysis["rows"]
            if row["agent"] in agents
        )
    except (KeyError, TypeError, ValueError) as error:
        raise LanistaError(f"the run's analysis is damaged ({error!r}): make it anew with `lanista analyse`") from error
    notes = board.notes
    if analysis.get("games") != board.games:
        notes = (
            *notes,
            f"The analysis is of {analysis.get('games')} games, the board of {board.games}: analyse again.",
        )
    return replace(board, skills=lines, notes=notes)


def _interval(row: Mapping[str, Any]) -> Interval:
    value, low, high = row["value"], row["low"], row["high"]
    return Interval(
        math.nan if value is None else float(value),
        -math.inf if low is None else float(low),
        math.inf if high is None else float(high),
    )
