"""Scores of a policy's own tokens from as few tokens as will do: beginnings read once, adapters side by side.

Rows of a rollout repeat themselves: siblings have their first prompt in common, and as much more as they said alike. A
beginning is read in one row; the rows that have it go on from its keys and values, and their gradients meet there. Rows
of several adapters share a pass, each under its own. Both give the gradients of one row after the other, but for the
order in which sums are made.

Names: B rows, G beginnings, P their longest, R the longest rest, D width, N own tokens, U places they are predicted
from (fewer than N where rows have said the same), V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from lanista.agents.lm.backends.hf.columns import geometry
from lanista.agents.lm.backends.hf.forward import cache_name, cache_of, parameters, without_adapter
from lanista.agents.lm.backends.hf.prefixes import Beginning, shared_beginnings
from lanista.training import logits

WORTH = 0.15
"""The share of a pass's tokens that has to be saved for beginnings to be read apart: that takes two passes instead of
one, and attention over columns that are no plain triangle."""


class Adapting:
    """Tells every LoRA layer which row belongs to which adapter: ``names``, one a row; None: all to the active one.

    PEFT takes such names at inference only. The sums are the same in training as long as nothing is dropped out.
    """

    def __init__(self) -> None:
        self.names: list[str] | None = None

    def told(self, module: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """A forward pre-hook."""
        return None if self.names is None else (args, {**kwargs, "adapter_names": self.names})


@contextmanager
def adapting(model: Any) -> Iterator[Adapting]:
    """Rows of several adapters in one pass. Leave it after the backward pass."""
    from peft.tuners.lora import LoraLayer

    mine = Adapting()
    layers = [module for module in model.modules() if isinstance(module, LoraLayer)]
    hooks = [layer.register_forward_pre_hook(mine.told, with_kwargs=True) for layer in layers]
    try:
        yield mine
    finally:
        for hook in hooks:
            hook.remove()


def can_adapt(model: Any) -> bool:
    """Whether rows of several adapters may share a pass: LoRA in linear layers, and nothing that is dropped out."""
    from peft.tuners.lora import Linear, LoraLayer

    layers = [module for module in model.modules() if isinstance(module, LoraLayer)]
    plain = all(isinstance(layer, Linear) and not layer.merged and not any(layer.use_dora.values()) for layer in layers)
    return bool(layers) and plain and drops_nothing(model)


def drops_nothing(model: Any) -> bool:
    """Whether a model in training computes what it does when it plays."""
    rates = [value for name, value in vars(model.config.get_text_config()).items() if "drop" in name]
    modules = [module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)]
    return not any(rate for rate in [*rates, *modules] if isinstance(rate, (int, float)))


def can_share(model: Any) -> bool:
    """Whether beginnings may be read once: plain caches, positions that can be given, a mask of our own."""
    causal = without_adapter(model)
    if getattr(causal.config, "_attn_implementation", None) != "sdpa" or not {"position_ids"} <= parameters(model):
        return False
    with torch.no_grad():
        return geometry(causal, 0) is not None


@dataclass(slots=True)
class Layout:
    """Where the tokens of rows stand: in beginnings that several of them have, and in what is left of each."""

    beginnings: list[Beginning]
    length_B: list[int]
    """Tokens of each row that anything is predicted from."""
    shared_B: list[int]
    """How many of them stand in the row's beginning."""
    of_B: list[int]
    """Which beginning that is; 0 also where it has none."""

    @property
    def tokens(self) -> int:
        """What a pass reads, padding included."""
        rest = max(length - shared for length, shared in zip(self.length_B, self.shared_B, strict=True))
        return len(self.length_B) * rest + len(self.beginnings) * max((b.length for b in self.beginnings), default=0)


def lay_out(ids_BT: Tensor, own_BT: Tensor, adapters: Sequence[str] | None, share: bool) -> Layout:
    """The layout of rows padded on the right."""
    counts = own_BT.shape[1] - own_BT.int().flip(1).argmax(1)  # up to and including the last own token
    lengths = (counts - 1).clamp(min=1).tolist()
    if not share:
        return Layout([], lengths, [0] * len(lengths), [0] * len(lengths))
    return best_layout(ids_BT.tolist(), own_BT.int().argmax(1).tolist(), lengths, adapters)


def best_layout(
    rows: Sequence[Sequence[int]], firsts: Sequence[int], lengths: list[int], adapters: Sequence[str] | None = None
) -> Layout:
    """The layout that reads fewest tokens; the plain one unless another saves ``WORTH``.

    ``firsts``: where each row's first own token stands; ``lengths``: how many tokens anything is predicted from.
    Beginnings are shared under one adapter only.
    """
    plain = Layout([], lengths, [0] * len(lengths), [0] * len(lengths))
    found = []
    for ends in (firsts, lengths):  # first prompts alone, which keeps padding small; or what was said alike too
        found.append(_shared([tuple(row[:end]) for row, end in zip(rows, ends, strict=True)], lengths, adapters))
    best = min(found, key=lambda laid: laid.tokens)
    return best if best.tokens <= (1 - WORTH) * plain.tokens else plain


