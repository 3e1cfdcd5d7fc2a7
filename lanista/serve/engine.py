"""Where calls of many programs become batches of one model.

Calls wait here until whoever plays pumps: the runner's own thread, while it waits for the programs' replies. So one
thread samples, and nobody else who samples with the same weights there needs to know.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.backends.base import GenerateRequest, GenerateResult
from lanista.agents.lm.refs import PolicyRef
from lanista.errors import LanistaError

LINGER_S = 0.25
"""A batch goes when nobody new has asked for so long, though turns are open that have not asked.

Who shares a batch decides the last digits of what is sampled, so it must not depend on how busy the machine is: a
program that only talks to its model is back within milliseconds, and one that does other things keeps a batch waiting
no longer.
"""

LOOK_S = 0.5
"""How often it is looked whether turns are still open where nothing happens: what blocks says nothing."""


@dataclass(slots=True, eq=False)
class Listener:
    """Who hears of a request's tokens while they are sampled. ``hear`` is called on the loop that asked."""

    hear: Callable[[Sequence[int], Sequence[float]], None]
    policy: PolicyRef | None = None
    """In whose name is sampled; None until it has begun."""
    waited_s: float = 0.0


@dataclass(slots=True, eq=False)
class _Waiting:
    request: GenerateRequest
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Sampled]
    listener: Listener | None = None
    since: float = field(default_factory=time.perf_counter)


@dataclass(frozen=True, slots=True)
class Sampled:
    """What came of a request. ``waited_s``: until its batch began."""

    result: GenerateResult
    policy: PolicyRef
    waited_s: float
    sampled_s: float


class Engine:
    """One model's queue. ``model``: in whose name is sampled, with its backend, sampling, adapter and ref."""

    def __init__(self, model: LMAgent, linger_s: float = LINGER_S) -> None:
        self.model = model
        self.linger_s = linger_s
        self._changed = threading.Condition()
        self._queue: deque[_Waiting] = deque()
        self._pumps = 0
        self._woken = False
        self._enough = 1
        """How many calls whoever pumps waits for: it is not woken for fewer."""

    @property
    def paused(self) -> bool:
        """Whether nobody samples now, nor will before a game goes on."""
        return self._pumps == 0

    def pause(self) -> None:
        """The inverse of ``resume``."""
        with self._changed:
            self._pumps -= 1

    def resume(self) -> None:
        """Somebody is about to pump."""
        with self._changed:
            self._pumps += 1

    async def sample(self, request: GenerateRequest, listener: Listener | None = None) -> Sampled:
        """The reply to a request; ``listener`` hears of its tokens before, where the backend tells of them.

        Cancelling it takes it out of the queue; in a batch it ends its row, or is sampled in vain where the backend
        cannot stop.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(request, loop, loop.create_future(), listener)
        with self._changed:
            self._queue.append(waiting)
            if len(self._queue) in (1, self._enough):  # the first begins the wait that the last one ends
                self._changed.notify_all()
        try:
            return await waiting.future
        finally:
            if waiting.future.cancelled():
                with self._changed:
                    if waiting in self._queue:
                        self._queue.remove(waiting)

    def wake(self) -> None:
        """Something that ``pump`` was told to look at has changed."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def pump(self, open_turns: Callable[[], int]) -> None:
        """Sample in batches until no turn is open.

        ``open_turns``: how many are; whoever closes one calls ``wake``. Raises what the backend raises, after everyone
        in its batch was told.
        """
        while True:
            batch = self._batch(open_turns)
            if not batch:
                return
            self._sample(batch)

    def _batch(self, open_turns: Callable[[], int]) -> list[_Waiting]:
        with self._changed:
            began = time.perf_counter()
            while True:
                self._woken = False
                count, turns = len(self._queue), open_turns()
                if not turns:
                    return []
                self._enough = turns
                quiet_since = max(began, self._queue[-1].since) if count else began
                left = quiet_since + self.linger_s - time.perf_counter()
                if count and (count >= turns or left <= 0):
                    batch = sorted(self._queue, key=lambda waiting: waiting.request.key)  # not as they happened to come
                    self._queue.clear()
                    return batch
                if not self._woken:
                    self._changed.wait(left if count else LOOK_S)

    def _sample(self, batch: list[_Waiting]) -> None:
        model = self.model
        started = time.perf_counter()
        requests = [waiting.request for waiting in batch]
        try:
            ref = model.ref or model.backend.policy_ref(model.adapter)
            for waiting in batch:
                if waiting.listener is not None:
                    waiting.listener.policy, waiting.listener.waited_s = ref, started - waiting.since
            follow = getattr(model.backend, "follow", None)
            results: Sequence[GenerateResult | None]
            results = model.backend.generate(requests) if follow is None else follow(requests, _Followed(batch))
            if len(results) != len(batch):
                raise LanistaError(f"the backend {model.backend.name!r} gave {len(results)} replies to {len(batch)}")
        except BaseException as error:
            told = error if isinstance(error, Exception) else LanistaError("sampling was interrupted")
            _settle(batch, [told] * len(batch))
            raise
        took = time.perf_counter() - started
        _settle(
            batch,
            [
                LanistaError("sampling was given up, and its reply asked for")
                if result is None
                else Sampled(result, ref, started - waiting.since, took)
                for waiting, result in zip(batch, results, strict=True)
            ],
        )


class _Followed:
    """A batch as its backend tells of it (``lanista.agents.lm.backends.base.Follower``)."""

    def __init__(self, batch: Sequence[_Waiting]) -> None:
        self._batch = batch

    def listens(self, place: int) -> bool:
        return self._batch[place].listener is not None

    def told(self, place: int, ids: Sequence[int], logps: Sequence[float]) -> None:
        waiting = self._batch[place]
        if waiting.listener is not None:
            _on(waiting.loop, waiting.listener.hear, ids, logps)

    def left(self, place: int) -> bool:
        return self._batch[place].future.cancelled()


def _settle(batch: Sequence[_Waiting], told: Sequence[Sampled | Exception]) -> None:
    """Tell everybody in a batch: their loops are woken once, not once for each."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[_Waiting, Sampled | Exception]]] = {}
    for waiting, what in zip(batch, told, strict=True):
        loops.setdefault(waiting.loop, []).append((waiting, what))

    def settle(those: Sequence[tuple[_Waiting, Sampled | Exception]]) -> None:
        for waiting, what in those:
            if waiting.future.done():
                continue
            if isinstance(what, Exception):
                waiting.future.set_exception(what)
            else:
                waiting.future.set_result(what)

    for loop, those in loops.items():
        _on(loop, settle, those)


def _on(loop: asyncio.AbstractEventLoop, what: Callable[..., None], *of: object) -> None:
    with suppress(RuntimeError):  # the server is gone
        loop.call_soon_threadsafe(what, *of)
