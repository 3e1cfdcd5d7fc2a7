"""What a record of a task team says beside its arena's own metrics: what questions told, what was recovered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lanista.arenas.core.episode import Episode
from lanista.store.rows import turn_tokens

FAULTS = ("injected_faults", "errors", "api_errors")
"""Facts that count calls which failed, the world's faults and one's own."""

QUESTIONS, INFORMATION = "diagnostics", "information"
"""The fact that counts questions, and the term that is booked for what each told."""


def task(episode: Episode, success: str | None) -> dict[str, float]:
    """Measure -> value in this case, of what the arena's records give. ``success``: the fact that the task was done."""
    assert episode.outcome is not None
    facts = episode.outcome.facts
    found: dict[str, float] = {}
    done = None if success is None else facts.get(success)
    if done is not None:
        found["success"] = float(done)
        if faulty(facts):
            found["recovers"] = float(done)
    if facts.get(QUESTIONS):
        told = sum(term.amount for step in episode.steps for term in step.terms if term.name == INFORMATION)
        found["information"] = told / facts[QUESTIONS]
    if isinstance(facts.get("paid"), (int, float)):
        found["paid"] = float(facts["paid"])
    for measure, tokens in zip(("tokens_in", "tokens_out"), _tokens(episode), strict=True):
        if tokens is not None:
            found[measure] = float(tokens)
    return found


def faulty(facts: Mapping[str, Any]) -> bool:
    """Whether a call failed in this case, or the first try was wrong."""
    return any(facts.get(name) for name in FAULTS) or facts.get("first_solved") is False


def _tokens(episode: Episode) -> tuple[int | None, int | None]:
    """Tokens read and written by all seats; None where an agent reported none."""
    read: list[int] = []
    written: list[int] = []
    for step in episode.steps:
        for turn in step.turns:
            tokens_in, tokens_out = turn_tokens(turn)
            if tokens_in is not None:
                read.append(tokens_in)
            if tokens_out is not None:
                written.append(tokens_out)
    return (sum(read) if read else None), (sum(written) if written else None)
