"""Advantages of decisions against paper, the critic against values that are known, and PPO against GRPO."""

from __future__ import annotations

import copy
import itertools
import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
from hypothesis import given
from hypothesis import strategies as st
from test_attempts import GAMES, SAYS, chance_of, gradient, objective, trajectory
from test_credit import WON
from test_credit import trajectory as seat_of
from workbench import gradients, make_trainer, policies_on, step_once, with_adapters

from lanista.errors import LanistaError
from lanista.training import credit
from lanista.training.algorithms import grpo
from lanista.training.algorithms.ppo import PPO, gae
from lanista.training.algorithms.ppo.credit import explained, lessons, rollout_batch
from lanista.training.algorithms.ppo.critic import Critic, Lesson, explained_variance
from lanista.training.algorithms.ppo.states import States, places, states_of
from lanista.training.config import TrainConfig
from lanista.training.trajectories import Trajectory


def config(**options: Any) -> TrainConfig:
    return TrainConfig.flat(**({"algorithm": "ppo", "scenarios": 1, "group_size": 2, "reward_unit": 1.0} | options))


def given_values(games: list[Trajectory], value: Any) -> tuple[list[States], list[list[float]]]:
    """States of every decision, and values by number of the decision; nothing is read from a model."""
    states = [States(tuple(places(one.rows)), torch.zeros((len(places(one.rows)), 4))) for one in games]
    return states, [[value(number) for number in its.decided] for its in states]


# Generalized advantages


def test_advantages_by_hand() -> None:
    """Paid 1, 0, 3 with values 2, 1, 4; γ = 0.5, λ = 0.5.

    δ = 1 + 0.5·1 - 2 = -0.5; 0 + 0.5·4 - 1 = 1; 3 - 4 = -1.
    A = -0.5 + 0.25·0.75 = -0.3125; 1 + 0.25·(-1) = 0.75; -1.
    """
    assert gae.advantages([1, 0, 3], [2, 1, 4], 0.5, 0.5) == [-0.3125, 0.75, -1]
    assert gae.lambda_returns([1, 0, 3], [2, 1, 4], 0.5, 0.5) == [1.6875, 1.75, 3]
    assert gae.advantages([], []) == []


numbers = st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), max_size=8)


@given(numbers, st.floats(0, 1), st.floats(0, 1))
def test_advantages_in_closed_form(known: list[tuple[float, float]], gamma: float, lam: float) -> None:
    """A_k = Σ_l (γλ)^l δ_{k+l}; with λ = 1 the discounted reward to go minus the value; with λ = 0 the residual."""
    paid, values = [r for r, _ in known], [v for _, v in known]
    after = [*values[1:], 0.0][: len(paid)]
    residuals = [r + gamma * nxt - v for r, v, nxt in zip(paid, values, after, strict=True)]
    n = len(paid)
    assert gae.advantages(paid, values, gamma, lam) == pytest.approx(
        [math.fsum((gamma * lam) ** i * residuals[k + i] for i in range(n - k)) for k in range(n)], abs=1e-9
    )
    to_go = [math.fsum(gamma**i * paid[k + i] for i in range(n - k)) for k in range(n)]
    assert gae.lambda_returns(paid, values, gamma, 1.0) == pytest.approx(to_go, abs=1e-9)
    assert gae.advantages(paid, values, gamma, 0.0) == pytest.approx(residuals, abs=1e-9)


def test_a_decision_is_paid_until_the_next_one() -> None:
    """In WON a decides at both steps and is paid 10, 120; b decides at the first alone and is paid -10, 100."""
    a, b = (seat_of(WON, seat, 0) for seat in "ab")
    assert gae.rewards(a, [0, 1]) == [10, 120]
    assert gae.rewards(b, [0]) == [90]
    # A decision without a state hands its payments to the one before; what is before the first is nobody's.
    assert gae.rewards(a, [0]) == [130]
    assert gae.rewards(a, [1]) == [120]


