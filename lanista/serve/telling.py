"""A reply that is told while it is sampled: which of its words are certain already, and what was sent of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from lanista.serve.engine import Listener

CALL = "<tool_call>"
"""What may follow it is no words, but a call; which of both is known at its end."""


class Feed:
    """What is sent of a response before it is whole. On one loop."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.changed = asyncio.Event()

    def send(self, text: str) -> None:
        """Send this on at once."""
        self.sent += text.encode("utf-8", "replace")
        self.changed.set()


class Telling:
    """One reply as it comes. ``events``: the dialect's; ``sent``: the words that were sent.

    Words are sent once nothing that may follow changes them: whole characters, not white space at the end, nothing that
    a stop text or a call of a tool (``calls``) may have begun with. So what was sent is always how the reply begins.
    """

    def __init__(
        self,
        feed: Feed,
        events: Any,
        decode: Callable[[Sequence[int]], str],
        stop: Sequence[str],
        calls: bool,
        pieces: bool,
    ) -> None:
        self._feed, self._events, self._decode = feed, events, decode
        self._ends = (*stop, CALL) if calls else tuple(stop)
        self._calls = calls
        self._pieces: list[str] | None = [] if pieces else None
        self.ids: list[int] = []
        self.logps: list[float] = []
        self.sent = ""
        self.listener = Listener(self._hear)

    def _hear(self, ids: Sequence[int], logps: Sequence[float]) -> None:
        self.ids += ids
        self.logps += logps
        if self._pieces is not None:
            self._pieces += [self._decode([id_]) for id_ in ids]
        certain = self._certain(self._decode(self.ids))
        if len(certain) > len(self.sent) and certain.startswith(self.sent):
            new, self.sent = certain[len(self.sent) :], certain
            self._feed.send(self._events.more(new, self._pieces or (), self.logps))

    def _certain(self, text: str) -> str:
        found = [at for word in self._ends if (at := text.find(word)) >= 0]
        if found:
            text = text[: min(found)]
        else:
            text = text[: len(text) - max((_begun(text, word) for word in self._ends), default=0)]
        if self._calls and text[:1].isspace():  # in front of a call white space goes
            return ""
        return text.rstrip("\ufffd").rstrip()


def _begun(text: str, word: str) -> int:
    """How many characters of ``word`` the text ends with."""
    return next((n for n in range(min(len(word) - 1, len(text)), 0, -1) if text.endswith(word[:n])), 0)
