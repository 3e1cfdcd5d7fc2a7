"""Whatever bytes a child leaves, there is one result for every call, and only what was returned is ok."""

from __future__ import annotations

import json
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from lanista.arenas.sandbox.parse import parse, settle
from lanista.arenas.sandbox.types import Result

item = st.none() | st.booleans() | st.integers(-2, 9) | st.floats() | st.text(max_size=5) | st.just({"i": "0x1"})
word = st.sampled_from(["call", "stop", "done", "ok", "exception", "unfit", "exit", "syscall"])
line = st.lists(word | item, max_size=8).map(lambda x: json.dumps(x).encode()) | st.binary(max_size=30)
stream = st.lists(line, max_size=12).map(b"\n".join) | st.binary(max_size=200)
stops = st.none() | st.sampled_from(["cpu", "wall", "output", "syscall", "crash", "exit"])


@given(stream, st.binary(max_size=20), st.integers(0, 4), stops)
def test_any_bytes_give_a_result_for_every_call(data: bytes, output: bytes, calls: int, stop: str | None) -> None:
    told = parse(data, output, calls)
    results, why, error = settle(told, stop, "", range(calls))  # type: ignore[arg-type]
    assert len(results) == calls
    assert all(type(r) is Result for r in results)
    answered = [r for r in results if r.stop is None]
    assert (why is None) == (len(answered) == calls and (calls > 0 or told.done))
    assert bool(error) == (why is not None)
    assert [r.status for r in results if r.stop is not None] == ["stopped", "unreached", "unreached", "unreached"][
        : calls - len(answered)
    ]
    assert all(r.error.isprintable() for r in results)
    # The same bytes mean the same twice, and what follows the last newline means nothing.
    assert repr(parse(data, output, calls)) == repr(told)
    cut = data[: data.rfind(b"\n") + 1]
    assert repr(parse(cut + b'["call", 0', output, calls)) == repr(told)


def call(index: object, status: object = "ok", value: object = 1, error: object = "", end: object = 0) -> bytes:
    return json.dumps(["call", index, status, value, error, end, 0.0]).encode() + b"\n"


def test_the_first_line_of_an_index_counts() -> None:
    told = parse(call(0, value=1) + call(0, value=2) + call(1, "exception", error="x") + call(1), b"", 2)
    assert [a.value if a and a.ok else a and a.error for a in told.answers] == [1, "x"]


def test_lines_for_no_call_are_passed_over() -> None:
    data = b"".join(call(i) for i in (-1, 2, True, 1.0, "0", None, [0]))
    assert parse(data, b"", 2).answers == (None, None)


def test_a_missing_line_fails_even_where_a_later_one_is_there() -> None:
    results, stop, _ = settle(parse(call(1), b"", 2), None, "", (0, 0))
    assert ([r.status for r in results], stop) == (["stopped", "ok"], "exit")


def test_output_is_divided_as_the_child_says_where_that_can_be() -> None:
    told = parse(call(0, end=2) + call(1, end=1) + call(2, end=10**9), b"ab\xffc", 3)
    assert [a.stdout for a in told.answers if a] == ["ab", "\\xffc", ""]


def test_hostile_json_costs_nothing_but_its_line() -> None:
    nasty = [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 50_000,
        b"9" * 500_000,
        b'["call", 0, "ok", ' + b"9" * 5000 + b', "", 0, 0.0]',
        b'["call", 0, "ok", NaN, "", 0, 0.0]',
        b'["call", 0, "ok", 1e999, "", 0, 0.0]',
        b'["call", 0, "ok", {"i": "0x' + b"f" * 400_000 + b'"}, "", 0, 0.0, 0]',
        b'"call"',
        b"\xef\xbb\xbf[]",
        b"",
    ]
    told = parse(b"\n".join(nasty) + b"\n" + call(0, value=7), b"", 1)
    answer = told.answers[0]
    assert answer is not None
    assert (answer.status, answer.value) in (("ok", 7), ("unfit", None))  # 1e999 reads as a float that is none of ours


def test_the_fuzz_script_runs() -> None:
    command = [sys.executable, "-m", "lanista.arenas.sandbox.fuzz", "--seconds", "1", "--seed", "3"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "inputs, none raised" in done.stdout
