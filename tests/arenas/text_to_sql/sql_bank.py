"""A case worked by hand, and games on it: what is the average grade for each major?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lanista.arenas.core.contract import Arena
from lanista.arenas.core.referee import Game
from lanista.arenas.text_to_sql import arena
from lanista.arenas.text_to_sql.cases import Case
from lanista.arenas.text_to_sql.config import Config
from lanista.arenas.text_to_sql.data import gold_rows
from lanista.arenas.text_to_sql.rules import SqlRules, State, begin

SCHEMA = (
    "CREATE TABLE students(id INTEGER PRIMARY KEY, name TEXT, major TEXT)",
    "CREATE TABLE courses(id INTEGER PRIMARY KEY, title TEXT)",
    "CREATE TABLE enrollments(student_id INTEGER REFERENCES students(id), course_id INTEGER REFERENCES courses(id), "
    "grade REAL)",
)
GOLD = (
    "SELECT students.major, AVG(enrollments.grade) FROM students "
    "JOIN enrollments ON enrollments.student_id = students.id GROUP BY students.major"
)
_ROWS = (
    "(1,'Ada','Physics'),(2,'Ben','Botany'),(3,'Cleo','Physics')|(1,'Optics'),(2,'Ferns')|"
    "(1,1,1.5),(2,2,3.0),(3,1,2.5),(1,2,NULL)",
    "(1,'Ada','Law'),(2,'Ben','Law'),(3,'Cleo','Music')|(1,'Torts'),(2,'Opera')|(1,1,1.0),(1,2,1.0),(2,1,4.0)",
    "(1,'Ada',NULL),(2,'Ada','Law')|(1,'Torts')|(1,1,2.0),(2,1,3.0),(2,1,3.5)",
)


def script(rows: str) -> str:
    students, courses, enrollments = rows.split("|")
    return ";".join(
        [
            *SCHEMA,
            f"INSERT INTO students VALUES {students}",
            f"INSERT INTO courses VALUES {courses}",
            f"INSERT INTO enrollments VALUES {enrollments}",
        ]
    )


SCRIPTS = [script(rows) for rows in _ROWS]
MAJORS = Case(
    id="majors",
    domain="college",
    kind="group",
    combination="majors",
    question="What is the average grade for each major?",
    schema=SCHEMA,
    notes=(),
    gold=GOLD,
    missing="",
    databases=tuple(("script", made) for made in SCRIPTS),
    expected=tuple(map(tuple, gold_rows(SCRIPTS, GOLD))),
    ordered=False,
    keys=(),
)
SALARY = MAJORS._replace(id="salary", question="What does each student earn?", gold=None, missing="salary")


def arena_of(case: Case) -> Arena:
    """The arena, dealing this case alone."""

    class Rules(SqlRules):
        def deal(self, seed: int, config: Config) -> State:
            return begin(config, case, seed)

    return replace(arena, rules=Rules())


def started(case: Case = MAJORS, preset: str = "default", **config: Any) -> Game:
    made = arena_of(case)
    return Game(made, 1, made.configure(**config), preset=preset)


def played(replies: Sequence[str], case: Case = MAJORS, preset: str = "default", **config: Any) -> Game:
    """The game after these replies, each of them accepted."""
    game = started(case, preset, **config)
    for reply in replies:
        seat = game.to_act()[0]
        refused = game.submit(seat, reply)
        assert refused is None, refused
    return game


def terms(game: Game, seat: str) -> dict[str, float]:
    """What a seat was booked by name, unweighted."""
    found: dict[str, float] = {}
    for step in game.steps:
        for name, to, amount in step.terms:
            if to == seat:
                found[name] = found.get(name, 0.0) + amount
    return {name: amount for name, amount in found.items() if amount}
