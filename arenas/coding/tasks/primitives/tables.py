"""Primitives on dictionaries and on lists of small records."""

from __future__ import annotations

from lanista.arenas.coding.tasks.primitives.primitive import (
    BACKWARDS,
    BAG,
    COUNT,
    EACH,
    FIRST,
    FLIP,
    TOTAL,
    Primitive,
    each,
    fold,
    insertion,
    keep,
    over,
)

P = Primitive

_ENTRIES = "w = {}\nfor k in list(v):\n    "

TABLE = [
    *over(
        (0, 2, 5),
        P(
            "over",
            "table",
            "table",
            "Keep the entries with a value over {k}.",
            "{k_: x for k_, x in v.items() if x > {k}}",
            _ENTRIES + "if v[k] - {k} > 0:\n        w[k] = v[k]\nv = w",
        ),
    ),
    *over(
        (1, 10),
        P(
            "raise",
            "table",
            "table",
            "Add {k} to each value.",
            "{k_: x + {k} for k_, x in v.items()}",
            "v = dict(v)\nfor k in v:\n    v[k] += {k}",
        ),
    ),
    *over(
        (2, 3),
        P(
            "scale",
            "table",
            "table",
            "Multiply each value by {k}.",
            "{k_: x * {k} for k_, x in v.items()}",
            _ENTRIES + "w[k] = sum([v[k]] * {k})\nv = w",
        ),
    ),
    *over(
        ("a", "e"),
        P(
            "with_key",
            "table",
            "table",
            "Keep the entries with the letter {k} in the key.",
            '{k_: x for k_, x in v.items() if "{k}" in k_}',
            _ENTRIES + "if k.count('{k}') > 0:\n        w[k] = v[k]\nv = w",
        ),
    ),
    P("total", "table", "num", "Take the sum of the values.", "sum(v.values())", fold("0", "t += v[x]")),
    P("count", "table", "num", "Count the entries.", "len(v)", COUNT),
    P(
        "largest",
        "table",
        "num",
        "Take the largest value, or 0 if there is none.",
        "max(v.values(), default=0)",
        fold("None", "if t is None or v[x] > t:\n    t = v[x]") + "\nif v is None:\n    v = 0",
    ),
    P("keys", "table", "words", "List the keys, sorted.", "sorted(v)", insertion("x < w[i]")),
    P(
        "values",
        "table",
        "nums",
        "List the values, sorted upwards.",
        "sorted(v.values())",
        "v = [v[k] for k in v]\n" + insertion("x < w[i]"),
    ),
    P(
        "ranked",
        "table",
        "words",
        "List the keys, those of larger values first, equal ones sorted.",
        "sorted(v, key=lambda k: (-v[k], k))",
        "w = []\nfor x in v:\n    i = 0\n    while i < len(w) and (v[w[i]] > v[x] or v[w[i]] == v[x] and w[i] < x):\n"
        "        i += 1\n    w.insert(i, x)\nv = w",
    ),
    P(
        "best",
        "table",
        "text",
        "Take the key of the largest value, the first of equal ones when sorted, or an empty string.",
        'min(v, key=lambda k: (-v[k], k), default="")',
        "t = ''\nfor x in sorted(v):\n    if t == '' or v[x] > v[t]:\n        t = x\nv = t",
    ),
    P(
        "written",
        "table",
        "text",
        "Write the entries as key=value, sorted by key, with commas between.",
        '",".join(f"{k}={v[k]}" for k in sorted(v))',
        "w = ''\nfor x in sorted(v):\n    if w:\n        w += ','\n    w += x + '=' + str(v[x])\nv = w",
    ),
]
TABLE = [p._replace(does=p.does.replace("k_", "k")) for p in TABLE]

ITEMS = [
    P(
        "stocked",
        "items",
        "items",
        "Keep the items with a count over 0.",
        '[x for x in v if x["count"] > 0]',
        keep("not x['count'] == 0"),
        EACH,
    ),
    *over(
        (5, 10),
        P(
            "cheaper",
            "items",
            "items",
            "Keep the items with a price under {k}.",
            '[x for x in v if x["price"] < {k}]',
            keep("x['price'] - {k} <= -1"),
            EACH,
        ),
    ),
    *over(
        (5, 10),
        P(
            "dearer",
            "items",
            "items",
            "Keep the items with a price over {k}.",
            '[x for x in v if x["price"] > {k}]',
            keep("x['price'] - {k} >= 1"),
            EACH,
        ),
    ),
    *over(
        (1, 3),
        P(
            "reduced",
            "items",
            "items",
            "Lower each price by {k}, but not under 0.",
            '[{**x, "price": max(x["price"] - {k}, 0)} for x in v]',
            "w = []\nfor x in v:\n    y = dict(x)\n    y['price'] -= {k}\n    if y['price'] < 0:\n"
            "        y['price'] = 0\n    w.append(y)\nv = w",
            EACH,
        ),
    ),
    P(
        "by_price",
        "items",
        "items",
        "Sort the items by price upwards, keeping the order of equals.",
        'sorted(v, key=lambda x: x["price"])',
        insertion("x['price'] < w[i]['price']"),
    ),
    P("reverse", "items", "items", "Reverse the order.", "v[::-1]", BACKWARDS, FLIP),
    *over((2, 3), P("first", "items", "items", "Keep the first {k}.", "v[:{k}]", FIRST)),
    P("names", "items", "words", "Take the names.", '[x["name"] for x in v]', each("x.get('name')"), EACH),
    P("prices", "items", "nums", "Take the prices.", '[x["price"] for x in v]', each("x.get('price')"), EACH),
    P("counts", "items", "nums", "Take the counts.", '[x["count"] for x in v]', each("x.get('count')"), EACH),
    P(
        "values",
        "items",
        "nums",
        "Take price times count of each item.",
        '[x["price"] * x["count"] for x in v]',
        each("sum([x['price']] * x['count'])"),
        EACH,
    ),
    P(
        "worth",
        "items",
        "num",
        "Take the sum of price times count.",
        'sum(x["price"] * x["count"] for x in v)',
        fold("0", "for _ in range(x['count']):\n    t += x['price']"),
        TOTAL,
    ),
    P("count", "items", "num", "Count them.", "len(v)", COUNT, TOTAL),
    P(
        "stock",
        "items",
        "table",
        "Map each name to the sum of its counts.",
        '{x["name"]: sum(y["count"] for y in v if y["name"] == x["name"]) for x in v}',
        "w = {}\nfor x in v:\n    w[x['name']] = w.get(x['name'], 0) + x['count']\nv = w",
        BAG,
    ),
    P(
        "best_price",
        "items",
        "table",
        "Map each name to its smallest price.",
        '{x["name"]: min(y["price"] for y in v if y["name"] == x["name"]) for x in v}',
        "w = {}\nfor x in v:\n    if x['name'] not in w or x['price'] < w[x['name']]:\n"
        "        w[x['name']] = x['price']\nv = w",
        BAG,
    ),
]
