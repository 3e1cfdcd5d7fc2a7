"""The record of one game: what was shown, said, done and paid, step by step."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from lanista.arenas.core.contract import Event, Outcome, Seat, Term

FORMAT = 1


_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Turn(NamedTuple):
    """One decision of one seat."""

    seat: Seat
    kind: str
    prompt: str
    """What was new to the seat, then the ask."""
    reply: str
    """The reply as it was given ("" for a forfeit)."""
    action: str
    """The accepted action in its canonical wording."""
    attempts: tuple[tuple[str, str], ...] = ()
    """Earlier replies to this ask that were refused, with the reason given."""
    by: str = "seat"
    """``seat``, ``fallback`` (no legal reply within the retries) or ``forfeit``."""
    why: str | None = None
    """Why the turn was not the seat's own."""
    meta: Mapping[str, Any] = _NOTHING
    """What the agent reported about itself (tokens, latency_s, usage); no part of the canonical form.

    Where a refused reply was reported on too, ``meta["retries"]`` lists those reports in order.
    """


class StepRecord(NamedTuple):
    """Everything between two moments at which the rules asked for decisions."""

    phase: str
    turns: tuple[Turn, ...]
    events: tuple[tuple[Event, str], ...]
    """What happened, each event with its text."""
    terms: tuple[Term, ...]
    """Reward terms booked at this step, unweighted."""
    results: tuple[Any, ...] = ()
    """Results of effects, in the order they were asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One game. ``canonical()`` is the same bytes for the same arena hash, config, seed and replies."""

    arena: str
    version: str
    hash: str
    config: Mapping[str, Any]
    preset: str
    seed: int
    players: Mapping[Seat, str]
    """Who sat where, by the agent's name."""
    roles: Mapping[Seat, str]
    teams: Mapping[str, Sequence[Seat]]
    weights: Mapping[str, float]
    opening: Sequence[tuple[Event, str]]
    steps: Sequence[StepRecord]
    outcome: Outcome | None
    returns: Mapping[Seat, float]
    journal: Sequence[Mapping[str, Any]]

    def to_dict(self, *, meta: bool = True) -> dict[str, Any]:
        """Plain JSON values; ``meta=False`` leaves out what agents reported about themselves."""
        return {
            "format": FORMAT,
            "arena": self.arena,
            "version": self.version,
            "hash": self.hash,
            "config": dict(self.config),
            "preset": self.preset,
            "seed": self.seed,
            "players": dict(self.players),
            "roles": dict(self.roles),
            "teams": {team: list(seats) for team, seats in self.teams.items()},
            "weights": dict(self.weights),
            "opening": [_event(e, t) for e, t in self.opening],
            "steps": [_step(s, meta) for s in self.steps],
            "outcome": None
            if self.outcome is None
            else {
                "winner": self.outcome.winner,
                "scores": dict(self.outcome.scores),
                "facts": dict(self.outcome.facts),
            },
            "returns": {seat: round(value, 9) for seat, value in self.returns.items()},
            "journal": [dict(entry) for entry in self.journal],
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Episode:
        """The inverse of ``to_dict``."""
        outcome = record["outcome"]
        kept = ("arena", "version", "hash", "config", "preset", "seed", "players", "roles", "teams", "weights")
        return cls(
            **{name: record[name] for name in kept},
            opening=[_read_event(e) for e in record["opening"]],
            steps=[_read_step(s) for s in record["steps"]],
            outcome=None if outcome is None else Outcome(outcome["winner"], outcome["scores"], outcome["facts"]),
            returns=record["returns"],
            journal=record["journal"],
        )

    def canonical(self) -> bytes:
        """The canonical form: sorted JSON without ``meta``."""
        return json.dumps(self.to_dict(meta=False), sort_keys=True, separators=(",", ":")).encode()


def _event(event: Event, text: str) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "data": dict(event.data),
        "to": None if event.to is None else list(event.to),
        "text": text,
    }


def _read_event(record: Mapping[str, Any]) -> tuple[Event, str]:
    to = record["to"]
    return Event(record["kind"], record["data"], None if to is None else tuple(to)), record["text"]


def _step(step: StepRecord, meta: bool) -> dict[str, Any]:
    return {
        "phase": step.phase,
        "turns": [_turn(t, meta) for t in step.turns],
        "events": [_event(e, t) for e, t in step.events],
        "terms": [list(t) for t in step.terms],
        "results": list(step.results),
    }


def _read_step(record: Mapping[str, Any]) -> StepRecord:
    return StepRecord(
        phase=record["phase"],
        turns=tuple(Turn(**{**t, "attempts": tuple((r, w) for r, w in t["attempts"])}) for t in record["turns"]),
        events=tuple(_read_event(e) for e in record["events"]),
        terms=tuple(Term(*t) for t in record["terms"]),
        results=tuple(record["results"]),
    )


def _turn(turn: Turn, meta: bool) -> dict[str, Any]:
    kept: dict[str, Any] = {
        "seat": turn.seat,
        "kind": turn.kind,
        "prompt": turn.prompt,
        "attempts": [list(a) for a in turn.attempts],
        "reply": turn.reply,
        "action": turn.action,
        "by": turn.by,
        "why": turn.why,
    }
    if meta and turn.meta:
        kept["meta"] = dict(turn.meta)
    return kept
