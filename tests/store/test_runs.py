"""A run directory: one writer, a config that cannot drift, and a record of how it came about."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import lanista
from lanista.errors import LanistaError, UsageError
from lanista.runs import Run
from lanista.store import Store

_CONFIG = {"arena": "werewolf", "games": 100, "config": {"players": 9, "roles": ["seer", "doctor"]}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "run"


def test_a_run_says_what_it_is_and_how_to_run_it_again(path):
    command = ["lanista", "tournament", "werewolf", "--agents", "a b,c", "--seed", "7"]
    with Run.create(path, "tournament", _CONFIG, command, 7) as run:
        assert run.store.ids() == []
    kept = json.loads((path / "run.json").read_text())
    assert (kept["kind"], kept["seed"], kept["config"]) == ("tournament", 7, _CONFIG)
    assert shlex.split(kept["command"]) == command
    assert kept["versions"]["lanista"] == lanista.__version__
    assert kept["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert "numpy" in kept["versions"]
    assert kept["created"].endswith("+00:00")
    with Run.open(path) as again:
        assert again.meta == kept
        assert again.config == _CONFIG


def test_finding_out_versions_imports_nothing():
    program = "import sys; from lanista.runs import versions; versions(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_second_run_does_not_overwrite_the_first(path):
    Run.create(path, "tournament", _CONFIG, seed=1).close()
    with pytest.raises(UsageError, match=r"a run in .* already: continue it with --resume, or choose another --out"):
        Run.create(path, "tournament", _CONFIG, seed=1)


def test_a_folder_with_other_files_is_not_taken_over(tmp_path):
    (tmp_path / "thesis.tex").write_text("...")
    with pytest.raises(UsageError, match="choose another --out"):
        Run.create(tmp_path, "tournament", _CONFIG)
    with pytest.raises(UsageError, match="choose another --out"):
        Run.resume(tmp_path / "thesis.tex", "tournament", _CONFIG)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.tex"]


def test_resume_starts_what_is_absent_and_continues_what_is_there(path, episode):
    with Run.resume(path, "train", _CONFIG, seed=1) as run:
        run.store.add_game("g0", 0, 0, episode(), (0.0, 1.0))
        run.update(finished="soon")
    with Run.resume(path, "train", _CONFIG, seed=1) as run:
        assert run.store.ids() == ["g0"]
        assert run.meta["finished"] == "soon"
        run.store.add_game("g1", 0, 1, episode(), (0.0, 1.0))
    with Run.open(path) as run:
        assert run.store.ids() == ["g0", "g1"]


def test_tuples_and_lists_are_the_same_config(path):
    Run.create(path, "train", {"roles": ("seer",)}).close()
    Run.resume(path, "train", {"roles": ["seer"]}).close()


@pytest.mark.parametrize(
    ("kind", "config", "seed", "says"),
    [
        ("tournament", {**_CONFIG, "games": 200}, 1, "games was 100 and is now 200"),
        ("tournament", {**_CONFIG, "config": {"players": 7, "roles": []}}, 1, r"config\.players was 9 and is now 7"),
        ("tournament", {**_CONFIG, "extra": True}, 1, "extra was null and is now true"),
        ("tournament", _CONFIG, 2, "seed was 1 and is now 2"),
        ("train", _CONFIG, 1, "of kind 'tournament', not 'train'"),
    ],
)
def test_resume_refuses_another_run_and_names_the_difference(path, kind, config, seed, says):
    Run.create(path, "tournament", _CONFIG, ["lanista", "again"], 1).close()
    with pytest.raises(UsageError, match=says):
        Run.resume(path, kind, config, seed=seed)
    Run.resume(path, "tournament", _CONFIG, seed=1).close()  # the refusal let go of the lock


def test_there_is_one_writer_and_the_second_is_told_which(path):
    with Run.create(path, "tournament", _CONFIG):
        for second in (Run.resume, Run.create):
            with pytest.raises(LanistaError, match=f"written by process {os.getpid()}|a run in .* already"):
                second(path, "tournament", _CONFIG)
        with Run.open(path) as reader:  # reading needs no lock
            assert reader.store.ids() == []
    Run.resume(path, "tournament", _CONFIG).close()


_HOLDER = """
import sys, time
from lanista.runs import Run
run = Run.resume(sys.argv[1], "tournament", {})
print("held", flush=True)
time.sleep(60)
"""


def test_the_lock_of_a_killed_writer_is_free_at_once(path):
    holder = subprocess.Popen([sys.executable, "-c", _HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(LanistaError, match=f"written by process {holder.pid}"):
        Run.resume(path, "tournament", {})
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    Run.resume(path, "tournament", {}).close()


def test_a_program_started_by_the_writer_does_not_inherit_the_lock(path):
    run = Run.create(path, "tournament", {})
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False)
    try:
        run.close()
        Run.resume(path, "tournament", {}).close()
    finally:
        child.kill()
        child.wait()


def test_a_run_to_read_is_not_changed(path):
    Run.create(path, "tournament", _CONFIG).close()
    before = {entry.name: entry.read_bytes() for entry in path.iterdir()}
    with Run.open(path) as run, pytest.raises(UsageError, match="opened for reading"):
        run.update(finished=True)
    with Run.open(path) as run:
        run.store.games()
    assert {entry.name: entry.read_bytes() for entry in path.iterdir() if entry.name in before} == before


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "cannot be read"),
        ("[]", "lacks one of"),
        ('{"format": 1}', "lacks one of"),
        (json.dumps({"format": 99, "kind": 0, "seed": 0, "command": "", "store": "", "config": {}}), "upgrade Lanista"),
    ],
)
def test_a_damaged_or_newer_run_is_named(path, text, says):
    path.mkdir(parents=True)
    (path / "run.json").write_text(text)
    for act in (lambda: Run.open(path), lambda: Run.resume(path, "train", {})):
        with pytest.raises(LanistaError, match=says):
            act()
    assert (path / "run.json").read_text() == text


def test_no_run_is_named(tmp_path):
    for where in (tmp_path, tmp_path / "none", Path("/dev/null")):
        with pytest.raises(UsageError, match="there is no run in"):
            Run.open(where)


def test_a_kill_between_the_lock_and_the_store_leaves_a_run_that_can_be_started(path):
    path.mkdir(parents=True)
    (path / "lock").write_text("123")
    (path / ".run.json.part").write_text("{")
    with Run.create(path, "tournament", _CONFIG) as run:
        assert run.store.ids() == []
    (path / "store.sqlite").unlink()  # as if killed before the store was made
    with Run.resume(path, "tournament", _CONFIG) as run:
        assert run.store.ids() == []


def test_run_json_is_the_old_one_or_the_new_one(path, monkeypatch):
    run = Run.create(path, "tournament", _CONFIG)
    before = (path / "run.json").read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LanistaError, match="No space left on device; what it held before is kept"):
        run.update(finished=True)
    assert (path / "run.json").read_bytes() == before
    run.close()


def test_a_store_elsewhere_is_remembered_without_a_password(path, tmp_path):
    url = f"sqlite:///{tmp_path}/elsewhere.sqlite"
    with Run.create(path, "tournament", _CONFIG, store=url) as run:
        run.store.add_policy("p", 1, "policies/p")
    assert not (path / "store.sqlite").exists()
    with Run.open(path) as run:
        assert [policy["name"] for policy in run.store.policies()] == ["p"]
    with Store.open(tmp_path / "elsewhere.sqlite") as store:
        assert len(store.policies()) == 1
    with pytest.raises(UsageError, match="leave the password out") as caught:
        Run.create(tmp_path / "other", "tournament", _CONFIG, store="postgresql://me:secret@host/db")
    assert "secret" not in str(caught.value)
    with pytest.raises(UsageError, match="is a database URL"):
        Run.create(tmp_path / "other", "tournament", _CONFIG, store="not a url")
    assert not (tmp_path / "other").exists()


def test_a_config_that_is_no_json_is_refused_before_anything_is_written(path):
    with pytest.raises(UsageError, match="plain JSON values"):
        Run.create(path, "tournament", {"arena": object()})
    assert not path.exists()