@pytest.mark.parametrize("cost", [0.0, 0.7])
@pytest.mark.parametrize("game", GAMES)
def test_with_no_critic_it_is_the_reward_to_go(game: Any, cost: float) -> None:
    """λ = γ = 1 and values of zero: what ``credit.returns_of`` says, refusals and all."""
    one = trajectory(game)
    paid = gae.rewards(one, range(len(game)), cost)
    wanted = credit.returns_of(one, "reward_to_go", cost).turns
    assert gae.advantages(paid, [0.0] * len(game)) == pytest.approx(wanted)


@pytest.mark.parametrize("cost", [0.0, 0.7])
@pytest.mark.parametrize(("baseline", "size"), [("none", 1), ("loo", 2)])
def test_whatever_the_critic_says_the_expected_gradient_is_true(cost: float, baseline: str, size: int) -> None:
    """λ = γ = 1 and values that are wrong: every outcome of a group weighed, against finite differences."""
    legal, step = (0.6, 0.3), 1e-5
    wanted = [
        (objective((legal[0] + (i == 0) * step, legal[1] + (i == 1) * step), cost)
         - objective((legal[0] - (i == 0) * step, legal[1] - (i == 1) * step), cost)) / (2 * step)
        for i in (0, 1)
    ]  # fmt: skip
    options = config(refusal_cost=cost, baseline=baseline, group_size=size, gae_lambda=1.0)
    found = [0.0, 0.0]
    for games in itertools.product(GAMES, repeat=size):
        seats = [trajectory(game, i) for i, game in enumerate(games)]
        batch = rollout_batch(options, seats, *given_values(seats, lambda number: 1.3 - 2.0 * number))
        weight = math.prod(chance_of(game, legal) for game in games) / size
        part = gradient(list(batch.rows["shared"]), legal)
        found = [so_far + weight * more for so_far, more in zip(found, part, strict=True)]
    assert found == pytest.approx(wanted, abs=1e-6)


def test_whitened_advantages_have_mean_0_and_deviation_1() -> None:
    seats = [trajectory(game, i) for i, game in enumerate(GAMES)]
    batch = rollout_batch(config(whiten=True), seats, *given_values(seats, lambda number: 0.5))
    worth = [
        next(a for a, turn, attempt in zip(row.advantages, row.row.turns, row.row.attempts or (0,) * 99, strict=False)
             if turn == number and attempt == 0)
        for row in batch.rows["shared"] for number in (0, 1)
    ]  # fmt: skip
    assert math.fsum(worth) == pytest.approx(0, abs=1e-9)
    assert math.fsum(v * v for v in worth) / len(worth) == pytest.approx(1, abs=1e-3)


# Against GRPO


def test_without_a_critic_it_takes_the_very_step_of_grpo(model: Any, tokenizer: Any) -> None:
    """λ = γ = 1, values of zero (as heads begin) and --baseline loo: the rows of grpo under --returns reward_to_go
    --baseline loo, advantage by advantage, and so its loss and gradient, bit by bit."""
    rng = random.Random(3)
    seats = [trajectory(rng.choice(GAMES), sibling, scenario) for scenario in range(3) for sibling in range(2)]
    # Ids that the model has, at the probabilities that it says them with.
    mine = config(gae_lambda=1.0, baseline="loo", refusal_cost=0.25)
    theirs = TrainConfig.flat(scenarios=1, group_size=2, reward_unit=1.0, returns="reward_to_go", refusal_cost=0.25)
    ours = rollout_batch(mine, seats, *given_values(seats, lambda number: 0.0))
    grpos = grpo.rollout_batch(theirs, seats)
    assert [row.row for row in ours.rows["shared"]] == [row.row for row in grpos.rows["shared"]]
    for one, other in zip(ours.rows["shared"], grpos.rows["shared"], strict=True):
        assert one.advantages == pytest.approx(other.advantages, abs=1e-12)
    found = []
    for rows in (ours.rows, grpos.rows):
        own = copy.deepcopy(model)
        found.append((step_once(make_trainer(own, tokenizer, rows)), gradients(own)))
    (loss, grads), (their_loss, their_grads) = found
    assert any(grad.any() for grad in grads.values())
    assert loss == their_loss
    assert grads.keys() == their_grads.keys()
    assert all(grad.equal(their_grads[name]) for name, grad in grads.items())


