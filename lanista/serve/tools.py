"""Tools as text: how a model is told of them, how it calls them, how it reads what they gave.

The same for every model, whatever its chat template knows of tools (see docs/design/017): a call is
``<tool_call>{"name": …, "arguments": {…}}</tool_call>``, a result JSON between ``<tool_response>`` tags. What users and
tools say cannot close a tag: ``</`` inside JSON is written ``<\\/``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

_CALL = re.compile(r"<tool_call>\s*(\{.*?\})\s*</tool_call>", re.DOTALL)


def described(offered: Sequence[Mapping[str, Any]]) -> str:
    """What a system text says of tools, each with ``name``, ``description``, ``parameters`` (a JSON schema)."""
    lines = "\n".join(_json(tool) for tool in offered)
    return (
        f"You may call these tools:\n<tools>\n{lines}\n</tools>\n"
        'To call one, write <tool_call>{"name": NAME, "arguments": {ARGUMENTS}}</tool_call>.'
    )


def written_call(name: str, arguments: str) -> str:
    """A call as a model writes it."""
    try:
        given: Any = json.loads(arguments) if arguments else {}
    except ValueError:
        given = arguments
    return f"<tool_call>{_json({'name': name, 'arguments': given})}</tool_call>"


def written_result(text: str) -> str:
    """What a tool gave, as a model reads it."""
    return f"<tool_response>{_json(text)}</tool_response>"


def found_calls(text: str, names: Collection[str], most: int | None = None) -> tuple[str, list[tuple[str, str]]]:
    """What a reply says beside its calls, and the calls: name and arguments as JSON.

    A call of a tool that was not offered, or that is no JSON, is words like any other. ``most``: words follow after as
    many calls.
    """
    calls: list[tuple[str, str]] = []

    def take(match: re.Match[str]) -> str:
        try:
            made = json.loads(match[1])
        except ValueError:
            return match[0]
        if not isinstance(made, dict) or made.get("name") not in names or (most is not None and len(calls) >= most):
            return match[0]
        arguments = made.get("arguments", {})
        if not isinstance(arguments, dict):
            return match[0]
        calls.append((made["name"], json.dumps(arguments, ensure_ascii=False)))
        return ""

    rest = _CALL.sub(take, text)
    return (rest.strip() if calls else text), calls


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("</", "<\\/")
