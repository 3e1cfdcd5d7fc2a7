"""A model behind any OpenAI-compatible server, in any seat: ``openai:MODEL@BASE_URL``.

The conversation of a seat is append-only: what the seat was shown as user messages, what it replied as assistant
messages, nothing rewritten, so that servers can reuse the prefix. The seat's brief is part of its first text.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lanista.agents import background, guard
from lanista.agents.contract import Answer, Question
from lanista.arenas.core import chance
from lanista.arenas.core.contract import Forfeit
from lanista.errors import LanistaError, Unavailable, UsageError
from lanista.text import redact

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_ADDRESS = re.compile(r"(?P<model>.+?)@(?P<url>https?://\S+)")
_FORM = "write openai:MODEL@BASE_URL, as in openai:llama3@http://127.0.0.1:8000/v1"


@dataclass
class Usage:
    """What an agent has used up so far, over all its games."""

    replies: int = 0
    forfeits: int = 0
    unavailable: int = 0
    """Questions that the server did not answer, retries included: no move of anybody's."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    unreported: int = 0
    """Replies for which the server reported no token counts; they are missing from the totals."""
    cost: float = 0.0
    """In the currency of ``price_in`` and ``price_out``."""


class OpenAIAgent:
    """A model behind any OpenAI-compatible server, as ``openai:MODEL@BASE_URL``.

    Every question is a request to ``BASE_URL/chat/completions`` of its own. A server that is down, keeps silent,
    refuses the key (401, 402, 403), is overrun (408, 409, 429) or fails (5xx) is asked again within the budget, and is
    then ``Unavailable``: the game is suspended. Any other refusal, and a reply that is no chat completion, is a forfeit
    with the reason.
    """

    batched = True
    batch_matters = False
    time_limit_s: float | None = None  # each request has its own limit; one for a whole batch would punish the last

    def __init__(
        self,
        address: str,
        *,
        price_in: float = 0.0,
        price_out: float = 0.0,
        time_limit_s: float = 60.0,
        temperature: float | None = None,
        max_tokens: int | None = 512,
        key_env: str = "OPENAI_API_KEY",
        parallel: int = 16,
        max_retries: int = 4,
        retry_budget_s: float = 120.0,
        send_seed: bool = True,
    ) -> None:
        """
        Args:
            address: ``MODEL@BASE_URL``.
            price_in: Price of a million prompt tokens.
            price_out: Price of a million completion tokens.
            time_limit_s: Seconds one request may take.
            temperature: None leaves it to the server.
            max_tokens: The longest reply, in tokens; None leaves it to the server.
            key_env: The environment variable that holds the key. Servers that want none are sent ``none``.
            parallel: Requests in flight at most.
            max_retries: How often a request is repeated after a refused connection, a time-out or a status of 408,
                409, 429, 5xx, with waits that double from half a second, or as long as the server's ``retry-after``.
            retry_budget_s: Seconds after its first request that one question is not asked again.
            send_seed: Send a ``seed`` drawn from the seat's; servers that honour it then repeat themselves.

        Raises UsageError for an address or number that cannot be, LanistaError where the openai package is missing.
        """
        self.model, self.base_url = _parse(address)
        if price_in < 0 or price_out < 0:
            raise UsageError(f"a price is at least 0, not {min(price_in, price_out)}")
        if time_limit_s <= 0 or parallel < 1 or max_retries < 0 or retry_budget_s < 0:
            raise UsageError("time_limit_s is over 0, parallel at least 1, max_retries and retry_budget_s at least 0")
        if key_env != "OPENAI_API_KEY" and not os.environ.get(key_env):
            raise UsageError(f"the environment variable {key_env} is empty: put the key for {self.base_url} there")
        try:
            import openai  # noqa: F401
        except ImportError as error:
            raise LanistaError("this agent needs the openai package: pip install 'lanista[openai]'") from error
        self.name = f"openai:{address}"
        self.usage = Usage()
        self._key = os.environ.get(key_env) or "none"
        self._prices = price_in, price_out
        self._limit_s = time_limit_s
        self.concurrent = parallel
        self._max_retries = max_retries
        self._budget_s = retry_budget_s
        self._send_seed = send_seed
        settings = {"temperature": temperature, "max_tokens": max_tokens}
        self._settings = {name: value for name, value in settings.items() if value is not None}
        self._client: tuple[asyncio.AbstractEventLoop, AsyncOpenAI, asyncio.Semaphore] | None = None
        self._counting = threading.Lock()

    def answer(self, questions: Sequence[Question]) -> list[Answer | Forfeit | Unavailable]:
        """One answer per question; up to ``parallel`` requests are in flight, those of all calls together."""
        answers = background.run(self._all(questions))
        with self._counting:
            for answer in answers:
                self._count(answer)
        return answers

    def forget(self, game: str) -> None:
        """Nothing is kept per game: the conversation is the question's history."""

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            loop, client, _ = self._client
            self._client = None
            if loop is background.loop():
                background.run(client.close())

    async def _all(self, questions: Sequence[Question]) -> list[Answer | Forfeit | Unavailable]:
        client, slots = self._connect()

        async def one(question: Question) -> Answer | Forfeit | Unavailable:
            async with slots:
                return await self._one(client, question)

        return await asyncio.gather(*(one(question) for question in questions))

    async def _one(self, client: AsyncOpenAI, question: Question) -> Answer | Forfeit | Unavailable:
        """Ask until there is a reply, the server says no, or the retries or their budget are spent."""
        request: dict[str, Any] = {"model": self.model, "messages": messages(question), **self._settings}
        if self._send_seed:
            request["seed"] = chance.draw(question.seed, "openai agent", question.turn, 2**31)
        until = time.monotonic() + self._budget_s
        attempt = 0
        while True:
            came = await self._request(client, request)
            if not isinstance(came, _Refused):
                return came
            wait_s = came.wait_s if came.wait_s is not None else min(0.5 * 2**attempt, 8.0)
            if not came.again or attempt == self._max_retries or time.monotonic() + wait_s > until:
                asked = f", asked {attempt + 1} times" if attempt else ""
                return Unavailable(guard.forfeit(f"{came.why}{asked}").reason)
            await asyncio.sleep(wait_s)
            attempt += 1

    async def _request(self, client: AsyncOpenAI, request: dict[str, Any]) -> Answer | Forfeit | _Refused:
        import openai

        try:
            async with asyncio.timeout(self._limit_s):
                completion = await client.chat.completions.create(**request)
            return self._read(completion)
        except (TimeoutError, openai.APITimeoutError):
            return _Refused(f"no reply within {self._limit_s:g} s from {self.base_url}")
        except openai.APIConnectionError as error:
            cause = error.__cause__ or error
            return _Refused(f"cannot reach {self.base_url}: {self._told(cause) or type(cause).__name__}")
        except openai.APIStatusError as error:
            said = f"{self.base_url} said {error.status_code} for model {self.model!r}: {self._told(_body(error))}"
            again = error.status_code in _AGAIN or error.status_code >= 500
            if again or error.status_code in _KEY:
                return _Refused(said, again, _retry_after(error))
            return guard.forfeit(said)
        except Exception as error:  # a reply that is no chat completion, in any of the ways there are
            return guard.forfeit(self._told(guard.raised(error).reason))

    def _told(self, words: object) -> str:
        """A server's words without the key that was sent."""
        return redact(str(words), [self._key if self._key != "none" else None])

    def _read(self, completion: Any) -> Answer | Forfeit:
        """The answer in a completion; servers that are only nearly compatible may leave anything out."""
        choices = getattr(completion, "choices", None)
        if not choices:
            return guard.forfeit(f"{self.base_url} sent no chat completion")
        text = choices[0].message.content
        usage = completion.usage
        meta: dict[str, Any] = {"finish_reason": choices[0].finish_reason}
        if usage is not None:
            price_in, price_out = self._prices
            meta["usage"] = {
                "prompt_tokens": usage.prompt_tokens,
                "completion_tokens": usage.completion_tokens,
                "cost": (usage.prompt_tokens * price_in + usage.completion_tokens * price_out) / 1e6,
            }
        return Answer(text or "", meta)

    def _count(self, answer: Answer | Forfeit | Unavailable) -> None:
        total = self.usage
        if isinstance(answer, Unavailable):
            total.unavailable += 1
            return
        if isinstance(answer, Forfeit):
            total.forfeits += 1
            return
        total.replies += 1
        used = answer.meta.get("usage")
        if used is None:
            total.unreported += 1
            return
        total.prompt_tokens += used["prompt_tokens"]
        total.completion_tokens += used["completion_tokens"]
        total.cost += used["cost"]

    def _connect(self) -> tuple[AsyncOpenAI, asyncio.Semaphore]:
        """The client and its slots, which belong to the loop they are used on: new ones after a fork."""
        from openai import AsyncOpenAI

        loop = asyncio.get_running_loop()
        if self._client is None or self._client[0] is not loop:
            client = AsyncOpenAI(base_url=self.base_url, api_key=self._key, timeout=self._limit_s, max_retries=0)
            self._client = loop, client, asyncio.Semaphore(self.concurrent)
        return self._client[1:]

    def __repr__(self) -> str:
        return f"OpenAIAgent({self.model!r} at {self.base_url}, {asdict(self.usage)})"


