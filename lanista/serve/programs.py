"""Anybody's agent in a seat: ``program:MODULE:FACTORY`` or ``program:PATH.py:FACTORY``, see docs/frameworks.md.

The factory gets a seat whose model stands at the gateway and returns a function, text in, reply out. What it asks its
model in a turn is reported with the turn. Every seat of every game has a program of its own (a factory of ``seats``:
every game). It is kept from turn to turn; one that raised, hung or does not fit the seat's history is made anew, and
its first text is then the seat's whole story.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import unquote

from lanista.agents import background, guard
from lanista.agents.contract import Answer, Question
from lanista.agents.lm.agent import LMAgent
from lanista.arenas.core.contract import Forfeit
from lanista.arenas.core.referee import storable
from lanista.errors import LanistaError, Unavailable, UsageError, suggest
from lanista.serve import gateway
from lanista.serve.arena_tools import options_of, tools_of
from lanista.serve.calls import Call, Ledger
from lanista.serve.elsewhere import Elsewhere, ProcessEnded, ProgramFailed, interpreter
from lanista.serve.engine import LINGER_S, Engine
from lanista.serve.places import MAX_CALLS, Place
from lanista.serve.seated import Host, Seat
from lanista.serve.upstream import Upstream

FORM = "write program:MODULE:FACTORY or program:PATH.py:FACTORY"

Turned = Answer | Forfeit | Unavailable

OFFERS = 16
"""Seats of one game that one program may claim."""

STUCK_S = 10.0
"""Seconds over its time limit after which a program must be blocking the event loop."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What ``program:TARGET?name=value&…`` may say. Values are written as in a URL: ``?`` in one is ``%3F``."""

    model: str | LMAgent | None = None
    """``lm:…`` or ``openai:MODEL@URL``; in training the policy. None: the program needs no model of ours."""
    python: str | None = None
    """Another interpreter to run it in."""
    time_limit_s: float = 60.0
    """Seconds a turn may take, those in which its model samples not counted."""
    max_calls: int = MAX_CALLS
    """Calls that one turn may make."""
    linger_s: float = LINGER_S
    """Seconds that a batch waits for programs in the middle of a turn which have not asked."""
    calls: str | None = None
    """A file to write every call to, a line of JSON each."""
    parallel: int = 16
    """Turns side by side where the model is elsewhere."""
    price_in: float = 0.0
    price_out: float = 0.0
    """Prices of a million tokens where the model is elsewhere."""

    def __post_init__(self) -> None:
        if not 0 < self.time_limit_s < 1e9 or not 0 <= self.linger_s < 1e9 or self.max_calls < 1 or self.parallel < 1:
            raise UsageError("time_limit_s is over 0, linger_s at least 0, max_calls and parallel at least 1")


def make(target: str, *, seated_in: str | None = None, **options: Any) -> ProgramAgent:
    """A program, as ``program:MODULE:FACTORY`` or ``program:PATH.py:FACTORY``.

    Options are those of ``Options``; they may also be written: ``program:a.py:f?model=lm:tiny&python=env/bin/python``.
    Raises UsageError for a factory, model, interpreter or option there is not, LanistaError for what is not installed.
    """
    where, written = split(target)
    gateway.check_installed()
    known = [f.name for f in fields(Options)]
    for name in options:
        if name not in known:
            raise UsageError(f"a program has no option {name!r}{suggest(name, known)} (it has: {', '.join(known)})")
    agent = ProgramAgent(where, Options(**{**written, **options}), name=f"program:{target}", seated_in=seated_in)
    try:
        agent.check()
    except BaseException:
        agent.close()
        raise
    return agent


def split(target: str) -> tuple[str, dict[str, Any]]:
    """The factory and the options in a spec. Raises UsageError."""
    where, _, rest = target.partition("?")
    kinds = {
        "time_limit_s": float,
        "linger_s": float,
        "price_in": float,
        "price_out": float,
        "max_calls": int,
        "parallel": int,
    }
    known = [f.name for f in fields(Options)]
    found: dict[str, Any] = {}
    for pair in rest.split("&") if rest else ():
        name, equals, value = pair.partition("=")
        if name not in known:
            raise UsageError(f"a program has no option {name!r}{suggest(name, known)} (it has: {', '.join(known)})")
        try:
            found[name] = kinds.get(name, str)(unquote(value))
        except ValueError:
            raise UsageError(f"the option {name} of a program is a number, not {value!r}") from None
        if not equals or not value:
            raise UsageError(f"an option of a program is written name=value, as in program:{where}?model=lm:tiny")
    return where, found


