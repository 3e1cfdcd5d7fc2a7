"""Tables laid by hand: the New York–London case, changed where a test needs it, and one call after another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lanista.arenas import Event
from lanista.arenas.core.tools import call
from lanista.arenas.travel_booking import Config
from lanista.arenas.travel_booking.cases import Case
from lanista.arenas.travel_booking.rewards import DEFAULT, TravelRewards
from lanista.arenas.travel_booking.rules import TravelRules, begin
from lanista.arenas.travel_booking.scenarios import new_york_london
from lanista.arenas.travel_booking.state import State
from lanista.arenas.travel_booking.words import TravelWords

RULES, REWARDS, WORDS = TravelRules(), TravelRewards(), TravelWords()
DEPART, BACK = "2025-11-11", "2025-11-14"


class Table:
    """A game in progress. Calling it plays one call of whoever owes it and gives what it was told last."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.terms: Counter[str] = Counter()
        self.events: list[Event] = []

    def __call__(self, tool: str, **arguments: Any) -> Event:
        return self.play(call(tool, **arguments))

    def say(self, reply: str) -> Event:
        """A reply in words, as a model would give it."""
        (seat,) = RULES.to_act(self.state)
        return self.play(WORDS.read(RULES.ask(self.state, seat), reply))

    def play(self, move: Any) -> Event:
        (seat,) = RULES.to_act(self.state)
        step = RULES.play(self.state, {seat: move})
        for term in REWARDS.terms(self.state, {seat: move}, step.state, step.events, frozenset()):
            self.terms[term.name] += int(term.amount)
        self.state = step.state
        self.events = list(step.events)
        return next((e for e in reversed(self.events) if e.to != () and e.kind != "end"), Event("silence", {}))

    @property
    def code(self) -> str | None:
        """The code of the error that the last call met."""
        return next((str(e.data["code"]) for e in self.events if e.kind == "error"), None)

    @property
    def paid(self) -> float:
        """What the terms so far are worth under the default preset."""
        return sum(DEFAULT[name] * count for name, count in self.terms.items())

    # The way of a game, in strides

    def searched(self, **more: Any) -> Table:
        self(
            "search_flights", **{"from": "NYC", "to": "LON", "depart": DEPART, "return": BACK, "sort": "price", **more}
        )
        return self

    def ranked(self, *options: str) -> Table:
        """Search, shortlist and rank these flights, best first, every page seen."""
        self.searched()
        if self.state.case.policy.page < 4:
            self.searched(page=2)
        self("shortlist", options=list(options))
        self("rank", trips=[[option] for option in options])
        return self

    def agreed(self, option: str, **more: Any) -> Table:
        """Rank one flight, hold it, and have it confirmed."""
        self.ranked(option)
        held = self("hold", option=option, **more)
        self("confirm", holds=["K1"], total=held.data["price"])
        return self


Lay = Callable[..., Table]


@pytest.fixture
def lay() -> Lay:
    """``lay(error_rate=0.5, flight=(1, {"gone": True}))``: a table of the New York–London case with these changes.

    ``flight`` changes one offer of the list, ``spec`` the traveller's wishes, ``policy`` the house rules; other
    names are fields of the case.
    """

    def made(
        *,
        flight: tuple[int, dict[str, Any]] | None = None,
        spec: dict[str, Any] | None = None,
        policy: dict[str, Any] | None = None,
        key: int = 0,
        traveller: str = "simulated",
        turns: int | None = None,
        **changes: Any,
    ) -> Table:
        config = Config(scenario="new-york-london", traveller=traveller, turns=turns)
        case: Case = new_york_london(config)
        if flight is not None:
            (query,) = case.lists
            which, fields = flight
            flights = tuple(f._replace(**fields) if i == which else f for i, f in enumerate(case.lists[query]))
            case = replace(case, lists={query: flights}, moves=frozenset({fields.get("moved_at", 0)}))
        if spec is not None:
            case = replace(case, specs=tuple(one._replace(**spec) for one in case.specs))
        if policy is not None:
            case = replace(case, policy=case.policy._replace(**policy))
        return Table(begin(replace(case, **changes), config, key))

    return made
