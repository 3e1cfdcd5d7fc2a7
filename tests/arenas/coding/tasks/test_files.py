"""Task files as a user brings them: two formats, and every way of being wrong named by file, line and field."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanista.arenas.coding.tasks.files import load
from lanista.arenas.coding.tasks.lines import LONGEST
from lanista.arenas.coding.tasks.verify import verify
from lanista.arenas.sandbox import Sandbox
from lanista.errors import UsageError

NEAR = {
    "task_id": "Own/0",
    "prompt": "from typing import List\n\nLIMIT = 9\n\n\ndef near(v: List[float], d: float) -> bool:\n"
    '    """Whether two of v are nearer than d.\n\n    >>> near([1.0, 2.0], 0.5)\n    False\n'
    '    >>> near([1.0, 1.2], d=0.5)\n    True\n    """\n',
    "entry_point": "near",
    "canonical_solution": "    for i, a in enumerate(v):\n        for b in v[i + 1:]:\n"
    "            if abs(a - b) < d:\n                return True\n    return False\n",
    "test": "METADATA = {'author': 'own'}\n\n\ndef check(candidate):\n    assert candidate([1.0, 2.0], 0.5) == False\n"
    "    assert candidate([1.0, 1.2], 0.5) is True, 'm'\n    assert True, 'x'\n    assert not candidate([], d=1.0)\n",
}
LOOP = {
    "task_id": "Own/1",
    "prompt": 'def dec(x):\n    """One less."""\n',
    "entry_point": "dec",
    "canonical_solution": "    return x - 1\n",
    "test": "import random\n\ndef check(candidate):\n    for _ in range(9):\n        x = random.randrange(9)\n"
    "        assert candidate(x) == x - 1\n",
}
TALLY = {
    "task_id": 7,
    "text": "Write a function to count characters.",
    "code": "from collections import Counter\r\ndef tally(s):\r\n  return Counter(s)",
    "test_list": ["assert tally('aab') == {'a': 2, 'b': 1}", "assert tally('') == {}"],
    "test_setup_code": "",
    "challenge_test_list": [],
}
SHARED = {
    "task_id": 8,
    "prompt": "Write a function to find shared items.",
    "code": "def shared(a, b):\n    return tuple(set(a) & set(b))\n",
    "test_list": ["assert set(shared((3, 4), (4, 5))) == set((4,))"],
    "test_imports": ["import math"],
}


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def made(*lines: Any, name: str = "tasks.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines), encoding="utf-8")
        return path

    return made


def test_humaneval(write: Any) -> None:
    (task,) = load(write(NEAR)).tasks
    assert task.id == "Own/0"
    assert task.signature == "def near(v: List[float], d: float) -> bool:"
    assert task.specification.startswith("Whether two of v are nearer than d.")
    assert task.preamble == "from typing import List\n\nLIMIT = 9\n\n\n"
    assert [(e.args, dict(e.kwargs), e.expected) for e in task.examples] == [
        (([1.0, 2.0], 0.5), {}, False),
        (([1.0, 1.2],), {"d": 0.5}, True),
    ]
    assert [call.args for call in task.hidden_calls()] == [([1.0, 2.0], 0.5), ([1.0, 1.2], 0.5), ([],)]
    assert task.expected() == (False, True, None)
    assert [task.passes(i, value) for i, value in enumerate([False, True, False])] == [True] * 3
    assert not task.passes(1, 1)  # `is True` means it
    assert task.complexity == 4
    assert task.mutants() == ()
    assert task.in_process is None


def test_mbpp(write: Any) -> None:
    tally, shared = load(write(TALLY, SHARED)).tasks
    assert (tally.id, tally.entry_point, tally.signature) == ("7", "tally", "def tally(s):")
    assert [(e.args, e.expected) for e in tally.examples] == [(("aab",), {"a": 2, "b": 1})]
    assert len(tally.hidden_calls()) == 2
    assert shared.hidden_calls()[0].function == "_lanista_seen.set.like"
    assert shared.passes(0, {4})
    assert not shared.passes(0, {3})


def test_the_references_run_in_the_sandbox(write: Any) -> None:
    # A Counter equals the dictionary that the assert names, although only exact builtin types leave the child.
    wrong = SHARED | {"task_id": 9, "code": "def shared(a, b):\n    return a\n"}
    endless = SHARED | {"task_id": 10, "code": "def shared(a, b):\n    while True: pass\n"}
    found = load(write(NEAR, TALLY, SHARED, LOOP, wrong, endless), in_process_tests=True)
    tasks = [replace(task, cpu_s=0.5) for task in found.tasks]
    assert [left.id for left in found.left_out] == []
    with Sandbox(workers=2) as box:
        done = verify(tasks, box)
    assert [one.passed for one in done] == [True, True, True, True, False, False]
    assert "another value" in done[4].why
    assert "longer than" in done[5].why or "CPU" in done[5].why


def test_a_reference_that_fails_in_process_tests_fails(write: Any) -> None:
    wrong = LOOP | {"canonical_solution": "    return x\n"}
    leaves = LOOP | {"task_id": "Own/2", "canonical_solution": "    import os\n    os._exit(0)\n"}
    with Sandbox() as box:
        done = verify(load(write(wrong, leaves), in_process_tests=True).tasks, box)
    assert [one.passed for one in done] == [False, False]
    assert "AssertionError" in done[0].why


def test_what_does_not_convert_is_left_out_by_name(write: Any) -> None:
    path = write(NEAR, LOOP)
    found = load(path)
    assert [task.id for task in found.tasks] == ["Own/0"]
    assert [(left.id, left.line) for left in found.left_out] == [("Own/1", 2)]
    assert "line 5 of the tests: random.randrange(9) is no literal" in found.left_out[0].reason
    marked = load(path, in_process_tests=True).tasks[1]
    assert marked.in_process is not None
    assert marked.hidden_calls() == ()
    assert [call.function for call in marked.test_calls()] == ["_lanista_tests"]


def test_tests_in_two_fields_are_one_test(write: Any) -> None:
    """MBPP+ rows have many more calls in ``test``: a program that only the asserts of ``test_list`` accept fails."""
    more = "import numpy as np\nfrom math import inf\nfor inp, exp in zip([['b'], ['cc']], [{'b': 1}, {'c': 2}]):\n"
    both = TALLY | {"test": more + "    assert tally(*inp) == exp\n"}
    (task,) = load(write(both)).tasks
    assert [call.args for call in task.hidden_calls()] == [("aab",), ("",), ("b",), ("cc",)]
    by_heart = "def tally(s):\n    return {'a': 2, 'b': 1} if s else {}\n"
    with Sandbox() as box:
        done = verify([task, replace(task, reference=by_heart)], box)
    assert [one.passed for one in done] == [True, False]
    apart = TALLY | {"test": "import random\nx = random.choice('ab')\nassert tally(x) == {x: 1}\n"}
    (left,) = load(write(apart)).left_out
    assert "random.choice('ab') is no literal" in left.reason
    (beside,) = load(write(apart), in_process_tests=True).tasks
    assert (beside.in_process or "").count("assert ") == 3


def test_setup_code_is_part_of_the_tests(write: Any) -> None:
    setup = SHARED | {"test_setup_code": "a = (3, 4)\nb = (4, 5)", "test_list": ["assert shared(a, b) == (4,)"]}
    (task,) = load(write(setup)).tasks
    assert task.hidden_calls()[0].args == ((3, 4), (4, 5))
    works = SHARED | {"test_setup_code": "import random\nrandom.seed(0)"}
    assert "random.seed(0)" in load(write(works)).left_out[0].reason


def test_every_field_is_used_or_named(write: Any) -> None:
    plus = NEAR | {"plus_input": [[[1.0], 0.5]], "atol": 0, "contract": "", "test": NEAR["test"]}
    both = TALLY | {"prompt": "Write.", "challenge_test_list": ["assert tally('b') == {'b': 1}"]}
    found = load(write(plus, both, SHARED))
    assert found.unused == {"plus_input": 1, "atol": 1, "text": 1, "challenge_test_list": 1}
    assert len(found.tasks) == 3


def test_bad_lines_are_passed_over_where_asked_for_and_named(write: Any) -> None:
    path = write(NEAR, "{", NEAR, TALLY | {"code": "def tally("}, SHARED)
    found = load(path, skip_bad=True)
    assert [task.id for task in found.tasks] == ["Own/0", "8"]
    assert [why.partition(":")[0].removeprefix(f"{path}, ") for why in found.bad] == [
        "line 2",
        "line 3, field 'task_id'",
        "line 4, field 'code'",
    ]
    with pytest.raises(UsageError, match="line 2"):
        load(path)
    path.write_bytes(json.dumps(NEAR).encode() + b"\n\xff\xfe\n" + json.dumps(TALLY).encode())
    assert [len(load(path, skip_bad=True).tasks), len(load(path, skip_bad=True).bad)] == [2, 1]


def test_the_time_of_a_task_is_the_caller_s(write: Any) -> None:
    assert [load(write(NEAR)).tasks[0].cpu_s, load(write(NEAR), cpu_s=9.5).tasks[0].cpu_s] == [3.0, 9.5]


def test_part_of_a_test_is_no_test(write: Any) -> None:
    # One assert of two converts: the task is left out whole rather than judged by half.
    half = TALLY | {"test_list": ["assert tally('a') == {'a': 1}", "assert len(tally(open('x').read())) == 0"]}
    assert [left.id for left in load(write(half)).left_out] == ["7"]


def test_blank_lines_windows_lines_marks_and_gzip(tmp_path: Path) -> None:
    text = f"\ufeff{json.dumps(NEAR)}\r\n\r\n{json.dumps(TALLY)}"
    plain, packed = tmp_path / "t.jsonl", tmp_path / "t.jsonl.gz"
    plain.write_bytes(text.encode("utf-8"))
    packed.write_bytes(gzip.compress(text.encode("utf-8")))
    assert [t.id for t in load(plain).tasks] == [t.id for t in load(packed).tasks] == ["Own/0", "7"]


def without(task: dict[str, Any], field: str) -> dict[str, Any]:
    return {k: v for k, v in task.items() if k != field}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (without(NEAR, "task_id"), "field 'task_id': missing"),
        (without(NEAR, "prompt"), "field 'prompt': missing"),
        (without(NEAR, "entry_point"), "field 'entry_point': missing"),
        (without(NEAR, "canonical_solution"), "field 'canonical_solution': missing"),
        (without(NEAR, "test"), "field 'test': missing"),
        (without(TALLY, "test_list"), "field 'test_list': missing"),
        (without(TALLY, "code"), "field 'code': missing"),
        (without(TALLY, "text"), "field 'text': missing (or 'prompt')"),
        (NEAR | {"test": "def check(candidate:\n"}, "field 'test': does not parse"),
        (NEAR | {"canonical_solution": "  return (\n"}, "field 'canonical_solution': does not parse"),
        (TALLY | {"code": "def tally(s) return"}, "field 'code': does not parse"),
        (TALLY | {"test_list": ["assert tally('a' == 1"]}, "field 'test_list': does not parse"),
        (TALLY | {"test_list": []}, "field 'test_list': is empty"),
        (TALLY | {"test_list": "assert tally('a')"}, "field 'test_list': must be a list of strings, not a string"),
        (TALLY | {"test_list": ["assert other(1) == 1"]}, "calls no function that 'code' defines"),
        (TALLY | {"test_setup_code": "import ("}, "field 'test_setup_code': does not parse"),
        (NEAR | {"entry_point": "far"}, "define no function 'far'"),
        (NEAR | {"entry_point": "a b"}, "'a b' is no name of a function"),
        (NEAR | {"entry_point": 3}, "field 'entry_point': must be a string, not a number"),
        (NEAR | {"prompt": ""}, "field 'prompt': is empty"),
        (NEAR | {"prompt": "def near(v, d):\0"}, "field 'prompt': holds a null character"),
        (NEAR | {"prompt": "\ud800"}, "field 'prompt': holds half of a surrogate pair"),
        (NEAR | {"task_id": None}, "field 'task_id': must be a string or a whole number"),
        (NEAR | {"task_id": "Own/first"}, "field 'task_id': 'Own/first' is already on line 1"),
        ("[1, 2]", "a task is one JSON object on a line of its own, not a list"),
        ('{"task_id": ', "no JSON"),
        ('{"task_id": "a", "task_id": "b"}', "field 'task_id': stands twice"),
        ("[" * 100_000, "no JSON that can be read"),
        (NEAR | {"test": "(" * 5000}, "field 'test': does not parse"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "line",
)
def test_bad_lines(write: Any, line: Any, says: str) -> None:
    path = write(NEAR | {"task_id": "Own/first"}, line)
    for in_process in (False, True):
        with pytest.raises(UsageError) as refused:
            load(path, in_process_tests=in_process)
        text = str(refused.value)
        assert text.startswith(f"{path}, line 2")
        assert says in text
        assert "\n" not in text


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "holds no task"),
        (b"\n\n", "holds no task"),
        (json.dumps(NEAR).encode("utf-16"), "line 1: byte 1 is no UTF-8"),
        (b'{"task_id": "\xe9"}', "line 1: byte 14 is no UTF-8"),
    ],
)
def test_bad_files(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=says):
        load(path)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        load(tmp_path / "none.jsonl")
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path)
    packed = tmp_path / "t.jsonl.gz"
    packed.write_bytes(b"not packed at all")
    with pytest.raises(UsageError, match="cannot be read"):
        load(packed)


