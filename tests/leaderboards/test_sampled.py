"""Sampled and extended schedules: balance at every moment, everybody tied together, and nothing played ever moves."""

from __future__ import annotations

import random
from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanista import ratings
from lanista.errors import UsageError
from lanista.leaderboards.pairing import rounds, tied
from lanista.leaderboards.schedule import Stage, schedule

SEATS = ("s0", "s1", "s2", "s3")


def _arena(teams: int = 2) -> Any:
    def deal(seed: int, config: object) -> dict[str, tuple[str, ...]]:
        turned = SEATS[seed % 4 :] + SEATS[: seed % 4]
        return {f"t{t}": tuple(turned[t::teams]) for t in range(teams)}

    rules = SimpleNamespace(seats=lambda config: SEATS, deal=deal, teams=lambda state: state)
    return SimpleNamespace(name="turning", rules=rules, configure=lambda: None)


def _agents(k: int) -> list[str]:
    return [f"agent{i:02d}" for i in range(k)]


def _held(match: Any, arena: Any) -> tuple[str, ...]:
    return tuple(match.players[seats[0]] for seats in arena.rules.deal(match.seed, None).values())


@given(k=st.integers(1, 31))
def test_in_a_round_robin_everybody_meets_everybody_once_and_nobody_plays_twice_in_a_round(k: int) -> None:
    agents = _agents(k)
    met: Counter[frozenset[str]] = Counter()
    made = list(rounds(agents))
    for meetings in made:
        busy = [agent for pair in meetings for agent in pair]
        assert len(busy) == len(set(busy)) >= k - 1
        met.update(map(frozenset, meetings))
    assert met == Counter({frozenset((a, b)): 1 for a in agents for b in agents if a < b})
    two = Counter(frozenset(pair) for meetings in made[:2] for pair in meetings)
    assert tied(agents, two)


@settings(max_examples=60, deadline=None)
@given(k=st.integers(2, 12), extra=st.integers(0, 300), seed=st.integers(0, 2**40), repeats=st.integers(1, 3))
def test_a_sampled_schedule_is_balanced_at_every_moment(k: int, extra: int, seed: int, repeats: int) -> None:
    arena = _arena()
    least = 2 * k * repeats
    plan = schedule(arena, _agents(k), least + extra, seed, repeats=repeats, sampled=True)
    assert plan.games < least + extra + 2 * repeats
    met: Counter[frozenset[str]] = Counter()
    played: Counter[str] = Counter()
    for block in range(plan.blocks):
        games = [m for m in plan.matches if m.block == block]
        assert len({m.seed for m in games}) == 1
        sides = Counter(_held(m, arena) for m in games)
        (one, other) = next(iter(sides))
        assert sides == Counter({(one, other): repeats, (other, one): repeats})
        met[frozenset((one, other))] += 1
        played.update((one, other))
        counts = [met[frozenset((a, b))] for a in _agents(k) for b in _agents(k) if a < b]
        assert max(counts) - min(counts) <= 1
        # A round at most, and where their number is odd the one that rests; the cycles' own orders add another
        assert max(played.values()) - min(played[a] for a in _agents(k)) <= 2
    assert len({m.id for m in plan.matches}) == plan.games
    assert [m.index for m in plan.matches] == list(range(plan.games))
    assert tied(_agents(k), met)


def test_thirty_agents_are_tied_together_by_sixty_games() -> None:
    plan = schedule(_arena(), _agents(30), 60, 0, sampled=True)
    assert plan.games == 60
    with pytest.raises(UsageError, match=r"do not tie 30 agents together.*at least --games 5\d"):
        schedule(_arena(), _agents(30), 40, 0, sampled=True)


@pytest.mark.parametrize(("k", "teams", "design"), [(1, 2, "teams"), (3, 1, "teams"), (3, 3, "teams"), (3, 2, "mixed")])
def test_what_cannot_be_sampled_is_refused(k: int, teams: int, design: Any) -> None:
    with pytest.raises(UsageError, match="a sampled schedule is of the design 'teams'"):
        schedule(_arena(teams), _agents(k), 60, 0, design=design, sampled=True)


