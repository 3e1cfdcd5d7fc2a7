"""``research_novice``: knows how it is done, and does it in a hurry."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from lanista.agents.contract import Question
from lanista.agents.research import understanding
from lanista.agents.research.expert import ResearchExpert, hits_on
from lanista.agents.research.view import View, view
from lanista.agents.scripted import Scripted
from lanista.arenas.core import chance
from lanista.arenas.core.tools import call
from lanista.arenas.research.calls import OPENED, TASKS

FORGETS = 25
"""In a hundred plans so many leave out the years or the venues."""
HASTE = 40
"""In a hundred sub-tasks so many are reported on after one page of hits, with the numbers of abstracts."""
BELIEVES = 45
"""In a hundred rounds so many keep all that was reported, unread."""
AT_ONCE = 50
"""In a hundred games so many make one plan and no more."""


class ResearchNovice(Scripted):
    """Its planner forgets criteria, its executor reads abstracts, its verifier believes, and they stop early."""

    name = "research_novice"
    plays = "research"

    def reply(self, question: Question) -> str:
        """One legal reply."""
        if not question.events:
            return question.legal[0]
        seen = view(question)
        slip = _SLIPS.get(question.kind)
        made = slip(question, seen, random.Random(chance.key(question.seed, "novice", question.turn))) if slip else None
        return made or ResearchExpert().reply(question)


def _plan(question: Question, seen: View, rng: random.Random) -> str | None:
    if seen.plans:
        return str(call("write")) if chance.draw(question.seed, "at once", 0, 100) < AT_ONCE else None
    wants = understanding.wants(seen.question)
    if rng.randrange(100) >= FORGETS or not wants:
        return None
    forgets = rng.choice(("years", "venues"))
    less = [each._replace(peer=False) if forgets == "venues" else each._replace(first=0, last=0) for each in wants]
    return str(call("plan", tasks=[each.task() for each in less][:TASKS]))


def _execute(question: Question, seen: View, rng: random.Random) -> str | None:
    want = understanding.want(seen.tasks[seen.done])
    if want is None or not seen.hits or chance.draw(question.seed, "haste", len(seen.every) + seen.done, 100) >= HASTE:
        return None
    relevant = hits_on(seen, want)[:OPENED]
    unread = [each for each in relevant if each not in seen.papers]
    if unread:
        return str(call("open", papers=unread))
    said = [f"{each}: {' '.join(understanding.in_abstract(seen.papers[each]))}" for each in relevant]
    return str(call("report", text="; ".join(said) or "nothing"))


def _verify(question: Question, seen: View, rng: random.Random) -> str | None:
    if chance.draw(question.seed, "believes", seen.plans, 100) >= BELIEVES:
        return None
    left = [paper for paper, value in seen.values.items() if (paper, value) not in seen.judged]
    return str(call("keep", papers=left[:12])) if left else str(call("done"))


_SLIPS: Mapping[str, Callable[[Question, View, random.Random], str | None]] = {
    "plan": _plan,
    "execute": _execute,
    "verify": _verify,
}
