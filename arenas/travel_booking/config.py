"""The table: split, difficulty and who plays the traveller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lanista.arenas.core.contract import later
from lanista.errors import UsageError, suggest

SPLITS = ("train", "dev", "test")
SCENARIOS = ("", "new-york-london")
TRAVELLERS = ("simulated", "seat")
BRIEFS = ("full", "short")
MOST_TRAVELLERS, MOST_LEGS = 4, 4
MOST_INFEASIBLE = 0.2
"""At most one case in five is impossible: saying so must never be a good bet."""

LEVELS: dict[str, dict[str, Any]] = {
    "easy": {
        "horizon": 1, "constraints": 1, "likes": 1, "distractors": 1, "error_rate": 0.05, "drift": 0.1,
        "cooperativeness": 1.0, "fickle": 0.0, "infeasible": 0.15,
    },
    "medium": {
        "horizon": 2, "constraints": 2, "likes": 2, "distractors": 2, "error_rate": 0.1, "drift": 0.2,
        "cooperativeness": 0.7, "fickle": 0.15, "infeasible": 0.15,
    },
    "hard": {
        "horizon": 3, "constraints": 4, "likes": 3, "distractors": 3, "error_rate": 0.2, "drift": 0.3,
        "cooperativeness": 0.4, "fickle": 0.3, "infeasible": 0.15,
    },
    "top": {
        "horizon": 2, "constraints": 4, "likes": 2, "distractors": 3, "error_rate": 0.1, "drift": 0.2,
        "cooperativeness": 0.4, "fickle": 0.0, "infeasible": 0.2,
    },
}  # fmt: skip
"""What a level fills in for the difficulty keys that are left at None."""

PLAIN: dict[str, Any] = {
    "told": False, "travellers": 1, "legs": 2, "expiring": 0.0, "changes": 0.0, "contradictions": 0.0, "counter": 0.0,
    "borders": False, "loyalty": 0.0,
}  # fmt: skip
"""The keys of journeys as they are where nothing is asked for: one traveller's round trip, played by the old rules."""
TOP: dict[str, Any] = {
    "told": True, "travellers": 3, "legs": 3, "expiring": 0.5, "changes": 0.4, "contradictions": 0.5, "counter": 0.5,
    "borders": True, "loyalty": 0.4,
}  # fmt: skip
"""The same at level ``top``."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """One table. Difficulty keys left at None take their level's value."""

    split: str = "train"
    """``train``, ``dev`` or ``test``: no combination of route and wishes, and no policy, is in two of them."""
    level: str = "medium"
    """``easy``, ``medium``, ``hard``, or ``top``, a journey: fills in the difficulty keys below."""
    horizon: int | None = None
    """What is to be booked: 1 a flight, 2 a hotel too, 3 a car too."""
    constraints: int | None = None
    """Hard constraints of the traveller, 0 to 5."""
    likes: int | None = None
    """Soft preferences, stated or remembered, 0 to 4."""
    distractors: int | None = None
    """Options on every list beyond the first three, 0 to 6."""
    error_rate: float | None = None
    """The chance that a service call meets an injected fault, 0 to 0.5."""
    drift: float | None = None
    """The share of options whose price moves or that are gone when they are held, 0 to 0.5."""
    cooperativeness: float | None = None
    """The chance that a constraint is told before it is asked for, 0 to 1."""
    fickle: float | None = None
    """The share of travellers who change their mind once, 0 to 1."""
    infeasible: float | None = None
    """The share of cases that are impossible, 0 to 0.2."""
    told: bool | None = later(None)
    """Whether the traveller talks to one seat at a time and nothing is copied: what others know was written to them.
    This key and those down to ``loyalty`` make the case a journey, whatever the level; on plain round trips they are
    None."""
    travellers: int | None = later(None)
    """How many travel, 1 to 4."""
    legs: int | None = later(None)
    """Flights, 2 to 4; from 3 on some journeys are open-jaw, with one flight less."""
    expiring: float | None = later(None)
    """The share of journeys with offers that end while the party thinks, 0 to 1."""
    changes: float | None = later(None)
    """The share of journeys that change after booking, 0 to 1."""
    contradictions: float | None = later(None)
    """The chance that a stored like contradicts one that is told, 0 to 1."""
    counter: float | None = later(None)
    """The share of impossible journeys whose party would take other terms, 0 to 1."""
    borders: bool | None = later(None)
    """Whether changing planes takes time and visas, and journeys cross the date line."""
    loyalty: float | None = later(None)
    """The share of journeys on which somebody needs flights for their status, 0 to 1."""
    traveller: str = "simulated"
    """``simulated``, or ``seat``: whoever sits in traveller_0 answers."""
    turns: int | None = None
    """Decisions after which the game ends, 8 to 200; left at None, 16 + 10 a product, and 8 more where minds change."""
    brief: str = "full"
    """``full``: each seat is told its duty and its calls; ``short``: what it cannot know, for small models that learn
    the rest from games."""
    scenario: str = ""
    """``new-york-london`` plays that one case; ``""`` generates them."""

    def __post_init__(self) -> None:
        """Fill in the level's values. Raises UsageError on anything impossible."""
        _one_of("split", self.split, SPLITS)
        _one_of("level", self.level, LEVELS)
        _one_of("traveller", self.traveller, TRAVELLERS)
        _one_of("brief", self.brief, BRIEFS)
        _one_of("scenario", self.scenario, SCENARIOS)
        asked = {name: getattr(self, name) for name in ("horizon", "fickle", *PLAIN)}
        for name, value in {**LEVELS[self.level], **(TOP if self.level == "top" else PLAIN)}.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)
        self._check_journey(asked)
        if not self.journey:
            for name in PLAIN:
                object.__setattr__(self, name, None)
        for name, low, high in (("horizon", 1, 3), ("constraints", 0, 5), ("likes", 0, 4), ("distractors", 0, 6)):
            _whole(name, getattr(self, name), low, high)
        for name, most in (("error_rate", 0.5), ("drift", 0.5), ("cooperativeness", 1.0), ("fickle", 1.0)):
            _share(name, getattr(self, name), most)
        _share("infeasible", self.infeasible, MOST_INFEASIBLE)
        if self.turns is None and self.journey:
            turns = 30 + 14 * int(self.legs or 2) + 6 * int(self.travellers or 1) + 24 * bool(self.changes)
            object.__setattr__(self, "turns", turns)
        if self.turns is None:
            minds = bool(self.fickle) and not self.scenario
            object.__setattr__(self, "turns", 16 + 10 * self.products + 8 * minds)
        _whole("turns", self.turns, 8, 200)

    @property
    def journey(self) -> bool:
        """Whether this table plays journeys: any of their keys is not what it is for a plain round trip."""
        return not self.scenario and any(getattr(self, name) not in (None, value) for name, value in PLAIN.items())

    def _check_journey(self, asked: dict[str, Any]) -> None:
        """Whether the journey's keys are possible, and go with the others. ``asked``: what the caller named."""
        for name in ("told", "borders"):
            if not isinstance(getattr(self, name), bool):
                raise UsageError(f"{name} is true or false, not {getattr(self, name)!r}")
        _whole("travellers", self.travellers, 1, MOST_TRAVELLERS)
        _whole("legs", self.legs, 2, MOST_LEGS)
        for name in ("expiring", "changes", "contradictions", "counter", "loyalty"):
            _share(name, getattr(self, name), 1.0)
        if self.scenario:
            named = [f"{name}={asked[name]!r}" for name, value in PLAIN.items() if asked[name] not in (None, value)]
            if named:
                raise UsageError(
                    f"scenario {self.scenario!r} is one traveller's round trip: leave out {', '.join(named)}"
                )
        if not self.journey:
            return
        if self.traveller == "seat":
            raise UsageError("traveller='seat' goes with one traveller's round trip; a journey's party is simulated")
        if asked["horizon"] == 3:
            raise UsageError("horizon=3 (a car) goes with one traveller's round trip; journeys have 1 or 2")
        if asked["fickle"]:
            raise UsageError(
                f"fickle={asked['fickle']!r} goes with one traveller's round trip; use changes on journeys"
            )
        if asked["counter"] and self.infeasible == 0:
            raise UsageError(f"counter={asked['counter']!r} needs impossible cases; infeasible is 0")
        if asked["contradictions"] and not self.likes:
            raise UsageError(f"contradictions={asked['contradictions']!r} needs likes to contradict; likes is 0")
        object.__setattr__(self, "horizon", min(2, int(self.horizon or 1)))
        object.__setattr__(self, "fickle", 0.0)

    @property
    def products(self) -> int:
        """How many things are to be booked."""
        return 1 if self.scenario else int(self.horizon or 1)

    @property
    def limit(self) -> int:
        """The most decisions of a game."""
        return int(self.turns or 0)


def _one_of(name: str, value: Any, known: Any) -> None:
    if not isinstance(value, str) or value not in known:
        listed = ", ".join(repr(each) for each in known)
        raise UsageError(f"{name} is one of {listed}, not {value!r}{suggest(str(value), known)}")


def _whole(name: str, value: Any, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise UsageError(f"{name} is a whole number from {low} to {high}, not {value!r}")


def _share(name: str, value: Any, most: float) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= most:
        raise UsageError(f"{name} is a number from 0 to {most:g}, not {value!r}")
