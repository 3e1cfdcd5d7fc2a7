"""The golden transcripts are what the arena still says; ``golden.py`` writes them anew."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

HERE = Path(__file__).parent
VIEWS: dict[str, str] = runpy.run_path(str(HERE / "golden.py"))["transcripts"]()


def test_every_role_has_a_view() -> None:
    assert set(VIEWS) == {"villager", "werewolf", "seer", "doctor", "witch", "hunter"}


@pytest.mark.parametrize("role", VIEWS)
def test_the_view_is_the_golden_one(role: str) -> None:
    golden = (HERE / "golden" / f"{role}.txt").read_text(encoding="utf-8")
    assert VIEWS[role] == golden, "the wording changed: run golden.py, and read what it wrote"


@pytest.mark.parametrize("role", VIEWS)
def test_a_view_names_the_others_roles_only_where_they_were_made_known(role: str) -> None:
    """Apart from what dead players' cards, claims and the end show, a role's name follows no seat's."""
    lines = VIEWS[role].splitlines()[:-1]
    made_known = ("Died in the night:", "Votes for", "player_2, the hunter, shoots")
    for line in lines:
        if not line.startswith(made_known):
            assert "(werewolf)" not in line
            assert "(villager)" not in line
    assert ("The pack" in VIEWS[role]) == (role == "werewolf")
    assert ("learns that player" in VIEWS[role]) == (role == "seer")
