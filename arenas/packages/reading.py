"""Replies into moves: calls one a line, notes with their addressee, files under their names. Pure; nothing raises."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence

from lanista.arenas.coding import quote
from lanista.arenas.coding import reading as programs
from lanista.arenas.core.contract import Illegal
from lanista.arenas.core.speech import without_fences, without_thoughts
from lanista.arenas.packages.moves import Calls, Report, Revision

NOTE_LIMIT = 600
"""Characters of a note that others read."""

_MARKS = " \t*_`#>\"'"
_BULLET = re.compile(r"^\s*(?:[-*+•>]|\d+[.)])\s+")
_LEAD = re.compile(r"(?:(?:my|the|final)\s+)*(?:answer|action|report|verdict|reply)\s*[:：]\s*", re.IGNORECASE)
_TO = re.compile(
    r"(?:note\s+)?(?:to|for)\s+[*_`\"']*(generator|debugger|both|all)(?:_0)?[*_`\"']*\s*[:：,–—-]+[*_]*\s*(.*)",
    re.IGNORECASE,
)
_FAIL = re.compile(r"(?:fail(?:ed|s|ing)?)\s*[:：,–—-]+\s*(.*)", re.IGNORECASE)
_PASS = re.compile(r"pass(?:ed|es|ing)?[.!]?", re.IGNORECASE)
_NOTE = re.compile(r"note\s*[:：]\s*(.*)", re.IGNORECASE)
_KEEP = re.compile(r"(?:i (?:will |would )?)?keep(?:\b[^\n]{0,80})?", re.IGNORECASE)
_FILE = re.compile(r"(?:file|module)?\s*[:：]?\s*[*_`\"']*([a-z]+)(?:\.py)[*_`\"']*\s*[:：]?", re.IGNORECASE)
_NAMED = re.compile(r"(?:file|module)\s*[:：]?\s*[*_`\"']*([a-z]+)[*_`\"']*\s*[:：]?", re.IGNORECASE)


def calls(reply: str, functions: Sequence[str], most: int) -> Calls | Illegal:
    """One call of a function of the package a line, at most ``most``; or ``none``. Other lines are talk."""
    lines = [_plain(line) for line in without_fences(without_thoughts(reply)).splitlines()]
    given = [line for line in lines if _call_like(line, functions)]
    nothing = any(line.rstrip(".!").lower() == "none" for line in lines)
    if nothing and given:
        return Illegal("both `none` and calls were given")
    if nothing:
        return Calls()
    if not given:
        return Illegal("no call was given")
    if len(given) > most:
        return Illegal(f"{len(given)} calls were given, and at most {most} are made")
    found = []
    for number, line in enumerate(given, 1):
        call = _call(line, functions)
        if isinstance(call, Illegal):
            return Illegal(f"call {number} {call.why}")
        found.append(call)
    return Calls(tuple(dict.fromkeys(found)))


def _plain(line: str) -> str:
    line = _BULLET.sub("", line).strip().strip(_MARKS)
    return _LEAD.sub("", line, count=1).strip(_MARKS).rstrip(".;,")


def _call_like(line: str, functions: Sequence[str]) -> bool:
    return any(f"{name}(" in line.lower() for name in functions) or re.match(r"\w+\.\w+\(", line) is not None


def _call(line: str, functions: Sequence[str]) -> tuple[str, str] | Illegal:
    if len(line) > programs.LINE_LIMIT:
        return Illegal(f"has {len(line):,} characters, and at most {programs.LINE_LIMIT} are read")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            node = ast.parse(line.partition(" == ")[0].strip(), mode="eval").body
        if not isinstance(node, ast.Call) or node.keywords:
            return Illegal("is no call with plain values")
        called = ast.unparse(node.func)
        name = next((known for known in functions if known == called.lower()), None)
        if name is None:
            return Illegal(f"calls {quote.line(called, 40)}, and there are {', '.join(functions)}")
        return name, quote.literal(tuple(ast.literal_eval(argument) for argument in node.args))
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return Illegal("is no call with plain values")


def report(reply: str, keepers: Sequence[str]) -> Report | Illegal:
    """``pass``, or a note to each keeper under ``to SEAT:``; what stands below it, line by line, belongs to it."""
    said: dict[str, list[str]] = {}
    passed, at = False, ()  # type: bool, tuple[str, ...]
    for raw in without_fences(without_thoughts(reply)).splitlines():
        line = _plain_start(raw)
        to, fail = _TO.fullmatch(line), _FAIL.fullmatch(line)
        if to:
            name = to[1].lower()
            at = tuple(keepers) if name in ("both", "all") else tuple(k for k in keepers if k.startswith(name))
        elif fail:
            at = tuple(keepers)
        elif _PASS.fullmatch(line.strip(_MARKS)) and not at:
            passed = True
            continue
        text = to[2] if to else fail[1] if fail else line if at else ""
        for seat in at:
            said.setdefault(seat, []).append(text)
    notes = tuple((seat, note) for seat in keepers if (note := text_of(" ".join(said.get(seat, ())))))
    if passed and notes:
        return Illegal("both `pass` and notes were given")
    if not notes and not passed:
        return Illegal("neither `pass` nor a note was given" if not at else "the note is empty")
    return Report(notes)


def _plain_start(line: str) -> str:
    line = _BULLET.sub("", line).strip().lstrip(_MARKS)
    return _LEAD.sub("", line, count=1).lstrip(_MARKS) if _LEAD.match(line) else line.rstrip("*_`").strip()


def text_of(said: str) -> str:
    """A note as others read it: one tame line of at most NOTE_LIMIT characters."""
    return quote.line(said.strip(_MARKS), NOTE_LIMIT)


def revision(reply: str, modules: Sequence[str], mine: Sequence[str]) -> Revision | Illegal:
    """Whole files, each under a line ``file NAME.py``; or ``keep``. A line ``note: …`` before them is for everybody.

    Whoever keeps one file alone may leave its name out.
    """
    lines = without_thoughts(reply).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    whole = lines
    marks = [(n, name) for n, line in enumerate(lines) if (name := _header(line, modules)) is not None]
    headed, begin = bool(marks), marks[0][0] if marks else len(lines)
    if sum(map(_is_fence, lines[:begin])) % 2:  # one block around everything: what closes it belongs to no file
        last = max((n for n in range(begin, len(lines)) if _is_fence(lines[n])), default=len(lines))
        lines = lines[:last]
    note, rest = _note_of(lines[:begin])
    keeps = any(_KEEP.fullmatch(_BULLET.sub("", line).strip().strip(_MARKS).rstrip(".!")) for line in rest)
    if not marks:
        if keeps:
            return Revision((), note)
        if len(mine) != 1 or not any(re.match(r"\s*(?:def|import|from|class|[`~]{3})", line) for line in rest):
            return Illegal("no file was given")
        marks, lines, begin = [(0, mine[0])], ["", *rest], 0
    if headed and (keeps or any(line.strip().strip(_MARKS).rstrip(".!").lower() == "keep" for line in whole)):
        return Illegal("both `keep` and files were given")
    found: dict[str, str] = {}
    for (at, name), end in zip(marks, [*(n for n, _ in marks[1:]), len(lines)], strict=True):
        if name not in mine:
            return Illegal(f"{name}.py is not yours; you keep {', '.join(f'{each}.py' for each in mine)}")
        source = programs.program("\n".join(lines[at + 1 : end]).strip("\n").rstrip())
        if isinstance(source, Illegal):
            return Illegal(f"{name}.py: {source.why}")
        if name in found:
            return Illegal(f"{name}.py was given twice")
        found[name] = source.source + "\n"
    return Revision(tuple((name, found[name]) for name in modules if name in found), note)


def _is_fence(line: str) -> bool:
    return re.fullmatch(r"[ \t>]*(?:`{3,}|~{3,})[ \t]*[^\n`~]*", line) is not None


def _header(line: str, modules: Sequence[str]) -> str | None:
    """The module that a line names as the head of its file."""
    plain = _BULLET.sub("", line).strip().strip("*_`#>\"' \t:：")
    found = _FILE.fullmatch(plain) or _NAMED.fullmatch(plain)
    return found[1].lower() if found and found[1].lower() in modules else None


def _note_of(lines: Sequence[str]) -> tuple[str, list[str]]:
    """(the note before the files, the other lines)."""
    note, rest = "", []
    for line in lines:
        found = _NOTE.fullmatch(_plain_start(line))
        if found and not note:
            note = text_of(found[1])
        else:
            rest.append(line)
    return note, rest
