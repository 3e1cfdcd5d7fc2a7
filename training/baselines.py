"""Running means of what seats of a kind (role and opponent) got in earlier steps, by number of decision.

b ← 0.95 b + 0.05 r once a step, r being the step's mean. It is read before a step's own returns go in, so it is a
function of earlier steps alone: given the policies as they are, no draw of this step moves it, and subtracting it
changes no expected gradient.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from accelerate.utils import gather_object

from lanista import files
from lanista.errors import UsageError
from lanista.training.credit import Returns

KEEP = 0.95
"""What a step leaves of the mean that was there."""

SEEN = 5
"""Steps after which a mean is used."""

FILE = "baselines.json"
"""In a checkpoint: the running means."""


class Baselines:
    """The running means of a run, the same on every process."""

    def __init__(self) -> None:
        self._sums: dict[str, list[list[float]]] = {}

    def known(self) -> Mapping[str, Sequence[float]]:
        """By kind: the mean for decision 0, 1, … as far as seen in enough steps; kinds without one are left out."""
        enough = 1 - KEEP**SEEN - 1e-12
        found: dict[str, list[float]] = {}
        for kind, sums in self._sums.items():
            for value, weight in sums:
                if weight < enough:
                    break
                found.setdefault(kind, []).append(value / weight)
        return found

    def add(self, returns: Sequence[Returns]) -> None:
        """Take in a step's returns, those of all processes. A seat that never decided counts as one decision."""
        mine = [(one.kind, one.turns or (one.total,)) for one in returns]
        values: dict[str, list[list[float]]] = {}
        for kind, turns in gather_object(mine):
            by_number = values.setdefault(kind, [])
            for number, value in enumerate(turns):
                if number == len(by_number):
                    by_number.append([])
                by_number[number].append(value)
        for kind, by_number in values.items():
            sums = self._sums.setdefault(kind, [])
            for number, its in enumerate(by_number):
                if number == len(sums):
                    sums.append([0.0, 0.0])
                value, weight = sums[number]
                # The weight grows towards 1 and corrects for a mean that began at nothing.
                sums[number] = [KEEP * value + (1 - KEEP) * math.fsum(its) / len(its), KEEP * weight + (1 - KEEP)]

    def save(self, folder: Path) -> None:
        """Write them to a checkpoint's folder."""
        files.write_text(folder / FILE, json.dumps(self._sums, sort_keys=True) + "\n")

    def load(self, folder: Path) -> None:
        """The inverse, to the same bits. Raises UsageError for a checkpoint that has none, or whose are damaged."""
        try:
            found = json.loads((folder / FILE).read_text(encoding="utf-8"))
            self._sums = {
                kind: [[float(value), float(weight)] for value, weight in sums] for kind, sums in found.items()
            }
        except (OSError, AttributeError, TypeError, ValueError) as error:
            raise UsageError(
                f"the running baselines in {folder / FILE} cannot be read ({type(error).__name__}: {error}): remove "
                "this checkpoint to go on from the one before it, or start the run anew"
            ) from error
