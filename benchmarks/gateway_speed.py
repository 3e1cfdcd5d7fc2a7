"""What the gateway adds to a call, and how many calls and sessions a second it carries, beside the bare engine.

    python benchmarks/gateway_speed.py [--calls 10000] [--json FILE]

The model is one that replies at once, so that what is measured is ours: HTTP, reading, canonical history, the queue,
writing down. At N seats, N programs in another process hold conversations of 20 calls over kept connections: once in
step (all ask as soon as they have their replies, and a batch is all of them), once each in its own time (20 ms between
two calls on average, and a batch is whoever has asked by then). A call's added latency is the time from sending it
until its response is read, less the time in which its batch was sampled; its own part leaves out the wait for the
others of its batch too. ``cpu ms`` is what the gateway's process works for a call, which says more than a latency on
a machine that others use. A session is one turn of one program: one call and its reply. The bare engine is the same
without the gateway: ``LMAgent.answer`` over as many questions.
"""

from __future__ import annotations

import argparse
import asyncio
import concurrent.futures
import gc
import json
import multiprocessing
import random
import resource
import statistics
import threading
import time
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any

from lanista.agents.contract import Exchange, Question
from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.backends.base import GenerateRequest, GenerateResult, ScoreRequest
from lanista.agents.lm.chat import Chat
from lanista.agents.lm.refs import PolicyRef
from lanista.serve.calls import Call, Ledger
from lanista.serve.engine import Engine
from lanista.serve.gateway import Gateway
from lanista.serve.places import Place
from lanista.training.tiny import build_tokenizer

TEXT = "player_3 says that player_1 is a werewolf. Vote now: reply `vote: NAME`, NAME being player_1 or player_3."
REPLY = "vote: player_1"
TURNS = 20
"""Calls of a conversation; then its seat is closed and the program goes on with another one, as games end."""

THINK_S = 0.020
"""What a program that thinks does between two calls, on average; exponentially distributed."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Instant:
    """A backend that replies at once."""

    adapters: tuple[str, ...] = ()
    adapter = None
    name = "instant"
    context = 100_000

    def __init__(self) -> None:
        self.chat = Chat(build_tokenizer([TEXT, REPLY] * 20, [f"player_{n}" for n in range(6)], vocab_size=400))
        self.ids = self.chat.reply(REPLY)
        self.logps = [-0.5] * len(self.ids)

    def policy_ref(self, adapter: str | None) -> PolicyRef:
        """Always the same weights."""
        return PolicyRef("instant", "1")

    def generate(self, requests: Sequence[GenerateRequest]) -> list[GenerateResult]:
        """The same reply to everybody."""
        return [GenerateResult(ids=self.ids, logps=self.logps, finish="end") for _ in requests]

    def score(self, requests: Sequence[ScoreRequest]) -> list[list[float]]:
        """Nothing scores here."""
        return [[0.0] * len(request.replies) for request in requests]

    def release(self, handles: Iterable[Hashable]) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing to close."""


async def post(streams: Streams, id: str, key: str, body: dict[str, Any]) -> dict[str, Any]:
    """A request and its response, by the leanest client there is: what is measured is not the client."""
    reader, writer = streams
    plain = json.dumps(body).encode()
    head = f"POST /v1/seats/{id}/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
    writer.write(f"{head}Content-Length: {len(plain)}\r\n\r\n".encode() + plain)
    told = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in told.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    found: dict[str, Any] = json.loads(await reader.readexactly(int(length.split(b":")[1])))
    if not told.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(found)
    return found


def programs(
    port: int, seats: Sequence[Sequence[tuple[str, str]]], think_s: float
) -> tuple[list[tuple[str, float]], float]:
    """Hold the conversations of each of ``seats``, all seats side by side: ids of calls with their seconds, and all."""
    found: list[tuple[str, float]] = []
    rng = random.Random(0)

    async def program(mine: Sequence[tuple[str, str]]) -> None:
        streams = await asyncio.open_connection("127.0.0.1", port)
        for id, key in mine:
            messages: list[dict[str, Any]] = []
            for _ in range(TURNS):
                if think_s:
                    await asyncio.sleep(rng.expovariate(1 / think_s))
                messages.append({"role": "user", "content": TEXT})
                started = time.perf_counter()
                done = await post(streams, id, key, {"model": "policy", "messages": messages})
                found.append((done["id"], time.perf_counter() - started))
                messages.append({"role": "assistant", "content": done["choices"][0]["message"]["content"]})
        streams[1].close()

    async def all_() -> None:
        await asyncio.gather(*map(program, seats))

    started = time.perf_counter()
    asyncio.run(all_())
    return found, time.perf_counter() - started