def test_values_that_are_right_leave_nothing_to_learn() -> None:
    """Where the critic knows what each game will pay, no decision has an advantage, at any λ."""
    for lam in (0.0, 0.5, 1.0):
        one = trajectory((SAYS[0], SAYS[1]))
        paid = gae.rewards(one, [0, 1])
        states = [States((0, 1), torch.zeros((2, 4)))]
        batch = rollout_batch(config(gae_lambda=lam), [one], states, [[sum(paid), paid[1]]])
        assert not any(row.has_signal for row in batch.rows["shared"])


# What the critic reads


def test_a_value_is_read_before_anything_of_its_decision_is_said(model: Any, tokenizer: Any) -> None:
    """Other replies to the same ask, and whatever comes later, leave a state as it is; an earlier reply changes it."""
    policies = policies_on(model, tokenizer)
    told = lambda *games: states_of(policies, [trajectory(game) for game in games], 10_000)
    first, other, later = told((SAYS[0], SAYS[0]), (SAYS[2], SAYS[0]), (SAYS[0], SAYS[1]))
    assert first.decided == other.decided == later.decided == (0, 1)
    assert torch.equal(first.hidden_KD[0], other.hidden_KD[0])
    assert not torch.allclose(first.hidden_KD[1], other.hidden_KD[1])
    assert torch.allclose(first.hidden_KD, later.hidden_KD, atol=1e-6)
    one = trajectory((SAYS[1], SAYS[0]))
    (row,) = one.rows
    assert places(one.rows) == {0: (0, 0), 1: (0, 4)}
    hidden = model(input_ids=torch.tensor([row.ids]), output_hidden_states=True).hidden_states[-1][0]
    (found,) = told((SAYS[1], SAYS[0]))
    assert torch.allclose(found.hidden_KD, hidden[[0, 4]], atol=1e-5)
    # Packing changes nothing, nor does a row beside it.
    apart = states_of(policies, [one, trajectory(GAMES[0])], 1)
    assert torch.allclose(apart[0].hidden_KD, found.hidden_KD, atol=1e-6)


@pytest.mark.parametrize("names", [("shared",), ("left", "right")])
def test_states_are_the_same_where_beginnings_are_read_once(model: Any, tokenizer: Any, names: tuple[str, ...]) -> None:
    """Siblings of long games, under one policy and under two with adapters of their own."""
    policies = policies_on(with_adapters(model, names) if len(names) > 1 else model, tokenizer, names)
    rng = random.Random(2)
    begun = tuple(rng.choice(SAYS) for _ in range(12))
    seats = [
        replace(trajectory((*begun, *(rng.choice(SAYS) for _ in range(3))), i), policy=rng.choice(names))
        for i in range(8)
    ]
    plain = states_of(policies, seats, 10_000)
    shared = states_of(policies, seats, 10_000, share=True)
    for one, other in zip(plain, shared, strict=True):
        assert one.decided == other.decided == tuple(range(15))
        assert torch.allclose(one.hidden_KD, other.hidden_KD, atol=1e-5)
    if len(names) > 1:  # and the adapter matters
        (swapped,) = states_of(policies, [replace(seats[0], policy=names[seats[0].policy == names[0]])], 10_000)
        assert not torch.allclose(swapped.hidden_KD, plain[0].hidden_KD, atol=1e-3)


def test_a_decision_in_which_nothing_was_said_has_no_state() -> None:
    one = trajectory((SAYS[0], SAYS[0], SAYS[0]))
    steps = list(one.episode.steps)
    steps[1] = steps[1]._replace(turns=(steps[1].turns[0]._replace(meta={}),))
    silent = replace(one, episode=replace(one.episode, steps=steps))
    assert list(places(silent.rows)) == [0, 2]
    states = [States((0, 2), torch.zeros((2, 4)))]
    batch = rollout_batch(config(gae_lambda=1.0), [silent], states, [[0.0, 0.0]])
    # Paid 1, 2 and 3 + 2: the first answers for all of it, the third for 5.
    assert [a for a in batch.rows["shared"][0].advantages if a] == [8, 5]


# The critic


def critic(width: int = 4, **options: Any) -> Critic:
    return Critic(width, **({"inner": 8, "learning_rate": 1e-2, "clip": 0.0, "updates": 50, "seed": 0} | options))


