"""An outcome is looked at when its game ends: what is wrong with it would break a board, a store or a rating."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from numbers import Real
from typing import Any

from lanista.arenas.core.contract import Outcome
from lanista.errors import LanistaError, suggest

ROUNDING = 1e-9
"""How far a score may lie outside [0, 1] because numbers were added up; it is moved to the end."""


def checked(outcome: Outcome, teams: Collection[str]) -> Outcome:
    """The outcome in plain Python values: numpy's numbers and booleans become Python's own.

    Raises LanistaError for a winner that is no team, a team without a score or a score without a team, a score that is
    no number in [0, 1], and a fact that JSON cannot hold.
    """
    if not isinstance(outcome, Outcome):
        raise LanistaError(f"its outcome is a {type(outcome).__name__}, not an Outcome")
    winner: Any = outcome.winner
    if winner is not None and winner not in teams:
        raise LanistaError(
            f"its winner {winner!r} is no team of this game{suggest(str(winner), teams)} {_there(teams)}"
        )
    if not isinstance(outcome.scores, Mapping):
        raise LanistaError(f"its scores are {{team: score}}, not a {type(outcome.scores).__name__}")
    for team in teams:
        if team not in outcome.scores:
            raise LanistaError(f"its outcome has no score for team {team!r}: score every team, from 0 to 1")
    for team in outcome.scores:
        if team not in teams:
            raise LanistaError(f"its outcome scores {team!r}, which is no team of this game {_there(teams)}")
    scores = {team: _score(team, score) for team, score in outcome.scores.items()}
    if not isinstance(outcome.facts, Mapping):
        raise LanistaError(f"the facts of its outcome are {{name: value}}, not a {type(outcome.facts).__name__}")
    facts = {_name(name): _plain(name, value) for name, value in outcome.facts.items()}
    return Outcome(winner, scores, facts)


def _score(team: str, score: Any) -> float:
    score = _python(score)
    if isinstance(score, bool) or not isinstance(score, Real):
        raise LanistaError(f"the score of team {team!r} is {score!r}, not a number from 0 to 1")
    value = float(score)
    if -ROUNDING <= value <= 1 + ROUNDING:
        return min(1.0, max(0.0, value))
    raise LanistaError(f"the score of team {team!r} is {value}, and a score is from 0 to 1: scale it")


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise LanistaError(f"a fact of its outcome is named {name!r}: name facts by strings")
    return name


def _plain(name: str, value: Any) -> Any:
    value = _python(value)
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise LanistaError(f"the fact {name!r} of its outcome is {value}: leave out (None) what was not measured")
        return value
    if isinstance(value, Mapping):
        return {_name(key): _plain(name, each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(name, each) for each in value]
    raise LanistaError(f"the fact {name!r} of its outcome is a {type(value).__name__}, which JSON cannot hold")


def _python(value: Any) -> Any:
    """numpy's scalars as Python's own."""
    return value.item() if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0 else value


def _there(teams: Collection[str]) -> str:
    return f"(there are: {', '.join(teams)})"