@dataclass(eq=False)
class _Program:
    """A program that was made, the seats it holds, and what each must have said for it to be the right one."""

    id: str
    places: dict[str, Place] = field(default_factory=dict)
    """By seat."""
    offered: dict[str, list[Place]] = field(default_factory=dict)
    """By role: claimed, and not sat in yet."""
    said: dict[str, tuple[int, str]] = field(default_factory=dict)
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    made: bool = False

    def fits(self, question: Question) -> bool:
        """Whether it was there in all of the seat's turns, or in none."""
        if question.seat not in self.said:
            return True
        turns, last = self.said[question.seat]
        return len(question.history) == turns and question.history[-1].reply == last


class ProgramAgent:
    """Programs in seats. ``answer`` runs them on the background loop, and meanwhile samples for them."""

    batched = True
    time_limit_s: float | None = None

    def __init__(self, target: str, options: Options, *, name: str, seated_in: str | None = None) -> None:
        self.name = name
        self.target = target
        self.options = options
        self.ledger = Ledger(options.calls)
        self._host: Host | Elsewhere | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._python = interpreter(options.python) if options.python is not None else None
        self._programs: dict[str, _Program] = {}
        self._released: list[tuple[Any, ...]] = []
        self._closes: LMAgent | None = None
        self._gateway: gateway.Gateway | None = None
        self.model: Engine | Upstream | None = None
        self._set_model(options, seated_in)

    # The model

    def _set_model(self, options: Options, seated_in: str | None) -> None:
        model = options.model
        if isinstance(model, str):
            family, _, argument = model.partition(":")
            if family == "openai" and argument:
                self.model = Upstream(argument, price_in=options.price_in, price_out=options.price_out)
                return
            if family != "lm":
                raise UsageError(f"the model of a program is lm:… or openai:MODEL@URL, not {model!r}")
            from lanista.agents.lm import make as make_lm

            model = self._closes = make_lm(argument or "tiny", seated_in=seated_in)
        if model is not None:
            self.play_as(model)

    def play_as(self, model: LMAgent) -> None:
        """Sample in this language model's name from now on: a policy in training is another one after every step."""
        if isinstance(self.model, Engine):
            self.model.model = model
        else:
            self.model = Engine(model, self.options.linger_s)

    @property
    def batch_matters(self) -> bool:
        """Where the model is sampled here, its last digits depend on who shares the batch."""
        return isinstance(self.model, Engine)

    @property
    def concurrent(self) -> int:
        """Turns under way side by side where nothing is sampled here."""
        return 0 if isinstance(self.model, Engine) else self.options.parallel

    @property
    def learner(self) -> bool:
        """Whether what the model raises is a bug of a training run."""
        return isinstance(self.model, Engine) and bool(getattr(self.model.model, "learner", False))

    # For the runner

    def check(self) -> None:
        """Raises UsageError where the factory cannot be had."""
        background.run(self._hosted())

    def answer(self, questions: Sequence[Question]) -> list[Turned]:
        """One answer per question. Raises what the model raises, after every program was stopped."""
        engine = self.model if isinstance(self.model, Engine) else None
        if self._gateway is None:
            self._gateway = gateway.shared()
        self._release()
        if engine is not None:
            engine.resume()
        try:
            return self._answers(questions, engine)
        finally:
            if engine is not None:
                engine.pause()

    def forget(self, game: str) -> None:
        """Conclude the game's seats: whoever still asks there gets 410."""
        background.run(self._forget(lambda id: id == game or id.startswith(f"{game}/")), STUCK_S)
        self._release()

    def close(self) -> None:
        """Conclude every seat, and end the process of programs that run elsewhere."""
        background.run(self._end(), STUCK_S)
        self._release()
        if self._closes is not None:
            self._closes.close()
        self.ledger.close()

    def _answers(self, questions: Sequence[Question], engine: Engine | None) -> list[Turned]:
        loop = background.loop()
        watch = _Watch(loop, self.options.time_limit_s + STUCK_S)
        futures = [asyncio.run_coroutine_threadsafe(self._one(question), loop) for question in questions]
        try:
            if engine is not None:
                for future in futures:
                    future.add_done_callback(lambda _: engine.wake())
                engine.pump(lambda: watch.open(futures))
            while watch.open(futures):
                concurrent.futures.wait(futures, timeout=0.5)
        except BaseException:
            for future in futures:
                future.cancel()
            concurrent.futures.wait(futures, timeout=STUCK_S)
            raise
        finally:
            watch.stop()
        if watch.stuck:
            background.leave(loop)
        return [
            future.result() if future.done() else guard.forfeit("blocked the event loop: a program must await")
            for future in futures
        ]

    def _release(self) -> None:
        """Let the backend drop what it kept for conversations that are over. For the thread that samples."""
        handles, self._released = self._released, []
        if handles and isinstance(self.model, Engine):
            self.model.model.backend.release(handles)

    # On the background loop

    async def _hosted(self) -> Host | Elsewhere:
        """Whoever runs the programs, started where it is not there: at first, on another loop, after it ended."""
        loop = asyncio.get_running_loop()
        host = self._host
        gone = isinstance(host, Elsewhere) and not host.alive
        if host is not None and self._loop is loop and not gone:
            return host
        if isinstance(host, Elsewhere):  # of a loop that is gone
            host.kill()
        await self._forget(lambda id: True, tell=False)
        self._loop = loop
        try:
            if self._python is None:
                self._host = Host(self.target)
            else:
                self._host = Elsewhere(self.target, self._python)
                await self._host.start()
        except (ValueError, UsageError) as error:
            self._host = None
            raise UsageError(f"{error}: {FORM}") from error
        return self._host

    async def _one(self, question: Question) -> Turned:
        try:
            async with self._starting():
                host = await self._hosted()
        except LanistaError as error:
            return guard.raised(error)
        id = question.game if host.together else f"{question.game}/{question.seat}"
        program = self._programs.get(id)
        if program is not None and not program.fits(question):
            await self._drop(id)
            program = self._programs.get(id)  # another of its seats may have been quicker
        if program is None:
            program = self._programs[id] = _Program(id)
        try:
            async with program.busy:
                if self._programs.get(id) is not program:
                    return guard.forfeit("its program failed in another seat, and was given up")
                if not program.made:
                    await self._make(host, program, question)
                return await self._turn(host, program, question)
        except Exception as error:
            if self._programs.get(id) is program:
                await self._drop(id)
            return _raised(error)

    def _starting(self) -> asyncio.Lock:
        loop = asyncio.get_running_loop()
        if getattr(self, "_start_lock", (None, None))[0] is not loop:
            self._start_lock = loop, asyncio.Lock()
        return self._start_lock[1]

    async def _make(self, host: Host | Elsewhere, program: _Program, question: Question) -> None:
        if not host.together:
            place = program.places[question.seat] = self._open(question, question.seat)
            seat = self._seat(place, question, tools_of(question.arena, question.role, options_of(question.events)))
            await self._limited(host.make(program.id, seat), [place])
        else:
            offers = {place.id: place for place in (self._open(question, "unclaimed") for _ in range(OFFERS))}
            seats = [self._seat(place, question, ()) for place in offers.values()]
            try:
                for id, role in await self._limited(host.make(program.id, seats[0], seats), []):
                    program.offered.setdefault(role, []).append(offers.pop(id))
            finally:
                for place in offers.values():
                    self._close(place)
        program.made = True

    async def _turn(self, host: Host | Elsewhere, program: _Program, question: Question) -> Turned:
        place = program.places.get(question.seat)
        if place is None:
            free = program.offered.get(question.role)
            if not free:
                claimed = ", ".join(sorted(program.offered)) or "none"
                return guard.forfeit(f"the program claimed no seat of role {question.role!r} (it claimed: {claimed})")
            place = program.places[question.seat] = free.pop(0)
            place.seat, place.role = question.seat, question.role
        place.begin(question.turn, question.seed)
        text = question.text if question.seat in program.said else story(question)
        try:
            reply: str = await self._limited(host.ask(program.id, place.id, text), list(program.places.values()))
        except Exception as error:
            if place.fault is not None and not isinstance(error, TimeoutError):
                await self._drop(program.id)
                return place.fault
            if place.looped:
                await self._drop(program.id)
                return guard.forfeit(f"made over {place.max_calls} calls to its model in one turn")
            raise
        finally:
            place.asked = False
        if place.move is not None:
            reply = place.move
        program.said[question.seat] = len(question.history) + 1, storable(reply) if reply.strip() else ""
        return Answer(reply, _meta(place.taken()))

    async def _limited(self, work: Any, places: Sequence[Place]) -> Any:
        """What ``work`` gives, within the time limit; the time in which one of the places is being answered is free."""
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(work)
        used, last, limit_s = 0.0, loop.time(), self.options.time_limit_s
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=min(0.25, limit_s - used))
                now = loop.time()
                if not any(place.flying for place in places):
                    used += now - last
                last = now
                if used >= limit_s and not task.done():
                    raise TimeoutError(f"no reply within {limit_s:g} s")
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=STUCK_S)

    def _open(self, question: Question, seat: str) -> Place:
        assert self._gateway is not None
        name = "none" if self.model is None else self.model.model if isinstance(self.model, Upstream) else "policy"
        return self._gateway.places.open(
            question.game,
            seat,
            self.model,
            name,
            self.ledger,
            max_calls=self.options.max_calls,
            arena=question.arena,
            role=question.role,
        )

    def _seat(self, place: Place, question: Question, tools: Sequence[Any]) -> Seat:
        assert self._gateway is not None
        return Seat(
            id=place.id,
            base_url=self._gateway.base_url(place),
            mcp=f"{self._gateway.base_url(place)}/mcp",
            key=place.key,
            model=place.name,
            name=question.seat,
            role=question.role,
            arena=question.arena,
            seed=question.seed,
            tools=tools,
        )

    def _close(self, place: Place) -> None:
        if self._gateway is not None:
            self._gateway.places.close(place)
        if place.history is not None:
            self._released += [("gateway", place.id, n) for n in range(1, place.history.begun + 1)]

    async def _drop(self, id: str) -> None:
        """Close a program's seats and let it go."""
        program = self._programs.pop(id, None)
        if program is None:
            return
        for place in (*program.places.values(), *(p for free in program.offered.values() for p in free)):
            self._close(place)
        if self._host is not None and self._loop is asyncio.get_running_loop():
            try:
                await self._host.forget(id)
            except ProgramFailed:
                return

    async def _forget(self, those: Any, tell: bool = True) -> None:
        if not tell:
            self._host = None
        for id in [id for id in self._programs if those(id)]:
            await self._drop(id)

    async def _end(self) -> None:
        await self._forget(lambda id: True)
        host, self._host = self._host, None
        if host is not None and self._loop is asyncio.get_running_loop():
            await host.close()


