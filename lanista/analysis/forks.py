"""A recorded game as it stood before any of its replies, and its players rebuilt to be asked there.

An agent is a function of what its seat saw and of its seed, so whoever sat at a recorded table can be seated again at a
copy of it, asked anything, and asked again under other seeds. The record is played from its journal: nobody is asked
for that, and no effect is run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lanista.agents import guard, registry
from lanista.agents.contract import Agent, Exchange, Question
from lanista.arenas.core import chance
from lanista.arenas.core.contract import Arena, Ask, Forfeit, Seat
from lanista.arenas.core.episode import Episode
from lanista.arenas.core.referee import Game, replay
from lanista.errors import LanistaError, Unavailable, UsageError

Reply = str | Forfeit


class Branch:
    """A copy of a game that goes on by itself, with what each seat was shown and said so far."""

    __slots__ = ("game", "history", "id")

    def __init__(self, game: Game, history: Mapping[Seat, Sequence[Exchange]], id: str) -> None:
        self.game, self.id = game, id
        self.history: dict[Seat, tuple[Exchange, ...]] = {seat: tuple(done) for seat, done in history.items()}

    def copy(self, id: str) -> Branch:
        """Another that stands where this one stands."""
        return Branch(self.game.fork(), self.history, id)

    def say(self, seat: Seat, reply: Reply, meta: Mapping[str, Any] | None = None) -> bool:
        """Hand in a seat's reply; whether it was accepted."""
        done = Exchange(self.game.news(seat), *_kept(reply, meta or {}))
        self.history[seat] = (*self.history[seat], done)
        return self.game.submit(seat, reply) is None

    def question(self, seat: Seat, ask: Ask, seed: int) -> Question:
        """What ``seat`` would be asked if the rules asked it this now; the game does not notice.

        A seat that owes something else is shown that first.
        """
        words = self.game.arena.words
        legal = tuple(words.write(ask, move) for move in ask.choices)
        owed = self.game.ask(seat) == ask
        return self.privately(seat, ask.kind, None if owed else words.ask(ask), legal, seed, complete=ask.complete)

    def privately(
        self, seat: Seat, kind: str, wording: str | None, legal: tuple[str, ...], seed: int, *, complete: bool = False
    ) -> Question:
        """A question that the game does not put, ``wording`` after what the seat would be told anyway."""
        game = self.game
        news = game.text(seat)
        return Question(
            game=self.id,
            seat=seat,
            seed=seed,
            arena=game.arena.name,
            role=game.role(seat),
            phase=game.phase,
            kind=kind,
            text="\n".join(part for part in (news, wording) if part),
            legal=legal,
            legal_complete=complete,
            history=self.history[seat],
            events=tuple(game.events(seat)),
        )


Moment = tuple[Branch, Seat, Reply]
"""The game before a reply, whose it is, and what it said."""


def moments(episode: Episode, arena: Arena, id: str, wanted: Callable[[Game, Seat], bool]) -> list[Moment]:
    """The recorded game before each of its ``wanted`` replies, in order.

    Raises LanistaError where the record does not replay here: another arena or hash, or an effect without its result.
    """
    metas = _metas(episode)
    history: dict[Seat, tuple[Exchange, ...]] = dict.fromkeys(episode.roles, ())
    found: list[Moment] = []

    def watch(game: Game, seat: Seat, reply: Reply) -> None:
        if wanted(game, seat):
            found.append((Branch(game.fork(), history, f"{id}/{len(found)}"), seat, reply))
        told = metas[seat]
        n = len(history[seat])
        done = Exchange(game.news(seat), *_kept(reply, told[n] if n < len(told) else {}))
        history[seat] = (*history[seat], done)

    replay(episode.to_dict(meta=False), arena, watch)
    return found


def fork_seed(id: str, fork: int, seat: Seat) -> int:
    """The seed of whoever sits in ``seat`` of the fork of that number: the same in every branch, so that two branches
    differ by what was said in them and not by luck."""
    return chance.key("analysis", id, fork, seat)


def seats_of(episode: Episode, made: dict[str, Agent]) -> dict[Seat, Agent]:
    """Who sat where, made again by name; ``made`` keeps them from game to game.

    Raises UsageError for one that is gone.
    """
    found = {}
    for seat, name in episode.players.items():
        if name not in made:
            made[name] = remade(name, episode.arena)
        found[seat] = made[name]
    return found


def remade(name: str, arena: str) -> Agent:
    """An agent made again by the name that it has in a record. Raises UsageError where it cannot be."""
    hint = "`--forks 0` measures what the record alone tells"
    if name.partition(":")[0] == "human":
        raise UsageError(f"{name!r} sat at this table and cannot be asked again on a fork: {hint}")
    try:
        return registry.make(name, arena=arena)
    except LanistaError as error:
        raise UsageError(
            f"the agent {name!r} of this run is gone, so that no fork can ask it ({error}): {hint}"
        ) from error


def answers(asked: Sequence[tuple[Agent, Question]]) -> list[Reply]:
    """What the agents say, in order; a batched one is asked everything in one call. Raises Unavailable."""
    calls: dict[int, tuple[Agent, list[int]]] = {}
    for place, (agent, _) in enumerate(asked):
        calls.setdefault(id(agent), (agent, []))[1].append(place)
    found: dict[int, Reply] = {}
    for agent, places in calls.values():
        for some in [places] if agent.batched else [[place] for place in places]:
            results, _ = guard.ask(agent, [asked[place][1] for place in some])
            for place, result in zip(some, results, strict=True):
                if isinstance(result, Unavailable):
                    raise Unavailable(f"{agent.name} cannot be asked now: {result}")
                found[place] = result[0]
    return [found[place] for place in range(len(asked))]


def under(question: Question, agent: Agent, id: str, fork: int) -> Question:
    """The same question in the fork of that number: its own seed and, for an agent that is asked many things in one
    call, a game of its own, since what it keeps belongs to one conversation."""
    game = f"{question.game}~{fork}" if agent.batched else question.game
    return replace(question, seed=fork_seed(id, fork, question.seat), game=game)


def _metas(episode: Episode) -> dict[Seat, list[Mapping[str, Any]]]:
    """What agents reported of each of their replies, refused ones included."""
    found: dict[Seat, list[Mapping[str, Any]]] = {seat: [] for seat in episode.roles}
    for step in episode.steps:
        for turn in step.turns:
            refused = turn.meta.get("retries", ())
            if len(refused) != len(turn.attempts):
                refused = [{}] * len(turn.attempts)
            own = {key: value for key, value in turn.meta.items() if key not in ("retries", "latency_s")}
            found[turn.seat] += [*refused, own]
    return found


def _kept(reply: Reply, meta: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    return ("", {**meta, "forfeit": reply.reason}) if isinstance(reply, Forfeit) else (reply, meta)
