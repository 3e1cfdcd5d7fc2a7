"""Customers who do not simply say yes: what they resist, and what brings them round.

They refuse a step, haggle over a change, hold on to the cause that they believe in, and ask for what a rule forbids.
What brings them round is ``reason``: what a question or a reading has shown that would not be so without the cause,
or, for what they ask for, the rule that forbids it, once the desk has read what the rule goes by.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from lanista.arenas.core.tools import Call
from lanista.arenas.support_desk import house
from lanista.arenas.support_desk.belief import Space, members
from lanista.arenas.support_desk.faults import BIT, OF_SERVICE, STEPS, TESTS, WRITES, observe, so_far

if TYPE_CHECKING:
    from lanista.arenas.support_desk.state import State

REFUSES = 0.3
"""How often a customer resists a step, or a change that they are asked to agree to."""
SHOWN = tuple(test for test in TESTS if test not in ("internet", "anything_else", "rebooted"))
"""What can be named in an argument."""
FORBIDS: Mapping[str, tuple[str, ...]] = {
    "refund": ("invoices",),
    "discount": ("contract",),
    "waiver": ("charge_detail",),
    "credit": ("invoices", "charge_detail", "contract", "account"),
}
"""The rules that forbid what customers ask for, and the readings that each of them goes by."""
ASKED: Mapping[str, str] = {"double_charge": "refund", "ended_discount": "renew_discount", "late_fee": "waive_fee"}
"""What a customer asks for once they know of a cause."""
UNMOVED_PATIENCE = 3
DOUBT_PATIENCE = 4


def draw(rng: random.Random) -> frozenset[str]:
    """The steps and changes that a customer resists, drawn without a look at the case."""
    return frozenset(name for name in (*STEPS, *WRITES) if rng.random() < REFUSES)


def resists(state: State, what: str) -> bool:
    """Whether the customer will not have a step or a change, or not yet."""
    return what in state.case.manner.refuses and what not in state.persuaded


def disputes(state: State, cause: str) -> bool:
    """Whether the customer holds on to another cause of the same service, which they do until they are brought round
    once."""
    belief = state.case.manner.belief
    if not state.case.config.hard.haggling or belief in (None, cause) or "belief" in state.persuaded:
        return False
    return any(BIT[str(belief)] & of and BIT[cause] & of for of in OF_SERVICE.values())


def demands(state: State, cause: str) -> str | None:
    """The change that a customer asks for once they know of a cause, and has neither got nor been refused with the
    rule; None for nothing."""
    wanted = ASKED.get(cause)
    if wanted is None or not state.case.config.hard.haggling or wanted in state.persuaded:
        return None
    return None if any(change.tool == wanted for change in state.changes) else wanted


@lru_cache(maxsize=1 << 14)
def speaks_for(fault: str, test: str, part: str) -> bool:
    """Whether an outcome would be so with the fault alone, and not without any."""
    return part in observe(test, BIT[fault], 0).split("+") and part not in observe(test, 0, 0).split("+")


def fault_of(what: str) -> str:
    """The fault that a step or a change clears; a cause itself."""
    return STEPS.get(what) or WRITES.get(what) or what


def convinces(state: State, move: Call) -> bool:
    """Whether an argument holds."""
    about, rule = move.args["for"], move.args.get("rule")
    if rule is not None:
        return _forbids(state, about, rule)
    shown = move.args.get("shown")
    return any(test == shown and speaks_for(fault_of(about), test, part) for test, part in state.showed)


def _forbids(state: State, wanted: str, rule: str) -> bool:
    """Whether this rule forbids what the customer asks for, by what was read."""
    if wanted not in ASKED.values() or any(test not in state.seen for test in FORBIDS[rule]):
        return False
    return rule == forbidding(state, WRITES[wanted])


def forbidding(state: State, fault: str) -> str | None:
    """The rule that forbids what a customer asks for a fault; None where none does."""
    case = state.case
    context, params = case.context, case.params
    if fault == "double_charge" and (
        context.refund_eur > params.refund_eur or context.refund_days > params.refund_days
    ):
        return "refund"
    if fault == "ended_discount":
        return "discount" if context.months < params.discount_months else None
    if fault == "late_fee" and context.waived >= params.waivers:
        return "waiver"
    remedy = case.remedies.get(fault)
    return "credit" if fault in house.CREDITS and remedy is not None and remedy.how == "human" else None


def contradicts(truth: int, gone: int, cause: str) -> str | None:
    """What the customer sees that would not be so if the cause they are told were the one; None where nothing is."""
    service = next(service for service, of in OF_SERVICE.items() if BIT[cause] & of)
    for question in _SEES[service]:
        if observe(question, truth, gone) != observe(question, BIT[cause], 0):
            return question
    return None


def taken(truth: int, gone: int, cause: str, in_time: bool) -> tuple[str, str] | None:
    """How a customer who looks takes a cause in a world: None, they believe it; else what they see instead.

    ``in_time`` is whether the time that goes with it is the right one.
    """
    if so_far(truth, gone) & BIT[cause] and in_time:
        return None
    seen = contradicts(truth, gone, cause)
    return None if seen is None else (seen, observe(seen, truth, gone))


def worlds(space: Space, mask: int, gone: int, cause: str, in_time: bool, found: tuple[str, str] | None) -> int:
    """The hypotheses of a mask in which the customer would have taken the cause as they did."""
    left = 0
    for i in members(mask):
        if taken(space.hypotheses[i], gone, cause, in_time) == found:
            left |= 1 << i
    return left


_SEES: Mapping[str, tuple[str, ...]] = {
    "internet": ("lights", "pages", "devices"),
    "mobile": ("signal",),
    "bill": ("charges",),
}
"""What a customer looks at when they are told a cause of a service."""
