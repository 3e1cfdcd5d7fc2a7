"""The calls in a reply, whatever a model wraps them in: code fences, JSON of other tool-calling styles, Python's own.

Found are ``NAME {json}`` in any surroundings, ``NAME(argument=value)``, ``{"name": ..., "arguments": {...}}`` and its
relatives (``tool_calls``, ``function_call``, ``tool_use``, arguments as a JSON text), ``Action:`` with
``Action Input:``, and the name of a tool alone on a line. Nothing is guessed: every call that stands there is reported,
and whoever asked decides. Pure; nothing here raises on any text.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

NOT_AN_OBJECT = "the arguments are not one JSON object"


class Found(NamedTuple):
    """One call as it stands in a reply."""

    name: str
    """As the seat's tools spell it, or as the reply does where it is none of them."""
    arguments: Any = None
    problem: str | None = None
    """What is wrong with the arguments, where they could not be read."""
    plain: bool = True
    """Whether it stands where a call stands: at the start of a line, or after a colon or the end of a sentence."""
    bare: bool = False
    """Whether it is a name alone on its line."""


_MOST = 16
"""Calls, and objects that are none, after which no more is looked for."""
_NEAR = 240
"""Characters before an object in which its name is looked for."""

_OPENER = re.compile(r"\{|(?<![\w.])([A-Za-z_]\w{0,63})\(")
_FENCE_HEAD = re.compile(r"(?:`{3,}|~{3,})[ \t]*\w*\s*\Z")
_LABEL = re.compile(r"(?:action[ _]input|with|arguments?|args|parameters|params|input)\Z", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_][\w.-]{0,80}\Z")
_ENDS = ".:：=!?;>→—|[,("
"""After one of these a call may stand on the same line."""
_DRESS = " \t\r*`\"'“”‘’#•-"
_BULLET = re.compile(r"(?:\d{1,3}[.)]|[-*+•>])\s*\Z")
_TAG = re.compile(r"<[^<>]{0,40}>")
LEAD = re.compile(
    r"(?:(?:the|my|final|next)\s+)*"
    r"(?:answer|action|call|move|reply|response|tool(?:[ _]call)?|function|decision|choice)"
    r"(?:\s+is)?\s*[:：=]\s*",
    re.IGNORECASE,
)
"""What may stand before an answer: ``Final answer:``, ``Action:``."""


def find(said: str, tools: Mapping[str, tuple[str, ...]]) -> list[Found]:
    """Every call in ``said``, in order; ``tools`` are the argument names by tool."""
    names = {name.casefold(): name for name in tools}
    found: list[Found] = []
    position, begin, failures = 0, 0, 0
    end: int | None
    loose: list[str] = []  # the text between calls
    while failures < _MOST and len(found) < _MOST:
        opener = _OPENER.search(said, position)
        if opener is None:
            break
        if opener[1] is not None:
            name = names.get(opener[1].casefold())
            made = None if name is None else _python_call(said, opener.end(), tools[name])
            if name is None or made is None:
                failures += name is not None
                position = opener.end()
                continue
            start, end = opener.start(), made[1]
            arguments: dict[str, Any] = made[0]
            here = [Found(name, arguments, None, _plain(said[begin:start]))]
        else:
            start, end, here = _object_call(said, begin, opener.start(), names, tools)
            failures += not here
            if end is None and any(each.plain for each in here):
                return [*found, *here]  # what follows a faulty object may be a part of it
        found += here
        if end is None or not here:
            position = opener.end() if end is None else end
            continue
        loose.append(said[begin:start])
        position = begin = end
    loose.append(said[begin:])
    return found + list(_bare(loose, names))


def _object_call(
    said: str, begin: int, at: int, names: Mapping[str, str], tools: Mapping[str, tuple[str, ...]]
) -> tuple[int, int | None, list[Found]]:
    """(where it starts, where it ends, the calls) of the object that opens at ``at``."""
    value, end, problem = _decoded(said, at)
    shaped = [] if problem else _shaped(value, names, tools)
    start, word, close = _name_before(said, begin, at)
    name = names.get(word.casefold().rpartition(".")[2].replace("-", "_"))
    plain = _plain(said[begin:start])
    if name is not None and (close or (not shaped and _alone(said, begin, start))):
        return start, end, [Found(name, value, problem, plain)]
    if shaped:
        return at, end, [each._replace(plain=_plain(said[begin:at])) for each in shaped]
    if word and close == 2 and plain and _alone(said, begin, start):
        return start, end, [Found(word, value, problem)]
    return at, end, []


