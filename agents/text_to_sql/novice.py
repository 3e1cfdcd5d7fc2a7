"""``sql_novice``: understands the question, and writes in a hurry."""

from __future__ import annotations

import random

from lanista.agents.contract import Question
from lanista.agents.scripted import Scripted
from lanista.agents.text_to_sql import expert, understanding
from lanista.agents.text_to_sql.view import View, view
from lanista.arenas.core import chance
from lanista.arenas.text_to_sql import questions

SKILL = 40
"""In a hundred queries so many have no fault put into them."""
LOOKS = 50
"""In a hundred notes so many say how words are stored."""
BELIEVES = 70
"""In a hundred queries that run so many are accepted unread."""


class SqlNovice(Scripted):
    """Drops conditions, joins inside where nobody is to be left out, counts duplicates, forgets ties.

    Its executor often notes no more than how many rows came back, its checker believes most of what runs, and its
    rewriter may slip again. It tries to answer half of the questions that cannot be.
    """

    name = "sql_novice"
    plays = "text_to_sql"

    def reply(self, question: Question) -> str:
        """One legal reply."""
        if not question.events:
            return question.legal[0]
        rng = random.Random(chance.key(question.seed, "novice", question.turn))
        return _REPLIES[question.kind](question, view(question), rng)


def _query(question: Question, seen: View, rng: random.Random) -> str:
    asked = understanding.understood(seen.question, seen.domain, seen.notes)
    schema = understanding.schema_of(seen.schema, seen.notes, seen.domain, seen.codes) if asked else None
    if asked is None or schema is None:
        return question.legal[0]
    if asked.kind == questions.MISSING:
        if rng.random() < 0.5:
            return f"unanswerable: {asked.missing}"
        who = schema.tables[asked.by]
        return f"SELECT {schema.columns[asked.by, 'id']}, {asked.missing} FROM {who}"
    misses = understanding.misses_of(asked, schema)
    right = understanding.query_for(asked, schema)
    return right if rng.randrange(100) < SKILL or not misses else rng.choice(misses)


def _execute(question: Question, seen: View, rng: random.Random) -> str:
    careful = chance.draw(question.seed, "careful", 0, 100) < LOOKS
    if careful or not seen.ran:
        return expert.SqlExpert().reply(question)
    return "note: it does not run" if seen.ran[0]["stop"] is not None else f"note: {seen.ran[0]['count']} rows"


def _check(question: Question, seen: View, rng: random.Random) -> str:
    if "does not run" in seen.note:
        return "reject: it does not run"
    if rng.randrange(100) < BELIEVES:
        return "accept"
    return expert.SqlExpert().reply(question)


_REPLIES = {"write": _query, "rewrite": _query, "execute": _execute, "check": _check}
