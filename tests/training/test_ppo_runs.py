"""Whole runs of PPO: resumed to the same bits, a warm-up, nothing of the critic in what is served, and bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
from safetensors.torch import load_file

from lanista.cli import main
from lanista.errors import UsageError
from lanista.training.algorithms.ppo.critic import FILE
from lanista.training.config import TrainConfig
from lanista.training.loop import train
from lanista.training.metrics import describe, metrics

SMALL: dict[str, Any] = {
    "algorithm": "ppo",
    "arena_config": {"players": 5, "wolves": 1, "roles": []},
    "steps": 3,
    "scenarios": 2,
    "group_size": 2,
    "max_new_tokens": 6,
    "learning_rate": 1e-2,
    "critic_warmup": 1,
    "save_every": 1,
    "evaluate_games": 0,
    "opponents": ["random"],
    "device": "cpu",
    "threads": 1,
}
PER_ROLE: dict[str, Any] = {"policies": "per-role", "lora_r": 2, "opponents": ["self", "past"], "pool_every": 1}


def config(folder: Path, **more: Any) -> TrainConfig:
    return TrainConfig.flat(**(SMALL | {"model": str(folder)} | more))


def weights(out: Path) -> dict[str, Any]:
    return {
        f"{path.parent.name}/{name}": tensor
        for path in sorted((out / "policies").glob("*/*.safetensors"))
        for name, tensor in load_file(path).items()
    }


def same(one: dict[str, Any], two: dict[str, Any]) -> bool:
    return bool(one) and one.keys() == two.keys() and all(one[name].equal(two[name]) for name in one)


def flat(value: Any) -> list[Any]:
    """The leaves of nested tables, in order."""
    if isinstance(value, dict):
        return [leaf for key in sorted(value, key=str) for leaf in (key, *flat(value[key]))]
    return [leaf for each in value for leaf in flat(each)] if isinstance(value, (list, tuple)) else [value]


def critic_of(checkpoint: Path) -> list[Any]:
    found = flat(torch.load(checkpoint / FILE, weights_only=True))
    return [leaf.tolist() if isinstance(leaf, torch.Tensor) else leaf for leaf in found]


@pytest.mark.parametrize("kind", [{}, pytest.param(PER_ROLE, marks=pytest.mark.slow)], ids=["shared", "per-role"])
def test_a_resumed_run_ends_in_the_same_bits(tmp_path: Path, folder: Path, kind: dict[str, Any]) -> None:
    wanted = config(folder, **kind)
    whole = train(wanted, tmp_path / "whole").out

    class Stop(Exception):
        pass

    def stop(line: dict[str, Any]) -> None:
        if line["step"] == 2:
            raise Stop

    broken = tmp_path / "broken"
    with pytest.raises(Stop):
        train(wanted, broken, on_step=stop)
    train(wanted, broken, resume=True)
    assert same(weights(whole), weights(broken))
    told = [
        [{k: v for k, v in line.items() if "second" not in k and k != "watch"} for line in metrics(out)]
        for out in (whole, broken)
    ]
    assert told[0] == told[1]
    kept = [critic_of(out / "checkpoints" / "checkpoint-3") for out in (whole, broken)]
    assert kept[0] == kept[1]
    assert any("villager" in str(leaf) for leaf in kept[0])


def test_while_the_critic_warms_up_no_policy_moves(tmp_path: Path, folder: Path) -> None:
    """Two steps of three: checkpoints of the first two are the start, the third is not; the rate's schedule goes on."""
    wanted = config(folder, critic_warmup=2, keep=3, lr_schedule="linear", minibatches=1)
    out = train(wanted, tmp_path / "run").out
    start = load_file(folder / "model.safetensors")
    after = [load_file(out / "checkpoints" / f"checkpoint-{n}" / "model.safetensors") for n in (1, 2, 3)]
    moved = [not all(now[name].equal(start[name]) for name in now.keys() & start.keys()) for now in after]
    assert moved == [False, False, True]
    lines = metrics(out)
    assert [line["critic/warmup"] for line in lines] == [1, 1, 0]
    assert [line.get("learning_rate") for line in lines] == [None, None, pytest.approx(1e-2 / 3)]
    assert all(line["value/loss_after"] < line["value/loss"] for line in lines)
    assert lines[0]["value/mean"] == 0.0
    assert lines[1]["value/mean"] != 0.0
    assert "critic explains" in describe(lines[1])
    assert critic_of(out / "checkpoints" / "checkpoint-1") != critic_of(out / "checkpoints" / "checkpoint-2")


