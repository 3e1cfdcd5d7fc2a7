"""Policies in seats, and in and out of folders that any program built on transformers and PEFT can read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from lanista import files
from lanista.agents import registry
from lanista.agents.contract import Agent, Answer, Question
from lanista.agents.guard import close
from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.merging import merged
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.refs import PolicyRef
from lanista.agents.lm.settings import save_settings
from lanista.arenas.core.contract import Forfeit
from lanista.errors import LanistaError
from lanista.training.adapters import (
    SHARED,
    Adapters,
    add_adapters,
    folder_names,
    load_adapter,
    save_adapter,
)
from lanista.training.algorithms.base import Seats
from lanista.training.config import SamplingOptions, TrainConfig
from lanista.training.engine import Engine

SPEAKERS = 64
"""Programs that speak for policies, present and past, which are kept between steps."""


class Learner(LMAgent):
    """A policy in training. What goes wrong with it stops the run: a forfeit would be a lesson learned from nothing."""

    learner = True
    """For the runner: what it raises comes out."""

    def answer(self, questions: Sequence[Question]) -> list[Answer | Forfeit]:
        """As any language model's. Raises LanistaError where memory ran out or weights are no numbers."""
        try:
            return super().answer(questions)
        except torch.OutOfMemoryError as error:
            raise LanistaError(
                f"{self.name} ran out of memory while it was sampled ({len(questions)} replies at a time): take fewer "
                "--max-concurrent-games, a shorter --max-new-tokens, or --dtype bf16"
            ) from error


class Policies:
    """The policies of a run: one model, and an adapter per name where the run trains adapters.

    ``policy`` is the model with its tokenizer and chat; ``adapters`` knows which weights are whose.
    """

    def __init__(
        self,
        policy: Policy,
        adapters: Adapters,
        sampling: SamplingOptions,
        *,
        program: str | None = None,
        arena: str | None = None,
    ) -> None:
        self.policy = policy
        self.program = program
        """An agent that the policies speak through, by its spec; it can ``play_as`` one of them."""
        self._arena = arena
        self._speakers: dict[str, Any] = {}
        self.adapters = adapters
        self.sampling = sampling
        self.step = 0
        """How many steps were taken: the version of what plays now."""
        self.temperature: float | None = None
        """What the policies' agents play at where it is not the temperature of training: in an evaluation."""
        self.base = policy.ref
        self.engine: Engine | None = None
        """The server that samples the policies; None: the model in this process does."""

    @property
    def names(self) -> tuple[str, ...]:
        """The policies' names, in a fixed order."""
        return self.adapters.names

    @property
    def model(self) -> Any:
        """The transformers model, wrapped in PEFT where there are adapters."""
        return self.policy.model

    @property
    def tokenizer(self) -> Any:
        """The model's tokenizer."""
        return self.policy.tokenizer

    @contextmanager
    def playing_at(self, temperature: float) -> Iterator[None]:
        """Meanwhile ``seats`` gives agents that play at this temperature."""
        self.temperature = temperature
        try:
            yield
        finally:
            self.temperature = None

    def seats(self) -> Seats:
        """Agents of the policies as they are now, by role and team; one agent per policy, shared by its seats."""
        agents: dict[str, Agent] = {}

        def agent(role: str, team: str) -> Agent:
            name = self.adapters.policy(role, team)
            if name not in agents:
                agents[name] = self.agent(name, adapter=self.adapters.adapter(name))
            return agents[name]

        return agent

    def agent(self, name: str, policy: Policy | None = None, adapter: str | None = None, frozen: int = -1) -> Any:
        """An agent that says things as this run's policies do: the policy ``name`` as it is now, or as it was frozen
        at step ``frozen`` on ``policy`` under ``adapter``."""
        kind: type[LMAgent]
        played: Any = policy or self.policy
        kind, called, version = Learner, f"policy:{name}", self.step
        if frozen >= 0:
            kind, called, version = LMAgent, f"past:{frozen}/{name}", frozen
        elif self.engine is not None:
            played, adapter = self.engine.backend, self.engine.seat(self, name)
        agent = kind(
            played,
            name=called,
            adapter=adapter,
            sampling=self.sampling.played(self.temperature).sampling,
            ref=PolicyRef(name, str(version), self.base, adapter),
            few_shot=self.sampling.few_shot,
            system=self.sampling.system,
            thinking=self.sampling.thinking,
        )
        return agent if self.program is None else self._speaking(agent)

    def _speaking(self, agent: LMAgent) -> Any:
        """The program that speaks for an agent: one for each name, kept from step to step (its imports take time)."""
        assert self.program is not None
        speaker = self._speakers.pop(agent.name, None)
        if speaker is None:
            speaker = registry.make(self.program, arena=self._arena, model=agent)
            speaker.name = agent.name
        speaker.play_as(agent)
        self._speakers[agent.name] = speaker
        while len(self._speakers) > SPEAKERS:  # those of past policies that are met no more
            close(self._speakers.pop(next(iter(self._speakers))))
        return speaker

    def close(self) -> None:
        """End the programs that policies spoke through."""
        while self._speakers:
            close(self._speakers.popitem()[1])

    def save(self, folder: Path, card: str, temperature: float | None = None) -> None:
        """Every policy as ``folder/<name>``: a transformers folder, or a PEFT adapter with the tokenizer beside it.

        ``temperature``: what whoever seats it plays it at; None is the temperature of training.
        ``folder`` appears whole or not at all; an older one is replaced. Raises LanistaError, and leaves the older one,
        where a weight is not finite.
        """
        self.check_finite()
        with files.making_folder(folder) as new:
            for name in self.names:
                self._save_one(name, new / name, card, temperature)

    def _save_one(self, name: str, place: Path, card: str, temperature: float | None) -> None:
        adapter = self.adapters.adapter(name)
        place.mkdir()
        if adapter is not None:
            save_adapter(self.model, adapter, place)
        else:
            self.model.save_pretrained(place)
        self.tokenizer.save_pretrained(place)
        save_settings(place, self.sampling.played(temperature))
        (place / "README.md").write_text(card.replace("NAME", name), encoding="utf-8")

    def save_weights(self, folder: Path) -> None:
        """The trained weights, for a checkpoint. Raises LanistaError where a weight is not finite."""
        from safetensors.torch import save_model

        self.check_finite()
        if not self.adapters.present:
            save_model(self.model, str(folder / "model.safetensors"))
        for name in self.names:
            adapter = self.adapters.adapter(name)
            if adapter is not None:
                save_adapter(self.model, adapter, folder / name)

    def load_weights(self, folder: Path) -> None:
        """The inverse of ``save_weights``, bit for bit."""
        from safetensors.torch import load_model

        if not self.adapters.present:
            load_model(self.model, str(folder / "model.safetensors"), device=str(self.policy.device))
        for name in self.names:
            adapter = self.adapters.adapter(name)
            if adapter is not None:
                load_adapter(self.model, adapter, folder / name)
        self.policy.touch()

    def check_finite(self) -> None:
        """Raises LanistaError where a policy's weight is infinite or no number: it is worth nothing, and never kept."""
        for name in self.names:
            for weight, parameter in self.adapters.named_parameters(name):
                if not torch.isfinite(parameter).all():
                    raise LanistaError(
                        f"the weights of the policy {name} are not finite numbers any more ({weight}): training has "
                        "diverged, and nothing was saved over what stood there. Start again from a checkpoint or the "
                        "warm start with a smaller --learning-rate"
                    )


