"""The planner: solves a case it can see whole, and proves the solution in the real environment.

``solve`` lists the calls that a desk which knew the hidden world would make, no call more than it needs.
``prove`` replays them, and again without each of them: the whole scores 1, and less than 1 with any step left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lanista.arenas.core.contract import Arena, Seat
from lanista.arenas.core.referee import Game
from lanista.arenas.core.tools import Call, call
from lanista.arenas.support_desk import arguing, calls, judge
from lanista.arenas.support_desk.calls import BILLING, ROUTER, SPECIALISTS, TECHNICAL
from lanista.arenas.support_desk.cases import EXPLAIN, STEP, WRITE
from lanista.arenas.support_desk.customer import contradicted, said_done
from lanista.arenas.support_desk.faults import BIT, OF_OWNER, STEPS, WRITES, named, observe, so_far
from lanista.arenas.support_desk.house import CREDITS, end_due
from lanista.arenas.support_desk.policy import ACCOUNT_DATA, FACTORS, SUPPORT
from lanista.arenas.support_desk.rules import SupportDeskRules
from lanista.arenas.support_desk.state import OVER, TICKET, State
from lanista.errors import LanistaError

_RULES = SupportDeskRules()
_HOSTS = (BILLING, TECHNICAL)
"""Who goes first: a suspended account hides what is behind it, and a technician is sent by the technical seat."""

_STEP_OF = {fault: step for step, fault in STEPS.items()}
_WRITE_OF = {fault: write for write, fault in WRITES.items()}

Plan = tuple[tuple[Seat, Call], ...]


def solve(state: State) -> Plan:
    """(seat, call) for every step from here to the end of the case. Raises LanistaError where it finds none."""
    steps: list[tuple[Seat, Call]] = []
    while state.stage != OVER:
        (seat,) = _RULES.to_act(state)
        move = next(_next(state))
        steps.append((seat, move))
        if len(steps) > 200:
            raise LanistaError(f"the planner runs in circles over {', '.join(named(state.case.truth))}")
        state = _RULES.play(state, {seat: move}).state
    return tuple(steps)


def prove(arena: Arena, seed: int, config: Any) -> Plan:
    """The plan of a case, proven. Raises LanistaError naming the seed where it scores less than 1 or has a step that
    it can do without."""
    game = Game(arena, seed, config)
    plan = solve(game.state)
    found = replayed(game, plan)
    faults = ", ".join(named(game.state.case.truth))
    if found != 1.0:
        raise LanistaError(f"seed {seed} ({faults}): the planner's solution scores {found}, not 1")
    i = 0
    while i < len(plan):
        seat, step = plan[i]
        rest = plan[:i] + plan[i + 1 :]
        if replayed(game, rest) < 1.0:
            i += 1
        elif config.hard.limits:  # what a later hour made needless: the clock goes on while it is done
            plan = rest
        else:
            raise LanistaError(f"seed {seed} ({faults}): {seat}'s step {step} is not needed")
    return plan


def replayed(game: Game, plan: Sequence[tuple[Seat, Call]]) -> float:
    """The desk's score after these calls in a copy of ``game``, whoever holds the call; as it stands if it goes on."""
    twin = game.fork()
    for seat, step in plan:
        if twin.over:
            break
        if twin.to_act() == (seat,):
            twin.submit(seat, str(step))
    if twin.outcome is not None:
        return twin.outcome.scores["desk"]
    return judge.grade(twin.state).score


def _next(state: State) -> Iterator[Call]:
    """The next call; the first that is yielded counts."""
    if state.stage == TICKET:
        yield right_ticket(state)
    case, holder = state.case, state.holder
    if case.manner.impostor is not None:
        if not state.stranger:
            yield call("verify", factor=case.manner.impostor)
        yield call("escalate", to="human")
    open_ = [fault for fault in named(so_far(case.truth, state.gone)) if not _settled(state, fault)]
    mine = [f for f in open_ if holder in SPECIALISTS and BIT[f] & OF_OWNER[holder]]
    for fault in mine:
        if _can_argue(state, fault):
            yield from _mend(state, fault)
    others = [host for host in _HOSTS if host != holder and any(BIT[f] & OF_OWNER[host] for f in open_)]
    if others:
        yield call("route" if holder == ROUTER else "handover", to=others[0])
    ends = {end_due(state, case.remedies[f].how) for f in named(so_far(case.truth, state.gone))} & {
        "technician",
        "human",
    }
    for end in ends:
        if holder == BILLING and end == "technician":
            yield call("handover", to=TECHNICAL)
        yield call("escalate", to=end)
    yield call("close")


def _to_argue(state: State, fault: str) -> tuple[str, ...]:
    """The steps, changes and causes that the customer will want a reason for."""
    if not state.case.config.hard.haggling:
        return ()
    how = state.case.remedies[fault].how
    found = [_STEP_OF[fault]] if how == STEP and not state.gone & BIT[fault] else []
    if how == WRITE and not state.gone & BIT[fault]:
        tool = _WRITE_OF[fault]
        found += [tool] if tool in state.case.params.confirm and tool not in state.agreed else []
    found = [what for what in found if arguing.resists(state, what)]
    return (*found, *([fault] if arguing.disputes(state, fault) and not state.told & BIT[fault] else ()))


