"""The laws every arena keeps, as functions that raise AssertionError. ``check(arena)`` runs them all.

Use them in a test file of your own: ``conformance.check(arena)``, or one law at a time, parametrised over ``LAWS``.
"""

from __future__ import annotations

import copy
import math
import random
import string
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from pettingzoo.test import api_test, parallel_api_test, seed_test

from lanista.arenas.core import chance
from lanista.arenas.core.contract import FORFEIT, ILLEGAL, WORLD, Arena, Forfeit, Seat
from lanista.arenas.core.hidden import NASTY, charges, privacy, seeds
from lanista.arenas.core.referee import SUBSTITUTE, Game, replay
from lanista.arenas.core.shotgun import shotgun
from lanista.arenas.core.views import AECView, ParallelView
from lanista.arenas.core.word_laws import limits, quoted, refusals, slips, wrappings
from lanista.errors import LanistaError

__all__ = [
    "LAWS",
    "NASTY",
    "any_reply",
    "charges",
    "check",
    "copies",
    "damaged_replies",
    "determinism",
    "ends",
    "ledger",
    "legal_replies",
    "limits",
    "penalties",
    "pettingzoo",
    "privacy",
    "quoted",
    "records",
    "refusals",
    "roles",
    "shotgun",
    "slips",
    "substitutes",
    "wrappings",
]


def check(arena: Arena, games: int = 5, seed: int = 0, **config: Any) -> None:
    """Every law over ``games`` games from ``seed``. Raises AssertionError naming the first that does not hold."""
    for law in LAWS.values():
        law(arena, games, seed, **config)


