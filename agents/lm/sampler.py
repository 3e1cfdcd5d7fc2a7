"""Sampling for many conversations at once, with key-value caches kept from turn to turn.

Tensor names end in their shapes: B rows, T columns, V vocabulary, L layers, H heads, D width of a head.

A batch is laid out in columns, ragged parts pushed to the right::

    [ kept caches, padded left | new ids, padded left | sampled ids, one column a step ]

Padding columns are masked and positions are given, so a row's numbers are its own (but for the order in which a matrix
product adds up, about 1e-7). Each row has its own stream of uniform numbers: what it samples does not depend on who
else is in the batch. Sampling inverts the cumulative distribution, so one number per token is enough.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import Cache, DynamicLayer

from lanista.errors import LanistaError

FEW = 32
"""Batches up to this size keep rows that have ended: there is little to gain, and a product with a single row is added
up in an order that depends on where the weights lie in memory."""


@dataclass(slots=True)
class Kept:
    """Keys and values of a conversation's first ``length`` ids, under the weights of ``stamp``."""

    states_L2HTD: Tensor
    stamp: Any

    @property
    def length(self) -> int:
        return int(self.states_L2HTD.shape[-2])

    @property
    def bytes(self) -> int:
        return self.states_L2HTD.numel() * self.states_L2HTD.element_size()


@dataclass(slots=True)
class Row:
    """One conversation that waits for a reply: what is cached of it, and the ids that are not (at least one)."""

    new_ids: Sequence[int]
    key: int
    """The row's own stream of chance."""
    kept: Kept | None = None


@dataclass(slots=True)
class Sampled:
    """A reply: its ids, their log-probabilities in nats, and the caches of everything but its last id."""

    ids: list[int] = field(default_factory=list)
    logps: list[float] = field(default_factory=list)
    kept: Kept | None = None


@dataclass(frozen=True, slots=True)
class Geometry:
    """The shape of a model's key-value cache, alike in every layer."""

    layers: int
    heads: int
    width: int
    dtype: torch.dtype
    device: torch.device


def geometry(model: Any, token: int) -> Geometry | None:
    """The model's cache geometry, found by one token's forward pass; None where caches cannot be kept by column.

    That is so for sliding windows, state-space layers, layers of different shapes or on different devices.
    """
    ids = torch.tensor([[token]], device=next(model.parameters()).device)
    cache = model(input_ids=ids, use_cache=True).past_key_values
    layers = getattr(cache, "layers", None)
    if not isinstance(cache, DynamicCache) or not layers or any(type(layer) is not DynamicLayer for layer in layers):
        return None
    kinds = {(t.shape, t.dtype, t.device) for layer in layers for t in (layer.keys, layer.values)}
    if len(kinds) != 1:
        return None
    shape, dtype, device = kinds.pop()
    return Geometry(len(layers), shape[1], shape[3], dtype, device)


def sample(
    model: Any,
    rows: Sequence[Row],
    *,
    max_new_tokens: int,
    temperature: float,
    end_ids: Sequence[int],
    shape: Geometry | None,
    stamp: Any = None,
) -> list[Sampled]:
    """A reply for each row, up to and including the first end id, or ``max_new_tokens`` long.

    Log-probabilities are those of the distribution sampled from: the model's own at temperature 1; at temperature 0
    the likeliest id is taken, with certainty (log-probability 0). With ``shape`` None nothing is kept, and rows must
    hold whole conversations. Raises LanistaError where the model's logits are not numbers.
    """
    batch = _Batch(model, rows, max_new_tokens, shape)
    logits_NV = batch.prefill()
    device, size = logits_NV.device, len(rows)
    uniforms_BT = torch.from_numpy(uniforms([row.key for row in rows], max_new_tokens)).to(device)
    ends = torch.tensor(list(end_ids), device=device)
    ids_BT = torch.zeros((size, max_new_tokens), dtype=torch.long, device=device)
    logps_BT = torch.zeros((size, max_new_tokens), device=device)
    lengths_B = torch.zeros(size, dtype=torch.long, device=device)
    going_N = torch.ones(size, dtype=torch.bool, device=device)
    for step in range(max_new_tokens):
        here_N = batch.here_N
        ids_N, logps_N = _draw(logits_NV, uniforms_BT[here_N, step], temperature)
        ids_BT[here_N, step], logps_BT[here_N, step] = ids_N, logps_N
        lengths_B[here_N] += going_N
        going_N = going_N & ~torch.isin(ids_N, ends)
        if step + 1 == max_new_tokens or not bool(going_N.any()):
            break
        ids_N, going_N = batch.thin(ids_N, going_N)
        logits_NV = batch.step(ids_N, going_N)
    if not bool(torch.isfinite(logps_BT).all()):
        raise LanistaError("the model's logits are not finite numbers: its weights are broken (did training diverge?)")
    ids, logps, lengths = ids_BT.tolist(), logps_BT.tolist(), lengths_B.tolist()
    found = []
    for b, length in enumerate(lengths):
        found.append(Sampled(ids[b][:length], logps[b][:length], batch.keep(b, length - 1, stamp)))
    return found


