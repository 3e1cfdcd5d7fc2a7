"""Environments that are not ours: any PettingZoo AEC environment that speaks text becomes an arena, not rewritten.

Write an ``Adapter`` (a few lines: how the environment is made, its text, its legal replies) and ``wrap`` it. What comes
out is an ``Arena`` like every other: it is played, forked, recorded, replayed, ranked and trained on.

How it works. A state holds its seed, its moves so far, and what the environment showed after them. One live environment
is stepped along with the newest state; when an older state is asked to go on (a fork, a replay), a fresh one is made,
reset and given the same moves. So forks and records are as good as the environment is deterministic under its seed: one
that shows anything else when it is played again is refused with a LanistaError that says so. Global chance (``random``
and ``numpy.random``), which many environments draw from, is set aside for each live environment and put back after
every call: two games never disturb each other, nor anything else.

What it cannot do: say what another state that looks the same to a seat would be. Unless the adapter overrides
``alike``, the law ``privacy`` does not apply, and what a seat sees of hidden things is the environment's own business.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.metadata import version as installed
from typing import Any

import numpy as np

from lanista.arenas import chance
from lanista.arenas.contract import (
    FORFEIT,
    ILLEGAL,
    Arena,
    Ask,
    Event,
    Illegal,
    Outcome,
    Seat,
    Step,
    Term,
)
from lanista.arenas.speech import tame, without_thoughts
from lanista.errors import LanistaError, UsageError

LISTED = 40
"""Legal replies that the wording of an ask spells out."""


@dataclass(frozen=True, kw_only=True)
class NoConfig:
    """An environment without settings."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the environment shows after its moves so far."""

    seat: Seat | None
    """Who must act; None: the game is over."""
    text: str
    """The acting seat's observation as it stands, before what it saw already is taken off."""
    replies: tuple[str, ...]
    complete: bool
    returns: tuple[float, ...]
    """What each seat was paid so far, in the order of the seats."""


@dataclass(frozen=True, slots=True)
class Past:
    """A linked list of what was done: the seat and its reply, or the key that chance was drawn from since."""

    before: Past | None
    seat: Seat | None
    reply: str
    key: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """See the module's docstring."""

    key: int
    seed: int
    config: Any
    seats: tuple[Seat, ...]
    roles: tuple[str, ...]
    teams: Mapping[str, tuple[Seat, ...]]
    past: Past | None
    decisions: int
    seen: Seen
    news: str
    """What is new to the acting seat."""
    shown: Mapping[Seat, str]
    """Each seat's last whole observation, where the environment repeats itself."""
    refused: Seat | None = None
    """The seat whose last reply the environment could not take, so that the fallback was played for it."""
    live: list[_Live] = field(default_factory=list, compare=False, repr=False)
    """The environment that stands here, until somebody takes it along."""

    def __deepcopy__(self, memo: dict[int, Any]) -> State:
        return self  # nothing in it changes but ``live``, and environments are not to be copied: many lose their state


