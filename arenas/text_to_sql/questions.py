"""What can be asked, as a record of choices; its wording; and which split it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from random import Random
from typing import Any, NamedTuple

from lanista.arenas.core import chance
from lanista.arenas.text_to_sql.domains import Domain

GROUP, TOP, SET, ABOVE, NONE, LATEST, MONTH, MISSING = (
    "group",
    "top",
    "set",
    "above",
    "none",
    "latest",
    "month",
    "missing",
)
KINDS = (GROUP, TOP, SET, ABOVE, NONE, LATEST, MONTH)
"""Kinds of question that can be answered."""
AGGS = ("avg", "sum", "count", "max", "different")
WHERES = ("", "status", "year", "unknown", "over", "other")
SPLITS = ("train", "dev", "test")


class Question(NamedTuple):
    """One question. ``by`` is the letter of the table that it asks about; what does not apply is ""."""

    kind: str
    by: str = "a"
    agg: str = ""
    where: str = ""
    twist: str = ""
    n: int = 0  # places, or the least number of facts
    status: str = ""
    second: str = ""
    year: int = 0
    over: int = 0
    name: str = ""  # of the h or g that facts have to belong to
    missing: str = ""

    @property
    def combination(self) -> str:
        """What splits are told apart by: every choice but the world, numbers and names."""
        return "/".join((self.kind, self.by, self.agg, self.where, self.twist))

    @property
    def parts(self) -> int:
        """How many conditions it has."""
        return (self.where != "") + (self.twist != "")


@lru_cache(maxsize=1)
def combinations() -> tuple[Question, ...]:
    """Every combination of choices that makes sense, with numbers and names left open."""
    return tuple(_combinations())


def _combinations() -> Iterator[Question]:
    for by in "agbh":
        for where in WHERES:
            for agg in AGGS:
                if where == "unknown" and agg not in ("count", "different"):
                    continue
                for twist in ("", "all", "having"):
                    yield Question(GROUP, by, agg, where, twist)
                if agg in ("sum", "count", "max"):
                    for twist in ("ties", "dense"):
                        yield Question(TOP, by, agg, where, twist)
            for twist in ("", "known"):
                if where not in ("unknown", "over"):
                    yield Question(ABOVE, by, "", where, twist)
            yield Question(NONE, by, "", where)
            for twist in ("all", "busy"):
                if where != "unknown":
                    yield Question(LATEST, by, "", where, twist)
        for twist in ("both", "never"):
            for where in ("", "year", "over", "other"):
                yield Question(SET, by, "", where, twist)
    for where in WHERES:
        for agg in ("sum", "count", "different"):
            for twist in ("", "having"):
                if where != "year" and not (where == "unknown" and agg == "sum"):
                    yield Question(MONTH, "f", agg, where, twist)


def split_of(combination: str) -> str:
    """The one split that a combination belongs to: 70, 15 and 15 of a hundred."""
    place = chance.draw(chance.key("text_to_sql", combination), "split", 0, 100)
    return SPLITS[(place >= 70) + (place >= 85)]


@lru_cache(maxsize=256)
def pool(split: str, kind: str | None, least: int, most: int) -> tuple[Question, ...]:
    """The combinations of a split with so many conditions."""
    return tuple(
        each
        for each in combinations()
        if split_of(each.combination) == split and kind in (None, each.kind) and least <= each.parts <= most
    )


def filled(question: Question, domain: Domain, rng: Random) -> Question:
    """A combination with numbers, names and words drawn."""
    first, second = rng.sample(domain.statuses, 2)
    names = domain.names[other(question.by)]
    return question._replace(
        n=rng.randrange(2, 4),
        status=first if question.where == "status" or question.kind == SET else "",
        second=second if question.kind == SET else "",
        year=rng.randrange(2023, 2026) if question.where == "year" else 0,
        over=rng.randrange(2, 6) if question.where == "over" else 0,
        name=rng.choice(names[: len(names) - 1]) if question.where == "other" else "",
    )


def other(by: str) -> str:
    """The letter of the table at the far side, that a condition may name."""
    return "g" if by in "bh" else "h"


def far(by: str) -> str:
    """The letter of what different ones are counted of."""
    return "a" if by in "bh" else "b"


# Words

LEADS = ("For every {by}, give", "Per {by}, tell me", "I need, for each {by},")
BUSY = "busy"


def wording(question: Question, domain: Domain, vague: bool, lead: int = 0) -> str:
    """The question in words. Which statuses there are and how they are stored is not told."""
    return str(_WORDINGS[question.kind](question, domain, vague, lead))


def note(question: Question, domain: Domain, vague: bool) -> tuple[str, ...]:
    """What a vague word of the question means in this house."""
    if not vague or question.twist not in ("having", BUSY):
        return ()
    facts = domain.parts["f"].many
    of = "of those asked for" if question.kind in (GROUP, MONTH) else "in all"
    return (f"{BUSY}: with {question.n} or more {facts} {of}",)


def facts(question: Question, domain: Domain) -> str:
    """Which facts are meant: ``enrollments that are passed``."""
    many, value = domain.parts["f"].many, domain.value.one
    far_one = domain.parts[other(question.by)].one
    return (
        many
        + {
            "": "",
            "status": f" that are {question.status}",
            "year": f" from the year {question.year}",
            "unknown": f" whose {value} is unknown",
            "over": f" with a {value} over {question.over}",
            "other": f" of the {far_one} {question.name}",
        }[question.where]
    )


def measure(question: Question, domain: Domain) -> str:
    """What is computed over those facts."""
    meant, value = facts(question, domain), domain.value.one
    return {
        "avg": f"the average {value} of its {meant}",
        "sum": f"the total {value} of its {meant}",
        "count": f"how many {meant} it has",
        "max": f"the highest {value} of its {meant}",
        "different": f"how many different {domain.parts[far(question.by)].many} its {meant} have",
    }[question.agg]


def _having(question: Question, domain: Domain, vague: bool, thing: str) -> str:
    if question.twist != "having":
        return ""
    return (
        f" Only {BUSY} {thing}."
        if vague
        else f" Only {thing} with {question.n} or more {domain.parts['f'].many} of those."
    )


def _group(question: Question, domain: Domain, vague: bool, lead: int) -> str:
    by = domain.parts[question.by]
    begin = LEADS[lead % len(LEADS)].format(by=by.one)
    end = f" Leave out no {by.one}, even without any." if question.twist == "all" else ""
    if question.twist == "":
        end = f" Only {by.many} that have any."
    return (
        f"{begin} its number, its name and {measure(question, domain)}.{end}{_having(question, domain, vague, by.many)}"
    )


def _top(question: Question, domain: Domain, vague: bool, lead: int) -> str:
    by = domain.parts[question.by]
    ties = (
        "equal ones share a place, and the next place follows on it"
        if question.twist == "dense"
        else "equal ones share a place, and as many places after it are left free"
    )
    return (
        f"Which {by.many} hold the first {question.n} places by {measure(question, domain)}? {ties.capitalize()}; "
        f"only {by.many} that have any count. Give number and name."
    )


def _set(question: Question, domain: Domain, vague: bool, lead: int) -> str:
    by, meant = domain.parts[question.by], facts(question, domain)
    also = (
        f"and also one that is {question.second}" if question.twist == "both" else f"but none that is {question.second}"
    )
    return f"Which {by.many} have, among {meant}, one that is {question.status} {also}? Give number and name."


def _above(question: Question, domain: Domain, vague: bool, lead: int) -> str:
    by, value = domain.parts[question.by], domain.value.one
    known = f"; what has no {value} counts as 0 in the average" if question.twist == "known" else ""
    return (
        f"Among {facts(question, domain)}, which have a {value} above the average of all {domain.parts['f'].many} of "
        f"their {by.one}{known}? Give number and {value}."
    )


def _none(question: Question, domain: Domain, vague: bool, lead: int) -> str:
    return f"Which {domain.parts[question.by].many} have no {facts(question, domain)} at all? Give number and name."


def _latest(question: Question, domain: Domain, vague: bool, lead: int) -> str:
    by = domain.parts[question.by]
    many = domain.parts["f"].many
    who = by.one
    end = ""
    if question.twist == BUSY:
        end = f" Only {BUSY} {by.many}." if vague else f" Only {by.many} with {question.n} or more {many} in all."
    return (
        f"Of each {who}, what is the latest of its {facts(question, domain)}? Where several share the day, give all of "
        f"them. Give the number of the {who}, the number of the {domain.parts['f'].one} and its date.{end}"
    )


def _month(question: Question, domain: Domain, vague: bool, lead: int) -> str:
    told = measure(question, domain).replace(" its ", " the ").replace(" it has", " there are")
    return f"Month by month (as YYYY-MM), {told}?{_having(question, domain, vague, 'months')} Give month and number."


def _missing(question: Question, domain: Domain, vague: bool, lead: int) -> str:
    by = domain.parts[question.by]
    return f"{LEADS[lead % len(LEADS)].format(by=by.one)} its number, its name and its {question.missing}."


_WORDINGS: Mapping[str, Any] = {
    GROUP: _group,
    TOP: _top,
    SET: _set,
    ABOVE: _above,
    NONE: _none,
    LATEST: _latest,
    MONTH: _month,
    MISSING: _missing,
}
