"""A game with its seats as something to answer: pending questions in, answers out, nothing else.

Whoever plays a game plays it through a session: the runner, the Gymnasium view, a person, a server. Nobody needs to
know how the others do it.

Questions that are put together are sealed from each other, and their answers may come in any order. They are handed
to the game once all of them are there, in one fixed order (every seat's first reply in the order of the rules, then
every second one), so that a game is the same however fast its players are. A seat whose reply is refused is asked again
at once, without waiting for the others.
"""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from lanista.agents import guard
from lanista.agents.contract import Agent, Answer, Exchange, Question
from lanista.arenas.core.contract import Arena, Event, Forfeit, Outcome, Seat
from lanista.arenas.core.episode import Episode
from lanista.arenas.core.referee import Game, replay
from lanista.errors import LanistaError, UsageError
from lanista.play.specs import GameSpec, check_seats, seat_seed

_log = logging.getLogger(__name__)
_forks = itertools.count(1)

FORMAT = 1
"""The version of what ``Session.to_json`` writes."""


_Reply = tuple["str | Forfeit", Mapping[str, Any]]
"""A reply that was taken, with everything that is reported of it."""


class Session:
    """A game in progress. See the module's docstring.

    ``on_turn(session, seat)`` is called after each reply was handed to the game, in the order of the record;
    ``session.game.attempts(seat)`` then tells a refused one. Raises UsageError for a seating that cannot be.
    """

    __slots__ = (
        "_drafts",
        "_events",
        "_held",
        "_history",
        "_later",
        "_open",
        "_order",
        "_sealed",
        "game",
        "on_turn",
        "spec",
    )

    def __init__(self, spec: GameSpec, *, on_turn: Callable[[Session, Seat], None] | None = None) -> None:
        game = Game(spec.arena, spec.seed, spec.config, preset=spec.preset, players=spec.players)
        self._start(spec, game, on_turn)

    def _start(self, spec: GameSpec, game: Game, on_turn: Callable[[Session, Seat], None] | None) -> None:
        check_seats(spec, game.seats)
        self.spec, self.game, self.on_turn = spec, game, on_turn
        self._history: dict[Seat, list[Exchange]] = {seat: [] for seat in game.seats}
        self._events: dict[Seat, list[Event]] = {seat: [] for seat in game.seats}
        self._order: tuple[Seat, ...] = ()
        """The seats that are asked now, in the order of the rules."""
        self._open: dict[Seat, Question] = {}
        """What was put to them and is not answered."""
        self._held: dict[Seat, _Reply] = {}
        """What they said first, and the game has not been given."""
        self._later: dict[Seat, list[_Reply]] = {}
        """What those said after that whose reply will be refused."""
        self._drafts: dict[Seat, tuple[Game, int]] = {}
        """Copies of the game that were given this seat's replies alone, and how many of them."""
        self._sealed: set[Seat] = set()
        """Seats whose last reply is known to be accepted."""

    @property
    def over(self) -> bool:
        """Whether the game is over."""
        return self.game.over

    @property
    def outcome(self) -> Outcome | None:
        """None until the game is over."""
        return self.game.outcome

    def events(self, seat: Seat, since: int = 0) -> list[Event]:
        """Every event the seat was in the audience of, in order, without the first ``since`` of them."""
        return self.game.events(seat, since)

    # Questions and answers

    def pending(self) -> list[Question]:
        """The questions that are not answered yet, in the order of the rules; [] when the game is over.

        The same objects until they are answered. Raises LanistaError for rules that ask nobody and do not end.
        """
        if not self._open:
            if self.game.over:
                return []
            self._order = self.game.to_act()
            if not self._order:
                raise LanistaError(
                    f"game {self.spec.id!r} of arena {self.game.arena.name!r} is not over, and no seat owes a reply: "
                    "its rules must name one or give an outcome"
                )
            self._open = {seat: self._question(seat, self.game) for seat in self._order}
            return list(self._open.values())
        if self._held:
            self._look_ahead()
        return [self._open[seat] for seat in self._order if seat in self._open]

    def answer(self, question: Question, answer: Answer | Forfeit) -> None:
        """The answer to a pending question; whether it was accepted shows in what is pending next.

        Raises UsageError for a question of another game, one that was answered already, and one that was never put.
        """
        self.take(question, guard.checked(answer))

    def take(self, question: Question, reply: guard.Reply, latency_s: float | None = None) -> None:
        """As ``answer``, with a reply that was checked, and how long it took."""
        seat = question.seat
        if self._open.get(seat) is not question:
            self._expect(question)
        said, meta = reply
        self._history[seat].append(_exchange(question.text, said, meta))
        if latency_s is not None:
            meta = {**meta, "latency_s": round(latency_s, 6)}
        del self._open[seat]
        if not self._open and not self._held:  # most turns of most games
            self.game.submit(seat, said, meta)
            if self.on_turn is not None:
                self.on_turn(self, seat)
            return
        if seat in self._held:
            self._later.setdefault(seat, []).append((said, meta))
        else:
            self._held[seat] = said, meta
        if not self._open:
            if self._later:
                self._look_ahead()  # rounds are only known when the last replies of all are accepted
                if self._open:
                    return
            self._hand_in()

    def _hand_in(self) -> None:
        """Give the game what is held: every seat's first reply in order, then every second one, and so on.

        All of it, also where a callback raises: then the callback is told nothing more.
        """
        held = self._held
        due = [(seat, held[seat]) for seat in self._order if seat in held] if len(held) > 1 else list(held.items())
        if self._later:
            for n in range(max(map(len, self._later.values()))):
                due += [(s, self._later[s][n]) for s in self._order if n < len(self._later.get(s, ()))]
            self._later = {}
        if self._drafts:
            self._drafts, self._sealed = {}, set()
        self._held = {}
        submit, told = self.game.submit, self.on_turn
        raised: BaseException | None = None
        for seat, (said, meta) in due:
            submit(seat, said, meta)
            if told is not None:
                try:
                    told(self, seat)
                except BaseException as error:
                    raised, told = error, None
        if raised is not None:
            raise raised

    def _expect(self, question: Question) -> None:
        """Raises UsageError unless ``question`` says the same as one that is pending."""
        if question.game != self.spec.id:
            raise UsageError(f"this question is of game {question.game!r}, and this is game {self.spec.id!r}")
        seat = question.seat
        if seat not in self._history:
            raise UsageError(f"game {self.spec.id!r} has no seat {seat!r}")
        turn = len(self._history[seat])
        if seat not in self._open or question.turn != turn:
            state = "was answered already" if question.turn < turn else "is not asked now"
            raise UsageError(
                f"question {question.turn} to {seat!r} in game {self.spec.id!r} {state}; "
                f"{', '.join(self._open) or 'nobody'} owes a reply"
            )

    def _question(self, seat: Seat, game: Game) -> Question:
        events = self._events[seat]
        events += self.game.events(seat, len(events))
        return question(game, seat, self.spec, self._history[seat], events)

    def _look_ahead(self) -> None:
        """Ask those again whose replies will be refused: the game is told later, a copy of it tells now."""
        for seat, first in self._held.items():
            if seat in self._open or seat in self._sealed:
                continue
            replies = [first, *self._later.get(seat, ())]
            draft, given = self._drafts.get(seat) or (self.game.fork(), 0)
            refused = None
            for said, _ in replies[given:]:
                refused = draft.submit(seat, said)
            self._drafts[seat] = draft, len(replies)
            if refused is None:
                self._sealed.add(seat)
            else:
                self._open[seat] = self._question(seat, draft)

    # Copies and records

    def fork(
        self,
        chance: Literal["same", "fresh"] = "same",
        salt: int = 0,
        *,
        id: str | None = None,
        agent_seed: int | None = None,
    ) -> Session:
        """A session that goes on from here on its own, under another ``id``: agents keep their caches under it.

        ``fresh`` draws new chance from here on, another per ``salt``; ``agent_seed`` gives the agents other seeds.
        """
        id = f"{self.spec.id}~{next(_forks)}" if id is None else id
        if id == self.spec.id:
            raise UsageError(f"a fork needs an id of its own, not that of the game it comes from, {id!r}")
        twin = object.__new__(Session)
        spec = replace(self.spec, id=id)
        if agent_seed is not None:
            spec = replace(spec, agent_seed=agent_seed, seat_seeds={})
        twin._start(spec, self.game.fork(chance, salt), None)
        twin._history = {seat: list(exchanges) for seat, exchanges in self._history.items()}
        twin._order = self._order
        twin._open = {seat: replace(put, game=id, seed=seat_seed(twin.spec, seat)) for seat, put in self._open.items()}
        twin._held = dict(self._held)
        twin._later = {seat: list(replies) for seat, replies in self._later.items()}
        return twin

    def draw(self, seat: Seat, seed: int) -> Question:
        """The pending question to ``seat``, to be answered with this seed; its later ones have the seat's own again.

        Raises UsageError where the seat is asked nothing.
        """
        self.pending()
        if seat not in self._open:
            raise UsageError(f"{seat!r} owes no reply now; {', '.join(self._open) or 'nobody'} does")
        self._open[seat] = replace(self._open[seat], seed=seed)
        return self._open[seat]

    def said(self, seat: Seat) -> tuple[Exchange, ...]:
        """What ``seat`` was shown and replied so far, refused replies included."""
        return tuple(self._history[seat])

    def to_json(self) -> str:
        """Everything that is needed to go on elsewhere, what agents reported included, as JSON.

        Replies that the game was not given yet are part of it. What JSON cannot hold of a report is kept as its repr.
        """
        held = {seat: [first, *self._later.get(seat, ())] for seat, first in self._held.items()}
        reports: dict[Seat, list[Mapping[str, Any]]] = {}
        for seat, metas in _metas(self.game).items():
            given = self._history[seat][: len(self._history[seat]) - len(held.get(seat, ()))]
            reports[seat] = [*metas, *map(_reported, given[len(metas) :])]
        return json.dumps(
            {
                "format": FORMAT,
                "id": self.spec.id,
                "agent_seed": self.spec.agent_seed,
                "seat_seeds": dict(self.spec.seat_seeds),
                "game": json.loads(self.game.to_json()),
                "reports": reports,
                "order": self._order if held else (),
                "held": {seat: self._plain(seat, replies) for seat, replies in held.items()},
            },
            sort_keys=True,
            default=_jsonable,
        )

    def _plain(self, seat: Seat, replies: Sequence[_Reply]) -> list[Any]:
        shown = self._history[seat][-len(replies) :]
        return [
            [exchange.text, {"forfeit": said.reason} if isinstance(said, Forfeit) else {"reply": said}, meta]
            for exchange, (said, meta) in zip(shown, replies, strict=True)
        ]

    @classmethod
    def from_json(
        cls,
        text: str,
        arena: Arena,
        seating: Mapping[Seat, Agent],
        *,
        id: str | None = None,
        guests: Mapping[Seat, str] | None = None,
        tags: Mapping[str, Any] | None = None,
        on_turn: Callable[[Session, Seat], None] | None = None,
    ) -> Session:
        """The session that ``to_json`` wrote, with these agents in the seats. The record keeps the names it had.

        Raises LanistaError for another arena, hash or format, and for a text that ``to_json`` did not write.
        """
        kept = _read(text)
        record, reports = kept["game"], kept["reports"]
        found: dict[Seat, list[Exchange]] = {}

        def watch(then: Game, seat: Seat, reply: str | Forfeit) -> Mapping[str, Any]:
            done, metas = found.setdefault(seat, []), reports.get(seat, ())
            meta: Mapping[str, Any] = metas[len(done)] if len(done) < len(metas) else {}
            done.append(_exchange(then.news(seat), reply, _own(meta)))
            return meta

        game = replay(record, arena, watch)
        spec = GameSpec(
            id=kept["id"] if id is None else id,
            arena=arena,
            seed=record["seed"],
            seating=seating,
            config=game.config,
            preset=record["preset"],
            agent_seed=kept["agent_seed"],
            seat_seeds=kept.get("seat_seeds", {}),
            guests=guests or {},
            tags=tags or {},
        )
        session = object.__new__(cls)
        session._start(spec, game, on_turn)
        session._take_up(kept, found)
        return session

    def _take_up(self, kept: Mapping[str, Any], found: Mapping[Seat, list[Exchange]]) -> None:
        for seat, exchanges in found.items():
            self._history[seat] += exchanges
        for seat, replies in kept["held"].items():
            for text, plain, meta in replies:
                said = Forfeit(plain["forfeit"]) if "forfeit" in plain else plain["reply"]
                self._history[seat].append(_exchange(text, said, _own(meta)))
                if seat in self._held:
                    self._later.setdefault(seat, []).append((said, meta))
                else:
                    self._held[seat] = said, meta
        if self._held:
            self._order = tuple(kept["order"])
            owed = [seat for seat in self.game.to_act() if seat not in self._held]
            self._open = {seat: self._question(seat, self.game) for seat in owed}
            self._look_ahead()

    def forget(self) -> None:
        """Tell every agent in it that the game is over. What one of them raises here is only logged."""
        for agent in {id(agent): agent for agent in self.spec.seating.values()}.values():
            try:
                agent.forget(self.spec.id)
            except Exception as error:
                _log.warning("agent %s could not forget game %s: %r", agent.name, self.spec.id, error)


