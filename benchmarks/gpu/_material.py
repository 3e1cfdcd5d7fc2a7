"""What the parts of the GPU script share: models, rows of real games, and floating-point operations."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from lanista.agents import registry as agents
from lanista.agents.lm.policy import Policy
from lanista.arenas.core import registry
from lanista.play.runner import GameSpec, play
from lanista.training import demonstrations, policies, tiny, trajectories
from lanista.training.algorithms.grpo.trainer import SelfPlayGRPOTrainer
from lanista.training.batching import ScoredRow
from lanista.training.config import TrainConfig

ARENA = "support_desk"
DESK: dict[str, Any] = {"brief": "short", "horizon": 16}
"""Short enough for a conversation of about a thousand tokens."""

QWEN3_06B: dict[str, Any] = {
    "vocab_size": 151936,
    "hidden_size": 1024,
    "intermediate_size": 3072,
    "num_hidden_layers": 28,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "max_position_embeddings": 40960,
    "tie_word_embeddings": True,
}
"""Qwen3-0.6B's shape. Its weights are random here: they are there for speed alone."""

TINY: dict[str, Any] = {
    "vocab_size": 512,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 4096,
    "tie_word_embeddings": True,
}


def desk_games(cases: int, siblings: int) -> list[Any]:
    """Episodes of the desk between scripted novices, ``siblings`` of each case."""
    arena = registry.get(ARENA)
    config = arena.configure(**DESK)
    novice = agents.make("desk_novice")
    found = []
    specs = [
        GameSpec(
            id=f"{case}.{sibling}",
            arena=arena,
            seed=case,
            seating=dict.fromkeys(arena.rules.seats(config), novice),
            config=config,
            agent_seed=100 * case + sibling,
        )
        for case in range(cases)
        for sibling in range(siblings)
    ]
    play(specs, on_game=lambda spec, game: found.append((spec.id, game.episode())))
    return [episode for _, episode in sorted(found, key=lambda one: one[0])]


def stand_in(folder: Path) -> Path:
    """A small untrained model of the desk, where the script is only tried."""
    if not (folder / "config.json").exists():
        games = desk_games(4, 2)
        seats = sorted(games[0].roles)
        tiny.blank(folder, demonstrations.texts(games), seats, size="32x2")
    return folder


def shaped(shape: Mapping[str, Any], tokens: str | Path, dtype: torch.dtype, device: str) -> Policy:
    """A policy with random weights of a Qwen3 shape, and another model's tokenizer (``tokens``)."""
    from transformers import AutoModelForCausalLM, Qwen3Config

    tokenizer = Policy.load(tokens, "auto", "cpu").tokenizer
    torch.manual_seed(0)
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(Qwen3Config(**shape), dtype=dtype)
    return Policy(model.to(device).eval(), tokenizer, ref="random weights")


def trainer(policy: Policy, kind: str, *, lora_r: int, device: str, dtype: str, **more: Any) -> Any:
    """The trainer of a GRPO run, as ``lanista train`` makes it, and the policies it trains."""
    roles = {
        role: team
        for team, its in registry.get(ARENA).roles(registry.get(ARENA).configure(**DESK)).items()
        for role in its
    }
    run = TrainConfig.flat(
        arena=ARENA, policies=kind, lora_r=lora_r, device=device, dtype=dtype, steps=1, minibatches=1, **more
    )
    seated = policies.seat(run, policy, roles)
    return SelfPlayGRPOTrainer(config=run, policies=seated), seated


def desk_rows(seated: Any, games: Sequence[Any], context: int) -> dict[str, list[ScoredRow]]:
    """What every seat said in the games as rows of its policy; every own token with an advantage of 1 or −1."""
    rows: dict[str, list[ScoredRow]] = {}
    for number, episode in enumerate(games):
        for team, its in episode.teams.items():
            for seat in its:
                role = episode.roles[seat]
                name = seated.adapters.policy(role, team)
                one = trajectories.Trajectory(
                    episode=episode,
                    seat=seat,
                    role=role,
                    team=team,
                    scenario=0,
                    sibling=number,
                    payments=(),
                    policy=name,
                )
                for row in demonstrations.of_trajectories([one], seated.policy.chat):
                    ids, own = tuple(row.ids[:context]), tuple(row.taught[:context])
                    if any(own):
                        rows.setdefault(name, []).append(scored(ids, own, 1.0 if number % 2 else -1.0))
    return rows


def scored(ids: tuple[int, ...], own: tuple[bool, ...], advantage: float) -> ScoredRow:
    """A row as if a policy had said it."""
    n = len(ids)
    said = trajectories.TokenRow(ids=ids, own=own, logps=(-1.0,) * n, turns=(0,) * n)
    return ScoredRow(said, tuple(advantage * one for one in own))


def seconds(work: Callable[[], object], device: str) -> float:
    """What ``work`` takes, until the device has done it."""
    if device == "cuda":
        torch.cuda.synchronize()
    started = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def peak_flops(device: str, size: int) -> float:
    """FLOP/s of a square matrix product in bf16: what this device reaches, not what it is sold as."""
    one = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    other = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    for _ in range(3):
        one @ other
    times = 10
    took = seconds(lambda: [one @ other for _ in range(times)], device)
    return 2 * size**3 * times / took


class Flops:
    """Floating-point operations of a model's passes, by its shape.

    Of a token: twice the weights that multiply it (the head only where it is scored), and causal attention over half of
    a context of ``length`` tokens. A backward pass costs twice its forward pass; over frozen weights (adapters) once.
    """

    def __init__(self, model: Any) -> None:
        config = model.config
        width, heads = config.hidden_size, config.num_attention_heads
        head = getattr(config, "head_dim", None) or width // heads
        kept = getattr(config, "num_key_value_heads", heads)
        layer = width * head * (2 * heads + 2 * kept) + 3 * width * config.intermediate_size
        self.body = 2 * config.num_hidden_layers * layer
        self.head = 2 * width * config.vocab_size
        self._attention = 2 * config.num_hidden_layers * heads * head

    def forward(self, tokens: int, scored: int, length: float) -> float:
        """Of a forward pass over tokens, ``scored`` of them through the head."""
        return tokens * (self.body + self._attention * length) + scored * self.head

    def trained(self, tokens: int, scored: int, length: float, *, frozen: bool) -> float:
        """Of a forward and a backward pass."""
        return (2 if frozen else 3) * self.forward(tokens, scored, length)
