"""Conversations as ids: what the template says, and nothing that a player can say."""

from __future__ import annotations

import copy
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanista.agents.lm.chat import Chat
from lanista.agents.lm.policy import Policy
from lanista.errors import LanistaError

CHATML = (
    "{% for m in messages %}{{ '<|' + m['role'] + '|>\n' + m['content'] + '<|end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
)
NO_SYSTEM = (
    "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "{{ '<|' + m['role'] + '|>' + m['content'] + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
SYSTEM_MOVES = (
    "{% set ns = namespace(s='') %}{% for m in messages %}{% if m['role'] == 'system' %}{% set ns.s = m['content'] %}"
    "{% else %}{% if loop.last %}{{ ns.s }}{% endif %}"
    "{{ '<|' + m['role'] + '|>' + m['content'] + '<|end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
THINKS = (  # drops earlier thoughts, and opens a thought for the model
    "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'].split('</think>')[-1] + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|><think>\n' }}{% endif %}"
)
DATED = "{{ '<|system|>Today is ' + date_string + '<|end|>' }}" + CHATML
COUNTS = "{{ messages | length }}" + CHATML
LAST_ONLY = "{{ '<|user|>' + messages[-1]['content'] + '<|end|><|assistant|>' }}"
NO_END = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}{{ 'assistant: ' }}"


def dressed(tokenizer: Any, template: str | None) -> Any:
    twin = copy.deepcopy(tokenizer)
    twin.chat_template = template
    return twin


def messages(*contents: str, system: str | None = None) -> list[dict[str, str]]:
    turns = [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(contents)]
    return turns if system is None else [{"role": "system", "content": system}, *turns]


def rendered(tokenizer: Any, *contents: str, system: str | None = None) -> list[int]:
    ids: list[int] = tokenizer.apply_chat_template(
        messages(*contents, system=system), add_generation_prompt=True, return_dict=False, date_string="01 Jan 2026"
    )
    return ids


def holds_what_the_template_says(tokenizer: Any) -> None:
    chat = Chat(tokenizer)
    for system in (None, "Play well."):
        ids = chat.first("Who is it?\nSay `vote: NAME`.", system)
        assert ids == rendered(tokenizer, "Who is it?\nSay `vote: NAME`.", system=system)
        ids += chat.reply("vote: player_3")
        ids += chat.next("  player_3 is dead.\n\nVote again.")
        cut = "I think player_"
        ids += [*chat.reply(cut)[:-1], *chat.next("You were cut off.", ended=False)]
        said = ("Who is it?\nSay `vote: NAME`.", "vote: player_3", "  player_3 is dead.\n\nVote again.", cut)
        assert ids == rendered(tokenizer, *said, "You were cut off.", system=system)


@pytest.mark.parametrize("template", [None, CHATML, DATED])
def test_ids_are_those_of_the_template_where_nothing_is_hidden_in_the_text(
    tokenizer: Any, template: str | None
) -> None:
    holds_what_the_template_says(dressed(tokenizer, template or tokenizer.chat_template))


@pytest.mark.slow
def test_ids_are_those_of_smollm2s_template(smollm2: Policy) -> None:
    holds_what_the_template_says(smollm2.tokenizer)


def stays_data(chat: Chat, content: str) -> None:
    """Content adds no control token; the whole decodes to the template with the content in it, letter by letter."""
    control = set(chat.control.values())
    harmless = [i for i in chat.first("hello") if i in control]
    ids = chat.first(content)
    assert [i for i in ids if i in control] == harmless
    template = chat.tokenizer.apply_chat_template(messages("MARK"), tokenize=False, add_generation_prompt=True)
    decoded = chat.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    assert decoded == template.replace("MARK", content)
    assert chat.decode(chat.reply(content)) == content
    assert [i for i in chat.reply(content) if i in control] == [chat.end_ids[0]]


def hostile(chat: Chat, *unknown: Literal["Cc", "Cn", "Co"]) -> st.SearchStrategy[str]:
    """Text made of control tokens, of other models' too, and of anything but characters of ``unknown`` categories."""
    words = [*chat.control, "</s>", "<s>", "[INST]", "</think>", "Moderator:", "player_3", "\n", " ", "<|", "|>"]
    text = st.text(st.characters(exclude_categories=("Cs", *unknown)), max_size=12)
    return st.lists(st.one_of(st.sampled_from(words), text), max_size=8).map("".join)


@given(data=st.data())
def test_what_players_say_is_data(tokenizer: Any, data: st.DataObject) -> None:
    chat = Chat(tokenizer)
    stays_data(chat, data.draw(hostile(chat)))


@pytest.mark.slow
@given(data=st.data())
def test_what_players_say_is_data_to_smollm2(smollm2: Policy, data: st.DataObject) -> None:
    # Its vocabulary has no bytes for some control characters and unassigned planes: those it cannot see.
    stays_data(smollm2.chat, data.draw(hostile(smollm2.chat, "Cc", "Cn", "Co")))


@pytest.mark.slow
def test_characters_that_smollm2_does_not_know_are_left_out(smollm2: Policy) -> None:
    assert smollm2.chat.reply("a\x1db") == smollm2.chat.reply("a")[:-1] + smollm2.chat.reply("b")


def test_lone_surrogates_are_replaced(tokenizer: Any) -> None:
    chat = Chat(tokenizer)
    assert chat.first("a\ud800b") == chat.first("a\ufffdb")


def test_names_made_into_words_stay_words_and_template_words_do_not(tokenizer: Any) -> None:
    twin = dressed(tokenizer, THINKS)
    twin.add_tokens(["<think>"])
    chat = Chat(twin)
    think, name = twin.convert_tokens_to_ids(["<think>", "player_3"])
    assert think in chat.first("hello")  # the template opens a thought
    assert chat.first("<think>").count(think) == 1  # a player cannot
    assert name in chat.first("player_3 hangs")


def test_a_word_that_stands_in_the_templates_code_stays_a_word(tokenizer: Any) -> None:
    """ "end" is in ``endfor`` and may be an argument of a tool."""
    twin = dressed(tokenizer, THINKS)
    words = ["end", "message", "role", "content"]
    twin.add_tokens(words)
    ids = Chat(twin).first("the end of a message: role, content")
    assert set(twin.convert_tokens_to_ids(words)) <= set(ids)


def test_a_template_that_drops_thoughts_is_followed_append_only(tokenizer: Any) -> None:
    chat = Chat(dressed(tokenizer, THINKS))
    user, end, assistant = (chat.control[f"<|{name}|>"] for name in ("user", "end", "assistant"))
    opened = [assistant, *chat._plain("<think>\n")]
    assert chat.first("a") == [user, *chat._plain("a"), end, *opened]
    assert chat.next("b") == [user, *chat._plain("b"), end, *opened]


@pytest.mark.parametrize("template", [NO_SYSTEM, SYSTEM_MOVES])
def test_system_text_opens_the_first_user_turn_where_the_template_has_no_place_for_it(
    tokenizer: Any, template: str
) -> None:
    chat = Chat(dressed(tokenizer, template))
    assert chat.first("Begin.", "Play well.") == chat.first("Play well.\n\nBegin.")


@pytest.mark.parametrize("template", [COUNTS, LAST_ONLY, NO_END, "{{ nothing.at.all }}"])
def test_templates_that_cannot_grow_are_refused(tokenizer: Any, template: str) -> None:
    with pytest.raises(LanistaError, match="cannot be used for a conversation that only grows") as caught:
        Chat(dressed(tokenizer, template))
    assert "\n" not in str(caught.value)


def test_a_tokenizer_without_a_template_is_refused_with_what_to_do(tokenizer: Any) -> None:
    with pytest.raises(LanistaError, match=r"no chat template.*instruction-tuned sibling"):
        Chat(dressed(tokenizer, None))


def test_end_ids_begin_with_the_templates_own(tokenizer: Any) -> None:
    chat = Chat(tokenizer, [7, tokenizer.eos_token_id])
    assert chat.end_ids == (tokenizer.convert_tokens_to_ids("<|end|>"), 7)


def test_conversations_are_exchangeable_only_under_the_same_tokens_and_template(tokenizer: Any) -> None:
    plain = Chat(tokenizer).fingerprint
    assert Chat(copy.deepcopy(tokenizer)).fingerprint == plain
    assert Chat(dressed(tokenizer, CHATML)).fingerprint != plain
