"""Programs in seats: what they are given, what becomes of bad ones, in this process and in another interpreter."""

from __future__ import annotations

import http.server
import importlib.util
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from programs_for_tests import __file__ as PROGRAMS
from served import Actor

from lanista.agents import registry
from lanista.agents.contract import Answer, Exchange, Question
from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.sampling import Sampling
from lanista.arenas.core import registry as arenas
from lanista.arenas.core.contract import Forfeit
from lanista.errors import LanistaError, Unavailable, UsageError
from lanista.play.runner import play_game

BARE = str(Path(sys.base_prefix) / "bin" / "python3")
"""An interpreter that has none of our packages."""


@pytest.fixture
def seated() -> Iterator[Callable[..., Any]]:
    made: list[Any] = []

    def make(factory: str, lines: Sequence[str] = (), **options: Any) -> Any:
        model = LMAgent(Actor(lines), sampling=Sampling(max_new_tokens=200)) if options.pop("actor", True) else None
        agent = registry.make(f"program:{PROGRAMS}:{factory}", arena="werewolf", model=model, **options)
        made.append(agent)
        return agent

    yield make
    for agent in made:
        agent.close()


def question(text: str = "Who?", seat: str = "player_1", history: Sequence[Exchange] = (), **more: Any) -> Question:
    given: dict[str, Any] = {"game": "g", "seed": 7, "arena": "werewolf", "role": "villager", "phase": "day", **more}
    return Question(
        seat=seat, text=text, history=tuple(history), kind="vote", legal=("silent",), legal_complete=True, **given
    )


ELSEWHERE = pytest.mark.parametrize("python", [None, BARE], ids=["here", "elsewhere"])


@ELSEWHERE
def test_a_program_holds_a_conversation(seated: Any, python: str | None) -> None:
    agent = seated("plain", ["hello", "ok"], python=python)
    (first,) = agent.answer([question()])
    assert (first.text, len(first.meta["calls"])) == ("hello", 1)
    assert first.meta["usage"]["completion_tokens"] > 0
    history = [Exchange("Who?", "hello", first.meta)]
    (second,) = agent.answer([question("And now?", history=history)])
    assert second.text == "ok"
    asked = agent.model.model.backend.asked
    assert list(asked[1].ids)[: len(asked[0].ids)] == list(asked[0].ids)
    assert not second.meta["calls"][0]["tokens"].get("restart")


@ELSEWHERE
def test_a_program_that_needs_no_model(seated: Any, python: str | None) -> None:
    agent = seated("echo", python=python, actor=False)
    (answer,) = agent.answer([question()])
    assert answer == Answer("villager: Who?", {})
    (answer,) = seated("picky", actor=False).answer([question()])
    assert "no model was named for seat player_1" in answer.text


@ELSEWHERE
@pytest.mark.parametrize(
    ("factory", "why"),
    [
        ("crashes", "raised RuntimeError: no idea"),
        ("cannot_be_made", "raised RuntimeError: no licence"),
        ("hangs", "no reply within 0.5 s"),
        ("loops", "made over 5 calls to its model in one turn"),
        ("mute", "raised TypeError: the program returned a NoneType, not a text"),
        ("not_callable", "the factory returned a str, which cannot be called"),
    ],
)
def test_what_goes_wrong_in_it_is_a_forfeit(seated: Any, factory: str, why: str, python: str | None) -> None:
    agent = seated(factory, python=python, time_limit_s=0.5, max_calls=5)
    for _ in range(2):  # the next turn finds everything in order
        (answer,) = agent.answer([question()])
        assert isinstance(answer, Forfeit)
        assert why in answer.reason
    assert agent.answer([question(game="h")])


def test_a_process_that_ends_is_a_forfeit_and_started_anew(seated: Any) -> None:
    agent = seated("dies", python=BARE)
    for _ in range(2):
        (answer,) = agent.answer([question()])
        assert "its process ended" in answer.reason


