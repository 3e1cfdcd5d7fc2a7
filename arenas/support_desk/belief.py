"""What can be known: the space of worlds a complaint leaves open, and the posterior after what the desk was told.

A hypothesis is a set of faults with the customer's two flags (see faults). Every test shows one thing in each, so the
posterior is the prior on a subset of them: a bit mask over the space. Entropies are in bits over the *faults*; the
flags are summed out.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from functools import lru_cache

from lanista.arenas.support_desk.faults import (
    ALL,
    BIT,
    CLAIMS,
    LATE,
    OF_OWNER,
    OF_SERVICE,
    SHY,
    TESTS,
    bits,
    internet,
    observe,
    symptom,
)
from lanista.arenas.support_desk.levels import CAUSES, LATE_RATE

_INTERNET, _MOBILE = OF_SERVICE["internet"], OF_SERVICE["mobile"]
_TECHNICIAN, _HUMAN = bits("line_cut", "line_noise"), bits("sim_blocked", "unknown_charge")
_SETTINGS = bits("bridge_mode", "bad_dns", "hung_modem", "wifi_channel", "old_firmware")
_SILENT = bits("suspended", "dead_modem", "loose_cable")  # what may stand before a fault that nobody here can mend

VAGUE = "vague"
"""The complaint that leaves everything open."""
_KEPT = 20_000
"""Results that a space keeps of each kind; they come back in sibling games and proofs."""
CLAIM_RATE = 0.5
"""How often a customer with internet trouble has rebooted before the call."""
LIE_RATE = {"helpful": 0.0, "mixed": 0.25, "difficult": 0.5}
"""How often a customer says so of a modem that hangs, and calls a loose cable fine."""


def possible(mask: int) -> bool:
    """Whether a case may have these faults together: none is hidden behind one that nobody at the desk can mend, and
    no two must end with different people."""
    if mask & _TECHNICIAN and mask & _HUMAN:
        return False
    if mask & BIT["line_cut"] and mask & BIT["line_noise"]:
        return False
    if mask & BIT["dead_modem"] and mask & _SETTINGS:
        return False  # a new modem would mend them all
    if mask & bits("outage", "line_cut"):
        beside = mask & _INTERNET & ~_SILENT
        if beside.bit_count() > 1:
            return False
    if mask & BIT["line_noise"] and mask & BIT["low_profile"]:
        return False
    return not (mask & BIT["sim_blocked"] and (mask & _MOBILE).bit_count() > 1)


def masks(mask: int) -> bool:
    """Whether one of these faults hides another: two in one service, or a suspended account beside a mobile fault."""
    if any((mask & of).bit_count() > 1 for of in OF_SERVICE.values()):
        return True
    return bool(mask & BIT["suspended"] and mask & _MOBILE)


@lru_cache(maxsize=64)
def fault_sets(faults: int, masking: bool, topic: str) -> tuple[int, ...]:
    """Every set of faults that a case of this kind may have."""
    pool = [bit for bit in BIT.values() if topic == "any" or bit & OF_OWNER[topic]]
    sets = (sum(chosen) for chosen in itertools.combinations(pool, faults))
    return tuple(mask for mask in sets if possible(mask) and masks(mask) == masking)


class Space:
    """The hypotheses that one complaint leaves open, with their prior. Shared by all its cases; only caches change."""

    def __init__(
        self, sets: tuple[int, ...], lie_rate: float, shares: Mapping[int, float] | None = None, late: int = 0
    ) -> None:
        self.hypotheses: list[int] = []
        self.weights: list[float] = []
        self._group: list[int] = []
        for group, faults in enumerate(sets):
            for truth, weight in _with_flags(faults, lie_rate, late):
                self.hypotheses.append(truth)
                self.weights.append(weight * shares[faults] if shares else weight)
                self._group.append(group)
        self.index = {truth: i for i, truth in enumerate(self.hypotheses)}
        self.everything = (1 << len(self.hypotheses)) - 1
        self._entropies: dict[int, float] = {}
        self._parts: dict[str, Mapping[str, int]] = {}
        self._later: dict[tuple[int, str, int], Mapping[str, int]] = {}
        self._needed: dict[tuple[int, int], int] = {}
        self._best: dict[tuple[int, int], str | None] = {}
        self._with: dict[int, int] = {}

    def parts(self, mask: int, test: str, gone: int) -> Mapping[str, int]:
        """For each thing that ``test`` may show once ``gone`` is cleared: the hypotheses of ``mask`` in which it does.

        Nothing is cleared where most is still open, so the whole space is split by each test once and for all then.
        """
        if gone:
            kept = self._later.get((mask, test, gone))
            if kept is None:
                if len(self._later) >= _KEPT:
                    self._later.clear()
                kept = self._later[mask, test, gone] = self._split(mask, test, gone)
            return kept
        return {shown: inside for shown, part in self.showing(test).items() if (inside := mask & part)}

    def _split(self, mask: int, test: str, gone: int) -> dict[str, int]:
        found: dict[str, int] = {}
        for i in members(mask):
            shown = observe(test, self.hypotheses[i], gone)
            found[shown] = found.get(shown, 0) | 1 << i
        return found

    def showing(self, test: str) -> Mapping[str, int]:
        """For each thing that ``test`` may show before anything was cleared: the hypotheses in which it does."""
        known = self._parts.get(test)
        if known is None:
            known = self._parts[test] = self._split(self.everything, test, 0)
        return known

    def having(self, faults: int) -> int:
        """The hypotheses with at least one of these faults."""
        known = self._with.get(faults)
        if known is None:
            known = self._with[faults] = sum(1 << i for i, truth in enumerate(self.hypotheses) if truth & faults)
        return known

    def mass(self, mask: int) -> float:
        """The prior weight of a set of hypotheses, not normalised."""
        return sum(self.weights[i] for i in members(mask))

    def entropy(self, mask: int) -> float:
        """Bits of uncertainty about the faults when only these hypotheses are left."""
        known = self._entropies.get(mask)
        if known is None:
            groups: dict[int, float] = {}
            for i in members(mask):
                groups[self._group[i]] = groups.get(self._group[i], 0.0) + self.weights[i]
            total = sum(groups.values())
            known = -sum(w / total * math.log2(w / total) for w in groups.values()) if len(groups) > 1 else 0.0
            if len(self._entropies) >= _KEPT:
                self._entropies.clear()
            self._entropies[mask] = known
        return known

    def expected(self, mask: int, test: str, gone: int) -> float:
        """The bits that ``test`` is expected to leave, over what it may show."""
        total, left = 0.0, 0.0
        for inside in self.parts(mask, test, gone).values():
            weight = self.mass(inside)
            total += weight
            left += weight * self.entropy(inside)
        return left / total

    def best(self, mask: int, gone: int) -> str | None:
        """The test that is expected to tell the most, None where no test tells anything."""
        if (mask, gone) not in self._best:
            now = self.entropy(mask)
            found = min(TESTS, key=lambda test: round(self.expected(mask, test, gone), 9)) if now else None
            if found is not None and self.expected(mask, found, gone) > now - 1e-9:
                found = None
            self._best[mask, gone] = found
        return self._best[mask, gone]

    def needed(self, truth: int, mask: int) -> int:
        """Diagnostics that a desk asks which always takes the most telling one, and mends what it is sure of."""
        key = (truth, mask)
        if key not in self._needed:
            asked, gone = 0, 0
            while self.entropy(mask):
                test = self.best(mask, gone)
                if test is not None:
                    asked += 1
                    mask = self.parts(mask, test, gone)[observe(test, truth, gone)]
                    continue
                sure = ALL & ~gone
                for i in members(mask):
                    sure &= self.hypotheses[i]
                if not sure:
                    break
                gone |= sure
            self._needed[key] = asked
        return self._needed[key]


def may_break(faults: int, late: int) -> bool:
    """Whether an outage may begin beside these faults, of at most ``late`` in all."""
    return faults.bit_count() < late and internet(faults) == "ok"


def _with_flags(faults: int, lie_rate: float, late: int) -> list[tuple[int, float]]:
    """The set of faults with each pair of the customer's flags that can be, and its share of the set's weight; where at
    most ``late`` faults may come together, an outage that begins during the call is a flag too."""
    if may_break(faults, late):  # nothing is wrong with the internet, so there are no other flags
        return [(faults, 1 - LATE_RATE), (faults | BIT["outage"] | LATE, LATE_RATE)]
    claims = 0.0 if internet(faults) == "ok" else lie_rate if faults & BIT["hung_modem"] else CLAIM_RATE
    shy = lie_rate if faults & BIT["loose_cable"] else 0.0
    pairs = itertools.product(((0, 1 - claims), (CLAIMS, claims)), ((0, 1 - shy), (SHY, shy)))
    return [(faults | a | b, p * q) for (a, p), (b, q) in pairs if p * q > 0]


@lru_cache(maxsize=16)
def untold_sets(faults: int, topic: str) -> Mapping[int, float]:
    """Every set of one to ``faults`` faults, whether one hides another or not, and how often a case has it."""
    found: dict[int, float] = {}
    for number, share in zip(range(1, faults + 1), CAUSES, strict=False):
        sets = (*fault_sets(number, False, topic), *(fault_sets(number, True, topic) if number > 1 else ()))
        found |= dict.fromkeys(sets, share / len(sets))
    return found


@lru_cache(maxsize=32)
def untold_space(faults: int, topic: str, cooperation: str, complaint: str, late: bool = False) -> Space:
    """The space that a complaint opens where the number of causes is not told."""
    shares = untold_sets(faults, topic)
    return Space(
        tuple(m for m in shares if complaint in (VAGUE, symptom(m))), LIE_RATE[cooperation], shares, faults * late
    )


@lru_cache(maxsize=128)
def space(faults: int, masking: bool, topic: str, cooperation: str, complaint: str) -> Space:
    """The space that a complaint opens at a desk of this kind."""
    sets = fault_sets(faults, masking, topic)
    return Space(tuple(m for m in sets if complaint in (VAGUE, symptom(m))), LIE_RATE[cooperation])


@lru_cache(maxsize=16)
def open_space(faults: int, complaint: str) -> Space:
    """The space that a complaint opens to a desk that is told the number of faults and nothing else of the case's kind:
    whether one hides another, whose they are, and whether the customer can be relied on is in no seat's texts."""
    sets = fault_sets(faults, False, "any") + (fault_sets(faults, True, "any") if faults > 1 else ())
    return Space(tuple(m for m in sets if complaint in (VAGUE, symptom(m))), LIE_RATE["difficult"])


@lru_cache(maxsize=1 << 13)
def members(mask: int) -> tuple[int, ...]:
    """The positions of a mask's bits, ascending."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return tuple(found)
