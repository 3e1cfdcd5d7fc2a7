"""Questions of a user's own: two real databases, and every way in which a file can be wrong."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lanista.arenas.core.referee import Game, replay
from lanista.arenas.text_to_sql import arena
from lanista.arenas.text_to_sql.cases import of_file
from lanista.arenas.text_to_sql.files import load, ordered, verify
from lanista.cli import app
from lanista.errors import UsageError

REAL = Path(__file__).parent / "real"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Facts about planets, and about Olympic summer games, as Spider lays databases out."""
    home = tmp_path_factory.mktemp("databases")
    for name in ("solar", "games"):
        (home / name).mkdir()
        made = sqlite3.connect(home / name / f"{name}.sqlite")
        made.executescript((REAL / f"{name}.sql").read_text())
        made.close()
    return home


def test_the_command_verifies_two_real_databases(folder: Path) -> None:
    done = CliRunner().invoke(app, ["sql", "verify", str(REAL / "questions.jsonl"), "--db", str(folder)])
    assert done.exit_code == 0, done.output
    assert done.output.strip().endswith("verified 11/11")


def test_gold_answers_are_what_is_known_of_the_world(folder: Path) -> None:
    """By hand: London and Paris three times; Herschel found moons of Saturn and Uranus, Lassell and Kuiper of two."""
    answers = {case.question: case.expected[0] for case in load(REAL / "questions.jsonl", folder).cases}
    cities = {row for rows in answers.values() for row in rows}
    assert {("London", 3), ("Paris", 3), ("Athens", 2)} <= cities
    finders = {row[0] for row in answers["Who found moons of more than one planet?"]}
    assert finders == {"William Herschel", "William Lassell", "Gerard Kuiper"}


def test_games_on_a_file_are_judged_recorded_and_replayed(folder: Path) -> None:
    config = arena.configure(file=str(REAL / "questions.jsonl"), db=str(folder))
    for seed in range(3):
        game = Game(arena, seed, config)
        case = game.state.table.case
        game.submit("writer_0", case.gold)
        assert game.state.verdict.right
        game.submit("executor_0", "run")
        game.submit("executor_0", "note:")
        game.submit("checker_0", "accept")
        assert game.outcome is not None
        assert game.outcome.scores == {"sql": 1.0}
        record = game.episode().to_dict()
        assert replay(record, arena).episode().canonical() == game.episode().canonical()
    wrong = Game(arena, 0, config)
    wrong.submit("writer_0", "DELETE FROM " + wrong.state.table.case.schema[0].split()[2].split("(")[0])
    assert wrong.state.verdict.syntax
    assert of_file(config) == load(REAL / "questions.jsonl", folder).cases, "nothing was deleted"


def test_other_databases_of_a_schema_are_judged_on_too(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "two"
    shutil.copytree(folder, home)
    other = sqlite3.connect(home / "solar" / "other.sqlite")
    other.executescript((REAL / "solar.sql").read_text() + "UPDATE planet SET radius_km = 1000000 WHERE name = 'Mars';")
    other.close()
    case = next(case for case in load(REAL / "questions.jsonl", home).cases if "largest" in case.question)
    assert case.expected == ((("Jupiter",),), (("Mars",),))


GOOD = {"db_id": "solar", "question": "How many?", "query": "SELECT COUNT(*) FROM planet"}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["{"], "line 1: no JSON"),
        (["[1]"], "entry 1: a JSON object is needed, not int"),
        (["[" * 100_000], "no JSON"),
        ([{"db_id": "solar", "question": "x"}], r"line 1: no text in the field query \(or SQL\)"),
        ([{**GOOD, "question": " "}], "no text in the field question"),
        ([{**GOOD, "db_id": 3}], "no text in the field db_id"),
        ([{**GOOD, "id": "a"}, {**GOOD, "id": "a"}], "line 2: the id 'a' was used before"),
        ([], "there is no question in it"),
    ],
)
def test_a_file_that_is_none_is_named_with_its_line(lines: list[Any], said: str, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines))
    with pytest.raises(UsageError, match=said):
        verify(path, folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"db_id": "nowhere"}, "there is no database nowhere"),
        ({"db_id": "../solar"}, "is no name of a database"),
        ({"db_id": "fake"}, "is no SQLite database"),
        ({"db_id": "empty", "query": "SELECT 1"}, "has no tables"),
        ({"db_id": "broken"}, "cannot be read"),
        ({"query": "SELECT absent FROM planet"}, "no such column: absent"),
        ({"query": "DROP TABLE planet"}, "only reading is allowed here"),
        ({"query": "SELECT 1; SELECT 2"}, "one statement"),
    ],
)
def test_what_fails_is_named(change: dict[str, str], said: str, folder: Path, tmp_path: Path) -> None:
    (folder / "fake.sqlite").write_text("this is no database")
    (folder / "broken.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 3000)
    made = sqlite3.connect(folder / "empty.sqlite")
    made.executescript("VACUUM")
    made.close()
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, ({**GOOD, "id": "good"}, {**GOOD, **change, "id": "bad"}))))
    found = verify(path, folder)
    assert [case.id for case in found.cases] == ["good"]
    assert said in found.failed["bad"]
    done = CliRunner().invoke(app, ["sql", "verify", str(path), "--db", str(folder)])
    assert done.exit_code == 1
    assert done.output.strip().endswith("verified 1/2")
    assert "failed bad: " in done.output


def test_configs_of_files_that_cannot_be_played_are_refused(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(json.dumps(GOOD))
    for keys, said in (
        ({"file": str(path)}, "db is needed too"),
        ({"db": str(folder)}, "set file too"),
        ({"file": str(path), "db": str(folder), "domain": "shop"}, "neither domains nor kinds"),
        ({"file": str(path), "db": str(tmp_path / "none")}, "no such folder"),
        ({"file": str(path), "db": str(folder), "digest": "0" * 16}, "has changed since"),
        ({"file": str(tmp_path / "none"), "db": str(folder)}, "cannot be read"),
    ):
        with pytest.raises(UsageError, match=said):
            arena.configure(**keys)


def test_only_an_order_of_the_whole_result_counts() -> None:
    assert ordered("SELECT a FROM t ORDER  BY a")
    assert not ordered("SELECT a FROM (SELECT a FROM t ORDER BY a LIMIT 3)")
    assert not ordered("SELECT 'order by' FROM t -- order by a")
    assert not ordered("SELECT RANK() OVER (ORDER BY a) FROM t")
