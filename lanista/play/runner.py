"""The one loop that seats agents and plays: many games side by side, every waiting question asked together.

The table knows nothing of stores, ratings or gradients. It hands each finished game to a callback and the caller does
with it what it likes.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

from lanista.agents import guard
from lanista.agents.contract import Agent, Exchange, Question
from lanista.arenas.core import chance
from lanista.arenas.core.contract import Arena, Event, Forfeit, Seat
from lanista.arenas.core.episode import Episode
from lanista.arenas.core.referee import Game, replay
from lanista.errors import LanistaError, UsageError, suggest

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class GameSpec:
    """A game to be played: which arena and seed, and who sits where."""

    id: str
    """Unique among the games of one call of ``play``; agents keep their caches under it."""
    arena: Arena
    seed: int
    """The game's own chance."""
    seating: Mapping[Seat, Agent]
    """An agent for every seat; one agent may sit in many."""
    config: Any = None
    preset: str = "default"
    agent_seed: int | None = None
    """Each seat's ``Question.seed`` is ``chance.key("seat", agent_seed, seat)``. None: the game's seed."""
    tags: Mapping[str, Any] = field(default_factory=dict)
    """The caller's own notes; the table does not look at them."""


OnTurn = Callable[[GameSpec, Game, Seat], None]
"""Called after each reply (or forfeit) was handed to its game; ``game.attempts(seat)`` tells a refused one."""

OnGame = Callable[[GameSpec, Game], None]
"""Called once for each game that is over."""


def play(
    fixtures: Iterable[GameSpec], *, max_concurrent_games: int = 64, on_turn: OnTurn | None = None, on_game: OnGame
) -> None:
    """Play every game to its end, ``max_concurrent_games`` of them at a time, and give each to ``on_game`` when over.

    In rounds: every owed reply of every running game is asked for, then all of them are handed in. A batched agent
    gets all its questions of a round in one call, ordered by fixture, then seat; other agents get one at a time.
    Nothing depends on timing, so agents that are functions of their questions play the same games however many run
    at a time.

    A turn that an agent does not take is a Forfeit (see ``guard``). What a callback or an arena raises comes out of
    here, and so does Ctrl-C, after every agent was told to forget the games in progress.

    Raises UsageError for a seating that does not fit its arena, or an id that two running games share.
    """
    if max_concurrent_games < 1:
        raise UsageError(
            f"max_concurrent_games is the number of games side by side, at least 1, not {max_concurrent_games}"
        )
    waiting = iter(fixtures)
    running: list[_Table] = []
    try:
        while True:
            for fixture in islice(waiting, max_concurrent_games - len(running)):
                if any(table.fixture.id == fixture.id for table in running):
                    raise UsageError(f"two games at the table have the id {fixture.id!r}; give each its own")
                running.append(_Table(fixture))
            if not running:
                return
            _round(running, on_turn)
            for table in [table for table in running if table.game.over]:
                running.remove(table)
                try:
                    on_game(table.fixture, table.game)
                finally:
                    table.forget()
    finally:
        for table in running:
            table.forget()


def play_game(
    arena: Arena,
    seating: Mapping[Seat, Agent],
    seed: int,
    *,
    config: Any = None,
    preset: str = "default",
    agent_seed: int | None = None,
    id: str = "game",
    on_turn: OnTurn | None = None,
) -> Episode:
    """The episode of one game. Arguments as in GameSpec and ``play``."""
    fixture = GameSpec(
        id=id, arena=arena, seed=seed, seating=seating, config=config, preset=preset, agent_seed=agent_seed
    )
    played: list[Episode] = []
    play([fixture], on_turn=on_turn, on_game=lambda _, game: played.append(game.episode()))
    return played[0]


def question(
    game: Game, seat: Seat, fixture: GameSpec, history: Sequence[Exchange], events: Sequence[Event] | None = None
) -> Question:
    """What ``seat``, which owes a reply, is asked now. ``events`` may be passed by a caller that keeps them."""
    ask = game.ask(seat)
    if ask is None:
        raise UsageError(f"{seat!r} owes no reply now; {', '.join(game.to_act()) or 'nobody'} does")
    return Question(
        game=fixture.id,
        seat=seat,
        seed=seat_seed(fixture, seat),
        arena=game.arena.name,
        role=game.role(seat),
        phase=game.phase,
        kind=ask.kind,
        text=game.news(seat),
        legal=game.legal(seat),
        legal_complete=ask.complete,
        history=tuple(history),
        events=tuple(game.events(seat) if events is None else events),
    )


