"""A converted test says of every program what plain Python says of it: the law that conversion stands on.

Programs and tests are drawn from a grammar, and taken from published files where ``LANISTA_TASK_FILES`` names some
(paths, parted by colons). Plain Python is ``exec`` of program and test in one namespace. The one exception is known: a
class of the program's own that decides what it equals is not asked.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from functools import reduce
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lanista.arenas.coding.runner import request
from lanista.arenas.coding.task import Task
from lanista.arenas.coding.tasks.files import load
from lanista.arenas.coding.tasks.verify import verified
from lanista.arenas.sandbox import Sandbox
from lanista.arenas.sandbox.values import Unfit, decode, encode

HEAD = """
from __future__ import annotations
import re
from array import array
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque, namedtuple
from datetime import date
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from types import MappingProxyType

Point = namedtuple("Point", "x y")

class Word(str):
    pass

class Whole(int):
    pass

class Half(float):
    pass

class Row(list):
    pass

class Sign(IntEnum):
    PLUS = 1

class Name(str, Enum):
    A = "a"

class Thing:
    pass

def steps():
    yield 1
    yield 2
"""

RETURNED = [
    *("1", "0", "True", "None", "1.0", "-0.0", "2.5", "'a'", "''", "b'a'", "1j", "[]", "[1, 2]", "(1, 2)", "{1, 2}"),
    *("{'a': 1}", "{}", "2**53 + 1", "float(2**53)", "float('nan')", "float('inf')", "[float('nan')]", "10**400"),
    *("defaultdict(int, {'a': 1})", "Counter('a')", "Counter()", "OrderedDict(a=1)", "MappingProxyType({'a': 1})"),
    *("Point(1, 2)", "[Point(1, 2)]", "Word('a')", "{Word('a'): Whole(1)}", "Whole(1)", "Half(2.5)", "Row([1, 2])"),
    *("Sign.PLUS", "[Sign.PLUS, 2]", "Name.A", "Fraction(1, 2)", "Fraction(1)", "Decimal('0.5')", "Decimal('1.00')"),
    *(
        "Decimal('NaN')",
        "Decimal('1E+400')",
        "[Fraction(5, 2), Decimal('2.5')]",
        "{Fraction(1): 'a'}",
        "Fraction(1, 3)",
    ),
    *("steps()", "map(int, '12')", "zip('a', 'b')", "range(1, 3)", "[range(1, 3)]", "iter([1, 2])", "deque([1, 2])"),
    *("array('i', [1, 2])", "{'a': 1}.keys()", "{'a': 1}.values()", "{'a': 1}.items()", "bytearray(b'a')"),
    *("memoryview(b'a')", "frozenset({1, 2})", "re.match('a', 'ab')", "re.match('b', 'ab')", "Thing()", "Thing", "len"),
    *(
        "OrderedDict(a=1).keys()",
        "(Thing(), 1)",
        "date(2020, 1, 1)",
        "NotImplemented",
        "...",
        "1 / 0",
        "[[1], [2]]",
        "[['a', 1], ['b', 2]]",
    ),
]
EXPECTED = [
    *(
        "1",
        "0",
        "True",
        "False",
        "None",
        "1.0",
        "0.0",
        "2.5",
        "0.5",
        "'a'",
        "''",
        "b'a'",
        "1j",
        "[]",
        "[1, 2]",
        "(1, 2)",
    ),
    *("{1, 2}", "{'a': 1}", "{'a': 1.0}", "{}", "2**53 + 1", "2**53", "float('nan')", "float('inf')", "[float('nan')]"),
    *("[(1, 2)]", "[2.5, 2.5]", "[('a', 'b')]", "{'a'}", "set()", "{('a', 1)}", "frozenset({1, 2})", "10**400", "'ab'"),
    *("[1, 'a']", "(None, 1)", "{1: 'a'}", "0.33", "2", "3", "[[1], [2]]", "(1, 0, 'a')", "-1", "[0, 1]"),
]
AROUND = ["list", "sorted", "set", "tuple", "len", "str", "sum", "bool", "dict", "max", "all", "float", "int"]
ORDERS = ["<", "<=", ">", ">="]


@st.composite
def conditions(draw: st.DrawFn, call: str = "f(3)") -> str:
    """One condition on a call, of the forms that tests are written in."""
    got = call
    for name in draw(st.lists(st.sampled_from(AROUND), max_size=2)):
        got = f"{name}({got})"
    if draw(st.integers(0, 9)) == 0:
        got = f"round({call}, 1)"
    literal = draw(st.sampled_from(EXPECTED))
    form = draw(st.integers(0, 8))
    if form == 0:
        return draw(st.sampled_from([got, f"not {got}", f"{got} is None", f"{got} is not None", f"True is {got}"]))
    if form == 1:
        number, bound = (
            draw(st.sampled_from(["1", "2.5", "2**53", "0.5"])),
            draw(st.sampled_from(["1", "0.5", "1e-6", "0"])),
        )
        inside = draw(st.sampled_from([f"{got} - {number}", f"{number} - {got}"]))
        return f"abs({inside}) {draw(st.sampled_from(ORDERS))} {bound}"
    if form == 2:
        return f"math.isclose({got}, {draw(st.sampled_from(['1', '2.5', '0.33']))}, rel_tol=0.1)"
    if form == 3:
        return f"{got} {draw(st.sampled_from(['in', 'not in']))} {literal}"
    sign = draw(st.sampled_from(["==", "==", "==", "!=", *ORDERS]))
    return draw(st.sampled_from([f"{got} {sign} {literal}", f"{literal} {sign} {got}"]))


def plainly(program: str, test: str) -> bool:
    """What Python says: whether the test's asserts hold."""
    space: dict[str, Any] = {"__name__": "plain"}
    exec(compile(program, "<program>", "exec", dont_inherit=True), space)
    try:
        exec(compile(test, "<test>", "exec", dont_inherit=True), space)
    except Exception:
        return False
    return True


