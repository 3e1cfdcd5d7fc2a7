"""Papers as text, and the ranking of their titles and abstracts by BM25 (bm25s, Lucene's variant)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from lanista.arenas.research.fields import FIELDS

if TYPE_CHECKING:
    from lanista.arenas.research.library import Library, Paper

FORMS = 4
"""Wordings of a study."""
K1, B = 1.5, 0.75
_WORD = re.compile(r"[a-z0-9]+")
_STOP = frozenset(("a", "an", "and", "as", "at", "by", "for", "from", "in", "is", "it", "its", "of", "on", "or"))
_STOP |= {"the", "this", "to", "was", "we", "what", "which", "with"}

_TITLES = (
    "{quantity} of {approach} with {part}",
    "{approach} for {part}: a study of {quantity}",
    "{part} meet {approach}: {quantity} measured anew",
    "How {approach} changes the {quantity} of {part}",
)
_ABSTRACTS = (
    "In {subject} the {quantity} matters. We report {value} {unit} for {approach} with {part}.",
    "We prepared {approach} and tested it with {part}. The {quantity} was {value} {unit}.",
    "{approach} is held against earlier work on {subject}. With {part} it came to a {quantity} of {value} {unit}.",
    "{subject} need better {part}. Using {approach}, a {quantity} of {value} {unit} was found.",
)
_RESULTS = (
    "Over five samples of {approach} ({second}) with {part} ({part_second}) the {quantity} is {body} {unit}.",
    "Table 1: {approach} ({second}), {part} ({part_second}): {quantity} {body} {unit}.",
    "Measured on {part} ({part_second}) with {approach} ({second}): {quantity} of {body} {unit}, three runs.",
    "All batches of {approach} ({second}) gave, on {part} ({part_second}), a {quantity} of {body} {unit}.",
)


def _filling(paper: Paper) -> dict[str, str]:
    field = FIELDS[paper.topic.field]
    part = next(each for each in field.parts if each.name == paper.topic.part)
    approach = next(each for each in field.approaches if each.name == paper.topic.approach)
    unit = next(each.unit for each in field.quantities if each.name == paper.topic.quantity)
    return {
        "subject": field.subject,
        "quantity": paper.topic.quantity,
        "unit": unit,
        "part": part[paper.other],
        "part_second": part[not paper.other],
        "approach": approach[paper.other],
        "second": approach[not paper.other],
        "value": paper.abstract,
        "body": paper.value,
    }


@lru_cache(maxsize=1 << 14)
def title(paper: Paper) -> str:
    """The title as lists show it."""
    said = _TITLES[paper.form].format_map(_filling(paper))
    said = said[0].upper() + said[1:]
    return {"review": f"A review: {said}", "notice": f"Retraction: {said}"}.get(paper.kind, said)


def abstract(paper: Paper) -> str:
    """The abstract, whose number may be a wrong one."""
    if paper.kind == "notice":
        return f"The authors withdraw {paper.about}: its results could not be repeated."
    if paper.kind == "review":
        filling = _filling(paper)
        return f"Earlier work on {filling['subject']}, among it {paper.about}, is told and compared."
    said = _ABSTRACTS[paper.form].format_map(_filling(paper))
    return said[0].upper() + said[1:]


def results(paper: Paper) -> str:
    """What the body says; the number here is what was measured. "" where nothing was."""
    if paper.kind == "notice":
        return ""
    if paper.kind == "review":
        filling = _filling(paper)
        return f"{paper.about} reports {paper.abstract} {filling['unit']}; nothing was measured here."
    said = _RESULTS[paper.form].format_map(_filling(paper))
    return f"{said} This replaces {paper.about}, whose value was in error." if paper.about else said


def indexed(paper: Paper) -> str:
    """What a search looks at."""
    return f"{title(paper)} {abstract(paper)}"


def page(library: Library, paper: Paper, notices: bool) -> dict[str, Any]:
    """A paper as it is opened. With ``notices`` its page says nothing of retractions and replacements: those who tell
    of them are among the papers that cite it."""
    status = "retracted" if paper.retracted else f"replaced by {paper.replaced}" if paper.replaced else ""
    return {
        "id": paper.id,
        "title": title(paper),
        "date": paper.date,
        "venue": paper.venue,
        "peer": paper.peer,
        "kind": paper.kind,
        "abstract": abstract(paper),
        "results": results(paper),
        "status": "" if notices else status,
        "cited_by": list(library.cited_by.get(paper.id, ())),
    }


def tokens(text: str) -> list[str]:
    """Words as they are ranked: small letters and digits, the commonest words left out."""
    return [word for word in _WORD.findall(text.lower()) if word not in _STOP]


class Index:
    """BM25 over documents. Scores are rounded to four digits and ties go by id: the order is one on every machine."""

    def __init__(self, documents: Sequence[tuple[str, str, int]]) -> None:
        """``documents`` are (id, text, year) each."""
        import bm25s

        documents = sorted(documents)  # so that a place is a rank by id
        self.ids = [name for name, _, _ in documents]
        self.years = np.array([year for _, _, year in documents])
        self._model = bm25s.BM25(k1=K1, b=B, method="lucene")
        self._model.index([tokens(text) or ["-"] for _, text, _ in documents], show_progress=False)

    def scores(self, query: str) -> np.ndarray[Any, Any]:
        """The score of every document, in the order of their ids; every word of the query counts once."""
        words = [word for word in dict.fromkeys(tokens(query)) if word in self._model.vocab_dict]
        if not words:
            return np.zeros(len(self.ids))
        found: np.ndarray[Any, Any] = self._model.get_scores(words)
        return found

    def search(self, query: str, most: int, since: int = 0, until: int = 9999) -> tuple[int, tuple[str, ...]]:
        """(how many documents of these years have any word of the query, the ids of the best ``most`` in order)."""
        scores = np.round(self.scores(query).astype(np.float64), 4)
        able = np.flatnonzero((scores > 0) & (self.years >= since) & (self.years <= until))
        order = able[np.argsort(-scores[able], kind="stable")[:most]]
        return len(able), tuple(self.ids[place] for place in order)
