"""Which tier stands is found out by trying, named, and never lowered in silence."""

from __future__ import annotations

import ast
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lanista.arenas.sandbox import FULL, SECOND, UNSAFE, Call, Sandbox, box, probe, worker
from lanista.errors import LanistaError

# What Docker's default profile and an ordinary container leave: no namespaces, no mounts; and, on request, no Landlock
# and no seccomp. Installed in a process of its own, before the sandbox is asked for.
CONFINED = """
import ctypes, errno, json, platform, sys
from lanista.arenas.sandbox import Call, Sandbox, kernel, syscalls
from lanista.errors import LanistaError
COLUMN = syscalls.MACHINES[platform.machine()].column
NUMBERS = {**syscalls.KILL, "landlock_create_ruleset": (444, 444)}
denied = [NUMBERS[name][COLUMN] for name in sys.argv[1].split(",")]
lines = [(syscalls.LD, 0, 0, 0)]
for number in denied:
    lines += [(syscalls.JEQ, 0, 1, number), (syscalls.RET, 0, 0, syscalls.RET_ERRNO | errno.EPERM)]
lines.append((syscalls.RET, 0, 0, syscalls.RET_ALLOW))
import struct
kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
kernel.clear_capabilities()
kernel.seccomp(kernel.Filter(b"".join(struct.pack("<HBBI", *line) for line in lines)))
told = {}
for name, options in json.loads(sys.argv[2]).items():
    try:
        with Sandbox(**options) as box:
            value = box.run("def f(): return 1", [Call("f")])[0].value
            told[name] = [box.tier, box.why_not_stronger, value]
    except LanistaError as error:
        told[name] = str(error)
print(json.dumps(told))
"""