class Adapter:
    """How one AEC environment is read: the rules of its arena. Subclass it and override what differs.

    The methods may use the environment as they like, but must not change it.
    """

    returns: tuple[float, float] = (-1.0, 1.0)
    """The lowest and the highest return of a seat: scores in [0, 1] and the price of an illegal reply come from it."""
    turns: int = 200
    """Decisions after which a game is ended as it stands, where the environment has not ended it itself."""
    whole_history: bool = False
    """Whether the environment sends everything again every time. Then only what is new reaches the seat."""
    open_moves: bool = False
    """Whether every move is told to everybody. If not, a seat knows of moves what its observations say."""
    package: str | None = None
    """The installed package the environment comes from: its version becomes part of the arena's."""

    def make(self, config: Any) -> Any:
        """A fresh environment (AEC; a parallel one through ``pettingzoo.utils.parallel_to_aec``)."""
        raise NotImplementedError

    def text(self, env: Any, seat: Seat) -> str:
        """What the seat is shown now; called once per decision. By default the observation, or its ``text``."""
        seen = env.observe(seat)
        if isinstance(seen, Mapping):
            seen = seen.get("text", seen.get("observation"))
        if not isinstance(seen, str):
            raise LanistaError(f"the observation of {seat} is a {type(seen).__name__}: make text of it in text()")
        return seen

    def replies(self, env: Any, seat: Seat) -> tuple[Sequence[str], bool]:
        """Replies that are legal now, and whether there are no others. By default ``infos[seat]["legal"]``."""
        legal = env.infos[seat].get("legal")
        if not legal:
            raise LanistaError(
                f"the environment lists no legal replies for {seat}: list them, or samples, in replies()"
            )
        return legal, bool(env.infos[seat].get("legal_complete", True))

    def action(self, env: Any, seat: Seat, reply: str) -> Any:
        """The environment's own action for an accepted reply. What this or the step raises refuses the reply."""
        return reply

    def brief(self, seat: Seat, config: Any) -> str:
        """What the seat is told before anything else, such as the rules; "" for nothing."""
        return ""

    def wording(self, replies: Sequence[str], complete: bool) -> str:
        """How the seat is asked."""
        listed = ", ".join(replies[:LISTED]) + (", …" if len(replies) > LISTED else "")
        return f"Reply with one of: {listed}." if complete else f"Your reply? Such as: {listed}."

    def role_of(self, env: Any, seat: Seat) -> str:
        """The seat's role in this game: policies and ratings are kept by it. Asked once, after the reset."""
        return "player"

    def teams_of(self, env: Any) -> Mapping[str, tuple[Seat, ...]]:
        """Who plays together, by a name that is no seat's; every seat for itself by default. Asked once."""
        return {f"side_{i}": (seat,) for i, seat in enumerate(env.possible_agents)}

    def reseed(self, env: Any, key: int) -> None:
        """Draw chance from ``key`` from here on (a fork with fresh chance). Global chance is seeded already.

        By default a generator ``np_random`` of the environment is replaced. One that keeps its chance elsewhere must
        override this, or its fresh forks repeat the old one's luck.
        """
        if hasattr(env.unwrapped, "np_random"):
            env.unwrapped.np_random = np.random.default_rng(key)

    def alike(
        self, state: State, moves: Mapping[Seat, Any], seat: Seat, rng: random.Random
    ) -> tuple[State, Mapping[Seat, Any]] | None:
        """See ``lanista.arenas.contract.Alike``. None: nothing can be said of a foreign environment."""
        return None

    # The rules of the arena, made out of the above

    def deal(self, seed: int, config: Any) -> State:
        live = _Live(self, config, seed)
        with live:
            seats = tuple(live.env.possible_agents)
            roles = tuple(str(self.role_of(live.env, seat)) for seat in seats)
            teams = {team: tuple(members) for team, members in self.teams_of(live.env).items()}
            seen = live.look(self, seats)
        _check_teams(seats, teams)
        news, shown = self._news(seen, {}, 0)
        key = chance.key("foreign", type(self).__name__, seed)
        return State(key, seed, config, seats, roles, teams, None, 0, seen, news, shown, None, [live])

    def opening(self, state: State) -> list[Event]:
        told = [(seat, self.brief(seat, state.config)) for seat in state.seats]
        return [Event("brief", {"text": text}, (seat,)) for seat, text in told if text] + _told(state)

    def seats(self, config: Any) -> tuple[Seat, ...]:
        return _seats(self, config)

    def owes(self, state: State) -> tuple[Seat, ...]:
        return () if self._over(state) or state.seen.seat is None else (state.seen.seat,)

    def ask(self, state: State, seat: Seat) -> Ask:
        seen = state.seen
        return Ask(seat, "move", seen.replies, seen.complete, (("wording", self.wording(seen.replies, seen.complete)),))

    def fallback(self, state: State, seat: Seat) -> str:
        replies = state.seen.replies
        return replies[chance.draw(state.key, "fallback", state.decisions, len(replies))]

    def play(self, state: State, moves: Mapping[Seat, Any]) -> Step:
        ((seat, reply),) = moves.items()
        live = self._here(state)
        refused = None
        try:
            live.take(self, seat, reply)
        except Exception as error:
            # Nothing a seat says may stop a game. The environment may be half-way into the step, so a fresh one is
            # brought here; a listed reply that it cannot take is the adapter's fault, or its own.
            live.close()
            if reply in state.seen.replies:
                raise LanistaError(
                    f"the environment could not take {seat}'s listed reply {reply!r} ({type(error).__name__}: "
                    f"{error}): see to replies() and action() of its adapter"
                ) from error
            live, refused, reply = self._again(state), seat, self.fallback(state, seat)
            live.take(self, seat, reply)
        with live:
            seen = live.look(self, state.seats)
        decisions = state.decisions + 1
        news, shown = self._news(seen, state.shown, decisions)
        past = Past(state.past, seat, reply)
        after = replace(
            state, past=past, decisions=decisions, seen=seen, news=news, shown=shown, refused=refused, live=[live]
        )
        events = [Event("move", {"seat": seat, "reply": reply}, None if self.open_moves else ())]
        if self._over(after):
            live.close()
            after.live.clear()
            paid = dict(zip(state.seats, seen.returns, strict=True))
            return Step(after, [*events, Event("end", {"returns": paid})])
        return Step(after, events + _told(after))

    def outcome(self, state: State) -> Outcome | None:
        if not self._over(state):
            return None
        low, high = self.returns
        scores = {}
        for team, members in state.teams.items():
            paid = [state.seen.returns[state.seats.index(seat)] for seat in members]
            if not low - 1e-6 <= min(paid) <= max(paid) <= high + 1e-6:
                raise LanistaError(
                    f"the environment paid {team} {paid}, outside its adapter's returns = {self.returns}"
                )
            scores[team] = min(1.0, max(0.0, (sum(paid) / len(paid) - low) / (high - low)))
        best = [team for team, score in scores.items() if score == max(scores.values())]
        won = len(best) == 1 and (len(scores) > 1 or scores[best[0]] > 0.5)
        return Outcome(best[0] if won else None, scores, {"cut_short": state.seen.seat is not None})

    def role(self, state: State, seat: Seat) -> str:
        return state.roles[state.seats.index(seat)]

    def phase(self, state: State) -> str:
        return f"move {state.decisions + 1}"

    def teams(self, state: State) -> Mapping[str, tuple[Seat, ...]]:
        return state.teams

    def rekey(self, state: State, key: int) -> State:
        return replace(state, key=key, past=Past(state.past, None, "", key), live=[])

    # Inside

    def _over(self, state: State) -> bool:
        return state.seen.seat is None or state.decisions >= self.turns

    def _news(self, seen: Seen, shown: Mapping[Seat, str], decision: int) -> tuple[str, Mapping[Seat, str]]:
        """What the acting seat has not seen yet, and what every seat has seen."""
        if not self.whole_history or seen.seat is None:
            return seen.text, shown
        before = shown.get(seen.seat, "")
        if not seen.text.startswith(before):
            raise LanistaError(
                f"what {seen.seat} is shown at decision {decision} does not begin with what it was shown before: "
                "the adapter says whole_history = True, and this environment does not send its whole history"
            )
        return seen.text[len(before) :].strip("\n"), {**shown, seen.seat: seen.text}

    def _here(self, state: State) -> _Live:
        """An environment that stands at this state, for the caller to take along."""
        try:
            return state.live.pop()
        except IndexError:
            return self._again(state)

    def _again(self, state: State) -> _Live:
        """A fresh environment brought to this state by the same moves. Raises LanistaError where it shows another."""
        live = _Live(self, state.config, state.seed)
        for past in _forward(state.past):
            if past.seat is None:
                live.reseed(self, past.key)
            else:
                live.take(self, past.seat, past.reply)
        with live:
            seen = live.look(self, state.seats)
        if seen != state.seen:
            raise LanistaError(
                f"the environment of {type(self).__name__} is not deterministic: reset with seed {state.seed} and "
                f"given the same {state.decisions} moves again, it shows something else. Its games can be played, "
                "but not forked, resumed or replayed; let it draw chance from its seed, random or numpy.random alone"
            )
        return live


