"""The values of a domain that a promise stands or falls with: its ends, and what programs forget inside them.

Everything here is read off the domain that the specification is worded from, so what is promised and what is tried are
one thing: the shortest and the longest, the least and the largest and their neighbours, zero and both signs, digits
with zeros inside, ties, runs, repeats, both orders, blanks at either end. ``marks`` are numbers that a task names.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from functools import singledispatch
from typing import Any

from lanista.arenas.coding.tasks.domains import Grid, Int, Large, List, Made, Nested, Record, Str, Table, Word


@singledispatch
def corners(domain: Any, rng: random.Random) -> list[Any]:
    """Values that cover the domain, those first that no set of calls may lack. Raises TypeError for a domain that
    nothing is known of."""
    raise TypeError(f"no corners of {type(domain).__name__} are known; register them in corners.py")


@corners.register
def _(domain: Int, rng: random.Random) -> list[Any]:
    low, high = domain.low, domain.high
    found = [low, high, 0, low + 1, high - 1, 1, -1]
    for sign in (1, -1):  # every number of digits, and what digits can hold
        found += [sign * n for n in rng.sample(range(2, 10), 2 if sign > 0 else 8)] + [sign * rng.randint(10, 99)]
        found += [sign * (100 * rng.randint(1, 9) + rng.randint(1, 9)), sign * 10 * rng.randint(1, 99)]
        found += [sign * 11 * rng.randint(1, 9), sign * (111 * rng.randint(1, 9))]
    return _some(domain, found)


@corners.register
def _(domain: Large, rng: random.Random) -> list[Any]:
    found = [domain.low, domain.high, domain.low + 1, domain.high - 1, 2, 3]
    for digits in range(1, len(str(domain.high))):
        found.append(rng.randrange(10 ** (digits - 1), 10**digits))
    found += [10 ** rng.randint(1, 3), 10 ** rng.randint(1, 3) - 1, 2**31, 2**32 + rng.randrange(2**20)]
    return _some(domain, found)


@corners.register
def _(domain: Str, rng: random.Random) -> list[Any]:
    letters, longest = domain.letters, domain.longest
    solid = letters.replace(" ", "") or letters

    def drawn(count: int, among: Sequence[str] = letters) -> str:
        return "".join(rng.choices(among, k=count))

    few = "".join(rng.sample(solid, min(2, len(solid))))
    found = [drawn(longest), "", drawn(longest), drawn(longest - 1)]
    if " " in letters:
        half = (longest - 4) // 2
        found.append(f" {drawn(half, solid)}  {drawn(half, solid)} ")
        found += [f"  {drawn(3, solid)} {drawn(2, solid)}", f"{drawn(2, solid)}   {drawn(3, solid)}  ", " " * longest]
        word = drawn(3, solid)
        found += [
            " ".join(drawn(longest // 2, solid)),
            f"{word} {word} {drawn(2, solid)} {word}",
            " ".join(word[0] * 3),
        ]
    found += [drawn(longest, few), drawn(longest, rng.sample(letters, min(3, len(letters))))]
    found += [_runs(rng, solid, longest), rng.choice(solid) * longest]
    rest = longest - 2  # what only the last or the first characters tell
    found += [
        rng.choice(solid) * rest + drawn(2, solid),
        drawn(2, solid) + rng.choice(solid) * rest,
        _apart(rng, solid, longest),
    ]
    found += [drawn(1, solid), "".join(sorted(drawn(longest, solid)))]
    found += ["".join(sorted(drawn(longest, solid), reverse=True)), drawn(longest // 2 + 1), drawn(2, solid)]
    found.append(rng.choice(solid) * (longest // 2) + drawn(longest - longest // 2))
    return _some(domain, found)


@corners.register
def _(domain: Word, rng: random.Random) -> list[Any]:
    return rng.sample(domain.words, len(domain.words))


@corners.register
def _(domain: List, rng: random.Random) -> list[Any]:
    of, longest = domain.of, domain.longest
    parts = corners(of, rng)

    def drawn(count: int) -> list[Any]:
        return [of.draw(rng, 0) for _ in range(count)]

    def ranked(values: list[Any]) -> list[Any]:
        return sorted(values, key=_key)

    found: list[list[Any]] = [[], drawn(longest)]
    for start in range(0, min(len(parts), 3 * longest), longest):  # an item's corners, in as few lists as can be
        part = parts[start : start + longest]
        found.append(rng.sample(part + drawn(longest - len(part)), longest))
    few = [rng.choice(parts), of.draw(rng, 0), of.draw(rng, 0)]
    found += [drawn(longest - 1), rng.choices(few, k=longest), [rng.choice(parts)], [of.draw(rng, 0)] * longest]
    found += [ranked(drawn(longest)), ranked(drawn(longest))[::-1]]
    found += _of_kind(rng, of, longest)
    for _ in range(2):
        found.append([of.draw(rng, 0)] * (longest - 2) + drawn(2))  # what only the last few tell
    plain, *odd = _odd(rng, of)
    for number, spot in enumerate((longest - 1, 0, longest // 2, longest - 1, 0, longest // 2)[: 3 * len(odd)]):
        alone = [plain] * longest  # one that is not like the others, and decides
        alone[spot] = odd[(number + number // 3) % len(odd)]
        found.append(alone)
    doubled = [x for x in drawn(longest // 2) for _ in range(2)]
    found += [doubled, drawn(2), [parts[0]] * 2, [parts[-1]], drawn(longest // 2) + [few[1]] * (longest - longest // 2)]
    found += [ranked(drawn(longest - 1)), drawn(2) + [few[1]] * (longest - 2)]
    return _some(domain, found)


@corners.register
def _(domain: Table, rng: random.Random) -> list[Any]:
    keys, values = corners(domain.keys, rng), corners(domain.values, rng)

    def made(count: int, among: Sequence[Any] = ()) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for _ in range(20 * count):
            key = rng.choice(keys) if rng.random() < 0.5 else domain.keys.draw(rng, 0)
            found[key] = rng.choice(among) if among else domain.values.draw(rng, 0)
            if len(found) == count:
                break
        return found

    found: list[dict[Any, Any]] = [{}, made(domain.longest), made(1), made(1, values)]
    for start in range(0, min(len(values), 3 * domain.longest), domain.longest):
        part = values[start : start + domain.longest]
        found.append(dict(zip(made(len(part)), rng.sample(part, len(part)), strict=False)))
    if isinstance(domain.keys, Str):
        for i in range(10):  # where keys are taken for the same, the later value stands: falling and rising ones tell
            keys = (_kin, _twins, _twins, _variants)[i % 4](rng, domain.keys, domain.longest)
            drawn = sorted((domain.values.draw(rng, 0) for _ in keys), key=_key, reverse=i % 3 > 0)
            found.append(dict(zip(keys, drawn, strict=True)))
    if isinstance(domain.values, Int):
        low, high = domain.values.low, domain.values.high
        if isinstance(domain.keys, Str):
            for spot in (0, 0, -1):
                one = "".join(rng.choices(domain.keys.letters, k=domain.keys.longest))
                other = list(one)
                other[spot] = rng.choice(domain.keys.letters)
                found.append({one: high - rng.randrange(2), "".join(other): high - 2 - rng.randrange(2)})
        found += [made(3, (low, low + 1)), made(domain.longest, (high, high - 1)), made(4, (low, low + 2, -1, 0))]
        found += [made(4, range(low, min(0, high))), made(domain.longest, (high, high - 1)), made(2, (low, low + 1))]
        found += [made(count, (0, 1)) for count in (3, 4) if low <= 0 < high]
        found += [made(3, [x for x in (-1, 0, 1) if low <= x <= high]), made(domain.longest, (-1, 0, low))]
    value = domain.values.draw(rng, 0)
    found += [made(domain.longest, [value]), made(domain.longest, [value, values[0]]), made(domain.longest - 1)]
    up = made(domain.longest)
    found += [
        dict(sorted(up.items())),
        dict(sorted(up.items(), reverse=True)),
        made(2, values),
    ]
    for falling in (False, True):
        ranked = sorted(made(domain.longest).items(), key=lambda item: (item[1], item[0]), reverse=falling)
        found.append(dict(ranked))
    return _some(domain, found)


@corners.register
def _(domain: Record, rng: random.Random) -> list[Any]:
    columns = [corners(field, rng) for _, field in domain.fields]
    found = []
    for i in range(max(map(len, columns))):
        found.append({name: c[i % len(c)] for (name, _), c in zip(domain.fields, columns, strict=True)})
    return found


@corners.register
def _(domain: Grid, rng: random.Random) -> list[Any]:
    of, side = domain.of, domain.side
    parts = corners(of, rng)

    def made(rows: int, columns: int, low: int = of.low) -> list[list[int]]:
        return [[rng.randint(low, of.high) for _ in range(columns)] for _ in range(rows)]

    upper = of.low + (of.high - of.low) // 3
    low = [[rng.choice((of.low, of.low, of.low + 1)) for _ in range(5)] for _ in range(6)]
    found = [made(side, side, upper), [[of.low]], low, made(1, side, upper), made(side, 1, upper), [[of.high]]]
    found.append([[of.high] * side] * side)
    for rows, columns in ((side - 1, side), (side, side - 1), (3, 8), (8, 3), (2, side), (side, 2), (5, 5), (2, 2)):
        found.append(made(rows, columns, rng.choice((of.low, upper, upper))))
    found += [[[of.draw(rng, 0)] * 4] * 4, made(2, 1, upper), made(1, 2, upper), [[x] for x in parts], [parts]]
    near = [rng.choices(parts, k=6) for _ in range(5)]
    found += [made(4, 4), near, made(3, 3), made(3, 4), [parts, parts[::-1]], rng.choices(near, k=side)]
    return _some(domain, [[list(row[:side]) for row in grid[:side]] for grid in found])


@corners.register
def _(domain: Nested, rng: random.Random) -> list[Any]:
    of, depth, longest = domain.of, domain.depth, domain.longest
    parts = corners(of, rng)

    def full(level: int, count: int) -> list[Any]:
        inner = [full(level - 1, count)] if level > 1 else []
        items = [rng.choice(parts) for _ in range(count - len(inner))]
        return rng.sample([*items, *inner], count)

    def bushy(level: int) -> list[Any]:
        return [bushy(level - 1) if level > 1 else rng.choice(parts) for _ in range(longest)]

    def bare(level: int, inside: list[Any]) -> list[Any]:
        return inside if level == 1 else [bare(level - 1, inside)]

    found = [[], full(depth, longest), full(depth, longest), bare(depth, []), bare(depth, [rng.choice(parts)])]
    found += [[[], [], []], full(2, longest), [[], rng.choice(parts), [[]]], full(depth, 2), full(depth, 3), bushy(2)]
    found += [[x, [x, [x, [x]]]] for x in (of.low, of.high)]
    found += [[of.high, of.high, [of.high], [of.high]], [[of.high] * longest] * 2 + [of.high] * 2]
    for level in range(depth, 1, -1):  # one item that decides, in any place of a list that stands deep
        for spot in range(longest):
            alone = [0 if of.low <= 0 <= of.high else of.low] * longest
            alone[spot] = rng.choice((of.high, of.high - 1, of.low))
            found.append(bare(level, alone))
    found.append(bare(2, [0]))
    for start in range(0, len(parts), longest - 1):
        part = parts[start : start + longest - 1]
        found.append([*part, [[part[0]], rng.choice(part)]])
    return _some(domain, [bushy(depth - 1), *found])


@corners.register
def _(domain: Made, rng: random.Random) -> list[Any]:
    border = rng.sample(domain.border, len(domain.border))
    full = domain.full or (lambda rng: domain.drawer(rng, 0))
    found = [full(rng), domain.border[0], full(rng), *domain.ends]
    for value in border:
        found += [value, full(rng)] if len(found) < 30 else [value]
    return _some(domain, found)


@singledispatch
def marked(domain: Any, rng: random.Random, marks: Sequence[int]) -> list[Any]:
    """Values made of numbers that a task names; [] where the domain holds no numbers."""
    return []


@marked.register
def _(domain: Int, rng: random.Random, marks: Sequence[int]) -> list[Any]:
    return [mark for mark in marks if domain.low <= mark <= domain.high]


@marked.register
def _(domain: List, rng: random.Random, marks: Sequence[int]) -> list[Any]:
    items = marked(domain.of, rng, marks)
    if not items:
        return []
    rest = [domain.of.draw(rng, 0) for _ in range(domain.longest)]
    some = rng.sample(items + rest, domain.longest)
    return [rng.choices(items, k=domain.longest), some, [rng.choice(items)], rng.choices(items, k=3)]


@marked.register
def _(domain: Table, rng: random.Random, marks: Sequence[int]) -> list[Any]:
    items = marked(domain.values, rng, marks)
    keys = [domain.keys.draw(rng, 0) for _ in range(domain.longest)]
    return [{key: rng.choice(items) for key in keys[:count]} for count in (domain.longest, 3) if items]


@marked.register
def _(domain: Record, rng: random.Random, marks: Sequence[int]) -> list[Any]:
    found = []
    for name, field in domain.fields:
        found += [{**domain.draw(rng, 0), name: value} for value in marked(field, rng, marks)]
    return found


@marked.register
def _(domain: Grid, rng: random.Random, marks: Sequence[int]) -> list[Any]:
    items = marked(domain.of, rng, marks)
    found = [[rng.choices(items, k=4) for _ in range(rows)] for rows in (3, 4) if items]
    for value in items[:3]:
        high = domain.of.high
        found.append([rng.choices((value, high, high), k=3) for _ in range(3)])
        found += [[[value, high], [high, high]], [[high, high], [high, value]]]
    return found


def traits(answer: Any) -> set[tuple[str, Any]]:
    """What an answer has that others may lack: a sign, a size, a length, blanks at its ends, repeats."""
    kind = type(answer).__name__
    if isinstance(answer, int | float):
        size = 0 if answer == 0 else len(str(int(abs(answer))))
        return {(kind, (answer > 0) - (answer < 0)), (kind, size if size < 4 else 4)}
    if isinstance(answer, str | list | dict):
        length = len(answer)
        found: set[tuple[str, Any]] = {(kind, step) for step in (0, 1, 2, 6, 10, 12, 20) if length >= step}
        found.add((kind, "none" if not length else "some"))
        if length > 1 and not isinstance(answer, dict):
            repeats = [a == b for a, b in itertools.pairwise(answer)]
            found |= {(kind, ("twice", True in repeats)), (kind, ("back", answer[0] == answer[-1]))}
        if isinstance(answer, str) and answer:
            found |= {
                (kind, "blank before" if answer[0] == " " else ""),
                (kind, "blank after" if answer[-1] == " " else ""),
            }
            found |= {(kind, "blanks" if "  " in answer else "")}
        return found
    return {(kind, None)}


def akin(rng: random.Random, text: str) -> str:
    """A string that differs little: a character more, less, twice or another, or the same ones in another order."""
    spot = rng.randrange(len(text) + 1)
    before, after = text[:spot], text[spot:]
    other = rng.choice(text) if text else ""
    return rng.choice(
        (before + after[1:], before + after[:1] + after, before + other + after[1:], "".join(sorted(text)), text[::-1])
    )


def _some(domain: Any, found: Sequence[Any]) -> list[Any]:
    """Those of the values that are inside, without repetitions."""
    made: dict[str, Any] = {}
    for value in found:
        if domain.why_not(value) is None:
            made.setdefault(repr(value), value)
    return list(made.values())


def _of_kind(rng: random.Random, of: Any, longest: int) -> list[list[Any]]:
    """Lists that only lists of such items turn on."""
    if isinstance(of, Str):
        found = [f(rng, of, longest) for f in (_kin, _variants, _twins, _variants, _twins, _kin, _twins)]
        level = ["".join(rng.choices(of.letters, k=of.longest)) for _ in range(3)]
        found += [rng.choices(rng.sample(of.letters, 2), k=longest)] * (of.shortest < 2)
        return [*found, level[:1], rng.choices(level, k=longest), rng.choices(level, k=longest)]
    if isinstance(of, Record):
        return [[_halved(rng, of, upper) for _ in range(longest)] for upper in (True, False, True)]
    if not isinstance(of, Int):
        return []
    low, high = of.low, of.high
    lists: list[list[Any]] = [[low], [high], [low, high], rng.choices((low, low + 1, high - 1, high), k=longest)]
    for start, step in ((low, 1), (high, -1)):  # neighbours at either end, in any order
        lists.append([start + step * rng.randrange(3) for _ in range(4)])
        lists += [[start + step, start, start + step], rng.choices((start, start + step), k=5)]
    if low < 0 <= high:
        lists.append([0, rng.randint(low, -1), rng.randint(low, -1)])
    small = [x for x in (-1, 0, 1, 2, 3) if low <= x <= high]
    lists += [rng.choices(small, k=k) for k in (3, 7, min(9, longest), 5)]
    return [*lists, sorted(rng.choices(small, k=longest))]


def _kin(rng: random.Random, of: Str, count: int) -> list[str]:
    """So many strings, mostly akin to one another: what takes them for the same is seen."""
    made = [of.draw(rng, 0)]
    for _ in range(20 * count):
        text = akin(rng, rng.choice(made)) if rng.random() < 0.8 else of.draw(rng, 0)
        if of.why_not(text) is None:
            made.append(text)
        if len(made) == count:
            break
    return made


def _twins(rng: random.Random, of: Str, count: int) -> list[str]:
    """So many strings of nearly the longest, in pairs that differ in one place: the last, the first, one in between."""
    made: list[str] = []
    while len(made) < count:
        text = "".join(rng.choices(of.letters, k=of.longest))
        if rng.random() < 0.3:
            text = text[:1] * 4 + text[4:]
        spot = rng.choice((of.longest - 1, of.longest - 1, 0, of.longest // 2, min(3, of.longest - 1)))
        other = "" if rng.random() < 0.4 else rng.choice(of.letters)
        made += [text[: of.longest], (text[:spot] + other + text[spot + 1 :])[: of.longest]]
    return [text for text in rng.sample(made[:count], count) if of.why_not(text) is None]


def _odd(rng: random.Random, of: Any) -> list[Any]:
    """An item, and one or two to which it is nothing: larger and smaller, or longer."""
    if isinstance(of, Int):
        return [rng.randint((2 * of.low + of.high) // 3, (of.low + 2 * of.high) // 3), of.high, of.low]
    if isinstance(of, Str):
        return ["".join(rng.choices(of.letters, k=k)) for k in (max(1, of.shortest), of.longest)]
    return [of.draw(rng, 0), of.draw(rng, 0)]


def _variants(rng: random.Random, of: Str, count: int) -> list[str]:
    """Up to so many strings of the same characters, or nearly: backwards, sorted, one doubled, one left out."""
    text = "".join(rng.choices(of.letters, k=of.longest - 1))
    made = [text, text[::-1], "".join(sorted(text)), text[:-1], text[1:], text + text[-1], text[0] + text]
    made += ["".join(sorted(text, reverse=True)), "".join(dict.fromkeys(text)), text[:1] * of.longest, text[:1]]
    return [text for text in rng.sample(made, min(count, len(made))) if of.why_not(text) is None]


def _halved(rng: random.Random, of: Record, upper: bool) -> dict[str, Any]:
    """A record with all its numbers in the upper or the lower third."""
    made = of.draw(rng, 0)
    for name, field in of.fields:
        if isinstance(field, Int):
            third = (field.high - field.low) // 3
            made[name] = rng.randint(field.high - third, field.high) if upper else field.low + rng.randint(0, third)
    return made


def _apart(rng: random.Random, letters: str, count: int) -> str:
    """No character beside its like."""
    text = rng.choice(letters)
    while len(text) < count:
        text += rng.choice(letters.replace(text[-1], "") or letters)
    return text


def _runs(rng: random.Random, letters: str, longest: int) -> str:
    text = rng.choice(letters) * min(10, longest // 2 + 1)
    while len(text) < longest:
        text += rng.choice(letters) * rng.randint(1, 4)
    return text[:longest]


def _key(value: Any) -> Any:
    return [str(x) for x in value.values()] if isinstance(value, dict) else value