def prefill(model: Any, rows: Sequence[Row], *, shape: Geometry, stamp: Any = None) -> list[Kept]:
    """Caches of each row's whole conversation."""
    batch = _Batch(model, rows, 0, shape)
    batch.prefill()
    return [kept for b in range(len(rows)) if (kept := batch.keep(b, 0, stamp)) is not None]


def score(model: Any, rows: Sequence[Row], replies: Sequence[Sequence[int]], *, shape: Geometry | None) -> list[float]:
    """The log-probability in nats of each row's reply after the row's conversation."""
    longest = max(map(len, replies))
    whole = [Row([*row.new_ids, *reply[:-1]], 0, row.kept) for row, reply in zip(rows, replies, strict=True)]
    logits_BTV = _Batch(model, whole, 0, shape).forward(longest)
    totals = []
    for b, reply in enumerate(replies):
        logps_TV = torch.log_softmax(logits_BTV[b, -len(reply) :].float(), -1)
        totals.append(float(logps_TV.gather(-1, torch.tensor(list(reply), device=logps_TV.device)[:, None]).sum()))
    return totals


def uniforms(keys: Sequence[int], count: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """``count`` numbers in [0, 1) for each key, a function of (key, place) alone. Shape (keys, count), float64."""
    with np.errstate(over="ignore"):
        places = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x = np.array([key & (1 << 64) - 1 for key in keys], dtype=np.uint64)[:, None] + places[None, :]
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    found: np.ndarray[tuple[int, int], np.dtype[np.float64]] = (x >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return found


def _draw(logits_BV: Tensor, uniforms_B: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    if temperature == 0:
        ids_B = logits_BV.argmax(-1)
        return ids_B, logits_BV.gather(-1, ids_B[:, None])[:, 0].float() * 0.0
    logps_BV = torch.log_softmax(logits_BV.float() / temperature, -1)
    mass_BV = logps_BV.double().exp().cumsum(-1)
    aim_B1 = (uniforms_B * mass_BV[:, -1]).clamp(max=torch.nextafter(mass_BV[:, -1], mass_BV.new_zeros(1)))[:, None]
    ids_B1 = torch.searchsorted(mass_BV, aim_B1, right=True).clamp(max=logits_BV.shape[-1] - 1)
    return ids_B1[:, 0], logps_BV.gather(-1, ids_B1)[:, 0]


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


class _Batch:
    """Rows laid out in columns; see the module's docstring."""

    def __init__(self, model: Any, rows: Sequence[Row], room: int, shape: Geometry | None) -> None:
        self.model = model
        self.shape = shape
        device = next(model.parameters()).device
        self.cached = [row.kept.length if row.kept is not None else 0 for row in rows]
        self.fresh = [len(row.new_ids) for row in rows]
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
        """Logits after each of the last columns of the new ids, shape (B, last, V)."""
        known = _parameters(type(without_adapter(self.model)))
        tail = {"logits_to_keep": last} if "logits_to_keep" in known else {}
        logits = self._call(self.ids_BT, self.places_BT, **tail)
        return logits[:, -last:]

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
        return self._call(ids_B[:, None], self.places_BT)[:, -1]

    def keep(self, b: int, sampled: int, stamp: Any) -> Kept | None:
        """Row ``b``'s caches up to its ``sampled``-th sampled id, cut out of the batch."""
        if self.shape is None:
            return None
        c, n = self.cached[b], self.fresh[b]
        states_L2BHTD, place = self.home[b]
        row_L2HTD = states_L2BHTD[:, :, place]
        kept = row_L2HTD[..., self.before - c : self.before, :]
        new = row_L2HTD[..., self.before + self.now - n : self.before + self.now + max(0, sampled), :]
        return Kept(torch.cat([kept, new], -2), stamp)

    @staticmethod
    def _over(states_L2BHTD: Tensor, used: int) -> Any:
        return Cache(layers=[_Slab(layer[0], layer[1], used) for layer in states_L2BHTD])

    def _call(self, ids_BT: Tensor, places_BT: Tensor, **options: Any) -> Tensor:
        known = _parameters(type(without_adapter(self.model)))
        if "position_ids" in known:
            options["position_ids"] = places_BT
        out = self.model(
            input_ids=ids_BT,
            attention_mask=self.mask_BT[:, : self.used],
            past_key_values=self.cache,
            use_cache=True,
            **options,
        )
        if self.shape is None:
            self.cache = out.past_key_values
        logits: Tensor = out.logits
        return logits


def without_adapter(model: Any) -> Any:
    """The causal language model itself, where ``model`` may be an adapter on one."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


_KNOWN: dict[type, frozenset[str]] = {}


def _parameters(kind: type) -> frozenset[str]:
    if kind not in _KNOWN:
        _KNOWN[kind] = frozenset(inspect.signature(kind.forward).parameters)  # type: ignore[attr-defined]
    return _KNOWN[kind]
