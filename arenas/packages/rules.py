"""A package in several hands as a pure state machine. docs/arenas/packages.md tells it.

The tester reads the users' letters and makes calls; what it does not write to a keeper, no keeper knows. Two keepers
revise the files that are theirs, one after the other. Packages are run by effects and judged here, by hidden calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from lanista.arenas.coding import grade, quote
from lanista.arenas.coding.runner import request
from lanista.arenas.core import chance
from lanista.arenas.core.contract import Ask, Effect, Event, Outcome, Seat, Step
from lanista.arenas.packages import inputs, running, samples
from lanista.arenas.packages.case import DEBUGGER, GENERATOR, KEEPERS, TESTER, Case, generate
from lanista.arenas.packages.config import Config
from lanista.arenas.packages.moves import Calls, Report, Revision
from lanista.arenas.packages.parts import BY_MODULE
from lanista.arenas.sandbox.types import Call

CALLS, PROBE, REPORT, FIRST, SECOND, RUN, OVER = "calls", "probe", "report", "first", "second", "run", "over"
TEAM = "coders"
SEATS: tuple[Seat, ...] = (GENERATOR, TESTER, DEBUGGER)
_OWES: Mapping[str, tuple[Seat, ...]] = {CALLS: (TESTER,), REPORT: (TESTER,), FIRST: (GENERATOR,), SECOND: (DEBUGGER,)}
_NOBODY: tuple[Seat, ...] = ()


class Table(NamedTuple):
    """What never changes in a game."""

    config: Config
    case: Case


class State(NamedTuple):
    """A moment of a game."""

    table: Table
    key: int
    stage: str
    round: int
    files: tuple[tuple[str, str], ...]
    """(module, text), in the order of the package."""
    right: tuple[bool, ...]
    """Which hidden calls the present package answers rightly."""
    calls: tuple[tuple[str, str], ...] = ()
    """Those now being made, all within their domains."""
    loads: bool = True
    turn: str = ""
    """The stage whose revision is being run."""
    revisions: int = 0
    told: int = 0
    """Notes of the tester."""
    tier: str | None = None

    @property
    def share(self) -> float:
        return sum(self.right) / len(self.right)

    @property
    def solved(self) -> bool:
        return all(self.right)


class PackagesRules:
    """See ``lanista.arenas.core.contract.Rules``."""

    def deal(self, seed: int, config: Config) -> State:
        case = generate(seed, config)
        key = chance.key("packages game", seed)
        return State(Table(config, case), key, CALLS, 1, tuple(case.files().items()), case.before)

    def opening(self, state: State) -> Sequence[Event]:
        config, case = state.table
        files = [
            {
                "module": part.module,
                "keeper": case.keepers[part.module],
                "call": f"{part.where}({part.parameters})",
                "summary": part.summary,
            }
            for part in case.parts()
        ]
        events = [Event("table", {"files": files, "rounds": config.rounds, "calls": config.inputs})]
        events += [Event("role", {"seat": seat, "role": seat[:-2]}, (seat,)) for seat in SEATS]
        texts = dict(state.files)
        for seat in KEEPERS:
            mine = {module: texts[module] for module in case.kept_by(seat)}
            events.append(Event("files", {"files": mine}, (seat,)))
        letters = [letter._asdict() for letter in case.letters]
        events.append(Event("letters", {"letters": letters}, (TESTER,)))
        faults = [fault._asdict() for fault in case.faults]
        return [*events, Event("planted", {"faults": faults}, ())]

    def seats(self, config: Config) -> tuple[Seat, ...]:
        return SEATS

    def to_act(self, state: State) -> tuple[Seat, ...]:
        return _OWES.get(state.stage, _NOBODY)

    def ask(self, state: State, seat: Seat) -> Ask:
        config, case = state.table
        if state.stage == CALLS:
            return samples.calls(config, case)
        if state.stage == REPORT:
            return samples.report()
        return samples.revise(seat, case, state.files)

    def fallback(self, state: State, seat: Seat) -> Any:
        """No calls; a package passed as it is; files kept as they are."""
        return Calls() if state.stage == CALLS else Report() if state.stage == REPORT else Revision()

    def play(self, state: State, moves: Mapping[Seat, Any]) -> Step:
        (move,) = moves.values()
        return _PLAY[state.stage](state, move)

    def outcome(self, state: State) -> Outcome | None:
        if state.stage != OVER:
            return None
        case = state.table.case
        before = sum(case.before) / case.total
        facts = {
            "solved": state.solved,
            "passed": state.share,
            "improved": state.share - before,
            "loads": state.loads,
            "rounds": state.round,
            "revisions": state.revisions,
            "notes": state.told,
            "files": len(case.modules),
            "faults": len(case.faults),
            "tier": state.tier,
        }
        return Outcome(TEAM if state.solved else None, {TEAM: float(state.solved)}, facts)

    def role(self, state: State, seat: Seat) -> str:
        return seat[:-2]

    def phase(self, state: State) -> str:
        return f"round {state.round}: {_PHASES.get(state.stage, state.stage)}"

    def teams(self, state: State) -> Mapping[str, tuple[Seat, ...]]:
        return {TEAM: SEATS}

    def rekey(self, state: State, key: int) -> State:
        return state._replace(key=key)


_PHASES = {FIRST: "revise", SECOND: "revise"}


def turns_bound(config: Config) -> int:
    """Decisions after which any game of this table has ended."""
    return 4 * config.rounds


# Playing one stage


def _calls(state: State, move: Calls) -> Step:
    """The calls within their functions' domains are made; what lies outside is named, and costs."""
    why = {call: inputs.why_not(_part(call[0]), quote.arguments(call[1])) for call in move.calls}
    inside = tuple(call for call in move.calls if why[call] is None)
    outside = [{"call": quote.call(*call), "why": why[call]} for call in why if why[call] is not None]
    event = Event("calls", {"calls": len(move.calls), "invalid": outside}, (TESTER,))
    if not inside:
        return Step(state._replace(stage=REPORT, calls=()), (event,))
    made = [Call("call", (where, quote.arguments(args))) for where, args in inside]
    effect = Effect("run", request(running.program(dict(state.files)), made, running.CPU_S))
    return Step(state._replace(stage=PROBE, calls=inside), (event,), (effect,))


