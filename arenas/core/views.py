"""PettingZoo's two views of a game: ``AECView`` (one seat after the other) and ``ParallelView`` (all at once).

| | |
|---|---|
| observation | ``Dict({"text": AnyText})``: what was addressed to the seat since its last action, then the ask |
| action | ``AnyText``: a reply in words; None from a seat whose game is over |
| rewards | the weighted sum of the terms the last step booked for the seat and its team |
| infos | ``role``, ``phase``, ``rewards``; for a seat that owes a reply ``legal`` and ``legal_complete``; what the
arena makes public of its state besides (``Arena.public``) |

Seats stay in ``agents`` until the game ends. The views are their own order-enforcing: PettingZoo's stock wrappers cost
several times what a step does.
"""

from __future__ import annotations

from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium.utils import seeding
from pettingzoo import AECEnv, ParallelEnv

from lanista.arenas.core import registry
from lanista.arenas.core.contract import Arena, Forfeit, Outcome, Seat
from lanista.arenas.core.referee import Game
from lanista.arenas.core.spaces import AnyText
from lanista.errors import UsageError, suggest

Chance = Literal["same", "fresh"]
_NO_GAME = "there is no game yet: call reset() first"
_GAME_OVER = "the game is over: call reset() for a new one"
RENDER_MODES = ("ansi", "human")


def make(name: str, *, preset: str = "default", render_mode: str | None = None, **config: Any) -> AECView:
    """An AEC environment of the arena ``name``. Raises UsageError for unknown names and impossible configs."""
    return AECView(registry.get(name), preset=preset, render_mode=render_mode, **config)


def make_parallel(name: str, *, preset: str = "default", render_mode: str | None = None, **config: Any) -> ParallelView:
    """A parallel environment of the arena ``name``. Raises UsageError for unknown names and impossible configs."""
    return ParallelView(registry.get(name), preset=preset, render_mode=render_mode, **config)


