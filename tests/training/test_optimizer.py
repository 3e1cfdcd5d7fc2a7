"""Muon and AdamW as one optimizer: who gets which weights, and that it stops and goes on like any other."""

from __future__ import annotations

import copy
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")

import torch

from lanista.errors import UsageError
from lanista.training import tiny
from lanista.training.optimizer import MuonAdamW, inner_matrices
from lanista.training.warmstart import Recipe


@pytest.fixture
def model() -> Any:
    tokenizer = tiny.build_tokenizer(["vote: player_1", "hello "] * 3, ["player_0", "player_1"])
    return tiny.build_model(tokenizer, "16x2")


def one_pass(model: Any, optimizer: Any, seed: int) -> None:
    ids = torch.randint(0, 200, (4, 12), generator=torch.Generator().manual_seed(seed))
    optimizer.zero_grad()
    model(input_ids=ids, labels=ids).loss.backward()
    optimizer.step()


def test_matrices_between_hidden_states_go_to_muon_and_the_rest_to_adamw(model: Any) -> None:
    names = {id(weight): name for name, weight in model.named_parameters()}
    matrices, rest = ([names[id(weight)] for weight in part] for part in inner_matrices(model))
    assert len(matrices) == 2 * 7  # q, k, v, o, gate, up, down of each layer
    assert all("proj" in name for name in matrices)
    assert rest
    assert all("embed" in name or "norm" in name for name in rest)
    assert sorted(matrices + rest) == sorted(names.values())


def test_frozen_weights_stay_out(model: Any) -> None:
    model.model.layers[0].requires_grad_(False)
    matrices, rest = inner_matrices(model)
    assert len(matrices) == 7
    assert all(weight.requires_grad for weight in matrices + rest)


def test_a_first_step_moves_every_direction_of_a_matrix_alike(model: Any) -> None:
    # What Muon is for: the step of a matrix has singular values within about 0.7 to 1.2 of each other's scale, where
    # the gradient's span orders of magnitude.
    before = copy.deepcopy(model)
    one_pass(model, MuonAdamW(model, 1e-2), 0)
    old = before.model.layers[0].self_attn.v_proj.weight
    new = model.model.layers[0].self_attn.v_proj.weight
    moved = torch.linalg.svdvals((new - old).detach())
    slope = torch.linalg.svdvals(new.grad)
    assert moved.max() / moved[:8].min() < 3
    assert slope.max() / slope[:8].min() > moved.max() / moved[:8].min()
    # As large as AdamW's steps: a root mean square of about 0.2 of the learning rate.
    assert float((new - old).detach().pow(2).mean().sqrt()) == pytest.approx(0.2 * 1e-2, rel=0.35)


def test_a_schedule_reaches_both_parts(model: Any) -> None:
    optimizer = MuonAdamW(model, 1e-2)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.0 if step else 1.0)
    one_pass(model, optimizer, 0)
    schedule.step()
    assert all(group["lr"] == 0.0 for part in optimizer.parts for group in part.param_groups)
    before = copy.deepcopy(model.state_dict())
    one_pass(model, optimizer, 1)
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())


def test_it_goes_on_from_its_state_as_if_it_had_not_stopped(model: Any) -> None:
    optimizer = MuonAdamW(model, 1e-2)
    one_pass(model, optimizer, 0)
    other = copy.deepcopy(model)
    resumed = MuonAdamW(other, 5e-1)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    fresh_model = copy.deepcopy(model)
    fresh = MuonAdamW(fresh_model, 1e-2)
    for seed in (1, 2):
        one_pass(model, optimizer, seed)
        one_pass(other, resumed, seed)
        one_pass(fresh_model, fresh, seed)
    pairs = list(zip(model.parameters(), other.parameters(), fresh_model.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b, _ in pairs)
    assert not all(torch.equal(a, c) for a, _, c in pairs)


@pytest.mark.parametrize("bad", [{"optimizer": "sgd"}, {"optimizer": "muon", "lora_rank": 4}])
def test_recipes_that_cannot_be_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="muon"):
        Recipe(**bad)
