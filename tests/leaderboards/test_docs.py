"""docs/leaderboards.md: its Python runs as it stands on a real tournament."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lanista.leaderboards.tournament import run_tournament

DOCS = Path(__file__).parents[2] / "docs" / "leaderboards.md"


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    run_tournament("werewolf", ["random", "crowd"], 8, 7, {"players": 6}, "teams", out="runs/first", workers=0)
    code = re.search(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    exec(compile(code[1], str(DOCS), "exec"), {})
    printed = capsys.readouterr().out
    assert "as player_3 saw it" in printed
    assert '"timing"' in printed
    assert (tmp_path / "runs/first/page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (tmp_path / "board.png").stat().st_size > 0
