"""Notes of a scripted desk: what a seat knows in one line, and what the line says to the next seat.

A note holds everything that its writer has on file, so the last one counts and the ones before fill its gaps. A seat
that finds no note of this kind, or prose, knows nothing by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lanista.arenas.support_desk.faults import NAMES, STEPS, TESTS, WRITES, named
from lanista.arenas.support_desk.policy import FACTORS

if TYPE_CHECKING:
    from lanista.agents.support_desk.file import File

_LISTS: Mapping[str, tuple[str, ...]] = {
    "steps": tuple(STEPS),
    "id": FACTORS,
    "agreed": tuple(WRITES),
    "told": NAMES,
    "done": tuple(WRITES),
    "needs": ("technician", "human"),
}
"""The parts of a note that name things, and the things that they may name."""


def write(file: File, end: str = "", needs: Iterable[str] = ()) -> str:
    """The note of everything on file; ``end`` is how the seat ends the call, ``needs`` whom its causes need."""
    done = [tool for tool in dict.fromkeys(file.changes) if tool in WRITES]
    parts = {
        "seen": " ".join(f"{test}={outcome}" for test, outcome in file.shown.items()),
        "steps": " ".join(dict.fromkeys(step for bit in file.steps for step in _STEP_OF[named(bit)[0]])),
        "id": " ".join(sorted(file.identity)),
        "failed": " ".join(f"{factor}={number}" for factor, number in sorted(file.failed.items())),
        "agreed": " ".join(sorted(file.agreed)),
        "told": " ".join(sorted(file.explained)),
        "done": " ".join(done),
        "needs": " ".join(sorted(needs)),
        "late": "outage" if file.broke else "",
        "until": str(file.numbers.get("until", "")),
        "end": end,
    }
    said = [f"{name} {value}" for name, value in parts.items() if value]
    return "; ".join([file.symptom, *said])


def read(data: Mapping[str, Any], file: File) -> dict[str, Any]:
    """What the notes of a ``casefile`` event say, added to what this seat has on file, as a full case file has it."""
    found: dict[str, Any] = {
        "symptom": file.symptom,
        "seen": {},
        "steps": [],
        "identity": sorted(file.identity),
        "agreed": sorted(file.agreed),
        "explained": sorted(file.explained),
        "changes": list(file.changes),
        "needs": sorted(file.needs),
        "failed": {},
        "broke": file.broke,
        "until": None,
        "end": "abandoned" if data["left"] else file.end,
    }
    for note in data["notes"]:
        symptom, _, rest = note["text"].partition(";")
        found["symptom"] = found["symptom"] or symptom.strip()
        for part in rest.split(";"):
            name, _, value = part.strip().partition(" ")
            _take(found, name, value.split())
    return found


def _take(found: dict[str, Any], name: str, words: list[str]) -> None:
    """One part of a note into the case file; words that name nothing are left out."""
    if name == "seen":
        pairs = (word.partition("=") for word in words)
        found["seen"] |= {test: outcome for test, _, outcome in pairs if test in TESTS and outcome}
    elif name == "failed":
        pairs = (word.partition("=") for word in words)
        found["failed"] |= {f: int(number) for f, _, number in pairs if f in FACTORS and number.isdecimal()}
    elif name == "late":
        found["broke"] = True
    elif name in ("until", "end"):
        found[name] = found[name] or (words[0] if words else None)
    elif name in _LISTS:
        key = {"id": "identity", "told": "explained", "done": "changes"}.get(name, name)
        found[key] += [word for word in words if word in _LISTS[name] and word not in found[key]]


_STEP_OF = {fault: (step,) for step, fault in STEPS.items()}
