"""Sampling against theory: the distribution is the model's, and the model stays as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.backends.hf import generate
from lanista.agents.lm.backends.hf.backend import HFBackend
from lanista.agents.lm.backends.hf.columns import FEW, Batch, Pending, geometry
from lanista.agents.lm.backends.hf.draw import draw
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.sampling import Sampling
from lanista.agents.lm.uniforms import uniforms
from lanista.arenas.core.contract import Forfeit
from lanista.errors import LanistaError, UsageError

from .conftest import ask, exchange, furthest, row, talk, tokens

BOTH = pytest.mark.parametrize("cache", ["kept", "none"])


def first_logps(policy: Policy, prompt: list[int]) -> torch.Tensor:
    with torch.no_grad():
        return torch.log_softmax(policy.model(torch.tensor([prompt])).logits[0, -1].double(), -1)


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_first_ids_are_distributed_as_the_model_says(policy: Policy, temperature: float) -> None:
    """8000 draws; G over the ids expected 5 times or more, the rest pooled, is below its 1 - 1e-4 quantile."""
    prompt, draws = policy.chat.first("vote"), 8000
    logps_V = torch.log_softmax(first_logps(policy, prompt) / temperature, -1)
    counts = np.zeros(len(logps_V))
    logits_BV = (logps_V * 1.0).float()[None].expand(draws, -1)
    chance_B = torch.from_numpy(uniforms(range(draws), 1))[:, 0]
    ids_B, told_B = draw(logits_BV, chance_B, Sampling())
    np.add.at(counts, ids_B.numpy(), 1)
    assert torch.allclose(told_B.double(), logps_V[ids_B], atol=1e-5)
    expected = logps_V.exp().numpy() * draws
    often = expected >= 5
    seen = np.append(counts[often], counts[~often].sum())
    want = np.append(expected[often], expected[~often].sum())
    statistic = 2 * float(np.sum(seen[seen > 0] * np.log(seen[seen > 0] / want[seen > 0])))
    degrees = len(want) - 1
    # Wilson and Hilferty's approximation of the chi-square quantile at 1 - 1e-4 (z = 3.719).
    assert statistic < degrees * (1 - 2 / (9 * degrees) + 3.719 * (2 / (9 * degrees)) ** 0.5) ** 3


def test_uniforms_are_uniform_and_a_function_of_key_and_place() -> None:
    drawn = uniforms([3, 2**64 - 1, 3], 20_000)
    assert np.array_equal(drawn[0], drawn[2])
    assert np.array_equal(drawn[:, :5], uniforms([3, 2**64 - 1, 3], 5))
    assert ((drawn >= 0) & (drawn < 1)).all()
    assert abs(drawn[:2].mean() - 0.5) < 4 * (1 / 12 / 40_000) ** 0.5
    assert abs(np.corrcoef(drawn[0], drawn[1])[0, 1]) < 4 / 20_000**0.5


def test_ids_without_probability_are_never_drawn() -> None:
    inf = float("-inf")
    logits_BV = torch.tensor([[inf, 0.0, inf, 0.0, inf]]).expand(3, -1)
    ids_B, logps_B = draw(logits_BV, torch.tensor([0.0, 0.5, 1 - 2**-53], dtype=torch.float64), Sampling())
    assert ids_B.tolist() == [1, 3, 3]
    assert logps_B.tolist() == pytest.approx([np.log(0.5)] * 3)


@BOTH
def test_temperature_changes_the_distribution_that_is_reported(policy: Policy, cache: Any) -> None:
    agent = LMAgent(HFBackend(policy, cache=cache), sampling=Sampling(temperature=0.5, max_new_tokens=1))
    said = exchange(question := ask("s", "vote"), agent.answer([question])[0])
    logps_V = torch.log_softmax(first_logps(policy, list(tokens(said)["prompt_ids"])) / 0.5, -1)
    assert tokens(said)["logps"] == pytest.approx([float(logps_V[tokens(said)["ids"][0]])], abs=1e-4)


@BOTH
def test_temperature_zero_takes_the_likeliest_with_certainty(policy: Policy, cache: Any) -> None:
    agent = LMAgent(HFBackend(policy, cache=cache), sampling=Sampling(temperature=0, max_new_tokens=9))
    histories = talk(agent, seats=2)
    for history in histories:
        ids, own, logps = row(history)
        with torch.no_grad():
            likeliest = policy.model(torch.tensor([ids])).logits[0].argmax(-1).tolist()
        assert all(likeliest[i - 1] == ids[i] for i, mine in enumerate(own) if mine)
        assert not any(logps)


def test_logits_that_are_no_numbers_are_an_error(policy: Policy) -> None:
    with torch.no_grad():
        policy.model.lm_head.weight.fill_(float("nan"))
    with pytest.raises(LanistaError, match="not finite"):
        LMAgent(policy).answer([ask("s", "vote")])


@BOTH
def test_scores_are_the_replies_own_logps(policy: Policy, cache: Any) -> None:
    agent = LMAgent(HFBackend(policy, cache=cache, batch_size=4), mode="score", sampling=Sampling(temperature=0))
    histories = talk(agent, seats=3, turns=3)
    for history in histories:
        ids: list[int] = []
        for turn, entry in enumerate(history):
            assert entry.meta["scored"] is True
            assert "tokens" not in entry.meta
            ids += policy.chat.next(entry.text) if turn else policy.chat.first(entry.text)
            replies = {text: policy.chat.reply(text) for text in ("vote: player_1", "vote: player_2", "vote: player_3")}
            totals = {text: sum(policy.logps([[*ids, *r]])[0][len(ids) - 1 :]) for text, r in replies.items()}
            assert totals[entry.reply] == pytest.approx(max(totals.values()), abs=1e-4)
            ids += replies[entry.reply]


def test_scores_are_sampled_by_their_softmax(policy: Policy) -> None:
    prompt = policy.chat.first("vote")
    legal = ("vote: player_1", "vote: player_2", "vote: player_3")
    replies = [policy.chat.reply(text) for text in legal]
    totals = [sum(policy.logps([[*prompt, *reply]])[0][len(prompt) - 1 :]) for reply in replies]
    chances = torch.softmax(torch.tensor(totals) / 2.0, 0).tolist()
    agent = LMAgent(policy, mode="score", sampling=Sampling(temperature=2.0))
    asked = [ask("s", "vote", game=str(i), seed=i, legal=legal) for i in range(1500)]
    said = [answer.text for answer in agent.answer(asked) if not isinstance(answer, Forfeit)]
    for text, chance in zip(legal, chances, strict=True):
        assert abs(said.count(text) / 1500 - chance) < 4 * (chance * (1 - chance) / 1500) ** 0.5


def test_scoring_needs_something_to_score(policy: Policy) -> None:
    answer = LMAgent(policy, mode="score").answer([ask("s", "say", legal=())])[0]
    assert answer == Forfeit("no legal replies are listed that could be scored")


def test_generating_after_scoring_tells_the_whole_conversation(policy: Policy) -> None:
    history = talk(LMAgent(policy, mode="score"), seats=1, turns=2)[0]
    question = ask("s0", "Go on.", history)
    said = exchange(question, LMAgent(policy, sampling=Sampling(max_new_tokens=9)).answer([question])[0])
    assert tokens(said)["restart"] is True
    assert furthest(policy, [said]) < 1e-4


def test_changed_weights_make_old_caches_void(policy: Policy) -> None:
    agent = LMAgent(policy, sampling=Sampling(max_new_tokens=9))
    history = talk(agent, seats=1, turns=1)[0]
    version = policy.version
    loss = policy.model(torch.tensor([policy.chat.first("hello")])).logits.square().mean()
    loss.backward()
    torch.optim.SGD(policy.model.parameters(), lr=1.0).step()
    assert policy.version != version
    question = ask("s0", "Go on.", history)
    said = exchange(question, agent.answer([question])[0])
    ids = row([*history, said])[0]
    fresh = policy.logps([ids])[0][-len(tokens(said)["ids"]) :]
    assert tokens(said)["logps"] == pytest.approx(fresh, abs=1e-4)


def test_touch_makes_old_caches_void_where_torch_saw_no_change(policy: Policy) -> None:
    agent = LMAgent(policy, sampling=Sampling(max_new_tokens=9))
    history = talk(agent, seats=1, turns=1)[0]
    policy.model.model.embed_tokens.weight.data *= -2.0
    policy.touch()
    question = ask("s0", "Go on.", history)
    said = exchange(question, agent.answer([question])[0])
    fresh = policy.logps([row([*history, said])[0]])[0][-len(tokens(said)["ids"]) :]
    assert tokens(said)["logps"] == pytest.approx(fresh, abs=1e-4)


@BOTH
@pytest.mark.parametrize("mode", ["generate", "score"])
@pytest.mark.parametrize("adapter", [None, "left", "right"])
def test_training_is_left_as_it_was(adapted: Policy, cache: Any, mode: Any, adapter: str | None) -> None:
    model = adapted.model
    model.set_adapter("left")
    model.train()
    model.base_model.model.model.layers[1].eval()  # a mixed state is restored as such
    for name, weight in model.named_parameters():
        weight.requires_grad_("lora" in name)

    def state() -> Any:
        return (
            [module.training for module in model.modules()],
            [(weight.requires_grad, weight._version, weight.grad is None) for weight in model.parameters()],
            [(m._active_adapter, m._disable_adapters) for m in model.modules() if hasattr(m, "_disable_adapters")],
            (model.active_adapter, torch.is_grad_enabled()),
            [weight.clone() for weight in model.parameters()],
        )

    before, random = state(), torch.random.get_rng_state()
    talk(LMAgent(adapted, adapter=adapter, mode=mode, sampling=Sampling(max_new_tokens=5)), turns=2)
    after = state()
    assert before[:4] == after[:4]
    assert all(torch.equal(a, b) for a, b in zip(before[4], after[4], strict=True))
    assert torch.equal(random, torch.random.get_rng_state())


def test_training_state_survives_an_error(adapted: Policy) -> None:
    adapted.model.train()
    with pytest.raises(RuntimeError, match="on purpose"), adapted.playing("right"):
        raise RuntimeError("on purpose")
    assert all(module.training for module in adapted.model.modules())
    assert adapted.model.active_adapter == "left"
    assert torch.is_grad_enabled()


def test_dropout_is_off_while_playing_a_policy_in_training(adapted: Policy) -> None:
    adapted.model.train()
    history = talk(LMAgent(adapted, adapter="left", sampling=Sampling(max_new_tokens=9)), seats=1)[0]
    assert furthest(adapted, history, "left") < 1e-4


def test_an_unknown_adapter_is_named(adapted: Policy) -> None:
    with pytest.raises(UsageError, match=r"no adapter 'lefty'; did you mean 'left'\? \(it has: left, right\)"):
        LMAgent(adapted, adapter="lefty")


def test_models_whose_caches_are_no_plain_columns_are_played_without(tokenizer: Any) -> None:
    """A sliding window drops columns: no caches are kept, and the numbers are still exact."""
    from transformers import MistralConfig, MistralForCausalLM

    config = MistralConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        sliding_window=16,
        max_position_embeddings=2048,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(1)
    policy = Policy(MistralForCausalLM(config).eval(), tokenizer)
    assert geometry(policy.model, 1) is None
    for history in talk(LMAgent(policy, sampling=Sampling(max_new_tokens=20)), seats=3, turns=2):
        assert furthest(policy, history) < 1e-4


def test_grouped_heads_are_kept_as_they_are(tokenizer: Any) -> None:
    from transformers import Qwen2Config, Qwen2ForCausalLM

    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
    )
    torch.manual_seed(1)
    policy = Policy(Qwen2ForCausalLM(config).eval(), tokenizer)
    shape = geometry(policy.model, 1)
    assert shape is not None
    assert (shape.layers, shape.heads, shape.width) == (2, 2, 8)
    for history in talk(LMAgent(policy, sampling=Sampling(max_new_tokens=20)), seats=3, turns=2):
        assert furthest(policy, history) < 1e-4


def test_rows_with_caches_need_the_geometry_that_made_them(policy: Policy) -> None:
    shape = geometry(policy.model, 1)
    assert shape is not None
    with torch.no_grad():
        kept = generate.prefill(policy.model, [Pending([5, 6, 7], 0)], shape=shape)[0]
    assert kept.length == 3
    with pytest.raises(ValueError, match="geometry"):
        generate.score(policy.model, [Pending([8], 0, kept)], [[9]], shape=None)


@pytest.mark.parametrize("kept", [False, True])
def test_rows_left_behind_in_a_large_batch_say_what_they_say_in_a_small_one(policy: Policy, kept: bool) -> None:
    shape = geometry(policy.model, 5)
    assert shape is not None
    model = policy.model
    ends = range(0, len(policy.tokenizer), 5)  # a fifth of the ids: replies of all lengths

    def said(rows: list[Pending]) -> list[generate.Sampled]:
        mine = [replace(row) for row in rows]  # a batch takes the rows' states over
        return generate.sample(
            model, mine, Sampling(max_new_tokens=24), end_ids=ends, decode=policy.chat.decode, shape=shape
        )

    rows = [Pending([7 + i % 11] * (1 + i % 4), key=i) for i in range(4 * FEW)]
    with torch.no_grad():
        if kept:
            before = generate.prefill(
                model, [Pending([9 + i % 7] * (1 + i % 5), 0) for i in range(len(rows))], shape=shape
            )
            rows = [Pending(row.new_ids, row.key, cache) for row, cache in zip(rows, before, strict=True)]
        together = said(rows)
        apart = [reply for i in range(0, len(rows), 4) for reply in said(rows[i : i + 4])]
    assert len({len(reply.ids) for reply in together}) > 8
    for row_, a, b in zip(rows, together, apart, strict=True):
        assert a.ids == b.ids
        assert a.logps == pytest.approx(b.logps, abs=1e-5)
        assert a.kept is not None
        assert b.kept is not None
        assert a.kept.length == len(row_.new_ids) + len(a.ids) - 1 + (row_.kept.length if row_.kept else 0)
        assert torch.allclose(a.kept.states_L2HTD, b.kept.states_L2HTD, atol=1e-4)


def test_a_large_batch_gets_smaller_while_it_is_sampled(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    step = Batch.step

    def seen(batch: Any, ids_B: torch.Tensor, going_B: torch.Tensor) -> torch.Tensor:
        sizes.append(len(ids_B))
        return step(batch, ids_B, going_B)

    monkeypatch.setattr(Batch, "step", seen)
    rows = [Pending([7 + i % 11], key=i) for i in range(4 * FEW)]
    shape = geometry(policy.model, 5)
    ends = range(0, len(policy.tokenizer), 5)
    with torch.no_grad():
        generate.sample(
            policy.model, rows, Sampling(max_new_tokens=24), end_ids=ends, decode=policy.chat.decode, shape=shape
        )
    assert sizes[0] == len(rows)
    assert sorted(sizes, reverse=True) == sizes
    assert FEW // 2 <= sizes[-1] <= FEW
