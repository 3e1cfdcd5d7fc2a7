"""A whole training run: start or resume, steps, checkpoints, evaluation, policies.

====================  =================================================================================================
``run.json``          the resolved config, the arena's hash, seed, versions and command (``lanista.runs``)
``store.sqlite``      the policies with their versions; the first ``keep_games`` games of every step
``metrics.jsonl``     a line per step, and one per evaluation; never ahead of the checkpoint a run resumes from
``checkpoints/``      TRL's checkpoints, each there as a whole or not at all
``pool/``             frozen past policies (with opponent ``past``)
``base/``             what trained adapters sit on where the run started from an adapter: that one, merged with its base
``policies/<name>``   the trained policies, standard folders: ``lm:RUN/policies/<name>`` sits down at once
``result.json``       evaluations before and after, and what they show
====================  =================================================================================================
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback
from transformers.utils import logging as transformers_logging

from lanista.agents.contract import Agent
from lanista.agents.lm.agent import LMAgent
from lanista.arenas.core import registry
from lanista.arenas.core.contract import Arena
from lanista.errors import Stopped, UsageError
from lanista.runs import Run
from lanista.stats import Verdict
from lanista.store import Timing, prepare
from lanista.training import policies
from lanista.training.config import TrainConfig
from lanista.training.evaluate import RETURN, Evaluation, evaluate, means, named, verdicts
from lanista.training.grpo import SelfPlayGRPOTrainer, last_checkpoint
from lanista.training.opponents import PAST, Opponents, Pool
from lanista.training.rollout import SELF, Harvest, Played, harvest, plan, play_scenarios, report

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

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        evaluations = {"before": self.before, "after": self.after}
        return {
            "out": str(self.out),
            "steps": self.steps,
            "policies": {name: str(path) for name, path in self.policies.items()},
            "rates": {
                when: {named(side): list(rate) for side, rate in found.rates().items()}
                for when, found in evaluations.items()
                if found is not None
            },
            "verdicts": {side: asdict(verdict) for side, verdict in self.verdicts.items()},
        }


def train(
    config: TrainConfig,
    out: Path,
    resume: bool = False,
    on_step: OnStep | None = None,
    command: Sequence[str] | None = None,
) -> TrainResult:
    """Train and return what came of it. Blocks until done; may be killed at any moment and resumed.

    ``resume`` starts a run that is not there, continues an unfinished one from its last checkpoint, and returns the
    result of a finished one. ``command`` is kept as the words that run it again. Raises UsageError for a run that
    exists and is not to be resumed, for one that was started otherwise (arena hash included), and for unknown names in
    the config; Stopped on Ctrl-C.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    out = Path(out)
    work = _Run(config, out, on_step)
    if not (resume and (out / "result.json").exists()):
        if not resume and (out / "run.json").exists():
            raise UsageError(f"there is a run in {out} already: continue it with --resume, or choose another --out")
        work.prepare()  # what is wrong with the config is told before there is a run
    if not work.writes:
        return work.go()
    settings = {**config.to_json(), "hash": work.arena.hash(config.preset)}
    opener = Run.resume if resume else Run.create
    with opener(out, "train", settings, command, config.seed) as run:
        work.run = run
        try:
            return work.go()
        except KeyboardInterrupt:
            raise Stopped(f"stopped; the run in {out} goes on from its last checkpoint with: {run.again}") from None


def describe(line: Mapping[str, Any]) -> str:
    """A line of the metrics in words, for the terminal."""
    if line["kind"] == "evaluation":
        rates = [
            f"{side.rstrip('/').replace('/', ' against ')} {v:.1%} [{a:.1%}, {b:.1%}]"
            for side, (v, a, b) in line["rates"].items()
        ]
        told = [
            f"{fact} {value:.3f}"
            for facts in line["facts"].values()
            for fact, value in facts.items()
            if fact != RETURN and value is not None
        ]
        return f"held out after step {line['step']}: {'; '.join(rates)}{' · ' * bool(told)}{', '.join(told)}"
    wins = [f"{k.split('/')[1]} {v:.0%}" for k, v in sorted(line.items()) if k.startswith("score/")]
    paid = [
        f"{k.split('/')[1]} {v:+.1f}" for k, v in sorted(line.items()) if k.startswith("reward/") and k.count("/") == 1
    ]
    parts = [f"step {line['step']}/{line['of']}", f"wins {', '.join(wins)}", f"reward {', '.join(paid)}"]
    for name, form in _SHOWN.items():
        if name in line:
            parts.append(form.format(line[name]))
    return " · ".join(parts)


