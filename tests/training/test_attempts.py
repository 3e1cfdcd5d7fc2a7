"""Credit by attempt and running baselines: unbiased by enumeration, by hand, and kept to the bit."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

from safetensors.torch import load_file

from lanista.arenas.core.contract import Outcome, Term
from lanista.arenas.core.episode import Episode, StepRecord, Turn
from lanista.errors import LanistaError, UsageError
from lanista.training.algorithms.grpo import rollout_batch
from lanista.training.baselines import FILE, KEEP, SEEN, Baselines
from lanista.training.batching import ScoredRow
from lanista.training.config import TrainConfig
from lanista.training.credit import Returns, advantages, refunds, returns_of
from lanista.training.loop import train
from lanista.training.trajectories import Trajectory

GOOD, BAD = 1, 0
SAYS = ((GOOD,), (BAD, GOOD), (BAD, BAD))
"""The replies at one decision: accepted at once, put right, or given up (a fallback)."""


def turn(replies: tuple[int, ...]) -> Turn:
    """A decision of seat a; each reply is one token, GOOD is legal, and one retry is allowed."""
    reports = [{"tokens": {"prompt_ids": [9], "ids": [said], "logps": [-0.5]}} for said in replies]
    return Turn(
        seat="a",
        kind="k",
        prompt="?",
        reply=str(replies[-1]),
        action="!",
        attempts=tuple(("0", "no") for _ in replies[:-1]),
        by="seat" if replies[-1] == GOOD else "fallback",
        meta={**reports[-1], **({"retries": reports[:-1]} if len(replies) > 1 else {})},
    )


def trajectory(game: tuple[tuple[int, ...], ...], sibling: int = 0, scenario: int = 0) -> Trajectory:
    """A game of decisions: the number of it is paid where its last reply was legal, and 2 where all of them were."""
    paid = [float(1 + i) * (replies[-1] == GOOD) for i, replies in enumerate(game)]
    paid[-1] += 2.0 * all(replies[-1] == GOOD for replies in game)
    episode = Episode(
        arena="x",
        version="1",
        hash="h",
        config={},
        preset="default",
        seed=0,
        players={},
        roles={"a": "r"},
        teams={"red": ["a"]},
        weights={"hit": 1.0},
        opening=[],
        steps=[
            StepRecord(phase="p", turns=(turn(replies),), events=(), terms=(Term("hit", "a", paid[i]),))
            for i, replies in enumerate(game)
        ],
        outcome=Outcome("red", {"red": 1.0}),
        returns={},
        journal=[],
    )
    return Trajectory(
        episode=episode,
        seat="a",
        role="r",
        team="red",
        policy="shared",
        scenario=scenario,
        sibling=sibling,
        payments=tuple(paid),
    )


def config(**options: Any) -> TrainConfig:
    return TrainConfig.flat(**({"scenarios": 1, "group_size": 2, "reward_unit": 1.0} | options))


GAMES = list(itertools.product(SAYS, repeat=2))


def chance_of(game: Any, legal: tuple[float, float]) -> float:
    """Under a policy whose first reply is legal with legal[0], and the one after a refusal with legal[1]."""
    return math.prod(legal[i] if said == GOOD else 1 - legal[i] for replies in game for i, said in enumerate(replies))


def objective(legal: tuple[float, float], cost: float) -> float:
    refused = [sum(said == BAD for replies in game for said in replies) for game in GAMES]
    worth = [trajectory(game).total - cost * count for game, count in zip(GAMES, refused, strict=True)]
    return math.fsum(chance_of(game, legal) * value for game, value in zip(GAMES, worth, strict=True))


def gradient(rows: list[ScoredRow], legal: tuple[float, float]) -> list[float]:
    """Advantage times d(log-probability)/d(legal), summed over own tokens, for both probabilities."""
    found = [0.0, 0.0]
    for scored in rows:
        row = scored.row
        for token, own, attempt, worth in zip(
            row.ids, row.own, row.attempts or (0,) * len(row.ids), scored.advantages, strict=True
        ):
            if own:
                found[attempt] += worth * (1 / legal[attempt] if token == GOOD else -1 / (1 - legal[attempt]))
    return found


@pytest.mark.parametrize("returns", ["episode", "reward_to_go"])
@pytest.mark.parametrize("cost", [0.0, 0.7])
@pytest.mark.parametrize(("baseline", "size"), [("loo", 2), ("shrunk", 2), ("shrunk", 1)])
def test_the_expected_gradient_is_that_of_the_return_minus_the_cost(
    returns: str, cost: float, baseline: str, size: int
) -> None:
    """Every outcome of a group of two decisions a game, weighed by its probability, against finite differences."""
    legal, step = (0.6, 0.3), 1e-5
    wanted = [
        (objective((legal[0] + (i == 0) * step, legal[1] + (i == 1) * step), cost)
         - objective((legal[0] - (i == 0) * step, legal[1] - (i == 1) * step), cost)) / (2 * step)
        for i in (0, 1)
    ]  # fmt: skip
    options = config(returns=returns, refusal_cost=cost, baseline=baseline, group_size=size)
    running = {"r against self": [1.3, -0.4]}
    found = [0.0, 0.0]
    for games in itertools.product(GAMES, repeat=size):
        batch = rollout_batch(options, [trajectory(game, i) for i, game in enumerate(games)], running)
        part = gradient(list(batch.rows["shared"]), legal)
        weight = math.prod(chance_of(game, legal) for game in games) / size
        found = [so_far + weight * more for so_far, more in zip(found, part, strict=True)]
    assert found == pytest.approx(wanted, abs=1e-6)


def test_each_attempt_pays_for_itself_by_hand() -> None:
    """Cost 1, to go. One game put right at its first decision and given up at its second, one without a refusal.

    Refused: 1 and 2. First replies: 0 - 3 + 1 = -2 (paid 1 and 0) and 0 - 2; the sibling's 5 = 1 + 4, then 4.
    A reply after one refusal gets 1 back, its sibling nothing. A last reply that is refused too pays 1 still;
    who is given up is listed with one reply more than it had.
    """
    first = trajectory(((BAD, GOOD), (BAD, BAD)), 0)
    second = trajectory(((GOOD,), (GOOD,)), 1)
    assert (first.refused, second.refused) == ((1, 2), (0, 0))
    seats = [returns_of(one, "reward_to_go", 1.0) for one in (first, second)]
    assert [one.turns for one in seats] == [(-2, -2), (5, 4)]
    assert advantages(seats) == [(-7, -6), (7, 6)]
    assert refunds(seats, cost=1.0) == [((0, 1), (0, 1, 2)), ((0,), (0,))]
    batch = rollout_batch(config(returns="reward_to_go", refusal_cost=1.0), [first, second])
    assert batch.rows["shared"][0].advantages == (0, -7, 0, -6, 0, -6, 0, -5)


def test_without_a_cost_attempts_share_their_decisions_advantage() -> None:
    pair = [trajectory(((BAD, GOOD), (GOOD,)), 0), trajectory(((BAD, BAD), (GOOD,)), 1)]
    one, other = rollout_batch(config(returns="episode"), pair).rows["shared"]
    assert one.advantages == (0, 3, 0, 3, 0, 3)
    assert other.advantages == (0, -3, 0, -3, 0, -3)


def test_the_control_has_no_credit_by_attempt() -> None:
    """Dealt by lot, the replies of one decision share an advantage."""
    pair = [trajectory(((BAD, GOOD), (GOOD,)), 0), trajectory(((BAD, BAD), (GOOD,)), 1)]
    for scored in rollout_batch(config(shuffled=True, refusal_cost=1.0), pair).rows["shared"]:
        by_turn = {
            turn: {a for t, a in zip(scored.row.turns, scored.advantages, strict=True) if t == turn} for turn in (0, 1)
        }
        assert all(len(its) == 1 for its in by_turn.values())


# Running baselines


def seat(value: float, game: int = 0, kind: str = "r against self", decisions: int = 1) -> Returns:
    return Returns(group=("g", kind), game=game, total=value, turns=(value,) * decisions, kind=kind)


def test_a_running_mean_by_hand() -> None:
    """Not used before SEEN steps; then the weighted mean of the steps' means, the last one with weight 0.05."""
    kept = Baselines()
    means = [float(i) for i in range(SEEN + 3)]
    for number, mean in enumerate(means):
        known = kept.known()
        assert ("r against self" in known) == (number >= SEEN)
        kept.add([seat(mean - 1), seat(mean + 1)])
    weights = [KEEP ** (len(means) - 1 - i) for i in range(len(means))]
    wanted = math.fsum(w * m for w, m in zip(weights, means, strict=True)) / math.fsum(weights)
    assert tuple(kept.known()["r against self"]) == pytest.approx((wanted,))


