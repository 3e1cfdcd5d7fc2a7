"""How much of an agent has to be changed to sit down, counted over the examples; and ``--seat-python``."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from lanista.agents.registry import in_python
from lanista.cli import main
from lanista.errors import UsageError
from lanista.serve.programs import split

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "frameworks").glob("*.py"))
MOST = 10


def ours(code: str) -> list[str]:
    """The lines that the framework's own quick start has not: those that name the seat, the two functions around the
    program, and what they return. Docstrings and comments are nobody's."""
    tree = ast.parse(code)
    lines = code.splitlines()
    docstrings = {
        number
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.lineno)
        if isinstance(node, ast.Return):
            found.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        if isinstance(node, ast.Name) and node.id == "seat":
            found.add(node.lineno)
    found |= {n for n, line in enumerate(lines, 1) if re.search(r"\bseat\b", line.partition("#")[0])}
    return [lines[n - 1].strip() for n in sorted(found - docstrings)]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_at_most_ten_lines_of_a_quick_start_are_ours(example: Path) -> None:
    lines = ours(example.read_text(encoding="utf-8"))
    assert 3 <= len(lines) <= MOST, lines


def test_there_are_seven_frameworks() -> None:
    assert len(EXAMPLES) == 7


def test_the_count_sees_what_is_ours() -> None:
    code = '"""A seat."""\nclient = Client()\n\n\ndef player(seat):\n    model = seat.model\n    x = 1\n    return x\n'
    assert ours(code) == ["def player(seat):", "model = seat.model", "return x"]


def test_an_interpreter_is_given_to_programs_that_name_none() -> None:
    specs = ["random", "program:a.py:f", "program:a.py:f?model=lm:tiny", "program:a.py:f?python=mine"]
    told = in_python(specs, "/opt/a&b/python")
    assert told[0] == "random"
    assert told[3] == specs[3]
    assert split(told[1].removeprefix("program:")) == ("a.py:f", {"python": "/opt/a&b/python"})
    assert split(told[2].removeprefix("program:"))[1] == {"model": "lm:tiny", "python": "/opt/a&b/python"}
    assert in_python(specs, None) == specs
    with pytest.raises(UsageError, match="none of random is one"):
        in_python(["random"], "python3")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["play", "werewolf", "--agents", "program:a.py:f", "--seat-python", "/no/python"], "no interpreter"),
        (["play", "werewolf", "--agents", "random", "--seat-python", "python3"], "none of random"),
        (["tournament", "werewolf", "--agents", "random,crowd", "--out", "OUT", "--seat-python", "python3"], "none of"),
        (["train", "werewolf", "--out", "OUT", "--seat-python", "python3"], "say --program too"),
    ],
)
def test_a_flag_that_cannot_be_is_one_line(
    words: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if words[0] == "train":
        pytest.importorskip("trl")
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / "run") if word == "OUT" else word for word in words])
    assert ended.value.code == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
