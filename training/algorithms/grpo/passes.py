"""What an optimizer step is made of, and which of it shares a forward and backward pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from lanista.training import forward
from lanista.training.batching import ScoredRow, buckets


@dataclass(frozen=True, slots=True)
class Part:
    """A micro-batch of one policy with its factor in the step's loss."""

    tensors: dict[str, torch.Tensor]
    factor: float
    token_share: float
    """Its part of the policy's own tokens in this optimizer step."""

    @property
    def ids_BL(self) -> torch.Tensor:
        """Whole rows, padded on the right."""
        return torch.cat([self.tensors["prompt_ids"], self.tensors["completion_ids"]], 1)

    @property
    def own_BL(self) -> torch.Tensor:
        """Which tokens of whole rows are the policy's own."""
        return torch.cat([torch.zeros_like(self.tensors["prompt_ids"]), self.tensors["tool_mask"]], 1).bool()

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, and tokens of the longest."""
        prompt, completion = self.tensors["prompt_ids"], self.tensors["completion_ids"]
        return len(prompt), prompt.size(1) + completion.size(1)


Update = dict[str, list[Part]]
"""One optimizer step: by policy, in a fixed order."""


def packed_rows(rows: Sequence[ScoredRow], budget: int, *, share: bool) -> list[list[ScoredRow]]:
    """Buckets of at most ``budget`` tokens. ``share``: siblings side by side, where so fewer tokens are read."""
    plain = buckets(rows, budget)
    if not share or not rows:
        return plain
    together = buckets(rows, budget, siblings=True)
    return together if _read(together) <= (1 - forward.WORTH) * sum(map(_padded, plain)) else plain


def _padded(bucket: Sequence[ScoredRow]) -> int:
    return len(bucket) * max(len(row.row.ids) for row in bucket)


def _read(packed: Sequence[Sequence[ScoredRow]]) -> int:
    """Tokens that are read where beginnings are shared, padding included."""
    total = 0
    for bucket in packed:
        own = [row.row.own for row in bucket]
        lengths = [len(marks) - 1 - marks[::-1].index(True) for marks in own]
        total += forward.best_layout([row.row.ids for row in bucket], [m.index(True) for m in own], lengths).tokens
    return total


def groups(update: Update, budget: int, *, join: bool) -> list[list[tuple[str, Part]]]:
    """What shares a pass: each part alone, or with ``join`` parts of several policies as long as ``budget`` tokens hold
    them, padding included. Parts come in the order of the policies, or with ``join`` the largest first."""
    every = [(policy, part) for policy, parts in update.items() for part in parts]
    if not join or len(update) < 2:
        return [[one] for one in every]
    found: list[list[tuple[str, Part]]] = []
    for one in sorted(every, key=lambda known: -known[1].shape[0] * known[1].shape[1]):
        for group in found:
            shapes = [part.shape for _, part in (*group, one)]
            if sum(rows for rows, _ in shapes) * max(wide for _, wide in shapes) <= budget:
                group.append(one)
                break
        else:
            found.append([one])
    return found


def spread(own_BT: torch.Tensor, *scores_N: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probabilities and entropies at own tokens, zero elsewhere: (B, T) each."""
    logps, entropies = (own_BT.new_zeros(own_BT.shape, dtype=x.dtype).masked_scatter(own_BT, x) for x in scores_N)
    return logps, entropies
