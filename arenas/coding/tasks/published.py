"""Helpers that published test files bring along, known by what they say and not by their name.

The EvalPlus files (Liu et al. 2023) judge through ``assertion(out, exp, atol)``, in two forms: equal, or else close by
``numpy.allclose`` where a tolerance is named or floats are expected; and equal as sets. What a function is, a digest of
its syntax tree says; a helper that differs by one sign is another.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from lanista.arenas.coding.tasks.literals import Unconverted, fits

if TYPE_CHECKING:
    from lanista.arenas.coding.tasks.asserts import Converted
    from lanista.arenas.sandbox.types import Call

Meaning = Literal["close", "set"]

_FLOATS = "7b5e0239f113f5e2"
_MEANINGS: Mapping[str, Meaning] = {
    "372b64b8a9188529": "close",  # HumanEval+
    "b61e446e02cc2cef": "close",  # MBPP+
    "22b32a14e1b7dcc6": "set",  # MBPP+, where the task asks for a set
}
_PASSED_OVER = frozenset({"ctx", "kind", "type_comment", "type_ignores", "type_params", "decorator_list"})

WITHIN = 1e-6
"""Tolerance of the published helper for floats, where none is named."""


def meaning(name: str, helpers: Mapping[str, ast.FunctionDef], modules: Mapping[str, str]) -> Meaning | None:
    """What the helper ``name`` of a test does; None where it is no known one."""
    floats = helpers.get("is_floats")
    if floats is None or digest(floats) != _FLOATS or modules.get("np") != "numpy":
        return None
    return _MEANINGS.get(digest(helpers[name]))


def converted(kind: Meaning, call: Call, expected: Any, within: float) -> Converted:
    """The assert that ``assertion(call, expected, within)`` makes."""
    from lanista.arenas.coding.tasks.asserts import Converted

    if kind == "set":  # a tolerance does nothing here: numpy has none for sets
        try:
            members = set(expected)
        except TypeError:
            raise Unconverted("what is expected is no set") from None
        fits(members)
        return Converted(call, "equal", members, ("set",))
    return Converted(call, "allclose", (expected, WITHIN if within == 0 and _are_floats(expected) else within))


def _are_floats(value: Any) -> bool:
    return isinstance(value, float) or (isinstance(value, list | tuple) and all(isinstance(x, float) for x in value))


@lru_cache(maxsize=16)  # asked for at every turn of a loop
def digest(node: ast.FunctionDef) -> str:
    """16 hex digits over a function's syntax tree, the same for all versions of Python; docstrings do not count."""
    return hashlib.blake2b(_written(node).encode(), digest_size=8).hexdigest()


def _written(node: Any) -> str:
    if isinstance(node, list):
        return f"[{' '.join(map(_written, node))}]"
    if not isinstance(node, ast.AST):
        return f"{type(node).__name__}:{node!r}"
    fields = dict(ast.iter_fields(node))
    if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
        fields["body"] = node.body[1:]
    parts = (f"{name}={_written(value)}" for name, value in sorted(fields.items()) if name not in _PASSED_OVER)
    return f"{type(node).__name__}({' '.join(parts)})"
