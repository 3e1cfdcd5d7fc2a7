"""Who runs queries: one sandbox per process and folder of databases, made at the first run and closed at exit.

A request is plain data and so is the result, which holds no measured time. What ran is remembered for a while, so that
games of one group that write the same query run it once.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lanista.arenas.sandbox.types import Limits
from lanista.arenas.sandbox.values import Unfit, decode, encode

if TYPE_CHECKING:
    from lanista.arenas.sandbox.queries import QueryRunner

ROWS = 2_000
"""Rows of a result beyond which it is no answer."""
STEPS = 2_000_000
"""Steps of SQLite's machine that a query may take over a generated database: a cross join of four tables has room."""
FILE_STEPS = 100_000_000
"""The same over a user's file."""
ENDINGS = (".sqlite", ".sqlite3", ".db")
REMEMBERED, KEPT_CHARS = 2048, 200_000
_ROOM = 8_000_000
_ERROR = 200

_runners: dict[str, tuple[QueryRunner, set[str]]] = {}
_done: OrderedDict[str, str] = OrderedDict()
_lock = threading.Lock()


def request(databases: Sequence[tuple[str, str]], runs: Sequence[tuple[int, str]], **more: Any) -> dict[str, Any]:
    """A request as an effect makes it: databases as ("script" or "path", what), runs as (which, query).

    More are ``folder``, in which paths lie, and ``exact``, a query and the one it is held against."""
    return {"databases": [list(each) for each in databases], "runs": [list(each) for each in runs], **more}


def run(request: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out a request: ``{"tier", "answers": [[columns, rows, more, steps, stop, error], …], "exact": bool}``.

    Raises LanistaError (from the sandbox) where no tier of it holds on this system.
    """
    key = hashlib.blake2b(json.dumps(request, sort_keys=True).encode(), digest_size=20).hexdigest()
    with _lock:
        known = _done.get(key)
        if known is not None:
            _done.move_to_end(key)
            kept: dict[str, Any] = json.loads(known)
            return kept
        result = _run(request)
        text = json.dumps(result)
        if len(text) <= KEPT_CHARS and not any(answer[4] in ("cpu", "wall") for answer in result["answers"]):
            _done[key] = text
            if len(_done) > REMEMBERED:
                _done.popitem(last=False)
        return result


def _run(request: Mapping[str, Any]) -> dict[str, Any]:
    folder = request.get("folder", "")
    runner = _runner(folder, [what for kind, what in request["databases"] if kind == "path"])
    databases = [{kind: what} for kind, what in request["databases"]]
    found = runner.run(
        databases,
        [(which, sql) for which, sql in request["runs"]],
        rows=ROWS,
        steps=FILE_STEPS if folder else STEPS,
        limits=Limits(cpu_s=30.0 if folder else 5.0, wall_s=60.0, result_bytes=_ROOM),
    )
    result: dict[str, Any] = {"tier": runner.tier, "answers": [_answer(each) for each in found]}
    if "exact" in request:
        from lanista.arenas.text_to_sql.normal import exact

        result["exact"] = exact(*request["exact"])
    return result


def _answer(answer: Any) -> list[Any]:
    try:
        rows = encode(list(answer.rows), _ROOM)
    except Unfit as unfit:
        return [[], encode([], 100), False, 0, "output", str(unfit)[:_ERROR]]
    return [list(answer.columns), rows, answer.more, answer.steps, answer.stop, answer.error[:_ERROR]]


def rows_of(answer: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of an answer of ``run``."""
    made: list[tuple[Any, ...]] = decode(answer[1])
    return made


def _runner(folder: str, paths: Sequence[str] = ()) -> QueryRunner:
    """The sandbox of a folder: it reads the databases that lie there and nothing else."""
    known = _runners.get(folder)
    if known is not None and set(paths) <= known[1]:
        return known[0]
    from lanista.arenas.sandbox.queries import QueryRunner

    if known is not None:  # a database was added since
        known[0].close()
    files = {*paths, *databases(folder)} if folder else set[str]()
    _runners[folder] = (QueryRunner(tuple(sorted(files))), files)
    return _runners[folder][0]


def databases(folder: str) -> list[str]:
    """The SQLite files in a folder and in the folders in it."""
    places = [folder, *(entry.path for entry in os.scandir(folder) if entry.is_dir())]
    files = (entry.path for place in places for entry in os.scandir(place) if entry.is_file(follow_symlinks=False))
    return sorted(file for file in files if file.endswith(ENDINGS))


def _close() -> None:
    for runner, _ in _runners.values():
        runner.close()
    _runners.clear()


def _after_fork() -> None:
    """A forked child shares neither its parent's sandboxes, whose pipes both would use, nor a lock somebody holds."""
    global _lock, _runners
    _lock, _runners = threading.Lock(), {}


atexit.register(_close)
os.register_at_fork(after_in_child=_after_fork)
