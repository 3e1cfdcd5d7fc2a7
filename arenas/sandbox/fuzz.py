"""Throws damaged results at the parser for as long as it is told to: ``python -m lanista.arenas.sandbox.fuzz``.

Starts from lines that a child really writes, and cuts, swaps, repeats and corrupts them. Ends with 1, and the input as
hexadecimal digits, where the parser raises, forgets a call, or takes longer than a second.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from typing import Any

from lanista.arenas.sandbox.parse import parse, settle
from lanista.arenas.sandbox.values import encode

_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 1 << 70, 1.5, float("nan"), 2j, "ü\ud800", b"\0\xff"),
    *([1, [2]], (1,), {1: {2}}, frozenset()),
)
_BITS = (
    b"[",
    b"]",
    b"{",
    b"}",
    b'"',
    b",",
    b":",
    b"\n",
    b"\\u",
    b"NaN",
    b"1e999",
    b"-",
    b"9" * 5000,
    b"[" * 5000,
    b"\xff",
)
_CALLS = 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to go on (60)")
    parser.add_argument("--seed", type=int, default=0, help="where to start (0)")
    asked = parser.parse_args()
    rng = random.Random(asked.seed)
    until, count = time.monotonic() + asked.seconds, 0
    while time.monotonic() < until:
        data = damaged(rng, sample(rng))
        count += 1
        started = time.monotonic()
        try:
            results, stop, _ = settle(parse(data, b"output", _CALLS), None, "", range(_CALLS))
        except Exception as error:
            print(f"the parser raised {error!r} on {data.hex()}", file=sys.stderr)
            return 1
        if len(results) != _CALLS or (stop is None) != all(r.stop is None for r in results):
            print(f"a call was forgotten on {data.hex()}", file=sys.stderr)
            return 1
        if time.monotonic() - started > 1:
            print(f"it took {time.monotonic() - started:.1f} s on {data.hex()}", file=sys.stderr)
            return 1
    print(f"{count} inputs, none raised, none lost a call (seed {asked.seed})")
    return 0


def sample(rng: random.Random) -> bytes:
    """What a child might have written."""
    lines: list[list[object]] = []
    for index in range(rng.randint(0, _CALLS + 1)):
        status = rng.choice(("ok", "ok", "ok", "exception", "unfit"))
        lines.append(["call", index, status, encode(rng.choice(_VALUES), 10_000), "error", index, 0.5])
    ends: list[list[object]] = [["done"], ["stop", rng.choice(("exit", "memory", "exception", "wall")), "why"]]
    lines.append(rng.choice(ends))
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def damaged(rng: random.Random, data: bytes) -> bytes:
    """The same with a few things gone wrong."""
    for _ in range(rng.randint(0, 6)):
        at, to = sorted(rng.choices(range(len(data) + 1), k=2))
        kind = rng.randrange(5)
        if kind == 0:
            data = data[:at] + data[to:]
        elif kind == 1:
            data = data[:to] + data[at:]
        elif kind == 2:
            data = data[:at] + rng.choice(_BITS) + data[at:]
        elif kind == 3:
            data = data[:at] + rng.randbytes(rng.randint(1, 4)) + data[min(to, at + 4) :]
        else:
            data = data[to:] + data[at:to] + data[:at]
        data = data[:200_000]
    return data


if __name__ == "__main__":
    sys.exit(main())