def pettingzoo(arena: Arena, games: int = 5, seed: int = 0, **config: Any) -> None:
    """PettingZoo's own tests pass for both views."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        env = AECView(arena, **config)
        api_test(env, num_cycles=200)
        seed_test(lambda: AECView(arena, **config), num_cycles=100)
        parallel_api_test(ParallelView(arena, **config), num_cycles=100)


def determinism(arena: Arena, games: int = 5, seed: int = 0, **config: Any) -> None:
    """Same seed and replies give the same canonical episode, interleaved and under a disturbed global chance."""
    for number in seeds(games, seed):
        alone, first, second = (Game(arena, number, arena.configure(**config)) for _ in range(3))
        _play(alone, random.Random(number))
        rngs = random.Random(number), random.Random(number)
        turn = 0
        while not (first.over and second.over):
            for game, rng in zip((first, second), rngs, strict=True):
                turn += 1
                random.seed(turn)
                np.random.seed(turn)
                if not game.over:
                    _decide(game, rng)
        canonical = {game.episode().canonical() for game in (alone, first, second)}
        assert len(canonical) == 1, f"seed {number}: the same replies gave different games when two were interleaved"


def copies(arena: Arena, games: int = 5, seed: int = 0, **config: Any) -> None:
    """A fork and a JSON round trip continue identically; a fresh fork replays; the original is left untouched."""
    for number in seeds(games, seed):
        rng = random.Random(number)
        game = Game(arena, number, arena.configure(**config))
        for _ in range(rng.randrange(1, 30)):
            if not game.over:
                _decide(game, rng)
        before = game.episode().canonical()
        twins = [game.fork(), Game.from_json(game.to_json(), arena), copy.deepcopy(game)]
        fresh = game.fork("fresh", salt=1)
        after = [_play(twin, random.Random(number + 1)).episode().canonical() for twin in twins]
        assert len(set(after)) == 1, f"seed {number}: a copy of the game went on differently"
        assert game.episode().canonical() == before, f"seed {number}: playing a fork changed the original"
        _play(fresh, random.Random(number + 2))
        again = replay(fresh.episode().to_dict(), arena)
        assert again.episode().canonical() == fresh.episode().canonical(), f"seed {number}: a fork does not replay"


def any_reply(arena: Arena, games: int = 5, seed: int = 0, **config: Any) -> None:
    """Any string as a reply, any number of times: nothing raises, the game ends, the ledger adds up."""
    for number in seeds(games, seed):
        rng = random.Random(number)
        game = Game(arena, number, arena.configure(**config))
        bound = arena.turns_bound(game.config)
        while not game.over:
            seat = game.to_act()[0]
            kind = rng.random()
            if kind < 0.4:
                game.submit(seat, rng.choice(NASTY))
            elif kind < 0.7:
                game.submit(seat, "".join(rng.choice(string.printable) for _ in range(rng.randrange(60))))
            elif kind < 0.8:
                game.submit(seat, Forfeit("tested"))
            else:
                game.submit(seat, rng.choice(NASTY) + rng.choice(game.legal(seat)))
            assert sum(game.decisions.values()) <= bound, f"seed {number}: over the stated bound of {bound} decisions"
        _ledger(game)
        assert replay(game.episode().to_dict(), arena).episode().canonical() == game.episode().canonical()


def damaged_replies(arena: Arena, games: int = 5, seed: int = 0, **config: Any) -> None:
    """Some seats leave out a piece of every reply, which may make a move of its own (a faulty call): the game ends."""
    for number in seeds(games, seed):
        rng = random.Random(number)
        game = Game(arena, number, arena.configure(**config))
        bound = arena.turns_bound(game.config)
        clumsy = {seat for seat in game.seats if rng.random() < 0.5}
        while not game.over:
            seat = game.to_act()[0]
            reply = rng.choice(game.legal(seat))
            game.submit(seat, _damaged(reply, rng) if seat in clumsy else reply)
            assert sum(game.decisions.values()) <= bound, f"seed {number}: over the stated bound of {bound} decisions"
        _ledger(game)


def legal_replies(arena: Arena, games: int = 5, seed: int = 0, **config: Any) -> None:
    """Listed replies are distinct, read back to the listed moves, and are never refused; texts repeat themselves."""
    for number in seeds(games, seed):
        rng = random.Random(number)
        game = Game(arena, number, arena.configure(**config))
        while not game.over:
            for seat in game.to_act():
                ask = game.ask(seat)
                assert ask is not None
                assert ask.seat == seat
                legal = game.legal(seat)
                assert legal, f"seed {number}: {seat} is asked ({ask.kind}) and has no legal reply"
                assert len(set(legal)) == len(legal), f"seed {number}: two legal replies of {seat} are the same text"
                for move, reply in zip(ask.choices, legal, strict=True):
                    read = arena.words.read(ask, reply)
                    assert read == move, f"the listed reply {reply!r} reads as {read!r}, not as {move!r}"
                assert game.text(seat) == game.text(seat)
                text = game.text(seat)
                assert text.endswith(arena.words.ask(ask)), "a text ends with what is asked"
            _decide(game, rng)


def ledger(arena: Arena, games: int = 5, seed: int = 0, **config: Any) -> None:
    """Terms times weights are the rewards; team terms are equal across a team; views pay what the ledger says."""
    for number in seeds(games, seed):
        rng = random.Random(number)
        env = AECView(arena, **config)
        env.reset(seed=number)
        got = dict.fromkeys(env.possible_agents, 0.0)
        for seat in env.agent_iter():
            _, reward, over, _, info = env.last()
            got[seat] += reward
            named = [amount for side in info["rewards"].values() for amount in side.values()]
            # PettingZoo clears `rewards` while finished seats are taken away; the infos keep what was paid last.
            taking_away = len(env.agents) < len(env.possible_agents)
            adds_up = math.isclose(sum(named), env.rewards[seat], abs_tol=1e-9)
            assert adds_up or taking_away, "infos' rewards do not add up"
            env.step(None if over else rng.choice(info["legal"]))
        assert env.game is not None
        _ledger(env.game)
        for seat, total in got.items():
            assert math.isclose(total, env.game.returns[seat], abs_tol=1e-6), f"{seat} was paid {total}, not its return"


def penalties(arena: Arena, games: int = 5, seed: int = 0, **config: Any) -> None:
    """Saying nothing readable costs a seat more, at that step, than its worst legal choice would have."""
    for number in seeds(games, seed):
        rng = random.Random(number)
        game = Game(arena, number, arena.configure(**config))
        while not game.over:
            seat = rng.choice(game.to_act())
            rest = {s: rng.choice(game.legal(s)) for s in game.to_act() if s != seat}
            paid = {}
            for reply in (*game.legal(seat), Forfeit("tested"), None):
                twin = game.fork()
                if reply is None:
                    while twin.submit(seat, "") is not None:
                        pass
                else:
                    twin.submit(seat, reply)
                for other, said in rest.items():
                    twin.submit(other, said)
                own = twin.step_rewards(seat)["individual"]
                paid[reply if isinstance(reply, str) else repr(reply)] = sum(own.values())
            legal = [paid[reply] for reply in game.legal(seat)]
            for bad in (repr(Forfeit("tested")), "None"):
                assert paid[bad] < min(legal), (
                    f"seed {number}, {game.phase}: {seat} earns {paid[bad]} for no legal reply and {min(legal)} for "
                    "its worst legal one"
                )
            _decide(game, rng)


def ends(arena: Arena, games: int = 5, seed: int = 0, **config: Any) -> None:
    """Random legal play ends within the arena's stated bound, with scores in [0, 1] for every team."""
    for number in seeds(games, seed):
        game = Game(arena, number, arena.configure(**config))
        bound = arena.turns_bound(game.config)
        rng = random.Random(number)
        while not game.over:
            _decide(game, rng)
            assert sum(game.decisions.values()) <= bound, f"seed {number}: over the stated bound of {bound} decisions"
        assert game.outcome is not None
        assert set(game.outcome.scores) == set(game.teams)
        unknown = sorted(set(arena.metrics) - set(game.outcome.facts))
        assert not unknown, f"seed {number}: the outcome has no fact {', '.join(unknown)}, which metrics names"
        assert all(0 <= score <= 1 for score in game.outcome.scores.values())
        assert game.to_act() == ()


