"""Replies of small and of chatty models become moves; nothing a reply holds raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanista.arenas.coding import reading
from lanista.arenas.coding.moves import Inputs, Program, Report, Revision
from lanista.arenas.core.contract import Illegal

F = "def f(x):\n    return x"
DOC = 'def f(x):\n    """Doc.\n\n```\nf(1)\n```\n    """\n    return x'
"""A program whose docstring has fences."""


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
        f"Here is my program:\n\n{F}",
        f"Here is my program:\n{F}\n\nIt returns x.",
        f"Sure\n{F}",
        f"````python\n{F}\n````",
        f"~~~python\n{F}\n~~~",
        f"```\n{F}\n```\nOnce more:\n```\n{F}\n```",
    ],
)
def test_a_program_is_read_bare_or_fenced(reply: str) -> None:
    assert reading.program(reply) == Program(F)


@pytest.mark.parametrize(
    "reply", [DOC, f"```\n{DOC}\n```", f"Here:\n```python\n{DOC}\n```\nDone.", f"````\n{DOC}\n````"]
)
def test_a_fence_in_a_docstring_ends_nothing(reply: str) -> None:
    assert reading.program(reply) == Program(DOC)


@pytest.mark.parametrize("source", ["def f(x)\n    return x", f"{F}\ndef g(y)\n    return y", "import x y"])
def test_a_program_with_a_slip_stays_whole(source: str) -> None:
    assert reading.program(source) == Program(source)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("", "no program"),
        ("I think that it is right.", "no program"),
        (f"{F}\n\nor:\n```\ndef f(x):\n    return 2\n```", "more than one block"),
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
        ("keep: it is right", Revision(None)),
        ("I keep the program.", Revision(None)),
        ("The program is right.\nkeep", Revision(None)),
        ("```\nkeep\n```", Revision(None)),
        ("Final answer: keep", Revision(None)),
        (f"I looked.\ncause: a slip\n\n{F}", Revision(F, "a slip")),
        (f"```\ncause: a slip\n{F}\n```", Revision(F, "a slip")),
    ],
)
def test_a_revision_has_an_optional_cause(reply: str, move: Revision) -> None:
    assert reading.revision(reply) == move


@pytest.mark.parametrize(
    "reply", [f"keep\n{F}", f"keep\n```\n{F}\n```", f"```\n{F}\n```\nkeep", f"{F}\n\nThat is it.\nkeep"]
)
def test_to_keep_and_to_replace_is_refused(reply: str) -> None:
    assert isinstance(reading.revision(reply), Illegal)


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
        ("f(1) == 2", ("(1,)",)),
        ("assert f(1) == 2", ("(1,)",)),
        ("f('a->b') -> 2  # edge", ("('a->b',)",)),
        ("Here are edge cases (empty, one):\nf([])\nf([1])", ("([],)", "([1],)")),
        ("~~~\nf(1)\n~~~", ("(1,)",)),
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
        ("none\nf(1)", "both"),
        ("f(1) == f(2)", "line 1 is no call"),
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
        ("**Verdict: pass**", Report(True)),
        ("Final answer: fail — too slow", Report(False, "too slow")),
        ('{"verdict": "pass"}', Report(True)),
        ("fail\nfail: too slow", Report(False, "too slow")),
    ],
)
def test_a_report_is_the_line_with_the_verdict(reply: str, move: Report) -> None:
    assert reading.report(reply) == move


@pytest.mark.parametrize(
    "reply", ["", "it seems fine", "password: x", "pass\nfail: no", "passable", "pass: false", "fail: a\nfail: b"]
)
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
