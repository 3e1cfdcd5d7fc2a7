"""Other worlds that a seat cannot tell from this one: other hidden calls, other letters, other people's files."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from lanista.arenas.core.contract import Seat
from lanista.arenas.packages.case import TESTER, Case, Letter
from lanista.arenas.packages.moves import Revision
from lanista.arenas.packages.rules import OVER, State


def counterfactual(
    state: State, moves: Mapping[Seat, Any], seat: Seat, rng: random.Random
) -> tuple[State, Mapping[Seat, Any]] | None:
    """The same game with other hidden calls and verdicts; for a keeper with other letters; with a comment in every file
    that the seat does not keep. None once the game is over, and while a package is run."""
    if state.stage == OVER or not moves:
        return None
    case = state.table.case
    calls = list(case.calls)
    rng.shuffle(calls)
    calls = calls[: rng.randrange(1, len(calls) + 1)]
    letters = case.letters if seat == TESTER else (Letter("Max", True, "All is well."),)
    other = Case(**{**_fields(case), "digest": f"{case.digest}~", "calls": tuple(calls), "letters": letters})
    mine = case.kept_by(seat)
    files = tuple((module, text if module in mine else _marked(text)) for module, text in state.files)
    right = tuple(rng.random() < 0.5 for _ in range(other.total))
    after = state._replace(table=state.table._replace(case=other), files=files, right=right)
    return after, {who: _other(move, mine) for who, move in moves.items()}


def _fields(case: Case) -> dict[str, Any]:
    return {name: getattr(case, name) for name in Case.__dataclass_fields__}


def _marked(text: str) -> str:
    return f"{text}\n# another\n"


def _other(move: Any, mine: tuple[str, ...]) -> Any:
    """A keeper's new files with a comment, where they are not the seat's own."""
    if not isinstance(move, Revision):
        return move
    return Revision(tuple((m, t if m in mine else _marked(t)) for m, t in move.files), move.note)
