"""The backend ``hf``: a model of transformers in this process. Importing this loads no torch; making one does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from lanista.agents.lm.backends.hf.backend import HFBackend


def make(
    model: str,
    *,
    dtype: str = "auto",
    device: str = "auto",
    arena: str | None = None,
    context: int | None = None,
    batch_size: int = 64,
    cache: Literal["kept", "none"] = "kept",
    threads: int = 0,
) -> HFBackend:
    """The model ``tiny``, ``smollm2``, a folder or a hub id. Its weights are loaded once per process and shared.

    ``batch_size``: rows of one forward pass. ``cache``: ``kept`` keeps key-value states between turns where the model
    allows it. ``threads``: CPU threads of torch, for the whole process; 0 chooses by the model's size.
    """
    from lanista.agents.lm.backends.hf.backend import HFBackend
    from lanista.agents.lm.policy import shared
    from lanista.agents.lm.threads import use

    policy = shared(model, dtype, device, arena, context)
    if policy.device.type == "cpu":
        use(threads, policy.parameters)
    return HFBackend(policy, batch_size=batch_size, cache=cache)
