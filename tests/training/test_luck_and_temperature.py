"""Shared luck of a group's games, and evaluations at several temperatures: by hand, and as laws."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from lanista.agents import registry
from lanista.agents.contract import Answer, Question
from lanista.arenas.core import registry as arenas
from lanista.errors import UsageError
from lanista.training.config import TrainConfig
from lanista.training.evaluate import Evaluation
from lanista.training.rollout import Played, plan, play_scenarios
from lanista.training.temperatures import best, best_against_best, read, to_play_at

SIDE = ("village", "crowd")


class First:
    """A learner that draws nothing: the first legal reply, always."""

    name = "first"
    time_limit_s: float | None = None
    batched = False

    def __init__(self) -> None:
        self.seeds: set[int] = set()

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        """The first legal reply to each question."""
        self.seeds |= {question.seed for question in questions}
        return [Answer(question.legal[0]) for question in questions]

    def forget(self, game: str) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is open."""


def siblings(shared: bool, number: int) -> tuple[list[Played], First]:
    """Four games of one deal, a learner of no luck against ``crowd``."""
    arena = arenas.get("werewolf")
    config = TrainConfig.flat(arena="werewolf", opponents=("crowd",), group_size=4, shared_luck=shared)
    game = arena.configure(players=6, wolves=1, roles=("seer",))
    scenario = plan(config, arena, game, number)
    first, crowd = First(), registry.make("crowd", arena="werewolf")
    found = play_scenarios(config, arena, game, [(scenario, i) for i in range(4)], lambda *_: first, lambda *_: crowd)
    return found, first


def said(played: Played) -> list[tuple[str, str]]:
    """Every reply of a game in order."""
    return [(turn.seat, turn.reply) for step in played.episode.steps for turn in step.turns]


def test_siblings_whose_learner_says_the_same_are_the_same_game_under_shared_luck() -> None:
    differ = 0
    for number in range(4):
        shared, first = siblings(True, number)
        assert all(said(game) == said(shared[0]) for game in shared)
        own, _ = siblings(False, number)
        differ += any(said(game) != said(own[0]) for game in own)
        mine = {seat for seat, by in shared[0].episode.players.items() if by == first.name}
        spoke = sum(len(mine & {seat for seat, _ in said(game)}) for game in shared)
        assert len(first.seeds) == spoke, "a learner's luck is its own in every game"
    assert differ, "with luck of their own, other players play otherwise somewhere"


def test_who_learns_in_all_seats_shares_nothing() -> None:
    arena = arenas.get("werewolf")
    config = TrainConfig.flat(arena="werewolf", opponents=("self",), group_size=2)
    game = arena.configure(players=5, wolves=1, roles=("seer",))
    scenario = plan(config, arena, game, 0)
    crowd = registry.make("crowd", arena="werewolf")
    one, other = play_scenarios(config, arena, game, [(scenario, 0), (scenario, 1)], lambda *_: crowd, lambda *_: crowd)
    assert said(one) != said(other)


def evaluation(*scores: float) -> Evaluation:
    """Of one side, a score per scenario."""
    return Evaluation(tuple(range(len(scores))), {SIDE: scores}, 0.0, {})


def test_a_temperature_is_chosen_on_one_half_and_judged_on_the_other() -> None:
    # Even scenarios like 0 (1 each), odd ones like 1: chosen on all by mean 0.5 each, the lower is taken; crossed, the
    # even half is played at what the odd half likes (temperature 1, score 0), and the odd half at 0 (score 0).
    cold, hot = evaluation(1, 0, 1, 0), evaluation(0, 1, 0, 1)
    found = best({0.0: cold, 1.0: hot})
    assert found.evaluation.scores[SIDE] == (0, 0, 0, 0)
    assert found.chosen == {SIDE: 0.0}
    assert to_play_at({0.0: cold, 1.0: hot}) == 0.0
    assert best({0.5: hot}).evaluation.scores[SIDE] == hot.scores[SIDE]


def test_noise_at_more_temperatures_is_no_gain() -> None:
    """The largest of many equal temperatures flatters; cross-fitted it does not: the mean difference stays near 0."""
    rng = random.Random(5)
    gains, flattered = [], []
    for _ in range(200):
        sweep = {float(t): evaluation(*(float(rng.random() < 0.5) for _ in range(40))) for t in range(5)}
        mean = best(sweep).evaluation.scores[SIDE]
        gains.append(sum(mean) / 40 - 0.5)
        flattered.append(max(sum(e.scores[SIDE]) / 40 for e in sweep.values()) - 0.5)
    assert abs(sum(gains) / 200) < 0.02  # standard error 0.0056
    assert sum(flattered) / 200 > 0.06


def test_best_against_best_says_so() -> None:
    before = {0.0: evaluation(*[0.0] * 30), 1.0: evaluation(*[1.0] * 30)}
    after = {0.0: evaluation(*[1.0] * 30), 1.0: evaluation(*[0.0] * 30)}
    compared = next(iter(best_against_best(before, after).values()))
    assert "each at its own best temperature" in compared.text
    assert not compared.text.startswith("better")


@pytest.mark.parametrize("words", ["-0.1", "hot", "", "nan", "0,inf"])
def test_a_temperature_that_cannot_be_is_one_line(words: str) -> None:
    with pytest.raises(UsageError, match="temperature") as caught:
        read(words, "evaluate-temperature")
    assert "\n" not in str(caught.value)


def test_the_config_takes_one_or_several() -> None:
    assert TrainConfig.flat(arena="werewolf").evaluation.temperature == (0.0,)
    several = TrainConfig.flat(arena="werewolf", evaluate_temperature=[0, 0.5, 1])
    assert several.evaluation.temperature == (0.0, 0.5, 1.0)
    assert TrainConfig.from_json(several.to_json()) == several
    with pytest.raises(UsageError, match="at least 0"):
        replace(several.evaluation, temperature=(-1.0,))
