"""A whole training run: start or resume, steps, checkpoints, evaluation, policies. The same for every algorithm.

====================  =================================================================================================
``run.json``          the resolved config, the arena's hash, seed, versions and command (``lanista.runs``)
``store.sqlite``      the policies with their versions; the first ``keep_games`` games of every step
``metrics.jsonl``     a line per step, and one per evaluation; never ahead of the checkpoint a run resumes from
``checkpoints/``      weights and the algorithm's state after a step, each there as a whole or not at all
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
import shlex
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging as transformers_logging

from lanista import files
from lanista.agents.lm.threads import told, use
from lanista.arenas.core import registry
from lanista.arenas.core.contract import Arena
from lanista.errors import LanistaError, Stopped, Unavailable, UsageError
from lanista.runs import Run, differences
from lanista.stats import Comparison
from lanista.store import Timing, prepare
from lanista.training import algorithms, policies, potentials, trackers, watch
from lanista.training.config import EvaluationOptions, Game, TrainConfig
from lanista.training.engine import Ahead, Engine
from lanista.training.evaluate import Evaluation, evaluate, means, named
from lanista.training.forks import Fork, Forked, play_forks
from lanista.training.league import PAST, League, Pool
from lanista.training.metrics import FILE, append, metrics, truncate
from lanista.training.rollout import SELF, LegalTally, Played, plan, play_scenarios, report, staleness, trajectories
from lanista.training.temperatures import Sweep, best, best_against_best, called, to_play_at
from lanista.training.trajectories import Trajectory

ADDED = ("games", "tokens/sampled", "tokens/shown")
"""Numbers of a step that games beyond those that are due add to; all others are of the due ones."""

OnStep = Callable[[dict[str, Any]], None]
"""Told every line of ``metrics.jsonl`` as it is written: ``{"kind": "step" | "evaluation", "step": n, …}``."""


@dataclass(frozen=True)
class TrainResult:
    """What a finished run leaves. ``policies``: the folder of each by name.

    ``before``, ``after``: the held-out games, where several temperatures were played each side's at its best one
    (``lanista.training.temperatures``); ``sweeps``: those at every temperature, by ``before`` and ``after``.
    ``comparisons``: what changed, best against best.
    """

    out: Path
    steps: int
    policies: Mapping[str, Path]
    before: Evaluation | None
    after: Evaluation | None
    comparisons: Mapping[str, Comparison]
    sweeps: Mapping[str, Sweep] = field(default_factory=dict)

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
            "rates_at": {
                when: {
                    called(at): {named(side): list(rate) for side, rate in found.rates().items()}
                    for at, found in sweep.items()
                }
                for when, sweep in self.sweeps.items()
            },
            "comparisons": {side: asdict(found) for side, found in self.comparisons.items()},
        }


def train(
    config: TrainConfig,
    out: Path,
    resume: bool = False,
    on_step: OnStep | None = None,
    command: Sequence[str] | None = None,
    on_start: Callable[[str], None] | None = None,
) -> TrainResult:
    """Train and return what came of it. Blocks until done; may be killed at any moment and resumed.

    ``resume`` starts a run that is not there, continues an unfinished one from its last checkpoint (or a finished one
    that is given more steps), and returns the result of a finished one. ``command`` is kept as the words that run it
    again; ``on_start`` is told once, in words, what trains on what. Raises UsageError for a run that exists and is not
    to be resumed, for one that was started otherwise (arena hash and starting weights included), and for unknown names
    in the config, before there is a folder; LanistaError where learning broke down; Stopped on Ctrl-C.
    """
    out = Path(out)
    work = _Loop(config, out, on_step, on_start)
    there = (out / "run.json").exists()
    if there and not resume:
        raise UsageError(f"there is a run in {out} already: continue it with --resume, or choose another --out")
    if not work.writes:
        work.prepare(started=there)
        return work.go()
    if there:
        return work.again(command)
    work.prepare()  # what is wrong with the config is told before there is a folder
    settings = {**config.to_json(), "hash": work.arena.hash(config.game.preset), "base_weights": work.digest}
    with Run.create(out, "train", settings, command, config.run.seed) as run:
        try:
            return work.under(run)
        except Exception as error:
            if not isinstance(error, Stopped) and not work.begun:
                run.close()
                shutil.rmtree(out, ignore_errors=True)  # a start that failed leaves nothing behind
            raise


class _Played:
    """What a step's algorithm plays with (``algorithms.Play``)."""

    def __init__(self, loop: _Loop) -> None:
        self.forks = loop.forks
        self._play = loop.play

    def __call__(self, step: int, more: Sequence[tuple[int, int]] = ()) -> Sequence[Trajectory]:
        return self._play(step, more)


