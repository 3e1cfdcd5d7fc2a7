"""What may be wrong: the sets of causes that agree with everything on file, and the test that would tell the most.

A person has the same from the desk's manual: which cause shows in which light, reading and answer. A seat is told how
many causes a case has, not of which kind they are, so every pair or triple that can be is in the space.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

from lanista.agents.support_desk.file import File
from lanista.arenas.support_desk.belief import LIE_RATE, Space, fault_sets, members
from lanista.arenas.support_desk.faults import ALL, BIT, QUESTIONS, symptom

QUESTION_COST = 0.15
"""Bits that a question must tell beyond a reading: it takes the customer's time."""
FACTOR_COST = 0.15
"""Bits that account data must tell beyond other data for each factor that must be checked first."""


@lru_cache(maxsize=32)
def space(faults: int, complaint: str) -> Space:
    """Every set of so many causes that begins with this complaint (any set, if it names no trouble)."""
    vague = complaint not in ("no_internet", "slow_internet", "no_mobile", "high_bill")
    sets = (*fault_sets(faults, False, "any"), *(fault_sets(faults, True, "any") if faults > 1 else ()))
    return Space(tuple(mask for mask in sets if vague or symptom(mask) == complaint), LIE_RATE["mixed"])


class Belief:
    """The hypotheses that a file leaves open. ``gone`` are the causes cleared by now, as far as can be told."""

    def __init__(self, file: File) -> None:
        self.space = space(file.faults, file.symptom)
        self.mask, self.failed = _posterior(self.space, file)
        self.gone = file.gone & ~self.failed
        self.sure, self.possible = _bounds(self.space, self.mask)

    def telling(self, tests: Sequence[str], missing: int, private: frozenset[str]) -> str | None:
        """The test that tells the most for what it costs; None where none of them tells anything."""
        return _telling(self.space, self.mask, self.gone, tuple(tests), missing, private)

    def mass(self, faults: int) -> float:
        """The chance that one of these causes is there."""
        whole = self.space.mass(self.mask)
        return self.space.mass(self.mask & self.space.having(faults)) / whole if whole else 0.0

    def likeliest(self, faults: int) -> int:
        """The likeliest of these causes; 0 where none is possible."""
        bits = [bit for bit in BIT.values() if bit & faults & self.possible]
        return max(bits, key=lambda bit: (round(self.mass(bit), 9), -bit), default=0)

    def tells_apart(self, test: str, step: int) -> bool:
        """Whether ``test`` shows something else now if the step that should have cleared ``step`` failed."""
        now, failed = (self.space.parts(test, gone) for gone in (self.gone | step, self.gone & ~step))
        return not any(self.mask & part & failed.get(shown, 0) for shown, part in now.items())


def _posterior(space: Space, file: File) -> tuple[int, int]:
    """(hypotheses that agree with the file, steps that then must have failed): with as few failures as will do."""
    known = space.everything
    for cause in file.explained:
        known &= space.having(BIT[cause])
    for failures in range(len(file.steps) + 1):
        for failed in combinations(range(len(file.steps)), failures):
            mask = known or space.everything
            for seen in file.seen:
                mask &= _agreeing(space, seen.test, seen.outcome, _gones(file, seen.gones, seen.steps, failed))
                if not mask:
                    break
            if mask:
                # A step that was done again and then worked did clear its cause
                worked = {bit for i, bit in enumerate(file.steps) if i not in failed}
                return mask, sum({file.steps[i] for i in failed} - worked)
    return space.everything, 0


def _gones(file: File, gones: tuple[int, ...], steps: int, failed: tuple[int, ...]) -> tuple[int, ...]:
    """What was cleared at an observation, without the steps that failed before it."""
    if not failed or steps < 0:
        return gones
    worked = {file.steps[i] for i in range(steps) if i not in failed}
    drop = sum({file.steps[i] for i in failed if i < steps} - worked)
    return tuple(gone & ~drop for gone in gones)


def _agreeing(space: Space, test: str, outcome: str, gones: tuple[int, ...]) -> int:
    mask = 0
    for gone in gones:
        mask |= space.parts(test, gone).get(outcome, 0)
    return mask


@lru_cache(maxsize=1 << 16)
def _bounds(space: Space, mask: int) -> tuple[int, int]:
    """(causes that every hypothesis has, causes that any has)."""
    sure, possible = ALL, 0
    for i in members(mask):
        sure &= space.hypotheses[i]
        possible |= space.hypotheses[i]
    return sure, possible & ALL


@lru_cache(maxsize=1 << 16)
def _telling(
    space: Space, mask: int, gone: int, tests: tuple[str, ...], missing: int, private: frozenset[str]
) -> str | None:
    now = space.entropy(mask)
    best, most = None, 0.0
    for test in tests:
        told = now - space.expected(mask, test, gone)
        if told < 1e-9:
            continue
        cost = QUESTION_COST * (test in QUESTIONS) + FACTOR_COST * missing * (test in private)
        worth = max(told - cost, told * 1e-3)
        if worth > most + 1e-9:
            best, most = test, worth
    return best
