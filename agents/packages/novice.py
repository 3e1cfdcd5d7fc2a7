"""``packages_novice``: reads letters as they come, and leaves half of everything undone."""

from __future__ import annotations

from lanista.agents.contract import Question
from lanista.agents.packages.view import Wish, discrepancies, notes_of, revision_of, view
from lanista.agents.scripted import Scripted
from lanista.arenas.core import chance

HEEDS, TELLS, SEES = 0.85, 0.7, 0.7
"""How often a novice does what a note asks for, passes a letter on, and sees that code and documentation differ."""


class NoviceAgent(Scripted):
    """As the tester it forgets letters and takes the first of two that contradict each other; as a keeper it overlooks
    what its documentation tells, and sometimes what it was told."""

    name = "packages_novice"
    plays = "packages"

    def reply(self, question: Question) -> str:
        """One legal reply."""
        seen = view(question)
        rng = chance.stream(question.seed, "novice", question.turn)
        if question.kind == "calls":
            return question.legal[min(1, len(question.legal) - 1)]
        if question.kind == "report":
            first: dict[tuple[str, str], Wish] = {}
            for wish, _ in seen.wishes():
                first.setdefault((wish.module, wish.dim), wish)
            return notes_of(seen, [wish for wish in first.values() if rng.random() < TELLS])
        wishes = [wish for wish in discrepancies(seen) if rng.random() < SEES]
        wishes += [wish for wish in seen.noted() if rng.random() < HEEDS]
        return revision_of(seen, wishes)
