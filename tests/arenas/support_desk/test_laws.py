"""The laws on the hard kinds of case, and with the customer at the table; the default kind is
tested with all arenas."""

from __future__ import annotations

import random

import pytest

from lanista.arenas import get
from lanista.arenas.core import conformance
from lanista.arenas.support_desk.counterfactual import counterfactual

KINDS: tuple[dict[str, object], ...] = (
    {"customer": "seat"},
    {"customer": "seat", "faults": 2, "masking": True, "cooperation": "difficult"},
    {"faults": 3, "masking": True, "cooperation": "difficult", "error_rate": 0.4, "distractors": 2, "horizon": 40},
    {"topic": "billing", "conflicts": True, "cooperation": "mixed", "brief": "short"},
)
GAMES = {"privacy": 4, "shotgun": 1}
LAWS = [law for law in conformance.LAWS if law != "pettingzoo"]


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("law", LAWS)
def test_every_law_on_every_kind(law: str, kind: dict[str, object]) -> None:
    if law == "limits" and kind.get("brief") == "short":
        pytest.skip("a short brief leaves the tools to be learned from games")
    conformance.LAWS[law](get("support_desk"), GAMES.get(law, 2), 50, **kind)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_privacy_over_many_cases(kind: dict[str, object]) -> None:
    conformance.privacy(get("support_desk"), 300, 10_000, **kind)


def test_the_counterfactuals_differ_in_the_hidden_truth() -> None:
    """Where more than one world is open, most counterfactuals are of another one."""
    arena = get("support_desk")
    rng = random.Random(0)
    other_truths, pairs = 0, 0
    for seed in range(40):
        state = arena.rules.deal(seed, arena.configure())
        moves = {"router_0": arena.rules.ask(state, "router_0").choices[0]}
        found = counterfactual(state, moves, "router_0", rng)
        assert found is not None
        pairs += 1
        other_truths += found[0].case.truth != state.case.truth
    assert other_truths == pairs
