"""Files and folders are there whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lanista import files
from lanista.errors import LanistaError, UsageError


def half_written(path: Path) -> None:
    path.write_text("half")
    raise RuntimeError


def test_what_was_there_stays_until_the_new_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "page.html"
    files.write_text(path, "old\n")
    with pytest.raises(RuntimeError), files.writing(path) as part:
        half_written(part)
    assert path.read_text() == "old\n"
    assert os.listdir(path.parent) == ["page.html"]
    files.write_text(path, "new\r\n\n")
    assert path.read_bytes() == b"new\r\n\n"


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "policy"
    for text in ("old", "new"):
        with files.making_folder(target) as work:
            (work / "sub").mkdir()
            (work / "sub" / text).write_text(text)
    assert [p.name for p in target.rglob("*")] == ["sub", "new"]
    with pytest.raises(RuntimeError), files.making_folder(target) as work:
        half_written(work / "half")
    assert [p.name for p in target.rglob("*")] == ["sub", "new"]
    assert os.listdir(tmp_path) == ["policy"]
    with pytest.raises(UsageError, match="exists already"), files.making_folder(target, replace=False):
        pass


@pytest.mark.parametrize("what", ["writing", "making_folder"])
def test_what_cannot_be_written_is_one_error(tmp_path: Path, what: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(LanistaError, match=r"cannot write .*file/x: .*; what it held before is kept"),
        getattr(files, what)(tmp_path / "file" / "x"),
    ):
        pass


def test_all_of_it_is_brought_to_the_disk_before_it_is_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(handle: int) -> None:
        name = Path(os.readlink(f"/proc/self/fd/{handle}")).name
        done.append(name.lstrip(".").partition(".")[0] if files.is_part(Path(name), "a") else name)
        real_fsync(handle)

    def replace(old: Path, new: Path) -> None:
        done.append("moved")
        real_replace(old, new)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    files.write_text(tmp_path / "a", "x")
    assert done == ["a", "moved", tmp_path.name]
    done.clear()
    with files.making_folder(tmp_path / "b") as work:
        (work / "weights").write_text("x")
    assert done == ["weights", "moved", tmp_path.name]


ENDLESS = """
import sys
from pathlib import Path
from lanista import files
n = 0
while True:
    n += 1
    files.write_text(Path(sys.argv[1]), f"{n}\\n" * 20000)
"""


def test_a_reader_and_a_kill_find_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "state"
    writer = subprocess.Popen([sys.executable, "-c", ENDLESS, str(path)])
    try:
        deadline = time.monotonic() + 60
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        for _ in range(50):
            assert len(set(path.read_text().splitlines())) == 1
    finally:
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    lines = path.read_text().splitlines()
    assert len(lines) == 20000
    assert len(set(lines)) == 1
    files.write_text(path, "next\n")
    assert os.listdir(tmp_path) == ["state"]


def test_writers_of_one_place_do_not_meet_and_what_the_dead_left_is_swept(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = tmp_path / f".tiny.{gone.pid}-0.part"
    left.mkdir()
    (left / "weights").write_text("half")
    other = tmp_path / f".tiny.{os.getppid()}-0.part"
    other.mkdir()
    target = tmp_path / "tiny"
    with files.making_folder(target) as one, files.making_folder(target) as two:
        assert one != two
        (one / "weights").write_text("one")
        (two / "weights").write_text("two")
    assert (target / "weights").read_text() == "one", "who is done last is there"
    assert sorted(os.listdir(tmp_path)) == sorted([other.name, "tiny"])
