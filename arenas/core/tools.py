"""Tool calls as replies: ``NAME {"argument": value}``, checked against a published JSON schema.

An arena whose seats work with tools names them here once; what its words render, what they read and what they refuse
come out of the same declaration. A reply that is no call at all is Illegal, like anywhere else. A reply that is
recognisably a call and wrong (no JSON, a missing argument, a date that is none) is a move of its own, a ``BadCall``:
the service answers it with an error body, as a real one would, and the arena decides what that costs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from lanista.arenas.core.contract import Illegal
from lanista.arenas.core.speech import tame, without_thoughts
from lanista.errors import suggest

_CALL = re.compile(r"([A-Za-z_]\w{0,63})\s*(.*)", re.DOTALL)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SHOWN = 60
"""Characters of a wrong value that its error repeats."""


class Call(NamedTuple):
    """A well-formed call. ``arguments`` is canonical JSON (sorted keys), so calls are hashable and compare by value."""

    tool: str
    arguments: str = "{}"

    @property
    def args(self) -> Mapping[str, Any]:
        """The arguments by name; do not change them."""
        return _loads(self.arguments)

    def __str__(self) -> str:
        return f"{self.tool} {self.arguments}"


class BadCall(NamedTuple):
    """A call that the service answers with an error: ``said`` is the reply made safe, ``error`` the JSON body."""

    tool: str
    said: str
    error: str

    def __str__(self) -> str:
        return self.said


@dataclass(frozen=True)
class Tool:
    """One tool. ``parameters`` are JSON schemas (draft 7) by argument name; all are required but ``optional``."""

    name: str
    doc: str
    """One line: what it does."""
    parameters: Mapping[str, Mapping[str, Any]]
    optional: frozenset[str] = frozenset()
    writes: bool = False
    """Whether it changes anything in the world."""

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments object; arguments it does not name are refused."""
        return {
            "type": "object",
            "properties": {name: dict(schema) for name, schema in self.parameters.items()},
            "required": [name for name in self.parameters if name not in self.optional],
            "additionalProperties": False,
        }

    @cached_property
    def signature(self) -> str:
        """One line for a brief: ``book {"hold": string, "seat"?: "aisle"|"window"}: what it does``."""
        shown = (f'"{name}"{"?" * (name in self.optional)}: {_type(s)}' for name, s in self.parameters.items())
        return f"{self.name} {{{', '.join(shown)}}}: {self.doc}"

    @cached_property
    def _check(self) -> Callable[[Any], Any]:
        import fastjsonschema

        check: Callable[[Any], Any] = fastjsonschema.compile(
            {"$schema": _DRAFT, **self.schema}, formats={"date": _is_date}, use_default=False
        )
        return check


_DRAFT = "http://json-schema.org/draft-07/schema#"


def call(tool: str, **arguments: Any) -> Call:
    """The call of ``tool`` with these arguments, in canonical form; nothing is checked."""
    return Call(tool, _dumps(arguments))


def parse(reply: str, tools: Mapping[str, Tool]) -> Call | BadCall | Illegal:
    """The call a reply makes with one of ``tools``, those its seat may use. Never raises.

    Thoughts are dropped. Illegal: no call. BadCall: a known tool's name and then anything but one JSON object that
    fits its schema (status 400), or a JSON object after the name of a tool that the seat does not have (404).
    """
    said = without_thoughts(reply).strip()
    found = _CALL.fullmatch(said)
    name, rest = (found[1], found[2]) if found else ("", "")
    tool = tools.get(name)
    if tool is None:
        if not rest.startswith("{"):
            return Illegal(f'reply with one call and nothing else, as NAME {{"argument": value}}; {_known(tools)}')
        return _bad(
            name, said, 404, "no_such_tool", f"you have no tool {name!r}{suggest(name, tools)}; {_known(tools)}"
        )
    try:
        arguments = json.loads(rest or "{}", object_pairs_hook=_once, parse_constant=_refuse, parse_float=_finite)
    except json.JSONDecodeError as error:
        why = f"the arguments are not one JSON object: {error.msg} at character {error.pos}"
        return _bad(name, said, 400, "malformed_json", why)
    except ValueError as error:
        return _bad(name, said, 400, "malformed_json", f"the arguments are not one JSON object: {error}")
    except RecursionError:
        return _bad(name, said, 400, "malformed_json", "the arguments are nested too deeply")
    if not isinstance(arguments, dict):
        return _bad(name, said, 400, "malformed_json", "the arguments are not one JSON object")
    import fastjsonschema

    try:
        tool._check(arguments)
    except fastjsonschema.JsonSchemaValueException as error:
        at = ".".join(str(part) for part in error.path[1:])
        return _bad(name, said, 400, "invalid_argument", _explain(tool, error, at), at)
    return Call(name, _dumps(arguments))


