"""What a seat's brief adds at the hard levels, option by option."""

from __future__ import annotations

from lanista.arenas.support_desk import house
from lanista.arenas.support_desk.calls import SUMMARIZER
from lanista.arenas.support_desk.house import House
from lanista.arenas.support_desk.levels import Options


def hard_lines(hard: Options, role: str, rules: House) -> list[str]:
    """The lines that a role's brief ends with, for the options in force."""
    lines = house.text(rules, role) if hard.limits else []
    if hard.notes:
        lines.append(_NOTES_READ if role == SUMMARIZER else _NOTES_WRITTEN)
    return lines


_NOTES_WRITTEN = (
    "What you heard, read or did reaches the other seats only through your note, and the ticket is written out of "
    "notes alone. Being handed on costs the customer patience, and so does what they are asked for a second time."
)
_NOTES_READ = "You heard nothing of the call: all you have are the notes of the others. Only a right ticket counts."
