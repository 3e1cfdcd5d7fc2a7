"""One event loop in the background of this process, for agents whose libraries are asynchronous.

Their clients and locks belong to the loop they were first used on, so all of them share one that lasts.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def loop() -> asyncio.AbstractEventLoop:
    """The process's background loop, started in a daemon thread when first asked for."""
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="lanista background loop", daemon=True).start()
        return _loop


def run(work: Coroutine[Any, Any, T], limit_s: float | None = None) -> T:
    """What ``work`` returns or raises, run on the background loop. Ctrl-C while waiting cancels it.

    Raises TimeoutError after ``limit_s`` seconds. Work that has its own time-outs gets there only where something
    blocks the loop itself; so that loop is left behind, and whoever asks next gets a new one. Not to be called from
    the loop.
    """
    on = loop()
    future = asyncio.run_coroutine_threadsafe(work, on)
    try:
        return future.result(limit_s)
    except BaseException as error:
        if isinstance(error, TimeoutError) and not future.done():
            leave(on)
        future.cancel()
        raise


def leave(stuck: asyncio.AbstractEventLoop) -> None:
    """A loop that something blocks is left behind: whoever asks next gets a new one."""
    global _loop
    with _lock:
        if _loop is stuck:
            _loop = None


def _forget_after_fork() -> None:
    # A forked child has the loop object but not the thread that ran it.
    global _loop, _lock
    _loop, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
