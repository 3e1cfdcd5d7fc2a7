"""The trainer against stock TRL, against paper, and against all the ways in which policies can spoil each other."""

from __future__ import annotations

import copy
import inspect
import math
import random
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
import torch.nn.functional as F
import trl
from datasets import Dataset
from workbench import gradients, learn, make_trainer, random_row, relative_error, scored_rows, step_once, with_adapters

from lanista.errors import UsageError
from lanista.training.adapters import adapter_name, adapter_parameters, add_adapters
from lanista.training.batching import ScoredRow
from lanista.training.credit import Returns, advantages
from lanista.training.trajectories import TokenRow

LOSSES = ["dapo", "dr_grpo", "grpo", "bnpo", "cispo", "sapo"]


# TRL as we know it


def test_trl_is_the_one_this_trainer_was_written_for() -> None:
    """What is overridden here is private to TRL. Where this fails, read the new GRPOTrainer before anything else."""
    assert trl.__version__.startswith("1.16."), f"written against TRL 1.16, found {trl.__version__}"
    known = {
        "compute_loss": ["self", "model", "inputs", "return_outputs", "num_items_in_batch"],
        "_compute_loss": ["self", "model", "inputs"],
        "_prepare_for_training": ["self", "max_steps", "train_dataloader", "resume_from_checkpoint"],
        "_get_learning_rate": ["self"],
        "create_optimizer": ["self", "model"],
    }
    for name, parameters in known.items():
        found = list(inspect.signature(getattr(trl.GRPOTrainer, name)).parameters)
        assert found == parameters, f"GRPOTrainer.{name} takes {found} now, not {parameters}"
    scored = list(inspect.signature(trl.GRPOTrainer._get_per_token_logps_and_entropies).parameters)
    assert scored[:5] == ["self", "model", "input_ids", "attention_mask", "logits_to_keep"]
    loss = inspect.getsource(trl.GRPOTrainer._compute_loss)
    for reliance in (
        'completion_mask * inputs["tool_mask"]',
        "advantages.dim() == 1",
        'inputs.get("old_per_token_logps")',
        'inputs["num_items_in_batch"]',
        'inputs["ref_per_token_logps"]',
        "self.current_gradient_accumulation_steps / self.args.steps_per_generation",
    ):
        assert reliance in loss, f"GRPOTrainer._compute_loss no longer contains {reliance!r}"


def reward(ids: list[int]) -> float:
    return sum(1.0 for i in ids if i % 3 == 0) - 0.1 * len(ids)