def task_of(tmp_path: Any, program: str, test: str, entry_point: str = "f") -> Task | str:
    """The task that a file of these becomes, or why it is left out."""
    line = {"task_id": "t", "text": "t", "code": program, "test_list": [test], "entry_point": entry_point}
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps(line), encoding="utf-8")
    found = load(path)
    return found.tasks[0] if found.tasks else found.left_out[0].reason


def converted(task: Task, program: str) -> bool:
    """What the converted test says, by what would run in the sandbox, and across what its values take out of it."""
    space: dict[str, Any] = {"__name__": "solution"}
    limit = sys.getrecursionlimit()
    try:
        exec(compile(task.whole(program), "<program>", "exec", dont_inherit=True), space)
        for i, call in enumerate(task.hidden_calls()):
            name, *parts = call.function.split(".")
            made = reduce(getattr, parts, space[name])
            args, kwargs = decode(encode(call.args, 10**6)), decode(encode(dict(call.kwargs), 10**6))
            try:
                value = decode(json.loads(json.dumps(encode(made(*args, **kwargs), 10**6))))
            except Exception:
                return False
            if not task.passes(i, value):
                return False
    finally:
        sys.setrecursionlimit(limit)
    return True


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return tmp_path_factory.mktemp("exact")


@given(returned=st.sampled_from(RETURNED), condition=conditions())
@example(returned="steps()", condition="list(f(3)) == [1, 2]")
@example(returned="re.match('a', 'ab')", condition="f(3)")
@example(returned="Counter('a')", condition="f(3) == {'a': 1}")
@example(returned="Fraction(1, 2)", condition="f(3) == 0.5")
@example(returned="1", condition="abs(f(3) - 0.5) < 0.5")
@example(returned="2**53 + 1", condition="f(3) == 2**53 + 1")
@example(returned="2**53", condition="abs(f(3) - (2**53 + 1)) < 1")
@example(returned="Thing()", condition="f(3) != 1")
@example(returned="[Thing()]", condition="f(3) not in [[1], [2]]")
@example(returned="{'a': 1}.keys()", condition="f(3) == {'a'}")
@settings(max_examples=500, deadline=None)
def test_what_a_converted_assert_says_of_any_value(folder: Any, returned: str, condition: str) -> None:
    program = f"{HEAD}\ndef f(x):\n    return {returned}\n"
    test = f"import math\nassert {condition}"
    task = task_of(folder, program, test)
    if isinstance(task, str):
        assert " is " in condition or " < " in condition or "no literal" in task or "no number" in task, task
        return
    assert converted(task, program) is plainly(program, test)


@pytest.mark.parametrize("container", ["{1, 2}", "{'a'}", "frozenset({1, 2})", "{'a': 1}", "[1, 2]", "(1, 0, 'a')"])
def test_membership_of_every_kind_of_value(folder: Any, container: str) -> None:
    """What cannot be hashed is in no set, and not out of it either: the assert raises."""
    for returned in RETURNED:
        program = f"{HEAD}\ndef f(x):\n    return {returned}\n"
        for condition in (f"f(3) in {container}", f"f(3) not in {container}"):
            task = task_of(folder, program, f"assert {condition}")
            if not isinstance(task, str):
                assert converted(task, program) is plainly(program, f"assert {condition}"), (returned, condition)


