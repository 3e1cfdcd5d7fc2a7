"""Other games in the place of those that came out alike, within a budget: a group without a difference teaches nothing.

A scenario is *contested* where some group of its games differs in returns, and *alike* otherwise. After a step's due
scenarios are played, every alike one is replaced by another, until all are or ``resample`` groups were played: by turns
one that was contested when it was met last, if there is any, and a new one. A contested scenario is met again under its
own deal with other luck and other draws; one that came out alike is forgotten.

An alike group's part in grpo's gradient is zero to the bit, so leaving it out drops no signal and changes only what a
mean is over; ``tokens/thrown`` counts what it cost. Which deals are trained on does shift towards those that are in the
balance, on purpose; ``score`` and ``reward`` in a step's line are of the due scenarios alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lanista import files
from lanista.arenas.core import chance
from lanista.errors import UsageError
from lanista.training.credit import advantages, returns_of, zero_variance_groups
from lanista.training.options import Section, option

if TYPE_CHECKING:
    from lanista.training.algorithms.base import Play
    from lanista.training.config import TrainConfig
    from lanista.training.trajectories import Trajectory

FILE = "resampling.json"
"""In a checkpoint: the numbers of the contested scenarios, the one met last at the end."""

KEPT = 256
"""Contested scenarios that are remembered; the one that was met longest ago goes."""

NEW = 1 << 40
"""New scenarios in the place of alike ones are numbered from here: no run has so many that are due."""


@dataclass(frozen=True, kw_only=True)
class ResampleOptions(Section):
    """Other games in the place of those that came out alike."""

    resample: int = option(
        0,
        "extra groups a step may play in the place of groups whose games came out alike: some new, some that were "
        "contested before; their tokens count as sampled; 0: none",
        least=0,
    )


def check(config: TrainConfig) -> None:
    """Raises UsageError where there are no groups to come out alike, or several processes."""
    options = config.update
    if not options.resample:
        return
    if config.game.group_size < 2:
        raise UsageError(
            f"resample replaces groups whose games came out alike, and group_size is {config.game.group_size}: take 2 "
            "or more, or leave resample at 0"
        )
    if options.baseline == "shrunk":
        raise UsageError(
            "resample replaces groups that teach nothing, and with baseline shrunk those whose games came out alike do "
            "teach: leave resample at 0, or take another --baseline"
        )
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UsageError("resample works in one process: leave it at 0 with several (WORLD_SIZE)")


class Resampler:
    """Plays a step's due scenarios and what takes the place of alike ones. Its state is which scenarios are contested.

    ``numbers``: of the last step, for the log. ``alike``: the scenarios of the last step that came out alike.
    """

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.contested: list[int] = []
        self.alike: set[int] = set()
        self.numbers: dict[str, float] = {}

    def collect(self, step: int, play: Play) -> list[Trajectory]:
        """The trajectories of the due scenarios and of all that were played in the place of alike ones."""
        found = list(play(step))
        self.alike = alike(self.config, found)
        played = list(dict.fromkeys(one.scenario for one in found))
        due, groups, again = len(played), 0, 0
        known = list(self.contested)
        while (short := len(self.alike) - groups) > 0 and groups < self.config.update.resample:
            asked = self._asked(step, groups, min(short, self.config.update.resample - groups), set(played), known)
            more = play(step, asked)
            self.alike |= alike(self.config, more)
            found += more
            groups += len(asked)
            again += sum(visit > 0 for _, visit in asked)
            played += [number for number, _ in asked]
        self._remember(played)
        thrown = sum(row.tokens for one in found if one.scenario in self.alike for row in one.rows)
        self.numbers = {
            "resample/groups": float(groups),
            "resample/revisited": float(again),
            "resample/alike": float(len(self.alike)),
            "resample/alike_share": len(self.alike) / max(due + groups, 1),
            "resample/contested": float(len(self.contested)),
            "tokens/thrown": float(thrown),
        }
        return found

    def kept(self, found: Sequence[Trajectory]) -> list[Trajectory]:
        """Those of contested scenarios."""
        return [one for one in found if one.scenario not in self.alike]

    def save(self, folder: Path) -> None:
        """Write the contested scenarios to a checkpoint's folder."""
        files.write_text(folder / FILE, json.dumps(self.contested) + "\n")

    def load(self, folder: Path) -> None:
        """The inverse. Raises UsageError for a checkpoint that has none, or whose list is damaged."""
        try:
            found = json.loads((folder / FILE).read_text(encoding="utf-8"))
            if not isinstance(found, list) or not all(type(number) is int for number in found):
                raise ValueError("it is no list of whole numbers")
        except (OSError, ValueError) as error:
            raise UsageError(
                f"the contested scenarios in {folder / FILE} cannot be read ({error}): remove this checkpoint to go on "
                "from the one before it, or start the run anew"
            ) from error
        self.contested = found

    def _asked(self, step: int, before: int, count: int, played: set[int], known: list[int]) -> list[tuple[int, int]]:
        """``count`` scenarios with their visits (0: never met), after ``before`` others of this step."""
        asked = []
        for place in range(before, before + count):
            able = [number for number in known if number not in played]
            if able and place % 2 == 0:
                lot = chance.draw(chance.key("resample", self.config.run.seed, step), "again", place, len(able))
                asked.append((able[lot], step + 1))
            else:
                asked.append((NEW + step * self.config.update.resample + place, 0))
            played.add(asked[-1][0])
        return asked

    def _remember(self, played: Sequence[int]) -> None:
        """Contested ones go to the end, alike ones go."""
        rest = [number for number in self.contested if number not in set(played)]
        self.contested = [*rest, *(number for number in played if number not in self.alike)][-KEPT:]


def alike(config: TrainConfig, found: Sequence[Trajectory]) -> set[int]:
    """The scenarios in which no group of games differs in returns."""
    by: dict[int, list[Trajectory]] = {}
    for one in found:
        by.setdefault(one.scenario, []).append(one)
    return {number for number, its in by.items() if _is_alike(config, its)}


def _is_alike(config: TrainConfig, found: Sequence[Trajectory]) -> bool:
    credit = config.credit
    returns = [returns_of(one, credit.returns, credit.refusal_cost) for one in found]  # type: ignore[arg-type]
    silent, groups = zero_variance_groups(returns, advantages(returns))
    return silent == groups


def resampler(config: TrainConfig) -> Resampler | None:
    """What the options ask for; None where nothing is replaced."""
    return Resampler(config) if config.update.resample else None
