"""An update whose passes are shared is the update whose passes are not: gradients, numbers for the log, memory."""

from __future__ import annotations

import copy
import random
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
from workbench import gradients, make_trainer, relative_error, step_once, with_adapters

from lanista.training import memory
from lanista.training.adapters import SHARED, adapter_name
from lanista.training.algorithms.grpo.passes import Part, groups, packed_rows
from lanista.training.batching import ScoredRow, buckets
from lanista.training.tiny import build_model
from lanista.training.trajectories import TokenRow

NAMES = ("left", "right")


def siblings(seed: int, groups: int = 2, each: int = 5, prompt: int = 70) -> list[ScoredRow]:
    """Rows in groups with a prompt in common, off policy and with an advantage a turn; one row in five is silent."""
    rng = random.Random(seed)
    found = []
    for _ in range(groups):
        start = [rng.randrange(8, 200) for _ in range(rng.randrange(prompt - 10, prompt))]
        for sibling in range(each):
            ids, which, worth = list(start), [-1] * len(start), [0.0] * len(start)
            for turn in range(rng.randrange(1, 4)):
                said, given, advantage = rng.randrange(1, 6), rng.randrange(1, 4), rng.gauss(0, 1) * (sibling > 0)
                ids += [rng.randrange(8, 200) for _ in range(said + given)]
                which += [turn] * said + [-1] * given
                worth += [advantage] * said + [0.0] * given
            logps = tuple(-4 - rng.random() if turn >= 0 else 0.0 for turn in which)
            row = TokenRow(ids=tuple(ids), own=tuple(t >= 0 for t in which), logps=logps, turns=tuple(which))
            found.append(ScoredRow(row, tuple(worth)))
    return found


def rows_of(names: tuple[str, ...]) -> dict[str, list[ScoredRow]]:
    return {name: siblings(seed) for seed, name in enumerate(names)}


def passes(trainer: Any) -> int:
    """Tokens of every forward pass of one step."""
    seen = []
    plain = trainer.accelerator.unwrap_model(trainer.model)
    hook = plain.get_input_embeddings().register_forward_hook(lambda module, args, out: seen.append(args[0].numel()))
    step_once(trainer)
    hook.remove()
    return sum(seen)


@pytest.mark.parametrize(
    "options",
    [
        {"loss_type": "dapo"},
        {"loss_type": "grpo", "entropy_coef": 0.01},
        {"loss_type": "bnpo", "temperature": 0.6},
        {"loss_type": "dr_grpo", "beta": 0.1},
        {"loss_type": "gspo"},
        {"loss_type": "cispo", "sampler_correction": "weight"},
        {"loss_type": "dapo", "gradient_checkpointing": True},
    ],
    ids=lambda options: "-".join(map(str, options.values())),
)
@pytest.mark.parametrize("names", [(SHARED,), NAMES], ids=["shared", "per-role"])
def test_together_is_apart(model: Any, tokenizer: Any, names: tuple[str, ...], options: dict[str, Any]) -> None:
    """Every loss, with its KL and its bonus: gradients as near as sums in another order are, and the same log."""
    base = with_adapters(model, names)
    found, logs = {}, {}
    for how in ("apart", "together"):
        own = copy.deepcopy(base)
        trainer = make_trainer(own, tokenizer, rows_of(names), names, passes=how, tokens_per_batch=2000, **options)
        step_once(trainer)
        found[how] = gradients(own)
        logs[how] = {name: values[-1] for name, values in trainer._metrics["train"].items()}
    assert relative_error(found["together"], found["apart"]) < 1e-5
    for name in ("policy/entropy", "policy/kl_sampler", "policy/clip_share"):
        assert logs["together"][name] == pytest.approx(logs["apart"][name], rel=1e-4, abs=1e-6)


def test_less_is_read_together(model: Any, tokenizer: Any) -> None:
    """Five siblings with a prompt of two thirds of their rows, under two adapters."""
    read = {}
    for how in ("apart", "auto", "together"):
        own = with_adapters(copy.deepcopy(model), NAMES)
        read[how] = passes(make_trainer(own, tokenizer, rows_of(NAMES), NAMES, passes=how))
    assert read["auto"] < read["apart"] / 1.5
    assert read["together"] < read["apart"] / 1.5


