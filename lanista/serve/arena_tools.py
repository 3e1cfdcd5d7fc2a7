"""What an arena lets a seat call, as OpenAI's functions: for programs whose framework wants tools."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from lanista.arenas.core.contract import Event
from lanista.arenas.core.tools import Tool


@lru_cache(maxsize=256)
def tools_of(arena: str, role: str, options: tuple[str, ...] = ()) -> tuple[dict[str, Any], ...]:
    """The tools of a role; () where the arena has none.

    ``options`` are those of the game that add tools (``options_of``); what follows from other keys of a config is
    offered in its fullest form.

    A call of one is a reply, ``NAME {"argument": value}``: see ``Seat.call``.
    """
    found = _ARENAS.get(arena)
    return tuple(as_function(tool) for tool in found(role, options).values()) if found is not None else ()


def options_of(events: Sequence[Event]) -> tuple[str, ...]:
    """The options that a seat's brief names; () where it names none."""
    return next((tuple(event.data["options"]) for event in events if "options" in event.data), ())


def as_function(tool: Tool) -> dict[str, Any]:
    """A tool as OpenAI writes it."""
    return {"type": "function", "function": {"name": tool.name, "description": tool.doc, "parameters": tool.schema}}


def _support_desk(role: str, options: tuple[str, ...]) -> Mapping[str, Tool]:
    from lanista.arenas.support_desk.calls import TOOLS, tools_of

    return tools_of(role, options) if role in TOOLS else {}


def _travel_booking(role: str, options: tuple[str, ...]) -> Mapping[str, Tool]:
    from lanista.arenas.travel_booking.calls import tools

    kinds = {"traveller": ("answer", "tell")}.get(role, (role,))
    return {name: tool for kind in kinds for name, tool in tools(kind, products=3).items()}


_ARENAS: Mapping[str, Callable[[str, tuple[str, ...]], Mapping[str, Tool]]] = {
    "support_desk": _support_desk,
    "travel_booking": _travel_booking,
}