def _part(where: str) -> Any:
    return BY_MODULE[where.partition(".")[0]]


def _probe(state: State, results: Sequence[Mapping[str, Any]]) -> Step:
    (result,) = results
    rows = [_row(call, row) for call, row in zip(state.calls, grade.rows(result), strict=True)]
    told = {"rows": rows, "stop": result["stop"], "error": quote.line(result["error"])}
    return Step(state._replace(stage=REPORT, tier=result["tier"]), (Event("results", told, (TESTER,)),))


def _row(call: tuple[str, str], row: grade.Row) -> dict[str, Any]:
    return {
        "call": quote.cut(quote.call(*call)),
        "status": row.status,
        "got": quote.shown(row.value) if row.ok else None,
        "stop": row.stop,
        "error": quote.line(row.error),
    }


def _report(state: State, move: Report) -> Step:
    events = [Event("report", {"passed": move.passed, "to": [seat for seat, _ in move.notes]})]
    if move.passed:
        return _end(state, events)
    events += [Event("note", {"seat": TESTER, "to": to, "text": text}, (to, TESTER)) for to, text in move.notes]
    return Step(state._replace(stage=FIRST, told=state.told + len(move.notes)), events)


def _revise(state: State, move: Revision) -> Step:
    """New files are run at once; nobody but the view from above learns what hidden calls say of them."""
    seat = GENERATOR if state.stage == FIRST else DEBUGGER
    before = dict(state.files)
    changed = {module: source for module, source in move.files if before[module] != source}
    told = Event("revised", {"seat": seat, "files": list(changed), "note": move.note})
    if not changed:
        return _next(state, state.stage, [told])
    events = [told, Event("files", {"files": changed}, (seat,))]
    files = tuple((module, changed.get(module, source)) for module, source in state.files)
    case = state.table.case
    program = running.program(dict(files))
    made = [Call("call", call) for call in case.calls]
    effects = [Effect("run", request(program, made, running.CPU_S))]
    if case.heavy:
        effects.append(Effect("run", request(program, [Call("heavy", (running.MANY,))], running.CPU_S)))
    after = state._replace(stage=RUN, turn=state.stage, files=files, revisions=state.revisions + 1)
    return Step(after, events, effects)


def _run(state: State, results: Sequence[Mapping[str, Any]]) -> Step:
    case, first = state.table.case, results[0]
    late = first["stop"] in grade.OUT_OF_TIME
    rows = grade.rows(first)
    right = [
        row.ok and not late and running.same(row.value, expected)
        for row, expected in zip(rows, case.expected, strict=True)
    ]
    if case.heavy:
        (row,) = grade.rows(results[1])
        right.append(row.ok and row.value == case.heavy_answer)
    loads = first["stop"] != "exception"
    events = [Event("hidden", {"passed": sum(right), "total": len(right), "right": right, "stop": first["stop"]}, ())]
    if not loads or not state.loads:
        events.append(Event("loads", {"loads": loads, "error": quote.line(first["error"])}))
    after = state._replace(right=tuple(right), loads=loads, tier=first["tier"])
    return _next(after, state.turn, events)


def _next(state: State, done: str, events: list[Event]) -> Step:
    if done == FIRST:
        return Step(state._replace(stage=SECOND, turn=""), events)
    if state.round < state.table.config.rounds:
        return Step(state._replace(stage=CALLS, round=state.round + 1, calls=(), turn=""), events)
    return _end(state, events)


def _end(state: State, events: list[Event]) -> Step:
    end = Event("end", {"solved": state.solved, "passed": sum(state.right), "total": len(state.right)}, ())
    return Step(state._replace(stage=OVER, calls=(), turn=""), [*events, end])


_PLAY: Mapping[str, Callable[[State, Any], Step]] = {
    CALLS: _calls,
    PROBE: _probe,
    REPORT: _report,
    FIRST: _revise,
    SECOND: _revise,
    RUN: _run,
}
