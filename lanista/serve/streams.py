"""A response that is sent while it is made: its status waits for its first words, each part goes as it comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, cast

from lanista.serve.places import Job

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

LOOK_S = 0.1
"""How often it is looked whether a client that waits is still there."""


async def streamed(request: Request, job: Job) -> Response:
    """The response of a job whose words are sent as they come.

    A job that is over before its first words answers as any other. Raises what it raised then. A cut connection ends
    the job.
    """
    from starlette.responses import Response as Plain

    job.waiters += 1
    job.task.add_done_callback(lambda _: job.feed.changed.set())
    handed = False
    try:
        if not await _changed(request, job):
            return Plain(status_code=499)
        if job.task.done() and not job.feed.sent:
            return Plain(*job.task.result())
        handed = True
        return cast("Response", _Streamed(request, job))  # an ASGI app is all that is asked of one
    finally:
        if not handed:
            _leave(job)


def _leave(job: Job) -> None:
    job.waiters -= 1
    if not job.waiters and not job.task.done():
        job.task.cancel()


async def _changed(request: Request, job: Job) -> bool:
    """Wait until more is to be sent, or the job is over. Returns whether anybody is there to read it."""
    while not job.feed.changed.is_set():
        try:
            async with asyncio.timeout(LOOK_S):
                await job.feed.changed.wait()
        except TimeoutError:
            if await request.is_disconnected():
                return False
    job.feed.changed.clear()
    return True


class _Streamed:
    """An ASGI response."""

    status_code = 200
    background = None

    def __init__(self, request: Request, job: Job) -> None:
        self._request, self._job = request, job

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            async for part in self._parts():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            _leave(self._job)

    async def _parts(self) -> AsyncIterator[bytes]:
        job, sent, looked = self._job, 0, time.monotonic()
        while not job.task.done():
            if len(job.feed.sent) > sent:
                part = bytes(job.feed.sent[sent:])
                sent += len(part)
                yield part
            if time.monotonic() - looked > LOOK_S:
                looked = time.monotonic()
                if await self._request.is_disconnected():
                    return
            if not await _changed(self._request, job):
                return
        whole = bytes(job.feed.sent)  # with the event of what went wrong, where something did
        if not job.task.cancelled() and job.task.exception() is None:
            whole = job.task.result()[0]
        yield whole[sent:]
