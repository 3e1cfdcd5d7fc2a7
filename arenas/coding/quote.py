"""Values and programs as text that cannot pass for anything else.

A value is written as the Python literal it is, with what could begin a special token of a chat template escaped; what a
program returned or printed is data, wherever it is shown. A program keeps its lines, each
behind a bar, so that none of them can be taken for a moderator's.
"""

from __future__ import annotations

import ast
import math
import re
from typing import Any

VALUE_LIMIT = 160
"""Characters of one value that are shown."""

CUT = " ..."
"""Marks what was longer."""

_DEPTH = 24
"""Levels of nesting that a literal may have."""

_TOKEN = re.compile(r"<(?=[|/!?A-Za-z])|\[(?=/?[a-z]?[A-Z_]{2,}\])")
"""Where special tokens of chat templates begin: ``<|``, ``</``, ``<s>``, ``[INST]``."""
_ODD = re.compile(r"[^ -~]")
_CONTROL = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+")


def literal(value: Any, depth: int = 0) -> str:
    """The Python literal of a value, the same for equal values of the same types (sets are sorted).

    Pure ASCII, one line. Raises ValueError for what has no literal: other types, numbers that are not finite, integers
    beyond 4,000 digits, and values nested deeper than 24 levels.
    """
    if depth > _DEPTH:
        raise ValueError(f"nested deeper than {_DEPTH} levels")
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, int):
        if value.bit_length() > 13_000:
            raise ValueError("an integer of over 4,000 digits")
        return repr(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("a number that is not finite")
        return repr(value)
    if isinstance(value, str):
        return _TOKEN.sub(_as_hex, ascii(value))
    if isinstance(value, bytes):
        return _TOKEN.sub(_as_hex, repr(value))
    inner = depth + 1
    if isinstance(value, list):
        return f"[{', '.join(literal(v, inner) for v in value)}]"
    if isinstance(value, tuple):
        return f"({', '.join(literal(v, inner) for v in value)}{',' * (len(value) == 1)})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{literal(k, inner)}: {literal(v, inner)}' for k, v in value.items())}}}"
    if isinstance(value, (set, frozenset)):
        return f"{{{', '.join(sorted(literal(v, inner) for v in value))}}}" if value else "set()"
    raise ValueError(f"a {type(value).__name__}, which has no literal")


def arguments(text: str) -> tuple[Any, ...]:
    """The inverse of ``literal`` for a tuple of arguments."""
    made = ast.literal_eval(text)
    assert isinstance(made, tuple)
    return made


def call(entry_point: str, args: str) -> str:
    """A call of arguments given as the literal of a tuple: ``f(1, [2])``."""
    inside = args[1:-1]
    return f"{entry_point}({inside[:-1] if inside.endswith(',') else inside})"


def cut(text: str, limit: int = VALUE_LIMIT) -> str:
    """The text, or its beginning with a mark."""
    return text if len(text) <= limit else text[: limit - len(CUT)] + CUT


def code(source: str) -> str:
    """A program for others to read: every line behind a bar.

    Characters outside printable ASCII are escaped, and a blank parts what could be a special token. What is run is
    the source itself.
    """
    return "\n".join("| " + _line(line) for line in source.expandtabs(4).split("\n"))


def _line(line: str) -> str:
    return _TOKEN.sub(lambda found: found.group() + " ", _ODD.sub(_escaped, line)).rstrip()


def _as_hex(found: re.Match[str]) -> str:
    return f"\\x{ord(found.group()):02x}"


def _escaped(found: re.Match[str]) -> str:
    return ascii(found.group())[1:-1]


def shown(value: Any, limit: int = VALUE_LIMIT) -> str:
    """A value as others read it: its literal, cut; what has none is described."""
    try:
        return cut(literal(value), limit)
    except ValueError as error:
        return f"({error})"


def line(text: str, limit: int = VALUE_LIMIT) -> str:
    """What a program printed or raised, or a seat reported, as others read it: one line that no double quotation mark
    ends, with brackets left in it (values have them), but with no special token."""
    return cut(" ".join(_line(_CONTROL.sub(" ", text).replace('"', "'")).split()), limit)
