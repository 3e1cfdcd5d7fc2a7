"""The conversation about the slow internet, and that it reads as it did; ``golden.py`` writes the views anew."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

HERE = Path(__file__).parent
GOLDEN = runpy.run_path(str(HERE / "golden.py"))
VIEWS: dict[str, str] = GOLDEN["transcripts"]()


@pytest.mark.parametrize("role", VIEWS)
def test_the_view_is_the_golden_one(role: str) -> None:
    golden = (HERE / "golden" / f"{role}.txt").read_text(encoding="utf-8")
    assert VIEWS[role] == golden, "the wording changed: run golden.py, and read what it wrote"


def test_the_customer_says_what_everybody_has_said() -> None:
    said = VIEWS["above"]
    assert "slow" in said
    assert "for 3 days" in said or "For 3 days" in said
    assert "I already rebooted twice." in said
    assert "100 Mbps" in said


def test_the_reboot_is_punished_the_diagnostics_are_paid_and_the_technician_is_right() -> None:
    game = GOLDEN["opened"]()
    paid: dict[str, dict[str, float]] = {}
    for reply in GOLDEN["REPLIES"]:
        (seat,) = game.to_act()
        game.submit(seat, reply)
        paid[reply] = {**game.step_rewards(seat)["individual"], **game.step_rewards(seat)["team"]}
    assert paid['instruct {"step": "reboot"}'] == {"irrelevant": -10.0}
    assert len(GOLDEN["DIAGNOSTICS"]) == 3
    for reply in GOLDEN["DIAGNOSTICS"]:
        assert paid[reply]["information"] > 0
    # Three is what an optimal desk needs here, and they leave nothing open: together they earn 3 times +5.
    assert sum(paid[reply]["information"] for reply in GOLDEN["DIAGNOSTICS"]) == pytest.approx(15.0)
    assert paid['escalate {"to": "technician"}'] == {"appropriate_escalation": 15.0}
    last = paid[GOLDEN["REPLIES"][-1]]
    assert last == {"ticket": 10.0, "resolved": 20.0}  # four turns at the customer: within five
    assert game.outcome.winner == "desk"
    assert game.outcome.scores == {"desk": 1.0}
