"""Calling a causal language model by the names its release of transformers knows."""

from __future__ import annotations

import inspect
from typing import Any


def without_adapter(model: Any) -> Any:
    """The causal language model itself, where ``model`` may be an adapter on one."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


_KNOWN: dict[type, frozenset[str]] = {}


def parameters(model: Any) -> frozenset[str]:
    """What the model's forward pass takes by name."""
    kind = type(without_adapter(model))
    if kind not in _KNOWN:
        _KNOWN[kind] = frozenset(inspect.signature(kind.forward).parameters)
    return _KNOWN[kind]


def cache_name(model: Any) -> str:
    """``cache``, or ``past_key_values`` where the model still calls it that."""
    return "cache" if "cache" in parameters(model) else "past_key_values"


def cache_of(out: Any) -> Any:
    """The key-value cache that a forward pass handed back."""
    return out["cache"] if "cache" in out else out["past_key_values"]
