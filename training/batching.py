"""From scored rows to the micro-batches of each optimizer step: no row dropped, little padding, equal on every rank.

Names of tensors are TRL's (``GRPOTrainer._compute_loss`` reads them); B rows, P prompt tokens, T completion tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import torch

from lanista.training.credit import NO_SIGNAL
from lanista.training.trajectories import TokenRow, Trajectory

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """A row with an advantage for each of its tokens (0.0 where not the policy's own)."""

    row: TokenRow
    advantages: tuple[float, ...]
    weight: float = 1.0
    """Its part in a mean over trajectories: less than 1 where a trajectory was started afresh and has several rows."""

    @property
    def has_signal(self) -> bool:
        """Whether any token has an advantage."""
        return any(a != 0.0 for a in self.advantages)


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """What one forward and backward pass takes."""

    tensors: Tensors
    rows: int
    """Rows that count; those added to fill up do not."""
    weight: float
    """What each of its rows counts in a mean over trajectories."""
    tokens: int
    """Own tokens that count."""


def chunks(rows: Sequence[ScoredRow], count: int, seed: int) -> list[list[ScoredRow]]:
    """All rows, shuffled by ``seed``, dealt to ``count`` optimizer steps whose sizes differ by one at most."""
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed)).tolist()
    return [[rows[i] for i in order[part::count]] for part in range(count)]


def buckets(rows: Sequence[ScoredRow], budget: int, *, siblings: bool = False) -> list[list[ScoredRow]]:
    """Rows of one weight and like length together, each bucket at most ``budget`` tokens with padding (or one row).

    ``siblings``: rows that begin with the same prompt stay side by side, so that it can be read once; their longest one
    says where they come.
    """

    def first(row: ScoredRow) -> tuple[int, ...]:
        return row.row.ids[: row.row.own.index(True)] if siblings else ()

    longest: dict[tuple[int, ...], int] = {}
    for row in rows if siblings else ():
        longest[first(row)] = max(longest.get(first(row), 0), len(row.row.ids))
    found: list[list[ScoredRow]] = []
    wide = 0
    for row in sorted(rows, key=lambda r: (-r.weight, longest.get(first(r), 0), first(r), len(r.row.ids))):
        last = found[-1] if found else []
        wide = max(wide, len(row.row.ids))
        if last and last[0].weight == row.weight and (len(last) + 1) * wide <= budget:
            last.append(row)
        else:
            found.append([row])
            wide = len(row.row.ids)
    return found


def micro_batch(
    rows: Sequence[ScoredRow], pad_id: int, device: torch.device | str = "cpu", size: int | None = None
) -> MicroBatch:
    """One micro-batch of ``size`` rows (default: as many as there are). Completions are padded on the right.

    All rows are cut where the shortest first prompt ends, so positions count from each row's first token, as they did
    when it was sampled; what is left of longer prompts stands in the completion, unmasked by ``tool_mask``. Rows added
    up to ``size`` have no own token and so no part in any loss; where there are none but those, one row has one, lest
    a mean be taken over nothing, and the micro-batch counts for nothing.
    """
    count = len(rows)
    if not rows:
        nothing = TokenRow(ids=(pad_id, pad_id), own=(False, True), logps=(0.0, 0.0), turns=(-1, 0))
        rows = [ScoredRow(nothing, (0.0, 0.0))]
    first = min(row.row.own.index(True) for row in rows)
    if first == 0:
        raise ValueError("a row begins with a token of the policy's own: there is nothing it was predicted from")
    if size is not None and count > size:
        raise ValueError(f"{count} rows do not fit a micro-batch of {size}")
    longest = max(len(row.row.ids) for row in rows)
    shape = (len(rows) if size is None else size, longest)
    ids_BL = torch.full(shape, pad_id, dtype=torch.long)
    real_BL = torch.zeros(shape, dtype=torch.long)
    own_BL = torch.zeros(shape, dtype=torch.long)
    logps_BL = torch.zeros(shape)
    advantages_BL = torch.zeros(shape)
    real_BL[len(rows) :, : first + 1] = 1  # attention over nothing at all would be not a number
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
    tokens = sum(scored.row.tokens for scored in rows) if count else 0
    return MicroBatch({name: t.contiguous().to(device) for name, t in tensors.items()}, count, rows[0].weight, tokens)


def agree(ranks: Sequence[Mapping[str, Sequence[int]]]) -> dict[str, list[int]]:
    """The rows of every micro-batch of every policy, the same on all ranks: the most that any rank has there.

    ``ranks``: what each rank has, by policy. Policies come in a fixed order, and those that nobody has are left out.
    Every rank then does the same passes over the same shapes; otherwise collective operations would wait for ever.
    """
    found = {}
    for policy in sorted({name for sizes in ranks for name in sizes}):
        lists = [sizes.get(policy, ()) for sizes in ranks]
        most = [max(sizes) for sizes in zip_longest(*lists, fillvalue=0)]
        if most:
            found[policy] = most
    return found


def totals(accelerator: Any, trajectories: float, tokens: int) -> tuple[float, int]:
    """Sums over all ranks."""
    if accelerator.num_processes == 1:
        return trajectories, tokens
    mine = torch.tensor([trajectories, tokens], device=accelerator.device, dtype=torch.float64)
    summed = accelerator.reduce(mine, reduction="sum")
    return float(summed[0]), int(summed[1])


@dataclass(frozen=True, slots=True)
class RolloutBatch:
    """One step's trajectories as scored rows by policy, with the counts of its groups."""

    rows: Mapping[str, Sequence[ScoredRow]]
    """By policy, ordered by scenario, sibling and seat."""
    zero_variance: int
    """Groups in which no decision has an advantage: their games came out alike."""
    groups: int
    """All groups."""

    def shares(self) -> dict[str, float]:
        """Numbers for the log: how many groups said nothing."""
        return {
            "groups/zero_variance_share": self.zero_variance / max(self.groups, 1),
            "groups/zero_variance": float(self.zero_variance),
            "groups/all": float(self.groups),
        }


def scored_rows(
    trajectory: Trajectory, advantages: Sequence[float], refunds: Sequence[Sequence[float]] | None = None
) -> list[ScoredRow]:
    """A trajectory's rows, each own token with the advantage of its decision; ``advantages`` has shape (decisions,).

    ``refunds``: by decision and attempt, what is added to that (``credit.refunds``). The weights of one trajectory's
    rows sum to 1, however often its conversation was started afresh.
    """

    def worth(turn: int, attempt: int) -> float:
        if turn < 0:
            return 0.0
        return _without_noise(advantages[turn] + (refunds[turn][attempt] if refunds is not None else 0.0))

    every = sum(row.tokens for row in trajectory.rows)
    return [
        ScoredRow(
            row,
            tuple(map(worth, row.turns, row.attempts or (0,) * len(row.turns))),
            row.tokens / every if len(trajectory.rows) > 1 else 1.0,
        )
        for row in trajectory.rows
    ]


def _without_noise(advantage: float) -> float:
    return advantage if abs(advantage) > NO_SIGNAL else 0.0
