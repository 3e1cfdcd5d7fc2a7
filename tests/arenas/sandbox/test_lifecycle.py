"""Nothing outlives its owner, nothing leaks, and what is killed from outside comes back."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attacks
import pytest

from lanista.arenas.sandbox import Call, Limits, Sandbox, worker
from lanista.errors import LanistaError

F = "def f(x):\n    return x + 1\n"


def descendants(pid: int) -> set[int]:
    parents = attacks._processes()
    found, more = set(), {pid}
    while more:
        found |= more
        more = {child for child, parent in parents.items() if parent in more} - found
    return found - {pid}


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if pid in attacks._processes() and _state(pid) != "Z"}


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except OSError:
        return "Z"


def eventually(condition: Callable[[], Any], seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return False


OWNER = """
import sys
from lanista.arenas.sandbox import Call, Limits, Sandbox, worker
box = Sandbox(tier=sys.argv[1])
print("ready", flush=True)
box.run("def f():\\n    while True: pass", [Call("f")], Limits(cpu_s=300, wall_s=300))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_everything_dies_with_its_owner(box: Sandbox, number: signal.Signals) -> None:
    """Also when the owner is killed in the middle of an endless program."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, box.tier], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert owner.stdout
    assert owner.stdout.readline() == "ready\n"
    least = 3 if box.tier == "full" else 2  # (launcher,) zygote, program; and a spare
    assert eventually(lambda: len(descendants(owner.pid)) >= least + 1)
    family = descendants(owner.pid)
    owner.send_signal(number)
    owner.wait()
    owner.stdout.close()
    assert eventually(lambda: not alive(family)), f"left behind: {alive(family)}"


def test_closing_leaves_no_process_and_no_descriptor(box: Sandbox) -> None:
    gc.collect()
    before, fds = descendants(os.getpid()), set(os.listdir("/proc/self/fd"))
    with Sandbox(workers=2, tier=box.tier) as mine:
        for i in range(30):
            assert mine.run(F, [Call("f", (i,))])[0].value == i + 1
        mine.run("import os\nos._exit(1)", [Call("f")])
        mine.run("while True: print('x' * 1000)", [Call("f")])
        assert descendants(os.getpid()) > before
    assert descendants(os.getpid()) <= before
    assert set(os.listdir("/proc/self/fd")) == fds
    mine.close()  # twice does no harm


def test_a_forgotten_sandbox_closes_itself(box: Sandbox) -> None:
    before = descendants(os.getpid())
    Sandbox(tier=box.tier).run(F, [])
    gc.collect()
    assert descendants(os.getpid()) <= before


def test_runs_leave_no_descriptor_open(box: Sandbox) -> None:
    box.run(F, [Call("f", (1,))])
    fds = len(os.listdir("/proc/self/fd"))
    for i in range(20):
        box.run(F, [Call("f", (i,))])
        box.run("import os\nos._exit(1)", [Call("f")])
    assert abs(len(os.listdir("/proc/self/fd")) - fds) <= 1  # a spare's pidfd comes and goes


def test_a_killed_zygote_is_replaced(box: Sandbox) -> None:
    with Sandbox(tier=box.tier) as mine:
        for _ in range(2):
            (one,) = attacks._workers(mine)
            one.process.kill()
            one.process.wait()
            assert mine.run(F, [Call("f", (1,))])[0].value == 2


def test_a_zygote_killed_in_the_middle_of_a_run_is_replaced_and_the_run_repeated(box: Sandbox) -> None:
    with Sandbox(tier=box.tier) as mine:
        (one,) = attacks._workers(mine)
        threading.Timer(0.3, one.process.kill).start()
        program = "import time\ndef f():\n    time.sleep(0.8)\n    return 7\n"
        assert mine.run(program, [Call("f")])[0].value == 7


@pytest.mark.parametrize("pause_s", [0.0, 0.01, 0.2])
def test_a_killed_spare_is_replaced(box: Sandbox, pause_s: float) -> None:
    """Whether it dies before it takes the next run, while it takes it, or long before."""
    with Sandbox(tier=box.tier) as mine:
        for _ in range(3):
            assert mine.run(F, [Call("f", (1,))])[0].ok
            (one,) = attacks._workers(mine)
            while not one.spares:
                one.hear()
            for pidfd in one.spares.values():
                with contextlib.suppress(ProcessLookupError):  # it had the run before, which nobody has heard of yet
                    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            time.sleep(pause_s)
            assert [mine.run(F, [Call("f", (x,))])[0].value for x in (1, 2, 3)] == [2, 3, 4]


@pytest.mark.parametrize("pause_s", [0.0, 0.2], ids=["dying", "dead"])
def test_a_run_is_not_ended_by_the_child_that_had_the_one_before(box: Sandbox, pause_s: float) -> None:
    """A spare is killed from outside, and its successor has a run before anybody has heard of either."""
    with Sandbox(tier=box.tier) as mine:
        assert mine.run(F, [Call("f", (1,))])[0].ok
        (one,) = attacks._workers(mine)
        while not one.spares:
            one.hear()
        ((number, pidfd),) = one.spares.items()
        dead = os.dup(pidfd)
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        while one.spares:
            one.hear()
        one.spares[number] = dead  # as if its end had not been read yet
        for x in (1, 2, 3):
            assert mine.run(F, [Call("f", (x,))])[0].value == x + 1
            time.sleep(pause_s)  # the end of whoever had the run is told by now, or not


def test_a_run_whose_time_is_over_before_it_began(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that is slow to fork: the limit holds, and the run does not come back to life later."""
    slow = (
        "import zygote, child\nimport time\nwarm = child.warm_up\nchild.warm_up = lambda: (warm(), time.sleep(0.4))\n"
    )
    monkeypatch.setattr(worker, "_BOOT", worker._BOOT.replace("import zygote\n", slow))
    with Sandbox(tier=box.tier) as mine:
        results = mine.run("def f(x): return x", [Call("f", (1,))], Limits(wall_s=0.05))
        assert (results.stop, results[0].ok) == ("wall", False)
        assert [mine.run(F, [Call("f", (x,))])[0].value for x in (5, 6)] == [6, 7]


