"""A seat over the network, for programs in any language that call us: ``remote:NAME``, see docs/frameworks.md.

=================================  ====================================================================================
``POST /v1/claims``                ``{"role", "seat", "game", "wait_s"}``, all optional: a seat that waits for somebody;
                                   204 where none came in time, 409 where the seat that is named is claimed
``GET /v1/seats/ID/question``      ``?wait_s=30``: what the seat is asked now; 204 where nothing came in time
``POST /v1/seats/ID/reply``        ``{"turn", "reply"}``; 409 where that turn is not asked now
=================================  ====================================================================================

All with ``Authorization: Bearer KEY``. A seat whose game is over answers 410; errors have OpenAI's form.
"""

from __future__ import annotations

import asyncio
import hmac
import itertools
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from lanista.agents import guard
from lanista.agents.contract import Answer, Question
from lanista.arenas.core.contract import Forfeit
from lanista.errors import LanistaError, Unavailable, UsageError, suggest
from lanista.serve import gateway
from lanista.serve.arena_tools import options_of, tools_of
from lanista.serve.errors import ApiError, bad
from lanista.serve.wire import wanted as read

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

KEY = "LANISTA_SERVE_KEY"
"""The environment variable with the server's key; without it one is drawn."""

PORT = 8765

WAIT_S = 120.0
"""The longest that a client may let a request wait."""

CLOSED = 65536
"""Seats of games that are over which are remembered as such."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What ``remote:NAME?name=value&…`` may say."""

    host: str = "127.0.0.1"
    port: int = PORT
    public: bool = False
    """Needed for a host beyond loopback, beside a key in LANISTA_SERVE_KEY."""
    time_limit_s: float = 300.0
    """Seconds that a claimed seat may take over a reply; then its turn is forfeited."""
    claim_s: float = 600.0
    """Seconds that a seat waits to be claimed; then its game is suspended."""

    def __post_init__(self) -> None:
        if not 0 < self.time_limit_s < 1e9 or not 0 < self.claim_s < 1e9 or not 0 <= self.port < 65536:
            raise UsageError("time_limit_s and claim_s are over 0, port is 0 to 65535")


def make(name: str, **options: Any) -> RemoteAgent:
    """Whoever claims the seat over the network, as ``remote:NAME``.

    Options are those of ``Options``; they may also be written: ``remote:alice?port=8765``. The address and the key are
    told on standard error once a seat waits. Raises UsageError for an option or address that cannot be.
    """
    called, _, rest = name.partition("?")
    known = {f.name: type(f.default) for f in fields(Options)}
    given = dict(options)
    for pair in rest.split("&") if rest else ():
        option, _, value = pair.partition("=")
        given.setdefault(option, unquote(value))
    for option, value in given.items():
        if option not in known:
            raise UsageError(
                f"a remote seat has no option {option!r}{suggest(option, known)} (it has: {', '.join(known)})"
            )
        if isinstance(value, str):
            given[option] = _read(option, known[option], value)
    if not called:
        raise UsageError("a remote seat has a name for the record: write remote:alice")
    gateway.check_installed()
    return RemoteAgent(Options(**given), name=f"remote:{called}")


def _read(option: str, kind: type, value: str) -> Any:
    try:
        return {"true": True, "false": False}[value.lower()] if kind is bool else kind(value)
    except (ValueError, KeyError):
        raise UsageError(f"the option {option} of a remote seat cannot be {value!r}") from None


@dataclass(eq=False)
class _Seat:
    """A seat that whoever claims it answers for."""

    id: str
    game: str
    about: dict[str, Any]
    claimed: bool = False
    question: Question | None = None
    reply: asyncio.Future[str] | None = None
    taken: asyncio.Event = field(default_factory=asyncio.Event)