def histories(game: Game) -> dict[Seat, list[Exchange]]:
    """Every seat's exchanges so far, made from the game's record: to go on with a fork, or a game from a file.

    What agents reported is taken from the turns of completed steps; a game from a file has lost it.
    """
    metas: dict[Seat, list[Mapping[str, Any]]] = {seat: [] for seat in game.seats}
    for step in game.steps:
        for turn in step.turns:
            refused = [_own(meta) for meta in turn.meta.get("retries", ())]
            if len(refused) != len(turn.attempts):
                refused = [{}] * len(turn.attempts)
            metas[turn.seat] += [*refused, _own(turn.meta)]
    found: dict[Seat, list[Exchange]] = {seat: [] for seat in game.seats}

    def watch(then: Game, seat: Seat, reply: str | Forfeit) -> None:
        done = found[seat]
        meta = metas[seat][len(done)] if len(done) < len(metas[seat]) else {}
        done.append(_exchange(then.news(seat), reply, meta))

    replay(json.loads(game.to_json()), game.arena, watch)
    return found


def seat_seed(fixture: GameSpec, seat: Seat) -> int:
    """The seed of whoever sits in ``seat``."""
    return _seat_key(fixture.seed if fixture.agent_seed is None else fixture.agent_seed, seat)


@lru_cache(maxsize=4096)
def _seat_key(agent_seed: int, seat: Seat) -> int:
    return chance.key("seat", agent_seed, seat)


class _Table:
    """One running game with what its seats have seen and said so far."""

    __slots__ = ("_events", "_history", "fixture", "game")

    def __init__(self, fixture: GameSpec) -> None:
        self.fixture = fixture
        players = {seat: agent.name for seat, agent in fixture.seating.items()}
        self.game = Game(fixture.arena, fixture.seed, fixture.config, preset=fixture.preset, players=players)
        _check_seating(fixture, self.game.seats)
        self._history: dict[Seat, list[Exchange]] = {seat: [] for seat in self.game.seats}
        self._events: dict[Seat, list[Event]] = {seat: [] for seat in self.game.seats}

    def question(self, seat: Seat) -> Question:
        """As the module's ``question``, with the seat's events kept from turn to turn."""
        events = self._events[seat]
        events += self.game.events(seat, len(events))
        return question(self.game, seat, self.fixture, self._history[seat], events)

    def take(self, asked: Question, reply: guard.Reply, latency_s: float) -> None:
        """Hand a reply to the game and remember the exchange as it can be rebuilt from the record."""
        said, meta = reply
        self.game.submit(asked.seat, said, {**meta, "latency_s": round(latency_s, 6)})
        self._history[asked.seat].append(_exchange(asked.text, said, meta))

    def forget(self) -> None:
        """Tell every agent at this table that the game is over. What one of them raises here is only logged."""
        for agent in {id(agent): agent for agent in self.fixture.seating.values()}.values():
            try:
                agent.forget(self.fixture.id)
            except Exception as error:
                _log.warning("agent %s could not forget game %s: %r", agent.name, self.fixture.id, error)


def _own(meta: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the agent itself reported."""
    return {key: value for key, value in meta.items() if key not in ("retries", "latency_s")}


def _exchange(text: str, reply: str | Forfeit, meta: Mapping[str, Any]) -> Exchange:
    if isinstance(reply, Forfeit):
        return Exchange(text, "", {**meta, "forfeit": reply.reason})
    return Exchange(text, reply, meta)


def _round(running: Sequence[_Table], on_turn: OnTurn | None) -> None:
    """Ask for every reply that is owed, then hand all of them in."""
    asked: list[tuple[_Table, Question]] = []
    for table in running:
        owed = table.game.to_act()
        if not owed and not table.game.over:
            raise LanistaError(
                f"game {table.fixture.id!r} of arena {table.game.arena.name!r} is not over, and no seat owes a reply: "
                "its rules must name one or give an outcome"
            )
        asked += [(table, table.question(seat)) for seat in owed]
    calls: dict[int, tuple[Agent, list[int]]] = {}
    for place, (table, put) in enumerate(asked):
        agent = table.fixture.seating[put.seat]
        calls.setdefault(id(agent), (agent, []))[1].append(place)
    replies: dict[int, tuple[guard.Reply, float]] = {}
    for agent, places in calls.values():
        if agent.batched:
            given, latency_s = guard.ask(agent, [asked[place][1] for place in places])
            for place, reply in zip(places, given, strict=True):
                replies[place] = reply, latency_s
        else:
            for place in places:
                (reply,), latency_s = guard.ask(agent, (asked[place][1],))
                replies[place] = reply, latency_s
    for place, (table, put) in enumerate(asked):
        table.take(put, *replies[place])
        if on_turn is not None:
            on_turn(table.fixture, table.game, put.seat)


def _check_seating(fixture: GameSpec, seats: Sequence[Seat]) -> None:
    missing = [seat for seat in seats if seat not in fixture.seating]
    if missing:
        raise UsageError(f"nobody sits in {', '.join(missing)} of game {fixture.id!r}: seat an agent in every seat")
    for seat in fixture.seating:
        if seat not in seats:
            raise UsageError(
                f"arena {fixture.arena.name!r} has no seat {seat!r}{suggest(seat, seats)} (it has: {', '.join(seats)})"
            )
