"""The tools of each role, with their schemas, and the calls that are offered as samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

from lanista.arenas.core.contract import Ask
from lanista.arenas.core.tools import Call, Tool, by_name, call
from lanista.arenas.support_desk.arguing import ASKED, FORBIDS, SHOWN
from lanista.arenas.support_desk.articles import TOPICS
from lanista.arenas.support_desk.cases import PLANS
from lanista.arenas.support_desk.faults import NAMES, OF_OWNER, STEPS, named
from lanista.arenas.support_desk.levels import NOTE_LIMIT
from lanista.arenas.support_desk.policy import ACCOUNT_DATA, FACTORS

ROUTER, TECHNICAL, BILLING, SUMMARIZER, CUSTOMER = "router", "technical", "billing", "summarizer", "customer"
SEAT = {role: f"{role}_0" for role in (ROUTER, TECHNICAL, BILLING, SUMMARIZER, CUSTOMER)}
ROLE = {seat: role for role, seat in SEAT.items()}
SPECIALISTS = (TECHNICAL, BILLING)

ENDS = ("closed", "technician", "human", "abandoned")
"""How a call can end, as a ticket says it."""

ASKS: Mapping[str, tuple[str, ...]] = {
    ROUTER: ("anything_else", "internet", "mobile"),
    TECHNICAL: (
        "internet",
        "mobile",
        "devices",
        "speed",
        "lights",
        "pages",
        "cables",
        "rebooted",
        "signal",
        "abroad",
        "anything_else",
    ),
    BILLING: ("charges", "plan_change", "internet", "mobile", "anything_else"),
}
READS: Mapping[str, tuple[str, ...]] = {
    ROUTER: (),
    TECHNICAL: ("outage_map", "line_test", "modem_status", "modem_config", "usage", "sim_status", "account"),
    BILLING: ("account", "invoices", "contract", "charge_detail"),
}
CHANGES: Mapping[str, tuple[str, ...]] = {
    ROUTER: (),
    TECHNICAL: ("replace_modem", "reset_profile", "add_data", "update_firmware", "provision_sim", "enable_roaming"),
    BILLING: ("take_payment", "refund", "renew_discount", "change_plan", "waive_fee"),
}
CAUSES: Mapping[str, tuple[str, ...]] = {role: named(OF_OWNER[role]) for role in SPECIALISTS}

_DOCS = {
    "outage_map": "outages in the area",
    "line_test": "tests the line up to the modem",
    "modem_status": "whether the modem is online and since when",
    "modem_config": "the modem's settings",
    "usage": "data used of the plan",
    "sim_status": "the SIM's state",
    "account": "the account's status",
    "invoices": "the last invoice",
    "contract": "plan and discount as agreed and as billed",
    "charge_detail": "who made the extra charges",
    "replace_modem": "sends a new modem",
    "reset_profile": "sets the line's speed as ordered",
    "add_data": "books more data for 10 EUR",
    "update_firmware": "updates the modem",
    "provision_sim": "loads the SIM's profile",
    "enable_roaming": "turns roaming on",
    "take_payment": "collects the debt and restores the account",
    "refund": "pays a charge back",
    "renew_discount": "renews the discount",
    "change_plan": "sets the plan that is billed",
    "waive_fee": "takes a late fee back",
}
_ARGUMENTS: dict[str, Mapping[str, Mapping[str, Any]]] = {
    "refund": {
        "charge": {"type": "string", "pattern": r"^C[0-9]{1,3}\Z", "description": "C and a number"},
        "amount": {"type": "integer", "minimum": 1, "maximum": 999},
    },
    "change_plan": {"plan": {"enum": list(PLANS)}},
}


_NOTE: Mapping[str, Any] = {
    "note": {"type": "string", "maxLength": NOTE_LIMIT, "description": "what the next seat has to know,"}
}
NOTED = ("route", "handover", "escalate", "close")
"""The calls that carry a note, where notes are all that the seats have of each other."""


def _tools(role: str) -> Mapping[str, Tool]:
    tools = [
        Tool("wait", "lets the customer wait", {}),
        Tool("ask", "asks the customer", {"question": {"enum": list(ASKS[role])}}),
        Tool("say", "free words to the customer", {"text": {"type": "string", "minLength": 1, "maxLength": 300}}),
        Tool("verify", "checks who is calling", {"factor": {"enum": list(FACTORS)}}),
    ]
    if role == ROUTER:
        tools.append(Tool("route", "hands the call on", {"to": {"enum": list(SPECIALISTS)}}))
    if role == TECHNICAL:
        tools.append(Tool("instruct", "asks the customer to do a step", {"step": {"enum": list(STEPS)}}))
    tools += [Tool(name, _DOCS[name] + "*" * (name in ACCOUNT_DATA), {}) for name in READS[role]]
    tools += [Tool(name, _DOCS[name], _ARGUMENTS.get(name, {}), writes=True) for name in CHANGES[role]]
    if role in SPECIALISTS:
        other = BILLING if role == TECHNICAL else TECHNICAL
        causes: dict[str, Mapping[str, Any]] = {"cause": {"enum": list(CAUSES[role])}}
        if role == TECHNICAL:
            causes["until"] = {"type": "string", "pattern": r"^[0-9]{2}:[0-9]{2}\Z", "description": "time HH:MM"}
        tools += [
            Tool("confirm", "asks the customer to agree to a change", {"action": {"enum": list(CHANGES[role])}}),
            Tool("explain", "tells the customer a cause", causes, optional=frozenset({"until"})),
            Tool("handover", "hands the call on", {"to": {"enum": [other, ROUTER]}}),
        ]
    ends = ["technician", "human"] if role == TECHNICAL else ["human"]
    tools += [
        Tool("escalate", "ends the call with somebody sent or called", {"to": {"enum": ends}}, writes=True),
        Tool("close", "ends the call as settled", {}),
    ]
    return by_name(*tools)


_TICKET = Tool(
    "ticket",
    "writes the ticket",
    {
        "causes": {"type": "array", "items": {"enum": list(NAMES)}, "uniqueItems": True},
        "changes": {
            "type": "array",
            "items": {"enum": [name for role in SPECIALISTS for name in CHANGES[role]]},
            "uniqueItems": True,
        },
        "end": {"enum": list(ENDS)},
        "identity": {"type": "boolean"},
    },
)


def _with_note(tool: Tool) -> Tool:
    return replace(tool, parameters={**tool.parameters, **_NOTE}, optional=tool.optional | {"note"})


TOOLS: Mapping[str, Mapping[str, Tool]] = {
    **{role: _tools(role) for role in (ROUTER, TECHNICAL, BILLING)},
    SUMMARIZER: by_name(_TICKET),
}

_WITH_NOTES: Mapping[str, Mapping[str, Tool]] = {
    role: by_name(*(_with_note(tool) if tool.name in NOTED else tool for tool in tools.values()))
    for role, tools in TOOLS.items()
}


def _reason(role: str) -> Tool:
    about = [*(STEPS if role == TECHNICAL else ()), *CHANGES[role], *CAUSES[role]]
    return Tool(
        "reason",
        "gives a reason: for a step, a change or a cause what was shown; against what they ask for the rule",
        {"for": {"enum": about}, "shown": {"enum": list(SHOWN)}, "rule": {"enum": list(FORBIDS)}},
        optional=frozenset({"shown", "rule"}),
    )


_LOOK_UP = Tool("look_up", "reads the house's articles", {"topic": {"enum": list(TOPICS)}})
_REASONS: Mapping[str, Tool] = {role: _reason(role) for role in SPECIALISTS}


@lru_cache(maxsize=64)
def tools_of(role: str, options: tuple[str, ...]) -> Mapping[str, Tool]:
    """What a role can call: TOOLS, and what the options add: a note beside what hands the call on or ends it, reasons
    for customers who want one."""
    tools = _WITH_NOTES[role] if "notes" in options else TOOLS[role]
    if "articles" in options and role == TECHNICAL:
        tools = {**tools, "look_up": _LOOK_UP}
    if "haggling" in options and role in _REASONS:
        tools = {**tools, "reason": _REASONS[role]}
    return tools


WAIT = call("wait")
EMPTY_TICKET = call("ticket", causes=[], end="closed", identity=False, changes=[])


@lru_cache(maxsize=4096)
def act(role: str, charge: int | None, until: str | None, options: tuple[str, ...] = ()) -> Ask:
    """To act for the customer. ``charge`` (euros) and ``until`` are what readings have shown of them."""
    calls: list[Call] = [WAIT]
    calls += [call("ask", question=q) for q in ASKS[role]]
    calls += [call("verify", factor=f) for f in FACTORS]
    calls += [call("route", to=to) for to in SPECIALISTS] if role == ROUTER else []
    calls += [call("instruct", step=s) for s in STEPS] if role == TECHNICAL else []
    calls += [call(name) for name in READS[role]]
    for name in CHANGES[role]:
        calls.append(call("confirm", action=name))
        if name == "refund":
            calls += [] if charge is None else [call("refund", charge="C2", amount=charge)]
        elif name == "change_plan":
            calls += [call("change_plan", plan=plan) for plan in PLANS]
        else:
            calls.append(call(name))
    for cause in CAUSES.get(role, ()):
        more = {"until": until} if cause == "outage" and until is not None else {}
        calls.append(call("explain", cause=cause, **more))
    tools = TOOLS[role]
    if "handover" in tools:
        calls += [call("handover", to=to) for to in tools["handover"].parameters["to"]["enum"]]
    calls += [call("escalate", to=to) for to in tools["escalate"].parameters["to"]["enum"]]
    calls.append(call("close"))
    if "articles" in options and role == TECHNICAL:
        calls += [call("look_up", topic=topic) for topic in TOPICS]
    if "haggling" in options and role in SPECIALISTS:
        calls += [call("reason", **{"for": about, "shown": "lights"}) for about in CHANGES[role]]
        calls += [call("reason", **{"for": ASKED[c], "rule": r}) for c in CAUSES[role] if c in ASKED for r in FORBIDS]
    return Ask(SEAT[role], "act", tuple(calls), False, (("options", options),) if options else ())


@lru_cache(maxsize=4096)
def ticket(causes: tuple[str, ...], changes: tuple[str, ...]) -> Ask:
    """To write the ticket. The samples name the causes told and the changes made, with every end."""
    calls = [EMPTY_TICKET]
    for end in ENDS:
        for identity in (False, True):
            made = call("ticket", causes=list(causes), end=end, identity=identity, changes=list(changes))
            if made != EMPTY_TICKET:
                calls.append(made)
    return Ask(SEAT[SUMMARIZER], "ticket", tuple(calls), False)


@cache
def role_of(seat: str) -> str:
    """The role that a seat's name begins with."""
    return ROLE[seat]
