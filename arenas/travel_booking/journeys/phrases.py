"""How people say what they want: every kind of wish in several wordings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from lanista.arenas.travel_booking.journeys.places import PLACES

_TOLD: dict[str, tuple[Callable[[Any], str], ...]] = {
    "direct": (
        lambda v: "a flight without a stop",
        lambda v: "no changing planes, it makes me ill",
        lambda v: "straight there in one go",
    ),
    "after": (
        lambda v: f"leaving at {time(v)} or later",
        lambda v: f"nothing that takes off before {time(v)}, I am no early bird",
        lambda v: f"I have to work until then, so {time(v)} at the earliest",
    ),
    "before": (
        lambda v: f"leaving by {time(v)}",
        lambda v: f"in the air by {time(v)} at the latest",
        lambda v: f"I do not want to sit around: off by {time(v)}",
    ),
    "airline": (
        lambda v: f"flying {v}",
        lambda v: f"{v}, if they go there",
        lambda v: f"my favourites are {v}",
    ),
    "not_airline": (
        lambda v: f"not flying {v}",
        lambda v: f"anybody but {v}",
        lambda v: f"never again with {v}",
    ),
    "bag": (
        lambda v: "a checked bag on every flight",
        lambda v: "my suitcase has to go in the hold, all the way",
        lambda v: "I do not travel with hand luggage alone, I check one in each time",
    ),
    "status": (
        lambda v: f"{v} of the flights or more with the airline whose card I hold",
        lambda v: f"for my status I have to fly {v} times or more with the airline of my card",
        lambda v: f"at least {v} of our flights with my own airline, you have my card on file",
    ),
    "stars": (
        lambda v: f"a hotel of {v} stars or more",
        lambda v: f"nothing under {v} stars to sleep in",
        lambda v: f"{v} stars at the least",
    ),
    "breakfast": (
        lambda v: "a hotel with breakfast",
        lambda v: "breakfast in the house",
        lambda v: "I will not hunt for a coffee in the morning: breakfast where we sleep",
    ),
    "area": (
        lambda v: f"a hotel at the {v}",
        lambda v: f"sleeping at the {v}",
        lambda v: f"to stay by the {v}",
    ),
}


def time(minutes: int) -> str:
    """Minutes of the day as ``HH:MM``."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def wish(each: Sequence[Any], style: int, data: Mapping[str, Any] | None = None) -> str:
    """A wish ``[kind, who, at, value]`` as somebody says it; ``data`` has the legs and stays that ``at`` counts."""
    kind, who, at, value = each
    said: str = _TOLD[kind][(style + len(who) + at) % 3](value)
    if at < 0 or data is None:
        return said
    if kind in ("stars", "breakfast", "area"):
        return f"in {data['stays'][at][0]}: {said}"
    frm, to = data["legs"][at][:2]
    return f"{frm} to {to}: {said}"


def wishes(data: Mapping[str, Any], style: int) -> list[str]:
    """Lines of what everybody must have and would like."""
    lines = []
    for lead, name in (("must have", "musts"), ("would like", "likes")):
        people = dict.fromkeys(each[1] for each in data[name])
        for who in people:
            said = "; ".join(wish(each, style, data) for each in data[name] if each[1] == who)
            lines.append(f"{who} {lead}: {said}.")
    return lines


def city(code: str) -> str:
    """``London (LON)``."""
    return f"{PLACES[code].name} ({code})"


def listed(names: Iterable[str]) -> str:
    """``Ada, Ben and Cleo``."""
    *most, last = list(names) or ["nobody"]
    return f"{', '.join(most)} and {last}" if most else last
