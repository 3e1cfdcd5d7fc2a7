"""Whole runs: killed and resumed to the same weights, readable at any moment, seated at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

from safetensors.torch import load_file
from workbench import policies_on, with_adapters

from lanista.agents.lm.policy import Policy
from lanista.arenas import replay
from lanista.arenas.core import registry
from lanista.errors import UsageError
from lanista.runs import Run
from lanista.store import Store
from lanista.training.config import TrainConfig
from lanista.training.league import Pool
from lanista.training.loop import _Loop, last_checkpoint, train
from lanista.training.metrics import metrics, truncate
from lanista.training.policies import load

SMALL: dict[str, Any] = {
    "arena_config": {"players": 5, "wolves": 1, "roles": []},
    "steps": 4,
    "scenarios": 2,
    "group_size": 2,
    "max_new_tokens": 6,
    "learning_rate": 1e-2,
    "save_every": 2,
    "evaluate_games": 2,
    "evaluate_opponents": ["random"],
    "device": "cpu",
    "threads": 1,
}

TIMES = ("seconds", "per_second", "runtime")


def config(folder: Path, **more: Any) -> TrainConfig:
    return TrainConfig.flat(**(SMALL | {"model": str(folder)} | more))


def weights(out: Path) -> dict[str, Any]:
    return {
        f"{path.parent.name}/{name}": tensor
        for path in sorted((out / "policies").glob("*/*.safetensors"))
        for name, tensor in load_file(path).items()
    }


def lines(out: Path) -> list[dict[str, Any]]:
    """The metrics without what the clock says."""
    return [
        {name: value for name, value in line.items() if not any(t in name for t in TIMES)}
        for kind in ("step", "evaluation")
        for line in metrics(out, kind)
    ]


def kept(out: Path) -> dict[str, bytes]:
    """The games in the run's store."""
    with Store.open(out / "store.sqlite") as store:
        return {row["id"]: episode.canonical() for row, episode in store.items()}


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a.keys() == b.keys() and all(a[name].equal(b[name]) for name in a)


CHILD = """
import json, os, signal, sys
from pathlib import Path
from lanista.training.config import TrainConfig
from lanista.training.loop import train
config = TrainConfig.from_json(json.loads(sys.argv[1]))
def on_step(line):
    if line["kind"] == "step" and line["step"] == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
train(config, Path(sys.argv[2]), resume=True, on_step=on_step)
"""


