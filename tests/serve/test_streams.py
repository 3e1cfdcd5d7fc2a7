"""Streams: words are sent while they are sampled, what was sent is how the reply begins, and a cut one is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from served import Actor, Table, Teller

from lanista.agents.lm.tokens import TokenTurn
from lanista.errors import LanistaError
from lanista.serve import tools
from lanista.serve.telling import Feed, Telling

WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}},
}
CALLED = 'Let me see. <tool_call>{"name": "weather", "arguments": {}}</tool_call>'
HELLO: list[Any] = [{"role": "user", "content": "hello"}]
LONG = "there, hello: you hear there of ok"
"""Many tokens."""


@pytest.fixture
def table() -> Iterator[Callable[..., Table]]:
    made: list[Table] = []

    def make(*args: Any, **more: Any) -> Table:
        made.append(Table(*args, actor=Teller, **more))
        return made[-1]

    yield make
    for each in made:
        each.actor.free.set()
        each.close()


def until(is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.005)


def test_words_are_sent_while_they_are_sampled_and_the_end_is_written_down_first(table: Any) -> None:
    at = table([LONG])
    place = at.sit()
    at.actor.step(2)
    stream = at.client(place).chat.completions.create(
        model="policy", messages=HELLO, stream=True, logprobs=True, stream_options={"include_usage": True}
    )
    ids = at.actor.chat.reply(LONG)
    words, finish = "", None
    logprobs: list[Any] = []
    for chunk in stream:
        for choice in chunk.choices:
            if choice.delta.content and not words:
                assert place.turn.calls == []  # it is not over
                at.actor.free.set()
            words += choice.delta.content or ""
            logprobs += choice.logprobs.content if choice.logprobs else []
            if choice.finish_reason:
                (call,) = place.turn.calls
                finish = choice.finish_reason
    assert (words, finish) == (LONG, "stop")
    assert call.tokens is not None
    assert list(call.tokens.ids) == ids
    assert [piece.logprob for piece in logprobs] == [-0.5] * len(ids)


def test_responses_stream_too_and_calls_are_never_words(table: Any) -> None:
    at = table([CALLED])
    tool = {"type": "function", **WEATHER["function"]}
    at.actor.step(len(at.actor.chat.reply("Let me see.")) - 1)
    with at.client(at.sit()).responses.stream(model="policy", input="hello", tools=[tool]) as stream:
        first = ""
        for event in stream:
            if event.type == "response.output_text.delta":
                first = first or event.delta
                at.actor.free.set()
        final = stream.get_final_response()
    assert "Let me see.".startswith(first)
    assert first
    assert final.output_text == "Let me see."
    assert [item.name for item in final.output if item.type == "function_call"] == ["weather"]


def test_a_stream_that_is_cut_ends_its_sampling_and_what_was_sent_is_kept(table: Any) -> None:
    at = table([LONG, "ok"])
    place = at.sit()
    client = at.client(place)
    at.actor.step(3)
    stream = client.chat.completions.create(model="policy", messages=HELLO, stream=True)
    heard = next(text for chunk in stream if (text := chunk.choices[0].delta.content))
    stream.close()
    until(lambda: bool(at.actor.sampled))
    until(lambda: bool(place.turn.calls))
    (cut,) = place.turn.calls
    assert cut.finish == "cut"
    assert cut.tokens is not None
    assert list(cut.tokens.ids) == at.actor.chat.reply(LONG)[: len(cut.tokens.ids)]
    assert at.actor.sampled[0] < len(at.actor.chat.reply(LONG))
    assert cut.text.startswith(heard)
    at.actor.free.set()
    spoken = [*HELLO, {"role": "assistant", "content": cut.text}, {"role": "user", "content": "you"}]
    client.chat.completions.create(model="policy", messages=spoken)
    turns = TokenTurn.all_from_meta({"calls": [call.to_meta() for call in place.turn.calls]})
    assert [turn.restart for turn in turns] == [True, False]
    assert place.turn.calls[1].drift == ()
    assert list(place.turn.calls[1].whole[: len(cut.whole)]) == list(cut.whole)


def test_a_cut_connection_ends_its_row_in_a_batch_that_has_begun(table: Any) -> None:
    at = table([LONG, LONG], turns=2)
    gone, stays = at.sit("player_1"), at.sit("player_2")
    heard: list[str] = []

    def ask() -> None:
        done = at.client(stays).chat.completions.create(model="policy", messages=HELLO)
        heard.append(done.choices[0].message.content)

    thread = threading.Thread(target=ask)
    thread.start()
    with pytest.raises(openai.APITimeoutError):
        at.client(gone, timeout=1.0).chat.completions.create(model="policy", messages=HELLO)
    until(lambda: not gone.flying)
    at.actor.free.set()
    thread.join(20)
    assert heard == [LONG]
    assert gone.turn.calls == []
    whole = len(at.actor.chat.reply(LONG))
    assert sorted(at.actor.sampled) == [0, whole]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # as a runner would get it
def test_what_fails_in_mid_stream_is_an_error_and_not_an_end(table: Any) -> None:
    at = table([LONG])
    place = at.sit()
    at.actor.step(2)
    stream = at.client(place).chat.completions.create(model="policy", messages=HELLO, stream=True)

    def listen() -> None:
        for chunk in stream:
            if chunk.choices[0].delta.content:
                at.actor.fails = LanistaError("the disk is full")
                at.actor.free.set()

    with pytest.raises(openai.APIError, match="the disk is full"):
        listen()
    assert place.turn.calls == []


def test_what_fails_before_the_first_word_has_its_status(table: Any) -> None:
    at = table(context=201)
    at.actor.free.set()
    with pytest.raises(openai.BadRequestError, match="does not fit"):
        at.client(at.sit()).chat.completions.create(model="policy", messages=HELLO, stream=True)


class Words:
    """Events that are nothing but their words."""

    def more(self, text: str, pieces: Any, logps: Any) -> str:
        return text


ACTOR = Actor()
PARTS = [
    "hello",
    " ",
    "\n",
    "you",
    "vote:",
    "<tool",
    "<tool_call>",
    '{"name": "weather"}',
    "</tool_call>",
    "é",
    "🐺",
    "<",
]


@given(
    st.lists(st.sampled_from(PARTS), max_size=12).map("".join),
    st.sampled_from([(), ("vote: player_1",), ("you", "\n\n")]),
    st.booleans(),
)
def test_what_was_sent_is_how_the_reply_begins(text: str, stop: tuple[str, ...], offered: bool) -> None:
    chat = ACTOR.chat
    feed = Feed()
    telling = Telling(feed, Words(), chat.decode, stop, offered, False)
    said: list[int] = []
    for id_ in chat.reply(text):
        said.append(id_)
        telling.listener.hear([id_], [-0.5])
        final = chat.decode(said)
        if any(word in final for word in stop):  # a sampler ends here
            final = final[: min(at for word in stop if (at := final.find(word)) >= 0)]
            break
    if offered:
        final, _ = tools.found_calls(final, ["weather"])
    assert final.startswith(telling.sent)
    assert feed.sent.decode() == telling.sent
