"""The backend ``hf``: requests in batches that memory holds, states kept between turns under their handles."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

from lanista.agents.lm.backends.base import Follower, GenerateRequest, GenerateResult, ScoreRequest
from lanista.agents.lm.backends.hf.columns import Geometry, Pending, column_bytes, geometry
from lanista.agents.lm.backends.hf.generate import Told, prefill, sample, score
from lanista.agents.lm.backends.hf.prefixes import shared_beginnings
from lanista.agents.lm.backends.hf.states import device_bytes
from lanista.agents.lm.chat import Chat
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.refs import PolicyRef
from lanista.errors import UsageError, suggest

BATCH_BYTES = 1 << 30
"""Key-value states of one batch on a CPU (elsewhere an eighth of the device's memory, if that is more); rows that do
not fit wait for the next one. One row is always taken."""

LOGITS_BYTES = 256 << 20
"""Logits of one batch of replies that are scored."""

T = TypeVar("T")


class HFBackend:
    """A policy in this process as a backend. Several may stand on one policy; they share its kept states.

    Rows are sorted like with like: a batch is as wide as its widest row, and a first prompt is read in full beside
    states as wide as the longest conversation if the two share a batch.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        batch_size: int = 64,
        cache: Literal["kept", "none"] = "kept",
        share: bool = True,
    ) -> None:
        known = ("kept", "none")
        if cache not in known:
            raise UsageError(f"unknown cache {cache!r}{suggest(cache, known)} (it is one of: {', '.join(known)})")
        if batch_size < 1:
            raise UsageError(f"batch_size is at least 1, not {batch_size}")
        self.policy = policy
        self.batch_size = batch_size
        self.cache = cache
        self.share = share
        """Whether beginnings that new conversations have in common are read once (with cache ``kept``)."""
        self._shape: tuple[Any, Geometry | None] | None = None
        self._handles: set[Hashable] = set()

    @property
    def name(self) -> str:
        """Where the policy was loaded from; "this model" where it was made in this process."""
        return self.policy.ref or "this model"

    @property
    def chat(self) -> Chat:
        """How conversations are written: the policy's own chat template."""
        return self.policy.chat

    @property
    def context(self) -> int:
        """Tokens that one conversation and its reply may hold together."""
        return self.policy.context

    @property
    def adapters(self) -> tuple[str, ...]:
        """The adapters that requests may name."""
        return self.policy.adapters

    @property
    def adapter(self) -> str | None:
        """The adapter the policy came as; None for a model without one."""
        return self.policy.adapter

    def policy_ref(self, adapter: str | None) -> PolicyRef:
        """The weights that play now as ``adapter``; another version where they changed."""
        return self.policy.policy_ref(adapter)

    def generate(self, requests: Sequence[GenerateRequest]) -> list[GenerateResult]:
        """A reply to each request, in order. Those of one adapter and one sampling share batches."""
        return self.follow(requests, None)

    def follow(self, requests: Sequence[GenerateRequest], follower: Follower | None) -> list[GenerateResult]:
        """As ``generate``; what was sampled so far for a request that was left, and at least one token of it."""
        found: dict[int, GenerateResult] = {}
        chat, store = self.policy.chat, self.policy.states
        for (adapter, sampling), places in _alike(requests, lambda request: (request.adapter, request.sampling)):
            with self._playing(adapter) as (model, shape, stamp):
                rows = self._pending([requests[place] for place in places], shape, stamp)
                bound = device_bytes(self.policy.device, BATCH_BYTES) // column_bytes(model, shape)
                self._share(model, rows, shape, stamp, bound)
                waiting = list(zip(places, rows, strict=True))
                waiting.sort(key=lambda one: (one[1].kept is not None, _length(one[1]), one[0]))
                for batch in _batches(waiting, self.batch_size, bound, sampling.max_new_tokens):
                    replies = sample(
                        model,
                        [row for _, row in batch],
                        sampling,
                        end_ids=chat.end_ids,
                        decode=chat.decode,
                        shape=shape,
                        stamp=stamp,
                        told=_told(follower, [place for place, _ in batch]),
                    )
                    for (place, _), reply in zip(batch, replies, strict=True):
                        if reply.kept is not None:
                            store.put(self._held(requests[place].handle), reply.kept)
                        found[place] = GenerateResult(ids=reply.ids, logps=reply.logps, finish=reply.finish)
        return [found[place] for place in range(len(requests))]

    def score(self, requests: Sequence[ScoreRequest]) -> list[list[float]]:
        """The log-probability in nats of every reply of each request, in order."""
        found: dict[int, list[float]] = {}
        for adapter, places in _alike(requests, lambda request: request.adapter):
            with self._playing(adapter) as (model, shape, stamp):
                rows = self._pending([requests[place] for place in places], shape, stamp)
                bound = device_bytes(self.policy.device, BATCH_BYTES) // column_bytes(model, shape)
                self._share(model, rows, shape, stamp, bound)
                waiting = list(zip(places, rows, strict=True))
                waiting.sort(key=lambda one: (one[1].kept is not None, _length(one[1]), one[0]))
                for batch in _batches(waiting, self.batch_size, bound, 0):
                    asked = [requests[place] for place, _ in batch]
                    totals = self._score(model, asked, [row for _, row in batch], shape, stamp, bound)
                    found |= {place: mine for (place, _), mine in zip(batch, totals, strict=True)}
        return [found[place] for place in range(len(requests))]

    def release(self, handles: Iterable[Hashable]) -> None:
        """Drop the states kept under these handles; unknown ones are nothing wrong."""
        handles = list(handles)
        self._handles.difference_update(handles)
        self.policy.states.release(handles)

    def close(self) -> None:
        """Drop the states of every conversation this backend played; the policy stays."""
        self.release(list(self._handles))

    # One batch

    def _score(
        self,
        model: Any,
        asked: Sequence[ScoreRequest],
        rows: Sequence[Pending],
        shape: Geometry | None,
        stamp: Any,
        bound: int,
    ) -> list[list[float]]:
        if shape is not None:  # what the replies follow is read once, but for its last id
            unread = [row for row in rows if len(row.new_ids) > 1]
            if unread:
                fresh = [Pending(row.new_ids[:-1], 0, row.kept) for row in unread]
                for row, state in zip(unread, prefill(model, fresh, shape=shape, stamp=stamp), strict=True):
                    row.new_ids, row.kept = row.new_ids[-1:], state
            states = [row.kept for row in rows if row.kept is not None]
            for request, state in zip(asked, states, strict=True):
                self.policy.states.put(self._held(request.handle), state)
            rows = [Pending(row.new_ids[-1:], 0, state) for row, state in zip(rows, states, strict=True)]
        waiting = [
            (reply, Pending(row.new_ids, 0, row.kept))
            for request, row in zip(asked, rows, strict=True)
            for reply in request.replies
        ]
        longest = max(len(reply) for reply, _ in waiting)
        vocabulary = 4 * int(model.config.get_text_config().vocab_size)
        size = min(self.batch_size, max(1, LOGITS_BYTES // (vocabulary * longest)))
        totals: list[float] = []
        for batch in _batches(waiting, size, bound, longest, mixed=True):
            totals += score(model, [row for _, row in batch], [reply for reply, _ in batch], shape=shape)
        ends = iter(totals)
        return [[next(ends) for _ in request.replies] for request in asked]

    @contextmanager
    def _playing(self, adapter: str | None) -> Iterator[tuple[Any, Geometry | None, Any]]:
        """The model as an adapter, the shape of its states (None: not to be kept), and the stamp of its weights."""
        with self.policy.playing(adapter) as model:
            weights = (id(model), self.policy.version)
            self.policy.states.outdate(weights)
            yield model, self._geometry(model), (*weights, adapter)

    def _pending(
        self, requests: Sequence[GenerateRequest] | Sequence[ScoreRequest], shape: Geometry | None, stamp: Any
    ) -> list[Pending]:
        rows = []
        for request in requests:
            kept = None if shape is None else self.policy.states.take(request.handle, request.ids, stamp)
            key = request.key if isinstance(request, GenerateRequest) else 0
            rows.append(Pending(request.ids[kept.length if kept is not None else 0 :], key, kept))
        return rows

    def _share(self, model: Any, rows: Sequence[Pending], shape: Geometry | None, stamp: Any, bound: int) -> None:
        """Read what new conversations begin with in common once, and let them go on from there."""
        fresh = [row for row in rows if row.kept is None] if shape is not None and self.share else []
        found = shared_beginnings([row.new_ids for row in fresh])
        if shape is None or not found:
            return
        waiting = [(one.rows, Pending(fresh[one.rows[0]].new_ids[: one.length], 0)) for one in found]
        waiting.sort(key=lambda one: len(one[1].new_ids))
        for batch in _batches(waiting, self.batch_size, bound, 0):
            states = prefill(model, [row for _, row in batch], shape=shape, stamp=stamp)
            for (places, _), state in zip(batch, states, strict=True):
                for place in places:
                    row = fresh[place]
                    row.new_ids, row.kept = row.new_ids[state.length :], state

    def _held(self, handle: Hashable) -> Hashable:
        self._handles.add(handle)
        return handle

    def _geometry(self, model: Any) -> Geometry | None:
        if self.cache == "none":
            return None
        if self._shape is None or self._shape[0] is not model:
            self._shape = model, geometry(model, self.policy.chat.end_ids[0])
        return self._shape[1]


def _told(follower: Follower | None, places: Sequence[int]) -> Told | None:
    """What a batch of the requests at these places tells of."""
    if follower is None:
        return None
    listening = [follower.listens(place) for place in places]

    def told(rows: Sequence[int], ids: Sequence[int], logps: Sequence[float]) -> list[int]:
        for row, id_, logp in zip(rows, ids, logps, strict=True):
            if listening[row]:
                follower.told(places[row], [id_], [logp])
        return [row for row in rows if follower.left(places[row])]

    return told


def _alike(requests: Sequence[T], by: Callable[[T], Any]) -> Iterator[tuple[Any, list[int]]]:
    """The places of requests that can share a batch, in the order they were first met."""
    found: dict[Any, list[int]] = {}
    for place, request in enumerate(requests):
        found.setdefault(by(request), []).append(place)
    yield from found.items()


def _length(row: Pending) -> int:
    return len(row.new_ids) + (row.kept.length if row.kept is not None else 0)


def _batches(
    waiting: Sequence[tuple[T, Pending]], size: int, columns: int, room: int, *, mixed: bool = False
) -> Iterator[list[tuple[T, Pending]]]:
    """At most ``size`` rows at once, whose columns together are at most ``columns``; one row at least.

    ``room``: columns for what is sampled. Rows with states never stand beside rows without, unless ``mixed``.
    """
    batch: list[tuple[T, Pending]] = []
    before = now = 0
    for one in waiting:
        row = one[1]
        cached = row.kept.length if row.kept is not None else 0
        wide = max(before, cached) + max(now, len(row.new_ids)) + room
        other = bool(batch) and not mixed and (row.kept is None) != (batch[0][1].kept is None)
        if batch and (len(batch) == size or other or (len(batch) + 1) * wide > columns):
            yield batch
            batch, before, now = [], 0, 0
        batch.append(one)
        before, now = max(before, cached), max(now, len(row.new_ids))
    if batch:
        yield batch