class Quick(Ledger):
    """A ledger that remembers each call's times, and ends the seats whose conversation is over."""

    def __init__(self) -> None:
        super().__init__()
        self.elsewhere_s: dict[str, tuple[float, float]] = {}
        self.places: dict[str, Place] = {}
        self.gateway: Gateway

    def write(self, call: Call, game: str, seat: str, turn: int) -> None:
        """As any ledger, and note the times."""
        super().write(call, game, seat, turn)
        self.elsewhere_s[call.id] = call.waited_s, call.sampled_s
        place = self.places[seat]
        if len(place.turn.calls) + 1 == TURNS:
            place.turn.calls = []
            del self.places[seat]
            asyncio.get_running_loop().call_later(0.2, self.gateway.places.close, place)


def measure(seats: int, calls: int, think_s: float = 0.0) -> dict[str, float]:
    """Latencies in milliseconds and rates a second of about ``calls`` calls by ``seats`` seats.

    Where programs think (``think_s`` on average) nobody waits for the others: a batch is whoever has asked by then.
    """
    engine, gateway, ledger = Engine(LMAgent(Instant())), Gateway(), Quick()
    ledger.gateway = gateway
    going = [seats]
    engine.resume()
    pump = threading.Thread(target=engine.pump, args=(lambda: min(going[0], 1) if think_s else going[0],), daemon=True)
    pump.start()
    each = max(1, calls // seats // TURNS)
    opened = [
        [gateway.places.open("g", f"{n}.{m}", engine, "policy", ledger) for m in range(each)] for n in range(seats)
    ]
    ledger.places = {place.seat: place for mine in opened for place in mine}
    port = int(gateway.url.split(":")[2].split("/")[0])
    before, used = _resident_mib(), time.process_time()
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as elsewhere:
        keys = [[(place.id, place.key) for place in mine] for mine in opened]
        del opened
        found, took = elsewhere.submit(programs, port, keys, think_s).result()
    used = time.process_time() - used
    grew = _resident_mib() - before
    going[0] = 0
    engine.wake()
    pump.join(10)
    gateway.close()
    added = [1e3 * (took_s - ledger.elsewhere_s[id][1]) for id, took_s in found]
    own = [1e3 * (took_s - sum(ledger.elsewhere_s[id])) for id, took_s in found]
    cut, cut_own = statistics.quantiles(added, n=100), statistics.quantiles(own, n=100)
    return {
        "seats": seats,
        "think_ms": 1e3 * think_s,
        "calls": len(added),
        "p50_ms": cut[49],
        "p95_ms": cut[94],
        "own_p50_ms": cut_own[49],
        "own_p95_ms": cut_own[94],
        "cpu_ms": 1e3 * used / len(added),
        "sessions_per_s": len(added) / took,
        "bare_per_s": bare(seats, calls),
        "grew_mib": grew,
    }


def _resident_mib() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def bare(seats: int, calls: int) -> float:
    """Replies a second of the same model asked directly, all seats in one batch."""
    agent = LMAgent(Instant())
    history: list[list[Exchange]] = [[] for _ in range(seats)]
    started, done = time.perf_counter(), 0
    while done < calls:
        turn = done // seats % TURNS
        game = f"g{done // seats // TURNS}"
        if turn == 0:
            agent.reset()
            history = [[] for _ in range(seats)]
        asked = [
            Question(
                game=game,
                seat=f"player_{n}",
                seed=n,
                arena="none",
                role="villager",
                phase="day",
                kind="vote",
                text=TEXT,
                legal=(),
                legal_complete=False,
                history=tuple(history[n]),
            )
            for n in range(seats)
        ]
        for n, answer in enumerate(agent.answer(asked)):
            history[n].append(Exchange(TEXT, answer.text, answer.meta))  # type: ignore[union-attr]
        done += seats
    return done / (time.perf_counter() - started)


def main(words: Sequence[str] | None = None) -> None:
    """Measure at 1, 16 and 64 seats, print a table, and keep the figures where ``--json`` says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000, help="calls at each number of seats")
    parser.add_argument("--seats", type=int, nargs="+", default=[1, 16, 64], help="seats that are asked side by side")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    options = parser.parse_args(words)
    found = [measure(seats, options.calls, think_s) for think_s in (0.0, THINK_S) for seats in options.seats]
    heads = (
        "seats",
        "think ms",
        "calls",
        "p50 ms",
        "p95 ms",
        "own p50",
        "own p95",
        "cpu ms",
        "sessions/s",
        "bare/s",
        "grew MiB",
    )
    print(" ".join(f"{head:>10}" for head in heads))
    for row in found:
        print(
            " ".join(
                f"{value:10.0f}" if value >= 100 or value == int(value) else f"{value:10.2f}" for value in row.values()
            )
        )
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
