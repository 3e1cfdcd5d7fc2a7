"""Muon for a model's inner matrices, AdamW for the rest: what small models learn fastest with, from nothing.

Muon (Jordan et al., 2024; ``torch.optim.Muon``) makes each step's update of a matrix orthogonal, so that directions
seldom seen move as far as the common ones. Embeddings, norms and a head of their own are no such maps and keep AdamW.
"""

from __future__ import annotations

from typing import Any

import torch


class MuonAdamW(torch.optim.Optimizer):
    """One optimizer made of two. Its parameter groups are theirs, so a schedule reaches both.

    ``learning_rate`` is the peak of both; Muon's steps are made as large as AdamW's would be. No weight decay.
    """

    def __init__(self, model: Any, learning_rate: float) -> None:
        matrices, rest = inner_matrices(model)
        self.parts: list[torch.optim.Optimizer] = []
        if matrices:
            muon = torch.optim.Muon(matrices, lr=learning_rate, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
            self.parts.append(muon)
        if rest:
            self.parts.append(torch.optim.AdamW(rest, lr=learning_rate, weight_decay=0.0))
        super().__init__([group for part in self.parts for group in part.param_groups], {})

    def step(self, closure: Any = None) -> Any:
        """One step of each. Returns what ``closure`` returns, which is called once."""
        loss = None if closure is None else closure()
        for part in self.parts:
            part.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """Theirs, in order."""
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The inverse."""
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self.param_groups = [group for part in self.parts for group in part.param_groups]


def inner_matrices(model: Any) -> tuple[list[torch.nn.Parameter], list[torch.nn.Parameter]]:
    """The trainable weights of linear maps between hidden states, and all others."""
    ends = {id(end.weight) for end in (model.get_input_embeddings(), model.get_output_embeddings()) if end is not None}
    linear = {id(module.weight) for module in model.modules() if isinstance(module, torch.nn.Linear)} - ends
    trainable = [weight for weight in model.parameters() if weight.requires_grad]
    return [w for w in trainable if id(w) in linear], [w for w in trainable if id(w) not in linear]
