"""Policies in and out of folders that any program built on transformers and PEFT can read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lanista.agents.lm.policy import Policy
from lanista.training.config import TrainConfig
from lanista.training.roles import SHARED, Roles, add_adapters


def start(config: TrainConfig, names: Sequence[str]) -> tuple[Policy, Roles]:
    """The policy a run starts from, with an adapter per name where the run trains adapters.

    All weights are trained in fp32 (bf16 steps would round small updates away; bf16 then means autocast); adapters sit
    on a frozen base of the dtype asked for.
    """
    dtype = config.dtype if config.lora_r else "fp32"
    policy = Policy.load(config.model, dtype, config.device, arena=config.arena)
    if policy.adapter is not None:
        # Started from an adapter: its weights become part of the base that this run trains on.
        source = str(policy.model.peft_config["default"].base_model_name_or_path)
        policy.model = policy.model.merge_and_unload()
        policy.adapter = None
        policy.model.name_or_path = source
    if config.lora_r:
        policy.model = add_adapters(policy.model, names, rank=config.lora_r, seed=config.seed)
    return policy, Roles(policy.model, names, by=config.roles_by)


def policy_names(config: TrainConfig, roles: Mapping[str, str]) -> list[str]:
    """The policies of a run. ``roles``: every role that the policies may hold, with its team."""
    from lanista.training.roles import adapter_name

    if config.policies == "shared":
        return [SHARED]
    return sorted({adapter_name(role if config.roles_by == "role" else team) for role, team in roles.items()})


def save(roles: Roles, tokenizer: Any, folder: Path, card: str) -> None:
    """Every policy as ``folder/<name>``: a transformers folder, or a PEFT adapter with the tokenizer beside it.

    ``folder`` appears whole or not at all; an older one is replaced.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = folder.parent / f".{folder.name}.part"
    shutil.rmtree(new, ignore_errors=True)
    for name in roles.names:
        place = new / name
        place.mkdir(parents=True)
        if roles.adapters:
            roles.model.save_pretrained(new, selected_adapters=[name])
        else:
            roles.model.save_pretrained(place)
        tokenizer.save_pretrained(place)
        (place / "README.md").write_text(card.replace("NAME", name), encoding="utf-8")
    for stray in new.glob("README.md"):  # PEFT's empty form
        stray.unlink()
    old = folder.parent / f".{folder.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.replace(folder, old)
    os.replace(new, folder)
    shutil.rmtree(old, ignore_errors=True)
