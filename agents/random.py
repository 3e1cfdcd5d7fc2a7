"""The agent everything is measured against: a uniform draw from the legal replies."""

from __future__ import annotations

from collections.abc import Sequence

from lanista.agents.contract import Answer, Question
from lanista.arenas import chance
from lanista.arenas.contract import Forfeit


class RandomAgent:
    """Draws uniformly from the legal replies: what everything else is measured against.

    The draw is a function of the seat's seed and turn. A seat that is shown no legal reply forfeits.
    """

    name = "random"
    time_limit_s: float | None = None
    batched = False

    def answer(self, questions: Sequence[Question]) -> list[Answer | Forfeit]:
        """A legal reply per question."""
        return [_draw(question) for question in questions]

    def forget(self, game: str) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is held."""


def _draw(question: Question) -> Answer | Forfeit:
    legal = question.legal
    if not legal:
        return Forfeit("no legal reply is listed here to draw from")
    return Answer(legal[chance.draw(question.seed, "random agent", question.turn, len(legal))])