@pytest.mark.parametrize(
    "kind",
    [
        {"opponents": ["random"]},
        pytest.param(
            {"policies": "per-role", "roles_by": "team", "lora_r": 2, "opponents": ["self", "past"], "pool_every": 1},
            marks=pytest.mark.slow,
        ),
    ],
    ids=["shared", "per-role"],
)
def test_a_killed_run_resumes_to_the_same_bits(tmp_path: Path, folder: Path, kind: dict[str, Any]) -> None:
    """Four steps at once, against kill -9 in step 3 (after the checkpoint of step 2) and again from there."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    wanted = config(folder, **kind)
    train(wanted, whole)
    child = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps(wanted.to_json()), str(broken), "3"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr[-2000:]
    assert [line["step"] for line in metrics(broken)] == [1, 2, 3]
    assert not (broken / "policies").exists()
    # What a kill in the middle of writing leaves behind is ignored, however far it got.
    half = broken / "checkpoints" / ".checkpoint-4.part"
    half.mkdir(parents=True)
    (half / "state.pt").write_text("{")
    result = train(wanted, broken, resume=True)
    assert same(weights(whole), weights(broken))
    assert lines(whole) == lines(broken)
    assert [line["step"] for line in metrics(broken)] == [1, 2, 3, 4]
    assert json.loads((whole / "result.json").read_text()) == json.loads((broken / "result.json").read_text())
    assert kept(whole) == kept(broken)
    # A finished run is not run again.
    told: list[Any] = []
    assert train(wanted, broken, resume=True, on_step=told.append) == result
    assert told == []


def test_games_of_every_step_are_kept_as_they_were_played(tmp_path: Path, folder: Path) -> None:
    out = tmp_path / "run"
    train(config(folder, steps=2, evaluate_games=0, keep_games=2), out)
    with Store.open(out / "store.sqlite") as store:
        games = store.games()
        assert [game.id for game in games] == [f"step-{1 + n // 2}-{n}.{sibling}" for n in (0, 2) for sibling in (0, 1)]
        assert games[0].seed == games[1].seed  # siblings
        episodes = list(store.episodes())
    assert all("policy:shared" in episode.players.values() for episode in episodes)
    for episode in episodes:
        assert replay(episode.to_dict(), registry.get("werewolf")).episode().canonical() == episode.canonical()
    train(config(folder, steps=1, evaluate_games=0, keep_games=0), tmp_path / "none")
    assert not kept(tmp_path / "none")


def test_weights_move_and_sit_down_at_once(tmp_path: Path, folder: Path) -> None:
    from lanista.agents.registry import make
    from lanista.arenas.core import registry
    from lanista.play.runner import play_game

    out = tmp_path / "run"
    result = train(config(folder, steps=1, policies="per-role", lora_r=2, evaluate_games=0), out)
    assert set(result.policies) == {"villager", "werewolf"}
    assert result.comparisons == {}
    arena = registry.get("werewolf")
    game = arena.configure(**SMALL["arena_config"])
    agent = make(f"lm:{result.policies['villager']}", max_new_tokens=6)
    episode = play_game(arena, dict.fromkeys(arena.rules.seats(game), agent), 1, config=game)
    assert episode.outcome is not None
    card = (result.policies["villager"] / "README.md").read_text()
    assert "villager" in card
    assert "NAME" not in card
    assert any(tensor.abs().sum() > 0 for name, tensor in weights(out).items() if "lora_B" in name)


@pytest.mark.parametrize("rank", [2, 0], ids=["adapter", "whole"])
def test_what_starts_from_an_adapter_is_loaded_as_it_was_trained(
    tmp_path: Path, model: Any, tokenizer: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, rank: int
) -> None:
    """The frozen start is the adapter the run started from, the saved policy is the trained one, for any reader."""
    monkeypatch.chdir(tmp_path)  # all paths of the run are relative; none of what it saves may be
    model.name_or_path = str(folder)
    policies_on(with_adapters(model, ("before",), scale=0.3), tokenizer, ("before",)).save(Path("first"), "")
    out = Path("run")
    wanted = config(Path("first/before"), lora_r=rank, steps=1, evaluate_games=0, opponents=["past"], pool_every=1)
    run = _Loop(wanted, out, None)
    run.prepare()
    assert not out.exists()
    with Run.create(out, "train", {}) as kept_in:
        run.under(kept_in)
    rows = [[5, 300, 40, 41, 7, 260], [9, 8]]

    def logps(place: Path) -> list[float]:
        policy = Policy.load(place)
        return [p for row in policy.logps(rows, policy.adapter) for p in row]

    def close(wanted: list[float]) -> Any:
        return pytest.approx(wanted, abs=1e-5)

    live = [p for row in run.policies.policy.logps(rows, run.policies.adapters.adapter("shared")) for p in row]
    start = logps(Path("first/before"))
    monkeypatch.chdir("/")
    assert logps(tmp_path / "run/policies/shared") == close(live)
    assert logps(tmp_path / "run/pool/step-000000/shared") == close(start)
    assert start != close(logps(folder))
    assert live != close(start)
    assert (tmp_path / "run/base").exists() == (rank > 0)
    # A resumed run no longer needs what it started from.
    if rank:
        (tmp_path / "first").rename(tmp_path / "gone")
        again = load(wanted, tmp_path / "run/base", started=True)
        assert [p for row in again.logps(rows) for p in row] == close(start)


def test_metrics_name_what_happened(tmp_path: Path, folder: Path) -> None:
    told: list[dict[str, Any]] = []
    result = train(config(folder, steps=1, opponents=["random"]), tmp_path / "run", on_step=told.append)
    assert [(line["kind"], line["step"]) for line in told] == [("evaluation", 0), ("step", 1), ("evaluation", 1)]
    step = told[1]
    for name in (
        "loss",
        "reward/villager",
        "reward/werewolf",
        "score/village",
        "score/wolves",
        "illegal_share",
        "groups/zero_variance_share",
        "policy/entropy",
        "policy/kl_sampler",
        "policy/clip_share",
        "tokens/sampled_per_second",
        "step_seconds",
    ):
        assert name in step, name
    assert step["games"] == 4
    # Two scenarios: the first is played as the first team, the second as the other; against random each group is
    # one role, so there are two groups.
    assert step["groups/all"] == 2
    assert set(result.comparisons) == {"village against random", "wolves against random", "overall"}
    assert [line for line in told if line["kind"] == "step"] == metrics(tmp_path / "run")


def test_a_run_is_not_overwritten_or_mixed_up(tmp_path: Path, folder: Path) -> None:
    out = tmp_path / "run"
    train(config(folder, steps=1, evaluate_games=0), out)
    with pytest.raises(UsageError, match="continue it with --resume"):
        train(config(folder, steps=1, evaluate_games=0), out)
    with pytest.raises(UsageError, match="learning_rate"):
        train(config(folder, steps=1, evaluate_games=0, learning_rate=0.5), out, resume=True)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"learner_team": "villagers"}, "did you mean 'village'"),
        ({"opponents": ["randm"]}, "did you mean 'random'"),
        ({"evaluate_opponents": ["crowdd"]}, "did you mean 'crowd'"),
        ({"arena": "werewolves"}, "did you mean 'werewolf'"),
        ({"preset": "defualt"}, "did you mean 'default'"),
        ({"model": "tinny"}, "did you mean 'tiny'"),
    ],
)
def test_wrong_names_are_told_before_anything_is_played(
    tmp_path: Path, folder: Path, wrong: dict[str, Any], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        train(config(folder, **wrong), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"group_size": 1}, "group_size is at least 2"),
        ({"policies": "share"}, "did you mean 'shared'"),
        ({"opponents": ()}, "names nobody"),
        ({"opponents": "random"}, "a list of names"),
        ({"roles_by": "team"}, "per-role only"),
    ],
)
def test_impossible_values_are_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        TrainConfig.flat(**wrong)


def test_a_config_survives_json() -> None:
    wanted = TrainConfig.flat(arena_config={"players": 7}, opponents=("random", "past"), epsilon_high=0.28)
    assert TrainConfig.from_json(json.loads(json.dumps(wanted.to_json()))) == wanted
    with pytest.raises(UsageError, match="did you mean 'steps'"):
        TrainConfig.from_json({"stpes": 3})


def test_lines_ahead_of_the_checkpoint_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"kind": "step", "step": 1}\n{"kind": "step", "step": 2}\n{"kind": "step", "st')
    truncate(path, 1)
    assert path.read_text() == '{"kind": "step", "step": 1}\n'


def test_the_newest_checkpoint_counts_by_number(tmp_path: Path) -> None:
    assert last_checkpoint(tmp_path) is None
    for step in (8, 9, 10):
        (tmp_path / f"checkpoint-{step}").mkdir()
        time.sleep(0.01)
    (tmp_path / ".checkpoint-11.part").mkdir()
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-10"


def test_the_pool_is_a_law_of_the_step(tmp_path: Path) -> None:
    """Every 3 steps, at most 3 of them, the first always."""
    pool = Pool(TrainConfig.flat(pool_every=3, pool_size=3, opponents=("past",)), tmp_path)
    assert pool.at(0) == [0]
    assert pool.at(5) == [0, 3]
    assert pool.at(10) == [0, 6, 9]
    for step in (0, 3, 6, 9):
        pool.place(step).mkdir()
    pool.trim(8)  # a run resumed from step 8 meets 0, 3 and 6
    assert [pool.place(s).exists() for s in (0, 3, 6, 9)] == [True] * 4
    pool.trim(9)
    assert [pool.place(s).exists() for s in (0, 3, 6, 9)] == [True, False, True, True]
    pool.rewind(8)
    assert [pool.place(s).exists() for s in (0, 6, 9)] == [True, True, False]


def test_ctrl_c_stops_the_command_with_the_line_that_goes_on(tmp_path: Path, folder: Path) -> None:
    out = tmp_path / "run"
    words = ["werewolf", "--set", "players=5", "--set", "wolves=1", "--set", "roles=", "--model", str(folder)]
    words += ["--steps", "50", "--scenarios", "1", "--games", "2", "--evaluate-games", "0", "--out", str(out)]
    words += ["--opponents", "random", "--max-new-tokens", "8", "--save-every", "1"]
    child = subprocess.Popen(
        [sys.executable, "-m", "lanista", "train", *words],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    for line in child.stdout:
        if line.startswith("step 2/"):
            child.send_signal(signal.SIGINT)
            break
    _, errors = child.communicate(timeout=120)
    assert child.returncode == 130, errors[-2000:]
    said = " ".join(errors.split())
    assert "goes on from its last checkpoint with" in said
    assert "--resume" in said
    done = len(metrics(out))
    assert 2 <= done < 50
    assert sorted((out / "checkpoints").glob("checkpoint-*"))
