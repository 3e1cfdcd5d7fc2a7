"""``benchmarks/estimators.py``: its sums against noise that was put in, and what it keeps of a warm start's steps."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("trl")

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
estimators: Any = importlib.import_module("estimators")


def test_it_finds_the_noise_that_was_put_in() -> None:
    """Gradients of length 3 in 50 dimensions under noise of known deviations: noise is deviation² x 50, what is had for
    equal tokens follows, and the squared length is 9."""
    rng = np.random.default_rng(0)
    truth = np.zeros(50)
    truth[0] = 3.0
    deviations, tokens, steps = np.array([1.0, 0.5]), np.array([100.0, 200.0]), 400
    gradients = truth + deviations[:, None, None] * rng.normal(size=(2, steps, 50))
    found = estimators.compared(
        ["reward_to_go", "2 branches"], gradients.astype(np.float32), np.repeat(tokens[:, None], steps, 1)
    )
    base, other = found["reward_to_go"], found["2 branches"]
    assert base["noise"] == pytest.approx(50.0, rel=0.05)
    assert other["noise"] == pytest.approx(12.5, rel=0.05)
    assert (base["against"], base["half"]) == (1.0, 0.0)
    assert abs(other["against"] - 2.0) < 2 * other["half"]  # (50 x 100) / (12.5 x 200)
    assert 0 < other["half"] < 0.2
    assert base["per_million"] == pytest.approx(9 / (50 * 100) * 1e6, rel=0.15)
    assert other["per_million"] == pytest.approx(other["against"] * base["per_million"])


def test_a_warm_start_is_measured_and_what_is_done_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second call reads the first one's steps and plays nothing; other settings are refused."""
    from lanista.agents.registry import make
    from lanista.arenas import get
    from lanista.play.runner import play_game
    from lanista.training.tiny import blank

    arena, agent = get("werewolf"), make("random")
    config = arena.configure(players=5, wolves=1, roles=("seer",))
    episode = play_game(arena, dict.fromkeys(arena.rules.seats(config), agent), 0, config=config)
    texts = [text for step in episode.steps for turn in step.turns for text in (turn.prompt, turn.reply)]
    model = blank(tmp_path / "model", texts, [f"player_{i}" for i in range(5)], size="16x2")

    def call(*more: str) -> Any:
        words = ["werewolf", "--model", str(model), "--steps", "3", "--scenarios", "1", "--fraction", "0.3"]
        words += ["--out", str(tmp_path / "out"), "--estimators", "2 branches", "--json", *more]
        monkeypatch.setattr(sys, "argv", ["estimators.py", *words])
        estimators.main()
        return json.loads(capsys.readouterr().out)["found"]

    first = call()
    assert first.keys() == {"reward_to_go", "2 branches"}
    assert first["2 branches"]["tokens"] > first["reward_to_go"]["tokens"] > 0
    assert all(one["noise"] > 0 for one in first.values())
    monkeypatch.setattr(estimators.Still, "step", lambda self, number, names: iter(()))
    assert call() == first
    with pytest.raises(SystemExit) as stopped:
        call("--fraction", "0.5")
    assert stopped.value.code == 2
    assert "was measured otherwise: take another --out" in capsys.readouterr().err
