"""Training that breaks down stops, says so in one line, and leaves what was good before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
from safetensors.torch import load_file, save_file
from workbench import learn, make_trainer, scored_rows

from lanista.cli import main
from lanista.errors import LanistaError
from lanista.training.config import TrainConfig
from lanista.training.loop import train
from lanista.training.metrics import metrics
from lanista.training.policies import Learner
from lanista.training.trajectories import payments

SMALL: dict[str, Any] = {
    "arena_config": {"players": 5, "wolves": 1, "roles": []},
    "steps": 3,
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


def weights(out: Path) -> dict[str, Any]:
    return {f"{p.parent.name}/{n}": t for p in sorted(out.rglob("model.safetensors")) for n, t in load_file(p).items()}


def finite(found: dict[str, Any]) -> bool:
    return all(bool(torch.isfinite(t).all()) for t in found.values())


@pytest.mark.parametrize("rate", [1e8, 1e38])
def test_a_rate_that_blows_up_stops_the_run(tmp_path: Path, folder: Path, rate: float) -> None:
    """Before, the run went on with forfeits, exited 0, and its last checkpoints and policies held no numbers."""
    out = tmp_path / "run"
    with pytest.raises(LanistaError, match="finite"):
        train(config(folder, learning_rate=rate, weight_decay=0.5, steps=6), out)
    assert not (out / "policies").exists()
    assert not (out / "result.json").exists()
    assert finite(weights(out))
    assert len(metrics(out)) < 6


def test_a_poisoned_gradient_stops_before_the_step(model: Any, tokenizer: Any) -> None:
    import random

    trainer = make_trainer(model, tokenizer, {"shared": scored_rows(random.Random(1), model, 3)}, learning_rate=0.1)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    poisoned = next(p for n, p in model.named_parameters() if "mlp" in n)
    hook = poisoned.register_hook(lambda grad: grad * float("nan"))
    with pytest.raises(LanistaError, match="gradient of the policy shared is not finite in step 1"):
        learn(trainer)
    assert all(torch.equal(p, before[n]) for n, p in model.named_parameters())
    assert all(p.grad is None for p in model.parameters())
    hook.remove()
    learn(trainer)  # and nothing of it stays behind
    assert finite(dict(model.named_parameters()))
    assert not torch.equal(poisoned, before["model.layers.0.mlp.gate_proj.weight"])


def test_weights_that_are_no_numbers_replace_nothing(tmp_path: Path, model: Any, tokenizer: Any) -> None:
    from workbench import policies_on

    policies = policies_on(model, tokenizer)
    policies.save(tmp_path / "policies", "good")
    (tmp_path / "checkpoint").mkdir()
    with torch.no_grad():
        next(iter(model.parameters()))[0, 0] = float("inf")
    with pytest.raises(LanistaError, match="not finite"):
        policies.save(tmp_path / "policies", "bad")
    with pytest.raises(LanistaError, match="not finite"):
        policies.save_weights(tmp_path / "checkpoint")
    assert (tmp_path / "policies" / "shared" / "README.md").read_text() == "good"
    assert finite(weights(tmp_path))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint", "policies"]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), "policy:shared ran out of memory"),
        (RuntimeError("a fault of the sampler's"), "a fault of the sampler's"),
    ],
)
def test_a_learners_fault_is_no_forfeit(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, says: str
) -> None:
    """In the third of its answers, long after the start; the games it was in are in no record."""
    answered = [0]
    base: Any = Learner.__mro__[1]  # where the class of learners finds its answer
    answer = base.answer

    def fail(self: Any, questions: Any) -> Any:
        answered[0] += 1
        if answered[0] == 3:
            raise error
        return answer(self, questions)

    monkeypatch.setattr(base, "answer", fail)
    with pytest.raises(Exception, match=says):
        train(config(folder), tmp_path / "run")
    assert not (tmp_path / "run").exists()  # nothing was there yet that could be gone on from


def test_evaluate_refuses_a_policy_that_is_no_numbers(
    tmp_path: Path, model: Any, tokenizer: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    from workbench import policies_on

    policies_on(model, tokenizer).save(tmp_path / "policies", "")
    file = tmp_path / "policies" / "shared" / "model.safetensors"
    tensors = load_file(file)
    tensors["model.layers.1.mlp.up_proj.weight"][0, 0] = float("nan")
    save_file(tensors, file, metadata={"format": "pt"})
    words = [
        "evaluate",
        "werewolf",
        "--set",
        "players=5",
        "--set",
        "wolves=1",
        "--set",
        "roles=",
        "--agent",
        f"lm:{file.parent}",
        "--games",
        "2",
    ]
    with pytest.raises(SystemExit) as ended:
        main(words)
    said = capsys.readouterr()
    assert ended.value.code == 1
    assert "not finite" in " ".join(said.err.split())
    assert said.out == ""


def test_a_learners_fault_in_its_evaluation_is_no_lost_game(model: Any, tokenizer: Any) -> None:
    from workbench import policies_on

    from lanista.agents.registry import make
    from lanista.arenas.core import registry
    from lanista.training.evaluate import evaluate

    with torch.no_grad():
        next(iter(model.parameters())).fill_(float("nan"))
    arena = registry.get("werewolf")
    game = arena.configure(players=5, wolves=1, roles=())
    seats = policies_on(model, tokenizer).seats()
    with pytest.raises(LanistaError, match="not finite numbers"):
        evaluate(arena, game, seats, {"random": make("random")}, numbers=range(2), seed=0)


def test_a_reward_that_is_no_number_is_named() -> None:
    from test_credit import WON

    broken = WON.__class__(**{**{f: getattr(WON, f) for f in WON.__dataclass_fields__}, "weights": {
        **WON.weights, "hit": float("nan")}})  # fmt: skip
    with pytest.raises(LanistaError, match=r"paid a a reward that is no finite number at step 0.*hit"):
        payments(broken, "a")
    assert payments(broken, "c") == [0, -5]


def test_a_kind_of_ask_that_is_never_legal_stops_the_run(tmp_path: Path, folder: Path) -> None:
    """The untrained model's votes are never legal; what it says in talks is, being free."""
    with pytest.raises(LanistaError, match=r"no reply to an ask of kind '\w+' was legal in \d+ tries"):
        train(config(folder, stop_if_illegal=8, max_new_tokens=2), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    train(config(folder, stop_if_illegal=0, max_new_tokens=2, steps=1), tmp_path / "run")


def test_tiny_is_the_tiny_of_the_arena_that_is_played(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two arenas have a tiny model here; both seats of the comparison mean Werewolf's."""
    import json
    import shutil

    from lanista.agents.lm.models import tiny_path

    monkeypatch.setenv("LANISTA_CACHE", str(tmp_path))
    for arena in ("werewolf", "support_desk"):
        shutil.copytree(folder, tiny_path(arena))
    words = ["evaluate", "werewolf", "--set", "players=5", "--set", "wolves=1", "--set", "roles=", "--games", "2"]
    words += ["--agent", "lm:tiny?max_new_tokens=2", "--before", "lm:tiny", "--json"]
    with pytest.raises(SystemExit) as ended:
        main(words)
    said = capsys.readouterr()
    assert ended.value.code == 0, said.err
    assert set(json.loads(said.out)["rates"]) == {"before", "after"}
