"""What may change between a run and its continuation, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

from safetensors.torch import load_file, save_file

from lanista.errors import LanistaError, UsageError
from lanista.runs import Run
from lanista.training import trackers
from lanista.training.config import TrainConfig
from lanista.training.loop import train
from lanista.training.metrics import metrics

SMALL: dict[str, Any] = {
    "arena_config": {"players": 5, "wolves": 1, "roles": []},
    "steps": 2,
    "scenarios": 2,
    "group_size": 2,
    "max_new_tokens": 6,
    "learning_rate": 1e-2,
    "save_every": 1,
    "evaluate_games": 2,
    "opponents": ["random"],
    "device": "cpu",
    "threads": 1,
}


def config(folder: Path, **more: Any) -> TrainConfig:
    return TrainConfig.flat(**(SMALL | {"model": str(folder)} | more))


def weights(out: Path) -> dict[str, Any]:
    return load_file(out / "policies" / "shared" / "model.safetensors")


@pytest.mark.slow
def test_a_finished_run_goes_on_with_more_steps(tmp_path: Path, folder: Path) -> None:
    """Two steps and then two more are four, to the bit, where the rate does not depend on the length."""
    whole, longer = tmp_path / "whole", tmp_path / "longer"
    train(config(folder, steps=4), whole)
    train(config(folder), longer)
    done = train(config(folder, steps=4), longer, resume=True, command=["lanista", "train", "--steps", "4"])
    one, two = weights(whole), weights(longer)
    assert all(one[name].equal(two[name]) for name in one)
    assert [line["step"] for line in metrics(longer)] == [1, 2, 3, 4]
    assert [line["step"] for line in metrics(longer, "evaluation")] == [0, 2, 4]
    assert done.steps == 4
    with Run.open(longer) as run:
        assert run.config["run"]["steps"] == 4
        assert run.meta["command"] == "lanista train --steps 4"
    with pytest.raises(UsageError, match=r"run\.steps was 4 and is now 3"):
        train(config(folder, steps=3), longer, resume=True)


def test_a_falling_rate_falls_to_the_new_end(tmp_path: Path, folder: Path) -> None:
    """After two of two steps a linear rate is 0; made four steps long, the run goes on at half the peak."""
    out = tmp_path / "run"
    train(config(folder, lr_schedule="linear", minibatches=1, evaluate_games=0), out)
    train(config(folder, lr_schedule="linear", minibatches=1, evaluate_games=0, steps=4), out, resume=True)
    rates = [line["learning_rate"] for line in metrics(out)]
    assert rates == pytest.approx([0.01, 0.005, 0.005, 0.0025])


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"learning_rate": 0.5}, "update.learning_rate was 0.01 and is now 0.5"),
        ({"group_size": 3}, "game.group_size was 2 and is now 3"),
        ({"steps": 3, "temperature": 0.5}, "sampling.temperature"),
        ({"preset": "plain"}, "hash|preset"),
        ({"algorithm": "sft"}, "algorithm was"),
        ({"algorithm": "ppo"}, 'algorithm was "grpo" and is now "ppo"'),
        ({"baseline": "mean"}, 'update.baseline was "loo" and is now "mean"'),
        ({"returns": "episode"}, 'credit.returns was "reward_to_go" and is now "episode"'),
        ({"resample": 2}, "update.resample was 0 and is now 2"),
        ({"seed": 7}, "seed was 0 and is now 7"),
    ],
)
def test_other_changes_are_refused(tmp_path: Path, folder: Path, more: dict[str, Any], says: str) -> None:
    out = tmp_path / "run"
    train(config(folder, steps=1, evaluate_games=0), out)
    before = (out / "run.json").read_bytes()
    base = {**SMALL, "steps": 1, "evaluate_games": 0, "model": str(folder), **more}
    if more.get("algorithm") == "ppo":
        base["critic_warmup"] = 0
    if more.get("algorithm") == "sft":
        base.pop("learning_rate")
    with pytest.raises(UsageError, match=says):
        train(TrainConfig.flat(**base), out, resume=True)
    assert (out / "run.json").read_bytes() == before


def test_other_weights_under_the_models_name_are_refused(tmp_path: Path, folder: Path) -> None:
    model, out = tmp_path / "model", tmp_path / "run"
    shutil.copytree(folder, model)
    train(config(model, evaluate_games=0, lora_r=2), out)
    file = model / "model.safetensors"
    tensors = load_file(file)
    name = next(iter(tensors))
    tensors[name] = tensors[name] + 1e-3
    save_file(tensors, file, metadata={"format": "pt"})
    with pytest.raises(UsageError, match="are not those it started from"):
        train(config(model, evaluate_games=0, lora_r=2, steps=3), out, resume=True)
    shutil.copy(folder / "model.safetensors", file)
    train(config(model, evaluate_games=0, lora_r=2, steps=3), out, resume=True)


OLD = {
    "arena": "werewolf",
    "arena_config": {"players": 5, "wolves": 1, "roles": []},
    "credit": "to_go",
    "games": 2,
    "scenarios": 2,
    "steps": 2,
    "clip": 0.2,
    "clip_high": None,
    "evaluate_against": ["random"],
    "evaluate_config": {},
    "learning_rate": 1e-2,
    "opponents": ["random"],
    "max_new_tokens": 6,
    "device": "cpu",
    "threads": 1,
}


def test_a_run_of_an_earlier_version_is_read_or_refused_in_one_line(tmp_path: Path, folder: Path) -> None:
    """Flat options under old names are the same config; its checkpoints are another trainer's."""
    now = config(folder, returns="reward_to_go", evaluate_games=64, save_every=10)
    old = OLD | {"model": str(folder)}
    assert TrainConfig.from_json(old) == now
    from lanista.arenas.core import registry

    arena = registry.get("werewolf")
    with Run.create(tmp_path / "run", "train", {**old, "hash": arena.hash()}, ["lanista"], 0):
        pass
    with pytest.raises(UsageError, match="begun by an earlier version"):
        train(now, tmp_path / "run", resume=True)
    (tmp_path / "run" / "result.json").write_text(json.dumps({}))
    assert train(now, tmp_path / "run", resume=True).policies == {"shared": tmp_path / "run/policies/shared"}


