"""``SelfPlayGRPOTrainer``: TRL's GRPOTrainer, fed with games.

Where it departs from ``trl.GRPOTrainer`` 1.16, and why:

1. A dataset row is the number of a scenario; ``_generate_and_score_completions`` plays its games and may return any
   number of rows. TRL's wants exactly one completion per row.
2. Advantages come with the rows, one per token, shape (B, T); groups are not positions in a batch.
3. ``_prepare_inputs`` deals *all* rows to the optimizer steps of a rollout. TRL's ``split_tensor_dict`` drops what is
   left over after an even split.
4. ``training_step`` runs one policy after the other, forward and backward, in micro-batches bounded by tokens. Each
   counts as what it contributes to the whole step, so the loss does not depend on how rows were packed.
5. ``_clip_grad_norm`` clips each policy by itself, and a policy without signal gets no step (its gradients are None).
   Adam keeps its state per parameter, so one optimizer object is one optimizer per policy.
6. ``old_per_token_logps`` are the sampler's own, or the trainer's with detached, truncated weights folded into the
   advantages. Both are positive factors, under which the clipped minimum is unchanged.
7. The reference for ``beta`` is a frozen copy of the starting weights, or the base without adapters; TRL's way needs an
   adapter called ``default``.
8. Checkpoints are written beside their place and moved into it, so that a killed run never leaves half of one.
9. On one CPU only the policy's own tokens are scored (``training/logits.py``); the loss reads no others.

Optimizers, schedules, loss variants, loggers and accelerate are TRL's and transformers'.
"""

from __future__ import annotations

import copy
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import gather_object
from datasets import Dataset
from transformers import PrinterCallback
from transformers.trainer_utils import get_last_checkpoint
from trl import GRPOConfig, GRPOTrainer

from lanista.arenas.core import chance
from lanista.errors import LanistaError, UsageError
from lanista.training import logits
from lanista.training.buffering import MicroBatch, Scored, agree, buckets, chunks, micro_batch, totals
from lanista.training.config import TrainConfig
from lanista.training.roles import Roles, load_adapters
from lanista.training.rollout import Harvest

PER_ROW = ("grpo", "sapo", "luspo", "dr_grpo")
"""Losses that are a mean over rows; ``bnpo`` is a mean over tokens; the others divide by ``num_items_in_batch``."""

WRITING = ".writing"

Rollout = Callable[[Sequence[tuple[int, int]], int], tuple[Harvest, Mapping[str, float]]]
"""Plays ((scenario, sibling), …) of a step: what there is to learn, and numbers for the log."""


@dataclass(frozen=True, slots=True)
class Part:
    """A micro-batch of one policy with its factor in the step's loss."""

    tensors: dict[str, torch.Tensor]
    factor: float
    token_share: float
    """Its part of the policy's own tokens in this optimizer step."""


Update = dict[str, list[Part]]
"""One optimizer step: by policy, in a fixed order."""


