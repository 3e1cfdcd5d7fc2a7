"""What plays a language model: token ids in, token ids and log-probabilities out.

A backend may be a module in this process or a server elsewhere. Requests are plain values and name everything that
matters: the whole conversation, the request's own chance, its sampling, its adapter. What a backend keeps between
requests (key-value states, connections) is its own affair; ``handle`` tells it which requests continue each other, and
a request is answered the same whether anything was kept or not. ``docs/agents/lm.md`` says how to write one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from lanista.agents.lm.refs import PolicyRef
from lanista.agents.lm.sampling import Sampling

Finish = Literal["end", "stop", "length"]
"""Why a reply is over: its end token came, it holds a stop text, or it is as long as it may be."""


class Writer(Protocol):
    """How conversations are put into ids; ``lanista.agents.lm.chat.Chat`` is one, made from a tokenizer."""

    fingerprint: str
    """The same for writers whose ids can be exchanged."""
    end_ids: tuple[int, ...]
    """They end a reply; the first is supplied where a reply was cut off before its end."""

    def first(self, text: str, system: str | None = None) -> list[int]:
        """The ids of a conversation's start, up to and including the generation prompt."""

    def next(self, text: str, ended: bool = True) -> list[int]:
        """The ids to append after a reply for the next user turn, up to and including the generation prompt.

        ``ended``: the reply's own ids hold its end token; where not, it is supplied here.
        """

    def reply(self, text: str) -> list[int]:
        """The ids of a reply that was not sampled here, its end token included."""

    def decode(self, ids: Sequence[int]) -> str:
        """A reply's text, without special tokens."""

    def thinking(self, on: bool | None) -> Writer:
        """This way of writing with thinking turned on or off; None: as the model has it.

        Raises UsageError where it cannot be chosen.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateRequest:
    """A conversation that waits for a reply."""

    ids: Sequence[int]
    """The whole conversation, up to and including the generation prompt."""
    key: int
    """This request's own chance, 64 bits: what it draws depends on this and its ids, never on who else is asked."""
    sampling: Sampling
    handle: Hashable = None
    """Names the conversation: requests of one handle mostly continue each other. None: nothing need be kept."""
    adapter: str | None = None
    """Which adapter plays; None is the base model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateResult:
    """A reply. ``ids`` holds at least one id, ``logps`` one log-probability in nats for each.

    They are of the distribution sampled from; at temperature 0 they are 0. An end token or a stop text that was sampled
    is part of ``ids``.
    """

    ids: Sequence[int]
    logps: Sequence[float]
    finish: Finish


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRequest:
    """A conversation and the replies it might get, none of them empty."""

    ids: Sequence[int]
    replies: Sequence[Sequence[int]]
    handle: Hashable = None
    adapter: str | None = None


class Follower(Protocol):
    """Who follows a batch while it is sampled. It is asked on whatever thread samples, and does not block."""

    def listens(self, place: int) -> bool:
        """Whether the request at this place wants its tokens as they come."""

    def told(self, place: int, ids: Sequence[int], logps: Sequence[float]) -> None:
        """These were sampled next for a request that listens."""

    def left(self, place: int) -> bool:
        """Whether nobody waits for this request's reply any more: no more of it need be sampled."""


class Followed(Protocol):
    """What a backend has beside ``Backend`` that can tell of tokens while it samples, and stop in the middle."""

    def follow(self, requests: Sequence[GenerateRequest], follower: Follower) -> Sequence[GenerateResult | None]:
        """As ``generate``; None, or what was sampled of it, for a request that was left."""


class Backend(Protocol):
    """A model that can be asked. Every method may raise LanistaError: one line on what is wrong and what to do.

    One that also has ``follow`` (see ``Followed``) gives its tokens as they are sampled.

    A server's backend raises ``Unavailable`` while the server is away, and says more of itself: ``batch_matters`` False
    where answers do not depend on who shares a batch, and ``concurrent``, how many calls may be under way at once, each
    on a thread of its own (see ``lanista.agents.contract.Agent``).
    """

    @property
    def name(self) -> str:
        """What it plays, as messages name it."""

    @property
    def chat(self) -> Writer:
        """How its conversations are written."""

    @property
    def context(self) -> int:
        """Tokens that one conversation and its reply may hold together."""

    @property
    def adapters(self) -> Sequence[str]:
        """The adapters that requests may name."""

    @property
    def adapter(self) -> str | None:
        """The adapter the model came as, which plays where none is asked for by name."""

    def policy_ref(self, adapter: str | None) -> PolicyRef:
        """The weights that play now as ``adapter``; another version where they changed."""

    def generate(self, requests: Sequence[GenerateRequest]) -> Sequence[GenerateResult]:
        """A reply to each request, in order."""

    def score(self, requests: Sequence[ScoreRequest]) -> Sequence[Sequence[float]]:
        """The log-probability in nats of every reply of each request, under the model's own distribution."""

    def release(self, handles: Iterable[Hashable]) -> None:
        """These conversations are over: what was kept for them may go. Unknown handles are nothing wrong."""

    def close(self) -> None:
        """Nobody will ask again."""
