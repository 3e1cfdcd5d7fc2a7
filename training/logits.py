"""The logits in front of marked tokens, and no others: what a loss over a seat's own words needs.

TRL's fused head does so too where Triton runs. Elsewhere it projects every position and masks padding in every
attention, which on a CPU is most of a small model's training. Names: B rows, T tokens, D width, N marked tokens, V
vocabulary.
"""

from __future__ import annotations

from typing import Any

import torch

from lanista.agents.lm.backends.hf.forward import without_adapter

SCALES = ("final_logit_softcapping", "logit_scale", "output_multiplier", "lm_head_multiplier", "logits_scaling")
"""What some models do to logits after the head, as their configs name it; TRL's head knows each of them."""


def are_cheaper(model: Any) -> bool:
    """Whether ``marked_logits`` may stand in for TRL's head and costs less: on a CPU."""
    return bool(model.device.type == "cpu" and is_plain(model))


def is_plain(model: Any) -> bool:
    """Whether ``marked_logits`` gives what TRL's head does: behind a plain head, without a router's loss."""
    config = model.config
    text = config.get_text_config()
    plain = text is config and all(getattr(config, name, None) in (None, 1, 1.0) for name in SCALES)
    return bool(plain and not hasattr(config, "output_router_logits"))


def marked_logits(model: Any, ids_BT: torch.Tensor, marked_BT: torch.Tensor) -> torch.Tensor:
    """float32 logits from which each marked token is predicted, shape (N, V), row by row. Differentiable.

    ``model`` is a causal language model or an adapter on one; rows are padded on the right, where no token before the
    padding can see it, so attention needs no mask. The first token of a row is predicted from nothing and never counts.
    """
    return projected(model, marked_hidden(model, ids_BT, marked_BT))


def marked_hidden(model: Any, ids_BT: torch.Tensor, marked_BT: torch.Tensor) -> torch.Tensor:
    """The last hidden states from which each marked token is predicted, shape (N, D), row by row. Differentiable."""
    hidden_BTD: torch.Tensor = without_adapter(model).base_model(input_ids=ids_BT, use_cache=False).last_hidden_state
    return hidden_BTD[:, :-1][marked_BT[:, 1:].bool()]


def projected(model: Any, hidden_ND: torch.Tensor) -> torch.Tensor:
    """float32 logits of hidden states, shape (N, V)."""
    logits_NV: torch.Tensor = without_adapter(model).get_output_embeddings()(hidden_ND)
    return logits_NV.float()
