"""``SelfPlayGRPOTrainer``: the update of TRL's GRPOTrainer, driven a rollout at a time.

Where it departs from ``trl.GRPOTrainer`` 1.16, and why:

1. ``train()`` is never called: the loop (``training/loop.py``) plays, and hands over a rollout at a time (``learn``).
   TRL's own loop wants exactly one completion per dataset row.
2. Advantages come with the rows, one per token, shape (B, T); groups are not positions in a batch.
3. *All* rows are dealt to the optimizer steps of a rollout. TRL's ``split_tensor_dict`` drops what is left over after
   an even split.
4. An optimizer step runs one policy after the other, forward and backward, in micro-batches bounded by tokens. Each
   counts as what it contributes to the whole step, so the loss does not depend on how rows were packed.
5. Each policy is clipped by itself, and a policy without signal gets no step (its gradients are None). Adam keeps its
   state per parameter, so one optimizer object is one optimizer per policy.
6. ``old_per_token_logps`` are the sampler's own, or the trainer's with detached, truncated weights folded into the
   advantages. Both are positive factors, under which the clipped minimum is unchanged.
7. The reference for ``beta`` is a frozen copy of the starting weights, or the base without adapters; TRL's way needs an
   adapter called ``default``.
8. In a mean over rows (``grpo``, ``sapo``, ``gspo``, ``dr_grpo``, ``luspo``) a trajectory counts once, however many
   rows it was cut into.
9. ``gspo`` is TRL's ``grpo`` with one ratio per sequence; ``luspo`` has one too (TRL's default is one per token), and
   ``cispo`` caps its weights at 1 + epsilon_high (TRL would cap them at epsilon_high itself, 0.2 by default).
10. A gradient that is not finite stops the run before the optimizer's step. TRL leaves it out of the log and goes on.
11. What a model draws while it is trained (dropout) follows from the seed and the step, so no generator is kept.
12. On one CPU only the policy's own tokens are scored (``training/logits.py``); the loss reads no others. What rows
    begin with in common is read once, and rows of several policies share a pass (``training/forward.py``), where the
    gradients are the same; each part still has TRL's loss by itself.

Optimizers, schedules, loss variants and accelerate are TRL's and transformers'.
"""

from __future__ import annotations

import copy
import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import gather_object
from datasets import Dataset
from transformers import PrinterCallback
from trl import GRPOConfig, GRPOTrainer

from lanista.arenas.core import chance
from lanista.errors import LanistaError, UsageError
from lanista.training import forward, logits, memory
from lanista.training.algorithms.grpo import OF_SEQUENCES, ClippedOptions
from lanista.training.algorithms.grpo.passes import Part, Update, groups, packed_rows, spread
from lanista.training.batching import MicroBatch, RolloutBatch, ScoredRow, agree, chunks, micro_batch, totals
from lanista.training.config import TrainConfig
from lanista.training.policies import Policies

MEANS_OF_ROWS = ("grpo", "sapo", "gspo")
"""Losses that take each row's own mean over its tokens, then the mean over trajectories."""

SUMS_OF_ROWS = ("dr_grpo", "luspo")
"""Losses that add up a row's tokens, then take the mean over trajectories."""

APART = ("sampler/gap", "sampler/beyond_cap")
"""How far sampler and trainer are from each other: the mean distance of log-probabilities in nats, and the share of
tokens whose ratio lies beyond ``weight_cap`` or under its inverse."""

STATE = "state.pt"
"""In a checkpoint: the optimizer's moments, the schedule, and the scaler of fp16."""


