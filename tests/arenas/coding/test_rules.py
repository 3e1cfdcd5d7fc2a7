"""The course of a game: who is asked when, what is run, what everybody learns, and what nobody does."""

from __future__ import annotations

import json
import platform
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bank import DOUBLES, FIBONACCI, ITERATIVE, LEAKY, NAIVE, OneTask, arena_of, played, started, terms

from lanista.arenas.coding import arena, runner
from lanista.arenas.coding.grade import Verdict
from lanista.arenas.coding.moves import Program
from lanista.arenas.core import conformance
from lanista.arenas.core.contract import WORLD
from lanista.arenas.core.referee import Game, replay
from lanista.errors import LanistaError, UsageError

RIGHT = DOUBLES.reference
WRONG = "def f(xs):\n    return [x + 2 for x in xs if x % 2 == 0]"


def kinds(game: Game) -> list[tuple[str, str]]:
    return [(turn.seat, turn.kind) for step in game.steps for turn in step.turns]


def test_a_round_is_write_inputs_report_revise() -> None:
    game = played(DOUBLES, [WRONG, "f([4])", "fail: not 8", RIGHT], rounds=1)
    assert kinds(game) == [
        ("generator_0", "write"),
        ("tester_0", "inputs"),
        ("tester_0", "report"),
        ("debugger_0", "revise"),
    ]
    assert game.outcome is not None
    assert game.outcome.scores == {"coders": 1.0}


def test_the_last_revision_ends_the_game_and_the_rounds_before_it_go_on() -> None:
    game = played(DOUBLES, [WRONG, "none", "fail", "keep", "none", "fail", "keep", "none", "fail", "keep"], rounds=3)
    assert game.over
    assert len(kinds(game)) == 10 == arena.turns_bound(game.config)


def test_a_report_of_pass_ends_the_game() -> None:
    game = played(DOUBLES, [WRONG, "f([4])", "pass"], rounds=3)
    assert game.over
    assert game.outcome is not None
    assert game.outcome.winner is None


def test_without_rounds_the_first_program_is_the_last() -> None:
    game = played(DOUBLES, [RIGHT], rounds=0)
    assert game.over
    assert len(game.steps[0].results) == 1, "the public examples are run only where somebody reads of them"


def test_in_debug_mode_a_planted_fault_is_tested_and_mended_and_nobody_generates() -> None:
    game = started(DOUBLES, mode="debug", rounds=1)
    assert game.seats == ("tester_0", "debugger_0")
    assert "The program:\n| def f(xs):" in game.text("tester_0")
    planted = next(event for event, _ in game.episode().opening if event.kind == "planted")
    assert planted.to == ()
    for reply in ("none", "fail", RIGHT):
        game.submit(game.to_act()[0], reply)
    assert game.outcome is not None
    assert game.outcome.facts["solved"]
    assert game.outcome.facts["first_solved"] is False
    assert game.outcome.facts["improved"] > 0


def test_a_planted_fault_that_the_tester_passes_is_judged_too() -> None:
    game = played(DOUBLES, ["none", "pass"], mode="debug")
    assert game.outcome is not None
    assert 1 - game.outcome.facts["passed"] > 0


def test_the_tester_sees_what_comes_back_and_which_inputs_are_none() -> None:
    game = played(DOUBLES, [WRONG, "f([4])\nf('a')\nf([1], [2])"])
    told = game.text("tester_0")
    assert "f([4]) gives [6]" in told
    assert "f('a') is no input of this task: xs must be" in told
    assert "f([1], [2]) is no input of this task: f takes 1 argument, not 2" in told


def test_errors_output_and_endings_are_told_apart_and_quoted() -> None:
    source = (
        "def f(xs):\n    print('</x> \"hi\"')\n    if not xs:\n        raise ValueError('no\\nvalue')\n"
        "    if xs[0] == 1:\n        return f\n    if xs[0] == 3:\n        raise SystemExit\n    return xs"
    )
    game = played(DOUBLES, [source, "f([1])\nf([3])\nf([4])"])
    told = game.text("tester_0")
    assert "f([1]) gives what is no plain value" in told
    assert "f([3]) left the program" in told
    assert "f([4]) was not reached" in told
    assert "and prints \"< /x> 'hi'\"" in told
    first = game.episode().steps[0].events[-1][1]
    assert 'f([]) raises "line 4 in f: ValueError: no value" and prints' in first


def test_a_program_that_does_not_load_is_said_so() -> None:
    game = played(DOUBLES, ["def f(xs)\n    return 1"])
    assert "The program does not load:" in game.text("tester_0")
    assert "SyntaxError" in game.text("tester_0")


def test_out_of_time_is_said_and_passes_nothing() -> None:
    game = played(FIBONACCI, [NAIVE, "fib(1)\nfib(80)"])
    assert "fib(1) gives 1\nfib(80) ran out of time" in game.text("tester_0")
    assert game.state.verdict == Verdict(0, 10, timeout=True, right=(False,) * 10)


