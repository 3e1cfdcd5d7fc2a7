"""Domains, checkers, complexity: what is inside, what is right, what is counted."""

from __future__ import annotations

import math
import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanista.arenas.coding.task import Task
from lanista.arenas.coding.tasks.checkers import CHECKERS, check
from lanista.arenas.coding.tasks.complexity import cyclomatic
from lanista.arenas.coding.tasks.domains import Domain, Grid, Int, Large, List, Nested, Record, Str, Table, Word
from lanista.arenas.coding.tasks.generate import FAMILIES, generate

DOMAINS: list[Domain] = [
    Int(-3, 5),
    Large(0, 10**9),
    Str("ab ", 6, 1),
    Word(("x", "y")),
    List(Int(0, 3), 4),
    List(Str("ab", 3), 4, 1),
    Table(Str("ab", 2, 1), Int(0, 3), 4),
    Record((("name", Word(("x", "y"))), ("n", Int(0, 3)))),
    Nested(Int(-1, 1), 3, 3),
    Grid(Int(0, 9), 5),
]

TASKS = [generate(0, family.splits[0], family=name) for name, family in FAMILIES.items()]

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.sets(st.integers(), max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda d: type(d).__name__)
def test_what_is_drawn_and_what_stands_at_the_edge_is_inside(domain: Any) -> None:
    rng = random.Random(1)
    for size in (0, 2, 8):
        assert all(domain.why_not(domain.draw(rng, size)) is None for _ in range(200))
    assert domain.edges()
    assert all(domain.why_not(edge) is None for edge in domain.edges())
    assert domain.text
    assert domain.plural


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.family)
def test_edges_of_every_family_are_inside(task: Task) -> None:
    for domain in task.domains:
        assert all(domain.why_not(edge) is None for edge in domain.edges())


@given(value=plain)
@settings(max_examples=100, deadline=None)
def test_any_value_is_inside_or_told_why_not(value: Any) -> None:
    for domain in DOMAINS:
        why = domain.why_not(value)
        assert why is None or ("\n" not in why and "must" in why)
    for task in TASKS:
        why = task.invalid((value,))
        if why is None:
            task.answer((value,))  # what is valid has an answer


@pytest.mark.parametrize(
    ("domain", "value"),
    [
        (Int(-3, 5), True),
        (Int(-3, 5), 1.0),
        (Int(-3, 5), 6),
        (Str("ab ", 6, 1), ""),
        (Str("ab ", 6, 1), "c"),
        (List(Int(0, 3), 4), [0] * 5),
        (List(Int(0, 3), 4), (0,)),
        (Nested(Int(-1, 1), 2, 3), [[[1]]]),
        (Grid(Int(0, 9), 5), [[1, 2], [3]]),
        (Grid(Int(0, 9), 5), []),
        (Record((("n", Int(0, 3)),)), {"n": 1, "m": 1}),
    ],
)
def test_what_is_outside_is_refused(domain: Any, value: Any) -> None:
    assert domain.why_not(value)


def test_exact_is_exact() -> None:
    for expected, got in [(1, True), (1, 1.0), ([1], (1,)), ({1: 2}, {True: 2}), ("1", 1), ([], None)]:
        assert not check("exact", (), expected, got)
    assert check("exact", (), {"a": [1, (2, None)]}, {"a": [1, (2, None)]})


