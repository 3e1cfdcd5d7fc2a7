"""Episodes as teaching material: what was said in them, and whose own words may be imitated."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Any

from lanista.arenas import chance
from lanista.arenas.contract import Arena
from lanista.arenas.episode import Episode
from lanista.arenas.referee import Game


def texts(episodes: Iterable[Episode]) -> Iterator[str]:
    """Every prompt and every accepted action of the episodes: what a tokenizer should know by heart."""
    for episode in episodes:
        for step in episode.steps:
            for turn in step.turns:
                yield turn.prompt
                yield turn.action


def random_episodes(arena: Arena, config: Any = None, *, games: int = 8, seed: int = 0) -> list[Episode]:
    """Games of uniformly random legal replies: enough to learn an arena's wording from."""
    played = []
    for index in range(games):
        game = Game(arena, chance.key("random episodes", seed, index), config)
        rng = random.Random(chance.key("random replies", seed, index))
        while not game.over:
            for seat in game.owed():
                game.submit(seat, rng.choice(game.legal(seat)))
        played.append(game.episode())
    return played
