"""Programs for the stories of stories.md: the general way to solve each kind, with what one text says put in.

Each is a function of the parts that the text's pattern found. Raises KeyError for a word that is not in its tables.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

Found = Mapping[str, str]


def _lines(*lines: str) -> str:
    return "\n".join(lines)


# Counting


def _stairs(t: Found) -> str:
    sizes = tuple(int(n) for n in re.findall(r"\d+", t["sizes"]))
    return _lines(
        "def ways(n):",
        "    w = [1]",
        "    for i in range(1, n + 1):",
        f"        w.append(sum(w[i - s] for s in {sizes} if s <= i))",
        "    return w[n]",
    )


def _multiples(t: Found) -> str:
    a, b = (int(n) for n in re.findall(r"\d+", t["test"]))
    both = math.lcm(a, b)
    test = re.sub(r"\d+", "#", t["test"])
    formula = {
        "by # or by # (or both)": f"m({a}) + m({b}) - m({both})",
        "by both # and #": f"m({both})",
        "by # but not by #": f"m({a}) - m({both})",
        "by # or by # but not both": f"m({a}) + m({b}) - 2 * m({both})",
        "by neither # nor #": f"m(1) - m({a}) - m({b}) + m({both})",
    }[test]
    each = "n // k" if t["what"].startswith("how many") else "k * (n // k) * (n // k + 1) // 2"
    return _lines("def f(n):", "    def m(k):", f"        return {each}", f"    return {formula}")


# Tables of best values


def _paths(t: Found) -> str:
    ways = {"right": (0, -1), "down": (-1, 0), "diagonally": (-1, -1)}
    moves = [ways[name] for name in re.findall(r"right|down|diagonally", t["moves"].split("(")[0])]
    before = f"w[i + a, j + b] for a, b in {moves} if (i + a, j + b) in w"
    if t["wall"]:
        fine, start = f"g[i][j] > {t['wall']}", f"int(g[0][0] > {t['wall']})"
        value = f"sum({before}) if {fine} else 0"
        last = "return w[len(g) - 1, len(g[0]) - 1]"
        body = [f"                w[i, j] = {value}"]
    else:
        best = {"largest": "max", "smallest": "min"}[t["score"]]
        start, gain = "g[0][0]", "g[i][j]" + (f" - {t['toll']}" if t["toll"] else "")
        body = [
            f"                c = [{before}]",
            "                if c:",
            f"                    w[i, j] = {best}(c) + {gain}",
        ]
        last = "return w.get((len(g) - 1, len(g[0]) - 1))"
    return _lines(
        "def f(g):",
        f"    w = {{(0, 0): {start}}}",
        "    for i in range(len(g)):",
        "        for j in range(len(g[0])):",
        "            if i + j > 0:",
        *body,
        f"    {last}",
    )


def _edits(t: Found) -> str:
    gap, other = t["gap"], t["other"]
    return _lines(
        "def f(s, t):",
        f"    row = [{gap} * j for j in range(len(t) + 1)]",
        "    for a in s:",
        f"        new = [row[0] + {gap}]",
        "        for j, b in enumerate(t):",
        f"            new.append(min(row[j + 1] + {gap}, new[j] + {gap}, row[j] + (0 if a == b else {other})))",
        "        row = new",
        "    return row[-1]",
    )


def _chains(t: Found) -> str:
    fits = {
        "each number taken is larger than the one taken before": "v[j] < v[i]",
        "no number taken is smaller than the one taken before": "v[j] <= v[i]",
        "each number taken is smaller than the one taken before": "v[j] > v[i]",
        "each number taken is odd where the one before is even, and even where it is odd": "(v[j] + v[i]) % 2",
    }
    leap = re.fullmatch(r"each number taken is larger than the one taken before by at least (\d+)", t["rule"])
    rule = f"v[j] + {leap[1]} <= v[i]" if leap else fits[t["rule"]]
    score = "1" if t["what"] == "number of numbers" else "v[i]"
    return _lines(
        "def f(v):",
        "    w = []",
        "    for i in range(len(v)):",
        f"        w.append({score} + max((w[j] for j in range(i) if {rule}), default=0))",
        "    return max(w, default=0)",
    )


def _change(t: Found) -> str:
    amounts = {
        "each kind as often as wanted": "range(x, n + 1)",
        "each item of the list at most once": "range(n, x - 1, -1)",
    }[t["how"]]
    return _lines(
        "def f(n, v):",
        "    w = {0: []}",
        "    for x in v:",
        f"        for a in {amounts}:",
        "            if a - x in w and (a not in w or len(w[a - x]) + 1 < len(w[a])):",
        "                w[a] = w[a - x] + [x]",
        "    return w.get(n)",
    )


# Searching


def _pair(t: Found) -> str:
    return _lines(
        "def f(v, t):",
        "    for i in range(len(v)):",
        "        for j in range(i + 1, len(v)):",
        f"            if {t['test']}:",
        "                return [i, j]",
        "    return []",
    )


def _peak(t: Found) -> str:
    return _lines("def f(v):", f"    return v.index({'max' if t['word'] == 'less' else 'min'}(v)) if v else -1")


def _order(t: Found) -> str:
    first, then = ("a", "b") if t["first"] == "a" else ("b", "a")
    return _lines(
        "def f(v):",
        "    w = []",
        "    while len(w) < 6:",
        f"        late = [{then} for a, b in v if {first} not in w]",
        "        free = [x for x in range(6) if x not in w and x not in late]",
        "        if not free:",
        "            return []",
        "        w.append(free[0])",
        "    return w",
    )


# Numbers


def _measures(t: Found) -> str:
    first = {
        "": [],
        "Leave out the numbers that are not over 0. ": ["v = [x for x in v if x > 0]"],
        "Leave out one smallest and one largest number. ": ["v = sorted(v)[1:-1]"],
        "Count each number once, however often it stands there. ": ["v = list(set(v))"],
        "Take the absolute values. ": ["v = [abs(x) for x in v]"],
    }[t["first"]]
    mean = "m = sum(v) / len(v)"
    then = {
        "the mean": ["return sum(v) / len(v)"],
        "the mean squared distance from the mean": [mean, "return sum((x - m) ** 2 for x in v) / len(v)"],
        "the mean absolute distance from the mean": [mean, "return sum(abs(x - m) for x in v) / len(v)"],
        "the median: the middle one when sorted, or the mean of the two in the middle": [
            "v = sorted(v)",
            "return (v[len(v) // 2] + v[(len(v) - 1) // 2]) / 2",
        ],
        "the number halfway between the smallest and the largest": ["return (min(v) + max(v)) / 2"],
        "the square root of the mean square": ["return (sum(x * x for x in v) / len(v)) ** 0.5"],
    }[t["what"]]
    body = [*first, "if not v:", "    return 0.0", *then]
    return _lines("def f(v):", *(f"    {line}" for line in body))


def _nested(t: Found) -> str:
    value = {
        "itself": "x",
        "its square": "x * x",
        "1": "1",
        "its depth (1 in the outermost list)": "d",
        "itself times its depth (1 in the outermost list)": "x * d",
        "itself if it is even, else 0": "x if x % 2 == 0 else 0",
        "itself if it is over 0, else 0": "x if x > 0 else 0",
    }[t["counts"]]
    depth = "d" in value.split()
    deeper = "f(x, d + 1)" if depth else "f(x)"
    fold = {
        "the sum of what they count": "sum",
        "the largest of what they count, or 0 if there is none": "max",
        "the list of what they count, from left to right": "list",
        "the value of v, where the value of a list is the sum of what its numbers count and twice the values of the "
        "lists in it": "twice",
    }[t["told"]]
    here = f"[{value}]" if fold == "list" else f"({value})" if " if " in value else value
    items = f"({'2 * ' * (fold == 'twice')}{deeper} if isinstance(x, list) else {here} for x in v)"
    join = {"max": f"max({items}, default=0)", "list": f"sum({items}, [])"}.get(fold, f"sum{items}")
    return _lines(f"def f(v{', d=1' * depth}):", f"    return {join}")


# Texts


_SIGNS = {
    "adds": "a + b",
    "subtracts": "a - b",
    "multiplies": "a * b",
    "takes the larger of two": "max(a, b)",
    "takes the smaller of two": "min(a, b)",
}


def signs_of(t: Found) -> dict[str, str]:
    """The expression over a and b that each sign of a task with signs of its own stands for."""
    told = [part.split(" ", 1) for part in t["signs"].split(", ")]
    return {sign: _SIGNS[does] for sign, does in told}


def _formulas(t: Found) -> str:
    signs = signs_of(t)
    if t["ranks"]:
        levels = ["".join(level.split(" and ")) for level in reversed(t["ranks"].split(", then "))]
    else:
        levels = ["".join(signs)]
    *some, last = signs
    cases = [
        line
        for sign in some
        for line in (f'                if s[i] == "{sign}":', f"                    return {signs[sign]}")
    ]
    return _lines(
        "def f(s):",
        f"    for level in {levels}:",
        "        for i in range(len(s) - 1, 0, -1):",
        "            if s[i] in level:",
        "                a, b = f(s[:i]), f(s[i + 1:])",
        *cases,
        f"                return {signs[last]}",
        "    return int(s)",
    )


def _entries(t: Found) -> str:
    keep = {
        "the first one counts": ["if k not in w:", "    w[k] = x"],
        "the last one counts": ["w[k] = x"],
        "their values are added": ["w[k] = w.get(k, 0) + x"],
        "the largest value counts": ["w[k] = max(x, w.get(k, x))"],
    }[t["twice"]]
    otherwise = {"has the value 1": "k, x = e, 1", "is left out": "continue"}[t["bare"]]
    return _lines(
        "def f(s):",
        "    w = {}",
        f'    for e in s.split("{t["between"]}"):',
        "        if not e:",
        "            continue",
        f'        if "{t["sign"]}" in e:',
        "            k, x = e[0], int(e[2:])",
        "        else:",
        f"            {otherwise}",
        *(f"        {line}" for line in keep),
        "    return w",
    )


def _runs(t: Found) -> str:
    letter = "c.upper()" if t["upper"] else "c"
    pair = f"str(n) + {letter}" if t["where"] == "preceded" else f"{letter} + str(n)"
    return _lines(
        "def f(s):",
        '    w, i = "", 0',
        "    while i < len(s):",
        "        c, n = s[i], 1",
        "        while i + n < len(s) and s[i + n] == c:",
        "            n += 1",
        f"        w += {pair} if n >= {t['least']} else c * n",
        "        i += n",
        "    return w",
    )


def _brackets(t: Found) -> str:
    kinds = t["kinds"].split()
    opening, closing = "".join(k[0] for k in kinds), "".join(k[1] for k in kinds)
    keep, result = {
        "how deep the brackets are nested at most": ("max(w, len(p) + 1)", "w"),
        "how many pairs of brackets there are": ("w + 1", "w"),
        "how many pairs stand in no other pair": ("w + (not p)", "w"),
        "the largest number of characters from an opening bracket to its own closing one, both counted, or 0": (
            "max(w, i - j + 1)",
            "w",
        ),
    }[t["told"]]
    return _lines(
        "def f(s):",
        "    p, w = [], 0",
        "    for i, c in enumerate(s):",
        f'        if c in "{opening}":',
        "            p.append(i)",
        f'        elif c in "{closing}":',
        f'            if not p or "{opening}".index(s[p[-1]]) != "{closing}".index(c):',
        "                return -1",
        "            j = p.pop()",
        f"            w = {keep}",
        f"    return -1 if p else {result}",
    )


# Following rules


def _robot(t: Found) -> str:
    k = t["k"]
    if not t["border"]:
        step = ["x, y = x + dx * d, y + dy * d"]
    elif t["border"] == "would leave it is not made":
        step = [f"if abs(x + dx * d) <= {k} and abs(y + dy * d) <= {k}:", "    x, y = x + dx * d, y + dy * d"]
    else:
        wide = 2 * int(k) + 1
        step = [f"x, y = (x + dx * d + {k}) % {wide} - {k}, (y + dy * d + {k}) % {wide} - {k}"]
    visited = t["told"].startswith("how many")
    result = {
        "its place as [x, y]": "[x, y]",
        "how far it is from its start, as |x| + |y|": "abs(x) + abs(y)",
        "how many different cells it has been on, the start included": "len(w)",
    }[t["told"]]
    back = '-1 if c == "B" else 1' if t["back"] else "1"
    return _lines(
        "def f(s):",
        "    x, y, dx, dy = 0, 0, 0, 1",
        *["    w = {(0, 0)}"] * visited,
        "    for c in s:",
        '        if c == "L":',
        "            dx, dy = -dy, dx",
        '        elif c == "R":',
        "            dx, dy = dy, -dx",
        "        else:",
        f"            d = {back}",
        *(f"            {line}" for line in step),
        *["            w.add((x, y))"] * visited,
        f"    return {result}",
    )


WORDS = {
    "add replaces the two on top by their sum": ("add", 2, "[a + b]"),
    "sub replaces the two on top by the lower one minus the upper one": ("sub", 2, "[a - b]"),
    "mul replaces the two on top by their product": ("mul", 2, "[a * b]"),
    "max replaces the two on top by the larger one": ("max", 2, "[max(a, b)]"),
    "swap exchanges the two on top": ("swap", 2, "[b, a]"),
    "over puts a copy of the second from the top on top": ("over", 2, "[a, b, a]"),
    "dup puts a copy of the top on top": ("dup", 1, "[b, b]"),
    "neg changes the sign of the top": ("neg", 1, "[-b]"),
    "drop takes the top away": ("drop", 1, "[]"),
}


def _machine(t: Found) -> str:
    words = [WORDS[told] for told in t["words"].split("; ")]
    lack = {"is left out": "continue", "ends the program": "break"}[t["lack"]]
    result = {
        "the stack as a list, its top last": "w",
        "the stack as a list, its top first": "w[::-1]",
        "the top of the stack, or 0 if it is empty": "w[-1] if w else 0",
        "the sum of the stack": "sum(w)",
    }[t["told"]]
    cases = []
    for word, need, gives in words:
        cases += [
            f'        elif c == "{word}":',
            f"            if len(w) < {need}:",
            f"                {lack}",
            "            b = w.pop()",
            *["            a = w.pop()"] * (need == 2),
            f"            w += {gives}",
        ]
    return _lines(
        "def f(v):",
        "    w = []",
        "    for c in v:",
        "        if c.isdigit():",
        "            w.append(int(c))",
        *cases,
        f"    return {result}",
    )


def _cells(t: Found) -> str:
    edges = {"0s": '"0" + s + "0"', "1s": '"1" + s + "1"', "the cells of the other end": "s[-1] + s + s[0]"}[t["edge"]]
    return _lines(
        "def f(s, n):",
        "    for _ in range(n):",
        f"        t = {edges}",
        f'        s = "".join("1" if t[i:i + 3] in {t["ones"].split(", ")} else "0" for i in range(len(s)))',
        "    return s",
    )


def _accounts(t: Found) -> str:
    fee, credit = t["fee"], t["credit"] or "0"
    deposit = f"a + (a >= {t['bonus']})" if t["bonus"] else "a"
    told = {
        "what is left at the end": "b",
        "the sum of the amounts that were refused": "r",
        "the smallest balance there ever was, the 0 at the start included": "low",
    }[t["told"]]
    return _lines(
        "def f(v):",
        "    b, r, low = 0, 0, 0",
        "    for x in v:",
        '        a = x["amount"]',
        '        if x["kind"] == "in":',
        f"            b += {deposit}",
        f"        elif b - a{f' - {fee}' if fee else ''} >= {'-' * (credit != '0')}{credit}:",
        f"            b -= a{f' + {fee}' if fee else ''}",
        "        else:",
        "            r += a",
        "        low = min(low, b)",
        f"    return {told}",
    )


PROGRAMS = {
    "stairs": _stairs,
    "multiples": _multiples,
    "paths": _paths,
    "edits": _edits,
    "chains": _chains,
    "change": _change,
    "pair": _pair,
    "peak": _peak,
    "order": _order,
    "measures": _measures,
    "nested": _nested,
    "formulas": _formulas,
    "entries": _entries,
    "runs": _runs,
    "brackets": _brackets,
    "robot": _robot,
    "machine": _machine,
    "cells": _cells,
    "accounts": _accounts,
}
"""By kind."""
