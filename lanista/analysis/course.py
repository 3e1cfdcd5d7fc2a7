"""The course of one game as its page shows it: beliefs moment by moment, votes meant and cast, what speeches moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lanista.analysis import beliefs
from lanista.analysis.beliefs import Held
from lanista.analysis.persuasion import Ballot, Moved, Speeches
from lanista.arenas.core.contract import Seat
from lanista.stats import Interval


@dataclass(frozen=True, slots=True)
class Moment:
    """What was believed at one moment. ``place``: the number of the speech that came before; None at dawn."""

    day: int
    place: int | None
    held: Held
    last: bool
    """Whether the votes are next."""


def believed(table: Speeches) -> list[Moment]:
    """Beliefs at dawn, after each speech and before the votes of every day on which people spoke."""
    found: list[Moment] = []
    for day in table.days():
        places = table.of(day)
        before: int | None = None
        for n in places:
            branch = table.moments[n][0]
            found.append(
                Moment(day, before, beliefs.held(branch, table.agents, table.id, in_words=before is None), False)
            )
            before = n
        closed = table.closed(day)
        found.append(Moment(day, before, beliefs.held(closed, table.agents, table.id, in_words=True), True))
    return found


def course(seats: Sequence[Seat], table: Speeches, moved: Sequence[Moved], moments: Sequence[Moment]) -> dict[str, Any]:
    """Plain JSON values. Matrices are in the order of ``seats``: rows observe, in whole percent, null where unknown."""
    by_day: dict[str, Any] = {}
    before: Held | None = None
    for moment in moments:
        day = by_day.setdefault(str(moment.day), {"moments": [], "would": _shares(seats, table.spoken(moment.day))})
        stir = None if before is None else beliefs.stirred(before, moment.held, table.pack)
        day["moments"].append(
            {
                "place": moment.place,
                "held": _matrix(seats, moment.held),
                "stirred": None if stir is None else round(stir, 4),
            }
        )
        before = moment.held or before
    return {"seats": list(seats), "days": by_day, "speeches": [spoken(one) for one in moved]}


def spoken(one: Moved) -> dict[str, Any]:
    """What a speech moved, as plain JSON values."""
    return {
        "day": one.day,
        "place": one.place,
        "seat": one.seat,
        "moved": round(one.moved, 4),
        "persuades": _rounded(one.own),
        "covers": round(one.cover, 4) + 0.0,
        "aims": None if one.aim is None else round(one.aim, 4) + 0.0,
        "shift": {seat: round(value, 4) for seat, value in one.shift.items() if value},
    }


def _matrix(seats: Sequence[Seat], held: Held) -> list[list[int | None] | None]:
    return [
        [None if of not in held[seat] else round(100 * held[seat][of]) for of in seats] if seat in held else None
        for seat in seats
    ]


def _shares(seats: Sequence[Seat], ballot: Ballot) -> dict[Seat, dict[Seat, float]]:
    """voter -> (target -> share of the forks in which it would have been voted for)."""
    found: dict[Seat, dict[Seat, float]] = {}
    for seat in seats:
        named = [target for votes in ballot if (target := votes.get(seat)) is not None]
        if named:
            counts = Counter(named)
            found[seat] = {target: round(counts[target] / len(named), 4) for target in sorted(counts)}
    return found


def _rounded(value: Interval) -> list[float | None]:
    return [round(number, 4) + 0.0 if abs(number) < 1e9 else None for number in value]
