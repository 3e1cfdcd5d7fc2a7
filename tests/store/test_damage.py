"""What is wrong with a store is said in one sentence, and nothing that was kept is lost."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import event

from lanista import __version__
from lanista.arenas.core.episode import Episode
from lanista.errors import LanistaError, UsageError
from lanista.store import SCHEMA, Store, Timing
from lanista.store.engine import connect

_WHEN = Timing(0.0, 1.0)


def _fill(store: Store, episode: Episode, indices: range) -> None:
    for index in indices:
        store.add_game(f"g{index}", 0, index, episode, _WHEN)


@pytest.fixture
def path(tmp_path: Path, episode) -> Path:
    """A store with three games."""
    path = tmp_path / "store.sqlite"
    with Store.open(path, "w") as store:
        for index in range(3):
            store.add_game(f"g{index}", 0, index, episode(), _WHEN)
    return path


@pytest.mark.parametrize("mode", ["r", "w"])
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path, mode):
    path = tmp_path / "store.sqlite"
    path.write_bytes(b"this is not a database" * 100)
    before = path.read_bytes()
    with pytest.raises(LanistaError, match="damaged or is no SQLite file"):
        Store.open(path, mode)
    assert path.read_bytes() == before


def test_a_damaged_page_is_reported_when_it_is_read(path):
    data = bytearray(path.read_bytes())
    size = int.from_bytes(data[16:18], "big")
    for page in range(1, len(data) // size):  # all but the first page: the file opens, its tables do not read
        data[page * size : page * size + 8] = b"\xff" * 8
    path.write_bytes(data)
    with pytest.raises(LanistaError, match="is damaged") as caught, Store.open(path) as store:
        list(store.episodes())
    assert str(path) in str(caught.value)


def test_a_damaged_record_names_its_game(path):
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE episodes SET record = substr(record, 1, 20) WHERE id = 'g1'")
    with Store.open(path) as store:
        assert store.episode("g0").seed == 1
        with pytest.raises(LanistaError, match="record of game 'g1' is damaged"):
            store.episode("g1")
        assert len(store.games()) == 3  # what ratings need is in columns


def test_an_export_leaves_a_damaged_record_out_and_names_it(path, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE episodes SET record = substr(record, 1, 20) WHERE id = 'g1'")
    named: list[str] = []
    with Store.open(path) as store:
        with pytest.raises(LanistaError, match="record of game 'g1' is damaged"):
            store.export(tmp_path / "strict.jsonl")
        assert not (tmp_path / "strict.jsonl").exists()
        store.export(tmp_path / "rest.jsonl", lambda id, error: named.append(id))
        store.export(tmp_path / "rest.parquet", lambda id, error: named.append(id))
    assert named == ["g1", "g1"]
    lines = [json.loads(line) for line in (tmp_path / "rest.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == ["g0", "g2"]
    table = pq.read_table(tmp_path / "rest.parquet").to_pylist()
    assert [(row["id"], row["record"] is None) for row in table] == [("g0", False), ("g1", True), ("g2", False)]
    assert Episode.from_dict(json.loads(table[2]["record"])).seed == 1


def test_a_store_of_version_1_is_read_as_it_is_and_grown_by_a_writer(path, episode):
    with sqlite3.connect(path) as raw:
        raw.execute("ALTER TABLE episodes DROP COLUMN facts")
        raw.execute("DROP TABLE suspended")
        raw.execute("UPDATE meta SET value = '1' WHERE key = 'schema'")
    before = path.read_bytes()
    with Store.open(path) as store:
        assert [dict(row.facts) for row in store.games()] == [{}, {}, {}]
        assert len(list(store.items())) == 3
        assert "facts" not in store.frame("episodes")
    assert path.read_bytes() == before
    with Store.open(path, "w") as store:
        store.add_game("g3", 0, 3, episode(), _WHEN)
        assert [dict(row.facts) for row in store.games()] == [{}, {}, {}, {"days": 1}]
    with Store.open(path) as store:
        assert len(store.frame("episodes")) == 4


def test_a_store_of_version_2_holds_no_suspended_games_until_a_writer_has_grown_it(path):
    with sqlite3.connect(path) as raw:
        raw.execute("DROP TABLE suspended")
        raw.execute("UPDATE meta SET value = '2' WHERE key = 'schema'")
    with Store.open(path) as store:
        assert store.suspended() == []
        assert len(store.games()) == 3
    with Store.open(path, "w") as store:
        store.suspend("g7", 1, 7, agent="openai:m@http://x", why="down", session="{}")
    with Store.open(path) as store:
        assert [row["id"] for row in store.suspended()] == ["g7"]
        assert [row.id for row in store.games()] == ["g0", "g1", "g2"]


def test_a_suspended_game_is_no_episode_and_gone_once_it_is_played(path, episode):
    with Store.open(path, "w") as store:
        store.suspend("g4", 0, 4, agent="a", why="first", session="1")
        store.suspend("g3", 0, 3, agent="a", why="down", session="2")
        store.suspend("g4", 0, 4, agent="b", why="again", session="3")
        assert [(row["id"], row["agent"], row["session"]) for row in store.suspended()] == [
            ("g3", "a", "2"),
            ("g4", "b", "3"),
        ]
        assert store.ids() == ["g0", "g1", "g2"]
        store.add_game("g3", 0, 3, episode(), _WHEN)
        assert [row["id"] for row in store.suspended()] == ["g4"]


@pytest.mark.parametrize("mode", ["r", "w"])
def test_a_newer_store_says_upgrade(path, mode):
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (str(SCHEMA + 1),))
        raw.execute("UPDATE meta SET value = '9.9' WHERE key = 'lanista'")
    with pytest.raises(LanistaError, match=rf"made by Lanista 9\.9 .* this is Lanista {__version__}.*upgrade"):
        Store.open(path, mode)


@pytest.mark.parametrize("mode", ["r", "w"])
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE songs (title TEXT)",
        "CREATE TABLE meta (title TEXT)",
        "CREATE TABLE meta (key TEXT, value TEXT)",
    ],
)
def test_somebody_elses_database_is_not_taken_over(tmp_path, mode, statement):
    path = tmp_path / "songs.sqlite"
    with sqlite3.connect(path) as raw:
        raw.execute(statement)
    with pytest.raises(LanistaError, match="holds no Lanista store"):
        Store.open(path, mode)
    with sqlite3.connect(path) as raw:
        assert len(raw.execute("SELECT name FROM sqlite_master").fetchall()) == 1


def test_a_locked_store_says_so_and_goes_on_later(path, episode):
    other = sqlite3.connect(path, isolation_level=None)
    with Store.open(path, "w", busy_s=0.05) as store:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LanistaError, match=r"another program holds the store .* locked"):
            store.add_game("g3", 0, 3, episode(), _WHEN)
        assert len(store) == 3
        other.execute("ROLLBACK")
        store.add_game("g3", 0, 3, episode(), _WHEN)
        assert len(store) == 4
    other.close()


def test_reading_needs_no_lock(path):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Store.open(path, busy_s=0.05) as store:
        assert len(store) == 3
    other.close()


def test_a_full_disk_loses_nothing(path, episode):
    with Store.open(path, "w") as store:
        with store._engine.connect() as connection:
            full = connection.exec_driver_sql("PRAGMA page_count").scalar_one() + 1

        @event.listens_for(store._engine, "begin")
        def _cap(connection):  # SQLite's own limit gives the very error that a full disk gives
            connection.exec_driver_sql(f"PRAGMA max_page_count={full}")

        with pytest.raises(LanistaError, match=r"the disk is full.*every game written before is kept"):
            _fill(store, episode(), range(3, 200))
        kept = store.ids()
        assert kept[:3] == ["g0", "g1", "g2"]
        assert len(store.frame("turns")) == 4 * len(kept)
    with Store.open(path, "w") as store:  # space was made
        store.add_game("later", 0, 10**6, episode(), _WHEN)
        assert store.ids() == [*kept, "later"]


_FILLS = """
import json, resource, sys
from lanista.arenas.core.episode import Episode
from lanista.errors import LanistaError
from lanista.store import Store
record = json.loads(sys.stdin.read())
store = Store.open(sys.argv[1], "w")
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
n = 0
try:
    while n < 500:
        store.add_game(f"g{n}", 0, n, Episode.from_dict(record), (0.0, 1.0))
        n += 1
