"""Specifications that tell a story (walks, machines, formulas, accounts …): the kinds that are understood.

How each kind is worded stands in stories.md: its text, with ``{name}`` for a part that varies (``{name:regex}`` where
only some texts will do) and ``⟦this¦or that⟧`` for what may be there or not. The programs are written by writing.py.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from lanista.agents.coding import writing
from lanista.agents.coding.writing import Found
from lanista.arenas.coding.tasks.domains import Domain, Grid, Int, Large, List, Made, Nested, Record, Str, Word


def read(specification: str) -> tuple[str, tuple[Domain, ...]] | None:
    """The program and the domains of a text; None where it is of no known kind, or says something new."""
    for kind, pattern in PATTERNS.items():
        found = pattern.fullmatch(specification)
        if found:
            parts = {name: text or "" for name, text in found.groupdict().items()}
            try:
                return writing.PROGRAMS[kind](parts), _DOMAINS[kind](parts)
            except KeyError:  # a word that no table of the kind has
                continue
    return None


_PIECE = re.compile(r"\{(\w+)(?::([^{}]*))?\}|⟦|⟧|¦")


def _pattern(text: str) -> re.Pattern[str]:
    made, at = "", 0
    for piece in _PIECE.finditer(text):
        made += re.escape(text[at : piece.start()])
        at = piece.end()
        if piece[1]:
            made += f"(?P<{piece[1]}>{piece[2] or '.*?'})"
        else:
            made += {"⟦": "(?:", "⟧": ")?", "¦": "|"}[piece[0]]
    return re.compile(made + re.escape(text[at:]), re.DOTALL)


_WORDING = (Path(__file__).parent / "stories.md").read_text(encoding="utf-8")
PATTERNS: Mapping[str, re.Pattern[str]] = {
    kind: _pattern(" ".join(text.split()))
    for kind, text in re.findall(r"^## (\w+)\n+(.*?)(?=\n+## |\Z)", _WORDING, re.MULTILINE | re.DOTALL)
}
"""By kind, in the order of stories.md."""


# What the arguments may be


def _formula_domain(t: Found) -> tuple[Domain, ...]:
    signs = list(writing.signs_of(t))

    def draw(rng: random.Random, size: int) -> str:
        parts = [str(rng.randrange(30))]
        for _ in range(rng.randint(1, 4)):
            parts += [rng.choice(signs), str(rng.randrange(30))]
        return "".join(parts)

    border = ("0", *(f"2{a}7{b}3" for a in signs for b in signs))
    return (Made("a formula", draw, lambda value: True, border),)


def _entry_domain(t: Found) -> tuple[Domain, ...]:
    between, sign = t["between"], t["sign"]

    def draw(rng: random.Random, size: int) -> str:
        entries = [
            rng.choice(("", "a", "b", f"a{sign}{rng.randrange(50)}", f"b{sign}{rng.randrange(50)}")) for _ in "12345"
        ]
        return between.join(entries)

    return (Made("entries", draw, lambda value: True, ("", f"a{sign}5{between}a{sign}3{between}{between}a")),)


def _pairs(t: Found) -> tuple[Domain, ...]:
    def draw(rng: random.Random, size: int) -> list[list[int]]:
        return [rng.sample(range(6), 2) for _ in range(rng.randint(1, 5))]

    return (Made("pairs", draw, lambda value: True, ([], [[0, 1]], [[5, 0]], [[0, 1], [1, 0]])),)


def _words_domain(t: Found) -> tuple[Domain, ...]:
    names = [writing.WORDS[told][0] for told in t["words"].split("; ")]
    return (List(Word(("3", "5", "8", *names)), 10, 4),)


def _told(t: Found) -> tuple[Domain, ...]:
    return (List(Int(int(t["low"]), int(t["high"])), min(10, int(t["longest"]))),)


_DOMAINS: Mapping[str, Callable[[Found], tuple[Domain, ...]]] = {
    "stairs": lambda t: (Int(0, int(t["high"])),),
    "multiples": lambda t: (Large(0, 10 ** int(t["power"])),),
    "paths": lambda t: (Grid(Int(0, 9), 5),),
    "edits": lambda t: (Str("abc", 8), Str("abc", 8)),
    "chains": _told,
    "change": lambda t: (Int(0, 24), List(Int(1, 9), 6)),
    "pair": lambda t: (List(Int(-3, 6), 8), Int(-4, 10)),
    "peak": _told,
    "order": _pairs,
    "measures": _told,
    "nested": lambda t: (Nested(Int(-9, 9)),),
    "formulas": _formula_domain,
    "entries": _entry_domain,
    "runs": lambda t: (Str("abc", 12),),
    "brackets": lambda t: (Str(t["kinds"].replace(" ", "") + "a", 8),),
    "robot": lambda t: (Str("FFFLR" + "B" * bool(t["back"]), 20),),
    "machine": _words_domain,
    "cells": lambda t: (Str("01", 10, 1), Int(0, 6)),
    "accounts": lambda t: (List(Record((("kind", Word(("in", "out"))), ("amount", Int(1, 20)))), 8),),
}
"""What the arguments may be, by kind; smaller than told where that is enough to test with."""
