"""The gateway: one OpenAI-compatible server for every seat of every game that this process plays.

``chat/completions``, ``responses`` and ``models``, under ``/v1`` (the key names the seat) and ``/v1/seats/ID``. What a
seat's model is, how it is sampled, what becomes of a call: docs/design/017-the-gateway.md.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import importlib.util
import json
import os
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from lanista.errors import LanistaError, UsageError
from lanista.serve import mcp, streams
from lanista.serve.answering import answered
from lanista.serve.errors import ApiError, bad
from lanista.serve.places import ANSWERS, Job, Place, Places
from lanista.serve.telling import Feed

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

BODY_LIMIT = 8 << 20
"""Bytes of a request."""

DRAIN_LIMIT = 256 << 20
"""Bytes of a request that is too long which are read before it is refused: a client hears nothing while it sends."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Gateway:
    """A server on a thread and loop of its own, until ``close``. ``port`` 0: any that is free.

    Beyond loopback it is only bound where ``public`` says so and a ``key`` of 16 characters or more is given, which the
    seats' keys are then made from. Raises UsageError for what cannot be, LanistaError where the port is taken or
    starlette and uvicorn are missing.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, public: bool = False, key: str | None = None) -> None:
        check_host(host, public, key)
        self.places = Places(key)
        self._socket = bound(host, port)
        address = f"[{host}]" if ":" in host else host
        self.url = f"http://{address}:{self._socket.getsockname()[1]}/v1"
        self._server = serve(app(self), self._socket, "lanista gateway")

    def base_url(self, place: Place) -> str:
        """Where a seat's program finds its model."""
        return f"{self.url}/seats/{place.id}"

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop its requests are answered on."""
        return self._server.loop

    def close(self) -> None:
        """Stop answering."""
        self._server.stop()


_lock = threading.Lock()
_shared: tuple[int, Gateway] | None = None


def shared() -> Gateway:
    """The gateway of this process, on loopback; started when first asked for, and anew in a forked child."""
    global _shared
    with _lock:
        if _shared is None or _shared[0] != os.getpid():
            _shared = os.getpid(), Gateway()
        return _shared[1]


def _forget_after_fork() -> None:
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)


# The server


def check_host(host: str, public: bool, key: str | None) -> None:
    """Raises UsageError for an address beyond loopback without ``public`` and a key that nobody guesses."""
    if host in LOOPBACK:
        return
    if not public:
        raise UsageError(
            f"{host} can be reached from other machines, and whoever reaches a seat can play it: say public as well "
            "and give a key, or stay on 127.0.0.1"
        )
    if key is None or len(key) < 16:
        raise UsageError(
            f"a server at {host} needs a key of 16 characters or more, not {0 if key is None else len(key)}"
        )


def check_installed() -> None:
    """Raises LanistaError where what serves is not installed."""
    missing = [name for name in ("starlette", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        raise LanistaError(f"a server needs {' and '.join(missing)}: pip install 'lanista[serve]'")


def bound(host: str, port: int) -> socket.socket:
    """A socket at that address. Raises LanistaError where it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named, or asyncio leaves Nagle's algorithm on and every reply waits 40 ms for an acknowledgement.
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except (OSError, OverflowError) as error:
        found.close()
        raise LanistaError(f"nothing can be served at {host}:{port}: {error}") from error
    return found


class Served:
    """An app that is being served on a thread of its own."""

    def __init__(self, server: Any, thread: threading.Thread, loop: asyncio.AbstractEventLoop) -> None:
        self._server, self._thread, self.loop = server, thread, loop

    def stop(self) -> None:
        """Stop, within a few seconds whoever is connected."""
        self._server.should_exit = True
        self._thread.join(5)


def serve(app: Any, at: socket.socket, name: str) -> Served:
    """Serve an app at a bound socket. Raises LanistaError where uvicorn is missing or cannot start."""
    check_installed()
    import uvicorn

    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        ws="none",
    )
    server = uvicorn.Server(config)
    loop = _new_loop()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(server.serve(sockets=[at]))

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started:
        if not thread.is_alive() or time.monotonic() > until:
            raise LanistaError(f"the server {name!r} did not start")
        time.sleep(0.002)
    return Served(server, thread, loop)


