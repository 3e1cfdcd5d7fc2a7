"""The watches on a run's policy: by hand, and in a run whose games are recounted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

from lanista.agents.lm.tokens import TokenTurn
from lanista.errors import UsageError
from lanista.runs import Run
from lanista.training.config import RunOptions, TrainConfig
from lanista.training.loop import train
from lanista.training.metrics import describe, metrics
from lanista.training.watch import LAST, said


def lines(name: str, values: list[float]) -> list[dict[str, Any]]:
    """Lines of steps that hold one number each."""
    return [{"kind": "step", "step": i + 1, name: value} for i, value in enumerate(values)]


def told(name: str, values: list[float], **options: Any) -> list[str]:
    """What is said after every step."""
    history = lines(name, values)
    return [said(history[: n + 1], RunOptions(**options), "lanista replay runs/a g") for n in range(len(values))]


def test_entropy_is_watched_to_a_factor_both_ways_and_said_once() -> None:
    # 0.4 at the start; the mean of five exceeds 0.8 when two of them are 1.5: (3 x 0.4 + 2 x 1.5) / 5 = 0.84
    found = told("tokens/entropy", [0.4] * 5 + [1.5] * 3)
    assert [n for n, sentence in enumerate(found) if sentence] == [6]
    assert found[6] == (
        "out of bounds: entropy 0.84 nats a token, 0.40 at the start (watched to a factor of 2); "
        "read lanista replay runs/a g"
    )
    assert "entropy 0.19" in " ".join(told("tokens/entropy", [0.4] * 5 + [0.14] * 4))
    assert not any(told("tokens/entropy", [0.4] * 5 + [0.7] * 9 + [0.21] * 9))
    assert not any(told("tokens/entropy", [0.4] + [9.0] * 9, watch_entropy=0.0))


def test_what_comes_back_and_leaves_again_is_said_again() -> None:
    found = told("illegal_share", [0.02] + [0.3] * LAST + [0.0] * LAST + [0.3] * LAST)
    assert sum(bool(sentence) for sentence in found) == 2
    assert "of the replies refused, 2.0% at the start (watched to 5.0% more)" in "".join(found)
    assert not any(told("illegal_share", [0.9] + [0.1] * 9))  # fewer than at the start is no harm


def test_kl_is_watched_where_there_is_one() -> None:
    assert not any(told("entropy", [1.0] * 9))
    found = told("kl", [0.0, 0.3, 1.3])
    assert [n for n, sentence in enumerate(found) if sentence] == [2]  # 1.6 / 3 = 0.53
    assert "KL to the start 0.533 nats a token (watched to 0.5)" in found[2]


@pytest.mark.parametrize("options", [{"watch_entropy": 1.0}, {"watch_entropy": -2.0}, {"watch_refused": -0.1}])
def test_bounds_that_cannot_be(options: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(options))):
        TrainConfig.flat(**options)


def test_a_run_counts_every_token_and_names_a_game_that_is_there(tmp_path: Path, folder: Path) -> None:
    config = TrainConfig.flat(
        set={"players": 5, "wolves": 1, "roles": []},
        model=str(folder),
        steps=3,
        scenarios=2,
        group_size=2,
        max_new_tokens=6,
        learning_rate=1e-2,
        beta=0.01,
        keep_games=4,
        evaluate_games=0,
        watch_kl=1e-9,
        device="cpu",
        threads=1,
    )
    out = tmp_path / "run"
    train(config, out)
    steps = metrics(out)
    with Run.open(out) as run:
        for step in steps:
            games = [run.store.episode(name) for name in run.store.ids() if name.startswith(f"step-{step['step']}-")]
            assert len(games) == 4
            logps = [
                logp
                for game in games
                for each in game.steps
                for turn in each.turns
                for reply in TokenTurn.all_from_meta(turn.meta)
                for logp in reply.logps
            ]
            assert len(logps) == step["tokens/sampled"]
            assert step["tokens/entropy"] == pytest.approx(-sum(logps) / len(logps))
        spoken = [step["watch"] for step in steps if "watch" in step]
        assert len(spoken) == 1
        assert spoken[0].split()[-1] in run.store.ids()
        assert f"lanista replay {out}" in spoken[0]
    assert spoken[0] in "".join(map(describe, steps))
