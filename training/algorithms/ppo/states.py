"""What the critic reads: the policy's last hidden state at the last token before each decision's first own token.

That token has seen all that the seat has seen and nothing of what it will say, so a value read there is a baseline: no
draw of the decision's own moves it. The hidden states are read without gradient: the critic never moves the policy.

Names: B rows, T tokens, N marked ones, D width of the model, K decisions with a state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from lanista.training import forward
from lanista.training.algorithms.grpo.passes import packed_rows
from lanista.training.batching import ScoredRow
from lanista.training.policies import Policies
from lanista.training.trajectories import TokenRow, Trajectory


@dataclass(frozen=True, slots=True)
class States:
    """The states of one seat's decisions."""

    decided: tuple[int, ...]
    """The numbers of the decisions that have one, rising; shape (K,)."""
    hidden_KD: torch.Tensor
    """float32, on the CPU."""


def places(rows: Sequence[TokenRow]) -> dict[int, tuple[int, int]]:
    """By decision: the row and the token in it that its value is read at, the one before its first own token."""
    found: dict[int, tuple[int, int]] = {}
    for number, row in enumerate(rows):
        for token, turn in enumerate(row.turns):
            if turn >= 0:
                found.setdefault(turn, (number, token - 1))
    return dict(sorted(found.items()))


@torch.no_grad()
def states_of(
    policies: Policies, trajectories: Sequence[Trajectory], budget: int, *, share: bool = False
) -> list[States]:
    """The states of every trajectory's decisions, under its own policy's weights as they are.

    ``budget``: tokens of a forward pass, padding included (or one row). ``share``: read what rows begin with in common
    once (``training/forward.py``).
    """
    model, device = policies.model, policies.policy.device
    wanted = [places(one.rows) for one in trajectories]
    hidden: dict[tuple[int, int, int], torch.Tensor] = {}
    for name in policies.names:
        policies.adapters.activate(name)
        rows: dict[int, tuple[int, int]] = {}
        scored = []
        for index, one in enumerate(trajectories):
            if one.policy == name:
                for row in sorted({row for row, _ in wanted[index].values()}):
                    scored.append(ScoredRow(one.rows[row], ()))
                    rows[id(scored[-1])] = index, row
        for bucket in packed_rows(scored, budget, share=share):
            ids_BT = torch.nn.utils.rnn.pad_sequence([torch.tensor(its.row.ids) for its in bucket], batch_first=True)
            marked_BT = torch.zeros_like(ids_BT, dtype=torch.bool)
            named = []
            for b, begun in enumerate(bucket):
                index, row = rows[id(begun)]
                tokens = sorted(token for place, token in wanted[index].values() if place == row)
                marked_BT[b, [token + 1 for token in tokens]] = True
                named += [(index, row, token) for token in tokens]
            found_ND = forward.hidden_before(model, ids_BT.to(device), marked_BT.to(device), share=share)
            hidden |= zip(named, found_ND.float().cpu(), strict=True)
    width = int(model.config.get_text_config().hidden_size)
    return [
        States(tuple(its), torch.stack([hidden[index, *place] for place in its.values()]))
        if its
        else States((), torch.zeros((0, width)))
        for index, its in enumerate(wanted)
    ]
