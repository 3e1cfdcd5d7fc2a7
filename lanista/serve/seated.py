"""Programs in seats, from the program's side. Plain Python and nothing else: this file also runs in other interpreters.

A factory is called with a ``Seat`` (or, where its parameter is called ``seats``, once per game with ``Seats``, of which
it claims those it wants) and returns the program: a function, coroutine function or callable object that takes the text
and returns the reply; with ``Seats``, that takes the seat and the text.

Run as a script, it reads JSON lines on its standard input and answers on its standard output:
``{"n", "op": "make" | "ask" | "cancel" | "forget", …}`` and ``{"n", "reply" | "claims" | "error"}``.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import json
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Seat:
    """A seat of a game, as its program gets it: where its model is, and what it may know of itself.

    ``tools``: what the arena lets the seat call, as OpenAI's functions; () where it has no calls. ``seed``: the seat's
    own chance in this game. ``mcp``: the same tools as an MCP server (Streamable HTTP, with the key as bearer).
    """

    id: str
    base_url: str
    key: str
    model: str
    name: str = ""
    role: str = ""
    arena: str = ""
    seed: int = 0
    tools: Sequence[Mapping[str, Any]] = ()
    mcp: str = ""

    @staticmethod
    def call(name: str, arguments: str | Mapping[str, Any]) -> str:
        """The reply that calls one of the arena's tools. ``arguments``: a mapping, or JSON as models write it."""
        return f"{name} {arguments if isinstance(arguments, str) else json.dumps(arguments)}"


class Seats:
    """The seats of one game that one program may hold."""

    def __init__(self, arena: str, seed: int, offers: Sequence[Seat]) -> None:
        self.arena = arena
        self.seed = seed
        self._offers = list(offers)
        self.claimed: list[Seat] = []

    def claim(self, role: str) -> Seat:
        """A seat of that role; where a game has several, one more with every call.

        Raises ValueError when none are left.
        """
        if not self._offers:
            raise ValueError(f"no seat is left to claim: {len(self.claimed)} were")
        seat = replace(self._offers.pop(0), role=role, name=role)
        self.claimed.append(seat)
        return seat


def load(target: str) -> Callable[..., Any]:
    """The factory that ``MODULE:FACTORY`` or ``PATH.py:FACTORY`` names. Raises ValueError with what is wrong."""
    where, colon, name = target.rpartition(":")
    if not colon or not where or not name:
        raise ValueError(f"{target!r} names no factory")
    try:
        if where.endswith(".py"):
            if not os.path.isfile(where):
                raise ValueError(f"there is no file {where!r}")
            called = f"lanista_program_{os.path.basename(where)[:-3]}"
            spec = importlib.util.spec_from_file_location(called, where)
            assert spec is not None and spec.loader is not None  # noqa: PT018
            module = importlib.util.module_from_spec(spec)
            sys.modules[called] = module  # dataclasses look their module up
            spec.loader.exec_module(module)
        else:
            module = importlib.import_module(where)
    except ValueError:
        raise
    except BaseException as error:
        raise ValueError(f"cannot import {where!r} ({type(error).__name__}: {error})") from error
    factory = getattr(module, name, None)
    if not callable(factory):
        raise ValueError(f"{where!r} has no function {name!r}")
    return factory  # type: ignore[no-any-return]


def takes_all(factory: Callable[..., Any]) -> bool:
    """Whether a factory wants the seats of a game, not one. Raises ValueError where it takes neither."""
    try:
        names = list(inspect.signature(factory).parameters)
        inspect.signature(factory).bind(None)
    except (TypeError, ValueError):
        raise ValueError("a factory takes one argument: a seat, or seats where its parameter is called so") from None
    return names[0] == "seats"


