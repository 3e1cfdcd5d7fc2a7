"""The tiny model's tokenizer and weights: laws, not particular numbers."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanista.errors import UsageError
from lanista.training import tiny

pytest.importorskip("torch")

NAMES = [f"player_{i}" for i in range(13)]
TEXTS = [
    f"You are {a}, a villager. The players: {', '.join(NAMES)}.\n{b}: I think {c} is a werewolf.\naccuse: {c}\n"
    for a, b, c in zip(NAMES, NAMES[1:], NAMES[2:], strict=False)
] + [f"vote: {name}" for name in NAMES]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return tiny.build_tokenizer(TEXTS, NAMES, vocab_size=400)


def encode(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    return ids


@given(text=st.text() | st.lists(st.sampled_from([*NAMES, tiny.END, tiny.PAD, " ", "\n", "_1"])).map("".join))
@settings(max_examples=300, deadline=None)
def test_any_text_round_trips_and_never_becomes_structure(tokenizer: Any, text: str) -> None:
    ids = encode(tokenizer, text)
    assert tokenizer.decode(ids) == text
    assert tokenizer.decode(ids, skip_special_tokens=True) == text
    assert not set(ids) & set(tokenizer.all_special_ids)


@pytest.mark.parametrize("name", NAMES)
def test_a_seats_name_is_the_same_single_token_everywhere(tokenizer: Any, name: str) -> None:
    (own,) = encode(tokenizer, name)
    for text in (f"vote: {name}", f"{name}: hello", f"a,{name}.", f"{name}{name}", f" {name}\n"):
        ids = encode(tokenizer, text)
        assert ids.count(own) == text.count(name)
        assert not {t for other in NAMES if other != name for t in encode(tokenizer, other)} & set(ids)


def runs(ids: list[int], wanted: list[int]) -> int:
    return sum(ids[i : i + len(wanted)] == wanted for i in range(len(ids)))


@given(
    number=st.one_of(
        st.integers(0, 99999).map(str),
        st.dates().map(str),
        st.times().map(lambda time: time.strftime("%H:%M")),
    ),
)
@settings(max_examples=200, deadline=None)
def test_a_number_is_the_same_tokens_wherever_it_stands(number: str) -> None:
    # Around the numbers of the texts stands always the same: what is merged there must not reach into them.
    around = ["leave {}, back {}.", 'search {{"day": "{}", "day": "{}"}}', "costs {} or {} in all"]
    texts = [text.format(f"2025-12-{day}", f"18:{day}") for text in around for day in range(10, 31)] * 3
    tokenizer = _dates_tokenizer(tuple(texts))
    own = encode(tokenizer, number)
    for text in around:
        assert runs(encode(tokenizer, text.format(number, number)), own) >= 2


@functools.cache
def _dates_tokenizer(texts: tuple[str, ...]) -> Any:
    return tiny.build_tokenizer(texts, NAMES, vocab_size=500)


def test_pad_is_not_the_end_token(tokenizer: Any) -> None:
    assert tokenizer.pad_token_id != tokenizer.eos_token_id


ROLES = st.sampled_from(["system", "user", "assistant"])
MESSAGE = st.builds(lambda role, content: {"role": role, "content": content}, ROLES, st.text(max_size=20))


@given(head=st.lists(MESSAGE, min_size=1), tail=st.lists(MESSAGE))
@settings(max_examples=200, deadline=None)
def test_the_template_is_append_only_and_loses_nothing(
    tokenizer: Any, head: list[dict[str, str]], tail: list[dict[str, str]]
) -> None:
    def render(messages: list[dict[str, str]], ask: bool = False) -> str:
        text: str = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=ask)
        return text

    assert render(head + tail).startswith(render(head))
    replied = [*head, {"role": "assistant", "content": "vote: player_1"}]
    assert render(replied) == render(head, ask=True) + "vote: player_1" + tiny.END
    for message in head:
        assert message["content"] in render(head)


def test_the_same_texts_and_seed_give_the_same_bytes(tmp_path: Path) -> None:
    one = tiny.blank(tmp_path / "one", TEXTS, NAMES, size="16x1", seed=3)
    two = tiny.blank(tmp_path / "two", iter(TEXTS), reversed(NAMES), size="16x1", seed=3)  # type: ignore[arg-type]
    other = tiny.blank(tmp_path / "other", TEXTS, NAMES, size="16x1", seed=4)
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        assert (one / name).read_bytes() == (two / name).read_bytes()
    assert (one / "model.safetensors").read_bytes() != (other / "model.safetensors").read_bytes()


def test_building_a_model_leaves_the_global_generator_alone(tokenizer: Any) -> None:
    import torch

    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    tiny.build_model(tokenizer, "16x1", seed=5)
    assert torch.equal(torch.rand(3), expected)


def test_parameters_by_hand(tokenizer: Any) -> None:
    # 64x2: embedding V*64 (tied); a block has 4 projections 64*64, 3 of 64*176 (8/3 * 64 = 170.7, up to a multiple of
    # 16), 2 norms of 64; one norm at the end.
    model = tiny.build_model(tokenizer, "64x2")
    assert model.num_parameters() == len(tokenizer) * 64 + 2 * (4 * 64 * 64 + 3 * 64 * 176 + 2 * 64) + 64


@pytest.mark.parametrize("size", ["64", "64x", "x2", "63x2", "0x2", "64x0", "64x2x2", "big", ""])
def test_a_size_that_is_none_is_refused(size: str) -> None:
    with pytest.raises(UsageError, match="64x2"):
        tiny.parse_size(size)


def test_a_vocabulary_too_small_says_what_it_needs() -> None:
    with pytest.raises(UsageError, match="at least 274"):  # 256 bytes, 5 specials, 13 names
        tiny.build_tokenizer(TEXTS, NAMES, vocab_size=273)