@pytest.mark.parametrize(
    ("name", "args", "expected", "right", "wrong"),
    [
        ("tolerance", (), 0.5, [0.5, 0.5 + 1e-9], [0.51, None, "0.5"]),
        (
            "close:<",
            (),
            (2.0, 0.5),
            [2, 2.25, Fraction(9, 4), True + 0j + 1],
            [2.5, 1.5, True, "2", None, math.nan, 10**400],
        ),
        ("close:<=", (), (2.0, 0.5), [2.5, 1.5], [2.75, Decimal(2)]),
        ("close:>", (), (2, 0.5), [2.75, 10**400, Decimal(4)], [2.5, None]),
        ("close:<", (), (2**53 + 1, 1), [2**53 + 1], [2**53, 2**53 + 2]),
        ("isclose", (), (10.0, 0.1, 0.0), [10.5, 9.5, 10, Fraction(10), Decimal(10)], [12.0, None, math.nan, [10]]),
        ("isclose", (), (10.0, -0.1, 0.0), [], [10.0]),
        ("order:<", (), 3, [2, 2.5, True], [3, "2", None, math.nan]),
        ("order:>=", (), [1, 2], [[1, 2], [2]], [[1], (1, 2), None]),
        ("equal", (), 1, [1, 1.0, True, Fraction(1), Decimal("1.00")], [2, "1", None, [1], Decimal("1.01")]),
        ("unequal", (), 1, [2, None, math.nan], [1, 1.0]),
        ("true", (), None, [True], [1, "a", False, None]),
        ("false", (), None, [False], [0, "", True, None]),
        ("among", (), [1, 2], [1, 2.0], [3, None, [1]]),
        ("not_among", (), "ab", ["c"], ["a", 1]),
        ("not_exact", (), None, [1, False, []], [None]),
        (
            "allclose",
            (),
            ([1.0, 2.0], 1e-6),
            [([1, 2.0000001],), ((1, 2),)],
            [([1, 2.1],), ([1],), [1, 2], (None,), ("a",)],
        ),
        ("allclose", (), ([1.0, 2.0], 0), [([1, 2.0],)], [([1, 2.0000001],), ((1.0, 2.0),)]),
        ("allclose", (), ([0, 1], 1e-6), [(math.nan, [0, 1])], [(math.nan,), (math.nan, [0, 2]), ()]),
        (
            "pair_sum",
            ([1, 4, 3, 2], 5),
            [0, 1],
            [[0, 1], [2, 3]],
            [[1, 0], [0, 0], [0, 9], [0, True], (0, 1), [], None],
        ),
        ("pair_sum", ([1, 1], 5), [], [[]], [[0, 1], None, ()]),
        ("pair_gap", ([1, 4, 2], 3), [0, 1], [[0, 1]], [[1, 0], [0, 2]]),
        ("order_before", ([[5, 0]],), [1, 2, 3, 4, 5, 0], [[5, 4, 3, 2, 1, 0]], [[0, 1, 2, 3, 4, 5], [5, 0], [], None]),
        ("order_before", ([[0, 1], [1, 0]],), [], [[]], [[0, 1, 2, 3, 4, 5]]),
        ("order_after", ([[5, 0]],), [0, 1, 2, 3, 4, 5], [[0, 5, 1, 2, 3, 4]], [[5, 4, 3, 2, 1, 0]]),
        ("coins", (6, [1, 2, 4, 5]), [1, 5], [[1, 5], [5, 1], [2, 4]], [[1, 1, 4], [3, 3], [6], None]),
        ("coins", (3, [2]), None, [None], [[], [3], [2]]),
        ("items", (6, [3, 3]), [3, 3], [[3, 3]], [[6]]),
        ("items", (6, [3, 2, 4]), [2, 4], [[4, 2]], [[3, 3]]),
        ("peak_high", ([1, 3, 2, 5],), 3, [1, 3], [0, 2, 4, -1, None, True]),
        ("peak_low", ([1, 3, 2, 5],), 0, [0, 2], [1, 3]),
        ("peak_high", ([],), -1, [-1], [0, None]),
    ],
)
def test_checkers_by_hand(name: str, args: tuple[Any, ...], expected: Any, right: list[Any], wrong: list[Any]) -> None:
    assert [value for value in right if not check(name, args, expected, value)] == []
    assert [value for value in wrong if check(name, args, expected, value)] == []


@given(got=plain)
@settings(max_examples=300, deadline=None)
def test_no_returned_value_makes_a_checker_raise(got: Any) -> None:
    for args, expected, names in [
        (([1, 2], 3), [0, 1], ("pair_sum", "pair_gap", "exact", "tolerance", "equal", "order:<")),
        (([[0, 1]],), [0, 1, 2, 3, 4, 5], ("order_before", "order_after", "not_exact", "not_among")),
        ((3, [1, 2]), [1, 2], ("coins", "items", "among")),
        (([1, 2],), 1, ("peak_high", "peak_low", "true", "false", "unequal")),
        ((1,), (1, 0.5), ("close:<", "close:>=")),
        ((1,), (1, 0.5, 0.0), ("isclose",)),
        ((1,), ([1.0], 0.5), ("allclose",)),
    ]:
        for name in names:
            assert check(name, args, expected, got) in (True, False)
    assert CHECKERS.keys() >= {"exact", "tolerance", "equal"}


def test_no_array_is_made_that_fills_the_judge_s_memory() -> None:
    row, column = [0.5] * 50_000, [[0.5]] * 50_000
    assert check("allclose", (), (row, 1e-6), ([*row[:-1], 0.5000001],))
    assert check("allclose", (), ([0.5, 0.5], 1e-6), (column,))  # numpy says so
    assert not check("allclose", (), (row, 1e-6), (column,))
    assert not check("allclose", (), ([0.5], 1e-6), (["a" * 1_000_000] + ["b"] * 1_000_000,))


