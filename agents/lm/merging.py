"""Putting an adapter into the weights it sits on."""

from __future__ import annotations

from typing import Any

from lanista.agents.lm.deprecations import not_ours


def merged(model: Any) -> Any:
    """A PEFT model's base with its active adapters merged in, in fp32.

    bf16 keeps eight bits of a weight: what an adapter adds is often less than the ninth, and a sum that is rounded to
    bf16 errs as much as the adapter says. So the sum is made in fp32, and stays there.
    """
    with not_ours():
        return model.float().merge_and_unload()
