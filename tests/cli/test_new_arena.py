"""``lanista new-arena``: what it writes is a whole arena that keeps every law, clean under every checker."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lanista import scaffold
from lanista.arenas import Arena, Game
from lanista.arenas.core import conformance
from lanista.cli import main
from lanista.errors import UsageError
from lanista.play import degenerate

NAME = "duel_of_cards"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("new") / NAME
    scaffold.write(NAME, out)
    return out


@pytest.fixture(scope="module")
def arena(folder: Path) -> Iterator[Arena]:
    sys.path.insert(0, str(folder / "src"))
    try:
        made: Arena = importlib.import_module(NAME).arena
        yield made
    finally:
        sys.path.remove(str(folder / "src"))


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


@pytest.mark.parametrize("law", conformance.LAWS)
def test_what_it_writes_keeps_every_law(arena: Arena, law: str) -> None:
    conformance.LAWS[law](arena, 5, 3)


def test_what_it_writes_pays_nobody_for_nothing(arena: Arena) -> None:
    degenerate.check(arena, games=100)


def test_the_game_it_writes_is_fair_and_has_a_better_move(arena: Arena) -> None:
    """Cards are uniform on 1..9, so a swap is worth 5 on average: swapping up to 4 beats keeping always.

    Keep against keep is even. Swapping 1 to 4 gives P(final >= 5) = 5/9 + 4/9 * 5/9 = 65/81 against 5/9.
    """

    def share(first: Any, second: Any) -> float:
        scores = []
        for seed in range(400):
            game = Game(arena, seed)
            while not game.over:
                for seat, policy in zip(game.seats, (first, second), strict=True):
                    game.submit(seat, policy(game.state.cards[game.seats.index(seat)]))
            assert game.outcome is not None
            scores.append(game.outcome.scores["first"])
        return sum(scores) / len(scores)

    def keeps(card: int) -> str:
        return "keep"

    def doubts(card: int) -> str:
        return "swap" if card <= 4 else "keep"

    assert abs(share(keeps, keeps) - 0.5) < 0.08
    assert share(doubts, keeps) > 0.58
    assert share(keeps, doubts) < 0.42


def test_no_trace_of_the_template_is_left(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.suffix in (".py", ".md", ".toml")]
    assert len(files) == 7
    assert [path for path in files if "my_arena" in path.read_text("utf-8") or "my_arena" in path.name] == []


@pytest.mark.parametrize("words", [["ruff", "check"], ["ruff", "format", "--check"]], ids=" ".join)
def test_what_it_writes_is_clean(folder: Path, words: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *words, "."], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("werewolf", "there is an arena 'werewolf' already"),
        ("My-Arena", "cannot be an arena's name"),
        ("9lives", "cannot be an arena's name"),
        ("class", "cannot be an arena's name"),
        ("../up", "cannot be an arena's name"),
        ("random", "which yours would hide"),
        ("lanista", "which yours would hide"),
        ("numpy", "which yours would hide"),
        ("", "cannot be an arena's name"),
    ],
)
def test_a_name_that_cannot_be_is_one_clear_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, "new-arena", name)
    assert (code, out) == (2, "")
    assert says in err
    assert len(err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kuhn").mkdir()
    code, _, err = run(capsys, "new-arena", "kuhn")
    assert code == 2
    assert "kuhn exists already" in err
    code, out, err = run(capsys, "new-arena", "kuhn", "--out", "here/games/kuhn", "--json")
    assert code == 0, err
    assert all(Path(path).is_file() for path in json.loads(out))


def test_a_folder_that_cannot_be_written_is_one_clear_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = run(capsys, "new-arena", "kuhn", "--out", str(tmp_path / "file" / "kuhn"))
    assert code == 1
    assert len(err.strip().splitlines()) == 1


def test_writing_checks_the_name_too(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be an arena's name"):
        scaffold.write("No", tmp_path / "x")


@pytest.mark.slow  # mypy reads the whole house anew; the template itself is part of `make check`
def test_what_it_writes_is_strictly_typed(folder: Path) -> None:
    # An editable installation is found by an import hook, which mypy does not run: it is told where we are.
    there = {**os.environ, "MYPYPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--follow-imports=silent"],
        cwd=folder,
        env=there,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
