"""A moment of a game, and how it is asked about."""

from __future__ import annotations

from typing import NamedTuple

from lanista.arenas.research.cases import Case
from lanista.arenas.research.config import Config
from lanista.arenas.research.judge import Verdict

PLAN, EXECUTE, VERIFY, SUMMARISE, OVER = "plan", "execute", "verify", "summarise", "over"


class Table(NamedTuple):
    """What never changes in a game."""

    config: Config
    case: Case


class State(NamedTuple):
    """A moment of a game."""

    table: Table
    key: int
    stage: str = PLAN
    round: int = 0  # plans made
    tasks: tuple[str, ...] = ()  # of the present plan
    at: int = 0  # which of them is worked on
    left: int = 0  # calls that whoever works has left
    minute: int = 0
    searches: tuple[int, ...] = ()  # minutes of the last few
    query: str = ""  # the executor's last query in this sub-task
    pages: int = 0  # pages of it that were seen
    more: bool = False  # whether there are others
    hits: tuple[str, ...] = ()  # papers that the executor was shown in this sub-task, and has not opened
    opened: frozenset[str] = frozenset()  # papers that the executor opened
    read: frozenset[str] = frozenset()  # papers that the verifier opened
    reports: tuple[tuple[str, str], ...] = ()  # (paper, value) as last reported, in order of first mention
    judged: tuple[tuple[tuple[str, str], str], ...] = ()  # ((paper, value), reason or "" for kept)
    useful: frozenset[int] = frozenset()  # sub-tasks, counted over the game, that newly reported a value that counts
    tasks_done: int = 0
    checked: float = 0.0  # what the plans so far got through the verifier, when the last round ended
    verdict: Verdict | None = None
    calls: int = 0  # the executor's, over the game
