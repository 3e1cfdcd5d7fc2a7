"""``desk_reader``: reads everything rightly, knows the rules and the remedies, and never thinks beyond the next step.

What it takes to show that a case is not won by reading alone. It knows every phrase, every printed line and every note;
it keeps to the rules of the house as far as one call can be judged by itself; it asks what a checklist asks. What it
does not do is weigh: a trouble is dealt with when one cause of it was found and mended, a step that is said to be done
is done, what a customer says of the past is true, and nothing is left for later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lanista.agents.contract import Question
from lanista.agents.scripted import Scripted
from lanista.agents.support_desk import argue
from lanista.agents.support_desk.expert import change_of, identify, in_time, noted, remedy, ticket, unread
from lanista.agents.support_desk.file import File, read
from lanista.arenas.core.tools import Call, call
from lanista.arenas.support_desk.arguing import ASKED
from lanista.arenas.support_desk.calls import ASKS, BILLING, CAUSES, READS, ROUTER, SUMMARIZER, TECHNICAL
from lanista.arenas.support_desk.faults import BIT, STEPS, WRITES
from lanista.arenas.support_desk.policy import ACCOUNT_DATA

MEANS: Mapping[tuple[str, str], str] = {
    ("outage_map", "outage"): "outage",
    ("account", "suspended"): "suspended",
    ("line_test", "no_answer"): "dead_modem",
    ("line_test", "noisy"): "line_noise",
    ("line_test", "capped"): "low_profile",
    ("modem_config", "bridge"): "bridge_mode",
    ("modem_config", "old_firmware"): "old_firmware",
    ("modem_config", "crowded_channel"): "wifi_channel",
    ("usage", "used_up"): "throttled",
    ("cables", "loose"): "loose_cable",
    ("pages", "apps_only"): "bad_dns",
    ("lights", "blinking"): "hung_modem",
    ("sim_status", "not_active"): "sim_inactive",
    ("sim_status", "blocked"): "sim_blocked",
    ("sim_status", "roaming_off"): "roaming_off",
    ("invoices", "double"): "double_charge",
    ("contract", "discount_ended"): "ended_discount",
    ("contract", "plan_mismatch"): "wrong_plan",
    ("contract", "plan_changed"): "proration",
    ("charge_detail", "late_fee"): "late_fee",
    ("charge_detail", "third_party"): "unknown_charge",
}
"""The one cause that an outcome speaks of."""

LOOKS: Mapping[str, tuple[str, ...]] = {
    "internet": (
        *("outage_map", "line_test", "modem_config", "modem_status", "lights", "pages", "cables", "account", "usage"),
    ),
    "mobile": ("sim_status", "account"),
    "bill": ("invoices", "contract", "charge_detail"),
}
"""What the checklist of a trouble looks at, in order."""

_SERVICE = {"no_internet": "internet", "slow_internet": "internet", "no_mobile": "mobile", "high_bill": "bill"}
_STEP_OF = {fault: step for step, fault in STEPS.items()}
_WRITE_OF = {fault: write for write, fault in WRITES.items()}


class DeskReader(Scripted):
    """A desk that reads perfectly and plans one step."""

    name = "desk_reader"
    plays = "support_desk"

    def reply(self, question: Question) -> str:
        """One call."""
        file = read(question)
        aside = unread(question, file)
        if aside is not None:
            return aside
        return str(noted(file, next(_next(file))))


def _next(file: File) -> Iterator[Call]:
    if file.role == SUMMARIZER:
        yield ticket(file)
    elif file.role == ROUTER:
        yield from _route(file)
    else:
        yield from _work(file)


def troubles(file: File) -> tuple[str, ...]:
    """The services that the customer has complained about."""
    said = file.shown.get("anything_else", "")
    first = _SERVICE.get(file.symptom)
    broke = "internet" if file.broke else None
    return tuple(dict.fromkeys(filter(None, (first, broke, *(part for part in said.split("+") if part in LOOKS)))))


def _route(file: File) -> Iterator[Call]:
    if not troubles(file):
        yield call("ask", question="anything_else")
    bill_only = troubles(file) == ("bill",)
    yield call("route", to=BILLING if bill_only else TECHNICAL)


def _work(file: File) -> Iterator[Call]:
    found = causes(file)
    if file.stranger:
        yield call("escalate", to="human")
    if file.wanted and file.role == TECHNICAL:
        yield call("look_up", topic=file.wanted)
    for fault in found:
        if fault in CAUSES[file.role]:
            yield from _mend(file, fault)
    if not troubles(file):
        yield call("ask", question="anything_else")
    for service in troubles(file):
        if not any(_of(fault) == service for fault in found):
            yield from _look(file, service)
    other = BILLING if file.role == TECHNICAL else TECHNICAL
    if any(fault in CAUSES[other] and fault not in file.explained for fault in found) or _theirs(file, found, other):
        yield call("handover", to=other)
    if "anything_else" not in file.shown:
        yield call("ask", question="anything_else")
    ends = {in_time(file, how) for how in (*(remedy(file, fault) for fault in found), *file.needs)}
    if "technician" in ends:
        yield call("escalate", to="technician") if file.role == TECHNICAL else call("handover", to=TECHNICAL)
    yield call("escalate", to="human") if "human" in ends else call("close")


def _theirs(file: File, found: tuple[str, ...], other: str) -> bool:
    """Whether a trouble of the other department's is still without a cause."""
    theirs = ("bill",) if file.role == TECHNICAL else ("internet", "mobile")
    open_ = [service for service in troubles(file) if not any(_of(fault) == service for fault in found)]
    return other not in file.had and any(service in theirs for service in open_)


