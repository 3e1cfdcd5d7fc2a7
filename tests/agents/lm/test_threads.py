"""CPU threads by the size of a model."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lanista.agents.lm.policy import Policy
from lanista.agents.lm.threads import ONE_UP_TO, threads_for, told


def test_small_models_take_one_thread_and_large_ones_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert threads_for(120_000) == threads_for(ONE_UP_TO) == 1
    assert threads_for(10**9) == len(os.sched_getaffinity(0))


def test_who_sets_the_usual_variable_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert threads_for(120_000) == threads_for(10**9) == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert threads_for(120_000) == 1


def test_the_choice_is_told_in_words() -> None:
    assert told(1, 134_000) == "1 CPU thread for 0.1M parameters"
    assert told(2, 134_515_008) == "2 CPU threads for 134.5M parameters"


@pytest.mark.slow
def test_seating_a_model_sets_the_threads(policy: Policy, tmp_path: Path) -> None:
    """In a process of its own: the choice is the whole process's."""
    policy.model.save_pretrained(tmp_path)
    policy.tokenizer.save_pretrained(tmp_path)
    code = (
        "import sys, torch; from lanista.agents import lm; torch.set_num_threads(2); "
        "lm.make(sys.argv[1]); print(torch.get_num_threads()); "
        "lm.make(sys.argv[1] + '?threads=2'); print(torch.get_num_threads()); "
        "from lanista.agents.lm.threads import use; print(use(0, 1000), use(0, 1000, alone=True))"
    )
    env = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True, timeout=200, env=env
    )
    assert done.stdout.split() == ["1", "2", "2", "1"]
