"""The seam: algorithms by name, one of a stranger's beside ours, and what goes wrong with each in one line."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("trl")

from safetensors.torch import load_file

from lanista.arenas.core import registry
from lanista.cli import main
from lanista.errors import UsageError
from lanista.training import algorithms
from lanista.training.config import TrainConfig
from lanista.training.loop import train
from lanista.training.metrics import metrics
from lanista.training.options import default, flag

DOCS = Path(__file__).parents[2] / "docs"

SMALL: dict[str, Any] = {
    "arena_config": {"players": 5, "wolves": 1, "roles": []},
    "steps": 2,
    "scenarios": 2,
    "group_size": 2,
    "max_new_tokens": 6,
    "save_every": 1,
    "evaluate_games": 0,
    "opponents": ["random"],
    "device": "cpu",
    "threads": 1,
}


def config(folder: Path, **more: Any) -> TrainConfig:
    return TrainConfig.flat(**(SMALL | {"model": str(folder)} | more))


@pytest.fixture
def strangers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if packages had registered the algorithm of docs/training.md, and three that are broken."""
    text = (DOCS / "training.md").read_text(encoding="utf-8")
    (source,) = [block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "class Reinforce" in block]
    module = ModuleType("my_reinforce")
    monkeypatch.setitem(sys.modules, "my_reinforce", module)  # where dataclasses looks names up
    exec(compile(source, "docs/training.md", "exec"), module.__dict__)
    theirs = {
        "reinforce": "my_reinforce:Reinforce",
        "missing": "no_such_package.at_all:Thing",
        "nothing": "lanista.training.options:Section",
        "half": "lanista.training.algorithms.base:Algorithm",
    }
    ours = registry._entries

    def entries(group: str) -> dict[str, list[EntryPoint]]:
        more = {n: [EntryPoint(n, v, group)] for n, v in theirs.items()} if group == algorithms.GROUP else {}
        return {**ours(group), **more}

    monkeypatch.setattr(registry, "_entries", entries)
    algorithms.get.cache_clear()
    yield
    algorithms.get.cache_clear()


@pytest.mark.usefixtures("strangers")
def test_one_module_is_an_algorithm(tmp_path: Path, folder: Path) -> None:
    """The page's own: weights move, and a run that is taken up again ends in the bits of one that was not stopped."""
    wanted = config(folder, algorithm="reinforce", step_size=0.05, steps=3)
    whole = train(wanted, tmp_path / "whole")
    assert [line["step"] for line in metrics(whole.out)] == [1, 2, 3]
    assert all("loss" in line and "reward/villager" in line for line in metrics(whole.out))

    class Stop(Exception):
        pass

    def stop(line: dict[str, Any]) -> None:
        if line["step"] == 2:
            raise Stop

    with pytest.raises(Stop):
        train(wanted, tmp_path / "broken", on_step=stop)
    again = train(wanted, tmp_path / "broken", resume=True)
    one, two = (load_file(run.policies["shared"] / "model.safetensors") for run in (whole, again))
    start = load_file(folder / "model.safetensors")
    assert all(one[name].equal(two[name]) for name in one)
    assert not all(one[name].equal(start[name]) for name in one)


