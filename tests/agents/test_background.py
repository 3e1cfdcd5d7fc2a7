"""The background loop: one for all, another after a fork or when something blocks it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

from lanista.agents import background


async def seven() -> int:
    await asyncio.sleep(0)
    return 7


def test_work_is_done_on_one_lasting_loop() -> None:
    async def where() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert background.run(seven()) == 7
    assert background.run(where()) is background.run(where()) is background.loop()


def test_what_the_work_raises_comes_out_and_the_loop_stays() -> None:
    async def failing(error: Exception) -> None:
        raise error

    before = background.loop()
    for error in (ValueError("x"), TimeoutError("its own")):
        with pytest.raises(type(error)):
            background.run(failing(error), 60)
    assert background.loop() is before


def test_a_blocked_loop_is_left_behind() -> None:
    release = threading.Event()

    async def blocking() -> None:
        release.wait(60)

    before = background.loop()
    with pytest.raises(TimeoutError):
        background.run(blocking(), 0.1)
    assert background.loop() is not before
    assert background.run(seven(), 60) == 7
    release.set()


@pytest.mark.skipif(sys.platform == "win32", reason="no fork here")
def test_a_forked_process_gets_a_loop_of_its_own() -> None:
    script = """
import asyncio, os, sys
from lanista.agents import background
async def seven(): return 7
assert background.run(seven()) == 7
child = os.fork()
if child == 0:
    os._exit(background.run(seven(), 60))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert subprocess.run([sys.executable, "-c", script], timeout=120).returncode == 7
