"""The desk's manual: every set of causes that a complaint may have, and what each of them shows where.

What a person at the desk has in a folder. A set of hypotheses is a bit mask over the manual's list; a hypothesis is a
set of causes with the customer's two secrets (says to have rebooted; will not admit to a loose cable).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

from lanista.arenas.support_desk.belief import fault_sets, may_break, untold_sets
from lanista.arenas.support_desk.faults import ALL, BIT, CLAIMS, LATE, SHY, internet, observe, symptom
from lanista.arenas.support_desk.levels import LATE_RATE

CLAIMED, LIED = 0.5, 0.25
"""How often customers have rebooted before they call; how often they say so of a modem that hangs, or hide a cable."""

COMPLAINTS = ("no_internet", "slow_internet", "no_mobile", "high_bill")
"""Those that name a trouble; any other complaint may have any causes."""


class Manual:
    """The hypotheses of one complaint, each with its weight. Only caches change."""

    def __init__(self, sets: tuple[int, ...], shares: Mapping[int, float] | None = None, late: int = 0) -> None:
        flagged = [(faults, *pair) for faults in sets for pair in _secrets(faults, late)]
        self.truths = [faults | flags for faults, flags, _ in flagged]
        self.weights = [weight * (shares[faults] if shares else 1) for faults, _, weight in flagged]
        self.everything = (1 << len(self.truths)) - 1
        self._splits: dict[str, Mapping[str, int]] = {}
        self._having: dict[int, int] = {}

    def split(self, mask: int, test: str, gone: int) -> dict[str, int]:
        """What ``test`` may show once ``gone`` is cleared: for each outcome the hypotheses of ``mask`` that show it."""
        if gone:
            return self._split(mask, test, gone)
        whole = self._splits.get(test)
        if whole is None:  # nothing cleared yet: many hypotheses, and every case comes by here
            whole = self._splits[test] = self._split(self.everything, test, 0)
        return {outcome: inside for outcome, part in whole.items() if (inside := part & mask)}

    def having(self, faults: int) -> int:
        """The hypotheses with at least one of these causes."""
        known = self._having.get(faults)
        if known is None:
            known = self._having[faults] = sum(1 << i for i, truth in enumerate(self.truths) if truth & faults)
        return known

    def mass(self, mask: int) -> float:
        """The weight of a set of hypotheses, not normalised."""
        return sum(self.weights[i] for i in members(mask))

    def entropy(self, mask: int) -> float:
        """Bits of uncertainty about the causes, the customer's secrets summed out."""
        sums: dict[int, float] = {}
        for i in members(mask):
            causes = self.truths[i] & ALL
            sums[causes] = sums.get(causes, 0.0) + self.weights[i]
        total = sum(sums.values())
        return -sum(w / total * math.log2(w / total) for w in sums.values()) if len(sums) > 1 else 0.0

    def told(self, mask: int, test: str, gone: int) -> float:
        """The bits that ``test`` is expected to tell."""
        parts = self.split(mask, test, gone)
        if len(parts) < 2:
            return 0.0
        total = self.mass(mask)
        return self.entropy(mask) - sum(self.mass(part) / total * self.entropy(part) for part in parts.values())

    def _split(self, mask: int, test: str, gone: int) -> dict[str, int]:
        found: dict[str, int] = {}
        for i in members(mask):
            outcome = observe(test, self.truths[i], gone)
            found[outcome] = found.get(outcome, 0) | 1 << i
        return found


@lru_cache(maxsize=32)
def manual(faults: int, complaint: str, untold: bool = False, late: bool = False) -> Manual:
    """The manual of cases with so many causes that begin with this complaint, whether or not one hides another; with
    ``untold``, of cases with up to so many, with ``late`` an outage among them that begins during the call."""
    if untold:
        shares = untold_sets(faults, "any")
        return Manual(
            tuple(m for m in shares if complaint not in COMPLAINTS or symptom(m) == complaint), shares, faults * late
        )
    sets = (*fault_sets(faults, False, "any"), *(fault_sets(faults, True, "any") if faults > 1 else ()))
    return Manual(tuple(mask for mask in sets if complaint not in COMPLAINTS or symptom(mask) == complaint))


@lru_cache(maxsize=1 << 13)
def members(mask: int) -> tuple[int, ...]:
    """The positions of a mask's bits, ascending."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return tuple(found)


def _secrets(faults: int, late: int) -> list[tuple[int, float]]:
    """The customer's flags that can go with these causes, and how often they do."""
    if may_break(faults, late):
        return [(0, 1 - LATE_RATE), (BIT["outage"] | LATE, LATE_RATE)]
    claims = 0.0 if internet(faults) == "ok" else LIED if faults & BIT["hung_modem"] else CLAIMED
    shy = LIED if faults & BIT["loose_cable"] else 0.0
    pairs = ((a | b, p * q) for a, p in ((0, 1 - claims), (CLAIMS, claims)) for b, q in ((0, 1 - shy), (SHY, shy)))
    return [(flags, weight) for flags, weight in pairs if weight]
