"""Gymnasium ids of the registered arenas: ``werewolf`` is ``lanista/Werewolf-v0``, ``support_desk`` is
``lanista/SupportDesk-v0``.

Importing ``lanista.arenas`` registers them. Gymnasium itself loads no plug-ins any more (its entry-point group went
with 1.0), so a program imports lanista once, or names the module in the id: ``lanista.arenas:lanista/Werewolf-v0``.
Only names are looked up here; an arena is loaded, and an agent made, when ``gymnasium.make`` is called.
"""

from __future__ import annotations

import re

import gymnasium

from lanista.arenas.core import registry

NAMESPACE = "lanista"
_VIEW = "lanista.play.seat_env:SeatEnv"  # by name: arenas import no agents, and Gymnasium imports it at make


def gymnasium_id(arena: str) -> str:
    """The id under which one seat of the arena can be made."""
    words = re.split(r"[\W_]+", arena)
    return f"{NAMESPACE}/{''.join(word[:1].upper() + word[1:] for word in words)}-v0"


def register() -> None:
    """Register every arena that is not registered yet. Of two arenas with one id neither is taken for the other."""
    arenas: dict[str, list[str]] = {}
    for name in registry.names():
        arenas.setdefault(gymnasium_id(name), []).append(name)
    for id_, names in arenas.items():
        if id_ not in gymnasium.registry:
            arena = names[0] if len(names) == 1 else tuple(names)
            gymnasium.register(id_, entry_point=_VIEW, kwargs={"arena": arena}, order_enforce=False)