class _Live:
    """One environment with its own global chance, which is in place inside ``with`` and put away after it."""

    __slots__ = ("_outside", "_own", "env", "paid")

    def __init__(self, adapter: Adapter, config: Any, seed: int) -> None:
        number = seed % 2**31
        self._outside: Any = None
        self._own = random.Random(number).getstate(), np.random.RandomState(number).get_state()
        with self:
            self.env = adapter.make(config)
            self.env.reset(seed=number)
        self.paid: dict[Seat, float] = dict.fromkeys(self.env.possible_agents, 0.0)

    def __enter__(self) -> None:
        self._outside = random.getstate(), np.random.get_state()
        random.setstate(self._own[0])
        np.random.set_state(self._own[1])

    def __exit__(self, *_: object) -> None:
        self._own = random.getstate(), np.random.get_state()
        random.setstate(self._outside[0])
        np.random.set_state(self._outside[1])

    def take(self, adapter: Adapter, seat: Seat, reply: str) -> None:
        """One reply; then the seats whose game is over are stepped out of it, as PettingZoo wants."""
        with self:
            env = self.env
            if not env.agents or env.agent_selection != seat:
                raise LanistaError(
                    f"the environment of {type(adapter).__name__} is not deterministic: played again, it asks another "
                    f"seat than {seat}"
                )
            env.step(adapter.action(env, seat, reply))
            for name, amount in env.rewards.items():
                self.paid[name] += float(amount)
            while env.agents and (env.terminations[env.agent_selection] or env.truncations[env.agent_selection]):
                env.step(None)

    def look(self, adapter: Adapter, seats: Sequence[Seat]) -> Seen:
        """What is shown now; inside ``with``."""
        env, returns = self.env, tuple(round(self.paid[seat], 9) for seat in seats)
        if not env.agents:
            return Seen(None, "", (), True, returns)
        seat = env.agent_selection
        replies, complete = adapter.replies(env, seat)
        listed = tuple(dict.fromkeys(replies))
        if not listed:
            raise LanistaError(f"replies() of {type(adapter).__name__} lists nothing for {seat}: list samples at least")
        return Seen(seat, adapter.text(env, seat), listed, complete, returns)

    def reseed(self, adapter: Adapter, key: int) -> None:
        with self:
            random.seed(key)
            np.random.seed(key % 2**32)
            adapter.reseed(self.env, key)

    def close(self) -> None:
        with self:
            self.env.close()


