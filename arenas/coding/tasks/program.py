"""The text that runs for a program of an imported task: what observes it, what its prompt brings, then the program.

The program is compiled by itself, so that its lines count from its first one and ``from __future__`` stands at its top.
"""

from __future__ import annotations

import ast
import importlib
from functools import cache
from pathlib import Path

SEEN = "_lanista_seen"
"""Calls the function under test: ``_lanista_seen.sorted.like``. See ``inside``."""

TESTS = "_lanista_tests"
"""Runs the tests of a task in the program's process: see ``harness``."""

VALUE = f"{SEEN}.value"
"""The function under test, its value as plain data."""

FRAMES = 20
"""Calls that stand between the interpreter and a program because of this: it may recurse as deep as without them."""

_TEXT = """\
_lanista = {{"__name__": "lanista_inside"}}
for _text in {texts!r}:
    exec(compile(_text, "<inside>", "exec", 0, True), _lanista)
{seen} = _lanista["Seen"](globals(), {name!r})
{tests}del _lanista, _text
__import__("sys").setrecursionlimit({limit})
exec(compile({preamble!r}, "<preamble>", "exec", 0, True), globals())
exec(compile({source!r}, "<program>", "exec", {flags}, True), globals())
"""


def whole(source: str, entry_point: str, preamble: str, *, in_process: bool) -> str:
    """What is loaded for a program: ``_lanista_seen`` first, then ``preamble``, then ``source``, as if written below
    it: what the preamble takes from the future holds for the program too."""
    return _TEXT.format(
        texts=(_text("inside"), _text("harness")) if in_process else (_text("inside"),),
        seen=SEEN,
        name=entry_point,
        tests=f'{TESTS} = _lanista["Tests"](globals(), {entry_point!r})\n' if in_process else "",
        limit=1000 + FRAMES,  # what the sandbox's interpreter has, and more
        preamble=preamble,
        source=source,
        flags=_flags(preamble),
    )


@cache
def _text(name: str) -> str:
    return Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8")


def _flags(preamble: str) -> int:
    flags, future = 0, importlib.import_module("__future__")
    for node in ast.parse(preamble).body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            for alias in node.names:
                flags |= getattr(future, alias.name).compiler_flag
    return flags
