"""Advantages against cases worked by hand, and the laws they keep."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanista.arenas.core.contract import Outcome, Term
from lanista.arenas.core.episode import Episode, StepRecord, Turn
from lanista.training.credit import Returns, advantages, returns_of, shuffled, zero_variance_groups
from lanista.training.trajectories import Trajectory, payments


def turn(seat: str) -> Turn:
    return Turn(seat=seat, kind="vote", prompt="?", reply="!", action="!")


def episode(steps: list[tuple[list[str], list[Term]]]) -> Episode:
    """A game of a, b (red) and c (blue); win is worth 100 to a team, loss -5, hit +10 and miss -10 to a seat."""
    return Episode(
        arena="x",
        version="1",
        hash="h",
        config={},
        preset="default",
        seed=0,
        players={},
        roles={"a": "r", "b": "r", "c": "s"},
        teams={"red": ["a", "b"], "blue": ["c"]},
        weights={"win": 100.0, "loss": -5.0, "hit": 10.0, "miss": -10.0},
        opening=[],
        steps=[
            StepRecord(phase=str(i), turns=tuple(map(turn, seats)), events=(), terms=tuple(terms))
            for i, (seats, terms) in enumerate(steps)
        ],
        outcome=Outcome("red", {"red": 1.0, "blue": 0.0}),
        returns={},
        journal=[],
    )


WON = episode(
    [
        (["a", "b", "c"], [Term("hit", "a", 1), Term("miss", "b", 1)]),
        (["a", "c"], [Term("hit", "a", 2), Term("win", "red", 1), Term("loss", "blue", 1)]),
    ]
)
LOST = episode([(["a", "b"], [Term("miss", "a", 1), Term("loss", "red", 1), Term("win", "blue", 1)])])


def trajectory(game: Episode, seat: str, sibling: int, unit: float = 1.0) -> Trajectory:
    return Trajectory(
        episode=game,
        seat=seat,
        role=game.roles[seat],
        team="red" if seat in "ab" else "blue",
        policy="p",
        scenario=0,
        sibling=sibling,
        payments=tuple(payments(game, seat, unit=unit)),
    )


def test_payments_by_hand() -> None:
    # a: 10 at the first step; 2·10 of its own and 100 of its team's at the second.
    assert payments(WON, "a") == [10, 120]
    assert payments(WON, "c") == [0, -5]
    assert payments(WON, "a", team_weight=0.5, individual_weight=2.0) == [20, 90]
    assert payments(WON, "b", individual_weight=0.0) == [0, 100]


def test_a_group_of_two_games_by_hand() -> None:
    """Red's two seats hold one role in both games, so the group is a and b of both.

    Returns: won a 130, b -10 + 100 = 90; lost a -10 - 5 = -15, b -5.
    loo compares with the other game: a 130 - (-15 - 5)/2 = 140; b 90 + 10 = 100; lost a -15 - 110 = -125; b -115.
    mean: the group's mean is (130 + 90 - 15 - 5)/4 = 50.
    """
    found = [returns_of(trajectory(game, seat, i)) for i, game in enumerate([WON, LOST]) for seat in ("a", "b")]
    assert [c.total for c in found] == [130, 90, -15, -5]
    assert advantages(found) == [(140, 140), (100,), (-125,), (-115,)]
    assert advantages(found, baseline="mean") == [(80, 80), (40,), (-65,), (-55,)]
    # sample deviation: sqrt((80² + 40² + 65² + 55²) / 3)
    deviation = math.sqrt((6400 + 1600 + 4225 + 3025) / 3)
    scaled = advantages(found, baseline="mean", scale="group")
    assert scaled[0][0] == pytest.approx(80 / (deviation + 1e-4))


def test_reward_to_go_by_hand() -> None:
    """Decisions answer for what came at their own step and later: a 130 then 120 where it won, -15 where it lost.

    Its second decision has no counterpart in the lost game, so that game's last one (-15) stands in.
    """
    found = [returns_of(trajectory(game, "a", i, unit=0.1), "reward_to_go") for i, game in enumerate([WON, LOST])]
    assert found[0].turns == (13.0, 12.0)
    assert advantages(found) == [(14.5, 13.5), (-14.5,)]


def test_spans_by_hand() -> None:
    """Decisions answer for what came until the next one: a 10 then 120 where it won. b decides once, so its span is the
    game; c's spans are 0 and -5. The lost game's one decision of a stands in for both."""
    found = [returns_of(trajectory(game, "a", i), "span") for i, game in enumerate([WON, LOST])]
    assert found[0].turns == (10, 120)
    assert advantages(found) == [(25, 135), (-25,)]
    assert trajectory(WON, "b", 0).by_span() == (90,)
    assert trajectory(WON, "c", 0).by_span() == (0, -5)
    assert trajectory(LOST, "c", 0).by_span() == ()


def test_a_seat_that_never_decided_has_no_advantage_but_is_compared_with() -> None:
    """c decides in the won game alone; in the lost one it earns its team's 100 and stays the comparison."""
    found = [returns_of(trajectory(game, "c", i)) for i, game in enumerate([WON, LOST])]
    assert found[1].turns == ()
    assert advantages(found) == [(-105, -105), ()]


