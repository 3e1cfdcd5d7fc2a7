"""Tasks with several right answers: any of them is accepted, by what it must fulfil."""

from __future__ import annotations

import itertools
import random
from typing import Any

from lanista.arenas.coding.tasks.domains import Int, List, Made
from lanista.arenas.coding.tasks.recipe import Args, Family, Recipe, source
from lanista.arenas.coding.tasks.relations import Relation

_AGAIN = (Relation("again"),)
_NUMBERS = List(Int(-9, 20), 12)
_FEW = List(Int(-3, 6), 12)
_TOTAL = Int(-4, 10)
PAIRS = 10
"""The most pairs of an order."""


def _pair(kind: str) -> Recipe:
    asked, fits = {
        "sum": ("v[i] + v[j] == t", "v[i] + v[j] == t"),
        "gap": ("v[j] - v[i] == t", "v[j] - v[i] == t"),
    }[kind]
    return Recipe(
        composition=f"pair {kind}",
        steps=2,
        entry_point="f",
        specification=(
            f"Return any [i, j] with i < j and {asked}, or [] if there is none. v is {_FEW.text}; t is {_TOTAL.text}."
        ),
        answer="a list of ints",
        reference=source(
            """
            def f(v, t):
                for i in range(len(v)):
                    for j in range(i + 1, len(v)):
                        if $fits:
                            return [i, j]
                return []
            """,
            fits=fits,
        ),
        brute=source(
            """
            def f(v, t):
                seen = {}
                for j, x in enumerate(v):
                    if $need in seen:
                        return [seen[$need], j]
                    seen[x] = j
                return []
            """,
            need="t - x" if kind == "sum" else "x - t",
        ),
        domains=(_FEW, _TOTAL),
        relations=_AGAIN,
        checker=f"pair_{kind}",
        special=lambda rng: _lone_pairs(rng, 1 if kind == "sum" else -1),
        fit=lambda rng, args: _with_pair(rng, args, 1 if kind == "sum" else -1),
    )


def _with_pair(rng: random.Random, args: Args, sign: int) -> Args:
    """A list and a number that, four times in five, two of its numbers make."""
    v, t = args
    if len(v) > 1 and rng.random() < 0.8:
        i, j = sorted(rng.sample(range(len(v)), 2))
        t = min(_TOTAL.high, max(_TOTAL.low, v[j] + sign * v[i]))
    return v, t


def _lone_pairs(rng: random.Random, sign: int) -> list[Args]:
    """Lists of the longest in which one pair makes the number: the last two, the first and the last, and others."""
    made: list[Args] = [([-3, 6], 10), ([-3, 6], 9), ([4, 6], 10)]
    for i, j in ((10, 11), (0, 11), (rng.randrange(2, 9), 10), (rng.randrange(2, 9), 11), (0, 1), (3, 9)):
        for _ in range(40):
            a, b, other = (rng.randint(-3, 6) for _ in range(3))
            v, t = [other] * 12, b + sign * a
            v[i], v[j] = a, b
            fitting = sum(v[n] + sign * v[m] == t for n in range(12) for m in range(n))
            if fitting == 1 and _TOTAL.why_not(t) is None:
                made.append((v, t))
                break
    return made


def _peak(kind: str) -> Recipe:
    best = "max(v)" if kind == "high" else "min(v)"
    word = "less" if kind == "high" else "more"
    sign = "<" if kind == "high" else ">"
    return Recipe(
        composition=f"peak {kind}",
        steps=2,
        entry_point="f",
        specification=(
            f"Return any index of v at which the number is no {word} than the one before it and the one after "
            "it, as far "
            f"as there are such; -1 if v is empty. v is {_NUMBERS.text}."
        ),
        answer="an int",
        reference=source(
            """
            def f(v):
                return v.index($best) if v else -1
            """,
            best=best,
        ),
        brute=source(
            """
            def f(v):
                for i in range(len(v)):
                    if (i == 0 or not v[i] $sign v[i - 1]) and (i == len(v) - 1 or not v[i] $sign v[i + 1]):
                        return i
                return -1
            """,
            sign=sign,
        ),
        domains=(_NUMBERS,),
        relations=_AGAIN,
        checker=f"peak_{kind}",
        special=lambda rng: _slopes(rng, 1 if kind == "high" else -1),
        fit=lambda rng, args: _inside(rng, args, 1 if kind == "high" else -1),
    )


