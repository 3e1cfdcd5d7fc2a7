"""What sampling holds in memory is bounded, whatever the games ask: batches, prompts, states, logits."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.backends.hf import backend as hf_backend
from lanista.agents.lm.backends.hf import columns
from lanista.agents.lm.backends.hf.backend import HFBackend, _batches
from lanista.agents.lm.backends.hf.columns import Pending
from lanista.agents.lm.backends.hf.states import KVState, KVStore
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.sampling import Sampling

from .conftest import furthest, row, talk


def _state(length: int, stamp: Any = ("m", 1, None)) -> KVState:
    return KVState(torch.zeros(1, 2, 1, length, 1), stamp, list(range(length)))


def test_the_longest_unused_states_go_first() -> None:
    store = KVStore(3 * _state(4).bytes)
    for name in "abc":
        store.put(name, _state(4))
    taken = store.take("a", range(9), ("m", 1, None))
    assert taken is not None
    store.put("a", taken)
    store.put("d", _state(4))
    assert store.take("b", range(9), ("m", 1, None)) is None
    assert all(store.take(name, range(9), ("m", 1, None)) is not None for name in "acd")
    assert (len(store), store.bytes) == (0, 0)
    store.put("huge", _state(13))
    assert (len(store), store.bytes) == (0, 0)


@pytest.mark.parametrize(
    ("ids", "stamp"),
    [
        ([0, 1, 9, 3, 4], ("m", 1, None)),  # another conversation under the same handle
        ([0, 1, 2, 3], ("m", 1, None)),  # nothing new to read
        ([0, 1, 2, 3, 4], ("m", 2, None)),  # other weights
        ([0, 1, 2, 3, 4], ("m", 1, "left")),  # another adapter
    ],
)
def test_states_that_are_no_beginning_of_a_conversation_are_dropped(ids: list[int], stamp: Any) -> None:
    store = KVStore(10**9)
    store.put("a", _state(4))
    assert store.take("a", ids, stamp) is None
    assert (len(store), store.bytes) == (0, 0)


def test_states_of_weights_that_changed_make_room_at_once(policy: Policy) -> None:
    agent = LMAgent(policy, sampling=Sampling(max_new_tokens=3))
    talk(agent, seats=3, turns=1)
    held = policy.states.bytes
    assert (len(policy.states), held > 0) == (3, True)
    with torch.no_grad():
        policy.model.lm_head.weight.mul_(1.5)
    talk(agent, seats=1, turns=1, game="other")
    assert len(policy.states) == 1
    agent.close()
    assert policy.states.bytes == 0


def test_batches_fit_their_bound_and_keep_the_order() -> None:
    """By hand: three rows of 10 columns and 2 to sample take 36; with a row of 20, four would take 88."""
    waiting = [(i, Pending([1] * n, 0)) for i, n in enumerate([10, 10, 10, 20, 5, 100, 1])]

    def sizes(bound: int) -> list[list[int]]:
        return [[i for i, _ in batch] for batch in _batches(waiting, 64, bound, 2)]

    assert sizes(10**6) == [[0, 1, 2, 3, 4, 5, 6]]
    assert sizes(36) == [[0, 1, 2], [3], [4], [5], [6]]
    assert sizes(44) == [[0, 1, 2], [3, 4], [5], [6]]
    assert [len(batch) for batch in _batches(waiting, 2, 10**6, 2)] == [2, 2, 2, 1]


@pytest.mark.parametrize("cache", ["kept", "none"])
@pytest.mark.parametrize("mode", ["generate", "score"])
def test_small_bounds_change_no_word(policy: Policy, monkeypatch: pytest.MonkeyPatch, cache: Any, mode: Any) -> None:
    def said() -> Sequence[Any]:
        agent = LMAgent(HFBackend(policy, cache=cache), mode=mode, sampling=Sampling(max_new_tokens=6))
        histories = talk(agent, seats=5, turns=3)
        if mode == "generate":
            assert max(furthest(policy, history) for history in histories) < 1e-4
            return [row(history)[:2] for history in histories]
        return [[entry.reply for entry in history] for history in histories]

    whole = said()
    stretches = []
    call = columns.Batch._call

    def seen(batch: Any, first: int, upto: int, **options: Any) -> torch.Tensor:
        stretches.append((upto - first) * len(batch.ids_BT))
        return call(batch, first, upto, **options)

    monkeypatch.setattr(columns.Batch, "_call", seen)
    said()
    usual = max(stretches)
    stretches.clear()
    monkeypatch.setattr(columns, "PREFILL_BYTES", 60_000)
    monkeypatch.setattr(hf_backend, "BATCH_BYTES", 200_000)
    monkeypatch.setattr(hf_backend, "LOGITS_BYTES", 8_000)
    assert said() == whole
    assert max(stretches) < usual / 3


PEAK = """
import resource, sys, torch
torch.set_num_threads(1)
from transformers import LlamaConfig, LlamaForCausalLM
from lanista.agents.contract import Question
from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.backends.hf import backend, columns
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.sampling import Sampling
from lanista.training.tiny import build_tokenizer

MB = 1 << 20
columns.PREFILL_BYTES, backend.BATCH_BYTES, backend.LOGITS_BYTES = 32 * MB, 64 * MB, 16 * MB
tokenizer = build_tokenizer(["player_1 says vote"] * 20, ["player_1"], vocab_size=300)
config = LlamaConfig(
    vocab_size=12_000, hidden_size=192, intermediate_size=512, num_hidden_layers=8, num_attention_heads=6,
    num_key_value_heads=3, max_position_embeddings=4096, eos_token_id=tokenizer.eos_token_id,
)
model = LlamaForCausalLM(config).eval()
policy = Policy(model, tokenizer, context=4096)
policy.states.limit = 64 * MB
agent = LMAgent(policy, sampling=Sampling(max_new_tokens=4), mode=sys.argv[1])
def asked(game, words):
    legal = ["vote: " + "player_1 " * n for n in (1, 2, 40)]
    return Question(game=game, seat="s", seed=1, arena="none", role="r", phase="p", kind="k", legal=legal,
                    legal_complete=True, text="player_1 " * words)
agent.answer([asked("warm", 3)])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
answers = agent.answer([asked(str(n), 1000) for n in range(24)])
tokens = sum(answer.meta["usage"]["prompt_tokens"] for answer in answers)
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(tokens * 6144 // MB, tokens * 12_000 * 4 // MB, grown // 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["generate", "score"])
def test_peak_memory_of_long_prompts_is_bounded(mode: str) -> None:
    """24 prompts of 2,000 tokens: their states alone take 280 MB, their logits 2.2 GB.

    Allowed are 64 MB of states kept, 64 MB of a batch, 32 MB for reading, 16 MB of logits, and what malloc keeps.
    """
    done = subprocess.run([sys.executable, "-c", PEAK, mode], capture_output=True, text=True, check=True, timeout=290)
    states, logits, peak = map(int, done.stdout.split())
    assert states > 250
    assert logits > 2000
    assert peak < 64 + 64 + 32 + 16 + 80
