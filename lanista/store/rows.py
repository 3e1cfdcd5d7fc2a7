"""An episode as rows of the tables, and rows as what ratings read."""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lanista.arenas.core.episode import Episode, Turn
from lanista.errors import LanistaError
from lanista.store.record import checker

_UNSTORABLE = re.compile("[\ud800-\udfff\x00]")


class Timing(NamedTuple):
    """When a game was played, in seconds since 1970 (UTC). No part of any result."""

    started: float
    finished: float


class Prepared(NamedTuple):
    """One game as rows, ready to be written (and cheap to send from one process to another)."""

    episode: dict[str, Any]
    turns: list[dict[str, Any]]
    terms: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class GameRow:
    """What a rating needs to know of one game; a board is a function of these."""

    id: str
    block: int
    arena: str
    hash: str
    config: Mapping[str, Any]
    preset: str
    seed: int
    players: Mapping[str, str]
    """The agent in each seat."""
    roles: Mapping[str, str]
    """The role of each seat."""
    teams: Mapping[str, Sequence[str]]
    """The seats of each team."""
    winner: str | None
    """The winning team; None for a draw or where nobody can win."""
    scores: Mapping[str, float]
    """A score in [0, 1] per team."""
    returns: Mapping[str, float]
    """The weighted sum of the reward terms paid to each seat."""
    facts: Mapping[str, float | bool | None] = field(default_factory=dict)
    """The facts of the outcome that are numbers or booleans, or None where they do not apply to this game."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnStats:
    """How an agent behaved over all its turns."""

    agent: str
    games: int
    decisions: int
    illegal: int
    """Replies that were refused, those that were mended on a retry included."""
    fallbacks: int
    """Decisions the referee took because no legal reply came within the retries."""
    forfeits: Mapping[str, int] = field(default_factory=dict)
    """Decisions not taken at all, by reason."""
    latency_mean_s: float | None = None
    latency_p50_s: float | None = None
    latency_p95_s: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    """None where the agent reports no tokens."""

    @property
    def errors(self) -> int:
        """Refused replies and forfeits."""
        return self.illegal + sum(self.forfeits.values())


def prepare(id: str, block: int, index: int, episode: Episode, timing: Timing | Sequence[float]) -> Prepared:
    """A game's rows. ``index`` is its place in the schedule, ``block`` its cluster for intervals."""
    started, finished = timing
    outcome = episode.outcome
    columns = {
        "id": id,
        "index": index,
        "block": block,
        "arena": episode.arena,
        "version": episode.version,
        "hash": episode.hash,
        "preset": episode.preset,
        "config": dict(episode.config),
        "seed": episode.seed,
        "players": dict(episode.players),
        "roles": dict(episode.roles),
        "teams": {team: list(seats) for team, seats in episode.teams.items()},
        "winner": None if outcome is None else outcome.winner,
        "scores": {} if outcome is None else dict(outcome.scores),
        "facts": {} if outcome is None else _countable(outcome.facts),
        "returns": {seat: round(value, 9) for seat, value in episode.returns.items()},
        "steps": len(episode.steps),
        "decisions": sum(len(step.turns) for step in episode.steps),
        "started": float(started),
        "finished": float(finished),
        "duration_s": float(finished) - float(started),
        "record": pack(episode),
    }
    turns = [
        {"episode_id": id, "step": step, "place": place, "phase": record.phase, **_turn(turn, episode)}
        for step, record in enumerate(episode.steps)
        for place, turn in enumerate(record.turns)
    ]
    terms = [
        {
            "episode_id": id,
            "step": step,
            "place": place,
            "term": term.name,
            "to": term.to,
            "team": term.to in episode.teams,
            "amount": float(term.amount),
            "weight": float(episode.weights[term.name]),
        }
        for step, record in enumerate(episode.steps)
        for place, term in enumerate(record.terms)
    ]
    return Prepared(columns, turns, terms)


def pack(episode: Episode) -> bytes:
    """The whole record, compressed: JSON under zlib."""
    return zlib.compress(json.dumps(episode.to_dict(), separators=(",", ":"), default=_plain).encode(), 6)


RECORD_BYTES = 128 << 20
"""The most that one game's record may unpack to."""


def unpack(id: str, record: bytes) -> Episode:
    """The inverse of ``pack``. Raises LanistaError naming the game where the record is damaged, or no record of ours.

    A record that would unpack to more than RECORD_BYTES is refused before it fills the memory.
    """
    try:
        return Episode.from_dict(unpacked(id, record))
    except _DAMAGED as error:
        raise _damaged(id, error) from error


