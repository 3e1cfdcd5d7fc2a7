"""Many conversations laid out in columns for one forward pass, their key-value states written in place.

Tensor names end in their shapes: B rows, T columns, V vocabulary, L layers, H heads, D width of a head.

Ragged parts are pushed to the right::

    [ kept states, padded left | new ids, padded left | sampled ids, one column a step ]

Padding columns are masked and positions are given, so a row's numbers are its own (but for the order in which a matrix
product adds up, about 1e-7).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import Cache, DynamicLayer

from lanista.agents.lm.backends.hf.forward import cache_name, cache_of, parameters
from lanista.agents.lm.backends.hf.states import KVState

FEW = 32
"""Batches up to this size keep rows that have ended: there is little to gain, and a product with a single row is added
up in an order that depends on where the weights lie in memory."""

PREFILL_BYTES = 512 << 20
"""About as much memory as reading long prompts may take for what is not kept: activations and masks."""


@dataclass(slots=True)
class Pending:
    """One conversation that waits for a reply: what is kept of it, and the ids that are not (at least one)."""

    new_ids: Sequence[int]
    key: int
    """The row's own stream of chance."""
    kept: KVState | None = None


@dataclass(frozen=True, slots=True)
class Geometry:
    """The shape of a model's key-value cache, alike in every layer."""

    layers: int
    heads: int
    width: int
    dtype: torch.dtype
    device: torch.device

    @property
    def bytes(self) -> int:
        """Of one token."""
        return self.layers * 2 * self.heads * self.width * self.dtype.itemsize


def geometry(model: Any, token: int) -> Geometry | None:
    """The model's cache geometry, found by one token's forward pass; None where caches cannot be kept by column.

    That is so for sliding windows, state-space layers, layers of different shapes or on different devices.
    """
    ids = torch.tensor([[token]], device=next(model.parameters()).device)
    cache = cache_of(model(input_ids=ids, use_cache=True))
    layers = getattr(cache, "layers", None)
    if not isinstance(cache, DynamicCache) or not layers or any(type(layer) is not DynamicLayer for layer in layers):
        return None
    kinds = {(t.shape, t.dtype, t.device) for layer in layers for t in (layer.keys, layer.values)}
    if len(kinds) != 1:
        return None
    shape, dtype, device = kinds.pop()
    return Geometry(len(layers), shape[1], shape[3], dtype, device)


class _Slab(DynamicLayer):  # type: ignore[misc]
    """One layer's columns, written in place: nothing is copied when a column is added."""

    def __init__(self, keys_BHTD: Tensor, values_BHTD: Tensor, used: int) -> None:
        super().__init__()
        self._slab = keys_BHTD, values_BHTD
        self._used = used
        self.dtype, self.device = keys_BHTD.dtype, keys_BHTD.device
        self.keys, self.values = keys_BHTD[:, :, :used], values_BHTD[:, :, :used]
        self.is_initialized = True

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        keys, values = self._slab
        first, self._used = self._used, self._used + key_states.shape[-2]
        keys[:, :, first : self._used] = key_states
        values[:, :, first : self._used] = value_states
        self.keys, self.values = keys[:, :, : self._used], values[:, :, : self._used]
        return self.keys, self.values

    def get_seq_length(self) -> int:
        return self._used