def check_finite(policy: Policy, name: str) -> None:
    """Raises LanistaError where a weight of a policy that is to play is no finite number."""
    for weight, parameter in policy.model.named_parameters():
        if not torch.isfinite(parameter).all():
            raise LanistaError(
                f"the weights of {name} are not finite numbers ({weight}): its training diverged, and what it plays "
                "means nothing. Take an earlier checkpoint"
            )


def load(config: TrainConfig, base: Path, *, started: bool = False) -> Policy:
    """The policy a run starts from, before adapters are put on it.

    All weights are trained in fp32 (bf16 steps would round small updates away; bf16 then means autocast); adapters sit
    on a frozen base of the dtype asked for. Where ``players.model`` is an adapter, it is merged into its base, in fp32.
    Adapters that are trained on that sit on a model which nobody else has: it names itself by ``base``, where
    ``keep_base`` puts it. ``started``: the run is being resumed, and goes on from ``base`` if it was put there.
    """
    base = base.resolve()
    kept = started and base.is_dir()
    rank = config.players.lora_r
    dtype = config.run.dtype if rank else "fp32"
    if kept:
        dtype = "auto"  # as it was merged
    policy = Policy.load(base if kept else config.players.model, dtype, config.run.device, arena=config.game.arena)
    name = Path(policy.model.name_or_path)
    if name.is_dir():  # absolute: whoever loads an adapter that names it may stand elsewhere
        policy.model.name_or_path = str(name.resolve())
    if policy.adapter is not None:
        policy.model = merged(policy.model)
        policy.adapter = None
        if rank:
            policy.model.name_or_path = str(base)
        else:
            policy.model.requires_grad_(True)  # PEFT froze what the adapter sat on
    return policy


def keep_base(policy: Policy, base: Path) -> None:
    """Write what ``load`` merged to ``base``, once; a transformers folder that is there whole or not at all."""
    if policy.model.name_or_path != str(base.resolve()) or base.exists():
        return
    with files.making_folder(base) as new:
        policy.model.save_pretrained(new)
        policy.tokenizer.save_pretrained(new)


def digest(model: Any) -> str:
    """Of a model's weights, by name, shape and bytes: two models with one digest are the same model."""
    found = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        found.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        found.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return found.hexdigest()[:16]


def seat(config: TrainConfig, policy: Policy, roles: Mapping[str, str]) -> Policies:
    """The policies of a run on its model, with an adapter per name where the run trains adapters.

    ``roles``: every role that the policies may hold, with its team.
    """
    players = config.players
    by_role = policy_names(config, roles)
    names = sorted(set(by_role.values()))
    if players.lora_r:
        policy.model = add_adapters(policy.model, names, rank=players.lora_r, seed=config.run.seed)
    return Policies(
        policy,
        Adapters(policy.model, names, by=players.roles_by, roles=by_role),
        config.sampling,
        program=players.program and registry.in_python([players.program], players.seat_python)[0],
        arena=config.game.arena,
    )


def policy_names(config: TrainConfig, roles: Mapping[str, str]) -> dict[str, str]:
    """Every role (or team, with roles_by team) with the name of the policy that plays it."""
    if config.players.policies == "shared":
        return dict.fromkeys(roles, SHARED)
    return folder_names(sorted(roles) if config.players.roles_by == "role" else sorted(set(roles.values())))
