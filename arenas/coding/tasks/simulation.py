"""Following given rules step by step: a robot, rows of cells, accounts."""

from __future__ import annotations

import random
from typing import Any

from lanista.arenas.coding.tasks.domains import Int, List, Made, Record, Str, Word, matches
from lanista.arenas.coding.tasks.recipe import Family, Recipe, source
from lanista.arenas.coding.tasks.relations import Relation

_ENDS = {
    "place": ("its place as [x, y]", "[x, y]"),
    "distance": ("how far it is from its start, as |x| + |y|", "abs(x) + abs(y)"),
    "visited": ("how many different cells it has been on, the start included", "len(seen)"),
}
_BORDERS = {
    "open": "There is no border.",
    "walls": "The floor has x and y from -{k} to {k}; a step that would leave it is not made.",
    "wraps": "The floor has x and y from -{k} to {k}; a step that leaves it on one side comes in on the other.",
}


def _robot(numbers: Any) -> Recipe:
    border, k, back, end = numbers
    told, result = _ENDS[end]
    bound = _BORDERS[border].format(k=k)
    wide = 2 * k + 1
    step = {
        "open": "x, y = x + k * dx, y + k * dy",
        "walls": f"if abs(x + k * dx) <= {k} and abs(y + k * dy) <= {k}:\n    x, y = x + k * dx, y + k * dy",
        "wraps": f"x, y = (x + k * dx + {k}) % {wide} - {k}, (y + k * dy + {k}) % {wide} - {k}",
    }[border]
    backs = " B moves it one cell back, without turning." if back else ""
    after = {
        "open": "",
        "walls": f"if p[0] < -{k} or p[0] > {k} or p[1] < -{k} or p[1] > {k}:\n    p = path[-1]",
        "wraps": f"p = [n - {wide} if n > {k} else n + {wide} if n < -{k} else n for n in p]",
    }[border]
    letters = "FLRB" if back else "FLR"
    return Recipe(
        composition=f"{border}{k if border != 'open' else ''}{' back' if back else ''} {end}",
        steps=1 + (border != "open") + back + (end == "visited"),
        entry_point="f",
        specification=(
            f"A robot stands at x = 0, y = 0 and looks up (y grows). F moves it one cell on.{backs} L and R turn "
            "it left "
            f"and right on the spot. {bound} Return {told}. s is {Str(letters, 30).text}."
        ),
        answer="a list of ints" if end == "place" else "an int",
        reference=source(
            """
            def f(s):
                x, y, dx, dy = 0, 0, 0, 1
                seen = {(0, 0)}
                for c in s:
                    if c == "L":
                        dx, dy = -dy, dx
                    elif c == "R":
                        dx, dy = dy, -dx
                    else:
                        k = $k
            $step
                        seen.add((x, y))
                return $result
            """
            if end == "visited"
            else """
            def f(s):
                x, y, dx, dy = 0, 0, 0, 1
                for c in s:
                    if c == "L":
                        dx, dy = -dy, dx
                    elif c == "R":
                        dx, dy = dy, -dx
                    else:
                        k = $k
            $step
                return $result
            """,
            k='-1 if c == "B" else 1' if back else "1",
            step=_indent(step, 12),
            result=result,
        ),
        brute=source(
            """
            def f(s):
                ways = [[0, 1], [1, 0], [0, -1], [-1, 0]]
                turn, path = 0, [[0, 0]]
                for c in s:
                    if c in "LR":
                        turn += 1 if c == "R" else 3
                        continue
                    way = ways[turn % 4] if c == "F" else ways[(turn + 2) % 4]
                    p = [path[-1][0] + way[0], path[-1][1] + way[1]]
            $after
                    path.append(p)
                return $result
            """,
            after=_indent(after, 8),
            result={
                "place": "path[-1]",
                "distance": "sum(max(n, -n) for n in path[-1])",
                "visited": "len([p for i, p in enumerate(path) if p not in path[:i]])",
            }[end],
        ),
        domains=(_walks(letters),),
        relations=(Relation("again"),),
    )