@settings(max_examples=60, deadline=None)
@given(
    k=st.integers(2, 5),
    more=st.integers(0, 3),
    games=st.integers(12, 80),
    later=st.integers(1, 200),
    sampled=st.booleans(),
    repeats=st.integers(1, 2),
)
def test_an_extended_schedule_begins_with_what_it_was(
    k: int, more: int, games: int, later: int, sampled: bool, repeats: int
) -> None:
    arena = _arena()
    try:
        first = schedule(arena, _agents(k), games, 3, repeats=repeats, sampled=sampled)
        stage = Stage(tuple(_agents(k)), first.games)
        plan = schedule(arena, _agents(k + more), later, 3, repeats=repeats, sampled=sampled, before=[stage])
    except UsageError:
        assert sampled  # too few games to tie them all together
        return
    assert plan.matches[: first.games] == first.matches
    assert plan.ends == (first.games,)
    assert len({m.id for m in plan.matches}) == plan.games
    by_block: dict[int, set[int]] = {}
    for match in plan.matches:
        by_block.setdefault(match.block, set()).add(match.seed)
    assert all(len(seeds) == 1 for seeds in by_block.values())
    if sampled:
        met = Counter(frozenset(_held(m, arena)) for m in plan.matches)
        assert tied(_agents(k + more), met)
    else:  # the games are those of a run that had all the agents from the start; only their ids differ
        whole = schedule(arena, _agents(k + more), plan.games, 3, repeats=repeats)
        assert Counter((m.seed, tuple(m.players.items()), m.agent_seed) for m in plan.matches) == Counter(
            (m.seed, tuple(m.players.items()), m.agent_seed) for m in whole.matches
        )


def test_more_games_of_the_same_agents_are_those_of_the_longer_schedule() -> None:
    for sampled in (False, True):
        long = schedule(_arena(), _agents(5), 400, 3, sampled=sampled)
        short = schedule(_arena(), _agents(5), 60, 3, sampled=sampled)
        again = schedule(_arena(), _agents(5), 400, 3, sampled=sampled, before=[Stage(short.agents, short.games)])
        assert again.matches == long.matches


def test_a_late_agent_first_catches_up() -> None:
    arena = _arena()
    first = schedule(arena, _agents(6), 2 * 15 * 3, 0, sampled=True)  # everybody met thrice
    plan = schedule(
        arena, _agents(7), first.games + 2 * 6 * 3, 0, sampled=True, before=[Stage(first.agents, first.games)]
    )
    late = plan.matches[first.games :]
    assert all("agent06" in m.players.values() for m in late)
    met = Counter(frozenset(_held(m, arena)) for m in plan.matches)
    assert set(met.values()) == {6}


def test_a_mixed_run_cannot_take_in_an_agent() -> None:
    first = schedule(_arena(), _agents(2), 4, 0, design="mixed")
    with pytest.raises(UsageError, match="'mixed' cannot take in agents"):
        schedule(_arena(), _agents(3), 9, 0, design="mixed", before=[Stage(first.agents, first.games)])


def test_ratings_of_a_sampled_tournament_are_calibrated() -> None:
    """Twenty simulated tournaments of ten agents: about 95% of the pairwise intervals hold the truth."""
    arena, names = _arena(), _agents(10)
    held = count = 0
    for trial in range(20):
        rng = random.Random(trial)
        truth = {name: rng.gauss(0, 0.8) for name in names}
        games = []
        luck: dict[int, float] = {}
        for match in schedule(arena, names, 360, trial, sampled=True).matches:
            one, other = _held(match, arena)
            block = luck.setdefault(match.block, rng.gauss(0, 0.5))
            won = rng.random() < 1 / (1 + np.exp(-(0.4 + block + truth[one] - truth[other])))
            games.append(
                SimpleNamespace(
                    block=match.block,
                    players=match.players,
                    roles=dict.fromkeys(SEATS, "r"),
                    teams=arena.rules.deal(match.seed, None),
                    scores={"t0": float(won), "t1": float(not won)},
                )
            )
        for pair in ratings.rate(games).pairs:
            assert pair.difference is not None
            count += 1
            held += pair.difference.low <= truth[pair.one] - truth[pair.other] <= pair.difference.high
    assert count == 20 * 45
    assert held / count > 0.92  # agents share intervals, so these are not 900 independent draws
