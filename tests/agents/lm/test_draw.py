"""Cuts of the distribution, stop texts and seeds: what is drawn, and under which distribution it is reported."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lanista.agents.contract import Exchange
from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.backends.base import GenerateRequest
from lanista.agents.lm.backends.hf.backend import HFBackend
from lanista.agents.lm.backends.hf.draw import cut, draw
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.sampling import Sampling
from lanista.agents.lm.uniforms import uniforms
from lanista.arenas.core.contract import Forfeit

from .conftest import ask, exchange, talk, tokens


def test_a_case_worked_by_hand() -> None:
    """0.4, 0.3, 0.2, 0.1: three likeliest are 4/9, 3/9, 2/9; of those the first two make up 7/9 >= 0.75."""
    logps_BV = torch.tensor([[0.1, 0.4, 0.2, 0.3]]).log()
    assert cut(logps_BV, 3, 1.0).exp()[0].tolist() == pytest.approx([0, 4 / 9, 2 / 9, 3 / 9])
    assert cut(logps_BV, 3, 0.75).exp()[0].tolist() == pytest.approx([0, 4 / 7, 0, 3 / 7])
    assert cut(logps_BV, 0, 0.75).exp()[0].tolist() == pytest.approx([0, 4 / 9, 2 / 9, 3 / 9])  # 0.7 is not enough
    assert cut(logps_BV, 0, 0.4).exp()[0].tolist() == pytest.approx([0, 1, 0, 0])
    equal_BV = torch.zeros(1, 4)
    assert cut(equal_BV, 2, 1.0).exp()[0].tolist() == pytest.approx([0.5, 0.5, 0, 0])


@given(
    st.lists(st.floats(-20, 20), min_size=2, max_size=12),
    st.integers(0, 13),
    st.floats(0.01, 1),
    st.floats(0.2, 3),
)
@settings(max_examples=200, deadline=None)
def test_what_is_drawn_is_what_is_left_and_its_chance_is_told(
    logits: list[float], top_k: int, top_p: float, temperature: float
) -> None:
    sampling = Sampling(temperature=temperature, top_k=top_k, top_p=top_p)
    draws = 64
    logits_BV = torch.tensor(logits)[None].expand(draws, -1)
    ids_B, told_B = draw(logits_BV, torch.from_numpy(uniforms(range(draws), 1))[:, 0], sampling)
    chances = torch.softmax(torch.tensor(logits).double() / temperature, -1)
    order = sorted(range(len(logits)), key=lambda i: -float(chances[i]))[: top_k or len(logits)]
    whole = sum(float(chances[i]) for i in order)
    slack = 1e-5
    for id_, told in zip(ids_B.tolist(), told_B.tolist(), strict=True):
        likelier = sum(float(chances[i]) for i in order if chances[i] > chances[id_] + slack)
        assert likelier / whole < top_p + slack  # the likelier ones alone do not make up top_p
        assert told <= 1e-6
        assert told >= float(chances[id_].log()) - slack  # cutting others off makes it likelier
    left = draw(logits_BV[:1], torch.tensor([0.5], dtype=torch.float64), sampling)
    assert torch.isfinite(left[1]).all()


def test_no_cut_is_bit_equal_to_none() -> None:
    logits_BV = torch.randn(8, 50, generator=torch.Generator().manual_seed(1))
    chance_B = torch.from_numpy(uniforms(range(8), 1))[:, 0]
    plain = draw(logits_BV, chance_B, Sampling())
    for same in (Sampling(top_k=50), Sampling(top_k=99), Sampling(stop=("x",), seed=3)):
        assert all(torch.equal(a, b) for a, b in zip(draw(logits_BV, chance_B, same), plain, strict=True))


@pytest.mark.parametrize("options", [{"top_p": 0.6}, {"top_k": 3}, {"top_p": 0.8, "top_k": 5, "temperature": 0.7}])
def test_whole_replies_are_reported_under_the_cut_distribution(policy: Policy, options: dict[str, Any]) -> None:
    sampling = Sampling(max_new_tokens=9, **options)
    for history in talk(LMAgent(policy, sampling=sampling)):
        ids: list[int] = []
        for entry in history:
            ids += tokens(entry)["prompt_ids"]
            for id_, told in zip(tokens(entry)["ids"], tokens(entry)["logps"], strict=True):
                with torch.no_grad():
                    logits_BV = policy.model(torch.tensor([ids])).logits[:, -1]
                own = torch.log_softmax(logits_BV / sampling.temperature, -1)
                assert float(cut(own, sampling.top_k, sampling.top_p)[0, id_]) == pytest.approx(told, abs=1e-4)
                ids.append(id_)


def test_a_seed_gives_other_draws_of_the_same_game(policy: Policy) -> None:
    said = [
        [tokens(e)["ids"] for h in talk(LMAgent(policy, sampling=Sampling(max_new_tokens=9, seed=seed))) for e in h]
        for seed in (None, 1, 2, 1)
    ]
    assert said[1] == said[3]
    assert len({str(one) for one in said}) == 3


def _reply(policy: Policy, **options: Any) -> Any:
    question = ask("s", "vote")
    answer = LMAgent(policy, sampling=Sampling(max_new_tokens=30, **options)).answer([question])[0]
    assert not isinstance(answer, Forfeit)
    return exchange(question, answer)


def test_a_stop_text_ends_the_reply_and_is_no_part_of_it(policy: Policy) -> None:
    policy.chat.end_ids = policy.chat.end_ids[:1]  # long replies
    whole = _reply(policy)
    assert len(whole.reply) > 12
    word = whole.reply[6:9]
    at = whole.reply.index(word)
    cut_short = _reply(policy, stop=(word, "never said"))
    ids = tokens(cut_short)["ids"]
    assert cut_short.reply == whole.reply[:at]
    assert tokens(whole)["ids"][: len(ids)] == ids  # what was sampled stays, the stop text too
    assert word in policy.chat.decode(ids)
    assert word not in policy.chat.decode(ids[:-1])  # and nothing after it was sampled
    assert "cut" not in cut_short.meta
    assert len(tokens(cut_short)["logps"]) == len(ids)


def test_a_conversation_goes_on_after_a_stop(policy: Policy) -> None:
    """The reply did not end itself: the next prompt supplies the end token."""
    policy.chat.end_ids = policy.chat.end_ids[:1]
    word = _reply(policy).reply[3:5]
    agent = LMAgent(policy, sampling=Sampling(max_new_tokens=30, stop=(word,)))
    history: list[Exchange] = []
    for text in ("vote", "and now?"):
        question = ask("s", text, history)
        history.append(exchange(question, agent.answer([question])[0]))
    assert tokens(history[1])["prompt_ids"] == policy.chat.next("and now?", ended=False)
    question = ask("s", "third", history)
    rebuilt = exchange(question, LMAgent(policy, sampling=agent.sampling).answer([question])[0])
    assert tokens(rebuilt)["ids"] == tokens(exchange(question, agent.answer([question])[0]))["ids"]


def test_requests_of_different_sampling_share_a_call(policy: Policy) -> None:
    """As a server meets them: each is answered as if it had come alone."""
    backend = HFBackend(policy)
    ids = policy.chat.first("vote")
    kinds = [Sampling(max_new_tokens=5), Sampling(temperature=0, max_new_tokens=9), Sampling(top_k=1, max_new_tokens=3)]
    asked = [GenerateRequest(ids=ids, key=i, sampling=kinds[i % 3]) for i in range(7)]
    together = backend.generate(asked)
    for request, result in zip(asked, together, strict=True):
        (alone,) = backend.generate([request])
        assert (alone.ids, alone.finish) == (result.ids, result.finish)
        assert alone.logps == pytest.approx(result.logps, abs=1e-5)
        assert len(result.ids) <= request.sampling.max_new_tokens
    assert list(together[2].ids) == list(together[1].ids)[:3]  # the likeliest one is all that top_k=1 leaves
    assert len(policy.states) == 0  # without a handle nothing is kept
