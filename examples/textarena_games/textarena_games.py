"""TextArena's games as arenas: played, ranked and trained on, without a line of them rewritten.

    pip install ./examples/textarena_games
    lanista play secret_mafia --view above
    lanista tournament secret_mafia --agents random --out runs/mafia

``TextArena`` is the small part that is PettingZoo: any game of TextArena as an AEC environment of text. The adapters
below it say what Lanista cannot guess: which replies are legal, who plays together, how long a game may last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import textarena
from pettingzoo import AECEnv

from lanista.arenas import foreign
from lanista.arenas.core.spaces import AnyText
from lanista.errors import UsageError

SPEECHES = ("I have nothing to say.", "I am a villager.", "Let us think before we vote.")
"""Samples of what can be said where everything can."""


class TextArena(AECEnv):  # type: ignore[misc]  # PettingZoo ships no types
    """One game of TextArena. An object of TextArena keeps the old game's history over ``reset``: each gets its own."""

    agent_selection: str

    def __init__(self, game: str, players: int, **options: Any) -> None:
        self.game, self.players, self.options = game, players, options
        self.metadata = {"name": game, "render_modes": []}
        self.possible_agents = [f"player_{i}" for i in range(players)]
        self.observation_spaces = {agent: AnyText() for agent in self.possible_agents}
        self.action_spaces = {agent: AnyText() for agent in self.possible_agents}
        self.render_mode = None

    def observation_space(self, agent: str) -> AnyText:
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> AnyText:
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        self.table = textarena.make(self.game, **self.options)
        self.table.reset(num_players=self.players, seed=seed)
        self.agents = list(self.possible_agents)
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self.infos: dict[str, dict[str, Any]] = {agent: {} for agent in self.agents}
        self.texts = dict.fromkeys(self.agents, "")
        self._turn()

    def observe(self, agent: str) -> str:
        return self.texts[agent]

    def step(self, action: str | None) -> None:
        agent = self.agent_selection
        if self.terminations[agent]:
            self._was_dead_step(action)
            return
        over, _ = self.table.step(action)
        self._cumulative_rewards[agent] = 0.0
        self._clear_rewards()
        if over:
            paid, _ = self.table.close()
            self.rewards = {f"player_{i}": float(paid[i]) for i in range(self.players)}
            self.terminations = dict.fromkeys(self.agents, True)
            self.agent_selection = self.agents[0]
        else:
            self._turn()
        self._accumulate_rewards()

    def close(self) -> None:
        """Nothing is held open."""

    def _turn(self) -> None:
        number, text = self.table.get_observation()  # once a turn: reading takes the messages away
        self.agent_selection = f"player_{number}"
        self.texts[self.agent_selection] = text


class TextArenaAdapter(foreign.Adapter):
    """What holds for every game of TextArena: it sends all it ever said, and lists options in square brackets."""

    package = "textarena"
    whole_history = True

    def replies(self, env: Any, seat: str) -> tuple[list[str], bool]:
        """The options of the game's last message; where it gave none, anything can be said."""
        told = [line for line in env.observe(seat).split("\n[") if line.startswith("GAME]")]
        options = re.findall(r"\[[\w ]+\]", told[-1].rpartition(":")[2]) if told else []
        return (options, True) if options else (list(SPEECHES), False)

    def wording(self, replies: Any, complete: bool) -> str:
        return f"Reply with one of: {', '.join(replies)}." if complete else "What do you say to everybody?"


@dataclass(frozen=True, kw_only=True)
class MafiaConfig:
    """A table of Secret Mafia."""

    players: int = 7
    """How many play: 6 to 15."""
    discussion_rounds: int = 1
    """How often everybody speaks before a vote: 1 to 5."""

    def __post_init__(self) -> None:
        if not 6 <= self.players <= 15:
            raise UsageError(f"players is 6 to 15, not {self.players}")
        if not 1 <= self.discussion_rounds <= 5:
            raise UsageError(f"discussion_rounds is 1 to 5, not {self.discussion_rounds}")


class SecretMafia(TextArenaAdapter):
    """Mafia against village."""

    turns = 1500  # 15 players, 5 rounds of talk, one of them out each day

    def make(self, config: MafiaConfig) -> TextArena:
        return TextArena("SecretMafia-v0", config.players, discussion_rounds=config.discussion_rounds)

    def role_of(self, env: TextArena, seat: str) -> str:
        role: str = env.table.state.game_info[int(seat.removeprefix("player_"))]["role"]
        return role.lower()

    def teams_of(self, env: TextArena) -> Mapping[str, tuple[str, ...]]:
        mafia = tuple(seat for seat in env.possible_agents if self.role_of(env, seat) == "mafia")
        return {"mafia": mafia, "village": tuple(seat for seat in env.possible_agents if seat not in mafia)}


class Kuhn(TextArenaAdapter):
    """Three rounds of Kuhn poker; who has more chips then has won."""

    turns = 9  # three decisions a round at most

    def make(self, config: foreign.NoConfig) -> TextArena:
        return TextArena("KuhnPoker-v0", 2)


secret_mafia = foreign.wrap(
    SecretMafia(), name="secret_mafia", summary="TextArena's Secret Mafia, as it is", config=MafiaConfig
)
kuhn = foreign.wrap(Kuhn(), name="textarena_kuhn", summary="TextArena's Kuhn poker over three rounds, as it is")
