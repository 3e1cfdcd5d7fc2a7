"""``lanista analyse`` on real runs, and one clear line for what it cannot measure."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from lanista.analysis.analysis import spread
from lanista.analysis.measures import MEASURES
from lanista.cli import main
from lanista.runs import Run


@pytest.fixture
def lanista(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lanista", *words])
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


def refused(said: tuple[int, str, str], *parts: str) -> None:
    code, out, err = said
    (line,) = [line for line in err.splitlines() if line.strip()]
    assert code == 2
    assert not out
    assert line.startswith("error: ")
    assert all(part in line for part in parts), line


CUP = ("tournament", "werewolf", "--agents", "crowd,bayes", "--games", "4", "--workers", "0", "--set", "players=7")


def test_a_run_is_measured_and_kept(lanista: Any, tmp_path: Path) -> None:
    assert lanista(*CUP, "--out", "cup")[0] == 0
    code, out, _ = lanista("analyse", "cup", "--forks", "3", "--games", "2", "--json")
    assert code == 0
    found = json.loads(out)
    assert found == json.loads((tmp_path / "cup" / "analysis.json").read_text())
    assert (found["games"], found["forked"], found["forks"], found["effect"]) == (4, 2, 3, "direct")
    measures = {row["measure"] for row in found["rows"]}
    assert {"persuades", "moved", "brier", "detects", "survives"} <= measures <= MEASURES.keys()
    assert {(row["agent"], row["side"]) for row in found["rows"] if row["measure"] == "wins"} == {
        (agent, side) for agent in ("crowd", "bayes") for side in ("village", "wolves")
    }
    assert set(found["calibration"]) == {"bayes"}  # crowd cannot say what it believes
    again = lanista("analyse", "cup", "--forks", "3", "--games", "2", "--json", "--out", "elsewhere/a.json")
    assert json.loads(again[1]) == found
    assert json.loads((tmp_path / "elsewhere" / "a.json").read_text()) == found
    code, out, _ = lanista("analyse", "cup", "--forks", "0")
    assert code == 0
    assert "detects" in out
    assert "persuades" not in out


def test_what_cannot_be_measured_is_one_line(lanista: Any, tmp_path: Path) -> None:
    refused(lanista("analyse", "nowhere"), "nowhere")
    lanista(*CUP, "--out", "cup")
    refused(lanista("analyse", "cup", "--effect", "totl", "--json"), "totl", "did you mean 'total'")
    refused(lanista("analyse", "cup", "--out", "."), "folder", "analysis.json")
    lanista("tournament", "coding", "--agents", "coding_novice", "--games", "1", "--workers", "0", "--out", "code")
    refused(lanista("analyse", "code", "--forks", "2", "--json"), "coding", "effects (run)", "--forks 0")
    lanista("tournament", "support_desk", "--agents", "desk_novice", "--games", "2", "--workers", "0", "--out", "desk")
    refused(lanista("analyse", "desk", "--forks", "2", "--json"), "support_desk", "--forks 0")
    code, out, _ = lanista("analyse", "desk")
    assert code == 0
    assert "information" in out
    assert "success" in out


def test_agents_that_are_gone_are_named(lanista: Any, tmp_path: Path) -> None:
    with Run.create(tmp_path / "gone", "play", {}, ["lanista", "play", "werewolf"], 0) as run:
        from lanista.agents import registry
        from lanista.arenas import get
        from lanista.play.runner import GameSpec, play

        arena, agent = get("werewolf"), registry.make("random")
        agent.name = "retired"
        seating = dict.fromkeys(arena.rules.seats(arena.configure()), agent)
        specs = [GameSpec(id="g", arena=arena, seed=1, seating=seating)]
        play(specs, on_game=lambda spec, game: run.store.add_game("g", 0, 0, game.episode(), (0.0, 0.0)))
    refused(lanista("analyse", "gone", "--json"), "retired", "is gone", "--forks 0")
    assert lanista("analyse", "gone", "--forks", "0")[0] == 0


def test_forked_games_are_spread_over_deals_and_seatings() -> None:
    games = [(f"b{block}g{game}", block) for block in range(4) for game in range(2)]
    assert spread(games, 4) == {"b0g0", "b1g1", "b2g0", "b3g1"}
    assert spread(games, 5) == {"b0g0", "b1g1", "b2g0", "b3g1", "b0g1"}
    assert spread(games, 99) == {id_ for id_, _ in games}
    assert spread([], 3) == set()
