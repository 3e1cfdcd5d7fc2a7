"""Other people's packages: found by their entry points, broken by themselves alone, refused where two share a name.

Each test installs real metadata (a ``.dist-info`` folder and a module) on the path, as pip would. What docs/plug-in.md
says is in test_plug_in_page.py.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lanista.agents import registry as agents
from lanista.agents.lm import models
from lanista.arenas.core import conformance
from lanista.arenas.core import registry as arenas
from lanista.cli import main
from lanista.errors import LanistaError, UsageError

Install = Callable[..., None]

ARENA = """
from dataclasses import replace
from lanista.scaffold.my_arena import arena as whole
arena = replace(whole, name={name!r})
"""

AGENT = """
from lanista.agents.contract import Answer

class Stubborn:
    '''Insists on one word, as ``stubborn:WORD``.'''

    time_limit_s = None
    batched = False

    def __init__(self, word='no', *, loud=False):
        self.word = word.upper() if loud else word

    def answer(self, questions):
        return [Answer(q.legal[0] if q.legal else self.word) for q in questions]

    def forget(self, game):
        pass

    def close(self):
        pass
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def installed(package: str, source: str, **entries: str) -> None:
        (tmp_path / f"{package}.py").write_text(source, "utf-8")
        info = tmp_path / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", "utf-8")
        lines = [f"[lanista.{group}]\n{entry}\n" for group, entry in entries.items()]
        (info / "entry_points.txt").write_text("\n".join(lines), "utf-8")
        modules.append(package)
        arenas.get.cache_clear()

    modules: list[str] = []
    yield installed
    for module in modules:
        sys.modules.pop(module, None)
    arenas.get.cache_clear()


