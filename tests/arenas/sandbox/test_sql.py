"""The SQL runner reads one file and does nothing else, whatever it is asked."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lanista.arenas.sandbox import Limits, Sandbox
from lanista.arenas.sandbox.sql import SqlRunner
from lanista.errors import UsageError


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data base?")  # a name that a URI has to quote
    path = folder / "shop%20.sqlite"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, note BLOB)")
        made.executemany("INSERT INTO users VALUES (?, ?, ?)", [(i, f"user {i}", bytes([i])) for i in range(200)])
        made.execute("CREATE VIEW everyone AS SELECT name FROM users")
    made.close()
    (folder / "other.sqlite").write_bytes(path.read_bytes())
    for each in (*folder.iterdir(), folder):
        each.chmod(0o755 if each.is_dir() else 0o644)
    for parent in folder.parents[:3]:
        if parent.owner() == folder.owner() and parent != parent.parent:
            parent.chmod(parent.stat().st_mode | 0o011)
    return path


@pytest.fixture(scope="module")
def sql(database: Path, box: Sandbox) -> Iterator[SqlRunner]:
    with SqlRunner(database, tier=box.tier) as made:
        yield made


def test_rows_come_with_their_types(sql: SqlRunner) -> None:
    got = sql.run("SELECT id, name, note, id / 2.0 AS half, NULL FROM users WHERE id = ?", (7,))
    assert got.columns == ("id", "name", "note", "half", "NULL")
    assert got.rows == ((7, "user 7", b"\x07", 3.5, None),)
    assert (got.truncated, got.stop, got.error) == (False, None, "")
    assert sql.run("SELECT count(*) FROM everyone").rows == ((200,),)
    assert sql.run("SELECT ?, ?, ?, ?", (None, 1.5, "ü", b"\0")).rows == ((None, 1.5, "ü", b"\0"),)


def test_more_rows_than_wanted_are_cut_and_said(sql: SqlRunner) -> None:
    got = sql.run("SELECT id FROM users ORDER BY id", rows=3)
    assert (got.rows, got.truncated) == (((0,), (1,), (2,)), True)
    assert not sql.run("SELECT id FROM users LIMIT 3", rows=3).truncated


BOMB = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "


@pytest.mark.parametrize(
    "query",
    [
        *("ATTACH 'other.sqlite' AS o", "ATTACH ':memory:' AS o", "DETACH main", "ATTACH DATABASE '/etc/passwd' AS p"),
        *("PRAGMA table_info(users)", "PRAGMA writable_schema = 1", "SELECT * FROM pragma_table_info('users')"),
        *("PRAGMA query_only = 0", "PRAGMA mmap_size = 1000000", "PRAGMA journal_mode = WAL", "PRAGMA temp_store = 1"),
        *("SELECT load_extension('x')", "SELECT LOAD_EXTENSION('x', 'y')", "SELECT readfile('/etc/passwd')"),
        *("SELECT writefile('/tmp/x', 'y')", "SELECT edit('x')", "SELECT fts3_tokenizer('simple')"),
        *("DELETE FROM users", "UPDATE users SET name = 1", "INSERT INTO users VALUES (1, 2, 3)", "DROP TABLE users"),
        *("REPLACE INTO users VALUES (1, 2, 3)", "CREATE TABLE x (y)", "CREATE TEMP TABLE x (y)", "", ";", "-- no"),
        *("CREATE INDEX i ON users (name)", "CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; END", "ANALYZE"),
        *("CREATE VIRTUAL TABLE v USING fts5(x)", "ALTER TABLE users RENAME TO x", "REINDEX", "VACUUM"),
        *("CREATE VIEW v AS SELECT 1", "VACUUM INTO '/tmp/stolen'", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT s"),
        *("SELECT 1; DELETE FROM users", "SELECT 1; SELECT 2", "SELECT * FROM nothing", "SELEC", "SELECT '\0'"),
        *("SELECT '\ud800'", "SELECT " + "(" * 5000 + "1" + ")" * 5000, "SELECT 1 WHERE 1" + " AND 1" * 5000),
        *(" UNION ALL ".join(["SELECT 1"] * 100), "SELECT 1" + ",1" * 300, "SELECT zeroblob(900000000)"),
        *("SELECT 1 + ?", "SELECT max(1" + ",1" * 50 + ")", "SELECT abs(-9223372036854775808)"),
    ],
)
def test_what_does_not_read_is_refused(sql: SqlRunner, database: Path, query: str) -> None:
    before = hashlib.sha256(database.read_bytes()).digest()
    names = sorted(p.name for p in database.parent.iterdir())
    got = sql.run(query)
    assert (got.stop, got.rows) == ("exception", ()), got
    assert got.error
    assert hashlib.sha256(database.read_bytes()).digest() == before
    assert sorted(p.name for p in database.parent.iterdir()) == names
    assert sql.run("SELECT count(*) FROM users").rows == ((200,),)


def test_a_refusal_says_what_was_tried(sql: SqlRunner) -> None:
    assert "only reading is allowed here, not attach" in sql.run("ATTACH 'x' AS y").error
    assert "only reading is allowed here, not pragma" in sql.run("PRAGMA user_version").error


@pytest.mark.parametrize(
    "query",
    [
        BOMB + "SELECT count(*) FROM c",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION SELECT x + 1 FROM c) SELECT max(x) FROM c",
        "SELECT count(*) FROM users a, users b, users c, users d, users e",
        "SELECT group_concat(a.name) FROM users a, users b, users c, users d",
    ],
)
def test_bombs_run_out_of_steps(sql: SqlRunner, query: str) -> None:
    """The same steps on every machine: unlike a time limit, it gives the same verdict twice."""
    got = sql.run(query, steps=1_000_000)
    assert got.stop in ("steps", "exception"), got
    assert got.stop == "steps" or "too big" in got.error
    assert got.rows == ()


def test_bombs_that_take_few_steps_run_out_of_something_else(sql: SqlRunner) -> None:
    tight = Limits(cpu_s=0.3, memory_bytes=64_000_000, result_bytes=100_000)
    blobs = "WITH RECURSIVE c(x) AS (SELECT zeroblob(9000000) UNION ALL SELECT zeroblob(9000000) FROM c) "
    assert sql.run(blobs.replace("9", "4") + "SELECT sum(length(hex(x))) FROM c", steps=10**12, limits=tight).stop in (
        "cpu",
        "memory",
    )
    assert sql.run(blobs + "SELECT x FROM c ORDER BY x", steps=10**12, limits=tight).stop in ("cpu", "memory")
    assert sql.run("SELECT hex(zeroblob(4000000))", limits=tight).stop == "output"
    assert sql.run(BOMB + "SELECT x FROM c", rows=1_000_000, steps=10**12, limits=tight).stop in (
        "cpu",
        "output",
        "memory",
    )
    assert sql.run("SELECT '%' LIKE '" + "%a" * 400 + "'").stop is None
    assert sql.run("SELECT 1" + " " * 200_000).stop == "refused"


def test_impossible_arguments_are_named(sql: SqlRunner, database: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no SQLite file"):
        SqlRunner(tmp_path / "nothing.sqlite")
    with pytest.raises(UsageError, match="rows=0"):
        sql.run("SELECT 1", rows=0)
    with pytest.raises(UsageError, match=r"parameters\[0\] is a list"):
        sql.run("SELECT ?", ([],))
    assert sql.run("SELECT ?").stop == "exception"


def test_a_file_that_is_no_database_is_an_answer(box: Sandbox, database: Path) -> None:
    other = database.parent / "text.sqlite"
    other.write_text("not a database at all, only text", encoding="utf-8")
    other.chmod(0o644)
    try:
        with SqlRunner(other, tier=box.tier) as made:
            got = made.run("SELECT 1 FROM users")
            assert (got.stop, got.tier) == ("exception", box.tier)
            assert "not a database" in got.error
    finally:
        other.unlink()


@pytest.mark.parametrize(
    "options",
    [
        *({"rows": "1"}, {"rows": 1.5}, {"steps": "1"}, {"steps": None}, {"parameters": "abc"}, {"parameters": 3}),
        *({"parameters": [b"x" * 6_000_000]}, {"limits": 3}, {"sql": 3}, {"sql": b"SELECT 1"}),
    ],
)
def test_arguments_that_cannot_be_are_the_callers_mistake(tmp_path: Path, options: Any) -> None:
    path = tmp_path / "empty.sqlite"
    sqlite3.connect(path).close()
    path.touch()
    with SqlRunner(path) as sql, pytest.raises(UsageError):
        sql.run(**{"sql": "SELECT 1", **options})