class RemoteAgent:
    """Seats that are answered for over the network. Its state lives on its server's loop."""

    batched = True
    batch_matters = False
    concurrent = 256
    time_limit_s: float | None = None

    def __init__(self, options: Options, *, name: str) -> None:
        self.name = name
        self.options = options
        self.key = os.environ.get(KEY) or secrets.token_urlsafe(24)
        gateway.check_host(options.host, options.public, os.environ.get(KEY))
        self.url: str | None = None
        self._served: gateway.Served | None = None
        self._seats: dict[str, _Seat] = {}
        self._ids: dict[tuple[str, str], str] = {}
        self._over: dict[str, None] = {}
        self._numbers = itertools.count(1)
        self._changed = asyncio.Condition()

    def start(self) -> str:
        """Serve, where that has not begun. Returns the URL. Raises LanistaError where the port is taken."""
        if self._served is None:
            at = gateway.bound(self.options.host, self.options.port)
            self.url = f"http://{self.options.host}:{at.getsockname()[1]}/v1"
            self._served = gateway.serve(app(self), at, f"seats of {self.name}")
            print(f"{self.name} waits at {self.url} with the key {self.key}", file=sys.stderr)
        assert self.url is not None
        return self.url

    def answer(self, questions: Sequence[Question]) -> list[Answer | Forfeit | Unavailable]:
        """One answer per question, whenever they come."""
        try:
            self.start()
        except LanistaError as error:
            return [Unavailable(str(error))] * len(questions)
        return list(self._run(self._all(questions)))

    def forget(self, game: str) -> None:
        """Its seats are gone."""
        if self._served is not None:
            self._run(self._close(lambda seat: seat.game == game))

    def close(self) -> None:
        """Stop serving."""
        if self._served is not None:
            self._run(self._close(lambda seat: True))
            served, self._served = self._served, None
            served.stop()

    def _run(self, work: Any) -> Any:
        assert self._served is not None
        return asyncio.run_coroutine_threadsafe(work, self._served.loop).result()

    async def _all(self, questions: Sequence[Question]) -> list[Answer | Forfeit | Unavailable]:
        return await asyncio.gather(*map(self._one, questions))

    async def _one(self, question: Question) -> Answer | Forfeit | Unavailable:
        seat = self._seat(question)
        async with self._changed:
            seat.question, seat.reply = question, asyncio.get_running_loop().create_future()
            self._changed.notify_all()
        try:
            if not seat.claimed:
                async with asyncio.timeout(self.options.claim_s):
                    await seat.taken.wait()
        except TimeoutError:
            seat.question = seat.reply = None
            return Unavailable(f"nobody claimed {question.seat} within {self.options.claim_s:g} s")
        try:
            async with asyncio.timeout(self.options.time_limit_s):
                return Answer(await seat.reply)
        except TimeoutError:
            return guard.forfeit(f"no reply within {self.options.time_limit_s:g} s")
        finally:
            seat.question = seat.reply = None

    def _seat(self, question: Question) -> _Seat:
        key = question.game, question.seat
        if key not in self._ids:
            id = f"{next(self._numbers)}-{secrets.token_hex(4)}"
            about = {
                "id": id,
                "game": question.game,
                "seat": question.seat,
                "role": question.role,
                "arena": question.arena,
                "seed": question.seed,
                "tools": list(tools_of(question.arena, question.role, options_of(question.events))),
            }
            self._ids[key], self._seats[id] = id, _Seat(id, question.game, about)
        return self._seats[self._ids[key]]

    async def _close(self, those: Callable[[_Seat], bool]) -> None:
        async with self._changed:
            for seat in [seat for seat in self._seats.values() if those(seat)]:
                del self._seats[seat.id], self._ids[seat.game, seat.about["seat"]]
                self._over[seat.id] = None
                if seat.reply is not None and not seat.reply.done():
                    seat.reply.cancel()
            while len(self._over) > CLOSED:
                del self._over[next(iter(self._over))]
            self._changed.notify_all()

    # What clients ask for

    async def claim(self, wanted: dict[str, Any]) -> dict[str, Any] | None:
        """A seat for whoever asks; None where none is free in time. Raises ApiError for a named one that is claimed."""
        names = ("role", "seat", "game")
        for name in wanted:
            if name not in (*names, "wait_s"):
                raise bad(f"unknown parameter {name!r}{suggest(name, [*names, 'wait_s'])}", name, "unknown_parameter")
        asked = {name: read.text(wanted[name], name) for name in names if wanted.get(name) is not None}

        def free() -> _Seat | None:
            fit = [s for s in self._seats.values() if all(s.about[name] == asked[name] for name in asked)]
            found = next((seat for seat in fit if not seat.claimed), None)
            if found is None and fit and "seat" in asked:
                raise ApiError(409, f"seat {asked['seat']} is claimed by another program", code="seat_claimed")
            return found

        seat = await self._when(free, _seconds(wanted.get("wait_s"), 30.0))
        if seat is None:
            return None
        seat.claimed = True
        seat.taken.set()
        return {**seat.about, "history": _history(seat.question)}

    async def asked(self, id: str, wait_s: float) -> dict[str, Any] | None:
        """What a seat is asked; None where nothing is in time."""

        def question() -> Question | None:
            seat = self.find(id)
            return seat.question if seat.reply is not None and not seat.reply.done() else None

        put = await self._when(question, wait_s)
        if put is None:
            return None
        return {
            "turn": put.turn,
            "text": put.text,
            "kind": put.kind,
            "phase": put.phase,
            "legal": list(put.legal),
            "legal_complete": put.legal_complete,
        }

    def reply(self, id: str, turn: Any, text: Any) -> None:
        """What a seat replies. Raises ApiError for a turn that is not asked now."""
        seat = self.find(id)
        number, said = read.whole(turn, "turn", 0), read.text(text, "reply")
        if seat.question is None or seat.reply is None or seat.reply.done() or seat.question.turn != number:
            now = f"turn {seat.question.turn} is" if seat.question is not None else "nothing is"
            raise ApiError(409, f"turn {number} is not asked of this seat now ({now})", code="not_asked")
        seat.reply.set_result(said)

    def find(self, id: str) -> _Seat:
        """Raises ApiError, 410 for a seat whose game is over, 404 for one that never was."""
        if id in self._seats:
            return self._seats[id]
        if id in self._over:
            raise ApiError(410, "the game of this seat is over", code="game_over")
        raise ApiError(404, f"there is no seat {id!r}", code="no_seat")

    async def _when(self, found: Callable[[], Any], wait_s: float) -> Any:
        """What ``found`` gives, once it is not None; None after ``wait_s`` seconds."""
        try:
            async with asyncio.timeout(wait_s), self._changed:
                while (value := found()) is None:
                    await self._changed.wait()
                return value
        except TimeoutError:
            return None


