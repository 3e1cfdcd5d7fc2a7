"""The shape of a game's record, for reading what somebody else may have written."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

TEXT = {"type": "string"}
NUMBER = {"type": "number"}
SEATS = {"type": ["array", "null"], "items": TEXT}


def _object(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields)}


def _map(of: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": of}


def _list(of: Any) -> dict[str, Any]:
    return {"type": "array", "items": of}


def _row(*of: Any) -> dict[str, Any]:
    return {"type": "array", "items": list(of), "minItems": len(of), "maxItems": len(of)}


EVENT = _object(kind=TEXT, data={"type": "object"}, to=SEATS, text=TEXT)
TURN = _object(
    seat=TEXT,
    kind=TEXT,
    prompt=TEXT,
    attempts=_list(_row(TEXT, TEXT)),
    reply=TEXT,
    action=TEXT,
    by={"enum": ["seat", "fallback", "forfeit"]},
    why={"type": ["string", "null"]},
)
STEP = _object(
    phase=TEXT, turns=_list(TURN), events=_list(EVENT), terms=_list(_row(TEXT, TEXT, NUMBER)), results={"type": "array"}
)
OUTCOME = {
    "anyOf": [
        {"type": "null"},
        _object(winner={"type": ["string", "null"]}, scores=_map(NUMBER), facts={"type": "object"}),
    ]
}
RECORD = _object(
    arena=TEXT,
    version=TEXT,
    hash=TEXT,
    config={"type": "object"},
    preset=TEXT,
    seed={"type": "integer"},
    players=_map(TEXT),
    roles=_map(TEXT),
    teams=_map(_list(TEXT)),
    weights=_map(NUMBER),
    opening=_list(EVENT),
    steps=_list(STEP),
    outcome=OUTCOME,
    returns=_map(NUMBER),
    journal=_list({"type": "object"}),
)
"""JSON Schema (draft 7) of ``Episode.to_dict``."""


@lru_cache
def checker() -> Callable[[Any], Any]:
    """A function that raises ValueError, naming the place, for what is no record."""
    import fastjsonschema

    check: Callable[[Any], Any] = fastjsonschema.compile(
        {"$schema": "http://json-schema.org/draft-07/schema#", **RECORD}
    )
    return check
