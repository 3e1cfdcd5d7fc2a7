"""Models behind OpenAI-compatible servers: a real one that plays, and real ones that fail in every way."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from lanista.agents.contract import Answer, Exchange, Question
from lanista.agents.openai import OpenAIAgent, messages
from lanista.arenas.core.contract import Arena, Forfeit
from lanista.arenas.core.episode import Episode
from lanista.errors import Unavailable, UsageError
from lanista.play.runner import GameSpec, play, play_game

pytest.importorskip("openai")

SEATS = ("guesser_0", "guesser_1", "guesser_2")


def question(text: str = "What do you say?", history: tuple[Exchange, ...] = (), seed: int = 1) -> Question:
    return Question(
        game="g",
        seat="s",
        seed=seed,
        arena="x",
        role="r",
        phase="p",
        kind="k",
        text=text,
        legal=(),
        legal_complete=False,
        history=history,
    )


# A server that runs a model


@pytest.mark.slow  # a server starts for it
def test_a_served_model_plays_whole_games(guess: Arena, served: str) -> None:
    agent = OpenAIAgent(served, price_in=2.0, price_out=10.0, temperature=0.0, max_tokens=8, parallel=4)
    seating = dict.fromkeys(SEATS, agent)
    played = [GameSpec(id=str(i), arena=guess, seed=i, seating=seating) for i in range(2)]
    episodes: list[Episode] = []
    play(played, on_game=lambda _, game: episodes.append(game.episode()))
    agent.close()
    turns = [turn for episode in episodes for step in episode.steps for turn in step.turns]
    assert [(turn.by, turn.reply) for turn in turns] == [("seat", "3")] * (2 * 3 * 3)
    used = [turn.meta["usage"] for turn in turns]
    # The reply is "3" and the end: two tokens; a byte-level prompt is at least as long as its text.
    assert all(0 < use["completion_tokens"] <= 8 for use in used)
    assert all(use["prompt_tokens"] > len(turn.prompt) for use, turn in zip(used, turns, strict=True))
    total = agent.usage
    assert (total.replies, total.forfeits, total.unreported) == (18, 0, 0)
    assert total.prompt_tokens == sum(use["prompt_tokens"] for use in used)
    assert total.completion_tokens == sum(use["completion_tokens"] for use in used)
    assert total.cost == pytest.approx((2 * total.prompt_tokens + 10 * total.completion_tokens) / 1e6)
    assert total.cost == pytest.approx(sum(use["cost"] for use in used))


@pytest.mark.slow
def test_the_wrong_model_is_a_forfeit_that_says_so(guess: Arena, served: str) -> None:
    agent = OpenAIAgent("llama9@" + served.partition("@")[2], max_retries=0)
    episode = play_game(guess, dict.fromkeys(SEATS, agent), 0)
    agent.close()
    turns = [turn for step in episode.steps for turn in step.turns]
    assert {turn.by for turn in turns} == {"forfeit"}
    assert all("said 400 for model 'llama9'" in (turn.why or "") for turn in turns)
    assert agent.usage.forfeits == 9


# Servers that fail


Respond = Callable[[dict[str, Any]], tuple[int, bytes]]


class Server:
    """A local HTTP server whose answers a test decides; it keeps what it was asked."""

    def __init__(self, respond: Respond) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: dict[str, str] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append(body)
                status, answer = respond(body)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/v1"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def serve() -> Iterator[Callable[[Respond], Server]]:
    servers: list[Server] = []

    def start(respond: Respond) -> Server:
        servers.append(Server(respond))
        return servers[-1]

    yield start
    for server in servers:
        server.http.shutdown()
        server.http.server_close()


def completion(text: str | None, usage: dict[str, int] | None = None) -> bytes:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    whole = {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}
    return json.dumps(whole).encode()


def reason(answer: Answer | Forfeit | Unavailable) -> str:
    assert isinstance(answer, Forfeit)
    return answer.reason


def fault(answer: Answer | Forfeit | Unavailable) -> str:
    assert isinstance(answer, Unavailable)
    return str(answer)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (500, b'{"error": {"message": "out of memory"}}', "said 500 for model 'm': out of memory"),
        (503, b"<html>nginx</html>", "said 503 for model 'm': <html>nginx</html>"),
        (429, b'{"error": {"message": "slowly"}}', "said 429 for model 'm': slowly"),
        (401, b'{"detail": "who are you?"}', "said 401 for model 'm': who are you?"),
        (402, b'{"detail": "pay"}', "said 402 for model 'm': pay"),
        (403, b'{"detail": "not you"}', "said 403 for model 'm': not you"),
    ],
)
def test_a_server_that_fails_or_refuses_the_key_is_unavailable(
    serve: Callable[[Respond], Server], status: int, body: bytes, expected: str
) -> None:
    server = serve(lambda _: (status, body))
    agent = OpenAIAgent(f"m@{server.url}", max_retries=0)
    assert expected in fault(agent.answer([question()])[0])
    assert len(server.requests) == 1
    assert (agent.usage.unavailable, agent.usage.forfeits) == (1, 0)
    agent.close()


@pytest.mark.parametrize("status", [401, 400, 500])
@pytest.mark.parametrize(
    "body",
    [
        b'{"error": {"message": "Incorrect API key provided: quite-a-secret."}}',
        b'{"detail": "got headers {Authorization: Bearer quite-a-secret}"}',
        b"<html>quite-a-secret</html>",
        b'{"error": {"message": "sk-proj-0123456789abcdef is no key, nor is quite-a-secret"}}',
    ],
)
def test_a_key_that_a_server_repeats_is_kept_nowhere(
    serve: Callable[[Respond], Server], monkeypatch: pytest.MonkeyPatch, status: int, body: bytes
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "quite-a-secret")
    server = serve(lambda _: (status, body))
    agent = OpenAIAgent(f"m@{server.url}", max_retries=0)
    (answer,) = agent.answer([question()])
    said = answer.reason if isinstance(answer, Forfeit) else str(answer)
    assert f"said {status}" in said
    assert "secret" not in said
    assert "0123456789" not in said
    assert "quite-a-secret" not in repr(agent)
    agent.close()


def test_a_refused_key_is_not_tried_again(serve: Callable[[Respond], Server]) -> None:
    server = serve(lambda _: (401, b"{}"))
    agent = OpenAIAgent(f"m@{server.url}", max_retries=5)
    assert "said 401" in fault(agent.answer([question()])[0])
    assert len(server.requests) == 1
    agent.close()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (404, b'{"error": {"message": "no such model"}}', "said 404 for model 'm': no such model"),
        (410, b"", "said 410 for model 'm'"),
        (200, b"{}", "sent no chat completion"),
        (200, b"[1, 2]", ""),
        (200, b"not json", ""),
        (200, b'{"choices": [{"message": null}]}', "raised AttributeError"),
    ],
)
def test_a_bad_reply_is_a_forfeit_with_the_reason(
    serve: Callable[[Respond], Server], status: int, body: bytes, expected: str
) -> None:
    server = serve(lambda _: (status, body))
    agent = OpenAIAgent(f"m@{server.url}", max_retries=0)
    assert expected in reason(agent.answer([question()])[0])
    assert len(server.requests) == 1
    agent.close()


def test_retries_are_bounded_and_help(serve: Callable[[Respond], Server]) -> None:
    states = iter([(429, b"{}"), (200, completion("hello"))])
    server = serve(lambda _: next(states))
    agent = OpenAIAgent(f"m@{server.url}", max_retries=1)
    assert [a.text for a in agent.answer([question()]) if isinstance(a, Answer)] == ["hello"]
    assert len(server.requests) == 2
    down = serve(lambda _: (500, b"{}"))
    other = OpenAIAgent(f"m@{down.url}", max_retries=1)
    assert fault(other.answer([question()])[0]).endswith(": {}, asked 2 times")
    assert len(down.requests) == 2
    agent.close()
    other.close()


def test_the_wait_that_a_server_asks_for_is_kept_within_the_budget(serve: Callable[[Respond], Server]) -> None:
    asked: list[float] = []

    def respond(_: dict[str, Any]) -> tuple[int, bytes]:
        asked.append(time.monotonic())
        return (429, b"{}") if len(asked) == 1 else (200, completion("hello"))

    server = serve(respond)
    server.headers["Retry-After"] = "1.2"
    agent = OpenAIAgent(f"m@{server.url}")
    assert agent.answer([question()])[0] == Answer("hello", {"finish_reason": "stop"})
    assert asked[1] - asked[0] >= 1.2  # the agent's own first wait is half a second
    asked.clear()
    server.headers["Retry-After"] = "3600"
    assert "said 429" in fault(agent.answer([question()])[0])  # and nobody waits an hour
    assert len(asked) == 1
    agent.close()


def test_a_server_that_is_down_is_unavailable(serve: Callable[[Respond], Server]) -> None:
    server = serve(lambda _: (200, b"{}"))
    server.http.shutdown()
    server.http.server_close()
    agent = OpenAIAgent(f"m@{server.url}", max_retries=0)
    assert fault(agent.answer([question()])[0]).startswith(f"cannot reach {server.url}: ")


def test_one_silent_request_is_unavailable_alone(serve: Callable[[Respond], Server]) -> None:
    release = threading.Event()

    def respond(body: dict[str, Any]) -> tuple[int, bytes]:
        if body["messages"][0]["content"] == "slow":
            release.wait(60)
        return 200, completion("fast")

    server = serve(respond)
    agent = OpenAIAgent(f"m@{server.url}", time_limit_s=2.0, max_retries=0)
    answers = agent.answer([question("slow"), question("quick"), question("quick")])
    release.set()
    assert fault(answers[0]) == f"no reply within 2 s from {server.url}"
    assert [a.text for a in answers if isinstance(a, Answer)] == ["fast", "fast"]
    agent.close()


def test_no_more_requests_are_in_flight_than_allowed_and_answers_keep_their_order(
    serve: Callable[[Respond], Server],
) -> None:
    lock = threading.Lock()
    together = threading.Barrier(3)
    now, most = 0, 0

    def respond(body: dict[str, Any]) -> tuple[int, bytes]:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        together.wait(60)  # passes only when three requests are in flight
        with lock:
            now -= 1
        return 200, completion("re: " + body["messages"][0]["content"])

    agent = OpenAIAgent(f"m@{serve(respond).url}", parallel=3, max_retries=0)
    answers = agent.answer([question(str(i)) for i in range(12)])
    agent.close()
    assert [a.text for a in answers if isinstance(a, Answer)] == [f"re: {i}" for i in range(12)]
    assert most == 3


def test_an_empty_reply_is_left_to_the_table_and_counted(guess: Arena, serve: Callable[[Respond], Server]) -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    agent = OpenAIAgent(f"m@{serve(lambda _: (200, completion(None, usage))).url}", price_out=1e6)
    episode = play_game(guess, dict.fromkeys(SEATS, agent), 0)
    agent.close()
    turns = [turn for step in episode.steps for turn in step.turns]
    assert {(turn.why, turn.meta["usage"]["completion_tokens"]) for turn in turns} == {("empty reply", 3)}
    assert (agent.usage.prompt_tokens, agent.usage.completion_tokens, agent.usage.cost) == (63, 27, 27.0)


def test_tokens_that_were_not_reported_are_counted_as_such(serve: Callable[[Respond], Server]) -> None:
    agent = OpenAIAgent(f"m@{serve(lambda _: (200, completion('hi'))).url}", price_in=1.0)
    (answer,) = agent.answer([question()])
    agent.close()
    assert answer == Answer("hi", {"finish_reason": "stop"})
    assert (agent.usage.replies, agent.usage.unreported, agent.usage.cost) == (1, 1, 0.0)


# The conversation


def test_the_request_is_the_conversation_and_the_settings(serve: Callable[[Respond], Server]) -> None:
    server = serve(lambda _: (200, completion("hi")))
    agent = OpenAIAgent(f"org/m@{server.url}/", temperature=0.5, max_tokens=None)
    history = (Exchange("a", "b"), Exchange("c", "", {"forfeit": "x"}), Exchange("d", "e"))
    agent.answer([question("f", history), question("f", history), question("f", history, seed=2)])
    agent.close()
    for request in server.requests:
        assert request["model"] == "org/m"
        assert request["temperature"] == 0.5
        assert "max_tokens" not in request
        assert [(m["role"], m["content"]) for m in request["messages"]] == [
            ("user", "a"),
            ("assistant", "b"),
            ("user", "c\nd"),
            ("assistant", "e"),
            ("user", "f"),
        ]
    seeds = [request["seed"] for request in server.requests]
    assert len(set(seeds)) == 2
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_conversations_only_grow() -> None:
    # Each request's messages begin with the one before and its reply, or with the text of a forfeit continued.
    history: tuple[Exchange, ...] = ()
    before: list[dict[str, str]] = []
    for turn, reply in enumerate(["a", "", "b", "c", "", "", "d"]):
        now = messages(question(f"text {turn}", history))
        assert [m["role"] for m in now] == ["user", "assistant"] * (len(now) // 2) + ["user"]
        assert now[: len(before) - 1] == before[:-1]
        if before:
            assert now[len(before) - 1]["content"].startswith(before[-1]["content"])
        before = now
        history = (*history, Exchange(f"text {turn}", reply))


# Addresses


@pytest.mark.parametrize(
    ("address", "options", "complaint"),
    [
        ("gpt", {}, "names no model at a server"),
        ("@http://x/v1", {}, "names no model at a server"),
        ("m@ftp://x/v1", {}, "names no model at a server"),
        ("m@http://", {}, "names no model at a server"),
        ("m@http:///v1", {}, "is no server's address"),
        ("m@http://x:70000/v1", {}, "is no server's address"),
        ("m@http://me:secret@x/v1", {}, "holds a password"),
        ("m@http://x/v1?api_key=topsecret", {}, "holds a key or a query"),
        ("m@http://x/sk-abcdefgh12345/v1", {}, "holds a key or a query"),
        ("m@http://x/v1", {"price_in": -1.0}, "a price is at least 0, not -1"),
        ("m@http://x/v1", {"time_limit_s": 0}, "time_limit_s is over 0"),
        ("m@http://x/v1", {"key_env": "NO_SUCH_KEY"}, "NO_SUCH_KEY is empty"),
    ],
)
def test_what_cannot_be_asked_is_a_usage_error(address: str, options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        OpenAIAgent(address, **options)


def test_models_may_hold_slashes_colons_and_ats() -> None:
    agent = OpenAIAgent("/a b/m:8b@main@http://127.0.0.1:8000/v1/")
    assert (agent.model, agent.base_url) == ("/a b/m:8b@main", "http://127.0.0.1:8000/v1")
