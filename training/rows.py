"""Token rows out of episodes: one append-only row per seat and game, with the ids that were sampled.

Nothing is ever encoded again. A row is what the model was given and what it said, token by token, as the agent
reported it in ``meta["tokens"]``; refused replies are in it too, because the policy said them and later tokens follow
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lanista.arenas.core.contract import Seat
from lanista.arenas.core.episode import Episode


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One sequence of one trajectory. All four have the same length T."""

    ids: tuple[int, ...]
    own: tuple[bool, ...]
    """True for the policy's own tokens: the only ones that carry loss."""
    logps: tuple[float, ...]
    """Log-probabilities in nats under the distribution they were sampled from; 0.0 where not own."""
    turns: tuple[int, ...]
    """Which of the seat's decisions an own token belongs to; -1 where not own."""

    @property
    def tokens(self) -> int:
        """Own tokens."""
        return sum(self.own)


def rows(episode: Episode, seat: Seat) -> list[Row]:
    """The rows of one seat: one, or more where its agent started its conversation afresh; [] if it said nothing.

    A row without an own token is left out. A report with ``"restart": True`` starts a new row: its ``prompt_ids`` are a
    whole conversation, not an addition to the one before.
    """
    found: list[Row] = []
    growing = _Growing()
    decision = -1
    for step in episode.steps:
        for turn in step.turns:
            if turn.seat != seat:
                continue
            decision += 1
            for report in reports(turn.meta):
                if report.get("restart"):
                    growing.finish(found)
                    growing = _Growing()
                growing.add(report, decision)
    growing.finish(found)
    return found


def reports(meta: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The token reports of one turn, refused replies first."""
    metas: Sequence[Mapping[str, Any]] = [*meta.get("retries", ()), meta]
    return [m["tokens"] for m in metas if "tokens" in m]


class _Growing:
    def __init__(self) -> None:
        self.ids: list[int] = []
        self.own: list[bool] = []
        self.logps: list[float] = []
        self.turns: list[int] = []

    def add(self, report: Mapping[str, Any], decision: int) -> None:
        given, said, logps = report["prompt_ids"], report["ids"], report["logps"]
        self.ids += [*given, *said]
        self.own += [False] * len(given) + [True] * len(said)
        self.logps += [0.0] * len(given) + list(logps)
        self.turns += [-1] * len(given) + [decision] * len(said)

    def finish(self, found: list[Row]) -> None:
        if any(self.own):
            found.append(
                Row(ids=tuple(self.ids), own=tuple(self.own), logps=tuple(self.logps), turns=tuple(self.turns))
            )