@pytest.mark.parametrize("loss_type", LOSSES)
def test_single_turns_train_as_in_stock_trl(tmp_path: Path, model: Any, tokenizer: Any, loss_type: str) -> None:
    """Two prompts, four completions each: the same loss and gradients as GRPOTrainer, relative error below 1e-5."""
    ours = copy.deepcopy(model)
    # Many ids that end a completion, so that lengths differ: with equal ones a group's loss is always zero.
    model.generation_config.eos_token_id = [tokenizer.eos_token_id, *range(300, 500)]
    stock = trl.GRPOTrainer(
        model=model,
        reward_funcs=lambda completion_ids, **kwargs: [reward(list(ids)) for ids in completion_ids],
        args=trl.GRPOConfig(
            output_dir=str(tmp_path / "stock"),
            per_device_train_batch_size=8,
            num_generations=4,
            max_completion_length=12,
            max_steps=1,
            loss_type=loss_type,
            epsilon_high=1.2 if loss_type == "cispo" else None,  # where TRL caps the weight itself
            scale_rewards="none",
            use_cpu=True,
            bf16=False,
            activation_checkpointing=False,
            report_to="none",
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_dict({"prompt": ["player_1 was killed.", "It is day 2. Who is it?"]}),
        processing_class=tokenizer,
    )
    stock.current_gradient_accumulation_steps = 1
    prompts = ["player_1 was killed."] * 4 + ["It is day 2. Who is it?"] * 4
    stock_loss = float(stock.training_step(model, [{"prompt": p} for p in prompts], None))

    batch = stock._buffered_inputs[0]
    rows, claims = [], []
    for i in range(8):
        prompt = batch["prompt_ids"][i][batch["prompt_mask"][i].bool()].tolist()
        said = batch["completion_ids"][i][batch["completion_mask"][i].bool()].tolist()
        ids = tuple(prompt + said)
        own = (False,) * len(prompt) + (True,) * len(said)
        with torch.no_grad():
            scores = ours(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
        logps = tuple(scores[j - 1, ids[j]].item() if own[j] else 0.0 for j in range(len(ids)))
        rows.append(TokenRow(ids=ids, own=own, logps=logps, turns=tuple(0 if o else -1 for o in own)))
        total = reward(said)
        claims.append(Returns(group=tuple(prompt), game=i, total=total, turns=(total,)))
    values = advantages(claims, baseline="mean")
    scored = [
        ScoredRow(row, tuple(value[0] if o else 0.0 for o in row.own)) for row, value in zip(rows, values, strict=True)
    ]
    trainer = make_trainer(
        ours,
        tokenizer,
        {"shared": scored},
        scenarios=2,
        group_size=4,
        loss_type=loss_type,
        max_new_tokens=12,
        tokens_per_batch=64,  # several micro-batches against TRL's one
    )
    assert abs(stock_loss) > 1e-3 or loss_type == "grpo"  # a mean of rows whose advantages cancel
    assert step_once(trainer) == pytest.approx(stock_loss, rel=1e-5, abs=1e-6)
    assert relative_error(gradients(ours), gradients(model)) < 1e-5


# On paper


def two_games(model: Any, log_ratio: float = 0.0) -> list[ScoredRow]:
    """Two games of one seat: 2 own tokens returning 1.0 and 3 own tokens returning -0.05; advantages ±1.05."""
    rng = random.Random(3)
    shapes = [(4, 2), (5, 3)]
    claims = [
        Returns(group="g", game=0, total=1.0, turns=(1.0,)),
        Returns(group="g", game=1, total=-0.05, turns=(-0.05,)),
    ]
    found = []
    for (given, said), (value,) in zip(shapes, advantages(claims), strict=True):
        ids = tuple(rng.randrange(8, 200) for _ in range(given + said))
        own = (False,) * given + (True,) * said
        with torch.no_grad():
            scores = model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
        logps = tuple(scores[i - 1, ids[i]].item() - log_ratio if own[i] else 0.0 for i in range(len(ids)))
        row = TokenRow(ids=ids, own=own, logps=logps, turns=tuple(0 if o else -1 for o in own))
        found.append(ScoredRow(row, tuple(value if o else 0.0 for o in own)))
    return found


@pytest.mark.parametrize(
    ("loss_type", "log_ratio", "expected"),
    [
        # dapo: mean over the 5 tokens; -(2·1.05 - 3·1.05)/5
        ("dapo", 0.0, 0.21),
        # dr_grpo: over 2 rows · 10 tokens
        ("dr_grpo", 0.0, 1.05 / 20),
        # grpo: each row's own mean first, then the rows'; the two rows cancel
        ("grpo", 0.0, 0.0),
        # e^0.5 > 1.2: where the advantage is positive the ratio is clipped at 1.2, where negative it is not
        ("dapo", 0.5, -(2 * 1.2 * 1.05 - 3 * math.exp(0.5) * 1.05) / 5),
        # e^-0.5 < 0.8: the other way round
        ("dapo", -0.5, -(2 * math.exp(-0.5) * 1.05 - 3 * 0.8 * 1.05) / 5),
    ],
)
def test_a_two_game_group_by_hand(
    model: Any, tokenizer: Any, loss_type: str, log_ratio: float, expected: float
) -> None:
    rows = two_games(model, log_ratio)
    trainer = make_trainer(model, tokenizer, {"shared": rows}, loss_type=loss_type, max_new_tokens=10, baseline="loo")
    assert step_once(trainer) == pytest.approx(expected, abs=2e-6)
    clipped = {0.0: 0.0, 0.5: 2 / 5, -0.5: 3 / 5}[log_ratio]
    assert trainer._metrics["train"]["policy/clip_share"] == [pytest.approx(clipped)]


def test_the_gradient_of_a_two_game_group_is_the_policy_gradient(model: Any, tokenizer: Any) -> None:
    """With the ratio at 1, d(loss) = -sum over own tokens of advantage · d(logp) / tokens, by plain autograd."""
    plain = copy.deepcopy(model)
    rows = two_games(model)
    step_once(make_trainer(model, tokenizer, {"shared": rows}))
    loss = torch.zeros(())
    for scored in rows:
        ids = torch.tensor([scored.row.ids])
        logps = F.log_softmax(plain(input_ids=ids).logits[0, :-1], -1).gather(-1, ids[0, 1:, None])[:, 0]
        loss = loss - (logps * torch.tensor(scored.advantages[1:])).sum() / 5
    loss.backward()
    assert relative_error(gradients(model), gradients(plain)) < 1e-5


@pytest.mark.parametrize("loss_type", LOSSES)
@pytest.mark.parametrize("extra", [{}, {"beta": 0.1, "entropy_coef": 0.05}])
def test_the_update_does_not_depend_on_how_rows_were_packed(
    model: Any, tokenizer: Any, loss_type: str, extra: dict[str, Any]
) -> None:
    rows = scored_rows(random.Random(1), model, 7, offset=0.1)
    found = []
    for budget in (1, 10_000):
        own = copy.deepcopy(model)
        trainer = make_trainer(
            own,
            tokenizer,
            {"shared": rows},
            loss_type=loss_type,
            tokens_per_batch=budget,
            **extra,
        )
        found.append((step_once(trainer), gradients(own)))
    (one_by_one, separate), (max_concurrent_games, together) = found
    assert one_by_one == pytest.approx(max_concurrent_games, rel=1e-5)
    assert relative_error(separate, together) < 1e-5


def test_a_pass_in_two_steps_uses_every_row(model: Any, tokenizer: Any) -> None:
    """Trap: TRL splits 7 rows into two steps of 3 and drops one."""
    rows = scored_rows(random.Random(2), model, 7)
    trainer = make_trainer(model, tokenizer, {"shared": rows}, minibatches=2, group_size=2)
    updates = trainer.pack(trainer.given, 0)
    counts = [sum(len(part.tensors["prompt_ids"]) for part in update["shared"]) for update in updates]
    assert sorted(counts) == [3, 4]


def test_rows_without_advantage_count_in_the_mean_but_cost_no_pass(model: Any, tokenizer: Any) -> None:
    rng = random.Random(4)
    loud = scored_rows(rng, model, 2)
    quiet = [ScoredRow(row.row, (0.0,) * len(row.row.ids)) for row in scored_rows(rng, model, 3)]
    own = copy.deepcopy(model)
    trainer = make_trainer(own, tokenizer, {"shared": loud + quiet})
    (update,) = trainer.pack(trainer.given, 0)
    assert sum(len(part.tensors["prompt_ids"]) for part in update["shared"]) == 2
    tokens = [sum(row.row.tokens for row in rows) for rows in (loud, loud + quiet)]
    with_quiet = step_once(trainer)
    alone = step_once(make_trainer(copy.deepcopy(model), tokenizer, {"shared": loud}))
    assert with_quiet == pytest.approx(alone * tokens[0] / tokens[1], rel=1e-5)


def test_nothing_to_learn_from_is_a_step_without_a_change(model: Any, tokenizer: Any) -> None:
    before = copy.deepcopy(model.state_dict())
    trainer = make_trainer(model, tokenizer, {}, weight_decay=0.1)
    learn(trainer)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_sampler_weights_are_folded_into_advantages(model: Any, tokenizer: Any) -> None:
    """The sampler thought each token e^0.3 times likelier than the trainer does: advantages shrink by e^-0.3."""
    rows = scored_rows(random.Random(5), model, 3, offset=-0.3)
    trainer = make_trainer(model, tokenizer, {"shared": rows}, sampler_correction="weight")
    (update,) = trainer.pack(trainer.given, 0)
    assert trainer._metrics["train"]["sampler/weight"] == [pytest.approx(math.exp(-0.3), rel=1e-4)]
    (part,) = update["shared"]
    worth = sorted(a for row in rows for a in row.advantages if a)
    folded = sorted(part.tensors["advantages"][part.tensors["tool_mask"].bool()].tolist())
    assert folded == pytest.approx([a * math.exp(-0.3) for a in worth], rel=1e-4)


def test_sampler_weights_are_truncated(model: Any, tokenizer: Any) -> None:
    rows = scored_rows(random.Random(5), model, 3, offset=3.0)
    trainer = make_trainer(model, tokenizer, {"shared": rows}, sampler_correction="weight", weight_cap=2.0)
    trainer.pack(trainer.given, 0)
    assert trainer._metrics["train"]["sampler/weight"] == [pytest.approx(2.0)]


@pytest.mark.parametrize("adapters", [False, True])
def test_the_reference_is_the_policy_as_it_started(model: Any, tokenizer: Any, adapters: bool) -> None:
    """KL is 0 at the start and positive once the weights have moved; the reference has not moved with them."""
    names = ("left", "right") if adapters else ("shared",)
    wrapped = with_adapters(model, names, scale=0.0) if adapters else model
    rows = {name: scored_rows(random.Random(6), model, 2) for name in names}
    trainer = make_trainer(wrapped, tokenizer, rows, names, beta=0.5)
    step_once(trainer)
    assert max(trainer._metrics["train"]["kl"]) < 1e-9
    with torch.no_grad():
        for parameter in trainer.adapters.parameters(names[0]):
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    step_once(trainer)
    assert max(trainer._metrics["train"]["kl"]) > 1e-6


# Several policies on one model


NAMES = ("left", "right")
LEFT, RIGHT = adapter_name(0), adapter_name(1)


@pytest.fixture
def pair(model: Any) -> Any:
    return with_adapters(model, NAMES)


def both(model: Any, seed: int = 8) -> dict[str, list[ScoredRow]]:
    rng = random.Random(seed)
    found = {}
    for name in NAMES:
        model.set_adapter(adapter_name(NAMES.index(name)))
        found[name] = scored_rows(rng, model, 3)
    return found


@pytest.mark.parametrize("checkpointing", [False, True])
def test_each_policy_gets_the_gradient_it_would_get_alone(pair: Any, tokenizer: Any, checkpointing: bool) -> None:
    """Trap: with checkpointing, a backward pass after the adapters were switched recomputes with the wrong one.

    Here each policy's gradient, trained beside the other, equals the one it gets alone and without checkpointing.
    """
    rows = both(pair)
    alone: dict[str, Any] = {}
    for name in NAMES:
        own = copy.deepcopy(pair)
        step_once(make_trainer(own, tokenizer, {name: rows[name]}, NAMES))
        alone |= {k: v for k, v in gradients(own).items() if f".{adapter_name(NAMES.index(name))}." in k}
    trainer = make_trainer(pair, tokenizer, rows, NAMES, gradient_checkpointing=checkpointing, tokens_per_batch=20)
    step_once(trainer)
    assert relative_error(gradients(pair), alone) < 1e-5


def test_that_trap_is_there(pair: Any) -> None:
    """What the order forward, switch, backward would do with checkpointing: a wrong gradient, and nobody says so."""
    ids = torch.tensor([[9, 10, 11, 12, 13, 14]])
    found = []
    for deferred in (False, True):
        own = copy.deepcopy(pair)
        own.enable_input_require_grads()
        own.get_base_model().gradient_checkpointing_enable({"use_reentrant": False})
        own.train()
        own.set_adapter(LEFT)
        for name, parameter in own.named_parameters():
            parameter.requires_grad_("lora_" in name)
        loss = own(input_ids=ids, labels=ids).loss
        if deferred:
            for module in own.modules():
                if hasattr(module, "_active_adapter"):
                    module._active_adapter = [RIGHT]
        loss.backward()
        found.append({k: v for k, v in gradients(own).items() if f".{LEFT}." in k})
    right, wrong = found
    assert wrong.keys() != right.keys() or relative_error(wrong, right) > 0.1


def test_every_policy_is_in_the_optimizer(pair: Any, tokenizer: Any) -> None:
    """Trap: ``set_adapter`` freezes the others, so an optimizer made after it knows one policy only."""
    trainer = make_trainer(pair, tokenizer, {}, NAMES)
    trainer.adapters.activate("left")
    held = {id(p) for group in trainer.create_optimizer().param_groups for p in group["params"]}
    expected = {id(p) for n, p in pair.named_parameters() if "lora_" in n}
    assert held == expected
    assert expected


def test_no_pass_mixes_policies(pair: Any, tokenizer: Any) -> None:
    """Trap: PEFT refuses batches with an adapter per row in training mode, so a micro-batch is one policy's."""
    pair.train()
    with pytest.raises(ValueError, match="training mode"):
        pair(input_ids=torch.tensor([[9, 10], [9, 10]]), adapter_names=[LEFT, RIGHT])
    trainer = make_trainer(pair, tokenizer, both(pair), NAMES)
    (update,) = trainer.pack(trainer.given, 0)
    assert {name: sum(len(p.tensors["prompt_ids"]) for p in parts) for name, parts in update.items()} == {
        "left": 3,
        "right": 3,
    }


def test_training_one_policy_leaves_every_other_bit_equal(pair: Any, tokenizer: Any) -> None:
    """Trap: AdamW moves a weight whose gradient is zero, by momentum and by decay. One without a gradient stays.

    Both policies learn in a first step, so that the optimizer has momentum for both; then only ``left`` has signal.
    """
    rows = both(pair)
    trainer = make_trainer(pair, tokenizer, rows, NAMES, steps=2, learning_rate=1e-2, weight_decay=0.1)
    start = copy.deepcopy(pair.state_dict())
    learn(trainer)
    after_both = copy.deepcopy(pair.state_dict())
    learn(trainer, {"left": rows["left"]}, step=1)
    after_left = pair.state_dict()
    moved = lambda a, b, mark: {n for n in a if mark in n and not torch.equal(a[n], b[n])}
    assert moved(start, after_both, f".{LEFT}.")
    assert moved(start, after_both, f".{RIGHT}.")
    assert moved(after_both, after_left, f".{LEFT}.")
    assert not moved(after_both, after_left, f".{RIGHT}.")
    base = {n for n in start if "lora_" not in n and not torch.equal(start[n], after_left[n])}
    assert not base


def test_that_trap_is_there_too() -> None:
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.AdamW([weight], lr=1e-2, weight_decay=0.0)
    weight.grad = torch.ones(3)
    optimizer.step()
    after = weight.detach().clone()
    weight.grad = torch.zeros(3)
    optimizer.step()
    assert (weight - after).abs().max() > 1e-3
    kept = weight.detach().clone()
    weight.grad = None
    optimizer.step()
    assert torch.equal(weight, kept)


def test_a_loud_policy_does_not_clip_a_quiet_one(pair: Any, tokenizer: Any) -> None:
    """Trap: one clip over all policies scales everybody down when one of them has a large gradient."""
    trainer = make_trainer(pair, tokenizer, {}, NAMES, max_grad_norm=1.0)
    for name, size in (("left", 1000.0), ("right", 1e-3)):
        for parameter in trainer.adapters.parameters(name):
            parameter.grad = torch.full_like(parameter, size)
    quiet = [p.grad.clone() for p in trainer.adapters.parameters("right")]
    trainer._clip_each_policy()
    assert all(torch.equal(p.grad, g) for p, g in zip(trainer.adapters.parameters("right"), quiet, strict=True))
    clipped = torch.stack([p.grad.norm() for p in trainer.adapters.parameters("left")]).norm()
    assert float(clipped) == pytest.approx(1.0, rel=1e-4)


def test_an_adapters_start_does_not_depend_on_who_else_there_is(model: Any) -> None:
    def weights(wrapped: Any, index: int) -> list[Any]:
        return [p for _, p in adapter_parameters(wrapped, adapter_name(index))]

    one = weights(add_adapters(copy.deepcopy(model), ["right"], rank=4, seed=1), 0)
    two = weights(add_adapters(copy.deepcopy(model), ["left", "right"], rank=4, seed=1), 1)
    assert one
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


# Configurations


def test_what_cannot_be_dealt_evenly_is_refused(model: Any, tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match="3 scenarios cannot be dealt to 2 processes"):
        make_trainer(model, tokenizer, {}, scenarios=3)


def test_rows_sampled_by_the_model_have_ratio_one(model: Any, tokenizer: Any) -> None:
    rows = scored_rows(random.Random(9), model, 4)
    trainer = make_trainer(model, tokenizer, {"shared": rows})
    step_once(trainer)
    assert trainer._metrics["train"]["policy/kl_sampler"] == [pytest.approx(0.0, abs=1e-8)]
    assert random_row(random.Random(1), model) == random_row(random.Random(1), model)
