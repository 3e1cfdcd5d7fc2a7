"""Coding as a pure state machine: a team writes a function, runs it, and mends it. docs/arenas/coding.md tells it.

Programs are run by effects. What comes back is played as the world's move and judged here, where the expected values
are; nothing that could tell them goes into a request.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from lanista.arenas.coding import bundle, grade, quote, samples
from lanista.arenas.coding.grade import Row, Verdict
from lanista.arenas.coding.moves import Inputs, Program, Report, Revision
from lanista.arenas.coding.runner import request
from lanista.arenas.coding.table import DEBUG, DEBUGGER, GENERATOR, HIDDEN_MOST, TEAM, TESTER, Config, planted, task_of
from lanista.arenas.coding.task import Example, Mutant, Task
from lanista.arenas.coding.tasks.checkers import check
from lanista.arenas.core.contract import Ask, Effect, Event, Outcome, Seat, Step
from lanista.arenas.sandbox.types import Call

WRITE, RUN, INPUTS, PROBE, REPORT, REVISE, OVER = "write", "run", "inputs", "probe", "report", "revise", "over"
_OWES: Mapping[str, tuple[Seat, ...]] = {
    WRITE: (GENERATOR,),
    INPUTS: (TESTER,),
    REPORT: (TESTER,),
    REVISE: (DEBUGGER,),
}
_NOBODY: tuple[Seat, ...] = ()
EXAMPLE_LIMIT = 600
"""Characters of a value in a public example."""

EXPOSED = 1
"""The bit of ``State.killed`` that says that inputs exposed a fault of an attempt; mutant i has bit i + 1."""


class Table(NamedTuple):
    """What never changes in a game."""

    config: Config
    task: Task
    bug: Mutant | None  # the program to mend, in the mode debug
    asks: Mapping[str, Ask]  # by stage


class State(NamedTuple):
    """A moment of a game."""

    table: Table
    key: int
    stage: str
    round: int = 0  # the present round of testing and mending, from 1; 0 while the first program is written
    source: str | None = None  # the present program
    author: Seat | None = None  # who wrote it; None for a planted bug
    verdict: Verdict | None = None  # on the present program; None until it has been run
    first: Verdict | None = None  # on the first program
    attempts: int = 0  # programs written by the team
    inputs: tuple[str, ...] = ()  # those now being run, all within the task's domains
    killed: int = 0  # what inputs have exposed so far
    tier: str | None = None  # what held the programs


def begin(config: Config, task: Task, key: int) -> State:
    """The first moment of a game on this task."""
    bug = planted(task, key) if config.mode == DEBUG else None
    table = Table(config, task, bug, samples.asks(config, task))
    if bug is None:
        return State(table, key, WRITE)
    return State(table, key, INPUTS, 1, bug.source)


class CodingRules:
    """See ``lanista.arenas.core.contract.Rules``."""

    def deal(self, seed: int, config: Config) -> State:
        key, task = task_of(seed, config)
        return begin(config, task, key)

    def opening(self, state: State) -> Sequence[Event]:
        table = state.table
        config, task = table.config, table.task
        seats = self.seats(config)
        examples = [
            {"call": _call(task, example), "expected": quote.shown(example.expected, EXAMPLE_LIMIT)}
            for example in task.examples
        ]
        events = [
            Event("table", {"mode": config.mode, "rounds": config.rounds, "inputs": config.inputs}),
            Event(
                "task",
                {
                    "id": task.id,
                    "family": task.family,
                    "entry_point": task.entry_point,
                    "signature": task.signature,
                    "specification": task.specification,
                    "examples": examples,
                    "in_process_tests": task.in_process is not None,
                },
            ),
        ]
        if table.bug is not None:
            events.append(Event("program", _program(None, table.bug.source, None)))
            events.append(Event("planted", {"fault": table.bug.fault}, ()))
        return events + [Event("role", {"seat": seat, "role": seat[:-2]}, (seat,)) for seat in seats]

    def seats(self, config: Config) -> tuple[Seat, ...]:
        return (TESTER, DEBUGGER) if config.mode == DEBUG else (GENERATOR, TESTER, DEBUGGER)

    def to_act(self, state: State) -> tuple[Seat, ...]:
        return _OWES.get(state.stage, _NOBODY)

    def ask(self, state: State, seat: Seat) -> Ask:
        return state.table.asks[state.stage]

    def fallback(self, state: State, seat: Seat) -> Any:
        """An empty function, no inputs, a bare ``fail``, the program as it is."""
        stage = state.stage
        if stage == WRITE:
            return Program(samples.stub(state.table.task))
        return Inputs() if stage == INPUTS else Report(False) if stage == REPORT else Revision()

    def play(self, state: State, moves: Mapping[Seat, Any]) -> Step:
        (move,) = moves.values()
        return _PLAY[state.stage](state, move)

    def outcome(self, state: State) -> Outcome | None:
        if state.stage != OVER:
            return None
        verdict, first, task = state.verdict or Verdict(0, 0), state.first or Verdict(0, 0), state.table.task
        mutants = len(bundle.mutants(task)) if state.round else 0
        solved = verdict.solved
        facts = {
            "solved": solved,
            "first_solved": first.solved,
            "passed": verdict.share,
            "improved": verdict.share - first.share,
            "simple": verdict.simple,
            "syntax_error": verdict.syntax,
            "timed_out": verdict.timeout,
            "mutants_killed": (state.killed >> 1).bit_count() / mutants if mutants else None,
            "programs": state.attempts,
            "rounds": state.round,
            "task": task.id,
            "family": task.family,
            "tier": state.tier,
            "in_process_tests": task.in_process is not None,
        }
        return Outcome(TEAM if solved else None, {TEAM: float(solved)}, facts)

    def role(self, state: State, seat: Seat) -> str:
        return seat[:-2]

    def phase(self, state: State) -> str:
        return f"round {state.round}: {state.stage}" if state.round else state.stage

    def teams(self, state: State) -> Mapping[str, tuple[Seat, ...]]:
        return {TEAM: self.seats(state.table.config)}

    def rekey(self, state: State, key: int) -> State:
        return state._replace(key=key)


def potential(state: State) -> Mapping[str, float]:
    """How far the team is: the share of the hidden tests that its last program to be run passes."""
    verdict = state.verdict or state.first
    return {TEAM: verdict.share if verdict else 0.0}


def turns_bound(config: Config) -> int:
    """Decisions after which any game of this table has ended."""
    return (config.mode != DEBUG) + 3 * config.rounds


# Playing one stage


def _write(state: State, move: Program) -> Step:
    return _submit(state, GENERATOR, move.source, "")


def _revise(state: State, move: Revision) -> Step:
    if move.source is None or move.source == state.source:
        kept = Event("kept", {"seat": DEBUGGER, "cause": move.cause})
        return _next_round(state, [kept])
    return _submit(state, DEBUGGER, move.source, move.cause)


def _submit(state: State, author: Seat, source: str, cause: str) -> Step:
    """A new program: it is run on the public examples, if anybody will read that, and on the hidden calls."""
    told = {**_program(author, source, state.source), "cause": cause}
    after = state._replace(stage=RUN, source=source, author=author, attempts=state.attempts + 1)
    effects = [_hidden(state.table.task, source)]
    if state.round < state.table.config.rounds:
        effects.append(_public(state.table.task, source))
    return Step(after, (Event("program", told),), effects)


def _run(state: State, results: Sequence[Mapping[str, Any]]) -> Step:
    after, events = _judged(state, results[0])
    if len(results) > 1:
        events.append(_examples(state, results[1]))
    return _next_round(after, events)


def _judged(state: State, result: Mapping[str, Any]) -> tuple[State, list[Event]]:
    verdict = grade.verdict(state.table.task, state.source or "", result)
    after = state._replace(verdict=verdict, first=state.first or verdict, tier=result["tier"])
    hidden = {
        "passed": verdict.passed,
        "total": verdict.total,
        "right": list(verdict.right),
        "stop": result["stop"],
        "simple": verdict.simple,
        "tier": result["tier"],
    }
    return after, [Event("hidden", hidden, ())]


def _next_round(state: State, events: list[Event]) -> Step:
    if state.round < state.table.config.rounds:
        return Step(state._replace(stage=INPUTS, round=state.round + 1), events)
    return _end(state, events)


def _inputs(state: State, move: Inputs) -> Step:
    """The inputs within the task's domains are run; what lies outside is named, and costs."""
    task, source = state.table.task, state.source or ""
    why = {args: task.invalid(quote.arguments(args)) for args in move.calls}
    inside = tuple(dict.fromkeys(args for args in move.calls if why[args] is None))
    outside = [{"call": quote.call(task.entry_point, args), "why": why[args]} for args in why if why[args] is not None]
    event = Event("inputs", {"seat": TESTER, "calls": len(move.calls), "invalid": outside})
    effects = []
    if state.verdict is None:
        effects.append(_hidden(task, source))
    if inside:
        calls = [Call(task.function, quote.arguments(args)) for args in inside]
        effects.append(Effect("run", request(task.whole(source), calls, task.cpu_s)))
        effects.append(Effect("run", bundle.probe(task, tuple(map(quote.arguments, inside)))))
    after = state._replace(stage=PROBE if effects else REPORT, inputs=inside)
    return Step(after, (event,), effects)