class SelfPlayGRPOTrainer(GRPOTrainer):  # type: ignore[misc]
    """TRL's losses and optimizer over rollouts that are handed in. ``learn`` takes one; ``save_state`` and
    ``load_state`` keep what is not weights. Raises UsageError where scenarios cannot be dealt to processes evenly."""

    def __init__(self, *, config: TrainConfig, policies: Policies) -> None:
        self.config = config
        self.options: ClippedOptions = config.update
        self.adapters = policies.adapters
        self._seen: tuple[torch.Tensor, torch.Tensor] | None = None
        self._own = torch.empty(0)
        self._given: tuple[torch.Tensor, torch.Tensor] | None = None
        """Scores that a pass over several policies' rows found for the part whose loss comes next."""
        self._untouched = True
        """Whether the weights are still those that a rollout began to be learned from with."""
        self._scratch = tempfile.TemporaryDirectory(prefix="lanista-")  # TRL wants a folder; nothing is written to it
        model = policies.model
        # Copied before TRL patches the model's forward: a copy of a patched model would call the original's weights.
        reference = copy.deepcopy(model).eval() if self.options.beta > 0 and not self.adapters.present else None
        super().__init__(
            model=model,
            reward_funcs=_paid_by_the_games,
            args=grpo_config(config, Path(self._scratch.name)),
            train_dataset=Dataset.from_dict({"prompt": [""] * 8}),  # TRL insists on one; nobody reads it
            processing_class=policies.tokenizer,
        )
        self.remove_callback(PrinterCallback)
        self.beta = self.options.beta
        if reference is not None:
            from trl.trainer.utils import add_fused_lm_head

            add_fused_lm_head(reference.requires_grad_(False), temperature=self.temperature)
            self.ref_model = self.accelerator.prepare_model(reference, evaluation_mode=True)
        if self.options.gradient_checkpointing:
            self.model.activation_checkpointing_enable()
        self.current_gradient_accumulation_steps = 1
        self._choose_passes()
        self._wrapped, _ = self._prepare_for_training(config.run.steps * self.options.updates, None, None)

    def learn(self, batch: RolloutBatch, step: int) -> dict[str, float]:
        """All optimizer steps on one rollout. Returns numbers for the log, means over the steps."""
        self._metrics["train"].clear()
        with torch.random.fork_rng():
            torch.manual_seed(chance.key("update", self.config.run.seed, step) >> 1)
            self._wrapped.train()
            try:
                updates = self.pack(batch.rows, step)
                for number in range(self.options.updates):
                    self._untouched = number == 0
                    self._note("loss", float(self.passes(updates[number % self.options.minibatches])))
                    self._optimize(step)
            finally:
                self._wrapped.eval()
        found = {name: sum(values) / len(values) for name, values in self._metrics["train"].items() if values}
        return {name: float(value) for name, value in sorted(found.items()) if math.isfinite(value)}

    @property
    def budget(self) -> int:
        """The most tokens of one pass, padding included."""
        return self._budget

    @property
    def shares(self) -> bool:
        """Whether what rows begin with in common is read once."""
        return self._shares

    def rest(self) -> None:
        """A step without learning: the schedule goes on, weights and moments stay."""
        self.lr_scheduler.last_epoch += self.options.updates
        self._set_rates()

    # From rows to micro-batches

    def pack(self, rows: Mapping[str, Sequence[ScoredRow]], step: int) -> list[Update]:
        """Micro-batches for each optimizer step of one pass over the rollout."""
        parts = self.options.minibatches
        seed = chance.key("deal", self.config.run.seed, step) >> 1
        dealt = {name: chunks(rows.get(name, ()), parts, seed) for name in self.adapters.names}
        every_row = self.beta > 0 or self.options.entropy_coef > 0
        for name in self.adapters.names:
            self._note(f"rows/{name}", float(len(rows.get(name, ()))))
        return [self._update({name: dealt[name][i] for name in self.adapters.names}, every_row) for i in range(parts)]

    def _update(self, rows: Mapping[str, Sequence[ScoredRow]], every_row: bool) -> Update:
        device, pad = self.accelerator.device, self._tokenizer.pad_token_id
        packed: dict[str, list[list[ScoredRow]]] = {}
        sums: dict[str, tuple[float, int]] = {}
        for name in self.adapters.names:
            # A row without advantage adds nothing to the gradient, but it counts in the mean.
            used = [row for row in rows[name] if every_row or row.has_signal]
            packed[name] = packed_rows(used, self._budget, share=self._shares)
            trajectories = math.fsum(row.weight for row in rows[name])
            sums[name] = totals(self.accelerator, trajectories, sum(row.row.tokens for row in rows[name]))
        sizes = agree(gather_object([{name: list(map(len, its)) for name, its in packed.items()}]))
        update: Update = {}
        for name, counts in sizes.items():
            self.adapters.activate(name)
            filled = [*packed[name], *([] for _ in range(len(counts) - len(packed[name])))]
            update[name] = [
                self._part(name, micro_batch(bucket, pad, device, size), *sums[name])
                for bucket, size in zip(filled, counts, strict=True)
            ]
        return update

    def _part(self, policy: str, batch: MicroBatch, trajectories: float, tokens: int) -> Part:
        ranks = self.accelerator.num_processes
        token_share = batch.tokens * ranks / tokens
        loss = self.options.loss_type
        if not batch.rows:
            factor = 0.0
        elif loss in MEANS_OF_ROWS:
            factor = batch.weight * len(batch.tensors["prompt_ids"]) * ranks / trajectories
        elif loss in SUMS_OF_ROWS:
            factor = len(batch.tensors["prompt_ids"]) * ranks / trajectories
        else:
            factor = token_share if loss == "bnpo" else 1.0
        tensors = dict(batch.tensors)
        tensors["num_items_in_batch"] = torch.tensor(float(tokens), device=self.accelerator.device)
        tensors["sampler_logps"] = tensors["old_per_token_logps"]
        if self.options.sampler_correction == "weight":
            sampled = tensors["old_per_token_logps"]
            tensors["old_per_token_logps"] = old = self._scores(self.model, tensors)
            own = tensors["tool_mask"].bool()
            weight = torch.where(own, (old - sampled).exp().clamp(max=self.options.weight_cap), 1.0)
            tensors["advantages"] = tensors["advantages"] * weight
            if batch.rows:
                self._note("sampler/weight", weight[own].mean().item())
                self._note("sampler/weight_cap", self.options.weight_cap)
        if self.beta > 0:
            if self.ref_model is not None:
                tensors["ref_per_token_logps"] = self._scores(self.ref_model, tensors)
            else:
                with self.accelerator.unwrap_model(self.model).disable_adapter():
                    tensors["ref_per_token_logps"] = self._scores(self.model, tensors)
                self.adapters.activate(policy)
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

    # An optimizer step

    def passes(self, update: Update) -> torch.Tensor:
        """Forward and backward passes of one optimizer step, policy by policy. Returns the summed loss."""
        model, tally = self._wrapped, _Tally(self.options)
        total = torch.zeros((), device=self.accelerator.device)
        for group in groups(update, self._budget, join=self._joins):
            if len(group) > 1:
                total += self._backward_together(model, group, tally)
                continue
            ((policy, part),) = group
            self.adapters.activate(policy)
            with nullcontext() if part is update[policy][-1] else self.accelerator.no_sync(model):
                total += self._backward(model, part, tally)
        for policy in self.adapters.names:
            if policy not in update:
                self.adapters.silence(policy)
        found = tally.means()
        apart = {name: found.pop(name) for name in APART if name in found}
        if self._untouched and apart:  # later on the updates' own steps are in it
            apart["sampler/alarm"] = float(apart["sampler/beyond_cap"] > self.options.weight_alarm)
            found |= apart
        for name, value in found.items():
            self._note(name, value)
        return total

    def _backward(self, model: Any, part: Part, tally: _Tally) -> torch.Tensor:
        loss = self._loss(model, part)
        self.accelerator.backward(loss)
        self._count(part, tally)
        return loss.detach()

    def _backward_together(self, model: Any, group: Sequence[tuple[str, Part]], tally: _Tally) -> torch.Tensor:
        """One forward and one backward pass for the parts of several policies; each part has its own loss."""
        self.adapters.trainable()
        plain = self.accelerator.unwrap_model(model)
        ids_BL, own_BL, names = [], [], []
        for policy, part in group:
            ids_BL += list(part.ids_BL)
            own_BL += list(part.own_BL)
            names += [str(self.adapters.adapter(policy))] * len(part.ids_BL)
        with forward.adapting(plain) as told, self.compute_loss_context_manager():
            found = forward.own_scores(
                plain,
                torch.nn.utils.rnn.pad_sequence(ids_BL, batch_first=True),
                torch.nn.utils.rnn.pad_sequence(own_BL, batch_first=True),
                self.temperature,
                adapters=names,
                told=told,
                share=self._shares,
            )
            sizes = [int(part.tensors["tool_mask"].sum()) for _, part in group]
            total = torch.zeros((), device=self.accelerator.device)
            seen = []
            for (_, part), *scores in zip(group, *(torch.split(scores_N, sizes) for scores_N in found), strict=True):
                self._given = spread(part.tensors["tool_mask"].bool(), *scores)
                total = total + self._loss(model, part)
                seen.append(self._seen)
            self.accelerator.backward(total)
        for (_, part), self._seen in zip(group, seen, strict=True):
            self._count(part, tally)
        return total.detach()

    def _loss(self, model: Any, part: Part) -> torch.Tensor:
        self._own = part.tensors["tool_mask"]
        # TRL's bonus is a mean over a micro-batch's tokens: weighed so that the sum is the mean over the step's.
        self.entropy_coef = self.options.entropy_coef * part.token_share / part.factor if part.factor else 0.0
        with self.compute_loss_context_manager():
            loss: torch.Tensor = self.compute_loss(model, part.tensors) * part.factor
        self._given = None
        return loss

    def _count(self, part: Part, tally: _Tally) -> None:
        if part.factor and self._seen is not None:
            tally.add(part.tensors, *self._seen)
        self._seen = None

    def _choose_passes(self) -> None:
        """How much fits a pass, and whether beginnings are shared (``_shares``) and policies join (``_joins``)."""
        model, options = self.accelerator.unwrap_model(self.model), self.options
        fits = memory.tokens_that_fit(
            model, self.accelerator.device, adapters=self.adapters.present, checkpointing=options.gradient_checkpointing
        )
        self._budget = min(options.tokens_per_batch, fits)
        together = options.passes == "together" or (options.passes == "auto" and model.device.type == "cpu")
        together &= self.accelerator.num_processes == 1 and not self.aux_loss_enabled and logits.is_plain(model)
        self._shares = together and not options.gradient_checkpointing and forward.can_share(model)
        # On a CPU PEFT's sums over rows of several adapters cost more than passes of their own.
        self._joins = together and options.passes == "together" and len(self.adapters.names) > 1
        self._joins = self._joins and forward.can_adapt(model)

    def _optimize(self, step: int) -> None:
        """Clip, step, and go on in the schedule. Raises LanistaError before a step on what is not finite."""
        norms = self._clip_each_policy()
        self._note("grad_norm", max(norms.values(), default=0.0))
        self._note("learning_rate", float(self._get_learning_rate()))
        if len(self.adapters.names) > 1:
            for policy, norm in norms.items():
                self._note(f"grad_norm/{policy}", norm)
        broken = [policy for policy, norm in norms.items() if not math.isfinite(norm)]
        if broken and self.accelerator.scaler is None:  # fp16's scaler leaves such a step out and tries a smaller scale
            self._wrapped.zero_grad()
            raise LanistaError(
                f"the gradient of the policy {', '.join(broken)} is not finite in step {step + 1}: nothing was changed "
                "by it, and the run can be resumed from its last checkpoint. A smaller --learning-rate, fp32 instead "
                "of half precision, or rewards of a smaller size (--reward-unit) may hold"
            )
        self.optimizer.step()
        if not self.accelerator.optimizer_step_was_skipped:
            self.lr_scheduler.step()
        self._wrapped.zero_grad()

    def _clip_each_policy(self) -> dict[str, float]:
        """Clip each policy's gradients by themselves. Returns their norms before clipping."""
        norms = {}
        for policy in self.adapters.names:
            with_gradient = [p for p in self.adapters.parameters(policy) if p.grad is not None]
            if with_gradient:
                most = self.args.max_grad_norm or float("inf")
                norms[policy] = float(self.accelerator.clip_grad_norm_(with_gradient, most))
        return norms

    def _get_per_token_logps_and_entropies(self, *args: Any, **kwargs: Any) -> Any:
        """As TRL's, with a look at what it found kept for the log."""
        found = self._log_probabilities(*args, **kwargs)
        if found[1] is not None:
            self._seen = found[0].detach(), found[1].detach()
        return found

    def _log_probabilities(
        self, model: Any, ids_BL: torch.Tensor, mask_BL: torch.Tensor, completion: int, **kwargs: Any
    ) -> Any:
        """TRL's, or on one CPU the same at the policy's own tokens and zero elsewhere: (B, T) each."""
        if self._given is not None:
            return *self._given, None
        plain = self.accelerator.unwrap_model(model)
        ours = self._shares or logits.are_cheaper(plain)
        if self.accelerator.num_processes > 1 or self.aux_loss_enabled or not ours:
            return super()._get_per_token_logps_and_entropies(model, ids_BL, mask_BL, completion, **kwargs)
        own_BT = self._own.bool()
        own_BL = torch.cat([own_BT.new_zeros(len(own_BT), ids_BL.size(1) - completion), own_BT], 1)
        found = forward.own_scores(plain, ids_BL, own_BL, self.temperature, share=self._shares)
        return *spread(own_BT, *found), None

    def create_optimizer(self, model: Any = None) -> Any:
        """TRL's, over the weights of every policy (activating one froze the others)."""
        self.adapters.trainable()
        return super().create_optimizer(model)

    def _note(self, name: str, value: float) -> None:
        self._metrics["train"][name].append(value)

    # State

    def save_state(self, folder: Path) -> None:
        """Write what is not weights to ``folder``."""
        scaler = self.accelerator.scaler
        state = {
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.lr_scheduler.state_dict(),
            "scaler": None if scaler is None else scaler.state_dict(),
        }
        torch.save(state, folder / STATE)

    def load_state(self, folder: Path) -> None:
        """The inverse. A run that was made longer goes on at the rate that its new length gives this moment."""
        state = torch.load(folder / STATE, map_location=self.accelerator.device, weights_only=True)
        self.optimizer.load_state_dict(state["optimizer"])
        self.lr_scheduler.load_state_dict(state["scheduler"])
        if state["scaler"] is not None and self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(state["scaler"])
        self._set_rates()

    def advance(self, share: float) -> None:
        """Put the schedule where it stands after this share of the run."""
        self.lr_scheduler.last_epoch = round(min(share, 1.0) * self.config.run.steps * self.options.updates)
        self._set_rates()

    def _set_rates(self) -> None:
        """The learning rates of where the schedule stands."""
        scheduler = self.lr_scheduler
        rates = [
            base * by(scheduler.last_epoch) for base, by in zip(scheduler.base_lrs, scheduler.lr_lambdas, strict=True)
        ]
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        scheduler._last_lr = rates


