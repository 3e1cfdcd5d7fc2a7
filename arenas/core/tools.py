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
from lanista.arenas.core.wrapped import NOT_AN_OBJECT, Found, find, strict
from lanista.errors import suggest

_CALL = re.compile(r"([A-Za-z_]\w{0,63})\s*(.*)", re.DOTALL)
_VALUE = re.compile(r"[\[({\"'0-9-]")
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
        """One line for a brief: ``book {"hold": text, "seat"?: "aisle"|"window"}: what it does``."""
        return self.line()

    def line(self, quoted: bool = True) -> str:
        """The signature, with the texts of enumerations in quotation marks or without."""
        shown = (f'"{n}"{"?" * (n in self.optional)}: {wording(s, quoted)}' for n, s in self.parameters.items())
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

    Thoughts are dropped, and so is what models wrap a call in (``lanista.arenas.core.wrapped``). Illegal: no call, two
    different ones, or one that is only mentioned in a sentence. BadCall: a known tool's name and then anything but one
    JSON object that fits its schema (status 400), or a JSON object after the name of a tool that the seat does not have
    (404).
    """
    said = without_thoughts(reply).strip()
    found = _CALL.fullmatch(said)
    tool = tools.get(found[1]) if found else None
    if found is not None and tool is not None and (not found[2] or found[2][-1] == "}"):
        try:
            read = _checked(tool, strict(found[2] or "{}"), said)
        except (ValueError, RecursionError):
            return _unwrapped(said, tools)
        if isinstance(read, Call) or "\n" not in said:
            return read
    return _unwrapped(said, tools)


def _unwrapped(said: str, tools: Mapping[str, Tool]) -> Call | BadCall | Illegal:
    """The one call in a longer reply."""
    form = f'reply with one call and nothing else, as NAME {{"argument": value}}; {_known(tools)}'
    if said.startswith('"'):
        try:
            inside = strict(said)
        except (ValueError, RecursionError):
            inside = None
        said = inside.strip() if isinstance(inside, str) else said
    found = find(said, {name: tuple(tool.parameters) for name, tool in tools.items()})
    calls = dict.fromkeys((_judged(each, said, tools), each.plain, each.bare) for each in found)
    whole = {call for call, plain, _ in calls if plain and isinstance(call, Call)}
    # A tool's name alone on its line, without the arguments that it needs, is a heading where there is a call.
    read = {call for call, plain, bare in calls if plain and not (whole and bare and isinstance(call, BadCall))}
    aside = {call for call, plain, _ in calls if not plain and call not in read}
    if len(read) + len(aside) > 1:
        names = ", ".join(dict.fromkeys(call.tool for call, _, _ in calls))
        return Illegal(f"more than one call was made ({names}); {form}")
    if read:
        return read.pop()
    if aside:
        return Illegal(f"a call stands in the midst of a sentence; {form}")
    return _faulty(said, tools) or Illegal(form)


def _judged(found: Found, said: str, tools: Mapping[str, Tool]) -> Call | BadCall:
    tool = tools.get(found.name)
    if tool is None:
        why = f"you have no tool {found.name!r}{suggest(found.name, tools)}; {_known(tools)}"
        return _bad(found.name, said, 404, "no_such_tool", why)
    if found.problem is not None:
        return _bad(tool.name, said, 400, "malformed_json", found.problem)
    return _checked(tool, found.arguments, said)


def _checked(tool: Tool, arguments: Any, said: str) -> Call | BadCall:
    """The call, if the arguments fit the tool's schema."""
    if not isinstance(arguments, dict):
        return _bad(tool.name, said, 400, "malformed_json", NOT_AN_OBJECT)
    import fastjsonschema

    try:
        tool._check(arguments)
    except fastjsonschema.JsonSchemaValueException as error:
        at = ".".join(str(part) for part in error.path[1:])
        return _bad(tool.name, said, 400, "invalid_argument", _explain(tool, error, at), at)
    return Call(tool.name, _dumps(arguments))


