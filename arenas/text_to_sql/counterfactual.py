"""Other worlds that a seat cannot tell from this one: other rows, another gold query, another verdict."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from lanista.arenas.core.contract import Seat
from lanista.arenas.text_to_sql.config import EXECUTOR
from lanista.arenas.text_to_sql.rules import OVER, State, Verdict


def counterfactual(
    state: State, moves: Mapping[Seat, Any], seat: Seat, rng: random.Random
) -> tuple[State, Mapping[Seat, Any]] | None:
    """The same question over other hidden databases with other right answers, and another verdict.

    For all but the executor the shown database is another one too: they know of rows what was written. None once the
    game is over.
    """
    if state.stage == OVER:
        return None
    case = state.table.case
    shown, *hidden = case.databases
    if seat != EXECUTOR and hidden:
        shown = rng.choice(hidden)
    rng.shuffle(hidden)
    databases = (shown, *hidden[: 1 + rng.randrange(len(hidden))]) if hidden else (shown,)
    other = case._replace(
        gold="SELECT 'another'",
        missing=case.missing + "x",
        databases=databases,
        expected=tuple((("another", i),) for i in range(len(databases))),
        keys=("ANOTHER",),
    )
    table = state.table._replace(case=other)
    return state._replace(table=table, verdict=_another(state.verdict, rng), first=_another(state.first, rng)), moves


def _another(verdict: Verdict | None, rng: random.Random) -> Verdict | None:
    if verdict is None:
        return None
    right = rng.random() < 0.5
    return Verdict(right, not right and rng.random() < 0.3, False, right and rng.random() < 0.5, verdict.refused)