class Host:
    """Programs by the id of their seat or game, on the running loop."""

    def __init__(self, target: str) -> None:
        self.factory = load(target)
        self.together = takes_all(self.factory)
        self._programs: dict[str, tuple[Callable[..., Any], dict[str, Seat] | None]] = {}

    async def make(self, id: str, seat: Seat, offers: Sequence[Seat] = ()) -> list[tuple[str, str]]:
        """Make a program for a seat, or for the game that ``seat`` is of. Returns (offer, role) of what it claimed."""
        seats = Seats(seat.arena, seat.seed, offers) if self.together else None
        program = await _called(self.factory, seats if seats is not None else seat)
        if not callable(program):
            raise TypeError(f"the factory returned a {type(program).__name__}, which cannot be called with a text")
        claimed = {s.id: s for s in seats.claimed} if seats is not None else None
        self._programs[id] = program, claimed
        return [(s.id, s.role) for s in seats.claimed] if seats is not None else []

    async def ask(self, id: str, place: str, text: str) -> str:
        """The reply of a program to a text shown to the seat of id ``place``."""
        program, seats = self._programs[id]
        reply = await _called(program, *((text,) if seats is None else (seats[place], text)))
        if not isinstance(reply, str):
            raise TypeError(f"the program returned a {type(reply).__name__}, not a text")
        return reply

    async def forget(self, id: str) -> None:
        """Drop a program."""
        self._programs.pop(id, None)

    async def close(self) -> None:
        """Drop them all."""
        self._programs.clear()


async def _called(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function returns; one that is no coroutine function runs on a thread, so that it may block."""
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None)):  # noqa: B004
        return await function(*arguments)
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(set_: Callable[[Any], None], value: Any) -> None:
        if not future.done():
            set_(value)

    def run() -> None:
        try:
            value = function(*arguments)
        except BaseException as error:
            told = error if not isinstance(error, StopIteration) else RuntimeError("raised StopIteration")
            _tell(loop, settle, future.set_exception, told)
        else:
            _tell(loop, settle, future.set_result, value)

    threading.Thread(target=run, name="a program in a seat", daemon=True).start()
    found = await future
    return await found if inspect.isawaitable(found) else found


def _tell(loop: asyncio.AbstractEventLoop, *call: Any) -> None:
    try:
        loop.call_soon_threadsafe(*call)
    except RuntimeError:  # the loop is gone: nobody waits
        return


# In another interpreter


def main(target: str) -> int:
    """Serve programs over the pipes until the input ends."""
    pipe = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8", errors="replace")
    os.dup2(2, 1)  # what a program prints must not be taken for an answer
    sys.stdout = sys.stderr
    lock = threading.Lock()

    def send(value: dict[str, Any]) -> None:
        with lock:
            pipe.write(json.dumps(value) + "\n")
            pipe.flush()

    try:
        host = Host(target)
    except ValueError as error:
        send({"error": str(error)})
        return 1
    send({"together": host.together})
    loop = asyncio.new_event_loop()
    threading.Thread(target=_read, args=(loop, host, send), daemon=True).start()
    loop.run_forever()
    return 0


def _read(loop: asyncio.AbstractEventLoop, host: Host, send: Callable[[dict[str, Any]], None]) -> None:
    tasks: dict[int, asyncio.Task[None]] = {}

    def start(said: dict[str, Any]) -> None:
        if said["op"] == "cancel":
            if said["n"] in tasks:
                tasks[said["n"]].cancel()
            return
        task = tasks[said["n"]] = loop.create_task(_serve(host, said, send))
        task.add_done_callback(lambda _: tasks.pop(said["n"], None))

    for line in sys.stdin:
        loop.call_soon_threadsafe(start, json.loads(line))
    os._exit(0)  # whoever started this is gone


async def _serve(host: Host, said: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> None:
    answer: dict[str, Any] = {"n": said["n"]}
    try:
        if said["op"] == "make":
            answer["claims"] = await host.make(said["id"], Seat(**said["seat"]), [Seat(**s) for s in said["offers"]])
        elif said["op"] == "ask":
            answer["reply"] = await host.ask(said["id"], said["place"], said["text"])
        else:
            await host.forget(said["id"])
    except asyncio.CancelledError:
        answer["error"] = "was cancelled"
    except BaseException as error:
        answer["error"] = f"raised {type(error).__name__}: {error}"
    send(answer)


if __name__ == "__main__":
    sys.exit(main(sys.argv[-1]))
