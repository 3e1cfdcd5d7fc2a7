"""What a seat can do: typed moves, apart from any wording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ACCUSE, DEFEND, CLAIM, REPORT, SILENT, TARGET = "accuse", "defend", "claim", "report", "silent", "target"
"""Acts of speech; ``target`` belongs to the den, ``silent`` to both, the others to the day."""

FINDINGS = ("werewolf", "innocent")


@dataclass(frozen=True, slots=True)
class Act:
    """The structured part of what is said: who does not read prose can still read the table by it."""

    act: str
    target: str | None = None
    role: str | None = None
    finding: str | None = None

    def data(self) -> dict[str, Any]:
        """The act as an event carries it: only what belongs to it."""
        data = {"act": self.act}
        if self.target is not None:
            data["target"] = self.target
        if self.role is not None:
            data["role"] = self.role
        if self.finding is not None:
            data["finding"] = self.finding
        return data


@dataclass(frozen=True, slots=True)
class Speech:
    """Words (one line, "" where only the act counts) and at most one act. In the den and by day alike."""

    text: str = ""
    act: Act | None = None


@dataclass(frozen=True, slots=True)
class Vote:
    target: str


@dataclass(frozen=True, slots=True)
class Kill:
    target: str


@dataclass(frozen=True, slots=True)
class Inspect:
    target: str


@dataclass(frozen=True, slots=True)
class Protect:
    target: str


@dataclass(frozen=True, slots=True)
class Heal:
    pass


@dataclass(frozen=True, slots=True)
class Poison:
    target: str


@dataclass(frozen=True, slots=True)
class Shoot:
    target: str


@dataclass(frozen=True, slots=True)
class Pass:
    pass


@dataclass(frozen=True, slots=True)
class Abstain:
    """No vote."""


@dataclass(frozen=True, slots=True)
class Nominate:
    target: str


@dataclass(frozen=True, slots=True)
class Elect:
    """A vote for a mayor."""

    target: str


@dataclass(frozen=True, slots=True)
class Bid:
    """How much a seat wants to speak next: 0 (not at all) to ``HIGHEST_BID``."""

    level: int


HIGHEST_BID = 4

SAY_NOTHING = Speech(act=Act(SILENT))
