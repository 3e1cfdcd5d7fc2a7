"""docs/agents/travel-booking.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from travel_cases import BOUNDS

from lanista.agents import registry
from lanista.agents.travel_booking.novice import HABITS
from lanista.arenas import get

PAGE = (Path(__file__).parents[3] / "docs" / "agents" / "travel-booking.md").read_text(encoding="utf-8")


def test_every_habit_is_there_with_its_probability() -> None:
    assert dict(re.findall(r"^\| ([a-z ]+) \| ([\d.]+) \| ", PAGE, re.MULTILINE)) == {
        name: f"{p:g}" for name, p in HABITS.items()
    }


def test_the_bounds_are_those_that_are_tested() -> None:
    said = re.search(r"at least ([\d.]+), ([\d.]+) and ([\d.]+) completed", PAGE)
    assert said is not None
    assert tuple(map(float, said.groups())) == tuple(BOUNDS[level] for level in ("easy", "medium", "hard"))


def test_both_are_registered_and_teach() -> None:
    assert set(get("travel_booking").teachers) <= {"travel_novice", "travel_expert"}
    for name in ("travel_novice", "travel_expert"):
        assert registry.make(name).name == name
