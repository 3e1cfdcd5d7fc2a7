"""The same store on a real PostgreSQL server, started for these tests where one is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import make_url

from lanista.errors import LanistaError, UsageError
from lanista.runs import Run
from lanista.store import Store, Timing

pytest.importorskip("psycopg")

_WHEN = Timing(100.0, 102.5)
_USER = "nobody" if os.geteuid() == 0 else None  # the server refuses to run as root


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The folder of a server's socket."""
    if shutil.which("initdb") is None or shutil.which("pg_ctl") is None:
        pytest.skip("no PostgreSQL server is installed")
    folder = Path(tempfile.mkdtemp(prefix="lanista-pg-"))
    if _USER:
        shutil.chown(folder, _USER)
    data = str(folder / "data")
    env = {**os.environ, "HOME": str(folder)}

    def run(*command: str) -> None:
        subprocess.run(command, user=_USER, env=env, cwd=folder, check=True, stdout=subprocess.DEVNULL)

    run("initdb", "-D", data, "-U", "lanista", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    run("pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        yield str(folder)
    finally:
        run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder)


@pytest.fixture
def url(server: str, request: pytest.FixtureRequest) -> str:
    """A database of this test's own."""
    import psycopg

    name = f"t{abs(hash(request.node.name))}"
    with psycopg.connect(host=server, user="lanista", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    return f"postgresql+psycopg://lanista@/{name}?host={server}"


def test_everything_that_a_file_gives_a_server_gives(url, tmp_path, episode):
    stores = []
    for where in (url, tmp_path / "store.sqlite"):
        with Store.open(where, "w") as store:
            for index in (3, 0, 10, 2):
                store.add_game(f"g{index}", index // 2, index, episode(seed=2**64 - 1 - index), _WHEN)
            store.add_policy("shared", 2, "p2", metrics={"win": 0.5, "kl": float("nan")}, created=1.0)
            store.add_policy("shared", 2, "p2b", metrics={"win": 0.75}, created=2.0)
        stores.append(Store.open(where))
    server, file = stores
    assert server.ids() == file.ids() == ["g0", "g2", "g3", "g10"]
    assert server.games() == file.games()
    assert server.turn_stats() == file.turn_stats()
    assert server.policies() == file.policies()
    assert [e.to_dict() for e in server.episodes()] == [e.to_dict() for e in file.episodes()]
    for table in ("episodes", "turns", "terms", "policies"):
        pd.testing.assert_frame_equal(server.frame(table), file.frame(table))
    for store in stores:
        store.close()


def test_whatever_an_agent_says_can_be_kept(url, episode):
    kept = episode().to_dict()
    kept["steps"][0]["turns"][2] |= {"reply": "\x00\ud800 \u202e", "why": "\x00"}
    odd = type(episode()).from_dict(kept)
    with Store.open(url, "w") as store:
        store.add_game("g0", 0, 0, odd, _WHEN)
        assert store.episode("g0").canonical() == odd.canonical()


def test_a_refused_batch_leaves_nothing(url, episode):
    with Store.open(url, "w") as store:
        store.add_game("g0", 0, 0, episode(), _WHEN)
        with pytest.raises(LanistaError, match="already has a game"):
            store.add_game("g0", 0, 1, episode(), _WHEN)
        assert len(store) == 1
        assert len(store.frame("turns")) == 4


def test_a_store_for_reading_and_a_database_without_one(url):
    with pytest.raises(LanistaError, match="holds no Lanista store"):
        Store.open(url)
    Store.open(url, "w").close()
    Store.open(url).close()


def test_a_server_that_is_not_there_is_one_sentence():
    with pytest.raises(LanistaError, match="cannot be used now") as caught:
        Store.open("postgresql+psycopg://me:secret@/db?host=/nowhere", "w")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_run_keeps_its_games_there_and_shares_the_database_with_no_other(url, tmp_path, episode):
    with Run.create(tmp_path / "one", "tournament", {}, store=url) as run:
        run.store.add_game("g0", 0, 0, episode(), _WHEN)
    with Run.open(tmp_path / "one") as run:
        assert run.store.ids() == ["g0"]
    with pytest.raises(UsageError, match="holds the games of another run"):
        Run.create(tmp_path / "two", "tournament", {}, store=url)
    with Run.resume(tmp_path / "one", "tournament", {}) as run:
        run.store.add_game("g1", 0, 1, episode(), _WHEN)
        assert run.store.ids() == ["g0", "g1"]


def test_suspended_games_wait_on_a_server_as_in_a_file(url, tmp_path, episode):
    kept = []
    for where in (url, tmp_path / "store.sqlite"):
        with Store.open(where, "w") as store:
            store.add_game("g0", 0, 0, episode(), _WHEN)
            for index in (5, 2):
                store.suspend(f"g{index}", index // 2, index, agent="openai:x", why="down \u202e", session='{"a": 1}')
            store.suspend("g2", 1, 2, agent="openai:y", why="no key", session='{"a": 2}')
            assert store.ids() == ["g0"]
        with Store.open(where) as store:
            kept.append([{k: v for k, v in row.items() if k != "at"} for row in store.suspended()])
        with Store.open(where, "w") as store:
            store.add_game("g2", 1, 2, episode(), _WHEN)
            assert [row["id"] for row in store.suspended()] == ["g5"]
            told: dict[str, LanistaError] = {}
            assert [id for id, _ in store.records(["g2", "g9", "g0"], told.__setitem__)] == ["g2", "g0"]
            assert list(told) == ["g9"]
    server, file = kept
    assert [row["agent"] for row in server] == ["openai:y", "openai:x"]
    assert server == file


@pytest.mark.parametrize("version", [1, 2])
def test_tables_of_an_older_version_are_read_and_then_brought_up(url, episode, version):
    import psycopg

    with Store.open(url, "w") as store:
        store.add_game("g0", 0, 0, episode(), _WHEN)
    at = make_url(url)
    with psycopg.connect(host=str(at.query["host"]), user="lanista", dbname=at.database, autocommit=True) as connection:
        connection.execute("DROP TABLE suspended")
        if version == 1:
            connection.execute("ALTER TABLE episodes DROP COLUMN facts")
        connection.execute(f"UPDATE meta SET value = '{version}' WHERE key = 'schema'")  # type: ignore[arg-type]
    with Store.open(url) as store:
        assert (store.ids(), store.suspended()) == (["g0"], [])
        assert bool(store.games()[0].facts) == (version == 2 and bool(episode().outcome.facts))
    for _ in range(2):
        with Store.open(url, "w") as store:
            store.suspend("g1", 0, 1, agent="a", why="b", session="{}")
            if not store.has("g2"):
                store.add_game("g2", 1, 2, episode(), _WHEN)
            assert [row["id"] for row in store.suspended()] == ["g1"]
            assert store.ids() == ["g0", "g2"]