def lesson(targets: list[float], old: list[float] | None = None, width: int = 4) -> Lesson:
    hidden_KD = torch.randn((len(targets), width), generator=torch.Generator().manual_seed(1))
    goal_K = torch.tensor(targets)
    return Lesson(hidden_KD, torch.tensor(old or [0.0] * len(targets)), goal_K, goal_K)


def test_the_critic_learns_values_that_are_known(model: Any, tokenizer: Any) -> None:
    """Games of two decisions under a policy whose replies are legal with 0.6 and 0.3: what a decision is worth follows
    by enumeration, the second one's too from what was said at the first. The critic is shown 400 games."""
    legal, policies, rng = (0.6, 0.3), policies_on(model, tokenizer), random.Random(0)
    drawn = rng.choices(GAMES, weights=[chance_of(game, legal) for game in GAMES], k=400)
    seats = [trajectory(game, i) for i, game in enumerate(drawn)]

    def worth(number: int, before: tuple[Any, ...]) -> float:
        able = [game for game in GAMES if game[:number] == before]
        chances = [chance_of(game, legal) for game in able]
        paid = [trajectory(game).reward_to_go()[number] for game in able]
        return math.fsum(c * r for c, r in zip(chances, paid, strict=True)) / math.fsum(chances)

    states = states_of(policies, seats, 10_000)
    learner = critic(16, inner=32, updates=400)
    options = config(gae_lambda=1.0)
    values = [learner.values("r", its.hidden_KD).tolist() for its in states]
    assert all(value == 0.0 for its in values for value in its)
    told = lessons(options, seats, states, values)
    numbers = explained(told) | learner.learn(told)
    assert numbers["value/explained_variance"] == 0.0
    assert numbers["value/loss_after"] < 0.7 * numbers["value/loss"]
    shown = states_of(policies, [trajectory((first, SAYS[0])) for first in SAYS], 10_000)
    found = [learner.values("r", its.hidden_KD).tolist() for its in shown]
    for first, its in zip(SAYS, found, strict=True):
        # A mean of 400 games, whose returns have a deviation of about 2, is known to 0.1.
        assert its[0] == pytest.approx(worth(0, ()), abs=0.35)
        assert its[1] == pytest.approx(worth(1, (first,)), abs=0.35)
    assert worth(1, (SAYS[0],)) - worth(1, (SAYS[2],)) > 1  # and the two are far apart


def test_a_head_is_its_own_whoever_else_plays() -> None:
    """The order in which roles are met, and other roles' lessons, change no bit of a head."""
    one, other, alone = critic(), critic(), critic()
    told = {"villager": lesson([1.0, 2.0, -1.0]), "werewolf": lesson([3.0, -3.0])}
    one.learn(told)
    other.values("werewolf", torch.zeros((1, 4)))
    other.learn(dict(reversed(told.items())))
    alone.learn({"villager": told["villager"]})
    for role, hidden_KD in (("villager", told["villager"].hidden_KD), ("werewolf", told["werewolf"].hidden_KD)):
        assert torch.equal(one.values(role, hidden_KD), other.values(role, hidden_KD))
    assert torch.equal(
        one.values("villager", told["villager"].hidden_KD), alone.values("villager", told["villager"].hidden_KD)
    )


def test_making_and_teaching_heads_draws_nothing_from_torchs_generator() -> None:
    torch.manual_seed(4)
    before = torch.get_rng_state()
    critic().learn({"r": lesson([1.0, 2.0])})
    assert torch.equal(before, torch.get_rng_state())


def test_value_clip_by_hand() -> None:
    """Old values 0, targets 1, clip 0.2. Said 0.5: the clipped 0.2 errs by 0.8, the value by 0.5; the larger counts.
    Said -0.5: it errs by 1.5, the clipped -0.2 by 1.2. Said 0.1: both by 0.9."""
    clipped = critic(clip=0.2)
    loss = clipped.loss(torch.tensor([0.5, -0.5, 0.1]), lesson([1.0, 1.0, 1.0]))
    assert loss.item() == pytest.approx(0.5 * (0.64 + 2.25 + 0.81) / 3)
    assert critic().loss(torch.tensor([0.5, -0.5, 0.1]), lesson([1.0, 1.0, 1.0])).item() == pytest.approx(
        0.5 * (0.25 + 2.25 + 0.81) / 3
    )
    said_K = torch.tensor([0.5], requires_grad=True)
    clipped.loss(said_K, lesson([1.0])).backward()
    assert said_K.grad is not None
    assert said_K.grad.item() == 0.0  # far enough for this step