def test_kinds_and_numbers_of_decisions_are_apart() -> None:
    kept = Baselines()
    for _ in range(SEEN):
        kept.add([seat(1.0, decisions=2), seat(5.0, kind="s against random"), seat(3.0)])
    assert kept.known()["r against self"] == pytest.approx([2.0, 1.0])
    assert kept.known()["s against random"] == pytest.approx([5.0])


def test_a_group_of_one_passes_its_distance_from_the_running_mean_or_nothing() -> None:
    alone = [seat(7.0, decisions=3)]
    how: dict[str, Any] = {"baseline": "shrunk", "worth": 2.0}
    assert advantages(alone, **how) == advantages(alone, **how, running={"other": [1.0]}) == [(0.0, 0.0, 0.0)]
    assert advantages(alone, **how, running={"r against self": [4.0, 5.0]}) == [(3.0, 2.0, 2.0)]
    assert advantages(alone, baseline="loo", running={"r against self": [4.0]}, worth=2.0) == [(0.0, 0.0, 0.0)]


def test_a_small_group_is_shrunk_by_hand() -> None:
    """Two games of 1 and 4; a running mean of 10 counts as two games: (4 + 20)/3 = 8 and (1 + 20)/3 = 7."""
    pair = [seat(1.0, 0), seat(4.0, 1)]
    found = advantages(pair, baseline="shrunk", running={"r against self": [10.0]}, worth=2.0)
    assert [value for (value,) in found] == pytest.approx([-7.0, -3.0])
    assert advantages(pair, baseline="shrunk", worth=2.0) == advantages(pair)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"group_size": 1}, "group_size is at least 2"),
        ({"group_size": 1, "baseline": "shrunk", "baseline_games": 0.0}, "group_size is at least 2"),
        ({"baseline": "shrunk", "scale_rewards": "group"}, "scale-rewards none or batch"),
        ({"loss_type": "gspo", "refusal_cost": 0.1}, "refusal_cost 0.1"),
        ({"refusal_cost": -1.0}, "refusal_cost is at least 0"),
    ],
)
def test_what_cannot_be_is_one_line(options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says) as error:
        config(**options)
    assert "\n" not in str(error.value)


