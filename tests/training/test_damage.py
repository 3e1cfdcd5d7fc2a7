"""Checkpoints and pools of which a file is gone, cut short or another: one line, and nothing is lost.

The law: a run whose files were damaged either says so in one line and goes on once they are put back, or did not need
them and ends in the same bits.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

from safetensors.torch import load_file

from lanista.errors import LanistaError, UsageError
from lanista.training.config import TrainConfig
from lanista.training.loop import train

SMALL: dict[str, Any] = {
    "arena_config": {"players": 5, "wolves": 1, "roles": []},
    "steps": 1,
    "scenarios": 2,
    "group_size": 2,
    "max_new_tokens": 3,
    "learning_rate": 1e-2,
    "save_every": 1,
    "evaluate_games": 0,
    "keep_games": 0,
    "device": "cpu",
    "threads": 1,
}
PAST: dict[str, Any] = {"opponents": ["past"], "pool_every": 1, "pool_size": 4}
KINDS: dict[str, dict[str, Any]] = {
    "grpo": {"baseline": "shrunk"},
    "grpo, resampled": {"resample": 1},
    "ppo, per role": {"algorithm": "ppo", "critic_warmup": 0, "policies": "per-role", "roles_by": "team", "lora_r": 2},
    "rejection": {"algorithm": "rejection", "opponents": ["random"]},
}
DAMAGES: dict[str, Callable[[Path], object]] = {
    "gone": Path.unlink,
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "other": lambda path: path.write_bytes(b"[3]"),
}


def weights(out: Path) -> dict[str, Any]:
    return {
        f"{path.parent.name}/{name}": tensor
        for path in sorted((out / "policies").glob("*/*.safetensors"))
        for name, tensor in load_file(path).items()
    }


def damaged(out: Path, copy: Path, part: Path, how: str, wanted: TrainConfig, kind: str) -> str | None:
    """What a run that was copied says once ``part`` of it was damaged; None where it goes on all the same.

    It goes on in the same bits then, and does so too once the file is put back.
    """
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(out, copy)
    DAMAGES[how](copy / part)
    said = None
    try:
        train(wanted, copy, resume=True)
    except LanistaError as error:
        said = error
    if said is None:
        return None
    assert isinstance(said, UsageError), f"{kind}: {part} {how}: {said}"
    assert "\n" not in str(said)
    assert len(str(said)) < 700
    assert str(copy) in str(said)
    return str(said)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_checkpoint_is_one_line(tmp_path: Path, folder: Path, kind: str) -> None:
    out, copy, whole = tmp_path / "run", tmp_path / "copy", tmp_path / "whole"
    options = SMALL | KINDS[kind] | {"model": str(folder)}
    train(TrainConfig.flat(**options), out)
    wanted = TrainConfig.flat(**options | {"steps": 2})
    shutil.copytree(out, whole)
    train(wanted, whole, resume=True)
    place = out / "checkpoints" / "checkpoint-1"
    parts = [path.relative_to(out) for path in sorted(place.rglob("*")) if path.is_file()]
    needed = 0
    for part in parts:
        for how in DAMAGES:
            said = damaged(out, copy, part, how, wanted, kind)
            needed += said is not None
            if said is None:
                assert part.suffix not in (".safetensors", ".pt"), f"{part} {how} was taken for good"
            else:
                shutil.copy(out / part, copy / part)
                if how == "cut":
                    train(wanted, copy, resume=True)
            if said is None or how == "cut":
                one, two = weights(copy), weights(whole)
                assert all(one[name].equal(two[name]) for name in two), f"{part} {how}"
    assert needed


@pytest.mark.parametrize("rank", [2, pytest.param(0, marks=pytest.mark.slow)], ids=["adapter", "whole"])
def test_a_damaged_pool_is_one_line(tmp_path: Path, folder: Path, rank: int) -> None:
    """With opponent ``past`` and its one frozen policy, every game needs it."""
    out, copy = tmp_path / "run", tmp_path / "copy"
    options = SMALL | PAST | {"model": str(folder), "lora_r": rank, "pool_every": 10}
    train(TrainConfig.flat(**options), out)
    wanted = TrainConfig.flat(**options | {"steps": 2})
    (frozen,) = out.glob("pool/step-*/shared/*.safetensors")
    part = frozen.relative_to(out)
    (out / "pool" / "step-of-mine").mkdir()
    for how in DAMAGES:
        said = damaged(out, copy, part, how, wanted, "pool")
        assert said is not None
        assert f"the frozen past policy in {copy / part.parent} cannot be read" in said
    shutil.copy(frozen, copy / part)
    train(wanted, copy, resume=True)
    assert (copy / "pool" / "step-of-mine").is_dir()
    shutil.rmtree(out / "pool" / "step-000000")
    with pytest.raises(UsageError, match=r"frozen past policy in .*step-000000.*cannot be read"):
        train(wanted, out, resume=True)