def test_a_process_that_blocks_is_killed(seated: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from lanista.serve import elsewhere

    monkeypatch.setattr(elsewhere, "GRACE_S", 0.3)
    agent = seated("blocks", python=BARE, time_limit_s=0.3)
    for _ in range(2):
        (answer,) = agent.answer([question()])
        assert answer == Forfeit("no reply within 0.3 s")


def test_a_program_that_blocks_the_loop_is_left_behind(seated: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from lanista.serve import programs

    monkeypatch.setattr(programs, "STUCK_S", 0.5)
    agent = seated("blocks", time_limit_s=0.2)
    (answer,) = agent.answer([question()])
    assert answer == Forfeit("blocked the event loop: a program must await")
    (answer,) = seated("echo", actor=False).answer([question()])
    assert answer.text == "villager: Who?"


def test_the_others_do_not_notice(seated: Any) -> None:
    agent = seated("plain", ["one", "two"])
    bad = seated("loops", max_calls=3)
    assert isinstance(bad.answer([question()])[0], Forfeit)
    first, second = agent.answer([question(), question(seat="player_2")])
    assert {first.text, second.text} == {"one", "two"}
    assert agent.model.model.backend.batches == [2]  # both seats in one step of the engine


def test_a_program_made_in_mid_game_hears_the_story(seated: Any) -> None:
    agent = seated("echo", actor=False)
    history = [Exchange("Night falls.", "silent"), Exchange("Day breaks.", "")]
    (answer,) = agent.answer([question(history=history)])
    assert answer.text == "villager: Night falls.\n(You replied: silent)\nDay breaks.\nWho?"
    # It goes on with what is new, unless what is told to have been said is not what it said
    (answer,) = agent.answer([question("Next?", history=[*history, Exchange("Who?", answer.text)])])
    assert answer.text == "villager: Next?"
    (answer,) = agent.answer([question("Next?", history=[Exchange("x", "y"), Exchange("x", "z")])])
    assert "(You replied: z)" in answer.text


def test_seats_and_kept_states_are_let_go_of(seated: Any) -> None:
    from lanista.serve.gateway import shared

    agent = seated("plain")
    before = len(shared().places)
    agent.answer([question(seat=f"player_{n}") for n in range(4)])
    assert len(shared().places) == before + 4
    agent.forget("g")
    assert len(shared().places) == before
    assert len(agent.model.model.backend.released) == 4


def test_one_program_for_a_whole_game(seated: Any) -> None:
    agent = seated("team", [str(n) for n in range(5)])
    asked = [question(seat=f"player_{n}", role="werewolf" if n == 4 else "villager") for n in range(5)]
    answers = agent.answer(asked)
    assert sorted(answer.text for answer in answers) == list("01234")
    assert all(len(answer.meta["calls"]) == 1 for answer in answers)  # each call lands on its seat
    assert len(agent._programs) == 1


def test_a_seat_that_nobody_claimed_is_forfeited(seated: Any) -> None:
    agent = seated("team_of_wolves", actor=False)
    wolf, villager = agent.answer([question(role="werewolf"), question(seat="player_2")])
    assert wolf.text == "silent"
    assert villager.reason == "the program claimed no seat of role 'villager' (it claimed: werewolf)"


def test_what_the_engine_raises_comes_out_where_it_learns(seated: Any) -> None:
    agent = seated("plain")

    def broken(requests: Any) -> Any:
        raise ValueError("no weights")

    agent.model.model.backend.generate = broken
    with pytest.raises(ValueError, match="no weights"):
        agent.answer([question()])


def test_a_game_with_programs_is_repeatable(folder: Path) -> None:
    arena = arenas.get("werewolf")
    config = arena.configure(players=5, wolves=1, roles=())
    texts = []
    for _ in range(2):
        agent = registry.make(f"program:{PROGRAMS}:plain?model=lm:{folder}%3Fmax_new_tokens=12", arena="werewolf")
        try:
            episode = play_game(arena, dict.fromkeys(arena.rules.seats(config), agent), 3, config=config)
        finally:
            agent.close()
        texts.append([(t.seat, t.reply, t.attempts) for s in episode.steps for t in s.turns])
    assert texts[0] == texts[1]


@ELSEWHERE
def test_a_models_tool_call_is_the_arenas_call(seated: Any, python: str | None) -> None:
    arena = arenas.get("support_desk")
    said = '<tool_call>{"name": "escalate", "arguments": {"to": "human"}}</tool_call>'
    agent = seated("with_tools", [said], python=python)
    episode = play_game(arena, dict.fromkeys(arena.rules.seats(arena.configure()), agent), 1)
    first = episode.steps[0].turns[0]
    assert (first.by, first.reply) == ("seat", 'escalate {"to": "human"}')


def test_a_call_over_mcp_is_the_move(seated: Any) -> None:
    pytest.importorskip("mcp")
    agent = seated("over_mcp", actor=False)
    (answer,) = agent.answer([question(arena="support_desk", role="router")])
    assert getattr(answer, "text", answer) == 'say {"text": "hello"}'
    (place,) = agent._programs["g/player_1"].places.values()
    assert not place.asked


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ({"id": 1, "method": "resources/list"}, "there is no method 'resources/list' here"),
        ({"id": 1, "method": "tools/call", "params": {"name": "say"}}, "is not asked now"),
        ({"id": 1, "method": "tools/call", "params": {"name": "sy"}}, "did you mean 'say'"),
        ({"method": "notifications/initialized"}, "null"),
    ],
)
def test_what_mcp_cannot_do_is_said(message: dict[str, Any], says: str) -> None:
    from lanista.serve import mcp
    from lanista.serve.calls import Ledger
    from lanista.serve.places import Places

    place = Places().open("g", "router_0", None, "none", Ledger(), arena="support_desk", role="router")
    assert says in json.dumps(mcp.answer(place, message), ensure_ascii=False)


