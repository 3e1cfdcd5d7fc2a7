"""One seat of any arena as a Gymnasium environment; agents of your choice sit in the other seats.

| | |
|---|---|
| observation | ``Dict({"text": AnyText})``: what is new to the seat since its last accepted action, then the ask |
| action | ``AnyText``: a reply in words |
| reward | everything paid to the seat since its last action; what came before its first one is in its first reward |
| terminated | the game is over |
| info | ``role``, ``phase``, ``rewards`` (the reward by term); ``legal``, ``legal_complete`` while it owes a reply |

A reply that is no legal move comes back with the reason and reward 0; after the arena's retries its fallback is played.
A blank reply is a forfeit, as it is in the runner. A game that ends before the seat was asked anything has one step,
whose action is ignored.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
from gymnasium import spaces

from lanista import arenas
from lanista.agents import guard, registry
from lanista.agents.contract import Agent, Answer, Question
from lanista.agents.guard import close
from lanista.arenas import Arena, Outcome
from lanista.arenas.core.contract import Seat
from lanista.arenas.core.referee import Game
from lanista.arenas.core.spaces import AnyText
from lanista.arenas.core.views import RENDER_MODES
from lanista.errors import Unavailable, UsageError, suggest
from lanista.play.desks import ask
from lanista.play.session import Session
from lanista.play.specs import GameSpec

Others = str | Agent | Mapping[Seat, "str | Agent"] | None

_games = itertools.count()


class SeatEnv(gymnasium.Env[dict[str, Any], str]):
    """A game of ``arena`` as ``seat`` sees it. The seed alone decides all chance, the other agents' included.

    ``arena`` is a name or an Arena. ``seat``: the first one of the arena unless given. ``others``: who sits in the
    other seats, an agent's spec (``"random"``) or an Agent for all of them, or one per seat in a mapping; seats that
    are left out go to the arena's baseline. Agents made from specs are closed with the environment, agents that were
    given are their owner's. The rest is the arena's config. Raises UsageError for what does not exist or cannot be.
    """

    metadata: dict[str, Any] = {"render_modes": list(RENDER_MODES), "render_fps": 1}  # noqa: RUF012  # Gymnasium's own

    def __init__(
        self,
        arena: str | Arena | tuple[str, ...],
        *,
        seat: Seat | None = None,
        others: Others = None,
        preset: str = "default",
        render_mode: str | None = None,
        **config: Any,
    ) -> None:
        if isinstance(arena, tuple):
            raise UsageError(f"the arenas {' and '.join(arena)} share this id: make SeatEnv(arena=NAME) of one of them")
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise UsageError(
                f"unknown render_mode {render_mode!r}{suggest(render_mode, RENDER_MODES)} "
                f"(there is: {', '.join(RENDER_MODES)})"
            )
        self.arena = arenas.get(arena) if isinstance(arena, str) else arena
        self.arena.weights(preset)
        self.preset = preset
        self.config = self.arena.configure(**config)
        self.render_mode = render_mode
        seats = self.arena.rules.seats(self.config)
        self.seat = seats[0] if seat is None else _known(seat, seats, self.arena)
        self._made: dict[str, Agent] = {}
        self._seating = self._seat(others, seats)
        self.observation_space = spaces.Dict({"text": AnyText()})
        self.action_space = AnyText()
        self._session: Session | None = None
        self._open = False
        """Whether the agents hold anything for a game."""
        self._done = True
        self._rendered = self._booked = 0
        self._due = 0.0
        self._terms: dict[str, dict[str, float]] = {}

    # Gymnasium's own

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """A new game, played on until the seat must decide. Without a seed the next one of this environment is drawn.

        ``reset(seed=n)`` deals the same game as the arena's PettingZoo views do. ``options`` are ignored.
        """
        super().reset(seed=seed)
        self._leave()
        game_seed = int(self.np_random.integers(2**62)) if seed is None else int(seed)
        spec = GameSpec(
            id=f"gymnasium {next(_games)}",
            arena=self.arena,
            seed=game_seed,
            seating=self._seating,
            guests={self.seat: "gymnasium"},
            config=self.config,
            preset=self.preset,
        )
        self._session = Session(spec, on_turn=self._book)
        self._open, self._done = True, False
        self._rendered = self._booked = 0
        self._clear()
        self._play_on()
        info = self._info()
        info["rewards"] = {"individual": {}, "team": {}}  # what was paid already belongs to the first step
        self._tell()
        return {"text": self.game.text(self.seat)}, info

    def step(self, action: str) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """The seat's reply, and what the others do until it must decide again.

        Raises UsageError for no string. Where another seat's agent is Unavailable that comes out of here, and nothing
        has happened: the same step may be tried again.
        """
        if not isinstance(action, str):
            raise UsageError(f"{self.seat} owes a reply, and a reply is a string, not {type(action).__name__}")
        game = self.game
        if self._done:
            raise UsageError("the game is over: call reset() for a new one")
        if not game.over:
            self._play_on(action)
        self._done = game.over
        reward, info = self._due, self._info()
        self._clear()
        self._tell()
        if self._done:
            self._leave()
        return {"text": game.text(self.seat)}, reward, self._done, False, info

    def render(self) -> str | None:
        """``ansi``: what happened since the last call, seen from above, roles included. ``human`` prints as it goes."""
        if self.render_mode is None:
            gymnasium.logger.warn('render() shows nothing without a render_mode; give make render_mode="ansi"')
            return None
        text = "\n".join(self.game.log()[self._rendered :])
        self._rendered = len(self.game.log())
        if self.render_mode == "ansi":
            return text
        if text:
            print(text)
        return None

    def close(self) -> None:
        """Leave the game, and close the agents that were made here."""
        self._leave()
        while self._made:
            close(self._made.popitem()[1])

    # More than Gymnasium asks for

    @property
    def game(self) -> Game:
        """The game as the referee keeps it, secrets included. Raises UsageError before the first reset."""
        if self._session is None:
            raise UsageError("there is no game yet: call reset() first")
        return self._session.game

    @property
    def outcome(self) -> Outcome | None:
        """None until the game is over."""
        return None if self._session is None else self._session.outcome

    # Inside

    def _seat(self, others: Others, seats: Sequence[Seat]) -> dict[Seat, Agent]:
        by_seat: Mapping[Seat, str | Agent] = others if isinstance(others, Mapping) else {}
        rest = self.arena.baseline if others is None or isinstance(others, Mapping) else others
        for seat in by_seat:
            if _known(seat, seats, self.arena) == self.seat:
                raise UsageError(f"{seat} is the seat you play: leave it out of others, or choose another seat")
        return {s: self._agent(by_seat.get(s, rest), s) for s in seats if s != self.seat}

    def _agent(self, who: str | Agent, seat: Seat) -> Agent:
        if isinstance(who, str):
            if who not in self._made:
                self._made[who] = registry.make(who, arena=self.arena.name)
            return self._made[who]
        if not callable(getattr(who, "answer", None)):
            raise UsageError(f"{seat} needs an agent's spec, such as 'random', or an Agent, not {who!r}")
        return who

    def _play_on(self, action: str | None = None) -> None:
        """Until the seat owes a reply (again) or the game is over: whatever is owed together is asked for together."""
        session = self._session
        assert session is not None
        while not session.over:
            pending = session.pending()
            mine = next((put for put in pending if put.seat == self.seat), None)
            if mine is not None and action is None:
                return
            taken: list[tuple[Question, guard.Reply, float]] = []
            for _, put, result, latency_s in ask([(session, put) for put in pending if put is not mine]):
                if isinstance(result, Unavailable):
                    raise result
                taken.append((put, result, latency_s))
            for put, reply, latency_s in taken:  # in any order: the record has one of its own
                session.take(put, reply, latency_s)
            if mine is not None and action is not None:
                session.answer(mine, Answer(action))
                action = None

    def _book(self, session: Session, seat: Seat) -> None:
        game = session.game
        if len(game.steps) == self._booked:
            return
        self._booked = len(game.steps)
        self._due += game.step_payments().get(self.seat, 0.0)
        for side, terms in game.step_rewards(self.seat).items():
            for name, amount in terms.items():
                self._terms[side][name] = self._terms[side].get(name, 0.0) + amount

    def _clear(self) -> None:
        self._due = 0.0
        self._terms = {"individual": {}, "team": {}}

    def _info(self) -> dict[str, Any]:
        info = self.game.info(self.seat)
        info["rewards"] = {side: dict(terms) for side, terms in self._terms.items()}
        return info

    def _tell(self) -> None:
        if self.render_mode == "human":
            self.render()

    def _leave(self) -> None:
        """Tell the agents that the game is over, once."""
        if self._session is not None and self._open:
            self._session.forget()
        self._open = False


def _known(seat: Seat, seats: Sequence[Seat], arena: Arena) -> Seat:
    if seat not in seats:
        raise UsageError(
            f"arena {arena.name!r} has no seat {seat!r}{suggest(str(seat), seats)} (it has: {', '.join(seats)})"
        )
    return seat
