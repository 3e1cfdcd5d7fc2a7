"""The arena's calls as an MCP server, one for each seat: ``…/seats/ID/mcp``, Streamable HTTP with plain JSON answers.

A tool that is called is the seat's move of this turn: it is played when the program's reply ends, whatever that says.
One call a turn, as in the arena; what came of it stands in the next text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lanista import __version__
from lanista.errors import suggest
from lanista.serve.arena_tools import tools_of
from lanista.serve.places import Place
from lanista.serve.seated import Seat

VERSIONS = ("2025-06-18", "2025-03-26")
"""Of the protocol, newest first."""


def answer(place: Place, message: Mapping[str, Any]) -> dict[str, Any] | None:
    """The answer to one JSON-RPC message; None to a notification."""
    if "id" not in message:
        return None
    method, given = message.get("method"), message.get("params")
    head = {"jsonrpc": "2.0", "id": message["id"]}
    result = _result(place, method, given if isinstance(given, dict) else {})
    if result is None:
        return {**head, "error": {"code": -32601, "message": f"there is no method {method!r} here"}}
    return {**head, "result": result}


def _result(place: Place, method: Any, given: Mapping[str, Any]) -> dict[str, Any] | None:
    if method == "initialize":
        asked = given.get("protocolVersion")
        return {
            "protocolVersion": asked if asked in VERSIONS else VERSIONS[0],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "lanista", "version": __version__},
        }
    if method == "ping":
        return {}
    if method == "tools/list":
        functions = [tool["function"] for tool in tools_of(place.arena, place.role)]
        return {
            "tools": [
                {"name": f["name"], "description": f["description"], "inputSchema": f["parameters"]} for f in functions
            ]
        }
    if method == "tools/call":
        said, wrong = _called(place, given.get("name"), given.get("arguments") or {})
        return {"content": [{"type": "text", "text": said}], "isError": wrong}
    return None


def _called(place: Place, name: Any, arguments: Any) -> tuple[str, bool]:
    """What is said of a call, and whether it went wrong."""
    names = [tool["function"]["name"] for tool in tools_of(place.arena, place.role)]
    if name not in names:
        return f"there is no tool {name!r}{suggest(str(name), names)}; there is: {', '.join(names) or 'none'}", True
    if not place.asked:
        return f"seat {place.seat} is not asked now", True
    if place.move is not None:
        return f"this turn's call was made: {place.move}", True
    place.move = Seat.call(name, json.dumps(arguments, ensure_ascii=False))
    return "It is played when you end your reply; what comes of it stands in your next message.", False
