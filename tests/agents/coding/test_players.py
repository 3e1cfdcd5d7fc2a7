"""The scripted coders: legal and short replies, strength in the right order, and cheats that pay nothing."""

from __future__ import annotations

from typing import Any

import pytest

from lanista.agents import registry
from lanista.agents.coding import cheats, novice, solving, stories
from lanista.arenas import get
from lanista.arenas.coding import runner
from lanista.arenas.coding.grade import verdict
from lanista.arenas.coding.tasks.generate import FAMILIES, generate
from lanista.arenas.coding.tasks.running import function
from lanista.arenas.core.episode import Episode
from lanista.errors import UsageError
from lanista.play.runner import play_game

ARENA = get("coding")


def play(spec: str, seed: int, **config: Any) -> Episode:
    settings = ARENA.configure(**config)
    return play_game(ARENA, dict.fromkeys(ARENA.rules.seats(settings), registry.make(spec)), seed, config=settings)


def mean(spec: str, fact: str, games: int, **config: Any) -> float:
    outcomes = [play(spec, seed, **config).outcome for seed in range(games)]
    return sum(float(outcome.facts[fact]) for outcome in outcomes if outcome is not None) / games


@pytest.mark.parametrize("family", FAMILIES)
def test_the_expert_reads_every_family_s_wording(family: str) -> None:
    """Its program passes the hidden calls of tasks from every split: what it writes follows from the text alone."""
    for split in FAMILIES[family].splits:
        for seed in range(3):
            task = generate(seed, split, family=family)
            wanted = solving.plan(task.specification)
            assert wanted is not None, task.specification
            run = function(solving.program(wanted), task.entry_point)
            for number, call in enumerate(task.hidden):
                assert task.passes(number, run(*_fresh(call.args))), f"{task.specification}\n{call.args}"


def _fresh(value: Any) -> Any:
    from lanista.arenas.coding import quote

    return quote.arguments(quote.literal(value))


def test_a_text_that_says_something_new_is_not_understood() -> None:
    assert solving.plan("Return the best answer.") is None
    assert solving.plan("Start with v. Paint it blue. Return the result. v is a whole number from -999 to 999.") is None
    assert stories.read("Return the answer; or -1 if some bracket of s has no partner, that is, if the brackets () are "
                        "not properly closed and nested. s is a string.") is None  # fmt: skip


def test_a_row_of_sentences_becomes_a_row_of_lines() -> None:
    text = "Start with v. Square it. Add 3. Return the result. v is a whole number from -999 to 999."
    wanted = solving.plan(text)
    assert wanted is not None
    assert solving.program(wanted) == "def f(v):\n    v = v * v\n    return v + 3"


def test_a_recurrence_is_a_loop_for_the_expert_and_a_recursion_for_a_beginner() -> None:
    text = (
        "Return f(n), where f(0) = 1, f(1) = 2, and f(n) = 3 * f(n - 1) + f(n - 2) for n >= 2. "
        "n is a whole number from 0 to 80."
    )
    wanted = solving.plan(text)
    assert wanted is not None
    loop, recursion = (function(source, "f") for source in (solving.program(wanted), solving.as_told(wanted)))
    assert [loop(n) for n in range(5)] == [1, 2, 7, 23, 76] == [recursion(n) for n in range(5)]
    assert any("f=[1, 2]" in source for source in novice.faults(wanted)), "the default that remembers"


def test_the_expert_solves_and_the_novice_does_not_always() -> None:
    expert = mean("coding_expert", "solved", 12)
    beginner = mean("coding_novice", "solved", 12)
    assert expert == 1
    assert 0 < beginner < expert


def test_the_expert_mends_most_planted_faults_and_the_novice_finds_few() -> None:
    assert mean("coding_expert", "solved", 10, mode="debug", family="lists") >= 0.8
    assert mean("coding_novice", "solved", 10, mode="debug", family="lists") <= 0.5


@pytest.mark.parametrize("spec", ["coding_expert", "coding_novice", "coding_cheater"])
def test_every_reply_is_legal_and_no_input_is_invalid(spec: str) -> None:
    for mode in ("write", "debug"):
        for seed in range(4):
            for step in play(spec, seed, mode=mode).steps:
                assert all(turn.by == "seat" and not turn.attempts for turn in step.turns)
                assert not any(name == "invalid_input" for name, _, _ in step.terms)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_beginner_s_faults_are_programs_that_differ_from_the_right_one(family: str) -> None:
    task = generate(1, FAMILIES[family].splits[0], family=family)
    wanted = solving.plan(task.specification)
    assert wanted is not None
    for source in novice.faults(wanted):
        compile(source, "fault", "exec")
        assert source != solving.program(wanted)


def test_a_beginner_who_finds_nothing_to_get_wrong_writes_the_right_program() -> None:
    """The sum over nested lists has no number in it that could be off by one."""
    for seed in range(20):
        episode = play("coding_novice", seed, family="nested", steps=1, rounds=0)
        assert episode.steps[0].turns[0].by == "seat"


@pytest.mark.parametrize("spec", ["coding_expert", "coding_novice"])
def test_players_are_functions_of_the_question(spec: str) -> None:
    assert play(spec, 5).canonical() == play(spec, 5).canonical()


def test_an_expert_s_case_fits_a_small_context() -> None:
    """All a seat is shown and replies, in characters: easy cases within 5,000, all within 8,000."""
    for config, most in (({"family": "lists", "steps": 1}, 5_000), ({}, 8_000)):
        for seed in range(6):
            episode = play("coding_expert", seed, **config)
            for seat in episode.roles:
                turns = [turn for step in episode.steps for turn in step.turns if turn.seat == seat]
                assert sum(len(turn.prompt) + len(turn.reply) for turn in turns) <= most


@pytest.mark.parametrize("family", ["numbers", "recurrence", "brackets"])
@pytest.mark.parametrize("name", cheats.CHEATS)
def test_no_cheat_passes_a_task(name: str, family: str) -> None:
    """Numbers, a family with a heavy call, and one most of whose answers are the same: each cheat fails nearly all."""
    task = generate(3, FAMILIES[family].splits[0], family=family)
    shown = [{"call": f"f{_args(e.args)}", "expected": repr(e.expected)} for e in task.examples]
    source = cheats.source(name, task.entry_point, shown)
    asked = runner.request(source, task.hidden_calls(), 0.2)
    found = verdict(task, source, runner.run(asked))
    assert not found.solved
    assert not found.simple
    assert found.share <= 0.25


def _args(args: tuple[Any, ...]) -> str:
    return "(" + ", ".join(map(repr, args)) + ")"


def test_the_cheater_goes_through_the_cheats_and_earns_no_more_than_an_empty_function() -> None:
    """Its team's return is at most that of writing ``return None`` and keeping it, on the same tasks."""
    programs = set()
    for seed in range(3):
        episode = play("coding_cheater", seed, family="numbers", rounds=3)
        assert episode.outcome is not None
        assert episode.outcome.facts["solved"] is False
        assert sum(episode.returns.values()) <= 0
        programs |= {turn.reply for step in episode.steps for turn in step.turns if turn.kind in ("write", "revise")}
    assert len(programs) >= 8


def test_one_cheat_can_be_named_and_another_word_is_refused() -> None:
    episode = play("coding_cheater:hard exit", 1, family="numbers", rounds=0)
    assert "os._exit(0)" in episode.steps[0].turns[0].reply
    with pytest.raises(UsageError, match="did you mean 'hard exit'"):
        registry.make("coding_cheater:hard exits")
