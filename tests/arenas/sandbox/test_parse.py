"""Whatever bytes a child leaves, there is one result for every call, and only what was returned is ok."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanista.arenas.sandbox.parse import _NESTING, _deep, parse, settle
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


HARSH = """
import sys, threading
sys.setrecursionlimit(10**6)
sys.set_int_max_str_digits(0)
threading.stack_size(int(sys.argv[1]))
from lanista.arenas.sandbox.parse import parse, settle
from lanista.arenas.sandbox.values import DEPTH, decode, encode
import json, time
deepest = {}
for _ in range(DEPTH - 1):
    deepest = {1: deepest}
honest = json.dumps(["call", 0, "ok", encode(deepest, 10**6), "", 0, 0.0]).encode() + b"\\n"
told = []
def work():
    for line in (
        b"[" * 400_000 + b"]" * 400_000,
        b'["call", 0, "ok", ' + b"[" * 400_000 + b"]" * 400_000 + b', "", 0, 0.0]',
        b'["call", 0, "ok", ' + b'{"t": [' * 100_000 + b"]}" * 100_000 + b', "", 0, 0.0]',
        b"[" * 400_000, b'{"a":' * 400_000, b"[[]," * 400_000,
        b'["' + b'\\\\"' * 100_000 + b'",' + b"[" * 400_000 + b"]" * 400_000 + b"]",
        ("[" * 400_000 + "]" * 400_000).encode("utf-16"), ("[" * 400_000).encode("utf-32"),
        b'["call", 0, "ok", ' + b"9" * 900_000 + b', "", 0, 0.0]',
        b'["call", 0, "ok", ' + b"9" * 900_000 + b'.5, "", 0, 0.0]',
        b'["call", 0, "ok", {"i": "' + b"9" * 900_000 + b'"}, "", 0, 0.0]',
    ):
        started = time.process_time()
        result = settle(parse(line + b"\\n", b"", 1), None, "", [0])[0][0]
        told.append((result.status, time.process_time() - started))
    told.append(parse(honest, b"", 1).answers[0].value == deepest)
thread = threading.Thread(target=work)
thread.start()
thread.join()
assert told.pop() is True
print(*sorted({status for status, _ in told}), max(took for _, took in told) < 2)
"""


@pytest.mark.parametrize("stack_bytes", [0, 1 << 16])
def test_a_caller_with_a_raised_recursion_limit_and_a_small_stack_lives(stack_bytes: int) -> None:
    """Found without recursion that a line is too deep: Python 3.11 recurses in C as far as the limit says."""
    command = [sys.executable, "-c", HARSH.replace("\\\\", "\\"), str(stack_bytes)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "ok stopped True\n"), done.stderr


nested = st.recursive(st.integers() | st.text(alphabet='[]{}"\\\\ü', max_size=4), lambda x: st.lists(x, max_size=3))


@given(nested, st.integers(0, 400))
def test_depth_is_counted_as_json_counts_it(value: object, more: int) -> None:
    for _ in range(more):
        value = [value]
    text, depth = json.dumps(value), 0
    stack: list[tuple[object, int]] = [(value, 0)]
    while stack:
        thing, at = stack.pop()
        depth = max(depth, at + isinstance(thing, list))
        stack += [(inner, at + 1) for inner in thing] if isinstance(thing, list) else []
    if text.count("[") > _NESTING:
        assert _deep(text.encode()) == (depth > _NESTING)
    else:
        assert not _deep(text.encode())


def test_the_fuzz_script_runs() -> None:
    command = [sys.executable, "-m", "lanista.arenas.sandbox.fuzz", "--seconds", "1", "--seed", "3"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "inputs, none raised" in done.stdout
