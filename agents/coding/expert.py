"""``coding_expert``: reads the specification, writes what it says, and holds others' programs against that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lanista.agents.coding import solving, testing
from lanista.agents.coding.view import View, view
from lanista.agents.contract import Question
from lanista.agents.scripted import Scripted
from lanista.arenas.coding import quote
from lanista.arenas.core import chance


class ExpertAgent(Scripted):
    """Works from what its seat sees alone: the specification, the examples, the programs and what they did.

    It understands a task's text sentence by sentence. As the generator it writes that program. As the tester it writes
    the program for itself, chooses inputs on which slips in it would show, and compares. As the debugger it says what
    was wrong and replaces the program. A text it does not understand leaves it with the public examples.
    """

    name = "coding_expert"
    plays = "coding"

    def reply(self, question: Question) -> str:
        """One legal reply."""
        return reply(question)


def reply(question: Question) -> str:
    """The expert's reply."""
    if not question.events:
        return question.legal[0]
    return _REPLIES[question.kind](question, view(question))


def own(seen: View) -> str | None:
    """The program that the specification asks for; None where it is not understood."""
    wanted = solving.plan(seen.specification)
    return None if wanted is None else solving.program(wanted)


def _write(question: Question, seen: View) -> str:
    return own(seen) or question.legal[0]


def _inputs(question: Question, seen: View) -> str:
    wanted = solving.plan(seen.specification)
    if wanted is None:
        return question.legal[0]
    seed = chance.key(question.seed, "inputs", question.turn)
    chosen = testing.choose(solving.program(wanted), seen.entry_point, wanted.domains, seen.most, seed)
    return "\n".join(quote.call(seen.entry_point, args) for args in chosen)


def _report(question: Question, seen: View) -> str:
    if not seen.loads:
        return "fail: it does not load"
    found = fault(seen)
    return f"fail: {found}" if found else "pass"


def _revise(question: Question, seen: View) -> str:
    source = own(seen)
    if source is None or source == seen.program:
        return "keep"
    cause = seen.reported or fault(seen)
    return f"cause: {cause}\n{source}" if cause else source


def fault(seen: View) -> str:
    """What is wrong with the present program, as far as its answers tell: the first wrong one, or ""."""
    for row in seen.failed:
        return told(row, row["expected"])
    source = own(seen)
    for row in seen.tried:
        if row["status"] != "ok":
            return told(row)
        if source is not None:
            right = quote.cut(testing.answers(source, seen.entry_point, [quote.arguments(row["args"])])[0])
            if right != row["got"]:
                return told(row, right)
    return ""


def told(row: Mapping[str, Any], right: str | None = None) -> str:
    """One wrong answer in a few words."""
    if row["status"] == "ok":
        return f"{row['call']} gives {row['got']}, not {right}"
    if row["status"] == "exception":
        return f"{row['call']} raises {row['error'].split(': ')[-2] if ': ' in row['error'] else row['error']}"
    return f"{row['call']} {'is too slow' if row['stop'] in ('cpu', 'wall') else 'does not return'}"


_REPLIES = {"write": _write, "inputs": _inputs, "report": _report, "revise": _revise}
