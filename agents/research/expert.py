"""``research_expert``: writes down every criterion, reads what it reports, checks it, and cites what holds."""

from __future__ import annotations

from lanista.agents.contract import Question
from lanista.agents.research import understanding
from lanista.agents.research.understanding import Want
from lanista.agents.research.view import Data, View, view
from lanista.agents.scripted import Scripted
from lanista.arenas.core.tools import call
from lanista.arenas.research.calls import OPENED, PAGES, TASKS
from lanista.arenas.research.judge import SOURCES
from lanista.arenas.research.moves import Line, Summary
from lanista.arenas.research.reading import write
from lanista.arenas.research.service import OFTEN


class ResearchExpert(Scripted):
    """Works from what its seat sees alone: the question or what was made of it, hits, papers, and what others wrote.

    The planner makes a sub-task of each approach, with the years and whether venues have to review; it plans again for
    approaches of which no paper was kept and for reports that nobody judged. A text that it does not understand leaves
    it with the first legal reply.
    """

    name = "research_expert"
    plays = "research"

    def reply(self, question: Question) -> str:
        """One legal reply."""
        if not question.events:
            return question.legal[0]
        return {"plan": _plan, "execute": _execute, "verify": _verify, "summarise": _summarise}[question.kind](
            question, view(question)
        )


# The planner


def _plan(question: Question, seen: View) -> str:
    wants = understanding.wants(seen.question)
    if not wants:
        return question.legal[0] if not seen.plans else str(call("write"))
    open_ = [want for want in wants if not _settled(seen, want)] if seen.plans else wants
    if not open_:
        return str(call("write"))
    return str(call("plan", tasks=["again: " * (seen.plans > 0) + want.task() for want in open_][:TASKS]))


def _settled(seen: View, want: Want) -> bool:
    """Whether a paper of it is kept, or it was asked for twice, and all its reports are judged."""
    papers = reported_on(seen, want)
    judged = [seen.judged.get((paper, seen.values[paper])) for paper in papers]
    asked = sum(understanding.want(task) == want for task in seen.every)
    return None not in judged and ("" in judged or asked > 1)


def reported_on(seen: View, want: Want) -> list[str]:
    """The papers that were reported on a thing to find, in order."""
    found: dict[str, None] = {}
    for task, text in seen.reports:
        if understanding.want(task) == want:
            found.update(dict.fromkeys(understanding.papers(text)))
    return list(found)


# The executor


def _execute(question: Question, seen: View) -> str:
    want = understanding.want(seen.tasks[seen.done])
    if want is None:
        return question.legal[0] if not seen.hits else question.legal[-2]
    relevant = hits_on(seen, want)
    unread = [each for each in relevant if each not in seen.papers]
    left = int(question.text.rsplit(" calls left", 1)[0].rsplit(" ", 1)[-1])
    more = _next_page(seen, want)
    if len(unread) >= OPENED or (unread and (more is None or left <= 3)):
        return str(call("open", papers=unread[:OPENED])) if left > 1 else _report(seen, want, relevant)
    if more is None or left <= 2:
        return _report(seen, want, relevant)
    if seen.calls[-OFTEN:] == ["search"] * OFTEN:
        return str(call("open", papers=unread[:OPENED])) if unread else str(call("wait"))
    return more


def hits_on(seen: View, want: Want) -> list[str]:
    """Hits whose titles are about it; reviews and notices are no studies."""
    found = dict.fromkeys(
        hit["id"]
        for page in seen.hits
        for hit in page["hits"]
        if understanding.on_topic(hit["title"], want) and not hit["title"].startswith(("A review:", "Retraction:"))
    )
    return list(found)


def _next_page(seen: View, want: Want) -> str | None:
    """The next search; None once a page had nothing, or the last was seen."""
    if seen.hits:
        last = seen.hits[-1]
        if not last["more"] or not any(understanding.on_topic(hit["title"], want) for hit in last["hits"]):
            return None
    number = len(seen.hits) + 1
    if number > PAGES:
        return None
    approach, part = understanding.names(want)
    years = {name: year for name, year in (("since", want.first), ("until", want.last)) if year}
    page = {"page": number} if number > 1 else {}
    return str(call("search", query=" ".join((*approach, *part, want.quantity)), **page, **years))


def _report(seen: View, want: Want, relevant: list[str]) -> str:
    said = []
    for paper in relevant:
        if paper in seen.papers:
            number, unit = understanding.measured(seen.papers[paper])
            said.append(f"{paper}: {number} {unit}" if number else paper)
    return str(call("report", text="; ".join(said) or f"nothing on {want.approach}"))


# The verifier


def _verify(question: Question, seen: View) -> str:
    left = [paper for paper, value in seen.values.items() if (paper, value) not in seen.judged]
    wants = [want for task in seen.every if (want := understanding.want(task)) is not None]
    if not left or not wants:
        return str(call("done"))
    unread = [paper for paper in left if paper not in seen.papers]
    citing = [
        each
        for paper in left
        if paper in seen.papers and _doubt(seen, seen.papers[paper], wants, seen.values[paper]) is None
        for each in seen.papers[paper]["cited_by"]
        if each not in seen.papers and not _known(seen.papers[paper])
    ]
    if unread or citing:
        return str(call("open", papers=list(dict.fromkeys([*unread, *citing]))[:OPENED]))
    doubts = {paper: _doubt(seen, seen.papers[paper], wants, seen.values[paper]) for paper in left}
    good = [paper for paper, doubt in doubts.items() if doubt is None]
    if good:
        return str(call("keep", papers=good[:12]))
    reason = next(iter(doubts.values()))
    return str(call("drop", papers=[paper for paper, doubt in doubts.items() if doubt == reason][:12], reason=reason))


def _known(paper: Data) -> bool:
    """Whether its page says what became of it."""
    return bool(paper["status"])


def _doubt(seen: View, paper: Data, wants: list[Want], value: str) -> str | None:
    """Why a paper that was read does not count, or None."""
    year = int(paper["date"][:4])
    want = next((each for each in wants if understanding.on_topic(paper["results"] or paper["title"], each)), None)
    if want is None:
        return "topic"
    if year < want.first or (want.last and year > want.last):
        return "date"
    if want.peer and not paper["peer"]:
        return "venue"
    number, _ = understanding.measured(paper)
    if not number or (value and float(value.replace(",", "")) != float(number)):
        return "support"
    citing = [seen.papers[each] for each in paper["cited_by"] if each in seen.papers]
    if "retracted" in paper["status"] or any(each["kind"] == "notice" for each in citing):
        return "retracted"
    replacing = any(f"This replaces {paper['id']}," in each["results"] for each in citing)
    return "replaced" if "replaced" in paper["status"] or replacing else None


# The generator


def _summarise(question: Question, seen: View) -> str:
    wants = list(dict.fromkeys(want for task in seen.every if (want := understanding.want(task)) is not None))
    lines = [line for want in wants for line in lines_on(seen, want)]
    return write(Summary(tuple(lines))) if lines else question.legal[-1]


def lines_on(seen: View, want: Want) -> list[Line]:
    """A claim for each value of papers that were kept, or a gap."""
    values: dict[str, list[str]] = {}
    for paper in reported_on(seen, want):
        value = seen.values[paper]
        if value and seen.judged.get((paper, value)) == "":
            values.setdefault(value, []).append(paper)
    unit = understanding.unit_of(want.quantity)
    claims = [
        Line(want.approach, want.quantity, f"{value} {unit}", tuple(papers[:SOURCES]))
        for value, papers in values.items()
    ]
    return claims or [Line(want.approach, want.quantity)]