def test_a_start_that_fails_leaves_nothing(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "run"
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match="cannot be dealt to 2 processes"):
        train(config(folder, scenarios=3), out)
    assert not out.exists()
    monkeypatch.undo()
    with pytest.raises(LanistaError, match="holds"):
        train(config(folder, max_new_tokens=5000), out)
    assert not out.exists()
    train(config(folder, steps=1, evaluate_games=0), out)


def test_a_tracker_goes_on_in_the_same_run(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tracker of accelerate's kind: one id for a run and its continuation, steps told once after the last of them."""
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS, GeneralTracker

    told: list[tuple[str, Any, int]] = []

    class Memory(GeneralTracker):  # type: ignore[misc]
        name = "wandb"
        requires_logging_directory = False

        def __init__(self, run_name: str, **options: Any) -> None:
            super().__init__()
            self.id = options["id"]
            told.append(("start", options["resume"], 0))

        @property
        def tracker(self) -> Any:
            return None

        def store_init_configuration(self, values: dict[str, Any]) -> None:
            assert values["update/learning_rate"] == 1e-2

        def log(self, values: dict[str, Any], step: int | None = None, **more: Any) -> None:
            told.append((self.id, values, step or 0))

        def finish(self) -> None:
            told.append(("end", None, 0))

    monkeypatch.setitem(LOGGER_TYPE_TO_CLASS, "wandb", Memory)
    monkeypatch.setattr(trackers, "check", lambda names: None)
    out = tmp_path / "run"
    train(config(folder, steps=1, report_to=["wandb"]), out)
    train(config(folder, steps=2, report_to=["wandb"]), out, resume=True)
    ids = {id_ for id_, values, _ in told if isinstance(values, dict)}
    assert len(ids) == 1
    assert [step for _, values, step in told if isinstance(values, dict) and "loss" in values] == [1, 2]
    assert [name for name, _, _ in told].count("end") == 2
