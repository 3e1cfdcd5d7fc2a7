"""``packages_reader``: understands every sentence, and does one thing at a time."""

from __future__ import annotations

from lanista.agents.contract import Question
from lanista.agents.packages.view import discrepancies, notes_of, revision_of, settled, view
from lanista.agents.scripted import Scripted


class ReaderAgent(Scripted):
    """A perfect reader without a plan, as a measure of how much planning a level asks for.

    As the tester it passes on the next thing that letters ask for, one a round. As a keeper it does what it was last
    told, or else the first thing in which code and documentation differ.
    """

    name = "packages_reader"
    plays = "packages"

    def reply(self, question: Question) -> str:
        """One legal reply."""
        seen = view(question)
        if question.kind == "calls":
            return "none"
        if question.kind == "report":
            wishes = settled(seen.wishes())
            return notes_of(seen, wishes[seen.reports : seen.reports + 1])
        noted = seen.noted()[-1:]
        fresh = [wish for wish in noted if revision_of(seen, [wish]) != "keep"]
        return revision_of(seen, (fresh or discrepancies(seen))[:1])
