"""The command line's edges: no verb, names that are no text, output that is copied, one version."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import lanista
from lanista.errors import UsageError
from lanista.paths import cache_dir
from lanista.runs import Run

ROOT = Path(lanista.__file__).parent.parent


def _run(*words: str | bytes, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    given = [os.fsencode(word) for word in (sys.executable, "-m", "lanista", *words)]
    return subprocess.run(given, capture_output=True, text=True, cwd=cwd, timeout=120, check=False)


@pytest.mark.parametrize("words", [(), ("models",)])
def test_without_a_verb_there_is_help_and_no_error(words: tuple[str, ...]) -> None:
    done = _run(*words)
    assert done.returncode == 2
    assert "Usage:" in done.stdout + done.stderr
    assert "error" not in done.stderr


@pytest.mark.parametrize("verb", ["leaderboard", "replay", "tournament"])
def test_bytes_that_are_no_text_are_refused_in_one_line(tmp_path: Path, verb: str) -> None:
    words = ["tournament", "werewolf", "--agents", "random", "--out"] if verb == "tournament" else [verb]
    done = _run(*words, b"bad\xff", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "error: 'bad\\udcff' is not UTF-8 text: give names without such bytes\n"
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_not_made_under_a_name_that_cannot_be_written_down(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not UTF-8"):
        Run.create(tmp_path / os.fsdecode(b"bad\xff"), "play", {}, [])
    assert list(tmp_path.iterdir()) == []


def test_what_is_to_be_copied_stays_in_one_line_when_it_is_piped(tmp_path: Path) -> None:
    out = tmp_path / ("a folder with a rather long name " * 4).strip()
    made = _run("tournament", "support_desk", "--agents", "desk_expert", "--games", "1", "--out", str(out))
    assert f"rate them: lanista leaderboard '{out}'" in made.stdout
    shown = _run("leaderboard", str(out), "--no-page")
    (again,) = (line for line in shown.stdout.splitlines() if line.startswith("again: "))
    assert again.endswith(f"'{out}'")


def test_the_version_stands_in_one_place() -> None:
    assert version("lanista") == lanista.__version__
    assert 'dynamic = ["version"]' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    cited = re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    assert cited is not None
    assert cited[1] == lanista.__version__


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other places")
def test_the_cache_is_where_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LANISTA_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_dir() == tmp_path / ".cache" / "lanista"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_dir() == tmp_path / "x" / "lanista"
    monkeypatch.setenv("LANISTA_CACHE", "~/y")
    assert cache_dir() == tmp_path / "y"
