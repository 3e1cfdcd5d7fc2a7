"""Key-value states of conversations, kept between turns under their handles: the longest unused go first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

CACHE_BYTES = 2 << 30
"""States kept between turns for one model on a CPU; elsewhere an eighth of the device's memory, if that is more."""


def device_bytes(device: torch.device, least: int) -> int:
    """``least`` on a CPU; on a GPU an eighth of its memory, if that is more."""
    if device.type != "cuda":
        return least
    return max(least, torch.cuda.get_device_properties(device).total_memory // 8)


@dataclass(slots=True)
class KVState:
    """Keys and values of ``ids``, a conversation's beginning, under the weights of ``stamp``."""

    states_L2HTD: Tensor
    stamp: Any
    ids: list[int]

    @property
    def length(self) -> int:
        """Tokens whose keys and values are held."""
        return int(self.states_L2HTD.shape[-2])

    @property
    def bytes(self) -> int:
        """Memory the states take, in bytes."""
        return self.states_L2HTD.numel() * self.states_L2HTD.element_size()


class KVStore:
    """States by handle, at most ``limit`` bytes of them."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.bytes = 0
        self._kept: OrderedDict[Hashable, KVState] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def take(self, handle: Hashable, ids: Sequence[int], stamp: Any) -> KVState | None:
        """The state of a proper beginning of ``ids`` under these weights. It leaves the store: put back what follows.

        What is kept under the handle and is of no use any more goes too.
        """
        state = self._kept.pop(handle, None)
        if state is None:
            return None
        self.bytes -= state.bytes
        usable = state.stamp == stamp and state.length < len(ids) and list(ids[: state.length]) == state.ids
        return state if usable else None

    def put(self, handle: Hashable, state: KVState) -> None:
        """Keep a state, and let older ones go where there is no room."""
        if handle is None:
            return
        self.release([handle])
        self._kept[handle] = state
        self.bytes += state.bytes
        while self.bytes > self.limit:
            _, oldest = self._kept.popitem(last=False)
            self.bytes -= oldest.bytes

    def release(self, handles: Iterable[Hashable]) -> None:
        """Drop what is kept under these handles."""
        for handle in handles:
            state = self._kept.pop(handle, None)
            if state is not None:
                self.bytes -= state.bytes

    def outdate(self, weights: Any) -> None:
        """Drop everything that other weights than these made. ``weights``: a stamp without its adapter."""
        self.release([handle for handle, state in self._kept.items() if state.stamp[:-1] != weights])
