"""Libraries and cases stand: what is drawn is consistent, ranked as BM25 says, and no two splits share anything."""

from __future__ import annotations

import math
import random

import pytest
from research_bank import ASKED, BATTERIES, PAPERS

from lanista.agents.research import understanding
from lanista.arenas.research import cases, library, texts
from lanista.arenas.research.config import LEVELS, SPLITS, Config
from lanista.arenas.research.fields import FIELDS
from lanista.arenas.research.library import NOTICE, REVIEW, STUDY, Library
from lanista.errors import UsageError


def test_ranking_is_bm25_as_worked_by_hand() -> None:
    """Three documents of 2, 3 and 1 words (2 on average), "zinc" in two: idf = ln(1 + 1.5 / 2.5). It is once in the
    first: idf · 1 / (1 + 1.5 · (0.25 + 0.75 · 2/2)); twice in the second: idf · 2 / (2 + 1.5 · (0.25 + 0.75 · 3/2)).
    """
    index = texts.Index([("P0001", "zinc oxide", 2020), ("P0002", "Zinc, zinc film", 2021), ("P0003", "tin", 2022)])
    idf = math.log(1 + 1.5 / 2.5)
    assert index.scores("zinc") == pytest.approx([idf / 2.5, idf * 2 / 4.0625, 0])
    assert index.search("zinc", 9) == (2, ("P0002", "P0001"))
    assert index.search("zinc", 1) == (2, ("P0002",))
    assert index.search("zinc tin", 9, since=2021, until=2021) == (1, ("P0002",))
    assert index.search("of the", 9) == index.search("?", 9) == index.search("copper", 9) == (0, ())
    assert index.scores("zinc zinc") == pytest.approx(index.scores("zinc")), "a word twice counts once"


def test_equal_documents_are_ranked_by_id() -> None:
    names = [f"P{number:04d}" for number in range(50)]
    random.Random(1).shuffle(names)
    index = texts.Index([(name, "zinc oxide", 2020) for name in names])
    assert index.search("zinc", 50) == (50, tuple(sorted(names)))


def test_a_library_is_consistent() -> None:
    papers = library.draw(3, 2000, 30, 30)
    shelf = Library(papers)
    assert len(shelf.papers) == len(papers) > 2000 - 14
    for paper in papers:
        if paper.about:
            told = shelf.papers[paper.about]
            assert told.topic == paper.topic
            assert told.date < paper.date
            assert paper.id in shelf.cited_by[paper.about]
        if paper.kind == NOTICE:
            assert shelf.papers[paper.about].retracted
        if paper.replaced:
            assert shelf.papers[paper.replaced].about == paper.id
            assert shelf.papers[paper.replaced].value != paper.value
        if paper.kind == STUDY:
            assert understanding.measured(texts.page(shelf, paper, True))[0] == paper.value
            assert understanding.in_abstract(texts.page(shelf, paper, True))[0] == paper.abstract
    wrong = [paper for paper in papers if paper.kind == STUDY and paper.abstract != paper.value]
    assert 0.2 < len(wrong) / len(papers) < 0.4
    notices = {paper.about for paper in papers if paper.kind == NOTICE}
    assert notices == {paper.id for paper in papers if paper.retracted}


def test_pages_say_what_became_of_a_paper_only_where_they_may() -> None:
    shelf = BATTERIES.library
    assert texts.page(shelf, PAPERS[3], False)["status"] == "retracted"
    assert texts.page(shelf, PAPERS[5], False)["status"] == "replaced by P0007"
    assert texts.page(shelf, PAPERS[3], True)["status"] == ""
    assert texts.page(shelf, PAPERS[3], True)["cited_by"] == ["P0005"]


