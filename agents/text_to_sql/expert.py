"""``sql_expert``: understands the question, looks at what only rows tell, and holds queries against its own."""

from __future__ import annotations

from lanista.agents.contract import Question
from lanista.agents.scripted import Scripted
from lanista.agents.text_to_sql import understanding
from lanista.agents.text_to_sql.view import View, view
from lanista.arenas.text_to_sql import questions


class SqlExpert(Scripted):
    """Works from what its seat sees alone: the question, the schema, the dictionary, and what others wrote.

    The executor runs the query, looks up how statuses are stored where the question names one, and notes both. The
    checker writes the query for itself, with the words of the note, and compares. A text it does not understand leaves
    it with the first legal reply.
    """

    name = "sql_expert"
    plays = "text_to_sql"

    def reply(self, question: Question) -> str:
        """One legal reply."""
        if not question.events:
            return question.legal[0]
        seen = view(question)
        return {"write": _write, "execute": _execute, "check": _check, "rewrite": _rewrite}[question.kind](
            question, seen
        )


def own(seen: View) -> str | None:
    """The reply that this seat would write; None where it does not understand the question."""
    asked = understanding.understood(seen.question, seen.domain, seen.notes)
    schema = understanding.schema_of(seen.schema, seen.notes, seen.domain, seen.codes) if asked else None
    if asked is None or schema is None:
        return None
    if asked.kind == questions.MISSING:
        return f"unanswerable: {asked.missing}"
    return understanding.query_for(asked, schema)


def probe(seen: View) -> str | None:
    """How to find out how the question's statuses are stored; None where it names none."""
    asked = understanding.understood(seen.question, seen.domain, seen.notes)
    schema = understanding.schema_of(seen.schema, seen.notes, seen.domain, ()) if asked else None
    if asked is None or schema is None or not asked.status:
        return None
    return f"SELECT DISTINCT {schema.columns['f', 'status']} FROM {schema.tables['f']}"


def _write(question: Question, seen: View) -> str:
    return own(seen) or question.legal[0]


def _execute(question: Question, seen: View) -> str:
    if "run" in question.legal:
        return "run"
    look = probe(seen)
    if look is not None and not any(each["of"] == "probe" for each in seen.ran) and _may_run(question):
        return f"probe: {look}"
    told = [_told(each) for each in seen.ran]
    return f"note: {'; '.join(told)}" if told else "note:"


def _may_run(question: Question) -> bool:
    return any(reply.startswith("probe:") for reply in question.legal)


def _told(ran: object) -> str:
    data: dict[str, object] = dict(ran)  # type: ignore[call-overload]
    if data["stop"] is not None:
        return f"it does not run, {data['error']}"
    if data["of"] == "query":
        return f"{data['count']} rows"
    return "stored are " + ", ".join(str(row[0]) for row in data["rows"] if row[0] is not None)  # type: ignore[attr-defined]


def _check(question: Question, seen: View) -> str:
    mine = own(seen)
    if mine is None:
        return "reject: it does not run" if "does not run" in seen.note else "accept"
    query = f"unanswerable: {seen.missing}" if seen.query is None else seen.query
    if query == mine:
        return "accept"
    if mine.startswith("unanswerable"):
        return f"reject: nothing holds the {mine.partition(': ')[2]}"
    return "reject: it is not what was asked, or not how it is stored"


def _rewrite(question: Question, seen: View) -> str:
    mine = own(seen)
    return "keep" if mine is None or mine == seen.query else mine