def test_a_group_from_one_game_gives_no_signal() -> None:
    alone = [
        Returns(group="g", game=1, total=50.0, turns=(50.0, 50.0)),
        Returns(group="g", game=1, total=9.0, turns=(9.0,)),
    ]
    for baseline in ("loo", "mean"):
        assert advantages(alone, baseline=baseline) == [(0.0, 0.0), (0.0,)]  # type: ignore[arg-type]
    assert zero_variance_groups(alone, advantages(alone)) == (1, 1)


def test_zero_variance_groups_are_counted() -> None:
    same = [Returns(group="same", game=i, total=3.0, turns=(3.0,)) for i in range(3)]
    different = [Returns(group="other", game=i, total=float(i), turns=(float(i),)) for i in range(2)]
    both = same + different
    assert zero_variance_groups(both, advantages(both)) == (1, 2)


group_of_claims = st.lists(
    st.tuples(st.integers(0, 3), st.floats(-100, 100), st.integers(0, 3)), min_size=1, max_size=12
).map(lambda rows: [Returns(group="g", game=game, total=total, turns=(total,) * count) for game, total, count in rows])


@given(group_of_claims, st.floats(-50, 50), st.sampled_from(["loo", "mean"]))
def test_a_constant_added_to_every_return_changes_nothing(found: list[Returns], by: float, baseline: str) -> None:
    moved = [
        Returns(group=c.group, game=c.game, total=c.total + by, turns=tuple(t + by for t in c.turns)) for c in found
    ]
    for a, b in zip(advantages(found, baseline=baseline), advantages(moved, baseline=baseline), strict=True):  # type: ignore[arg-type]
        assert a == pytest.approx(b, abs=1e-9)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=8))
def test_leave_one_out_is_the_mean_baseline_stretched(totals: list[float]) -> None:
    """One seat per game, n games: x - mean of the others = (x - mean of all) · n/(n-1). Both sum to zero."""
    found = [Returns(group="g", game=i, total=t, turns=(t,)) for i, t in enumerate(totals)]
    n = len(totals)
    loo, mean = advantages(found), advantages(found, baseline="mean")
    assert [v[0] for v in loo] == pytest.approx([v[0] * n / (n - 1) for v in mean], abs=1e-9)
    assert math.fsum(v[0] for v in mean) == pytest.approx(0.0, abs=1e-9)


@given(group_of_claims, st.integers(0, 11), st.floats(-100, 100))
def test_leave_one_out_does_not_see_its_own_game(found: list[Returns], which: int, other: float) -> None:
    """Unbiasedness: the baseline of a seat is the same whatever happened in its own game."""
    mine = found[which % len(found)]
    if len({c.game for c in found}) < 2 or not mine.turns:
        return
    changed = [
        Returns(group=c.group, game=c.game, total=other, turns=(other,) * len(c.turns)) if c.game == mine.game else c
        for c in found
    ]
    at = found.index(mine)
    baseline = mine.total - advantages(found)[at][0]
    assert other - advantages(changed)[at][0] == pytest.approx(baseline, abs=1e-9)


def test_shuffled_advantages_are_the_same_ones_in_other_hands() -> None:
    made = [
        Returns(group=("scenario", g), game=(g, i), total=float(i), turns=(float(i),) * (1 + i % 3))
        for g in range(20)
        for i in range(6)
    ]
    values = advantages(made)
    dealt = shuffled(made, values, seed=1)
    assert [len(v) for v in dealt] == [len(v) for v in values]
    for g in range(20):
        mine = slice(6 * g, 6 * g + 6)
        assert sorted(v[0] for v in dealt[mine]) == sorted(v[0] for v in values[mine])
    first, second = [v[0] for v in values], [v[0] for v in dealt]
    assert first != second
    mean = sum(a * b for a, b in zip(first, second, strict=True)) / sum(a * a for a in first)
    assert abs(mean) < 0.5  # nothing of the credit is left but chance
    assert dealt == shuffled(made, values, seed=1) != shuffled(made, values, seed=2)
