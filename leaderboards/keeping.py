"""A match as a spec that any process can play, and its episode as rows of the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lanista.arenas.core.episode import Episode
from lanista.leaderboards.schedule import Match
from lanista.play.executors import NamedSpec
from lanista.store import Prepared, Timing, prepare


def named(match: Match, arena: str, config: Mapping[str, Any], preset: str, begun: str | None = None) -> NamedSpec:
    """The spec of a match; ``config`` as ``config_json`` writes it, ``begun`` where the game was suspended."""
    return NamedSpec(
        id=match.id,
        arena=arena,
        seed=match.seed,
        players=match.players,
        config=config,
        preset=preset,
        agent_seed=match.agent_seed,
        begun=begun,
        tags={"block": match.block, "index": match.index},
    )


def rows(spec: NamedSpec, episode: Episode, started: float, finished: float) -> Prepared:
    """What a store keeps of a match: made where the game was played, so that the one writer only has to write."""
    return prepare(spec.id, spec.tags["block"], spec.tags["index"], episode, Timing(started, finished))
