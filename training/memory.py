"""How many tokens a pass of an update may hold: what activations take, against a budget in bytes."""

from __future__ import annotations

from typing import Any

import torch

from lanista.agents.lm.backends.hf.states import device_bytes

UPDATE_BYTES = 4 << 30
"""Activations of one forward and backward pass on a CPU; on a GPU an eighth of its memory, if that is more."""


def tokens_that_fit(model: Any, device: torch.device, *, adapters: bool, checkpointing: bool) -> int:
    """The most tokens, padding included, whose activations take about ``UPDATE_BYTES``; 1 at least."""
    return max(1, device_bytes(device, UPDATE_BYTES) // activation_bytes(model, adapters, checkpointing))


def activation_bytes(model: Any, adapters: bool, checkpointing: bool = False) -> int:
    """About what a token leaves behind for the backward pass, in bytes.

    A layer keeps the inputs of its norms (in fp32 too), its projections and its feed-forward part; under an adapter
    each linear map keeps its input once more, in fp32. A fifth of the tokens are said by the policy, and keep logits in
    fp32, their exponentials and their gradient. Recomputing keeps every layer's input and the inside of one layer.
    """
    config = model.config.get_text_config()
    hidden, layers = int(config.hidden_size), int(getattr(config, "num_hidden_layers", 1))
    inner = getattr(config, "intermediate_size", None)
    inner = inner if isinstance(inner, int) else 4 * hidden
    size = next(model.parameters()).dtype.itemsize
    inside = 2 * hidden * (size + 8) + 4 * hidden * size + 4 * inner * size
    if adapters:
        inside += 4 * (6 * hidden + inner)
    kept = layers * hidden * size + inside if checkpointing else layers * inside
    return int(kept + 12 * int(config.vocab_size) // 5)