def unpacked(id: str, record: bytes) -> dict[str, Any]:
    """The record as the dictionary that ``Episode.to_dict`` made, checked like ``unpack``'s."""
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(record, RECORD_BYTES)
        if unpacker.unconsumed_tail:
            raise ValueError(f"it unpacks to more than {RECORD_BYTES:,} bytes")
        if not unpacker.eof:
            raise ValueError("it is cut short")
        checked: dict[str, Any] = checker()(json.loads(text))
        return checked
    except _DAMAGED as error:
        raise _damaged(id, error) from error


_DAMAGED = (zlib.error, ValueError, KeyError, TypeError, AttributeError, RecursionError)


def _damaged(id: str, error: Exception) -> LanistaError:
    return LanistaError(f"the record of game {id!r} is damaged ({type(error).__name__}: {error})")


def game_row(columns: dict[str, Any]) -> GameRow:
    """A game's columns as they were read. Raises LanistaError naming the game where they cannot be a game's."""
    row = GameRow(**{**columns, "facts": columns.get("facts") or {}})
    maps = {"config": row.config, "players": row.players, "roles": row.roles, "teams": row.teams, "scores": row.scores}
    for name, value in {**maps, "returns": row.returns, "facts": row.facts}.items():
        if not isinstance(value, dict):
            raise LanistaError(f"the columns of game {row.id!r} are damaged: {name} is a {type(value).__name__}")
    team_of = {seat: team for team, seats in row.teams.items() if isinstance(seats, list) for seat in map(str, seats)}
    for name, seats in (("players", row.players), ("roles", row.roles)):
        if not all(isinstance(value, str) for value in seats.values()) or set(seats) != set(team_of):
            raise LanistaError(f"the columns of game {row.id!r} are damaged: {name} and teams do not fit")
    numbers = [*row.scores.values(), *row.returns.values()]
    if not all(isinstance(x, (int, float)) and math.isfinite(x) for x in numbers) or set(row.scores) - set(row.teams):
        raise LanistaError(f"the columns of game {row.id!r} are damaged: scores or returns are no numbers")
    return row


def finite(value: Any) -> Any:
    """JSON values that any database takes: numbers that are not finite become None, foreign numbers plain ones."""
    if isinstance(value, Mapping):
        return {str(k): finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return finite(_plain(value))


def _countable(facts: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = finite(
        {name: value for name, value in facts.items() if value is None or isinstance(value, (int, float))}
    )
    return made


def _turn(turn: Turn, episode: Episode) -> dict[str, Any]:
    reports = [turn.meta, *turn.meta.get("retries", ())]
    tokens_in, tokens_out = turn_tokens(turn)
    return {
        "seat": turn.seat,
        "agent": episode.players.get(turn.seat, ""),
        "role": episode.roles[turn.seat],
        "kind": turn.kind,
        "prompt": _text(turn.prompt),
        "reply": _text(turn.reply),
        "action": _text(turn.action),
        "by": turn.by,
        "why": None if turn.why is None else _text(turn.why),
        "attempts": len(turn.attempts),
        "latency_s": _total([report.get("latency_s") for report in reports]),
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
    }


def turn_tokens(turn: Turn) -> tuple[int | None, int | None]:
    """Tokens read and written at a decision, refused replies included; None where the agent reports none."""
    reports = [turn.meta, *turn.meta.get("retries", ())]
    return (
        _total([_tokens(report, "prompt_ids", "prompt_tokens") for report in reports]),
        _total([_tokens(report, "ids", "completion_tokens") for report in reports]),
    )


def _tokens(report: Mapping[str, Any], ids: str, usage: str) -> int | None:
    """Tokens of one reply: counted where the ids are there, else what a server says it used."""
    kept = report.get("tokens")
    if isinstance(kept, Mapping) and ids in kept:
        return len(kept[ids])
    used = report.get("usage")
    if isinstance(used, Mapping) and used.get(usage) is not None:
        return int(used[usage])
    return None


def _total(values: Sequence[Any]) -> Any:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _text(text: str) -> str:
    return _UNSTORABLE.sub("\ufffd", text)


def _plain(value: Any) -> Any:
    """A number or array of another library (an agent may report anything) as JSON can hold it, else its repr."""
    return value.tolist() if hasattr(value, "tolist") else repr(value)