@dataclass(frozen=True, slots=True)
class _Refused:
    """A request that came to nothing: why, whether to ask again, and how long the server wants to be left alone."""

    why: str
    again: bool = True
    wait_s: float | None = None


_KEY = (401, 402, 403)
_AGAIN = (408, 409, 429)


def _retry_after(error: Any) -> float | None:
    """Seconds, where the server says so as a number."""
    try:
        return max(0.0, float(error.response.headers["retry-after"]))
    except (KeyError, ValueError):
        return None


def messages(question: Question) -> list[dict[str, str]]:
    """The seat's conversation as chat messages, user and assistant in turn.

    A turn that was forfeited has no reply: its text and the next one make one user message.
    """
    said: list[dict[str, str]] = []
    pending: list[str] = []
    for exchange in question.history:
        pending.append(exchange.text)
        if exchange.reply:
            said.append({"role": "user", "content": "\n".join(pending)})
            said.append({"role": "assistant", "content": exchange.reply})
            pending = []
    said.append({"role": "user", "content": "\n".join([*pending, question.text])})
    return said


def _parse(address: str) -> tuple[str, str]:
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise UsageError(f"{address!r} names no model at a server: {_FORM}")
    url = match["url"].rstrip("/")
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise UsageError("the server's address holds a password; put the key into OPENAI_API_KEY instead")
    if redact(url) != url or parts.query:
        raise UsageError(
            "the server's address holds a key or a query, and addresses are kept in runs: put the key into "
            "OPENAI_API_KEY"
        )
    try:
        known = parts.hostname is not None and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise UsageError(f"{url!r} is no server's address: {_FORM}")
    return match["model"], url


def _body(error: Any) -> str:
    body = error.body
    if isinstance(body, dict):
        return str(body.get("message") or body.get("detail") or body)
    return str(body or error)
