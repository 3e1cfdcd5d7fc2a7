"""A case made by hand, and a call played on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lanista.arenas import get
from lanista.arenas.core.contract import Event
from lanista.arenas.support_desk import cases, state
from lanista.arenas.support_desk.config import Config
from lanista.arenas.support_desk.faults import ALL, CLAIMS, bits
from lanista.arenas.support_desk.policy import Params
from lanista.arenas.support_desk.words import SupportDeskWords

PARAMS = Params(
    identity=("pin",),
    confirm=("take_payment", "change_plan", "add_data"),
    refund_eur=30,
    refund_days=60,
    discount_months=12,
    waivers=1,
    map_first=False,
)
CONTEXT = cases.Context(
    access="dsl", plan="M", billed="M", months=20, waived=0, refund_eur=24, refund_days=10, fee_eur=7, due_eur=55,
    until="18:00", days=3, times=2, asides=(),
)  # fmt: skip


class Table:
    """A call in progress. ``say`` plays a reply of whoever is asked; what happened last is kept."""

    def __init__(self, started: state.State) -> None:
        self.arena = get("support_desk")
        self.state = started
        self.events: list[Event] = []
        self.terms: dict[str, float] = {}
        self.words = SupportDeskWords()

    def say(self, *replies: str) -> Table:
        rules = self.arena.rules
        for reply in replies:
            (seat,) = rules.to_act(self.state)
            move = self.words.read(rules.ask(self.state, seat), reply)
            played = rules.play(self.state, {seat: move})
            terms = self.arena.rewards.terms(self.state, {seat: move}, played.state, played.events, frozenset())
            self.terms = {term.name: term.amount for term in terms if term.name != "question"}
            self.state, self.events = played.state, list(played.events)
        return self

    @property
    def last(self) -> Event:
        return self.events[0]

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    @property
    def grade(self) -> Any:
        assert self.state.grade is not None, "the case is not over"
        return self.state.grade


Opened = Callable[..., Table]


@pytest.fixture
def opened() -> Opened:
    def open_(
        *faults: str,
        claims: bool = False,
        mentions: bool = False,
        flags: int = 0,
        params: dict[str, Any] | None = None,
        context: dict[str, Any] | None = None,
        patience: int = 20,
        **config: Any,
    ) -> Table:
        """A call with these faults; ``flags`` are the customer's, ``params`` and ``context`` change the defaults."""
        truth = bits(*faults) | (CLAIMS if claims else 0) | flags
        number = (truth & ALL).bit_count()
        chosen = Config(**{"faults": number, "horizon": 60, **config})
        case = cases.build(
            chosen, truth, mentions, PARAMS._replace(**(params or {})), CONTEXT._replace(**(context or {})), patience
        )
        return Table(state.begin(case, 7))

    return open_
