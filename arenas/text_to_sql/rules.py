"""Text to SQL as a pure state machine: propose, run, check, rewrite. docs/arenas/text_to_sql.md tells it.

Queries are run by effects; what comes back is played as the world's move and judged here, where the expected rows are.
What the executor sees is told to nobody else: the others know what it writes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from lanista.arenas.core import chance
from lanista.arenas.core.contract import Ask, Effect, Event, Outcome, Seat, Step
from lanista.arenas.text_to_sql import quote, runner
from lanista.arenas.text_to_sql.cases import Case, deal
from lanista.arenas.text_to_sql.compare import same
from lanista.arenas.text_to_sql.config import CHECKER, EXECUTOR, REWRITER, TEAM, WRITER, Config
from lanista.arenas.text_to_sql.moves import Check, Keep, Note, Query, Run

WRITE, JUDGE, EXECUTE, RAN, CHECK, REWRITE, OVER = "write", "judge", "execute", "ran", "check", "rewrite", "over"
_OWES: Mapping[str, tuple[Seat, ...]] = {
    WRITE: (WRITER,),
    EXECUTE: (EXECUTOR,),
    CHECK: (CHECKER,),
    REWRITE: (REWRITER,),
}
SEATS = (WRITER, EXECUTOR, CHECKER, REWRITER)
SHOWN = 8
"""Rows of a result that the executor is shown."""
SLOWER, SLACK = 4, 1_000
"""A right query is efficient at up to so many times the gold query's steps, and so many more."""


class Verdict(NamedTuple):
    """What a query is worth."""

    right: bool = False
    syntax: bool = False  # it does not run
    exact: bool = False  # right, and the gold query itself in other spaces; only where the config asks for it
    efficient: bool = False
    refused: bool = False  # it says that the schema cannot answer


class Table(NamedTuple):
    """What never changes in a game."""

    config: Config
    case: Case


class State(NamedTuple):
    """A moment of a game."""

    table: Table
    key: int
    stage: str
    attempt: int = 1  # queries proposed so far, the one that is due included
    query: Query | None = None
    verdict: Verdict | None = None  # on the present query
    first: Verdict | None = None
    runs: int = 0  # what may still be run for this query
    seen: bool = False  # whether the proposed query was run for the executor
    running: str = ""  # what runs now: "query" or "probe"
    passed: frozenset[str] = frozenset()  # keys of the case that notes have named
    accepted: bool | None = None
    caught: bool = False  # whether the checker has rejected a wrong query
    tier: str | None = None


def begin(config: Config, case: Case, key: int) -> State:
    """The first moment of a game on this case."""
    return State(Table(config, case), key, WRITE)


class SqlRules:
    """See ``lanista.arenas.core.contract.Rules``."""

    def deal(self, seed: int, config: Config) -> State:
        return begin(config, deal(seed, config), chance.key("text_to_sql", seed))

    def opening(self, state: State) -> Sequence[Event]:
        config, case = state.table
        told = {
            "id": case.id,
            "domain": case.domain,
            "question": case.question,
            "schema": list(case.schema),
            "notes": list(case.notes),
        }
        events = [Event("table", {"attempts": config.attempts, "runs": config.runs}), Event("task", told)]
        return events + [Event("role", {"seat": seat, "role": seat[:-2]}, (seat,)) for seat in SEATS]

    def seats(self, config: Config) -> tuple[Seat, ...]:
        return SEATS

    def to_act(self, state: State) -> tuple[Seat, ...]:
        return _OWES.get(state.stage, ())

    def ask(self, state: State, seat: Seat) -> Ask:
        query = state.query is not None and state.query.sql is not None
        return _ask(state.stage, state.table.case.schema, state.runs, query and not state.seen)

    def fallback(self, state: State, seat: Seat) -> Any:
        """A query for nothing, an empty note, a bare ``reject``, the query as it is."""
        return {WRITE: Query("SELECT NULL"), EXECUTE: Note(), CHECK: Check(False), REWRITE: Keep()}[state.stage]

    def play(self, state: State, moves: Mapping[Seat, Any]) -> Step:
        (move,) = moves.values()
        return _PLAY[state.stage](state, move)

    def outcome(self, state: State) -> Outcome | None:
        if state.stage != OVER:
            return None
        verdict, first, case = state.verdict or Verdict(), state.first or Verdict(), state.table.case
        facts = {
            "solved": verdict.right,
            "first_solved": first.right,
            "improved": int(verdict.right) - int(first.right),
            "syntax_error": verdict.syntax,
            "exact": verdict.exact,
            "efficient": verdict.efficient,
            "refused": verdict.refused,
            "accepted": state.accepted is True,
            "passed_on": len(state.passed) / len(case.keys) if case.keys else None,
            "attempts": state.attempt,
            "answerable": case.gold is not None,
            "case": case.id,
            "kind": case.kind,
            "tier": state.tier,
        }
        return Outcome(TEAM if verdict.right else None, {TEAM: float(verdict.right)}, facts)

    def role(self, state: State, seat: Seat) -> str:
        return seat[:-2]

    def phase(self, state: State) -> str:
        return f"query {state.attempt}: {state.stage}"

    def teams(self, state: State) -> Mapping[str, tuple[Seat, ...]]:
        return {TEAM: SEATS}

    def rekey(self, state: State, key: int) -> State:
        return state._replace(key=key)