class _Loop:
    def __init__(
        self, config: TrainConfig, out: Path, on_step: OnStep | None, on_start: Callable[[str], None] | None = None
    ) -> None:
        self.config = config
        self.out = out
        self.on_step = on_step or (lambda line: None)
        self.on_start = on_start or (lambda words: None)
        game = config.game
        self.arena: Arena = registry.get(game.arena)
        self.game_config = self.arena.configure(**game.config)
        self.arena.weights(game.preset)
        teams = self.arena.contenders(self.arena.rules.teams(self.arena.rules.deal(0, self.game_config)))
        config.check_teams(teams)
        potentials.check_arena(config, self.arena)
        algorithms.get(config.algorithm).check_arena(config, self.arena, self.game_config)
        self.held_out_config = self.arena.configure(**{**game.config, **config.evaluation.config})
        trackers.check(config.run.report_to)
        self.pool = Pool(config, out / "pool")
        self.league = League(config, self.pool)
        self.names = sorted(set(policies.policy_names(config, self._learning_roles()).values()))
        self.tally = LegalTally(config.run.stop_if_illegal)
        self.numbers: dict[str, float] = {}
        self.tokens = 0.0
        self.history: list[dict[str, Any]] = []
        self.shown = ""
        """The words that show a game of the last step."""
        self.run: Run | None = None
        self.trackers: trackers.Trackers | None = None
        self.engine: Engine | None = None
        self.ahead: Ahead[tuple[list[Played], Timing]] = Ahead()
        # Of several processes (accelerate), the first one writes; the others only compute.
        self.rank, self.ranks = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
        if self.ranks > 1 and config.run.max_tokens:
            raise UsageError("max-tokens counts the tokens of one process: leave it at 0 with several, and say --steps")
        if config.run.staleness and config.run.max_tokens:
            raise UsageError("max-tokens is not known before a step is trained: leave it at 0 with staleness")
        self.writes = self.rank == 0

    def prepare(self, *, started: bool = False) -> None:
        """Load the model and seat the opponents. Raises UsageError for what cannot be."""
        config = self.config
        transformers_logging.disable_progress_bar()  # a bar per saved folder would drown the steps
        for spec in {*config.players.opponents, *config.evaluation.opponents} - {SELF, PAST}:
            self.league.scripted(spec)
        policy = policies.load(config, self.out / "base", started=started)
        place = str(policy.device)
        if policy.device.type == "cpu":
            place = told(use(config.run.threads, policy.parameters, alone=True), policy.parameters)
        self.place = place
        self.digest = policies.digest(policy.model)
        self.base = policy
        if config.run.sampler != "hf":
            self.engine = Engine(config, policy, len(self.names), self.out / "engine")

    def again(self, command: Sequence[str] | None) -> TrainResult:
        """Continue the run that is there, or give the result of one that is finished."""
        stored, old = self._stored()
        with Run.resume(self.out, "train", stored, command, self.config.run.seed) as run:
            longer = self.config.run.steps > old.run.steps
            if (self.out / "result.json").exists() and not longer:
                return self._result()
            if "game" not in stored:
                raise UsageError(
                    f"the run in {self.out} was begun by an earlier version, whose checkpoints this one cannot go on "
                    "from: start it anew with another --out"
                )
            self.prepare(started=True)
            if stored["base_weights"] != self.digest:
                raise UsageError(
                    f"the run in {self.out} cannot be continued: the weights of {self.config.players.model!r} are not "
                    "those it started from (the model was made anew or changed). Put the old ones back, or choose "
                    "another --out"
                )
            if longer:
                stored["run"]["steps"] = self.config.run.steps
                run.update(config=stored, **({"command": " ".join(command)} if command else {}))
                (self.out / "result.json").unlink(missing_ok=True)
            return self.under(run)

    def under(self, run: Run) -> TrainResult:
        """Go, as the run's one writer."""
        self.run = run
        try:
            return self.go()
        except KeyboardInterrupt:
            raise Stopped(
                f"stopped; the run in {self.out} goes on from its last checkpoint with: {run.again}"
            ) from None
        except Unavailable as error:
            raise Unavailable(f"{error}; what was learned is kept: go on with {run.again}") from error
        finally:
            if self.trackers is not None:
                self.trackers.close()
            if self.league.policies is not None:
                self.league.policies.close()
            if self.engine is not None:
                with suppress(LanistaError):  # a server that is gone keeps no adapters
                    self.engine.close()

    def go(self) -> TrainResult:
        """The steps that are left, from the last checkpoint on, then the policies and the result."""
        config, out, run = self.config, self.out, self.config.run
        if self.writes:
            for left in (out / "checkpoints").glob(".checkpoint-*"):  # what a kill left behind
                shutil.rmtree(left, ignore_errors=True)
        if self.run is not None:
            policies.keep_base(self.base, out / "base")
        self.policies = self.league.policies = policies.seat(config, self.base, self._learning_roles())
        self.policies.engine = self.engine
        self.algorithm = algorithms.get(config.algorithm)(config, self.policies)
        if self.writes:
            self.on_start(f"{config.algorithm} in {self.arena.name}: {config.players.model} on {self.place}")
        checkpoint = last_checkpoint(out / "checkpoints")
        done = 0 if checkpoint is None else _number(checkpoint)
        if self.run is not None:
            truncate(out / FILE, done)
            self.pool.rewind(done)
            self._tidy(done)  # a kill may have come between the checkpoint and this
            self.trackers = trackers.Trackers(run.report_to, out, config.to_json(), done)
        if checkpoint is not None:
            self._load(checkpoint)
        else:
            self.evaluate(0)
        self.history = metrics(out) if self.writes else []
        self.tokens = sum(line.get("tokens/sampled", 0.0) for line in self.history) if run.max_tokens else 0.0
        while not self._over(done):
            self._step(done)
            done += 1
            over = self._over(done)
            if config.evaluation.every and done % config.evaluation.every == 0 and not over:
                self.evaluate(done)
            if done % run.save_every == 0 or over:
                self._save(done)
        self.evaluate(done)
        if self.run is not None:
            self._finish(done)
        return self._result()

    def _over(self, done: int) -> bool:
        """Whether nothing is left to do after ``done`` steps."""
        run = self.config.run
        return done >= run.steps or 0 < run.max_tokens <= self.tokens

    @property
    def begun(self) -> bool:
        """Whether there is anything that a resumed run would go on from."""
        return (self.out / FILE).exists() or (self.out / "checkpoints").exists()

    def evaluate(self, step: int) -> None:
        """Play the held-out scenarios with the policies as they are, and write a line per temperature.

        What a stopped run had played of it is not played again.
        """
        config = self.config
        if not config.evaluation.games or self.run is None:
            return
        self.policies.step = step
        played = self._sweep(step)
        for temperature in config.evaluation.temperature:
            if temperature in played:
                continue
            with self.policies.playing_at(temperature):
                found = evaluate(
                    self.arena,
                    self.held_out_config,
                    self.algorithm.seats(),
                    {spec: self.league.scripted(spec) for spec in config.evaluation.opponents},
                    numbers=range(config.evaluation.games),
                    seed=config.run.seed,
                    preset=config.game.preset,
                    max_concurrent_games=config.game.max_concurrent_games,
                )
            rates = {"/".join(side): list(interval) for side, interval in found.rates().items()}
            facts = {"/".join(side): means(found, side) for side in found.facts}
            line = {"kind": "evaluation", "step": step, "temperature": temperature, "rates": rates, "facts": facts}
            self.write({**line, "evaluation": found.to_json()})

    def _sweep(self, step: int) -> Sweep:
        """The evaluations after a step, by temperature. Earlier versions played them at the training's own."""
        trained_at = self.config.sampling.temperature
        return {
            line.get("temperature", trained_at): Evaluation.from_json(line["evaluation"])
            for line in metrics(self.out, "evaluation")
            if line["step"] == step
        }

    def write(self, line: dict[str, Any]) -> None:
        """Append a line to the metrics and tell it."""
        if self.run is not None:
            append(self.out, line)
            self.on_step(line)
            if self.trackers is not None:
                told = {k: v for k, v in line.items() if k not in ("evaluation", "kind", "temperature")}
                if line["kind"] == "evaluation" and len(self.config.evaluation.temperature) > 1:
                    told = {"step": told.pop("step"), f"at_{called(line['temperature'])}": told}
                self.trackers.log(told)

    def _step(self, step: int) -> None:
        started = time.perf_counter()
        self.numbers = {}
        self.policies.step = step
        found = self.algorithm.collect(step, _Played(self))
        collected = time.perf_counter()
        if self.config.run.staleness and step + 1 < self.config.run.steps:
            self.ahead.start(step + 1, self._games(step + 1))
        if self.config.run.max_tokens:
            self.algorithm.advance(self.tokens / self.config.run.max_tokens)
        self.numbers |= self.algorithm.update(found, step)
        self.policies.policy.touch()  # a fused optimizer leaves torch's counters as they were
        self.tokens += self.numbers.get("tokens/sampled", 0.0)
        now = time.perf_counter()
        self.numbers |= {
            "rollout_seconds": collected - started,
            "update_seconds": now - collected,
            "step_seconds": now - started,
        }
        if "tokens/sampled" in self.numbers:
            self.numbers["tokens/sampled_per_second"] = self.numbers["tokens/sampled"] / (collected - started)
        kept = {name: value for name, value in self.numbers.items() if math.isfinite(value)}
        line = {"kind": "step", "step": step + 1, "of": self.config.run.steps, **kept}
        self.history.append(line)
        told = watch.said(self.history, self.config.run, self.shown)
        self.write({**line, **({"watch": told} if told else {})})

    def play(self, step: int, more: Sequence[tuple[int, int]] = ()) -> list[Trajectory]:
        """Play the scenarios of a step, this process's share of them; what the policies' seats saw and said.

        ``more``: groups beyond those that are due, as (number, visit). They count as sampled, and in nothing else.
        """
        config = self.config
        if more:
            played, _ = self._groups(more, self.algorithm.seats())()
            self.tally.add(played)
            for name, value in report(played).items():
                if name in ADDED:
                    self.numbers[name] += value
            return trajectories(config, played, self.policies.adapters.policy)
        if PAST in config.players.opponents:
            if self.writes and self.pool.due(step):
                self.policies.save(self.pool.place(step), self._card())
            if self.ranks > 1 and torch.distributed.is_initialized():
                torch.distributed.barrier()  # the others read what the first one wrote
        played, timing = self.ahead.take(step, lambda: self._games(step)())
        self.tally.add(played)
        self._keep(played[: config.run.keep_games], step + 1, timing)
        self.numbers |= report(played)
        if self.engine is not None:
            self.numbers |= staleness(played, step)
        return trajectories(config, played, self.policies.adapters.policy)

    def forks(self, asked: Sequence[Fork]) -> Forked:
        """Play other courses of this step's games, with the policies and opponents as they are."""
        found = play_forks(self.config, self.arena, self.game_config, asked, self.algorithm.seats(), self.league.agent)
        self.numbers["tokens/sampled"] = self.numbers.get("tokens/sampled", 0.0) + found.tokens
        return found

    def _games(self, step: int) -> Callable[[], tuple[list[Played], Timing]]:
        """What plays the games of a step with the policies as they are at this call, whenever it is called."""
        config = self.config
        self.league.begin(step)
        seats = self.algorithm.seats()
        if config.run.staleness:
            for role, team in self._learning_roles().items():
                seats(role, team)
        first = step * config.game.scenarios
        numbers = range(first, first + config.game.scenarios)[self.rank :: self.ranks]
        return self._groups([(number, 0) for number in numbers], seats)

    def _groups(
        self, groups: Sequence[tuple[int, int]], seats: algorithms.Seats
    ) -> Callable[[], tuple[list[Played], Timing]]:
        """What plays groups, each a scenario's number and a visit of it: 0 the first, any other with other draws."""
        config, size = self.config, self.config.game.group_size
        games = []
        for number, visit in groups:
            scenario = plan(config, self.arena, self.game_config, number)
            games += [(scenario, visit * size + sibling) for sibling in range(size)]

        def play() -> tuple[list[Played], Timing]:
            started = time.time()
            played = play_scenarios(config, self.arena, self.game_config, games, seats, self.league.agent)
            return played, Timing(started, time.time())

        return play

    def _keep(self, games: Sequence[Played], step: int, timing: Timing) -> None:
        """Put games into the run's store. What a killed run had kept already is played again to the same bytes."""
        if self.run is None:
            return
        rows, ids = [], []
        for index, game in enumerate(games, step * self.config.run.keep_games):
            id = f"step-{step}-{game.scenario.number}.{game.sibling}"
            ids.append(id)
            if not self.run.store.has(id):
                rows.append(prepare(id, step, index, game.episode, timing))
        self.shown = shlex.join(["lanista", "replay", str(self.out), ids[0]]) if ids else ""
        self.run.store.add(*rows)

    def _save(self, step: int) -> None:
        """A checkpoint, written beside its place and moved there in one step; older ones than ``keep`` go."""
        if self.run is None:
            return
        folder = self.out / "checkpoints"
        with files.making_folder(folder / f"checkpoint-{step}") as new:
            self.algorithm.save(new)
        self._tidy(step)

    def _tidy(self, step: int) -> None:
        """Remove what no run from the checkpoint of this step on needs: older checkpoints, past policies never met."""
        for old in sorted((self.out / "checkpoints").glob("checkpoint-*"), key=_number)[: -self.config.run.keep]:
            shutil.rmtree(old, ignore_errors=True)
        self.pool.trim(step)

    def _load(self, checkpoint: Path) -> None:
        """Go on from a checkpoint. Raises UsageError for one that is damaged, whatever the algorithm finds there."""
        try:
            self.algorithm.load(checkpoint)
        except LanistaError:
            raise
        except Exception as error:
            raise UsageError(
                f"the checkpoint {checkpoint} is damaged ({files.why(error)}): put back what it held, or remove it to "
                "go on from the one before it; nothing was changed"
            ) from error

    def _finish(self, steps: int) -> None:
        """Write the policies and the result."""
        assert self.run is not None
        config, after = self.config, self._sweep(steps)
        # One temperature is said, one of several is the best: no claim is made from it.
        temperature = to_play_at(after) if after else config.evaluation.temperature[0]
        self.policies.save(self.out / "policies", self._card(), temperature)
        found = [
            line for line in metrics(self.out, "evaluation") if line.get("temperature", temperature) == temperature
        ]
        for name in self.names:
            self.run.store.add_policy(
                name,
                steps,
                Path("policies") / name,
                base=config.players.model,
                step=steps,
                metrics=found[-1]["rates"] if found else {},
            )
        sweeps = {"before": self._sweep(0), "after": after} if after else {}
        record = {
            when: {called(at): evaluation.to_json() for at, evaluation in sweep.items()}
            for when, sweep in sweeps.items()
        }
        files.write_text(self.out / "result.json", json.dumps(record, indent=1, sort_keys=True) + "\n")

    def _stored(self) -> tuple[dict[str, Any], TrainConfig]:
        """The config of the run that is there, as it stands in its ``run.json`` and as a config.

        Raises UsageError where this one is not the same, but for more steps.
        """
        run = Run.open(self.out)
        stored = dict(run.config)
        if run.meta["kind"] != "train":
            raise UsageError(
                f"the run in {self.out} is of kind {run.meta['kind']!r}, not 'train': choose another --out"
            )
        facts = {name: stored.get(name) for name in ("hash", "base_weights")}
        old = TrainConfig.from_json({k: v for k, v in stored.items() if k not in facts})
        if "temperature" not in stored.get("evaluation", {}):  # an earlier version evaluated as it trained
            then = replace(old.evaluation, temperature=(old.sampling.temperature,))
            old = replace(old, evaluation=then)
            if self.config.evaluation.temperature == EvaluationOptions().temperature:
                self.config = replace(
                    self.config, evaluation=replace(self.config.evaluation, temperature=then.temperature)
                )
        if "shared_luck" not in stored.get("game", {}):  # an earlier version shared nobody's
            old = replace(old, game=replace(old.game, shared_luck=False))
            if self.config.game.shared_luck == Game().shared_luck:
                self.config = replace(self.config, game=replace(self.config.game, shared_luck=False))
        steps = max(old.run.steps, self.config.run.steps)
        # A server may have moved.
        mine = replace(self.config, run=replace(self.config.run, steps=steps, engine_url=old.run.engine_url))
        theirs = replace(old, run=replace(old.run, steps=steps))
        changed = differences(
            {**theirs.to_json(), "hash": facts["hash"]},
            {**mine.to_json(), "hash": self.arena.hash(self.config.game.preset)},
            ("was", "is now"),
        )
        if self.config.run.steps < old.run.steps:
            changed.append(f"run.steps was {old.run.steps} and is now {self.config.run.steps} (it can only be raised)")
        if changed:
            raise UsageError(
                f"the run in {self.out} cannot be continued, for it was started otherwise: {'; '.join(changed)}. "
                f"Repeat its own command with --resume ({run.meta['command']}), or choose another --out"
            )
        return stored, old

    def _learning_roles(self) -> dict[str, str]:
        """Every role of the deck with its team, also those the policies only play in evaluation.

        Only of teams that are trained at all.
        """
        roles = self.arena.roles(self.game_config)
        return {role: team for team in self.arena.contenders(roles) for role in roles[team]}

    def _card(self) -> str:
        config, game = self.config, self.config.game
        how = f"LoRA rank {config.players.lora_r}" if config.players.lora_r else "all weights"
        return (
            f"---\nlibrary_name: transformers\ntags: [{config.algorithm}, self-play, multi-agent]\n---\n"
            f"# NAME, a policy for {game.arena}\n\n"
            f"Started from `{config.players.model}` and trained by `{config.algorithm}` ({how}, {config.run.steps} "
            f"steps of {game.scenarios} scenarios × {game.group_size} games, seed {config.run.seed}) against "
            f"{', '.join(config.players.opponents)}, in `{game.arena}` (hash {self.arena.hash(game.preset)}, preset "
            f"{game.preset}, config {dict(game.config) or 'default'}).\n\n"
            "It plays this game and was made for nothing else. Held-out scores are in the run's `result.json`; "
            "the whole config is in its `run.json`.\n"
        )

    def _result(self) -> TrainResult:
        sweeps: dict[str, Sweep] = {}
        if (self.out / "result.json").exists():
            record = json.loads((self.out / "result.json").read_text(encoding="utf-8"))
            sweeps = {when: self._read(its) for when, its in record.items()}
        before, after = sweeps.get("before"), sweeps.get("after")
        return TrainResult(
            out=self.out,
            steps=max((line["step"] for line in metrics(self.out)), default=self.config.run.steps),
            policies={name: self.out / "policies" / name for name in self.names},
            before=best(before).evaluation if before else None,
            after=best(after).evaluation if after else None,
            comparisons=best_against_best(before, after) if before and after else {},
            sweeps=sweeps,
        )

    def _read(self, record: Mapping[str, Any]) -> Sweep:
        """Evaluations by temperature; earlier versions kept the one at the temperature of training."""
        if "numbers" in record:
            return {self.config.sampling.temperature: Evaluation.from_json(record)}
        return {float(at): Evaluation.from_json(its) for at, its in record.items()}


def last_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint under ``folder``, or None. Raises LanistaError for those of an earlier version."""
    found = max(folder.glob("checkpoint-*"), key=_number, default=None)
    if found is not None and (found / "trainer_state.json").exists():
        raise LanistaError(f"{found} was written by an earlier version, and cannot be gone on from")
    return found


def _number(path: Path) -> int:
    return int(path.name.rpartition("-")[2])