def test_explained_variance_by_hand() -> None:
    returns = torch.tensor([1.0, 2.0, 3.0, 6.0])
    assert explained_variance(returns, returns) == 1.0
    assert explained_variance(torch.full((4,), 9.0), returns) == pytest.approx(0.0)
    assert explained_variance(-returns, returns) == pytest.approx(-3.0)
    assert explained_variance(returns, torch.ones(4)) is None
    assert explained_variance(torch.zeros(0), torch.zeros(0)) is None


def test_a_critic_that_blows_up_stops_the_run() -> None:
    with pytest.raises(LanistaError, match=r"critic's loss for r is not a finite number.*--critic-learning-rate"):
        critic(learning_rate=1e30).learn({"r": lesson([1.0, float("inf")])})


@pytest.mark.parametrize("group_size", [1, 8])
def test_a_policy_learns_a_small_game(model: Any, tokenizer: Any, group_size: int) -> None:
    """Two decisions of one token each; an even id is paid 1. At first one in two is, after 12 updates most are,
    and the critic, which began at nothing, is on its way to what is left to come."""
    options = config(
        **{"group_size": group_size, "scenarios": 128 // group_size, "baseline": "loo" if group_size > 1 else "none"},
        **{"learning_rate": 1e-2, "critic_warmup": 1, "critic_learning_rate": 1e-2, "steps": 13, "device": "cpu"},
        **{"minibatches": 2, "loss_type": "grpo"},
    )
    policies = policies_on(model, tokenizer)
    learner = PPO(options, policies)
    draws = torch.Generator().manual_seed(5)

    @torch.no_grad()
    def say(ids: list[list[int]]) -> list[tuple[int, float]]:
        logp_BV = model(input_ids=torch.tensor(ids)).logits[:, -1].log_softmax(-1)
        said_B = torch.multinomial(logp_BV.exp(), 1, generator=draws)[:, 0]
        return [(int(token), float(logp_V[token])) for token, logp_V in zip(said_B, logp_BV, strict=True)]

    def played() -> list[Trajectory]:
        model.eval()
        first = say([[9]] * 128)
        second = say([[9, token, 9] for token, _ in first])
        found = []
        for i, both in enumerate(zip(first, second, strict=True)):
            one = trajectory((SAYS[0], SAYS[0]), i % group_size, i // group_size)
            steps = [
                step._replace(
                    turns=(
                        step.turns[0]._replace(
                            meta={"tokens": {"prompt_ids": [9], "ids": [token], "logps": [logp]}},
                        ),
                    )
                )
                for step, (token, logp) in zip(one.episode.steps, both, strict=True)
            ]
            paid = tuple(float(token % 2 == 0) for token, _ in both)
            found.append(replace(one, episode=replace(one.episode, steps=steps), payments=paid))
        return found

    worth = []
    for step in range(13):
        games = played()
        worth.append(math.fsum(one.total for one in games) / 128)
        numbers = learner.update(games, step)
    assert worth[0] == pytest.approx(1.0, abs=0.2)  # three standard errors of 128 games
    assert worth[1] == pytest.approx(1.0, abs=0.2)  # the critic's warm-up
    assert worth[-1] > 1.6
    assert numbers["value/mean"] > 0.7  # it follows what is left to come, 1.4 by now, from 0


def test_a_critic_is_kept_to_the_bit(tmp_path: Path) -> None:
    one, two = critic(), critic()
    told = {"r": lesson([1.0, 2.0, -1.0]), "s": lesson([0.5])}
    one.learn(told)
    one.save(tmp_path)
    two.load(tmp_path)
    for both in (one, two):
        both.learn(told)
    for role, its in told.items():
        assert torch.equal(one.values(role, its.hidden_KD), two.values(role, its.hidden_KD))
