"""Merging an adapter: what comes out says what the adapter said."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from lanista.agents.lm.deprecations import not_ours
from lanista.agents.lm.merging import merged
from lanista.agents.lm.policy import Policy


def logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = model(torch.arange(3, 40)[None]).logits.double()
    return found


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_a_merged_adapter_says_what_it_said_before(policy: Policy, dtype: torch.dtype) -> None:
    """An adapter that adds about a thousandth of each weight, less than bf16 can tell apart (its step is 1/256)."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(3)
    base = policy.model.to(dtype)
    config = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)
    with not_ours():
        model = get_peft_model(base, config).eval()
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            weight.data *= 0.002
    with model.disable_adapter():
        without = logits(copy.deepcopy(model).float())
    said = logits(copy.deepcopy(model).float())  # the same weights, computed in fp32
    effect = (said - without).abs().max()
    assert effect > 0
    rounded = logits(copy.deepcopy(model).merge_and_unload().float())
    found = merged(model)
    assert next(found.parameters()).dtype == torch.float32
    assert (logits(found) - said).abs().max() < 0.01 * effect
    if dtype is torch.bfloat16:  # what it is kept from: PEFT's own merging errs as much as the adapter says
        assert (rounded - said).abs().max() > 0.3 * effect
