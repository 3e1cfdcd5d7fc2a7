"""Tool calls: what is a call, what is a wrong one, what is none; and that no text at all raises."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanista.arenas.core.contract import Illegal
from lanista.arenas.core.tools import BadCall, Call, Tool, by_name, call, parse

TOOLS = by_name(
    Tool(
        "search",
        "finds flights",
        {
            "from": {"type": "string", "minLength": 3},
            "depart": {"type": "string", "format": "date"},
            "page": {"type": "integer", "minimum": 1},
            "cabin": {"enum": ["economy", "business"]},
        },
        optional=frozenset({"page", "cabin"}),
    ),
    Tool("wait", "does nothing", {}),
)
GOOD = 'search {"depart": "2025-11-14", "from": "NYC"}'
FOUND = call("search", **{"from": "NYC", "depart": "2025-11-14"})


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (GOOD, FOUND),
        (
            '  search\n{"from":"NYC",\n"depart":"2025-11-14"}\n',
            FOUND,
        ),
        ("<think>wait {}</think>" + GOOD, FOUND),
        (GOOD[:-1] + ', "page": 2.0}', call("search", **{"from": "NYC", "depart": "2025-11-14", "page": 2})),
        ("wait", Call("wait")),
        ("wait {}", Call("wait")),
    ],
)
def test_a_call_is_read_by_value(reply: str, expected: Call) -> None:
    assert parse(reply, TOOLS) == expected
    assert parse(str(expected), TOOLS) == expected


@pytest.mark.parametrize(
    ("reply", "status", "says"),
    [
        ('search {"from": "NYC", "depart": "11-14-2025"}', 400, "ISO 8601"),
        ('search {"from": "NYC", "depart": "2025-02-30"}', 400, "ISO 8601"),
        ('search {"from": "NYC", "depart": "2025-02-29"}', 400, "ISO 8601"),
        ('search {"from": "NYC", "depart": "0000-01-01"}', 400, "ISO 8601"),
        ('search {"from": "NYC", "depart": "２０２５-11-14"}', 400, "ISO 8601"),
        ('search {"from": "NYC"}', 400, "missing depart"),
        ('search {"from": "NYC", "depart": "2025-11-14", "too": 1}', 400, "unknown too"),
        ('search {"from": "NYC", "depart": "2025-11-14", "page": 0}', 400, "page must be integer 1 or more, not 0"),
        ('search {"from": "NYC", "depart": "2025-11-14", "page": true}', 400, "page must be a whole number, not true"),
        ("search [1]", 400, "the arguments are not one JSON object"),
        ("search 7", 400, "the arguments are not one JSON object"),
        ('search {"from": "NYC", "depart": "2025-11-14", "cabin": "first"}', 400, '"economy", "business"'),
        ('search {"from": "NYC", "from": "LON", "depart": "2025-11-14"}', 400, "twice"),
        ('search {"from": NaN, "depart": "2025-11-14"}', 400, "NaN"),
        ('search {"from": 1e999, "depart": "2025-11-14"}', 400, "too large"),
        ("search [1]", 400, "object"),
        ("search " + "[" * 20_000, 400, "nested too deeply"),
        ('search {"from": ' + "9" * 5000 + "}", 400, "not one JSON object"),
        ('serch {"from": "NYC"}', 404, "search"),
    ],
)
def test_a_wrong_call_gets_the_services_error(reply: str, status: int, says: str) -> None:
    found = parse(reply, TOOLS)
    assert isinstance(found, BadCall)
    error = json.loads(found.error)["error"]
    assert error["status"] == status
    assert says in error["message"]


@pytest.mark.parametrize("reply", ["", "hello", "{}", "I would search for flights", "vote: player_3", "<think>" + GOOD])
def test_what_is_no_call_is_illegal_and_says_what_to_do(reply: str) -> None:
    found = parse(reply, TOOLS)
    assert isinstance(found, Illegal)
    assert "search, wait" in found.why


@given(st.text())
def test_any_text_is_answered(text: str) -> None:
    for reply in (text, "search " + text, "search {" + text + "}", text + " {}"):
        found = parse(reply, TOOLS)
        if isinstance(found, BadCall):
            assert "\n" not in found.said
            assert json.loads(found.error)["error"]["status"] in (400, 404)


def test_a_signature_tells_types_and_what_may_be_left_out() -> None:
    assert TOOLS["search"].signature == (
        'search {"from": text of 3 or more characters, "depart": YYYY-MM-DD, "page"?: integer 1 or more, '
        '"cabin"?: "economy"|"business"}: finds flights'
    )
