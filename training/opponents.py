"""Who sits opposite the policies in training: themselves, scripted agents, or their own frozen past."""

from __future__ import annotations

import shutil
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from lanista.agents import registry
from lanista.agents.contract import Agent
from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.policy import Policy
from lanista.arenas.core import chance
from lanista.training.config import TrainConfig
from lanista.training.rollout import Scenario

PAST = "past"

IN_MEMORY = 4
"""Frozen policies held in memory; the one unused for longest is read again when it is needed."""


class Pool:
    """Frozen past policies under ``folder``: one every ``pool_every`` steps, the first one always kept.

    Which of them exist at a step is a law, not a history, so that a resumed run meets the same ones.
    """

    def __init__(self, config: TrainConfig, folder: Path) -> None:
        self.config = config
        self.folder = folder
        self._loaded: OrderedDict[tuple[int, str], Policy] = OrderedDict()

    def at(self, step: int) -> list[int]:
        """The steps whose policies can be met at ``step``."""
        every = self.config.pool_every
        all_ = list(range(0, step + 1, every))
        return [all_[0], *all_[1:][-(self.config.pool_size - 1) :]] if self.config.pool_size > 1 else all_[-1:]

    def due(self, step: int) -> bool:
        """Whether the policies as they stand now must be saved before ``step`` is played."""
        return step in self.at(step) and not self.place(step).exists()

    def place(self, step: int) -> Path:
        """Where the policies of a step are."""
        return self.folder / f"step-{step:06d}"

    def trim(self, saved: int) -> None:
        """Delete what no step from ``saved``, the last checkpoint's, on will meet."""
        wanted = self.at(saved)
        for step in range(0, saved, self.config.pool_every):
            if step not in wanted:
                shutil.rmtree(self.place(step), ignore_errors=True)

    def rewind(self, saved: int) -> None:
        """Delete what was frozen after the checkpoint that a run resumes from."""
        for place in self.folder.glob("step-*"):
            if int(place.name.removeprefix("step-")) > saved:
                shutil.rmtree(place)

    def drawn(self, scenario: Scenario, step: int) -> int:
        """The past that all siblings of a scenario meet."""
        found = self.at(step)
        return found[chance.draw(chance.key("past", self.config.seed), "scenario", scenario.number, len(found))]

    def policy(self, step: int, name: str) -> Policy:
        """A frozen policy."""
        key = (step, name)
        if key not in self._loaded:
            self._loaded[key] = Policy.load(self.place(step) / name, self.config.dtype, self.config.device)
            while len(self._loaded) > IN_MEMORY:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(key)
        return self._loaded[key]


class Opponents:
    """Makes the agents that sit opposite. One scripted agent serves every game; a frozen policy one step."""

    def __init__(self, config: TrainConfig, pool: Pool, policy_name: Callable[[str, str], str]) -> None:
        self.config = config
        self.pool = pool
        self._policy_name = policy_name
        self._scripted: dict[str, Agent] = {}
        self._past: dict[tuple[int, str], Agent] = {}
        self._step = 0

    def begin(self, step: int) -> None:
        """A new step: frozen policies' agents of the step before are dropped."""
        self._step = step
        self._past.clear()

    def agent(self, scenario: Scenario, role: str, team: str) -> Agent:
        """Who plays ``role`` of ``team`` against the policies in this scenario."""
        if scenario.opponent != PAST:
            return self.scripted(scenario.opponent)
        key = self.pool.drawn(scenario, self._step), self._policy_name(role, team)
        if key not in self._past:
            policy = self.pool.policy(*key)
            self._past[key] = LMAgent(
                policy,
                name=f"past:{key[0]}/{key[1]}",
                adapter=policy.adapter,
                temperature=self.config.temperature,
                max_new_tokens=self.config.max_new_tokens,
            )
        return self._past[key]

    def scripted(self, spec: str) -> Agent:
        """The agent of that spec. Raises UsageError for one that does not exist."""
        if spec not in self._scripted:
            self._scripted[spec] = registry.make(spec, arena=self.config.arena)
        return self._scripted[spec]
