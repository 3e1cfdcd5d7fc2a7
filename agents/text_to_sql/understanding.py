"""Questions of the arena's phrase book, understood: the choices they were made from, and the schema they are asked of.

Everything comes out of what every seat is shown: the question, the CREATE TABLE lines and the dictionary.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lanista.arenas.text_to_sql import gold, questions
from lanista.arenas.text_to_sql.domains import DOMAINS, Domain
from lanista.arenas.text_to_sql.questions import Question
from lanista.arenas.text_to_sql.schema import COLUMNS, Schema, subsequence

_LEAD = re.compile(r"(?:For every|Per|I need, for each) (\w+), (?:give |tell me )?its number, its name and (.+?)\.(.*)")


def understood(text: str, domain: str, notes: Sequence[str]) -> Question | None:
    """The choices behind a question; None for a text that is not of this phrase book."""
    world = DOMAINS.get(domain)
    if world is None:
        return None
    busy = next((re.search(r"\d+", line) for line in notes if line.startswith(f"{questions.BUSY}:")), None)
    for read in (_per, _places, _set, _above, _none, _latest, _month):
        found = read(text, world)
        if found is not None:
            return found._replace(n=int(busy[0])) if busy and f" {questions.BUSY} " in text else found
    return None


def schema_of(lines: Sequence[str], notes: Sequence[str], domain: str, codes: Sequence[str]) -> Schema | None:
    """The schema with what its names mean; ``codes`` are words that rows were said to hold."""
    world = DOMAINS.get(domain)
    if world is None:
        return None
    made = {found[1]: found[2] for line in lines if (found := re.match(r"CREATE TABLE (\w+)\((.*)\)$", line))}
    told = dict(each for line in notes if (each := _entry(line)) is not None)
    tables: dict[str, str] = {}
    columns: dict[tuple[str, str], str] = {}
    for letter, held in COLUMNS.items():
        many = world.parts[letter].many
        tables[letter] = told[many][0] if many in told else many
        names = [part.strip().split()[0] for part in made[tables[letter]].split(",")]
        columns.update({(letter, what): name for what, name in zip(held, names, strict=True)})
        if many in told:
            columns.update(_meanings(told[many][1], letter, world))
    spelling = {status: _stored(status, codes) for status in world.statuses}
    return Schema(world, tables, columns, spelling, 0)


def query_for(asked: Question, schema: Schema) -> str:
    """The query for an understood question."""
    return gold.sql(asked, schema)


def misses_of(asked: Question, schema: Schema) -> list[str]:
    """What one in a hurry may write instead."""
    whole = gold.sql(asked, schema)
    return [miss for _, miss in gold.misses(asked, schema) if miss != whole]


def _entry(line: str) -> tuple[str, tuple[str, str]] | None:
    found = re.fullmatch(r"(\w+) holds (\w+): (.*)", line)
    return None if found is None else (found[2], (found[1], found[3]))


def _meanings(text: str, letter: str, world: Domain) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    numbers = {f"the number of the {world.parts[what].one}": what for what in COLUMNS}
    plain = {"the number": "id", f"the {world.value.one}": "value", "the date": "day", **numbers}
    for part in text.split(", "):
        name, _, meaning = part.partition(" is ")
        found[letter, plain.get(meaning, meaning.removeprefix("the "))] = name
    return found


def _stored(status: str, codes: Sequence[str]) -> str:
    return next((code for code in codes if code[0] == status[0].upper() and subsequence(code, status)), status)


# Reading one kind of question


def _letter(noun: str, world: Domain) -> str | None:
    return next((letter for letter, part in world.parts.items() if noun in (part.one, part.many)), None)


def _per(text: str, world: Domain) -> Question | None:
    found = _LEAD.match(text)
    if found is None:
        return None
    by = _letter(found[1], world) or "a"
    lacks = re.fullmatch(r"its (\w+)", found[2])
    if lacks:
        return Question(questions.MISSING, by, missing=lacks[1])
    twist = "all" if "Leave out no" in found[3] else ""
    asked = _measured(found[2], Question(questions.GROUP, by, twist=twist), world)
    return _at_least(found[3], asked)


def _places(text: str, world: Domain) -> Question | None:
    found = re.match(r"Which (\w+) hold the first (\d+) places by (.+?)\? (.*)", text)
    if found is None:
        return None
    twist = "dense" if "follows on it" in found[4] else "ties"
    by = _letter(found[1], world) or "a"
    return _measured(found[3], Question(questions.TOP, by, twist=twist, n=int(found[2])), world)


def _set(text: str, world: Domain) -> Question | None:
    found = re.match(r"Which (\w+) have, among (.+?), one that is (\w+) (and also|but none)\D*? that is (\w+)\?", text)
    if found is None:
        return None
    twist = "both" if found[4] == "and also" else "never"
    asked = Question(questions.SET, _letter(found[1], world) or "a", twist=twist)
    return _where(found[2], asked, world)._replace(status=found[3], second=found[5])


def _above(text: str, world: Domain) -> Question | None:
    found = re.match(r"Among (.+?), which have a \w+ above the average of all \w+ of their (\w+)(; what)?", text)
    if found is None:
        return None
    asked = Question(questions.ABOVE, _letter(found[2], world) or "a", twist="known" if found[3] else "")
    return _where(found[1], asked, world)


def _none(text: str, world: Domain) -> Question | None:
    found = re.match(r"Which (\w+) have no (.+?) at all\?", text)
    return None if found is None else _where(found[2], Question(questions.NONE, _letter(found[1], world) or "a"), world)


def _latest(text: str, world: Domain) -> Question | None:
    found = re.match(r"Of each (\w+), what is the latest of its (.+?)\? (.*)", text)
    if found is None:
        return None
    asked = _where(found[2], Question(questions.LATEST, _letter(found[1], world) or "a", twist="all"), world)
    limit = re.search(r"Only .*?(\d+) or more", found[3])
    busy = limit is not None or f"Only {questions.BUSY}" in found[3]
    return asked._replace(twist=questions.BUSY, n=int(limit[1]) if limit else 0) if busy else asked


def _month(text: str, world: Domain) -> Question | None:
    found = re.match(r"Month by month \(as YYYY-MM\), (.+?)\?(.*)", text)
    if found is None:
        return None
    return _at_least(found[2], _measured(found[1], Question(questions.MONTH, "f"), world))


def _at_least(text: str, asked: Question) -> Question:
    limit = re.search(r"with (\d+) or more", text)
    if limit is None and f"Only {questions.BUSY}" not in text:
        return asked
    return asked._replace(twist="having", n=int(limit[1]) if limit else 0)


def _measured(text: str, asked: Question, world: Domain) -> Question:
    signs = {"the average": "avg", "the total": "sum", "the highest": "max", "how many different": "different"}
    agg = next((agg for sign, agg in signs.items() if text.startswith(sign)), "count")
    return _where(text, asked._replace(agg=agg), world)


def _where(text: str, asked: Question, world: Domain) -> Question:
    """The condition on facts in a text that names them."""
    _, _, text = text.partition(world.parts["f"].many)
    value = world.value.one
    for where, pattern in (
        ("status", r" that are (\w+)"),
        ("year", r" from the year (\d+)"),
        ("unknown", rf" whose ({value}) is unknown"),
        ("over", rf" with a {value} over (\d+)"),
        ("other", rf" of the {world.parts[questions.other(asked.by)].one} (\w+)"),
    ):
        found = re.match(pattern, text)
        if found:
            number = int(found[1]) if where in ("year", "over") else 0
            return asked._replace(
                where=where,
                status=found[1] if where == "status" else asked.status,
                year=number if where == "year" else 0,
                over=number if where == "over" else 0,
                name=found[1] if where == "other" else "",
            )
    return asked
