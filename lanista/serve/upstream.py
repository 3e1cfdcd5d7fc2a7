"""A model that is elsewhere, behind any OpenAI-compatible server: requests go through, and are recorded on the way."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lanista.agents.openai import _parse
from lanista.errors import LanistaError, UsageError
from lanista.text import redact

if TYPE_CHECKING:
    import httpx

ALIVE = frozenset({408, 409, 429})
KEY = frozenset({401, 402, 403})


@dataclass(frozen=True, slots=True)
class Passed:
    """What the server said, whole."""

    status: int
    kind: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def fault(self) -> bool:
        """Whether it is no doing of whoever asked: the server is down, overrun, or refuses the key."""
        return self.status in ALIVE or self.status in KEY or self.status >= 500


class Upstream:
    """``MODEL@BASE_URL``, with the key in ``key_env``. Prices are per million tokens.

    Raises UsageError for an address that cannot be, LanistaError where httpx is missing.
    """

    def __init__(
        self,
        address: str,
        *,
        price_in: float = 0.0,
        price_out: float = 0.0,
        key_env: str = "OPENAI_API_KEY",
        time_limit_s: float = 60.0,
    ) -> None:
        self.model, self.base_url = _parse(address)
        try:
            import httpx  # noqa: F401
        except ImportError as error:
            raise LanistaError("the gateway needs httpx: pip install 'lanista[serve]'") from error
        if price_in < 0 or price_out < 0 or time_limit_s <= 0:
            raise UsageError("a price is at least 0, and time_limit_s over 0")
        self._key = os.environ.get(key_env) or "none"
        self._prices = price_in, price_out
        self._limit_s = time_limit_s
        self._client: tuple[asyncio.AbstractEventLoop, httpx.AsyncClient] | None = None

    async def send(self, path: str, body: Mapping[str, Any]) -> Passed:
        """What the server says to a request of either dialect. Cancelling it closes the connection.

        A server that cannot be reached is a 503, and one that is silent a 504.
        """
        import httpx

        try:
            answer = await self._connect().post(f"{self.base_url}/{path}", json={**body, "model": self.model})
        except httpx.TimeoutException:
            return _failed(504, f"no reply within {self._limit_s:g} s from {self.base_url}")
        except httpx.HTTPError as error:
            return _failed(
                503, f"cannot reach {self.base_url}: {redact(str(error), [self._key]) or type(error).__name__}"
            )
        kept = {name: answer.headers[name] for name in ("retry-after",) if name in answer.headers}
        body_ = answer.content if answer.status_code < 400 else redact(answer.text, [self._key]).encode()
        return Passed(answer.status_code, answer.headers.get("content-type", "application/json"), body_, kept)

    def read(self, passed: Passed) -> tuple[str, str, dict[str, Any]]:
        """Of a reply: its text, why it ended, its usage with the cost. Servers leave out what they like."""
        text, finish = "", ""
        used: dict[str, Any] = {}
        for value in _values(passed):
            used = value.get("usage") or (value.get("response") or {}).get("usage") or used
            for choice in value.get("choices") or ():
                part = choice.get("message") or choice.get("delta") or {}
                text += part.get("content") or ""
                finish = choice.get("finish_reason") or finish
            whole = value.get("response") or value
            if whole.get("object") == "response" and whole.get("status") not in (None, "in_progress"):
                finish = whole["status"]
                blocks = [part for item in whole.get("output") or () for part in item.get("content") or ()]
                text = "".join(part.get("text") or "" for part in blocks)
        shown = int(used.get("prompt_tokens", used.get("input_tokens", 0)) or 0)
        sampled = int(used.get("completion_tokens", used.get("output_tokens", 0)) or 0)
        cost = (shown * self._prices[0] + sampled * self._prices[1]) / 1e6
        return text, finish, {"prompt_tokens": shown, "completion_tokens": sampled, "cost": cost} if used else {}

    async def close(self) -> None:
        """Close the connections. To be called on the loop they are used on."""
        if self._client is not None:
            client, self._client = self._client[1], None
            await client.aclose()

    def _connect(self) -> httpx.AsyncClient:
        import httpx

        loop = asyncio.get_running_loop()
        if self._client is None or self._client[0] is not loop:
            headers = {"Authorization": f"Bearer {self._key}"}
            self._client = loop, httpx.AsyncClient(headers=headers, timeout=self._limit_s)
        return self._client[1]


def _values(passed: Passed) -> list[dict[str, Any]]:
    """The JSON of a reply, or of each event of a stream; what cannot be read is left out."""
    text = passed.body.decode("utf-8", "replace")
    lines = (
        [line[5:].strip() for line in text.splitlines() if line.startswith("data:")]
        if "event-stream" in passed.kind
        else [text]
    )
    found = []
    for line in lines:
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def _failed(status: int, message: str) -> Passed:
    error = {"message": message, "type": "server_error", "param": None, "code": "upstream_unavailable"}
    return Passed(status, "application/json", json.dumps({"error": error}).encode(), {})
