"""Requests to an engine's server: many in flight, asked again while it is away, one clear line where it says no."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lanista.agents import background
from lanista.errors import LanistaError, Unavailable, UsageError
from lanista.text import redact

if TYPE_CHECKING:
    import httpx

KEY = (401, 402, 403)
"""What servers say where a key is missing, spent or refused: nothing that asking again would mend."""

AGAIN = (408, 409, 425, 429)
"""Asked again, as every 5xx is."""

LOOK_S = 0.05
"""How often it is looked whether anybody still waits for a reply that is followed."""

REASON_LIMIT = 400
"""Characters kept of what a server said."""


class Refused(LanistaError):
    """The server understood a request and said no: the request is at fault, not the moment. ``status`` as in HTTP."""

    def __init__(self, said: str, status: int) -> None:
        super().__init__(said)
        self.status = status


class Transport:
    """One server. Requests of all threads share ``concurrent`` places; each is repeated for ``retry_budget_s`` seconds.

    ``key_env``: the environment variable that holds the key; where it is empty, none is sent. Raises UsageError for an
    address or a number that cannot be.
    """

    def __init__(
        self,
        url: str,
        *,
        key_env: str = "OPENAI_API_KEY",
        concurrent: int = 64,
        time_limit_s: float = 300.0,
        max_retries: int = 6,
        retry_budget_s: float = 120.0,
    ) -> None:
        self.url = _address(url)
        if time_limit_s <= 0 or concurrent < 1 or max_retries < 0 or retry_budget_s < 0:
            raise UsageError("time_limit_s is over 0, concurrent at least 1, max_retries and retry_budget_s at least 0")
        self.concurrent = concurrent
        self._key = os.environ.get(key_env) or None
        self._limit_s, self._max_retries, self._budget_s = time_limit_s, max_retries, retry_budget_s
        self._client: tuple[asyncio.AbstractEventLoop, httpx.AsyncClient, asyncio.Semaphore] | None = None

    def get(self, path: str, root: str | None = None) -> httpx.Response:
        """The reply to a GET of ``url/path``, or of ``root/path``. Raises as ``post`` does."""
        return background.run(self._ask("GET", path, None, root))

    def post(self, path: str, body: Mapping[str, Any], *, final: tuple[int, ...] = ()) -> httpx.Response:
        """The reply to one POST. Raises Unavailable where the server is away, Refused where it said no.

        ``final``: further statuses by which it says no, though they are those of a server in trouble.
        """
        return background.run(self._ask("POST", path, body, final=final))

    def post_all(self, path: str, bodies: Sequence[Mapping[str, Any]]) -> list[Any]:
        """The JSON of every reply, in order. Raises as ``post`` does, for the first that failed; the rest is cancelled.

        Raises LanistaError for a reply that is no JSON.
        """
        return background.run(self._all(path, bodies))

    def post_followed(
        self,
        path: str,
        bodies: Sequence[Mapping[str, Any]],
        hear: Callable[[int, Mapping[str, Any]], None],
        listens: Callable[[int], bool],
        left: Callable[[int], bool],
    ) -> list[Any]:
        """As ``post_all``, as streams where somebody ``listens`` to their places; None for one that was left.

        A stream comes back as the list of its events, which ``hear`` was told one by one. One that breaks off has said
        what cannot be taken back: Unavailable, and it is not asked again. ``left`` is asked every ``LOOK_S`` seconds;
        the connection of a request that nobody waits for is closed, which ends its sampling.
        """
        return background.run(self._followed(path, bodies, hear, listens, left))

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            loop, client, _ = self._client
            self._client = None
            if loop is background.loop():
                background.run(client.aclose())

    async def _all(self, path: str, bodies: Sequence[Mapping[str, Any]]) -> list[Any]:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._ask("POST", path, body)) for body in bodies]
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return [self.json(task.result()) for task in tasks]

    async def _followed(
        self,
        path: str,
        bodies: Sequence[Mapping[str, Any]],
        hear: Callable[[int, Mapping[str, Any]], None],
        listens: Callable[[int], bool],
        left: Callable[[int], bool],
    ) -> list[Any]:
        async def one(place: int, body: Mapping[str, Any]) -> Any:
            if listens(place):
                return await self._streamed(path, body, lambda event: hear(place, event))
            return self.json(await self._ask("POST", path, body))

        tasks = [asyncio.ensure_future(one(place, body)) for place, body in enumerate(bodies)]
        try:
            waiting = set(tasks)
            while waiting:
                done, waiting = await asyncio.wait(waiting, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    if not task.cancelled():
                        task.result()
                for place, task in enumerate(tasks):
                    if not task.done() and left(place):
                        task.cancel()
            return [None if task.cancelled() else task.result() for task in tasks]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _streamed(
        self, path: str, body: Mapping[str, Any], hear: Callable[[Mapping[str, Any]], None]
    ) -> list[Mapping[str, Any]]:
        """The events of a stream. Until its first one it is asked for again as any request is."""
        import httpx

        client, places = self._connect()
        found: list[Mapping[str, Any]] = []

        async def send() -> httpx.Response:
            request = client.build_request("POST", f"{self.url}/{path}", json={**body, "stream": True})
            reply = await client.send(request, stream=True)
            if reply.status_code >= 400:
                await reply.aread()
            return reply

        reply = await self._ask("POST", path, None, send=send)
        whole = False
        async with places:
            try:
                async for line in reply.aiter_lines():
                    whole = whole or line.removeprefix("data:").strip() == "[DONE]"
                    event = _event(line)
                    if event is None:
                        continue
                    if "error" in event:
                        raise Unavailable(f"{self.url} broke off a reply: {self._told(str(event['error']))}")
                    found.append(event)
                    hear(event)
            except httpx.HTTPError as error:
                said = self._told(str(error) or type(error).__name__)
                raise Unavailable(f"{self.url} broke off a reply after {len(found)} events: {said}") from error
            finally:
                await reply.aclose()
        if not whole:
            raise Unavailable(f"{self.url} broke off a reply after {len(found)} events")
        return found

    def json(self, reply: httpx.Response) -> Any:
        """A reply's JSON. Raises LanistaError where it is none."""
        try:
            return reply.json()
        except ValueError as error:
            raise LanistaError(
                f"{self.url} sent no JSON where an engine would ({self._told(reply.text)!r}): is that its address?"
            ) from error

    async def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        root: str | None = None,
        final: tuple[int, ...] = (),
        send: Callable[[], Awaitable[httpx.Response]] | None = None,
    ) -> httpx.Response:
        client, places = self._connect()
        address = f"{root or self.url}/{path}"
        send = send or (lambda: client.request(method, address, json=body))
        until = time.monotonic() + self._budget_s
        attempt = 0
        while True:
            async with places:
                came = await self._request(send, address, final)
            if not isinstance(came, tuple):
                return came
            why, wait_s = came
            wait_s = min(0.5 * 2**attempt, 8.0) if wait_s is None else wait_s
            if attempt == self._max_retries or time.monotonic() + wait_s > until:
                raise Unavailable(f"{why}{f', asked {attempt + 1} times' if attempt else ''}")
            await asyncio.sleep(wait_s)
            attempt += 1

    async def _request(
        self, send: Callable[[], Awaitable[httpx.Response]], address: str, final: tuple[int, ...]
    ) -> httpx.Response | tuple[str, float | None]:
        """The reply; or why there is none that would count, and how long the server wants to be left alone."""
        import httpx

        try:
            reply = await send()
        except httpx.TimeoutException:
            return f"no reply within {self._limit_s:g} s from {self.url}", None
        except httpx.HTTPError as error:
            return f"cannot reach {self.url}: {self._told(str(error) or type(error).__name__)}", None
        status = reply.status_code
        if status < 400:
            return reply
        said = f"{address} said {status}: {self._told(_said(reply))}"
        if status in KEY:
            raise Unavailable(said)
        if status not in final and (status in AGAIN or status >= 500):
            return said, _retry_after(reply)
        raise Refused(said, status)

    def _told(self, words: str) -> str:
        """A server's words on one line of bounded length, without the key that was sent."""
        return redact(" ".join(words[: 4 * REASON_LIMIT].split()), [self._key])[:REASON_LIMIT]

    def _connect(self) -> tuple[httpx.AsyncClient, asyncio.Semaphore]:
        """The client and its places, which belong to the loop they are used on: new ones after a fork."""
        import httpx

        loop = asyncio.get_running_loop()
        if self._client is None or self._client[0] is not loop:
            headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
            limits = httpx.Limits(max_connections=self.concurrent, max_keepalive_connections=self.concurrent)
            client = httpx.AsyncClient(timeout=self._limit_s, headers=headers, limits=limits)
            self._client = loop, client, asyncio.Semaphore(self.concurrent)
        return self._client[1:]


