"""``plus_input``: further calls whose right answers are the canonical solution's, as rows of HumanEval+ have them."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lanista.arenas import Game, get
from lanista.arenas.coding.tasks.files import load
from lanista.arenas.coding.tasks.verify import verify
from lanista.arenas.sandbox import Sandbox
from lanista.errors import UsageError

HALF = {
    "task_id": "Own/2",
    "prompt": 'def half(x):\n    """Half of x."""\n',
    "entry_point": "half",
    "canonical_solution": "    return x / 2\n",
    "test": "def check(candidate):\n    assert candidate(2) == 1\n    assert candidate(4) == 2\n",
    "base_input": [[2], [4]],
    "atol": 0,
    "plus_input": [[3], [-7], [0.1], [10**6]],
}
FLOORS = "def half(x):\n    return x // 2\n"
NEARLY = "def half(x):\n    return x / 2 + 1e-9\n"
FAR = "def half(x):\n    return x / 2 + 1e-3\n"


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def made(*rows: dict[str, Any]) -> Path:
        path = tmp_path / "tasks.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return made


@pytest.fixture(scope="module")
def box() -> Any:
    with Sandbox() as made:
        yield made


def test_a_program_that_only_the_rows_own_tests_accept_fails(write: Any, box: Any) -> None:
    """2 and 4 have the same half by ``//``; 3 has not. The published tolerance is 1e-6 where floats are expected."""
    found = load(write(HALF), box=lambda: box)
    (task,) = found.tasks
    assert [call.args for call in task.hidden_calls()] == [(2,), (4,), (3,), (-7,), (0.1,), (10**6,)]
    assert task.expected()[2:] == ((1.5, 1e-6), (-3.5, 1e-6), (0.05, 1e-6), (500000.0, 1e-6))
    assert (found.plus, found.unused) == ({"Own/2": 4}, {"base_input": 1})
    done = verify([task, *(replace(task, reference=source) for source in (FLOORS, NEARLY, FAR))], box)
    # As numpy's allclose has it, relative 1e-7 and absolute 1e-6; the row's own two asserts are exact.
    assert [one.passed for one in done] == [True, False, False, False]
    plus_only = replace(task, hidden=task.hidden[2:], checks=task.checks[2:])
    done = verify([replace(plus_only, reference=source) for source in (FLOORS, NEARLY, FAR)], box)
    assert [one.passed for one in done] == [False, True, False]
    (loose,) = load(write(HALF | {"atol": 0.01}), box=lambda: box).tasks
    plus_only = replace(loose, hidden=loose.hidden[2:], checks=loose.checks[2:], reference=FAR)
    assert verify([plus_only], box)[0].passed


def test_without_a_sandbox_they_are_named_and_not_used(write: Any) -> None:
    found = load(write(HALF))
    assert found.unused == {"base_input": 1, "plus_input": 1, "atol": 1}
    assert (found.plus, len(found.tasks[0].hidden_calls())) == ({}, 2)


@pytest.mark.parametrize(
    "test",
    [
        "def check(candidate):\n    assert abs(candidate(2) - 1) < 0.1\n",
        "def check(candidate):\n    assert candidate(2)\n",
        "def check(candidate):\n    assert round(candidate(2)) == 1\n",
    ],
)
def test_where_more_than_one_answer_is_right_they_are_named_and_not_used(write: Any, box: Any, test: str) -> None:
    found = load(write(HALF | {"test": test}), box=lambda: box)
    assert found.plus == {}
    assert found.unused["plus_input"] == 1


def test_an_argument_is_the_programs_own_copy(write: Any, box: Any) -> None:
    row = HALF | {"canonical_solution": "    x.sort()\n    return x[0]\n", "plus_input": [[[3, 1]], [[3, 1]]]}
    row["test"] = "def check(candidate):\n    assert candidate([2, 1]) == 1\n"
    (task,) = load(write(row), box=lambda: box).tasks
    assert [call.args for call in task.hidden_calls()[1:]] == [([3, 1],), ([3, 1],)]
    assert [value for value, _ in task.expected()[1:]] == [1, 1]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"plus_input": 3}, "field 'plus_input': must be a list of lists"),
        ({"plus_input": [[1], 2]}, "field 'plus_input': must be a list of lists"),
        ({"plus_input": [[1], ["x"]]}, "canonical_solution, given input 2, gives no value: .*TypeError"),
        ({"plus_input": [[1, 2]]}, "canonical_solution, given input 1, gives no value: .*TypeError"),
        ({"atol": -1}, "field 'atol': must be a number of at least 0, not -1"),
        ({"atol": "much"}, "field 'atol': must be a number of at least 0, not 'much'"),
        ({"atol": math.inf}, "field 'atol': must be a number of at least 0, not inf"),
        (
            {"canonical_solution": "    while x == 9:\n        pass\n    return x / 2\n", "plus_input": [[9]]},
            r"given input 1, ran out of cpu time \(1 s\)",
        ),
        ({"canonical_solution": "    return print if x == 9 else x / 2\n", "plus_input": [[9]]}, "gives no value"),
    ],
)
def test_what_is_wrong_is_said_by_line_and_field(write: Any, box: Any, change: dict[str, Any], why: str) -> None:
    path = write(HALF | {"task_id": "Own/3", "plus_input": []}, HALF | change)
    with pytest.raises(UsageError, match=rf"line 2, .*{why}"):
        load(path, box=lambda: box, cpu_s=1.0)
    passed_over = load(path, box=lambda: box, cpu_s=1.0, skip_bad=True)
    assert ([task.id for task in passed_over.tasks], len(passed_over.bad)) == (["Own/3"], 1)


def test_a_game_is_judged_by_them(write: Any) -> None:
    path = write(HALF)
    scores = []
    for source in (FLOORS, "def half(x):\n    return x / 2\n"):
        arena = get("coding")
        game = Game(arena, 1, arena.configure(file=str(path), rounds=0))
        game.submit("generator_0", source)
        assert game.outcome is not None
        scores.append(game.outcome.scores["coders"])
    assert scores == [0.0, 1.0]


def test_a_game_makes_so_many_hidden_calls_and_no_more(write: Any, box: Any) -> None:
    row = HALF | {"plus_input": [[n] for n in range(300)]}
    assert len(load(write(row), box=lambda: box).tasks[0].hidden_calls()) == 302
    found = load(write(row), box=lambda: box, most=50)
    assert (len(found.tasks[0].hidden_calls()), found.plus) == (50, {"Own/2": 48})
