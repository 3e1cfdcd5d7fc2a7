"""Injected faults: each is one, most are found by the hidden calls, and some get past the public examples."""

from __future__ import annotations

import pytest

from lanista.arenas.coding.task import Task
from lanista.arenas.coding.tasks.generate import FAMILIES, generate
from lanista.arenas.coding.tasks.mutants import changed, differs


def killed(tasks: list[Task]) -> tuple[int, int]:
    found = total = 0
    for task in tasks:
        inputs = [call.args for call in task.hidden_calls()]
        for mutant in task.mutants(1000):
            total += 1
            found += differs(task, mutant.source, inputs, task.expected())
    return found, total


def of_family(name: str, count: int) -> list[Task]:
    splits = FAMILIES[name].splits
    return [generate(seed, splits[seed % len(splits)], family=name) for seed in range(count)]


@pytest.mark.parametrize("name", FAMILIES)
def test_hidden_calls_kill_the_mutants(name: str) -> None:
    found, total = killed(of_family(name, 6))
    assert total >= 20
    assert found / total >= 0.95, f"{found} of {total}"


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_hidden_calls_kill_the_mutants_of_many_tasks(name: str) -> None:
    found, total = killed(of_family(name, 60))
    assert found / total >= 0.95, f"{found} of {total}"


def test_changes_worked_by_hand() -> None:
    made = dict(changed("def f(v):\n    return [x for x in v if x < 2 and x]\n"))
    assert {
        "line 2: < became <=",
        "line 2: < became >",
        "line 2: 2 became 3",
        "line 2: 2 became 1",
        "line 2: and became or",
        "a filter was left out",
    } == set(made.values())
    assert "x <= 2" in next(source for source, fault in made.items() if fault.endswith("<="))


def test_a_mutant_is_a_fault() -> None:
    # Nothing is called a fault that answers everything rightly: dropping `pass` changes nothing.
    task = generate(4, "train", family="lists")
    assert all(mutant.source != task.reference for mutant in task.mutants())
    assert not differs(task, task.reference, [c.args for c in task.hidden_calls()], task.expected())


def test_an_endless_mutant_ends() -> None:
    task = generate(0, "dev", family="runs")
    endless = "def f(s):\n    while True:\n        s += s[:1]\n"
    assert differs(task, endless, [("a",)], [task.answer(("a",))])


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_bugs_for_debuggers_get_past_the_public_examples(split: str) -> None:
    quiet = 0
    for seed in range(25):
        task = generate(seed, split, shown=1)
        bug = task.bug(seed)
        assert bug is not None, task.reference
        shown = [e.args for e in task.examples]
        right = [e.expected for e in task.examples]
        assert differs(task, bug.source, shown, right) is not bug.survives
        quiet += bug.survives
    assert quiet >= 12


def test_mutants_come_in_the_same_order_again() -> None:
    task, again = generate(7, "train", family="robot"), generate(7, "train", family="robot")
    assert task.mutants(5) == again.mutants(5) == task.mutants(9)[:5]
