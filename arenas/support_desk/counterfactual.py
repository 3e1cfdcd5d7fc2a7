"""Counterfactuals: another hidden world and other facts not yet seen, which must look the same to a seat.

The posterior is the generator: every hypothesis that all the desk was told, and will be told by this move, leaves open
is a world that no seat of the desk can tell from the real one. Until something is changed that goes for the kind of
case too: no text says whether faults hide each other, whose they are, or whether the customer can be relied on.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lanista.arenas.core.contract import Seat
from lanista.arenas.core.tools import Call
from lanista.arenas.support_desk.belief import masks, members
from lanista.arenas.support_desk.calls import CUSTOMER, SEAT
from lanista.arenas.support_desk.cases import Case, Context, Manner, build
from lanista.arenas.support_desk.customer import sees
from lanista.arenas.support_desk.faults import ALL, observe
from lanista.arenas.support_desk.house import CREDITS
from lanista.arenas.support_desk.line import TIRED
from lanista.arenas.support_desk.rules import SupportDeskRules
from lanista.arenas.support_desk.state import OPEN, State

_RULES = SupportDeskRules()


def counterfactual(
    state: State, moves: Mapping[Seat, Any], seat: Seat, rng: random.Random
) -> tuple[State, Mapping[Seat, Any]] | None:
    """The same call with another truth, other amounts, another patience. None where nothing else is possible, or
    where this move ends the case and with that its secrecy."""
    if state.stage != OPEN:
        return None
    ((_, move),) = moves.items()
    if state.case.config.hard.callbacks and isinstance(move, Call) and move.tool == "close":
        return None  # whoever closes a case learns whether something was left
    played = _RULES.play(state, moves).state
    if played.grade is not None:
        return None
    case = state.case
    any_kind = not played.epoch and rng.random() < 0.5
    space, left = (case.open, played.open) if any_kind else (case.space, played.mask)
    truths = [space.hypotheses[i] for i in members(left)]
    truths = [truth for truth in truths if _same_to_the_customer(state, move, truth, seat)]
    context = _other_context(played, move, rng)
    manner = _other_manner(played, rng)
    patience = _other_patience(state, played, rng)
    others = [truth for truth in truths if truth != case.truth]
    if not others and context == case.context and manner == case.manner and patience == state.patience:
        return None
    truth = rng.choice(others or [case.truth])
    kind = case.config
    if any_kind:
        hides = masks(truth & ALL) and not kind.hard.untold
        kind = replace(kind, masking=hides, topic="any", cooperation="difficult", conflicts=False)
    other = build(
        kind,
        truth,
        case.mentions_reboot,
        case.params,
        context,
        case.patience,
        case.complaint,
        manner,
        case.house,
        case.values,
    )
    mask = _mask(state, other) if any_kind else state.mask
    low = other.space.entropy(mask) if any_kind else state.low
    return state._replace(case=other, patience=patience, mask=mask, low=low), moves


def _mask(state: State, other: Case) -> int:
    """What is left of the other case's space after what was seen, nothing being changed yet."""
    mask = other.start
    for test, (outcome, _) in state.seen.items():
        mask &= other.space.showing(test)[outcome]
    return mask


def _same_to_the_customer(state: State, move: Any, truth: int, seat: Seat) -> bool:
    """Where the customer sits at the table: whether they see and are asked the same in this world."""
    case = state.case
    if case.config.customer == "world":
        return True
    if truth & ~ALL != case.truth & ~ALL:
        return False
    other = state._replace(case=case._replace(truth=truth))
    asked = state.pending or (move if isinstance(move, Call) and move.tool == "ask" else None)
    if asked is not None and asked.tool == "ask":
        question = asked.args["question"]
        if sees(state, question) != sees(other, question):
            return False
    known = ("internet", "mobile", "charges") if seat == SEAT[CUSTOMER] else ()
    return all(observe(test, truth, 0) == observe(test, case.truth, 0) for test in known)


def _other_context(played: State, move: Any, rng: random.Random) -> Context:
    """Other amounts and dates where no reading has shown them and no change was made by them."""
    context = played.case.context
    changes: dict[str, Any] = {}
    if "invoices" not in played.seen and all(change.tool != "refund" for change in played.changes):
        changes = {"refund_eur": 1 + rng.randrange(90), "refund_days": 1 + rng.randrange(120)}
        changes["fee_eur"] = context.fee_eur if "charge_detail" in played.seen else 1 + rng.randrange(20)
    if "contract" not in played.seen:
        changes["months"] = 1 + rng.randrange(48)
    if "charge_detail" not in played.seen:
        changes["waived"] = rng.randrange(4)
    if "account" not in played.seen:
        changes["due_eur"] = 1 + rng.randrange(99)
    return context._replace(**changes)


def _other_manner(played: State, rng: random.Random) -> Manner:
    """Other credits where the account has not been read and nothing was credited."""
    manner = played.case.manner
    if not manner.credits or "account" in played.seen or any(c.tool in CREDITS.values() for c in played.changes):
        return manner
    return manner._replace(credits=((3 + rng.randrange(25), 1 + rng.randrange(40)),))


def _other_patience(state: State, played: State, rng: random.Random) -> int:
    """Another patience, if the customer neither shows nor loses it by this move."""
    spent = state.patience - played.patience
    if played.patience <= TIRED:
        return state.patience
    return TIRED + 1 + spent + rng.randrange(20)