def _slopes(rng: random.Random, sign: int) -> list[Args]:
    """One peak (or valley), at either end or between, at the largest number, around zero or elsewhere."""
    best = 20 if sign > 0 else -9
    tops = (
        (best, 0),
        (best, 11),
        (sign, 10),
        (0, 5),
        (-sign, 3),
        (rng.randint(-4, 10), 6),
        (best, 2),
        (10, 0),
        (11, 9),
    )
    short = [[-9, -8], [0, 1]] if sign > 0 else [[20, 19], [1, 0]]
    return [(v,) for v in short] + [
        ([max(-9, min(20, top - sign * abs(i - spot))) for i in range(12)],) for top, spot in tops
    ]


def _inside(rng: random.Random, args: Args, sign: int) -> Args:
    """A list whose ends are mostly no right answer."""
    (v,) = args
    v = v[:]
    if len(v) > 3 and rng.random() < 0.85:
        v[:2] = sorted(v[:2], key=lambda x: sign * x)
        v[-2:] = sorted(v[-2:], key=lambda x: -sign * x)
    return (v,)


def _pairs_of(rng: random.Random, size: int) -> list[list[int]]:
    most = 8 if size > 4 else 4
    order = rng.sample(range(6), 6)  # mostly without a circle: along a hidden order
    made: list[list[int]] = []
    for _ in range(rng.randint(2, most)):
        a, b = sorted(rng.sample(range(6), 2))
        made.append([order[a], order[b]] if rng.random() < 0.93 else [order[b], order[a]])
    return made


def _most_pairs(rng: random.Random) -> list[list[int]]:
    """As many pairs as there may be, mostly along a hidden order, some of them twice."""
    order = rng.sample(range(6), 6)
    chain = [[a, b] for a, b in itertools.pairwise(order)]
    made = rng.sample(chain, rng.randint(3, 5))
    while len(made) < PAIRS:
        a, b = sorted(rng.sample(range(6), 2))
        made.append([order[a], order[b]])
    if rng.random() < 0.2:
        made[-1] = made[-1][::-1]
    rng.shuffle(made)
    return made


def _is_pairs(value: Any) -> bool:
    return (
        type(value) is list
        and len(value) <= PAIRS
        and all(type(p) is list and len(p) == 2 and all(type(x) is int and 0 <= x <= 5 for x in p) for p in value)
        and all(a != b for a, b in value)
    )


def _order(kind: str) -> Recipe:
    first, then = ("a", "b") if kind == "before" else ("b", "a")
    promise = f"a list of at most {PAIRS} pairs [a, b] of different numbers from 0 to 5"
    border: tuple[Any, ...] = (
        [],
        [[0, 1]],
        [[5, 0]],
        [[0, 1], [1, 0]],
        [[0, 1], [1, 2], [2, 0]],
        [[5, 4], [4, 3], [3, 2], [2, 1], [1, 0]],
    )
    return Recipe(
        composition=f"order {kind}",
        steps=2,
        entry_point="f",
        specification=(
            f"Return any list of the numbers 0 to 5, each once, in which {first} stands before {then} for every "
            "[a, b] in v; "
            f"or [] if there is none. v is {promise}."
        ),
        answer="a list of ints",
        reference=source(
            """
            def f(v):
                w = []
                while len(w) < 6:
                    free = [x for x in range(6) if x not in w and all(a in w for a, b in $pairs if b == x)]
                    if not free:
                        return []
                    w.append(free[0])
                return w
            """,
            pairs="v" if kind == "before" else "[(b, a) for a, b in v]",
        ),
        brute=source(
            """
            def f(v):
                def put(w):
                    if len(w) == 6:
                        return w if all(w.index($a) < w.index($b) for a, b in v) else []
                    for x in range(5, -1, -1):
                        if x not in w:
                            found = put(w + [x])
                            if found:
                                return found
                    return []

                return put([])
            """,
            a=first,
            b=then,
        ),
        domains=(Made(promise, _pairs_of, _is_pairs, border, List(List(Int(0, 5), 2, 2), PAIRS), _most_pairs),),
        relations=_AGAIN,
        checker=f"order_{kind}",
    )


