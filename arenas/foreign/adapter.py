"""How one environment is read, and the rules of the arena that come of it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from lanista.arenas.core import chance
from lanista.arenas.core.contract import Ask, Event, Outcome, Seat, Step
from lanista.arenas.foreign.live import Live, NotTaken
from lanista.arenas.foreign.state import Past, Seen, State
from lanista.errors import LanistaError

LISTED = 40
"""Legal replies that the wording of an ask spells out."""


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
    global_chance: bool = True
    """Whether the environment may draw from ``random`` or ``numpy.random``; False saves 0.1 ms a step."""
    package: str | None = None
    """The installed package the environment comes from: its version becomes part of the arena's."""

    def make(self, config: Any) -> Any:
        """A fresh environment (AEC; a parallel one through ``pettingzoo.utils.parallel_to_aec``)."""
        raise LanistaError(
            f"the adapter {type(self).__name__} does not say how its environment is made: define make(config)"
        )

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

    def counterfactual(
        self, state: State, moves: Mapping[Seat, Any], seat: Seat, rng: random.Random
    ) -> tuple[State, Mapping[Seat, Any]] | None:
        """See ``lanista.arenas.core.contract.Counterfactual``. None: nothing can be said of a foreign environment."""
        return None

    # The rules of the arena, made out of the above

    def deal(self, seed: int, config: Any) -> State:
        live = Live(self, config, seed)
        with live:
            seats, seen = live.seats, live.seen
            roles = tuple(str(self.role_of(live.env, seat)) for seat in seats)
            teams = {team: tuple(members) for team, members in self.teams_of(live.env).items()}
        _check_teams(seats, teams)
        news, shown = self._news(seen, {}, 0)
        key = chance.key("foreign", type(self).__name__, seed)
        return State(key, seed, config, seats, roles, teams, None, 0, seen, news, shown, None, [live])

    def opening(self, state: State) -> list[Event]:
        told = [(seat, self.brief(seat, state.config)) for seat in state.seats]
        return [Event("brief", {"text": text}, (seat,)) for seat, text in told if text] + _told(state)

    def seats(self, config: Any) -> tuple[Seat, ...]:
        return _seats(self, config)

    def to_act(self, state: State) -> tuple[Seat, ...]:
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
            seen = live.play(self, seat, reply)
        except NotTaken as error:
            # Nothing a seat says may stop a game. The environment may be half-way into the step, so a fresh one is
            # brought here; a listed reply that it cannot take is the adapter's fault, or its own.
            with suppress(Exception):
                live.close()
            if reply in state.seen.replies:
                raise LanistaError(
                    f"the environment could not take {seat}'s listed reply {reply!r} ({error}): see to replies() and "
                    "action() of its adapter"
                ) from error
            live, refused, reply = self._again(state), seat, self.fallback(state, seat)
            seen = live.play(self, seat, reply)
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

    def _here(self, state: State) -> Live:
        """An environment that stands at this state, for the caller to take along."""
        try:
            return state.live.pop()
        except IndexError:
            return self._again(state)

    def _again(self, state: State) -> Live:
        """A fresh environment brought to this state by the same moves. Raises LanistaError where it shows another."""
        live = Live(self, state.config, state.seed)
        seen: Seen | None = live.seen
        for past in _forward(state.past):
            if past.seat is None:
                live.reseed(self, past.key)
            elif past.seat == live.seen.seat and (past.reply in live.seen.replies or not live.seen.complete):
                seen = live.play(self, past.seat, past.reply)
            else:
                seen = None
                break
        if seen != state.seen:
            raise LanistaError(
                f"the environment of {type(self).__name__} is not deterministic: reset with seed {state.seed} and "
                f"given the same {state.decisions} moves again, it shows something else. Its games can be played, "
                "but not forked, resumed or replayed; let it draw chance from its seed, random or numpy.random alone"
            )
        return live


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
