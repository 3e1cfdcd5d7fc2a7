"""The wording of research: events and asks into lines, replies into calls and summaries.

What a seat typed stands in double quotation marks that nothing inside can end; what the library holds stands as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any

from lanista.arenas.core.contract import Ask, Event, Illegal
from lanista.arenas.core.tools import BadCall, Call, Tool, example, parse
from lanista.arenas.core.wrappings import CALLS, LINES
from lanista.arenas.research import reading, service
from lanista.arenas.research.calls import TOOLS
from lanista.arenas.research.moves import Summary

_LONG = 800
"""Characters of a reply over which reading it is not remembered."""


class ResearchWords:
    """See ``lanista.arenas.core.contract.Words``."""

    def show(self, event: Event) -> str:
        return _SHOW[event.kind](event.data)

    def ask(self, ask: Ask) -> str:
        data = dict(ask.data)
        if ask.kind == "plan":
            return f"{ask.seat}, {data['rounds']} more {'plan' if data['rounds'] == 1 else 'plans'}: plan or write."
        if ask.kind == "execute":
            return f"{ask.seat}, sub-task {data['at']} of {data['of']}, {data['left']} calls left: one call."
        if ask.kind == "verify":
            return f"{ask.seat}, {data['left']} calls left: one call."
        return f"{ask.seat} writes the summary: lines `{reading.FORM}` and `{reading.GAP}`."

    def read(self, ask: Ask, reply: str) -> Any | Illegal:
        if ask.kind == "summarise":
            move = reading.summary(reply)
            if isinstance(move, Illegal):
                return Illegal(f"{move.why}; write lines `{reading.FORM}` and `{reading.GAP}`")
            return move
        return _kept(ask.kind, reply) if len(reply) <= _LONG else parse(reply, TOOLS[ask.kind])

    def tools(self, ask: Ask) -> Mapping[str, Tool]:
        """What may be called."""
        return TOOLS[ask.kind]

    def wrappings(self, ask: Ask) -> frozenset[str]:
        """What a reply is read out of."""
        return LINES - {"quotes", "period"} if ask.kind == "summarise" else CALLS

    def write(self, ask: Ask, move: Any) -> str:
        return reading.write(move) if isinstance(move, Summary) else str(move)


@lru_cache(maxsize=1 << 14)
def _kept(kind: str, reply: str) -> Call | BadCall | Illegal:
    return parse(reply, TOOLS[kind])


# The table

_DUTIES = {
    "planner": "You alone know the question. Split it into sub-tasks; the others know of it what you write in them. "
    "After each round you see reports and judgements, and plan again, or let the generator write.",
    "executor": "Search the library, open papers and report on one sub-task after the other: every paper with the "
    "value it gives, such as P0001: 3.2 mA/cm2 (the first number after a paper is read as its value). The number in "
    "the results counts, an abstract may be wrong.",
    "verifier": "Decide which reported papers count: the right years (date), a reviewed venue where that is asked for "
    "(venue), the right subject (topic), a study that says what was reported of it (support), not retracted, not "
    "replaced.",
    "generator": "Write what is known: every value that papers which count report of each approach, with those papers; "
    "two values are two claims; a gap where none does. Prose beside these lines is not read. At most "
    f"{reading.LINES} lines, {reading.NAME} characters between bars, {reading.CITED} sources; three are enough.",
}
_KIND = {"planner": "plan", "executor": "execute", "verifier": "verify", "generator": "summarise"}


def _show_table(data: Mapping[str, Any]) -> str:
    return (
        f"A library of {data['papers']:,} papers. planner_0 plans, executor_0 searches, verifier_0 checks, "
        f"generator_0 writes the summary. At most {data['rounds']} plans; {data['calls']} calls for a sub-task, "
        f"{data['checks']} for the verifier in a round. A call takes a minute; {service.OFTEN} searches may begin "
        f"within {service.WINDOW} minutes. Texts in quotation marks are what seats wrote."
        + (" Everybody is told what any seat is told." if data["shared"] else "")
    )


def _show_role(data: Mapping[str, Any]) -> str:
    calls = _calls(_KIND[data["role"]])
    return f"You are {data['seat']}. {_DUTIES[data['role']]}{calls}"


@cache
def _calls(kind: str) -> str:
    able = TOOLS[kind]
    if not able:
        return ""
    head = f"Reply with one call and nothing else, such as {example(able)}. Your calls (? may be left out):"
    return "\n".join(["", head, *(tool.signature for tool in able.values())])


def _show_plan(data: Mapping[str, Any]) -> str:
    tasks = [f'{number}. "{task}"' for number, task in enumerate(data["tasks"], 1)]
    return "\n".join([f"{data['seat']} plans round {data['round']}:", *tasks])


def _show_hits(data: Mapping[str, Any]) -> str:
    if not data["hits"]:
        return f"{data['count']} papers; nothing on page {data['page']}."
    more = ", more follow" if data["more"] else ""
    head = f"{data['count']} papers, page {data['page']}{more}:"
    return "\n".join([head, *(f"{h['id']} | {h['date']} | {h['venue']} | {h['title']}" for h in data["hits"])])


def _show_paper(data: Mapping[str, Any]) -> str:
    reviewed = "reviewed" if data["peer"] else "not reviewed"
    lines = [
        f"{data['id']} | {data['date']} | {data['venue']}, {reviewed} | {data['title']}",
        f"Abstract: {data['abstract']}",
        *([f"Results: {data['results']}"] if data["results"] else []),
        *([f"Status: {data['status']}"] if data["status"] else []),
        *([f"Cited by: {', '.join(data['cited_by'])}"] if data["cited_by"] else []),
    ]
    return "\n".join(lines)


def _show_judgement(data: Mapping[str, Any]) -> str:
    papers = ", ".join(data["papers"])
    return f"{data['seat']} drops {papers}: {data['reason']}" if data["reason"] else f"{data['seat']} keeps {papers}"


def _show_summary(data: Mapping[str, Any]) -> str:
    lines = []
    for line in data["lines"]:
        told = f'"{line["approach"]}", "{line["quantity"]}"'
        lines.append(
            f'claims {told}, "{line["value"]}": {" ".join(line["sources"])}' if line["value"] else f"gap {told}"
        )
    return "\n".join([f"{data['seat']} writes:", *lines])


def _show_end(data: Mapping[str, Any]) -> str:
    gold = []
    for approach, values in data["gold"].items():
        gold += [f"{approach}: {value} ({', '.join(papers)})" for value, papers in values.items()]
        gold += [] if values else [f"{approach}: nothing counts"]
    head = f"{'Solved' if data['solved'] else 'Not solved'}: {data['covered']:.0%} covered, {data['bad']:.0%} unsound."
    return "\n".join([head, data["question"], *gold])


def _noted(said: str) -> Callable[[Mapping[str, Any]], str]:
    def show(data: Mapping[str, Any]) -> str:
        return f'{data["seat"]} {said}: "{data["note"]}"' if data["note"] else f"{data['seat']} {said}."

    return show


_SHOW: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "table": _show_table,
    "role": _show_role,
    "question": lambda data: f"The question: {data['text']}",
    "plan": _show_plan,
    "write": _noted("lets the summary be written"),
    "hits": _show_hits,
    "paper": _show_paper,
    "waited": lambda data: f"{data['minutes']} minutes pass.",
    "error": lambda data: str(data["body"]),
    "refused": lambda data: f"Not judged: {data['why']}.",
    "report": lambda data: f'{data["seat"]} reports on sub-task {data["task"]} of {data["of"]}: "{data["text"]}"',
    "judgement": _show_judgement,
    "done": _noted("ends the round"),
    "summary": _show_summary,
    "end": _show_end,
}
