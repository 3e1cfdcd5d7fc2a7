"""Values cross unchanged or not at all, and comparing them is exact."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanista.arenas.coding.tasks.checkers import check
from lanista.arenas.sandbox import compare
from lanista.arenas.sandbox.values import COLLISIONS, DEPTH, Unfit, decode, encode

plain = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters())
    | st.binary()
    | st.fractions()
    | st.decimals().filter(lambda number: not number.is_snan())
)
hashable = st.recursive(plain, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=6)
anything = st.recursive(
    plain | hashable,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.sets(hashable, max_size=3)
        | st.dictionaries(hashable, inner, max_size=3)
    ),
    max_leaves=12,
)


def cross(value: Any) -> Any:
    return decode(json.loads(json.dumps(encode(value, 10**6), allow_nan=False)))


@given(anything)
def test_every_value_crosses_unchanged(value: Any) -> None:
    assert compare(value, cross(value))
    assert compare(cross(value), value)


@given(anything, anything)
def test_comparing_knows_no_order_of_its_arguments(a: Any, b: Any) -> None:
    assert compare(a, b) == compare(b, a)


@given(anything, anything)
def test_equal_means_the_same_to_python_too(a: Any, b: Any) -> None:
    """Exact comparison is finer than ==, but for NaN, which equals itself here."""
    if compare(a, b) and "nan" not in repr(a).lower():
        assert a == b
        assert repr(type(a)) == repr(type(b))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        *(
            (True, 1),
            (False, 0),
            (1, 1.0),
            (1.0, 1 + 0j),
            ("a", b"a"),
            ([1], (1,)),
            ({1}, frozenset({1})),
            (None, False),
        ),
        *(([True], [1]), ((1, (2.0,)), (1, (2,))), ({1: "a"}, {True: "a"}), ({1: "a"}, {1.0: "a"}), ({1}, {1.0})),
        *(
            ({(1,)}, {(True,)}),
            ({1: 1}, {1: True}),
            ({1: 1}, {2: 1}),
            ([1, 2], [2, 1]),
            ([1], [1, 1]),
            ("1", 1),
            (None, False),
        ),
        *((0.1 + 0.2, 0.3), (math.inf, -math.inf), (math.nan, 0.0), ([], ()), ({}, set()), (frozenset(), ())),
    ],
)
def test_what_differs_in_type_or_value_differs(a: Any, b: Any) -> None:
    assert not compare(a, b)
    assert not compare(b, a)
    assert compare(a, a)


def test_nothing_foreign_is_ever_asked_whether_it_is_equal() -> None:
    class Yes(int):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = int.__hash__

    assert not compare(3, Yes(3))
    assert not compare([3], [Yes(3)])
    assert not compare({3: 1}, {Yes(3): 1})
    assert not compare({3}, {Yes(3)})
    assert not compare(object(), object())


def test_tolerance_is_for_finite_floats_and_only_where_it_is_asked_for() -> None:
    assert not compare(1.0, 1.0 + 1e-9)
    assert compare(1.0, 1.0 + 1e-9, 1e-6)
    assert compare([1e12], [1e12 + 1], 1e-6)  # relative
    assert compare({"x": (0.0, 1j)}, {"x": (1e-9, 1j + 1e-9)}, 1e-6)
    assert not compare(1, 1.0, 1e-6)
    assert not compare(1.0, math.inf, 1e300)
    assert not compare(1.0, math.nan, 1e300)
    assert not compare({1.0}, {1.0 + 1e-9}, 1e-6)


def test_depth_is_bounded_on_both_sides() -> None:
    value: Any = 1
    for _ in range(DEPTH):
        value = [value]
    assert compare(value, cross(value))
    with pytest.raises(Unfit, match="nested"):
        encode([value], 10**6)
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    assert not compare(deep, deep)
    with pytest.raises(Unfit):
        decode(deep)


@given(anything, st.integers(0, 200))
def test_room_bounds_what_crosses(value: Any, room: int) -> None:
    """What is let through is not much longer than there was room for (escapes make at most six of one character)."""
    try:
        data = encode(value, room)
    except Unfit:
        return
    assert len(json.dumps(data)) <= 6 * room + 20


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["i", "f", "b", "t", "s", "z", "d", "c", "x"]) | st.text(max_size=2), inner)
    ),
    max_leaves=20,
)


@given(json_like)
def test_any_json_is_a_value_or_unfit(data: Any) -> None:
    try:
        value = decode(data)
    except Unfit:
        return
    assert compare(value, cross(value))


@pytest.mark.parametrize(
    "data",
    [
        *({}, {"i": 1}, {"i": "xyz"}, {"i": "0x1", "f": "nan"}, {"f": "1.5"}, {"f": "infinity"}, {"b": "0"}, {"b": []}),
        *({"t": 1}, {"s": [[1]]}, {"s": [1, 1]}, {"s": [1, {"f": "nan"}, 1.0]}, {"z": [{"d": []}]}, {"c": [1, 2]}),
        *({"d": [1]}, {"d": [[1, 2, 3]]}, {"d": [[[1], 2]]}, {"d": [[1, 2], [True, 3]]}, {"": []}, {"call": []}),
    ],
)
def test_what_no_encoder_writes_is_unfit(data: Any) -> None:
    with pytest.raises(Unfit):
        decode(data)


PRIME = (1 << 61) - 1  # sys.hash_info.modulus: every multiple of it has hash 0


@pytest.mark.parametrize("form", ["s", "z", "d", "nested"])
def test_hashes_that_are_all_the_same_are_unfit_before_a_table_is_built(form: str) -> None:
    """Half a million of them would take the judge hours; this test ends because none is compared with another."""
    many = [k * PRIME for k in range(500_000)]
    body: Any = [[k, 0] for k in many] if form == "d" else many
    data = {"s": [{"t": [k]} for k in many]} if form == "nested" else {form: body}
    with pytest.raises(Unfit, match="hash"):
        decode(data)


def test_a_few_equal_hashes_are_no_attack() -> None:
    few = {k * PRIME for k in range(COLLISIONS)}
    assert cross(few) == few
    assert cross(dict.fromkeys(few, 1)) == dict.fromkeys(few, 1)
    powers = {2.0**k for k in range(-1074, 1024)}  # 61 hashes for all of them
    assert cross(powers) == powers


def test_no_check_of_a_task_makes_a_set_of_what_a_program_returned() -> None:
    """Sets are made inside the sandbox; one that comes out is refused above where its hashes collide."""
    collide = [k * PRIME for k in range(100_000)]
    for name in ("equal", "unequal", "among", "order:<"):
        assert check(name, (), {0}, collide) is (name == "unequal")


@pytest.mark.parametrize(
    "data",
    [
        *({"q": text} for text in ("0x1", "0x1/0x0", "0x2/0x4", "0x1/-0x2", "1/x", "0x1/0x" + "f" * 30_000, "")),
        *({"m": text} for text in ("sNaN", "1E+" + "9" * 19, "1" * 30_000, "0x1", "\u0661", " 1", "1_0", "")),
    ],
    ids=lambda data: str(data)[:30],
)
def test_numbers_that_no_program_can_return_are_unfit(data: Any) -> None:
    with pytest.raises(Unfit):
        decode(data)


def test_fractions_and_decimals_cross_as_themselves() -> None:
    for value in (Fraction(-1, 3), Decimal("1.50"), Decimal("-Infinity"), Fraction(0)):
        assert (cross(value), type(cross(value))) == (value, type(value))
    assert not compare(Fraction(1, 2), 0.5)
    assert not compare(Decimal(1), 1)
    assert not compare({Fraction(1)}, {1})
    with pytest.raises(Unfit):
        encode(Decimal("sNaN"), 1000)  # comparing it raises