def app(agent: RemoteAgent) -> Starlette:
    """The routes."""
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.responses import Response as Plain

    found = Starlette()

    def check(request: Request) -> None:
        sent = request.headers.get("authorization") or ""
        if not hmac.compare_digest(sent.encode(), f"Bearer {agent.key}".encode()):
            raise ApiError(
                401, "this is not the key of these seats: send 'Authorization: Bearer KEY'", code="invalid_api_key"
            )

    async def body(request: Request) -> dict[str, Any]:
        raw = await gateway.read_body(request)
        return gateway.parsed(raw) if raw else {}

    def answered(value: dict[str, Any] | None) -> Response:
        return Plain(status_code=204) if value is None else JSONResponse(value)

    async def claims(request: Request) -> Response:
        check(request)
        return answered(await agent.claim(await body(request)))

    async def question(request: Request) -> Response:
        check(request)
        wait_s = _seconds(request.query_params.get("wait_s"), 30.0)
        return answered(await agent.asked(request.path_params["id"], wait_s))

    async def reply(request: Request) -> Response:
        check(request)
        said = await body(request)
        agent.reply(request.path_params["id"], said.get("turn"), said.get("reply"))
        return Plain(status_code=204)

    found.add_route("/v1/claims", claims, methods=["POST"])
    found.add_route("/v1/seats/{id}/question", question, methods=["GET"])
    found.add_route("/v1/seats/{id}/reply", reply, methods=["POST"])
    gateway.refuse(found)
    return found


def _seconds(value: Any, default: float) -> float:
    if value is None:
        return default
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = -1.0
    if not 0 <= found <= WAIT_S:
        raise bad(f"wait_s is a number of seconds from 0 to {WAIT_S:g}, not {value!r}", "wait_s")
    return found


def _history(question: Question | None) -> list[dict[str, str]]:
    """What the seat was shown and replied before it was claimed."""
    return [] if question is None else [{"text": e.text, "reply": e.reply} for e in question.history]