def _decoded(said: str, at: int) -> tuple[Any, int | None, str | None]:
    """(value, end, problem) of the object at a place: JSON, or the same in Python's own spelling."""
    try:
        value, end = _STRICT.raw_decode(said, at)
        return value, end, None
    except json.JSONDecodeError as error:
        problem = f"{NOT_AN_OBJECT}: {error.msg} at character {error.pos - at}"
    except ValueError as error:
        return None, None, f"{NOT_AN_OBJECT}: {error}"
    except RecursionError:
        return None, None, "the arguments are nested too deeply"
    closed = _closing(said, at)
    if closed is None:
        return None, None, problem
    value = _literal(said[at : closed + 1])
    return (None, None, problem) if value is None else (value, closed + 1, None)


def strict(text: str) -> Any:
    """One JSON value. Raises ValueError, also for names that stand twice, NaN and numbers too large; RecursionError."""
    return _STRICT.decode(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return made


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    """A number with a point or an exponent; whole ones as integers, which JSON schema takes them for."""
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return int(value) if value.is_integer() else value


_STRICT = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_refuse, parse_float=_finite)


# Where a call stands


def _name_before(said: str, begin: int, at: int) -> tuple[int, str, int]:
    """(where the name starts, the name, how close) of the word before an object.

    Close is 2 where nothing but blanks and a bracket are between, 1 where a mark or a label is, 0 across lines.
    """
    first = max(begin, at - _NEAR)
    head = said[first:at].rstrip(" \t(")
    close = 2
    while True:
        bare = _LABEL.sub("", _FENCE_HEAD.sub("", head)).rstrip(_DRESS + ":=>(\n")
        if bare == head:
            break
        if close and "\n" in head[len(bare) :]:
            close = 0
        head, close = bare, min(close, 1)
    word = _NAME.search(head)
    return (at, "", 0) if word is None else (first + word.start(), word[0], close)


def _plain(before: str) -> bool:
    """Whether a call may stand after this text."""
    line = before[max(before.rfind("\n") + 1, len(before) - _NEAR) :]
    line = line.rstrip(_DRESS)
    return not line or line[-1] in _ENDS or _BULLET.fullmatch(line) is not None


def _alone(said: str, begin: int, start: int) -> bool:
    """Whether nothing but a lead such as ``Action:`` stands before the name on its line."""
    line = said[max(begin, said.rfind("\n", begin, start) + 1) : start][-_NEAR:].strip(_DRESS)
    return not line or LEAD.fullmatch(line + " ") is not None or _BULLET.fullmatch(line) is not None


def _bare(texts: list[str], names: Mapping[str, str]) -> Iterator[Found]:
    for text in texts:
        for line in text.splitlines():
            line = _TAG.sub("", line).strip(_DRESS) if len(line) < _NEAR else ""
            while (lead := LEAD.match(line)) is not None:
                line = line[lead.end() :].strip(_DRESS)
            name = names.get(line.rstrip(".!;:").strip(_DRESS).casefold())
            if name is not None:
                yield Found(name, {}, None, True, True)


# Calls as other protocols write them

_WRAPPERS = ("tool_calls", "tool_call", "function_call", "function", "tool_use", "calls", "call", "action")
_NAMES = ("name", "tool", "tool_name", "function", "function_name", "action")
_ARGUMENTS = ("arguments", "args", "parameters", "params", "input", "action_input", "tool_input", "kwargs")
_BESIDE = frozenset({"type", "id", "call_id", "index", "thought", "thoughts", "reasoning", "role", "content"})