class _View:
    """What both views share: spaces, seeding, the game underneath, copies."""

    game: Game | None
    agents: list[Seat]

    def __init__(self, arena: Arena, *, preset: str = "default", render_mode: str | None = None, **config: Any) -> None:
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise UsageError(
                f"unknown render_mode {render_mode!r}{suggest(render_mode, RENDER_MODES)} "
                f"(there is: {', '.join(RENDER_MODES)})"
            )
        arena.weights(preset)
        self.arena = arena
        self.preset = preset
        self.config = arena.configure(**config)
        self.render_mode = render_mode
        self.metadata = {"name": f"{arena.name}_v{arena.version}", "render_modes": list(RENDER_MODES)}
        self._seat_all()
        self.agents = []
        self.game = None
        self._seeds: np.random.Generator | None = None
        self._rendered = 0

    def _seat_all(self) -> None:
        """Seats and spaces of the present config."""
        self.possible_agents = list(self.arena.rules.seats(self.config))
        self.observation_spaces = {s: gymnasium.spaces.Dict({"text": AnyText()}) for s in self.possible_agents}
        self.action_spaces = {s: AnyText() for s in self.possible_agents}

    def _adopted(self, text: str) -> Game:
        """The game of a record; the environment is that game's from now on, as if it had been made for it."""
        game = Game.from_json(text, self.arena)
        if (game.config, game.preset) != (self.config, self.preset):
            self.config, self.preset = game.config, game.preset
            self._seat_all()
        return game

    def observation_space(self, agent: Seat) -> gymnasium.spaces.Space[Any]:
        return self.observation_spaces[agent]

    def action_space(self, agent: Seat) -> gymnasium.spaces.Space[Any]:
        return self.action_spaces[agent]

    @property
    def outcome(self) -> Outcome | None:
        """None until the game is over."""
        return None if self.game is None else self.game.outcome

    def history(self, seat: Seat) -> str:
        """Everything the seat was ever shown in this game, with its own accepted actions."""
        return self._playing().history(self._seat(seat))

    def to_json(self) -> str:
        """The game so far; ``from_json`` of an environment of the same arena continues it."""
        return self._playing().to_json()

    def render(self) -> str | None:
        """What happened since the last call, seen from above, roles included."""
        game = self._playing()
        text = "\n".join(game.log()[self._rendered :])
        self._rendered = len(game.log())
        if self.render_mode == "human":
            print(text)
            return None
        return text

    def close(self) -> None:
        """Nothing is held open."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self._twin(None if self.game is None else self.game.fork())

    def _new_game(self, seed: int | None) -> Game:
        if seed is not None:
            self._seeds, _ = seeding.np_random(seed)
        else:
            if self._seeds is None:
                self._seeds, _ = seeding.np_random(None)
            seed = int(self._seeds.integers(2**62))
        self._rendered = 0
        return Game(self.arena, int(seed), self.config, preset=self.preset)

    def _seat(self, seat: Seat) -> Seat:
        if seat not in self.observation_spaces:
            seats = self.possible_agents
            raise UsageError(
                f"{self.arena.name!r} has no seat {seat!r}{suggest(str(seat), seats)} (it has: {', '.join(seats)})"
            )
        return seat

    def _playing(self) -> Game:
        if self.game is None:
            raise UsageError(_NO_GAME)
        return self.game

    def _info(self, seat: Seat) -> dict[str, Any]:
        game = self.game
        assert game is not None
        info = game.info(seat)
        info["rewards"] = game.step_rewards(seat)
        return info

    def _twin(self, game: Game | None) -> Any:
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin.agents = list(self.agents)
        if self._seeds is not None:
            twin._seeds = np.random.Generator(type(self._seeds.bit_generator)())
            twin._seeds.bit_generator.state = self._seeds.bit_generator.state
        twin.game = game
        return twin


class AECView(_View, AECEnv):  # type: ignore[misc]  # PettingZoo ships no types
    """One seat after the other. Seats that owe sealed decisions come in table order and see nothing of each other."""

    agent_selection: Seat
    rewards: dict[Seat, float]
    terminations: dict[Seat, bool]
    truncations: dict[Seat, bool]
    _cumulative_rewards: dict[Seat, float]
    _paid: bool
    """Whether ``rewards`` holds anything to clear."""

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """A new game. The seed alone decides all chance; without one, the next seed of this environment is drawn."""
        self._begin(self._new_game(seed))

    def observe(self, agent: Seat) -> dict[str, str]:
        """``{"text": …}``: everything addressed to the seat since its last accepted action, then what it is asked."""
        return {"text": self._playing().text(self._seat(agent))}

    def last(self, observe: bool = True) -> tuple[dict[str, str] | None, float, bool, bool, dict[str, Any]]:
        """As PettingZoo's; builds only the selected seat's info."""
        if not self.agents:
            raise UsageError(_NO_GAME if self.game is None else _GAME_OVER)
        agent = self.agent_selection
        over = self.terminations[agent]
        observation = self.observe(agent) if observe else None
        return observation, self._cumulative_rewards[agent], over, False, self._info(agent)

    def step(self, action: str | Forfeit | None) -> None:
        """The selected seat's reply. An illegal one leaves the same seat selected while its retries last."""
        if not self.agents:
            raise UsageError(_NO_GAME if self.game is None else _GAME_OVER)
        agent = self.agent_selection
        if self.terminations[agent]:
            self._was_dead_step(action)
            return
        if not isinstance(action, str | Forfeit):
            raise UsageError(f"{agent} owes a reply, and a reply is a string, not {type(action).__name__}")
        game = self._playing()
        steps = len(game.steps)
        self._cumulative_rewards[agent] = 0.0
        if self._paid:
            self._clear_rewards()
            self._paid = False
        game.submit(agent, action)
        if len(game.steps) > steps:
            self._pay(game)
        owed = game.to_act()
        if owed:
            self.agent_selection = owed[0]
        else:
            self.terminations = dict.fromkeys(self.agents, True)
            self.agent_selection = self.agents[0]

    @property
    def infos(self) -> dict[Seat, dict[str, Any]]:
        """Every present seat's info. ``last`` is cheaper: it builds one."""
        return {} if self.game is None else {agent: self._info(agent) for agent in self.agents}

    def fork(self, chance: Chance = "same", salt: int = 0) -> AECView:
        """An environment that goes on from here on its own; ``fresh`` draws new chance, another per ``salt``."""
        twin: AECView = self._twin(self._playing().fork(chance, salt))
        for name in ("rewards", "_cumulative_rewards", "terminations", "truncations"):
            setattr(twin, name, dict(getattr(self, name)))
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> AECView:
        if self.game is not None:
            return self.fork()
        twin: AECView = self._twin(None)
        return twin

    def from_json(self, text: str) -> None:
        """Continue the game that ``to_json`` wrote; its config and preset become this environment's.

        Raises LanistaError under another arena or hash.
        """
        self._begin(self._adopted(text))

    def _begin(self, game: Game) -> None:
        self.game = game
        self.agents = list(self.possible_agents)
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, game.over)
        self.truncations = dict.fromkeys(self.agents, False)
        self.agent_selection = (game.to_act() or tuple(self.agents))[0]
        self._skip_agent_selection = None
        self._paid = False

    def _pay(self, game: Game) -> None:
        for seat, amount in game.step_payments().items():
            self.rewards[seat] = amount
            self._cumulative_rewards[seat] += amount
            self._paid = True


