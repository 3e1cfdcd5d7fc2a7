"""Programs in the learner's seats: what they say through the gateway is what is learned from, id by id."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from programs_for_tests import __file__ as PROGRAMS

from lanista.errors import UsageError
from lanista.training.config import TrainConfig
from lanista.training.loop import train
from lanista.training.trajectories import Trajectory

VANILLA = {"players": 5, "wolves": 1, "roles": []}


def test_a_run_that_is_taken_up_again_comes_to_the_same_bits(folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    def config(steps: int) -> TrainConfig:
        return TrainConfig.flat(
            arena="werewolf",
            arena_config=VANILLA,
            model=str(folder),
            program=f"program:{PROGRAMS}:forgetful?linger_s=30",  # a busy machine must not part a batch
            steps=steps,
            scenarios=1,
            group_size=2,
            max_new_tokens=8,
            learning_rate=1e-2,
            evaluate_games=0,
            save_every=1,
            device="cpu",
            stop_if_illegal=0,
        )

    whole = train(config(2), tmp_path / "whole")
    train(config(1), tmp_path / "halves")
    halves = train(config(2), tmp_path / "halves", resume=True)
    one, other = (load_file(found.policies["shared"] / "model.safetensors") for found in (whole, halves))
    assert all((one[name] == other[name]).all() for name in one)


def test_a_program_writes_its_own_prompts() -> None:
    with pytest.raises(UsageError, match="it is the program that writes the prompts"):
        TrainConfig.flat(program="program:a.py:f", few_shot=True)


@pytest.mark.parametrize(
    ("program", "policies"),
    [
        ("streams", "per-role"),
        pytest.param("plain", "shared", marks=pytest.mark.slow),
        pytest.param("forgetful", "shared", marks=pytest.mark.slow),
    ],
)
def test_three_steps_change_the_weights_and_ids_are_the_engines(
    program: str,
    policies: str,
    folder: Path,
    tmp_path: Path,
    recorded: list[tuple[Any, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from safetensors.torch import load_file

    from lanista.training.algorithms.grpo import GRPO

    learned: list[Trajectory] = []
    update = GRPO.update

    def watched(self: GRPO, found: Any, step: int) -> Any:
        learned.extend(found)
        return update(self, found, step)

    monkeypatch.setattr(GRPO, "update", watched)
    calls = tmp_path / "calls.jsonl"
    config = TrainConfig.flat(
        arena="werewolf",
        arena_config=VANILLA,
        model=str(folder),
        program=f"program:{PROGRAMS}:{program}?calls={calls}",
        policies=policies,
        steps=3,
        scenarios=2,
        group_size=4,
        max_new_tokens=12,
        learning_rate=1e-2,
        evaluate_games=0,
        device="cpu",
        stop_if_illegal=0,
    )
    result = train(config, tmp_path / "run")
    if policies == "shared":
        before = load_file(folder / "model.safetensors")
        after = load_file(result.policies["shared"] / "model.safetensors")
        assert any((before[name] != after[name]).any() for name in before)
    else:
        # An adapter begins as nothing. The wolf's stays so: an untrained model's moves are all refused, her games alike
        weights = load_file(result.policies["villager"] / "adapter_model.safetensors")
        assert any(weights[name].any() for name in weights if "lora_B" in name)

    # Every call that was written down is one of the engine's, byte for byte
    asked = {(tuple(q.ids), tuple(r.ids), tuple(r.logps)) for q, r in recorded}
    lines = [json.loads(line) for line in calls.read_text(encoding="utf-8").splitlines()]
    assert {(tuple(c["prompt_ids"]), tuple(c["ids"]), tuple(c["logps"])) for c in lines} == asked
    assert len(lines) == len(recorded)
    assert {c["policy"]["version"] for c in lines} == {"0", "1", "2"}
    assert {c["policy"]["name"] for c in lines} == set(result.policies)

    # What is learned from: each row's last sampled piece follows exactly what the engine was given before it
    own = {(tuple(c["prompt_ids"]), tuple(c["ids"])) for c in lines if not c.get("auxiliary")}
    assert learned
    sampled = 0
    for trajectory in learned:
        for row in trajectory.rows:
            starts = [i for i in range(1, len(row.ids)) if row.own[i] and not row.own[i - 1]]
            for start in starts:
                end = next((i for i in range(start, len(row.ids)) if not row.own[i]), len(row.ids))
                assert (row.ids[:start], row.ids[start:end]) in own
                sampled += 1
    assert sampled == len([c for c in lines if not c.get("auxiliary")])
    if program != "forgetful":  # one conversation, one row
        assert {len(trajectory.rows) for trajectory in learned} <= {0, 1}
    else:
        assert any(len(trajectory.rows) > 1 for trajectory in learned)
        assert any(c.get("auxiliary") for c in lines)
        assert any("reply" in c.get("drift", ()) for c in lines)
