"""A run's analysis on its board and its games' pages."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from lanista.errors import LanistaError
from lanista.leaderboards import page, skills, terminal
from lanista.leaderboards.board import board
from lanista.leaderboards.tournament import run_tournament
from lanista.runs import Run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

ROW = {"agent": "crowd", "side": "village", "measure": "detects", "value": 0.4, "low": 0.3, "high": 0.5, "count": 9}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    out = tmp_path_factory.mktemp("runs") / "cup"
    run_tournament("werewolf", ["crowd", "random"], 4, 3, {"players": 5}, out=out, workers=0)
    with Run.open(out) as opened:
        yield opened


def analysis(run: Run, **changes: Any) -> dict[str, Any]:
    made = board(run.store)
    found = {"format": 1, "arena": "werewolf", "hash": made.hash, "games": made.games, "courses": {}}
    return {**found, "measures": {"detects": "votes on wolves"}, "rows": [{**ROW, "line": 0.25}], **changes}


def shown(made: Any) -> str:
    out = StringIO()
    terminal.show(made, Console(file=out, width=140))
    return out.getvalue()


def test_skills_stand_on_the_board_beside_random_play(run: Run) -> None:
    made = skills.beside(board(run.store), analysis(run))
    text, html = shown(made), page.render(made, run.store)
    assert "Skills" in text
    assert "random 25%" in text
    assert "random 25%" in html
    assert "40%" in text
    assert json.loads(made.to_json())["skills"][0]["value"] == {"value": 0.4, "low": 0.3, "high": 0.5}


def test_an_analysis_of_other_games_is_left_out_and_said(run: Run, tmp_path: Path) -> None:
    plain = board(run.store)
    other = skills.beside(plain, analysis(run, hash="another"))
    assert other.skills == ()
    assert "another" in other.notes[-1]
    fewer = skills.beside(plain, analysis(run, games=2))
    assert fewer.skills
    assert "2 games" in fewer.notes[-1]
    assert skills.beside(plain, None) is plain
    assert skills.read(tmp_path / "none.json") is None
    for text in ("{", "[]", '{"format": 2, "rows": []}'):
        (tmp_path / "a.json").write_text(text)
        with pytest.raises(LanistaError, match="make it anew"):
            skills.read(tmp_path / "a.json")
    with pytest.raises(LanistaError, match="damaged"):
        skills.beside(plain, analysis(run, rows=[{"agent": "crowd"}]))


def test_error_free_ratings_and_the_scatter_stand_on_the_page(run: Run) -> None:
    made = board(run.store)
    assert made.trust is not None
    assert made.trust.clean == {}
    changed = replace(made, trust=replace(made.trust, clean={"crowd": made.lines[0].rating}, clean_games=3))
    text = shown(changed)
    assert "error-free" in text
    assert "games without an error" in page.render(changed, run.store)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_the_course_of_a_game_in_a_real_browser(run: Run, tmp_path: Path) -> None:
    game = run.store.ids()[0]
    episode = run.store.episode(game)
    seats = list(episode.roles)
    held = [None if i else [None, 70, 10, 10, 10] for i in range(5)]
    moments = [{"place": None, "held": held, "stirred": None}, {"place": 0, "held": held, "stirred": 0.5}]
    speech = {"day": 1, "place": 0, "seat": seats[0], "moved": 0.25, "persuades": [0.2, 0.1, 0.3], "covers": 0.0,
              "aims": None, "shift": {seats[1]: 0.25}}  # fmt: skip
    course = {"seats": seats, "days": {"1": {"moments": moments, "would": {}}}, "speeches": [speech]}
    made = skills.beside(board(run.store), analysis(run))
    path = page.write(made, run.store, tmp_path / "page.html", courses={game: course})

    def dom(fragment: str) -> str:
        done = subprocess.run(
            [
                str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                f"--user-data-dir={tmp_path / fragment.replace('&', '-')}", "--virtual-time-budget=5000", "--dump-dom",
                f"file://{path}#{fragment}",
            ],
            capture_output=True, timeout=120, check=True,
        )  # fmt: skip
        (article,) = re.findall(r"<article.*?</article>", done.stdout.decode(), re.DOTALL)
        return str(article)

    first, second, last = (dom(f"game={game}{at}") for at in ("", "&moment=1", "&moment=2"))
    assert "Day 1: before anybody speaks" in first
    assert ">70</td>" in first
    assert "Of 100 votes of its listeners it moved 25, +20 to the other side" in second
    assert "Day 1: the votes" in last
    assert 'class="arrows"' in last
    assert "Suspicion and votes" not in dom(f"game={game}&seat={seats[0]}")  # from a seat nobody sees it