def _walks(letters: str) -> Made:
    """Walks that go on far enough to meet a border: most letters are F, and most turns go the same way."""

    def drawer(rng: random.Random, size: int) -> str:
        weights = [6, 2, 1, 1] if rng.random() < 0.5 else [6, 1, 2, 1]
        return "".join(rng.choices(letters, weights[: len(letters)], k=rng.randint(0, 30 if size > 4 else 8)))

    def full(rng: random.Random) -> str:
        weights = rng.choice(([6, 2, 1, 2], [6, 1, 2, 2], [1, 1, 1, 1], [20, 1, 1, 0], [2, 0, 1, 5]))
        return "".join(rng.choices(letters, weights[: len(letters)], k=30))

    border = ["", "L", "R", "F", "FFFF", "RFFFF", "LFFFF", "RRFFFF", "FRFRFRF", "FLFLFLF", "FFRFFRFFRFF"]
    if "B" in letters:
        border += ["B", "BBBB", "RBBBB", "LBBBB", "RRBBBB", "BFBF"]
    domain = Str(letters, 30)
    return Made(
        domain.text,
        drawer,
        matches(f"[{letters}]*", 30),
        tuple(border),
        domain,
        full,
        ("F" * 30, "RRRRRFFFFLLLLLFF", "F" * 11 + "R" + "F" * 11),
    )


def _draw_robot(rng: random.Random, steps: int) -> Any:
    while True:
        border, back, end = rng.choice(sorted(_BORDERS)), rng.random() < 0.5, rng.choice(sorted(_ENDS))
        if 1 + (border != "open") + back + (end == "visited") == steps:
            return border, 0 if border == "open" else rng.choice((1, 2, 3)), back, end


def _cells(numbers: Any) -> Recipe:
    alive, border = numbers
    listed = ", ".join(alive)
    outside = {"dead": "0s", "alive": "1s", "ring": "the cells of the other end"}[border]
    return Recipe(
        composition=f"{listed} {border}",
        steps=2 + (border == "ring"),
        entry_point="f",
        specification=(
            "s is a row of cells, 0 or 1, that all change at once, n times over: a cell becomes 1 where its left "
            "neighbour, "
            f"itself and its right neighbour read {listed}, and else 0. Next to the ends stand {outside}. Return "
            "the row "
            f"after n changes. s is {Str('01', 16, 1).text}; n is a whole number from 0 to 6."
        ),
        answer="a str",
        reference=source(
            """
            def f(s, n):
                for _ in range(n):
                    t = $edges
                    s = "".join("1" if t[i:i + 3] in $alive else "0" for i in range(len(s)))
                return s
            """,
            edges={"dead": '"0" + s + "0"', "alive": '"1" + s + "1"', "ring": "s[-1] + s + s[0]"}[border],
            alive=tuple(alive) if len(alive) > 1 else f"({alive[0]!r},)",
        ),
        brute=source(
            """
            def f(s, n):
                rule = $rule
                row = [int(c) for c in s]
                while n > 0:
                    new = []
                    for i in range(len(row)):
                        left = row[i - 1] if i > 0 else $left
                        right = row[i + 1] if i + 1 < len(row) else $right
                        new.append(rule >> (4 * left + 2 * row[i] + right) & 1)
                    row, n = new, n - 1
                return "".join(map(str, row))
            """,
            rule=sum(1 << int(a, 2) for a in alive),
            left={"dead": "0", "alive": "1", "ring": "row[-1]"}[border],
            right={"dead": "0", "alive": "1", "ring": "row[0]"}[border],
        ),
        domains=(Str("01", 16, 1), Int(0, 6)),
        relations=(Relation("again"),),
    )


def _draw_cells(rng: random.Random, steps: int) -> Any:
    alive = tuple(sorted(rng.sample([f"{i:03b}" for i in range(8)], rng.randint(2, 5))))
    return alive, "ring" if steps == 3 else rng.choice(("dead", "alive"))


