"""Ways to see less of an argument than was promised: expressions of ``v`` that cut, clamp, sort, strip or drop.

A program that looks at ten characters where twenty were promised, or forgets the sign of small numbers, is the
reference behind one of these. They follow from the type of an argument alone, so every family has them. Each maps
values of a domain to values of that domain (of what is inside a ``Made`` only some: there the whole value stands in).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, singledispatch
from typing import Any, NamedTuple

from lanista.arenas.coding.tasks.domains import Grid, Int, Large, List, Made, Nested, Record, Str, Table, Word
from lanista.arenas.coding.tasks.running import function

LADDER = (1, 2, 3, 5, 8, 9, 10, 12, 15)
"""Lengths at which something is cut, beside the half and the last but one of what was promised."""


class Narrowing(NamedTuple):
    """One way to see less. ``kind`` groups what is alike, ``code`` is a Python expression of ``v``."""

    kind: str
    code: str


@singledispatch
def narrowings(domain: Any) -> Iterator[Narrowing]:
    """The ways to see less of a value of the domain. Raises TypeError for a domain that nothing is known of."""
    raise TypeError(f"no narrowing of {type(domain).__name__} is known; register one in narrowings.py")


@narrowings.register
def _(domain: Int) -> Iterator[Narrowing]:
    low, high = domain.low, domain.high

    def fitted(kind: str, code: str) -> Narrowing:
        return Narrowing(kind, f"max({low}, min({high}, {code}))")

    if low == high:
        return
    for most in (1, 9, 10, 99, 100, 2**31 - 1):
        if low < most < high - 1:
            yield Narrowing("clamp above", f"min(v, {most})")
        if low + 1 < -most < high:
            yield Narrowing("clamp below", f"max(v, {-most})")
    yield Narrowing("clamp above", f"min(v, {high - 1})")
    yield Narrowing("clamp below", f"max(v, {low + 1})")
    if low <= 0 < high:
        yield Narrowing("zero", "v or 1")
    if low < 0:
        yield fitted("sign", "abs(v)")
        yield fitted("sign", "-v")
        yield fitted("sign", "max(v, 0)")
        if low <= -10:
            yield fitted("sign", "abs(v) if v > -10 else v")
            yield fitted("sign", "abs(v) if v < -9 else v")
    if max(high, -low) > 99:
        yield fitted("digits", "int('-' * (v < 0) + (str(abs(v)).replace('0', '') or '0'))")
        yield fitted("digits", "int('-' * (v < 0) + str(abs(v))[:1] + str(abs(v))[1:].strip('0'))")
        yield fitted("digits", "int('-' * (v < 0) + (str(abs(v)).rstrip('0') or '0'))")
        yield fitted("digits", "int('-' * (v < 0) + ''.join(dict.fromkeys(str(abs(v)))))")
        yield fitted("digits", "int('-' * (v < 0) + str(abs(v))[:2])")
        yield fitted("digits", "int('-' * (v < 0) + str(abs(v))[-2:])")


@narrowings.register
def _(domain: Large) -> Iterator[Narrowing]:
    yield from narrowings.dispatch(Int)(domain)
    for power in (32, 53):
        if domain.high > 2**power:
            yield Narrowing("clamp above", f"v % {2**power}")
    yield Narrowing("digits", "v - v % 1000 if v > 10**6 else v")


@narrowings.register
def _(domain: Str) -> Iterator[Narrowing]:
    yield from _cuts(domain.shortest, domain.longest)
    if domain.shortest == 0:
        yield Narrowing("empty", f"v or {domain.letters[0]!r}")
    if domain.longest < 2 or len(domain.letters) < 2:
        return
    yield Narrowing("order", "''.join(sorted(v))")
    yield Narrowing("order", "''.join(sorted(v, reverse=True))")
    yield Narrowing("order", "v[::-1]")
    if domain.shortest > 1:
        return
    yield Narrowing("repeats", "''.join(dict.fromkeys(v))")
    for run in (1, 2, 3, 9):
        if 2 * run < domain.longest:
            keep = f"i < {run} or v[i - {run}:i] != c * {run}"
            yield Narrowing("repeats", f"''.join(c for i, c in enumerate(v) if {keep})")
    whole = " or v[:1]" if domain.shortest else ""
    for letter in domain.letters:
        yield Narrowing("letter", f"v.replace({letter!r}, ''){whole}")
    if " " in domain.letters:
        for code in ("v.strip()", "v.lstrip()", "v.rstrip()", "v.replace('  ', ' ')"):
            yield Narrowing("blanks", f"{code}{whole}")
        yield Narrowing("blanks", "' '.join(v.split())" + whole)


@narrowings.register
def _(domain: Word) -> Iterator[Narrowing]:
    words = domain.words
    for i, word in enumerate(words):
        yield Narrowing("word", f"{words[i - 1]!r} if v == {word!r} else v")


@narrowings.register
def _(domain: List) -> Iterator[Narrowing]:
    yield from _cuts(domain.shortest, domain.longest)
    if domain.longest > 1:
        if isinstance(domain.of, Int | Str | Word | List):
            yield Narrowing("order", "sorted(v)")
            yield Narrowing("order", "sorted(v, reverse=True)")
        yield Narrowing("order", "v[::-1]")
    if domain.shortest == 0:
        yield Narrowing("repeats", "[x for i, x in enumerate(v) if x not in v[:i]]")
        yield Narrowing("repeats", "[x for i, x in enumerate(v) if x not in v[i + 1:]]")
        yield Narrowing("repeats", "[x for i, x in enumerate(v) if i == 0 or x != v[i - 1]]")
        yield Narrowing("empty", "v if len(v) > 1 else []")
        if isinstance(domain.of, Int) and domain.of.low <= 0:
            yield Narrowing("zero", "[x for x in v if x]")
        if isinstance(domain.of, Int) and domain.of.low < 0:
            yield Narrowing("sign", "[x for x in v if x > 0]")
            yield Narrowing("sign", "[x for x in v if x >= 0]")
    plain = (found for found in narrowings(domain.of) if found.kind != "letter")  # one letter of one item is too little
    yield from _inside(plain, "[(§) for v in v]")


@narrowings.register
def _(domain: Table) -> Iterator[Narrowing]:
    for cut in _cuts(0, domain.longest):
        yield Narrowing(cut.kind, f"dict({cut.code.replace('v', 'list(v.items())')})")
    yield Narrowing("order", "dict(sorted(v.items()))")
    yield Narrowing("order", "dict(reversed(v.items()))")
    yield Narrowing("repeats", "{k: x for x, k in {x: k for k, x in v.items()}.items()}")
    if isinstance(domain.values, Int) and domain.values.low <= 0:
        yield Narrowing("zero", "{k: x for k, x in v.items() if x}")
        yield Narrowing("sign", "{k: x for k, x in v.items() if x > 0}")
    cuts = (found for found in narrowings(domain.keys) if found.kind in ("prefix", "suffix"))
    yield from _inside(cuts, "{(§): x for v, x in v.items()}")
    yield from _inside(narrowings(domain.values), "{k: (§) for k, v in v.items()}")


@narrowings.register
def _(domain: Record) -> Iterator[Narrowing]:
    for name, field in domain.fields:
        yield from _inside(narrowings(field), f"{{**v, {name!r}: (lambda v: §)(v[{name!r}])}}")


@narrowings.register
def _(domain: Grid) -> Iterator[Narrowing]:
    for cut in _cuts(1, domain.side):
        yield Narrowing(cut.kind, cut.code)
        yield Narrowing(cut.kind, f"[{cut.code} for v in v]")
    yield Narrowing("square", "[row[:len(v)] for row in v]")
    yield Narrowing("square", "v[:len(v[0])]")
    yield Narrowing("order", "[list(row) for row in zip(*v)]")
    yield Narrowing("order", "v[::-1]")
    yield Narrowing("order", "[row[::-1] for row in v]")
    yield from _inside(narrowings(domain.of), "[[(§) for v in v] for v in v]")


@narrowings.register
def _(domain: Nested) -> Iterator[Narrowing]:
    yield from _cuts(0, domain.longest)
    inner = "v"
    for depth in range(1, domain.depth):
        level = "[x for x in v if not isinstance(x, list)]"
        for _ in range(depth - 1):
            level = f"[(lambda v: {level})(x) if isinstance(x, list) else x for x in v]"
        yield Narrowing("depth", level)
        inner = f"[(lambda v: {inner})(x) if isinstance(x, list) else x for x in v]"
        for cut in _cuts(0, domain.longest):
            yield Narrowing(cut.kind, inner.replace("lambda v: v)", f"lambda v: {cut.code})"))
    yield Narrowing("empty", "[x for x in v if x != []]")
    yield Narrowing("repeats", "[x for i, x in enumerate(v) if x not in v[:i]]")
    yield Narrowing("sign", "eval(str(v).replace('-', ''))")
    yield Narrowing("zero", "[x for x in v if x != 0]")
    text = "str(v).replace('[', '[ ').replace(']', ' ]').replace(',', ' ,').split()"
    each = f"eval(''.join(str((lambda v: §)(int(t))) if t.lstrip('-').isdigit() else t for t in {text}))"
    yield from _inside(narrowings(domain.of), each)


@narrowings.register
def _(domain: Made) -> Iterator[Narrowing]:
    yield from narrowings(domain.like)


@lru_cache(maxsize=1024)
def least(domain: Any) -> tuple[Callable[[Any], Any], ...]:
    """The last narrowing of each kind, which loses least, as functions: what is cut off last at either end, … Calls
    that are drawn without a thought seldom show it."""
    last = {narrowing.kind: narrowing.code for narrowing in narrowings(domain)}
    return tuple(function(f"def g(v):\n    return {code}\n", "g") for code in last.values())


def _cuts(shortest: int, longest: int) -> Iterator[Narrowing]:
    """What is cut off at either end; what is left is never shorter than the shortest."""
    for most in sorted({*LADDER, longest // 2, longest - 1}):
        if max(1, shortest) <= most < longest:
            yield Narrowing("prefix", f"v[:{most}]")
            yield Narrowing("suffix", f"v[-{most}:]")
    if longest - shortest > 1 and longest > 3:
        yield Narrowing("middle", f"v[:{longest // 2}] + v[{longest // 2 + 1}:]")


def _inside(found: Iterable[Narrowing], frame: str) -> Iterator[Narrowing]:
    """The same of a part: ``§`` in the frame stands for its expression."""
    for kind, code in found:
        yield Narrowing(f"{kind} within", frame.replace("§", code))
