"""From the words of a specification to a program, as a reader of them would write it.

Three kinds of text are understood. Sentences in a row, each of which changes ``v``: every sentence stands in a phrase
book with the expression it asks for, and which sentences fit depends on what ``v`` is by then. Numbers that follow from
the ones before: the weights and the first values are read off. And the stories of stories.py. Other texts are not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from lanista.agents.coding import stories
from lanista.arenas.coding.tasks.domains import Domain, Int
from lanista.arenas.coding.tasks.pipelines import PRIMITIVES, STARTS

_ROW = re.compile(r"Start with v\. (?P<steps>.*) Return the result\. v is (?P<start>.*)\.", re.DOTALL)
_RECURRENCE = re.compile(
    r"Return (?P<name>\w+)\(n\), where (?P<given>.*), and (?P=name)\(n\) = (?P<sum>.*) for n >= (?P<order>\d+)\. "
    r"n is a whole number from (?P<low>\d+) to (?P<high>\d+)\."
)
_ANSWER = re.compile(r" The answer is [^.]*\.$")
_TERM = re.compile(r"(?:(\d+) \* )?\w+\(n - (\d+)\)")
_GIVEN = re.compile(r"\w+\((\d+)\) = (-?\d+)")


class Plan(NamedTuple):
    """What a specification asks for."""

    domains: tuple[Domain, ...]
    """What the arguments may be."""
    lines: tuple[str, ...] = ()
    """The expressions of ``v``, where they stand in a row."""
    weights: tuple[int, ...] = ()
    starts: tuple[int, ...] = ()
    entry_point: str = "f"
    """The function of a recurrence with these weights and first values."""
    story: str = ""
    """The program that a story asks for."""


@lru_cache(maxsize=4096)
def plan(specification: str) -> Plan | None:
    """What a specification asks for; None where it is not understood."""
    text = _ANSWER.sub("", specification.strip())
    row = _ROW.fullmatch(text)
    if row:
        start = next((kind for kind, domain in STARTS.items() if domain.text == row["start"]), None)
        lines = None if start is None else _lines(row["steps"], start)
        return None if start is None or lines is None else Plan((STARTS[start],), lines)
    told = _RECURRENCE.fullmatch(text)
    if told is None:
        story = stories.read(text)
        return None if story is None else Plan(story[1], story=story[0])
    terms = {int(back): int(weight or 1) for weight, back in _TERM.findall(told["sum"])}
    given = {int(n): int(value) for n, value in _GIVEN.findall(told["given"])}
    order = int(told["order"])
    if set(terms) - set(range(1, order + 1)) or set(given) != set(range(order)):
        return None
    weights = tuple(terms.get(back, 0) for back in range(1, order + 1))
    starts = tuple(given[n] for n in range(order))
    return Plan((Int(int(told["low"]), int(told["high"])),), (), weights, starts, told["name"])


def program(wanted: Plan) -> str:
    """A program that does what is asked."""
    if wanted.story:
        return wanted.story
    if wanted.lines:
        *before, last = wanted.lines
        return "\n".join(["def f(v):", *(f"    v = {line}" for line in before), f"    return {last}"])
    names = "abcdefgh"[: len(wanted.starts)]
    terms = [f"{w} * {x}" if w != 1 else x for w, x in zip(wanted.weights, reversed(names), strict=True) if w]
    left = ", ".join(names)
    right = ", ".join([*names[1:], " + ".join(reversed(terms))])
    return (
        f"def {wanted.entry_point}(n):\n    {left} = {', '.join(map(str, wanted.starts))}\n"
        f"    for _ in range(n):\n        {left} = {right}\n    return a"
    )


def as_told(wanted: Plan) -> str:
    """A recurrence written down as it is told: right, and exponential."""
    name = wanted.entry_point
    terms = [f"{w} * {name}(n - {i})" if w != 1 else f"{name}(n - {i})" for i, w in enumerate(wanted.weights, 1) if w]
    return (
        f"def {name}(n):\n    if n < {len(wanted.starts)}:\n        return {list(wanted.starts)}[n]\n"
        f"    return {' + '.join(terms)}"
    )


def _lines(text: str, kind: str) -> tuple[str, ...] | None:
    """The expressions of a row of sentences about a ``v`` of that kind. The longest sentence that fits comes first."""
    if not text:
        return ()
    for sentence, (expression, gives) in _BOOK[kind].items():
        if text == sentence or text.startswith(sentence + " "):
            rest = _lines(text[len(sentence) + 1 :], gives)
            if rest is not None:
                return (expression, *rest)
    return None


def _book() -> Mapping[str, Mapping[str, tuple[str, str]]]:
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for primitive in sorted(PRIMITIVES, key=lambda p: -len(p.says)):
        found.setdefault(primitive.takes, {})[primitive.says] = (primitive.does, primitive.gives)
    return found


_BOOK = _book()
"""What each sentence asks for, by what it is said of: the expression of ``v``, and what it gives."""
