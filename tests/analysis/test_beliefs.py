"""What players hold of each other: read, scored, and asked without the game's notice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from lanista.agents import registry
from lanista.agents.contract import Answer, Question
from lanista.analysis import beliefs
from lanista.analysis.beliefs import Stated
from lanista.analysis.course import believed, course
from lanista.analysis.persuasion import Speeches
from lanista.arenas import get
from lanista.arenas.core.episode import Episode

Games = Callable[..., list[Episode]]


def test_the_score_by_hand() -> None:
    # (0.8 - 1)^2 = 0.04 and (0.4 - 0)^2 = 0.16; half of them are wolves: 0.5 * 0.5 without knowing anything.
    said = [Stated("player_0", "player_1", 0.8, True), Stated("player_0", "player_2", 0.4, False)]
    assert beliefs.brier(said) == pytest.approx(0.1)
    assert beliefs.base_line(said) == pytest.approx(0.25)


def test_a_calibration_by_hand() -> None:
    assert beliefs.calibration([(0.25, True), (0.21, False), (1.0, True)]) == [
        {"from": 0.2, "to": 0.3, "count": 2, "stated": 0.23, "wolves": 0.5},
        {"from": 0.9, "to": 1.0, "count": 1, "stated": 1.0, "wolves": 1.0},
    ]


def test_probability_that_moved_by_hand() -> None:
    before = {"player_0": {"player_1": 0.5, "player_2": 0.5}, "player_1": {"player_0": 0.0}}
    after = {"player_0": {"player_1": 0.9, "player_2": 0.1}, "player_1": {"player_0": 1.0}}
    # player_1 is a wolf: what it holds does not count. player_0 moved 0.4 + 0.4.
    assert beliefs.stirred(before, after, frozenset({"player_1"})) == pytest.approx(0.8)
    assert beliefs.stirred({}, after, frozenset()) is None


@pytest.mark.parametrize(
    ("reply", "read"),
    [
        ("wolf: player_1 70\nwolf: player_2 30", {"player_1": 0.7, "player_2": 0.3}),
        ("I think:\n- **Wolf: Player 1 - 70%**\n- wolf: player_2: 12.5%", {"player_1": 0.7, "player_2": 0.125}),
        ("wolf: player_1 70", None),
        ("wolf: player_1 700\nwolf: player_2 30", None),
        ("nobody knows", None),
    ],
)
def test_what_is_said_in_words_is_read(reply: str, read: dict[str, float] | None) -> None:
    assert beliefs.understood(reply, ["player_1", "player_2"]) == read


class InWords:
    """Answers everything with its first legal reply, and what it believes in words."""

    name = "in words"
    time_limit_s: float | None = None
    batched = True

    def __init__(self) -> None:
        self.asked: list[Question] = []

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        """One call for all."""
        self.asked += questions
        return [Answer(question.legal[0]) for question in questions]

    def forget(self, game: str) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is held."""


def test_who_reads_words_is_asked_in_words_at_dawn_and_before_the_votes(played: Games) -> None:
    agent = InWords()
    (episode,) = played(agent, 1, first_phase="day")
    before = episode.canonical()
    agent.asked.clear()
    table = Speeches(episode, get("werewolf"), dict.fromkeys(episode.roles, agent), "g", 1)
    moments = believed(table)
    first_day = [moment for moment in moments if moment.day == 1]
    assert [bool(moment.held) for moment in first_day] == [True, *[False] * 8, True]
    put = [question for question in agent.asked if question.kind == "belief"]
    living = len(episode.roles)
    assert len([q for q in put if "day 1" in q.phase]) == 2 * living
    for question in put:
        assert question.seat not in question.legal[0]
        assert "In private" in question.text.splitlines()[-1]
        assert all(event.to is None or question.seat in event.to for event in question.events)
    assert episode.canonical() == before


def test_nobody_who_cannot_say_is_asked(played: Games) -> None:
    agent = registry.make("crowd", arena="werewolf")
    (episode,) = played(agent, 1)
    table = Speeches(episode, get("werewolf"), dict.fromkeys(episode.roles, agent), "g", 1)
    assert all(moment.held == {} for moment in believed(table))


def test_bayes_knows_more_than_the_base_rate_and_a_wolf_knows_all(played: Games) -> None:
    agent = registry.make("bayes", arena="werewolf")
    scores: list[tuple[float, float]] = []
    for episode in played(registry.make("crowd", arena="werewolf"), 6):  # bayes looks on from every seat
        table = Speeches(episode, get("werewolf"), dict.fromkeys(episode.roles, agent), episode.hash, 2)
        moments = believed(table)
        for moment in moments:
            for observer, of in moment.held.items():
                if observer in table.wolves:
                    assert all(p == float(seat in table.wolves) for seat, p in of.items())
            if moment.last:
                said = beliefs.stated(moment.held, table.wolves, table.pack)
                scores.append((beliefs.brier(said), beliefs.base_line(said)))
        shown = course(tuple(episode.roles), table, table.all(), moments)
        assert set(shown["days"]) == {str(day) for day in table.days()}
    assert sum(score for score, _ in scores) < 0.9 * sum(line for _, line in scores)
