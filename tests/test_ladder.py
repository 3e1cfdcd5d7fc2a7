"""benchmarks/ladder.py: rungs, failures by kind, going on where it broke off, one memory, and what cannot be asked."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from lanista.agents import registry
from lanista.agents.contract import Answer, Question
from lanista.agents.scripted import Scripted
from lanista.arenas import get
from lanista.errors import Unavailable

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
ladder: Any = importlib.import_module("ladder")
_ladders: Any = importlib.import_module("_ladders")


def rows(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert ladder.main(["support_desk", "--json", *words]) == 0
    return {row["agent"]: row for row in json.loads(capsys.readouterr().out)["rows"]}


def test_rungs_stand_in_order_and_failures_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(capsys, "--level", "one fault", "--cases", "12", "--agents", "silent,desk_novice,desk_expert")
    assert found["silent"]["score"][0] == 0
    assert found["silent"]["failures"] == {"abandoned": 12}
    assert found["desk_novice"]["score"][0] < found["desk_expert"]["score"][0] == 1


def test_a_ladder_goes_on_where_it_broke_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--level", "top", "--seat", "all=desk_expert", "--out", str(tmp_path / "kept.jsonl"))
    first = rows(capsys, *words, "--cases", "4")
    kept = (tmp_path / "kept.jsonl").read_text()
    assert len(kept.splitlines()) == 4
    (tmp_path / "kept.jsonl").write_text(kept + '{"level": "exp')  # cut off in the middle of a line
    more = rows(capsys, *words, "--cases", "6")
    assert more["desk_expert"]["cases"] == 6
    assert (tmp_path / "kept.jsonl").read_text().startswith(kept)
    assert rows(capsys, *words, "--cases", "4") == first


class Gone(Scripted):
    """An expert whose server is gone after a few replies."""

    name = "gone"

    def __init__(self, replies: int) -> None:
        self.left, self.expert = replies, registry.make("desk_expert")

    def answer(self, questions: list[Question]) -> list[Answer]:  # type: ignore[override]
        self.left -= 1
        if self.left < 0:
            raise Unavailable("no answer from the server")
        return self.expert.answer(questions)  # type: ignore[return-value]


def test_an_agent_that_cannot_be_reached_loses_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "kept.jsonl"
    monkeypatch.setattr(_ladders, "made", lambda spec, arena: Gone(40))
    words = ["support_desk", "--level", "one fault", "--seat", "all=gone", "--cases", "8", "--out", str(out)]
    assert ladder.main(words) == Unavailable.code
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("error: outside faults, not counted (gone: ")
    assert "no answer from the server" in said
    finished = len(out.read_text().splitlines())
    monkeypatch.setattr(_ladders, "made", lambda spec, arena: Gone(4000))
    assert ladder.main(words) == 0
    assert len(out.read_text().splitlines()) == 8
    assert finished < 8


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["support_desk", "--level", "tpo"], "unknown level 'tpo'; did you mean 'top'"),
        (["support_desk", "--seat", "router_0=random"], "--seat takes all=SPEC"),
        (["support_desk", "--seat", "all=random", "--agents", "random"], "leave one out"),
        (["support_desk", "--cases", "0"], "at least 1, not 0"),
        (["werewolf", "--team"], "nothing is known of what the seats of werewolf write"),
        (["support_desk", "--hidden", "--cases", "1"], "LANISTA_SPLIT_KEY is empty"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANISTA_SPLIT_KEY", "")
    assert ladder.main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_hidden_cases_follow_from_the_secret(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LANISTA_SPLIT_KEY", "a secret of the board's owner")
    out = tmp_path / "kept.jsonl"
    rows(capsys, "--level", "top", "--hidden", "--agents", "random", "--cases", "3", "--out", str(out))
    seeds = {json.loads(line)["seed"] for line in out.read_text().splitlines()}
    assert len(seeds) == 3
    assert min(seeds) > 2**32


def test_one_memory_knows_what_every_seat_was_told_and_said() -> None:
    """At the hard desk the mute team's ticket is a guess; with one memory nothing has to be written."""
    arena = get("support_desk")
    found = _ladders.ladder(arena)
    assert found.mute is not None
    scores: dict[str, float] = {}
    for name, agent in (
        ("mute", _ladders.Mute(registry.make("desk_expert"), found.mute)),
        ("both", _ladders.Shared(_ladders.Mute(registry.make("desk_expert"), found.mute))),
    ):
        kept = ladder.Ladders()
        config = arena.configure(level="expert")
        ladder._play(kept, arena, found, config, "top", name, lambda agent=agent: agent, list(range(12)))
        scores[name] = sum(case.score for case in kept.cases) / 12
    assert scores["mute"] <= 0.1
    assert scores["both"] >= 0.9