class _Tally:
    """Means over a step's own tokens of what the passes saw."""

    def __init__(self, options: ClippedOptions) -> None:
        self.options = options
        self._sums: dict[str, float] = {}
        self._tokens = 0.0

    def add(self, tensors: Mapping[str, torch.Tensor], logps_BT: torch.Tensor, entropy_BT: torch.Tensor) -> None:
        own_BT = (tensors["completion_mask"] * tensors["tool_mask"]).bool()
        log_ratio_BT = logps_BT - tensors["old_per_token_logps"]
        log_ratio = log_ratio_BT[own_BT].double()
        sums = {
            "policy/entropy": entropy_BT[own_BT].sum().item(),
            # Schulman's k3 estimate of KL(sampler || policy), never negative.
            "policy/kl_sampler": (log_ratio.exp() - 1 - log_ratio).sum().item(),
        }
        gap = (logps_BT - tensors.get("sampler_logps", tensors["old_per_token_logps"]))[own_BT].double().abs()
        sums["sampler/gap"] = gap.sum().item()
        sums["sampler/beyond_cap"] = (gap > math.log(self.options.weight_cap)).sum().item()
        if self.options.loss_type != "sapo":  # its clip is soft: there is no share that is clipped
            sums["policy/clip_share"] = self._clipped(log_ratio_BT, tensors["advantages"], own_BT)
        for name, value in sums.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._tokens += own_BT.sum().item()

    def _clipped(self, log_ratio_BT: torch.Tensor, advantages_BT: torch.Tensor, own_BT: torch.Tensor) -> float:
        """How many own tokens the loss clips."""
        low = self.options.epsilon
        high = low if self.options.epsilon_high is None else self.options.epsilon_high
        if self.options.loss_type in OF_SEQUENCES:
            mean_B1 = (log_ratio_BT * own_BT).sum(-1, keepdim=True) / own_BT.sum(-1, keepdim=True).clamp(min=1)
            log_ratio_BT = mean_B1.expand_as(log_ratio_BT)
        ratio, advantage = log_ratio_BT[own_BT].double().exp(), advantages_BT[own_BT]
        if self.options.loss_type == "cispo":
            return (ratio > 1 + high).sum().item()
        return (((ratio > 1 + high) & (advantage > 0)) | ((ratio < 1 - low) & (advantage < 0))).sum().item()

    def means(self) -> dict[str, float]:
        return {name: value / self._tokens for name, value in self._sums.items()} if self._tokens else {}