_SHOWN = {
    "policy/entropy": "entropy {:.2f}",
    "policy/kl_sampler": "kl {:.4f}",
    "policy/clip_share": "clipped {:.1%}",
    "illegal_share": "refused {:.1%}",
    "groups/silent_share": "silent groups {:.0%}",
    "tokens/sampled_per_second": "{:,.0f} tokens/s",
}


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
        teams = self.arena.contenders(self.arena.rules.teams(state))
        config.check_teams(teams)
        self.held_out_config = self.arena.configure(**{**config.arena_config, **config.evaluate_config})
        self.pool = Pool(config, out / "pool")
        self.names = policies.policy_names(config, self._learning_roles())
        self.opponents: Opponents | None = None
        self.run: Run | None = None
        # Of several processes (accelerate), the first one writes; the others only compute.
        self.writes = int(os.environ.get("RANK", "0")) == 0

    def prepare(self) -> None:
        """Load the model and seat the opponents. Raises UsageError for unknown names."""
        transformers_logging.disable_progress_bar()  # a bar per saved folder would drown the steps
        started = (self.out / "run.json").exists()
        self.policy = policies.load(self.config, self.out / "base", started=started)
        self.opponents = Opponents(self.config, self.pool, lambda role, team: self.roles.policy(role, team))
        for spec in {*self.config.opponents, *self.config.evaluate_against} - {SELF, PAST}:
            self.opponents.scripted(spec)

    def go(self) -> TrainResult:
        config, out = self.config, self.out
        if (out / "result.json").exists():
            return self._result()
        policy = self.policy
        if self.run is not None:
            policies.keep_base(policy, out / "base")
        self.roles = roles = policies.seat(config, policy, self.names)
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
        if self.run is not None:
            policies.save(roles, policy.tokenizer, out / "policies", self._card())
            found = metrics(out, "evaluation")
            for name in self.names:
                self.run.store.add_policy(
                    name,
                    config.steps,
                    Path("policies") / name,
                    base=config.model,
                    step=config.steps,
                    metrics=found[-1]["rates"] if found else {},
                )
            _write(
                out / "result.json",
                {"before": found[0]["evaluation"], "after": found[-1]["evaluation"]} if found else {},
            )
        trainer.accelerator.wait_for_everyone()
        return self._result()

    def evaluate(self, step: int) -> None:
        """Play the held-out scenarios with the policies as they are, and write the line."""
        config = self.config
        if not config.evaluate_games or self.opponents is None or not self.trainer.is_world_process_zero():
            return
        found = evaluate(
            self.arena,
            self.held_out_config,
            self._seats(),
            {spec: self.opponents.scripted(spec) for spec in config.evaluate_against},
            numbers=range(config.evaluate_games),
            seed=config.seed,
            preset=config.preset,
            max_concurrent_games=config.max_concurrent_games,
        )
        rates = {"/".join(side): list(interval) for side, interval in found.rates().items()}
        facts = {"/".join(side): means(found, side) for side in found.facts}
        line = {"kind": "evaluation", "step": step, "rates": rates, "facts": facts, "evaluation": found.to_json()}
        self.write(line)

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
        started = time.time()
        plans = {number: plan(config, self.arena, self.game_config, number) for number, _ in games}
        played = play_scenarios(
            config,
            self.arena,
            self.game_config,
            [(plans[number], sibling) for number, sibling in games],
            self._seats(),
            self.opponents.agent,
        )
        self._keep(played[: config.keep_games], step + 1, Timing(started, time.time()))
        return harvest(config, played, self.roles.policy), report(config, played)

    def _keep(self, games: Sequence[Played], step: int, timing: Timing) -> None:
        """Put games into the run's store. What a killed run had kept already is played again to the same bytes."""
        if self.run is None:
            return
        rows = []
        for index, game in enumerate(games, step * self.config.keep_games):
            id = f"step-{step}-{game.scenario.number}.{game.sibling}"
            if not self.run.store.has(id):
                rows.append(prepare(id, step, index, game.episode, timing))
        self.run.store.add(*rows)

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
        """Every role of the deck with its team, also those the policies only play in evaluation.

        Only of teams that are trained at all.
        """
        found: dict[str, str] = {}
        # Which roles are dealt may depend on the seed.
        for seed in range(32):
            state = self.arena.rules.deal(seed, self.game_config)
            teams = self.arena.rules.teams(state)
            for team in self.arena.contenders(teams):
                found |= {self.arena.rules.role(state, seat): team for seat in teams[team]}
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
            "the whole config is in its `run.json`.\n"
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
