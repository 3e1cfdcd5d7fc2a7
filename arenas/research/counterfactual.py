"""Other worlds that a seat cannot tell from this one: another question, or other papers than those it has read."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any

from lanista.arenas.core.contract import Seat
from lanista.arenas.core.tools import Call
from lanista.arenas.research.cases import Asked, gold_of, wording_of
from lanista.arenas.research.config import EXECUTOR, PLANNER, VERIFIER
from lanista.arenas.research.library import Library, Paper
from lanista.arenas.research.state import OVER, State

_CHANGED = 40
"""Papers that another library has in other words, at most."""


def counterfactual(
    state: State, moves: Mapping[Seat, Any], seat: Seat, rng: random.Random
) -> tuple[State, Mapping[Seat, Any]] | None:
    """For all but the planner another question; for all but the executor other papers, as far as it has not read them.

    What the verifier is about to open stays, or it would be told of another paper. At a shared table everybody knows
    the question and all that was seen, so that only results which nobody has opened are others. None once the game is
    over.
    """
    if state.stage == OVER:
        return None
    if state.table.config.shared:
        return _with(state, state.table.case.asked, _unopened(state, moves, rng)), moves
    case = state.table.case
    asked = case.asked if seat == PLANNER else _another(case.asked, rng)
    library = case.library if seat == EXECUTOR else _altered(state, moves, seat, rng)
    question = case.question if seat == PLANNER else wording_of(asked, rng.randrange(3))
    changed = _with(state, asked, library)
    changed = changed._replace(table=changed.table._replace(case=changed.table.case._replace(question=question)))
    if seat != EXECUTOR:
        changed = changed._replace(hits=(), query="", more=False, opened=frozenset())
    if seat != VERIFIER:
        changed = changed._replace(read=frozenset())
    return changed, moves


def _with(state: State, asked: Asked, library: Library) -> State:
    case = state.table.case._replace(asked=asked, library=library, gold=gold_of(asked, library))
    return state._replace(table=state.table._replace(case=case))


def _unopened(state: State, moves: Mapping[Seat, Any], rng: random.Random) -> Library:
    """The library with other results, which neither titles nor abstracts tell, in papers that nobody has opened."""
    library = state.table.case.library
    fixed = state.opened | state.read | _opening(moves.values())
    names = [paper for paper, _ in state.reports] + rng.sample(list(library.papers), _CHANGED)
    papers = [library.papers[each] for each in names if each not in fixed]
    return library.changed(each._replace(value=str(rng.randrange(10_000, 99_999))) for each in papers if each.value)


def _opening(moves: Iterable[Any]) -> set[str]:
    """The papers that are about to be opened."""
    opening = (move for move in moves if isinstance(move, Call) and move.tool == "open")
    return {paper for move in opening for paper in move.args["papers"]}


def _another(asked: Asked, rng: random.Random) -> Asked:
    window = rng.choice(((2015, 2016), (2018, 0), (0, 2020)))
    return asked._replace(window=window, peer=not asked.peer, approaches=asked.approaches[::-1])


def _altered(state: State, moves: Mapping[Seat, Any], seat: Seat, rng: random.Random) -> Library:
    library = state.table.case.library
    fixed = set(state.read) if seat == VERIFIER else set()
    fixed |= _opening([moves.get(seat)])
    reported = [paper for paper, _ in state.reports]
    names = [*reported, *rng.sample(list(library.papers), _CHANGED)]
    return library.changed(_rewritten(library.papers[each], rng) for each in names if each not in fixed)


def _rewritten(paper: Paper, rng: random.Random) -> Paper:
    value = str(rng.randrange(10_000, 99_999)) if paper.value else ""
    return paper._replace(value=value, abstract=value, date=f"{rng.randrange(2000, 2010)}{paper.date[4:]}")