class _Watch:
    """Whether the loop still turns: programs that block it cannot be stopped, only left behind."""

    def __init__(self, loop: asyncio.AbstractEventLoop, patience_s: float) -> None:
        self._loop, self._patience_s = loop, patience_s
        self._beat = time.monotonic()
        self._going = True
        self.stuck = False
        self._next()

    def _next(self) -> None:
        def beat() -> None:
            self._beat = time.monotonic()
            if self._going:
                self._loop.call_later(0.5, beat)

        self._loop.call_soon_threadsafe(beat)

    def open(self, futures: Sequence[concurrent.futures.Future[Any]]) -> int:
        """How many turns are not over; 0 once the loop is stuck."""
        self.stuck = time.monotonic() - self._beat > self._patience_s
        return 0 if self.stuck else sum(not future.done() for future in futures)

    def stop(self) -> None:
        """No more beats."""
        self._going = False


def story(question: Question) -> str:
    """What a seat was shown and replied so far, then the question: for a program that was not there."""
    if not question.history:
        return question.text
    parts = []
    for exchange in question.history:
        parts.append(exchange.text)
        if exchange.reply:
            parts.append(f"(You replied: {exchange.reply})")
    return "\n".join([*parts, question.text])


def _raised(error: BaseException) -> Forfeit:
    if isinstance(error, ProcessEnded | ProgramFailed | TimeoutError):
        return guard.forfeit(str(error))
    return guard.raised(error)


def _meta(calls: Sequence[Call]) -> dict[str, Any]:
    """What a turn reports of its calls."""
    if not calls:
        return {}
    names = dict.fromkeys(name for call in calls for name in call.usage)
    usage = {name: sum(call.usage.get(name, 0) for call in calls) for name in names}
    return {"calls": [call.to_meta() for call in calls], "usage": usage}