def _shaped(value: Any, names: Mapping[str, str], tools: Mapping[str, tuple[str, ...]], depth: int = 0) -> list[Found]:
    """The calls that a JSON value describes; [] where it describes none."""
    if depth > 4:
        return []
    if isinstance(value, list):
        return [call for each in value[:_MOST] for call in _shaped(each, names, tools, depth + 1)]
    if not isinstance(value, dict):
        return []
    for key in _WRAPPERS:
        if isinstance(value.get(key), (dict, list)):
            return _shaped(value[key], names, tools, depth + 1)
    if len(value) == 1:
        ((word, inside),) = value.items()
        name = names.get(word.casefold())
        if name is not None and isinstance(inside, dict):
            return [Found(name, inside)]
        if name is not None and isinstance(inside, str) and len(tools[name]) == 1:
            return [Found(name, {tools[name][0]: inside})]
    word, rest = next(((value[key], key) for key in _NAMES if isinstance(value.get(key), str)), ("", ""))
    given = next((key for key in _ARGUMENTS if key in value), None)
    if not word or not _NAME.match(word) or (given is None and any(rest in known for known in tools.values())):
        return []
    name = names.get(word.casefold().rpartition(".")[2].replace("-", "_"))
    if given is None:
        if name is None:
            return []
        return [Found(name, {k: v for k, v in value.items() if k != rest and k not in _BESIDE})]
    arguments, problem = value[given], None
    if isinstance(arguments, str):
        try:
            arguments = strict(arguments) if arguments.strip() else {}
        except (ValueError, RecursionError):
            problem = NOT_AN_OBJECT
    return [Found(name or word[:64], {} if arguments is None else arguments, problem)]


# Python's spelling


def _python_call(said: str, at: int, parameters: tuple[str, ...]) -> tuple[dict[str, Any], int] | None:
    """(arguments, end) of a call whose brackets open just before ``at``; None where it is none of plain values."""
    closed = _closing(said, at - 1)
    if closed is None:
        return None
    try:
        given = _split(said[at:closed])
        named = [found for each in given if (found := _KEYWORD.match(each)) is not None]
        if len(named) == len(given):
            made = {found[1]: _plain_value(found[2]) for found in named}
            return (made, closed + 1) if len(made) == len(named) else None
        if len(given) != 1:
            return None
        value = _plain_value(given[0])
    except (ValueError, RecursionError):
        return None
    if isinstance(value, dict):
        return value, closed + 1
    return ({parameters[0]: value}, closed + 1) if len(parameters) == 1 else None


def _split(inside: str) -> list[str]:
    """What stands between a call's brackets, cut at its own commas."""
    parts, begin, i = [], 0, 0
    while i < len(inside):
        if inside[i] in "\"'{[(":
            closed = _closing(inside, i)
            if closed is None:
                raise ValueError("brackets that do not close")
            i = closed
        elif inside[i] == ",":
            parts.append(inside[begin:i])
            begin = i + 1
        i += 1
    return [part.strip() for part in (*parts, inside[begin:]) if part.strip()]


def _plain_value(text: str) -> Any:
    node = _expression(text)
    if node is None:
        raise ValueError("no value")
    return _value(node)


_KEYWORD = re.compile(r"([A-Za-z_]\w*)\s*[=:](?!=)\s*(.+)", re.DOTALL)


def _literal(text: str) -> dict[str, Any] | None:
    """An object as Python writes it: single quotation marks, True, a comma too many."""
    node = _expression(text)
    try:
        made = None if node is None else _value(node, words=False)
    except (ValueError, RecursionError):
        return None
    return made if isinstance(made, dict) else None


def _expression(text: str) -> ast.expr | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd escapes are the writer's affair
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


_CONSTANTS = {"true": True, "false": False, "null": None}


def _value(node: ast.expr, words: bool = True) -> Any:
    """The JSON value of a literal; a single word is a text if ``words``. Raises ValueError for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, int, float, type(None))):
        return _finite(repr(node.value)) if isinstance(node.value, float) else node.value
    if isinstance(node, ast.Name) and (words or node.id in _CONSTANTS):
        return _CONSTANTS.get(node.id, node.id)
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value(each, words) for each in node.elts]
    if isinstance(node, ast.Dict):
        keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
        if any(not isinstance(key, str) for key in keys) or len(set(keys)) < len(keys):
            raise ValueError("no object")
        return {key: _value(each, words) for key, each in zip(keys, node.values, strict=True)}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        value = node.operand.value
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return -value
    raise ValueError("no plain value")


_BRACKETS = {"{": "}", "[": "]", "(": ")"}


def _closing(said: str, at: int) -> int | None:
    """Where the bracket or quotation mark at ``at`` is closed; what texts in quotation marks hold is skipped."""
    open_: list[str] = []
    quote, i = "", at
    while i < len(said):
        sign = said[i]
        if quote:
            if sign == "\\":
                i += 1
            elif sign == quote:
                quote = ""
        elif sign in "\"'":
            quote = sign
        elif sign in _BRACKETS:
            open_.append(_BRACKETS[sign])
        elif sign in ")]}" and (not open_ or open_.pop() != sign):
            return None
        if not open_ and not quote:
            return i
        i += 1
    return None
