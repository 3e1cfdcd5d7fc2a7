"""Who sits opposite the policies in training: themselves, scripted agents, or their own frozen past."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch

from lanista import files
from lanista.agents import registry
from lanista.agents.contract import Agent
from lanista.agents.lm.deprecations import not_ours
from lanista.agents.lm.policy import Policy
from lanista.arenas.core import chance
from lanista.errors import UsageError
from lanista.training.adapters import adapter_parameters, load_adapter, lora
from lanista.training.config import TrainConfig
from lanista.training.policies import Policies
from lanista.training.rollout import Scenario

PAST = "past"


class Pool:
    """Frozen past policies under ``folder``: one every ``pool_every`` steps, the first one always kept.

    Which of them exist at a step is a law, not a history, so that a resumed run meets the same ones.
    """

    def __init__(self, config: TrainConfig, folder: Path) -> None:
        self.seed = config.run.seed
        self.every = config.players.pool_every
        self.size = config.players.pool_size
        self.folder = folder

    def at(self, step: int) -> list[int]:
        """The steps whose policies can be met at ``step``."""
        all_ = list(range(0, step + 1, self.every))
        return [all_[0], *all_[1:][-(self.size - 1) :]] if self.size > 1 else all_[-1:]

    def due(self, step: int) -> bool:
        """Whether the policies as they stand now must be saved before ``step`` is played."""
        return step in self.at(step) and not self.place(step).exists()

    def place(self, step: int) -> Path:
        """Where the policies of a step are."""
        return self.folder / f"step-{step:06d}"

    def trim(self, saved: int) -> None:
        """Delete what no step from ``saved``, the last checkpoint's, on will meet."""
        wanted = self.at(saved)
        for step in range(0, saved, self.every):
            if step not in wanted:
                shutil.rmtree(self.place(step), ignore_errors=True)

    def rewind(self, saved: int) -> None:
        """Delete what was frozen after the checkpoint that a run resumes from."""
        for place in self.folder.glob("step-*"):
            number = place.name.removeprefix("step-")
            if number.isdecimal() and int(number) > saved:  # anything else is not ours
                shutil.rmtree(place)

    def drawn(self, scenario: Scenario, step: int) -> int:
        """The past that all games of a scenario's group meet."""
        found = self.at(step)
        return found[chance.draw(chance.key("past", self.seed), "scenario", scenario.number, len(found))]


class League:
    """Makes the agents that sit opposite. One scripted agent serves every game; a frozen policy one step.

    Frozen adapters sit on the very base that is trained on, one model for all of them; where all weights are trained,
    a past policy is a whole model, held for as long as the step plays against it.
    """

    def __init__(self, config: TrainConfig, pool: Pool) -> None:
        self.config = config
        self.pool = pool
        self.policies: Policies | None = None
        self._scripted: dict[str, Agent] = {}
        self._past: dict[tuple[int, str], Agent] = {}
        self._whole: dict[tuple[int, str], Policy] = {}
        self._frozen: dict[tuple[int, str], str] = {}
        self._step = 0

    def begin(self, step: int) -> None:
        """A new step: what it cannot meet is let go of."""
        self._step = step
        self._past.clear()
        met = self.pool.at(step)
        self._whole.clear()
        for key in [key for key in self._frozen if key[0] not in met]:
            assert self.policies is not None
            self.policies.model.delete_adapter(self._frozen.pop(key))

    def agent(self, scenario: Scenario, role: str, team: str) -> Agent:
        """Who plays ``role`` of ``team`` against the policies in this scenario."""
        if scenario.opponent != PAST:
            return self.scripted(scenario.opponent)
        assert self.policies is not None
        key = self.pool.drawn(scenario, self._step), self.policies.adapters.policy(role, team)
        if key not in self._past:
            policy, adapter = self._loaded(self.policies, key)
            self._past[key] = self.policies.agent(key[1], policy, adapter, frozen=key[0])
        return self._past[key]

    def scripted(self, spec: str) -> Agent:
        """The agent of that spec. Raises UsageError for one that does not exist."""
        if spec not in self._scripted:
            self._scripted[spec] = registry.make(spec, arena=self.config.game.arena)
        return self._scripted[spec]

    def _loaded(self, policies: Policies, key: tuple[int, str]) -> tuple[Policy, str | None]:
        """A frozen policy: the model it plays on, and its adapter there."""
        step, name = key
        place = self.pool.place(step) / name
        if not policies.adapters.present:
            if key not in self._whole:
                with _readable(place):
                    self._whole[key] = Policy.load(place, self.config.run.dtype, self.config.run.device)
            return self._whole[key], None
        if key not in self._frozen:
            adapter = f"past_{step:08d}_{policies.names.index(name):04d}"
            with _readable(place):
                _freeze_adapter(policies, adapter, place, rank=self.config.players.lora_r)
            self._frozen[key] = adapter
        return policies.policy, self._frozen[key]


@contextmanager
def _readable(place: Path) -> Iterator[None]:
    """Raises UsageError where a frozen policy is not what was written there."""
    try:
        yield
    except Exception as error:  # whatever damaged files make their readers say
        raise UsageError(
            f"the frozen past policy in {place} cannot be read ({files.why(error)}): put back what the pool held; "
            "--resume then goes on from the last checkpoint"
        ) from error


def _freeze_adapter(policies: Policies, adapter: str, place: Path, *, rank: int) -> None:
    """Put a saved adapter on the policies' model, never to be trained. What is being trained does not notice."""
    model = policies.model
    trained: Mapping[str, bool] = {name: p.requires_grad for name, p in model.named_parameters()}
    with torch.random.fork_rng(devices=[]), not_ours():  # its random start is drawn for nothing
        model.add_adapter(adapter, lora(rank))
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(trained.get(name, False))
    load_adapter(model, adapter, place)
    model.to(policies.policy.device)
    for _, parameter in adapter_parameters(model, adapter):
        parameter.requires_grad_(False)
