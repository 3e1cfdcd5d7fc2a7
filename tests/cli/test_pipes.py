"""A reader that goes away (``lanista … | head -1``): exit code 141, no traceback, and no game is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LANISTA = (sys.executable, "-m", "lanista")


def closed_after(words: list[str], lines: int, cwd: Path, stdin: str = "") -> tuple[int, str]:
    """Exit code and standard error of a command whose output is read for so many lines and then no more."""
    made = subprocess.Popen(
        [*LANISTA, *words],
        cwd=cwd,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert made.stdout is not None
    assert made.stderr is not None
    assert made.stdin is not None
    for _ in range(lines):
        made.stdout.readline()
    made.stdout.close()
    try:
        made.stdin.write(stdin)
        made.stdin.close()
    except BrokenPipeError:
        pass
    said = made.stderr.read()
    made.stderr.close()
    return made.wait(120), said


@pytest.mark.parametrize(
    "words",
    [
        ["play", "werewolf", "--agents", "crowd"],
        ["play", "werewolf", "--agents", "crowd", "--json"],
        ["play", "werewolf", "--agents", "crowd", "--dry-run"],
        ["play", "werewolf", "--agents", "human"],
        ["arenas", "werewolf"],
        ["arenas", "--json"],
        ["--help"],
        ["--version"],
    ],
    ids=" ".join,
)
def test_whoever_reads_may_leave(tmp_path: Path, words: list[str]) -> None:
    code, said = closed_after(words, 0, tmp_path)
    assert code == 141
    assert "Traceback" not in said
    assert "Exception ignored" not in said


def test_the_game_is_played_to_its_end_and_kept(tmp_path: Path) -> None:
    code, said = closed_after(["play", "werewolf", "--agents", "crowd", "--out", "kept"], 1, tmp_path)
    assert (code, "Traceback" in said) == (141, False)
    assert "kept; read it again with: lanista replay kept" in said
    shown = subprocess.run(
        [*LANISTA, "replay", "kept"], cwd=tmp_path, text=True, capture_output=True, check=True
    ).stdout
    assert "Won by" in shown


def test_a_persons_game_waits_where_the_terminal_is_gone(tmp_path: Path) -> None:
    words = ["play", "werewolf", "--agents", "crowd", "--seat", "player_0=human", "--out", "kept", "--set", "players=5"]
    code, said = closed_after(words, 1, tmp_path, stdin="1\n1\n1\n")
    assert (code, "Traceback" in said) == (141, False)
    again = subprocess.run(
        [*LANISTA, *words, "--resume"], cwd=tmp_path, text=True, capture_output=True, input="1\n" * 40, check=True
    )
    assert "Won by" in again.stdout