@pytest.mark.usefixtures("strangers")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--algorithm", "gropo"], "unknown algorithm 'gropo'; did you mean 'grpo'?"),
        (["--algorithm", "missing"], "cannot be loaded: ModuleNotFoundError"),
        (["--algorithm", "nothing"], "not a subclass of lanista.training.algorithms.Algorithm"),
        (["--algorithm", "half"], "does not say how to update"),
        (["--algorithm", "rejection", "--epsilon", "0.1"], "option of grpo and ppo, not of the algorithm 'rejection'"),
        (["--algorithm", "sft", "--minibatches", "2"], "option of grpo and ppo, not of the algorithm 'sft'"),
        (["--algorithm", "reinforce", "--epochs", "2"], "option of rejection and sft, not of the algorithm"),
        (["--step-size", "0.1"], "option of reinforce, not of the algorithm 'grpo'"),
        (["--algorithm", "reinforce", "--step-size", "nan"], "step_size is a finite number"),
        (["--learning-rat", "1"], "--learning-rate"),
        (["--lr-schedule", "cosin"], "did you mean 'cosine'"),
        (["--team-weight", "nan"], "team_weight is a finite number, not nan"),
        (["--reward-unit", "inf"], "reward_unit is a finite number, not inf"),
        (["--report-to", "tensorbord"], "did you mean 'tensorboard'"),
        (["--group-size", "1"], "group_size is at least 2"),
        (["--algorithm", "sft", "--teachers", "crowd", "--from-runs", "x"], "not from both"),
        (["--algorithm", "sft", "--from-runs", "nowhere"], "there is no run in nowhere"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    out = tmp_path / "run"
    with pytest.raises(SystemExit) as ended:
        main(["train", "werewolf", "--model", str(folder), "--out", str(out), *words])
    said = capsys.readouterr()
    assert ended.value.code == 2, said.err
    assert says in " ".join(said.err.split())
    assert len(said.err.strip().splitlines()) == 1
    assert said.out == ""
    assert not out.exists()


def values_of(kind: Any) -> dict[str, Any]:
    """Every option of a section by its flat name, with its default as the value."""
    return {flag(f).replace("-", "_"): default(f) for f in fields(kind)}


PAIRS = [(mine, other) for mine in algorithms.names() for other in algorithms.names() if mine != other]


@pytest.mark.parametrize(("mine", "other"), PAIRS)
def test_no_algorithm_takes_another_ones_options(
    mine: str, other: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every option that one has and the other has not, flat and in a file's table; the first one as a flag too."""
    theirs = values_of(algorithms.get(other).Config)
    foreign = {name: value for name, value in theirs.items() if name not in algorithms.own_options(mine)}
    for name, value in foreign.items():
        with pytest.raises(UsageError, match=f"'{name}' is an option of .*{other}.*, not of the algorithm '{mine}'"):
            TrainConfig.flat(algorithm=mine, **{name: value})
        with pytest.raises(UsageError, match=f"unknown option '{name}' in .update."):
            TrainConfig.from_json({"algorithm": mine, "update": {name: value}})
    for name in list(foreign)[:1]:
        words = ["train", "werewolf", "--algorithm", mine, "--out", str(tmp_path / "run")]
        with pytest.raises(SystemExit) as ended:
            main([*words, "--" + name.replace("_", "-"), "1"])
        said = capsys.readouterr().err.strip()
        assert ended.value.code == 2
        assert len(said.splitlines()) == 1
        assert f"not of the algorithm '{mine}'" in said


def test_a_tracker_that_is_not_installed_is_named() -> None:
    from accelerate.tracking import get_available_trackers

    from lanista.training import trackers

    here = {str(one) for one in get_available_trackers()}
    missing = next(name for name in ("aim", "comet_ml", "clearml") if name not in here)
    with pytest.raises(UsageError, match=f"the tracker {missing} is not installed: pip install"):
        trackers.check([missing])


@pytest.mark.usefixtures("strangers")
def test_help_shows_the_options_of_the_algorithm_that_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    shown = {}
    for name in ("grpo", "sft", "reinforce"):
        with pytest.raises(SystemExit) as ended:
            main(["train", "werewolf", "--algorithm", name, "--help"])
        assert ended.value.code == 0
        shown[name] = capsys.readouterr().out
    assert "--epsilon" in shown["grpo"]
    assert "--epsilon" not in shown["sft"]
    assert "--teachers" in shown["sft"]
    assert "--step-size" in shown["reinforce"]
    assert all("--group-size" in text for text in shown.values())


def test_imitation_of_teachers_then_of_what_a_run_kept(tmp_path: Path, folder: Path) -> None:
    options = {"algorithm": "sft", "teaching_games": 12, "learning_rate": 1e-2, "epochs": 2, "steps": 2}
    first = train(config(folder, **options, teachers=("crowd",)), tmp_path / "first")
    lines = metrics(first.out)
    assert [line["teaching_games"] for line in lines] == [6, 6]
    assert lines[-1]["loss/last"] < lines[0]["loss/first"]
    kept = train(config(folder, steps=2, keep_games=4), tmp_path / "kept").out
    again = train(
        config(folder, **{**options, "steps": 1}, from_runs=(str(kept),), imitate=("random",)), tmp_path / "again"
    )
    (line,) = metrics(again.out)
    assert line["teaching_games"] == 8
    assert line["demonstrations"] > 0
    with pytest.raises(UsageError, match="nobody called crowd plays in those games"):
        train(config(folder, algorithm="sft", from_runs=(str(kept),), imitate=("crowd",)), tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_imitation_trains_an_adapter_and_leaves_its_base(tmp_path: Path, folder: Path) -> None:
    options = {"algorithm": "sft", "teachers": ("crowd",), "teaching_games": 8, "learning_rate": 1e-2, "lora_r": 2}
    done = train(config(folder, **{**options, "steps": 1}), tmp_path / "run")
    saved = load_file(done.policies["shared"] / "adapter_model.safetensors")
    assert any(tensor.any() for name, tensor in saved.items() if "lora_B" in name)
    assert metrics(done.out)[0]["loss/last"] < metrics(done.out)[0]["loss/first"]


def test_a_config_is_nested_in_files_and_flat_on_the_command_line(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same run four ways: flags, flags of old, a nested file, a run's own run.json."""

    def planned(*words: str) -> dict[str, Any]:
        with pytest.raises(SystemExit) as ended:
            main(["train", "werewolf", "--out", str(tmp_path / "x"), "--dry-run", "--json", *words])
        said = capsys.readouterr()
        assert ended.value.code == 0, said.err
        found: dict[str, Any] = json.loads(said.out)["config"]
        return found

    flags = planned(
        *("--model", str(folder), "--set", "players=5", "--set", "wolves=1", "--set", "roles=", "--group-size", "4"),
        *("--returns", "reward_to_go", "--epsilon", "0.1", "--evaluate-opponents", "crowd", "--no-thinking"),
    )
    old = planned(
        *("--model", str(folder), "--set", "players=5", "--set", "wolves=1", "--set", "roles=", "--games", "4"),
        *("--credit", "to_go", "--clip", "0.1", "--evaluate-against", "crowd", "--no-thinking"),
    )
    assert flags == old
    assert flags["game"]["group_size"] == 4
    assert flags["credit"]["returns"] == "reward_to_go"
    assert flags["sampling"]["thinking"] is False
    nested = tmp_path / "nested.toml"
    nested.write_text(
        f"""
[game]
config = {{players = 5, wolves = 1, roles = []}}
group_size = 4
[players]
model = "{folder}"
[sampling]
thinking = false
[credit]
returns = "reward_to_go"
[update]
epsilon = 0.1
[evaluation]
opponents = ["crowd"]
"""
    )
    assert planned("--config", str(nested)) == flags
    run = tmp_path / "run.json"
    run.write_text(json.dumps({"kind": "train", "config": {**flags, "hash": "h", "base_weights": "b"}}))
    assert planned("--config", str(run)) == flags
    assert planned("--config", str(run), "--epsilon", "0.3")["update"]["epsilon"] == 0.3
    nested.write_text('algorithm = "sft"\n[update]\nepochs = 3\n')
    assert planned("--config", str(nested))["update"]["epochs"] == 3
    for text, says in (
        ("[update]\nepsilom = 1\n", "did you mean 'epsilon'"),
        ("[game]\ngames = 1.5\n", "whole number"),
    ):
        nested.write_text(text)
        with pytest.raises(SystemExit) as ended:
            main(["train", "werewolf", "--out", "x", "--config", str(nested)])
        assert ended.value.code == 2
        assert says in " ".join(capsys.readouterr().err.split())


def test_every_schedule_that_is_offered_can_be_made(model: Any, tokenizer: Any) -> None:
    from workbench import make_trainer

    from lanista.training.algorithms.grpo import SCHEDULES

    for schedule in SCHEDULES:
        trainer = make_trainer(model, tokenizer, {}, lr_schedule=schedule, warmup_steps=1, steps=4)
        assert trainer.lr_scheduler.lr_lambdas