def test_a_packed_file_with_a_flipped_bit_is_refused(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(json.dumps(NEAR).encode() * 9, mtime=0))
    path = tmp_path / "t.jsonl.gz"
    for at in range(10, len(packed)):
        damaged = bytearray(packed)
        damaged[at] ^= 0xFF
        path.write_bytes(bytes(damaged))
        with pytest.raises(UsageError):
            load(path)


@pytest.mark.parametrize("default", ["+".join(["1"] * 990), "0x" + "f" * 5000], ids=["deep", "long"])
def test_a_signature_that_cannot_be_written_is_refused_by_line(write: Any, default: str) -> None:
    odd = LOOP | {"prompt": f"def dec(x, y={default}):\n    pass\n", "task_id": "odd"}
    with pytest.raises(UsageError, match="line 2"):
        load(write(NEAR, odd), in_process_tests=True)


def test_lines_are_bounded_and_many_empty_ones_take_no_room(write: Any) -> None:
    assert len(load(write("\n" * 100_000, NEAR)).tasks) == 1
    with pytest.raises(UsageError, match="line 2: more than 8 MB"):
        load(write(NEAR, " " * (LONGEST + 1)))


@pytest.mark.parametrize(
    "shown",
    [
        "'a' * 190_000 + 'b' * 190_000",
        "[" * 70 + "]" * 70,
        "[" * 30 + "]" * 30,
        "+".join(["1"] * 1200),
        "bytes(1_000_000)",
        "float('inf')",
        "complex(1)",
        "x=float('nan')",
    ],
    ids=lambda shown: shown[:20],
)
def test_examples_that_cannot_cross_or_be_written_are_passed_over(write: Any, shown: str) -> None:
    doc = f'def dec(x):\n    """One less.\n\n    >>> dec({shown})\n    1\n    >>> dec(2)\n    1\n    """\n'
    (task,) = load(write(LOOP | {"prompt": doc}), in_process_tests=True).tasks
    assert [example.args for example in task.examples] == [(2,)]
    if shown.startswith("float"):
        first = TALLY | {"test_list": [f"assert tally({shown}) == 1"]}
        assert load(write(first)).tasks[0].examples == ()


