"""The levels of the desk: what `expert` adds to the standard game, option by option."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

STANDARD, EXPERT = "standard", "expert"
LEVELS = (STANDARD, EXPERT)


class Options(NamedTuple):
    """The options in force, each of them a key of the config."""

    untold: bool = False
    notes: bool = False
    raw: bool = False
    voices: bool = False
    limits: bool = False
    late: bool = False


PLAIN = Options()
"""The standard game."""

NEEDS: Mapping[str, str] = {"limits": "raw", "late": "untold"}
"""Options that make no sense without another one."""

EXPERT_KEYS: Mapping[str, Any] = {
    "faults": 3,
    "cooperation": "mixed",
    "error_rate": 0.1,
    "distractors": 1,
    "horizon": 80,
}
"""What the expert level makes of the keys of the difficulty vector that are left at their default."""

CAUSES = (0.3, 0.4, 0.3)
"""How often a case has one, two, three causes where their number is not told."""

LATE_RATE = 0.25
"""How often an outage begins during the call, where nothing else is wrong with the internet."""

NOTE_LIMIT = 700
"""Characters of a note."""
HANDOVER_PATIENCE = 2
"""What the customer loses of their patience by being handed on, where notes are all that goes along."""