def confined(denied: str, **options: dict[str, Any]) -> dict[str, Any]:
    command = [sys.executable, "-c", CONFINED, denied, json.dumps(options)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_in_a_container_the_second_tier_stands_alone() -> None:
    told = confined("unshare,mount,setns,pivot_root,mount_setattr", default={}, forced={"tier": FULL})
    tier, why, value = told["default"]
    assert (tier, value) == (SECOND, 1)
    assert "unshare" in why
    assert "full: " in told["forced"]
    assert "unshare" in told["forced"]


@pytest.mark.parametrize("missing", ["landlock_create_ruleset", "seccomp"])
def test_where_neither_stands_only_the_caller_may_say_so(missing: str) -> None:
    told = confined(
        f"unshare,{missing}", default={}, unsafe={"allow_unsafe": True}, forced={"tier": UNSAFE, "allow_unsafe": True}
    )
    assert "no sandbox stands on this machine" in told["default"]
    assert missing in told["default"]
    assert "allow_unsafe=True" in told["default"]
    assert told["unsafe"][0] == UNSAFE
    assert told["unsafe"][2] == 1
    assert missing in told["unsafe"][1]
    assert told["forced"] == [UNSAFE, "", 1]


def test_a_wall_with_a_hole_is_found_by_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every wall reports success here, and does nothing."""
    boot = worker._BOOT.replace("import zygote\n", "import zygote, walls\nwalls.Walls.close_in = lambda *_: None\n")
    monkeypatch.setattr(worker, "_BOOT", boot)
    monkeypatch.setattr(box, "_held", set())
    with pytest.raises(LanistaError, match=r"no sandbox stands.*tries to read_host is not refused"):
        Sandbox()


@pytest.mark.parametrize("broken", ["seccomp", "landlock_restrict"])
def test_one_wall_missing_is_found_by_trying(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    boot = worker._BOOT.replace("import zygote\n", f"import zygote, kernel\nkernel.{broken} = lambda *_: None\n")
    monkeypatch.setattr(worker, "_BOOT", boot)
    monkeypatch.setattr(box, "_held", set())
    with pytest.raises(LanistaError, match=r"is not refused|is not stopped"):
        Sandbox(tier=SECOND)


def test_a_wall_that_does_not_stand_runs_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a tier was probed it is believed; a child whose walls fail later still never starts."""
    broken = "import zygote, kernel\ndef no(*_):\n    raise OSError(1, 'no more')\nkernel.seccomp = no\n"
    with Sandbox(tier=SECOND):
        pass  # probed
    monkeypatch.setattr(worker, "_BOOT", worker._BOOT.replace("import zygote\n", broken))
    with Sandbox(tier=SECOND) as made:
        results = made.run("print('here')\ndef f(): return 1", [Call("f")])
    assert (results[0].ok, results.stop, results.output) == (False, "crash", "")
    assert "no more" in results.error


@pytest.mark.parametrize(
    ("system", "machine", "says"),
    [
        ("darwin", "arm64", "needs Linux .* container"),
        ("win32", "AMD64", "needs Linux .* WSL 2"),
        ("linux", "riscv64", "not of riscv64"),
    ],
)
def test_other_systems_are_refused_with_advice(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, says: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    with pytest.raises(LanistaError, match=says):
        Sandbox(allow_unsafe=True)


def test_where_unix_is_missing_it_still_refuses_with_advice() -> None:
    """Windows has neither fcntl nor resource: importing must not be what fails."""
    code = """
import sys
sys.modules["fcntl"] = sys.modules["resource"] = None
import lanista.arenas.sandbox as s
assert not {"lanista.arenas.sandbox." + name for name in ("walls", "kernel", "child")} & set(sys.modules)
sys.platform = "win32"
try:
    s.Sandbox()
except s.box.LanistaError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "needs Linux" in done.stdout, done.stderr


def test_an_interpreter_that_is_none_is_named() -> None:
    with pytest.raises(LanistaError, match="cannot start /nowhere/python"):
        Sandbox(python="/nowhere/python")
    with pytest.raises(LanistaError, match="died at the start"):
        Sandbox(python="/bin/false")


def test_the_module_stands_alone() -> None:
    """It imports the standard library, itself, and the errors; what runs inside the walls does without those too."""
    inside = {"child", "imports", "kernel", "locate", "query", "syscalls", "values", "walls", "wire", "zygote"}
    for path in Path(worker.HERE).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                if name.startswith("lanista"):
                    assert name.startswith("lanista.arenas.sandbox") or name == "lanista.errors", (path, name)
                    assert path.stem not in inside or name.startswith("lanista.arenas.sandbox"), (path, name)
                    part = name.removeprefix("lanista.arenas.sandbox").strip(".")
                    assert path.stem not in inside or not part or part in inside, (path, name)
                else:
                    assert name.split(".")[0] in sys.stdlib_module_names, (path, name)


def test_every_result_names_its_tier(box: Sandbox) -> None:
    for program in ("def f(): return 1", "x =", "#" * 2_000_000):
        assert box.run(program, [Call("f")]).tier == box.tier
    assert box.tier in (FULL, SECOND)


def test_the_probe_passes_where_the_walls_stand(box: Sandbox) -> None:
    one = worker.Worker(box.tier, worker.base_python())
    try:
        probe.check(one)
    finally:
        one.close()


def test_the_doctor_names_the_tier() -> None:
    from lanista.cli import doctor

    assert doctor._sandbox().startswith(("tier full", "tier seccomp+landlock"))


def test_readable_files_and_no_others(box: Sandbox, tmp_path: Any) -> None:
    given, other = tmp_path / "given.txt", tmp_path / "other.txt"
    for path in (given, other):
        path.write_text(path.name)
        path.chmod(0o644)
    for parent in tmp_path.parents[:3]:
        if parent.stat().st_uid == os.getuid() and parent != parent.parent:
            parent.chmod(parent.stat().st_mode | 0o011)
    tmp_path.chmod(0o755)
    with Sandbox(tier=box.tier, readable=[given]) as mine:
        program = "def f(path, mode='r'):\n    return open(path, mode).read()\n"
        calls = [Call("f", (str(given),)), Call("f", (str(other),)), Call("f", (str(given), "r+"))]
        results = mine.run(program, calls)
    assert [r.status for r in results.results] == ["ok", "exception", "exception"]
    assert results[0].value == "given.txt"


def test_nobody_is_told_which_processes_there_are(box: Sandbox) -> None:
    program = f"""
import os, time
OTHERS = (1, {os.getpid()})
def f():
    told = []
    for ask in (os.getpgid, os.getsid, os.sched_getaffinity, lambda pid: time.clock_gettime((~pid << 3) | 2)):
        for pid in (*OTHERS, 999_999):
            try:
                ask(pid)
            except PermissionError:
                told.append("no")
    return told
def own():
    time.sleep(0.001)
    return os.getpgid(0) >= 0, os.getsid(0) >= 0, len(os.sched_getaffinity(0)) > 0, time.process_time() > 0
"""
    results = box.run(program, [Call("f"), Call("own")])
    assert results[0].value == ["no"] * 12
    assert results[1].value == (True,) * 4