def test_a_sandbox_made_in_a_thread_outlives_the_thread(box: Sandbox) -> None:
    """The kernel's signal for a parent's death means the thread that forked; nothing here hangs on one."""
    made: list[Sandbox] = []
    thread = threading.Thread(target=lambda: made.append(Sandbox(tier=box.tier)))
    thread.start()
    thread.join()
    time.sleep(0.1)
    (one,) = attacks._workers(made[0])
    with made[0]:
        assert made[0].run(F, [Call("f", (1,))])[0].value == 2
        assert attacks._workers(made[0]) == [one]


def test_an_interrupted_run_disturbs_no_later_one(box: Sandbox) -> None:
    class Interrupt(Exception):
        pass

    def interrupt(*_: object) -> None:
        raise Interrupt

    with Sandbox(tier=box.tier) as mine:
        before = signal.signal(signal.SIGALRM, interrupt)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            with pytest.raises(Interrupt):
                mine.run("def f():\n    while True: pass", [Call("f")], Limits(cpu_s=60, wall_s=60))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        assert mine.run(F, [Call("f", (1,))])[0].value == 2


def test_a_fork_of_the_owner_is_refused_and_closes_nothing(box: Sandbox) -> None:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            box.run(F, [])
        except LanistaError as error:
            os.write(write, str(error).encode())
        finally:
            box.close()
            os._exit(0)
    os.waitpid(pid, 0)
    os.close(write)
    assert b"does not survive a fork" in os.read(read, 1000)
    os.close(read)
    assert box.run(F, [Call("f", (1,))])[0].value == 2


