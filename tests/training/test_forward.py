"""Fewer tokens, the same numbers: beginnings read once and adapters side by side, against one row after the other."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from lanista.training import forward, logits
from lanista.training.adapters import Adapters, add_adapters
from lanista.training.tiny import build_model, build_tokenizer

NAMES = ["left", "right", "third"]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return build_tokenizer(["vote: player_1 now", "you are a villager"] * 20, ["player_1"], vocab_size=300)


@pytest.fixture
def model(tokenizer: Any) -> Any:
    return build_model(tokenizer, "32x2", seed=1).double().train()


@pytest.fixture
def adapted(model: Any) -> tuple[Any, Adapters]:
    """Three adapters that are no identities; every one trainable."""
    wrapped = add_adapters(model, NAMES, rank=4, seed=0)
    adapters = Adapters(wrapped, NAMES)
    torch.manual_seed(2)
    for name in NAMES:
        for parameter in adapters.parameters(name):
            parameter.data = torch.randn_like(parameter, dtype=torch.float64) / 8
    adapters.trainable()
    return wrapped, adapters


def siblings(seed: int, groups: int = 3, each: int = 4, prompt: int = 80) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows in groups: a prompt in common, replies and news that are drawn among a few, so that some rows agree on."""
    rng = random.Random(seed)
    rows: list[tuple[list[int], list[bool]]] = []
    for _ in range(groups):
        start = [rng.randrange(5, 200) for _ in range(rng.randrange(3 * prompt // 4, prompt))]
        said = [[rng.randrange(5, 200) for _ in range(rng.randrange(1, 6))] for _ in range(2)]
        for _ in range(each):
            ids, own = list(start), [False] * len(start)
            for _ in range(rng.randrange(1, 4)):
                reply, news = rng.choice(said), [rng.randrange(5, 200)] * rng.randrange(1, 5)
                ids += [*reply, *news]
                own += [True] * len(reply) + [False] * len(news)
            rows.append((ids, own))
    longest = max(len(ids) for ids, _ in rows)
    ids_BT = torch.tensor([ids + [0] * (longest - len(ids)) for ids, _ in rows])
    own_BT = torch.tensor([own + [False] * (longest - len(own)) for _, own in rows])
    return ids_BT, own_BT


def one_by_one(model: Any, ids_BT: torch.Tensor, own_BT: torch.Tensor, temperature: float) -> list[torch.Tensor]:
    """Log-probabilities and entropies of each row's own tokens, a pass a row."""
    found: list[list[torch.Tensor]] = [[], []]
    for ids_T, own_T in zip(ids_BT, own_BT, strict=True):
        logp_NV = (logits.marked_logits(model, ids_T[None], own_T[None]) / temperature).log_softmax(-1)
        found[0].append(logp_NV.gather(-1, ids_T[own_T][:, None])[:, 0])
        found[1].append(-(logp_NV.exp() * logp_NV).sum(-1))
    return [torch.cat(parts) for parts in found]


def gradients(model: Any, scores: Sequence[torch.Tensor]) -> dict[str, torch.Tensor]:
    """Of a sum that weighs every token and every entropy differently; float64 scores were made from float32 logits."""
    model.zero_grad()
    weights = torch.linspace(-1, 2, len(scores[0]))
    ((scores[0] * weights).sum() + (scores[1] * weights.flip(0)).sum()).backward()
    return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


def assert_same(mine: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> None:
    assert mine.keys() == theirs.keys()
    size = max(float(grad.abs().max()) for grad in theirs.values())
    for name, grad in theirs.items():
        assert float((mine[name] - grad).abs().max()) < 2e-6 * size, name


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("share", [False, True])
def test_beginnings_read_once_change_nothing(model: Any, seed: int, share: bool) -> None:
    ids_BT, own_BT = siblings(seed)
    assert bool(forward.lay_out(ids_BT, own_BT, None, share).beginnings) == share
    apart = one_by_one(model, ids_BT, own_BT, 0.7)
    theirs = gradients(model, apart)
    together = forward.own_scores(model, ids_BT, own_BT, 0.7, share=share)
    for mine, other in zip(together, apart, strict=True):
        assert torch.allclose(mine, other, atol=1e-5)
    assert_same(gradients(model, together), theirs)


def test_rows_that_are_the_same_from_start_to_end(model: Any) -> None:
    """Late in training siblings say the same: one of them is read, and each of them counts."""
    ids_BT, own_BT = (x[:1].repeat(9, 1) for x in siblings(5, groups=1, each=1))
    read = forward.lay_out(ids_BT, own_BT, None, share=True)
    assert read.tokens == max(read.length_B) + 8
    theirs = gradients(model, one_by_one(model, ids_BT, own_BT, 1.0))
    assert_same(gradients(model, forward.own_scores(model, ids_BT, own_BT, 1.0, share=True)), theirs)


def test_rows_without_anything_in_common_are_read_as_before(model: Any) -> None:
    ids_BT, own_BT = siblings(6, groups=5, each=1)
    assert not forward.lay_out(ids_BT, own_BT, None, share=True).beginnings


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("checkpointing", [False, True])
def test_adapters_side_by_side(adapted: tuple[Any, Adapters], share: bool, checkpointing: bool) -> None:
    """Every adapter's gradient is what it gets alone; also where the backward pass runs the forward pass again."""
    model, adapters = adapted
    ids_BT, own_BT = siblings(7, groups=4, each=3)
    ids_BT[6:9, :10] = ids_BT[0, :10]  # two adapters have a beginning in common, and must not share it
    order = [0, 4, 8, 1, 9, 2, 3, 5, 6, 7, 10, 11]
    ids_BT, own_BT = ids_BT[order], own_BT[order]
    names = [NAMES[row // 4] for row in order]
    theirs: dict[str, torch.Tensor] = {}
    apart = [torch.zeros(int(own_BT.sum())) for _ in range(2)]
    row_N = own_BT.nonzero()[:, 0]
    weights = torch.linspace(-1, 2, len(row_N))
    for policy in NAMES:
        adapters.activate(policy)
        mine = [b for b, name in enumerate(names) if name == policy]
        here_N = torch.isin(row_N, torch.tensor(mine))
        scores = one_by_one(model, ids_BT[mine], own_BT[mine], 1.3)
        model.zero_grad()
        ((scores[0] * weights[here_N]).sum() + (scores[1] * weights.flip(0)[here_N]).sum()).backward()
        theirs |= {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
        for total, part in zip(apart, scores, strict=True):
            total[here_N] = part.detach().float()
    adapters.trainable()
    if checkpointing:
        model.base_model.model.activation_checkpointing_enable()
    called = [str(adapters.adapter(name)) for name in names]
    with forward.adapting(model) as told:
        together = forward.own_scores(
            model, ids_BT, own_BT, 1.3, adapters=called, told=told, share=share and not checkpointing
        )
        found = gradients(model, together)
    for a, b in zip(together, apart, strict=True):
        assert torch.allclose(a.float(), b, atol=1e-5)
    assert_same(found, theirs)


def test_an_adapter_without_rows_gets_no_gradient(adapted: tuple[Any, Adapters]) -> None:
    """Adam moves a weight whose gradient is zero: it has to be None."""
    model, adapters = adapted
    ids_BT, own_BT = siblings(8, groups=2)
    called = [str(adapters.adapter(NAMES[b % 2])) for b in range(len(ids_BT))]
    with forward.adapting(model) as told:
        gradients(model, forward.own_scores(model, ids_BT, own_BT, 1.0, adapters=called, told=told))
    assert all(p.grad is None for p in adapters.parameters("third"))
    assert all(p.grad is not None for p in adapters.parameters("left"))
    assert not any(module._forward_pre_hooks for module in model.modules())  # nobody is told any more


def test_what_is_dropped_out_is_not_shared(adapted: tuple[Any, Adapters], model: Any) -> None:
    wrapped, _ = adapted
    assert forward.can_adapt(wrapped)
    assert forward.can_share(wrapped)
    wrapped.config.attention_dropout = 0.1
    assert not forward.can_adapt(wrapped)
    assert not forward.drops_nothing(wrapped)
    wrapped.config.attention_dropout = 0.0
    wrapped.base_model.model.config._attn_implementation = "eager"  # it would add a mask of booleans
    assert not forward.can_share(wrapped)