def question(
    game: Game, seat: Seat, spec: GameSpec, history: Sequence[Exchange], events: Sequence[Event] | None = None
) -> Question:
    """What ``seat``, which owes a reply, is asked now. ``events`` may be passed by a caller that keeps them."""
    ask = game.ask(seat)
    if ask is None:
        raise UsageError(f"{seat!r} owes no reply now; {', '.join(game.to_act()) or 'nobody'} does")
    return Question(
        game=spec.id,
        seat=seat,
        seed=seat_seed(spec, seat),
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
    metas = _metas(game)
    found: dict[Seat, list[Exchange]] = {seat: [] for seat in game.seats}

    def watch(then: Game, seat: Seat, reply: str | Forfeit) -> None:
        done = found[seat]
        meta = metas[seat][len(done)] if len(done) < len(metas[seat]) else {}
        done.append(_exchange(then.news(seat), reply, _own(meta)))

    replay(json.loads(game.to_json()), game.arena, watch)
    return found


def before(episode: Episode, spec: GameSpec, wanted: Callable[[Seat, int], bool]) -> dict[tuple[Seat, int], Session]:
    """Sessions that stand where a recorded game stood just before decisions of it, by (seat, decision).

    ``spec`` is how it was played; ``wanted(seat, n)`` says which decisions, of each seat from 0. What agents reported
    is in the sessions too. Nobody is asked and no effect is run. Raises LanistaError where the record does not replay.
    """
    metas = _metas(episode)
    history: dict[Seat, list[Exchange]] = {seat: [] for seat in episode.roles}
    found: dict[tuple[Seat, int], Session] = {}

    def watch(game: Game, seat: Seat, reply: str | Forfeit) -> Mapping[str, Any]:
        place = seat, game.decisions[seat]
        if not game.attempts(seat) and wanted(*place):
            twin = object.__new__(Session)
            twin._start(replace(spec, id=f"{spec.id}:{seat}.{place[1]}"), game.fork(), None)
            twin._history = {seat: list(done) for seat, done in history.items()}
            found[place] = twin
        done, metas_here = history[seat], metas[seat]
        meta = metas_here[len(done)] if len(done) < len(metas_here) else {}
        done.append(_exchange(game.news(seat), reply, _own(meta)))
        return meta

    replay(episode.to_dict(meta=False), spec.arena, watch)
    return found


def _own(meta: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the agent itself reported."""
    return {key: value for key, value in meta.items() if key not in ("retries", "latency_s")}


def _exchange(text: str, reply: str | Forfeit, meta: Mapping[str, Any]) -> Exchange:
    if isinstance(reply, Forfeit):
        return Exchange(text, "", {**meta, "forfeit": reply.reason})
    return Exchange(text, reply, meta)


def _reported(exchange: Exchange) -> Mapping[str, Any]:
    """What was reported with an exchange: the reason of a forfeit was not."""
    return {key: value for key, value in exchange.meta.items() if key != "forfeit" or exchange.reply}


def _metas(game: Game | Episode) -> dict[Seat, list[Mapping[str, Any]]]:
    """What the turns of completed steps hold of each reply of each seat, refused ones included."""
    seats = game.seats if isinstance(game, Game) else game.roles
    found: dict[Seat, list[Mapping[str, Any]]] = {seat: [] for seat in seats}
    for step in game.steps:
        for turn in step.turns:
            refused = turn.meta.get("retries", ())
            if len(refused) != len(turn.attempts):
                refused = [{}] * len(turn.attempts)
            own = {key: value for key, value in turn.meta.items() if key != "retries"}
            found[turn.seat] += [*refused, own]
    return found


def _jsonable(value: Any) -> Any:
    """An agent may report anything: mappings and arrays as JSON has them, other things by their repr."""
    if isinstance(value, Mapping):
        return dict(value)
    return value.tolist() if hasattr(value, "tolist") else repr(value)


def _read(text: str) -> dict[str, Any]:
    try:
        kept = json.loads(text)
    except ValueError as error:
        raise LanistaError(f"this is no session that to_json wrote: {error}") from error
    needed = {"format", "id", "agent_seed", "game", "reports", "order", "held"}
    if not isinstance(kept, dict) or not needed <= kept.keys():
        raise LanistaError(f"this is no session that to_json wrote: it lacks one of {', '.join(sorted(needed))}")
    if kept["format"] != FORMAT:
        raise LanistaError(f"this session has format {kept['format']!r}; this version reads format {FORMAT}")
    return kept
