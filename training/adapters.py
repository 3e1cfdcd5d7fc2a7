"""Which policy learns from which seat, and which weights are whose.

Every policy is trained as if it were alone: its own adapter, its own gradients, its own clip, and no optimizer step
when it has no signal (AdamW moves a parameter whose gradient is zero; one whose gradient is None it leaves alone).

A policy is called after its role; its adapter inside the model is called by number. PEFT names modules after adapters
and finds their weights by looking for the name anywhere in a path, where a role called ``mlp`` or ``1`` is everywhere.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lanista.agents.lm.deprecations import not_ours
from lanista.arenas.core import chance

SHARED = "shared"

WEIGHTS = "adapter_model.safetensors"
"""PEFT's name for an adapter's file of weights."""


class Adapters:
    """The policies on one model. ``present`` False: a single policy that owns every trainable weight.

    ``roles``: each role (or team) with the policy that plays it; by default every policy's own name.
    """

    def __init__(
        self, model: Any, names: Sequence[str], *, by: str = "role", roles: Mapping[str, str] | None = None
    ) -> None:
        self.model = model
        self.names = tuple(names)
        self.by = by
        self.roles = dict(roles) if roles is not None else {name: name for name in names}
        self.present = hasattr(model, "peft_config")
        if not self.present and len(self.names) != 1:
            raise ValueError(f"{len(self.names)} policies on one model need an adapter each")

    def policy(self, role: str, team: str) -> str:
        """The name of the policy that plays a role of a team."""
        if self.names == (SHARED,):
            return SHARED
        return self.roles[role if self.by == "role" else team]

    def adapter(self, policy: str) -> str | None:
        """What the policy's adapter is called in the model; None for a model without any."""
        return adapter_name(self.names.index(policy)) if self.present else None

    def activate(self, policy: str) -> None:
        """Let gradients flow into this policy alone. Do its forward *and* backward passes before activating another.

        With gradient checkpointing the backward pass runs the forward pass again, with whatever adapter is active then.
        """
        if self.present:
            self.model.set_adapter(self.adapter(policy))

    def trainable(self) -> None:
        """Let every policy's weights require gradients: ``set_adapter`` froze all but one."""
        if not self.present:
            return
        for name in self.names:
            for parameter in self.parameters(name):
                parameter.requires_grad_(True)

    def parameters(self, policy: str) -> list[nn.Parameter]:
        """The weights of one policy, in the model's order."""
        return [p for _, p in self.named_parameters(policy)]

    def named_parameters(self, policy: str) -> list[tuple[str, nn.Parameter]]:
        """As ``parameters``, with names."""
        adapter = self.adapter(policy)
        if adapter is None:
            return [(n, p) for n, p in self.model.named_parameters() if p.requires_grad]
        return adapter_parameters(self.model, adapter)

    def silence(self, policy: str) -> None:
        """Take a policy out of the next optimizer step."""
        for parameter in self.parameters(policy):
            parameter.grad = None


def adapter_name(index: int) -> str:
    """What the adapter of the policy number ``index`` is called: no such name is part of another one or of a module."""
    return f"policy_{index:04d}"


def adapter_parameters(model: Any, adapter: str) -> list[tuple[str, nn.Parameter]]:
    """The LoRA weights of one adapter, by whole components of their names."""
    found = []
    for name, parameter in model.named_parameters():
        parts = name.split(".")
        if adapter in parts and any(part.startswith("lora_") for part in parts):
            found.append((name, parameter))
    return found


def folder_names(roles: Iterable[str]) -> dict[str, str]:
    """A name for the policy of each role that a file system and a table can hold, no two alike.

    A role of ASCII letters, digits, ``_`` and ``-`` keeps its name; any other gets a mark of what it was called.
    """
    found = {}
    for role in roles:
        name = re.sub(r"[^A-Za-z0-9_-]", "_", role)[:60]
        if name != role or not name:
            name = f"{name}-{hashlib.sha256(role.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}".lstrip("-")
        found[role] = name
    return found


def add_adapters(model: Any, names: Sequence[str], *, rank: int, seed: int) -> Any:
    """``model`` wrapped in PEFT with a LoRA adapter per name, each started from its own seed: no order matters."""
    from peft import get_peft_model

    wrapped = None
    for index, name in enumerate(names):
        config = lora(rank)
        with torch.random.fork_rng(devices=[]), not_ours():
            torch.manual_seed(chance.key("adapter", seed, name) >> 1)
            if wrapped is None:
                wrapped = get_peft_model(model, config, adapter_name=adapter_name(index))
            else:
                wrapped.add_adapter(adapter_name(index), config)
    if wrapped is None:
        raise ValueError("no adapter was named")
    return wrapped


def lora(rank: int) -> Any:
    """PEFT's config of an adapter of ours."""
    from peft import LoraConfig

    return LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM")


def save_adapter(model: Any, adapter: str, folder: Path) -> None:
    """Write one adapter as ``folder``: what PEFT's own ``save_pretrained`` writes, under whatever name it will have.

    Not PEFT's: that puts the adapter into a folder called after it.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        ".".join(part for part in name.split(".") if part != adapter): parameter.detach().contiguous()
        for name, parameter in adapter_parameters(model, adapter)
    }
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    config = model.peft_config[adapter]
    base, inference = config.base_model_name_or_path, config.inference_mode
    config.base_model_name_or_path = base or getattr(model.base_model.model, "name_or_path", None) or None
    config.inference_mode = True
    try:
        config.save_pretrained(str(folder))
    finally:
        config.base_model_name_or_path, config.inference_mode = base, inference


def load_adapter(model: Any, adapter: str, folder: Path) -> None:
    """Put the weights that ``save_adapter`` wrote back into an adapter that is there, bit for bit.

    Not PEFT's ``load_adapter``: that freezes the adapters that are not active.
    """
    from safetensors.torch import load_file

    tensors = load_file(folder / WEIGHTS)
    with torch.no_grad():
        for name, parameter in adapter_parameters(model, adapter):
            parameter.copy_(tensors.pop(".".join(part for part in name.split(".") if part != adapter)))
    if tensors:
        raise ValueError(f"{folder} holds weights that the model has no place for: {', '.join(sorted(tensors))}")
