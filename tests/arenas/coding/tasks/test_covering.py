"""What a specification promises is what hidden calls try: bounds, ends, types; read off one domain, checked apart."""

from __future__ import annotations

import itertools
import random
import re
from typing import Any

import pytest

from lanista.arenas.coding.task import Task
from lanista.arenas.coding.tasks import domains as types
from lanista.arenas.coding.tasks.checkers import TOLERANCE
from lanista.arenas.coding.tasks.corners import akin, corners, marked, traits
from lanista.arenas.coding.tasks.covering import covering, marks
from lanista.arenas.coding.tasks.domains import Grid, Int, Large, List, Made, Nested, Record, Str, Table, Word
from lanista.arenas.coding.tasks.generate import FAMILIES, HIDDEN, generate
from lanista.arenas.coding.tasks.narrowings import narrowings
from lanista.arenas.coding.tasks.running import function

DOMAINS = [
    Int(-3, 5),
    Int(-999, 999),
    Int(4, 4),
    Large(0, 10**9),
    Str("ab ", 6, 1),
    Str("01", 16, 1),
    Str("abc ", 20),
    Word(("x", "y")),
    List(Int(0, 3), 4),
    List(Int(-9, 20), 12),
    List(Str("ab", 3), 4, 1),
    List(Record((("name", Word(("x", "y"))), ("n", Int(-3, 3)))), 8),
    Table(Str("ab", 2, 1), Int(-2, 3), 4),
    Record((("name", Word(("x", "y"))), ("n", Int(0, 3)))),
    Nested(Int(-1, 1), 3, 3),
    Grid(Int(0, 9), 5),
]
NAMED = [domain for domain in DOMAINS if domain != Int(4, 4)]


def tasks(name: str, count: int, **how: Any) -> list[Task]:
    splits = FAMILIES[name].splits
    return [generate(seed, splits[seed % len(splits)], family=name, **how) for seed in range(count)]


def lacking(domain: Any, values: list[Any]) -> list[str]:
    """Which ends of a domain none of the values is at."""
    match domain:
        case Int(low=low, high=high):
            return [f"{end} of {domain.text}" for end in (low, high) if end not in values]
        case Str(letters=letters, longest=longest, shortest=shortest):
            there = {len(v) for v in values}
            missing = [f"length {n} of {domain.text}" for n in (shortest, longest - 1, longest) if n not in there]
            missing += [f"the letter {c!r}" for c in letters if not any(c in v for v in values)]
            if " " in letters:
                missing += [
                    f"{p!r}" for p in ("^ +[^ ]", "[^ ] +$", "[^ ]  +[^ ]") if not any(re.search(p, v) for v in values)
                ]
            return missing + ([] if any(re.search(r"(.)\1", v) for v in values) else ["a run"])
        case Word(words=words):
            return [f"the word {word!r}" for word in words if word not in values]
        case List(of=of, longest=longest, shortest=shortest):
            there = {len(v) for v in values}
            missing = [f"length {n} of {domain.text}" for n in (shortest, longest) if n not in there]
            if longest > 2:
                several = [[repr(x) for x in v] for v in values if len(v) > 1]
                missing += [] if any(len(set(v)) < len(v) for v in several) else ["repeats"]
                missing += [] if any(len(set(v)) == 1 for v in several) else ["all alike"]
            return missing + lacking(of, [x for v in values for x in v])
        case Table(keys=keys, values=inner, longest=longest):
            there = {len(v) for v in values}
            missing = [f"{n} entries" for n in (0, 1, longest) if n not in there]
            short = [end for end in lacking(keys, [k for v in values for k in v]) if "length 0" not in end]
            return missing + short + lacking(inner, [x for v in values for x in v.values()])
        case Record(fields=fields):
            return [f"{name}: {end}" for name, field in fields for end in lacking(field, [v[name] for v in values])]
        case Grid(of=of, side=side):
            sizes = {(len(v), len(v[0])) for v in values}
            missing = [f"{size}" for size in ((1, 1), (side, side), (1, side), (side, 1)) if size not in sizes]
            return missing + lacking(of, [x for v in values for row in v for x in row])
        case Nested(of=of, depth=depth, longest=longest):
            missing = [f"{text}" for text in ("[]", "[" * depth) if not any(text in repr(v) for v in values)]
            missing += [] if any(len(v) == longest for v in values) else [f"{longest} items"]
            return missing + lacking(of, [int(n) for v in values for n in re.findall(r"-?\d+", repr(v))])
        case Made(like=like, border=border):
            longest = getattr(like, "longest", 0)
            missing = [] if any(len(v) == longest for v in values) else [f"length {longest} of {domain.text}"]
            return missing + ([] if border[0] in values else [f"{border[0]!r}"])
    raise AssertionError(f"nothing is known of {type(domain).__name__}")


