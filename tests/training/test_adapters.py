"""Whatever roles are called, every policy keeps its own weights, in a folder that can be read."""

from __future__ import annotations

import copy
import gc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("trl")

import torch
from safetensors.torch import load_file
from workbench import policies_on

from lanista.agents.lm.policy import Policy
from lanista.training.adapters import Adapters, adapter_name, adapter_parameters, add_adapters, folder_names
from lanista.training.config import TrainConfig
from lanista.training.league import League, Pool
from lanista.training.policies import Policies, seat
from lanista.training.rollout import Scenario

HARD = [
    "1",
    "0",
    "mlp",
    "default",
    "lora_A",
    "weight",
    "model",
    "layers",
    "base_model",
    "policy_0001",
    "a",
    "ab",
    "a.b",
]
roles = st.lists(
    st.one_of(st.sampled_from(HARD), st.text(min_size=1, max_size=12)), min_size=1, max_size=4, unique=True
)


def numbered(policies: Policies) -> None:
    """Fill every weight of policy number i with i + 1."""
    with torch.no_grad():
        for i, name in enumerate(policies.names):
            for parameter in policies.adapters.parameters(name):
                parameter.fill_(i + 1.0)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(roles)
def test_every_role_keeps_its_own_weights(
    tmp_path_factory: pytest.TempPathFactory, model: Any, tokenizer: Any, names: list[str]
) -> None:
    config = TrainConfig.flat(policies="per-role", lora_r=2)
    policy = Policy(copy.deepcopy(model), tokenizer, context=2048)
    policies = seat(config, policy, dict.fromkeys(names, "team"))
    numbered(policies)
    everybody = {id(p) for n, p in policies.model.named_parameters() if "lora_" in n}
    owned = [id(p) for name in policies.names for p in policies.adapters.parameters(name)]
    assert set(owned) == everybody
    assert len(owned) == len(everybody)  # nobody's twice
    out = tmp_path_factory.mktemp("run")
    policies.save(out / "policies", "# NAME")
    (out / "checkpoint").mkdir()
    policies.save_weights(out / "checkpoint")
    assert {p.name for p in (out / "policies").iterdir()} == set(policies.names)
    for i, name in enumerate(policies.names):
        for folder in ("policies", "checkpoint"):
            saved = load_file(out / folder / name / "adapter_model.safetensors")
            assert len(saved) == len(policies.adapters.parameters(name))
            assert all((tensor == i + 1).all() for tensor in saved.values())
    with torch.no_grad():
        for name in policies.names:
            for parameter in policies.adapters.parameters(name):
                parameter.zero_()
    policies.load_weights(out / "checkpoint")
    for i, name in enumerate(policies.names):
        assert all((p == i + 1).all() for p in policies.adapters.parameters(name))


@given(st.lists(st.one_of(st.sampled_from([*HARD, "A", "..", "/", "\ud800"]), st.text()), unique=True))
def test_folders_are_readable_and_nobodys_twice(names: list[str]) -> None:
    found = folder_names(names)
    assert len(set(found.values())) == len(names)
    for role, name in found.items():
        assert name
        assert "/" not in name
        assert not name.startswith(".")
        assert len(name) < 100
        if role.isascii() and role.replace("_", "").replace("-", "").isalnum() and len(role) <= 60:
            assert name == role


def test_what_is_saved_is_what_peft_reads(tmp_path: Path, model: Any, tokenizer: Any, folder: Path) -> None:
    """PEFT's own loader, and its own writer, agree with ours tensor by tensor."""
    model.name_or_path = str(folder)
    wrapped = add_adapters(model, ["1", "mlp"], rank=2, seed=3)
    policies = policies_on(wrapped, tokenizer, ("1", "mlp"))
    with torch.no_grad():
        for parameter in policies.adapters.parameters("mlp"):
            parameter.normal_(generator=torch.Generator().manual_seed(1))
    policies.save(tmp_path / "ours", "")
    wrapped.save_pretrained(tmp_path / "theirs", selected_adapters=[adapter_name(1)])
    theirs = load_file(tmp_path / "theirs" / adapter_name(1) / "adapter_model.safetensors")
    ours = load_file(tmp_path / "ours" / "mlp" / "adapter_model.safetensors")
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    rows = [[5, 300, 40, 41, 7, 260]]
    read = Policy.load(tmp_path / "ours" / "mlp")
    assert read.logps(rows, read.adapter)[0] == pytest.approx(policies.policy.logps(rows, adapter_name(1))[0], abs=1e-5)


def bases_alive() -> int:
    """How many embedding matrices there are in memory: one for each whole model."""
    gc.collect()
    return sum(type(thing) is torch.nn.Embedding for thing in gc.get_objects())


@pytest.mark.slow
def test_a_league_of_frozen_adapters_has_one_base(tmp_path: Path, model: Any, tokenizer: Any) -> None:
    """Twelve past versions of two policies sit on the model that is trained, and change nothing there."""
    config = TrainConfig.flat(
        policies="per-role", lora_r=2, opponents=("past",), pool_every=1, pool_size=12, max_new_tokens=4
    )
    policies = seat(config, Policy(model, tokenizer, context=2048), {"left": "t", "right": "t"})
    pool = Pool(config, tmp_path / "pool")
    league = League(config, pool)
    league.policies = policies
    started = bases_alive()
    weights = sum(p.numel() for p in model.parameters())
    policies.adapters.activate("right")
    before = {name: (p.requires_grad, p.detach().clone()) for name, p in policies.model.named_parameters()}
    for step in range(12):
        with torch.no_grad():
            for parameter in policies.adapters.parameters("left"):
                parameter.fill_(float(step))
        policies.save(pool.place(step), "")
    league.begin(11)
    met = {
        pool.drawn(scenario, 11): league.agent(scenario, role, "t")
        for scenario in (Scenario(number, 0, "t", "past") for number in range(200))
        for role in ("left", "right")
    }
    assert len(met) == 12
    assert bases_alive() == started
    for step in met:
        frozen = adapter_parameters(policies.model, f"past_{step:08d}_0000")
        assert frozen
        assert all((p == step).all() and not p.requires_grad for _, p in frozen)
    for name, (trained, value) in before.items():
        parameter = dict(policies.model.named_parameters())[name]
        assert parameter.requires_grad == trained
        assert "0000" in name or torch.equal(parameter, value)
    small = sum(p.numel() for _, p in adapter_parameters(policies.model, adapter_name(0)))
    grown = sum(p.numel() for p in policies.model.parameters())
    assert grown <= weights + small * 2 * 13
    league.begin(30)  # what step 30 cannot meet is gone
    kept = {name for name in policies.model.peft_config if name.startswith("past_")}
    assert kept == {name for name in kept if int(name.split("_")[1]) in pool.at(30)}


def test_adapters_are_needed_for_several_policies(model: Any) -> None:
    with pytest.raises(ValueError, match="an adapter each"):
        Adapters(model, ["left", "right"])