def test_an_owner_with_many_descriptors_hands_on_none(box: Sandbox) -> None:
    """Descriptors keep their numbers on the way into the zygote: with many open they are large ones."""
    many = [os.open("/dev/null", os.O_RDONLY) for _ in range(400)]
    try:
        with Sandbox(tier=box.tier) as mine:
            body = attacks.BODIES["look for descriptors"]
            results = mine.run(attacks.program(body, {}), [Call("attack")])
            assert results[0].value == []
    finally:
        for fd in many:
            os.close(fd)


def test_closing_lets_nobody_wait_for_ever(box: Sandbox) -> None:
    """One worker, six runs: those that wait when it is closed are refused, the one that runs ends first."""
    mine = Sandbox(tier=box.tier)
    told: list[object] = []

    def go() -> None:
        try:
            told.append(mine.run("import time\ndef f():\n    time.sleep(0.3)\n    return 1", [Call("f")])[0].value)
        except LanistaError as error:
            told.append(str(error))

    threads = [threading.Thread(target=go, daemon=True) for _ in range(6)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    mine.close()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    assert set(map(str, told)) <= {"1", "the Sandbox is closed"}
    assert "the Sandbox is closed" in told


def test_closing_ends_the_runs_that_asyncio_waits_for(box: Sandbox) -> None:
    async def main() -> list[object]:
        mine = Sandbox(tier=box.tier)
        program = "import time\ndef f():\n    time.sleep(0.2)\n    return 1"
        runs = [asyncio.create_task(mine.arun(program, [Call("f")])) for _ in range(4)]
        await asyncio.sleep(0.1)
        await asyncio.to_thread(mine.close)
        told: list[object] = list(await asyncio.wait_for(asyncio.gather(*runs, return_exceptions=True), 30))
        with pytest.raises(LanistaError, match="closed"):
            await mine.arun(program, [Call("f")])
        return told

    assert any(isinstance(one, LanistaError) for one in asyncio.run(main()))


HARSH = """
import os, signal, sys
if sys.argv[1] == "ignored":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
elif sys.argv[1] == "blocked":
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
else:
    for fd in map(int, sys.argv[1]):
        os.close(fd)
from lanista.arenas.sandbox import Call, Sandbox
with Sandbox(tier=sys.argv[2]) as box:
    value = box.run("def f(): return 1", [Call("f")])[0].value
os._exit(0 if value == 1 else 3)
"""


@pytest.mark.parametrize("harsh", ["ignored", "blocked", "0", "01", "02", "012"])
def test_it_stands_whatever_signals_and_descriptors_its_owner_has(box: Sandbox, harsh: str) -> None:
    done = subprocess.run([sys.executable, "-c", HARSH, harsh, box.tier], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr


def test_a_program_is_not_told_how_it_was_started(box: Sandbox) -> None:
    told = box.run("import sys\ndef f(): return [sys.argv, sys.orig_argv]", [Call("f")])[0].value
    assert told == [[""], [""]]


def test_descriptors_that_run_out_are_told_and_none_is_lost(box: Sandbox) -> None:
    """With every number of descriptors left, from none to enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    kept = [os.open("/dev/null", os.O_RDONLY) for _ in range(20)]
    with Sandbox(tier=box.tier) as mine:
        mine.run(F, [Call("f", (1,))])
        before = len(os.listdir("/proc/self/fd"))
        top = max(map(int, os.listdir("/proc/self/fd"))) + 1
        try:
            filled = [os.dup(kept[0]) for _ in range(top)]
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(filled) + 1, hard))
            for _ in range(12):
                with contextlib.suppress(LanistaError):
                    mine.run(F, [Call("f", (1,))])
                with contextlib.suppress(LanistaError):
                    Sandbox(tier=box.tier).close()
                os.close(filled.pop())
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for fd in filled + kept:
                os.close(fd)
        assert mine.run(F, [Call("f", (1,))])[0].value == 2
        gc.collect()
        assert abs(len(os.listdir("/proc/self/fd")) + 20 - before) <= 2  # a spare's pidfd comes and goes
