"""Two processes train what one would have trained, though they hold unequal rows, and neither waits for ever."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
from workbench import relative_error

CHILD = """
import random, sys
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
sys.path.insert(0, sys.argv[1])
from workbench import policies_on, scored_rows, with_adapters
from lanista.training.config import TrainConfig
from lanista.training.adapters import adapter_name
from lanista.training.algorithms.grpo.trainer import SelfPlayGRPOTrainer
from lanista.training.batching import RolloutBatch

_, here, folder, out, kind, ranks = sys.argv
names = ("left", "right") if kind == "per-role" else ("shared",)
model = AutoModelForCausalLM.from_pretrained(folder)
if kind == "per-role":
    model = with_adapters(model, names)
# Everybody makes all rows; the first rank holds five of "left" and all of "right", the other the rest.
rng = random.Random(3)
rows = {}
for name in names:
    if kind == "per-role":
        model.set_adapter(adapter_name(names.index(name)))
    rows[name] = scored_rows(rng, model, 7)

class Watched(SelfPlayGRPOTrainer):
    def _clip_each_policy(self):
        found = {n: p.grad.clone() for n, p in self.model.named_parameters() if p.grad is not None}
        if self.accelerator.is_main_process:
            torch.save(found, out)
        return super()._clip_each_policy()

    def rows(self):
        if self.accelerator.num_processes == 1:
            return rows
        first = self.accelerator.process_index == 0
        mine = {names[0]: rows[names[0]][:5] if first else rows[names[0]][5:]}
        if len(names) > 1 and first:
            mine[names[1]] = rows[names[1]]
        return mine

config = TrainConfig.flat(
    scenarios=2, group_size=2, steps=1, device="cpu", evaluate_games=0, tokens_per_batch=30,
    policies=kind, lora_r=4 if kind == "per-role" else 0,
)
tokenizer = AutoTokenizer.from_pretrained(folder)
trainer = Watched(config=config, policies=policies_on(model, tokenizer, names))
trainer.learn(RolloutBatch(trainer.rows(), 0, 1), 0)
"""


def gradients(folder: Path, out: Path, kind: str, ranks: int) -> dict[str, Any]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    children = []
    for rank in range(ranks):
        env = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
        if ranks > 1:
            env |= {
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
                "WORLD_SIZE": str(ranks),
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
            }
        words = [sys.executable, "-c", CHILD, str(Path(__file__).parent), str(folder), str(out), kind, str(ranks)]
        children.append(subprocess.Popen(words, env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True))
    try:
        for child in children:
            _, said = child.communicate(timeout=240)
            assert child.returncode == 0, said[-3000:]
    finally:
        for child in children:
            child.kill()
    found: dict[str, Any] = torch.load(out)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["shared", "per-role"])
def test_two_ranks_make_the_step_of_one(tmp_path: Path, folder: Path, kind: str) -> None:
    """Trap: ranks with other row counts, or without any row of a policy, hang in each other's collectives."""
    one = gradients(folder, tmp_path / "one", kind, 1)
    two = gradients(folder, tmp_path / "two", kind, 2)
    assert relative_error(two, one) < 1e-5