def test_a_damaged_or_missing_file_is_one_line(tmp_path: Path) -> None:
    for text in (None, "{", '{"r": [[1]]}', "[]"):
        if text is not None:
            (tmp_path / FILE).write_text(text)
        with pytest.raises(LanistaError, match="running baselines") as error:
            Baselines().load(tmp_path)
        assert "\n" not in str(error.value)


def test_a_resumed_run_goes_on_with_its_baselines(tmp_path: Path, folder: Path) -> None:
    """Stopped after SEEN steps and gone on for two more, groups of one: the bits of a run of that length."""
    options: dict[str, Any] = {
        "model": str(folder),
        "arena_config": {"players": 5, "wolves": 1, "roles": []},
        "scenarios": 2,
        "group_size": 1,
        "baseline": "shrunk",
        "refusal_cost": 0.1,
        "max_new_tokens": 6,
        "learning_rate": 1e-2,
        "save_every": 1,
        "evaluate_games": 0,
        "opponents": ["random"],
        "device": "cpu",
        "threads": 1,
    }
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    train(TrainConfig.flat(**options, steps=SEEN + 2), whole)
    train(TrainConfig.flat(**options, steps=SEEN), halves)
    train(TrainConfig.flat(**options, steps=SEEN + 2), halves, resume=True)
    one, two = (load_file(out / "policies" / "shared" / "model.safetensors") for out in (whole, halves))
    assert all(one[name].equal(two[name]) for name in one)
    last = [out / "checkpoints" / f"checkpoint-{SEEN + 2}" / FILE for out in (whole, halves)]
    assert last[0].read_bytes() == last[1].read_bytes()
    assert json.loads(last[0].read_text())
    start = load_file(folder / "model.safetensors")
    assert any(not one[name].equal(start[name]) for name in start if name in one)  # it did learn from them
