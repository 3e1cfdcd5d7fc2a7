"""The heavy call: a trifle for the reference, out of reach for the naive way, counted in operations and in a child."""

from __future__ import annotations

import pytest

from lanista.arenas.coding.task import Task
from lanista.arenas.coding.tasks.generate import FAMILIES, generate, reachable
from lanista.arenas.coding.tasks.running import Counted, Spent

HEAVY = sorted(
    name for name, family in FAMILIES.items() if generate(0, family.splits[0], family=name).heavy or name == "choices"
)


def heavy_task(name: str) -> Task:
    split = FAMILIES[name].splits[0]
    return next(t for t in (generate(seed, split, family=name) for seed in range(50)) if t.heavy)


def test_the_families_that_ask_for_the_right_complexity() -> None:
    assert HEAVY == ["chains", "choices", "edits", "fibonacci", "multiples", "paths", "recurrence", "stairs"]


@pytest.mark.parametrize("name", HEAVY)
def test_only_the_right_complexity_class_ends(name: str) -> None:
    task = heavy_task(name)
    args = task.hidden_calls()[0].args
    run = Counted(task.reference, task.entry_point, 20_000)
    run(*args)
    assert task.brute is not None
    naive = Counted(task.brute, task.entry_point, 50 * run.spent + 200_000)
    with pytest.raises(Spent):
        naive(*args)


@pytest.mark.parametrize("name", ["fibonacci", "stairs", "edits"])
def test_the_naive_way_grows_exponentially(name: str) -> None:
    # Operations at growing sizes; carried on to the heavy call, the last ratio gives at least 10^8 of them, which no
    # interpreter does in the half second of CPU that all calls have together.
    task = heavy_task(name)
    assert task.brute is not None
    sizes = (3, 4, 5, 6) if name == "edits" else (16, 18, 20, 22)
    spent = []
    for size in sizes:
        run = Counted(task.brute, task.entry_point, 10**7)
        run(*(("a" * size, "b" * size) if name == "edits" else (size,)))
        spent.append(run.spent)
    top = len(task.hidden_calls()[0].args[0]) if name == "edits" else task.hidden_calls()[0].args[0]
    ratio = (spent[-1] / spent[-2]) ** (1 / (sizes[-1] - sizes[-2]))
    assert ratio > 1.1
    assert spent[-1] * ratio ** (top - sizes[-1]) > 10**8


@pytest.mark.parametrize("name", FAMILIES)
def test_references_need_a_fraction_of_their_operations(name: str) -> None:
    # 0.5 CPU-seconds are some 10^7 operations of a child; no reference needs a hundredth of them for all its calls.
    for split in FAMILIES[name].splits:
        for steps in reachable(FAMILIES[name], split):
            task = generate(1, split, family=name, steps=steps, size=40)
            run = Counted(task.reference, task.entry_point, 10**6)
            total = 0
            for call in task.hidden_calls():
                run(*call.args)
                total += run.spent
            assert total < 10**5, task.reference


def test_operations_are_counted_by_hand() -> None:
    # One call, three turns of the loop, and three turns of the comprehension.
    run = Counted("def f(n):\n    for _ in range(n):\n        pass\n    return [x for x in range(n)]\n", "f", 100)
    assert run(3) == [0, 1, 2]
    assert run.spent == 7
    with pytest.raises(Spent):
        Counted("def f():\n    while True:\n        pass\n", "f", 100)()


@pytest.mark.parametrize("name", HEAVY)
def test_a_child_of_the_sandbox_tells_them_apart(name: str) -> None:
    from lanista.arenas.sandbox import Sandbox
    from lanista.arenas.sandbox.types import Limits

    task = heavy_task(name)
    with Sandbox() as box:
        good = box.run(task.reference, task.hidden_calls(), Limits(cpu_s=task.cpu_s))
        assert good.stop is None
        assert all(task.passes(i, row.value) for i, row in enumerate(good.results))
        naive = box.run(task.brute or "", task.hidden_calls(), Limits(cpu_s=task.cpu_s, wall_s=120))
        assert naive.stop == "cpu"
        assert [row.ok for row in naive.results] == [False] * len(naive.results)
