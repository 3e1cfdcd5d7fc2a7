"""The laws, held against every registered arena: ours and whatever else is installed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lanista.arenas import get, names
from lanista.arenas.core import conformance
from lanista.play import degenerate


@pytest.mark.parametrize("law", conformance.LAWS)
@pytest.mark.parametrize("arena", names())
def test_every_arena_keeps_every_law(arena: str, law: str) -> None:
    conformance.LAWS[law](get(arena), 3, 1)


@pytest.mark.parametrize("arena", names())
def test_agents_without_judgement_stay_under_the_bound(arena: str) -> None:
    degenerate.check(get(arena), games=30)


def test_a_bound_that_is_too_low_is_caught() -> None:
    with pytest.raises(AssertionError, match="over the stated bound"):
        degenerate.check(replace(get("werewolf"), degenerate_bound=0.01), games=20)


@pytest.mark.slow
@pytest.mark.parametrize("law", [law for law in conformance.LAWS if law != "pettingzoo"])
@pytest.mark.parametrize("arena", names())
def test_every_arena_keeps_every_law_over_many_games(arena: str, law: str) -> None:
    conformance.LAWS[law](get(arena), 60, 1000)
