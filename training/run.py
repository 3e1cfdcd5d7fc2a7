"""A whole training run: start or resume, steps, checkpoints, evaluation, policies.

====================  =================================================================================================
``train.json``        the resolved config, the arena's hash, seed and versions
``metrics.jsonl``     a line per step, and one per evaluation; never ahead of the checkpoint a run resumes from
``checkpoints/``      TRL's checkpoints, each there as a whole or not at all
``pool/``             frozen past policies (with opponent ``past``)
``policies/<name>``   the trained policies, standard folders: ``lm:RUN/policies/<name>`` sits down at once
``result.json``       evaluations before and after, and what they show
====================  =================================================================================================
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback
from transformers.utils import logging as transformers_logging

from lanista.agents.contract import Agent
from lanista.agents.lm.agent import LMAgent
from lanista.arenas import registry
from lanista.arenas.contract import Arena
from lanista.errors import LanistaError, UsageError, suggest
from lanista.stats import Verdict
from lanista.training import policies
from lanista.training.config import TrainConfig
from lanista.training.evaluate import Evaluation, evaluate, verdicts
from lanista.training.grpo import SelfPlayGRPOTrainer, last_checkpoint
from lanista.training.opponents import PAST, Opponents, Pool
from lanista.training.rollout import SELF, Harvest, harvest, plan, play_scenarios, report

OnStep = Callable[[dict[str, Any]], None]
"""Told every line of ``metrics.jsonl`` as it is written: ``{"kind": "step" | "evaluation", "step": n, …}``."""


@dataclass(frozen=True)
class TrainResult:
    """What a finished run leaves."""

    out: Path
    steps: int
    policies: Mapping[str, Path]
    before: Evaluation | None
    after: Evaluation | None
    verdicts: Mapping[str, Verdict]


def train(config: TrainConfig, out: Path, resume: bool = False, on_step: OnStep | None = None) -> TrainResult:
    """Train and return what came of it. Blocks until done; may be killed at any moment and resumed.

    ``resume`` starts a run that is not there, continues an unfinished one from its last checkpoint, and returns the
    result of a finished one. Raises UsageError for a run that exists and is not to be resumed, for one of another
    config, and for unknown names in the config; LanistaError where the arena changed since.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    run = _Run(config, Path(out), on_step)
    run.claim(resume)
    return run.go()


def metrics(out: Path, kind: str = "step") -> list[dict[str, Any]]:
    """The lines of a run's ``metrics.jsonl`` of one kind."""
    path = Path(out) / "metrics.jsonl"
    if not path.exists():
        return []
    return [line for line in map(json.loads, path.read_text(encoding="utf-8").splitlines()) if line["kind"] == kind]