def error_body(status: int, code: str, message: str, at: str = "", **more: Any) -> str:
    """A service's error as JSON: ``{"error": {"status", "code", "message", "at", …}}``."""
    body: dict[str, Any] = {"status": status, "code": code, "message": message}
    if at:
        body["at"] = at
    return json.dumps({"error": body | more}, ensure_ascii=False)


def _bad(tool: str, said: str, status: int, code: str, message: str, at: str = "") -> BadCall:
    return BadCall(tool, tame(said), error_body(status, code, message, at))


def _known(tools: Mapping[str, Tool]) -> str:
    return f"you have: {', '.join(tools)}"


def _explain(tool: Tool, error: Any, at: str) -> str:
    value = tame(json.dumps(error.value, ensure_ascii=False))
    value = value if len(value) <= _SHOWN else value[:_SHOWN] + "…"
    where = at or "the arguments"
    if error.rule == "required":
        missing = [name for name in error.rule_definition if name not in error.value]
        return f"{where}: missing {', '.join(missing)}; the call is {tool.signature}"
    if error.rule == "additionalProperties" and isinstance(error.value, dict):
        extra = sorted(tame(name)[:_SHOWN] for name in error.value if name not in tool.parameters)
        return f"{where}: unknown {', '.join(extra)}; the call is {tool.signature}"
    if error.rule == "format":
        form = _FORMS.get(error.rule_definition, error.rule_definition)
        return f"{where} must be {form}, not {value}"
    if error.rule == "type":
        wanted = _TYPES.get(error.rule_definition, error.rule_definition)
        return f"{where} must be {wanted}, not {value}"
    if error.rule == "uniqueItems":
        return f"{where} must not name anything twice"
    if error.rule == "pattern" and "description" in error.definition:
        return f"{where} must be {error.definition['description']}, not {value}"
    if error.rule == "enum":
        return f"{where} must be one of {', '.join(map(json.dumps, error.rule_definition))}, not {value}"
    return f"{where} must satisfy {error.rule} {json.dumps(error.rule_definition)}, not {value}"


_TYPES = {
    "string": "a text in quotes",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
}
_FORMS = {
    "date": "a date in ISO 8601, YYYY-MM-DD",
    "date-time": "a date and time in ISO 8601 with its offset, such as 2025-11-14T09:30:00+01:00",
    "time": "a time in ISO 8601, HH:MM:SS with its offset",
}


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "|".join(json.dumps(value) for value in schema["enum"])
    if "format" in schema:
        return {"date": "YYYY-MM-DD"}.get(schema["format"], str(schema["format"]))
    kind = schema.get("type", "value")
    if kind == "array":
        return f"[{_type(schema.get('items', {}))}, …]"
    return str(kind)


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


def _is_date(text: str) -> bool:
    """Whether this is a day of the calendar in ASCII digits; fastjsonschema's own check lets 2025-02-29 through."""
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _dumps(arguments: Mapping[str, Any]) -> str:
    return json.dumps(arguments, sort_keys=True, ensure_ascii=False)


@lru_cache(maxsize=65536)
def _loads(arguments: str) -> Mapping[str, Any]:
    made: dict[str, Any] = json.loads(arguments)
    return made


def by_name(*tools: Tool) -> Mapping[str, Tool]:
    """Tools by name, in order."""
    return {tool.name: tool for tool in tools}
