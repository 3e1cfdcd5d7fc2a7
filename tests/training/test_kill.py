"""kill -9 at twenty moments of a run, resumed each time: it ends in the bits of one that nobody disturbed.

One CPU thread; a few runs share the twenty, each killed several times over. Every phase that a kind of run has is hit.
"""

from __future__ import annotations

import json
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import killing
import torch
from safetensors.torch import load_file

from lanista.store import Store
from lanista.training.config import TrainConfig
from lanista.training.metrics import metrics

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

MOMENTS, BY_THE_CLOCK, EACH = 17, 3, 5
"""Moments inside phases, moments by the clock, and how often one run is killed at most."""

SMALL: dict[str, Any] = {
    "arena_config": {"players": 5, "wolves": 1, "roles": []},
    "steps": 3,
    "scenarios": 2,
    "group_size": 2,
    "max_new_tokens": 4,
    "learning_rate": 1e-2,
    "save_every": 2,
    "evaluate_games": 1,
    "evaluate_every": 1,
    "opponents": ["random"],
    "device": "cpu",
    "threads": 1,
}
PER_ROLE: dict[str, Any] = {
    "policies": "per-role",
    "roles_by": "team",
    "lora_r": 2,
    "opponents": ["self", "past"],
    "pool_every": 1,
    "pool_size": 2,
    "minibatches": 2,
}
KINDS: dict[str, dict[str, Any]] = {
    "grpo": {"resample": 2, "branches": 2, "contributions": 2},
    "ppo": {"algorithm": "ppo", "critic_warmup": 1},
    "grpo-per-role": {**PER_ROLE, "baseline": "shrunk"},
    "ppo-per-role": {**PER_ROLE, "algorithm": "ppo", "critic_warmup": 1, "baseline": "loo"},
}
TIMES = ("seconds", "per_second", "runtime")


def left(out: Path) -> dict[str, Any]:
    """All that a run leaves, but for what the clock says: each file's content in a form that can be compared."""
    found: dict[str, Any] = {}
    for path in sorted(out.rglob("*")):
        name = str(path.relative_to(out))
        if path.suffix == ".safetensors":
            found[name] = {key: tensor.tolist() for key, tensor in load_file(path).items()}
        elif path.suffix == ".pt":
            found[name] = plain(torch.load(path, weights_only=True))
        elif path.name == "metrics.jsonl":
            lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            found[name] = [{k: v for k, v in line.items() if not any(t in k for t in TIMES)} for line in lines]
        elif path.name == "store.sqlite":
            with Store.open(path) as store:
                found[name] = {row["id"]: episode.canonical() for row, episode in store.items()}
        elif path.name == "run.json":
            found[name] = json.loads(path.read_text(encoding="utf-8"))["config"]
        elif path.is_dir() or path.name == "lock":
            found[name] = None
        elif not path.name.startswith("store.sqlite-"):  # what SQLite has beside a store is its own affair
            found[name] = path.read_bytes().replace(str(out).encode(), b"OUT")
    return found


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): plain(its) for key, its in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value.tolist() if isinstance(value, torch.Tensor) else value


def differing(one: dict[str, Any], two: dict[str, Any]) -> list[str]:
    return sorted(name for name in one.keys() | two.keys() if one.get(name, "-") != two.get(name, "-"))


@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_twenty_moments_it_ends_in_the_same_bits(
    tmp_path: Path, folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    settings = TrainConfig.flat(**(SMALL | KINDS[kind]), model=str(folder)).to_json()
    whole = tmp_path / "whole"
    began = time.monotonic()
    events = killing.lengths(settings, whole)
    took = time.monotonic() - began
    wanted = left(whole)
    assert [line["step"] for line in metrics(whole)] == [1, 2, 3]
    has = [phase for phase, count in events.items() if count]
    assert ("critic" in has) == ("ppo" in kind)

    rng = random.Random(kind)
    waiting = [has[i % len(has)] for i in range(MOMENTS)]
    rng.shuffle(waiting)
    waiting += ["clock"] * BY_THE_CLOCK
    hit: list[str] = []
    number = killed = tries = 0
    while waiting or killed:
        out = tmp_path / f"run-{number}"
        phase = waiting[0] if waiting and killed < EACH else None
        tries += 1
        assert tries < 5 * (MOMENTS + BY_THE_CLOCK), f"too few moments were met: {hit}, waiting for {waiting}"
        if phase == "clock":
            process = killing.start(settings, out)
            process.join(rng.uniform(0.0, 0.5 * took))
            process.kill()
            process.join()
            code = process.exitcode
        else:
            # Within the events of one step of the phase, or the first few: its beginning is as likely as the rest.
            most = max(1, events.get(phase or "", 0) // rng.choice((1, 3, 30)))
            event = rng.randrange(most)
            code = killing.run(settings, out, phase, event)
            assert code in (0, -signal.SIGKILL), f"{kind}: it ended with {code} after {hit[-EACH:]}"
        if code == -signal.SIGKILL:
            hit.append(str(phase))
            waiting.pop(0)
            killed += 1
            continue
        assert differing(left(out), wanted) == [], f"{kind}: after {hit[-killed:] if killed else []}"
        number, killed = number + 1, 0
    assert len(hit) == MOMENTS + BY_THE_CLOCK
    assert set(hit) == {*has, "clock"}, Counter(hit)
