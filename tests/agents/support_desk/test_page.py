"""docs/agents/support-desk.md says what the code does."""

from __future__ import annotations

from pathlib import Path

import desk_habits

from lanista.agents.support_desk import belief, expert, novice

ROOT = Path(__file__).parents[3]
PAGE = " ".join((ROOT / "docs" / "agents" / "support-desk.md").read_text(encoding="utf-8").split())


def test_the_habits_are_as_frequent_as_the_page_says() -> None:
    skipped = ", ".join(str(novice.SKIPS[rule]) for rule in ("identity", "confirm", "explain", "limits"))
    for said in (
        f"| {novice.REBOOTS}% of calls about the internet |",
        f"| {novice.CHECKLIST}% of calls |",
        f"| {skipped}% of calls |",
        f"routes to the wrong department | {novice.MISROUTES}% of calls |",
        f"nothing changed | {novice.SLOPPY}% of calls |",
        f"escalates | {novice.GIVES_UP}% of its moves from the fifth on |",
        f"answered | {novice.REPEATS}% of moves |",
        f"wrongly | {novice.BAD_CALLS}% of moves |",
        f"no call at all | {novice.CHATS}% of moves |",
        f"must tell {belief.QUESTION_COST} bits more",
        f"account data {belief.FACTOR_COST} bits more",
        f"has a chance of {expert.CLEAR}.",
    ):
        assert said in PAGE, said
    assert novice.FROM_MOVE == 4  # from 0: the fifth


def test_the_page_names_every_team_without_judgement() -> None:
    for team in desk_habits.TEAMS:
        assert team.name in PAGE
