"""Tests that run beside a program: whatever is written as a test is run or refused by name, and what was executed is
counted. A task without an executed assertion is not verified."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lanista.arenas.coding.tasks.files import load
from lanista.arenas.coding.tasks.verify import Verified, verified
from lanista.arenas.sandbox import Sandbox

RIGHT = "    return x + 1\n"
WRONG = "    return 'wrong'\n"


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def run(box: Sandbox, tmp_path: Path) -> Any:
    def run(test: str, body: str = RIGHT, prompt: str = 'def f(x):\n    """One more."""\n') -> Verified:
        line = {"task_id": "t", "prompt": prompt, "entry_point": "f", "canonical_solution": body, "test": test}
        path = tmp_path / "t.jsonl"
        path.write_text(json.dumps(line), encoding="utf-8")
        (task,) = load(path, in_process_tests=True).tasks
        return verified(replace(task, cpu_s=2.0), box)

    return run


UNITTEST = (
    "import unittest\n\nclass TestF(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(f(1), 2)\n"
)
GUARD = "\nif __name__ == '__main__':\n    "
FORMS = [
    "def test_a():\n    assert f(1) == 2",
    "import random\n\ndef test_a():\n    x = random.randrange(9)\n    assert f(x) == x + 1",
    "def test_a(x=1):\n    assert f(x) == 2",
    UNITTEST,
    UNITTEST + GUARD + "unittest.main()\n",
    "from unittest import TestCase, main\n\nclass F(TestCase):\n    def setUp(self):\n        self.x = 1\n\n"
    "    def test_a(self):\n        self.assertTrue(f(self.x) == 2)\n" + GUARD + "main()\n",
    "class TestF:\n    def setup_method(self):\n        self.x = 1\n\n"
    "    def test_a(self):\n        assert f(self.x) == 2\n",
    "def holds():\n    assert f(1) == 2\n" + GUARD + "holds()\n",
    "def check(candidate):\n    x = [1]\n    assert [candidate(v) for v in x] == [2]",
    "def check(candidate):\n    x = [1]\n    assert [candidate(v) for v in x] == [2]\n\ncheck(f)",
    "def close(a, b):\n    assert abs(a - b) < 1e-6\n\ndef check(candidate):\n    close(candidate(1), 2)",
    "def check(candidate):\n    if candidate(1) != 2:\n        raise ValueError('no')",
    "try:\n    f('a')\nexcept TypeError:\n    pass\nassert f(1) == 2",
]


@pytest.mark.parametrize("test", FORMS)
def test_every_form_of_test_is_run(run: Any, test: str) -> None:
    right, wrong = run(test), run(test, WRONG)
    assert (right.passed, right.why) == (True, "")
    assert right.assertions >= 1
    assert not wrong.passed
    assert wrong.why


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ("def check(candidate):\n    pass", "its tests executed no assertion"),
        ("def check(candidate):\n    candidate(1)", "its tests executed no assertion"),
        ("def check(candidate):\n    assert True", "its tests executed no assertion"),
        ("def never_called():\n    assert f(1) == 2", "its tests executed no assertion"),
        ("def assertion(a, b):\n    same = a == b\n\ndef check(c):\n    assertion(c(1), 2)", "executed no assertion"),
        ("import unittest\n\nclass F(unittest.TestCase):\n    pass", "its tests executed no assertion"),
        (UNITTEST.replace("    def", "    @unittest.skip('later')\n    def"), "its tests executed no assertion"),
        ("import os\n\ndef check(c):\n    assert os.sep == '/'", "its tests pass whatever f does"),
        ("def check(c):\n    try:\n        assert c(1) == 2\n    except Exception:\n        pass", "whatever f does"),
        ("def test_a(tmp_path):\n    assert f(1) == 2", "test_a wants 'tmp_path', a fixture, which nothing here gives"),
        ("async def test_a():\n    assert f(1) == 2", "test_a is a coroutine, which nothing here awaits"),
        ("import pytest\n\ndef test_a():\n    assert f(1) == 2", "line 1 of the tests: ModuleNotFoundError: No module"),
        ("import sys\n\ndef check(c):\n    assert [c(1)] == [2]\n    sys.exit(0)", "SystemExit: 0"),
        (
            "def test_a():\n    x = [1]\n    assert [f(y) for y in x] == [1]",
            "test_a, line 3 of the tests: AssertionError",
        ),
        (UNITTEST.replace("2)", "3)"), "test_a (__main__.TestF.test_a): AssertionError: 2 != 3"),
        (
            UNITTEST.replace("    def", "    @unittest.expectedFailure\n    def"),
            "test_a (__main__.TestF.test_a): succeeded unexpectedly",
        ),
    ],
)
def test_what_is_no_test_is_refused_by_name(run: Any, test: str, why: str) -> None:
    found = run(test)
    assert not found.passed
    assert why in found.why


def test_a_program_is_run_as_it_is_beside_its_tests_too(run: Any) -> None:
    test = "def check(c):\n    assert all(c(x) == x + 1 for x in range(9))\n"
    prompt = "from __future__ import annotations\nimport math\n\ndef f(x: Nothing):\n    pass\n"
    assert run(test, prompt=prompt).passed
    assert run(test, body="    return x + 1\n\nif __name__ == '__main__':\n    raise SystemExit\n").passed
    assert not run(test, body="    import os\n    os._exit(0)\n").passed


def test_a_package_is_there_where_it_is_allowed_and_nowhere_else(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    line = {"task_id": "t", "prompt": "def f(x):\n", "entry_point": "f", "canonical_solution": RIGHT}
    test = "import numpy as np\n\ndef check(c):\n    assert np.allclose(np.array([c(1)]), [2])\n"
    path.write_text(json.dumps(line | {"test": test}))
    (task,) = load(path, in_process_tests=True).tasks
    with Sandbox() as box:
        assert "No module named 'numpy'" in verified(task, box).why
        tiers = {box.tier, "seccomp+landlock"}
    for tier in tiers:
        with Sandbox(tier=tier, packages=("numpy",)) as box:
            assert verified(task, box) == (task, True, "", 1)
