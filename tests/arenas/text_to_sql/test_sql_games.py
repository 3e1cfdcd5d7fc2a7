"""Games on a case worked by hand: who hears what, what is paid, which cheats fail, and the golden transcript."""

from __future__ import annotations

from typing import Any

import pytest
from sql_bank import GOLD, MAJORS, SALARY, SCHEMA, played, started, terms
from sql_golden import FILE, transcript

from lanista.agents import registry
from lanista.agents.contract import Agent, Question
from lanista.agents.text_to_sql.cheater import CHEATS
from lanista.agents.text_to_sql.expert import SqlExpert
from lanista.arenas.core import conformance
from lanista.arenas.core.contract import Illegal
from lanista.arenas.core.referee import Game
from lanista.arenas.text_to_sql import arena, reading
from lanista.arenas.text_to_sql.config import LEVELS
from lanista.arenas.text_to_sql.moves import Check, Keep, Note, Query, Run
from lanista.arenas.text_to_sql.rewards import amounts
from lanista.arenas.text_to_sql.rules import SEATS, Verdict
from lanista.play import degenerate, runner

MISSING_COLUMN = "SELECT major, AVG(grade) FROM students GROUP BY major"
WRONG = "SELECT major, SUM(grade) FROM students JOIN enrollments ON student_id = id GROUP BY major"


def test_the_transcript_is_the_golden_one() -> None:
    golden = FILE.read_text(encoding="utf-8")
    assert transcript() == golden, "the wording changed: run sql_golden.py, and read what it wrote"


def test_what_the_executor_sees_reaches_others_only_as_a_note() -> None:
    game = played([GOLD, "run", "probe: SELECT name FROM students", "note: fine"])
    assert "Botany" in game.history("executor_0")
    assert "Cleo" in game.history("executor_0")
    for seat in SEATS:
        if seat != "executor_0":
            game_text = game.history(seat)
            assert "Botany" not in game_text
            assert "Cleo" not in game_text
    assert '"fine"' in game.text("checker_0")


@pytest.mark.parametrize("config", [{}, {"attempts": 1}, {"level": "hard"}, {"kind": "missing", "runs": 1}])
@pytest.mark.parametrize("law", [law for law in conformance.LAWS if law not in ("pettingzoo", "shotgun", "roles")])
def test_the_laws_hold_at_every_table(law: str, config: dict[str, object]) -> None:
    conformance.LAWS[law](arena, 2, 5, **config)


def test_every_seat_is_compared_under_privacy() -> None:
    assert conformance.privacy(arena, 4) > 20


# Rewards, by hand


def test_a_query_that_does_not_run_then_one_that_is_wrong_then_the_right_one() -> None:
    """Writer -3. Rewriter +3 - 5, then +5 + 10 + 1. Checker +3 once for what it caught, +3 for what it accepts."""
    rejects = ["run", "note:", "reject: no"]
    game = played([MISSING_COLUMN, *rejects, WRONG, *rejects, GOLD, "run", "note:", "accept"])
    assert terms(game, "writer_0") == {"syntax_error": 1.0}
    assert terms(game, "rewriter_0") == {"right": 1.0, "right_otherwise": 1.0, "syntax_error": -1.0, "efficient": 1.0}
    assert terms(game, "checker_0") == {"right_reject": 1.0, "right_accept": 1.0}
    assert terms(game, "executor_0") == {"evidence": 3.0}
    assert game.returns["rewriter_0"] == 10 + 3 + 1 + 10


def test_queries_over_a_game_are_worth_what_the_last_one_is() -> None:
    """Spoiling a right query and mending it pays nothing."""
    rejects = ["note:", "reject: no"]
    game = played([GOLD, *rejects, WRONG, *rejects, GOLD, "note:", "accept"])
    both: dict[str, float] = terms(game, "writer_0")
    for name, amount in terms(game, "rewriter_0").items():
        both[name] = both.get(name, 0.0) + amount
    last = {name: amount for name, amount in amounts(game.state.verdict).items() if amount}
    assert {name: amount for name, amount in both.items() if amount} == last
    assert terms(game, "checker_0") == {"false_reject": 1.0, "right_reject": 1.0, "right_accept": 1.0}


def test_a_wrong_query_that_is_accepted_costs_the_checker() -> None:
    game = played([WRONG, "note:", "accept"])
    assert terms(game, "checker_0") == {"false_accept": 1.0}
    assert game.outcome is not None
    assert game.outcome.scores == {"sql": 0.0}


def test_the_literal_preset_pays_by_how_a_right_query_is_written() -> None:
    pytest.importorskip("sqlglot")
    spaced = GOLD.lower().replace(" ", "\n  ").replace("avg", "AVG")
    otherwise = (
        "SELECT AVG(e.grade), s.major FROM enrollments e JOIN students s ON s.id = e.student_id GROUP BY s.major"
    )
    for query, paid in ((spaced, 1.0), (otherwise, 0.7), (MISSING_COLUMN, -0.3), (WRONG, -0.5)):
        game = played([query], preset="literal", exact=True, attempts=1)
        assert game.returns["writer_0"] == pytest.approx(paid), query


def test_more_work_than_the_gold_query_by_far_is_not_efficient() -> None:
    slow = GOLD.replace(
        "FROM students",
        "FROM (SELECT DISTINCT s.* FROM students s, students b, students c, students d, "
        "enrollments, enrollments x, enrollments y) AS students",
    )
    game = played([slow], attempts=1)
    assert game.state.verdict == Verdict(right=True, efficient=False)


