"""Many read-only queries over small databases in one child of the sandbox: what a judge of queries needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from lanista.arenas.sandbox import parse
from lanista.arenas.sandbox.box import Sandbox
from lanista.arenas.sandbox.types import Limits
from lanista.arenas.sandbox.worker import packed

SQL_CHARS = 100_000
DEFAULT = Limits(cpu_s=5.0)


class Answer(NamedTuple):
    """What one query gave over one database; ``stop`` and ``error`` say why there are no rows."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    more: bool = False
    """Whether there were more rows than were asked for."""
    steps: int = 0
    """How much work it was, in steps of SQLite's machine, to fifty: no matter of the machine's speed."""
    stop: str | None = None
    error: str = ""


class QueryRunner:
    """Runs queries that nobody trusts, held as ``SqlRunner`` holds them, several over several databases in one child.

    A database is ``{"path": …}``, a file at or under one of ``readable``, or ``{"script": …}``: trusted SQL that makes
    a small one in memory. Raises LanistaError where no tier of the sandbox stands here.
    """

    def __init__(self, readable: Sequence[str] = (), *, tier: str | None = None) -> None:
        # What is readable makes the sandbox load SQLite beforehand, so there is always something: its own source.
        self._box = Sandbox(1, tier=tier, readable=(str(Path(__file__).resolve().with_name("query.py")), *readable))
        self.tier = self._box.tier

    def run(
        self,
        databases: Sequence[Mapping[str, str]],
        runs: Sequence[tuple[int, str]],
        *,
        rows: int = 1000,
        steps: int = 1_000_000,
        limits: Limits = DEFAULT,
    ) -> list[Answer]:
        """One answer for each run (the number of a database, a query), in order. Nothing a query says raises."""
        asked = [(which, sql if len(sql) <= SQL_CHARS else "SELECT") for which, sql in runs]
        request = {"kind": "sql", "databases": list(databases), "runs": asked, "rows": rows, "steps": steps}
        raw = self._box.request(packed(request, limits), limits, len(runs))
        told = parse.parse(raw.results, raw.output, len(runs))
        results, stop, error = parse.settle(told, raw.stop, raw.error, [None] * len(runs))
        found = []
        for (_, sql), result in zip(runs, results, strict=True):
            if len(sql) > SQL_CHARS:
                why = f"the query has {len(sql):,} characters; at most {SQL_CHARS:,} are run"
                found.append(Answer(stop="refused", error=why))
            elif result.ok:
                found.append(_answer(result.value))
            else:
                reason, _, message = result.error.partition(": ")
                known = result.status == "exception" and reason in ("memory", "steps", "exception")
                found.append(
                    Answer(stop=reason, error=message)
                    if known
                    else Answer(stop=result.stop or stop or "output", error=result.error or error)
                )
        return found

    def close(self) -> None:
        """Ends the sandbox."""
        self._box.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _answer(value: Any) -> Answer:
    """A child's answer, which may be anything, as a table."""
    if type(value) is list and len(value) == 4:
        columns, rows, more, steps = value
        if (
            type(columns) is list
            and all(type(column) is str for column in columns)
            and type(rows) is list
            and all(type(row) is tuple and len(row) == len(columns) for row in rows)
            and type(more) is bool
            and type(steps) is int
        ):
            return Answer(tuple(columns), tuple(rows), more, steps)
    return Answer(stop="output", error="the answer is no table")
