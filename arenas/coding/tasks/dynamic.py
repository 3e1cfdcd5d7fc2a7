"""Dynamic programming: each is a short recursion that takes exponential time, and a table that does not."""

from __future__ import annotations

import random
from typing import Any

from lanista.arenas.coding.tasks.domains import Grid, Int, List, Str
from lanista.arenas.coding.tasks.recipe import Family, Recipe, source
from lanista.arenas.coding.tasks.relations import Relation

STAIRS = 150
"""The most stairs. With steps of 4 and 5, the slowest growth there is, a naive recursion makes 10^10 calls."""

SIDE = 18
"""The longest side of a grid: 2 · 10^9 ways lead through an open one, moving right and down."""


def _stairs(steps: Any) -> Recipe:
    told = " or ".join([", ".join(map(str, steps[:-1])), str(steps[-1])])
    return Recipe(
        composition=",".join(map(str, steps)),
        steps=len(steps) - 1,
        entry_point="ways",
        specification=(
            f"Return in how many ways n stairs can be climbed, taking {told} at a time; the order counts, and there is "
            f"one way to climb none. n is a whole number from 0 to {STAIRS}."
        ),
        answer="an int",
        reference=source(
            """
            def ways(n):
                w = [1]
                for i in range(1, n + 1):
                    w.append(sum(w[i - s] for s in $steps if s <= i))
                return w[n]
            """,
            steps=steps,
        ),
        brute=source(
            """
            def ways(n):
                if n < 1:
                    return 1 if n == 0 else 0
                return $sum
            """,
            sum=" + ".join(f"ways(n - {s})" for s in steps),
        ),
        domains=(Int(0, STAIRS),),
        small=(Int(0, 12),),
        relations=(Relation("again"), Relation("recurs", tuple(int(i + 1 in steps) for i in range(max(steps))))),
        heavy=lambda rng: (STAIRS - rng.randrange(5),),
    )


def _draw_stairs(rng: random.Random, steps: int) -> Any:
    return tuple(sorted(rng.sample(range(1, 6), steps + 1)))


_MOVES = {"right": (0, -1), "down": (-1, 0), "diagonally": (-1, -1)}
_WALKS = (("right", "down"), ("right", "down", "diagonally"), ("right", "diagonally"), ("down", "diagonally"))


def _paths(numbers: Any) -> Recipe:
    walk, score, toll = numbers
    moves = [_MOVES[name] for name in walk]
    names = " or ".join([", ".join(walk[:-1]), walk[-1]]) + (
        " (right and down at once)" if "diagonally" in walk else ""
    )
    if score == "count":
        asked = (
            f"the number of ways from its first cell to its last (bottom right) that enter no cell of {toll} or less"
        )
        start = f"int(g[0][0] > {toll})"
        value = f"sum(w.get((i + a, j + b), 0) for a, b in {moves}) if g[i][j] > {toll} else 0"
    else:
        cost = f", less {toll} for each move" if toll else ""
        asked = (
            f"the {score} sum of cells on a way from its first cell to its last (bottom right), both counted{cost}; "
            "None if no way leads there"
        )
        start, gain = "g[0][0]", f"g[i][j]{f' - {toll}' if toll else ''}"
        value = (
            f"{'max' if score == 'largest' else 'min'}((w[i + a, j + b] + {gain} for a, b in {moves} "
            "if w.get((i + a, j + b)) is not None), default=None)"
        )
    return Recipe(
        composition=f"{'+'.join(walk)} {score} {toll}",
        steps=len(walk) - 1 + (score != "count") + (toll > 0),
        entry_point="f",
        specification=f"A walk through the grid g moves {names}. Return {asked}. g is {Grid(Int(0, 9), SIDE).text}.",
        answer="an int" if score == "count" else "an int or None",
        reference=source(
            """
            def f(g):
                w = {(0, 0): $start}
                for i in range(len(g)):
                    for j in range(len(g[0])):
                        if i + j > 0:
                            w[i, j] = $value
                return w[len(g) - 1, len(g[0]) - 1]
            """,
            start=start,
            value=value,
        ),
        brute=_walk(moves, score, toll),
        domains=(Grid(Int(0, 9), SIDE),),
        small=(Grid(Int(0, 9), 4),),
        relations=(Relation("again"), *((Relation("transposed"),) if set(walk) >= {"right", "down"} else ())),
        heavy=None
        if set(walk) < {"right", "down", "diagonally"} and "diagonally" in walk  # few ways lead diagonally to a corner
        else lambda rng: ([[rng.randint(3, 9) for _ in range(SIDE)] for _ in range(SIDE)],),
    )


def _walk(moves: list[tuple[int, int]], score: str, toll: int) -> str:
    """Every walk, one after the other, from the first cell on."""
    if score == "count":
        return source(
            """
            def f(g):
                def walk(i, j):
                    if i >= len(g) or j >= len(g[0]) or not g[i][j] > $toll:
                        return 0
                    if i == len(g) - 1 and j == len(g[0]) - 1:
                        return 1
                    total = 0
                    for a, b in $moves:
                        total += walk(i - a, j - b)
                    return total

                return walk(0, 0)
            """,
            toll=toll,
            moves=moves,
        )
    return source(
        """
        def f(g):
            found = []

            def walk(i, j, total):
                if i == len(g) - 1 and j == len(g[0]) - 1:
                    found.append(total)
                    return
                for a, b in $moves:
                    if i - a < len(g) and j - b < len(g[0]):
                        walk(i - a, j - b, total + g[i - a][j - b] - $toll)

            walk(0, 0, g[0][0])
            found.sort()
            return found[$place] if found else None
        """,
        moves=moves,
        toll=toll,
        place=-1 if score == "largest" else 0,
    )


