"""What scripted agents share: one question at a time, nothing held, and code that cannot hang."""

from __future__ import annotations

from collections.abc import Sequence

from lanista.agents.contract import Answer, Question
from lanista.arenas.core.contract import Forfeit


class Scripted:
    """An agent that answers each question by itself. A subclass has a ``name`` and a ``reply``."""

    name: str
    plays: str | None = None
    """The only arena it knows; None for an agent that can sit anywhere."""
    time_limit_s: float | None = None
    batched: bool = False

    def reply(self, question: Question) -> str | Forfeit:
        """The reply to one question: a function of the question alone."""
        raise NotImplementedError(f"{type(self).__name__} defines no reply")

    def answer(self, questions: Sequence[Question]) -> list[Answer | Forfeit]:
        """One reply per question, in order."""
        replies = map(self.reply, questions)
        return [reply if isinstance(reply, Forfeit) else Answer(reply) for reply in replies]

    def forget(self, game: str) -> None:
        """Nothing is kept, unless a subclass keeps something."""

    def close(self) -> None:
        """Nothing is held."""