class ParallelView(_View, ParallelEnv):  # type: ignore[misc]  # PettingZoo ships no types
    """All seats at once. What a seat that owes nothing sends is ignored; an owing seat left out forfeits its turn."""

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[Seat, dict[str, str]], dict[Seat, dict[str, Any]]]:
        """A new game. The seed alone decides all chance; without one, the next seed of this environment is drawn."""
        return self._begin(self._new_game(seed))

    def step(
        self, actions: dict[Seat, str]
    ) -> tuple[
        dict[Seat, dict[str, str]],
        dict[Seat, float],
        dict[Seat, bool],
        dict[Seat, bool],
        dict[Seat, dict[str, Any]],
    ]:
        """Every owing seat's reply. A seat whose reply was refused owes again at the next step."""
        game = self._playing()
        if not self.agents:
            return {}, {}, {}, {}, {}
        steps, agents = len(game.steps), self.agents
        for seat in actions:
            self._seat(seat)
        for seat in game.to_act():
            reply = actions.get(seat, Forfeit("no action was given"))
            game.submit(seat, reply if isinstance(reply, str | Forfeit) else Forfeit("the action was not a string"))
        paid = game.step_payments() if len(game.steps) > steps else {}
        rewards = {seat: paid.get(seat, 0.0) for seat in agents}
        result = (
            {seat: {"text": game.text(seat)} for seat in agents},
            rewards,
            dict.fromkeys(agents, game.over),
            dict.fromkeys(agents, False),
            {seat: self._info(seat) for seat in agents},
        )
        if game.over:
            self.agents = []
        return result

    def fork(self, chance: Chance = "same", salt: int = 0) -> ParallelView:
        """An environment that goes on from here on its own; ``fresh`` draws new chance, another per ``salt``."""
        twin: ParallelView = self._twin(self._playing().fork(chance, salt))
        return twin

    def from_json(self, text: str) -> tuple[dict[Seat, dict[str, str]], dict[Seat, dict[str, Any]]]:
        """Continue the game that ``to_json`` wrote; its config and preset become this environment's.

        Raises LanistaError under another arena or hash.
        """
        return self._begin(self._adopted(text))

    def _begin(self, game: Game) -> tuple[dict[Seat, dict[str, str]], dict[Seat, dict[str, Any]]]:
        self.game = game
        self.agents = [] if game.over else list(self.possible_agents)
        return (
            {seat: {"text": game.text(seat)} for seat in self.possible_agents},
            {seat: self._info(seat) for seat in self.possible_agents},
        )
