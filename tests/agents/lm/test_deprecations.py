"""Nothing is called by a name that a library is about to drop, and nothing is printed about it."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from lanista.agents.lm.backends.hf.forward import cache_name, cache_of
from lanista.agents.lm.deprecations import THEIRS, not_ours
from lanista.agents.lm.policy import Policy

RUN = """
import sys, warnings
for category in (FutureWarning, DeprecationWarning):
    warnings.filterwarnings("error", category=category, module=r"lanista\\b")
from lanista.cli import main
def run(*words):
    try:
        main(list(words))
    except SystemExit as left:
        assert not left.code, left.code
where, model = sys.argv[1:]
small = ["--set", "players=5", "--set", "wolves=1", "--json"]
run("tournament", "werewolf", "--agents", f"lm:{model}?max_new_tokens=4,random", "--games", "2",
    "--out", f"{where}/games", *small)
run("train", "werewolf", "--model", model, "--policies", "per-role", "--steps", "1", "--scenarios", "1", "--games",
    "2", "--max-new-tokens", "4", "--evaluate-games", "0", "--threads", "1", "--out", f"{where}/trained", *small)
run("tournament", "werewolf", "--agents", f"lm:{where}/trained/policies/werewolf,random", "--games", "2",
    "--out", f"{where}/adapters", *small)
"""


@pytest.mark.slow
def test_a_game_and_a_training_step_print_nothing_about_deprecations(policy: Policy, tmp_path: Path) -> None:
    model = tmp_path / "model"
    policy.model.save_pretrained(model)
    policy.tokenizer.save_pretrained(model)
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path), str(model)], capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stderr.splitlines() if "deprecat" in line.lower() or "Warning" in line]
    assert told == []


def test_only_warnings_that_are_known_are_left_out() -> None:
    with warnings.catch_warnings(record=True) as seen, not_ours():
        warnings.simplefilter("always", append=True)
        for begins in THEIRS:
            warnings.warn(f"{begins} and will be removed", FutureWarning, stacklevel=1)
        warnings.warn("something else is deprecated", FutureWarning, stacklevel=1)
    assert [str(warning.message) for warning in seen] == ["something else is deprecated"]


@pytest.mark.parametrize("name", ["cache", "past_key_values"])
def test_caches_are_called_by_the_name_the_model_knows(name: str) -> None:
    """Older and newer releases of transformers, by their forward passes' signatures."""
    space: dict[str, type] = {}
    exec(f"class Model:\n    def forward(self, input_ids, {name}=None): ...", space)
    assert cache_name(space["Model"]()) == name
    assert cache_of({name: 5}) == 5
