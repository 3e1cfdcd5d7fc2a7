"""Replies into moves: programs fenced or bare, inputs one call a line, verdicts, causes. Pure; nothing raises."""

from __future__ import annotations

import ast
import json
import re
import warnings
from functools import lru_cache
from typing import Any, cast

from lanista.arenas.coding import quote
from lanista.arenas.coding.moves import Inputs, Program, Report, Revision
from lanista.arenas.core.contract import Illegal
from lanista.arenas.core.speech import without_thoughts
from lanista.arenas.core.wrapped import LEAD

PROGRAM_LIMIT = 6_000
"""Characters of a program that may be run."""

LINE_LIMIT = 400
"""Characters of one line of inputs."""

TEXT_LIMIT = 160
"""Characters of a report or a cause that others read."""

_FENCE = re.compile(r"^[ \t>]*(`{3,}|~{3,})[ \t]*([^\n`~]*)$", re.MULTILINE)
_BULLET = re.compile(r"^\s*(?:[-*+>]|\d+[.)])\s+")
_MARKS = " \t*_`#>"
_CAUSE = re.compile(r"[ \t*_#>]*cause[ \t*_]*[:：][ \t]*(.*)", re.IGNORECASE)
_VERDICT = re.compile(
    r"(?:(?:my |the |final )*(?:verdict|report|result)(?: is)?[ \t*_`:：\"]*)?"
    r"(pass|fail)(?:ed|s|ing)?[ \t*_`\"]*(?:$|[:：.,;!–—-]+[ \t*_`]*(.*))",
    re.IGNORECASE,
)
_TRUTH = re.compile(r"(?:true|false|yes|no)\b[.!]?", re.IGNORECASE)
_KEEP = re.compile(
    r"(?:i (?:will |would |'ll |'d )?)?keep"
    r"(?: (?:it|the|this|that|my|our)\b.*|[ \t*_`]*[:：.,;!–—-]+.*)?",
    re.IGNORECASE,
)
_NONE = re.compile(r"none[.!]?", re.IGNORECASE)
_BEGINS = re.compile(r"(?:def |class |import |from |async def |@|[A-Za-z_]\w*(?:, ?[A-Za-z_]\w*)* ?=)")
"""A line with which a program may begin."""
_INSIDE = re.compile(r"\s+\S|(?:def|class|import|from|async|return|for|while|if|elif|else|try|with|print)\b|@|[)\]}#]")
"""A line that may belong to a program."""
_DEFINES = re.compile(r"^(?:async )?(?:def|class) ", re.MULTILINE)
_BLANKS = re.compile(r"\A(?:[ \t]*\n)+")
_TRIES = 8


def program(reply: str) -> Program | Illegal:
    """The program of a reply: what stands in its one block of code, or the whole reply, or what of it is Python."""
    source = _source(without_thoughts(reply))
    return source if isinstance(source, Illegal) else Program(source)


def revision(reply: str) -> Revision | Illegal:
    """An optional line ``cause: …``, then a program or ``keep``, which a reason may follow."""
    said = without_thoughts(reply)
    lines = said.split("\n")
    cause, rest = "", said
    before = _before(lines)
    for number, line in enumerate(lines[:before]):
        found = _CAUSE.fullmatch(line.rstrip("\r"))
        if found:
            cause, rest = text(found[1]), "\n".join(lines[:number] + lines[number + 1 :])
            break
    keeps = [line for line in _talk(rest) if _KEEP.fullmatch(_said(line))]
    source = _source(rest)
    if isinstance(source, str) and _KEEP.fullmatch(_said(source)):
        return Revision(None, cause)
    if not keeps:
        return source if isinstance(source, Illegal) else Revision(source, cause)
    if isinstance(source, str) and _is_python(source):
        return Illegal("both `keep` and a program were given")
    return Revision(None, cause)


