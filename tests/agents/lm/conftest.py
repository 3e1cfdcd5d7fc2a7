"""A small random Llama with the tiny tokenizer, SmolLM2 where it was fetched, and a way to ask questions."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
import torch

from lanista.agents.contract import Answer, Exchange, Question
from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.models import smollm2_path
from lanista.agents.lm.policy import Policy
from lanista.arenas.core.contract import Forfeit
from lanista.training.tiny import build_model, build_tokenizer

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

NAMES = [f"player_{i}" for i in range(9)]
TEXTS = [
    "You are player_1, a villager. Night falls. player_3 is dead. Reply `vote: NAME`.",
    "player_2 says: I think player_4 is a werewolf!",
    "vote: player_5",
]


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    return build_tokenizer(TEXTS * 20, NAMES, vocab_size=400)


@pytest.fixture
def policy(tokenizer: Any) -> Policy:
    """A policy with random weights. One id in six ends its reply, so that replies are of all lengths."""
    model = build_model(tokenizer, "32x2", seed=3)
    model.generation_config.eos_token_id = [tokenizer.eos_token_id, *range(24, len(tokenizer), 6)]
    return Policy(model, tokenizer, ref="random")


@pytest.fixture
def adapted(policy: Policy) -> Policy:
    """The policy with two LoRA adapters, ``left`` and ``right``, that are no identities."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(5)
    config = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False, lora_dropout=0.1)
    policy.model = get_peft_model(policy.model, config, adapter_name="left")
    policy.model.add_adapter("right", config)
    return policy


@pytest.fixture(scope="session")
def smollm2() -> Policy:
    if not (smollm2_path() / "config.json").is_file():
        pytest.skip("smollm2 is not in the cache: `lanista models fetch smollm2` brings it")
    return Policy.load("smollm2")


Talk = Callable[..., list[dict[str, Any]]]


def ask(seat: str, text: str, history: Sequence[Exchange] = (), **other: Any) -> Question:
    given: dict[str, Any] = {
        "game": "g",
        "seed": 1000 + sum(map(ord, seat)),
        "arena": "none",
        "role": "villager",
        "phase": "day 1",
        "kind": "vote",
        "legal": ("vote: player_1", "vote: player_2", "vote: player_3"),
        "legal_complete": True,
        **other,
    }
    return Question(seat=seat, text=text, history=tuple(history), **given)


def text_of(seat: int, turn: int) -> str:
    """A text whose length differs from seat to seat and turn to turn."""
    return " ".join(TEXTS[(seat + turn + i) % 3] for i in range(1 + (seat * 5 + turn * 3) % 4))


def talk(
    agent: LMAgent, seats: int = 4, turns: int = 3, between: Callable[[int], None] = lambda turn: None, **other: Any
) -> list[list[Exchange]]:
    """Histories of seats that were all asked together for some turns."""
    histories: list[list[Exchange]] = [[] for _ in range(seats)]
    for turn in range(turns):
        between(turn)
        asked = [ask(f"s{i}", text_of(i, turn), histories[i], **other) for i in range(seats)]
        for history, question, answer in zip(histories, asked, agent.answer(asked), strict=True):
            history.append(exchange(question, answer))
    return histories


def exchange(question: Question, answer: Answer | Forfeit) -> Exchange:
    if isinstance(answer, Forfeit):
        return Exchange(question.text, "", {"forfeit": answer.reason})
    return Exchange(question.text, answer.text, answer.meta)


def tokens(entry: Exchange) -> Mapping[str, Any]:
    found: Mapping[str, Any] = entry.meta["tokens"]
    return found


def row(history: Sequence[Exchange]) -> tuple[list[int], list[bool], list[float]]:
    """A history as one training row: ids, which of them are the policy's own, their log-probabilities."""
    ids: list[int] = []
    own: list[bool] = []
    logps: list[float] = []
    for entry in history:
        told = tokens(entry)
        if told.get("restart"):
            ids, own, logps = [], [], []
        ids += [*told["prompt_ids"], *told["ids"]]
        own += [False] * len(told["prompt_ids"]) + [True] * len(told["ids"])
        logps += [0.0] * len(told["prompt_ids"]) + told["logps"]
    return ids, own, logps


def furthest(policy: Policy, history: Sequence[Exchange], adapter: str | None = None) -> float:
    """How far the reported log-probabilities are from a fresh forward pass, at worst. Nats."""
    ids, own, logps = row(history)
    fresh = [0.0, *policy.logps([ids], adapter)[0]]
    return max(abs(a - b) for a, b, mine in zip(fresh, logps, own, strict=True) if mine)