def _address(url: str) -> str:
    parts = urlsplit(url)
    try:
        known = parts.scheme in ("http", "https") and parts.hostname is not None and parts.port != 0
    except ValueError:
        known = False
    if parts.username is not None or parts.password is not None or parts.query or redact(url) != url:
        raise UsageError("an engine's address holds no password, key or query: put the key into OPENAI_API_KEY instead")
    if not known:
        raise UsageError(f"{url!r} is no engine's address: write it as http://127.0.0.1:8000/v1")
    return url.rstrip("/")


def _event(line: str) -> Mapping[str, Any] | None:
    """The JSON of one line of a stream; None for what is no event, and for the mark of its end."""
    if not line.startswith("data:"):
        return None
    try:
        found = json.loads(line[5:])
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _said(reply: httpx.Response) -> str:
    try:
        body = reply.json()
    except ValueError:
        return reply.text
    if isinstance(body, Mapping):
        error = body.get("error", body)
        if isinstance(error, Mapping):
            return str(error.get("message") or error.get("detail") or error)
        return str(error)
    return str(body)


def _retry_after(reply: httpx.Response) -> float | None:
    """Seconds, where the server says so as a number."""
    try:
        return max(0.0, float(reply.headers["retry-after"]))
    except (KeyError, ValueError):
        return None
