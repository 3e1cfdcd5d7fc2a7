"""What an arena lets a seat call, as OpenAI's functions: for programs whose framework wants tools."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from lanista.arenas.core.tools import Tool


@lru_cache(maxsize=256)
def tools_of(arena: str, role: str) -> tuple[dict[str, Any], ...]:
    """The tools of a role, in the fullest config; () where the arena has none.

    A call of one is a reply, ``NAME {"argument": value}``: see ``Seat.call``.
    """
    found = _ARENAS.get(arena)
    return tuple(as_function(tool) for tool in found(role).values()) if found is not None else ()


def as_function(tool: Tool) -> dict[str, Any]:
    """A tool as OpenAI writes it."""
    return {"type": "function", "function": {"name": tool.name, "description": tool.doc, "parameters": tool.schema}}


def _support_desk(role: str) -> Mapping[str, Tool]:
    from lanista.arenas.support_desk.calls import TOOLS

    return TOOLS.get(role, {})


def _travel_booking(role: str) -> Mapping[str, Tool]:
    from lanista.arenas.travel_booking.calls import tools

    kinds = {"traveller": ("answer", "tell")}.get(role, (role,))
    return {name: tool for kind in kinds for name, tool in tools(kind, products=3).items()}


_ARENAS: Mapping[str, Callable[[str], Mapping[str, Tool]]] = {
    "support_desk": _support_desk,
    "travel_booking": _travel_booking,
}
