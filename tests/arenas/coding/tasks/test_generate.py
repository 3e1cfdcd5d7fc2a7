"""Tasks out of seeds: the same ones again, splits that share nothing, inputs that no cheap program guesses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanista.arenas.coding.task import Task
from lanista.arenas.coding.tasks.generate import (
    FAMILIES,
    HIDDEN,
    fibonacci,
    generate,
    reachable,
    split_of,
)
from lanista.arenas.coding.tasks.generate import _built as built
from lanista.arenas.coding.tasks.recipe import ALL
from lanista.errors import UsageError

CELLS = [
    (name, split, steps)
    for name, family in FAMILIES.items()
    for split in family.splits
    for steps in reachable(family, split)
]


def everything(task: Task) -> tuple[object, ...]:
    return (
        task.id,
        task.specification,
        task.reference,
        task.brute,
        task.examples,
        task.hidden_calls(),
        task.expected(),
    )


@pytest.mark.parametrize(("family", "split", "steps"), CELLS)
def test_every_kind_of_task_is_whole(family: str, split: str, steps: int) -> None:
    for seed in range(3):
        task = generate(seed, split, family=family, steps=steps)
        assert (task.family, task.split, task.difficulty["steps"]) == (family, split, steps)
        assert task.signature.startswith(f"def {task.entry_point}(")
        assert task.signature in task.reference
        assert len(task.specification) < 900  # a seat's whole brief must stay short
        calls = task.hidden_calls()
        assert len(calls) == len(task.expected()) == HIDDEN
        assert all(task.invalid(call.args) is None for call in calls)
        assert all(task.passes(i, value) for i, value in enumerate(task.expected()))
        assert all(task.accepts(e.args, e.expected) and task.invalid(e.args) is None for e in task.examples)
        shown = [e.args for e in task.examples]
        assert not any(call.args in shown for call in calls), "a table of the public examples answers a hidden call"
        assert task.complexity >= 1
        assert all(e == type(e)(*e) and len(repr(e.args)) < 400 for e in task.examples)


def test_a_seed_is_a_task_in_every_process() -> None:
    program = (
        "from lanista.arenas.coding.tasks.generate import generate\n"
        "for seed in range(6):\n"
        "    for split in ('train', 'dev', 'test'):\n"
        "        t = generate(seed, split)\n"
        "        print(t.id, t.specification, t.hidden_calls(), t.expected())\n"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": hash_seed, "PATH": ""},
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    first = generate(0, "train")
    assert runs[0].startswith(f"{first.id} {first.specification}")


@given(seed=st.integers(), other=st.integers())
@settings(max_examples=30, deadline=None)
def test_other_tasks_in_between_change_nothing(seed: int, other: int) -> None:
    first = everything(generate(seed, "test"))
    generate(other, "train")
    assert everything(generate(seed, "test")) == first


def test_splits_share_neither_composition_nor_behaviour() -> None:
    # What a task computes, told by its answers to the fixed probes, is looked up in the other splits.
    from lanista.arenas.coding.tasks.generate import fingerprint

    where: dict[str, set[str]] = {}
    compositions: dict[str, set[str]] = {}
    for split in ALL:
        for seed in range(400):
            task = generate(seed, split)
            compositions.setdefault(task.composition, set()).add(split)
    assert all(len(splits) == 1 for splits in compositions.values())
    assert len(compositions) > 500
    for name, family in FAMILIES.items():
        import random

        rng = random.Random(5)
        for steps in family.steps:
            for _ in range(40):
                recipe = built(name, family.draw(rng, steps))
                where.setdefault(f"{name} {fingerprint(recipe)}", set()).add(split_of(family, recipe))
    assert all(len(splits) == 1 for splits in where.values())


def test_some_families_are_held_out_whole() -> None:
    only = {split: {n for n, f in FAMILIES.items() if f.splits == (split,)} for split in ALL}
    assert only["dev"]
    assert only["test"]
    assert not only["test"] & {generate(seed, "train").family for seed in range(200)}


def test_what_is_composed_of_one_primitive_is_trained_on() -> None:
    # Or a held-out composition could be made of words that no training task ever used.
    for family in FAMILIES.values():
        if len(family.splits) > 1:
            assert all(1 not in reachable(family, split) for split in ("dev", "test"))
    with pytest.raises(UsageError, match="no task of 1 steps in family 'lists' of split 'test'"):
        generate(0, "test", family="lists", steps=1)


@pytest.mark.parametrize("split", ALL)
def test_cheap_programs_stay_far_from_solving(split: str) -> None:
    """A constant, an echo, and a table of the public examples, over 150 tasks: the share of hidden calls they pass."""
    constant = echo = table = total = 0
    for seed in range(150):
        task = generate(seed, split)
        calls = task.hidden_calls()
        total += len(calls)
        fixed = task.examples[0].expected if task.examples else None
        constant += sum(task.passes(i, fixed) for i in range(len(calls)))
        echo += sum(task.passes(i, call.args[0]) for i, call in enumerate(calls))
        shown = {repr(e.args): e.expected for e in task.examples}
        table += sum(task.passes(i, shown.get(repr(call.args))) for i, call in enumerate(calls))
    assert constant / total < 0.15
    assert echo / total < 0.15
    assert table / total < 0.10


def test_hidden_calls_end_with_repetitions_which_leaked_state_fails() -> None:
    # fib with a list kept between calls: right at first, and for the largest n so far; wrong from then on.
    task = fibonacci(0)
    calls = [call.args[0] for call in task.hidden_calls()]
    kept = [0, 1]

    def leaky(n: int) -> int:
        while len(kept) <= n:
            kept.append(kept[-1] + kept[-2])
        return kept[-1] if n else 0

    right = [task.passes(i, leaky(n)) for i, n in enumerate(calls)]
    assert right[0]
    assert sum(right) < len(right) / 2
    assert calls[-2:] == [n for n in calls[1:-2] if n in calls[-2:]] or set(calls[-2:]) <= set(calls[:-2])


def test_the_fibonacci_numbers() -> None:
    # F(80) = 23416728348467685, as every table of them says; F(n) counts the ways up n - 1 stairs by ones and twos.
    task = fibonacci(3)
    assert task.entry_point == "fib"
    assert [task.answer((n,)) for n in (0, 1, 2, 10, 80)] == [0, 1, 1, 55, 23416728348467685]
    from lanista.arenas.coding.tasks.dynamic import FAMILIES as dynamic

    stairs = next(f for f in dynamic if f.name == "stairs").build((1, 2))
    space: dict[str, object] = {}
    exec(stairs.reference, space)
    assert [space["ways"](n) for n in range(20)] == [task.answer((n + 1,)) for n in range(20)]  # type: ignore[operator]


def test_difficulty_is_what_was_asked_for() -> None:
    small = generate(1, "train", family="strings", steps=2, shown=5, size=3)
    assert len(small.examples) == 5
    assert generate(1, "train", family="lists", shown=0).examples == ()
    longer = generate(1, "train", family="strings", steps=2, size=20)
    lengths = [[len(call.args[0]) for call in task.hidden_calls()] for task in (small, longer)]
    assert [max(found) for found in lengths] == [20, 20]  # what is promised is tried, whatever the size
    assert sum(lengths[0]) < sum(lengths[1])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"split": "tset"}, "did you mean 'test'"),
        ({"family": "strngs"}, "did you mean 'strings'"),
        ({"family": "fibonacci", "split": "test"}, "in split train only"),
        ({"steps": 0}, "from 1 to 9"),
        ({"steps": 7}, "there is no task of 7 steps in any family"),
        ({"steps": True}, "from 1 to 9"),
        ({"shown": 9}, "from 0 to 8"),
        ({"size": 1}, "from 2 to 40"),
        ({"size": "8"}, "from 2 to 40"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says) as refused:
        generate(0, **wrong)  # type: ignore[arg-type]
    assert "\n" not in str(refused.value)


def test_invalid_inputs_are_named() -> None:
    task = generate(0, "train", family="lists")
    assert task.invalid(([1, 2],)) is None
    for args, says in [
        ((), "takes 1 argument, not 0"),
        ((5,), "v must be"),
        (([True],), "item 0"),
        (([99],), "item 0"),
    ]:
        assert says in str(task.invalid(args))


def test_every_family_is_in_the_docs_with_its_splits() -> None:
    text = (Path(__file__).parents[4] / "docs" / "arenas" / "coding-tasks.md").read_text(encoding="utf-8")
    for name, family in FAMILIES.items():
        where = "all" if family.splits == ALL else ", ".join(family.splits)
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `{name}` |") and "%" not in line]
        assert f"| {where} |" in row
