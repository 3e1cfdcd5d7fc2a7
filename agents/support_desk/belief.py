"""What may be wrong: the sets of causes that agree with everything on file, and the look that would tell the most.

A seat is told how many causes a case has, not of which kind they are. Steps that the customer did may have failed: a
file that agrees with no causes agrees with some once one of the steps is taken for not done, and that one is.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import combinations

from lanista.agents.support_desk.file import File, Seen
from lanista.agents.support_desk.manual import Manual, manual, members
from lanista.arenas.support_desk.faults import ALL, BIT, LATE, QUESTIONS
from lanista.arenas.support_desk.policy import ACCOUNT_DATA

QUESTION_COST = 0.15
"""Bits that a question must tell beyond a reading: it takes the customer's time."""
FAILS = 0.3
"""How often a step that the customer says is done was not, or not well."""
FACTOR_COST = 0.15
"""Bits that account data must tell beyond other data, for each factor that must be checked first."""


class Belief:
    """The hypotheses that a file leaves open. ``gone`` are the causes cleared by now, as far as can be told."""

    def __init__(self, file: File) -> None:
        self.manual = manual(file.faults, file.symptom, "untold" in file.options, "late" in file.options)
        self.mask, self.failed = _posterior(self.manual, file)
        self.gone = file.gone & ~self.failed
        self.sure, self.possible = _bounds(self.manual, self.mask)
        self.doubt = 0 if self.failed else self._doubted(file)
        """A step's cause, where what was seen since is better explained by a step that failed."""

    def _doubted(self, file: File) -> int:
        if not file.steps or not file.fresh:
            return 0
        last = file.steps[-1]
        times = tuple(i for i, bit in enumerate(file.steps) if bit == last)
        failed = _agreeing(self.manual, _everything(self.manual, file), file, times)
        doubtful = FAILS ** len(times) * self.manual.mass(failed) > self.manual.mass(self.mask)
        return last if doubtful else 0

    def telling(self, tests: Iterable[str], missing: int) -> str | None:
        """The look that tells the most for what it costs, ``missing`` factors unchecked; None where none tells."""
        return _telling(self.manual, self.mask, self.gone, tuple(tests), missing)

    def mass(self, faults: int) -> float:
        """The chance that one of these causes is there."""
        return self.manual.mass(self.mask & self.manual.having(faults)) / self.manual.mass(self.mask)

    def likeliest(self, faults: int) -> int:
        """The likeliest of these causes; 0 where none is possible."""
        bits = [bit for bit in BIT.values() if bit & faults & self.possible]
        return max(bits, key=lambda bit: (round(self.mass(bit), 9), -bit), default=0)

    def may_show(self, test: str) -> set[str]:
        """Everything that ``test`` may show now."""
        return {part for outcome in self.manual.split(self.mask, test, self.gone) for part in outcome.split("+")}

    def tells_apart(self, test: str, step: int) -> float:
        """The chance that ``test`` shows something else if the step that should have cleared ``step`` failed."""
        now = self.manual.split(self.mask, test, self.gone | step)
        failed = self.manual.split(self.mask, test, self.gone & ~step)
        same = _union(part & failed.get(shown, 0) for shown, part in now.items())
        return 1 - self.manual.mass(same) / self.manual.mass(self.mask)


def _posterior(book: Manual, file: File) -> tuple[int, int]:
    """(hypotheses that agree with the file, steps that then must have failed): with as few failures as will do."""
    known = everything = _everything(book, file)
    for cause in file.explained:
        known &= book.having(BIT[cause])
    for mask in (known, everything):  # what was explained by others may be wrong
        for failures in range(len(file.steps) + 1):
            for failed in combinations(range(len(file.steps)), failures):
                found = _agreeing(book, mask, file, failed)
                if found:
                    # A step that was done again and then worked did clear its cause
                    worked = _union(bit for i, bit in enumerate(file.steps) if i not in failed)
                    return found, _union(file.steps[i] for i in failed) & ~worked
    return everything, 0


def _everything(book: Manual, file: File) -> int:
    """All hypotheses in which an outage has begun during the call, or those without one, as far as was said."""
    begun = book.having(LATE)
    return begun if file.broke else book.everything & ~begun


def _agreeing(book: Manual, mask: int, file: File, failed: tuple[int, ...]) -> int:
    """The hypotheses of ``mask`` that agree with all that was seen, if these steps failed."""
    for seen in file.seen:
        if not mask:
            return 0
        gones = _gones(file, seen, failed)
        mask = _union(book.split(mask, seen.test, gone).get(seen.outcome, 0) for gone in gones)
    return mask


def _gones(file: File, seen: Seen, failed: tuple[int, ...]) -> tuple[int, ...]:
    """What was cleared at an observation, without the steps that failed before it."""
    if not failed or seen.steps < 0:
        return seen.gones
    worked = _union(file.steps[i] for i in range(seen.steps) if i not in failed)
    drop = _union(file.steps[i] for i in failed if i < seen.steps) & ~worked
    return tuple(gone & ~drop for gone in seen.gones)


def _union(masks: Iterable[int]) -> int:
    whole = 0
    for mask in masks:
        whole |= mask
    return whole


@lru_cache(maxsize=1 << 14)
def _bounds(book: Manual, mask: int) -> tuple[int, int]:
    """(causes that every hypothesis has, causes that any has)."""
    sure, possible = ALL, 0
    for i in members(mask):
        sure &= book.truths[i]
        possible |= book.truths[i]
    return sure, possible & ALL


@lru_cache(maxsize=1 << 14)
def _telling(book: Manual, mask: int, gone: int, tests: tuple[str, ...], missing: int) -> str | None:
    best, most = None, 0.0
    for test in tests:
        told = book.told(mask, test, gone)
        if told < 1e-9:
            continue
        cost = QUESTION_COST * (test in QUESTIONS) + FACTOR_COST * missing * (test in ACCOUNT_DATA)
        worth = max(told - cost, told * 1e-3)
        if worth > most + 1e-9:
            best, most = test, worth
    return best