BODIES = [
    "return x",
    "x.append(1)\n    return x",
    "x.append(1)\n    return len(x)",
    "x.sort()\n    return x[0]",
    "x.sort()\n    return None",
    "seen.append(x)\n    return len(seen)",
    "seen.append(x)\n    return sum(len(v) for v in seen)",
    "y = x[:]\n    x.clear()\n    return y",
    "return [x, x]",
]


@given(data=st.data(), body=st.sampled_from(BODIES))
@settings(max_examples=600, deadline=None)
def test_arguments_that_a_program_changes_between_two_asserts(folder: Any, data: st.DataObject, body: str) -> None:
    program = f"seen = []\n\ndef f(x):\n    {body}\n"
    argument = st.sampled_from(["[3, 1]", "a", "b", "a[:]", "[3] * 2", "c"])
    value = st.sampled_from(["1", "2", "4", "[3, 1]", "[3, 1, 1]", "a", "b", "None", "[[3, 1], [3, 1]]", "[a, a]", "c"])
    lines = ["a = [3, 1]", "b = a", "c = [3, 3, 1]"]
    for _ in range(data.draw(st.integers(1, 3))):
        if data.draw(st.booleans()):
            lines.append(data.draw(st.sampled_from(["a = [3, 1]", "b = [a, 2]", "c = a + [1]", "b = a"])))
        sign = data.draw(st.sampled_from(["==", "==", "!="]))
        lines.append(f"assert f({data.draw(argument)}) {sign} {data.draw(value)}")
    test = "\n".join(lines)
    task = task_of(folder, program, test)
    if isinstance(task, Task):
        assert converted(task, program) is plainly(program, test), test


def yes(base: str, method: str) -> str:
    return f"class Yes{base}:\n    def {method}\n\ndef f(x):\n    return Yes()"


@pytest.mark.parametrize(
    ("program", "test", "holds"),
    [
        # What a program's names mean to its own test.
        ("def sorted(v):\n    return 3\n\ndef f(x):\n    return [2, 1]", "assert sorted(f(1)) == 3", None),
        ("from math import *\n\ndef f(x):\n    return pi", "import math\nassert math.isclose(f(1), math.pi)", True),
        ("from __future__ import annotations\n\ndef f(x: Nothing):\n    return x", "assert f(1) == 1", True),
        ("def f(x):\n    return f(x - 1) + 1 if x else 0", "assert f(950) == 950", True),
        (yes("", "__eq__(self, other):\n        return True"), "assert f(1) == 1", False),
        (yes("(int)", "__eq__(self, other):\n        return True"), "assert f(1) == 1", False),
        (yes("(list)", "__iter__(self):\n        return iter([1])"), "assert f(1) == [1]", False),
        ("def f(x):\n    v = []\n    v.append(v)\n    return v", "assert f(1) != 1", True),
        ("def f(x):\n    v = []\n    for _ in range(300):\n        v = [v]\n    return v", "assert f(1) != 1", True),
    ],
)
def test_by_hand_in_the_sandbox(folder: Any, program: str, test: str, holds: bool | None) -> None:
    """``None``: left out, because it cannot be said exactly."""
    task = task_of(folder, program + "\n", test)
    if holds is None:
        assert isinstance(task, str)
        return
    assert isinstance(task, Task)
    with Sandbox() as box:
        assert verified(task, box).passed is holds


def test_lines_of_a_program_count_from_its_own_first(folder: Any) -> None:
    prompt = "from typing import List\n\n\ndef f(x: List[int]):\n    '''F.'''\n"
    line = {"task_id": "t", "prompt": prompt, "entry_point": "f", "canonical_solution": "    return x\n"}
    path = folder / "h.jsonl"
    path.write_text(json.dumps(line | {"test": "def check(c):\n    assert c(1) == 1\n"}))
    (task,) = load(path).tasks
    source = "from __future__ import annotations\ndef f(x: List[Nothing]):\n    return 1 / 0\n"
    with Sandbox() as box:
        (row,) = box.run(task.whole(source), task.hidden_calls()).results
        assert row.error == "line 3 in f: ZeroDivisionError: division by zero"
        assert box.run(task.whole("def f(x)\n"), task.hidden_calls()).error.startswith("line 1: SyntaxError")


PLAIN = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
resource.setrlimit(resource.RLIMIT_AS, (2_000_000_000,) * 2)
program, test = json.load(sys.stdin)
try:
    space = {"__name__": "plain"}
    exec(compile(program, "<program>", "exec"), space)
    exec(compile(test, "<test>", "exec"), space)