def turns_bound(config: Config) -> int:
    """Decisions after which any game of this table has ended."""
    return config.attempts + (config.attempts - 1) * (config.runs + 2)


@lru_cache(maxsize=4096)
def _ask(stage: str, schema: tuple[str, ...], runs: int, query: bool) -> Ask:
    """The asks with a few legal replies each, made of what every seat has seen: none of them thinks."""
    tables = [line.split("(")[0].strip().rpartition(" ")[2] for line in schema]
    first = tables[0] if tables else "sqlite_schema"
    queries = (Query(f"SELECT * FROM {first}"), Query(f"SELECT COUNT(*) FROM {first}"), Query("SELECT 1"))
    if stage in (WRITE, REWRITE):
        choices = (*((Keep(),) if stage == REWRITE else ()), *queries, Query(None, first[:40]))
        return Ask(WRITER if stage == WRITE else REWRITER, stage, choices, False)
    if stage == CHECK:
        return Ask(CHECKER, stage, (Check(True), Check(False)), False)
    able: tuple[Any, ...] = (Run(),) if runs and query else ()
    probes = tuple(Run(f"SELECT COUNT(*) FROM {table}") for table in tables[:2]) if runs else ()
    return Ask(EXECUTOR, stage, (*able, Note(), *probes), False, (("runs", runs), ("query", query)))


# Playing one stage


def _propose(state: State, move: Query | Keep) -> Step:
    if isinstance(move, Keep) or move == state.query:
        return _judged(state, [Event("kept", {"seat": REWRITER})])
    seat = WRITER if state.stage == WRITE else REWRITER
    told = Event("query", {"seat": seat, "sql": move.sql, "missing": move.missing})
    after = state._replace(query=move)
    case = state.table.case
    if move.sql is None:
        lacks = case.gold is None and case.missing.casefold() in move.missing.casefold()
        return _judged(after._replace(verdict=Verdict(right=lacks, refused=True, exact=lacks)), [told])
    return Step(after._replace(stage=JUDGE), (told,), (_hidden(state.table, move.sql),))


def _hidden(table: Table, sql: str) -> Effect:
    """The query on every database, and the gold query on the last, whose steps it is held against."""
    case = table.case
    runs = [(i, sql) for i in range(len(case.databases))]
    more: dict[str, Any] = {}
    if case.gold is not None:
        runs.append((len(case.databases) - 1, case.gold))
        if table.config.exact:
            more["exact"] = [sql, case.gold]
    return Effect("query", runner.request(case.databases, runs, **more, **_folder(case)))


def _folder(case: Case) -> dict[str, str]:
    return {"folder": case.folder} if case.folder else {}


