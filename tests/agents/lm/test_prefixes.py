"""Beginnings in common: the search against all cuts, and replies that are the same with and without."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.backends.base import GenerateRequest, ScoreRequest
from lanista.agents.lm.backends.hf.backend import HFBackend
from lanista.agents.lm.backends.hf.prefixes import Beginning, agreement, shared_beginnings
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.sampling import Sampling

from .conftest import talk, tokens

IDS = st.lists(st.integers(0, 2), min_size=1, max_size=8)


def most_saved(prompts: Sequence[Sequence[int]], least: int) -> int:
    """The most that any cut of the rows into runs saves, where rows stand in sorted order."""
    best = 0
    for cuts in itertools.product((False, True), repeat=max(0, len(prompts) - 1)):
        ends = [0, *(i + 1 for i, cut in enumerate(cuts) if cut), len(prompts)]
        total = 0
        for first, end in itertools.pairwise(ends):
            length = max(
                (
                    n
                    for n in range(8)
                    if all(row[:n] == prompts[first][:n] and len(row) > n for row in prompts[first:end])
                ),
                default=0,
            )
            total += (end - first - 1) * length if length >= least else 0
        best = max(best, total)
    return best


@settings(max_examples=150, deadline=None)
@given(st.lists(IDS, max_size=6), st.integers(1, 3))
def test_no_other_cut_saves_more(prompts: list[list[int]], least: int) -> None:
    found = shared_beginnings(prompts, least=least, worth=1)
    assert sum((len(one.rows) - 1) * one.length for one in found) == most_saved(sorted(prompts), least)
    seen = [row for one in found for row in one.rows]
    assert len(seen) == len(set(seen))
    for one in found:
        assert len(one.rows) > 1
        assert one.length >= least
        assert len({tuple(prompts[row][: one.length]) for row in one.rows}) == 1
        assert all(len(prompts[row]) > one.length for row in one.rows)


@given(IDS, IDS)
def test_agreement_is_the_common_start(a: list[int], b: list[int]) -> None:
    n = agreement(a, b)
    assert a[:n] == b[:n]
    assert n == min(len(a), len(b)) or a[n] != b[n]


def test_siblings_and_examples() -> None:
    """Two scenarios of three siblings behind 40 tokens of examples: the siblings save more than the examples would."""
    examples = list(range(40))
    prompts = [[*examples, scenario, *range(60)] for scenario in (7, 8) for _ in range(3)]
    assert sorted(shared_beginnings(prompts)) == [Beginning(100, (0, 1, 2)), Beginning(100, (3, 4, 5))]
    lone = [[*examples, scenario, *range(scenario)] for scenario in range(50, 60)]
    assert shared_beginnings(lone) == [Beginning(40, tuple(range(10)))]
    assert shared_beginnings(prompts[:1]) == []
    assert shared_beginnings([[1, 2, 3, 4]] * 9) == []  # too short to be worth a pass


def requests(policy: Policy, adapters: Sequence[str | None] = (None,)) -> list[GenerateRequest]:
    long = policy.chat.first("vote " * 30)
    prompts = [long, long, [*long[:-1], 9, 5], policy.chat.first("hello"), [*long, 7, 8], long]
    return [
        GenerateRequest(
            ids=tuple(ids), key=11 * i + 3, sampling=Sampling(max_new_tokens=6), handle=(i, adapter), adapter=adapter
        )
        for adapter in adapters
        for i, ids in enumerate(prompts * 3)
    ]


class Counted:
    """How many tokens a model was given, padding included."""

    def __init__(self, model: Any) -> None:
        self.tokens = 0
        model.register_forward_pre_hook(self._count, with_kwargs=True)

    def _count(self, module: Any, args: Any, kwargs: Any) -> None:
        self.tokens += kwargs["input_ids"].numel()


@pytest.mark.parametrize("which", ["plain", "adapters"])
def test_replies_are_those_of_prompts_read_in_full(policy: Policy, adapted: Policy, which: str) -> None:
    """Same draws, same ids; log-probabilities differ by what the order of adding up does. And less is read."""
    played = policy if which == "plain" else adapted
    asked = requests(played, (None,) if which == "plain" else ("left", None, "right"))
    counted = Counted(played.model)
    found = []
    for share in (False, True):
        counted.tokens = 0
        backend = HFBackend(played, share=share)
        found.append((backend.generate(asked), counted.tokens))
        backend.close()
    (alone, read), (together, less) = found
    assert [one.ids for one in alone] == [one.ids for one in together]
    for a, b in zip(alone, together, strict=True):
        assert b.logps == pytest.approx(a.logps, abs=1e-5)
    assert less < read / 2


def test_scores_are_the_same(policy: Policy) -> None:
    asked = [ScoreRequest(ids=one.ids, replies=((3, 4), (5,)), handle=one.handle) for one in requests(policy)]
    alone, together = (HFBackend(policy, share=share).score(asked) for share in (False, True))
    for a, b in zip(alone, together, strict=True):
        assert list(b) == pytest.approx(list(a), abs=1e-5)


def test_what_is_kept_is_each_rows_own(policy: Policy) -> None:
    """Conversations that began alike go on apart: their states are those of the whole of each."""
    backend = HFBackend(policy)
    asked = requests(policy)
    said = backend.generate(asked)
    for request, result in zip(asked, said, strict=True):
        whole = [*request.ids, *result.ids]
        kept = policy.states.take(request.handle, whole, (id(policy.model), policy.version, None))
        assert kept is not None
        assert kept.ids == whole[:-1]
        with torch.no_grad():
            fresh = policy.model(input_ids=torch.tensor([whole[:-1]]), use_cache=True).past_key_values
        for layer, mine in zip(fresh.layers, kept.states_L2HTD, strict=True):
            assert torch.allclose(mine, torch.cat([layer.keys, layer.values]), atol=1e-5)


def test_seats_that_are_shown_examples(policy: Policy) -> None:
    """The same conversations, turn after turn, whether what they share is read once or not."""
    examples = tuple((f"player_{i} votes now. " * 4, f"vote: player_{i}") for i in range(4))
    heard = []
    for share in (False, True):
        agent = LMAgent(HFBackend(policy, share=share), examples=examples, sampling=Sampling(max_new_tokens=5))
        heard.append([[tokens(entry)["ids"] for entry in history] for history in talk(agent, seats=12)])
    assert heard[0] == heard[1]
