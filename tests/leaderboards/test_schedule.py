"""The law of a duplicate design: in every block everybody has held everything equally often."""

from __future__ import annotations

from collections import Counter
from math import ceil, perm
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanista.arenas.core import registry
from lanista.errors import UsageError
from lanista.leaderboards.schedule import assignments, scenario_seed, schedule

SEATS = tuple(f"s{i}" for i in range(7))


def _arena(teams: int) -> Any:
    """Seven seats in ``teams`` teams, dealt anew by each seed."""

    def deal(seed: int, config: object) -> dict[str, tuple[str, ...]]:
        shift = seed % 7
        turned = SEATS[shift:] + SEATS[:shift]
        return {f"t{t}": tuple(turned[t::teams]) for t in range(teams)}

    rules = SimpleNamespace(seats=lambda config: SEATS, deal=deal, teams=lambda state: state)
    return SimpleNamespace(name="turning", rules=rules, configure=lambda: None)


def _agents(k: int) -> list[str]:
    return [f"agent{i}" for i in range(k)]


def _blocks(plan: Any) -> list[list[Any]]:
    return [[m for m in plan.matches if m.block == b] for b in range(plan.blocks)]


@given(k=st.integers(1, 5), teams=st.integers(1, 4), games=st.integers(1, 60), seed=st.integers())
def test_teams_everyone_holds_every_side_equally_often_on_every_deal(k, teams, games, seed):
    arena = _arena(teams)
    plan = schedule(arena, _agents(k), games, seed)
    for block in _blocks(plan):
        (deal,) = {m.seed for m in block}
        sides = arena.rules.deal(deal, None)
        held: Counter[tuple[str, str]] = Counter()
        for match in block:
            assert tuple(match.players) == SEATS
            for team, seats in sides.items():
                (agent,) = {match.players[seat] for seat in seats}  # nobody shares a side
                held[team, agent] += 1
        assert set(held) == {(team, agent) for team in sides for agent in _agents(k)}
        assert len(set(held.values())) == 1
        if k >= teams:
            assert len(block) == perm(k, teams)
            pairs = Counter(tuple(match.players[sides[t][0]] for t in sides) for match in block)
            assert set(pairs.values()) == {1}  # everyone against everyone, both ways round


@given(k=st.integers(1, 7), games=st.integers(1, 40), seed=st.integers())
def test_mixed_everyone_holds_every_seat_exactly_once_a_block(k, games, seed):
    plan = schedule(_arena(2), _agents(k), games, seed, design="mixed")
    for block in _blocks(plan):
        assert len(block) == k
        held = Counter((seat, agent) for match in block for seat, agent in match.players.items())
        assert held == Counter({(seat, agent): 1 for seat in SEATS for agent in _agents(k)})


def test_mixed_neighbours_change_from_block_to_block():
    plan = schedule(_arena(2), _agents(3), 300, 0, design="mixed")
    before = Counter(match.players["s0"] + match.players["s1"] for match in plan.matches)
    assert len(before) == 6  # every ordered pair; one fixed order would give 3


@pytest.mark.parametrize("design", ["teams", "mixed"])
def test_every_role_of_werewolf_is_held_equally_often_in_a_mixed_block_and_every_side_in_teams(design):
    arena = registry.get("werewolf")
    config = arena.configure()
    plan = schedule(arena, ["a", "b", "c"], 12, 5, config, design)
    for block in _blocks(plan):
        state = arena.rules.deal(block[0].seed, config)
        teams = arena.rules.teams(state)
        role = {seat: arena.rules.role(state, seat) for seat in block[0].players}
        side = {seat: team for team, seats in teams.items() for seat in seats}
        what_of = role if design == "mixed" else side
        held = Counter((what_of[seat], agent) for match in block for seat, agent in match.players.items())
        for what in {name for name, _ in held}:
            assert len({held[what, agent] for agent in "abc"}) == 1


@given(k=st.integers(1, 4), games=st.integers(1, 100))
def test_games_are_rounded_up_to_whole_blocks_and_it_says_so(k, games):
    plan = schedule(_arena(2), _agents(k), games, 3)
    size = k * (k - 1) or 1
    assert plan.block_size == size
    assert plan.games == ceil(games / size) * size
    assert plan.blocks * size == plan.games
    if plan.games == games:
        assert plan.rounded is None
    else:
        assert plan.rounded is not None
        assert str(games) in plan.rounded
        assert str(plan.games) in plan.rounded


def test_names_places_and_seeds():
    plan = schedule(_arena(2), _agents(3), 20, 11)
    assert [m.index for m in plan.matches] == list(range(24))
    assert plan.matches[9].id == "b0001g3"
    assert len({m.id for m in plan.matches}) == 24
    seeds = [block[0].seed for block in _blocks(plan)]
    assert seeds == [scenario_seed(11, b) for b in range(4)]
    assert len(set(seeds)) == 4
    assert all(0 <= seed < 2**53 for seed in seeds)


def test_a_longer_schedule_begins_with_the_shorter_one():
    short, long = (schedule(_arena(2), _agents(2), games, 11) for games in (10, 30))
    assert long.matches[:10] == short.matches


def test_one_agent_alone_plays_itself():
    plan = schedule(_arena(2), ["a"], 3, 0)
    assert (plan.block_size, plan.games) == (1, 3)
    assert all(set(m.players.values()) == {"a"} for m in plan.matches)


def test_two_agents_on_three_sides_leave_nobody_out():
    # Of the 8 ways to hand three sides to two agents, 6 use both.
    assert len(assignments(["a", "b"], 3)) == 6


@pytest.mark.parametrize(
    ("agents", "games", "design", "says"),
    [
        ([], 1, "teams", "at least one agent"),
        (["a", "b", "a"], 1, "teams", "'a' is listed twice"),
        (["a"], 0, "teams", "at least 1, not 0"),
        (["a"], 1, "team", "did you mean 'teams'"),
        (_agents(8), 1, "mixed", "8 agents cannot share a table of 7 seats"),
        (_agents(80), 1, "teams", "take fewer agents"),
    ],
)
def test_what_cannot_be_scheduled_is_refused_with_a_reason(agents, games, design, says):
    with pytest.raises(UsageError, match=says):
        schedule(_arena(2), agents, games, 0, design=design)
