"""What a board consists of: plain frozen data, and its form as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal

from lanista.leaderboards.robust import Trust
from lanista.stats import Interval

FORMAT = 1
"""The version of a board's JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One agent. Strengths are logits, ``rating`` is the same on the Elo scale around 1500."""

    agent: str
    games: int
    """Games it held at least one seat of."""
    blocks: int
    score: Interval
    """Mean of its teams' scores over its seats' games, each game counted once per team it sat in: its win rate."""
    rating: Interval | None
    """None where there is nothing to rate against: one agent alone, or an arena without two teams."""
    strength: Interval | None
    rank: int
    rank_low: int
    rank_high: int
    group: int
    """Agents of different groups cannot be compared: the schedule never tied them together."""
    sides: Mapping[str, Interval]
    """Win rate with each team."""
    side_strength: Mapping[str, Interval | None]
    correlation: float | None = None
    """Of the errors of the two side strengths."""
    decisions: int
    illegal: int
    """Refused replies, those mended on a retry included."""
    fallbacks: int
    """Decisions the referee took because no legal reply came."""
    forfeits: Mapping[str, int]
    """Decisions not taken at all, by reason."""
    tokens_in: int | None
    tokens_out: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleLine:
    """An agent in a role: how often its team won, and its strength there where the schedule can tell roles apart."""

    agent: str
    role: str
    team: str
    games: int
    rate: Interval
    strength: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairLine:
    """Two agents. ``difference`` is ``one`` minus ``other``: Elo points where rated, else score on shared blocks."""

    one: str
    other: str
    difference: Interval | None
    shown: bool
    """Whether the interval leaves zero out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactLine:
    """What one agent's games came to in one of the arena's metrics."""

    agent: str
    name: str
    games: int
    """Games in which the fact is known."""
    rate: bool
    """Whether the fact is true or false, so that its mean is a rate."""
    mean: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class FactPair:
    """``one`` minus ``other`` in one metric, over the blocks in which both know it."""

    one: str
    other: str
    name: str
    rate: bool
    blocks: int
    difference: Interval | None
    shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PassLine:
    """pass^k of one agent: the chance that k tries of one case all succeed."""

    agent: str
    k: int
    cases: int
    """Cases that were tried at least k times."""
    rate: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Games in which ``row`` held every seat of the first team and ``column`` every seat of the second."""

    row: str
    column: str
    games: int
    rate: Interval
    """Share of wins of ``row``; ties count half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillLine:
    """One measure of an analysis, of one agent on one side."""

    agent: str
    side: str
    measure: str
    what: str
    """The measure in words."""
    count: int
    value: Interval
    line: float | None
    """What random play comes to on the same decisions, or with this deck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Everything a leaderboard shows. ``timing`` alone depends on the clock."""

    kind: Literal["versus", "scores"]
    arena: str
    hash: str
    preset: str
    config: Mapping[str, Any]
    games: int
    blocks: int
    level: float
    verdict: str
    teams: tuple[str, ...]
    setup: Interval | None
    """Logits that the first team has in advance between average agents."""
    team_wins: Mapping[str, Interval]
    """Share of the games that each team won (its mean score where there is one team)."""
    draws: int
    lines: tuple[Line, ...]
    roles: tuple[RoleLine, ...]
    pairs: tuple[PairLine, ...]
    payoff: tuple[Cell, ...]
    cycles: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    metrics: Mapping[str, str] = field(default_factory=dict)
    """What each fact below measures, by name."""
    success: str | None = None
    """The fact that pass^k counts."""
    facts: tuple[FactLine, ...] = ()
    fact_pairs: tuple[FactPair, ...] = ()
    """Only where agents are compared by paired differences."""
    passes: tuple[PassLine, ...] = ()
    trust: Trust | None = None
    """Where agents are rated."""
    skills: tuple[SkillLine, ...] = ()
    """What an analysis of the run measured: see ``lanista analyse``."""
    timing: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """The board as JSON: sorted keys, six decimals, null for what is not finite or not known."""
        return json.dumps({"format": FORMAT, **_plain(self)}, sort_keys=True, indent=2)


def _plain(value: Any) -> Any:
    """JSON values out of dataclasses, intervals and mappings."""
    if isinstance(value, Interval):
        return {name: _plain(part) for name, part in value._asdict().items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        # + 0.0 turns a rounded -0.0 into 0.0
        return round(value, 6) + 0.0 if math.isfinite(value) else None
    return value
