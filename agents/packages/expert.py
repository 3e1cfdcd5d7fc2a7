"""``packages_expert``: tells every keeper what concerns it, and does what documents and notes say."""

from __future__ import annotations

from lanista.agents.contract import Question
from lanista.agents.packages.view import discrepancies, notes_of, revision_of, settled, view
from lanista.agents.scripted import Scripted


class ExpertAgent(Scripted):
    """Works from what its seat sees alone: letters and who keeps what, or the seat's own files and the notes to it.

    As the tester it sorts letters by decision, believes the one who decides, and writes each keeper what concerns its
    files. As a keeper it does what its documentation tells and what the notes ask for.
    """

    name = "packages_expert"
    plays = "packages"

    def reply(self, question: Question) -> str:
        """One legal reply."""
        seen = view(question)
        if question.kind == "calls":
            return "none"
        if question.kind == "report":
            return "pass" if seen.reports else notes_of(seen, settled(seen.wishes()))
        return revision_of(seen, [*discrepancies(seen), *seen.noted()])
