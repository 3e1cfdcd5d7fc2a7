"""Research as a pure state machine: plan, search, verify, plan again, summarise. docs/arenas/research.md tells it.

The question is told to the planner alone, hits and papers to whoever asked for them. Everything else that a seat knows
is what another one wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lanista.arenas.core import chance
from lanista.arenas.core.contract import Ask, Event, Outcome, Seat, Step
from lanista.arenas.core.speech import tame
from lanista.arenas.core.tools import BadCall, Call, call
from lanista.arenas.research import asks, judge, service
from lanista.arenas.research.calls import TASKS
from lanista.arenas.research.cases import Case, deal
from lanista.arenas.research.config import EXECUTOR, GENERATOR, PLANNER, SEATS, TEAM, VERIFIER, Config
from lanista.arenas.research.judge import Verdict
from lanista.arenas.research.moves import Summary
from lanista.arenas.research.state import EXECUTE, OVER, PLAN, SUMMARISE, VERIFY, State, Table

_OWES: Mapping[str, tuple[Seat, ...]] = {
    PLAN: (PLANNER,),
    EXECUTE: (EXECUTOR,),
    VERIFY: (VERIFIER,),
    SUMMARISE: (GENERATOR,),
}


def begin(config: Config, case: Case, key: int) -> State:
    """The first moment of a game on this case."""
    return State(Table(config, case), key)


class ResearchRules:
    """See ``lanista.arenas.core.contract.Rules``."""

    def deal(self, seed: int, config: Config) -> State:
        return begin(config, deal(seed, config), chance.key("research", seed))

    def opening(self, state: State) -> Sequence[Event]:
        config, case = state.table
        table = {
            "rounds": config.rounds,
            "calls": config.calls,
            "checks": config.checks,
            "papers": len(case.library.papers),
            "shared": config.shared,
        }
        roles = [Event("role", {"seat": seat, "role": seat[:-2]}, (seat,)) for seat in SEATS]
        return [Event("table", table), *roles, Event("question", {"text": case.question}, config.audience(PLANNER))]

    def seats(self, config: Config) -> tuple[Seat, ...]:
        return SEATS

    def to_act(self, state: State) -> tuple[Seat, ...]:
        return _OWES.get(state.stage, ())

    def ask(self, state: State, seat: Seat) -> Ask:
        return asks.ask(state)

    def fallback(self, state: State, seat: Seat) -> Any:
        """To write, an empty report, an end of the round, a summary of nothing."""
        return {
            PLAN: call("write"),
            EXECUTE: call("report", text=""),
            VERIFY: call("done"),
            SUMMARISE: Summary(),
        }[state.stage]

    def play(self, state: State, moves: Mapping[Seat, Any]) -> Step:
        (move,) = moves.values()
        if isinstance(move, BadCall):
            return _bad(state, move)
        name = move.tool if isinstance(move, Call) else SUMMARISE
        return _PLAY[state.stage, name](state, move)

    def outcome(self, state: State) -> Outcome | None:
        if state.stage != OVER:
            return None
        verdict, case = state.verdict or Verdict(), state.table.case
        standing = judge.standing(case, dict(state.judged))
        stopped, kept = standing["stopped_bad"], standing["kept_bad"]
        facts = {
            "solved": verdict.solved,
            "covered": verdict.covered,
            "bad_claims": verdict.bad,
            "found": judge.found(case, state.reports),
            "checked": checked(state),
            "stopped": stopped / (stopped + kept) if stopped + kept else None,
            "rounds": state.round,
            "calls": state.calls,
            "case": case.id,
            "values": sum(map(len, case.gold.values())),
            "combination": case.asked.combination,
        }
        return Outcome(TEAM if verdict.solved else None, {TEAM: float(verdict.solved)}, facts)

    def role(self, state: State, seat: Seat) -> str:
        return seat[:-2]

    def phase(self, state: State) -> str:
        return f"round {max(1, state.round + (state.stage == PLAN))}: {state.stage}"

    def teams(self, state: State) -> Mapping[str, tuple[Seat, ...]]:
        return {TEAM: SEATS}

    def rekey(self, state: State, key: int) -> State:
        return state._replace(key=key)


def turns_bound(config: Config) -> int:
    """Decisions after which any game of this table has ended."""
    return config.rounds * (2 + TASKS * config.calls + config.checks) + 1


def checked(state: State) -> float:
    """The share of the values asked for that the verifier keeps, reported as they are and from papers that count."""
    kept = {pair for pair, reason in state.judged if not reason}
    return judge.found(state.table.case, [pair for pair in state.reports if pair in kept])


def _to(state: State, seat: Seat) -> tuple[Seat, ...] | None:
    return state.table.config.audience(seat)


# The planner


def _plan(state: State, move: Call) -> Step:
    tasks = tuple(tame(each) for each in move.args["tasks"])
    told = Event("plan", {"seat": PLANNER, "round": state.round + 1, "tasks": list(tasks)})
    after = state._replace(round=state.round + 1, tasks=tasks, at=0)
    return Step(_task(after), (told,))


def _write(state: State, move: Call) -> Step:
    note = tame(move.args.get("note", ""))
    return Step(state._replace(stage=SUMMARISE), (Event("write", {"seat": PLANNER, "note": note}),))


# The executor


def _task(state: State) -> State:
    """At the beginning of the sub-task ``at``."""
    return state._replace(stage=EXECUTE, left=state.table.config.calls, query="", pages=0, more=False, hits=())


def _searched(state: State, move: Call) -> Step:
    after, event = service.search(state, move)
    return _called(after, [event])


def _opened(state: State, move: Call) -> Step:
    able, events = service.pages(state, move, EXECUTOR)
    opened = state.opened | set(able)
    hits = tuple(each for each in state.hits if each not in opened)
    return _called(state._replace(opened=opened, hits=hits), events)


def _waited(state: State, move: Call) -> Step:
    after = state._replace(minute=state.minute + service.WAIT - 1)
    return _called(after, [Event("waited", {"minutes": service.WAIT}, _to(state, EXECUTOR))])


def _called(state: State, events: list[Event]) -> Step:
    """A minute later, with a call less; the last call's place is the report's."""
    after = state._replace(minute=state.minute + 1, left=state.left - 1, calls=state.calls + 1)
    if after.left:
        return Step(after, events)
    return _reported(after, "", events)


def _report(state: State, move: Call) -> Step:
    return _reported(state, tame(move.args["text"]), [])


def _reported(state: State, text: str, events: list[Event]) -> Step:
    case = state.table.case
    new = {paper: value for paper, value in judge.reported(text).items() if paper in case.library.papers}
    # What is only named again keeps the value that was reported of it.
    told = dict(state.reports)
    told |= {paper: value or told.get(paper, "") for paper, value in new.items()}
    reports = tuple(told.items())
    event = Event("report", {"seat": EXECUTOR, "task": state.at + 1, "of": len(state.tasks), "text": text})
    useful = judge.found(case, reports) > judge.found(case, state.reports)
    after = state._replace(
        reports=reports,
        useful=state.useful | ({state.tasks_done} if useful else set()),
        tasks_done=state.tasks_done + 1,
        at=state.at + 1,
    )
    if after.at < len(after.tasks):
        return Step(_task(after), [*events, event])
    return Step(after._replace(stage=VERIFY, left=after.table.config.checks), [*events, event])


# The verifier


def _read(state: State, move: Call) -> Step:
    able, events = service.pages(state, move, VERIFIER)
    return _verified(state._replace(read=state.read | set(able)), events)


def _judge(state: State, move: Call) -> Step:
    reason = move.args.get("reason", "")
    told = dict(state.reports)
    able = [each for each in move.args["papers"] if each in told]
    judged = {**dict(state.judged), **{(each, told[each]): reason for each in able}}
    if not able:
        why = "none of these was reported"
        return _verified(state, [Event("refused", {"why": why}, _to(state, VERIFIER))])
    event = Event("judgement", {"seat": VERIFIER, "papers": able, "reason": reason})
    return _verified(state._replace(judged=tuple(judged.items())), [event])


def _verified(state: State, events: list[Event]) -> Step:
    after = state._replace(left=state.left - 1)
    return Step(after, events) if after.left else _done(after, "", events)


def _done_call(state: State, move: Call) -> Step:
    return _done(state, tame(move.args.get("note", "")), [])


def _done(state: State, note: str, events: list[Event]) -> Step:
    """The round is over: plan again, or summarise after the last one."""
    event = Event("done", {"seat": VERIFIER, "round": state.round, "note": note})
    stage = PLAN if state.round < state.table.config.rounds else SUMMARISE
    return Step(state._replace(stage=stage, left=0, checked=checked(state)), [*events, event])


# The generator


def _summarise(state: State, move: Summary) -> Step:
    verdict = judge.judged(state.table.case, move)
    lines = [{**line._asdict(), "sources": list(line.sources)} for line in move.lines]
    events = (Event("summary", {"seat": GENERATOR, "lines": lines}), Event("end", _end(state, verdict), ()))
    return Step(state._replace(stage=OVER, verdict=verdict), events)


def _end(state: State, verdict: Verdict) -> dict[str, Any]:
    gold = {
        approach: {value: sorted(papers) for value, papers in values.items()}
        for approach, values in state.table.case.gold.items()
    }
    return {**verdict._asdict(), "question": state.table.case.question, "gold": gold}


def _bad(state: State, move: BadCall) -> Step:
    """The service's answer to a call that is none; it counts as one. A planner asks again at the price of a round."""
    (seat,) = _OWES[state.stage]
    error = Event("error", {"status": 400, "body": move.error}, _to(state, seat))
    if state.stage == EXECUTE:
        return _called(state, [error])
    if state.stage == VERIFY:
        return _verified(state, [error])
    after = state._replace(round=state.round + 1)
    return Step(after._replace(stage=PLAN if after.round < after.table.config.rounds else SUMMARISE), (error,))


_PLAY: Mapping[tuple[str, str], Callable[[State, Any], Step]] = {
    (PLAN, "plan"): _plan,
    (PLAN, "write"): _write,
    (EXECUTE, "search"): _searched,
    (EXECUTE, "open"): _opened,
    (EXECUTE, "wait"): _waited,
    (EXECUTE, "report"): _report,
    (VERIFY, "open"): _read,
    (VERIFY, "keep"): _judge,
    (VERIFY, "drop"): _judge,
    (VERIFY, "done"): _done_call,
    (SUMMARISE, SUMMARISE): _summarise,
}
