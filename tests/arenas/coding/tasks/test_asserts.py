"""Asserts of literal form become calls and checks that say what Python says of them; others are named, not guessed."""

from __future__ import annotations

import ast
import contextlib
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanista.arenas.coding.tasks.asserts import convert
from lanista.arenas.coding.tasks.checkers import check
from lanista.arenas.coding.tasks.inside import ENDS
from lanista.arenas.coding.tasks.literals import Unconverted, literal


def converted(test: str) -> list[Any]:
    return convert(ast.parse(test).body, ("candidate", "f"), "f")


@pytest.mark.parametrize(
    ("test", "args", "kwargs", "name", "value"),
    [
        ("assert candidate(1, 'a') == [1, 2]", (1, "a"), {}, "equal", [1, 2]),
        ("assert [1, 2] == candidate(1)", (1,), {}, "equal", [1, 2]),
        ("assert f(1, k=(2, {3: None})) == -1, 'why'", (1,), {"k": (2, {3: None})}, "equal", -1),
        ("assert candidate(0) != 1", (0,), {}, "unequal", 1),
        ("assert candidate(0) is None", (0,), {}, "exact", None),
        ("assert candidate(0)", (0,), {}, "true", None),
        ("assert not candidate(0)", (0,), {}, "false", None),
        ("assert candidate(0) in (1, 2)", (0,), {}, "among", (1, 2)),
        ("assert candidate(0) is not True", (0,), {}, "not_exact", True),
        ("assert candidate(0) not in (1, 2)", (0,), {}, "not_among", (1, 2)),
        ("assert abs(candidate(2) - 0.5) < 1e-6", (2,), {}, "close:<", (0.5, 1e-6)),
        ("assert abs(0.5 - candidate(2)) <= 1", (2,), {}, "close:<=", (0.5, 1)),
        ("assert 1 > abs(2 ** 53 + 1 - candidate(2))", (2,), {}, "close:<", (2**53 + 1, 1)),
        ("assert candidate(2) < 3", (2,), {}, "order:<", 3),
        ("assert 3 <= candidate(2)", (2,), {}, "order:>=", 3),
        (
            "import math\nassert math.isclose(candidate(2), 0.5, rel_tol=0.001)",
            *((2,), {}, "isclose", (0.5, 0.001, 0.0)),
        ),
        ("from math import inf\nassert candidate(inf) == -inf", (math.inf,), {}, "equal", -math.inf),
        ("for i, (a, b) in enumerate(zip([5], [6])):\n    assert f(*[i, a]) == b + 1", (0, 5), {}, "equal", 7),
        ("x = [3] * 2\nassert candidate(x) == 2 ** 3 + 1", ([3, 3],), {}, "equal", 9),
        ("assert candidate('a' * 3 + 'b') == 1 / 4", ("aaab",), {}, "equal", 0.25),
        ("assert candidate(float('inf'), {1, 2}) == b'x'", (float("inf"), {1, 2}), {}, "equal", b"x"),
    ],
)
def test_forms(test: str, args: Any, kwargs: Any, name: str, value: Any) -> None:
    (found,) = converted(test)
    assert (found.call.function, found.call.args, dict(found.call.kwargs)) == ("f", args, kwargs)
    assert (found.check, found.value) == (name, value)


@pytest.mark.parametrize(
    ("test", "through", "check", "value"),
    [
        ("assert set(f(1)) == set([1])", ("set",), "equal", {1}),
        ("assert sorted(list(f(1))) != [1]", ("list", "sorted"), "unequal", [1]),
        ("assert not len(f(1))", ("len",), "false", None),
        ("assert round(f(1), 2) == 0.33", ("round_2",), "equal", 0.33),
        ("assert abs(sum(f(1)) - 3) < 1", ("sum",), "close:<", (3, 1)),
        ("assert str(f(1)) in ['a']", ("str",), "among", ["a"]),
    ],
)
def test_what_stands_around_the_call_is_applied_where_the_value_is(
    test: str, through: Any, check: str, value: Any
) -> None:
    (found,) = converted(test)
    assert (found.through, found.check, found.value) == (through, check, value)


def test_loops_over_literals_are_worked_out() -> None:
    found = converted("for x in range(2):\n    for y in 'ab':\n        assert f(x, y) == [x] * 2\n    assert f(x)")
    assert [one.call.args for one in found] == [(0, "a"), (0, "b"), (0,), (1, "a"), (1, "b"), (1,)]