def _probe(state: State, results: Sequence[Mapping[str, Any]]) -> Step:
    events: list[Event] = []
    if state.verdict is None:
        state, events = _judged(state, results[0])
        results = results[1:]
    if not results:
        return Step(state._replace(stage=REPORT), events)
    task, result = state.table.task, results[0]
    mine = grade.rows(result)
    args = [quote.arguments(text) for text in state.inputs]
    valid, exposed, killed = grade.told_apart(task, args, mine, grade.rows(results[1]))
    told = {
        "of": "inputs",
        "rows": [_row(task, text, row) for text, row in zip(state.inputs, mine, strict=True)],
        **_ending(result),
    }
    found = state.killed | killed << 1 | EXPOSED * exposed
    judged = {
        "exposed": exposed,
        "killed": killed.bit_count(),
        "mutants": len(bundle.mutants(task)),
        "valid": list(valid),
    }
    events += [Event("results", told), Event("judged", judged, ())]
    return Step(state._replace(stage=REPORT, killed=found, tier=result["tier"]), events)


def _report(state: State, move: Report) -> Step:
    event = Event("report", {"seat": TESTER, "passed": move.passed, "text": move.text})
    if not move.passed:
        return Step(state._replace(stage=REVISE, inputs=()), (event,))
    return _end(state, [event])


