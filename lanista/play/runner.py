"""The one loop that seats agents and plays: many games side by side, each at its own pace.

The runner knows nothing of stores, ratings or gradients. It hands each finished game to a callback and the caller does
with it what it likes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lanista.agents import guard
from lanista.agents.contract import Agent, Question
from lanista.arenas.core.contract import Arena, Seat
from lanista.arenas.core.episode import Episode
from lanista.arenas.core.referee import Game
from lanista.errors import Unavailable, UsageError
from lanista.play.desks import Desk, Desks, ask, exact
from lanista.play.session import Session
from lanista.play.specs import GameSpec, check_seating

__all__ = ["GameSpec", "OnGame", "OnSuspended", "OnTurn", "play", "play_game"]

OnTurn = Callable[[GameSpec, Game, Seat], None]
"""Called after each reply (or forfeit) was handed to its game; ``game.attempts(seat)`` tells a refused one."""

OnGame = Callable[[GameSpec, Game], None]
"""Called once for each game that is over."""

OnSuspended = Callable[[GameSpec, Session, Unavailable], None]
"""Called once for each game that cannot go on now; ``why.agent`` is the agent whose fault outside of it is."""


def play(
    specs: Iterable[GameSpec | Session],
    *,
    max_concurrent_games: int = 64,
    on_turn: OnTurn | None = None,
    on_game: OnGame,
    on_suspended: OnSuspended | None = None,
) -> None:
    """Play every game to its end, ``max_concurrent_games`` of them at a time, and give each to ``on_game`` when over.

    A session is gone on with where it stands.

    A game goes on as soon as its own replies are there. An agent with a time limit, or one that waits for something
    (``concurrent``, see ``Agent``), answers on threads of the runner's, and delays nobody else's games; others answer
    here, one game after the other. A batched agent is given every question that waits for it.

    Where an agent's answers depend on who shares its batch (``batched``, unless it says ``batch_matters = False``)
    games go on in rounds instead: every owed reply of every running game is asked for, then all are handed in.

    Nothing depends on timing in either way: agents that are functions of their questions play the same games however
    many run at a time. All callbacks come from the calling thread. ``on_turn`` is called for a game's replies in the
    order of its record, all those that were sealed from each other together, before any of the game's ``on_turn`` that
    follow, and ``on_game`` after its last; between games the order is that in which their replies came, and without
    threads it is that of ``specs``, turn by turn.

    A turn that an agent does not take is a Forfeit (see ``guard``). A game whose agent is Unavailable is given to
    ``on_suspended`` as it stands, and the others go on; without that callback Unavailable comes out of here. So does
    what a learner, a callback or an arena raises, and Ctrl-C, after every agent was told to forget the games in
    progress; sessions that the caller handed in can then be saved.

    Raises UsageError for a seating that does not fit its arena, or an id that two running games share.
    """
    if max_concurrent_games < 1:
        raise UsageError(
            f"max_concurrent_games is the number of games side by side, at least 1, not {max_concurrent_games}"
        )
    _Floor(specs, max_concurrent_games, on_turn, on_game, on_suspended).run()


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
    spec = GameSpec(id=id, arena=arena, seed=seed, seating=seating, config=config, preset=preset, agent_seed=agent_seed)
    played: list[Episode] = []
    play([spec], on_turn=on_turn, on_game=lambda _, game: played.append(game.episode()))
    return played[0]


VISIT = 16
"""Turns that a game is played on for before the next one is looked after."""


class _Floor:
    """All the games of one call of ``play``."""

    def __init__(
        self,
        specs: Iterable[GameSpec | Session],
        places: int,
        on_turn: OnTurn | None,
        on_game: OnGame,
        on_suspended: OnSuspended | None,
    ) -> None:
        self.waiting = iter(specs)
        self.places = places
        self.on_turn, self.on_game, self.on_suspended = on_turn, on_game, on_suspended
        self.next: Session | None = None
        """A game that was taken from ``waiting`` and must wait until the others are over."""
        self.running: dict[str, Session] = {}
        self.exact: set[str] = set()
        """Those of them that go by rounds."""
        self.awake: list[Session] = []
        """Running games that may have questions which nobody was asked yet, or may be over."""
        self.rounds = False
        self.desks = Desks()

    def run(self) -> None:
        try:
            while True:
                self._admit()
                if not self.running:
                    return
                if self.rounds:
                    self._round()
                else:
                    self._sweep()
        finally:
            self.desks.close()
            for session in self.running.values():
                session.forget()

    def _admit(self) -> None:
        """Fill the free places.

        A game that goes by rounds never joins games that do not: when their places become free depends on timing, and
        who shares a batch must not. It waits until they are over.
        """
        apart, by_rounds = bool(self.running) and not self.rounds, self.rounds
        while len(self.running) < self.places:
            session, self.next = self.next or self._take(), None
            if session is None:
                break
            if apart and _by_rounds(session):
                self.next = session
                break
            if session.spec.id in self.running:
                raise UsageError(f"two games that run side by side have the id {session.spec.id!r}; give each its own")
            if self.on_turn is not None:
                session.on_turn = self._turn
            self.running[session.spec.id] = session
            self.awake.append(session)
            if _by_rounds(session):
                self.exact.add(session.spec.id)
        self.rounds = bool(self.exact)
        if by_rounds and not self.rounds:
            self.awake = list(self.running.values())
        elif self.rounds:
            self.awake.clear()

    def _take(self) -> Session | None:
        spec = next(self.waiting, None)
        if spec is None:
            return None
        session = spec if isinstance(spec, Session) else Session(spec)
        check_seating(session.spec, session.game.seats)
        return session

    def _turn(self, session: Session, seat: Seat) -> None:
        assert self.on_turn is not None
        self.on_turn(session.spec, session.game, seat)

    # In rounds

    def _round(self) -> None:
        """Ask for every reply that is owed, then hand all of them in."""
        owed = [(session, put) for session in self.running.values() for put in session.pending()]
        for session, put, result, latency_s in ask(owed):
            if self.running.get(session.spec.id) is session:
                self._hand_in(session, put, result, latency_s)
        for session in [session for session in self.running.values() if session.over]:
            self._finish(session)

    # Each at its own pace

    def _sweep(self) -> None:
        """A visit to every game that can go on, and whatever has come in for the others."""
        busy: dict[int, Desk] = {}
        awake, self.awake = self.awake, []
        moved = [session for session in awake if self._visit(session, busy)]
        for desk in busy.values():
            desk.go()
        for session, put, result, latency_s in self.desks.results(block=not moved):
            if self.running.get(session.spec.id) is session and self._hand_in(session, put, result, latency_s):
                moved.append(session)
        for session in dict.fromkeys(moved):
            if self.running.get(session.spec.id) is not session:
                continue
            if session.over:
                self._finish(session)
            else:
                self.awake.append(session)

    def _visit(self, session: Session, busy: dict[int, Desk]) -> bool:
        """Play on for up to VISIT turns while all who are asked answer here; others find their questions at a desk.

        Returns whether anything was answered. Staying with one game is a tenth faster than going round by turns.
        """
        desks, known, seating = self.desks, self.desks.known, session.spec.seating
        moved = session.over  # before its first turn
        for _ in range(VISIT):
            here = False
            for put in session.pending():
                agent = seating[put.seat]
                desk = known[id(agent)] if id(agent) in known else desks.of(agent)
                if desk is None:
                    (result,), latency_s = guard.ask(agent, (put,))
                    if not self._hand_in(session, put, result, latency_s):
                        return False
                    here = True
                elif desks.put(desk, session, put):
                    busy[id(desk)] = desk
            if not here:
                break
            moved = True
        return moved

    # Ends

    def _hand_in(self, session: Session, put: Question, result: guard.Result, latency_s: float) -> bool:
        """Give a session its reply, or suspend its game. Returns whether the game goes on."""
        if not isinstance(result, Unavailable):
            session.take(put, result, latency_s)
            return True
        result.agent = session.spec.seating[put.seat].name
        if self.on_suspended is None:
            raise result
        self._leave(session)
        self.desks.drop(session)
        try:
            self.on_suspended(session.spec, session, result)
        finally:
            session.forget()
        return False

    def _finish(self, session: Session) -> None:
        self._leave(session)
        try:
            self.on_game(session.spec, session.game)
        finally:
            session.forget()

    def _leave(self, session: Session) -> None:
        del self.running[session.spec.id]
        self.exact.discard(session.spec.id)
        session.on_turn = None


def _by_rounds(session: Session) -> bool:
    return any(map(exact, session.spec.seating.values()))
