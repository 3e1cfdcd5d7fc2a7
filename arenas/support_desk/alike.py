"""Counterfactuals: another hidden world and other hidden facts that must look the same to every seat of the desk."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from lanista.arenas.contract import Seat
from lanista.arenas.support_desk.belief import members
from lanista.arenas.support_desk.cases import build
from lanista.arenas.support_desk.rules import OPEN, State, SupportDeskRules

_RULES = SupportDeskRules()


def alike(
    state: State, moves: Mapping[Seat, Any], seat: Seat, rng: random.Random
) -> tuple[State, Mapping[Seat, Any]] | None:
    """The same call in another world that all the desk was told, and will be told by this move, leaves possible.

    None where nothing else is possible, or where this move ends the case and with that its secrecy.
    """
    if state.stage != OPEN:
        return None
    played = _RULES.play(state, moves).state
    if _RULES.outcome(played) is not None:
        return None
    case = state.case
    open_ = [i for i in members(played.mask) if case.space.hypotheses[i] != case.truth]
    rng.shuffle(open_)
    for i in open_:
        truth = case.space.hypotheses[i]
        other = build(case.config, truth, case.mentions_reboot, case.params, case.context, case.patience)
        twin = state._replace(case=other)
        if _RULES.play(twin, moves).state.verdict.split() is not None:
            return twin, moves
    return None