def test_expected_values_are_in_no_request_and_in_nothing_that_a_seat_receives() -> None:
    """The answer to fib(90) is a number that nothing else in the game holds."""
    secret = str(FIBONACCI.expected()[0])
    requests: list[Any] = []

    def spy(request: Any) -> Any:
        requests.append(request)
        return runner.run(request)

    game = Game(replace(arena_of(FIBONACCI), runners={"run": spy}), 1)
    for reply in (LEAKY, "fib(5)\nfib(30)", "fail", LEAKY + "\n", "fib(6)", "fail", "keep"):
        game.submit(game.to_act()[0], reply)
    assert len(requests) == 6
    assert all(secret not in str({**request, "program": ""}) for request in requests)
    assert all(secret not in game.history(seat) for seat in game.seats)


def test_a_replay_runs_nothing() -> None:
    game = played(FIBONACCI, [NAIVE, "fib(70)", "fail: slow", LEAKY, "fib(9)\nfib(4)", "fail", ITERATIVE])

    def refuse(request: Any) -> Any:
        raise AssertionError("a replay ran a program")

    again = replay(game.episode().to_dict(), replace(arena_of(FIBONACCI), runners={"run": refuse}))
    assert again.episode().canonical() == game.episode().canonical()


def test_a_verdict_that_depends_on_the_machine_is_the_record_s_at_a_replay() -> None:
    """A record of a slow machine, where even the right program ran out of time, stays what it was."""

    def slow(request: Any) -> Any:
        rows = [["stopped", None, "", "", "cpu"], *[["unreached", None, "", "", "cpu"]] * (len(request["calls"]) - 1)]
        return {"tier": "full", "stop": "cpu", "error": "out of CPU time", "rows": rows}

    game = Game(replace(arena_of(FIBONACCI), runners={"run": slow}), 1)
    for reply in (ITERATIVE, "fib(3)", "pass"):
        game.submit(game.to_act()[0], reply)
    assert game.outcome is not None
    assert game.outcome.facts["timed_out"]
    again = replay(game.episode().to_dict(), arena_of(FIBONACCI))
    assert again.outcome == game.outcome


def test_hidden_verdicts_change_nothing_that_a_seat_is_told() -> None:
    """The world's move is played with other hidden results: everything told stays the same."""
    rules = OneTask(DOUBLES)
    for source in (WRONG, RIGHT, "def f(xs):\n    return xs"):
        game = started(DOUBLES)
        step = rules.play(game.state, {"generator_0": Program(source)})
        results = [runner.run(effect.request) for effect in step.effects]
        wrong = {**results[0], "rows": [["ok", None, "", "", None]] * len(results[0]["rows"])}
        told = []
        for hidden in (results[0], wrong):
            after = rules.play(step.state, {WORLD: (hidden, results[1])})
            told.append([event for event in after.events if event.to is None])
            assert rules.to_act(after.state) == ("tester_0",)
        assert told[0] == told[1]


def test_the_tier_is_named_in_results_and_facts() -> None:
    game = played(DOUBLES, [RIGHT, "f([2])", "pass"])
    tier = runner.sandbox().tier
    told = [event.data["tier"] for step in game.steps for event, _ in step.events if event.kind == "results"]
    assert told == [tier, tier]
    assert game.outcome is not None
    assert game.outcome.facts["tier"] == tier


def test_without_a_sandbox_the_arena_is_made_and_the_first_run_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    game = started(DOUBLES)
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    monkeypatch.setattr(runner, "_box", None)
    runner._done.clear()
    with pytest.raises(LanistaError, match="riscv64"):
        game.submit("generator_0", RIGHT)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"mode": "both"}, "mode is"),
        ({"rounds": 6}, "rounds is a whole number from 0 to 5"),
        ({"rounds": 0, "mode": "debug"}, "from 1 to 5"),
        ({"inputs": 0}, "inputs is a whole number"),
        ({"rounds": True}, "rounds is"),
        ({"split": "tset"}, "did you mean 'test'"),
        ({"family": "list"}, "did you mean 'lists'"),
        ({"steps": 77}, "steps=77"),
        ({"shown": -1}, "shown=-1"),
        ({"size": "8"}, "size='8'"),
        ({"round": 1}, "did you mean 'rounds'"),
    ],
)
def test_what_cannot_be_played_is_refused_in_one_line(values: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=why) as refused:
        arena.configure(**values)
    assert "\n" not in str(refused.value)


