"""Other worlds that a seat cannot tell from this one: other hidden tests, and other verdicts of them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lanista.arenas.coding.grade import Verdict
from lanista.arenas.coding.rules import OVER, State
from lanista.arenas.core.contract import Seat


def counterfactual(
    state: State, moves: Mapping[Seat, Any], seat: Seat, rng: random.Random
) -> tuple[State, Mapping[Seat, Any]] | None:
    """The same game over other hidden calls, with other answers to them and another verdict.

    Nobody is told anything of either, so this holds for every seat; None once the game is over.
    """
    if state.stage == OVER:
        return None
    task = state.table.task
    hidden = list(task.hidden)
    rng.shuffle(hidden)
    kept = rng.randrange(len(hidden)) if hidden else 0
    other = replace(
        task, hidden=tuple(hidden[: kept + 1]), checks=task.checks[: kept + 1], reference=_wrong(task.reference)
    )
    table = state.table._replace(task=other)
    return state._replace(table=table, verdict=_another(state.verdict, rng), first=_another(state.first, rng)), moves


def _another(verdict: Verdict | None, rng: random.Random) -> Verdict | None:
    if verdict is None:
        return None
    total = verdict.total + 1
    passed = rng.randrange(total + 1)
    return Verdict(passed, total, verdict.syntax, rng.random() < 0.5, passed == total)  # syntax shows in the source


def _wrong(reference: str) -> str:
    """The reference with a comment of its own, so that whatever told it would tell a difference."""
    return reference + "\n# another\n"