class _Run:
    def __init__(self, config: TrainConfig, out: Path, on_step: OnStep | None) -> None:
        self.config = config
        self.out = out
        self.on_step = on_step or (lambda line: None)
        self.arena: Arena = registry.get(config.arena)
        self.game_config = self.arena.configure(**config.arena_config)
        self.arena.weights(config.preset)
        state = self.arena.rules.deal(0, self.game_config)
        teams = self.arena.rules.teams(state)
        if config.learner_team not in ("each", *teams):
            raise UsageError(
                f"unknown team {config.learner_team!r}{suggest(config.learner_team, teams)} "
                f"(say each, {', '.join(sorted(teams))})"
            )
        self.pool = Pool(config, out / "pool")
        self.names = policies.policy_names(config, self._learning_roles())
        self.opponents: Opponents | None = None

    def claim(self, resume: bool) -> None:
        """Make the run's folder, or make sure it is the same run."""
        record = {
            "format": 1,
            "config": self.config.to_json(),
            "arena_hash": self.arena.hash(self.config.preset),
            "versions": {name: version(name) for name in ("torch", "transformers", "trl", "peft", "accelerate")},
        }
        path = self.out / "train.json"
        if not path.exists():
            self.out.mkdir(parents=True, exist_ok=True)
            _write(path, record)
            return
        if not resume:
            raise UsageError(f"{self.out} holds a training run already; resume it, or take another folder")
        old = json.loads(path.read_text(encoding="utf-8"))
        if old["arena_hash"] != record["arena_hash"]:
            raise LanistaError(
                f"{self.out} was trained in {self.config.arena!r} under hash {old['arena_hash']}, and the arena "
                f"installed here has {record['arena_hash']}: start a new run"
            )
        differs = [name for name, value in self.config.to_json().items() if old["config"].get(name) != value]
        if differs:
            raise UsageError(
                f"{self.out} was started with another {differs[0]} ({old['config'].get(differs[0])!r}, not "
                f"{self.config.to_json()[differs[0]]!r}): resume it with its own config, or start a new run"
            )

    def go(self) -> TrainResult:
        config, out = self.config, self.out
        if (out / "result.json").exists():
            return self._result()
        transformers_logging.disable_progress_bar()  # a bar per saved folder would drown the steps
        policy, roles = policies.start(config, self.names)
        self.policy, self.roles = policy, roles
        self.opponents = Opponents(config, self.pool, roles.policy)
        for spec in {*config.opponents, *config.evaluate_against} - {SELF, PAST}:
            self.opponents.scripted(spec)  # an unknown name is told before an hour of training, not after
        trainer = SelfPlayGRPOTrainer(
            config=config,
            out=out / "checkpoints",
            model=policy.model,
            tokenizer=policy.tokenizer,
            roles=roles,
            rollout=self._rollout,
            callbacks=[_Lines(self)],
        )
        self.trainer = trainer
        checkpoint = last_checkpoint(out / "checkpoints")
        done = 0 if checkpoint is None else int(checkpoint.name.rpartition("-")[2]) // config.updates
        _truncate(out / "metrics.jsonl", done)
        self.pool.rewind(done)
        if checkpoint is None and not metrics(out, "evaluation"):
            self.evaluate(0)
        trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
        policies.save(roles, policy.tokenizer, out / "policies", self._card())
        found = metrics(out, "evaluation")
        _write(
            out / "result.json",
            {"before": found[0]["evaluation"], "after": found[-1]["evaluation"]} if found else {},
        )
        return self._result()

    def evaluate(self, step: int) -> None:
        """Play the held-out scenarios with the policies as they are, and write the line."""
        config = self.config
        if not config.evaluate_games or self.opponents is None or not self.trainer.is_world_process_zero():
            return
        found = evaluate(
            self.arena,
            self.game_config,
            self._seats(),
            {spec: self.opponents.scripted(spec) for spec in config.evaluate_against},
            numbers=range(config.evaluate_games),
            seed=config.seed,
            preset=config.preset,
            at_once=config.at_once,
        )
        rates = {"/".join(side): list(interval) for side, interval in found.rates().items()}
        self.write({"kind": "evaluation", "step": step, "rates": rates, "evaluation": found.to_json()})

    def write(self, line: dict[str, Any]) -> None:
        """Append a line to the metrics and tell it."""
        with (self.out / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, sort_keys=True) + "\n")
        self.on_step(line)

    def _rollout(self, games: Sequence[tuple[int, int]], step: int) -> tuple[Harvest, dict[str, float]]:
        config = self.config
        assert self.opponents is not None
        if PAST in config.opponents and self.pool.due(step):
            policies.save(self.roles, self.policy.tokenizer, self.pool.place(step), self._card())
        self.opponents.begin(step)
        plans = {number: plan(config, self.arena, self.game_config, number) for number, _ in games}
        played = play_scenarios(
            config,
            self.arena,
            self.game_config,
            [(plans[number], sibling) for number, sibling in games],
            self._seats(),
            self.opponents.agent,
        )
        return harvest(config, played, self.roles.policy), report(config, played)

    def _seats(self) -> Callable[[str, str], Agent]:
        """Agents of the policies as they are now, by role and team."""
        agents: dict[str, Agent] = {}

        def agent(role: str, team: str) -> Agent:
            name = self.roles.policy(role, team)
            if name not in agents:
                agents[name] = LMAgent(
                    self.policy,
                    name=f"policy:{name}",
                    adapter=self.roles.adapter(name),
                    temperature=self.config.temperature,
                    max_new_tokens=self.config.max_new_tokens,
                )
            return agents[name]

        return agent

    def _learning_roles(self) -> dict[str, str]:
        """Every role of the deck with its team, also those the policies only play in evaluation."""
        found: dict[str, str] = {}
        # Which roles are dealt may depend on the seed.
        for seed in range(32):
            state = self.arena.rules.deal(seed, self.game_config)
            for team, seats in self.arena.rules.teams(state).items():
                found |= {self.arena.rules.role(state, seat): team for seat in seats}
        return found

    def _card(self) -> str:
        config = self.config
        how = f"LoRA rank {config.lora_r}" if config.lora_r else "all weights"
        return (
            "---\nlibrary_name: transformers\ntags: [grpo, self-play, multi-agent]\n---\n"
            f"# NAME, a policy for {config.arena}\n\n"
            f"Started from `{config.model}` and trained by self-play GRPO ({how}, {config.steps} steps of "
            f"{config.scenarios} scenarios × {config.games} games, seed {config.seed}) against "
            f"{', '.join(config.opponents)}, in `{config.arena}` (hash {self.arena.hash(config.preset)}, preset "
            f"{config.preset}, config {dict(config.arena_config) or 'default'}).\n\n"
            "It plays this game and was made for nothing else. Held-out scores are in the run's `result.json`; "
            "the whole config is in its `train.json`.\n"
        )

    def _result(self) -> TrainResult:
        record = json.loads((self.out / "result.json").read_text(encoding="utf-8"))
        before, after = (Evaluation.from_json(record[k]) if k in record else None for k in ("before", "after"))
        return TrainResult(
            out=self.out,
            steps=self.config.steps,
            policies={name: self.out / "policies" / name for name in self.names},
            before=before,
            after=after,
            verdicts=verdicts(before, after) if before and after else {},
        )


class _Lines(TrainerCallback):  # type: ignore[misc]
    """Writes the step's line, evaluates when due, and trims the pool once a checkpoint is safe."""

    def __init__(self, run: _Run) -> None:
        self.run = run

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        if not logs or "loss" not in logs or not state.is_world_process_zero:
            return
        config = self.run.config
        step = state.global_step // config.updates
        kept = {
            name: value
            for name, value in logs.items()
            if isinstance(value, int | float) and math.isfinite(value) and name != "epoch"
        }
        self.run.write({"kind": "step", "step": step, "of": config.steps, **kept})
        every = config.evaluate_every
        if step == config.steps or (every and step % every == 0):
            self.run.evaluate(step)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.is_world_process_zero:
            self.run.pool.trim(state.global_step // self.run.config.updates)


def _truncate(path: Path, step: int) -> None:
    """Leave out lines of steps after ``step``, and a last line that was cut short."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            break
        if record["step"] <= step:
            kept.append(line + "\n")
    part = path.with_name(f".{path.name}.part")
    part.write_text("".join(kept), encoding="utf-8")
    os.replace(part, path)


def _write(path: Path, record: Mapping[str, Any]) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(part, path)
