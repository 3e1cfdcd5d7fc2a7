"""A turn's tokens in its record, and what names the weights that said them."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from lanista.agents import lm
from lanista.agents.lm import versions
from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.refs import PolicyRef
from lanista.agents.lm.sampling import Sampling
from lanista.agents.lm.tokens import TokenTurn
from lanista.errors import LanistaError

from .conftest import ask, talk


def test_a_record_of_today_is_read_and_nothing_is_lost() -> None:
    old: dict[str, Any] = {"prompt_ids": [1, 2], "ids": [3], "logps": [-0.5], "restart": True, "dropped": 2}
    old["chat"] = "abc"
    turn = TokenTurn.from_meta({"tokens": old, "usage": {}})
    assert turn == TokenTurn(
        prompt_ids=(1, 2), ids=(3,), logps=(-0.5,), restart=True, dropped=2, chat="abc", policy=None
    )
    assert turn.to_meta() == old


def test_json_keeps_everything() -> None:
    ref = PolicyRef("shared", "12", base="tiny", adapter="shared")
    turn = TokenTurn(prompt_ids=(1,), ids=(2, 3), logps=(-0.1, -0.2), chat="c", policy=ref)
    assert TokenTurn.from_meta({"tokens": json.loads(json.dumps(turn.to_meta()))}) == turn


def test_replies_that_were_refused_come_first() -> None:
    meta = {"tokens": {"prompt_ids": [], "ids": [2], "logps": [0]}, "retries": [{"latency_s": 1}, {}]}
    meta["retries"] = [{"tokens": {"prompt_ids": [], "ids": [1], "logps": [0]}}, {"latency_s": 1}]
    assert [turn.ids for turn in TokenTurn.all_from_meta(meta)] == [(1,), (2,)]
    assert TokenTurn.from_meta({"latency_s": 1}) is None


@pytest.mark.parametrize(
    "report", [5, {"ids": [5]}, {"prompt_ids": [], "ids": [5], "logps": []}, {"prompt_ids": 1, "ids": 2, "logps": 3}]
)
def test_a_report_that_cannot_be_read_is_one_line(report: Any) -> None:
    with pytest.raises(LanistaError, match="a turn's tokens") as caught:
        TokenTurn.from_meta({"tokens": report})
    assert "\n" not in str(caught.value)


# Who said it


def _said_by(agent: LMAgent) -> PolicyRef:
    answer = agent.answer([ask("s", "vote")])[0]
    agent.reset()
    turn = TokenTurn.from_meta(answer.meta)  # type: ignore[union-attr]
    assert turn is not None
    assert turn.policy is not None
    return turn.policy


def test_a_turn_names_the_weights_that_said_it(policy: Policy) -> None:
    agent = LMAgent(policy, sampling=Sampling(max_new_tokens=3))
    first = _said_by(agent)
    assert (first.name, first) == ("random", _said_by(agent))
    with torch.no_grad():
        policy.model.lm_head.weight.mul_(2.0)
    second = _said_by(agent)
    assert second.version != first.version
    with torch.no_grad():
        policy.model.lm_head.weight.mul_(0.5)
    assert _said_by(agent) == first  # the same weights again


def test_the_trainer_says_what_its_weights_are_called(policy: Policy) -> None:
    ref = PolicyRef("shared", "12")
    assert _said_by(LMAgent(policy, sampling=Sampling(max_new_tokens=3), ref=ref)) == ref
    history = talk(LMAgent(policy, mode="score", ref=ref), seats=1, turns=1)[0]
    assert history[0].meta["policy"] == {"name": "shared", "version": "12"}


def test_adapters_have_versions_of_their_own(adapted: Policy) -> None:
    refs = {adapter: adapted.policy_ref(adapter) for adapter in (None, "left", "right")}
    assert len({ref.version for ref in refs.values()}) == 3
    with torch.no_grad():
        next(p for n, p in adapted.model.named_parameters() if ".left." in n).add_(1.0)
    after = {adapter: adapted.policy_ref(adapter) for adapter in refs}
    assert [adapter for adapter in refs if after[adapter] != refs[adapter]] == ["left"]


def _saved(policy: Policy, place: Path) -> Path:
    policy.model.save_pretrained(place)
    policy.tokenizer.save_pretrained(place)
    return place


def test_a_folders_version_is_that_of_its_weights(
    policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANISTA_CACHE", str(tmp_path / "cache"))
    one = _saved(policy, tmp_path / "one")
    two = shutil.copytree(one, tmp_path / "two")
    (two / "README.md").write_text("words are no weights")
    ref = _said_by(lm.make(str(one), max_new_tokens=3))
    assert ref.name == str(one)
    assert ref.version == versions.folder_version(two)
    monkeypatch.setattr(hashlib, "file_digest", lambda *given: 1 / 0)
    assert versions.folder_version(one) == ref.version  # read once, noted after
    monkeypatch.undo()
    monkeypatch.setenv("LANISTA_CACHE", str(tmp_path / "cache"))
    with torch.no_grad():
        policy.model.lm_head.weight.mul_(2.0)
    assert versions.folder_version(_saved(policy, one)) != ref.version


def test_an_adapters_folder_names_its_base(adapted: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANISTA_CACHE", str(tmp_path / "cache"))
    base, place = tmp_path / "base", tmp_path / "adapters"
    adapted.model.peft_config["left"].base_model_name_or_path = str(base)
    adapted.model.save_pretrained(place, selected_adapters=["left"])
    _saved(Policy(adapted.model.unload(), adapted.tokenizer), base)
    ref = Policy.load(place / "left").policy_ref("default")
    assert (ref.name, ref.adapter) == (str(place / "left"), "default")
    assert ref.base == f"{base}@{versions.folder_version(base)}"
    assert ref.version == versions.folder_version(place / "left")


def test_a_cache_that_cannot_be_written_costs_time_only(
    policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = _saved(policy, tmp_path / "one")
    monkeypatch.setenv("LANISTA_CACHE", str(place / "config.json"))  # a file, where a folder should be
    assert versions.folder_version(place) == versions.folder_version(place) != "none"
    assert versions.folder_version(tmp_path) == "none"
