"""The wording of the coding arena: events and asks into lines, replies into moves.

Everything that a program or another seat wrote comes in quoted: programs behind bars, values as literals, output and
reports in double quotation marks that nothing inside them can end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lanista.arenas.coding import quote, reading
from lanista.arenas.coding.moves import Inputs, Program, Report
from lanista.arenas.core.contract import Ask, Event, Illegal
from lanista.arenas.core.wrappings import LINES, PROGRAMS

_PROMPTS = Path(__file__).parent / "prompts"
_TABLE = (_PROMPTS / "table.md").read_text(encoding="utf-8").strip()
_ROLES = dict(line.split(": ", 1) for line in (_PROMPTS / "roles.md").read_text(encoding="utf-8").splitlines() if line)


class CodingWords:
    """See ``lanista.arenas.core.contract.Words``."""

    def show(self, event: Event) -> str:
        return _SHOW[event.kind](event.data)

    def ask(self, ask: Ask) -> str:
        return f"{ask.seat} {_ASKS[ask.kind]} {_form(ask)}"

    def read(self, ask: Ask, reply: str) -> Any | Illegal:
        move = _read(ask, reply)
        return Illegal(f"{move.why}. {_form(ask)}") if isinstance(move, Illegal) else move

    def wrappings(self, ask: Ask) -> frozenset[str]:
        """What a reply is read out of."""
        return LINES - {"period", "quotes"} if ask.kind == "report" else PROGRAMS

    def write(self, ask: Ask, move: Any) -> str:
        if isinstance(move, Program):
            return move.source
        if isinstance(move, Inputs):
            entry = str(dict(ask.data)["entry_point"])
            return "\n".join(quote.call(entry, args) for args in move.calls) or "none"
        if isinstance(move, Report):
            verdict = "pass" if move.passed else "fail"
            return f"{verdict}: {move.text}" if move.text else verdict
        cause = f"cause: {move.cause}\n" if move.cause else ""
        return cause + ("keep" if move.source is None else move.source)


# Asks

_ASKS = {
    "write": "writes the program.",
    "inputs": "chooses inputs.",
    "report": "reports.",
    "revise": "revises the program.",
}


def _form(ask: Ask) -> str:
    if ask.kind == "write":
        return "Reply with the whole program and nothing else."
    if ask.kind == "revise":
        return "Reply with a line `cause: ...` and the whole program, or with `keep`."
    if ask.kind == "report":
        return "Reply with `pass` or `fail: why`."
    data = dict(ask.data)
    return f"Reply with 1 to {data['most']} calls, one a line, such as `{data['sample']}`, or with `none`."


def _read(ask: Ask, reply: str) -> Any | Illegal:
    if ask.kind == "write":
        return reading.program(reply)
    if ask.kind == "revise":
        return reading.revision(reply)
    if ask.kind == "report":
        return reading.report(reply)
    data = dict(ask.data)
    return reading.inputs(reply, str(data["entry_point"]), int(data["most"]))


# Events


def _show_table(data: Mapping[str, Any]) -> str:
    rounds = data["rounds"]
    begins = "generator_0 writes a function" if data["mode"] == "write" else "a function has a fault"
    more = f"; {'once' if rounds == 1 else f'up to {rounds} times'} tester_0 tests it and debugger_0 revises it"
    return _TABLE.format(who=begins + more * (rounds > 0))


def _show_role(data: Mapping[str, Any]) -> str:
    role = _ROLES[data["role"]].format(program=reading.PROGRAM_LIMIT, line=reading.LINE_LIMIT, text=reading.TEXT_LIMIT)
    return f"You are {data['seat']}. {role}"


def _show_task(data: Mapping[str, Any]) -> str:
    lines = [f"Task: {data['specification'].strip()}", data["signature"]]
    return "\n".join(lines + [f"{example['call']} == {example['expected']}" for example in data["examples"]])


def _show_program(data: Mapping[str, Any]) -> str:
    source = quote.code(data["code"])
    if data["seat"] is None:
        return f"The program:\n{source}"
    return f"{data['seat']} {_because(data)}writes:\n{source}"


def _because(data: Mapping[str, Any]) -> str:
    return f'says "{data["cause"]}" and ' if data["cause"] else ""


def _show_kept(data: Mapping[str, Any]) -> str:
    return f"{data['seat']} {_because(data)}keeps the program."


def _show_results(data: Mapping[str, Any]) -> str:
    rows = data["rows"]
    if data["stop"] == "exception":
        return f'The program does not load: "{data["error"]}"'
    if data["of"] == "inputs":
        return "\n".join(_show_row(row) for row in rows)
    if not rows:
        return "The program loads; there are no examples to run it on."
    wrong = [row for row in rows if not row["right"]]
    head = f"Examples passed: {len(rows) - len(wrong)} of {len(rows)}."
    return "\n".join([head, *(_show_row(row) for row in wrong)])


def _show_row(row: Mapping[str, Any]) -> str:
    status = row["status"]
    if status == "ok":
        done = f"gives {row['got']}"
        if row.get("expected") is not None:
            done += f", not {row['expected']}"
    elif status == "exception":
        done = f'raises "{row["error"]}"'
    elif status == "stopped":
        done = _STOPS.get(row["stop"], "was stopped")
    elif status == "unreached":
        done = "was not reached"
    else:
        done = f'gives what is no plain value: "{row["error"]}"'
    printed = f' and prints "{row["printed"]}"' if row["printed"] else ""
    return f"{row['call']} {done}{printed}"


_STOPS = {
    "cpu": "ran out of time",
    "wall": "ran out of time",
    "memory": "ran out of memory",
    "output": "printed too much",
    "syscall": "was stopped for a forbidden system call",
    "exit": "left the program",
    "crash": "crashed",
    "refused": "was refused",
}


def _show_inputs(data: Mapping[str, Any]) -> str:
    count = data["calls"]
    head = f"{data['seat']} runs {count} input{'s' * (count != 1)}." if count else f"{data['seat']} runs nothing."
    return "\n".join([head, *(f"{row['call']} is no input of this task: {row['why']}." for row in data["invalid"])])


def _show_report(data: Mapping[str, Any]) -> str:
    verdict = "pass" if data["passed"] else "fail"
    return (
        f'{data["seat"]} reports {verdict}: "{data["text"]}"' if data["text"] else f"{data['seat']} reports {verdict}."
    )


def _show_hidden(data: Mapping[str, Any]) -> str:
    stop = f", stopped ({data['stop']})" if data["stop"] else ""
    return f"Hidden tests passed: {data['passed']} of {data['total']}{stop}."


def _show_judged(data: Mapping[str, Any]) -> str:
    exposed = "expose a fault of the program" if data["exposed"] else "expose no fault of the program"
    return f"The inputs {exposed} and tell {data['killed']} of {data['mutants']} faulty variants apart."


def _show_end(data: Mapping[str, Any]) -> str:
    return f"{'Solved' if data['solved'] else 'Not solved'}: {data['passed']} of {data['total']} hidden tests pass."


_SHOW: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "table": _show_table,
    "task": _show_task,
    "role": _show_role,
    "planted": lambda data: f"Planted fault: {data['fault']}.",
    "program": _show_program,
    "kept": _show_kept,
    "results": _show_results,
    "inputs": _show_inputs,
    "judged": _show_judged,
    "report": _show_report,
    "hidden": _show_hidden,
    "end": _show_end,
}
