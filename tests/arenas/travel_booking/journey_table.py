"""Journeys played call by call: by the planner up to a point, by hand from there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from lanista.arenas import Event
from lanista.arenas.core.tools import Call, call
from lanista.arenas.travel_booking import Config, arena
from lanista.arenas.travel_booking.journeys import planner
from lanista.arenas.travel_booking.journeys.cases import Journey
from lanista.arenas.travel_booking.journeys.state import Moment
from lanista.arenas.travel_booking.rules import TravelRules

RULES = TravelRules()


class Table:
    """A journey in progress. Calling it plays one call of whoever has the turn and gives what that seat was told."""

    def __init__(self, seed: int, **config: Any) -> None:
        made = Config(**{"level": "top", "error_rate": 0.0, **config})
        state = RULES.deal(seed, made)
        assert isinstance(state, Moment)
        self.state = state._replace(token_until=1 << 30)  # tokens are the services' own affair
        self.terms: Counter[str] = Counter()
        self.events: list[Event] = list(RULES.opening(state))

    @property
    def case(self) -> Journey:
        return self.state.case

    def __call__(self, tool: str, **arguments: Any) -> Event:
        return self.play(call(tool, **arguments))

    def play(self, move: Call) -> Event:
        (seat,) = RULES.to_act(self.state)
        step = RULES.play(self.state, {seat: move})
        for term in arena.rewards.terms(self.state, {seat: move}, step.state, step.events, frozenset()):
            self.terms[term.name] += int(term.amount)
        self.state, self.events = step.state, list(step.events)
        return next((e for e in reversed(self.events) if e.to != () and e.kind != "end"), Event("silence", {}))

    def until(self, tool: str) -> Call:
        """The planner's calls up to the first of ``tool``, which is given back unplayed."""
        while True:
            move = planner.next_call(self.state)
            if move.tool == tool:
                return move
            self.play(move)

    @property
    def code(self) -> str | None:
        """The code of the error that the last call met."""
        return next((str(e.data["code"]) for e in self.events if e.kind == "error"), None)

    @property
    def wrong(self) -> tuple[str, ...]:
        """What the verdict finds wrong."""
        assert self.state.verdict is not None
        return self.state.verdict.wrong


def table_where(wanted: Callable[[Journey], bool], **config: Any) -> Table:
    """The first table whose journey is as ``wanted``."""
    return next(table for seed in range(400) if wanted((table := Table(seed, **config)).case))
