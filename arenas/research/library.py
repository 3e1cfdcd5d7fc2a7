"""A library of generated papers: records drawn fact by fact, in which some are wrong, withdrawn or replaced."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from typing import NamedTuple

from lanista.arenas.core import chance
from lanista.arenas.research import texts
from lanista.arenas.research.fields import FIELDS, PEER, PREPRINTS, Field, Name, Quantity

SHELVES = 8
"""Libraries of a split; questions share them."""
FIRST_YEAR, LAST_YEAR = 2014, 2025
STUDY, REVIEW, NOTICE = "study", "review", "notice"
DUPLICATE, RETRACTED, REPLACED, REVIEWED = 25, 12, 15, 12
"""Of a hundred original studies so many have a near duplicate, are retracted, replaced, or told of in a review."""
MOST = 9_000
"""Papers that a library may hold: ids have four digits."""


class Topic(NamedTuple):
    """What a study is about, by its first names."""

    field: str
    part: str
    quantity: str
    approach: str


class Paper(NamedTuple):
    """One paper, as a record. Its text is made of it by ``texts``."""

    id: str
    kind: str  # study, review, notice
    topic: Topic
    value: str  # what its body says, without the unit; "" for a review or a notice
    abstract: str  # what its abstract says: the same, or a wrong number
    date: str  # YYYY-MM-DD
    venue: str
    form: int  # which wording
    other: bool = False  # title and abstract call the approach and the part by their second names
    about: str = ""  # the paper that a notice withdraws, a replacement replaces, a review tells of
    retracted: bool = False
    replaced: str = ""  # by which paper

    @property
    def peer(self) -> bool:
        """Whether its venue reviews papers."""
        return self.venue in PEER

    @property
    def year(self) -> int:
        """The year of its date."""
        return int(self.date[:4])


class Library:
    """Papers by id, what cites what, and the index over titles and abstracts."""

    def __init__(self, papers: Iterable[Paper], index: texts.Index | None = None) -> None:
        self.papers: Mapping[str, Paper] = {paper.id: paper for paper in papers}
        self._index = index

    @cached_property
    def index(self) -> texts.Index:
        """The ranking of titles and abstracts, made when the first search asks for it."""
        return self._index or texts.Index([(each.id, texts.indexed(each), each.year) for each in self.papers.values()])

    @cached_property
    def cited_by(self) -> Mapping[str, tuple[str, ...]]:
        """The papers that name a paper, by its id, in the order of their ids."""
        found: dict[str, list[str]] = {}
        for paper in self.papers.values():
            if paper.about:
                found.setdefault(paper.about, []).append(paper.id)
        return {about: tuple(sorted(ids)) for about, ids in found.items()}

    @cached_property
    def by_topic(self) -> Mapping[Topic, tuple[Paper, ...]]:
        """Papers by what they are about."""
        found: dict[Topic, list[Paper]] = {}
        for paper in self.papers.values():
            found.setdefault(paper.topic, []).append(paper)
        return {topic: tuple(papers) for topic, papers in found.items()}

    def changed(self, papers: Iterable[Paper]) -> Library:
        """Another library in which these stand in the place of those of their ids; ranked as before."""
        return Library({**self.papers, **{paper.id: paper for paper in papers}}.values(), self.index)


@lru_cache(maxsize=3 * SHELVES)
def shelf(split: str, number: int, papers: int, wrong: int, aliases: int) -> Library:
    """One of a split's libraries. ``wrong`` and ``aliases`` are chances in a hundred."""
    return Library(draw(chance.key("research library", split, number), papers, wrong, aliases))


def draw(key: int, count: int, wrong: int, aliases: int) -> list[Paper]:
    """So many papers, or a few less where the last fact did not fit."""
    rng = chance.stream(key, "papers")
    numbers = rng.sample(range(1, MOST + 1), count)
    topics = [
        (field, part, quantity) for field in FIELDS.values() for part in field.parts for quantity in field.quantities
    ]
    rng.shuffle(topics)
    drawing = _Drawing(rng, [f"P{number:04d}" for number in numbers], wrong, aliases)
    while True:
        for field, part, quantity in topics:
            for approach in rng.sample(field.approaches, 4):
                if len(drawing.ids) < 14:  # what one fact may take
                    return drawing.papers
                drawing.fact(field, part, quantity, approach)


class _Drawing:
    """Papers on one fact after the other."""

    def __init__(self, rng: random.Random, ids: list[str], wrong: int, aliases: int) -> None:
        self.rng, self.ids, self.wrong, self.aliases = rng, ids, wrong, aliases
        self.papers: list[Paper] = []

    def fact(self, field: Field, part: Name, quantity: Quantity, approach: Name) -> None:
        """One to three original studies, and what became of them."""
        rng = self.rng
        topic = Topic(field.name, part.name, quantity.name, approach.name)
        values = _values(quantity, rng, 8)
        for value in values[: rng.choice((1, 1, 2, 2, 3))]:
            venue = rng.choice(PEER if rng.randrange(100) < 65 else PREPRINTS)
            study = self._study(topic, value, values, _date(rng), venue)
            fate = rng.randrange(100)
            if fate < RETRACTED:
                study = study._replace(retracted=True)
                notice = Paper(self.ids.pop(), NOTICE, topic, "", "", _later(study.date, rng), study.venue, 0)
                self.papers.append(notice._replace(about=study.id, other=study.other))
            elif fate < RETRACTED + REPLACED:
                newer = self._study(topic, values[3], values, _later(study.date, rng), rng.choice(PEER))
                study = study._replace(replaced=newer.id)
                self.papers.append(newer._replace(about=study.id))
            elif fate < RETRACTED + REPLACED + DUPLICATE:
                venue = rng.choice(PREPRINTS if study.peer else PEER)
                self.papers.append(self._study(topic, value, values, _later(study.date, rng), venue))
            self.papers.append(study)
            if rng.randrange(100) < REVIEWED:
                review = Paper(self.ids.pop(), REVIEW, topic, "", value, _later(study.date, rng), rng.choice(PEER), 0)
                self.papers.append(review._replace(about=study.id))

    def _study(self, topic: Topic, value: str, values: list[str], date: str, venue: str) -> Paper:
        rng = self.rng
        abstract = rng.choice(values[4:]) if rng.randrange(100) < self.wrong else value
        other = rng.randrange(100) < self.aliases
        return Paper(self.ids.pop(), STUDY, topic, value, abstract, date, venue, rng.randrange(texts.FORMS), other)


def _values(quantity: Quantity, rng: random.Random, count: int) -> list[str]:
    """Different values of a quantity, as they are written."""
    found: dict[str, None] = {}
    while len(found) < count:
        found[f"{quantity.low + (quantity.high - quantity.low) * rng.random():.{quantity.digits}f}"] = None
    return list(found)


def _date(rng: random.Random) -> str:
    return f"{rng.randrange(FIRST_YEAR, LAST_YEAR + 1)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"


def _later(date: str, rng: random.Random) -> str:
    """Two to twenty months later."""
    months = int(date[:4]) * 12 + int(date[5:7]) - 1 + rng.randrange(2, 21)
    return f"{months // 12}-{months % 12 + 1:02d}-{rng.randrange(1, 29):02d}"