def _shared(rows: Sequence[tuple[int, ...]], lengths: list[int], adapters: Sequence[str] | None) -> Layout:
    """The layout in which what ``rows`` begin with in common is read once."""
    found = Layout([], lengths, [0] * len(lengths), [0] * len(lengths))
    for adapter in dict.fromkeys(adapters or [""]):
        mine = [b for b in range(len(rows)) if adapters is None or adapters[b] == adapter]
        for one in shared_beginnings([rows[b] for b in mine]):
            for place in one.rows:
                found.shared_B[mine[place]], found.of_B[mine[place]] = one.length, len(found.beginnings)
            found.beginnings.append(Beginning(one.length, tuple(mine[place] for place in one.rows)))
    return found


def own_scores(
    model: Any,
    ids_BT: Tensor,
    own_BT: Tensor,
    temperature: float,
    *,
    adapters: Sequence[str] | None = None,
    told: Adapting | None = None,
    share: bool = False,
) -> tuple[Tensor, Tensor]:
    """Log-probability (nats) and entropy of each own token's distribution, shape (N,) each, row by row. Differentiable.

    Rows are padded on the right and their first token is not own. ``adapters``: a name a row, with ``told`` of the
    ``adapting`` that lasts until the backward pass is done; None: the active one plays all rows. ``share``: read what
    rows begin with in common once (``can_share``).
    """
    own_BT = own_BT.bool()
    hidden_UD, place_N = _before(model, ids_BT, own_BT, adapters, told, share)
    logp_UV = (logits.projected(model, hidden_UD) / temperature).log_softmax(-1)
    entropy_U = -(logp_UV.exp() * logp_UV).sum(-1)
    said_N = ids_BT[own_BT]
    if place_N is None:
        return logp_UV.gather(-1, said_N[:, None])[:, 0], entropy_U
    return logp_UV[place_N, said_N], entropy_U[place_N]


def hidden_before(model: Any, ids_BT: Tensor, marked_BT: Tensor, *, share: bool = False) -> Tensor:
    """The last hidden states that marked tokens are predicted from, shape (N, D), row by row, under the active adapter.

    As for ``own_scores``, with any tokens but a row's first.
    """
    hidden_UD, place_N = _before(model, ids_BT, marked_BT.bool(), None, None, share)
    return hidden_UD if place_N is None else hidden_UD[place_N]


def _before(
    model: Any, ids_BT: Tensor, own_BT: Tensor, adapters: Sequence[str] | None, told: Adapting | None, share: bool
) -> tuple[Tensor, Tensor | None]:
    """Hidden states at the places that own tokens are predicted from, (U, D), and each one's place, (N,); None: U is N
    and they are in order."""
    laid = lay_out(ids_BT, own_BT, adapters, share)
    if laid.beginnings:
        return _through_beginnings(model, laid, ids_BT, own_BT, adapters, told)
    if told is not None:
        told.names = list(adapters or ()) or None
    upto = max(laid.length_B) + 1  # nothing behind the last own token is predicted
    return logits.marked_hidden(model, ids_BT[:, :upto], own_BT[:, :upto]), None


def _through_beginnings(
    model: Any, laid: Layout, ids_BT: Tensor, own_BT: Tensor, adapters: Sequence[str] | None, told: Adapting | None
) -> tuple[Tensor, Tensor]:
    """Hidden states at the places that own tokens are predicted from, (U, D), and each own token's place, (N,)."""
    causal, device = without_adapter(model), ids_BT.device
    firsts = [one.rows[0] for one in laid.beginnings]
    length_G = torch.tensor([one.length for one in laid.beginnings], device=device)
    most_P = int(length_G.max())
    if told is not None:
        told.names = [adapters[b] for b in firsts] if adapters else None
    # What stands behind a shorter beginning is another row's own affair: it is masked below, and predicts nothing.
    out = causal.base_model(input_ids=ids_BT[firsts, :most_P], use_cache=True)
    cache = DynamicCache()
    of_B = torch.tensor(laid.of_B, device=device)
    for number, layer in enumerate(cache_of(out).layers):
        cache.update(layer.keys.index_select(0, of_B), layer.values.index_select(0, of_B), number)
    shared_B = torch.tensor(laid.shared_B, device=device)
    length_B = torch.tensor(laid.length_B, device=device)
    most_R = int((length_B - shared_B).max())
    columns_R = torch.arange(most_R, device=device)
    places_BR = shared_B[:, None] + columns_R
    ids_BR = ids_BT.gather(1, places_BR.clamp(max=ids_BT.shape[1] - 1))
    seen_BRC = torch.cat(
        [
            (torch.arange(most_P, device=device) < shared_B[:, None])[:, None].expand(-1, most_R, -1),
            (columns_R[None, :] <= columns_R[:, None]).expand(len(ids_BR), -1, -1),
        ],
        -1,
    )
    if told is not None:
        told.names = list(adapters) if adapters else None
    options: dict[str, Any] = {cache_name(model): cache}
    rest = causal.base_model(
        input_ids=ids_BR, attention_mask=seen_BRC[:, None], position_ids=places_BR, use_cache=True, **options
    )
    hidden_XD = torch.cat([out.last_hidden_state.flatten(0, 1), rest.last_hidden_state.flatten(0, 1)])
    row_N, token_N = own_BT.nonzero(as_tuple=True)
    before_N = token_N - 1
    in_beginning_N = of_B[row_N] * most_P + before_N
    in_rest_N = len(firsts) * most_P + row_N * most_R + before_N - shared_B[row_N]
    from_N = torch.where(before_N < shared_B[row_N], in_beginning_N, in_rest_N)
    place_U, place_N = torch.unique(from_N, return_inverse=True)
    return hidden_XD[place_U], place_N
