"""From scored rows to the micro-batches of each optimizer step: no row dropped, little padding, equal on every rank.

Names of tensors are TRL's (``GRPOTrainer._compute_loss`` reads them); B rows, P prompt tokens, T completion tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from lanista.training.rows import Row

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Scored:
    """A row with an advantage for each of its tokens (0.0 where not the policy's own)."""

    row: Row
    advantages: tuple[float, ...]

    @property
    def loud(self) -> bool:
        """Whether any token carries signal."""
        return any(a != 0.0 for a in self.advantages)


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """What one forward and backward pass takes."""

    tensors: Tensors
    rows: int
    """Rows that count; 0 for padding."""
    tokens: int
    """Own tokens that count; 0 for padding."""


def chunks(rows: Sequence[Scored], count: int, seed: int) -> list[list[Scored]]:
    """All rows, shuffled by ``seed``, dealt to ``count`` optimizer steps whose sizes differ by one at most."""
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed)).tolist()
    return [[rows[i] for i in order[part::count]] for part in range(count)]


def buckets(rows: Sequence[Scored], budget: int) -> list[list[Scored]]:
    """Rows of like length together, each bucket at most ``budget`` tokens with padding (or a single longer row)."""
    found: list[list[Scored]] = []
    for row in sorted(rows, key=lambda r: len(r.row.ids)):
        # Sorted, so the row that comes is the longest of its bucket.
        if found and (len(found[-1]) + 1) * len(row.row.ids) <= budget:
            found[-1].append(row)
        else:
            found.append([row])
    return found


def micro_batch(rows: Sequence[Scored], pad_id: int, device: torch.device | str = "cpu") -> MicroBatch:
    """One micro-batch. Completions are padded on the right; prompts need no padding.

    All rows are cut where the shortest first prompt ends, so positions count from each row's first token, as they did
    when it was sampled. What is left of longer prompts stands in the completion, unmasked by ``tool_mask``.
    """
    first = min(row.row.own.index(True) for row in rows)
    if first == 0:
        raise ValueError("a row begins with a token of the policy's own: there is nothing it was predicted from")
    longest = max(len(row.row.ids) for row in rows)
    size = (len(rows), longest)
    ids_BL = torch.full(size, pad_id, dtype=torch.long)
    real_BL = torch.zeros(size, dtype=torch.long)
    own_BL = torch.zeros(size, dtype=torch.long)
    logps_BL = torch.zeros(size)
    advantages_BL = torch.zeros(size)
    for i, scored in enumerate(rows):
        n = len(scored.row.ids)
        ids_BL[i, :n] = torch.tensor(scored.row.ids)
        real_BL[i, :n] = 1
        own_BL[i, :n] = torch.tensor(scored.row.own, dtype=torch.long)
        logps_BL[i, :n] = torch.tensor(scored.row.logps)
        advantages_BL[i, :n] = torch.tensor(scored.advantages)
    tensors = {
        "prompt_ids": ids_BL[:, :first],
        "prompt_mask": real_BL[:, :first],
        "completion_ids": ids_BL[:, first:],
        "completion_mask": real_BL[:, first:],
        "tool_mask": own_BL[:, first:],
        "advantages": advantages_BL[:, first:],
        "old_per_token_logps": logps_BL[:, first:],
    }
    tokens = sum(scored.row.tokens for scored in rows)
    return MicroBatch({name: t.contiguous().to(device) for name, t in tensors.items()}, len(rows), tokens)


def filler(pad_id: int, device: torch.device | str = "cpu") -> MicroBatch:
    """A micro-batch that counts for nothing: one row with one own token, so that no metric divides by zero."""
    row = Row(ids=(pad_id, pad_id), own=(False, True), logps=(0.0, 0.0), turns=(-1, 0))
    batch = micro_batch([Scored(row, (0.0, 0.0))], pad_id, device)
    return MicroBatch(batch.tensors, 0, 0)


def equalise(
    mine: Mapping[str, Sequence[MicroBatch]], counts: Mapping[str, int], pad: MicroBatch
) -> dict[str, list[MicroBatch]]:
    """The same policies in the same order with the same number of micro-batches as every other rank.

    ``counts`` is the largest number over all ranks, by policy. A rank that has fewer fills up with ``pad``; otherwise
    collective operations of the others would wait for it for ever.
    """
    out = {}
    for policy in sorted(counts):
        own = list(mine.get(policy, ()))
        if len(own) > counts[policy]:
            raise ValueError(f"policy {policy!r} has {len(own)} micro-batches, more than the {counts[policy]} agreed")
        out[policy] = own + [pad] * (counts[policy] - len(own))
    return {policy: batches for policy, batches in out.items() if batches}


def totals(accelerator: Any, rows: int, tokens: int) -> tuple[int, int]:
    """Sums over all ranks."""
    if accelerator.num_processes == 1:
        return rows, tokens
    summed = accelerator.reduce(torch.tensor([rows, tokens], device=accelerator.device), reduction="sum")
    return int(summed[0]), int(summed[1])
