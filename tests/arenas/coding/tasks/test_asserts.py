"""Asserts of literal form become calls and checks that say what Python says of them; others are named, not guessed."""

from __future__ import annotations

import ast
import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanista.arenas.coding.tasks.asserts import Unconverted, convert, literal
from lanista.arenas.coding.tasks.checkers import check


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
        ("assert abs(candidate(2) - 0.5) < 1e-6", (2,), {}, "close:1e-06", 0.5),
        ("assert abs(0.5 - candidate(2)) <= 0.1", (2,), {}, "close:0.1", 0.5),
        ("assert math.isclose(candidate(2), 0.5, rel_tol=0.001)", (2,), {}, "isclose:0.001:0.0", 0.5),
        ("assert set(candidate([1])) == set([1])", ([1],), {}, "set", {1}),
        ("assert sorted(candidate(1)) == [1]", (1,), {}, "sorted", [1]),
        ("assert tuple(candidate(1)) == (1,)", (1,), {}, "tuple", (1,)),
        ("x = [3] * 2\nassert candidate(x) == 2 ** 3 + 1", ([3, 3],), {}, "equal", 9),
        ("assert candidate('a' * 3 + 'b') == 1 / 4", ("aaab",), {}, "equal", 0.25),
        ("assert candidate(float('inf'), {1, 2}) == b'x'", (float("inf"), {1, 2}), {}, "equal", b"x"),
    ],
)
def test_forms(test: str, args: Any, kwargs: Any, name: str, value: Any) -> None:
    (found,) = converted(test)
    assert (found.call.function, found.call.args, dict(found.call.kwargs)) == ("f", args, kwargs)
    assert (found.check, found.value) == (name, value)


def test_statements_that_test_nothing_are_passed_over() -> None:
    found = converted('"""Doc."""\nassert True, "always"\nassert f(1) == 1 and f(2) == 2\npass\nprint("done")\nprint\n')
    assert [one.call.args for one in found] == [(1,), (2,)]


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ("for i in range(3):\n    assert f(i) == i", "line 1 of the tests: a loop"),
        ("assert f(1) == 1\nimport random", "line 2 of the tests: an import"),
        ("assert f(f(1)) == 1", "f(1) is no literal"),
        ("assert f(x) == 1", "x is no literal"),
        ("assert f(*[1]) == 1", "no literal|spreads"),
        ("assert f(**{'a': 1}) == 1", "spreads"),
        ("assert f(1) < 3", "against a literal"),
        ("assert f(1) == f(2)", "no literal"),
        ("assert 1 == 1", "against a literal"),
        ("assert 1 < f(1) < 3", "against a literal"),
        ("assert g(1) == 1", "against a literal"),
        ("assert f(lambda x: x) == 1", "no literal"),
        ("assert f([i for i in range(3)]) == 1", "no literal"),
        ("assert f(10 ** 10 ** 10) == 1", "a power is too large"),
        ("assert f('a' * 10 ** 9) == 1", "a repetition is too long"),
        ("assert f(1 // 0) == 1", "ZeroDivisionError"),
        ("assert abs(f(1) - 10 ** 400) < 1", "too large for a float"),
        ("assert abs(f(1) - 1) < 10 ** 400", "too large for a float"),
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
        assert check(found.check, found.call.args, found.value, got) is holds


@given(text=st.text(max_size=60))
@settings(max_examples=200)
def test_any_test_is_converted_or_refused(text: str) -> None:
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        return
    with contextlib.suppress(Unconverted):
        assert convert(body, ("f",), "f")
