"""Replies into moves: programs fenced or bare, inputs one call a line, verdicts, causes. Pure; nothing raises."""

from __future__ import annotations

import ast
import json
import re
import warnings
from typing import Any

from lanista.arenas.coding import quote
from lanista.arenas.coding.moves import Inputs, Program, Report, Revision
from lanista.arenas.core.contract import Illegal
from lanista.arenas.core.speech import without_thoughts

PROGRAM_LIMIT = 6_000
"""Characters of a program that may be run."""

LINE_LIMIT = 400
"""Characters of one line of inputs."""

TEXT_LIMIT = 160
"""Characters of a report or a cause that others read."""

_FENCE = re.compile(r"^[ \t]*```[^\n`]*$", re.MULTILINE)
_LEAD = re.compile(r"^\s*(?:[-*+>]|\d+[.)])\s+")
_MARKS = " \t*_`#>"
_CAUSE = re.compile(r"[ \t*_#>]*cause[ \t*_]*:[ \t]*(.*)", re.IGNORECASE)
_VERDICT = re.compile(r"(pass|fail)(?:ed|s|ing)?[ \t*_`]*(?:$|[:.,;!-]+[ \t]*(.*))", re.IGNORECASE)
_KEEP = re.compile(r"keep[.!]?", re.IGNORECASE)
_NONE = re.compile(r"none[.!]?", re.IGNORECASE)


def program(reply: str) -> Program | Illegal:
    """The program of a reply: what stands in its one fenced block, or the whole reply where there is none."""
    source = _source(without_thoughts(reply))
    return source if isinstance(source, Illegal) else Program(source)


def revision(reply: str) -> Revision | Illegal:
    """An optional line ``cause: …``, then a program or ``keep``."""
    said = without_thoughts(reply)
    lines = said.split("\n")
    cause, rest = "", said
    first_fence = _FENCE.search(said)
    before = said[: first_fence.start()].count("\n") if first_fence else _first(lines) + 1
    for number, line in enumerate(lines[:before]):
        found = _CAUSE.fullmatch(line.rstrip("\r"))
        if found:
            cause, rest = text(found[1]), "\n".join(lines[:number] + lines[number + 1 :])
            break
    if _KEEP.fullmatch(rest.strip().strip(_MARKS)):
        return Revision(None, cause)
    source = _source(rest)
    return source if isinstance(source, Illegal) else Revision(source, cause)


def inputs(reply: str, entry_point: str, most: int) -> Inputs | Illegal:
    """One call or one list of arguments a line, at most ``most``; or ``none``."""
    lines = [_LEAD.sub("", line).strip().strip("`").strip() for line in without_thoughts(reply).splitlines()]
    lines = [line for line in lines if line and not line.startswith("```")]
    if lines and lines[0].lower() in ("python", "json"):  # the label of a fence that was stripped above
        lines = lines[1:]
    if not lines:
        return Illegal("no input was given")
    if len(lines) == 1 and _NONE.fullmatch(lines[0]):
        return Inputs()
    if len(lines) > most:
        return Illegal(f"{len(lines)} lines were given, and at most {most} inputs are run")
    calls = []
    for number, line in enumerate(lines, 1):
        args = _arguments(line, entry_point)
        if isinstance(args, Illegal):
            return Illegal(f"line {number} {args.why}")
        calls.append(args)
    return Inputs(tuple(calls))


def report(reply: str) -> Report | Illegal:
    """The one line that says ``pass`` or ``fail: why``; other lines are talk."""
    found = []
    for line in without_thoughts(reply).splitlines():
        verdict = _VERDICT.fullmatch(line.strip().lstrip(_MARKS).rstrip())
        if verdict:
            found.append(Report(verdict[1].lower() == "pass", text(verdict[2] or "")))
    if not found:
        return Illegal("no verdict was given")
    if len({verdict.passed for verdict in found}) > 1:
        return Illegal("both verdicts were given")
    return found[0]


def text(said: str) -> str:
    """What is said beside a verdict, as others read it: one tame line of at most TEXT_LIMIT characters."""
    return quote.line(said.strip(_MARKS), TEXT_LIMIT)


def _first(lines: list[str]) -> int:
    return next((number for number, line in enumerate(lines) if line.strip()), 0)


def _source(said: str) -> Any:
    """The source, or Illegal."""
    fences = list(_FENCE.finditer(said))
    if len(fences) > 2:
        return Illegal("more than one block of code was given; put the whole program into one")
    if fences:
        end = fences[1].start() if len(fences) == 2 else len(said)
        said = said[fences[0].end() : end]
    source = said.replace("\r\n", "\n").replace("\r", "\n").strip("\n").rstrip()
    if not source.strip():
        return Illegal("no program was given")
    if len(source) > PROGRAM_LIMIT:
        return Illegal(f"the program has {len(source):,} characters, and at most {PROGRAM_LIMIT:,} are run")
    return source


def _arguments(line: str, entry_point: str) -> str | Illegal:
    """The literal of a tuple of arguments out of ``f(1, 2)`` or ``[1, 2]``."""
    form = f"is no call with plain values, such as {entry_point}(1) or [1]"
    if len(line) > LINE_LIMIT:
        return Illegal(f"has {len(line):,} characters, and at most {LINE_LIMIT} are read")
    try:
        if line.startswith("["):
            return quote.literal(tuple(_values(line)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd escapes are the writer's affair
            node = ast.parse(line, mode="eval").body
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.keywords:
                return Illegal(form)
            if node.func.id != entry_point:
                return Illegal(f"calls {quote.line(node.func.id, 40)}, and the function is {entry_point}")
            return quote.literal(tuple(ast.literal_eval(argument) for argument in node.args))
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return Illegal(form)


def _values(line: str) -> list[Any]:
    try:
        made = json.loads(line)
    except json.JSONDecodeError:
        made = ast.literal_eval(line)
    if not isinstance(made, list):
        raise ValueError("no list")
    return made