def _end(state: State, events: list[Event]) -> Step:
    verdict = state.verdict
    assert verdict is not None
    end = Event("end", {"solved": verdict.solved, "passed": verdict.passed, "total": verdict.total}, ())
    return Step(state._replace(stage=OVER, inputs=()), [*events, end])


_PLAY: Mapping[str, Callable[[State, Any], Step]] = {
    WRITE: _write,
    RUN: _run,
    INPUTS: _inputs,
    PROBE: _probe,
    REPORT: _report,
    REVISE: _revise,
}


# Requests, and results as they are told


def _hidden(task: Task, source: str) -> Effect:
    calls = task.test_calls()[:HIDDEN_MOST]
    return Effect("run", request(task.whole(source), calls, task.cpu_s, task.result_bytes))


def _public(task: Task, source: str) -> Effect:
    calls = [Call(task.function, example.args, example.kwargs) for example in task.examples]
    return Effect("run", request(task.whole(source), calls, task.cpu_s))


def _program(author: Seat | None, source: str, before: str | None) -> dict[str, Any]:
    diff = (
        []
        if before is None
        else difflib.unified_diff(before.split("\n"), source.split("\n"), "before", "after", lineterm="")
    )
    return {"seat": author, "code": source, "diff": "\n".join(diff), "cause": ""}


def _examples(state: State, result: Mapping[str, Any]) -> Event:
    task = state.table.task
    told = []
    for example, row in zip(task.examples, grade.rows(result), strict=True):
        right = row.ok and check(task.checker, example.args, example.expected, row.value)
        told.append(
            {**_row(task, quote.literal(example.args), row), "right": right, "expected": quote.shown(example.expected)}
        )
    return Event("results", {"of": "examples", "rows": told, **_ending(result)})


def _call(task: Task, example: Example) -> str:
    parts = [quote.shown(value, EXAMPLE_LIMIT) for value in example.args]
    parts += [f"{name}={quote.shown(value, EXAMPLE_LIMIT)}" for name, value in example.kwargs.items()]
    return f"{task.entry_point}({quote.cut(', '.join(parts), EXAMPLE_LIMIT)})"


def _row(task: Task, args: str, row: Row) -> dict[str, Any]:
    return {
        "call": quote.cut(quote.call(task.entry_point, args)),
        "args": args,
        "status": row.status,
        "got": quote.shown(row.value) if row.ok else None,
        "stop": row.stop,
        "error": quote.line(row.error),
        "printed": quote.line(row.stdout),
    }


def _ending(result: Mapping[str, Any]) -> dict[str, Any]:
    return {"stop": result["stop"], "error": quote.line(result["error"]), "tier": result["tier"]}
