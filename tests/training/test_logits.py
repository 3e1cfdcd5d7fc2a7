"""Logits of marked tokens alone: the model's own, and only where its head is nothing but a matrix."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch")

import torch
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    GraniteConfig,
    GraniteForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
)

from lanista.training import logits

SMALL: dict[str, Any] = {
    "vocab_size": 40,
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "pad_token_id": 0,
}


def test_marked_logits_are_the_models_own_whatever_stands_behind_the_row() -> None:
    model = LlamaForCausalLM(LlamaConfig(**SMALL)).eval()
    ids = torch.randint(1, 40, (2, 9), generator=torch.Generator().manual_seed(0))
    ids[1, 6:] = 0  # padding
    marked = torch.zeros(2, 9, dtype=torch.bool)
    marked[0, [0, 3, 8]] = True  # the first token is predicted from nothing
    marked[1, [2, 5]] = True
    with torch.no_grad():
        found = logits.marked_logits(model, ids, marked)
        alone = [model(ids[:1]).logits[0, [2, 7]], model(ids[1:, :6]).logits[0, [1, 4]]]
    assert logits.are_cheaper(model)
    assert torch.allclose(found, torch.cat(alone), atol=1e-5)


@pytest.mark.parametrize(
    "model",
    [
        Gemma2ForCausalLM(Gemma2Config(**SMALL, final_logit_softcapping=3.0)),
        GraniteForCausalLM(GraniteConfig(**SMALL, logits_scaling=8.0)),
        MixtralForCausalLM(MixtralConfig(**SMALL, num_local_experts=2)),
    ],
    ids=["softcapping", "scaling", "router"],
)
def test_models_that_do_more_than_a_plain_head_are_left_to_trl(model: Any) -> None:
    assert not logits.are_cheaper(model)
