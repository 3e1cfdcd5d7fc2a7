"""What a seat's brief adds at the hard levels, option by option."""

from __future__ import annotations

from lanista.arenas.support_desk import house
from lanista.arenas.support_desk.calls import SPECIALISTS, SUMMARIZER, TECHNICAL
from lanista.arenas.support_desk.house import House
from lanista.arenas.support_desk.levels import ATTEMPTS, Options


def hard_lines(hard: Options, role: str, rules: House) -> list[str]:
    """The lines that a role's brief ends with, for the options in force."""
    lines = house.text(rules, role) if hard.limits else []
    if hard.articles and role == TECHNICAL:
        lines.append(_ARTICLES)
    if hard.impostors and role != SUMMARIZER:
        lines.append(_STRANGERS)
    if hard.haggling and role in SPECIALISTS:
        lines.append(_REASONS)
    if hard.callbacks and role != SUMMARIZER:
        lines.append("A customer whose case is closed with something left calls again, once, and it counts for less.")
    if hard.notes:
        lines.append(_NOTES_READ if role == SUMMARIZER else _NOTES_WRITTEN)
    return lines


_ARTICLES = (
    "The least margin of a line and the current firmware stand in the articles (look_up): the latest that is released "
    "holds; drafts and forum posts do not."
)
_STRANGERS = (
    f"- {ATTEMPTS} wrong answers to one check in a call: the caller is a stranger. Change nothing, tell nothing more "
    "and call a human; the ticket names no cause but those that were explained."
)
_REASONS = (
    "A customer who refuses a step or a change, or holds on to another cause, wants a reason: what a question or "
    "reading in this call has shown that would not be so without the cause. One who asks for what a rule forbids wants "
    "that rule (refund: too much or too old; discount; waiver; credit: too much in all), once you have read what it "
    "goes by. A cause that they dispute or ask something for is not explained yet: reason first, then explain again."
)
_NOTES_WRITTEN = (
    "What you heard, read or did reaches the other seats only through your note, and the ticket is written out of "
    "notes alone. Being handed on costs the customer patience, and so does what they are asked for a second time."
)
_NOTES_READ = "You heard nothing of the call: all you have are the notes of the others. Only a right ticket counts."