def test_what_cannot_be_answered_is_named() -> None:
    assert played(["unanswerable: the salary"], SALARY, attempts=1).state.verdict.right
    assert not played(["unanswerable: the height"], SALARY, attempts=1).state.verdict.right
    assert not played(["unanswerable: grades"], MAJORS, attempts=1).state.verdict.right
    assert not played(["SELECT name FROM students"], SALARY, attempts=1).state.verdict.right


# Cheats and bad input


@pytest.mark.parametrize("cheat", CHEATS)
def test_no_cheat_is_ever_right(cheat: str) -> None:
    agent = registry.make(f"sql_cheater:{cheat}")
    found = []
    config = arena.configure(attempts=1)
    specs = [
        runner.GameSpec(id=str(s), arena=arena, seed=s, seating=dict.fromkeys(SEATS, agent), config=config)
        for s in range(5)
    ]
    runner.play(specs, on_game=lambda _, game: found.append(game.outcome))
    assert [outcome.scores["sql"] for outcome in found if outcome] == [0.0] * 5


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM students",
        "SELECT 1; DROP TABLE students",
        "ATTACH 'x.db' AS x",
        "PRAGMA writable_schema = 1",
        "SELECT load_extension('x')",
        "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT COUNT(*) FROM r",
        "SELECT 1 /* */; /* -- */ DELETE FROM students",
        "-- only a comment",
        "SELECT " + "(" * 900 + "1" + ")" * 900,
        "SELECT hex(zeroblob(1000000000))",
        "VACUUM",
        "BEGIN",
    ],
)
def test_a_query_that_writes_hides_or_never_ends_is_a_costed_error(query: str) -> None:
    game = played([query], attempts=1)
    assert game.state.verdict == Verdict(syntax=True)
    again = played([GOLD], attempts=1)
    assert again.state.verdict.right, "nothing was harmed"


def test_a_query_of_a_megabyte_is_refused() -> None:
    game = started()
    refused = game.submit("writer_0", "SELECT '" + "x" * 1_000_000 + "'")
    assert isinstance(refused, Illegal)
    refused = game.submit("writer_0", "SELECT '" + "x" * 5_000 + "'")
    assert refused is None, "the retry is spent, so the referee moved"
    assert terms(game, "writer_0")["illegal_reply"] == 1


@pytest.mark.parametrize(
    ("reply", "move"),
    [
        ("SELECT 1", Query("SELECT 1")),
        ("Here it is:\n```sql\nSELECT 1\nFROM t\n```\nGood luck.", Query("SELECT 1\nFROM t")),
        (
            "<think>SELECT 2</think>\nwith x as (select 1) select * from x;",
            Query("with x as (select 1) select * from x;"),
        ),
        ("unanswerable: the salary.", Query(None, "the salary.")),
        ("**keep**", Keep()),
    ],
)
def test_queries_are_read_out_of_what_models_wrap_them_in(reply: str, move: object) -> None:
    assert reading.query(reply, True) == move


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "I do not know.",
        "```sql\nSELECT 1\n```\n```sql\nSELECT 2\n```",
        "keep\n```\nSELECT 1\n```",
        "unanswerable: " + "x" * 41,
    ],
)
def test_what_is_no_one_answer_is_refused(reply: str) -> None:
    assert isinstance(reading.query(reply, True), Illegal)


def test_the_executor_and_the_checker_are_read() -> None:
    assert reading.execution("run", 1, True) == Run()
    assert reading.execution("probe: SELECT 1\nFROM t", 1, True) == Run("SELECT 1\nFROM t")
    assert reading.execution('Note: "hm"', 0, False) == Note("'hm'")
    for reply, runs, query in (("run", 0, True), ("run", 1, False), ("run\nnote: x", 1, True), ("probe:", 1, True)):
        assert isinstance(reading.execution(reply, runs, query), Illegal)
    assert reading.check("Reject: join them") == Check(False, "join them")
    assert isinstance(reading.check("accept\nreject: no"), Illegal)


def solved(agent: Agent, count: int, **config: Any) -> float:
    """The share of cases that a team of this agent in every seat solves."""
    found: list[bool] = []

    def finished(_: Any, game: Game) -> None:
        assert game.outcome is not None
        found.append(game.outcome.facts["solved"])

    table = arena.configure(**config)
    seating = dict.fromkeys(SEATS, agent)
    specs = [runner.GameSpec(id=str(s), arena=arena, seed=s, seating=seating, config=table) for s in range(count)]
    runner.play(specs, on_game=finished)
    return sum(found) / len(found)


@pytest.mark.parametrize("level", LEVELS)
def test_the_expert_solves_what_it_understands_at_every_level(level: str) -> None:
    assert solved(registry.make("sql_expert"), 20, split="dev", level=level) == 1.0


def test_the_novice_solves_about_half_and_play_without_judgement_next_to_nothing() -> None:
    assert 0.2 < solved(registry.make("sql_novice"), 30, split="dev") < 0.8
    degenerate.check(arena, games=20)


class Mute(SqlExpert):
    """Notes nothing."""

    def reply(self, question: Question) -> str:
        return "note:" if question.kind == "execute" else super().reply(question)


def test_what_only_rows_tell_is_never_known_to_a_team_that_writes_nothing() -> None:
    assert solved(Mute(), 10, kind="set") == 0.0
    assert solved(registry.make("sql_expert"), 10, kind="set") == 1.0


def test_the_schema_is_shown_as_it_stands() -> None:
    text = started().text("writer_0")
    assert all(f"| {line}" in text for line in SCHEMA)
