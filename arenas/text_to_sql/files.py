"""Questions of a user's own: JSON lines (or one JSON list) with the fields of Spider or BIRD, over SQLite files.

Spider has ``db_id``, ``question``, ``query``; BIRD ``db_id``, ``question``, ``SQL`` and ``evidence``. An ``id`` or
``question_id`` names a question; without one it is named by its place. The database of ``db_id`` is
``FOLDER/db_id/db_id.sqlite`` or ``FOLDER/db_id.sqlite``; other SQLite files in ``FOLDER/db_id`` are judged on too.
Nothing of a user's is run outside of the sandbox.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from lanista.arenas.text_to_sql import runner
from lanista.arenas.text_to_sql.cases import Case
from lanista.errors import UsageError

LARGEST = 64 * 1024 * 1024
"""Bytes of a questions file."""
MAGIC = b"SQLite format 3\0"
TABLES = 200
"""Tables of a schema that are shown."""
_TEXT = 4_000


class Asked(NamedTuple):
    """One question of a file, as it stands there."""

    id: str
    db: str
    question: str
    gold: str
    evidence: str


class Loaded(NamedTuple):
    """What a file gave: cases that can be played, and why the others cannot, by id."""

    cases: tuple[Case, ...]
    failed: dict[str, str]


def load(path: str | Path, folder: str | Path) -> Loaded:
    """The cases of a questions file. Raises UsageError for a file that is none, or of which nothing can be asked."""
    found = verify(path, folder)
    if not found.cases:
        name, why = next(iter(found.failed.items()))
        raise UsageError(f"{path}: no question of it can be asked; {name}: {why}")
    return found


def verify(path: str | Path, folder: str | Path) -> Loaded:
    """Every question of a file with its gold query run on its databases. Raises UsageError for a file that is none."""
    home = Path(folder)
    if not home.is_dir():
        raise UsageError(f"{folder}: there is no such folder of databases")
    cases: list[Case] = []
    failed: dict[str, str] = {}
    for each in questions(path):
        made = _case(each, home.resolve())
        if isinstance(made, str):
            failed[each.id] = made
        else:
            cases.append(made)
    return Loaded(tuple(cases), failed)


def questions(path: str | Path) -> list[Asked]:
    """The questions of a file. Raises UsageError naming the line of the first that lacks something."""
    found: dict[str, Asked] = {}
    for where, entry in _entries(Path(path)):
        if not isinstance(entry, dict):
            raise UsageError(f"{path}, {where}: a JSON object is needed, not {type(entry).__name__}")
        query = next((entry[name] for name in ("query", "SQL", "sql") if isinstance(entry.get(name), str)), None)
        given = {"db_id": entry.get("db_id"), "question": entry.get("question"), "query (or SQL)": query}
        for name, value in given.items():
            if not isinstance(value, str) or not value.strip():
                raise UsageError(f"{path}, {where}: no text in the field {name}")
        raw = entry.get("id", entry.get("question_id", where))
        name = str(raw)
        if name in found:
            raise UsageError(f"{path}, {where}: the id {name!r} was used before")
        evidence = entry.get("evidence")
        said = (entry["question"], query or "", evidence if isinstance(evidence, str) else "")
        found[name] = Asked(name, entry["db_id"], *said)
    if not found:
        raise UsageError(f"{path}: there is no question in it")
    return list(found.values())


def _entries(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError(f"{path}: more than {LARGEST // 1024 // 1024} MB; split the file")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if text.lstrip().startswith("["):
        try:
            listed = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}: no JSON: {error}") from None
        yield from ((f"entry {number}", entry) for number, entry in enumerate(listed, 1))
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield f"line {number}", json.loads(line)
            except (ValueError, RecursionError) as error:
                raise UsageError(f"{path}, line {number}: no JSON: {error}") from None


def _case(asked: Asked, home: Path) -> Case | str:
    """The case of a question, or why there is none."""
    files = _databases(home, asked.db)
    if isinstance(files, str):
        return files
    databases = tuple(("path", str(file)) for file in files)
    look = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
    runs = [(0, look), *((i, asked.gold) for i in range(len(files)))]
    first, *answers = runner.run(runner.request(databases, runs, folder=str(home)))["answers"]
    if first[4] is not None:
        return f"the database {files[0].name} cannot be read: {first[5]}"
    for file, answer in zip(files, answers, strict=True):
        if answer[4] is not None:
            return f"the query does not run on {file.name}: {answer[5]}"
        if answer[2]:
            return f"the query gives more than {runner.ROWS:,} rows on {file.name}"
    schema = [str(row[0]) for row in runner.rows_of(first)][:TABLES]
    if not schema:
        return f"the database {files[0].name} has no tables"
    return Case(
        id=asked.id,
        domain=asked.db,
        kind="file",
        combination=asked.id,
        question=" ".join(asked.question.split())[:_TEXT],
        schema=tuple(each[:_TEXT] for each in schema),
        notes=(asked.evidence[:_TEXT],) if asked.evidence.strip() else (),
        gold=asked.gold,
        missing="",
        databases=databases,
        expected=tuple(tuple(runner.rows_of(answer)) for answer in answers),
        ordered=ordered(asked.gold),
        keys=(),
        folder=str(home),
    )


def _databases(home: Path, name: str) -> list[Path] | str:
    """The SQLite files of a database, its own first; or why there is none."""
    if not re.fullmatch(r"[\w .-]{1,200}", name) or name.strip(". ") == "":
        return f"{name[:60]!r} is no name of a database"
    inside = home / name
    own = [place / f"{name}{ending}" for place in (inside, home) for ending in runner.ENDINGS]
    first = next((file for file in own if file.is_file()), None)
    if first is None:
        return f"there is no database {name}: looked for {own[0].relative_to(home)} and {own[3].relative_to(home)}"
    more = (
        sorted(file for file in inside.glob("*") if file.suffix in runner.ENDINGS and file != first)
        if inside.is_dir()
        else []
    )
    for file in (first, *more):
        if not file.resolve().is_relative_to(home):
            return f"{file.name} lies outside of the folder"
        with file.open("rb") as opened:
            if opened.read(len(MAGIC)) != MAGIC:
                return f"{file.name} is no SQLite database"
    return [first, *more]


def ordered(sql: str) -> bool:
    """Whether a query orders its result: an ORDER BY outside of brackets, texts and comments."""
    plain = re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", " ", sql, flags=re.DOTALL)
    while True:
        flat = re.sub(r"\([^()]*\)", " ", plain)
        if flat == plain:
            return re.search(r"\border\s+by\b", plain, re.IGNORECASE) is not None
        plain = flat