def _change(kind: str) -> Recipe:
    repeat = kind == "repeated"
    how = "each kind as often as wanted" if repeat else "each item of the list at most once"
    amounts, kinds = (Int(0, 60), List(Int(1, 12), 6)) if repeat else (Int(0, 24), List(Int(1, 9), 8))
    return Recipe(
        composition=f"change {kind}",
        steps=2,
        entry_point="f",
        specification=(
            f"Return any list, as short as can be, of numbers from v that add up to n, {how}; None if there is none. "
            f"n is {amounts.text}; v is {kinds.text}."
        ),
        answer="a list of ints or None",
        reference=source(
            """
            def f(n, v):
                w = {0: []}
                for x in v:
                    for a in $amounts:
                        if a - x in w and (a not in w or len(w[a - x]) + 1 < len(w[a])):
                            w[a] = w[a - x] + [x]
                return w.get(n)
            """,
            amounts="range(x, n + 1)" if repeat else "range(n, x - 1, -1)",
        ),
        brute=source(
            """
            def f(n, v):
                if n == 0:
                    return []
                best = None
                for i, x in enumerate(v):
                    if x <= n:
                        rest = f(n - x, $rest)
                        if rest is not None and (best is None or len(rest) + 1 < len(best)):
                            best = [x] + rest
                return best
            """,
            rest="v" if repeat else "v[i + 1:]",
        ),
        domains=(amounts, kinds),
        small=(Int(0, 16), List(Int(2, 9), 4)),
        special=lambda rng: _changes(rng, amounts.high, kinds),
        wrong=(_greedy(repeat),),
        relations=_AGAIN,
        checker="coins" if repeat else "items",
        heavy=(lambda rng: (59 + rng.randrange(2), [1, 2, 3, 4, 5, 6])) if repeat else None,
    )


def _changes(rng: random.Random, most: int, kinds: List) -> list[Args]:
    """Amounts that the largest number first does not make as short as can be, that take many, one, or just too many."""
    made: list[Args] = []
    high = kinds.of.edges()[-1]
    for v, n in (([1, 3, 4], 6), ([1, 5, 6, 9], 11), ([3, 3, 4, 2], 6), ([4, 4, 5, 1], 8), ([6, 5, 5], 10)):
        made.append((n, rng.sample(v, len(v))))
    made += [(most, [1]), (8, [1] * min(8, kinds.longest)), (high, [high]), (high - 1, [high]), (most, [2, high])]
    many = rng.choices((1, 2, 3), k=kinds.longest)
    return [*made, (sum(many), many), (sum(many) - 1, many), (most, [high] * 3), (most - 1, [high, 1, 1])]


def _greedy(repeat: bool) -> str:
    return source(
        """
        def f(n, v):
            w = []
            for x in sorted(v, reverse=True):
                $each x <= n:
                    w.append(x)
                    n -= x
            return w if n == 0 else None
        """,
        each="while" if repeat else "if",
    )


_SPLITS = {
    "pair sum": "train",
    "peak high": "train",
    "change repeated": "train",
    "order before": "train",
    "pair gap": "test",
    "change single": "test",
    "peak low": "dev",
    "order after": "dev",
}
_BUILDERS = {"pair": _pair, "peak": _peak, "order": _order, "change": _change}


def _build(numbers: Any) -> Recipe:
    what, kind = str(numbers).split()
    return _BUILDERS[what](kind)


def _draw(rng: random.Random, steps: int) -> Any:
    return rng.choice(sorted(_SPLITS))


FAMILIES = (Family("choices", "tasks with several right answers", _draw, _build, (2,), pinned=_SPLITS),)
