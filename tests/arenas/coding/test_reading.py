"""Replies of small and of chatty models become moves; nothing a reply holds raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanista.arenas.coding import reading
from lanista.arenas.coding.moves import Inputs, Program, Report, Revision
from lanista.arenas.core.contract import Illegal

F = "def f(x):\n    return x"


@pytest.mark.parametrize(
    "reply",
    [
        F,
        f"{F}\n",
        f"```python\n{F}\n```",
        f"Here is my solution:\n\n```py\n{F}\n```\nIt returns x.",
        f"```\n{F}",
        f"<think>maybe ```python\nno\n```</think>\n{F}",
        F.replace("\n", "\r\n"),
    ],
)
def test_a_program_is_read_bare_or_fenced(reply: str) -> None:
    assert reading.program(reply) == Program(F)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("", "no program"),
        ("```\n```", "no program"),
        ("```\na\n```\n```\nb\n```", "more than one block"),
        ("x" * 7000, "7,000 characters"),
    ],
)
def test_what_is_no_program_is_refused_with_the_reason(reply: str, why: str) -> None:
    read = reading.program(reply)
    assert isinstance(read, Illegal)
    assert why in read.why


@pytest.mark.parametrize(
    ("reply", "move"),
    [
        (F, Revision(F)),
        (f"cause: off by one\n{F}", Revision(F, "off by one")),
        (f"**Cause:** off by one\n\n```python\n{F}\n```", Revision(F, "off by one")),
        (f"I looked.\ncause: a slip\nSo:\n```\n{F}\n```\n", Revision(F, "a slip")),
        ("keep", Revision(None)),
        ("`keep`", Revision(None)),
        ("cause: it is right\nKeep.", Revision(None, "it is right")),
    ],
)
def test_a_revision_has_an_optional_cause(reply: str, move: Revision) -> None:
    assert reading.revision(reply) == move


@pytest.mark.parametrize(
    ("reply", "calls"),
    [
        ("f(1, 'a')", ("(1, 'a')",)),
        ("f([1, 2])\nf({'k': (1,)})", ("([1, 2],)", "({'k': (1,)},)")),
        ("- `f(0)`\n- `f(1)`", ("(0,)", "(1,)")),
        ("1. f(0)\n2. f(1)", ("(0,)", "(1,)")),
        ('[1, true, null]\n["a"]', ("(1, True, None)", "('a',)")),
        ("[[1, 2]]", ("([1, 2],)",)),
        ("```python\nf(-3)\n```", ("(-3,)",)),
        ("f()", ("()",)),
        ("none", ()),
        ("None.", ()),
    ],
)
def test_inputs_are_calls_or_lists_one_a_line(reply: str, calls: tuple[str, ...]) -> None:
    assert reading.inputs(reply, "f", 3) == Inputs(calls)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("", "no input"),
        ("f(1)\nf(2)\nf(3)\nf(4)", "4 lines"),
        ("g(1)", "the function is f"),
        ("f(1)\nf(x)", "line 2 is no call"),
        ("f(1)(2)", "line 1 is no call"),
        ("f(n=1)", "line 1 is no call"),
        ("f(*[1])", "line 1 is no call"),
        ("f(__import__('os'))", "line 1 is no call"),
        ("f(1e999)", "line 1 is no call"),
        ("f(" + "[" * 200 + "]" * 200 + ")", "401"),
        ("f(" + "(" * 150, "line 1 is no call"),
        ("f('" + "9" * 500 + "')", "characters"),
    ],
)
def test_what_is_no_input_is_refused_with_the_line(reply: str, why: str) -> None:
    read = reading.inputs(reply, "f", 3)
    assert isinstance(read, Illegal)
    assert why in read.why or "characters" in read.why


@pytest.mark.parametrize(
    ("reply", "move"),
    [
        ("pass", Report(True)),
        ("PASS.", Report(True)),
        ("All is well.\npass: every output is right", Report(True, "every output is right")),
        ("fail: f([1]) gives [2], not [4]", Report(False, "f([1]) gives [2], not [4]")),
        ("**fail:** too slow", Report(False, "too slow")),
        ("failed", Report(False)),
    ],
)
def test_a_report_is_the_line_with_the_verdict(reply: str, move: Report) -> None:
    assert reading.report(reply) == move


@pytest.mark.parametrize("reply", ["", "it seems fine", "password: x", "pass\nfail: no", "passable"])
def test_no_verdict_or_two_are_refused(reply: str) -> None:
    assert isinstance(reading.report(reply), Illegal)


@given(st.text() | st.text(alphabet="`f([{'\\\"x:1\n ,)]}<>|think/cause:keepnone", max_size=80))
def test_any_text_is_a_move_or_a_reason(reply: str) -> None:
    for read in (
        reading.program(reply),
        reading.revision(reply),
        reading.report(reply),
        reading.inputs(reply, "f", 3),
    ):
        assert isinstance(read, (Program, Revision, Report, Inputs)) or (isinstance(read, Illegal) and read.why)