class ForeignWords:
    """The environment's own text, and replies as it takes them."""

    def show(self, event: Event) -> str:
        data = event.data
        if event.kind == "move":
            return f"{data['seat']}: {data['reply']}"
        if event.kind == "end":
            return f"The game is over: {', '.join(f'{seat} {paid:+g}' for seat, paid in data['returns'].items())}."
        return str(data["text"])

    def ask(self, ask: Ask) -> str:
        return str(dict(ask.data)["wording"])

    def read(self, ask: Ask, reply: str) -> str | Illegal:
        """A listed reply, whatever its case; where others are possible, the reply made safe (see ``safe``)."""
        said = without_thoughts(reply).strip()
        if said in ask.choices:
            return said
        bare = said.strip("`'\". \n").casefold()
        for choice in ask.choices:
            if choice.casefold() == bare:
                return str(choice)
        if ask.complete:
            return Illegal("that is not one of the legal replies; reply with one of them and nothing else")
        return safe(said, ask.choices) or Illegal("your reply is empty; say something")

    def write(self, ask: Ask, move: str) -> str:
        return move


def safe(said: str, choices: Sequence[str]) -> str:
    """Free text as the environment gets it: tamed (see ``speech.tame``), the listed replies in it left in their form.

    ``[3]`` goes through where ``[3]`` is listed; ``[INST]`` becomes ``(INST)``, which no tokenizer takes for structure.
    """
    text = tame(said)
    for choice in choices:
        plain = tame(choice)
        if plain != choice:
            text = text.replace(plain, choice)
    return text


class ForeignRewards:
    """What the environment pays, as it pays it."""

    def terms(
        self, before: State, moves: Mapping[Seat, Any], after: State, events: Any, fallbacks: frozenset[Seat]
    ) -> list[Term]:
        paid = zip(before.seats, before.seen.returns, after.seen.returns, strict=True)
        terms = [Term("reward", seat, new - old) for seat, old, new in paid if new != old]
        return terms if after.refused is None else [*terms, Term("refused", after.refused, 1.0)]


def wrap(
    adapter: Adapter, *, name: str, version: str = "1", summary: str, config: type = NoConfig, **more: Any
) -> Arena:
    """The arena of an environment that is not ours. ``more`` goes to ``Arena`` (``baseline``, ``retries``, …).

    Its hash covers the adapter's file (its whole folder in a package), and the version of the adapter's ``package``.
    """
    low, high = adapter.returns
    if not low < high or adapter.turns < 1:
        raise UsageError(
            f"{name}: returns are (lowest, highest) and turns is at least 1, not {adapter.returns}, {adapter.turns}"
        )
    try:
        inspect.getfile(type(adapter))
    except (TypeError, OSError):
        raise UsageError(
            f"{name}: write {type(adapter).__name__} in a file: the arena's hash covers its source"
        ) from None
    penalty = -1.5 * (high - low)  # more than the worst legal reply can cost after the luckiest fallback
    return Arena(
        name=name,
        version=version if adapter.package is None else f"{version}+{adapter.package}-{installed(adapter.package)}",
        summary=summary,
        rules=adapter,
        words=ForeignWords(),
        rewards=ForeignRewards(),
        config=config,
        presets={"default": {"reward": 1.0, "refused": penalty, ILLEGAL: penalty, FORFEIT: penalty}},
        team_terms=frozenset(),
        turns_bound=lambda _: adapter.turns,
        alike=adapter.alike,
        **more,
    )


@lru_cache(maxsize=256)
def _seats(adapter: Adapter, config: Any) -> tuple[Seat, ...]:
    return tuple(adapter.make(config).possible_agents)


def _told(state: State) -> list[Event]:
    if state.seen.seat is None or not state.news:
        return []
    return [Event("news", {"text": state.news}, (state.seen.seat,))]


def _forward(past: Past | None) -> list[Past]:
    found: list[Past] = []
    while past is not None:
        found.append(past)
        past = past.before
    return found[::-1]


def _check_teams(seats: Sequence[Seat], teams: Mapping[str, tuple[Seat, ...]]) -> None:
    seated = sorted(seat for members in teams.values() for seat in members)
    if seated != sorted(seats):
        raise LanistaError(
            f"teams_of() must put every seat ({', '.join(seats)}) in exactly one team, not {dict(teams)}"
        )
    shared = [team for team in teams if team in seats]
    if shared:
        raise LanistaError(f"teams_of() names the team {shared[0]!r} like a seat; give it a name of its own")