def _draw_paths(rng: random.Random, steps: int) -> Any:
    while True:
        walk, score = rng.choice(_WALKS), rng.choice(("count", "largest", "smallest"))
        toll = rng.choice((0, 1, 2))
        if len(walk) - 1 + (score != "count") + (toll > 0) == steps:
            return walk, score, toll


def _edits(numbers: Any) -> Recipe:
    gap, other = numbers
    return Recipe(
        composition=f"{gap},{other}",
        steps=2,
        entry_point="f",
        specification=(
            f"Return the least cost of turning the string s into t, where inserting or deleting a character costs "
            f"{gap}, replacing one by another costs {other}, and keeping one costs nothing. "
            f"s and t are each {Str('abc', 16).text}."
        ),
        answer="an int",
        reference=source(
            """
            def f(s, t):
                row = [$gap * j for j in range(len(t) + 1)]
                for a in s:
                    new = [row[0] + $gap]
                    for j, b in enumerate(t):
                        new.append(min(row[j + 1] + $gap, new[j] + $gap, row[j] + (0 if a == b else $other)))
                    row = new
                return row[-1]
            """,
            gap=gap,
            other=other,
        ),
        brute=source(
            """
            def f(s, t):
                if s == "":
                    return len(t) * $gap
                if t == "":
                    return len(s) * $gap
                keep = f(s[1:], t[1:])
                if s[0] != t[0]:
                    keep += $other
                return min(keep, f(s[1:], t) + $gap, f(s, t[1:]) + $gap)
            """,
            gap=gap,
            other=other,
        ),
        domains=(Str("abc", 16), Str("abc", 16)),
        small=(Str("abc", 5), Str("abc", 5)),
        relations=(Relation("again"), Relation("swapped")),
        heavy=lambda rng: tuple("".join(rng.choices("abc", k=16)) for _ in range(2)),
    )


def _draw_edits(rng: random.Random, steps: int) -> Any:
    gap = rng.randint(1, 4)
    return gap, rng.randint(1, 2 * gap)


_RULES = {
    "rising": ("each number taken is larger than the one taken before", "v[j] < v[i]", "b > a"),
    "level": ("no number taken is smaller than the one taken before", "v[j] <= v[i]", "b >= a"),
    "leaps": ("each number taken is larger than the one taken before by at least 3", "v[j] + 3 <= v[i]", "b - a >= 3"),
    "falling": ("each number taken is smaller than the one taken before", "v[j] > v[i]", "b < a"),
    "other": (
        "each number taken is odd where the one before is even, and even where it is odd",
        "(v[j] + v[i]) % 2",
        "a % 2 != b % 2",
    ),
}


def _chains(numbers: Any) -> Recipe:
    rule, score = numbers
    told, before, fits = _RULES[rule]
    what = "the largest number of numbers" if score == "1" else "the largest sum of numbers"
    domain = List(Int(0, 99), 40)
    return Recipe(
        composition=f"{rule} {'length' if score == '1' else 'sum'}",
        steps=2,
        entry_point="f",
        specification=(
            f"Return {what} that can be taken from v in order so that {told}; 0 if v is empty. v is {domain.text}."
        ),
        answer="an int",
        reference=source(
            """
            def f(v):
                w = []
                for i in range(len(v)):
                    w.append($score + max((w[j] for j in range(i) if $before), default=0))
                return max(w, default=0)
            """,
            score=score,
            before=before,
        ),
        brute=source(
            """
            def f(v):
                best = 0
                for bits in range(2 ** len(v)):
                    taken = [x for i, x in enumerate(v) if bits >> i & 1]
                    if all($fits for a, b in zip(taken, taken[1:])):
                        best = max(best, $value)
                return best
            """,
            fits=fits,
            value="len(taken)" if score == "1" else "sum(taken)",
        ),
        domains=(domain,),
        small=(List(Int(0, 20), 8),),
        relations=(Relation("again"),),
        heavy=lambda rng: (_chain(rng, rule),),
    )


def _chain(rng: random.Random, rule: str) -> list[int]:
    """Forty numbers all of which, or nearly, can be taken: 2^40 ways to choose."""
    if rule == "other":
        return [rng.randrange(0, 50) * 2 + i % 2 for i in range(40)]
    rising = [min(99, i * (3 if rule == "leaps" else 2) + rng.randrange(2)) for i in range(40)]
    return rising[::-1] if rule == "falling" else rising


def _draw_chains(rng: random.Random, steps: int) -> Any:
    return rng.choice(sorted(_RULES)), rng.choice(("1", "v[i]"))


FAMILIES = (
    Family("stairs", "ways to climb stairs with given steps", _draw_stairs, _stairs, (1, 2, 3)),
    Family("paths", "walks through a grid: how many, or the best", _draw_paths, _paths, (1, 2, 3, 4)),
    Family("edits", "edit distances with given costs", _draw_edits, _edits, (2,), ("test",)),
    Family("chains", "longest and largest subsequences under a rule", _draw_chains, _chains, (2,), ("dev",)),
)