@pytest.mark.slow
def test_nothing_of_the_critic_is_served(tmp_path: Path, folder: Path) -> None:
    """Policies and frozen past ones hold the files and the weights that grpo's hold, by name and shape."""
    options = {**PER_ROLE, "steps": 2}
    mine = train(config(folder, **options), tmp_path / "ppo").out
    grpos = {k: v for k, v in SMALL.items() if k not in ("algorithm", "critic_warmup")}
    theirs = train(TrainConfig.flat(**(grpos | options | {"model": str(folder)})), tmp_path / "grpo").out
    for part in ("policies", "pool"):
        served = [{p.relative_to(out): p for p in sorted((out / part).rglob("*"))} for out in (mine, theirs)]
        assert list(served[0]) == list(served[1])
        assert any(p.suffix == ".safetensors" for p in served[0])
        for name, path in served[0].items():
            if path.suffix == ".safetensors":
                one, two = load_file(path), load_file(served[1][name])
                assert {n: t.shape for n, t in one.items()} == {n: t.shape for n, t in two.items()}
    assert {p.parent.name for p in mine.rglob(FILE)} == {"checkpoint-1", "checkpoint-2"}


@pytest.mark.parametrize("damage", ["gone", "cut", "other"])
def test_a_checkpoint_without_its_critic_is_one_line_and_loses_nothing(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    out, settings = tmp_path / "run", tmp_path / "wanted.json"
    settings.write_text(json.dumps(config(folder, steps=2).to_json()))

    def run(*words: str) -> tuple[Any, str]:
        with pytest.raises(SystemExit) as ended:
            main(["train", "werewolf", "--out", str(out), "--config", str(settings), *words])
        return ended.value.code, capsys.readouterr().err

    assert run()[0] == 0
    checkpoint = out / "checkpoints" / "checkpoint-2"
    place = checkpoint / FILE
    good = place.read_bytes()
    if damage == "gone":
        place.unlink()
    elif damage == "cut":
        place.write_bytes(good[: len(good) // 2])
    else:
        torch.save({"villager": {"head": {}}}, place)
    before = {path.name: path.read_bytes() for path in checkpoint.iterdir()}
    code, said = run("--resume", "--steps", "3")
    assert code == 2, said
    assert len([line for line in said.strip().splitlines() if line.startswith("error")]) == 1
    assert ("has no critic" if damage == "gone" else "cannot be read") in said
    assert {path.name: path.read_bytes() for path in checkpoint.iterdir()} == before
    assert (out / "policies").exists()
    place.write_bytes(good)
    assert run("--resume", "--steps", "3")[0] == 0  # put back, the run goes on
    assert [line["step"] for line in metrics(out)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"gae_lambda": 1.5}, "gae_lambda is at most 1, not 1.5"),
        ({"gae_lambda": -0.1}, "gae_lambda is at least 0"),
        ({"gamma": 2.0}, "gamma is at most 1"),
        ({"value_lambda": 1.01}, "value_lambda is at most 1"),
        ({"returns": "episode"}, "leave --returns at reward_to_go, not episode"),
        ({"critic_warmup": 3}, "leaves the policy none of 3 steps"),
        ({"critic_updates": 0}, "critic_updates is at least 1"),
        ({"baseline": "loo", "group_size": 1}, "baseline loo compares with siblings"),
        ({"baseline": "shrunk"}, "baseline is one of none, loo"),
        ({"loss_type": "gspo"}, "weighs a whole sequence"),
        ({"top_p": 0.9}, "top_p and top_k cut it"),
        ({"value_clip": float("nan")}, "value_clip is a finite number"),
    ],
)
def test_what_cannot_be_is_said(folder: Path, options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        config(folder, **options)


def test_one_process_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match="one process"):
        config(folder)


def test_groups_of_one_game_learn(tmp_path: Path, folder: Path) -> None:
    """A critic needs no siblings."""
    out = train(config(folder, group_size=1, scenarios=4, steps=2), tmp_path / "run").out
    start = load_file(folder / "model.safetensors")
    now = load_file(out / "policies" / "shared" / "model.safetensors")
    assert not all(now[name].equal(start[name]) for name in now)