class Batch:
    """Rows laid out in columns; see the module's docstring. A row lets go of its state as its longer one is cut out."""

    def __init__(self, model: Any, rows: Sequence[Pending], room: int, shape: Geometry | None) -> None:
        self.model = model
        self.rows = rows
        self.shape = shape
        device = next(model.parameters()).device
        self.cached = [row.kept.length if row.kept is not None else 0 for row in rows]
        self.fresh = [len(row.new_ids) for row in rows]
        self.known = [[*(row.kept.ids if row.kept is not None else ()), *row.new_ids] for row in rows]
        self.before, self.now = max(self.cached), max(self.fresh)
        size = len(rows)
        columns = self.before + self.now + max(0, room - 1)
        ids = np.zeros((size, self.now), dtype=np.int64)
        places = np.zeros((size, self.now), dtype=np.int64)
        mask = np.zeros((size, columns), dtype=np.int64)
        for b, row in enumerate(rows):
            c, n = self.cached[b], self.fresh[b]
            ids[b, self.now - n :] = row.new_ids
            places[b, self.now - n :] = np.arange(c, c + n)
            mask[b, self.before - c : self.before] = 1
            mask[b, self.before + self.now - n : self.before + self.now] = 1
        self.ids_BT = torch.from_numpy(ids).to(device)
        self.places_BT = torch.from_numpy(places).to(device)
        self.mask_BT = torch.from_numpy(mask).to(device)
        self.used = self.before + self.now
        self.here_N = torch.arange(size, device=device)
        """The rows that the batch still holds, by their first numbers."""
        self.cache: Any = None
        if shape is not None:
            # Zeros, not garbage: a masked column still takes part in a product, with weight 0.
            self.states_L2BHTD = torch.zeros(
                (shape.layers, 2, size, shape.heads, columns, shape.width), dtype=shape.dtype, device=shape.device
            )
            for b, row in enumerate(rows):
                if row.kept is not None:
                    self.states_L2BHTD[:, :, b, :, self.before - self.cached[b] : self.before] = row.kept.states_L2HTD
            self.home = [(self.states_L2BHTD, b) for b in range(size)]
            self.cache = self._over(self.states_L2BHTD, self.before)
        elif self.before:
            raise ValueError("rows with caches need the geometry of the model that made them")

    def prefill(self) -> Tensor:
        """Logits after each row's last new id, shape (B, V)."""
        return self.forward(1)[:, -1]

    def forward(self, last: int) -> Tensor:
        """Logits after each of the last columns of the new ids, shape (B, last, V).

        What stands before them is read a stretch at a time where it is long, so that memory stays bounded.
        """
        tail = "logits_to_keep" in parameters(self.model)
        stretch = max(1, PREFILL_BYTES // (len(self.ids_BT) * _activations(self.model, self.used, tail)))
        first = 0
        while self.now - first > max(stretch, last):
            upto = min(first + stretch, self.now - last)
            self._call(first, upto, **({"logits_to_keep": 1} if tail else {}))
            first = upto
        return self._call(first, self.now, **({"logits_to_keep": last} if tail else {}))[:, -last:]

    def thin(self, ids_N: Tensor, going_N: Tensor) -> tuple[Tensor, Tensor]:
        """Leave rows that have ended behind, where they are half of a large batch. Returns what is left of the two."""
        if self.shape is None or len(going_N) <= FEW or 2 * int(going_N.sum()) > len(going_N):
            return ids_N, going_N
        # Those that go on first, and so many others that FEW // 2 stay.
        stay = (~going_N).long().argsort(stable=True)[: max(int(going_N.sum()), FEW // 2)].sort().values
        self.states_L2BHTD = self.states_L2BHTD[:, :, stay]
        self.here_N, self.mask_BT, self.places_BT = self.here_N[stay], self.mask_BT[stay], self.places_BT[stay]
        for place, b in enumerate(self.here_N.tolist()):
            self.home[b] = self.states_L2BHTD, place
        self.cache = self._over(self.states_L2BHTD, self.used)
        return ids_N[stay], going_N[stay]

    def step(self, ids_B: Tensor, going_B: Tensor) -> Tensor:
        """Logits after one more id per row, shape (B, V); rows that have ended go along masked."""
        if self.shape is None:
            self.mask_BT[:, self.used] = going_B
        else:
            self.mask_BT[:, self.used] = going_B.long()
        self.used += 1
        self.places_BT = self.places_BT[:, -1:] + 1
        return self._run(ids_B[:, None], self.places_BT, self.used)[:, -1]

    def keep(self, b: int, sampled: Sequence[int], stamp: Any) -> KVState | None:
        """Row ``b``'s states up to and including the ids ``sampled`` after its own, cut out of the batch."""
        if self.shape is None:
            return None
        c, n = self.cached[b], self.fresh[b]
        self.rows[b].kept = None  # its memory is what the longer state takes next
        states_L2BHTD, place = self.home[b]
        row_L2HTD = states_L2BHTD[:, :, place]
        kept = row_L2HTD[..., self.before - c : self.before, :]
        new = row_L2HTD[..., self.before + self.now - n : self.before + self.now + len(sampled), :]
        return KVState(torch.cat([kept, new], -2), stamp, [*self.known[b], *sampled])

    @staticmethod
    def _over(states_L2BHTD: Tensor, used: int) -> Any:
        return Cache(layers=[_Slab(layer[0], layer[1], used) for layer in states_L2BHTD])

    def _call(self, first: int, upto: int, **options: Any) -> Tensor:
        """Logits of a stretch of the new ids' columns."""
        return self._run(self.ids_BT[:, first:upto], self.places_BT[:, first:upto], self.before + upto, **options)

    def _run(self, ids_BT: Tensor, places_BT: Tensor, used: int, **options: Any) -> Tensor:
        if "position_ids" in parameters(self.model):
            options["position_ids"] = places_BT
        options[cache_name(self.model)] = self.cache
        out = self.model(input_ids=ids_BT, attention_mask=self.mask_BT[:, :used], use_cache=True, **options)
        if self.shape is None:
            self.cache = cache_of(out)
        logits: Tensor = out.logits
        return logits


def column_bytes(model: Any, shape: Geometry | None) -> int:
    """Bytes of key-value states that a token takes; where caches are the model's own, about so many."""
    if shape is not None:
        return shape.bytes
    config = model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or getattr(config, "num_attention_heads", None) or 1
    width = getattr(config, "head_dim", None) or config.hidden_size // (getattr(config, "num_attention_heads", 0) or 1)
    dtype = next(model.parameters()).dtype
    return int(2 * getattr(config, "num_hidden_layers", 1) * heads * width * dtype.itemsize)


def _activations(model: Any, columns: int, tail: bool) -> int:
    """About how many bytes a forward pass takes for a token of a batch: layers, mask, and the head if it sees all."""
    config = model.config.get_text_config()
    hidden = int(config.hidden_size)
    inner = getattr(config, "intermediate_size", None)
    inner = inner if isinstance(inner, int) else 4 * hidden
    return 4 * (8 * hidden + 3 * inner + (0 if tail else 2 * int(config.vocab_size))) + 5 * columns
