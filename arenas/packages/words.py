"""The wording of the arena ``packages``: events and asks into lines, replies into moves.

Whatever a seat or a user wrote comes in quoted: files behind bars, values as literals, letters and notes in double
quotation marks that nothing inside them can end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lanista.arenas.coding import quote
from lanista.arenas.coding import reading as programs
from lanista.arenas.core.contract import Ask, Event, Illegal
from lanista.arenas.core.wrappings import LINES, PROGRAMS
from lanista.arenas.packages import inputs, reading
from lanista.arenas.packages.moves import Calls, Report

_PROMPTS = Path(__file__).parent / "prompts"
_TABLE = (_PROMPTS / "table.md").read_text(encoding="utf-8").strip()
_ROLES = dict(line.split(": ", 1) for line in (_PROMPTS / "roles.md").read_text(encoding="utf-8").splitlines() if line)


class PackagesWords:
    """See ``lanista.arenas.core.contract.Words``."""

    def show(self, event: Event) -> str:
        return _SHOW[event.kind](event.data)

    def ask(self, ask: Ask) -> str:
        return f"{ask.seat} {_ASKS[ask.kind]} {_form(ask)}"

    def read(self, ask: Ask, reply: str) -> Any | Illegal:
        data = dict(ask.data)
        if ask.kind == "calls":
            move: Any = reading.calls(reply, data["functions"], data["most"])
        elif ask.kind == "report":
            move = reading.report(reply, data["keepers"])
        else:
            move = reading.revision(reply, data["modules"], data["mine"])
        return Illegal(f"{move.why}. {_form(ask)}") if isinstance(move, Illegal) else move

    def wrappings(self, ask: Ask) -> frozenset[str]:
        """What a reply is read out of."""
        return LINES - {"quotes"} if ask.kind == "calls" else PROGRAMS

    def write(self, ask: Ask, move: Any) -> str:
        if isinstance(move, Calls):
            return "\n".join(quote.call(*call) for call in move.calls) or "none"
        if isinstance(move, Report):
            return "\n".join(f"to {seat}: {text}" for seat, text in move.notes) or "pass"
        note = f"note: {move.note}\n" if move.note else ""
        return note + ("".join(f"file {module}.py\n{source}" for module, source in move.files) or "keep")


_ASKS = {"calls": "makes calls.", "report": "reports.", "revise": "revises files."}


def _form(ask: Ask) -> str:
    data = dict(ask.data)
    if ask.kind == "calls":
        return f"Reply with 1 to {data['most']} calls, one a line, such as `{data['sample']}`, or with `none`."
    if ask.kind == "report":
        return "Reply with `pass`, or with notes, one a line: `to generator_0: ...`, `to debugger_0: ...`."
    mine = f"{data['mine'][0]}.py" if data["mine"] else ""
    return (
        f"Reply with every file that changes, whole, under a line such as `file {mine}`, or with `keep`; "
        "a line `note: ...` before them is told to everybody."
    )


# Events


def _show_table(data: Mapping[str, Any]) -> str:
    rounds = data["rounds"]
    often = "There is one round." if rounds == 1 else f"There are up to {rounds} rounds."
    head = _TABLE.format(count=len(data["files"]), rounds=often, calls=data["calls"])
    files = [f"{file['call']}, kept by {file['keeper']}: {file['summary']}." for file in data["files"]]
    return "\n".join([head, *files])


def _show_role(data: Mapping[str, Any]) -> str:
    limits = {
        "program": programs.PROGRAM_LIMIT,
        "note": reading.NOTE_LIMIT,
        "line": programs.LINE_LIMIT,
        "rows": inputs.ROWS,
        "name": inputs.TEXT,
        "days": inputs.DAYS,
        "number": inputs.NUMBER,
    }
    return f"You are {data['seat']}. {_ROLES[data['role']].format(**limits)}"


def _show_files(data: Mapping[str, Any]) -> str:
    return "\n".join(f"{module}.py:\n{quote.code(text.rstrip())}" for module, text in data["files"].items())


def _show_letters(data: Mapping[str, Any]) -> str:
    lines = []
    for number, letter in enumerate(data["letters"], 1):
        who = f"{letter['sender']}, who decides" if letter["decides"] else letter["sender"]
        lines.append(f'Letter {number}, from {who}: "{letter["text"]}"')
    return "\n".join(lines)


def _show_calls(data: Mapping[str, Any]) -> str:
    count = data["calls"]
    head = f"tester_0 makes {count} call{'s' * (count != 1)}." if count else "tester_0 makes no call."
    return "\n".join([head, *(f"{row['call']} was not made: {row['why']}." for row in data["invalid"])])


def _show_results(data: Mapping[str, Any]) -> str:
    if data["stop"] == "exception":
        return f'The package does not load: "{data["error"]}"'
    return "\n".join(map(_show_row, data["rows"]))


def _show_row(row: Mapping[str, Any]) -> str:
    if row["status"] == "ok":
        return f"{row['call']} gives {row['got']}"
    if row["status"] == "exception":
        return f'{row["call"]} raises "{row["error"]}"'
    if row["status"] == "unreached":
        return f"{row['call']} was not reached"
    if row["status"] == "stopped":
        return f"{row['call']} {'ran out of time' if row['stop'] in ('cpu', 'wall') else 'was stopped'}"
    return f'{row["call"]} gives what is no plain value: "{row["error"]}"'


def _show_report(data: Mapping[str, Any]) -> str:
    return "tester_0 passes the package." if data["passed"] else f"tester_0 writes to {' and '.join(data['to'])}."


def _show_note(data: Mapping[str, Any]) -> str:
    return f'{data["seat"]} to {data["to"]}: "{data["text"]}"'


def _show_revised(data: Mapping[str, Any]) -> str:
    files = ", ".join(f"{module}.py" for module in data["files"])
    done = f"changes {files}" if files else "changes nothing"
    return f'{data["seat"]} {done} and notes: "{data["note"]}"' if data["note"] else f"{data['seat']} {done}."


def _show_loads(data: Mapping[str, Any]) -> str:
    return "The package loads again." if data["loads"] else f'The package does not load any more: "{data["error"]}"'


def _show_planted(data: Mapping[str, Any]) -> str:
    faults = "; ".join(f"{fault['module']}.{fault['dim']} is {fault['option']}" for fault in data["faults"])
    return f"What the code gets wrong: {faults}."


_SHOW: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "table": _show_table,
    "role": _show_role,
    "files": _show_files,
    "letters": _show_letters,
    "planted": _show_planted,
    "calls": _show_calls,
    "results": _show_results,
    "report": _show_report,
    "note": _show_note,
    "revised": _show_revised,
    "loads": _show_loads,
    "hidden": lambda data: f"Hidden calls answered rightly: {data['passed']} of {data['total']}.",
    "end": lambda data: (
        f"{'Solved' if data['solved'] else 'Not solved'}: {data['passed']} of {data['total']} hidden calls."
    ),
}