class SelfPlayGRPOTrainer(GRPOTrainer):  # type: ignore[misc]
    """GRPO over games. ``roles`` names the policies on ``model``; ``rollout`` plays.

    ``train()`` runs ``config.steps`` steps; ``train(resume_from_checkpoint=folder)`` goes on. Raises UsageError for a
    configuration that cannot be dealt out evenly.
    """

    def __init__(
        self,
        *,
        config: TrainConfig,
        out: Path,
        model: Any,
        tokenizer: Any,
        roles: Roles,
        rollout: Rollout,
        callbacks: Sequence[Any] = (),
        args: GRPOConfig | None = None,
    ) -> None:
        self.config = config
        self.roles = roles
        self.rollout = rollout
        self._updates: list[Update] | None = None
        self._scratch: tuple[torch.Tensor, torch.Tensor] | None = None
        self._own = torch.empty(0)
        self._writing: Path | None = None
        # Copied before TRL patches the model's forward: a copy of a patched model would call the original's weights.
        reference = copy.deepcopy(model).eval() if config.beta > 0 and not roles.adapters else None
        super().__init__(
            model=model,
            reward_funcs=_paid_by_the_games,
            args=grpo_config(config, out) if args is None else args,
            train_dataset=Dataset.from_dict({"scenario": list(range(config.steps * config.scenarios))}),
            processing_class=tokenizer,
            callbacks=list(callbacks),
        )
        if self.args.gradient_accumulation_steps != 1:
            raise UsageError("micro-batches are made by tokens_per_batch; leave gradient_accumulation_steps at 1")
        self.remove_callback(PrinterCallback)  # the run tells its lines itself
        self.beta = config.beta
        if reference is not None:
            from trl.trainer.utils import add_fused_lm_head

            add_fused_lm_head(reference.requires_grad_(False), temperature=self.temperature)
            self.ref_model = self.accelerator.prepare_model(reference, evaluation_mode=True)

    # Rollouts

    def _prepare_inputs(self, generation_batch: list[dict[str, Any]]) -> Update:
        """The optimizer step that is due: a slice of the rollout at hand, or of a new one."""
        place = self.state.global_step % self.config.updates
        if place == 0 or self._updates is None:
            if place:
                raise LanistaError("a rollout cannot be taken up in its middle: resume from a checkpoint of its start")
            self._updates = self._generate_and_score_completions(generation_batch)
        update: Update = self._updates[place % self.config.minibatches]
        return update

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> list[Update]:
        """Play the games of ``inputs`` (each scenario once per sibling) and pack what there is to learn."""
        step = self.state.global_step // self.config.updates
        started = time.perf_counter()
        games, seen = [], dict[int, int]()
        for row in inputs:
            number = int(row["scenario"])
            games.append((number, seen.get(number, 0)))
            seen[number] = seen.get(number, 0) + 1
        self.model.eval()
        try:
            harvest, numbers = self.rollout(games, step)
        finally:
            self.model.train()
        took = time.perf_counter() - started
        log = dict(numbers)
        log["groups/silent_share"] = harvest.silent / max(harvest.groups, 1)
        log["groups/silent"], log["groups/all"] = float(harvest.silent), float(harvest.groups)
        log["rollout_seconds"] = took
        if "tokens/sampled" in log:
            log["tokens/sampled_per_second"] = log["tokens/sampled"] / took
        for name, value in sorted(log.items()):
            self._note(name, value)
        return self._pack(harvest.rows, step)

    def _pack(self, rows: Mapping[str, Sequence[Scored]], step: int) -> list[Update]:
        """Micro-batches for each optimizer step of one pass over the rollout."""
        parts = self.config.minibatches
        seed = chance.key("deal", self.config.seed, step) >> 1
        dealt = {name: chunks(rows.get(name, ()), parts, seed) for name in self.roles.names}
        every_row = self.beta > 0 or self.config.entropy_coef > 0
        for name in self.roles.names:
            self._note(f"rows/{name}", float(len(rows.get(name, ()))))
        return [self._update({name: dealt[name][i] for name in self.roles.names}, every_row) for i in range(parts)]

    def _update(self, rows: Mapping[str, Sequence[Scored]], every_row: bool) -> Update:
        device, pad = self.accelerator.device, self._tokenizer.pad_token_id
        packed: dict[str, list[list[Scored]]] = {}
        sums: dict[str, tuple[int, int]] = {}
        for name in self.roles.names:
            # A row without advantage adds nothing to the gradient, but it counts in the mean.
            used = [row for row in rows[name] if every_row or row.loud]
            packed[name] = buckets(used, self.config.tokens_per_batch)
            sums[name] = totals(self.accelerator, len(rows[name]), sum(row.row.tokens for row in rows[name]))
        sizes = agree(gather_object([{name: list(map(len, its)) for name, its in packed.items()}]))
        update: Update = {}
        for name, counts in sizes.items():
            self.roles.activate(name)
            filled = [*packed[name], *([] for _ in range(len(counts) - len(packed[name])))]
            update[name] = [
                self._part(name, micro_batch(bucket, pad, device, size), *sums[name])
                for bucket, size in zip(filled, counts, strict=True)
            ]
        return update

    def _part(self, policy: str, batch: MicroBatch, rows: int, tokens: int) -> Part:
        ranks = self.accelerator.num_processes
        token_share = batch.tokens * ranks / tokens
        if self.loss_type in PER_ROW:
            factor = len(batch.tensors["prompt_ids"]) * ranks / rows if batch.rows else 0.0
        elif self.loss_type == "bnpo":
            factor = token_share
        else:
            factor = 1.0 if batch.rows else 0.0
        tensors = dict(batch.tensors)
        # TRL divides this count by the optimizer steps of a rollout; ours is already that of one step.
        tensors["num_items_in_batch"] = torch.tensor(
            float(tokens * self.args.steps_per_generation), device=self.accelerator.device
        )
        if self.config.sampler_correction == "weight":
            sampled = tensors["old_per_token_logps"]
            tensors["old_per_token_logps"] = old = self._scores(self.model, tensors)
            own = tensors["tool_mask"].bool()
            weight = torch.where(own, (old - sampled).exp().clamp(max=self.config.weight_cap), 1.0)
            tensors["advantages"] = tensors["advantages"] * weight
            if batch.rows:
                self._note("sampler/weight", weight[own].mean().item())
        if self.beta > 0:
            if self.ref_model is not None:
                tensors["ref_per_token_logps"] = self._scores(self.ref_model, tensors)
            else:
                with self.accelerator.unwrap_model(self.model).disable_adapter():
                    tensors["ref_per_token_logps"] = self._scores(self.model, tensors)
                self.roles.activate(policy)
        return Part(tensors, factor, token_share)

    @torch.no_grad()
    def _scores(self, model: Any, tensors: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Log-probabilities of the completion tokens, shape (B, T)."""
        self._own = tensors["tool_mask"]
        logps: torch.Tensor
        logps, _, _ = self._log_probabilities(
            model,
            torch.cat([tensors["prompt_ids"], tensors["completion_ids"]], 1),
            torch.cat([tensors["prompt_mask"], tensors["completion_mask"]], 1),
            tensors["completion_ids"].size(1),
        )
        return logps

    # Updates

    def training_step(self, model: Any, inputs: list[dict[str, Any]], num_items_in_batch: Any = None) -> torch.Tensor:
        """Forward and backward passes of one optimizer step, policy by policy. Returns the summed loss."""
        started = time.perf_counter()
        model.train()
        update = self._prepare_inputs(inputs)
        tally = _Tally()
        total = torch.zeros((), device=self.accelerator.device)
        updating = time.perf_counter()
        for policy, parts in update.items():
            self.roles.activate(policy)
            for i, part in enumerate(parts):
                last = i + 1 == len(parts)
                with nullcontext() if last else self.accelerator.no_sync(model):
                    total += self._backward(model, part, tally)
        for policy in self.roles.names:
            if policy not in update:
                self.roles.silence(policy)
        for name, value in tally.means().items():
            self._note(name, value)
        self._note("update_seconds", time.perf_counter() - updating)
        self._note("step_seconds", time.perf_counter() - started)
        self._step += 1
        return total

    def _backward(self, model: Any, part: Part, tally: _Tally) -> torch.Tensor:
        self._own = part.tensors["tool_mask"]
        # TRL's bonus is a mean over a micro-batch's tokens: weighed so that the sum is the mean over the step's.
        self.entropy_coef = self.config.entropy_coef * part.token_share / part.factor if part.factor else 0.0
        with self.compute_loss_context_manager():
            loss: torch.Tensor = self.compute_loss(model, part.tensors) * part.factor
        self.accelerator.backward(loss)
        if part.factor and self._scratch is not None:
            tally.add(self.config, part.tensors, *self._scratch)
        self._scratch = None
        return loss.detach()

    def _get_per_token_logps_and_entropies(self, *args: Any, **kwargs: Any) -> Any:
        """As TRL's, with a look at what it found kept for the log."""
        found = self._log_probabilities(*args, **kwargs)
        if found[1] is not None:
            self._scratch = found[0].detach(), found[1].detach()
        return found

    def _log_probabilities(
        self, model: Any, ids_BL: torch.Tensor, mask_BL: torch.Tensor, completion: int, **kwargs: Any
    ) -> Any:
        """TRL's, or on one CPU the same at the policy's own tokens and zero elsewhere: (B, T) each."""
        plain = self.accelerator.unwrap_model(model)
        if self.accelerator.num_processes > 1 or self.aux_loss_enabled or not logits.are_cheaper(plain):
            return super()._get_per_token_logps_and_entropies(model, ids_BL, mask_BL, completion, **kwargs)
        own_BT = self._own.bool()
        own_BL = torch.cat([own_BT.new_zeros(len(own_BT), ids_BL.size(1) - completion), own_BT], 1)
        logp_NV = (logits.marked_logits(plain, ids_BL, own_BL) / self.temperature).log_softmax(-1)
        said_N = logp_NV.gather(-1, ids_BL[own_BL][:, None])[:, 0]
        entropy_N = -(logp_NV.exp() * logp_NV).sum(-1)
        spread = [own_BT.new_zeros(own_BT.shape, dtype=x.dtype).masked_scatter(own_BT, x) for x in (said_N, entropy_N)]
        return spread[0], spread[1], None

    def create_optimizer(self, model: Any = None) -> Any:
        """TRL's, over the weights of every policy (activating one froze the others)."""
        self.roles.trainable()
        return super().create_optimizer(model)

    def _clip_grad_norm(self, model: Any) -> torch.Tensor:
        """Clip each policy's gradients by themselves. Returns the largest norm before clipping."""
        norms = {}
        for policy in self.roles.names:
            with_gradient = [p for p in self.roles.parameters(policy) if p.grad is not None]
            if with_gradient:
                norms[policy] = self.accelerator.clip_grad_norm_(with_gradient, self.args.max_grad_norm)
        if len(self.roles.names) > 1:
            for policy, norm in norms.items():
                self._note(f"grad_norm/{policy}", float(norm))
        largest: torch.Tensor = max(norms.values(), default=torch.zeros(()), key=float)
        return largest

    def _note(self, name: str, value: float) -> None:
        self._metrics["train"][name].append(value)

    # Checkpoints

    def _get_output_dir(self, trial: Any) -> str:
        return str(self._writing) if self._writing is not None else super()._get_output_dir(trial)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Write a checkpoint beside its place, then move it there in one step."""
        out = Path(self.args.output_dir)
        name = f"checkpoint-{self.state.global_step}"
        self._writing = out / WRITING
        if self.args.should_save:
            shutil.rmtree(self._writing, ignore_errors=True)
        self.accelerator.wait_for_everyone()
        try:
            super()._save_checkpoint(model, trial)
        finally:
            written, self._writing = self._writing, None
        self.accelerator.wait_for_everyone()
        if not self.args.should_save:
            return
        shutil.rmtree(out / name, ignore_errors=True)
        os.replace(written / name, out / name)
        shutil.rmtree(written, ignore_errors=True)
        kept = sorted(out.glob("checkpoint-*"), key=_number)
        for old in kept[: -self.config.keep]:
            shutil.rmtree(old, ignore_errors=True)

    def create_model_card(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: the policies' own cards are written when they are saved."""

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        if self.roles.adapters:
            load_adapters(self.accelerator.unwrap_model(self.model), Path(resume_from_checkpoint), self.roles.names)
        else:
            super()._load_from_checkpoint(resume_from_checkpoint, model)


class _Tally:
    """Means over a step's own tokens of what the passes saw."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._tokens = 0.0

    def add(
        self, config: TrainConfig, tensors: Mapping[str, torch.Tensor], logps_BT: torch.Tensor, entropy_BT: torch.Tensor
    ) -> None:
        own = (tensors["completion_mask"] * tensors["tool_mask"]).bool()
        log_ratio = (logps_BT - tensors["old_per_token_logps"])[own].double()
        ratio, advantage = log_ratio.exp(), tensors["advantages"][own]
        high = config.clip if config.clip_high is None else config.clip_high
        clipped = ((ratio > 1 + high) & (advantage > 0)) | ((ratio < 1 - config.clip) & (advantage < 0))
        sums = {
            "policy/entropy": entropy_BT[own].sum().item(),
            # Schulman's k3 estimate of KL(sampler || policy), never negative.
            "policy/kl_sampler": (ratio - 1 - log_ratio).sum().item(),
            "policy/clip_share": clipped.sum().item(),
        }
        for name, value in sums.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._tokens += own.sum().item()

    def means(self) -> dict[str, float]:
        return {name: value / self._tokens for name, value in self._sums.items()} if self._tokens else {}


def _paid_by_the_games(*args: Any, **kwargs: Any) -> list[float]:
    """TRL insists on a reward function; the arena's ledger takes its place, so nobody may call this one."""
    raise LanistaError("rewards come from the games' own ledgers")


def grpo_config(config: TrainConfig, out: Path) -> GRPOConfig:
    """TRL's arguments for a run. Raises UsageError where a rollout cannot be split as asked."""
    ranks = int(os.environ.get("WORLD_SIZE", "1"))
    games = config.scenarios * config.games
    if config.scenarios % ranks:
        raise UsageError(f"{config.scenarios} scenarios cannot be dealt to {ranks} processes evenly")
    if games % (config.minibatches * ranks):
        raise UsageError(f"minibatches ({config.minibatches}) must divide the games of a step ({games})")
    on_cpu = config.device == "cpu" or (config.device == "auto" and not torch.cuda.is_available())
    return GRPOConfig(
        output_dir=str(out),
        max_steps=config.steps * config.updates,
        per_device_train_batch_size=games // config.minibatches // ranks,
        steps_per_generation=config.minibatches,
        gradient_accumulation_steps=1,
        num_generations=config.games,
        num_iterations=config.iterations,
        max_completion_length=config.max_new_tokens,
        temperature=config.temperature,
        learning_rate=config.learning_rate,
        lr_scheduler_type=config.lr_schedule,
        warmup_steps=config.warmup_steps,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        loss_type=config.loss_type,
        scale_rewards="none",
        epsilon=config.clip,
        epsilon_high=config.clip_high,
        beta=0.0,
        entropy_coef=config.entropy_coef,
        shuffle_dataset=False,
        activation_checkpointing=config.gradient_checkpointing,
        use_cpu=on_cpu,
        bf16=config.dtype == "bf16" and not on_cpu,
        fp16=config.dtype == "fp16" and not on_cpu,
        dataloader_pin_memory=not on_cpu,
        logging_strategy="steps",
        logging_steps=config.updates,
        save_strategy="steps",
        save_steps=config.save_every * config.updates,
        save_total_limit=None,
        report_to=list(config.report_to) or "none",
        disable_tqdm=True,
        seed=config.seed % 2**32,
        ddp_find_unused_parameters=config.policies == "per-role",
    )


def last_checkpoint(out: Path) -> Path | None:
    """The newest whole checkpoint of a run, or None."""
    shutil.rmtree(out / WRITING, ignore_errors=True)
    found = get_last_checkpoint(str(out)) if out.is_dir() else None
    return None if found is None else Path(found)


def _number(path: Path) -> int:
    return int(path.name.rpartition("-")[2])
