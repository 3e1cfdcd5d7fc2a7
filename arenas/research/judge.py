"""What reports, judgements and summaries are worth, from the records alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lanista.arenas.research.calls import PAPER
from lanista.arenas.research.cases import SUPPORT, Case, flaws, values_of
from lanista.arenas.research.fields import FIELDS, Name
from lanista.arenas.research.library import STUDY
from lanista.arenas.research.moves import Line, Summary

SOURCES = 3
"""Sources of a claim that are not too many."""
_NUMBER = re.compile(r"(?<![\w.,])(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?![\w.]*[0-9])")


class Verdict(NamedTuple):
    """What a summary is worth."""

    covered: float = 0.0  # share of the values and gaps that are asked for which sound lines give
    bad: float = 0.0  # share of the lines that are not sound
    surplus: int = 0  # claims with more than three sources
    solved: bool = False  # all that was asked for and nothing else


def reported(text: str) -> dict[str, str]:
    """What a report says of papers: the first number after an id and before the next one, or ""."""
    found: dict[str, str] = {}
    places = list(PAPER.finditer(text))
    ends = [*(place.start() for place in places[1:]), len(text)]
    for place, end in zip(places, ends, strict=False):
        number = _NUMBER.search(text, place.end(), end)
        if not found.get(place.group()):
            found[place.group()] = number.group() if number else ""
    return found


def reasons(case: Case, paper: str, value: str) -> frozenset[str]:
    """Why a reported paper does not count; empty for one that does. What was not reported of it is no fault."""
    record = case.library.papers[paper]
    found = flaws(record, case.asked)
    wrong = record.kind == STUDY and bool(value) and not equal(value, record.value)
    return found | {SUPPORT} if wrong else found


def found(case: Case, reports: Iterable[tuple[str, str]]) -> float:
    """The share of the values asked for that stand in ``reports``, (paper, value) each, with a paper that counts."""
    told = dict(reports)
    wanted = list(values_of(case))
    have = sum(any(equal(told.get(paper, ""), value) for paper in papers) for _, value, papers in wanted)
    return have / len(wanted) if wanted else 0.0


def judged(case: Case, summary: Summary) -> Verdict:
    """A summary against the records."""
    wanted = {(approach, value) for approach, value, _ in values_of(case)}
    wanted |= {(approach, "") for approach, values in case.gold.items() if not values}
    given = [_given(case, line) for line in summary.lines]
    sound = {each for each in given if each is not None}
    bad = given.count(None)
    surplus = sum(len(line.sources) > SOURCES for line in summary.lines)
    covered = len(sound & wanted) / len(wanted)
    return Verdict(covered, bad / len(given) if given else 0.0, surplus, covered == 1 and not bad)


def _given(case: Case, line: Line) -> tuple[str, str] | None:
    """What a sound line gives: (approach, value), value "" for a gap. None for a line that is not sound."""
    asked = case.asked
    names = {name.casefold(): each.name for each in _approaches(case) for name in each}
    approach = names.get(line.approach.casefold(), "")
    if approach not in case.gold or line.quantity.casefold() != asked.quantity.casefold():
        return None
    values = case.gold[approach]
    if not line.value:
        return None if values else (approach, "")
    unit = next(each.unit for each in FIELDS[asked.field].quantities if each.name == asked.quantity)
    number = _NUMBER.match(line.value)
    if number is None or _plain(line.value[number.end() :]) != _plain(unit):
        return None
    value = next((each for each in values if equal(each, number.group())), None)
    if value is None or not line.sources or not set(line.sources) <= values[value]:
        return None
    return approach, value


def _approaches(case: Case) -> tuple[Name, ...]:
    return FIELDS[case.asked.field].approaches


def _plain(unit: str) -> str:
    return re.sub(r"[\s^]", "", unit.casefold().replace("²", "2").replace("³", "3"))


def equal(one: str, other: str) -> bool:
    """Whether two numbers are the same, however they are written: 3.0 is 3."""
    if not one or not other:
        return False
    return float(one.replace(",", "")) == float(other.replace(",", ""))


def standing(case: Case, judgements: Mapping[tuple[str, str], str]) -> dict[str, int]:
    """How many judgements, by (paper, value) with the reason for dropping or "" for keeping, are of which sort:
    ``kept_good``, ``kept_bad``, ``stopped_bad``, ``stopped_good``, and ``reason`` for a right reason."""
    counts = dict.fromkeys(("kept_good", "kept_bad", "stopped_bad", "stopped_good", "reason"), 0)
    for (paper, value), reason in judgements.items():
        why = reasons(case, paper, value)
        counts[("stopped_" if reason else "kept_") + ("bad" if why else "good")] += 1
        counts["reason"] += reason in why
    return counts
