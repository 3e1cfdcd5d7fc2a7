"""Reading texts: formulas with operators of given ranks, entries with given separators, runs, brackets."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from lanista.arenas.coding.tasks.domains import Made, Str, matches
from lanista.arenas.coding.tasks.recipe import Family, Recipe, source
from lanista.arenas.coding.tasks.relations import Relation

_OPERATORS = {
    "+": ("+ adds", "a + b", "b + a"),
    "-": ("- subtracts", "a - b", "-(b - a)"),
    "*": ("* multiplies", "a * b", "sum([a] * b) if b > 0 else -sum([a] * -b)"),
    "^": ("^ takes the larger of two", "max(a, b)", "a if a > b else b"),
    "_": ("_ takes the smaller of two", "min(a, b)", "a if a < b else b"),
}


def _formula(levels: Any) -> Recipe:
    """``levels`` are strings of operators, those that bind least first."""
    signs = "".join(levels)
    ranks = ", then ".join(" and ".join(level) for level in reversed(levels))
    order = f"First {ranks} are worked out" if len(levels) > 1 else "All are worked out"
    reference = source(
        """
        def f(s):
            for level in $levels:
                for i in range(len(s) - 1, 0, -1):
                    if s[i] in level:
                        a, b = f(s[:i]), f(s[i + 1:])
        $cases
            return int(s)
        """,
        levels=list(levels),
    )
    cases = [
        f'                if s[i] == "{sign}":\n                    return {_OPERATORS[sign][1]}' for sign in signs[:-1]
    ]
    cases.append(f"                return {_OPERATORS[signs[-1]][1]}")
    brute = source(
        """
        def f(s):
            rank = $ranks
            values, signs, number = [], [], ""

            def work():
                b, a, sign = values.pop(), values.pop(), signs.pop()
        $cases

            for c in s:
                if c not in rank:
                    number += c
                    continue
                values.append(int(number))
                number = ""
                while signs and rank[signs[-1]] >= rank[c]:
                    work()
                signs.append(c)
            values.append(int(number))
            while signs:
                work()
            return values[0]
        """,
        ranks={sign: rank for rank, level in enumerate(levels) for sign in level},
    )
    again = [f'        if sign == "{sign}":\n            values.append({_OPERATORS[sign][2]})' for sign in signs]
    return Recipe(
        composition=" < ".join(levels),
        steps=len(signs),
        entry_point="f",
        specification=(
            f"Return the value of the formula s. {', '.join(_OPERATORS[sign][0] for sign in signs)}. {order}, each "
            f"from left to right. s is {_formulas(signs).text}."
        ),
        answer="an int",
        reference=reference.replace("$cases", "\n".join(cases)),
        brute=brute.replace("$cases", "\n".join(again)),
        domains=(_formulas(signs),),
        relations=(Relation("again"),),
    )


NUMBERS = 8
"""The most numbers of a formula."""

ENTRIES = 8
"""The most entries of a string of them."""


def _formulas(signs: str) -> Made:
    def full(rng: random.Random) -> str:
        highs = rng.choice(((10,), (100,), (10, 100), (10, 100)))  # small ones too, or products hide what was added
        numbers = [rng.randrange(high // 10, high) for high in rng.choices(highs, k=NUMBERS)]
        order = rng.choice((0, 0, 1, -1))  # rising and falling: the last or the first decides what is largest
        numbers = sorted(numbers, key=lambda n: order * n)
        only = rng.choice((signs, *signs) if order else (signs, signs, *signs))
        return str(numbers[0]) + "".join(rng.choice(only) + str(n) for n in numbers[1:])

    def drawer(rng: random.Random, size: int) -> str:
        count = rng.randint(1, 4 if 0 < size <= 4 else NUMBERS)
        text = str(rng.randrange(10))
        for _ in range(count - 1):
            text += rng.choice(signs) + str(rng.randrange(10 if rng.random() < 0.7 else 100))
        return text

    inside = matches(rf"(0|[1-9]\d?)([{_escaped(signs)}](0|[1-9]\d?)){{0,{NUMBERS - 1}}}", 40)
    border = ["0", "7", "42", *(f"3{sign}5" for sign in signs)]
    border += [f"2{a}7{b}3" for a in signs for b in signs]
    ends = [
        signs[-1].join(["99"] * NUMBERS),
        signs[0].join(["10"] * NUMBERS),
        f"10{signs[0]}0",
        f"0{signs[-1]}20",
        "99",
    ]
    promise = f"a string of whole numbers from 0 to 99, at most {NUMBERS}, with operators between"
    return Made(
        promise, drawer, inside, tuple(border), Str("0123456789" + signs, 3 * NUMBERS - 1, 1), full, tuple(ends)
    )


def _escaped(signs: str) -> str:
    return "".join("\\" + sign for sign in signs)


def _draw_formula(rng: random.Random, steps: int) -> Any:
    signs = rng.sample(sorted(_OPERATORS), steps)
    levels = ["".join(signs[:1])]
    for sign in signs[1:]:
        if rng.random() < 0.6:
            levels.append(sign)
        else:
            levels[-1] += sign
    return tuple("".join(sorted(level)) for level in levels)


_TWICE = {
    "first": ("the first one counts", "if k not in w:\n    w[k] = x", "for k, x in reversed(found):\n    w[k] = x"),
    "last": ("the last one counts", "w[k] = x", "for k, x in found:\n    w[k] = x"),
    "sum": (
        "their values are added",
        "w[k] = w.get(k, 0) + x",
        "for k, _ in found:\n    w[k] = sum(x for j, x in found if j == k)",
    ),
    "most": ("the largest value counts", "w[k] = max(x, w.get(k, x))", "for k, x in sorted(found):\n    w[k] = x"),
}


def _entries(numbers: Any) -> Recipe:
    between, sign, twice, bare = numbers
    told, keep, again = _TWICE[twice]
    broken = f"An entry without {sign} has the value 1" if bare == "one" else f"An entry without {sign} is left out"
    otherwise = {
        "one": ("k, x = e, 1", f'if "{sign}" not in e:\n    e += "{sign}1"'),
        "out": ("continue", f'if "{sign}" not in e:\n    e = ""'),
    }[bare]
    return Recipe(
        composition=f"{between}{sign} {twice} {bare}",
        steps=2 + (twice != "last"),
        entry_point="f",
        specification=(
            f"s holds entries with {between} between them, such as a{sign}3{between}b{sign}12{between}a. Return "
            "a dictionary "
            f"from names to whole numbers. Where a name stands twice, {told}. {broken}. Empty entries are left out. "
            f"s is {_lists(between, sign).text}."
        ),
        answer="a dict from str to int",
        reference=source(
            """
            def f(s):
                w = {}
                for e in s.split("$between"):
                    if not e:
                        continue
                    if "$sign" in e:
                        k, x = e[0], int(e[2:])
                    else:
                        $otherwise
            $keep
                return w
            """,
            between=between,
            sign=sign,
            otherwise=otherwise[0],
            keep=_indent(keep, 8),
        ),
        brute=source(
            """
            def f(s):
                found, e = [], ""
                for c in s + "$between":
                    if c != "$between":
                        e += c
                        continue
            $bare
                    if e:
                        i = e.index("$sign")
                        found.append((e[:i], int(e[i + 1:])))
                    e = ""
                w = {}
            $again
                return w
            """,
            between=between,
            sign=sign,
            bare=_indent("if e:\n" + _indent(otherwise[1], 4), 8),
            again=_indent(again, 4),
        ),
        domains=(_lists(between, sign),),
        relations=(Relation("again"),),
    )


def _lists(between: str, sign: str) -> Made:
    def full(rng: random.Random) -> str:
        names = rng.choice(("abcd", "abcd", "ad", "c"))
        made = [f"{rng.choice(names)}{sign}{rng.randrange(10, 100)}" for _ in range(ENTRIES)]
        if rng.random() < 0.4:  # bare names and empty entries, the last one too
            made[rng.randrange(ENTRIES)], made[-1] = rng.choice(names), rng.choice(("", rng.choice(names)))
        return between.join(made)

    def drawer(rng: random.Random, size: int) -> str:
        made = []
        for _ in range(rng.randint(0, 4 if 0 < size <= 4 else ENTRIES)):
            kind, name = rng.random(), rng.choice("abcd")
            made.append("" if kind < 0.1 else name if kind < 0.3 else f"{name}{sign}{rng.randrange(100)}")
        return between.join(made)

    entry = rf"([a-d](\{sign}(0|[1-9]\d?))?)?"
    border: tuple[str, ...] = (
        "",
        "a",
        f"a{sign}0",
        f"b{sign}7",
        f"a{sign}5{between}a{sign}3",
        f"a{sign}3{between}a{sign}5",
    )
    border += (between, f"c{between}c{sign}9", f"c{sign}9{between}c", f"b{sign}4{between}{between}d{sign}2")
    last = between.join([f"a{sign}10"] * (ENTRIES - 1) + [f"d{sign}99"])
    ends = (last, between * (ENTRIES - 1), f"{between}a{sign}10", f"d{sign}99{between}", "d", f"c{between}b{between}a")
    promise = (
        f"a string of at most {ENTRIES} entries, each a letter from a to d, or such a letter, {sign} and a whole "
        "number from 0 to 99, or empty"
    )
    inside = matches(rf"{entry}(\{between}{entry}){{0,{ENTRIES - 1}}}", 50)
    return Made(promise, drawer, inside, border, Str(f"abcd0123456789{between}{sign}", 5 * ENTRIES - 1), full, ends)


def _draw_entries(rng: random.Random, steps: int) -> Any:
    while True:
        twice = rng.choice(sorted(_TWICE))
        if 2 + (twice != "last") == steps:
            return rng.choice(",;|&"), rng.choice("=:"), twice, rng.choice(("one", "out"))


def _runs(numbers: Any) -> Recipe:
    first, least, upper = numbers
    single = "c" if not upper else "c.upper()"
    pair = f"str(n) + {single}" if first else f"{single} + str(n)"
    where = "preceded" if first else "followed"
    return Recipe(
        composition=f"{'count first' if first else 'count last'} {least} {upper}",
        steps=2,
        entry_point="f",
        specification=(
            f"Return s with each run of at least {least} equal characters written as that character once, "
            f"{where} by the "
            f"length of the run{', the character in capitals' if upper else ''}; shorter runs stay as they are. "
            f"s is {Str('abc', 20).text}."
        ),
        answer="a str",
        reference=source(
            """
            def f(s):
                w, i = "", 0
                while i < len(s):
                    c, n = s[i], 1
                    while i + n < len(s) and s[i + n] == c:
                        n += 1
                    w += $pair if n >= $least else c * n
                    i += n
                return w
            """,
            pair=pair,
            least=least,
        ),
        brute=source(
            """
            def f(s):
                parts = []
                for c in s:
                    if parts and parts[-1][0] == c:
                        parts[-1] += c
                    else:
                        parts.append(c)
                for i, part in enumerate(parts):
                    c, n = part[0], len(part)
                    if n > $less:
                        parts[i] = $pair
                return "".join(parts)
            """,
            pair=pair.replace("str(n)", "f'{n}'"),
            less=least - 1,
        ),
        domains=(Str("abc", 20),),
        relations=(Relation("again"),),
    )


_ASKED = {
    "depth": ("how deep the brackets are nested at most", "most"),
    "pairs": ("how many pairs of brackets there are", "pairs"),
    "top": ("how many pairs stand in no other pair", "outer"),
    "longest": (
        "the largest number of characters from an opening bracket to its own closing one, both counted, or 0",
        "far",
    ),
}


def _brackets(numbers: Any) -> Recipe:
    kinds, asked = numbers
    told, name = _ASKED[asked]
    opening, closing = "".join(k[0] for k in kinds), "".join(k[1] for k in kinds)
    return Recipe(
        composition=f"{' '.join(kinds)} {asked}",
        steps=1 + len(kinds),
        entry_point="f",
        specification=(
            f"Return {told}; or -1 if some bracket of s has no partner, that is, if the brackets "
            f"{' '.join(kinds)} are not "
            f"properly closed and nested. s is {_bracketed(opening, closing).text}."
        ),
        answer="an int",
        reference=source(
            """
            def f(s):
                stack, most, pairs, outer, far = [], 0, 0, 0, 0
                for i, c in enumerate(s):
                    if c in "$opening":
                        stack.append(i)
                        most = max(most, len(stack))
                    elif c in "$closing":
                        if not stack or "$opening".index(s[stack[-1]]) != "$closing".index(c):
                            return -1
                        j = stack.pop()
                        pairs, outer, far = pairs + 1, outer + (not stack), max(far, i - j + 1)
                return -1 if stack else $name
            """,
            opening=opening,
            closing=closing,
            name=name,
        ),
        brute=_by_removal(kinds, asked),
        domains=(_bracketed(opening, closing),),
        relations=(Relation("again"),),
    )


def _by_removal(kinds: Sequence[str], asked: str) -> str:
    """Pairs with nothing but spent characters between them are found again and again, innermost first."""
    return source(
        """
        def f(s):
            t = list(s.replace("a", "."))
            spans, going = [], True
            while going:
                going = False
                for i in range(len(t)):
                    for j in range(i + 1, len(t)):
                        if t[i] + t[j] in $kinds and all(x == "." for x in t[i + 1:j]):
                            spans.append((i, j))
                            t[i] = t[j] = "."
                            going = True
            if any(x != "." for x in t):
                return -1
            over = [sum(a < i and j < b for a, b in spans) for i, j in spans]
            return $result
        """,
        kinds=list(kinds),
        result={
            "depth": "max([n + 1 for n in over], default=0)",
            "pairs": "len(spans)",
            "top": "over.count(0)",
            "longest": "max([j - i + 1 for i, j in spans], default=0)",
        }[asked],
    )


def _bracketed(opening: str, closing: str) -> Made:
    longest = 16

    def closed(rng: random.Random, room: int) -> str:
        """Brackets that close, of just so many characters."""
        text = ""
        while room > len(text):
            kind, left = rng.randrange(len(opening)), room - len(text)
            a, b = opening[kind], closing[kind]
            if left == 1 or rng.random() < 0.1:
                text = rng.choice((text + "a", "a" + text))
            else:
                text = rng.choice((a + text + b, text + a + b, a + b + text, a + text + b))
        return text

    def full(rng: random.Random) -> str:
        spoilt = rng.random()
        if spoilt < 0.5:
            return closed(rng, longest)
        if spoilt < 0.65:
            return closed(rng, longest - 1) + rng.choice(opening + closing)
        if spoilt < 0.8:
            return rng.choice(opening + closing) + closed(rng, longest - 1)
        kind = rng.randrange(len(opening))
        deep = (longest - 2) // 2 if rng.random() < 0.5 else longest // 2
        return (opening[kind] * deep + closing[kind] * deep).center(longest, "a")

    def drawer(rng: random.Random, size: int) -> str:
        text = ""
        for _ in range(rng.randint(1, 3 if 0 < size <= 4 else 8)):
            kind = rng.randrange(len(opening))
            a, b = opening[kind], closing[kind]
            text = rng.choice((a + text + b, text + a + b, a + b + text, text + "a", a + text + b + text))[:16]
        if rng.random() < 0.25 and text:  # one character goes wrong
            spot = rng.randrange(len(text))
            text = text[:spot] + rng.choice(opening + closing + "a") + text[spot + 1 :]
        return text

    a, b = opening[0], closing[0]
    border: tuple[str, ...] = ("", "a", a + b, a, b, b + a, a + a + b + b, a + b + a + b, a + "a" + b)
    if len(opening) > 1:
        border += (a + closing[1], a + opening[1] + b + closing[1], a + opening[1] + closing[1] + b)
    ends = (a + "a" * (longest - 2) + b, "a" * longest, a * longest, a + b + b, a + a + b, b * 2)
    inside = matches(rf"[{_escaped(opening + closing)}a]*", longest)
    promise = f"a string of at most {longest} of the characters {opening}{closing}a"
    return Made(promise, drawer, inside, border, Str(f"{opening}{closing}a", longest), full, ends)


def _choice(*options: Sequence[Any]) -> Callable[[random.Random, int], Any]:
    return lambda rng, steps: tuple(rng.choice(option) for option in options)


def _draw_brackets(rng: random.Random, steps: int) -> Any:
    return tuple(rng.sample(("()", "[]", "{}", "<>"), steps - 1)), rng.choice(sorted(_ASKED))


def _indent(text: str, spaces: int) -> str:
    return "\n".join(" " * spaces + line for line in text.split("\n"))


FAMILIES = (
    Family("formulas", "arithmetic in strings, with operators of given ranks", _draw_formula, _formula, (2, 3, 4)),
    Family("entries", "entries with given separators into dictionaries", _draw_entries, _entries, (2, 3)),
    Family("runs", "run-length encodings", _choice((False, True), (1, 2, 3), (False, True)), _runs, (2,), ("dev",)),
    Family("brackets", "nested brackets", _draw_brackets, _brackets, (2, 3), ("test",)),
)
