"""Frozen pools: for a deck, fixed opponents and fixed deals, so that two people's numbers can stand beside each other.

A pool is frozen by what its members *do*. Its hash is over its arena, config and members and over the games that they
play with each other on a few fixed deals, reply by reply: whoever changes a member or the game without changing a reply
keeps the pool, and whoever changes a reply has another one, whatever the version says. Numbers of two hashes are not
held beside each other, so a pool whose hash differs is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lanista.agents import registry
from lanista.agents.contract import Agent
from lanista.agents.guard import close
from lanista.agents.scripted import Scripted
from lanista.arenas import get
from lanista.arenas.core import chance
from lanista.arenas.core.referee import Game
from lanista.errors import LanistaError, UsageError, suggest
from lanista.play.runner import GameSpec, play


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A frozen pool. ``hash`` is what it was frozen with."""

    name: str
    arena: str
    config: Mapping[str, Any] = field(default_factory=dict)
    """The arena's config keys that differ from its default: the deck."""
    members: tuple[str, ...]
    """Scripted agents, by name."""
    hash: str

    def deal(self, number: int) -> int:
        """The seed of deal ``number``, the same for everybody who is rated; below 2**53."""
        return chance.key("pool", self.name, number) >> 11

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, as a pool's file has them."""
        return {
            "name": self.name,
            "arena": self.arena,
            "config": dict(self.config),
            "members": list(self.members),
            "hash": self.hash,
        }


_FAMILIES = ("bayes", "crowd", "random")

POOLS: Mapping[str, Pool] = {
    pool.name: pool
    for pool in (
        Pool(name="werewolf-5", arena="werewolf", config={"players": 5}, members=_FAMILIES, hash="5382364c88e6879d"),
        Pool(name="werewolf-7", arena="werewolf", config={"players": 7}, members=_FAMILIES, hash="2dc168de7ad73ab9"),
        Pool(name="werewolf-9", arena="werewolf", config={"players": 9}, members=_FAMILIES, hash="8a6e023e8f2727b7"),
    )
}
"""The pools that come with Lanista, by name. One is never changed: another one gets another name."""


def pool(name: str) -> Pool:
    """The pool of that name, or of that file (``FILE.json``), checked.

    Raises UsageError for an unknown name, a file that holds none, and a pool whose hash differs here.
    """
    found = _read(Path(name)) if name.endswith(".json") else POOLS.get(name)
    if found is None:
        raise UsageError(f"unknown pool {name!r}{suggest(name, POOLS)} (there are: {', '.join(POOLS)}, or a FILE.json)")
    here = fingerprint(found)
    if here != found.hash:
        raise UsageError(
            f"the pool {found.name!r} was frozen with hash {found.hash} and has {here} here: its members or its game "
            "play otherwise in this version, so numbers would not stand beside each other; use the version it is of"
        )
    return found


def frozen(name: str, arena: str, members: tuple[str, ...], config: Mapping[str, Any]) -> Pool:
    """A new pool with its hash. Raises UsageError for members that cannot be in one."""
    open_ = Pool(name=name, arena=arena, config=dict(config), members=members, hash="")
    return Pool(name=name, arena=arena, config=dict(config), members=members, hash=fingerprint(open_))


def fingerprint(of: Pool) -> str:
    """The hash of a pool as it plays here: 16 hexadecimal digits.

    Raises UsageError where a member is unknown, is no scripted agent, or gives replies that are refused.
    """
    arena = get(of.arena)
    config = arena.configure(**of.config)
    made = {name: registry.make(name, arena=of.arena) for name in of.members}
    for name, agent in made.items():
        if not isinstance(agent, Scripted):
            raise UsageError(f"{name!r} is no scripted agent, and a frozen pool is of agents that never change")
    seats = arena.rules.seats(config)
    seatings: list[dict[str, Agent]] = [dict.fromkeys(seats, agent) for agent in made.values()]
    seatings.append({seat: list(made.values())[i % len(made)] for i, seat in enumerate(seats)})
    digest = hashlib.sha256(json.dumps({**of.to_json(), "hash": None}, sort_keys=True).encode())
    played: dict[str, Game] = {}
    specs = [
        GameSpec(id=f"{n:03d}/{deal}", arena=arena, seed=of.deal(-1 - deal), seating=seating, config=config)
        for n, seating in enumerate(seatings)
        for deal in range(2)
    ]
    play(specs, on_game=lambda spec, game: played.__setitem__(spec.id, game))
    for agent in made.values():
        close(agent)
    for id_ in sorted(played):
        game = played[id_]
        wrong = next((t for step in game.steps for t in step.turns if t.by != "seat" or t.attempts), None)
        if wrong is not None:
            raise UsageError(f"{game.players[wrong.seat]!r} gives replies that are refused: it can be in no pool")
        digest.update(json.dumps(game.journal, sort_keys=True).encode())
    return digest.hexdigest()[:16]


def _read(path: Path) -> Pool:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the pool {path}: {error}") from error
    kinds = {"name": str, "arena": str, "config": dict, "members": list, "hash": str}
    if not isinstance(kept, dict) or any(not isinstance(kept.get(key), kind) for key, kind in kinds.items()):
        raise UsageError(f"{path} holds no pool: it is an object with {', '.join(kinds)}")
    try:
        return Pool(**{**{key: kept[key] for key in kinds}, "members": tuple(map(str, kept["members"]))})
    except (TypeError, LanistaError) as error:
        raise UsageError(f"{path} holds no pool: {error}") from error