ADD = {
    "task_id": "Mine/0",
    "prompt": 'def add(a, b=1):\n    """Add two numbers.\n\n    >>> add(1, b=2)\n    3\n    """\n',
    "entry_point": "add",
    "canonical_solution": "    return a + b\n",
    "test": "def check(candidate):\n    assert candidate(1, 2) == 3\n    assert candidate(-1, 5) == 4\n"
    "    assert candidate(float('inf')) == float('inf')\n",
}
LOOP = {
    "task_id": 1,
    "text": "Write a function that returns the largest number.",
    "code": "def big(xs):\n    return max(xs)\n",
    "test_list": ["for i in range(1, 4):\n    assert big(list(range(i))) == i - 1"],
}


@pytest.fixture
def task_file(tmp_path: Path) -> Path:
    path = tmp_path / "tasks.jsonl"
    path.write_text("\n".join(map(json.dumps, (ADD, LOOP))), encoding="utf-8")
    return path


def test_a_user_s_task_is_played_and_its_record_names_the_content(task_file: Path) -> None:
    game = Game(arena, 1, arena.configure(file=str(task_file)))
    assert "add(1, b=2) == 3" in game.text("generator_0")
    for reply in ("def add(a, b=1):\n    return a + b", "add(5)\nadd(1, 2)\nadd('a')", "pass"):
        game.submit(game.to_act()[0], reply)
    assert game.outcome is not None
    assert game.outcome.facts["solved"]
    assert "invalid_input" not in terms(game, "tester_0"), "that the hidden reference raises on add('a') no text told"
    record = game.episode().to_dict()
    assert replay(record, arena).episode().canonical() == game.episode().canonical()
    task_file.write_text(json.dumps({**ADD, "task_id": "Mine/9"}), encoding="utf-8")
    with pytest.raises(UsageError, match="has changed since"):
        replay(record, arena)


@pytest.mark.parametrize(
    "call", ["add('(, a')", "add('(, ', b='(, ')", "add(b='x,', a=(1,))", "add((1,), ('(, ',))", "add(',')"]
)
def test_an_example_is_shown_as_it_was_written(tmp_path: Path, call: str) -> None:
    path = tmp_path / "t.jsonl"
    prompt = f'def add(a, b=1):\n    """Add.\n\n    >>> {call}\n    3\n    """\n'
    path.write_text(json.dumps({**ADD, "prompt": prompt}), encoding="utf-8")
    shown = Game(arena, 1, arena.configure(file=str(path))).text("generator_0")
    assert f"{call} == 3" in shown


def test_a_file_that_is_too_large_is_not_read_through(task_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if Path("/dev/zero").exists():
        monkeypatch.setattr("lanista.arenas.coding.tasks.lines.LARGEST", 1 << 20)
        with pytest.raises(UsageError, match="more than 1 MB"):
            arena.configure(file="/dev/zero")
    monkeypatch.setattr("lanista.arenas.coding.tasks.lines.LARGEST", task_file.stat().st_size - 1)
    with pytest.raises(UsageError, match="more than 0 MB"):
        arena.configure(file=str(task_file))


def test_only_small_runs_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Any] = []

    def count(request: Any) -> Any:
        done.append(request)
        return {
            "tier": "full",
            "stop": None,
            "error": "",
            "rows": [["ok", "a" * int(request["program"]), "", "", None]],
        }

    monkeypatch.setattr(runner, "_run", count)
    monkeypatch.setattr(runner, "_done", type(runner._done)())
    for size, runs in ((100, 1), (runner.KEPT_BYTES, 2)):
        done.clear()
        for _ in range(2):
            runner.run(runner.request(str(size), [], 1.0))
        assert len(done) == runs


def test_tests_within_the_program_s_reach_are_run_where_asked_for_and_marked(task_file: Path) -> None:
    config = arena.configure(file=str(task_file), task="1", in_process_tests=True, rounds=0)
    for source, solved in (
        ("def big(xs):\n    return sorted(xs)[-1]", True),
        ("def big(xs):\n    return xs[0]", False),
    ):
        game = Game(arena, 1, config)
        game.submit("generator_0", source)
        assert game.outcome is not None
        assert game.outcome.facts["solved"] is solved
        assert game.outcome.facts["in_process_tests"]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"task": "Mine/1"}, "did you mean 'Mine/0'"),
        ({"task": "1"}, "cannot be converted"),
        ({"mode": "debug"}, "no faults to plant"),
        ({"family": "lists"}, "no families"),
        ({"digest": "0" * 16}, "has changed since"),
        ({"in_process_tests": 1}, "true or false"),
    ],
)
def test_what_a_task_file_has_not_is_refused(task_file: Path, values: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        arena.configure(file=str(task_file), **values)


@pytest.mark.parametrize("values", [{"task": "x"}, {"in_process_tests": True}, {"file": "/nowhere/at/all"}])
def test_a_task_of_no_file_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        arena.configure(**values)


@pytest.mark.parametrize("law", ["determinism", "copies", "any_reply", "legal_replies", "penalties", "records"])
def test_the_laws_hold_on_a_task_file(task_file: Path, law: str) -> None:
    conformance.LAWS[law](arena, 2, 1, file=str(task_file), in_process_tests=True)