def inputs(reply: str, entry_point: str, most: int) -> Inputs | Illegal:
    """One call or one list of arguments a line, at most ``most``; or ``none``. Lines without a call are talk, and what
    stands after a call (``== 3``, a comment) is not read."""
    lines = [_BULLET.sub("", line).strip().strip("`").strip() for line in without_thoughts(reply).splitlines()]
    lines = [line for line in lines if line and not line.startswith(("```", "~~~"))]
    if lines and lines[0].lower() in ("python", "json", "py"):  # the label of a fence that was stripped above
        lines = lines[1:]
    if not lines:
        return Illegal("no input was given")
    nothing = [line for line in lines if _NONE.fullmatch(_said(line))]
    given = [line for line in lines if "(" in line or line.startswith("[")]
    if nothing and not given:
        return Inputs()
    if nothing:
        return Illegal("both `none` and inputs were given")
    if not given:
        return Illegal("no input was given")
    if len(given) > most:
        return Illegal(f"{len(given)} lines were given, and at most {most} inputs are run")
    calls = []
    for number, line in enumerate(given, 1):
        args = _arguments(line, entry_point)
        if isinstance(args, Illegal):
            if entry_point not in line and re.search(r"\w\(", line) is None and len(given) > 1:
                continue  # a remark in brackets
            return Illegal(f"line {number} {args.why}")
        calls.append(args)
    return Inputs(tuple(calls)) if calls else Illegal("no input was given")


def report(reply: str) -> Report | Illegal:
    """The one line that says ``pass`` or ``fail: why``; other lines are talk."""
    found = []
    for line in without_thoughts(reply).splitlines():
        verdict = _VERDICT.fullmatch(_said(line).strip("{}").lstrip(_MARKS + '"').rstrip(' \t"'))
        if verdict:
            why = verdict[2] or ""
            if _TRUTH.fullmatch(why.strip(_MARKS + '"')):
                return Illegal("`pass` or `fail` stands alone or before a reason, not before true or false")
            found.append(Report(verdict[1].lower() == "pass", text(why)))
    if not found:
        return Illegal("no verdict was given")
    if len({verdict.passed for verdict in found}) > 1:
        return Illegal("both verdicts were given")
    whys = list(dict.fromkeys(verdict for verdict in found if verdict.text)) or found[:1]
    return whys[0] if len(whys) == 1 else Illegal("more than one reason was given; put it into one line")


def text(said: str) -> str:
    """What is said beside a verdict, as others read it: one tame line of at most TEXT_LIMIT characters."""
    return quote.line(said.strip(_MARKS), TEXT_LIMIT)


def _said(line: str) -> str:
    """A line without a bullet, marks and a lead such as ``Final answer:``."""
    line = _BULLET.sub("", line).strip().strip(_MARKS)
    return _BULLET.sub("", LEAD.sub("", line, count=1)).strip(_MARKS) if LEAD.match(line) else line


def _before(lines: list[str]) -> int:
    """How many lines stand before a program, the first of them at least."""
    return max(next((n for n, line in enumerate(lines) if _BEGINS.match(line)), len(lines)), _first(lines) + 1)


def _first(lines: list[str]) -> int:
    return next((number for number, line in enumerate(lines) if line.strip()), 0)


# Programs


def _source(said: str) -> Any:
    """The source, or Illegal."""
    said = said.replace("\r\n", "\n").replace("\r", "\n")
    blocks, beside = ([_headless(said)], "") if _is_python(said) else _blocks(said)
    if len(blocks) > 1 or (blocks and _DEFINES.search(beside)):
        return Illegal("more than one block of code was given; put the whole program into one")
    source = _BLANKS.sub("", blocks[0] if blocks else _unfenced(said)).rstrip()
    if not source.strip():
        return Illegal("no program was given")
    if len(source) > PROGRAM_LIMIT:
        return Illegal(f"the program has {len(source):,} characters, and at most {PROGRAM_LIMIT:,} are run")
    return source


def _headless(source: str) -> str:
    """Python without a word of talk before it: a name alone on the first line computes nothing."""
    head, _, rest = source.strip("\n").partition("\n")
    return rest if head.strip().isidentifier() and _is_python(rest) else source


