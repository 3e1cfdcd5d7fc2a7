"""Read-only SQL over one SQLite file, in a child of the sandbox."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from lanista.arenas.sandbox import parse, values
from lanista.arenas.sandbox.box import Sandbox
from lanista.arenas.sandbox.types import Limits, Stop
from lanista.arenas.sandbox.worker import packed
from lanista.errors import UsageError

SQL_CHARS = 100_000
DEFAULT = Limits(cpu_s=5.0)


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query gave. ``columns`` and ``rows`` are empty where ``stop`` says why there are none."""

    tier: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool
    """Whether there were more rows than were asked for."""
    stop: Stop | None
    error: str
    cpu_s: float


class SqlRunner:
    """Runs queries that nobody trusts over the SQLite file ``path``, which nobody may write meanwhile.

        with SqlRunner("/data/shop.sqlite") as sql:
            sql.run("SELECT name FROM users WHERE id = ?", (7,)).rows

    The other arguments are Sandbox's. Raises UsageError where there is no such file.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        workers: int = 1,
        tier: str | None = None,
        allow_unsafe: bool = False,
        python: str | None = None,
    ) -> None:
        self._path = os.path.realpath(path)
        if not os.path.isfile(self._path):
            raise UsageError(f"there is no SQLite file at {os.fspath(path)!r}")
        self._box = Sandbox(workers, tier=tier, allow_unsafe=allow_unsafe, readable=(self._path,), python=python)
        self.tier = self._box.tier

    def run(
        self,
        sql: str,
        parameters: Sequence[Any] = (),
        *,
        rows: int = 1000,
        steps: int = 10_000_000,
        limits: Limits = DEFAULT,
    ) -> Rows:
        """The first ``rows`` rows of one SELECT, or why there are none; ``steps`` are SQLite's, about 10⁷ a second.

        ``parameters`` fill question marks: None, int, float, str and bytes. Nothing a query says raises anything.
        Raises UsageError for arguments that cannot be.
        """
        self._box.check_limits(limits)
        if not isinstance(sql, str):
            raise UsageError(f"a query is text, not {type(sql).__name__}")
        if type(rows) is not int or type(steps) is not int or not 1 <= rows <= 1_000_000 or steps < 1:
            raise UsageError(
                f"rows={rows!r}, steps={steps!r}: between 1 and 1000000 rows and at least one step are possible"
            )
        if isinstance(parameters, str | bytes) or not isinstance(parameters, Sequence):
            raise UsageError(f"parameters={parameters!r:.60}: a list of values is needed")
        for i, value in enumerate(parameters):
            if value is not None and type(value) not in (int, float, str, bytes):
                raise UsageError(
                    f"parameters[{i}] is a {type(value).__name__}; None, int, float, str or bytes are possible"
                )
        if len(sql) > SQL_CHARS:
            return self._none("refused", f"the query has {len(sql)} characters; at most {SQL_CHARS} are run")
        try:
            given = values.encode(list(parameters), 10_000_000)
        except values.Unfit as unfit:
            raise UsageError(f"the parameters cannot cross: {unfit}") from None
        asked = {
            "kind": "sql",
            "path": self._path,
            "sql": sql,
            "parameters": given,
            "rows": rows,
            "steps": steps,
        }
        raw = self._box.request(packed(asked, limits), limits, 1)
        told = parse.parse(raw.results, raw.output, 1)
        (result,), stop, error = parse.settle(told, raw.stop, raw.error, (None,))
        if stop is not None:
            return self._none(stop, error, raw.cpu_s)
        shown = _checked(result.value) if result.ok else None
        if shown is None:
            return self._none("output", result.error or "the answer is no table", raw.cpu_s)
        return Rows(self.tier, *shown, None, "", raw.cpu_s)

    def close(self) -> None:
        self._box.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _none(self, stop: Stop, error: str, cpu_s: float = 0.0) -> Rows:
        return Rows(self.tier, (), (), False, stop, error, cpu_s)


def _checked(value: Any) -> tuple[tuple[str, ...], tuple[tuple[Any, ...], ...], bool] | None:
    """Columns, rows and whether there were more; None for what is no table."""
    if type(value) is not list or len(value) != 3:
        return None
    columns, rows, more = value
    if type(columns) is not list or type(rows) is not list or type(more) is not bool:
        return None
    if not all(type(c) is str for c in columns) or not all(type(r) is tuple for r in rows):
        return None
    return tuple(columns), tuple(rows), more
