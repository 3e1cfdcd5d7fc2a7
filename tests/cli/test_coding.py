"""``lanista coding verify``: the last line, the exit code, and one line for every mistake."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from lanista.cli import main


def task(name: str, code: str, *asserts: str) -> dict[str, Any]:
    return {"task_id": name, "text": f"Write {name}.", "code": code, "test_list": list(asserts)}


DOUBLE = task("double", "def double(x):\n    return 2 * x\n", "assert double(2) == 4", "assert double('a') == 'aa'")
WRONG = task("wrong", "def wrong(x):\n    return x\n", "assert wrong(2) == 4")
LOOP = task("loop", "def loop(x):\n    return x\n", "assert all(loop(i) == i for i in range(5))")


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def run(tasks: list[Any], *words: str) -> tuple[int, str, str]:
        Path("t.jsonl").write_text("\n".join(x if isinstance(x, str) else json.dumps(x) for x in tasks))
        monkeypatch.setattr(sys, "argv", ["lanista", "coding", "verify", "t.jsonl", *words])
        with pytest.raises(SystemExit) as ended:
            main(["coding", "verify", "t.jsonl", *words])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def test_all_pass(verify: Any) -> None:
    code, out, _ = verify([DOUBLE])
    assert (code, out.splitlines()[-1]) == (0, "verified 1/1")


def test_one_fails(verify: Any) -> None:
    code, out, _ = verify([DOUBLE, WRONG])
    assert (code, out.splitlines()[-1]) == (1, "verified 1/2")
    assert "failed wrong: call 1 of 1: another value than its assert names" in out


def test_nothing_of_a_file_writes_to_the_terminal_by_itself(verify: Any) -> None:
    loud = task("loud", "def loud(x):\n    raise ValueError('\\x1b[31m\\u202ered\\x07')\n", "assert loud(2) == 4")
    code, out, _ = verify([loud])
    assert (code, "ValueError" in out) == (1, True)
    assert all(line.isprintable() for line in out.splitlines())
    for name in ("\x1b[31mred\x07", "a\nverified 9/9"):
        code, out, err = verify([DOUBLE | {"task_id": name}])
        assert (code, out) == (2, "")
        assert all(line.isprintable() for line in err.splitlines())


def test_a_file_that_is_nested_too_deep_is_no_traceback(verify: Any) -> None:
    deep = task("deep", f"def deep(x={'+'.join(['1'] * 990)}):\n    return x\n", "assert deep(2) == 2")
    code, _, err = verify([DOUBLE, deep])
    assert code == 2
    assert "t.jsonl, line 2" in err


def test_what_cannot_be_converted_is_listed_and_included_on_demand(verify: Any) -> None:
    code, out, err = verify([DOUBLE, LOOP])
    assert (code, out.splitlines()[-1]) == (0, "verified 1/1")
    assert "left out loop (line 2): " in out
    assert "--in-process-tests" in err
    code, out, _ = verify([DOUBLE, LOOP], "--in-process-tests")
    assert (code, out.splitlines()[-1]) == (0, "verified 2/2")
    assert "passed with in-process tests loop" in out


@pytest.mark.parametrize(
    "test",
    [
        "def test_a():\n    assert f(1) == 2",
        "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(f(1), 2)",
        "if __name__ == '__main__':\n    assert f(1) == 2",
        "def check(candidate):\n    pass",
    ],
)
def test_a_wrong_solution_is_verified_by_no_form_of_test(verify: Any, test: str) -> None:
    humaneval = {"task_id": "a", "prompt": "def f(x):\n", "entry_point": "f", "test": test}
    code, out, _ = verify([humaneval | {"canonical_solution": "    return 'x'\n"}], "--in-process-tests")
    assert (code, out.splitlines()[-1]) == (1, "verified 0/1")
    assert "failed a: " in out


def test_options_of_a_run_are_said_with_its_result(verify: Any) -> None:
    slow = task("slow", "def slow(x):\n    while True:\n        pass\n", "assert slow(2) == 4") | {"notes": "?"}
    code, out, _ = verify([DOUBLE, slow, "{"], "--skip-bad", "--cpu-s", "0.2", "--allow", "numpy")
    assert (code, out.splitlines()[-1]) == (1, "verified 1/2")
    assert any(line.startswith("packages allowed: numpy==") for line in out.splitlines())
    for line in ("CPU seconds a task: 0.2", "not used: field 'notes' of 1 task"):
        assert line in out.splitlines()
    assert "passed over t.jsonl, line 3: no JSON" in out
    assert "more than 0.2 CPU seconds" in out
    code, out, _ = verify([DOUBLE, "{"], "--skip-bad", "--json")
    said = json.loads(out)
    assert (code, said["cpu_s"], said["assertions"], said["allowed"], said["unused"]) == (0, 3.0, 2, [], {})
    assert len(said["passed_over"]) == 1
    code, _, err = verify([DOUBLE], "--allow", "no_such_package")
    assert (code, "'no_such_package' cannot be allowed" in err) == (2, True)


def test_nothing_to_verify_is_no_success(verify: Any) -> None:
    code, out, _ = verify([LOOP])
    assert (code, out.splitlines()[-1]) == (1, "verified 0/0")


def test_json(verify: Any) -> None:
    code, out, _ = verify([DOUBLE, WRONG, LOOP], "--json")
    said = json.loads(out)
    assert (code, said["verified"], said["tasks"]) == (1, 1, 2)
    assert list(said["failed"]) == ["wrong"]
    assert list(said["left_out"]) == ["loop"]


@pytest.mark.parametrize("line", ["{", json.dumps({"task_id": 1}), json.dumps(DOUBLE)])
def test_a_bad_file_is_refused_whole_in_one_line(verify: Any, line: str) -> None:
    code, out, err = verify([DOUBLE, line])
    assert code == 2
    assert out == ""
    (said,) = [text for text in err.splitlines() if text.strip()]
    assert "t.jsonl, line 2" in said


def test_the_inputs_of_plus_rows_are_run_and_named(verify: Any) -> None:
    row = {
        "task_id": "half",
        "prompt": 'def half(x):\n    """Half."""\n',
        "entry_point": "half",
        "canonical_solution": "    return x / 2\n",
        "test": "def check(candidate):\n    assert candidate(2) == 1\n",
        "plus_input": [[3], [5]],
    }
    code, out, _ = verify([row])
    assert (code, "assertions executed: 3" in out) == (0, True)
    assert "used plus_input: 2 inputs of 1 task, held against what the canonical solutions return" in out
    assert json.loads(verify([row], "--json")[1])["plus_input"] == {"half": 2}
