"""Replies for a batch of conversations, and scores of replies.

Each row has its own stream of uniform numbers: what it samples does not depend on who else is in the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from lanista.agents.lm.backends.base import Finish
from lanista.agents.lm.backends.hf.columns import Batch, Geometry, Pending
from lanista.agents.lm.backends.hf.draw import draw
from lanista.agents.lm.backends.hf.states import KVState
from lanista.agents.lm.sampling import Sampling
from lanista.agents.lm.uniforms import uniforms
from lanista.errors import LanistaError

Decode = Callable[[Sequence[int]], str]

Told = Callable[[Sequence[int], Sequence[int], Sequence[float]], Sequence[int]]
"""Told rows by number, the id that each has drawn and its log-probability; gives the numbers of rows that may end."""


@dataclass(slots=True)
class Sampled:
    """A reply: its ids, their log-probabilities in nats, why it is over, and the states of all but its last id."""

    ids: list[int] = field(default_factory=list)
    logps: list[float] = field(default_factory=list)
    finish: Finish = "length"
    kept: KVState | None = None


def sample(
    model: Any,
    rows: Sequence[Pending],
    sampling: Sampling,
    *,
    end_ids: Sequence[int],
    decode: Decode,
    shape: Geometry | None,
    stamp: Any = None,
    told: Told | None = None,
) -> list[Sampled]:
    """A reply for each row, up to and including the first end id or the end of a stop text, or as long as it may be.

    Log-probabilities are those of the distribution sampled from; at temperature 0 the likeliest id is taken, with
    certainty (log-probability 0). ``decode`` is asked only where there are stop texts. With ``shape`` None nothing is
    kept, and rows must hold whole conversations. ``told`` hears of every token, and may have rows end where they are.
    Raises LanistaError where the model's logits are not numbers.
    """
    most = sampling.max_new_tokens
    batch = Batch(model, rows, most, shape)
    logits_NV = batch.prefill()
    device, size = logits_NV.device, len(rows)
    uniforms_BT = torch.from_numpy(uniforms([row.key for row in rows], most)).to(device)
    ends = torch.tensor(list(end_ids), device=device)
    ids_BT = torch.zeros((size, most), dtype=torch.long, device=device)
    logps_BT = torch.zeros((size, most), device=device)
    lengths_B = torch.zeros(size, dtype=torch.long, device=device)
    going_N = torch.ones(size, dtype=torch.bool, device=device)
    stopped: set[int] = set()
    for step in range(most):
        here_N = batch.here_N
        ids_N, logps_N = draw(logits_NV, uniforms_BT[here_N, step], sampling)
        ids_BT[here_N, step], logps_BT[here_N, step] = ids_N, logps_N
        lengths_B[here_N] += going_N
        left_N = None if told is None else _left(ids_N, logps_N, here_N, going_N, told)
        going_N = going_N & ~torch.isin(ids_N, ends)
        if sampling.stop:
            going_N = going_N & ~_stops(ids_BT[here_N, : step + 1], here_N, going_N, sampling.stop, decode, stopped)
        if left_N is not None:
            going_N = going_N & ~left_N
        if step + 1 == most or not bool(going_N.any()):
            break
        ids_N, going_N = batch.thin(ids_N, going_N)
        logits_NV = batch.step(ids_N, going_N)
    if not bool(torch.isfinite(logps_BT).all()):
        raise LanistaError("the model's logits are not finite numbers: its weights are broken (did training diverge?)")
    ids, logps, lengths = ids_BT.tolist(), logps_BT.tolist(), lengths_B.tolist()
    found = []
    for b, length in enumerate(lengths):
        said = ids[b][:length]
        finish: Finish = "end" if said[-1] in end_ids else "stop" if b in stopped else "length"
        found.append(Sampled(said, logps[b][:length], finish, batch.keep(b, said[:-1], stamp)))
    return found


def _left(ids_N: Tensor, logps_N: Tensor, here_N: Tensor, going_N: Tensor, told: Told) -> Tensor:
    """Tell what the rows that go on have drawn. Returns which of them may end."""
    places = going_N.nonzero()[:, 0].tolist()
    rows, ids, logps = here_N.tolist(), ids_N.tolist(), logps_N.tolist()
    gone = set(told([rows[n] for n in places], [ids[n] for n in places], [logps[n] for n in places]))
    return torch.tensor([row in gone for row in rows], device=going_N.device)


def _stops(
    ids_NT: Tensor, here_N: Tensor, going_N: Tensor, stop: Sequence[str], decode: Decode, stopped: set[int]
) -> Tensor:
    """Which of the rows that go on hold a stop text now; they are noted in ``stopped`` by their first numbers."""
    # A text of n characters is at most 4n tokens long; some before it, because decoding may begin amid a character.
    window = 4 * max(map(len, stop)) + 4
    found_N = torch.zeros_like(going_N)
    for place in going_N.nonzero()[:, 0].tolist():
        text = decode(ids_NT[place, -window:].tolist())
        if any(word in text for word in stop):
            found_N[place] = True
            stopped.add(int(here_N[place]))
    return found_N


def prefill(model: Any, rows: Sequence[Pending], *, shape: Geometry, stamp: Any = None) -> list[KVState]:
    """States of each row's whole conversation."""
    batch = Batch(model, rows, 0, shape)
    batch.prefill()
    return [kept for b in range(len(rows)) if (kept := batch.keep(b, (), stamp)) is not None]


def score(
    model: Any, rows: Sequence[Pending], replies: Sequence[Sequence[int]], *, shape: Geometry | None
) -> list[float]:
    """The log-probability in nats of each row's reply after the row's conversation."""
    longest = max(map(len, replies))
    whole = [Pending([*row.new_ids, *reply[:-1]], 0, row.kept) for row, reply in zip(rows, replies, strict=True)]
    logits_BTV = Batch(model, whole, 0, shape).forward(longest)
    totals = []
    for b, reply in enumerate(replies):
        logps_TV = torch.log_softmax(logits_BTV[b, -len(reply) :].float(), -1)
        totals.append(float(logps_TV.gather(-1, torch.tensor(list(reply), device=logps_TV.device)[:, None]).sum()))
    return totals