def test_statements_that_test_nothing_are_passed_over() -> None:
    found = converted('"""Doc."""\nassert True, "always"\nassert f(1) == 1 and f(2) == 2\npass\nprint("done")\nprint\n')
    assert [one.call.args for one in found] == [(1,), (2,)]


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ("for i in {1, 2}:\n    assert f(i) == i", "line 1 of the tests: a loop"),
        ("for i in range(3):\n    x = f(i)", "line 2 of the tests: f(i) is no literal"),
        ("for i in range(30000):\n    assert f(i) == i", "a loop of too many turns"),
        ("while True:\n    assert f(1) == 1", "line 1 of the tests: a loop"),
        ("assert f(1) == 1\nimport numbers_of_mine", "line 2 of the tests: an import of numbers_of_mine"),
        ("from random import *\nassert f(1) == 1", "an import of everything in random"),
        ("from math import pow as sorted\nassert f(1) == 1", "sorted is given another meaning"),
        ("set = list\nassert set(f(1)) == [1]", "list is no literal"),
        ("f = 3\nassert f(1) == 1", "f is given another meaning"),
        ("assert math.isclose(f(1), 1.0)", "against a literal"),
        ("x = [3, 1]\nassert f(x) == 1\nassert f(x) == 1", "line 3 of the tests: x was given to a call"),
        ("x = [3, 1]\nassert f(x) == x", "x was given to a call"),
        ("x = [3, 1]\nassert x == f(x)", "x was given to a call"),
        ("x = [3, 1]\ny = (x, 2)\nassert f(x) == 1\nassert f(2) == y", "y was given to a call"),
        ("assert f([[0]] * 2) == 1", "one thing in two places"),
        ("x = [1]\nassert f(x, x) == 1", "one thing in two places"),
        ("x = float('nan')\nassert f([x, x]) == 1", "one thing in two places"),
        ("assert f(1) is 3", "up to the interpreter"),
        ("assert f(1) is []", "up to the interpreter"),
        ("print('a', file=1)\nassert f(1) == 1", "more than an assert"),
        ("nothing\nassert f(1) == 1", "more than an assert"),
        ("assert round(f(1), -2) == 100", "rounds to -2 digits"),
        ("def g(x, y, z):\n    assert x == y\ng(f(1), 1, 0)", "calls a helper of the tests"),
        ("assert f(f(1)) == 1", "f(1) is no literal"),
        ("assert f(x) == 1", "x is no literal"),
        ("assert f(**{'a': 1}) == 1", "spreads"),
        ("assert f(1) == f(2)", "no literal"),
        ("assert 1 == 1", "against a literal"),
        ("assert 1 < f(1) < 3", "against a literal"),
        ("assert g(1) == 1", "against a literal"),
        ("assert f(lambda x: x) == 1", "no literal"),
        ("assert f([i for i in range(3)]) == 1", "no literal"),
        ("assert f(10 ** 10 ** 10) == 1", "a power is too large"),
        ("assert f('a' * 10 ** 9) == 1", "a repetition is too long"),
        ("assert f(1 // 0) == 1", "ZeroDivisionError"),
        ("assert f(" + "+".join(["1"] * 1200) + ") == 1", "nested too deep"),
        ("assert g(" + "-" * 1200 + "1) == 1", "against a literal"),
        ("assert x" + ".a" * 1200 + "() == 1", "against a literal"),
        ("assert g(0x" + "f" * 5000 + ") == 1", "too long to show"),
        ("a = 'a' * 10_000\nassert f(" + "+".join("a" * 21) + ") == 1", "a sum is too long"),
        ("a = [[0] * 400] * 400\nassert f(a) == 1", "line 1 of the tests: a value cannot cross"),
        ("assert f(1) == {((0,) * 900,) * 900}", "too large"),
        ("assert f(" + "*".join(["2 ** 4000"] * 300) + ") == 1", "a product is too large"),
        ("assert f('%900000000d' % 1) == 1", "a formatted text"),
        ("assert f(b'%*d' % (2000000000, 1)) == 1", "a formatted text"),
        ("assert f(bytes(4000000000)) == 1", "a repetition is too long"),
        ("assert f({[]}) == 1", "TypeError"),
        ("assert f(...) == 1", "no literal"),
        ("assert f(1)[0] == 1", "against a literal"),
        ("assert True", "assert nothing"),
        ("", "assert nothing"),
        ("try:\n    f(1)\nexcept ValueError:\n    pass", "more than an assert"),
    ],
)
def test_what_is_not_of_literal_form_is_said(test: str, why: str) -> None:
    with pytest.raises(Unconverted, match=why.replace("(", r"\(").replace(")", r"\)")) as refused:
        converted(test)
    assert "\n" not in str(refused.value)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-99, 99)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(st.integers(0, 5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(value=values)
def test_a_written_value_is_read_back(value: Any) -> None:
    assert literal(ast.parse(repr(value), mode="eval").body) == value


@given(expected=values, got=values)
@settings(max_examples=200)
def test_a_converted_assert_says_what_the_assert_says(expected: Any, got: Any) -> None:
    """The assert itself, run here with a function that returns ``got``, is the standard."""
    for test in (f"assert f(1) == {expected!r}", f"assert f(1) != {expected!r}", "assert f(1)", "assert not f(1)"):
        (found,) = converted(test)
        try:
            exec(test, {"f": lambda x: got})
            holds = True
        except AssertionError:
            holds = False
        assert check(found.check, found.call.args, found.value, ENDS[found.end](got)) is holds


@given(text=st.text(max_size=60))
@settings(max_examples=200)
def test_any_test_is_converted_or_refused(text: str) -> None:
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        return
    with contextlib.suppress(Unconverted):
        assert convert(body, ("f",), "f")
