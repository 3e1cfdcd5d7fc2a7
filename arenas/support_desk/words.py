"""The wording of the support desk: events and asks into lines, replies into calls.

A line says who speaks or which system answers, and what. The customer has three ways to say each thing; what they say
is in the event's data all the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from lanista.arenas.core.contract import Ask, Event, Illegal
from lanista.arenas.core.speech import tame
from lanista.arenas.core.tools import BadCall, Call, Tool, example, parse
from lanista.arenas.core.wrappings import CALLS
from lanista.arenas.support_desk import customer, policy
from lanista.arenas.support_desk.articles import SAYS
from lanista.arenas.support_desk.briefs import hard_lines
from lanista.arenas.support_desk.calls import CUSTOMER, ROLE, SEAT, TOOLS, tools_of
from lanista.arenas.support_desk.house import House
from lanista.arenas.support_desk.levels import Options, named_options
from lanista.arenas.support_desk.phrases import (
    AGREED,
    ALREADY,
    ANSWERS,
    ASIDES,
    COMPLAINTS,
    DECLINED,
    DID,
    LEFT,
    PUZZLED,
    READINGS,
    TIRED,
    UNSURE,
)

_PROMPTS = Path(__file__).parent / "prompts"
_CUSTOMER = (_PROMPTS / "customer.md").read_text(encoding="utf-8").strip()
_BRIEFS = {role: (_PROMPTS / f"{role}.md").read_text(encoding="utf-8").strip() for role in TOOLS}
_EXAMPLES = {role: example(tools) for role, tools in TOOLS.items()}


class SupportDeskWords:
    """See ``lanista.arenas.core.contract.Words``."""

    def show(self, event: Event) -> str:
        text = _SHOW[event.kind](event.data)
        if "at" in event.data:
            text = f"[{event.data['at']}] {text}"
        words = event.data.get("words")
        return f'{text} customer adds: "{tame(words)}"' if words else text

    def ask(self, ask: Ask) -> str:
        return _ASKED[ask.kind].format(ask.seat)

    def read(self, ask: Ask, reply: str) -> Call | BadCall | Illegal:
        return parse(reply, self.tools(ask))

    def tools(self, ask: Ask) -> Mapping[str, Tool]:
        """What may be called."""
        return customer.TOOLS if ask.kind == "reply" else tools_of(ROLE[ask.seat], dict(ask.data).get("options", ()))

    def wrappings(self, ask: Ask) -> frozenset[str]:
        """What a reply is read out of."""
        return CALLS

    def write(self, ask: Ask, move: Call | BadCall) -> str:
        return str(move)


_ASKED = {"act": "{}, your call:", "ticket": "{}, your ticket:", "reply": "{}, your reply:"}


# The brief


def _brief(data: Mapping[str, Any]) -> str:
    if data["role"] == CUSTOMER:
        return _customer_brief(data)
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data["policy"].items()}
    hard = Options(**dict.fromkeys(data.get("options", ()), True))
    house_: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.get("house", {}).items()}
    return _brief_text(data["role"], data["faults"], policy.Params(**given), data["short"], hard, House(**house_))


@lru_cache(maxsize=1 << 14)
def _brief_text(role: str, faults: int, params: policy.Params, short: bool, hard: Options, rules: House) -> str:
    causes = "one cause" if faults == 1 else f"{faults} causes"
    if hard.untold:
        causes = f"one to {faults} causes; how many is for you to find out"
    if short:
        return "\n".join(filter(None, (f"{SEAT[role]}, {causes}.", policy.text(params, role, short=True))))
    said = policy.text(params, role)
    shown = _tool_lines(role, named_options(hard))
    brief = _BRIEFS[role].format(causes=causes, example=_EXAMPLES[role], tools=shown, policy=said)
    return "\n".join([brief, *hard_lines(hard, role, rules)])


def _customer_brief(data: Mapping[str, Any]) -> str:
    habits = []
    if data["rebooted"]:
        habits.append(f"You say that you rebooted {_times(data['rebooted'])}.")
    if data["shy"]:
        habits.append("You will not admit that a cable is loose.")
    facts = {key: data[key] for key in ("internet", "mobile", "bill", "days", "plan")}
    tools = "\n".join(tool.line(quoted=False) for tool in customer.TOOLS.values())
    shown = {"tools": tools, "example": example(customer.TOOLS)}
    return _CUSTOMER.format(**shown, habits=" ".join(habits) or "You tell the truth.", **facts)


def _request(data: Mapping[str, Any]) -> str:
    asked = [str(v) for k, v in data.items() if k not in ("tool", "said", "sees")]
    said = f' "{tame(data["said"])}"' if "said" in data else ""
    seen = f" You see: {data['sees']}." if "sees" in data else ""
    return f"desk:{said} {' '.join([data['tool'], *asked])}.{seen}"


@lru_cache(maxsize=16)
def _tool_lines(role: str, options: tuple[str, ...]) -> str:
    """One line per tool; those without arguments that read or change share a line each."""
    tools = tools_of(role, options).values()
    bare = [t for t in tools if not t.parameters and t.name not in ("wait", "close")]
    lines = [t.line(quoted=False) for t in tools if t not in bare]
    for title, writes in (("read, with {}", False), ("change, with {}", True)):
        listed = [f"{t.name} ({t.doc})" for t in bare if t.writes == writes]
        if listed:
            lines.append(f"{title}: {', '.join(listed)}")
    return "\n".join(lines)


# The customer


def _complaint(data: Mapping[str, Any]) -> str:
    if "said" in data:
        return _customer(data["said"])
    said = [_pick(COMPLAINTS[data["symptom"]], data["v"]).format(days=data["days"])]
    said += [ASIDES[aside] for aside in data["asides"]]
    if data["rebooted"]:
        said.append(f"I already rebooted {_times(data['rebooted'])}.")
    return _customer(" ".join(said))


def _answer(data: Mapping[str, Any]) -> str:
    if "said" in data:
        return _customer(data["said"])
    phrases = ANSWERS[data["question"]]
    outcome = data["outcome"]
    if outcome not in phrases:  # several things at once
        return _customer(" ".join(phrases[part][0] for part in outcome.split("+")))
    said = _pick(phrases[outcome], data["v"])
    return _customer(said.format(plan_mbps=data.get("plan_mbps"), times=_times(data.get("times", 1))))


def _customer(said: str) -> str:
    return f'customer: "{said}"'


def _times(times: int) -> str:
    return {1: "once", 2: "twice"}.get(times, f"{times} times")


def _pick(phrases: Sequence[str], v: int) -> str:
    return phrases[v % len(phrases)]


# The desk's systems


def _reading(data: Mapping[str, Any]) -> str:
    if "lines" in data:
        return "\n  ".join([f"{data['reading']}:", *data["lines"]])
    shown = READINGS[data["reading"]]
    parts = [shown[part].format(**data) for part in data["outcome"].split("+")]
    return f"{data['reading']}: {' '.join(parts)}"


def _articles(data: Mapping[str, Any]) -> str:
    lines = [
        f"{each['date']} ({each['status']}): {SAYS[data['topic']].format(each['says'])}." for each in data["articles"]
    ]
    return "\n  ".join([f"articles on {data['topic']}:", *lines])


def _error(data: Mapping[str, Any]) -> str:
    return f"error: {data['body']}"


def _changed(data: Mapping[str, Any]) -> str:
    more = " ".join(str(value) for name, value in data.items() if name not in ("tool", "v", "at"))
    return f"done: {data['tool']} {more}".rstrip() + "."


def _casefile(data: Mapping[str, Any]) -> str:
    if "notes" in data:
        return _notes(data)
    lines = [f"file: {data['symptom']}"]
    for name in ("seen", "steps", "identity", "agreed", "explained", "changes"):
        value = data[name]
        if value:
            listed = [f"{k} {v}" for k, v in value.items()] if isinstance(value, dict) else value
            lines.append(f"{name}: {', '.join(listed)}")
    for name in ("until", "end"):
        if data[name]:
            lines.append(f"{name}: {data[name]}")
    return "; ".join(lines)


def _notes(data: Mapping[str, Any]) -> str:
    lines = [f'note of {note["by"]}: "{tame(note["text"])}"' for note in data["notes"]]
    if data["left"]:
        lines.append("The customer has hung up.")
    return "\n".join(lines) or "Nobody has written anything down."


def _world(data: Mapping[str, Any]) -> str:
    return "world: " + ", ".join(f"{part} {state}" for part, state in data.items())


def _end(data: Mapping[str, Any]) -> str:
    settled = "resolved" if data["resolved"] else "not resolved"
    return f"The case ends {settled} ({data['end']}). It was {', '.join(data['faults'])}."


_SHOW: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "brief": _brief,
    "world": _world,
    "complaint": _complaint,
    "answer": _answer,
    "unsure": lambda data: _customer(data.get("said") or _pick(UNSURE, data["v"])),
    "declined": lambda data: _customer(data.get("said") or _pick(DECLINED, data["v"])),
    "disputes": lambda data: _customer(data["said"]),
    "demands": lambda data: _customer(data["said"]),
    "doubts": lambda data: _customer(data["said"]),
    "persuaded": lambda data: _customer(data["said"]),
    "unmoved": lambda data: _customer(data["said"]),
    "tired": lambda data: _customer(_pick(TIRED, data["v"])),
    "returns": lambda data: "The customer calls again. " + _customer(data["said"]),
    "interrupts": lambda data: _customer(data["said"]),
    "request": _request,
    "puzzled": lambda data: _customer(_pick(PUZZLED, data["v"])),
    "did": lambda data: _customer(_pick(DID, data["v"])),
    "already": lambda data: _customer(_pick(ALREADY, data["v"])),
    "agreed": lambda data: _customer(_pick(AGREED, data["v"])),
    "explained": lambda data: _customer("All right, thank you."),
    "identity": lambda data: (
        f"{data['factor']}: {'correct' if data['ok'] else 'wrong'}."
        + (f" {_customer(data['said'])}" if "said" in data else "")
    ),
    "left": lambda data: _customer(LEFT),
    "reading": _reading,
    "articles": _articles,
    "changed": _changed,
    "error": _error,
    "handover": lambda data: f"{data['from']} hands the call to {data['to']}.",
    "casefile": _casefile,
    "ended": lambda data: f"The call is over: {data['end']}.",
    "ticket": lambda data: f"ticket: {json.dumps(data, sort_keys=True)}",
    "end": _end,
}
