"""Episodes as teaching material: what was said in them, and whose words may be imitated.

A demonstration is one seat's whole game as the conversation a language model in that seat would have had. Loss stands
on the seat's own accepted replies and their end tokens, and nowhere else. It is marked by position, never by token id:
some tokenizers end replies with the token they pad with.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from lanista.agents.lm.chat import Chat
from lanista.arenas.core import chance
from lanista.arenas.core.contract import Arena, Seat
from lanista.arenas.core.episode import Episode, Turn
from lanista.arenas.core.referee import Game
from lanista.errors import LanistaError
from lanista.training.trajectories import Trajectory

IGNORED = -100
"""The label of a token without loss."""


class Demonstration(NamedTuple):
    """One seat's game. ``ids`` and ``taught`` have the same length; ``taught`` marks the tokens to imitate."""

    ids: list[int]
    taught: list[bool]

    @property
    def labels(self) -> list[int]:
        """The ids, IGNORED where nothing is taught."""
        return [id_ if own else IGNORED for id_, own in zip(self.ids, self.taught, strict=True)]


def rows(
    episodes: Iterable[Episode], chat: Chat, *, context: int | None = None, players: Collection[str] | None = None
) -> list[Demonstration]:
    """One row per seat and game, in the order of the episodes and of their seats; seats that teach nothing give none.

    Only seats whose player's name is among ``players`` are taught from (None: all). A turn that fell back or was
    forfeited stays in the conversation, as its seat remembers it, but is never taught; a refused reply that was put
    right within the same turn is left out, so that the seat is seen to get it right at once. A game that outgrows
    ``context`` tokens is taught as far as whole turns fit. Raises LanistaError where episodes of different arenas or
    arena hashes are mixed: their wordings differ.
    """
    made: list[Demonstration] = []
    first: Episode | None = None
    for episode in episodes:
        first = first or episode
        if (episode.arena, episode.hash) != (first.arena, first.hash):
            raise LanistaError(
                f"these episodes are of {first.arena!r} under hash {first.hash} and of {episode.arena!r} under hash "
                f"{episode.hash}; teach from one at a time, since their texts differ"
            )
        turns: dict[Seat, list[Turn]] = {}
        for step in episode.steps:
            for turn in step.turns:
                turns.setdefault(turn.seat, []).append(turn)
        for seat, taken in turns.items():
            if players is None or episode.players.get(seat) in players:
                row = _row(taken, chat, context)
                if any(row.taught):
                    made.append(row)
    return made


def of_trajectories(
    trajectories: Iterable[Trajectory], chat: Chat, *, context: int | None = None
) -> list[Demonstration]:
    """As ``rows``, of the seats of the trajectories and no others."""
    found = []
    for one in trajectories:
        turns = [turn for step in one.episode.steps for turn in step.turns if turn.seat == one.seat]
        row = _row(turns, chat, context)
        if any(row.taught):
            found.append(row)
    return found


def texts(episodes: Iterable[Episode]) -> Iterator[str]:
    """Every prompt and every accepted reply of the episodes: what a tokenizer should know by heart."""
    for episode in episodes:
        for step in episode.steps:
            for turn in step.turns:
                yield turn.prompt
                yield turn.reply if turn.by == "seat" else turn.action


def called_words(episodes: Iterable[Episode], *, least: int = 5, most: int = 320) -> list[str]:
    """The words that tool calls are made of: names of tools and arguments, and one-word values in quotes.

    Out of accepted replies of the form ``NAME {json}``, those that stand there ``least`` times or more, the ``most``
    frequent of them; numbers and dates are left to be spelt. [] for an arena whose replies are no calls.
    """
    found: Counter[str] = Counter()
    for episode in episodes:
        for step in episode.steps:
            for turn in step.turns:
                call = _CALL.fullmatch(turn.reply) if turn.by == "seat" else None
                if call is not None:
                    found.update([call[1], *_QUOTED.findall(call[2])])
    return [word for word, count in found.most_common(most) if count >= least]


_CALL = re.compile(r"([A-Za-z_]\w*) (\{.*\})", re.DOTALL)
_QUOTED = re.compile(r'"([A-Za-z_]\w+)"')


def random_episodes(arena: Arena, config: Any = None, *, games: int = 8, seed: int = 0) -> list[Episode]:
    """Games of uniformly random legal replies: enough to learn an arena's wording from."""
    played = []
    for index in range(games):
        game = Game(arena, chance.key("random episodes", seed, index), config)
        rng = random.Random(chance.key("random replies", seed, index))
        while not game.over:
            for seat in game.to_act():
                game.submit(seat, rng.choice(game.legal(seat)))
        played.append(game.episode())
    return played


def _row(turns: Iterable[Turn], chat: Chat, context: int | None) -> Demonstration:
    row = Demonstration([], [])
    for turn in turns:
        asked = chat.next(turn.prompt) if row.ids else chat.first(turn.prompt)
        said = chat.reply(turn.reply)
        if context is not None and len(row.ids) + len(asked) + len(said) > context:
            break
        row.ids.extend(asked + said)
        row.taught.extend([False] * len(asked) + [turn.by == "seat"] * len(said))
    return row
