"""What can be set: the split, who plays the customer, and the difficulty vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from lanista.arenas.core.contract import later
from lanista.arenas.support_desk.faults import BILLING, TECHNICAL
from lanista.arenas.support_desk.levels import EXPERT, EXPERT_KEYS, LEVELS, NEEDS, PLAIN, Options
from lanista.arenas.support_desk.policy import SPLITS
from lanista.errors import UsageError, suggest

COOPERATION = ("helpful", "mixed", "difficult")
TOPICS = ("any", TECHNICAL, BILLING)
CUSTOMERS = ("world", "seat")
BRIEFS = ("full", "short")
MOST_FAULTS = 3
DIFFICULTY = ("faults", "masking", "conflicts", "distractors", "cooperation", "error_rate", "horizon")
"""The keys of the difficulty vector."""


def least_horizon(faults: int) -> int:
    """Decisions that suffice for any case with this many faults, errors of the customer included."""
    return 8 + 8 * faults


@dataclass(frozen=True, kw_only=True)
class Config:
    """One desk and the kind of case it gets."""

    split: str = "train"
    """``train``, ``dev`` or ``test``: no combination of faults and no policy is in two of them."""
    topic: str = "any"
    """``any``, ``technical`` or ``billing``: whose faults the cases have."""
    faults: int = 1
    """How many faults a case has: 1 to 3."""
    masking: bool = False
    """Whether one fault hides another (needs two faults or more); otherwise each sits in a service of its own."""
    conflicts: bool = False
    """Whether a policy forbids the fix that the customer wants (a refund over the limit, a fee waived too often)."""
    distractors: int = 0
    """Irrelevant things that the customer says at the start: 0 to 3."""
    cooperation: str = "helpful"
    """``helpful``, ``mixed`` or ``difficult``: less patience, more that is not true."""
    error_rate: float = 0.0
    """How often the customer does a step wrong, or misreads what they are asked to give: 0 to 0.5."""
    horizon: int = 32
    """Decisions of the desk after which the call is cut."""
    brief: str = "full"
    """``full``: the desk is told its tools; ``short``: only its role and the rules of the house, for small models."""
    customer: str = "world"
    """``world`` (simulated) or ``seat`` (customer_0 answers)."""
    level: str = later("standard")
    """``standard``, or ``expert``: every option below, and what is left at its default of the difficulty vector as hard
    as it is meant to be (``levels.py``)."""
    untold: bool | None = later(None)
    """Whether the number of causes is not told: 1 to ``faults``, hidden behind each other or not. None in this and the
    options below: as the level says."""
    notes: bool | None = later(None)
    """Whether the case file is the notes of those before, instead of all that was seen."""
    raw: bool | None = later(None)
    """Whether readings are what the systems print (numbers, dates, logs, charts) instead of what they mean."""
    articles: bool | None = later(None)
    """Whether what the numbers have to be stands in articles, of which one is out of date and one wrong; needs raw."""
    voices: bool | None = later(None)
    """Whether customers speak in many voices: openings built of parts, beliefs, two things at once, interruptions."""
    limits: bool | None = later(None)
    """Whether rules of the house hang together: credits by tenure and month, technicians by the clock; needs raw."""
    late: bool | None = later(None)
    """Whether an outage may begin during the call, where nothing else is wrong with the internet; needs untold."""
    haggling: bool | None = later(None)
    """Whether customers refuse steps, haggle, hold on to what they believe and ask for what a rule forbids, until they
    are given a reason; needs voices."""
    doubts: bool | None = later(None)
    """Whether customers find out a false explanation by what they see; needs voices."""
    impostors: bool | None = later(None)
    """Whether some callers are not who they say, and fail one check plausibly; needs voices."""
    callbacks: bool | None = later(None)
    """Whether a customer calls again, once, whose case was closed with something left; needs notes."""

    hard: ClassVar[Options] = PLAIN
    """The options as they are in force: set for each config from its level and its keys."""

    def __post_init__(self) -> None:
        """Raises UsageError on a value that is impossible, alone or beside the others."""
        _one_of("level", self.level, LEVELS)
        _fill(self)
        _one_of("split", self.split, SPLITS)
        _one_of("topic", self.topic, TOPICS)
        _one_of("cooperation", self.cooperation, COOPERATION)
        _one_of("brief", self.brief, BRIEFS)
        _one_of("customer", self.customer, CUSTOMERS)
        _whole("faults", self.faults, 1, MOST_FAULTS)
        _whole("distractors", self.distractors, 0, 3)
        for name in ("masking", "conflicts"):
            if not isinstance(getattr(self, name), bool):
                raise UsageError(f"{name} is true or false, not {getattr(self, name)!r}")
        if self.hard != PLAIN:
            _hard(self)
        if self.masking and self.faults < 2:
            raise UsageError("masking needs two faults or more: one fault hides nothing; set faults to 2 or 3")
        if not self.hard.untold and self.topic == BILLING and self.faults > 1 and not self.masking:
            raise UsageError("several billing faults sit on one bill: set masking to true, or topic to any")
        if not self.hard.untold and self.topic == TECHNICAL and self.faults > 2 and not self.masking:
            raise UsageError("three technical faults share a service: set masking to true, or topic to any")
        if self.conflicts and self.topic == TECHNICAL:
            raise UsageError("policy conflicts are about bills: set topic to any or billing, or conflicts to false")
        rate = self.error_rate
        if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate <= 0.5:
            raise UsageError(f"error_rate is a number from 0 to 0.5, not {rate!r}")
        object.__setattr__(self, "error_rate", float(rate))
        _whole("horizon", self.horizon, least_horizon(self.faults), 200)


def _fill(config: Config) -> None:
    """Sets what the level says of the keys that are at their default, and the options in force."""
    if config.level == EXPERT:
        for name, value in EXPERT_KEYS.items():
            if getattr(config, name) == getattr(Config, name):
                object.__setattr__(config, name, value)
    given = {name: getattr(config, name) for name in Options._fields}
    for name, value in given.items():
        if value is not None and not isinstance(value, bool):
            raise UsageError(f"{name} is true or false, or left out for what the level says, not {value!r}")
    on = {name: config.level == EXPERT if value is None else value for name, value in given.items()}
    for name, needed in NEEDS.items():
        if on[name] and not on[needed]:
            if given[name]:
                raise UsageError(f"{name} needs {needed}: set {needed} to true, or leave {name} out")
            on[name] = False
    object.__setattr__(config, "hard", Options(**on))


def _hard(config: Config) -> None:
    """What the options do not go together with."""
    on = [name for name in Options._fields if getattr(config.hard, name)]
    why = f"with {on[0] if config.level != EXPERT else 'level expert'}"
    if config.brief != "full":
        raise UsageError(f"brief is full {why}: a short brief tells neither the tools nor the rules; leave brief out")
    if config.customer != "world":
        raise UsageError(f"customer is world {why}: only the simulated one plays by them; leave customer out")
    if config.hard.untold and config.masking:
        raise UsageError("masking is drawn where the number of causes is untold; leave masking out, or untold")
    if config.hard.untold and config.faults < 2:
        raise UsageError("untold needs two causes or more to choose from; set faults to 2 or 3, or leave untold out")


def _one_of(name: str, value: Any, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(f"unknown {name} {value!r}{suggest(str(value), known)} (there are: {', '.join(known)})")


def _whole(name: str, value: Any, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise UsageError(f"{name} is a whole number from {low} to {high}, not {value!r}")
