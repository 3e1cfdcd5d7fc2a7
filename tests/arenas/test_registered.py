"""The laws, held against every registered arena: ours and whatever else is installed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lanista.arenas import get, names
from lanista.arenas.core import conformance
from lanista.play import degenerate

TASKS = [name for name in names() if get(name).success is not None]
"""Arenas of a task, where a stronger search for scripts than the law's own is made below."""


@pytest.mark.parametrize(
    ("arena", "law"), [(n, law) for n in names() for law in conformance.LAWS if n not in TASKS or law != "shotgun"]
)
def test_every_arena_keeps_every_law(arena: str, law: str) -> None:
    conformance.LAWS[law](get(arena), 3, 1)


@pytest.mark.parametrize("games", [1, pytest.param(5, marks=pytest.mark.slow)])
@pytest.mark.parametrize("arena", TASKS)
def test_scripts_made_of_what_teachers_say_stay_under_the_bound(arena: str, games: int) -> None:
    degenerate.shotgun(get(arena), games, 1)


@pytest.mark.parametrize("arena", names())
def test_agents_without_judgement_stay_under_the_bound(arena: str) -> None:
    degenerate.check(get(arena), games=20)


def test_a_bound_that_is_too_low_is_caught() -> None:
    with pytest.raises(AssertionError, match="over the stated bound"):
        degenerate.check(replace(get("werewolf"), degenerate_bound=0.01), games=20)


@pytest.mark.slow
@pytest.mark.parametrize("law", [law for law in conformance.LAWS if law != "pettingzoo"])
@pytest.mark.parametrize("arena", names())
def test_every_arena_keeps_every_law_over_many_games(arena: str, law: str) -> None:
    conformance.LAWS[law](get(arena), 60, 1000)