def _new_loop() -> asyncio.AbstractEventLoop:
    """A loop of uvloop's where it is installed: half the time of a call is the loop's."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    found: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return found


def app(gateway: Gateway) -> Starlette:
    """The routes."""
    check_installed()
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, Response

    found = Starlette()
    answer_ = _answering(gateway)

    async def chat(request: Request) -> Response:
        return await answer_(request, "chat")

    async def responses(request: Request) -> Response:
        return await answer_(request, "responses")

    async def models(request: Request) -> Response:
        place = gateway.places.find(request.path_params.get("seat"), request.headers.get("authorization"))
        wanted = request.path_params.get("model")
        entry = {"id": place.name, "object": "model", "created": 0, "owned_by": "lanista"}
        if wanted is None:
            return JSONResponse({"object": "list", "data": [entry]})
        if wanted != place.name:
            raise no_model(wanted, place)
        return JSONResponse(entry)

    async def mcp_(request: Request) -> Response:
        place = gateway.places.find(request.path_params.get("seat"), request.headers.get("authorization"))
        told = mcp.answer(place, parsed(await read_body(request)))
        return JSONResponse(told) if told is not None else Response(status_code=202)

    for start in ("/v1", "/v1/seats/{seat}"):
        found.add_route(f"{start}/mcp", mcp_, methods=["POST"])
        found.add_route(f"{start}/chat/completions", chat, methods=["POST"])
        found.add_route(f"{start}/responses", responses, methods=["POST"])
        found.add_route(f"{start}/models", models, methods=["GET"])
        found.add_route(f"{start}/models/{{model:path}}", models, methods=["GET"])
    refuse(found)
    return found


def refuse(found: Starlette) -> None:
    """Answer every refusal, and whatever goes wrong, in OpenAI's form."""
    from starlette.exceptions import HTTPException
    from starlette.responses import JSONResponse

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)
        return JSONResponse(error.body(), error.status, headers=error.headers)

    async def unknown(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        said = f"{request.method} {request.url.path} is not served here: {error.detail}"
        return JSONResponse(ApiError(error.status_code, said, code="not_found").body(), error.status_code)

    found.add_exception_handler(ApiError, refused)
    found.add_exception_handler(HTTPException, unknown)


def no_model(name: str, place: Place) -> ApiError:
    """A 404 for a model that the seat has not got."""
    return ApiError(
        404, f"seat {place.seat} has no model {name!r}: it has {place.name!r}", code="model_not_found", param="model"
    )


# One request


def _answering(gateway: Gateway) -> Callable[[Request, str], Awaitable[Response]]:
    from starlette.responses import Response as Plain

    async def answer_(request: Request, dialect: str) -> Response:
        arrived = time.perf_counter()
        place = gateway.places.find(request.path_params.get("seat"), request.headers.get("authorization"))
        raw = await read_body(request)
        body = parsed(raw)
        digest = hashlib.sha256(dialect.encode() + raw).digest()
        again = _count(request.headers.get("x-stainless-retry-count")) > 0
        if again and digest in place.answered:
            return Plain(*place.answered[digest])
        job = place.flying.get(digest) if again else None
        if job is None:
            marked = request.headers.get("x-lanista-auxiliary", "").lower() in ("1", "true", "yes")
            feed = Feed()
            job = Job(asyncio.ensure_future(answered(place, dialect, body, marked, arrived, feed)), feed)
            place.flying[digest] = job
            job.task.add_done_callback(functools.partial(_landed, place, digest, job))
            if body.get("stream") is True:
                return await streams.streamed(request, job)
        written = await _waited(request, job)
        if written is None:
            return Plain(status_code=499)  # nobody is there to read it
        return Plain(*written)

    return answer_


def _landed(place: Place, digest: bytes, job: Job, _: object) -> None:
    if place.flying.get(digest) is job:
        del place.flying[digest]
    if job.task.cancelled() or job.task.exception() is not None:
        return
    written = job.task.result()
    if written[1] < 400:
        place.answered[digest] = written
        while len(place.answered) > ANSWERS:
            place.answered.popitem(last=False)


async def _waited(request: Request, job: Job) -> Any:
    """What the job gives; None where the connection was cut. Nobody waiting any more cancels it."""
    job.waiters += 1
    try:
        while not (await asyncio.wait({job.task}, timeout=streams.LOOK_S))[0]:
            if await request.is_disconnected():
                return None
        return job.task.result()
    except asyncio.CancelledError:
        if job.task.cancelled():
            return None
        raise
    finally:
        job.waiters -= 1
        if not job.waiters and not job.task.done():
            job.task.cancel()


async def read_body(request: Request) -> bytes:
    """Raises ApiError for a body over ``BODY_LIMIT``; what is longer is read to its end and not kept."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size <= BODY_LIMIT:
            parts.append(part)
        else:
            parts.clear()
        if size > DRAIN_LIMIT:
            break
    if size > BODY_LIMIT:
        raise ApiError(
            413, f"a request holds at most {BODY_LIMIT} bytes, and this one {size}", code="request_too_large"
        )
    return b"".join(parts)


def parsed(raw: bytes) -> dict[str, Any]:
    """The JSON object in a body. Raises ApiError for anything else."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise bad(f"the body is no JSON: {error}", code="invalid_json") from None
    if not isinstance(body, dict):
        raise bad(f"the body is a JSON object, not a {type(body).__name__}", code="invalid_json")
    return body


def _count(value: str | None) -> int:
    return int(value) if value is not None and value.isdecimal() else 0
