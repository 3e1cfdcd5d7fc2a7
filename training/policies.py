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


def load(config: TrainConfig, base: Path, *, started: bool = False) -> Policy:
    """The policy a run starts from, before adapters are put on it.

    All weights are trained in fp32 (bf16 steps would round small updates away; bf16 then means autocast); adapters sit
    on a frozen base of the dtype asked for. Where ``config.model`` is an adapter, it is merged into its base. Adapters
    that are trained on that sit on a model which nobody else has: it names itself by ``base``, where ``keep_base``
    puts it. ``started``: the run is being resumed, and goes on from ``base`` if it was put there.
    """
    base = base.resolve()
    kept = started and base.is_dir()
    dtype = config.dtype if config.lora_r else "fp32"
    policy = Policy.load(base if kept else config.model, dtype, config.device, arena=config.arena)
    name = Path(policy.model.name_or_path)
    if name.is_dir():  # absolute: whoever loads an adapter that names it may stand elsewhere
        policy.model.name_or_path = str(name.resolve())
    if policy.adapter is not None:
        policy.model = policy.model.merge_and_unload()
        policy.adapter = None
        if config.lora_r:
            policy.model.name_or_path = str(base)
        else:
            policy.model.requires_grad_(True)  # PEFT froze what the adapter sat on
    return policy


def keep_base(policy: Policy, base: Path) -> None:
    """Write what ``load`` merged to ``base``, once; a transformers folder that is there whole or not at all."""
    if policy.model.name_or_path != str(base.resolve()) or base.exists():
        return
    new = base.parent / f".{base.name}.part"
    shutil.rmtree(new, ignore_errors=True)
    policy.model.save_pretrained(new)
    policy.tokenizer.save_pretrained(new)
    os.replace(new, base)


def seat(config: TrainConfig, policy: Policy, names: Sequence[str]) -> Roles:
    """The policies of a run on its model, with an adapter per name where the run trains adapters."""
    if config.lora_r:
        policy.model = add_adapters(policy.model, names, rank=config.lora_r, seed=config.seed)
    return Roles(policy.model, names, by=config.roles_by)


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