def test_what_counts_is_as_worked_by_hand() -> None:
    assert BATTERIES.gold == {
        "argyrodite": {"2.1": {"P0001"}},
        "garnet": {"1.6": {"P0007"}, "2.4": {"P0009"}},
        "polymer electrolyte": {},
    }
    flaws = {paper.id: cases.flaws(paper, ASKED) for paper in PAPERS}
    assert flaws == {
        "P0001": set(),
        "P0002": {"date"},
        "P0003": {"venue"},
        "P0004": {"retracted"},
        "P0005": {"support"},
        "P0006": {"replaced"},
        "P0007": set(),
        "P0008": {"topic"},
        "P0009": set(),
        "P0010": {"support"},
        "P0011": {"date"},
    }


@pytest.mark.parametrize("level", LEVELS)
def test_a_dealt_case_can_be_answered_and_is_as_hard_as_its_level(level: str) -> None:
    config = Config(level=level)
    traps = 0
    for seed in range(20):
        case = cases.deal(seed, config)
        assert len(case.gold) == config.vector["facts"]
        assert any(case.gold.values()), "something can be answered"
        assert all(len(values) <= cases.VALUES for values in case.gold.values())
        for approach, value, papers in cases.values_of(case):
            for name in papers:
                paper = case.library.papers[name]
                assert (paper.topic.approach, paper.value, paper.kind) == (approach, value, STUDY)
                assert not paper.retracted
                assert not paper.replaced
        on_them = [paper for paper in case.library.papers.values() if paper.topic.approach in case.gold]
        traps += sum(cases.is_trap(paper, case.asked) for paper in on_them) >= config.vector["traps"]
    assert traps >= 18, "nearly every library has enough of them"


def test_no_two_splits_share_a_combination_or_a_library() -> None:
    found = {split: {cases.deal(seed, Config(split=split)).asked.combination for seed in range(40)} for split in SPLITS}
    assert not found["train"] & found["test"]
    assert not found["train"] & found["dev"]
    assert not found["dev"] & found["test"]
    every = [cases.split_of(each) for each in cases.combinations()]
    assert 0.65 < every.count("train") / len(every) < 0.75
    shelves = [library.shelf(split, number, 200, 0, 0).papers for split in SPLITS for number in range(2)]
    assert all(one != other for at, one in enumerate(shelves) for other in shelves[:at])


def test_every_combination_is_understood_from_its_text_alone() -> None:
    """The phrase book has one reading, and what the planner makes of it is read back by the others."""
    rng = random.Random(3)
    for number, each in enumerate(cases.combinations()):
        field = FIELDS[each.field]
        asked = each._replace(approaches=tuple(a.name for a in rng.sample(field.approaches, 1 + number % 4)))
        wants = understanding.wants(cases.wording_of(asked, number % 3))
        assert [want.approach for want in wants] == list(asked.approaches)
        for want in wants:
            assert (want.part, want.quantity, want.peer) == (asked.part, asked.quantity, asked.peer)
            assert (want.first, want.last) == asked.window
            assert understanding.want(want.task()) == understanding.want(f"again: {want.task()}") == want


def test_reviews_and_notices_name_what_they_are_about() -> None:
    for paper in PAPERS:
        if paper.kind in (NOTICE, REVIEW):
            assert paper.about in texts.abstract(paper)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"split": "all"}, "unknown split 'all'"),
        ({"level": "hrad"}, "did you mean 'hard'"),
        ({"level": 3}, "unknown level 3"),
        ({"field": "batteris"}, "did you mean 'batteries'"),
        ({"papers": 10}, "papers is a whole number from 200 to 8000, not 10"),
        ({"facts": True}, "facts is a whole number from 1 to 4, not True"),
        ({"rounds": "3"}, "rounds is a whole number from 1 to 5, not '3'"),
        ({"shared": 1}, "shared is true or false, not 1"),
        ({"calls": 1}, "calls is a whole number from 2 to 30, not 1"),
    ],
)
def test_an_impossible_table_is_refused(values: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said.replace("(", r"\(")):
        Config(**values)  # type: ignore[arg-type]


def test_a_smallest_library_still_has_questions_in_every_field() -> None:
    for field in FIELDS:
        assert cases.deal(1, Config(field=field, papers=400, facts=3, split="test")).asked.field == field
