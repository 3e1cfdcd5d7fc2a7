"""A seat at a gateway whose model says what a test tells it to; the rest is as it is in a game."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any

from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.backends.base import Follower, GenerateRequest, GenerateResult, ScoreRequest
from lanista.agents.lm.chat import Chat
from lanista.agents.lm.refs import PolicyRef
from lanista.agents.lm.sampling import Sampling
from lanista.serve.calls import Ledger
from lanista.serve.engine import Engine
from lanista.serve.gateway import Gateway
from lanista.serve.places import Place
from lanista.training.tiny import build_tokenizer


class Actor:
    """A backend that says ``lines`` in turn, then ``ok``; ``hold`` keeps it from answering until it is set."""

    adapters: tuple[str, ...] = ()
    adapter = None
    name = "actor"

    def __init__(self, lines: Iterable[str] = (), context: int = 4096) -> None:
        self.lines = list(lines)
        self.context = context
        self.chat = Chat(
            build_tokenizer(["hello you there", "ok", "vote: player_1"] * 20, ["player_1"], vocab_size=300)
        )
        self.asked: list[GenerateRequest] = []
        self.batches: list[int] = []
        self.released: set[Hashable] = set()
        self.hold = threading.Event()
        self.hold.set()

    def policy_ref(self, adapter: str | None) -> PolicyRef:
        return PolicyRef("actor", "7")

    def generate(self, requests: Sequence[GenerateRequest]) -> list[GenerateResult]:
        self.asked += requests
        self.batches.append(len(requests))
        self.hold.wait(20)
        found = []
        for request in requests:
            ids = self.chat.reply(self.lines.pop(0) if self.lines else "ok")[: request.sampling.max_new_tokens]
            finish: Any = "end" if ids[-1] in self.chat.end_ids else "length"
            found.append(GenerateResult(ids=ids, logps=[-0.5] * len(ids), finish=finish))
        return found

    def score(self, requests: Sequence[ScoreRequest]) -> list[list[float]]:
        return [[0.0] * len(request.replies) for request in requests]

    def release(self, handles: Iterable[Hashable]) -> None:
        self.released.update(handles)

    def close(self) -> None:
        pass


class Teller(Actor):
    """An actor that tells of each token; ``step()`` lets it say the next one, ``free`` all that are left."""

    def __init__(self, lines: Iterable[str] = (), context: int = 4096) -> None:
        super().__init__(lines, context)
        self._may = threading.Semaphore(0)
        self.free = threading.Event()
        self.fails: Exception | None = None
        self.sampled: list[int] = []
        """Tokens of each request that came to an end, in order."""

    def step(self, count: int = 1) -> None:
        for _ in range(count):
            self._may.release()

    def follow(self, requests: Sequence[GenerateRequest], follower: Follower) -> list[GenerateResult | None]:
        whole = super().generate(requests)
        found: list[GenerateResult | None] = []
        for place, result in enumerate(whole):
            said = 0
            for id_, logp in zip(result.ids, result.logps, strict=True):
                while not self.free.is_set() and not self._may.acquire(timeout=0.02) and not follower.left(place):
                    pass
                if follower.left(place):
                    break
                if self.fails is not None:
                    raise self.fails
                said += 1
                if follower.listens(place):
                    follower.told(place, [id_], [logp])
            self.sampled.append(said)
            found.append(result if said == len(result.ids) else None)
        return found


class Table:
    """A gateway, an engine that is pumped, and seats at it."""

    def __init__(self, lines: Iterable[str] = (), *, calls: Path | None = None, turns: int = 1, **more: Any) -> None:
        sampling = more.pop("sampling", Sampling(max_new_tokens=200))
        self.actor = more.pop("actor", Actor)(lines, **more)
        self.engine = Engine(LMAgent(self.actor, sampling=sampling))
        self.gateway = Gateway()
        self.ledger = Ledger(calls)
        self.turns = turns
        self._pump: threading.Thread | None = None
        self.go()

    def go(self) -> None:
        """Pump, as a runner does that waits for replies."""
        self.going = True
        self.engine.resume()
        open_turns: Callable[[], int] = lambda: self.turns if self.going else 0
        self._pump = threading.Thread(target=self.engine.pump, args=(open_turns,), daemon=True)
        self._pump.start()

    def pause(self) -> None:
        """Stop pumping."""
        self.going = False
        self.engine.wake()
        assert self._pump is not None
        self._pump.join(20)
        self.engine.pause()

    def sit(self, seat: str = "player_1", **more: Any) -> Place:
        place = self.gateway.places.open("g", seat, self.engine, "policy", self.ledger, **more)
        place.begin(0, 5)
        return place

    def client(self, place: Place, **more: Any) -> Any:
        from openai import OpenAI

        return OpenAI(base_url=self.gateway.base_url(place), api_key=place.key, **{"max_retries": 0, **more})

    def close(self) -> None:
        self.actor.hold.set()
        if self.going:
            self.pause()
        self.gateway.close()
