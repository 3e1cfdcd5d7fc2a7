"""Opening a database, and saying in one sentence what is wrong with it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError

from lanista.errors import LanistaError, UsageError

Mode = Literal["r", "w"]

BUSY_S = 20.0
"""Seconds to wait for another program that holds the file before giving up."""


def connect(where: str | os.PathLike[str], mode: Mode, busy_s: float = BUSY_S) -> Engine:
    """An engine for a SQLite file (a path, made if absent under ``w``) or a database's URL.

    A transaction that writes says so with the execution option ``writes=True``.

    Raises UsageError for a URL that cannot be used, LanistaError where a file to read is not there.
    """
    text = os.fspath(where)
    if "://" not in text:
        return _sqlite(Path(text), mode, busy_s)
    try:
        url = make_url(text)
        if url.get_backend_name() == "sqlite":
            if not url.database or url.database == ":memory:":
                raise UsageError("a store is a file, not memory: give the path of an SQLite file or a PostgreSQL URL")
            return _sqlite(Path(url.database), mode, busy_s)
        return _server(url, mode)
    except (ArgumentError, NoSuchModuleError) as error:
        raise UsageError(
            f"{_hide(text)!r} is no database URL that can be used here ({error}); give the path of an SQLite file, or "
            "a URL such as postgresql+psycopg://user@host/database"
        ) from error
    except ModuleNotFoundError as error:
        raise LanistaError(
            f"the database driver {error.name!r} is not installed: `pip install 'lanista[postgres]'`, and begin the "
            "URL with postgresql+psycopg://"
        ) from error


@contextmanager
def explained(where: str) -> Iterator[None]:
    """What the database raises inside comes out as a LanistaError that says what to do."""
    try:
        yield
    except DBAPIError as error:
        raise LanistaError(_sentence(error, where)) from error
    except sqlite3.Error as error:
        raise LanistaError(_sqlite_sentence(error, where)) from error


def _sqlite(path: Path, mode: Mode, busy_s: float) -> Engine:
    if mode == "r" and not path.exists():
        raise LanistaError(f"there is no store at {path}")
    if path.is_dir():
        raise LanistaError(f"{path} is a folder, not a store; a run's store is the file store.sqlite in it")
    if not path.parent.is_dir():
        raise LanistaError(f"the folder {path.parent} does not exist, so no store can be made in it")
    name = f"file:{quote(str(path.resolve()))}?" + ("mode=rwc" if mode == "w" else _read_flags(path))

    def open_file() -> sqlite3.Connection:
        # isolation_level None: Python's driver keeps out of transactions, so that making tables is one as well
        return sqlite3.connect(name, uri=True, timeout=busy_s, isolation_level=None, check_same_thread=False)

    engine = create_engine("sqlite://", creator=open_file, poolclass=None)

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys=ON")
        if mode == "w":
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")  # a committed game survives a power cut, not only a kill
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _read_flags(path: Path) -> str:
    """A database in WAL mode needs a file beside it even to be read; where none can be made it must be immutable."""
    if os.access(path.parent, os.W_OK):
        return "mode=ro"
    wal = path.with_name(path.name + "-wal")
    if wal.exists() and wal.stat().st_size and not path.with_name(path.name + "-shm").exists():
        raise LanistaError(
            f"the store {path} was not closed and lies in a folder that cannot be written to, so its last games cannot "
            "be read there: copy the whole folder somewhere else and read it there"
        )
    return "mode=ro" if wal.exists() else "mode=ro&immutable=1"


def _server(url: URL, mode: Mode) -> Engine:
    engine = create_engine(url, pool_pre_ping=True)
    if mode == "r" and url.get_backend_name() == "postgresql":
        # One snapshot a transaction, as SQLite gives
        engine = engine.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")
    return engine


def _sentence(error: DBAPIError, where: str) -> str:
    if isinstance(error.orig, sqlite3.Error):
        return _sqlite_sentence(error.orig, where)
    reason = " ".join(str(error.orig).split())
    if isinstance(error, (OperationalError, InterfaceError)):
        return f"the database {where} cannot be used now: {reason}; nothing that was stored is lost"
    return f"the database {where} refused: {reason}"


def _sqlite_sentence(error: sqlite3.Error, where: str) -> str:
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    match code:
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return (
                f"the store {where} is damaged or is no SQLite file ({error}); it was left as it is: restore it from a "
                "copy, or save what can be saved with `sqlite3 FILE .recover`"
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"another program holds the store {where} locked; try again when it is done"
        case sqlite3.SQLITE_FULL:
            return (
                f"the disk is full: {where} could not grow; every game written before is kept, so free some space and "
                "go on with --resume"
            )
        case sqlite3.SQLITE_IOERR:
            return (
                f"the disk refused to read or write {where} ({error}); it may be full or over a size limit; every game "
                "written before is kept, so mend that and go on with --resume"
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            return f"the store {where} cannot be opened or written to ({error}); check its permissions and its folder"
    return f"the store {where} failed: {error}"


def _hide(url: str) -> str:
    """A URL without its password, fit for a message."""
    head, at, tail = url.rpartition("@")
    scheme, slashes, user = head.partition("://")
    return f"{scheme}{slashes}{user.split(':')[0]}{at}{tail}" if at else url
