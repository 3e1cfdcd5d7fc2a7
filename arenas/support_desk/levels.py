"""The levels of the desk: what `expert` adds to the standard game, option by option."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

STANDARD, EXPERT = "standard", "expert"
LEVELS = (STANDARD, EXPERT)


class Options(NamedTuple):
    """The options in force, each of them a key of the config."""

    untold: bool = False
    notes: bool = False
    raw: bool = False
    articles: bool = False
    voices: bool = False
    limits: bool = False
    late: bool = False
    haggling: bool = False
    doubts: bool = False
    impostors: bool = False
    callbacks: bool = False


def named_options(hard: Options) -> tuple[str, ...]:
    """The names of the options that are on."""
    return _named(hard)


@lru_cache(maxsize=256)
def _named(hard: Options) -> tuple[str, ...]:
    return tuple(name for name, on in hard._asdict().items() if on)


PLAIN = Options()
"""The standard game."""

NEEDS: Mapping[str, str] = {
    "limits": "raw",
    "articles": "raw",
    "callbacks": "notes",
    "late": "untold",
    "haggling": "voices",
    "doubts": "voices",
    "impostors": "voices",
}
"""Options that make no sense without another one."""

EXPERT_KEYS: Mapping[str, Any] = {
    "faults": 3,
    "cooperation": "mixed",
    "error_rate": 0.2,
    "distractors": 1,
    "horizon": 80,
}
"""What the expert level makes of the keys of the difficulty vector that are left at their default."""

CAUSES = (0.1, 0.4, 0.5)
"""How often a case has one, two, three causes where their number is not told."""

LATE_RATE = 0.25
"""How often an outage begins during the call, where nothing else is wrong with the internet."""

AGAIN_MINUTES, AGAIN_PATIENCE = 120, 10
"""When a customer calls again whose case was closed too early, and the patience that they have then."""
AGAIN_SHARE = 0.3
"""What a case is worth that took a second call."""
IMPOSTOR_RATE = 0.12
"""How often whoever calls is not the customer, where something of the account is wrong."""
ATTEMPTS = 3
"""Wrong answers to one check after which a caller is a stranger. Customers err in it twice at most."""

NOTE_LIMIT = 700
"""Characters of a note."""
HANDOVER_PATIENCE = 2
"""What the customer loses of their patience by being handed on, where notes are all that goes along."""
