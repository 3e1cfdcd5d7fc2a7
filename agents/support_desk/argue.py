"""Giving reasons: what speaks for a cause among all that was shown, and the rule that forbids what a customer asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lanista.agents.support_desk.file import File
from lanista.arenas.core.tools import Call, call
from lanista.arenas.support_desk.arguing import ASKED, FORBIDS, SHOWN, speaks_for


def proofs(file: File, fault: str) -> list[str]:
    """The looks that spoke for a cause in this call, as far as this seat knows: readings before what was said."""
    found = {test for test, part in file.ever if test in SHOWN and speaks_for(fault, test, part)}
    return sorted(found, key=lambda test: (-SHOWN.index(test), test))


def reason(file: File, fault: str, what: str) -> Iterator[Call]:
    """The next reason for a step, a change or the cause itself; none where all that is known left them unmoved."""
    left = proofs(file, fault)[file.unmoved.count(what) :]
    if left:
        yield call("reason", **{"for": what, "shown": left[0]})


def could_prove(fault: str, test: str, parts: Iterable[str]) -> bool:
    """Whether a look that may show these parts could speak for the cause."""
    return test in SHOWN and any(speaks_for(fault, test, part) for part in parts)


def rule_against(file: File, fault: str) -> str:
    """The rule that forbids what the customer asks for, by the numbers on file."""
    assert file.params is not None
    numbers = file.numbers
    if fault == "ended_discount":
        return "discount"
    if fault == "late_fee":
        return "waiver" if numbers.get("waived", 0) >= file.params.waivers else "credit"
    small = numbers.get("refund_eur", 0) <= file.params.refund_eur
    return "credit" if small and numbers.get("refund_days", 0) <= file.params.refund_days else "refund"


def unread(file: File, fault: str) -> list[str]:
    """The readings that the rule goes by and that nobody has read in this call."""
    return [test for test in FORBIDS[rule_against(file, fault)] if test not in file.shown]


def refuse(file: File, fault: str) -> Call:
    """The rule as the reason why the customer does not get what they ask for."""
    return call("reason", **{"for": ASKED[fault], "rule": rule_against(file, fault)})
