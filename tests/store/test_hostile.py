"""A run that somebody else made: whatever is in its folder, a reader gets one sentence and keeps its memory."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lanista.errors import LanistaError
from lanista.leaderboards.board import board
from lanista.runs import Run
from lanista.store import Store

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from lanista.leaderboards.tournament import run_tournament

    out = tmp_path_factory.mktemp("hostile") / "run"
    run_tournament("werewolf", ["random", "crowd"], 4, 1, {"players": 5, "wolves": 1}, out=out, workers=0)
    return out


def one_line(error: LanistaError) -> None:
    assert "\n" not in str(error)


def read(path: Path) -> None:
    """What readers do: the page's board, every record."""
    with Run.open(path) as run:
        board(run.store)
        for _ in run.store.episodes():
            pass


@given(key=st.sampled_from(["format", "kind", "seed", "command", "store", "config", "versions"]), value=JSON)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_in_run_json(run_folder: Path, key: str, value: Any) -> None:
    file = run_folder / "run.json"
    before = file.read_text()
    try:
        file.write_text(json.dumps({**json.loads(before), key: value}))
        with Run.open(run_folder) as run:
            assert run.again
            assert isinstance(run.config, dict)
    except LanistaError as error:
        one_line(error)
    finally:
        file.write_text(before)


@pytest.mark.parametrize(
    "text", ["[" * 200_000, '{"a":' * 100_000, "", "null", "[]", "\x00", "{" + " " * (17 << 20) + "}"]
)
def test_a_run_json_that_is_none(run_folder: Path, text: str) -> None:
    file = run_folder / "run.json"
    before = file.read_text()
    try:
        file.write_text(text)
        with pytest.raises(LanistaError):
            Run.open(run_folder)
    finally:
        file.write_text(before)


@pytest.mark.parametrize("store", ["../elsewhere.sqlite", "/etc/passwd", "other.sqlite", "", "./store.sqlite"])
def test_a_run_does_not_read_a_file_elsewhere(run_folder: Path, store: str) -> None:
    file = run_folder / "run.json"
    before = file.read_text()
    try:
        file.write_text(json.dumps({**json.loads(before), "store": store}))
        with pytest.raises(LanistaError, match=r"'store' is .*store\.sqlite"):
            Run.open(run_folder)
    finally:
        file.write_text(before)


COLUMNS = ("players", "roles", "teams", "scores", "returns", "facts", "config")


@given(column=st.sampled_from(COLUMNS), value=JSON)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_in_a_column(run_folder: Path, column: str, value: Any) -> None:
    store = run_folder / "store.sqlite"
    with sqlite3.connect(store) as raw:
        (id_, before) = raw.execute(f'SELECT id, "{column}" FROM episodes LIMIT 1').fetchone()
        raw.execute(f'UPDATE episodes SET "{column}" = ? WHERE id = ?', (json.dumps(value), id_))
    try:
        read(run_folder)
    except LanistaError as error:
        one_line(error)
    finally:
        with sqlite3.connect(store) as raw:
            raw.execute(f'UPDATE episodes SET "{column}" = ? WHERE id = ?', (before, id_))


