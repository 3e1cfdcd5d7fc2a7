"""A summary into the lines that it is read for. Pure; nothing raises."""

from __future__ import annotations

import re

from lanista.arenas.core.contract import Illegal
from lanista.arenas.core.speech import tame, without_fences, without_thoughts
from lanista.arenas.research.calls import PAPER
from lanista.arenas.research.moves import Line, Summary

LINES = 24
"""Lines that a summary may be read for."""
NAME = 60
"""Characters of a name or a value in them."""
CITED = 8
"""Sources that a claim may have."""
FORM = "claim: approach | quantity | value unit | P0001 P0002"
GAP = "gap: approach | quantity"

_MARKS = " \t*_`#>-•"
_LINE = re.compile(r"(claim|gap)[ \t*_`]*[:：](.*)", re.IGNORECASE)


def summary(reply: str) -> Summary | Illegal:
    """The claims and gaps of a reply; everything else in it is prose."""
    found: list[Line] = []
    said = without_fences(without_thoughts(reply).replace("\r\n", "\n").replace("\r", "\n"))
    for each in said.split("\n"):
        bare = re.sub(r"^[0-9]{1,2}[.)][ \t]+", "", each.strip().strip(_MARKS)).strip(_MARKS)
        bare = re.sub(r"^(?:final answer|answer|action)[ \t]*[:：][ \t*_`]*", "", bare, flags=re.IGNORECASE)
        match = _LINE.fullmatch(bare.strip(_MARKS))
        if match is None:
            continue
        line = _claim(match[2]) if match[1].lower() == "claim" else _gap(match[2])
        if isinstance(line, Illegal):
            return line
        found.append(line)
    lines = tuple(dict.fromkeys(found))
    if not lines:
        return Illegal("no claim and no gap was given")
    if len(lines) > LINES:
        return Illegal(f"{len(lines)} lines were given, and at most {LINES} are read")
    return Summary(lines)


def write(made: Summary) -> str:
    """The lines of a summary."""
    return "\n".join(map(_written, made.lines))


def _written(line: Line) -> str:
    if not line.value:
        return f"gap: {line.approach} | {line.quantity}"
    return f"claim: {line.approach} | {line.quantity} | {line.value} | {' '.join(line.sources)}"


def _claim(text: str) -> Line | Illegal:
    parts = _parts(text)
    if len(parts) != 4:
        return Illegal(f"a claim has four parts between bars, not {len(parts)}")
    *names, cited = parts
    problem = _problem(names)
    if problem is not None:
        return problem
    sources = tuple(dict.fromkeys(PAPER.findall(cited)))
    if not sources or len(sources) > CITED:
        return Illegal(f"a claim has 1 to {CITED} sources such as P0001, not {len(sources)}")
    return Line(names[0], names[1], names[2], sources)


def _gap(text: str) -> Line | Illegal:
    parts = _parts(text)
    if len(parts) != 2:
        return Illegal(f"a gap has two parts between a bar, not {len(parts)}")
    return _problem(parts) or Line(parts[0], parts[1])


def _problem(names: list[str]) -> Illegal | None:
    if all(0 < len(each) <= NAME for each in names):
        return None
    return Illegal(f"what stands between bars has 1 to {NAME} characters")


def _parts(text: str) -> list[str]:
    return [tame(each).strip(_MARKS + "'") for each in text.strip().strip("|").split("|")]