def test_arenas_with_calls_offer_their_tools() -> None:
    from lanista.serve.arena_tools import tools_of

    tools = {tool["function"]["name"]: tool["function"] for tool in tools_of("support_desk", "billing")}
    assert tools["say"]["parameters"]["properties"]["text"]["type"] == "string"
    assert tools_of("werewolf", "villager") == ()
    hard = {tool["function"]["name"] for tool in tools_of("support_desk", "billing", ("notes", "haggling"))}
    assert hard == {*tools, "reason"}
    for arena in ("support_desk", "travel_booking"):
        game = arenas.get(arena)
        for roles in game.roles(game.configure()).values():
            assert all(tools_of(arena, role) for role in roles), (arena, roles)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (f"{PROGRAMS}:nobody", "has no function 'nobody'"),
        (f"{PROGRAMS}:takes_nothing", "a factory takes one argument"),
        ("nowhere.py:f", "there is no file 'nowhere.py'"),
        ("no_such_module:f", "cannot import 'no_such_module'"),
        ("alone", "'alone' names no factory"),
        (f"{PROGRAMS}:echo?python=/no/python", "there is no interpreter '/no/python'"),
        (f"{PROGRAMS}:echo?pyhton=x", "did you mean 'python'"),
        (f"{PROGRAMS}:echo?time_limit_s=soon", "is a number, not 'soon'"),
        (f"{PROGRAMS}:echo?time_limit_s=-1", "time_limit_s is over 0"),
        (f"{PROGRAMS}:echo?model=crowd", "the model of a program is lm:… or openai:MODEL@URL, not 'crowd'"),
        (f"{PROGRAMS}:echo?model", "is written name=value"),
        (f"{PROGRAMS}:nobody?python={BARE}", "has no function 'nobody'"),
        (f"{PROGRAMS}:echo?python=/bin/true", "cannot run programs"),
    ],
)
def test_what_cannot_be_seated_is_said(spec: str, says: str) -> None:
    with pytest.raises(UsageError) as error:
        registry.make(f"program:{spec}")
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("spec", [f"program:{PROGRAMS}:echo", "remote:alice"])
def test_what_is_not_installed_is_said(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "uvicorn" else find(name, *more)
    )
    with pytest.raises(LanistaError, match=r"a server needs uvicorn: pip install 'lanista\[serve\]'"):
        registry.make(spec)


