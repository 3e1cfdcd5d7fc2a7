"""Drawing one token per row. Names: B rows, V vocabulary."""

from __future__ import annotations

import torch
from torch import Tensor

from lanista.agents.lm.sampling import Sampling


def draw(logits_BV: Tensor, uniforms_B: Tensor, sampling: Sampling) -> tuple[Tensor, Tensor]:
    """A token per row and its log-probability in nats under the distribution it was drawn from.

    The cumulative distribution is inverted, so one uniform number per token is enough.
    """
    if sampling.temperature == 0:
        ids_B = logits_BV.argmax(-1)
        return ids_B, logits_BV.gather(-1, ids_B[:, None])[:, 0].float() * 0.0
    logps_BV = torch.log_softmax(logits_BV.float() / sampling.temperature, -1)
    if 0 < sampling.top_k < logps_BV.shape[-1] or sampling.top_p < 1:
        logps_BV = cut(logps_BV, sampling.top_k, sampling.top_p)
    mass_BV = logps_BV.double().exp().cumsum(-1)
    aim_B1 = (uniforms_B * mass_BV[:, -1]).clamp(max=torch.nextafter(mass_BV[:, -1], mass_BV.new_zeros(1)))[:, None]
    ids_B1 = torch.searchsorted(mass_BV, aim_B1, right=True).clamp(max=logits_BV.shape[-1] - 1)
    return ids_B1[:, 0], logps_BV.gather(-1, ids_B1)[:, 0]


def cut(logps_BV: Tensor, top_k: int, top_p: float) -> Tensor:
    """The distribution among the ``top_k`` likeliest, then among the likeliest of those that make up ``top_p``.

    Log-probabilities of what is left, summing to one again; of what is cut off, -inf. The likeliest token always stays;
    of equally likely ones those with smaller ids stay.
    """
    sorted_BV, order_BV = logps_BV.sort(stable=True, dim=-1, descending=True)
    if 0 < top_k < logps_BV.shape[-1]:
        sorted_BV[:, top_k:] = -torch.inf
    if top_p < 1:
        chances_BV = torch.softmax(sorted_BV.double(), -1)
        before_BV = chances_BV.cumsum(-1) - chances_BV
        sorted_BV = sorted_BV.masked_fill(before_BV >= top_p, -torch.inf)
    kept_BV = torch.full_like(logps_BV, -torch.inf).scatter(-1, order_BV, sorted_BV)
    return torch.log_softmax(kept_BV, -1)
