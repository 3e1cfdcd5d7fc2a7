"""Rejection-sampling fine-tuning: what is kept, the same scenarios as GRPO's, resumed after any round."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lanista.agents.registry import make
from lanista.arenas.core import registry
from lanista.errors import UsageError
from lanista.play.degenerate import First
from lanista.training.algorithms.rejection import best, worth
from lanista.training.config import TrainConfig
from lanista.training.rollout import plan, play_scenarios, trajectories
from lanista.training.trajectories import Trajectory

ARENA = "support_desk"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model that knows the arena's wording and little else."""
    pytest.importorskip("trl")
    from lanista.training.warmstart import Recipe, make_tiny

    out = tmp_path_factory.mktemp("models") / "tiny"
    recipe = Recipe(learning_rate=4e-3, optimizer="muon", epochs=2)
    return make_tiny(ARENA, games=200, teachers=(First(),), size="32x1", recipe=recipe, out=out)


def config(model: Path, **changes: Any) -> TrainConfig:
    values: dict[str, Any] = {
        "algorithm": "rejection",
        "arena": ARENA,
        "model": str(model),
        "steps": 2,
        "scenarios": 4,
        "group_size": 3,
        "learning_rate": 1e-3,
        "max_new_tokens": 16,
        "evaluate_games": 0,
        "save_every": 1,
        "device": "cpu",
    }
    return TrainConfig.flat(**{**values, **changes})


def test_the_best_game_of_a_scenario_is_kept_and_none_where_all_are_alike() -> None:
    arena = registry.get(ARENA)
    asked = TrainConfig.flat(arena=ARENA, scenarios=6, group_size=5)
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
    found = trajectories(asked, games, lambda role, team: "shared")
    by_game: dict[tuple[int, int], list[Trajectory]] = {}
    for one in found:
        by_game.setdefault(one.game, []).append(one)
    worths = [[worth(by_game[scenario, sibling]) for sibling in range(5)] for scenario in range(6)]
    expected = sorted(max(group) for group in worths if len({round(value, 6) for value in group}) > 1)
    kept = {one.game for one in best(found)}
    assert sorted(worth(by_game[game]) for game in kept) == expected
    assert expected
    assert all(one in best(found) for game in kept for one in by_game[game])
    same = [replace(found[0], sibling=i) for i in range(4)]
    assert best(same) == []


@pytest.mark.slow
def test_rounds_play_what_grpo_would_and_resume(model: Path, tmp_path: Path) -> None:
    from lanista.training.loop import train

    told: list[dict[str, Any]] = []
    whole = train(config(model), tmp_path / "whole", on_step=told.append).policies["shared"]
    assert [line["step"] for line in told] == [1, 2]
    assert sum(line["games"] for line in told) == 2 * 4 * 3
    assert all(0 < line["kept"] <= 4 for line in told)
    assert all(line["loss/last"] > 0 for line in told)

    class Stop(Exception):
        pass

    def stop(line: dict[str, Any]) -> None:
        if line["step"] == 2:
            raise Stop

    with pytest.raises(Stop):
        train(config(model), tmp_path / "broken", on_step=stop)
    again: list[dict[str, Any]] = []
    resumed = train(config(model), tmp_path / "broken", resume=True, on_step=again.append).policies["shared"]
    assert [line["step"] for line in again] == [2]
    assert (whole / "model.safetensors").read_bytes() == (resumed / "model.safetensors").read_bytes()
    assert (whole / "model.safetensors").read_bytes() != (model / "model.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"policies": "per-role"}, "shared"),
        ({"group_size": 1}, "group_size is at least 2"),
        ({"learning_rate": 0.0}, "above 0"),
        ({"optimizer": "muon", "lora_r": 4}, "whole matrices"),
        ({"loss_type": "dapo"}, "an option of grpo"),
    ],
)
def test_what_cannot_be_tuned_so_is_refused(changes: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=says):
        config(tmp_path, **changes)


def test_teams_that_play_each_other_have_no_best_game() -> None:
    asked = TrainConfig.flat(algorithm="rejection", arena="werewolf")
    with pytest.raises(UsageError, match="name --opponents"):
        asked.check_teams(["village", "wolves"])
    TrainConfig.flat(algorithm="rejection", arena="werewolf", opponents=("crowd",)).check_teams(["village", "wolves"])
