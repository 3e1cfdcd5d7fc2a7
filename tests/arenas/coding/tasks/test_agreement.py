"""References and brute forces, written apart, agree on thousands of inputs; and metamorphic relations hold."""

from __future__ import annotations

import random

import pytest

from lanista.arenas.coding.task import _fresh as fresh
from lanista.arenas.coding.tasks import pipelines
from lanista.arenas.coding.tasks.checkers import check
from lanista.arenas.coding.tasks.generate import FAMILIES
from lanista.arenas.coding.tasks.generate import _built as built
from lanista.arenas.coding.tasks.inputs import drawn
from lanista.arenas.coding.tasks.primitives.primitive import Primitive
from lanista.arenas.coding.tasks.recipe import Recipe
from lanista.arenas.coding.tasks.running import function

COMPOSITIONS = 50
INPUTS = 60


def compare(recipe: Recipe, count: int) -> int:
    """Inputs compared. Each side's answer is judged by the checker against the other's."""
    reference, brute = (function(source, recipe.entry_point) for source in (recipe.reference, recipe.brute))
    inputs = drawn(recipe.small or recipe.domains, 11, count, 0, None if recipe.small else recipe.fit)
    for args in inputs:
        one, other = reference(*fresh(args)), brute(*fresh(args))
        assert check(recipe.checker, args, one, other), (recipe.composition, args, one, other)
        assert check(recipe.checker, args, other, one), (recipe.composition, args, one, other)
    return len(inputs)


def related(recipe: Recipe, count: int) -> None:
    reference = function(recipe.reference, recipe.entry_point)
    for relation in recipe.relations:
        said = 0
        for args in drawn(recipe.small or recipe.domains, 12, count, 0, None if recipe.small else recipe.fit):
            before = repr(args)
            others = relation.follow(args)
            assert repr(args) == before
            assert all(d.why_not(v) is None for other in others for d, v in zip(recipe.domains, other, strict=True))
            answers = tuple(reference(*fresh(other)) for other in others)
            assert relation.holds(args, reference(*fresh(args)), answers), (recipe.composition, relation, args)
            said += bool(others)
        assert said, f"{relation.name} says nothing of {recipe.composition}"
        assert relation.text


@pytest.mark.parametrize("primitive", pipelines.PRIMITIVES, ids=lambda p: f"{p.takes}-{p.name}")
def test_a_primitive_is_what_it_says_twice(primitive: Primitive) -> None:
    recipe = pipelines.build((primitive.takes, primitive.name))
    compare(recipe, 80)
    related(recipe, 30)


