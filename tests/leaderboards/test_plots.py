"""The rating plot: the same bytes every time, every agent in it, and nothing that a name says becomes code."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from lanista.errors import LanistaError
from lanista.leaderboards import plots
from lanista.leaderboards.board import Board, Line
from lanista.stats import Interval


def board(*names: str) -> Board:
    lines = tuple(
        Line(
            agent=name,
            games=4,
            blocks=2,
            score=Interval(0.5, 0.2, 0.8),
            rating=Interval(1500 - 10 * i, 1400, 1600),
            strength=Interval(0, -1, 1),
            rank=i + 1,
            rank_low=1,
            rank_high=len(names),
            group=0,
            sides={},
            side_strength={},
            decisions=0,
            illegal=0,
            fallbacks=0,
            forfeits={},
            tokens_in=None,
            tokens_out=None,
        )
        for i, name in enumerate(names)
    )
    return Board(
        kind="versus",
        arena="toy",
        hash="h",
        preset="default",
        config={},
        games=4,
        blocks=2,
        level=0.95,
        verdict="",
        teams=("a", "b"),
        setup=None,
        team_wins={},
        draws=0,
        lines=lines,
        roles=(),
        pairs=(),
        payoff=(),
        cycles=(),
        notes=(),
    )


def test_the_svg_is_whole_and_always_the_same() -> None:
    one = plots.rating_plot(board("bayes", "lm:tiny"))
    assert one == plots.rating_plot(board("bayes", "lm:tiny"))
    root = ElementTree.fromstring(one)
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "bayes" in texts
    assert "lm:tiny" in texts
    # Colours are left to the page, sizes too, and no rule of it reaches the page
    assert "var(--accent" in one
    assert "width" not in root.attrib
    assert "<style" not in one
    assert "<script" not in one


def test_names_are_only_names() -> None:
    evil = ["$\\frac{1$", "</text><script>alert(1)</script>", "a\nb\x1b", "x" * 200]
    root = ElementTree.fromstring(plots.rating_plot(board(*evil)))
    texts = [node.text or "" for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "$\\frac{1$" in texts
    assert "</text><script>alert(1)</script>" in texts
    assert "a b\ufffd" in texts
    assert max(map(len, texts)) < 60
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))


def test_png(tmp_path: Path) -> None:
    path = plots.save_png(board("a", "b"), tmp_path / "board.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert path.stat().st_size > 2_000
    with pytest.raises(LanistaError, match="could not be written"):
        plots.save_png(board("a", "b"), tmp_path / "nowhere" / "board.png")


def test_importing_the_boards_loads_no_matplotlib() -> None:
    code = "import lanista.leaderboards.page, sys; print('matplotlib' in sys.modules, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