def _proof(state: State, fault: str) -> str | None:
    """A look that this seat has had, or can have, and that speaks for a fault."""
    for test, part in sorted(state.showed):
        if test in arguing.SHOWN and arguing.speaks_for(fault, test, part):
            return test
    for test in (*calls.READS[state.holder], *calls.ASKS[state.holder]):
        if test in arguing.SHOWN and test not in ACCOUNT_DATA:
            shown = observe(test, state.case.truth, state.gone)
            if any(arguing.speaks_for(fault, test, part) for part in shown.split("+")):
                return test
    for test in calls.READS[state.holder]:
        shown = observe(test, state.case.truth, state.gone)
        if any(arguing.speaks_for(fault, test, part) for part in shown.split("+")):
            return test
    return None


def _can_argue(state: State, fault: str) -> bool:
    """Whether what speaks for a fault can be seen yet, where a reason for it will be wanted."""
    return not _to_argue(state, fault) or _proof(state, fault) is not None


def _argue(state: State, fault: str) -> Iterator[Call]:
    """What shows the fault, while it can be seen; then the reasons that will be wanted."""
    for what in _to_argue(state, fault):
        test = _proof(state, fault)
        if test is None:
            continue
        if not any(test == seen and arguing.speaks_for(fault, seen, part) for seen, part in state.showed):
            if test in ACCOUNT_DATA:
                yield from _identify(state)
            yield call(test) if test in calls.READS[state.holder] else call("ask", question=test)
        yield call("reason", **{"for": what, "shown": test})


def _refuse(state: State, fault: str) -> Iterator[Call]:
    """The rule that forbids what the customer will ask for, with what it goes by."""
    wanted = arguing.demands(state, fault)
    rule = arguing.forbidding(state, fault)
    if wanted is None or rule is None:
        return
    for test in arguing.FORBIDS[rule]:
        if test not in state.seen:
            yield from _identify(state)
            yield call(test)
    yield call("reason", **{"for": wanted, "rule": rule})


def _settled(state: State, fault: str) -> bool:
    """Whether nothing is left to do about a fault but to end the call."""
    how, bit = state.case.remedies[fault].how, BIT[fault]
    if not state.told & bit:
        return False
    if how in (WRITE, STEP):
        return bool(state.gone & bit)
    return how == EXPLAIN or _evidence(state, end_due(state, how), fault) is None


def _mend(state: State, fault: str) -> Iterator[Call]:
    case, remedy, bit = state.case, state.case.remedies[fault], BIT[fault]
    yield from _argue(state, fault)
    if remedy.how == STEP and not state.gone & bit:
        yield _step(state, _STEP_OF[fault])
    if remedy.how == WRITE and not state.gone & bit:
        assert remedy.call is not None
        tool = remedy.call.tool
        yield from _identify(state)
        read = _evidence(state, tool, fault)
        if read is not None:
            yield read
        if case.config.hard.limits and tool in CREDITS.values():
            yield from (call(test) for test in ("contract", "account") if test not in state.seen)
        if tool in state.case.params.confirm and tool not in state.agreed:
            yield call("confirm", action=tool)
        yield remedy.call
    if remedy.how in ("technician", "human"):
        read = _evidence(state, end_due(state, remedy.how), fault)
        if read is not None:
            if read.tool in ACCOUNT_DATA:
                yield from _identify(state)
            yield read
    if not state.told & bit:
        yield from _refuse(state, fault)
        if fault == "outage":
            yield call("explain", cause=fault, until=state.case.context.until)
        yield call("explain", cause=fault)


def _step(state: State, step: str) -> Call:
    """The step, or first what shows the customer that it was not done, or not well."""
    done_at = said_done(state, step)
    if done_at is None or contradicted(state, step, done_at):
        return call("instruct", step=step)
    if step == "reboot":
        return call("modem_status")
    return call("ask", question="mobile" if step == "set_apn" else "internet")


def _identify(state: State) -> Iterator[Call]:
    for factor in FACTORS:
        if factor in state.case.params.identity and factor not in state.identified:
            yield call("verify", factor=factor)


def _evidence(state: State, what: str, fault: str) -> Call | None:
    """A question or reading that must still show something before ``what`` is done, None where the file holds it."""
    case = state.case
    if what == "technician" and case.params.map_first and state.shown("outage_map") != "clear":
        return call("outage_map")
    wanted = dict(SUPPORT[what])
    for test, outcomes in state.also(what).items():
        wanted[test] = (*wanted.get(test, ()), *outcomes)
    shown = [state.shown(test) for test in wanted]
    if any(s is not None and set(s.split("+")) & set(w) for s, w in zip(shown, wanted.values(), strict=True)):
        return None
    able = [t for t, w in wanted.items() if set(observe(t, case.truth, state.gone).split("+")) & set(w)]
    for test in able:
        if test in calls.READS[state.holder]:
            return call(test)
    for test in able:
        if test in calls.ASKS[state.holder]:
            return call("ask", question=test)
    raise LanistaError(f"nothing that {state.holder} can look at shows what {what} needs ({fault})")


def right_ticket(state: State) -> Call:
    """The ticket that says what happened."""
    changed = dict.fromkeys(change.tool for change in state.changes if change.tool in WRITES)
    return call(
        "ticket",
        causes=list(judge.causes_due(state)),
        end=state.end,
        identity=state.identified.issuperset(state.case.params.identity),
        changes=list(changed),
    )
