"""The law of the hidden calls: of what is wrong with a program, at most one fault in two hundred gets past them."""

from __future__ import annotations

from collections import Counter

import pytest

from lanista.arenas.coding.task import Task
from lanista.arenas.coding.tasks.faults import Fault, faults, missed
from lanista.arenas.coding.tasks.generate import FAMILIES, generate
from lanista.arenas.coding.tasks.mutants import changed, differs

AIM = 0.995
LONG = ("paths", "edits", "stairs", "chains")


def of_family(name: str, count: int) -> list[Task]:
    splits = FAMILIES[name].splits
    return [generate(seed, splits[seed % len(splits)], family=name) for seed in range(count)]


def killed(found: list[Task]) -> tuple[int, list[str]]:
    """(faults that hidden calls show, those that only other inputs show)."""
    dead, alive = 0, []
    for task in found:
        for fault in faults(task):
            verdict = missed(task, fault)
            dead += verdict is False
            alive += [f"{task.composition}: {fault.kind}: {fault.what}"] if verdict else []
    return dead, alive


@pytest.mark.parametrize("name", FAMILIES)
def test_hidden_calls_show_what_is_wrong(name: str) -> None:
    dead, alive = killed(of_family(name, 2 if name in LONG else 4))
    assert dead >= 40
    assert dead / (dead + len(alive)) >= AIM, alive


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_hidden_calls_show_what_is_wrong_in_many_tasks(name: str) -> None:
    dead, alive = killed(of_family(name, 60))
    assert dead / (dead + len(alive)) >= AIM, alive


# What strangers tried, each of which used to pass: cut at nine, signs of small numbers, zeros inside, early rounding …
NAIVE = [
    ("strings", "v[:9]"),
    ("strings", "v.rstrip()"),
    ("lists", "v[:9]"),
    ("lists", "sorted(v)"),
    ("lists", "list(dict.fromkeys(v))"),
    ("numbers", "abs(v) if -10 < v < 0 else v"),
    ("numbers", "int('-' * (v < 0) + (str(abs(v)).replace('0', '') or '0'))"),
    ("words", "v[:7]"),
    ("runs", "v[:19]"),
]


@pytest.mark.parametrize(("name", "code"), NAIVE)
def test_no_program_that_sees_less_gets_past(name: str, code: str) -> None:
    verdicts: Counter[bool | None] = Counter()
    for task in of_family(name, 20):
        argument = task.parameters[0]
        source = task.reference.replace(f"def {task.entry_point}({argument}):", f"def whole({argument}):")
        source += f"def {task.entry_point}({argument}):\n    v = {argument}\n    return whole({code})\n"
        verdicts[missed(task, Fault("by hand", code, source))] += 1
    assert verdicts[True] == 0, verdicts
    assert verdicts[False] >= 8, verdicts


def test_faults_are_of_every_kind_and_the_reference_is_none() -> None:
    for name in ("nested", "formulas", "edits", "choices"):  # recursion, guarded arguments, two arguments, checkers
        (task,) = of_family(name, 1)
        kinds = {fault.kind for fault in faults(task)}
        assert {"one point", "prefix", "answer type"} <= kinds
        assert missed(task, Fault("none", "nothing", task.reference)) is None


def test_an_equal_program_is_no_fault_and_a_rare_one_is_missed_by_few_calls() -> None:
    (task,) = of_family("numbers", 1)
    same = f"{task.reference}\nwhole = f\ndef f(v):\n    return whole(v + 0)\n"
    assert missed(task, Fault("by hand", "nothing", same)) is None
    hidden = {call.args[0] for call in task.hidden_calls()}
    rare = f"{task.reference}\nwhole = f\ndef f(v):\n    return whole(v) if v in {hidden} else 'x'\n"
    assert missed(task, Fault("by hand", "what is hidden by heart", rare)) is True


def test_greedy_change_is_wrong() -> None:
    for seed in range(40):
        task = generate(seed, "train", family="choices")
        if task.composition.endswith("change repeated"):
            assert differs(task, task.wrong[0], [c.args for c in task.hidden_calls()], task.expected())
            return
    raise AssertionError("no task of change was drawn")


def test_finer_changes_worked_by_hand() -> None:
    def made(expression: str) -> set[str]:
        return {
            source.split("return ")[1] for source, _ in changed(f"def f(v):\n    return {expression}\n", finer=True)
        }

    assert {"sorted(v, key=lambda k: (k,))", "sorted(v, key=lambda k: (-v[k],))"} <= made(
        "sorted(v, key=lambda k: (-v[k], k))"
    )
    assert made("v.split()") == {"v.split(' ')"}
    assert made("v // 2") == {"int(v / 2)", "v / 2", "round(v / 2)"}
    assert made("v[1:]") == {"v"}
    assert made("min(v, 3)") == {"v", "3"}
    assert made("max(v, default=0)") == {"max(v, default=None)"}
    assert made("abs(v)") == {"v"}
