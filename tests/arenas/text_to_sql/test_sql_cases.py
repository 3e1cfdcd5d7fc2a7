"""Cases stand: proved, told apart from near misses, understood, and no two splits share a combination."""

from __future__ import annotations

import random

import pytest

from lanista.agents.text_to_sql import understanding
from lanista.arenas.text_to_sql import cases, gold, questions, schema
from lanista.arenas.text_to_sql.compare import same
from lanista.arenas.text_to_sql.config import LEVELS, Config
from lanista.arenas.text_to_sql.domains import DOMAINS
from lanista.arenas.text_to_sql.questions import KINDS, MISSING, SPLITS
from lanista.errors import UsageError


@pytest.mark.parametrize("level", LEVELS)
def test_cases_are_proved(level: str) -> None:
    """In the sandbox: the gold query is right, and nearly every near miss is told apart by some database."""
    told = sum(cases.prove(seed, Config(level=level)) for seed in range(8))
    assert told >= 8


def test_near_misses_are_told_apart_unless_they_are_the_same_query() -> None:
    """What no database of a case tells is an equal query in nearly all of the cases that are left."""
    left = total = 0
    for seed in range(40):
        case = cases.deal(seed, Config())
        if case.asked is None or case.gold is None or case.names is None:
            continue
        scripts = [made for _, made in case.databases]
        misses = {miss for miss in dict(gold.misses(case.asked, case.names)).values() if miss != case.gold}
        alike = [miss for miss in misses if cases._equal(miss, scripts, list(case.expected))]
        left, total = left + len(alike), total + len(misses)
    assert left / total < 0.15, (left, total)


def test_no_two_splits_share_a_combination() -> None:
    found = {
        split: {cases.deal(seed, Config(split=split, missing=0)).combination for seed in range(30)} for split in SPLITS
    }
    assert not found["train"] & found["test"]
    assert not found["train"] & found["dev"]
    assert not found["dev"] & found["test"]
    every = [questions.split_of(each.combination) for each in questions.combinations()]
    assert 0.6 < every.count("train") / len(every) < 0.8


@pytest.mark.parametrize("vague", [False, True])
def test_every_combination_is_understood_from_its_text_alone(vague: bool) -> None:
    """The phrase book has one reading: of every choice in every world, with any names and numbers."""
    rng = random.Random(3)
    for combination in questions.combinations():
        world = rng.choice(list(DOMAINS.values()))
        asked = questions.filled(combination, world, rng)
        text, notes = questions.wording(asked, world, vague, rng.randrange(3)), questions.note(asked, world, vague)
        read = understanding.understood(text, world.name, notes)
        assert read is not None, text
        names = schema.draw(world, 2, 0, rng)
        assert gold.sql(read, names) == gold.sql(asked, names), text


@pytest.mark.parametrize("kind", [*KINDS, MISSING])
@pytest.mark.parametrize("naming", [0, 1, 2])
def test_the_schema_is_understood_from_what_is_shown(kind: str, naming: int) -> None:
    case = cases.deal(1, Config(kind=kind, naming=naming, spelling=0, least=0, most=2))
    read = understanding.schema_of(case.schema, case.notes, case.domain, ())
    assert read is not None
    assert case.names is not None
    assert (dict(read.tables), dict(read.columns)) == (dict(case.names.tables), dict(case.names.columns))


def test_a_stored_code_is_of_one_status() -> None:
    for number, world in enumerate(list(DOMAINS.values()) * 20):
        spelling = schema.draw(world, 1, 1, random.Random(number)).spelling
        for status, code in spelling.items():
            assert [each for each in world.statuses if schema.subsequence(code, each)] == [status]


def test_results_are_bags_with_exact_types_and_any_order_of_columns() -> None:
    assert same([[(1, "a"), (2, "b")]], [[("b", 2), ("a", 1)]])
    assert not same([[(1, "a"), (1, "a")]], [[(1, "a")]]), "a bag, no set"
    assert not same([[(1, "a"), (1, "a"), (2, "b")]], [[(1, "a"), (2, "b"), (2, "b")]])
    assert not same([[(1,)]], [[(1.0,)]])
    assert not same([[(1,)]], [[("1",)]])
    assert not same([[(None,)]], [[("",)]])
    assert same([[(0.1 + 0.2,)]], [[(0.3,)]]), "the last digits follow from the order of a sum"
    assert same([[(1,), (2,)]], [[(2,), (1,)]])
    assert not same([[(1,), (2,)]], [[(2,), (1,)]], ordered=True)
    assert not same([[(1, 2)], [(1, 3)]], [[(2, 1)], [(1, 3)]]), "one order of columns for all databases"
    assert not same([[(1,)]], [[(1, 1)]])
    assert same([[]], [[]])


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"split": "tset"}, "did you mean 'test'"),
        ({"level": "easy"}, "there are: basic, mixed, hard"),
        ({"attempts": 6}, "attempts is a whole number from 1 to 5, not 6"),
        ({"runs": True}, "not True"),
        ({"least": 2, "most": 1}, "no question is both"),
        ({"kind": "none", "least": 2}, "set least and most"),
        ({"exact": "yes"}, "exact is true or false"),
    ],
)
def test_configs_that_cannot_be_played_are_refused(keys: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Config(**keys)  # type: ignore[arg-type]
