"""What the critic reads: the policy's last hidden state at the last token before each decision's first own token.

That token has seen all that the seat has seen and nothing of what it will say, so a value read there is a baseline: no
draw of the decision's own moves it. The hidden states are read without gradient: the critic never moves the policy.

Names: B rows, T tokens, D width of the model, K decisions with a state.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from lanista.agents.lm.backends.hf.forward import without_adapter
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
def states_of(policies: Policies, trajectories: Sequence[Trajectory], budget: int) -> list[States]:
    """The states of every trajectory's decisions, under its own policy's weights as they are.

    ``budget``: tokens of a forward pass, padding included (or one row).
    """
    model = policies.model
    wanted = [places(one.rows) for one in trajectories]
    hidden: dict[tuple[int, int, int], torch.Tensor] = {}
    for name in policies.names:
        policies.adapters.activate(name)
        rows = []
        for index, one in enumerate(trajectories):
            if one.policy == name:
                used = {row for row, _ in wanted[index].values()}
                rows += [(index, row, one.rows[row].ids) for row in sorted(used)]
        for bucket in _buckets(rows, budget):
            ids_BT = torch.nn.utils.rnn.pad_sequence([torch.tensor(ids) for *_, ids in bucket], batch_first=True)
            # Rows are padded on the right, where nothing before the padding sees it.
            out = without_adapter(model).base_model(input_ids=ids_BT.to(policies.policy.device), use_cache=False)
            for b, (index, row, _) in enumerate(bucket):
                for place, token in wanted[index].values():
                    if place == row:
                        hidden[index, row, token] = out.last_hidden_state[b, token].float().cpu()
    width = int(model.config.get_text_config().hidden_size)
    return [
        States(
            tuple(its),
            torch.stack([hidden[index, row, token] for row, token in its.values()]) if its else torch.zeros((0, width)),
        )
        for index, its in enumerate(wanted)
    ]


def _buckets(
    rows: Sequence[tuple[int, int, tuple[int, ...]]], budget: int
) -> Iterator[list[tuple[int, int, tuple[int, ...]]]]:
    """Rows of like length together; each bucket at most ``budget`` tokens with padding, or one row."""
    bucket: list[tuple[int, int, tuple[int, ...]]] = []
    for row in sorted(rows, key=lambda known: (len(known[2]), known[:2])):
        if bucket and (len(bucket) + 1) * len(row[2]) > budget:
            yield bucket
            bucket = []
        bucket.append(row)
    if bucket:
        yield bucket
