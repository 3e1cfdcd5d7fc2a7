"""The law against scripts that read nothing finds them where they pay."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lanista.arenas import Outcome, get
from lanista.arenas.core.shotgun import search, shotgun
from lanista.play import degenerate

DESK = get("support_desk")


class Adds(type(DESK.rules)):  # type: ignore[misc]
    """Pays the desk for every part by itself, whether or not the case is resolved."""

    def outcome(self, state: Any) -> Outcome | None:
        found: Outcome | None = super().outcome(state)
        if found is None:
            return None
        grade = state.grade
        parts = 0.4 + 0.2 * grade.told + 0.15 * grade.frame + 0.15 * grade.policy + 0.1 * grade.ticket
        return replace(found, scores={"desk": grade.goal * parts})


ADDS = replace(DESK, rules=Adds())


def test_a_score_that_is_had_without_the_goal_is_caught() -> None:
    with pytest.raises(AssertionError, match="had without the goal; multiply by it"):
        degenerate.shotgun(ADDS, 2, 1)


VERIFY = tuple(f'verify {{"factor": "{factor}"}}' for factor in ("pin", "postcode", "birthdate"))
TECHNICIAN, HUMAN = 'escalate {"to": "technician"}', 'escalate {"to": "human"}'


def steps(*names: str) -> tuple[str, ...]:
    return tuple(f'instruct {{"step": "{name}"}}' for name in names)


def does(*names: str) -> tuple[str, ...]:
    return tuple(f"{name} {{}}" for name in names)


TO_TECHNICAL, TO_BILLING = 'route {"to": "technical"}', 'route {"to": "billing"}'
BY_HAND = (
    (TO_TECHNICAL, *VERIFY, *steps("reseat_cable", "router_mode", "reset_dns"), *does("replace_modem"), TECHNICIAN),
    (TO_TECHNICAL, *VERIFY, *steps("reboot", "change_channel"),
     *does("reset_profile", "add_data", "update_firmware"), TECHNICIAN),
    (TO_TECHNICAL, *VERIFY, *steps("set_apn"), *does("provision_sim", "enable_roaming"), HUMAN),
    (TO_BILLING, *VERIFY, *does("waive_fee", "renew_discount"), 'change_plan {"plan": "M"}',
     'explain {"cause": "proration"}', HUMAN),
)  # fmt: skip
"""Mend everything, tell something, send for somebody: a script for each complaint, as a stranger would write it."""


def test_shotgun_play_pays_where_parts_are_added_up_and_is_found_there() -> None:
    paid = search(ADDS, 2, 1, scripts=BY_HAND)
    assert paid.fact == ("complaint", "symptom")
    assert paid.score > 0.3
    assert search(DESK, 2, 1, scripts=BY_HAND).score < 0.2


@pytest.mark.slow
def test_the_search_finds_some_of_it_from_honest_lists_alone() -> None:
    """It puts together what experts say in one case each, and ends well above what a right guess would bring."""
    lists = degenerate.said(ADDS, 3, 1)
    paid, unpaid = (search(arena, 3, 1, scripts=lists).score for arena in (ADDS, DESK))
    assert paid > 0.2
    assert unpaid < 0.2


def test_a_bound_that_is_too_low_is_caught() -> None:
    with pytest.raises(AssertionError, match=r"over the stated bound of 0\.01"):
        degenerate.shotgun(replace(DESK, degenerate_bound=0.01), 2, 1)


def test_a_task_without_a_stated_bound_is_refused() -> None:
    with pytest.raises(AssertionError, match="states no bound"):
        shotgun(replace(DESK, degenerate_bound=None), 1, 1)


@pytest.mark.slow
def test_the_same_search_finds_the_same() -> None:
    assert search(DESK, 1, 5) == search(DESK, 1, 5)


def test_a_game_that_is_no_task_has_no_scripts() -> None:
    assert shotgun(get("werewolf"), 1, 1) == 0.0
