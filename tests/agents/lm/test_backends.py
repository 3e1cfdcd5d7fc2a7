"""The seam between an agent and what plays its model: another backend, found by its entry point, sits in the seats."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lanista.agents import lm, registry
from lanista.agents.lm import backends
from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.backends import hf
from lanista.agents.lm.backends.base import Backend, GenerateRequest, GenerateResult
from lanista.agents.lm.backends.hf.backend import HFBackend
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.refs import PolicyRef
from lanista.agents.lm.sampling import Sampling
from lanista.agents.lm.tokens import TokenTurn
from lanista.arenas.core import registry as arenas
from lanista.cli import main
from lanista.errors import LanistaError, UsageError
from lanista.play.runner import play_game

from .conftest import ask, talk
from .parrot import Parrot

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Somebody's package on the path, as pip would put it there."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def put(name: str, code: str, **entries: str) -> None:
        (tmp_path / f"{name}.py").write_text(code, "utf-8")
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
        lines = [f"[{backends.GROUP}]", *(f"{entry} = {name}:{value}" for entry, value in entries.items())]
        (info / "entry_points.txt").write_text("\n".join(lines), "utf-8")
        importlib.invalidate_caches()

    yield put
    for module in set(sys.modules) - before:
        if module.startswith("their_"):
            del sys.modules[module]


@pytest.fixture
def parrot(install: Install) -> None:
    install("their_parrot", Path(inspect.getfile(Parrot)).read_text("utf-8"), parrot="Parrot")


def test_the_example_is_one_module_of_under_sixty_lines() -> None:
    assert len(Path(inspect.getfile(Parrot)).read_text("utf-8").splitlines()) < 60


def test_every_part_of_the_contract_is_checked_for() -> None:
    parts = {name for name, value in vars(Backend).items() if not name.startswith("_") and value is not None}
    assert parts == set(backends._PARTS)


def test_a_backend_found_by_its_entry_point_plays_whole_games(parrot: None) -> None:
    arena = arenas.get("werewolf")
    agent = registry.make("lm:polly?backend=parrot&temperature=0.5&max_new_tokens=9&loud=yes&context=4000")
    assert isinstance(agent, LMAgent)
    assert type(agent.backend).__module__ == "their_parrot"
    assert agent.backend.loud is True  # type: ignore[attr-defined]
    config = arena.configure(players=5, wolves=1)
    game = play_game(arena, dict.fromkeys(arena.rules.seats(config), agent), 3, config=config)
    asked = agent.backend.asked  # type: ignore[attr-defined]
    assert {request.sampling for request in asked} == {Sampling(temperature=0.5, max_new_tokens=9)}
    assert all(len(request.ids) + 9 <= 4000 for request in asked)
    turns = [t for step in game.steps for turn in step.turns for t in TokenTurn.all_from_meta(turn.meta)]
    assert len(turns) == len(asked)
    assert {turn.policy for turn in turns} == {PolicyRef("polly", "1")}
    agent.close()
    assert agent.backend.held == set()  # type: ignore[attr-defined]
    assert agent.backend.closed is True  # type: ignore[attr-defined]


def test_a_conversation_has_one_handle_and_lets_go_of_it(parrot: None) -> None:
    agent = lm.make("polly", backend="parrot", max_new_tokens=5)
    histories = talk(agent, seats=3, turns=3)
    backend: Any = agent.backend
    by_handle: dict[Any, list[GenerateRequest]] = {}
    for request in backend.asked:
        by_handle.setdefault(request.handle, []).append(request)
    assert sorted(map(len, by_handle.values())) == [3, 3, 3]
    for requests in by_handle.values():  # each goes on from the one before it
        for before, after in pairwise(requests):
            assert list(after.ids[: len(before.ids)]) == list(before.ids)
    assert len(histories) == 3
    agent.forget("g")
    assert backend.held == set()


def test_another_agent_on_the_same_backend_has_other_handles(policy: Policy) -> None:
    backend = HFBackend(policy)
    one, two = (LMAgent(backend, sampling=Sampling(max_new_tokens=3)) for _ in range(2))
    talk(one, seats=2, turns=1)
    talk(two, seats=2, turns=1)
    assert len(policy.states) == 4
    one.close()
    assert len(policy.states) == 2


def test_scoring_and_choosing_go_through_the_same_seam(parrot: None) -> None:
    agent = lm.make("polly", backend="parrot", mode="score", temperature=0)
    legal = ("vote: player_1", "vote: player_1 player_1")
    (answer,) = agent.answer([ask("s", "vote", legal=legal)])
    assert answer.text == legal[0]  # type: ignore[union-attr]  # the shorter one


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (
            "polly?backend=parot",
            r"unknown backend 'parot'; did you mean 'parrot'\? \(there is: hf, openai-ids, parrot, vllm\)",
        ),
        (
            "broken?backend=parrot",
            "'parrot' cannot play 'broken': RuntimeError: the cage is open; backend=hf",
        ),
        ("none?backend=parrot", "a parrot needs a name"),
        ("polly?backend=parrot&louder=1", r"no option 'louder'; did you mean 'loud'\?"),
        ("polly?backend=parrot&context=long", "context of lm:polly is a whole number, not 'long'"),
        ("polly?backend=parrot&device=cpu", "no option 'device'"),
        ("polly?backend=parrot&context=64", "max_new_tokens is 64, and the whole context of 'polly' holds 64"),
        ("polly?backend=parrot&thinking=no", "has no switch for thinking"),
    ],
)
def test_what_is_wrong_with_a_backend_is_one_line_and_exit_2(
    parrot: None, spec: str, said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        registry.make(f"lm:{spec}")
    with pytest.raises(SystemExit) as left:
        main(["tournament", "werewolf", "--agents", f"lm:{spec},random", "--games", "1", "--out", str(tmp_path / "t")])
    shown = capsys.readouterr().err
    assert left.value.code == 2
    assert len(str(caught.value).splitlines()) == 1
    assert " ".join(str(caught.value).split()[:6]) in " ".join(shown.split())


@pytest.mark.parametrize(
    ("code", "value", "said"),
    [
        ("import nothing_of_that_name", "make", "ModuleNotFoundError"),
        ("raise SystemExit(3)", "make", "cannot be loaded: SystemExit"),
        ("make = 3", "make", "is a int, not callable"),
        ("def make(model): return object()", "make", "is a object without name, chat, context"),
        ("def make(): return object()", "make", "cannot play 'x': TypeError"),
    ],
)
def test_a_broken_plug_in_is_a_usage_error_with_a_way_out(install: Install, code: str, value: str, said: str) -> None:
    install("their_broken", code, broken=value)
    with pytest.raises(UsageError, match=f"{said}.*backend=hf plays models in this process") as caught:
        lm.make("x", backend="broken")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "0 results for 1 requests"),
        ([GenerateResult(ids=[], logps=[], finish="end")], "a reply of 0 ids"),
        ([GenerateResult(ids=[1, 2], logps=[-1.0], finish="end")], "a reply of 2 ids with 1 log-prob"),
    ],
)
def test_a_backend_that_breaks_its_contract_is_named(monkeypatch: pytest.MonkeyPatch, given: Any, said: str) -> None:
    backend = Parrot("polly")
    monkeypatch.setattr(backend, "generate", lambda requests: given)
    with pytest.raises(LanistaError, match=f"the backend Parrot of lm gave {said}"):
        LMAgent(backend).answer([ask("s", "vote")])


def test_options_of_a_backend_are_the_keywords_of_its_factory() -> None:
    assert set(backends.options("hf")) == {
        name for name, p in inspect.signature(hf.make).parameters.items() if p.kind is p.KEYWORD_ONLY
    }
    assert backends.options("hf")["batch_size"] is int


def test_an_agent_on_another_backend_loads_no_torch() -> None:
    code = (
        "import sys, lanista.agents.lm.agent, lanista.agents.lm.backends, lanista.agents.lm.settings, "
        "lanista.agents.lm.backends.hf; print([m for m in ('torch', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert json.loads(done.stdout.replace("'", '"')) == []