except BaseException as error:
    print(type(error).__name__)
else:
    print("holds")
"""
FILES = [path for path in os.environ.get("LANISTA_TASK_FILES", "").split(":") if path]
DAMAGED = 2
"""Faults of each reference that are tried."""


@pytest.mark.skipif(not FILES, reason="LANISTA_TASK_FILES names no published task files")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("path", FILES)
def test_published_references_and_faults_of_them(path: str) -> None:
    """Each converted task, whole and with faults, beside plain ``exec`` in a process of its own."""
    step = int(os.environ.get("LANISTA_TASK_STEP", "7"))
    tasks = load(path, cpu_s=20).tasks[::step]
    assert tasks
    sources = _tests(path)
    differ = []
    with Sandbox() as box:
        for task in tasks:
            programs = [task.reference, *_damaged(task)]
            for program in programs:
                asked = json.dumps([program, sources[task.id]])
                plain = subprocess.run(
                    [sys.executable, "-c", PLAIN], input=asked, capture_output=True, text=True, check=False
                )
                held = plain.stdout.strip().splitlines()[-1:] == ["holds"]
                ours = box_says(task, program, box)
                if held is not ours:
                    differ.append((task.id, held, ours, program))
    assert differ == []


def box_says(task: Task, program: str, box: Any) -> bool:
    from dataclasses import replace

    return verified(replace(task, reference=program), box).passed


def _tests(path: str) -> dict[str, str]:
    import gzip

    found = {}
    with gzip.open(path, "rt", encoding="utf-8") if path.endswith(".gz") else open(path, encoding="utf-8") as file:
        for row in map(json.loads, file):
            if "test_list" in row:
                parts = [
                    *row.get("test_imports", ()),
                    row.get("test_setup_code", ""),
                    *row["test_list"],
                    row.get("test", ""),
                ]
                found[str(row["task_id"])] = "\n".join(parts)
            else:
                found[row["task_id"]] = f"{row['test']}\ncheck({row['entry_point']})\n"
    return found


class _Damage(ast.NodeTransformer):
    """One comparison or sum of a program the other way, counted from its end."""

    def __init__(self, at: int) -> None:
        self.left = at

    def _hit(self) -> bool:
        self.left -= 1
        return self.left == 0

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Add | ast.Sub | ast.Mult) and self._hit():
            node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        others = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq}
        if type(node.ops[0]) in others and self._hit():
            node.ops[0] = others[type(node.ops[0])]()
        return node


def _damaged(task: Task) -> list[str]:
    wrong = [f"{task.reference}\n\ndef {task.entry_point}(*args, **kwargs):\n    return 'wrong'\n"]
    for at in range(1, DAMAGED + 1):
        source = ast.unparse(_Damage(at).visit(ast.parse(task.reference)))
        if source != ast.unparse(ast.parse(task.reference)):
            wrong.append(source)
    return wrong


@pytest.mark.parametrize(
    "test",
    [
        "assert f(1) == 98765",
        "x = 98765\nassert sorted(f(1)) != [x]",
        "assert abs(f(1) - 98765) < 98765",
        "assert 98765 > round(f(1), 2)",
        "import math\nassert math.isclose(f(1), 98765, rel_tol=98765)",
        "for a, b in zip([1, 2], [98765, 98765]):\n    assert f(a) in [b, 98765]",
    ],
)
def test_what_is_expected_never_enters_the_sandbox(folder: Any, test: str) -> None:
    task = task_of(folder, "def f(x):\n    return x\n", test)
    assert isinstance(task, Task)
    sent = json.dumps(request(task.whole(task.reference), task.test_calls(), 1.0, task.result_bytes))
    assert "98765" not in sent
    assert "98765" in str(task.expected())


def test_every_form_of_the_grammar_is_met(folder: Any) -> None:
    """The law would hold of a reader that leaves everything out; this one does not."""
    program = f"{HEAD}\ndef f(x):\n    return [1, 2]\n"
    for test in (
        "assert list(f(3)) == [1, 2]",
        "assert f(3)",
        "assert f(3) not in [1]",
        "assert abs(len(f(3)) - 1) <= 1",
    ):
        assert isinstance(task_of(folder, program, test), Task)
    for name in AROUND:
        assert isinstance(task_of(folder, program, f"assert {name}(f(3)) != 'x'"), Task), name
    assert ast.parse(HEAD)
    with pytest.raises(Unfit):
        encode(object(), 100)
