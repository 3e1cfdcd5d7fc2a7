"""How far a board can be trusted, against brute force on boards small enough for it."""

from __future__ import annotations

import math
import random
from itertools import combinations

import pytest

from lanista import ratings
from lanista.leaderboards.robust import fewest_deals, held_out, trust
from lanista.store import GameRow


def game(block: int, number: int, one: str, other: str, won: bool) -> GameRow:
    return GameRow(
        id=f"b{block}g{number}", block=block, arena="x", hash="", config={}, preset="default", seed=block,
        players={"p": one, "q": other}, roles={"p": "r", "q": "s"}, teams={"A": ("p",), "B": ("q",)},
        winner="A" if won else "B", scores={"A": float(won), "B": float(not won)}, returns={}, facts={},
    )  # fmt: skip


def played(blocks: int, gap: float, seed: int = 0, agents: str = "abc") -> list[GameRow]:
    """Every two agents both ways round on each deal; each is ``gap`` logits better than the next."""
    rng = random.Random(seed)
    strength = {agent: -gap * i for i, agent in enumerate(agents)}
    rows = []
    for block in range(blocks):
        for n, (one, other) in enumerate((a, b) for a in agents for b in agents if a != b):
            p = 1 / (1 + math.exp(strength[other] - strength[one]))
            rows.append(game(block, n, one, other, rng.random() < p))
    return rows


def test_held_out_loss_is_that_of_fits_without_the_block() -> None:
    rows = played(12, 1.0)
    found = held_out(rows)
    assert found is not None
    losses = []
    for block in range(12):
        fit = ratings.fit_games([row for row in rows if row.block != block], "side")
        for row in (row for row in rows if row.block == block):
            logit = fit.estimate[0] + fit.estimate[fit.index[row.players["p"], "A"]]
            logit -= fit.estimate[fit.index[row.players["q"], "B"]]
            losses.append(math.log1p(math.exp(-logit if row.scores["A"] else logit)))
    assert found[0].value == pytest.approx(sum(losses) / len(losses), abs=5e-3)  # a Newton step is not the whole way


def test_ratings_foretell_where_there_is_something_to_foretell() -> None:
    strong, nothing = held_out(played(40, 1.5)), held_out(played(40, 0.0))
    assert strong is not None
    assert nothing is not None
    assert strong[1].high < 0
    assert nothing[1].value > -0.01
    assert held_out(played(1, 1.0)) is None


@pytest.mark.parametrize("seed", range(6))
def test_the_fewest_deals_against_all_subsets(seed: int) -> None:
    rows = played(8, 0.3, seed)

    def leader(some: list[GameRow]) -> str:
        return ratings.rate(some).ratings[0].agent

    first = leader(rows)
    exact = next(
        (
            size
            for size in range(1, 5)
            for gone in combinations(range(8), size)
            if leader([row for row in rows if row.block not in gone]) != first
        ),
        None,
    )
    found = fewest_deals(rows)
    if exact is None:
        assert found is None
    elif found is not None:
        assert exact <= found[0] <= exact + 1
        assert found[1] != first


def test_error_free_ratings_are_those_of_the_other_games() -> None:
    rows = played(10, 0.8)
    erring = {row.id for row in rows if row.block < 3}
    found = trust(rows, erring, 0.95)
    assert found.clean_games == len(rows) - len(erring)
    expected = ratings.rate([row for row in rows if row.id not in erring])
    for one in expected.ratings:
        assert one.strength is not None
        assert found.clean[one.agent] == ratings.as_elo(one.strength)
    assert trust(rows, (), 0.95).clean == {}  # nothing to hold beside the plain ones