def test_rows_with_nothing_in_common_are_packed_by_length(model: Any, tokenizer: Any) -> None:
    rows = siblings(5, groups=12, each=1)
    assert packed_rows(rows, 300, share=True) == buckets(rows, 300)
    alike = siblings(5)
    assert packed_rows(alike, 1000, share=True) == buckets(alike, 1000, siblings=True)


def test_a_policy_without_signal_gets_no_gradient(model: Any, tokenizer: Any) -> None:
    """Adam moves what has a gradient of zero: a policy that learns nothing beside another one stays as it is."""
    own = with_adapters(model, (*NAMES, "third"))
    quiet = [ScoredRow(one.row, (0.0,) * len(one.advantages)) for one in siblings(9)]
    trainer = make_trainer(own, tokenizer, {**rows_of(NAMES), "third": quiet}, (*NAMES, "third"))
    step_once(trainer)
    assert {name.split(".")[-2] for name in gradients(own)} == {adapter_name(0), adapter_name(1)}


def part(rows: int, wide: int) -> Part:
    zeros = torch.zeros(rows, wide, dtype=torch.long)
    return Part({"prompt_ids": zeros[:, :2], "completion_ids": zeros[:, 2:]}, 1.0, 1.0)


def test_groups_hold_every_part_once_within_the_budget() -> None:
    rng = random.Random(0)
    for _ in range(100):
        update = {
            name: [part(rng.randrange(1, 9), rng.randrange(3, 40)) for _ in range(rng.randrange(1, 4))]
            for name in "abc"[: rng.randrange(1, 4)]
        }
        every = [id(one) for parts in update.values() for one in parts]
        for join in (False, True):
            found = groups(update, 200, join=join)
            assert sorted(id(one) for group in found for _, one in group) == sorted(every)
            for group in found:
                shapes = [one.shape for _, one in group]
                assert len(group) == 1 or sum(r for r, _ in shapes) * max(w for _, w in shapes) <= 200
        assert [id(one) for group in groups(update, 200, join=False) for _, one in group] == every


@pytest.mark.parametrize("budget", [1, 150, 400, 10_000])
def test_siblings_stay_side_by_side_within_the_budget(budget: int) -> None:
    rows = [row for seed in range(3) for row in siblings(seed, groups=3)]
    random.Random(1).shuffle(rows)
    found = buckets(rows, budget, siblings=True)
    assert sorted(id(row) for bucket in found for row in bucket) == sorted(map(id, rows))
    for bucket in found:
        assert len(bucket) == 1 or len(bucket) * max(len(row.row.ids) for row in bucket) <= budget
    first = [row.row.ids[: row.row.own.index(True)] for bucket in found for row in bucket]
    met = [prompt for prompt, before in zip(first, [None, *first], strict=False) if prompt != before]
    assert len(met) == len(set(met))


def test_a_large_models_pass_is_bounded_by_bytes(model: Any, tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """16,384 tokens of a small model fit 4 GB; with less to spend, or of a larger model, a pass holds fewer."""
    trainer = make_trainer(build_model(tokenizer, "32x2"), tokenizer, {})
    assert trainer._budget == trainer.options.tokens_per_batch
    monkeypatch.setattr(memory, "UPDATE_BYTES", 1 << 20)
    small = make_trainer(build_model(tokenizer, "32x2"), tokenizer, {SHARED: siblings(3)})
    assert 1 < small._budget < 200
    (update,) = small.pack(small.given, 0)
    assert all(one.shape[0] == 1 or one.shape[0] * one.shape[1] <= small._budget for one in update[SHARED])


def test_smollm2s_tokens_take_between_one_and_two_megabytes() -> None:
    """By its shape: 30 layers, 576 wide, 1,536 inside, 49,152 ids, bf16 under an adapter. Half of it without one."""
    config = SimpleNamespace(hidden_size=576, num_hidden_layers=30, intermediate_size=1536, vocab_size=49152)
    weight = torch.zeros(1, dtype=torch.bfloat16)
    model = SimpleNamespace(config=SimpleNamespace(get_text_config=lambda: config), parameters=lambda: iter([weight]))
    taken = memory.activation_bytes(model, adapters=True)
    assert 1e6 < taken < 2e6
    assert memory.activation_bytes(model, adapters=False) < 0.7 * taken
    assert memory.activation_bytes(model, adapters=True, checkpointing=True) < taken / 4
