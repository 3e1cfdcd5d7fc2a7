"""The laws of every arena, where this one has corners: both modes, single rounds, the second tier, a fork."""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from bank import DOUBLES, FIBONACCI, arena_of, played

from lanista.agents.contract import Answer, Question
from lanista.arenas import AECView
from lanista.arenas.coding import arena, runner, samples
from lanista.arenas.core import conformance
from lanista.arenas.core.referee import Game
from lanista.arenas.sandbox import SECOND, Sandbox
from lanista.play import degenerate
from lanista.play.runner import play_game

LAWS = [law for law in conformance.LAWS if law != "pettingzoo"]


@pytest.fixture
def second_tier() -> Iterator[None]:
    """Programs are held by the second tier alone, as on a machine without user namespaces."""
    before, runner._box = runner._box, Sandbox(tier=SECOND)
    runner._done.clear()
    yield
    runner._close()
    runner._box = before
    runner._done.clear()


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("config", [{"mode": "debug", "rounds": 1}, {"rounds": 0}], ids=["debug", "no rounds"])
def test_the_laws_hold_in_every_mode(law: str, config: dict[str, Any]) -> None:
    conformance.LAWS[law](arena, 1 if law == "shotgun" else 2, 5, **config)


@pytest.mark.parametrize("task", [DOUBLES, FIBONACCI], ids=lambda task: task.composition)
def test_no_seat_can_tell_other_hidden_tests(task: Any) -> None:
    assert conformance.privacy(arena_of(task), 4) > 10


def test_a_leak_of_a_hidden_call_is_caught() -> None:
    """The law has teeth here: a specification that names a hidden input is found."""

    class Leaky(type(arena.rules)):  # type: ignore[misc]
        def opening(self, state: Any) -> Any:
            first, *rest = super().opening(state)
            return [first._replace(data={**first.data, "rounds": len(state.table.task.hidden)}), *rest]

    with pytest.raises(AssertionError, match="tells what is hidden"):
        conformance.privacy(replace(arena, rules=Leaky()), 4)


@pytest.mark.usefixtures("second_tier")
def test_games_are_played_and_told_the_same_under_the_second_tier() -> None:
    game = played(DOUBLES, [DOUBLES.reference, "f([4])", "pass"])
    assert game.outcome is not None
    assert game.outcome.facts["solved"]
    assert game.outcome.facts["tier"] == SECOND
    for law in ("determinism", "records", "any_reply"):
        conformance.LAWS[law](arena, 1, 3)


def _in_child(seed: int) -> tuple[bool, str]:
    game = Game(arena_of(DOUBLES), seed)
    game.submit("generator_0", DOUBLES.reference)
    return game.state.verdict is not None and game.state.verdict.solved, str(id(runner.sandbox()))


def test_a_process_that_was_forked_makes_its_own_sandbox() -> None:
    runner._done.clear()
    assert _in_child(1)[0]
    mine = runner._box
    with multiprocessing.get_context("fork").Pool(2) as pool:
        runner._done.clear()
        assert all(solved for solved, _ in pool.map(_in_child, range(4)))
    runner._done.clear()
    assert _in_child(2)[0]
    assert runner._box is mine


def test_a_run_is_remembered_unless_time_stopped_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    real = runner._run

    def counted(asked: Any) -> Any:
        ran.append(asked["program"])
        return real(asked)

    monkeypatch.setattr(runner, "_run", counted)
    runner._done.clear()
    endless = runner.request("while True:\n    pass", (), 0.1)
    quick = runner.request("x = 1", (), 0.1)
    assert [runner.run(endless)["stop"] for _ in range(2)] == ["cpu", "cpu"]
    assert runner.run(quick) == runner.run(quick)
    assert ran == [endless["program"]] * 2 + [quick["program"]]


def test_the_same_program_gives_the_same_record() -> None:
    """No measured time is in it."""
    asked = runner.request("def f(x):\n    return [x] * 3", [type(DOUBLES.hidden[0])("f", (1,))], 0.5)
    first = runner.run(asked)
    runner._done.clear()
    assert runner.run(asked) == first


def test_a_planted_fault_is_hidden_from_the_examples_where_it_can_be_and_never_from_the_hidden_calls() -> None:
    quiet = 0
    for seed in range(12):
        game = Game(arena, seed, arena.configure(mode="debug", rounds=1))
        for reply in ("none", "pass"):
            game.submit("tester_0", reply)
        assert game.outcome is not None
        assert not game.outcome.facts["solved"]
        task, bug = game.state.table.task, game.state.table.bug
        assert bug is not None
        quiet += bug.survives or not any(mutant.survives for mutant in task.mutants())
    assert quiet >= 10, "a quiet fault is taken unless hidden calls miss it too"


class Thoughtless:
    """Writes the same kind of program for every task."""

    name = "thoughtless"
    time_limit_s: float | None = None
    batched = False

    def __init__(self, which: int) -> None:
        self.which = which

    def answer(self, questions: Any) -> list[Answer]:
        return [Answer(self._reply(question)) for question in questions]

    def _reply(self, question: Question) -> str:
        if question.kind in ("write", "revise"):
            programs = [reply for reply in question.legal if reply != "keep"]
            return programs[min(self.which, len(programs) - 1)]
        return "none" if question.kind == "inputs" else "fail"

    def forget(self, game: str) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.mark.parametrize("which", range(4), ids=["the examples by heart", "nothing", "an echo", "a constant"])
def test_programs_that_do_not_think_stay_under_the_bound(which: int) -> None:
    found = degenerate.scores(arena, Thoughtless(which), 60)
    assert arena.degenerate_bound is not None
    assert found["coders"] <= arena.degenerate_bound


def test_the_samples_are_those_programs() -> None:
    assert samples.table(DOUBLES) == (
        "def f(xs):\n    if (xs,) == ([1, 2, 3],):\n        return [4]\n    if (xs,) == ([],):\n        return []"
    )
    assert samples.echo(DOUBLES) == "def f(xs):\n    return xs"
    assert samples.constant(DOUBLES) == "def f(xs):\n    return [4]"


def test_random_play_is_cheap_enough_to_train_on() -> None:
    """At most five children a round and two before: counted, since seconds differ between machines."""
    game = Game(arena, 11)
    rng = random.Random(0)
    while not game.over:
        game.submit(game.to_act()[0], rng.choice(game.legal(game.to_act()[0])))
    runs = sum(len(step.results) for step in game.steps)
    assert runs <= 2 + 4 * game.config.rounds


def test_every_game_leaves_the_table_with_the_facts_that_boards_show() -> None:
    from lanista.agents.random import RandomAgent

    episode = play_game(arena, dict.fromkeys(("generator_0", "tester_0", "debugger_0"), RandomAgent()), 3)
    assert episode.outcome is not None
    for name in arena.metrics:
        value = episode.outcome.facts[name]
        assert value is None or isinstance(value, (bool, int, float))
    assert arena.success in arena.metrics


def test_infos_name_the_tier_once_a_program_was_run() -> None:
    env = AECView(arena_of(DOUBLES))
    env.reset(seed=1)
    assert env.last()[-1]["sandbox"] is None
    env.step(DOUBLES.reference)
    assert env.last()[-1]["sandbox"] == runner.sandbox().tier
