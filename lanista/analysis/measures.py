"""What is measured: observations by agent, side and measure, and their means with intervals over blocks of games."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from lanista.stats import Interval, clustered_mean, clustered_rate

MEASURES = {
    "moved": "share of the listeners' votes that are other ones without the speech",
    "persuades": "shift of the listeners' votes to the other side, per speech",
    "aims": "shift to whom a speech accuses, or away from whom it vouches for, per speech",
    "covers": "shift of the listeners' votes away from the speaker, per speech",
    "brier": "mean squared error of who is held to be a wolf; lower is better",
    "detects": "share of the votes of a village seat that name a wolf",
    "deceives": "share of a wolf's days on which nobody outside the pack accused it, where somebody was accused",
    "discloses": "share of a seer's findings that it told",
    "believed": "share of the village's other votes that go with a true finding told that day",
    "survives": "share of seats that live at the end",
    "wins": "mean score of the side",
    "by_error": "share of the wins in which the referee had to move for the other side",
    "success": "share of the cases that were done right",
    "information": "what a question of the desk told, as the arena pays it, per question",
    "recovers": "share done right of the cases in which a call failed or a first try was wrong",
    "tokens_in": "tokens read, per case",
    "tokens_out": "tokens written, per case",
    "paid": "money spent, per case",
}
"""Every measure in words, in the order of tables."""

RATES = frozenset(
    {"detects", "deceives", "discloses", "believed", "survives", "wins", "by_error", "success", "recovers"}
)
"""Those in [0, 1] whose interval is a rate's."""

SIGNED = frozenset({"persuades", "aims", "covers"})
"""Shifts: zero where nobody listens."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measure of one agent on one side. ``value``: mean with a 95% interval that counts blocks of games."""

    agent: str
    side: str
    measure: str
    value: Interval
    count: int
    """Observations: speeches, votes, days, findings, seats or cases."""
    line: float | None
    """What playing at random comes to on the same decisions, or with this deck; None where nothing says."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, rounded to six decimals; an end that is not known is null."""
        return {
            "agent": self.agent,
            "side": self.side,
            "measure": self.measure,
            **{name: _plain(number) for name, number in self.value._asdict().items()},
            "count": self.count,
            "line": None if self.line is None else _plain(self.line),
        }


@dataclass(slots=True)
class Tally:
    """Observations as they come in."""

    _values: dict[tuple[str, str, str], tuple[list[float], list[Hashable], list[float]]] = field(default_factory=dict)

    def add(
        self, agent: str, side: str, measure: str, value: float, block: Hashable, line: float | None = None
    ) -> None:
        """One observation; ``line`` is what playing at random would have come to there."""
        values, blocks, lines = self._values.setdefault((agent, side, measure), ([], [], []))
        values.append(value)
        blocks.append(block)
        if line is not None:
            lines.append(line)

    def rows(self) -> list[Row]:
        """One row per agent, side and measure, measures in the order of ``MEASURES``."""
        order = {name: n for n, name in enumerate(MEASURES)}
        found = []
        for agent, side, measure in sorted(self._values, key=lambda key: (key[0], key[1], order[key[2]])):
            values, blocks, lines = self._values[agent, side, measure]
            line = math.fsum(lines) / len(lines) if lines else None
            found.append(Row(agent, side, measure, _interval(measure, values, blocks), len(values), line))
        return found


def _interval(measure: str, values: Sequence[float], blocks: Sequence[Hashable]) -> Interval:
    return clustered_rate(values, blocks) if measure in RATES else clustered_mean(values, blocks)


def _plain(number: float) -> float | None:
    return round(number, 6) + 0.0 if math.isfinite(number) else None
