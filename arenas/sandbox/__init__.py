"""A sandbox for programs that nobody trusts, and a judge they cannot fool. Linux, standard library only, no root.

    from lanista.arenas.sandbox import Call, Limits, Sandbox, compare

    with Sandbox(workers=2) as box:
        results = box.run(program, [Call("fib", (10,)), Call("fib", (30,))], Limits(cpu_s=1))
    passed = [r.ok and compare(e, r.value) for e, r in zip((55, 832040), results.results)]

Expected values never enter the child. See docs/sandbox.md.
"""

from __future__ import annotations

from lanista.arenas.sandbox.box import FULL, SECOND, TIERS, UNSAFE, Sandbox
from lanista.arenas.sandbox.compare import compare
from lanista.arenas.sandbox.sql import Rows, SqlRunner
from lanista.arenas.sandbox.types import Call, Limits, Result, Results, Status, Stop

__all__ = [
    "FULL",
    "SECOND",
    "TIERS",
    "UNSAFE",
    "Call",
    "Limits",
    "Result",
    "Results",
    "Rows",
    "Sandbox",
    "SqlRunner",
    "Status",
    "Stop",
    "compare",
]