def _accounts(numbers: Any) -> Recipe:
    credit, fee, bonus, end = numbers
    rules = [
        f"A payment that would leave less than {-credit} is refused"
        if credit
        else "A payment of more than there is, is refused"
    ]
    if fee:
        rules[0] += f" (the fee counts); each payment made costs {fee} more"
    if bonus:
        rules.append(f"A deposit of {bonus} or more brings 1 extra")
    told, result = {
        "balance": ("what is left at the end", "b"),
        "refused": ("the sum of the amounts that were refused", "r"),
        "lowest": ("the smallest balance there ever was, the 0 at the start included", "low"),
    }[end]
    domain = List(Record((("kind", Word(("in", "out"))), ("amount", Int(1, 20)))), 10)
    return Recipe(
        composition=f"credit {credit} fee {fee} bonus {bonus} {end}",
        steps=1 + (credit > 0) + (fee > 0) + (bonus > 0),
        entry_point="f",
        specification=(
            'An account starts with 0. A record of kind "in" deposits its amount, one of kind "out" pays it. '
            f"{'. '.join(rules)}. Return {told}. v is {domain.text}."
        ),
        answer="an int",
        reference=source(
            """
            def f(v):
                b, r, low = 0, 0, 0
                for x in v:
                    a = x["amount"]
                    if x["kind"] == "in":
                        b += $deposit
                    elif b - a$fee >= $least:
                        b -= a$plus
                    else:
                        r += a
                    low = min(low, b)
                return $result
            """,
            deposit=f"a + 1 if a >= {bonus} else a" if bonus else "a",
            fee=f" - {fee}" if fee else "",
            plus=f" + {fee}" if fee else "",
            least=-credit,
            result=result,
        ),
        brute=source(
            """
            def f(v):
                history, refused = [0], []
                for x in v:
                    change = {"in": 1, "out": -1}[x["kind"]] * x["amount"]
                    if change < 0:
                        change -= $fee
                    elif $bonus and change >= $bonus:
                        change += 1
                    if change < 0 and history[-1] + change + $credit < 0:
                        refused.append(x["amount"])
                    else:
                        history.append(history[-1] + change)
                return $result
            """,
            fee=fee,
            bonus=bonus,
            credit=credit,
            result={"balance": "history[-1]", "refused": "sum(refused)", "lowest": "sorted(history)[0]"}[end],
        ),
        domains=(_histories(domain, credit, fee, bonus),),
        relations=(Relation("again"),),
    )


def _histories(domain: List, credit: int, fee: int, bonus: int) -> Made:
    """Payments many of which ask for just what there is, or for one more."""

    def drawer(rng: random.Random, size: int) -> list[dict[str, Any]]:
        return drawn(rng, rng.randint(0, 10 if size > 4 else 4))

    def drawn(rng: random.Random, count: int) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        balance = 0
        for _ in range(count):
            there = balance + credit - fee
            if rng.random() < 0.45:
                amount = bonus - rng.randrange(2) if bonus and rng.random() < 0.4 else rng.randint(1, 20)
                made.append({"kind": "in", "amount": amount})
                balance += amount + (bonus > 0 and amount >= bonus)
                continue
            amount = there + rng.choice((-1, 0, 0, 1, 1, 2)) if rng.random() < 0.6 else rng.randint(1, 20)
            amount = min(20, max(1, amount))
            made.append({"kind": "out", "amount": amount})
            balance -= amount + fee if amount <= there else 0
        return made

    def row(*amounts: int) -> list[dict[str, Any]]:
        return [{"kind": "in" if a > 0 else "out", "amount": abs(a)} for a in amounts]

    border = [row(), row(5), row(-5), row(-1), row(20, -20), row(9, fee - 9), row(10, 10, -4), row(15, -20, -3, 2)]
    if credit:
        border += [row(fee - credit), row(fee - credit - 1), row(10, 10, -20)]
    last = -min(20, 9 + credit - fee)
    ends = (
        row(*[1] * 9, last),
        row(*[2] * 5, *[1, -1] * 2, -min(20, 10 + credit - 3 * fee)),
        row(*[20] * 10),
        row(20, -20, -1),
        row(1),
        row(20, *[-1] * 9),
        row(*[-20] * 10),
    )
    return Made(
        domain.text,
        drawer,
        lambda v: domain.why_not(v) is None,
        tuple(border),
        domain,
        lambda rng: drawn(rng, 10),
        ends,
    )


def _draw_accounts(rng: random.Random, steps: int) -> Any:
    while True:
        credit, fee, bonus = rng.choice((0, 5, 10, 15)), rng.choice((0, 1, 2)), rng.choice((0, 10, 15))
        if 1 + (credit > 0) + (fee > 0) + (bonus > 0) == steps:
            return (
                credit,
                fee,
                bonus,
                rng.choice(("balance", "refused", "lowest") if credit else ("balance", "refused")),
            )


def _indent(text: str, spaces: int) -> str:
    return "\n".join(" " * spaces + line for line in text.split("\n"))


FAMILIES = (
    Family("robot", "a robot on a floor", _draw_robot, _robot, (1, 2, 3, 4)),
    Family("cells", "cellular automata in a row", _draw_cells, _cells, (2, 3)),
    Family("accounts", "deposits and payments under rules", _draw_accounts, _accounts, (1, 2, 3, 4)),
)
