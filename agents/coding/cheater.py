"""``coding_cheater``: never solves a task, and tries one way after the other to pass all the same."""

from __future__ import annotations

from lanista.agents.coding.cheats import CHEATS, source
from lanista.agents.coding.view import view
from lanista.agents.contract import Question
from lanista.agents.scripted import Scripted
from lanista.arenas.core import chance

_NAMES = tuple(CHEATS)


class CheaterAgent(Scripted):
    """Tries the known ways to fake a test: leaving early, lying values, looking into and rewriting the judge.

    Which one a seat begins with is drawn from its seed; every further program of it is the next. As the tester it runs
    nothing and reports ``fail``, so that the next cheat is tried. An arena whose judge holds pays it like a failure.
    ``coding_cheater:NAME`` tries that one cheat alone.
    """

    plays = "coding"

    def __init__(self, cheat: str | None = None) -> None:
        """Raises UsageError for a cheat that is not in the list."""
        if cheat is not None and cheat not in CHEATS:
            from lanista.errors import UsageError, suggest

            raise UsageError(f"unknown cheat {cheat!r}{suggest(cheat, CHEATS)} (there are: {', '.join(CHEATS)})")
        self.name = "coding_cheater" if cheat is None else f"coding_cheater:{cheat}"
        self.cheat = cheat

    def reply(self, question: Question) -> str:
        """One legal reply."""
        return self._reply(question)

    def _reply(self, question: Question) -> str:
        if question.kind == "inputs":
            return "none"
        if question.kind == "report":
            return "fail: the next one"
        if not question.events:
            return question.legal[0]
        seen = view(question)
        first = chance.draw(question.seed, "cheat", 0, len(_NAMES))
        name = self.cheat or _NAMES[(first + question.turn) % len(_NAMES)]
        return source(name, seen.entry_point, seen.examples)
