"""Canonical history: a seat's conversations as ids, so that what was sampled is never encoded again.

A request's messages are laid beside the seat's earlier conversations (threads). Where one of them is a beginning of the
request's, it goes on; anything else begins a new thread, which keeps the ids of the beginning it shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lanista.agents.lm.backends.base import Writer
from lanista.serve.messages import Exchange, Message, Talk

THREADS = 64
"""Conversations of a seat that are remembered; the one that was silent longest goes."""


@dataclass(frozen=True, slots=True)
class Said:
    """One exchange: in messages and in ids. ``ended``: the reply's ids hold its end token."""

    exchange: Exchange
    prompt_ids: tuple[int, ...]
    ids: tuple[int, ...]
    ended: bool

    def is_(self, other: Exchange) -> bool:
        """Whether it is the same in messages."""
        mine, theirs = self.exchange.reply, other.reply
        same = mine.text == theirs.text and not mine.calls and not theirs.calls
        return self.exchange.prompt == other.prompt and (same or mine.meant == theirs.meant)


@dataclass(slots=True, eq=False)
class Thread:
    """One conversation."""

    number: int
    system: str
    auxiliary: bool
    said: list[Said] = field(default_factory=list)
    busy: bool = False
    """A reply is being sampled."""
    whole: bool = False
    """Something of it was reported; what follows is an addition."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is sampled from, and how it is to be reported."""

    thread: Thread
    whole: list[int]
    """The conversation, up to and including the generation prompt."""
    prompt_ids: list[int]
    """What is new of it: all of it at a restart."""
    restart: bool
    new: list[Said]
    """Exchanges that are new to the thread and were not sampled there."""
    prompt: str
    tail: list[int]
    """The ids of ``prompt``."""
    drift: tuple[str, ...]
    """Why it is no plain continuation, by kind; () for one, and for a conversation that begins."""


class History:
    """The threads of one seat."""

    def __init__(self, chat: Writer) -> None:
        self.chat = chat
        self.threads: list[Thread] = []
        self.begun = 0
        """How many threads there ever were; they are numbered from 1."""

    def plan(self, talk: Talk, *, auxiliary: bool = False) -> Plan:
        """Where a conversation goes on. Its thread is busy until ``said`` or ``dropped`` is called."""
        near, shared = self._nearest(talk, auxiliary)
        drift: list[str] = []
        if near is not None and _goes_on(near, shared, auxiliary):
            thread, kept = near, list(near.said)
            if len(talk.exchanges) > shared:
                drift.append("inserted")
        else:
            kept = list(near.said[:shared]) if near is not None else []
            drift += _why(self.threads, near, shared, talk, auxiliary)
            self.begun += 1
            thread = Thread(self.begun, talk.system, auxiliary, kept)
            self.threads.append(thread)
            if len(self.threads) > THREADS:
                del self.threads[next(i for i, t in enumerate(self.threads) if not t.busy)]
        before = [id_ for said in kept for part in (said.prompt_ids, said.ids) for id_ in part]
        new: list[Said] = []
        for exchange in talk.exchanges[shared:]:
            prompt = self._encoded(talk.system, exchange.prompt, [*kept, *new])
            new.append(Said(exchange, tuple(prompt), tuple(self.chat.reply(exchange.reply.written())), True))
        tail = self._encoded(talk.system, talk.prompt, [*kept, *new])
        added = [*(id_ for said in new for part in (said.prompt_ids, said.ids) for id_ in part), *tail]
        whole = [*before, *added]
        thread.busy = True
        restart = not thread.whole
        return Plan(thread, whole, whole if restart else added, restart, new, talk.prompt, tail, tuple(drift))

    def said(self, plan: Plan, reply: Message, ids: Sequence[int]) -> None:
        """The reply to a plan: its thread has grown."""
        thread = plan.thread
        ended = ids[-1] in self.chat.end_ids
        thread.said += [*plan.new, Said(Exchange(plan.prompt, reply), tuple(plan.tail), tuple(ids), ended)]
        thread.busy, thread.whole = False, True
        if thread in self.threads:
            self.threads.remove(thread)
            self.threads.append(thread)

    def dropped(self, plan: Plan) -> None:
        """There is no reply to a plan: nobody has said anything. Nothing is done for one that has a reply."""
        if not plan.thread.busy:
            return
        plan.thread.busy = False
        if not plan.thread.whole and plan.thread in self.threads:
            self.threads.remove(plan.thread)

    def _encoded(self, system: str, text: str, before: Sequence[Said]) -> list[int]:
        if not before:
            return self.chat.first(text, system or None)
        return self.chat.next(text, ended=before[-1].ended)

    def _nearest(self, talk: Talk, auxiliary: bool) -> tuple[Thread | None, int]:
        """The thread that shares most exchanges, one that can go on first; and how many."""
        best: tuple[Thread | None, int] = None, 0
        rank = (-1, False)
        for thread in reversed(self.threads):
            if thread.system != talk.system:
                continue
            shared = _shared(thread, talk)
            mine = (shared, _goes_on(thread, shared, auxiliary))
            if mine > rank:
                rank, best = mine, (thread, shared)
        return best


def _shared(thread: Thread, talk: Talk) -> int:
    count = 0
    for said, exchange in zip(thread.said, talk.exchanges, strict=False):
        if not said.is_(exchange):
            break
        count += 1
    return count


def _goes_on(thread: Thread, shared: int, auxiliary: bool) -> bool:
    return 0 < shared == len(thread.said) and not thread.busy and thread.auxiliary == auxiliary


def _why(threads: Sequence[Thread], near: Thread | None, shared: int, talk: Talk, auxiliary: bool) -> list[str]:
    """Why a conversation begins a new row, by kind; [] where it is only beginning."""
    if not talk.exchanges:
        return []
    if near is None:
        return ["system"] if any(_shared(thread, talk) for thread in threads) else []
    if shared == len(talk.exchanges):
        if shared < len(near.said):
            return ["branched"]
        return ["parallel"] if near.busy else ["auxiliary"]
    if shared == len(near.said):
        return ["parallel" if near.busy else "auxiliary" if near.auxiliary != auxiliary else "prompt"]
    mine, theirs = talk.exchanges[shared], near.said[shared]
    if any(said.is_(mine) for said in near.said[shared + 1 :]):
        return ["dropped"]
    return ["reply" if theirs.exchange.prompt == mine.prompt else "prompt"]