@pytest.mark.parametrize("name", FAMILIES)
def test_reference_and_brute_force_agree(name: str) -> None:
    family, rng = FAMILIES[name], random.Random(name)
    recipes = {built(name, family.draw(rng, rng.choice(family.steps))) for _ in range(COMPOSITIONS)}
    per_recipe = max(INPUTS, 2000 // len(recipes) + 1)
    assert sum(compare(recipe, per_recipe) for recipe in recipes) >= 2000
    for recipe in recipes:
        related(recipe, 12)


@pytest.mark.parametrize("name", FAMILIES)
def test_neither_source_keeps_anything_between_calls_or_changes_its_input(name: str) -> None:
    family, rng = FAMILIES[name], random.Random(name)
    for _ in range(10):
        recipe = built(name, family.draw(rng, rng.choice(family.steps)))
        run = function(recipe.reference, recipe.entry_point)
        inputs = drawn(recipe.small or recipe.domains, 13, 12)
        once = [repr(run(*fresh(args))) for args in inputs]
        for args, answer in zip(reversed(inputs), reversed(once), strict=True):
            before = repr(args)
            assert repr(run(*args)) == answer
            assert repr(args) == before, recipe.reference


def test_hand_worked_cases() -> None:
    """Each by hand, from the specification alone."""
    cases = [
        # evens of 1..6 are 2 4 6; plus 3 is 5 7 9; sum 21
        ("lists", ("nums", "even", "add(3)", "sum"), ([1, 2, 3, 4, 5, 6],), 21),
        # 1, then 1+2, then 1+2+3
        ("lists", ("nums", "running"), ([1, 2, 3],), [1, 3, 6]),
        # e a e o -> four letters of aeiou
        ("strings", ("text", "vowel_count"), ("decade bo",), 4),
        ("words", ("words", "by_length", "join(-)"), (["ccc", "a", "bb", "d"],), "a-d-bb-ccc"),
        ("tables", ("table", "ranked"), ({"b": 1, "a": 1, "c": 5},), ["c", "a", "b"]),
        ("records", ("items", "worth"), ([{"name": "pen", "price": 3, "count": 4}],), 12),
        # 3x3 open grid, right and down: C(4, 2) = 6 ways
        ("paths", (("right", "down"), "count", 0), ([[1, 1, 1]] * 3,), 6),
        # with diagonals: the central Delannoy number D(2, 2) = 13
        ("paths", (("right", "down", "diagonally"), "count", 0), ([[1, 1, 1]] * 3,), 13),
        # 5 = 1+1+1+1+1, 1+1+3 in 3 orders, 1+... with 3: 2 ones and a 3 -> 3 orders; with 5: not a step: 1 + 3 = 4
        ("stairs", (1, 3), (5,), 4),
        # ab -> ba: delete and insert (2) or replace twice (4)
        ("edits", (1, 2), ("ab", "ba"), 2),
        # 3 5 6 9 10 12 of 1..12 are divisible by 3 or 5; sum 45
        ("multiples", ("sum", "or", 3, 5), (12,), 45),
        # * first: 2 + 12 = 14; then left to right
        ("formulas", ("+", "*"), ("2+3*4",), 14),
        ("formulas", ("*", "+"), ("2+3*4",), 20),
        ("formulas", ("-",), ("9-3-2",), 4),
        ("entries", (";", "=", "sum", "one"), ("a=3;b=12;a",), {"a": 4, "b": 12}),
        ("entries", (";", "=", "first", "out"), ("a=3;b;a=5",), {"a": 3}),
        ("runs", (False, 2, False), ("aaabcc",), "a3bc2"),
        ("brackets", (("()",), "depth"), ("(a(a))()",), 2),
        ("brackets", (("()", "[]"), "pairs"), ("([)]",), -1),
        # one up, turn right, one to the right
        ("robot", ("open", 0, False, "place"), ("FRF",), [1, 1]),
        ("robot", ("walls", 1, False, "place"), ("FFF",), [0, 1]),
        ("robot", ("wraps", 1, False, "place"), ("FF",), [0, -1]),
        # 5 - 3 = 2; doubled
        ("machine", (("dup", "sub"), "skip", "stack"), (["5", "3", "sub", "dup"],), [2, 2]),
        ("machine", (("add", "dup"), "stop", "sum"), (["add", "4"],), 0),
        # rule 90: a cell becomes the exclusive or of its neighbours
        ("cells", (("001", "011", "100", "110"), "dead"), ("00100", 1), "01010"),
        # 10 in, 4 out with fee 1 leaves 5; 9 out is refused
        (
            "accounts",
            (0, 1, 0, "balance"),
            ([{"kind": k, "amount": a} for k, a in (("in", 10), ("out", 4), ("out", 9))],),
            5,
        ),
        # 1 at depth 1, 2 at depth 2, 3 at depth 3: 1 + 4 + 9
        ("nested", ("weighed", "sum"), ([1, [2, [3]]],), 14),
        ("nested", ("number", "twice"), ([1, [2, [3]]],), 1 + 2 * (2 + 2 * 3)),
        ("chains", ("rising", "1"), ([3, 1, 2, 5, 4],), 3),
        ("chains", ("other", "v[i]"), ([2, 4, 3],), 7),
        ("measures", ("trimmed", "mean"), ([1, 2, 3, 10],), 2.5),
        ("measures", ("all", "middle"), ([4, 1, 3, 2],), 2.5),
        ("choices", "change repeated", (6, [1, 3, 4]), [3, 3]),
        ("choices", "order before", ([[5, 0], [0, 4]],), [1, 2, 3, 5, 0, 4]),
        ("recurrence", ((2, 1), (0, 1)), (5,), 29),  # Pell: 0 1 2 5 12 29
    ]
    assert {name for name, *_ in cases} >= FAMILIES.keys() - {"numbers", "fibonacci"}
    for name, numbers, args, expected in cases:
        recipe = FAMILIES[name].build(numbers)
        for source in (recipe.reference, recipe.brute):
            got = function(source, recipe.entry_point)(*fresh(args))
            assert check(recipe.checker, args, expected, got), (name, numbers, args, got)
