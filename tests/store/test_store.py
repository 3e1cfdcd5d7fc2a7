"""What goes into a store comes out, in schedule order, and stays there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lanista.arenas.core.episode import Episode
from lanista.errors import LanistaError, UsageError
from lanista.store import Store, Timing, prepare

_WHEN = Timing(100.0, 102.5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


def test_an_episode_reads_back_byte_for_byte_with_its_meta(path, episode):
    kept = episode()
    with Store.open(path, "w") as store:
        store.add_game("b0g0", 0, 0, kept, _WHEN)
    with Store.open(path) as store:
        back = store.episode("b0g0")
    assert back.canonical() == kept.canonical()
    assert back.to_dict() == kept.to_dict()


def test_reads_are_in_schedule_order_whatever_the_order_of_writing(path, episode):
    with Store.open(path, "w") as store:
        for index in (3, 0, 10, 2, 1):
            store.add_game(f"g{index}", index // 2, index, episode(seed=index), _WHEN)
        order = ["g0", "g1", "g2", "g3", "g10"]
        assert store.ids() == order
        assert [e.seed for e in store.episodes()] == [0, 1, 2, 3, 10]
        assert [game.id for game in store.games()] == order
        assert [game.block for game in store.games()] == [0, 0, 1, 1, 5]
        for table in ("turns", "terms"):
            assert list(store.frame(table)["episode_id"].unique()) == order
        assert len(store) == 5
        assert store.has("g10")
        assert not store.has("g4")


def test_a_game_row_says_who_sat_where_and_who_won(path, episode):
    with Store.open(path, "w") as store:
        store.add_game("b0g0", 7, 0, episode(seed=2**64 - 1), _WHEN)
        (game,) = store.games()
    assert game.seed == 2**64 - 1  # no SQL integer holds it
    assert (game.block, game.arena, game.hash, game.preset) == (7, "parlour", "0123456789abcdef", "default")
    assert game.config == {"players": 3, "roles": ["seer"]}
    assert game.players == {"a": "x", "b": "x", "c": "y"}
    assert game.roles == {"a": "seer", "b": "villager", "c": "werewolf"}
    assert game.teams == {"village": ["a", "b"], "wolves": ["c"]}
    assert game.winner == "village"
    assert game.scores == {"village": 1.0, "wolves": 0.0}
    assert game.returns == {"a": 100.0, "b": 80.0, "c": 0.0}


def test_turn_stats_by_hand(path, episode):
    # Per game: x decides twice (a: two refusals, then a vote; b: one refusal, then the fallback for a second refused
    # reply), y twice (c: one forfeit, one vote without a report). Two games double everything but the latencies.
    with Store.open(path, "w") as store:
        store.add_game("g0", 0, 0, episode(), _WHEN)
        store.add_game("g1", 0, 1, episode(), _WHEN)
        stats = store.turn_stats()
    assert list(stats) == ["x", "y"]
    x, y = stats["x"], stats["y"]
    assert (x.games, x.decisions, x.illegal, x.fallbacks, dict(x.forfeits)) == (2, 4, 8, 2, {})
    assert (x.tokens_in, x.tokens_out) == (8, 6)  # the refused reply's tokens count
    assert x.latency_mean_s == pytest.approx((0.75 + 0.5) / 2)
    assert (y.games, y.decisions, y.illegal, y.fallbacks) == (2, 4, 0, 0)
    assert y.forfeits == {"raised ValueError": 2}
    assert (y.tokens_in, y.tokens_out, y.latency_mean_s) == (None, None, 0.5)
    assert (x.errors, y.errors) == (8, 2)


def test_the_ledger_is_kept_term_by_term(path, episode):
    with Store.open(path, "w") as store:
        store.add_game("g0", 0, 0, episode(), _WHEN)
        frame = store.frame("terms")
    rows = frame[["term", "to", "team", "amount", "weight"]].to_records(index=False).tolist()
    assert rows == [("illegal_reply", "b", False, 1.0, -20.0), ("victory", "village", True, 1.0, 100.0)]


def test_a_game_is_kept_once_and_a_refused_batch_leaves_nothing(path, episode):
    with Store.open(path, "w") as store:
        store.add_game("g0", 0, 0, episode(), _WHEN)
        fresh = prepare("g1", 0, 1, episode(), _WHEN)
        taken = prepare("g0", 0, 0, episode(), _WHEN)
        with pytest.raises(LanistaError, match="already has a game"):
            store.add(fresh, taken)
        assert store.ids() == ["g0"]
        assert set(store.frame("turns")["episode_id"]) == {"g0"}


def test_policies_keep_every_version_and_the_last_word_on_each(path):
    with Store.open(path, "w") as store:
        store.add_policy(
            "shared", 2, "policies/shared-2", base="tiny", step=20, metrics={"win": 0.5, "kl": float("nan")}
        )
        store.add_policy("shared", 1, "policies/shared-1", base="tiny", step=10)
        store.add_policy("shared", 2, "policies/shared-2b", base="tiny", step=20, metrics={"win": 0.75})
        assert [(p["name"], p["version"], p["path"]) for p in store.policies()] == [
            ("shared", 1, "policies/shared-1"),
            ("shared", 2, "policies/shared-2b"),
        ]
        assert store.policies()[1]["metrics"] == {"win": 0.75}


def test_unknown_game_is_named_with_a_suggestion(path, episode):
    with Store.open(path, "w") as store:
        store.add_game("b0003g2", 0, 0, episode(), _WHEN)
        with pytest.raises(UsageError, match="did you mean 'b0003g2'"):
            store.episode("b003g2")
        with pytest.raises(UsageError, match="did you mean 'turns'"):
            store.frame("turn")  # type: ignore[arg-type]


def test_a_store_for_reading_is_never_written(path, episode):
    Store.open(path, "w").close()
    with Store.open(path) as store:
        with pytest.raises(UsageError, match="opened for reading"):
            store.add_game("g0", 0, 0, episode(), _WHEN)
        assert store.ids() == []


def test_readers_see_whole_games_while_the_writer_works(path, episode):
    with Store.open(path, "w") as writer, Store.open(path) as reader:
        for index in range(3):
            writer.add_game(f"g{index}", 0, index, episode(), _WHEN)
            assert len(reader) == index + 1
            assert len(reader.frame("turns")) == 4 * (index + 1)


_ANY = st.text(st.characters(codec=None), max_size=40)  # lone surrogates and NUL included


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reply=_ANY, why=_ANY, reported=st.one_of(_ANY, st.floats(), st.none()))
def test_whatever_an_agent_says_can_be_kept(tmp_path_factory, episode, reply, why, reported):
    kept = episode().to_dict()
    kept["steps"][0]["turns"][2] |= {"reply": reply, "why": why, "meta": {"note": reported, "latency_s": 1.0}}
    odd = Episode.from_dict(kept)
    with Store.open(tmp_path_factory.mktemp("any") / "store.sqlite", "w") as store:
        store.add_game("g0", 0, 0, odd, _WHEN)
        assert store.episode("g0").canonical() == odd.canonical()
        assert store.turn_stats()["y"].decisions == 2


def test_reports_of_foreign_number_types_are_kept(path, episode):
    import numpy as np

    kept = episode().to_dict()
    kept["steps"][0]["turns"][2]["meta"] = {"logps": np.array([0.5, 1.5], dtype=np.float32), "n": np.int64(3)}
    with Store.open(path, "w") as store:
        store.add_game("g0", 0, 0, Episode.from_dict(kept), _WHEN)
        assert store.episode("g0").steps[0].turns[2].meta == {"logps": [0.5, 1.5], "n": 3}


_WRITER = """
import json, sys
from lanista.arenas.core.episode import Episode
from lanista.store import Store
record = json.loads(sys.stdin.readline())
store = Store.open(sys.argv[1], "w")
n = 0
while True:
    store.add_game(f"g{n}", 0, n, Episode.from_dict(record), (0.0, 1.0))
    print(n, flush=True)
    n += 1