def _blocks(said: str) -> tuple[list[str], str]:
    """(what stands in blocks of code, each once; what stands outside of them).

    A block ends at the first fence of its kind before which it is Python, so that a fence in a docstring ends nothing;
    if there is none, at the first one.
    """
    fences = list(_FENCE.finditer(said))[: 4 * _TRIES]
    found: dict[str, None] = {}
    beside, at = "", 0
    while fences:
        opener, *fences = fences
        closers = [n for n, fence in enumerate(fences) if _closes(opener, fence)]
        inside = [said[opener.end() : fences[n].start()] for n in closers[:_TRIES]]
        end = next((k for k, source in enumerate(inside) if _is_python(source)), 0)
        found[(inside[end] if inside else said[opener.end() :]).strip("\n").rstrip()] = None
        beside += said[at : opener.start()]
        at = fences[closers[end]].end() if inside else len(said)
        fences = fences[closers[end] + 1 :] if inside else []
    return list(found), beside + said[at:]


def _closes(opener: re.Match[str], fence: re.Match[str]) -> bool:
    return fence[1][0] == opener[1][0] and len(fence[1]) >= len(opener[1]) and not fence[2].strip()


def _unfenced(said: str) -> str:
    """The program in a reply without blocks: all of it, or what of it is Python where the rest is plain talk."""
    lines = said.split("\n")
    if not any(map(_BEGINS.match, lines)):
        return said if len(said) > PROGRAM_LIMIT or any(map(_INSIDE.match, lines)) else ""
    begin, end = _span(lines)
    return "\n".join(lines[begin:end])


def _span(lines: list[str]) -> tuple[int, int]:
    """The first and the last but one of the lines that are a program between plain talk; all lines where none are."""
    begin = next((n for n, line in enumerate(lines) if _BEGINS.match(line)), len(lines))
    ends = [n for n in range(len(lines), begin, -1) if n == len(lines) or not _INSIDE.match(lines[n])]
    for end in ends[:_TRIES]:
        source = "\n".join(lines[begin:end])
        if not any(_INSIDE.match(line) or _BEGINS.match(line) for line in lines[end:]) and _is_python(source):
            return begin, end
    return 0, len(lines)


def _talk(said: str) -> list[str]:
    """The lines that are no part of a program."""
    lines = said.split("\n")
    if _is_python(said) and not _KEEP.fullmatch(_said(said)):
        return [line for line in lines if line.rstrip() == "keep"]
    if _FENCE.search(said) is not None:
        return _blocks(said)[1].split("\n")
    begin = next((n for n, line in enumerate(lines) if re.match(r"def |class |import |from |async def |@", line)), None)
    return [*lines[:begin], *lines[_span(lines)[1] :]]


@lru_cache(maxsize=256)
def _is_python(source: str) -> bool:
    """Whether this is Python of a length that would be run."""
    if not source.strip() or len(source) > PROGRAM_LIMIT + LINE_LIMIT:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source.strip("\n"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


# Inputs


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
            node = _call(line)
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.keywords:
                return Illegal(form)
            if node.func.id != entry_point:
                return Illegal(f"calls {quote.line(node.func.id, 40)}, and the function is {entry_point}")
            return quote.literal(tuple(ast.literal_eval(argument) for argument in node.args))
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return Illegal(form)


def _call(line: str) -> ast.AST:
    """The call of a line, without what it is compared with. Raises SyntaxError."""
    for mark in ("", "->", "=>", "→"):
        said = line.rpartition(mark)[0] if mark else line
        try:
            (node,) = ast.parse(said.strip().rstrip(",;.")).body
        except (SyntaxError, ValueError):
            if mark == "→":
                raise SyntaxError("no call") from None
            continue
        inside: Any = node.test if isinstance(node, ast.Assert) else getattr(node, "value", node)
        compared = isinstance(inside, ast.Compare) and isinstance(inside.ops[0], (ast.Eq, ast.Is))
        if compared and not any(isinstance(part, ast.Call) for part in ast.walk(inside.comparators[0])):
            return cast(ast.AST, inside.left)
        return cast(ast.AST, inside)
    raise SyntaxError("no call")


def _values(line: str) -> list[Any]:
    try:
        made = json.loads(line)
    except json.JSONDecodeError:
        made = ast.literal_eval(line)
    if not isinstance(made, list):
        raise ValueError("no list")
    return made
