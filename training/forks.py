"""Decisions answered again: the same moment of a finished game, and another course of it from there.

A game's chance is a function of keys, so a moment of a recorded game can be stood in again, exactly: the state, what
every seat was shown and said, token by token. From there on something is different:

``reply``     the seat draws another reply to the same prompt; everything else that is drawn later, by the world, by
              others and by the seat itself, is drawn from the numbers it was drawn from in the finished game;
``anew``      everything is drawn from other numbers, the seat's reply too: a playout from that moment;
``fallback``  the arena's fallback takes the seat's turn, the rest as under ``reply``.

Hidden information is no obstacle. What a seat does not know was drawn before it decides, from the distribution that
the seat's knowledge leaves open, so the moment of a recorded game is a fair draw from it, and replies that are
compared with each other there are compared in a situation that the seat could not tell from others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from lanista.agents import guard
from lanista.agents.contract import Agent, Exchange, Question
from lanista.agents.lm.tokens import TokenTurn
from lanista.arenas.core import chance
from lanista.arenas.core.contract import Arena, Seat
from lanista.arenas.core.episode import Episode
from lanista.arenas.core.referee import Game
from lanista.errors import Unavailable
from lanista.play.runner import GameSpec, play
from lanista.play.session import Session, before
from lanista.training.config import TrainConfig
from lanista.training.rollout import Learner, Opponent, plan, seated
from lanista.training.trajectories import Trajectory, payments

Kind = Literal["reply", "anew", "fallback"]


@dataclass(frozen=True, slots=True, eq=False)
class Fork:
    """Another course of a trajectory's game, from just before one of its seat's decisions."""

    trajectory: Trajectory
    decision: int
    """From 0."""
    number: int
    """Forks of a moment are told apart by it: another number, other draws."""
    kind: Kind = "reply"


@dataclass(frozen=True, slots=True)
class Forked:
    """What came of forks, in their order, and what it cost."""

    trajectories: Sequence[Trajectory]
    """The seat's part in each game, whole: up to the decision it is that of the game that was forked. A fork whose
    reply was the same, token by token, as the game's own or as an earlier fork's is not played: it is that one."""
    played: int
    tokens: int
    """Sampled by the policies, after the moments of the forks."""


def play_forks(
    config: TrainConfig,
    arena: Arena,
    game_config: Any,
    forks: Sequence[Fork],
    learner: Learner,
    opponent: Opponent,
) -> Forked:
    """Play forks to their ends, with the policies and opponents as they are. Raises Unavailable; LanistaError where a
    record does not replay."""
    if not forks:
        return Forked([], 0, 0)
    sessions = _sessions(config, arena, game_config, forks, learner, opponent)
    mine = {id(one): _tokens(one, learner_seats(fork.trajectory)) for one, fork in zip(sessions, forks, strict=True)}
    _reply(config, forks, sessions)
    first: dict[tuple[Any, ...], Session | None] = {}
    for fork in forks:
        if fork.kind == "reply":
            first[_reply_of(fork, fork.trajectory.episode)] = None  # as the game itself went on
    same: list[Session | None] = []
    for fork, session in zip(forks, sessions, strict=True):
        if fork.kind != "reply":
            same.append(session)
            continue
        key = _place(fork, session.said(fork.trajectory.seat)[_asked(fork)])
        same.append(first.setdefault(key, session))
    alive = list({id(one): one for one in same if one is not None}.values())
    over: dict[str, Episode] = {}

    def keep(spec: GameSpec, game: Game) -> None:
        over[spec.id] = game.episode()

    play(alive, max_concurrent_games=config.game.max_concurrent_games, on_game=keep)
    found = [
        fork.trajectory if one is None else _went(config, fork.trajectory, over[one.spec.id])
        for fork, one in zip(forks, same, strict=True)
    ]
    seats = {id(one): learner_seats(fork.trajectory) for one, fork in zip(sessions, forks, strict=True)}
    replies = sum(_tokens(one, seats[id(one)]) - mine[id(one)] for one in sessions)
    return Forked(found, len(alive), replies)


def learner_seats(trajectory: Trajectory) -> tuple[Seat, ...]:
    """The seats that policies in training hold in its game: its team's; everybody's where nobody else plays."""
    teams = trajectory.episode.teams
    return tuple(teams[trajectory.team] if trajectory.opponent != "self" else trajectory.episode.roles)


def _sessions(
    config: TrainConfig,
    arena: Arena,
    game_config: Any,
    forks: Sequence[Fork],
    learner: Learner,
    opponent: Opponent,
) -> list[Session]:
    """Where each fork begins; the record of a game is played once for all of its forks."""
    by: dict[tuple[int, int], list[int]] = {}
    for place, fork in enumerate(forks):
        by.setdefault(fork.trajectory.game, []).append(place)
    found: dict[int, Session] = {}
    for (number, sibling), places in by.items():
        scenario = plan(config, arena, game_config, number)
        spec = seated(config, arena, game_config, scenario, sibling, learner, opponent)
        wanted = {(forks[place].trajectory.seat, forks[place].decision) for place in places}
        moments = before(
            forks[places[0]].trajectory.episode,
            spec,
            lambda seat, n, wanted=wanted: (seat, n) in wanted,  # type: ignore[misc]
        )
        for place in places:
            fork = forks[place]
            moment = moments[fork.trajectory.seat, fork.decision]
            name = f"{moment.spec.id}~{fork.kind}{fork.number}"
            if fork.kind == "anew":
                seed = chance.key("anew", config.run.seed, name)
                found[place] = moment.fork("fresh", fork.number, id=name, agent_seed=seed)
            else:
                found[place] = moment.fork(id=name)
    return [found[place] for place in range(len(forks))]


def _reply(config: TrainConfig, forks: Sequence[Fork], sessions: Sequence[Session]) -> None:
    """The replies that are other ones: each is drawn alone, and handed to its game."""
    calls: dict[int, tuple[Agent, list[tuple[Session, Question]]]] = {}
    for fork, session in zip(forks, sessions, strict=True):
        seat = fork.trajectory.seat
        if fork.kind == "reply":
            put = session.draw(seat, chance.key("reply", config.run.seed, session.spec.id))
            agent = session.spec.seating[seat]
            calls.setdefault(id(agent), (agent, []))[1].append((session, put))
        elif fork.kind == "fallback":
            put = next(put for put in session.pending() if put.seat == seat)
            session.take(put, (_fallback(session, seat), {}))
    for agent, asked in calls.values():
        size = config.game.max_concurrent_games if agent.batched else 1
        for start in range(0, len(asked), size):
            some = asked[start : start + size]
            results, latency_s = guard.ask(agent, [put for _, put in some])
            for (session, put), result in zip(some, results, strict=True):
                if isinstance(result, Unavailable):
                    raise result
                session.take(put, result, latency_s)


def _fallback(session: Session, seat: Seat) -> str:
    """What the arena would play for the seat, as if the seat had said it: a forfeit would be told, and charged."""
    game = session.game
    ask = game.ask(seat)
    assert ask is not None
    return game.arena.words.write(ask, game.arena.rules.fallback(game.state, seat))


def _asked(fork: Fork) -> int:
    """How often the seat had replied before, refused replies included."""
    return fork.decision + sum(_attempts(fork.trajectory)[: fork.decision])


def _attempts(trajectory: Trajectory) -> list[int]:
    turns = (turn for step in trajectory.episode.steps for turn in step.turns if turn.seat == trajectory.seat)
    return [len(turn.attempts) for turn in turns]


def _place(fork: Fork, said: Exchange) -> tuple[Any, ...]:
    """What has the same future as this reply: the same words out of the same tokens, at the same moment."""
    return (
        *(*fork.trajectory.game, fork.trajectory.seat, fork.decision, said.reply),
        *(tuple(turn.ids) for turn in TokenTurn.all_from_meta(said.meta)),
    )


def _reply_of(fork: Fork, episode: Episode) -> tuple[Any, ...]:
    """The same of the first reply to that question in the game that is forked."""
    turns = [turn for step in episode.steps for turn in step.turns if turn.seat == fork.trajectory.seat]
    turn = turns[fork.decision]
    retries = turn.meta.get("retries", ())
    if turn.attempts:
        reply, meta = turn.attempts[0][0], dict(retries[0]) if len(retries) == len(turn.attempts) else {}
    else:
        reply, meta = turn.reply, dict(turn.meta)
    meta.pop("retries", None)
    return _place(fork, Exchange("", reply, meta))


def _tokens(session: Session, seats: Sequence[Seat]) -> int:
    """Tokens that these seats' agents sampled so far."""
    return sum(
        len(turn.ids)
        for seat in seats
        for exchange in session.said(seat)
        for turn in TokenTurn.all_from_meta({**exchange.meta, "retries": ()})
    )


def _went(config: TrainConfig, trajectory: Trajectory, episode: Episode) -> Trajectory:
    credit = config.credit
    paid = payments(
        episode,
        trajectory.seat,
        team_weight=credit.team_weight,
        individual_weight=credit.individual_weight,
        unit=credit.reward_unit,
    )
    return replace(trajectory, episode=episode, payments=tuple(paid))
