"""The agent everything is measured against: a uniform draw from the legal replies."""

from __future__ import annotations

from lanista.agents.contract import Question
from lanista.agents.scripted import Scripted
from lanista.arenas.core import chance
from lanista.arenas.core.contract import Forfeit


class RandomAgent(Scripted):
    """Draws uniformly from the legal replies: what everything else is measured against.

    The draw is a function of the seat's seed and turn. A seat that is shown no legal reply forfeits.
    """

    name = "random"

    def reply(self, question: Question) -> str | Forfeit:
        """A legal reply."""
        return _draw(question)


def _draw(question: Question) -> str | Forfeit:
    legal = question.legal
    if not legal:
        return Forfeit("no legal reply is listed here to draw from")
    return legal[chance.draw(question.seed, "random agent", question.turn, len(legal))]