def test_deep_values_are_wrong_and_harmless() -> None:
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    for name in ("exact", "equal", "among", "true"):
        assert not check(name, (), [1], deep)


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("def f(x):\n    return x\n", 1),
        ("def f(x):\n    return x if x else 0\n", 2),
        ("def f(x):\n    if x > 0 and x < 9:\n        return 1\n    return 2\n", 3),  # if, and
        ("def f(v):\n    return [x for x in v if x]\n", 3),  # for, if
        ("def f(n):\n    for i in range(n):\n        while i:\n            i -= 1\n", 3),
        # hidden in a helper, a default, a decorator's argument, an assert: all count
        ("def f(x):\n    def g():\n        return 1 if x else 2\n    return g()\n", 2),
        ("def f(x, y=[i for i in (1, 2) if i]):\n    return y\n", 3),
        ("def f(x):\n    assert x and (1 if x else 2)\n    return x\n", 4),
        ("class A:\n    def f(self):\n        if self:\n            pass\n", 2),
    ],
)
def test_cyclomatic_complexity_by_hand(source: str, count: int) -> None:
    assert cyclomatic(source) == count


@pytest.mark.parametrize(
    "source",
    ["def f(:", "\0", "(" * 3000, "x = " + "-" * 50_000 + "1", "def f(x):\n    return eval('x if x else 0')\n"],
)
def test_what_has_no_complexity(source: str) -> None:
    assert cyclomatic(source) is None


@pytest.mark.parametrize(
    "line",
    [
        "import builtins; vars(builtins)['ex'+'ec'](text)",
        "import builtins as b; b.exec(text)",
        "__builtins__['ex'+'ec'](text)",
        "globals()['__builtins__']['ex'+'ec'](text)",
        "locals()['__builtins__']['ex'+'ec'](text)",
        "getattr(print, '__self__').exec(text)",
        "print.__self__.__dict__['ex'+'ec'](text)",
        "f.__globals__['__builtins__']['ex'+'ec'](text)",
        "f.__getattribute__('__glob' + 'als__')",
        "(0 for _ in ()).gi_frame.f_builtins['ex'+'ec'](text)",
        "match (0 for _ in ()):\n    case object(gi_frame=g): pass",
        "match f:\n    case object(__globals__=g): pass",
        "from importlib import import_module as i; i('built'+'ins')",
        "import runpy; runpy.run_path(text)",
        "import code; code.InteractiveInterpreter().runsource(text)",
        "import codeop",
        "import timeit; timeit.timeit(text)",
        "from types import FunctionType as F",
        "import pickle; pickle.loads(text)",
        "import re; re.enum.sys.modules['built'+'ins']",
        "import random; random._os",
        "import random; m = random; m._os",
        "from random import _os as o",
        "from re import enum, sys as s",
        "import operator; operator.attrgetter('__glob' + 'als__')(f)",
        "from operator import methodcaller as m",
        "import string; string.Formatter().get_field('0.__globals__', (f,), {})",
        "import typing; typing.get_type_hints(f)",
        "from . import x",
        "𝐞val(text)",
    ],
)
def test_what_can_run_text_has_no_complexity(line: str) -> None:
    assert cyclomatic(f"def f(x):\n    return x\n{line}\n") is None


@pytest.mark.parametrize(
    "source",
    [
        "from typing import List\nfrom collections import Counter, deque\nimport math\n\n"
        "def f(v: List[int]):\n    return math.gcd(*Counter(v))\n",
        "import heapq as h, collections.abc\n\ndef f(v):\n    return h.nlargest(2, v)\n",
        "class A(dict):\n    def __lt__(self, o):\n        return self._n < o._n\n\n"
        "    def __init__(self):\n        super().__init__()\n\ndef f(v):\n    return max([], key=v.__getitem__)\n",
    ],
)
def test_what_programs_need_has_a_complexity(source: str) -> None:
    assert cyclomatic(source) is not None


def test_a_reference_is_counted_whatever_it_imports() -> None:
    source = "import sys\n\ndef f(x):\n    return x if x else sys.maxsize\n"
    assert (cyclomatic(source), cyclomatic(source, trusted=True)) == (None, 2)


@given(source=st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_text_has_a_complexity_or_none(source: str) -> None:
    found = cyclomatic(source)
    assert found is None or found >= 1