@pytest.mark.parametrize("name", FAMILIES)
def test_a_specification_promises_what_is_drawn(name: str) -> None:
    # The text of the very domain that inputs come from stands in the specification, for every argument.
    for task in tasks(name, 6):
        for domain in task.domains:
            assert domain.text in task.specification


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("size", [2, 8])
def test_hidden_calls_reach_every_end_of_the_promise(name: str, size: int) -> None:
    for task in tasks(name, 4, size=size):
        shown = [example.args for example in task.examples]
        columns = list(zip(*([call.args for call in task.hidden_calls()] + shown), strict=True))
        for domain, values in zip(task.domains, columns, strict=True):
            assert lacking(domain, list(values)) == [], task.specification


def test_the_law_sees_what_is_lacking() -> None:
    assert lacking(Str("ab", 4), ["", "ab", "aab"]) == [f"length 4 of {Str('ab', 4).text}"]
    assert lacking(List(Int(0, 2), 3), [[], [0, 1, 1], [1, 1]]) == ["2 of a whole number from 0 to 2"]


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda d: d.text[:40])
def test_corners_are_inside_and_reach_the_ends(domain: Any) -> None:
    for seed in range(30):
        rng = random.Random(seed)
        found = corners(domain, rng) + marked(domain, rng, (-1, 0, 2, 99))
        assert all(domain.why_not(value) is None for value in found)
    if not isinstance(domain, Record):
        assert not [end for end in lacking(domain, found) if "letter" not in end]


@pytest.mark.parametrize("domain", NAMED, ids=lambda d: d.text[:40])
def test_narrowings_stay_inside_and_lose_something(domain: Any) -> None:
    values = list(itertools.chain.from_iterable(corners(domain, random.Random(seed)) for seed in range(20)))
    for narrowing in narrowings(domain):
        narrow = function(f"def g(v):\n    return {narrowing.code}\n", "g")
        narrowed = [narrow(value) for value in values]
        assert [v for v in narrowed if domain.why_not(v)] == [], narrowing
        assert narrowed != values or narrowing.kind == "order", narrowing  # dictionaries have no order


def test_every_type_of_argument_has_corners_and_narrowings() -> None:
    kinds = [t for t in vars(types).values() if isinstance(t, type) and t.__module__ == types.__name__]
    for kind in kinds:
        if kind.__name__ != "Domain":
            assert corners.dispatch(kind) is not corners.dispatch(object), kind
            assert narrowings.dispatch(kind) is not narrowings.dispatch(object), kind
    with pytest.raises(TypeError, match="register"):
        corners(object(), random.Random(0))
    with pytest.raises(TypeError, match="register"):
        list(narrowings(object()))


@pytest.mark.parametrize("name", FAMILIES)
def test_calls_without_end_are_valid_and_the_same_again(name: str) -> None:
    (task,) = tasks(name, 1)
    first = list(itertools.islice(covering(task, 7), 150))
    assert first == list(itertools.islice(covering(task, 7), 150))
    assert all(task.invalid(args) is None for args in first)


_TYPES = {
    "an int": lambda v: type(v) is int,
    "a str": lambda v: type(v) is str,
    "a list of ints": lambda v: type(v) is list and all(type(x) is int for x in v),
    "a list of strs": lambda v: type(v) is list and all(type(x) is str for x in v),
    "a dict from str to int": lambda v: type(v) is dict and all((type(k), type(x)) == (str, int) for k, x in v.items()),
    "a list of dicts like those of v": lambda v: type(v) is list and all(type(x) is dict for x in v),
    "an int or None": lambda v: v is None or type(v) is int,
    "a list of ints or None": lambda v: v is None or (type(v) is list and all(type(x) is int for x in v)),
    "a float; it may differ by 10**-6, or by that share of itself": lambda v: type(v) is float,
}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_specification_names_the_type_that_is_judged(name: str) -> None:
    for task in tasks(name, 12):
        found = re.search(r" The answer is ([^.]*)\.$", task.specification)
        assert found is not None
        assert all(map(_TYPES[found[1]], [*task.expected(), *(e.expected for e in task.examples)])), task.specification
        assert ("None" in found[1]) >= (None in task.expected())
        assert (task.checker == "tolerance") == ("differ" in found[1])
    assert TOLERANCE == 10**-6


def test_marks_are_where_a_source_turns() -> None:
    assert {2, 3, 4, 9, 10, 11, -13, -30} <= set(marks("def f(v):\n    return v * 3 + 10\n"))


def test_akin_differs_little() -> None:
    rng = random.Random(3)
    found = {akin(rng, "abcb") for _ in range(200)}
    assert {"abcb", "bcb", "abc", "bcba", "abbc", "aabcb"} <= found
    assert akin(rng, "") == ""


def test_traits_tell_answers_apart() -> None:
    apart: list[Any] = [0, -5, 5, 50, None, "", "ab", "aab", " ab", [], [1], [1, 1], {}, {"a": 1}]
    assert len({frozenset(traits(answer)) for answer in apart}) == len(apart)


def test_a_set_of_calls_is_whole_where_a_promise_holds_few_values() -> None:
    assert all(len(task.hidden_calls()) == HIDDEN for task in tasks("stairs", 3, size=2))
