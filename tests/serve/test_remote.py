"""A seat over the network: the clients of the page play whole games, and what is wrong is said."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lanista.agents import registry
from lanista.arenas.core.episode import Episode
from lanista.errors import Unavailable, UsageError
from lanista.play.runner import play_game

PAGE = Path(__file__).parents[2] / "docs" / "frameworks.md"


@pytest.fixture
def remote() -> Iterator[Any]:
    agent = registry.make("remote:alice?port=0&claim_s=20&time_limit_s=20")
    yield agent
    agent.close()


def playing(agent: Any, guess: Any, found: list[Any]) -> threading.Thread:
    """A game in which the agent holds every seat."""

    def play() -> None:
        seats = guess.rules.seats(guess.configure())
        try:
            found.append(play_game(guess, dict.fromkeys(seats, agent), 1))
        except Unavailable as error:
            found.append(error)

    agent.start()
    thread = threading.Thread(target=play, daemon=True)
    thread.start()
    return thread


def ask(agent: Any, method: str, path: str, body: Any = None, key: str | None = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(agent.url.split("/")[2], timeout=30)
    plain = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method, f"/v1/{path}", plain, {"Authorization": f"Bearer {key or agent.key}"})
    answer = connection.getresponse()
    raw = answer.read()
    return answer.status, json.loads(raw) if raw else None


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_python_client_of_the_page_plays_a_game(remote: Any, guess: Any, tmp_path: Path) -> None:
    (code,) = [code for code in blocks("python") if "claims" in code]
    assert len(code.strip().splitlines()) <= 14
    found: list[Any] = []
    game = playing(remote, guess, found)
    script = tmp_path / "client.py"
    script.write_text(code.replace("http://127.0.0.1:8765/v1", remote.url).replace('"KEY"', repr(remote.key)))
    clients = [
        subprocess.Popen([sys.executable, script], stderr=subprocess.PIPE, text=True)
        for _ in guess.rules.seats(guess.configure())
    ]
    game.join(60)
    (episode,) = found
    assert isinstance(episode, Episode)
    assert {turn.by for step in episode.steps for turn in step.turns} == {"seat"}
    for client in clients:  # the game is over: 410 ends them
        assert "HTTP Error 410" in (client.communicate(timeout=60)[1])


def test_the_curl_client_of_the_page_plays_a_turn(remote: Any, guess: Any) -> None:
    (code,) = [code for code in blocks("sh") if "claims" in code]
    found: list[Any] = []
    playing(remote, guess, found)
    script = code.replace("http://127.0.0.1:8765/v1", remote.url).replace("KEY=...", f"KEY={remote.key}")
    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert '"turn"' in done.stdout


def test_two_programs_cannot_claim_one_seat(remote: Any, guess: Any) -> None:
    playing(remote, guess, [])
    status, seat = ask(remote, "POST", "claims", {"seat": "guesser_0"})
    assert (status, seat["seat"]) == (200, "guesser_0")
    status, error = ask(remote, "POST", "claims", {"seat": "guesser_0"})
    assert (status, error["error"]["code"]) == (409, "seat_claimed")
    status, other = ask(remote, "POST", "claims", {})
    assert (status, other["seat"]) == (200, "guesser_1")
    assert ask(remote, "POST", "claims", {"role": "nobody", "wait_s": 0})[0] == 204


def test_a_turn_is_answered_once(remote: Any, guess: Any) -> None:
    playing(remote, guess, [])
    _, seat = ask(remote, "POST", "claims")
    _, question = ask(remote, "GET", f"seats/{seat['id']}/question")
    assert question["turn"] == 0
    assert ask(remote, "POST", f"seats/{seat['id']}/reply", {"turn": 3, "reply": "x"})[0] == 409
    reply = {"turn": 0, "reply": question["legal"][0]}
    assert ask(remote, "POST", f"seats/{seat['id']}/reply", reply)[0] == 204
    assert ask(remote, "POST", f"seats/{seat['id']}/reply", reply)[0] == 409
    assert ask(remote, "GET", f"seats/{seat['id']}/question?wait_s=0")[0] == 204  # the others are still thinking


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("POST", "claims", b"{", 400, "the body is no JSON"),
        ("POST", "claims", {"rôle": "x"}, 400, "unknown parameter"),
        ("POST", "claims", {"role": 3}, 400, "role is a text, not 3"),
        ("POST", "claims", {"wait_s": 1e9}, 400, "wait_s is a number of seconds from 0 to 120"),
        ("GET", "seats/9-x/question", None, 404, "there is no seat '9-x'"),
        ("POST", "seats/SEAT/reply", {"reply": "x"}, 400, "turn is a whole number"),
        ("POST", "seats/SEAT/reply", {"turn": 0, "reply": None}, 400, "reply is a text, not None"),
        ("POST", "seats/SEAT/reply", b"x" * (9 << 20), 413, "a request holds at most"),
        ("GET", "seats/SEAT/question?wait_s=soon", None, 400, "not 'soon'"),
        ("DELETE", "claims", None, 405, "is not served here"),
    ],
)
def test_what_is_wrong_is_said(
    remote: Any, guess: Any, method: str, path: str, body: Any, status: int, says: str
) -> None:
    playing(remote, guess, [])
    _, seat = ask(remote, "POST", "claims")
    found, error = ask(remote, method, path.replace("SEAT", seat["id"]), body)
    assert (found, says in error["error"]["message"]) == (status, True), error


def test_a_wrong_key_is_refused(remote: Any) -> None:
    remote.start()
    status, error = ask(remote, "POST", "claims", {}, key="wrong")
    assert (status, error["error"]["code"]) == (401, "invalid_api_key")


def test_a_seat_that_nobody_claims_suspends_its_game(guess: Any) -> None:
    agent = registry.make("remote:bob?port=0&claim_s=0.2")
    found: list[Any] = []
    playing(agent, guess, found).join(20)
    agent.close()
    assert re.fullmatch(r"nobody claimed guesser_\d within 0.2 s", str(found[0]))


def test_a_program_that_says_nothing_forfeits(guess: Any) -> None:
    agent = registry.make("remote:bob?port=0&time_limit_s=0.2")
    found: list[Any] = []
    game = playing(agent, guess, found)
    for _ in guess.rules.seats(guess.configure()):
        ask(agent, "POST", "claims")
    game.join(30)
    agent.close()
    (episode,) = found
    assert {turn.why for step in episode.steps for turn in step.turns} == {"no reply within 0.2 s"}


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("remote:", "ends in a colon"),
        ("remote:?port=1", "has a name for the record"),
        ("remote:a?prt=1", "did you mean 'port'"),
        ("remote:a?port=x", "cannot be 'x'"),
        ("remote:a?port=99999", "port is 0 to 65535"),
        ("remote:a?host=0.0.0.0", "say public as well and give a key"),
        ("remote:a?host=0.0.0.0&public=true", "needs a key of 16 characters or more"),
    ],
)
def test_what_cannot_be_is_said(spec: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LANISTA_SERVE_KEY", raising=False)
    with pytest.raises(UsageError, match=re.escape(says)):
        registry.make(spec)


def test_a_taken_port_suspends(remote: Any, guess: Any) -> None:
    port = remote.start().split(":")[2].split("/")[0]
    other = registry.make(f"remote:bob?port={port}")
    with pytest.raises(Unavailable, match="nothing can be served"):
        play_game(guess, dict.fromkeys(guess.rules.seats(guess.configure()), other), 1)


def test_the_page_shows_every_line_of_the_examples() -> None:
    shown = blocks("py")
    examples = sorted((PAGE.parents[1] / "examples" / "frameworks").glob("*.py"))
    assert len(examples) == 7
    for example in examples:
        assert example.read_text(encoding="utf-8") in shown, example.name