def records(arena: Arena, games: int = 5, seed: int = 0, **config: Any) -> None:
    """A finished episode replays to the same canonical bytes under the same hash; another hash is refused."""
    for number in seeds(games, seed):
        game = _play(Game(arena, number, arena.configure(**config)), random.Random(number))
        record = game.episode().to_dict()
        assert replay(record, arena).episode().canonical() == game.episode().canonical()
        try:
            replay({**record, "hash": "0" * 16}, arena)
        except LanistaError:
            continue
        raise AssertionError("a record under another hash was replayed")


def roles(arena: Arena, games: int = 5, seed: int = 0, **config: Any) -> None:
    """The roles of every deal are among those ``arena.roles`` names for their team, and each that it names is dealt.

    A policy is kept for each of them: one that is not named has none, one that is never dealt is trained in vain.
    """
    settings = arena.configure(**config)
    named = {team: set(found) for team, found in arena.roles(settings).items()}
    met: dict[str, set[str]] = {team: set() for team in named}
    for number in range(max(256, games)):
        state = arena.rules.deal(chance.key("roles", seed, number), settings)
        for team, seats in arena.rules.teams(state).items():
            for seat in seats:
                role = arena.rules.role(state, seat)
                where = f"arena {arena.name!r}, config {settings}"
                assert role in named.get(team, ()), (
                    f"{where}: {seat} of team {team!r} is {role!r}, not in arena.roles()"
                )
                met[team].add(role)
        if met == named and number >= 32:
            return
    left = {team: sorted(named[team] - met[team]) for team in named if named[team] - met[team]}
    assert not left, f"arena {arena.name!r}, config {settings}: arena.roles() names {left}, which no deal had"


def substitutes(arena: Arena, games: int = 5, seed: int = 0, **config: Any) -> None:
    """A seat whose turn the referee took is told so, with the move, in its next text; nobody else is told by that."""
    settings = arena.configure(**config)
    for number in seeds(games, seed):
        rng = random.Random(number)
        game = Game(arena, number, settings)
        told: dict[Seat, str] = {}
        while not game.over:
            seat = rng.choice(game.to_act())
            text = game.text(seat)
            if seat in told:
                assert text.startswith(told[seat]), f"{seat} was not told of the turn that was taken for it: {text!r}"
            assert text.count(SUBSTITUTE) == (seat in told), f"{seat} was told of another's turn: {text!r}"
            told.pop(seat, None)
            if rng.random() < 0.3:
                game.submit(seat, Forfeit("no reply"))
                told[seat] = f"Your turn was forfeited (no reply), so {SUBSTITUTE}: "
                assert game.history(seat).count(f"> ({SUBSTITUTE}) "), "the history shows it as the seat's own"
            else:
                game.submit(seat, rng.choice(game.legal(seat)))


LAWS: Mapping[str, Callable[..., Any]] = {
    "pettingzoo": pettingzoo,
    "determinism": determinism,
    "copies": copies,
    "privacy": privacy,
    "any_reply": any_reply,
    "damaged_replies": damaged_replies,
    "legal_replies": legal_replies,
    "limits": limits,
    "wrappings": wrappings,
    "slips": slips,
    "refusals": refusals,
    "quoted": quoted,
    "ledger": ledger,
    "penalties": penalties,
    "ends": ends,
    "records": records,
    "roles": roles,
    "substitutes": substitutes,
    "charges": charges,
    "shotgun": shotgun,
}
"""Every law by name, each ``law(arena, games, seed, **config)``."""


def _damaged(reply: str, rng: random.Random) -> str:
    """The reply with a piece missing."""
    begin = rng.randrange(len(reply) + 1)
    return reply[:begin] + reply[begin + rng.randrange(1, 8) :]


def _decide(game: Game, rng: random.Random) -> None:
    seat = game.to_act()[0]
    game.submit(seat, rng.choice(game.legal(seat)))


def _play(game: Game, rng: random.Random) -> Game:
    while not game.over:
        _decide(game, rng)
    return game


def _ledger(game: Game) -> None:
    totals = dict.fromkeys(game.seats, 0.0)
    team_totals: dict[Seat, float] = dict.fromkeys(game.seats, 0.0)
    for step in game.steps:
        for name, to, amount in step.terms:
            assert name in game.weights, f"the term {name!r} has no weight"
            paid = amount * game.weights[name]
            if to in game.teams:
                assert name in game.arena.team_terms, f"the term {name!r} was paid to a team but is not a team term"
                for seat in game.teams[to]:
                    totals[seat] += paid
                    team_totals[seat] += paid
            else:
                assert to in totals, f"the term {name!r} was paid to {to!r}, who does not play"
                assert name not in game.arena.team_terms, f"the team term {name!r} was paid to one seat"
                totals[to] += paid
    for seat in game.seats:
        assert math.isclose(totals[seat], game.returns[seat], abs_tol=1e-6), f"{seat}'s ledger does not add up"
    for seats in game.teams.values():
        assert len({round(team_totals[seat], 9) for seat in seats}) <= 1, "team terms differ within a team"
    assert {ILLEGAL, FORFEIT} <= set(game.weights), "the preset has no weight for an illegal reply or a forfeit"
    assert WORLD not in game.seats