def test_programs_elsewhere_end_with_whoever_started_them(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import os\n"
        "from lanista.agents import registry\n"
        f"agent = registry.make('program:{PROGRAMS}:echo?python={BARE}')\n"
        "print(agent._host._process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    parent = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    child = int(parent.stdout)
    deadline = time.monotonic() + 20
    while Path(f"/proc/{child}").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_forked_process_has_a_gateway_of_its_own(tmp_path: Path) -> None:
    script = tmp_path / "forks.py"
    script.write_text(
        "import os, urllib.error, urllib.request\n"
        "from lanista.serve.gateway import shared\n"
        "mine = shared().url\n"
        "if os.fork() == 0:\n"
        "    try:\n"
        "        urllib.request.urlopen(shared().url + '/models', timeout=10)\n"
        "    except urllib.error.HTTPError as error:\n"
        "        print(error.code, shared().url != mine, flush=True)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert done.stdout == "401 True\n", done.stderr


# A model that is elsewhere


class Elsewhere(http.server.BaseHTTPRequestHandler):
    status = 200
    seen: ClassVar[list[tuple[str, dict[str, Any], str]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.path, body, self.headers["Authorization"]))
        if self.status != 200:
            return self._send(self.status, {"error": {"message": f"no: {self.headers['Authorization']}"}})
        message = {"role": "assistant", "content": "vote: player_2"}
        return self._send(
            200,
            {
                "id": "x",
                "object": "chat.completion",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 4},
            },
        )

    def _send(self, status: int, value: Any) -> None:
        plain = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(plain)))
        self.end_headers()
        self.wfile.write(plain)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Elsewhere, "status", 200)
    monkeypatch.setattr(Elsewhere, "seen", [])
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-secret")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()


def test_a_model_elsewhere_is_recorded_on_the_way(seated: Any, upstream: str, tmp_path: Path) -> None:
    calls = tmp_path / "calls.jsonl"
    spec = f"program:{PROGRAMS}:plain?model=openai:big@{upstream}&price_in=2&price_out=5&calls={calls}"
    agent = registry.make(spec)
    try:
        (answer,) = agent.answer([question()])
    finally:
        agent.close()
    assert isinstance(answer, Answer)
    assert answer.text == "vote: player_2"
    assert answer.meta["usage"] == {"prompt_tokens": 10, "completion_tokens": 4, "cost": 4e-5}
    assert "tokens" not in answer.meta["calls"][0]
    ((path, body, key),) = Elsewhere.seen
    assert (path, body["model"], key) == ("/v1/chat/completions", "big", "Bearer sk-secret-secret")
    (line,) = map(json.loads, calls.read_text().splitlines())
    assert line["request"]["messages"] == [{"role": "user", "content": "Who?"}]
    assert line["reply"] == "vote: player_2"


@pytest.mark.parametrize("status", [401, 429, 500])
def test_a_server_that_fails_is_nobodys_move(upstream: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Elsewhere, "status", status)
    agent = registry.make(f"program:{PROGRAMS}:plain?model=openai:big@{upstream}")
    try:
        (answer,) = agent.answer([question()])
    finally:
        agent.close()
    assert isinstance(answer, Unavailable)
    assert f"said {status} for model 'big'" in str(answer)


def test_a_server_that_is_not_there_is_nobodys_move() -> None:
    agent = registry.make(f"program:{PROGRAMS}:plain?model=openai:big@http://127.0.0.1:9/v1")
    try:
        (answer,) = agent.answer([question()])
    finally:
        agent.close()
    assert isinstance(answer, Unavailable)


def test_the_time_a_model_takes_is_not_the_programs(seated: Any) -> None:
    agent = seated("plain", time_limit_s=0.4)
    backend = agent.model.model.backend
    backend.hold.clear()
    threading.Timer(1.2, backend.hold.set).start()
    started = time.monotonic()
    (answer,) = agent.answer([question()])
    assert answer.text == "ok"
    assert time.monotonic() - started > 1