@pytest.fixture
def lanista(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def test_an_arena_and_an_agent_of_somebody_else_are_in_every_verb(install: Install, lanista: Any) -> None:
    install("their_duel", ARENA.format(name="their_duel"), arenas="their_duel = their_duel:arena")
    install("their_agent", AGENT, agents="stubborn = their_agent:Stubborn")
    assert "their_duel" in arenas.names()
    assert "stubborn" in agents.names()
    (row,) = [row for row in json.loads(lanista("agents", "--json")[1]) if row["name"] == "stubborn"]
    assert row["spec"] == "stubborn:WORD"
    shown = json.loads(lanista("arenas", "their_duel", "--json")[1])
    assert shown["config"]["rounds"] == {"default": 3, "help": "How many rounds are played: 1 to 9."}
    words = ("tournament", "their_duel", "--agents", "random,stubborn:never", "--games", "4", "--workers", "0")
    code, out, err = lanista(*words, "--out", "cup", "--json")
    assert code == 0, err
    assert {line["agent"] for line in json.loads(out)["standings"]} == {"random", "stubborn:never"}
    assert lanista("leaderboard", "cup", "--no-page")[0] == 0
    assert lanista("replay", "cup", "--verify")[1].startswith("4 of 4 games")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import no_such_package_anywhere", "ModuleNotFoundError: No module named 'no_such_package_anywhere'"),
        ("raise RuntimeError('two\\nlines')", "RuntimeError: two lines"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def broken(:", "SyntaxError"),
        ("", "has no attribute 'arena'"),
        ("arena = 3", "the entry point gives a int, not a lanista.arenas.Arena"),
        (ARENA.format(name="another"), "it calls itself 'another'"),
        (ARENA.format(name="sick") + "arena = replace(arena, presets={})", "no preset 'default'"),
        (
            ARENA.format(name="sick") + "arena = replace(arena, presets={'default': {'round': 1.0, 'forfeit': -5.0}})",
            "no weight for illegal_reply",
        ),
        (
            ARENA.format(name="sick") + "def config():\n    raise ValueError('no such table')\n"
            "arena = replace(arena, config=config)",
            "is not sound: ",
        ),
        (
            ARENA.format(name="sick") + "arena = replace(arena, team_terms=frozenset({'ruond'}))",
            "preset 'default' has no weight for the team term 'ruond'",
        ),
        (ARENA.format(name="sick") + "arena = replace(arena, metrics=('won',))", "not a tuple"),
        (
            ARENA.format(name="sick") + "arena = replace(arena, metrics={'won': 'games won'}, success='wno')",
            "its success 'wno' is not among its metrics; did you mean 'won'?",
        ),
    ],
    ids=[
        *("import", "raise", "exit", "syntax", "absent", "type", "name", "preset", "weight", "config"),
        *("team-term", "metrics", "success"),
    ],
)
def test_a_broken_arena_is_named_and_breaks_nobody_else(install: Install, lanista: Any, source: str, says: str) -> None:
    install("sick_package", source, arenas="sick = sick_package:arena")
    with pytest.raises(LanistaError) as caught:
        arenas.get("sick")
    for part in (says, "'sick'", "sick_package 1.0"):
        assert part in str(caught.value)
    listed = {row["name"]: row for row in json.loads(lanista("arenas", "--json")[1])}
    assert says in listed["sick"]["error"]
    assert "hash" in listed["werewolf"]
    code, out, err = lanista("doctor", "--json")
    assert code == 1
    assert "sick" in err
    report = json.loads(out)
    assert says in report["arenas"]["sick"]
    assert report["arenas"]["werewolf"] == "fine"
    assert lanista("play", "werewolf", "--json")[0] == 0
    code, out, err = lanista("play", "sick")
    assert (code, out, len(err.strip().splitlines())) == (1, "", 1)
    assert "sick" not in {model.about for model in models.list_models()}


def test_a_broken_agent_is_named_and_breaks_nobody_else(install: Install, lanista: Any) -> None:
    install("ill", "import no_such_package_anywhere", agents="ill = ill:Agent")
    install("half", "class Half:\n    def answer(self, questions): ...", agents="half = half:Half")
    install("grumpy", "def make():\n    raise OSError('no\\nmood')", agents="grumpy = grumpy:make")
    listed = {row["name"]: row for row in json.loads(lanista("agents", "--json")[1])}
    assert "ill 1.0" in listed["ill"]["error"]
    assert listed["random"]["summary"]
    report = json.loads(lanista("doctor", "--json")[1])
    assert "ModuleNotFoundError" in report["agents"]["ill"]
    assert report["agents"]["random"] == "fine"
    with pytest.raises(LanistaError, match="makes is a Half without forget, close, time_limit_s, batched"):
        agents.make("half")
    with pytest.raises(LanistaError, match="'grumpy' cannot be made: OSError: no mood"):
        agents.make("grumpy")
    words = ("tournament", "werewolf", "--agents", "random,crowd", "--games", "2", "--workers", "0")
    assert lanista(*words, "--out", "cup", "--json")[0] == 0
    code, _, err = lanista("tournament", "werewolf", "--agents", "random,ill", "--out", "ill-cup")
    assert (code, len(err.strip().splitlines())) == (1, 1)
    assert not Path("ill-cup").exists()


def test_an_arena_and_an_agent_may_share_a_name(install: Install, lanista: Any) -> None:
    install("fine", ARENA.format(name="twin"), arenas="twin = fine:arena")
    install("poorly", "import no_such_package_anywhere", agents="twin = poorly:Agent")
    report = json.loads(lanista("doctor", "--json")[1])
    assert report["arenas"]["twin"] == "fine"
    assert report["agents"]["twin"] != "fine"


@pytest.mark.parametrize("group", ["arenas", "agents"])
def test_two_packages_with_one_name_are_refused_with_both_origins(install: Install, lanista: Any, group: str) -> None:
    noun = group.removesuffix("s")
    install("first_package", ARENA.format(name="shared") + AGENT, **{group: "shared = first_package:arena"})
    install("second_package", ARENA.format(name="shared") + AGENT, **{group: "shared = second_package:arena"})
    with pytest.raises(LanistaError) as caught:
        arenas.load(f"lanista.{group}", "shared", noun)
    for part in ("first_package:arena (from first_package 1.0)", "second_package:arena (from second_package 1.0)"):
        assert part in str(caught.value)
    listed = {row["name"]: row for row in json.loads(lanista(group, "--json")[1])}
    assert "two packages register" in listed["shared"]["error"]
    assert "two packages register" in json.loads(lanista("doctor", "--json")[1])[group]["shared"]


def test_two_packages_that_name_one_module_are_refused_too(install: Install) -> None:
    """Which of the two is imported would depend on the path."""
    install("one", ARENA.format(name="shared"), arenas="shared = one:arena")
    install("other", "", arenas="shared = one:arena")
    with pytest.raises(LanistaError, match="two packages register the arena 'shared'"):
        arenas.get("shared")


def test_taking_a_name_of_ours_is_refused_with_both_origins(install: Install) -> None:
    install("wolfish", ARENA.format(name="werewolf"), arenas="werewolf = wolfish:arena")
    with pytest.raises(LanistaError, match=r"lanista\.arenas\.werewolf:arena \(from lanista .* and wolfish:arena"):
        arenas.get("werewolf")


def test_unknown_names_get_suggestions(install: Install) -> None:
    install("their_duel", ARENA.format(name="their_duel"), arenas="their_duel = their_duel:arena")
    with pytest.raises(UsageError, match=r"unknown arena 'their_dual'; did you mean 'their_duel'\? \(`lanista arenas`"):
        arenas.get("their_dual")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("openai:", r"^agent 'openai:' ends in a colon: give an argument, as in openai:MODEL@BASE_URL$"),
        ("openai", "needs an argument, as in openai:MODEL@BASE_URL"),
        ("lm:", "ends in a colon: write 'lm' alone, or give an argument, as in lm:tiny"),
        ("random:", "ends in a colon: write 'random' alone"),
    ],
)
def test_an_argument_left_out_is_asked_for_in_its_form(spec: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        agents.make(spec)


def test_the_code_of_the_page_on_arenas_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[1] / "docs" / "arenas.md").read_text("utf-8")
    environment, laws = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(environment, {})
    assert capsys.readouterr().out.startswith(("village {", "wolves {"))
    space: dict[str, Any] = {}
    exec(laws, space)
    space["test_my_arena"]("ends")
    for name in arenas.names():
        assert name in page
    for law in conformance.LAWS:
        assert f"| `{law}` |" in page
