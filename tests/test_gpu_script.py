"""``benchmarks/gpu/run.sh``: every part of it, tried on the CPU with small models; and what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parents[1] / "benchmarks" / "gpu" / "run.sh"


def run(*words: str, timeout: int = 60) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHON": sys.executable, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        ["sh", str(RUN), *words], env=env, capture_output=True, text=True, timeout=timeout, check=False
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--fast",), "unknown option --fast"),
        (("--device", "tpu"), "--device is cuda or cpu, not tpu"),
        (("--seconds", "nine"), "--seconds is a whole number, not nine"),
        (("--out",), "--out needs a value"),
    ],
)
def test_what_it_cannot_do_is_said(words: tuple[str, ...], says: str) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert says in done.stderr


def test_pieces_that_are_damaged_are_refused(tmp_path: Path) -> None:
    (tmp_path / "pieces").mkdir()
    told = run("--pieces", str(tmp_path / "pieces"), "--out", str(tmp_path / "out"))
    assert (told.returncode, "no pieces are in" in told.stderr) == (2, True)
    (tmp_path / "pieces" / "piece-00").write_bytes(b"other bytes")
    (tmp_path / "pieces" / "SHA256").write_text(f"{'0' * 64}  piece-00\n")
    told = run("--pieces", str(tmp_path / "pieces"), "--out", str(tmp_path / "out"))
    assert (told.returncode, "missing or damaged" in told.stderr) == (2, True)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_part_of_it_runs_on_a_cpu(tmp_path: Path) -> None:
    pytest.importorskip("trl")
    done = run("--tiny", "--device", "cpu", "--seconds", "1700", "--out", str(tmp_path), timeout=1750)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout
    for kind in ("fp32 shared", "fp32 per-role", "bf16 shared", "bf16 per-role"):
        # The same device twice: what is compared is the same to the last digit.
        assert any(line.startswith(f"| {kind} ") and "1.000000, 0.00000" in line for line in done.stdout.splitlines())
    for shape in ("smollm2", "qwen3-0.6b"):
        assert sum(line.startswith(f"| {shape}, tried") for line in done.stdout.splitlines()) == 3
    for kind in ("shared", "per-role"):
        assert f"{kind}: 3 of 3 GRPO steps" in done.stdout
    assert done.stdout.count("held-out games at temperature 0: before") == 2
