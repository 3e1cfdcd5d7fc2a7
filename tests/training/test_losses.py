"""Every loss that is offered, off policy, against its paper's formula written down here token by token."""

from __future__ import annotations

import copy
import random
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
from workbench import gradients, make_trainer, relative_error, scored_rows, step_once

from lanista.errors import UsageError
from lanista.training.algorithms.grpo import GRPOOptions
from lanista.training.batching import ScoredRow
from lanista.training.config import TrainConfig
from lanista.training.trajectories import TokenRow

LOW, HIGH = 0.2, 0.28
LONGEST = 10


def clipped(ratio: torch.Tensor, advantage: torch.Tensor) -> torch.Tensor:
    """PPO's minimum (Schulman et al. 2017, equation 7), with another upper range (DAPO, Yu et al. 2025)."""
    return torch.minimum(ratio * advantage, ratio.clamp(1 - LOW, 1 + HIGH) * advantage)


def soft(ratio: torch.Tensor, advantage: torch.Tensor) -> torch.Tensor:
    """SAPO (Gao et al. 2025): sigmoid(τ(r − 1)) · 4/τ, with τ 1 where the advantage is positive, else 1.05."""
    tau = torch.where(advantage > 0, 1.0, 1.05)
    return torch.sigmoid(tau * (ratio - 1)) * 4 / tau * advantage


def formula(loss: str, logps: list[Any], rows: list[ScoredRow]) -> torch.Tensor:
    """The loss of rows that are whole trajectories; ``logps``: the policy's, at each row's own tokens."""
    terms, tokens = [], 0
    for logp, scored in zip(logps, rows, strict=True):
        own = torch.tensor(scored.row.own)
        old = torch.tensor(scored.row.logps, dtype=torch.float64)[own]
        advantage = torch.tensor(scored.advantages, dtype=torch.float64)[own]
        ratio = (logp - old).exp()
        count = len(logp)
        tokens += count
        if loss in ("gspo", "luspo"):  # GSPO (Zheng et al. 2025): (π/π_old)^(1/|y|), one ratio for all of a sequence
            ratio = (logp - old).mean().exp().expand(count)
        if loss == "cispo":  # MiniMax-M1 (2025): sg(min(r, 1 + ε_high)) · A · log π
            terms.append((ratio.clamp(max=1 + HIGH).detach() * advantage * logp).sum())
        elif loss == "sapo":
            terms.append(soft(ratio, advantage).mean())
        elif loss in ("grpo", "gspo"):
            terms.append(clipped(ratio, advantage).mean())
        else:  # dapo, bnpo: tokens of the batch; dr_grpo: a constant; luspo: |y| times the sequence's term
            terms.append(clipped(ratio, advantage).sum())
    if loss in ("dapo", "bnpo", "cispo"):
        return -sum(terms) / tokens
    if loss == "dr_grpo":
        return -sum(terms) / (len(rows) * LONGEST)
    return -sum(terms) / len(rows)


def own_logps(model: Any, row: TokenRow) -> Any:
    ids = torch.tensor([row.ids])
    scores = model(input_ids=ids).logits[0, :-1].double().log_softmax(-1)
    return scores.gather(-1, ids[0, 1:, None])[:, 0][torch.tensor(row.own[1:])]


def rows_for(model: Any, loss: str) -> list[ScoredRow]:
    """Rows of one trajectory each, sampled by another policy; one advantage a row where the loss takes one."""
    rng = random.Random(11)
    rows = [row for offset in (-0.5, -0.1, 0.1, 0.6) for row in scored_rows(rng, model, 2, offset=offset)]
    for i, scored in enumerate(rows):  # another offset for every token, or a sequence's ratio would be its tokens'
        logps = tuple(
            p + rng.uniform(-0.4, 0.4) if own else 0.0 for p, own in zip(scored.row.logps, scored.row.own, strict=True)
        )
        rows[i] = replace(scored, row=replace(scored.row, logps=logps))
    if loss not in ("gspo", "luspo"):
        return rows
    worth = [rng.uniform(-1, 1) for _ in rows]
    return [
        replace(row, advantages=tuple(a if own else 0.0 for own in row.row.own))
        for row, a in zip(rows, worth, strict=True)
    ]


OFFERED = next(f for f in GRPOOptions.__dataclass_fields__.values() if f.name == "loss_type").metadata["choices"]


