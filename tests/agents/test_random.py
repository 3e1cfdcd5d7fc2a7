"""The random agent: uniform, and a function of its question."""

from __future__ import annotations

from collections import Counter

from lanista.agents.contract import Answer, Exchange, Question
from lanista.agents.random import RandomAgent
from lanista.arenas.core.contract import Forfeit


def question(seed: int = 0, legal: tuple[str, ...] = ("a", "b", "c", "d"), turns: int = 0) -> Question:
    return Question(
        game="g",
        seat="s",
        seed=seed,
        arena="x",
        role="r",
        phase="p",
        kind="k",
        text="?",
        legal=legal,
        legal_complete=True,
        history=tuple(Exchange("?", "a") for _ in range(turns)),
    )


def test_uniform_over_the_legal_replies() -> None:
    # 4000 draws over 4 replies: a count has mean 1000 and standard deviation sqrt(4000 * 1/4 * 3/4) = 27.4.
    drawn = RandomAgent().answer([question(seed) for seed in range(4000)])
    counts = Counter(answer.text for answer in drawn if isinstance(answer, Answer))
    assert set(counts) == {"a", "b", "c", "d"}
    assert all(abs(count - 1000) < 4 * 27.4 for count in counts.values())


def test_uniform_over_turns_of_one_seat() -> None:
    drawn = RandomAgent().answer([question(seed=7, turns=turn) for turn in range(400)])
    counts = Counter(answer.text for answer in drawn if isinstance(answer, Answer))
    # 400 draws: mean 100, standard deviation 8.7.
    assert all(abs(counts[reply] - 100) < 4 * 8.7 for reply in "abcd")


def test_a_function_of_seed_and_turn() -> None:
    one, other = RandomAgent(), RandomAgent()
    questions = [question(seed, turns=turn) for seed in range(20) for turn in range(5)]
    first = one.answer(questions)
    assert first == [other.answer([each])[0] for each in reversed(questions)][::-1]


def test_nothing_to_draw_from_is_a_forfeit() -> None:
    assert isinstance(RandomAgent().answer([question(legal=())])[0], Forfeit)
