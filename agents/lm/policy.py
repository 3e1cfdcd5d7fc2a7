"""A policy: a causal language model with its tokenizer, and which of its adapters plays."""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from lanista.agents.lm import models
from lanista.agents.lm.backends.hf.states import CACHE_BYTES, KVStore, device_bytes
from lanista.agents.lm.chat import Chat
from lanista.agents.lm.deprecations import not_ours
from lanista.agents.lm.refs import PolicyRef
from lanista.agents.lm.versions import DIGITS, folder_version, tensors_version
from lanista.errors import LanistaError, UsageError, suggest

DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}


class Policy:
    """Model, tokenizer, chat and context length. The trainer may wrap ``model`` in PEFT later, or change its weights.

    ``context``: tokens that one conversation and its reply may hold together; by default what the model was built for.
    """

    def __init__(
        self, model: Any, tokenizer: Any, *, ref: str = "", context: int | None = None, adapter: str | None = None
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.ref = ref
        generation = getattr(model, "generation_config", None)
        ends = getattr(generation, "eos_token_id", None)
        self.chat = Chat(tokenizer, [] if ends is None else [ends] if isinstance(ends, int) else ends)
        self.context = context or _context(model, tokenizer)
        self.adapter = adapter
        """The adapter this policy was loaded with, if it came as one."""
        self.states = KVStore(device_bytes(self.device, CACHE_BYTES))
        """Key-value states of conversations, kept between turns by whoever samples."""
        self._touched = 0
        self._loaded: tuple[Any, Any, dict[str | None, tuple[str, str | Path]]] | None = None
        self._digests: dict[str | None, tuple[Any, Any, PolicyRef]] = {}

    @classmethod
    def load(
        cls,
        ref: str | Path,
        dtype: str = "auto",
        device: str = "auto",
        *,
        arena: str | None = None,
        context: int | None = None,
    ) -> Policy:
        """The policy that ``ref`` names: ``tiny``, ``smollm2``, a transformers folder, a PEFT adapter, or a hub id.

        ``dtype``: ``auto`` (as saved), ``fp32``, ``bf16``, ``fp16``. ``device``: ``auto`` (a GPU where there is one),
        or any torch device. ``arena`` says whose ``tiny``. Raises UsageError for what does not exist, LanistaError for
        what cannot be read.
        """
        place = models.resolve(ref, arena)
        to = _device(device)
        places: dict[str | None, tuple[str, str | Path]] = {None: (str(ref), place)}
        if _is_adapter(place):
            record = json.loads((Path(place) / "adapter_config.json").read_text(encoding="utf-8"))
            base_ref = record.get("base_model_name_or_path")
            if not base_ref:
                raise LanistaError(f"the adapter in {place} does not say which model it belongs to")
            beside = (Path(place) / base_ref).resolve()
            base = models.resolve(beside if beside.is_dir() else base_ref, arena)
            places = {None: (str(base_ref), base), "default": (str(ref), place)}
            model = _load_model(base, dtype)
            from peft import PeftModel

            try:
                with not_ours():
                    model = PeftModel.from_pretrained(model, str(place), adapter_name="default")
            except Exception as error:
                raise _unreadable(place, error) from error
            has_tokenizer = (Path(place) / "tokenizer_config.json").exists()
            tokenizer = _load_tokenizer(place if has_tokenizer else base)
            adapter = "default"
        else:
            model, tokenizer, adapter = _load_model(place, dtype), _load_tokenizer(place), None
        policy = cls(model.to(to).eval(), tokenizer, ref=str(ref), context=context, adapter=adapter)
        policy._loaded = weakref.ref(policy.model), policy.version, places
        return policy

    @property
    def device(self) -> torch.device:
        """Where token ids go."""
        return next(self.model.parameters()).device  # type: ignore[no-any-return]

    @property
    def dtype(self) -> torch.dtype:
        """Of the base weights."""
        return next(self.model.parameters()).dtype  # type: ignore[no-any-return]

    @property
    def parameters(self) -> int:
        """How many the model has."""
        return sum(p.numel() for p in self.model.parameters())

    @property
    def adapters(self) -> tuple[str, ...]:
        """The names of the model's adapters; () for a plain model."""
        return tuple(getattr(self.model, "peft_config", ()))

    @property
    def version(self) -> tuple[int, int]:
        """Differs once weights were changed as torch counts it, by loading a state say, or where ``touch`` says so.

        A fused optimizer (``AdamW(fused=True)``, transformers' default) is not counted: call ``touch`` after its steps.
        """
        return self._touched, sum(p._version for p in self.model.parameters())

    def policy_ref(self, adapter: str | None = None) -> PolicyRef:
        """The weights that play as ``adapter``, by name and version.

        While they are as they were loaded, the version is the folder's digest or the hub's commit; afterwards, and for
        a model that was made in memory, it is a digest of the weights themselves, computed once per state.
        """
        known, state = self._digests.get(adapter), self.version
        if known is not None and known[0]() is self.model and known[1] == state:
            return known[2]
        base = None if adapter is None else self.ref
        if self._loaded is not None and self._loaded[:2] == (weakref.ref(self.model), state):
            name, version, base = self._saved(adapter, self._loaded[2])
        else:
            weights = [(n, p) for n, p in self.model.named_parameters() if _plays(n, adapter)]
            name, version = adapter or self.ref or "unnamed", tensors_version(weights)
        found = PolicyRef(name, version, base or None, adapter)
        self._digests[adapter] = weakref.ref(self.model), state, found
        return found

    def _saved(
        self, adapter: str | None, places: dict[str | None, tuple[str, str | Path]]
    ) -> tuple[str, str, str | None]:
        """Name, version and base of weights that are as they were loaded."""
        name, place = places[adapter]
        if Path(place).is_dir():
            version = folder_version(place)
        else:
            version = str(getattr(self.model.config, "_commit_hash", None) or "unknown")[:DIGITS]
        if adapter is None:
            return name, version, None
        base = places[None]
        return name, version, f"{base[0]}@{folder_version(base[1])}" if Path(base[1]).is_dir() else base[0]

    def touch(self) -> None:
        """Weights were changed behind torch's back (through ``.data``, say): what was computed from them is void."""
        self._touched += 1

    @contextmanager
    def playing(self, adapter: str | None) -> Iterator[Any]:
        """The model as ``adapter`` (None: without any), in evaluation mode and without gradients.

        On leaving, everything training relies on is as it was: modes, active adapters, ``requires_grad``. Raises
        UsageError for an adapter the model does not have.
        """
        if adapter is not None and adapter not in self.adapters:
            raise UsageError(
                f"the policy {self.ref or 'at hand'!r} has no adapter {adapter!r}{suggest(adapter, self.adapters)} "
                f"(it has: {', '.join(self.adapters) or 'none'})"
            )
        training = [module for module in self.model.modules() if module.training]
        # PEFT's own set_adapter and disable_adapter change requires_grad, so its layers are set one by one.
        layers = [(m, m._active_adapter, m._disable_adapters) for m in self.model.modules() if _is_switch(m)]
        for module in training:
            module.training = False
        for layer, _, _ in layers:
            layer._disable_adapters = adapter is None
            if adapter is not None:
                layer._active_adapter = [adapter]
        try:
            with torch.no_grad():
                yield self.model
        finally:
            for layer, active, disabled in layers:
                layer._active_adapter, layer._disable_adapters = active, disabled
            for module in training:
                module.training = True

    def logps(self, rows: Sequence[Sequence[int]], adapter: str | None = None) -> list[list[float]]:
        """For each row of ids, the log-probability in nats of every id but the first, from one forward pass each.

        No cache and no padding: what sampled log-probabilities are held against.
        """
        found: list[list[float]] = []
        with self.playing(adapter) as model:
            for row in rows:
                ids_T = torch.tensor(list(row), device=self.device)
                logits_TV = model(input_ids=ids_T[None], use_cache=False).logits[0, :-1].float()
                picked_T = torch.log_softmax(logits_TV, -1).gather(-1, ids_T[1:, None])[:, 0]
                found.append(picked_T.tolist())
        return found


@lru_cache(maxsize=8)
def shared(
    ref: str, dtype: str = "auto", device: str = "auto", arena: str | None = None, context: int | None = None
) -> Policy:
    """``Policy.load``, once per process: agents that only play can sit on the same weights."""
    return Policy.load(ref, dtype, device, arena=arena, context=context)


def _plays(parameter: str, adapter: str | None) -> bool:
    """Whether a parameter takes part where ``adapter`` plays: the base always, of adapters that one."""
    return ".lora_" not in parameter or (adapter is not None and f".{adapter}." in parameter)


def _is_switch(module: Any) -> bool:
    return hasattr(module, "_active_adapter") and hasattr(module, "_disable_adapters")


def _is_adapter(place: str | Path) -> bool:
    return (Path(place) / "adapter_config.json").is_file() and not (Path(place) / "config.json").is_file()


def _device(device: str) -> torch.device:
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise UsageError(f"unknown device {device!r}: say auto, cpu, cuda or cuda:1") from error
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if found.type == "cuda" and (found.index or 0) >= gpus:
        have = f"{gpus} CUDA GPU{'s' * (gpus != 1)}" if gpus else "no CUDA GPU, or torch was built without CUDA"
        raise UsageError(f"device {device!r} is not here (there is {have}): say auto or cpu")
    return found


def _load_model(place: str | Path, dtype: str) -> Any:
    from transformers import AutoModelForCausalLM

    kind = DTYPES.get(dtype, dtype)
    if kind != "auto" and kind not in DTYPES.values():
        raise UsageError(f"unknown dtype {dtype!r}{suggest(dtype, DTYPES)} (say auto, {', '.join(DTYPES)})")
    try:
        with models.quiet():
            models.reach(place)
            return AutoModelForCausalLM.from_pretrained(str(place), dtype=kind)
    except Exception as error:
        raise _unreadable(place, error) from error


def _load_tokenizer(place: str | Path) -> Any:
    from transformers import AutoTokenizer

    try:
        with models.quiet():
            return AutoTokenizer.from_pretrained(str(place))
    except Exception as error:
        raise _unreadable(place, error) from error


def _unreadable(place: str | Path, error: Exception) -> LanistaError:
    said = " ".join(str(error).split())
    if Path(place).is_dir():
        return LanistaError(f"the model in {place} cannot be loaded ({type(error).__name__}: {said[:300]})")
    return LanistaError(
        f"the model {str(place)!r} is no local folder, and could not be had from the Hugging Face hub "
        f"({type(error).__name__}); check the name and the connection, or give a folder that holds a transformers model"
    )


def _context(model: Any, tokenizer: Any) -> int:
    built = getattr(model.config, "max_position_embeddings", None)
    limit = getattr(tokenizer, "model_max_length", None)
    known = [n for n in (built, limit) if isinstance(n, int) and 0 < n < 10**9]
    return min(known) if known else 2048
