"""Who can sit in a seat: an agent answers questions, text in, reply out.

An agent is a function of what its seat saw and its own seed: a Question holds all of that, so an agent can be rebuilt
from an episode and forked with a game. What an agent keeps between questions (a cache of a conversation, say) is only
ever a shortcut to what the question's history already says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lanista.arenas.core.contract import Event, Forfeit
from lanista.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Exchange:
    """One earlier reply of this seat: what it was shown, what it replied (refused replies too), what it reported.

    A forfeited turn has the reply "" and ``meta["forfeit"]``, its reason: the seat was shown the text all the same.
    Where it was forfeited by a blank reply, ``meta`` also holds what was reported with that.
    """

    text: str
    """The question's text. The texts of a history, then the question's own, repeat nothing and leave nothing out."""
    reply: str
    """As it is kept in the record: NUL and lone surrogates replaced, cut after REPLY_LIMIT + 1 characters."""
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A seat is asked something. This is everything an agent may know."""

    game: str
    """An id unique to this game while it lasts: a key for caches, not for decisions."""
    seat: str
    seed: int
    """This seat's own seed in this game; the same wherever and whenever the game is played."""
    arena: str
    role: str
    phase: str
    kind: str
    """The ask's kind, such as ``vote``."""
    text: str
    """What is new to the seat since its last reply, then the ask; after a refused reply the reason, then the ask."""
    legal: Sequence[str]
    """Complete replies that are legal now; samples only where ``legal_complete`` is False."""
    legal_complete: bool
    history: Sequence[Exchange] = ()
    """This seat's earlier replies in this game, refused ones included, oldest first."""
    events: Sequence[Event] = ()
    """Every event the seat was in the audience of; () in an environment that is not ours."""

    @property
    def turn(self) -> int:
        """How many replies this seat gave before: the turn to draw chance by."""
        return len(self.history)


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply. ``meta`` is kept with the turn: ``tokens``, ``usage``, whatever the agent reports about itself.

    ``meta["tokens"]``, for a policy that can be trained, is ``{"prompt_ids": [...], "ids": [...], "logps": [...]}``:
    the token ids appended to this seat's conversation before the reply, the ids sampled (the end token included), and
    their log-probabilities in nats under the distribution they were sampled from. An agent that asks its model several
    times for one reply reports each call so, as a mapping in the list ``meta["calls"]``.
    """

    text: str
    meta: Mapping[str, Any] = field(default_factory=dict)


class Agent(Protocol):
    """Anything that can sit in seats, of one game or of many at once.

    It may say more of itself:

    ``plays``           the only arena it knows
    ``batch_matters``   False: a batched agent whose answers do not depend on who shares the batch
    ``concurrent``      how many calls of ``answer`` may be under way at once: it waits for something (a server), and is
                        called on threads. With more than one, each call holds one question
    ``beliefs``         a method: question -> (seat -> probability of being on the other side), of the others in play;
                        ``lanista analyse`` asks it on copies of a game
    ``learner``         True: what it raises is a bug of a training run and comes out, instead of forfeiting turns
    """

    name: str
    """As it stands in tables: the spec it was made from."""
    time_limit_s: float | None
    """Seconds one call of ``answer`` may take before its seats forfeit the turn; None for code that cannot hang."""
    batched: bool
    """True: ``answer`` is given every question that waits, over all games and seats. False: one at a time."""

    def answer(self, questions: Sequence[Question]) -> Sequence[Answer | Forfeit | Unavailable]:
        """One answer per question, in order. What it raises forfeits the turn of every seat it was asked for.

        But for Unavailable, raised or given for one question: something outside the agent is gone for now, so that game
        is suspended and nobody has moved.
        """

    def forget(self, game: str) -> None:
        """The game is over: drop what was kept for it."""

    def close(self) -> None:
        """Nobody will ask again."""
