"""A seat as the gateway knows it: its key, its model, its conversations, and the calls since its last reply."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from lanista.errors import Unavailable
from lanista.serve.calls import Call, Ledger, Turn
from lanista.serve.engine import Engine
from lanista.serve.errors import ApiError
from lanista.serve.history import History
from lanista.serve.messages import Message
from lanista.serve.telling import Feed
from lanista.serve.upstream import Upstream

ANSWERS = 32
"""Answers of a seat that are kept for requests that come again."""

RESPONSES = 256
"""Responses of a seat that ``previous_response_id`` may name."""

MAX_CALLS = 64
"""Calls in one turn, where nothing else is said: who makes more is in a loop."""

PREFIX = "sk-lanista-"


@dataclass(eq=False)
class Job:
    """A request that is being answered, and how many connections wait for it."""

    task: asyncio.Task[Any]
    feed: Feed
    waiters: int = 0


@dataclass(eq=False)
class Place:
    """A seat of a game that is open at the gateway."""

    id: str
    key: str
    game: str
    seat: str
    model: Engine | Upstream | None
    name: str
    """The model's name, as requests must have it."""
    ledger: Ledger
    max_calls: int = MAX_CALLS
    history: History | None = None
    turn: Turn = field(default_factory=Turn)
    closed: bool = False
    fault: Unavailable | None = None
    """Why the model could not be had in this turn, where that is."""
    arena: str = ""
    role: str = ""
    asked: bool = False
    """Whether the seat is in the middle of a turn."""
    move: str | None = None
    """The call of the arena's that was made in this turn over MCP: it is the reply."""
    looped: bool = False
    """Whether this turn made more calls than it may."""
    answered: OrderedDict[bytes, Any] = field(default_factory=OrderedDict)
    flying: dict[bytes, Job] = field(default_factory=dict)
    responses: OrderedDict[str, tuple[Message, ...]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, number: int, seed: int) -> None:
        """A turn begins; calls since the last reply belong to it."""
        with self._lock:
            self.turn = Turn(number, seed, self.turn.calls)
            self.fault, self.looped, self.move, self.asked = None, False, None, True

    def taken(self) -> list[Call]:
        """The calls since the last reply, which are now another's to keep."""
        with self._lock:
            calls, self.turn.calls = self.turn.calls, []
        return calls

    def write(self, call: Call) -> None:
        """Write a call down. Raises LanistaError where it cannot be."""
        with self._lock:
            turn = self.turn
            self.ledger.write(call, self.game, self.seat, turn.number)
            turn.calls.append(call)

    def count(self) -> None:
        """One more call is asked for. Raises ApiError for one too many."""
        turn = self.turn
        turn.made += 1
        if turn.made > self.max_calls:
            self.looped = True
            raise ApiError(
                410,
                f"seat {self.seat} has made {self.max_calls} calls in this turn, and gets no more",
                code="too_many_calls",
            )

    def earlier(self, id: str) -> tuple[Message, ...]:
        """The conversation up to and including a response. Raises ApiError for an id there is not."""
        try:
            return self.responses[id]
        except KeyError:
            raise ApiError(
                400,
                f"there is no response {id!r} of seat {self.seat}",
                code="previous_response_not_found",
                param="previous_response_id",
            ) from None

    def keep(self, id: str, messages: tuple[Message, ...]) -> None:
        """Let ``previous_response_id`` name a response."""
        self.responses[id] = messages
        while len(self.responses) > RESPONSES:
            self.responses.popitem(last=False)


class Places:
    """Every open seat. Ids of closed ones need not be remembered: their keys show that they were handed out here."""

    def __init__(self, key: str | None = None) -> None:
        self._secret = secrets.token_bytes(32) if key is None else hashlib.sha256(key.encode()).digest()
        self._start = secrets.token_hex(4)
        self._numbers = itertools.count(1)
        self._open: dict[str, Place] = {}

    def __len__(self) -> int:
        return len(self._open)

    def open(
        self, game: str, seat: str, model: Engine | Upstream | None, name: str, ledger: Ledger, **more: Any
    ) -> Place:
        """A new seat with a key of its own."""
        id = f"{self._start}-{next(self._numbers)}"
        history = History(model.model.chat) if isinstance(model, Engine) else None
        place = Place(id, self._key(id), game, seat, model, name, ledger, history=history, **more)
        self._open[id] = place
        return place

    def close(self, place: Place) -> None:
        """The seat's game is concluded: calls get 410 from now on."""
        place.closed = True
        self._open.pop(place.id, None)

    def find(self, id: str | None, authorization: str | None) -> Place:
        """The seat that a path and a bearer key name. Raises ApiError: 401 for none, 410 for a closed one."""
        kind, _, key = (authorization or "").partition(" ")
        if kind.lower() != "bearer" or not key.startswith(PREFIX):
            raise _unknown("no key of a seat was sent: send 'Authorization: Bearer KEY' with the seat's own")
        mine, _, _ = key.removeprefix(PREFIX).rpartition("-")
        if not hmac.compare_digest(key.encode(), self._key(mine).encode()):
            raise _unknown("this key belongs to no seat")
        if id is not None and id != mine:
            raise _unknown(f"this key does not belong to the seat {id!r} that the address names")
        place = self._open.get(mine)
        if place is None:
            raise ApiError(
                410, "the game of this seat is over, or its turn was given up: make no more calls", code="game_over"
            )
        return place

    def _key(self, id: str) -> str:
        return f"{PREFIX}{id}-{hmac.new(self._secret, id.encode(), 'sha256').hexdigest()[:32]}"


def _unknown(message: str) -> ApiError:
    return ApiError(401, message, code="invalid_api_key", headers={"WWW-Authenticate": "Bearer"})