def _paid_by_the_games(*args: Any, **kwargs: Any) -> list[float]:
    """TRL insists on a reward function; the arena's ledger takes its place, so nobody may call this one."""
    raise LanistaError("rewards come from the games' own ledgers")


def grpo_config(config: TrainConfig, out: Path) -> GRPOConfig:
    """TRL's arguments for a run. Raises UsageError where scenarios cannot be dealt to the processes evenly."""
    ranks = int(os.environ.get("WORLD_SIZE", "1"))
    game, run, options = config.game, config.run, config.update
    if game.scenarios % ranks:
        raise UsageError(f"{game.scenarios} scenarios cannot be dealt to {ranks} processes evenly")
    on_cpu = run.device == "cpu" or (run.device == "auto" and not torch.cuda.is_available())
    high = options.epsilon if options.epsilon_high is None else options.epsilon_high
    return GRPOConfig(
        output_dir=str(out),
        max_steps=run.steps * options.updates,
        per_device_train_batch_size=max(game.group_size, 2),  # TRL refuses one; only its own loop would use it
        steps_per_generation=1,
        gradient_accumulation_steps=1,
        num_generations=max(game.group_size, 2),
        max_completion_length=config.sampling.max_new_tokens,
        temperature=config.sampling.temperature,
        learning_rate=options.learning_rate,
        lr_scheduler_type=options.lr_schedule,
        warmup_steps=options.warmup_steps,
        weight_decay=options.weight_decay,
        max_grad_norm=options.max_grad_norm,
        loss_type="grpo" if options.loss_type == "gspo" else options.loss_type,
        importance_sampling_level="sequence" if options.loss_type in OF_SEQUENCES else "token",
        scale_rewards="none",
        epsilon=options.epsilon,
        epsilon_high=1 + high if options.loss_type == "cispo" else options.epsilon_high,
        beta=0.0,
        entropy_coef=options.entropy_coef,
        shuffle_dataset=False,
        activation_checkpointing=options.gradient_checkpointing,
        use_cpu=on_cpu,
        bf16=run.dtype == "bf16" and not on_cpu,
        fp16=run.dtype == "fp16" and not on_cpu,
        dataloader_pin_memory=not on_cpu,
        logging_strategy="no",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        seed=run.seed % 2**32,
        ddp_find_unused_parameters=config.players.policies == "per-role",
    )
