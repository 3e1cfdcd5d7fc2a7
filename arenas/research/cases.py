"""One case: a question, and what follows from the records of its library."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from lanista.arenas.core import chance
from lanista.arenas.research.config import SPLITS, Config
from lanista.arenas.research.fields import FIELDS
from lanista.arenas.research.library import SHELVES, STUDY, Library, Paper, Topic, shelf
from lanista.errors import LanistaError

DATE, VENUE, TOPIC, SUPPORT, RETRACTED, REPLACED = "date", "venue", "topic", "support", "retracted", "replaced"
REASONS = (DATE, VENUE, TOPIC, SUPPORT, RETRACTED, REPLACED)
"""Why a paper does not count. ``support``: it is no study, or does not say what was reported of it."""
WINDOWS = ((2014, 2019), (2017, 2021), (2019, 2022), (2020, 2025), (2022, 2024), (2023, 2025), (0, 2018), (2021, 0))
"""Years that questions ask for; 0 leaves an end open."""
VALUES = 2
"""Values that an approach may have: two contradict each other, and both are asked for."""
_SHARES = (70, 85)
_WORDINGS = (
    "On {subject} with {part}: what {quantity} do {peer}papers published {window} report for {approaches}?",
    "For {subject} with {part}, which {quantity} is reported in {peer}papers published {window}, for {approaches}?",
    "Summarise {subject} with {part}: the {quantity} in {peer}papers published {window}, for {approaches}?",
)


class Asked(NamedTuple):
    """The choices that a question is made of."""

    field: str
    part: str
    quantity: str
    window: tuple[int, int]
    peer: bool
    approaches: tuple[str, ...]

    @property
    def combination(self) -> str:
        """What belongs to one split: all but the approaches."""
        return f"{self.field}/{self.part}/{self.quantity}/{self.window[0]}-{self.window[1]}/{int(self.peer)}"


class Case(NamedTuple):
    """What a team is given, and what it is judged by."""

    id: str
    question: str
    asked: Asked
    library: Library
    gold: Mapping[str, Mapping[str, frozenset[str]]]  # approach → value → the papers that count for it


def flaws(paper: Paper, asked: Asked) -> frozenset[str]:
    """Why a paper does not count for a question, as far as its record tells; empty for one that does."""
    found = set()
    first, last = asked.window
    if paper.year < first or (last and paper.year > last):
        found.add(DATE)
    if asked.peer and not paper.peer:
        found.add(VENUE)
    field, part, quantity, approach = paper.topic
    if (field, part, quantity) != (asked.field, asked.part, asked.quantity) or approach not in asked.approaches:
        found.add(TOPIC)
    if paper.kind != STUDY:
        found.add(SUPPORT)
    if paper.retracted:
        found.add(RETRACTED)
    if paper.replaced:
        found.add(REPLACED)
    return frozenset(found)


def is_trap(paper: Paper, asked: Asked) -> bool:
    """Whether a paper does not count and neither its date nor its topic says so."""
    found = flaws(paper, asked)
    return bool(found) and not found & {DATE, TOPIC}


def gold_of(asked: Asked, library: Library) -> dict[str, dict[str, frozenset[str]]]:
    """Of each approach the values that count, with the papers that do."""
    gold: dict[str, dict[str, frozenset[str]]] = {}
    for approach in asked.approaches:
        values: dict[str, frozenset[str]] = {}
        for paper in _papers(library, asked, approach):
            if not flaws(paper, asked):
                values[paper.value] = values.get(paper.value, frozenset()) | {paper.id}
        gold[approach] = values
    return gold


def make(name: str, asked: Asked, library: Library, question: str = "", wording: int = 0) -> Case:
    """A case of these choices."""
    return Case(name, question or wording_of(asked, wording), asked, library, gold_of(asked, library))


def split_of(asked: Asked) -> str:
    """The split that a combination belongs to."""
    at = chance.key("research split", asked.combination) % 100
    return SPLITS[sum(at >= share for share in _SHARES)]


def combinations() -> list[Asked]:
    """Every combination, without approaches."""
    return [
        Asked(field.name, part.name, quantity.name, window, peer, ())
        for field in FIELDS.values()
        for part in field.parts
        for quantity in field.quantities
        for window in WINDOWS
        for peer in (False, True)
    ]


def deal(seed: int, config: Config) -> Case:
    """The case of a seed; games of one seed share it."""
    return _dealt(seed, config.split, config.field, tuple(config.vector.items()))


@lru_cache(maxsize=4096)
def _dealt(seed: int, split: str, field: str | None, vector: tuple[tuple[str, int], ...]) -> Case:
    key, level = chance.key("research", seed), dict(vector)
    rng = chance.stream(key, "question")
    able = list(_of_split(split, field))
    rng.shuffle(able)
    first = chance.draw(key, "shelf", 0, SHELVES)
    for number in range(SHELVES):  # a small library may have nothing to ask of a field
        library = shelf(split, (first + number) % SHELVES, level["papers"], level["wrong"], level["aliases"])
        asked = _chosen(able, library, level, rng)
        if asked is not None:
            return make(f"{asked.field}-{key:016x}", asked, library, wording=rng.randrange(len(_WORDINGS)))
    raise LanistaError(
        f"no library of {level['papers']} papers answers a question on {level['facts']} approaches of "
        f"{field or 'any field'} in split {split!r}: set more papers"
    )


def _chosen(able: Sequence[Asked], library: Library, level: Mapping[str, int], rng: random.Random) -> Asked | None:
    """The first question with as many traps as the level wants, or the one with the most; None where there is none."""
    best: tuple[int, Asked | None] = (-1, None)
    for each in able:
        asked, traps = _drawn(each, library, level["facts"], rng.getrandbits(32))
        if asked is not None and traps > best[0]:
            best = traps, asked
            if traps >= level["traps"]:
                break
    return best[1]


@lru_cache
def _of_split(split: str, field: str | None) -> tuple[Asked, ...]:
    return tuple(each for each in combinations() if split_of(each) == split and field in (None, each.field))


def _drawn(each: Asked, library: Library, facts: int, luck: int) -> tuple[Asked | None, int]:
    """The combination with approaches of which at least one can be answered, and how many traps are among their papers;
    None where the library has too little, or an approach too many values."""
    held = {
        approach.name: papers
        for approach in FIELDS[each.field].approaches
        if (papers := library.by_topic.get(Topic(each.field, each.part, each.quantity, approach.name)))
    }
    if len(held) < facts:
        return None, 0
    chosen = chance.stream(luck, "approaches").sample(sorted(held), facts)
    asked = each._replace(approaches=tuple(chosen))
    gold = gold_of(asked, library)
    if not any(gold.values()) or any(len(values) > VALUES for values in gold.values()):
        return None, 0
    return asked, sum(is_trap(paper, asked) for approach in chosen for paper in held[approach])


def _papers(library: Library, asked: Asked, approach: str) -> Sequence[Paper]:
    return library.by_topic.get(Topic(asked.field, asked.part, asked.quantity, approach), ())


def wording_of(asked: Asked, wording: int) -> str:
    """The question in words."""
    *most, last = asked.approaches
    return _WORDINGS[wording].format(
        subject=FIELDS[asked.field].subject,
        part=asked.part,
        quantity=asked.quantity,
        peer="peer-reviewed " if asked.peer else "",
        window=window_of(asked.window),
        approaches=f"{', '.join(most)} and {last}" if most else last,
    )


def window_of(window: tuple[int, int]) -> str:
    """Years in words."""
    first, last = window
    if not first:
        return f"up to {last}"
    return f"from {first} to {last}" if last else f"since {first}"


def values_of(case: Case) -> Iterator[tuple[str, str, frozenset[str]]]:
    """(approach, value, papers) that are asked for."""
    for approach, values in case.gold.items():
        for value, papers in values.items():
            yield approach, value, papers
