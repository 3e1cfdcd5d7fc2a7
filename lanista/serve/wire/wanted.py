"""A request as both dialects mean it, and the reading of fields that both have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lanista.errors import suggest
from lanista.serve.errors import bad, unsupported
from lanista.serve.messages import Message, ToolCall

AUXILIARY = "auxiliary"
"""The tag of calls that only serve a framework: after a colon in the model's name, or as metadata ``lanista``."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a request asks for. None: the seat decides, as it does of everything that is not here."""

    model: str
    messages: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...] = ()
    """``name``, ``description``, ``parameters`` of each."""
    calls: int | None = None
    """How many tool calls a reply may hold; None: any number."""
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    stream: bool = False
    usage: bool = False
    """Whether the stream ends with the usage."""
    logprobs: bool = False
    token_ids: bool = False
    auxiliary: bool = False
    store: bool = True
    echo: Mapping[str, Any] = field(default_factory=dict)
    """Of the request, what its response repeats."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """A reply that was written down, and all that a response tells of it."""

    id: str
    created: int
    model: str
    message: Message
    finish: str
    """``stop``, ``length`` or ``tool_calls``."""
    prompt_ids: Sequence[int]
    ids: Sequence[int]
    logps: Sequence[float]
    pieces: Sequence[str] = ()
    """The text of each id, where log-probabilities are asked for."""

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """Tools that it calls."""
        return self.message.calls


def mapping(value: Any, where: str) -> Mapping[str, Any]:
    """Raises ApiError where a value is no object."""
    if not isinstance(value, dict):
        raise bad(f"{where} is an object, not {_told(value)}", where, "invalid_type")
    return value


def items(value: Any, where: str) -> list[Any]:
    """Raises ApiError where a value is no list."""
    if not isinstance(value, list):
        raise bad(f"{where} is a list, not {_told(value)}", where, "invalid_type")
    return value


def text(value: Any, where: str) -> str:
    """Raises ApiError where a value is no text."""
    if not isinstance(value, str):
        raise bad(f"{where} is a text, not {_told(value)}", where, "invalid_type")
    return value


def flag(value: Any, where: str) -> bool:
    """Raises ApiError where a value is not true or false."""
    if not isinstance(value, bool):
        raise bad(f"{where} is true or false, not {_told(value)}", where, "invalid_type")
    return value


def whole(value: Any, where: str, least: int | None = None) -> int:
    """Raises ApiError where a value is no whole number, or below ``least``."""
    if isinstance(value, bool) or not isinstance(value, int) or (least is not None and value < least):
        raise bad(
            f"{where} is a whole number{'' if least is None else f' of at least {least}'}, not {_told(value)}", where
        )
    return value


def number(value: Any, where: str) -> float:
    """Raises ApiError where a value is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise bad(f"{where} is a number, not {_told(value)}", where, "invalid_type")
    return float(value)


def content(value: Any, where: str, kinds: Sequence[str]) -> str:
    """The text of a message's content: a text, or a list of parts of these kinds.

    Raises ApiError for images and such.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    found = []
    for place, part in enumerate(items(value, where)):
        kind = mapping(part, f"{where}[{place}]").get("type")
        if kind not in kinds:
            raise unsupported(
                f"{where}[{place}] is of type {kind!r}, and a seat reads text only ({', '.join(kinds)})",
                f"{where}[{place}].type",
            )
        found.append(text(part.get("text"), f"{where}[{place}].text"))
    return "".join(found)


def check(body: Mapping[str, Any], known: Sequence[str], idle: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """The request without what is null. ``idle``: keys that change nothing at these values (() is any value).

    Raises ApiError for a key that is not known, and for an idle one with another value.
    """
    said = {key: value for key, value in body.items() if value is not None}
    for key, value in said.items():
        if key in idle:
            allowed = idle[key]
            if allowed and value not in allowed:
                raise unsupported(f"{key} {_told(value)} cannot be honoured here: leave it away", key)
        elif key not in known:
            raise bad(f"unknown parameter {key!r}{suggest(key, known)}", key, "unknown_parameter")
    return said


def model(said: Mapping[str, Any]) -> tuple[str, bool]:
    """The model's name, and whether the request is tagged as auxiliary by it or by its metadata."""
    if "model" not in said:
        raise bad("a request names its model", "model", "missing_required_parameter")
    name, colon, tag = text(said["model"], "model").rpartition(":")
    tagged = bool(colon) and tag == AUXILIARY
    metadata = mapping(said.get("metadata", {}), "metadata")
    return (name if tagged else said["model"]), tagged or metadata.get("lanista") == AUXILIARY


def tool(spec: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A function's name, description and parameters."""
    found: dict[str, Any] = {"name": text(spec.get("name"), f"{where}.name")}
    if spec.get("description"):
        found["description"] = text(spec["description"], f"{where}.description")
    parameters = spec.get("parameters")
    found["parameters"] = (
        {"type": "object", "properties": {}} if parameters is None else dict(mapping(parameters, where))
    )
    return found


def unique(tools: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Raises ApiError where two tools have one name."""
    names = [each["name"] for each in tools]
    for name in names:
        if names.count(name) > 1:
            raise bad(f"two tools are called {name!r}", "tools")
    return tuple(tools)


def choice(value: Any, tools: Sequence[Mapping[str, Any]]) -> bool:
    """Whether tools may be called: ``auto`` or ``none``. A choice that forces a call cannot be honoured."""
    if value == "auto":
        return True
    if value == "none":
        return False
    if isinstance(value, dict):
        inner = value.get("function")
        name = inner.get("name") if isinstance(inner, dict) else value.get("name")
        names = [each["name"] for each in tools]
        if name not in names:
            raise bad(
                f"tool_choice names the tool {name!r}, and tools has: {', '.join(names) or 'none'}", "tool_choice"
            )
    raise unsupported(
        f"tool_choice {_told(value)} cannot be honoured: what is sampled is the model's own", "tool_choice"
    )


def format_(value: Any, where: str) -> None:
    """Raises ApiError for a format of replies other than text."""
    if mapping(value, where).get("type") != "text":
        raise unsupported(f"{where} {value.get('type')!r} cannot be honoured: replies are text", where)


def _told(value: Any) -> str:
    said = repr(value)
    return said if len(said) <= 60 else said[:59] + "…"