@pytest.mark.parametrize("loss", OFFERED)
def test_a_loss_is_its_papers(model: Any, tokenizer: Any, loss: str) -> None:
    rows, plain = rows_for(model, loss), copy.deepcopy(model)
    trainer = make_trainer(
        model,
        tokenizer,
        {"shared": rows},
        loss_type=loss,
        epsilon=LOW,
        epsilon_high=HIGH,
        max_new_tokens=LONGEST,
        tokens_per_batch=40 if loss != "bnpo" else 10_000,
    )
    found = step_once(trainer)
    expected = formula(loss, [own_logps(plain, scored.row) for scored in rows], rows)
    expected.backward()
    assert found == pytest.approx(float(expected), rel=1e-4, abs=1e-6)
    assert relative_error(gradients(model), gradients(plain)) < 1e-4


def test_no_two_losses_are_the_same_thing(model: Any) -> None:
    """Of the formulas themselves: what is compared above differs from loss to loss, but for dapo and bnpo."""
    values = {}
    for loss in OFFERED:
        rows = rows_for(model, "gspo")
        with torch.no_grad():
            values[loss] = round(float(formula(loss, [own_logps(model, s.row) for s in rows], rows)), 9)
    assert len(set(values.values())) == len(OFFERED) - 1


def test_cispo_does_not_clamp_every_weight(model: Any, tokenizer: Any) -> None:
    """Near the sampling policy the weights are near 1: a cap at 0.2 would make them all 0.2."""
    rows = scored_rows(random.Random(2), model, 4)
    own = copy.deepcopy(model)
    step_once(make_trainer(own, tokenizer, {"shared": rows}, loss_type="cispo"))
    other = copy.deepcopy(model)
    step_once(make_trainer(other, tokenizer, {"shared": rows}, loss_type="dapo"))
    assert relative_error(gradients(own), gradients(other)) < 1e-5  # on policy all weights are 1, and both PG


def cut(scored: ScoredRow) -> list[ScoredRow]:
    """The same trajectory as if its conversation had been started afresh before every decision but the first."""
    row, found = scored.row, []
    turns = sorted({turn for turn in row.turns if turn >= 0})
    for turn in turns:
        last = max(i for i, t in enumerate(row.turns) if t == turn) + 1
        own = tuple(t == turn for t in row.turns[:last])
        piece = TokenRow(
            ids=row.ids[:last],
            own=own,
            logps=tuple(p if o else 0.0 for p, o in zip(row.logps[:last], own, strict=True)),
            turns=tuple(t if o else -1 for t, o in zip(row.turns[:last], own, strict=True)),
        )
        advantages = tuple(a if o else 0.0 for a, o in zip(scored.advantages[:last], own, strict=True))
        found.append(ScoredRow(piece, advantages, piece.tokens / row.tokens if len(turns) > 1 else 1.0))
    return found


@pytest.mark.parametrize("loss", [loss for loss in OFFERED if loss not in ("gspo", "luspo")])
@pytest.mark.parametrize("beta", [0.0, 0.1])
def test_a_trajectory_that_was_started_afresh_weighs_once(model: Any, tokenizer: Any, loss: str, beta: float) -> None:
    """Whole, or cut into a row per decision: the same tokens after the same tokens, so the same loss and gradient."""
    rows = scored_rows(random.Random(7), model, 5, offset=0.2)
    found = []
    for given in (rows, [piece for row in rows for piece in cut(row)]):
        own = copy.deepcopy(model)
        trainer = make_trainer(own, tokenizer, {"shared": given}, loss_type=loss, beta=beta, max_new_tokens=LONGEST)
        found.append((step_once(trainer), gradients(own)))
    (whole, one), (pieces, other) = found
    assert pieces == pytest.approx(whole, rel=1e-4, abs=1e-6)
    assert relative_error(other, one) < 1e-4


@pytest.mark.parametrize("loss", ["gspo", "luspo"])
def test_a_sequence_has_one_advantage(loss: str) -> None:
    with pytest.raises(UsageError, match="--returns episode"):
        TrainConfig.flat(loss_type=loss, returns="reward_to_go")


def test_a_cut_distribution_is_refused() -> None:
    with pytest.raises(UsageError, match="top_p"):
        TrainConfig.flat(top_p=0.9)
