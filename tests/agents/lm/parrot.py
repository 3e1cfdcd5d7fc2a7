"""An example backend: it says what was last said to it, one id in two. What a backend author writes is this."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from lanista.agents.lm.backends.base import GenerateRequest, GenerateResult, ScoreRequest
from lanista.agents.lm.chat import Chat
from lanista.agents.lm.refs import PolicyRef
from lanista.agents.lm.uniforms import uniforms
from lanista.errors import UsageError
from lanista.training.tiny import build_tokenizer


class Parrot:
    adapters: tuple[str, ...] = ()
    adapter = None

    def __init__(self, model: str, *, context: int = 512, loud: bool = False, greeting: str = "hello") -> None:
        if model == "none":
            raise UsageError("a parrot needs a name: lm:NAME?backend=parrot")
        if model == "broken":
            raise RuntimeError("the cage\nis open")
        self.name, self.context, self.loud = model, context, loud
        self.chat = Chat(build_tokenizer([greeting, "vote: player_1"] * 20, ["player_1"], vocab_size=300))
        self.asked: list[GenerateRequest] = []
        self.held: set[Hashable] = set()
        self.closed = False

    def policy_ref(self, adapter: str | None) -> PolicyRef:
        return PolicyRef(self.name, "1")

    def generate(self, requests: Sequence[GenerateRequest]) -> list[GenerateResult]:
        self.asked += requests
        self.held |= {request.handle for request in requests}
        found = []
        for request in requests:
            chances = uniforms([request.key], len(request.ids))[0]
            ids = [id_ for id_, u in zip(request.ids, chances, strict=True) if u < 0.5 and id_ not in self.chat.end_ids]
            ids = [*ids[: request.sampling.max_new_tokens - 1], self.chat.end_ids[0]]
            found.append(GenerateResult(ids=ids, logps=[-1.0] * len(ids), finish="end"))
        return found

    def score(self, requests: Sequence[ScoreRequest]) -> list[list[float]]:
        return [[-float(len(reply)) for reply in request.replies] for request in requests]

    def release(self, handles: Iterable[Hashable]) -> None:
        self.held.difference_update(handles)

    def close(self) -> None:
        self.closed = True