def _faulty(said: str, tools: Mapping[str, Tool]) -> BadCall | None:
    """A known tool's name at the very start and then what is no object, such as a list or a number."""
    found = _CALL.fullmatch(said)
    tool = {name.casefold(): tool for name, tool in tools.items()}.get(found[1].casefold()) if found else None
    if found is None or tool is None or not _VALUE.match(found[2]):
        return None
    try:
        strict(found[2])
    except RecursionError:
        return _bad(tool.name, said, 400, "malformed_json", "the arguments are nested too deeply")
    except ValueError:
        pass
    return _bad(tool.name, said, 400, "malformed_json", NOT_AN_OBJECT)


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
    return f"{where} must be {wording(error.definition)}, not {value}"


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


def wording(schema: Mapping[str, Any], quoted: bool = True) -> str:
    """What a value may be, in a few words that leave out no constraint of its schema: ``integer 1 to 30``.

    A text's ``description`` stands in the place of its pattern, or of the word text. ``quoted`` puts the texts of an
    enumeration in quotation marks.
    """
    said = _said(schema, quoted)
    rest = {k: v for k, v in schema.items() if k not in _SAID}
    return f"{said} {json.dumps(rest, sort_keys=True, ensure_ascii=False)}" if rest else said


_SAID = frozenset(
    {"type", "enum", "const", "format", "pattern", "description", "title", "default", "examples"}
    | {"minLength", "maxLength", "minimum", "maximum", "items", "minItems", "maxItems", "uniqueItems"}
)


def _said(schema: Mapping[str, Any], quoted: bool) -> str:
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return "|".join(each if isinstance(each, str) and not quoted else json.dumps(each) for each in values)
    kind = schema.get("type", "value")
    if kind == "array":
        size = _between(schema.get("minItems"), schema.get("maxItems"))
        unlike = "all different" if schema.get("uniqueItems") else ""
        limits = ", ".join(filter(None, (size, unlike)))
        return f"[{wording(schema.get('items', {}), quoted)}, …{': ' if limits else ''}{limits}]"
    if kind == "boolean":
        return "true|false"
    if kind == "string":
        size = _between(schema.get("minLength"), schema.get("maxLength"), " characters")
        form = {"date": "YYYY-MM-DD"}.get(schema.get("format", ""), schema.get("format"))
        pattern = f"text matching {schema['pattern']}" if "pattern" in schema else None
        said = form or schema.get("description", pattern or "text")
        return f"{said}{' of' if size[:1].isdigit() else ''} {size}".rstrip()
    size = _between(schema.get("minimum"), schema.get("maximum"))
    return f"{kind} {size}".rstrip()


def _between(least: Any, most: Any, unit: str = "") -> str:
    """``1 to 30``, ``up to 30``, ``1 or more``, or nothing."""
    if least is None and most is None:
        return ""
    if most is None:
        return f"{least} or more{unit}"
    return f"up to {most}{unit}" if least is None else f"{least}{f' to {most}' if most != least else ''}{unit}"


def example(tools: Mapping[str, Tool]) -> str:
    """A call of one of these tools as a reply: of the first that must be given something, if any must."""
    tool = next((tool for tool in tools.values() if tool.schema["required"]), next(iter(tools.values())))
    return str(call(tool.name, **{name: _any(tool.parameters[name]) for name in tool.schema["required"]}))


def _any(schema: Mapping[str, Any]) -> Any:
    """The first of a schema's ``examples``, or a value that fits it where it is of the simpler kinds."""
    if "examples" in schema or "enum" in schema:
        return schema.get("examples", schema.get("enum"))[0]
    kind = schema.get("type")
    if kind == "array":
        return [_any(schema["items"])] if schema.get("minItems") else []
    if kind == "boolean":
        return False
    if kind in ("integer", "number"):
        return schema.get("minimum", schema.get("maximum", 1))
    return "2025-11-14" if schema.get("format") == "date" else "x" * max(1, schema.get("minLength", 1))


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
