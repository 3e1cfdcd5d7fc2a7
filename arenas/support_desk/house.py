"""Rules of the house that hang together: credits by tenure and month, technicians by the clock.

``House`` is what varies from one employer to the next; the predicates look at one call and at the state, as those of
``policy`` do, and their text for the brief is rendered from the same numbers.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from lanista.arenas.core.tools import Call

if TYPE_CHECKING:
    from lanista.arenas.support_desk.cases import Context, Manner
    from lanista.arenas.support_desk.state import State

TENURES = (12, 36)
"""Months from which a customer may be credited more."""
DAYS = 30
"""How long a credit counts against the next one."""
MINUTES: Mapping[str, int] = {
    "instruct": 4, "line_test": 3, "wait": 2, "route": 3, "handover": 5, "escalate": 0, "close": 0,
}  # fmt: skip
"""What a call takes on the clock; any other takes one."""
CREDITS: Mapping[str, str] = {"double_charge": "refund", "late_fee": "waive_fee"}
"""The faults whose remedy credits the customer."""


class House(NamedTuple):
    """The rules that hang together."""

    credit_eur: tuple[int, int, int] = (0, 0, 0)
    """The most that may be credited in a call and the 30 days before it: by tenure, under 12 months, under 36, more."""
    window: int = 24 * 60
    """The minute of the day until which a technician can be booked."""


NO_HOUSE = House()


def draw(rng: random.Random) -> House:
    """The rules of one employer."""
    least = rng.choice((10, 15, 20))
    credit = (least, least + rng.choice((10, 15)), least + 30 + rng.choice((0, 10)))
    return House(credit, rng.choice((16 * 60, 16 * 60 + 30, 17 * 60, 18 * 60)))


def text(house: House, role: str) -> list[str]:
    """The rules that concern a role, a line each."""
    if role == "technical":
        return [f"- A technician can be booked until {clock(house.window)}; later a line fault is for a human."]
    if role == "billing":
        a, b, c = house.credit_eur
        return [
            f"- Refunds and waived fees, those of the {DAYS} days before this call included (account): at most {a} EUR "
            f"under {TENURES[0]} months with us (contract), {b} EUR under {TENURES[1]}, else {c} EUR. Read both first.",
            "- Where the credits that are due do not all fit together, grant none of them and call a human.",
        ]
    return []


def clock(minute: int) -> str:
    """A minute of the day as HH:MM."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def credit_limit(house: House, months: int) -> int:
    """Euros that may be credited to a customer of so many months."""
    return house.credit_eur[sum(months >= tenure for tenure in TENURES)]


def credited(manner: Manner) -> int:
    """Euros of credits in the days that count."""
    return sum(eur for days, eur in manner.credits if days <= DAYS)


def due(context: Context, faults: Mapping[str, Any]) -> int:
    """Euros of the credits that these faults ask for."""
    amounts = {"double_charge": context.refund_eur, "late_fee": context.fee_eur}
    return sum(amounts[fault] for fault in faults if fault in amounts)


def broken(state: State, call: Call) -> bool:
    """Whether a call breaks a rule of this kind: a credit over the limit, or granted without the readings that say what
    it is; a technician after hours."""
    case = state.case
    if not case.config.hard.limits:
        return False
    if call.tool == "escalate":
        return call.args.get("to") == "technician" and state.minute > case.house.window
    if call.tool not in CREDITS.values():
        return False
    if "contract" not in state.seen or "account" not in state.seen:
        return True
    given = sum(_amount(state, change) for change in state.changes if change.tool in CREDITS.values())
    return given + _amount(state, call) + credited(case.manner) > credit_limit(case.house, case.context.months)


def _amount(state: State, call: Call) -> int:
    return int(call.args["amount"]) if call.tool == "refund" else state.case.context.fee_eur


def end_due(state: State, how: str) -> str:
    """The end that a remedy asks for now: after hours a human instead of a technician."""
    return "human" if how == "technician" and state.minute > state.case.house.window else how


def also_supports(state: State, what: str) -> Mapping[str, tuple[str, ...]]:
    """What shows that something must be done, besides ``policy.SUPPORT``: a human for credits that do not fit, and for
    a line fault after hours."""
    if what != "human" or not state.case.config.hard.limits:
        return {}
    late = {"line_test": ("no_sync", "noisy")} if state.minute > state.case.house.window else {}
    return {"charge_detail": ("late_fee",), **late}
