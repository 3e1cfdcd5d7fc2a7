"""Programs in another interpreter: ``seated.py`` in a process of its own, asked over its pipes."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import shutil
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lanista.errors import LanistaError, UsageError
from lanista.serve import seated
from lanista.serve.seated import Seat

START_S = 120.0
"""Seconds that a program's imports may take."""

GRACE_S = 2.0
"""Seconds that a cancelled program has to stop; then its process is killed, and those of its other seats with it."""

QUIET = {"OPENAI_AGENTS_DISABLE_TRACING": "1", "OTEL_SDK_DISABLED": "true", "CREWAI_DISABLE_TELEMETRY": "true"}
"""Frameworks tell their makers who runs them; not from here."""

_RUN = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='__main__')"


def interpreter(path: str) -> str:
    """The path of an interpreter. Raises UsageError where there is none."""
    found = shutil.which(os.path.expanduser(path))
    if found is None:
        raise UsageError(f"there is no interpreter {path!r}: give the path of a python, as in python=.venv/bin/python")
    return found


class Elsewhere:
    """What ``seated.Host`` is, in another process. To be used on one loop."""

    def __init__(self, target: str, python: str) -> None:
        self.target = target
        self.python = python
        self.together = False
        self._process: asyncio.subprocess.Process | None = None
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._told: deque[str] = deque(maxlen=5)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start the process. Raises UsageError where the factory cannot be had there."""
        self._process = await asyncio.create_subprocess_exec(
            *(self.python, "-u", "-c", _RUN, str(Path(seated.__file__).resolve()), self.target),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**{k: v for k, v in os.environ.items() if k != "PYTHONPATH"}, **QUIET},
            limit=64 << 20,
        )
        process = self._process
        assert process.stdout is not None
        self._tasks = [asyncio.ensure_future(self._listen(process))]
        try:
            async with asyncio.timeout(START_S):
                hello = await process.stdout.readline()
        except TimeoutError:
            await self.close()
            raise LanistaError(f"{self.python} did not import {self.target!r} within {START_S:g} s") from None
        if not hello:
            await process.wait()
            await self._tasks[0]
            raise UsageError(
                f"{self.python} cannot run programs: {self._last() or f'it ended with {process.returncode}'}"
            )
        said = json.loads(hello)
        if "error" in said:
            await self.close()
            raise UsageError(said["error"])
        self.together = bool(said["together"])
        self._tasks.append(asyncio.ensure_future(self._read(process)))

    async def make(self, id: str, seat: Seat, offers: Sequence[Seat] = ()) -> list[tuple[str, str]]:
        """As ``seated.Host.make``."""
        said = await self._call(op="make", id=id, seat=asdict(seat), offers=[asdict(s) for s in offers])
        return [(place, role) for place, role in said["claims"]]

    async def ask(self, id: str, place: str, text: str) -> str:
        """As ``seated.Host.ask``."""
        return str((await self._call(op="ask", id=id, place=place, text=text))["reply"])

    async def forget(self, id: str) -> None:
        """As ``seated.Host.forget``."""
        if self.alive:
            await self._call(op="forget", id=id)

    async def close(self) -> None:
        """End the process."""
        self.kill()
        process, self._process = self._process, None
        if process is not None:
            await process.wait()
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    def kill(self) -> None:
        """Kill the process; also where its loop is gone."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    @property
    def alive(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.returncode is None

    async def _call(self, **said: Any) -> dict[str, Any]:
        if not self.alive:
            raise ProcessEnded(f"its process ended{self._ending()}")
        process = self._process
        assert process is not None
        assert process.stdin is not None
        number = next(self._numbers)
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            process.stdin.write(json.dumps({"n": number, **said}).encode() + b"\n")
            answer: dict[str, Any] = await asyncio.shield(future)
        except ConnectionError:
            raise ProcessEnded(f"its process ended{self._ending()}") from None
        except asyncio.CancelledError:
            await self._cancel(process, number, future)
            raise
        finally:
            self._waiting.pop(number, None)
        if "error" in answer:
            raise ProgramFailed(answer["error"])
        return answer

    async def _cancel(self, process: asyncio.subprocess.Process, number: int, future: asyncio.Future[Any]) -> None:
        """Have a call stopped; a process that does not is killed."""
        with contextlib.suppress(ConnectionError, TimeoutError, ProcessEnded):
            assert process.stdin is not None
            process.stdin.write(json.dumps({"n": number, "op": "cancel"}).encode() + b"\n")
            async with asyncio.timeout(GRACE_S):
                await asyncio.shield(future)
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            answer = json.loads(line)
            future = self._waiting.get(answer["n"])
            if future is not None and not future.done():
                future.set_result(answer)
        await process.wait()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ProcessEnded(f"its process ended{self._ending()}"))

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while part := await process.stderr.read(65536):
            self._told.extend(line for line in part.decode("utf-8", "replace").splitlines() if line.strip())

    def _last(self) -> str:
        return self._told[-1].strip() if self._told else ""

    def _ending(self) -> str:
        return f": {self._last()}" if self._last() else ""


class ProgramFailed(Exception):
    """What a program raised, in words."""


class ProcessEnded(ProgramFailed):
    """A program's process is gone; another one may be started."""