def causes(file: File) -> tuple[str, ...]:
    """Every cause that something seen speaks of, and those that were told."""
    shown = {(test, part) for test, outcome in file.shown.items() for part in outcome.split("+")}
    found = {MEANS[each] for each in shown & set(MEANS)}
    if file.symptom == "slow_internet" and file.shown.get("modem_status") == "up_weeks" and not found:
        found.add("hung_modem")
    cut = {"line_test": "no_sync", "outage_map": "clear", "cables": "fine", "account": "active"}
    if all(file.shown.get(test) == shown for test, shown in cut.items()):
        found.add("line_cut")
    if "account" in file.shown and file.shown.get("sim_status") == "active" and "mobile" in troubles(file):
        found |= {"wrong_apn"} if not found & {"suspended"} else set()
    return tuple(name for name in BIT if name in found | file.explained)


def _of(fault: str) -> str:
    """The trouble that a cause is of."""
    if BIT[fault] >= BIT["double_charge"]:
        return "bill"
    return "mobile" if BIT[fault] >= BIT["sim_inactive"] else "internet"


def _mend(file: File, fault: str) -> Iterator[Call]:
    """The next step for a cause: what its remedy and the rules want of this one call."""
    assert file.params is not None
    how = remedy(file, fault)
    if how == "step" and BIT[fault] not in file.steps:
        if _STEP_OF[fault] in file.resists:
            yield from argue.reason(file, fault, _STEP_OF[fault])
        else:
            yield call("instruct", step=_STEP_OF[fault])
    if how == "write" and _WRITE_OF[fault] not in file.changes:
        tool = _WRITE_OF[fault]
        yield from identify(file)
        if "limits" in file.options and fault in (
            "double_charge",
            "late_fee",
        ):  # this call's rule says: read both first
            for test, number in (("contract", "months"), ("account", "credited")):
                if number not in file.numbers:
                    yield call(test)
        if tool in file.params.confirm and tool not in file.agreed:
            if tool in file.resists:
                yield from argue.reason(file, fault, tool)
            yield call("confirm", action=tool)
        yield change_of(file, tool)
    if how == "human" and "limits" in file.options and fault == "late_fee" and "charge_detail" not in file.shown:
        yield call("charge_detail")
    if how == "technician" and file.params.map_first and file.shown.get("outage_map") != "clear":
        yield call("outage_map")
    if fault not in file.explained:
        if fault in file.resists:
            yield from argue.reason(file, fault, fault)
        if ASKED.get(fault) in file.resists and ASKED[fault] not in file.changes:
            for test in argue.unread(file, fault):
                yield call(test)
            yield argue.refuse(file, fault)
        until = {"until": file.numbers["until"]} if fault == "outage" and "until" in file.numbers else {}
        yield call("explain", cause=fault, **until)


def _look(file: File, service: str) -> Iterator[Call]:
    """The next of the checklist that this seat can look at."""
    for test in LOOKS[service]:
        if test in file.shown:
            continue
        if test in READS[file.role]:
            if test in ACCOUNT_DATA:
                yield from identify(file)
            yield call(test)
        elif test in ASKS[file.role]:
            yield call("ask", question=test)


assert set(MEANS.values()) | {"line_cut", "wrong_apn"} == set(BIT)