except LanistaError as error:
    print(n, error)
"""


def test_a_file_that_may_not_grow_loses_nothing(tmp_path, episode):
    path = tmp_path / "store.sqlite"
    done = subprocess.run(
        [sys.executable, "-c", _FILLS, str(path), "200000"],
        input=json.dumps(episode().to_dict()),
        capture_output=True,
        text=True,
        check=True,
    )
    kept, says = done.stdout.split(maxsplit=1)
    assert "every game written before is kept" in says
    assert 0 < int(kept) < 500
    with Store.open(path) as store:
        assert store.ids() == [f"g{n}" for n in range(int(kept))]


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="needs to mount a small file system")
def test_a_really_full_disk_loses_nothing(tmp_path, episode):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("this machine does not let tests mount file systems")
    try:
        with Store.open(disk / "store.sqlite", "w") as store:
            with pytest.raises(LanistaError, match="every game written before is kept"):
                _fill(store, episode(), range(500))
            kept = len(store)
            assert kept > 0
        with Store.open(disk / "store.sqlite") as store:
            assert len(store) == kept
            assert sum(1 for _ in store.episodes()) == kept
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_an_absent_store_and_an_absent_folder_are_named(tmp_path):
    with pytest.raises(LanistaError, match=r"there is no store at .*none\.sqlite"):
        Store.open(tmp_path / "none.sqlite")
    with pytest.raises(LanistaError, match=r"folder .* does not exist"):
        Store.open(tmp_path / "none" / "store.sqlite", "w")
    with pytest.raises(UsageError, match="mode 'r' or 'w'"):
        Store.open(tmp_path / "store.sqlite", "a")  # type: ignore[arg-type]


def test_a_folder_in_place_of_a_file_is_named(tmp_path):
    with pytest.raises(LanistaError, match="is a folder, not a store"):
        Store.open(tmp_path, "r")


def test_an_empty_file_is_a_store_to_be(tmp_path, episode):
    path = tmp_path / "store.sqlite"
    path.touch()
    with pytest.raises(LanistaError, match="holds no Lanista store"):
        Store.open(path)
    with Store.open(path, "w") as store:
        store.add_game("g0", 0, 0, episode(), _WHEN)
        assert store.ids() == ["g0"]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense://host/db", "no database URL that can be used"),
        ("://", "no database URL"),
        ("sqlite://", "not memory"),
        ("nonsense://me:secret@host/db", "nonsense://me@host/db"),
    ],
)
def test_urls_that_cannot_be_used(url, says):
    with pytest.raises(LanistaError, match=says) as caught:
        Store.open(url, "w")
    assert "secret" not in str(caught.value)


def test_a_url_of_a_file_is_that_file(path):
    with Store.open(f"sqlite:///{path}") as store:
        assert len(store) == 3


def test_names_that_a_url_would_read_otherwise(tmp_path, episode):
    path = tmp_path / "a?b#c %41 é.sqlite"
    with Store.open(path, "w") as store:
        store.add_game("g0", 0, 0, episode(), _WHEN)
    assert path.exists()
    with Store.open(path) as store:
        assert store.ids() == ["g0"]


def test_a_write_is_a_full_flush_in_wal_mode(path):
    engine = connect(path, "w")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2  # FULL
    engine.dispose()


def test_a_folder_that_cannot_be_written_can_be_read(path):
    if os.geteuid() == 0:
        bound = subprocess.run(["mount", "--bind", str(path.parent), str(path.parent)], capture_output=True)
        if bound.returncode:
            pytest.skip("root may write anywhere, and this machine does not let tests mount file systems")
        subprocess.run(["mount", "-o", "remount,bind,ro", str(path.parent)], check=True)
        undo = ["umount", "-l", str(path.parent)]
    else:
        path.parent.chmod(0o500)
        undo = ["chmod", "700", str(path.parent)]
    try:
        with Store.open(path) as store:
            assert len(store) == 3
        with pytest.raises(LanistaError, match="check its permissions"):
            Store.open(path, "w")
    finally:
        subprocess.run(undo, check=True)


def test_records_come_in_the_order_that_is_asked_and_damage_is_told(path, episode):
    with Store.open(path, "w") as store:
        _fill(store, episode(), range(3, 40))
    with sqlite3.connect(path) as database:
        database.execute("UPDATE episodes SET record = substr(record, 1, 20) WHERE id = 'g7'")
    told: dict[str, LanistaError] = {}
    asked = ["g39", "g7", "g0", "nobody", *(f"g{i}" for i in range(8, 39))]
    with Store.open(path) as store:
        found = list(store.records(asked, told.__setitem__))
        assert [id for id, _ in found] == [id for id in asked if id not in ("g7", "nobody")]
        assert found[1][1] == store.episode("g0").to_dict()
    assert sorted(told) == ["g7", "nobody"]
    assert "damaged" in str(told["g7"])
    assert "there is no game 'nobody'" in str(told["nobody"])
