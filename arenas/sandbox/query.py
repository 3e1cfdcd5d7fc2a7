"""One SQL query inside the walls, over one file that is opened for reading only.

Four things hold a query besides the walls: the file is opened ``mode=ro&immutable=1``; an authorizer allows to select,
to read columns, to recurse and to call functions, and nothing else (no ATTACH, no PRAGMA, no load_extension, no
transaction); SQLite's own limits are low; a progress handler ends it after so many steps of SQLite's machine, which is
a limit that does not depend on the machine's speed.

Read inside the sandbox's own interpreter; imports the standard library only.
"""

from __future__ import annotations

import sqlite3
from typing import Any
from urllib.parse import quote

from lanista.arenas.sandbox import values

_EVERY = 1000
"""SQLite steps between two looks at the count."""

_FINE = 50
"""The same where the count is told, so that it says how much work a query is."""

_FORBIDDEN = frozenset({"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"})

_LIMITS = {
    "SQLITE_LIMIT_LENGTH": 10_000_000,
    "SQLITE_LIMIT_SQL_LENGTH": 100_000,
    "SQLITE_LIMIT_COLUMN": 200,
    "SQLITE_LIMIT_EXPR_DEPTH": 100,
    "SQLITE_LIMIT_COMPOUND_SELECT": 50,
    "SQLITE_LIMIT_VDBE_OP": 100_000,
    "SQLITE_LIMIT_FUNCTION_ARG": 20,
    "SQLITE_LIMIT_ATTACHED": 0,
    "SQLITE_LIMIT_LIKE_PATTERN_LENGTH": 1000,
    "SQLITE_LIMIT_VARIABLE_NUMBER": 250,
    "SQLITE_LIMIT_TRIGGER_DEPTH": 1,
    "SQLITE_LIMIT_WORKER_THREADS": 0,
}


def serve(asked: dict[str, Any], tell: Any) -> None:
    """Runs the query that was asked for and tells its rows, or why there are none; several where ``runs`` are asked."""
    if "runs" in asked:
        _several(asked, tell)
        return
    progress, guard = _Progress(asked["steps"]), _Guard()
    try:
        connection = _opened(asked["path"])
        columns, rows = _run(
            connection, asked["sql"], values.decode(asked["parameters"]), asked["rows"], progress, guard
        )
    except _FAULTS as error:
        tell("stop", *_why(error, progress, guard))
        return
    try:
        shown = values.encode(
            [columns, [tuple(row) for row in rows[: asked["rows"]]], len(rows) > asked["rows"]], asked["room"]
        )
    except values.Unfit as unfit:
        tell("call", 0, "unfit", None, str(unfit), 0, 0.0)
        return
    tell("call", 0, "ok", shown, "", 0, 0.0)


def _several(asked: dict[str, Any], tell: Any) -> None:
    """Query after query, each over one of the databases: a path, or the script of one that is made in memory.

    A query that fails leaves the others as they are. An answer holds the steps that were taken too.
    """
    connections: dict[int, sqlite3.Connection] = {}
    for index, (which, sql) in enumerate(asked["runs"]):
        progress, guard = _Progress(asked["steps"], _FINE), _Guard()
        try:
            if which not in connections:
                connections[which] = _made(asked["databases"][which])
            columns, rows = _run(connections[which], sql, (), asked["rows"], progress, guard)
            more = len(rows) > asked["rows"]
            taken = progress.most - progress.left
            shown = values.encode([columns, [tuple(row) for row in rows[: asked["rows"]]], more, taken], asked["room"])
        except _FAULTS as error:
            reason, message = _why(error, progress, guard)
            tell("call", index, "exception", None, f"{reason}: {message}", 0, 0.0)
        except values.Unfit as unfit:
            tell("call", index, "unfit", None, str(unfit), 0, 0.0)
        else:
            tell("call", index, "ok", shown, "", 0, 0.0)


def _made(database: dict[str, str]) -> sqlite3.Connection:
    """A database out of a path or a script; nothing that is not trusted has run over it yet."""
    if "path" in database:
        return _opened(database["path"])
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(database["script"])
    return connection


def _opened(path: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(path)}?mode=ro&immutable=1", uri=True, isolation_level=None)


def _run(
    connection: sqlite3.Connection, sql: str, parameters: Any, most: int, progress: _Progress, guard: _Guard
) -> tuple[list[str], list[Any]]:
    """The columns of a query, and one row more than are asked for."""
    connection.set_authorizer(None)  # what the query before was held by
    for name, limit in _LIMITS.items():
        connection.setlimit(getattr(sqlite3, name), limit)
    connection.execute("PRAGMA temp_store = MEMORY")  # there is no file to sort in
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.set_authorizer(guard)
    connection.set_progress_handler(progress, progress.every)
    cursor = connection.execute(sql, parameters)
    rows = cursor.fetchmany(most + 1)
    if cursor.description is None:
        raise sqlite3.ProgrammingError("this gives no table; only reading is allowed here")
    columns = [column[0] for column in cursor.description]
    cursor.close()
    return columns, rows


_FAULTS = (MemoryError, sqlite3.Error, sqlite3.Warning, OverflowError, ValueError)


def _why(error: BaseException, progress: _Progress, guard: _Guard) -> tuple[str, str]:
    """Why a query gave nothing: a reason, and a line."""
    if isinstance(error, MemoryError) or "out of memory" in str(error):
        return "memory", "the query asked for more memory than it may have"
    if progress.over:
        return "steps", f"the query took more than {progress.most} steps"
    refused = f" ({guard.refused})" if guard.refused else ""
    return "exception", f"{type(error).__name__}: {error}{refused}"


class _Progress:
    """Called every so many steps; says stop when there were enough."""

    def __init__(self, steps: int, every: int = _EVERY) -> None:
        self.most = self.left = steps
        self.every = every
        self.over = False

    def __call__(self) -> bool:
        self.left -= self.every
        self.over = self.left < 0
        return self.over


class _Guard:
    """SQLite's authorizer: asked for everything that a statement would do, while it is compiled."""

    def __init__(self) -> None:
        self.refused = ""

    def __call__(
        self, action: int, first: str | None, second: str | None, schema: str | None, within: str | None
    ) -> int:
        if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() not in _FORBIDDEN:
            return sqlite3.SQLITE_OK
        if not self.refused:
            self.refused = f"only reading is allowed here, not {_ACTIONS.get(action, 'this')}"
        return sqlite3.SQLITE_DENY


_ACTIONS = {
    getattr(sqlite3, name): name.removeprefix("SQLITE_").replace("_", " ").lower()
    for name in (
        *("SQLITE_ATTACH", "SQLITE_DETACH", "SQLITE_PRAGMA", "SQLITE_FUNCTION", "SQLITE_TRANSACTION"),
        *("SQLITE_SAVEPOINT", "SQLITE_INSERT", "SQLITE_UPDATE", "SQLITE_DELETE", "SQLITE_ANALYZE", "SQLITE_REINDEX"),
        *("SQLITE_CREATE_TABLE", "SQLITE_CREATE_TEMP_TABLE", "SQLITE_CREATE_VIEW", "SQLITE_CREATE_TEMP_VIEW"),
        *("SQLITE_CREATE_INDEX", "SQLITE_CREATE_TRIGGER", "SQLITE_CREATE_TEMP_TRIGGER", "SQLITE_DROP_TABLE"),
        *("SQLITE_CREATE_VTABLE", "SQLITE_DROP_VTABLE", "SQLITE_ALTER_TABLE", "SQLITE_DROP_INDEX", "SQLITE_DROP_VIEW"),
    )
}
