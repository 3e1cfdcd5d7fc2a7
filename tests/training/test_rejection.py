"""Rejection-sampling fine-tuning: what is kept, the same scenarios as GRPO, resumed round by round."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lanista.agents.registry import make
from lanista.arenas.core import registry
from lanista.errors import UsageError
from lanista.play.degenerate import First
from lanista.training.config import TrainConfig
from lanista.training.rejection import best, rejection_tune, worth
from lanista.training.rollout import plan, play_scenarios

ARENA = "support_desk"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model that knows the arena's wording and little else."""
    pytest.importorskip("trl")
    from lanista.training.warmstart import Recipe, make_tiny

    out = tmp_path_factory.mktemp("models") / "tiny"
    return make_tiny(ARENA, games=60, teachers=(First(),), size="32x1", recipe=Recipe(learning_rate=4e-3), out=out)


def config(model: Path, **changes: Any) -> TrainConfig:
    values: dict[str, Any] = {"steps": 4, "scenarios": 2, "games": 3, "learning_rate": 1e-3, "max_new_tokens": 16}
    return TrainConfig(arena=ARENA, model=str(model), evaluate_games=0, device="cpu", **{**values, **changes})


def test_the_best_game_of_a_scenario_is_kept_and_none_where_all_are_alike() -> None:
    arena = registry.get(ARENA)
    asked = TrainConfig(arena=ARENA, scenarios=6, games=5)
    plans = [plan(asked, arena, arena.configure(), number) for number in range(6)]
    agent = make("random")
    games = play_scenarios(
        asked,
        arena,
        arena.configure(),
        [(scenario, sibling) for scenario in plans for sibling in range(5)],
        lambda role, team: agent,
        lambda *_: agent,
    )
    kept = best(games)
    groups = [games[i : i + 5] for i in range(0, 30, 5)]
    expected = [max(map(worth, group)) for group in groups if len({round(worth(game), 6) for game in group}) > 1]
    assert sorted(worth(game) for game in games if game.episode in kept) == sorted(expected)
    assert expected
    same = [replace(games[0], sibling=i) for i in range(4)]
    assert best(same) == []


def test_rounds_play_what_grpo_would_and_resume(model: Path, tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []
    whole = rejection_tune(config(model), tmp_path / "whole", rounds=2, on_round=told.append)
    assert [line["round"] for line in told] == [0, 1]
    assert sum(line["games"] for line in told) == 4 * 2 * 3
    assert all(0 < line["kept"] <= 4 for line in told)

    class Stop(Exception):
        pass

    def stop(line: dict[str, Any]) -> None:
        raise Stop

    with pytest.raises(Stop):
        rejection_tune(config(model), tmp_path / "broken", rounds=2, on_round=stop)
    again: list[dict[str, Any]] = []
    resumed = rejection_tune(config(model), tmp_path / "broken", rounds=2, on_round=again.append)
    assert [line["round"] for line in again] == [1]
    assert (whole / "model.safetensors").read_bytes() == (resumed / "model.safetensors").read_bytes()
    assert (whole / "model.safetensors").read_bytes() != (model / "model.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("changes", "rounds", "says"),
    [
        ({"policies": "per-role"}, 1, "shared"),
        ({"opponents": ("random",)}, 1, "self-play"),
        ({}, 9, "rounds"),
        ({"arena": "werewolf"}, 1, "teams"),
    ],
)
def test_what_cannot_be_tuned_so_is_refused(changes: dict[str, Any], rounds: int, says: str, tmp_path: Path) -> None:
    asked = TrainConfig(**{"arena": ARENA, "steps": 4, **changes})
    with pytest.raises(UsageError, match=says):
        rejection_tune(asked, tmp_path / "out", rounds=rounds)
