"""Which policy learns from which seat, and which weights are whose.

Every policy is trained as if it were alone: its own adapter, its own gradients, its own clip, and no optimizer step
when it has no signal (AdamW moves a parameter whose gradient is zero; one whose gradient is None it leaves alone).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lanista.arenas.core import chance

SHARED = "shared"


class Roles:
    """The policies on one model. ``adapters`` False: a single policy that owns every trainable weight."""

    def __init__(self, model: Any, names: Sequence[str], *, by: str = "role") -> None:
        self.model = model
        self.names = tuple(names)
        self.by = by
        self.adapters = hasattr(model, "peft_config")
        if not self.adapters and len(self.names) != 1:
            raise ValueError(f"{len(self.names)} policies on one model need an adapter each")

    def policy(self, role: str, team: str) -> str:
        """The name of the policy that plays a role of a team."""
        if self.names == (SHARED,):
            return SHARED
        return adapter_name(role if self.by == "role" else team)

    def adapter(self, policy: str) -> str | None:
        """The adapter to sample with; None for a model without any."""
        return policy if self.adapters else None

    def activate(self, policy: str) -> None:
        """Let gradients flow into this policy alone. Do its forward *and* backward passes before activating another.

        With gradient checkpointing the backward pass runs the forward pass again, with whatever adapter is active then.
        """
        if self.adapters:
            self.model.set_adapter(policy)

    def trainable(self) -> None:
        """Let every policy's weights require gradients: ``set_adapter`` froze all but one."""
        if not self.adapters:
            return
        for name in self.names:
            for parameter in self.parameters(name):
                parameter.requires_grad_(True)

    def parameters(self, policy: str) -> list[nn.Parameter]:
        """The weights of one policy, in the model's order."""
        return [p for _, p in self.named_parameters(policy)]

    def named_parameters(self, policy: str) -> list[tuple[str, nn.Parameter]]:
        """As ``parameters``, with names."""
        if not self.adapters:
            return [(n, p) for n, p in self.model.named_parameters() if p.requires_grad]
        mark = f".{policy}."
        return [(n, p) for n, p in self.model.named_parameters() if mark in n and "lora_" in n]

    def silence(self, policy: str) -> None:
        """Take a policy out of the next optimizer step."""
        for parameter in self.parameters(policy):
            parameter.grad = None


def adapter_name(role: str) -> str:
    """A role's name as PEFT can use it for a module."""
    return re.sub(r"[^A-Za-z0-9_]", "_", role)


def add_adapters(model: Any, names: Sequence[str], *, rank: int, seed: int) -> Any:
    """``model`` wrapped in PEFT with a LoRA adapter per name, each started from its own seed: no order matters."""
    from peft import LoraConfig, get_peft_model

    wrapped = None
    for name in names:
        config = LoraConfig(
            r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM"
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(chance.key("adapter", seed, name) >> 1)
            if wrapped is None:
                wrapped = get_peft_model(model, config, adapter_name=name)
            else:
                wrapped.add_adapter(name, config)
    if wrapped is None:
        raise ValueError("no adapter was named")
    return wrapped


def load_adapters(model: Any, folder: Path, names: Sequence[str]) -> None:
    """Put the weights that ``save_pretrained`` wrote under ``folder`` back into the adapters, bit for bit.

    Not PEFT's ``load_adapter``: that freezes the adapters that are not active.
    """
    from peft import set_peft_model_state_dict
    from safetensors.torch import load_file

    for name in names:
        set_peft_model_state_dict(model, load_file(folder / name / "adapter_model.safetensors"), adapter_name=name)