def refused(run_folder: Path, record: bytes) -> None:
    """The run with another record for its first game, which is told of; then as it was."""
    with sqlite3.connect(run_folder / "store.sqlite") as raw:
        (id_, before) = raw.execute("SELECT id, record FROM episodes LIMIT 1").fetchone()
        raw.execute("UPDATE episodes SET record = ? WHERE id = ?", (record, id_))
    try:
        with (
            Store.open(run_folder / "store.sqlite") as store,
            pytest.raises(LanistaError, match="is damaged"),
        ):
            store.episode(id_)
    finally:
        with sqlite3.connect(run_folder / "store.sqlite") as raw:
            raw.execute("UPDATE episodes SET record = ? WHERE id = ?", (before, id_))


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"no zlib",
        zlib.compress(b"{}"),
        zlib.compress(b"[" * 500_000),
        zlib.compress(b'{"steps": 3}'),
        zlib.compress(json.dumps({"seed": "1"}).encode()),
        zlib.compress(b"null")[:-3],
    ],
    ids=["empty", "no zlib", "empty object", "deep", "few fields", "wrong kind", "cut"],
)
def test_a_record_that_is_none(run_folder: Path, record: bytes) -> None:
    refused(run_folder, record)


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_record_with_any_json_somewhere(run_folder: Path, data: Any) -> None:
    from lanista.store.rows import unpack

    with Store.open(run_folder / "store.sqlite") as store:
        record = store.episode(store.ids()[0]).to_dict()
    place: Any = record
    while isinstance(place, (dict, list)) and place and data.draw(st.booleans()):
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if isinstance(place[key], (dict, list)) and place[key] and data.draw(st.booleans()):
            place = place[key]
            continue
        place[key] = data.draw(JSON)
        break
    try:
        episode = unpack("g", zlib.compress(json.dumps(record).encode()))
    except LanistaError as error:
        one_line(error)
        return
    assert episode.canonical()


BOMB = """
import resource, sys, zlib
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
from lanista.errors import LanistaError
from lanista.store.rows import unpack
bomb = zlib.compressobj()
record = b"".join(bomb.compress(b"[" * (1 << 20)) for _ in range(400)) + bomb.flush()
try:
    unpack("bomb", record)
except LanistaError as error:
    print(error)
print(next(int(l.split()[1]) for l in open('/proc/self/status') if l.startswith('VmHWM')) // 1024)
"""


def test_a_bomb_is_not_unpacked() -> None:
    done = subprocess.run([sys.executable, "-c", BOMB], capture_output=True, text=True, check=True)
    said, peak_mb = done.stdout.splitlines()
    assert "unpacks to more than" in said
    assert int(peak_mb) < 800


def test_exports_of_two_runs_can_be_put_together(tmp_path: Path, episode: Any) -> None:
    """Columns that are empty throughout one run have the same type in both."""
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    tables: dict[str, list[Any]] = {"episodes": [], "turns": [], "terms": [], "policies": []}
    for name in ("full", "bare"):
        with Store.open(tmp_path / f"{name}.sqlite", "w") as store:
            made = episode()
            if name == "bare":
                made = replace(made, steps=[s._replace(turns=(), terms=()) for s in made.steps], outcome=None)
            store.add_game("g", 0, 0, made, (0.0, 1.0))
            if name == "full":
                store.add_policy("p", 1, "policies/p", base="b", step=3, metrics={"x": 1})
            store.export(tmp_path / name)
        for table, found in tables.items():
            found.append(pq.read_table(tmp_path / name / f"{table}.parquet"))
    for one, other in tables.values():
        assert one.schema == other.schema
        assert pa.concat_tables([one, other]).num_rows == one.num_rows + other.num_rows


EXPORT = """
import sys
from pathlib import Path
from lanista.store import Store
import pyarrow.parquet
def peak():  # not getrusage: that begins with the memory of whoever started this process
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
before = peak()
with Store.open(Path(sys.argv[1])) as store:
    store.export(Path(sys.argv[2]))
print((peak() - before) // 1024)
"""


@pytest.mark.slow
def test_ten_thousand_games_are_exported_in_bounded_memory(tmp_path: Path, run_folder: Path) -> None:
    with Store.open(run_folder / "store.sqlite") as store:
        games = list(store.episodes())
    with Store.open(tmp_path / "s.sqlite", "w") as store:
        from lanista.store import prepare

        for start in range(0, 10_000, 500):
            rows = [prepare(f"g{i}", i // 4, i, games[i % len(games)], (0.0, 1.0)) for i in range(start, start + 500)]
            store.add(*rows)
    command = [sys.executable, "-c", EXPORT, str(tmp_path / "s.sqlite"), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 200