@pytest.mark.parametrize("name", ["\x1b[31mred", "a\nverified 9/9", "\u202edlrow"])
def test_ids_can_be_printed(write: Any, name: str) -> None:
    with pytest.raises(UsageError, match=r"line 1, field 'task_id'.*cannot be printed") as refused:
        load(write(NEAR | {"task_id": name}))
    assert str(refused.value).isprintable()


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_line_is_refused_or_read_but_never_half(tmp_path_factory: Any, data: st.DataObject) -> None:
    text = json.dumps(data.draw(st.sampled_from([NEAR, TALLY, LOOP])))
    at = data.draw(st.integers(0, len(text)))
    damaged = text[:at] + data.draw(st.text(max_size=6)) + text[at + data.draw(st.integers(0, 6)) :]
    path = tmp_path_factory.mktemp("damaged") / "t.jsonl"
    path.write_bytes((json.dumps(SHARED) + "\n" + damaged).encode("utf-8", "surrogatepass"))
    refusal = ""
    try:
        found = load(path, in_process_tests=True)
    except UsageError as error:
        refusal = str(error)
    if refusal:
        assert "line " in refusal
        assert "\n" not in refusal
    else:
        assert len(found.tasks) >= 1
        assert all(task.hidden_calls() or task.in_process for task in found.tasks)