"""


def test_every_game_that_was_reported_kept_survives_kill_9(path, episode):
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdin is not None
    assert writer.stdout is not None
    writer.stdin.write(json.dumps(episode().to_dict()) + "\n")
    writer.stdin.flush()
    reported = [int(writer.stdout.readline()) for _ in range(25)][-1]
    os.kill(writer.pid, signal.SIGKILL)
    reported = max([reported, *map(int, writer.stdout.read().split())])
    writer.wait()
    with Store.open(path) as store:
        ids = store.ids()
        assert ids[: reported + 1] == [f"g{n}" for n in range(reported + 1)]
        assert len(ids) <= reported + 2  # one may be kept whose report did not get out
        assert len(store.frame("turns")) == 4 * len(ids)
    with Store.open(path, "w") as store:
        store.add_game("after", 0, 10**6, episode(), _WHEN)
        assert store.ids()[-1] == "after"


def test_exported_lines_read_back_as_episodes(path, tmp_path, episode):
    with Store.open(path, "w") as store:
        for index in (1, 0):
            store.add_game(f"g{index}", 0, index, episode(seed=index), _WHEN)
        (file,) = store.export(tmp_path / "out" / "games.jsonl")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["id"] for line in lines] == ["g0", "g1"]
    assert lines[0]["timing"] == {"started": 100.0, "finished": 102.5, "duration_s": 2.5}
    assert [Episode.from_dict(line).canonical() for line in lines] == [episode(seed=s).canonical() for s in (0, 1)]


def test_exported_parquet_reads_back(path, tmp_path, episode):
    pytest.importorskip("pyarrow")
    with Store.open(path, "w") as store:
        for index in range(300):  # more than one piece
            store.add_game(f"g{index}", 0, index, episode(seed=2**64 - 1 - index), _WHEN)
        files = store.export(tmp_path / "out")
        turns = store.frame("turns")
    names = ["episodes.jsonl", "episodes.parquet", "turns.parquet", "terms.parquet", "policies.parquet"]
    assert [file.name for file in files] == names
    frame = pd.read_parquet(tmp_path / "out" / "episodes.parquet")
    assert list(frame["id"]) == [f"g{index}" for index in range(300)]
    last = Episode.from_dict(json.loads(frame["record"].iloc[-1]))
    assert last.canonical() == episode(seed=2**64 - 300).canonical()
    assert int(frame["seed"].iloc[-1]) == 2**64 - 300
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "out" / "turns.parquet"), turns, check_dtype=False, check_column_type=False
    )


def test_an_export_of_nothing_is_whole_and_of_an_unknown_kind_is_refused(path, tmp_path):
    pytest.importorskip("pyarrow")
    with Store.open(path, "w") as store:
        assert (store.export(tmp_path / "e.jsonl")[0]).read_text() == ""
        assert len(pd.read_parquet(store.export(tmp_path / "e.parquet")[0])) == 0
        with pytest.raises(UsageError, match=r"ends in \.jsonl or \.parquet"):
            store.export(tmp_path / "games.csv")


def test_a_process_that_only_prepares_rows_loads_no_database():
    program = (
        "import sys; from lanista.store import prepare; print('sqlalchemy' in sys.modules, 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
