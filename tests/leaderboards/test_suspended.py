"""A tournament against a server that dies, refuses its key and comes back: no game is lost, and none is forfeited."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lanista.cli import main
from lanista.errors import Unavailable
from lanista.leaderboards.tournament import SUSPENSIONS, run_tournament
from lanista.runs import Run

pytest.importorskip("openai")

SMALL = {"players": 5, "wolves": 1, "roles": ()}


class Server:
    """A chat server that replies with the first legal reply, until it is told to do otherwise."""

    def __init__(self) -> None:
        self.status = 200
        self.asked = 0
        self.dies_after: int | None = None
        self.broken: set[int] = set()
        self.counting = threading.Lock()
        self.port = 0
        self.start()

    def start(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with outer.counting:
                    outer.asked += 1
                    number = outer.asked
                if outer.dies_after is not None and number > outer.dies_after:
                    self.close_connection = True
                    return  # as a process that is killed leaves its connections
                status = 503 if number in outer.broken else outer.status
                living = re.findall(r"player_[0-4]", body["messages"][-1]["content"])
                reply = f"vote: {living[-1]}" if living else "hello"
                choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": reply}}
                whole = {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
                said = json.dumps(whole if status == 200 else {"error": {"message": "no"}}).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Many(ThreadingHTTPServer):
            request_queue_size = 64

        self.http = Many(("127.0.0.1", self.port), Handler)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()

    @property
    def agent(self) -> str:
        return f"openai:m@http://127.0.0.1:{self.port}/v1"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    from lanista.agents.openai import OpenAIAgent

    real = OpenAIAgent.__init__

    def impatient(self: OpenAIAgent, address: str, **options: Any) -> None:
        real(self, address, **{"max_retries": 0, **options})

    monkeypatch.setattr(OpenAIAgent, "__init__", impatient)
    made = Server()
    yield made
    made.stop()


def run(path: Path, server: Server, games: int = 12, **options: Any) -> Any:
    given: dict[str, Any] = {"workers": 0, "config": SMALL, "command": ["lanista", "tournament"], **options}
    return run_tournament("werewolf", ["random", server.agent], games, 3, out=path, **given)


def games(path: Path) -> list[tuple[str, bytes]]:
    with Run.open(path) as opened:
        return [(columns["id"], episode.canonical()) for columns, episode in opened.store.items()]


def test_games_of_a_broken_server_are_suspended_the_others_played_and_resume_plays_them(
    tmp_path: Path, server: Server
) -> None:
    run(tmp_path / "whole", server)
    server.asked, server.broken = 0, {20, 33, 47}
    path = tmp_path / "run"
    with pytest.raises(Unavailable, match=r"of 12 games are suspended \(.*openai:m@.*said 503.*--resume") as caught:
        run(path, server)
    assert caught.value.code == 1
    with Run.open(path) as opened:
        left = opened.store.suspended()
        assert "finished" not in opened.meta
        assert len(opened.store.games()) == 12 - len(left)
        assert left
        assert all(json.loads(row["session"])["game"]["journal"] for row in left)
    assert "forfeit" not in json.dumps([row["session"] for row in left])
    server.broken = set()
    before = server.asked
    assert run(path, server, resume=True).played == len(left)
    assert server.asked > before
    with Run.open(path) as opened:
        assert opened.store.suspended() == []
        assert "finished" in opened.meta
    assert games(path) == games(tmp_path / "whole")


def test_a_server_that_dies_stops_the_run_and_its_return_finishes_it(tmp_path: Path, server: Server) -> None:
    run(tmp_path / "whole", server, games=40)
    server.asked, server.dies_after = 0, 60
    path = tmp_path / "run"
    with pytest.raises(Unavailable, match=rf"failed {SUSPENSIONS} games in a row \(cannot reach .*--resume"):
        run(path, server, games=40, max_concurrent_games=16)
    server.stop()
    with pytest.raises(Unavailable, match=rf"failed {SUSPENSIONS} games in a row"):
        run(path, server, games=40, max_concurrent_games=16, resume=True)
    server.dies_after = None
    server.start()
    run(path, server, games=40, max_concurrent_games=16, resume=True)
    assert games(path) == games(tmp_path / "whole")


def test_a_refused_key_is_one_sentence_and_exit_code_1(
    tmp_path: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.status = 401
    words = [
        "tournament",
        "werewolf",
        "--agents",
        f"random,{server.agent}",
        "--games",
        "4",
        "--out",
        str(tmp_path / "r"),
    ]
    with pytest.raises(SystemExit) as left:
        main([*words, "--set", "players=5", "--set", "wolves=1", "--set", "roles=", "--json"])
    assert left.value.code == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert re.search(
        r"error: 4 of 4 games are suspended \(4 because openai:\S+ was unavailable: \S+ said 401", told.err
    )
    assert "--resume" in told.err