def _judge(state: State, results: Sequence[Mapping[str, Any]]) -> Step:
    (result,) = results
    case = state.table.case
    count = len(case.databases)
    answers = result["answers"]
    mine = answers[:count]
    syntax = any(answer[4] is not None for answer in mine)
    whole = not syntax and not any(answer[2] for answer in mine)
    right = case.gold is not None and whole and _equal(case, mine)
    efficient = right and mine[-1][3] <= SLOWER * answers[count][3] + SLACK
    verdict = Verdict(right, syntax, right and bool(result.get("exact")), efficient)
    return _judged(state._replace(verdict=verdict, tier=result["tier"]), [])


def _equal(case: Case, answers: Sequence[Any]) -> bool:
    return same(case.expected, [runner.rows_of(answer) for answer in answers], case.ordered)


def _judged(state: State, events: list[Event]) -> Step:
    """On to the executor with a judged query, or to the end where no other can follow it."""
    verdict = state.verdict
    assert verdict is not None
    events = [*events, Event("hidden", verdict._asdict(), ())]
    after = state._replace(first=state.first or verdict, seen=False, runs=state.table.config.runs, stage=EXECUTE)
    return Step(after, events) if state.attempt < state.table.config.attempts else _end(after, events)


def _execute(state: State, move: Run | Note) -> Step:
    if isinstance(move, Note):
        keys = {key for key in state.table.case.keys if key in move.text}
        event = Event("note", {"seat": EXECUTOR, "text": move.text})
        return Step(state._replace(stage=CHECK, passed=state.passed | keys), (event,))
    sql = move.sql if move.sql is not None else state.query.sql if state.query is not None else None
    assert sql is not None
    case = state.table.case
    effect = Effect("query", runner.request(case.databases[:1], [(0, sql)], **_folder(case)))
    kind = "query" if move.sql is None else "probe"
    after = state._replace(stage=RAN, running=kind, runs=state.runs - 1, seen=state.seen or kind == "query")
    return Step(after, (), (effect,))


def _ran(state: State, results: Sequence[Mapping[str, Any]]) -> Step:
    columns, _, more, _, stop, error = answer = results[0]["answers"][0]
    rows = runner.rows_of(answer)
    told = {
        "of": state.running,
        "columns": columns,
        "rows": [list(map(_cell, row)) for row in rows[:SHOWN]],
        "count": len(rows),
        "more": more,
        "stop": stop,
        "error": quote.line(error, 160),
    }
    return Step(state._replace(stage=EXECUTE, tier=results[0]["tier"]), (Event("ran", told, (EXECUTOR,)),))


def _cell(value: Any) -> Any:
    """A cell as plain JSON; what is none, or long, as the text that is shown."""
    if isinstance(value, str):
        return value if len(value) <= 2 * quote.CELL_LIMIT else value[: 2 * quote.CELL_LIMIT]
    if isinstance(value, bytes):
        return f"x'{value[: quote.CELL_LIMIT].hex()}'"
    return value if value is None or isinstance(value, int) or math.isfinite(value) else repr(value)


def _check(state: State, move: Check) -> Step:
    event = Event("check", {"seat": CHECKER, "accepted": move.accepted, "text": move.text})
    wrong = state.verdict is not None and not state.verdict.right
    after = state._replace(accepted=move.accepted, caught=state.caught or (wrong and not move.accepted))
    if move.accepted:
        return _end(after, [event])
    return Step(after._replace(stage=REWRITE, attempt=state.attempt + 1), (event,))


def _end(state: State, events: list[Event]) -> Step:
    verdict, case = state.verdict or Verdict(), state.table.case
    end = Event("end", {"solved": verdict.right, "gold": case.gold, "missing": case.missing}, ())
    return Step(state._replace(stage=OVER), [*events, end])


_PLAY: Mapping[str, Callable[[State, Any], Step]] = {
    WRITE: _propose,
    REWRITE: _propose,
    JUDGE: _judge,
    EXECUTE: _execute,
    RAN: _ran,
    CHECK: _check,
}
