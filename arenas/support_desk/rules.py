"""The support desk as a pure state machine. docs/arenas/support-desk.md says the same for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from lanista.arenas import chance
from lanista.arenas.contract import Ask, Event, Outcome, Seat, Step
from lanista.arenas.support_desk import calls, cases, judge, policy
from lanista.arenas.support_desk.calls import BILLING, ROUTER, SEAT, SPECIALISTS, SUMMARIZER, TECHNICAL
from lanista.arenas.support_desk.cases import PLANS, Case
from lanista.arenas.support_desk.config import Config
from lanista.arenas.support_desk.faults import BIT, CLAIMS, QUESTIONS, READINGS, STEPS, WRITES, hidden, named, observe
from lanista.arenas.support_desk.hearing import heard
from lanista.arenas.tools import BadCall, Call, error_body

DESK = "desk"
SEATS = (SEAT[ROUTER], SEAT[TECHNICAL], SEAT[BILLING], SEAT[SUMMARIZER])
OPEN, TICKET, OVER = "call", "ticket", "over"
CUT = "cut"
"""How a call ends that reached the horizon; no ticket is written."""

_NOBODY: frozenset[str] = frozenset()
_PHASE_OF = {OPEN: "call", TICKET: "ticket", OVER: "over"}


class State(NamedTuple):
    """A moment of a call. ``epoch`` counts what was changed or done so far: what was seen before may have changed."""

    case: Case
    key: int
    stage: str = OPEN
    holder: str = ROUTER
    gone: int = 0  # faults cleared by what was really done
    mask: int = 0  # hypotheses that what the desk was told leaves open
    low: float = 0.0  # the fewest bits of uncertainty so far
    patience: int = 0
    turns: int = 0  # times the customer was spoken to
    decisions: int = 0
    diagnostics: int = 0  # first questions and readings, free checks after a change aside
    epoch: int = 0
    seen: Mapping[str, tuple[str, int]] = {}  # question or reading -> (outcome, epoch)
    steps: Mapping[str, int] = {}  # step -> epoch when the customer said that it is done
    tries: int = 0  # steps and factors asked for so far
    identified: frozenset[str] = _NOBODY
    agreed: frozenset[str] = _NOBODY
    told: int = 0  # causes explained that there are
    wrong: int = 0  # causes explained that there are not
    changes: tuple[Call, ...] = ()
    rules_broken: int = 0
    errors: int = 0  # calls answered with an error
    visited: tuple[str, ...] = (ROUTER,)
    end: str | None = None
    ticket: Call | None = None
    verdict: str = ""  # what rewards need of the last move: see _note
    grade: judge.Grade | None = None

    def shown(self, test: str) -> str | None:
        """See ``policy.File``."""
        found = self.seen.get(test)
        return None if found is None else found[0]

    def amounts(self) -> Mapping[str, int]:
        """See ``policy.File``."""
        context, found = self.case.context, {}
        if "invoices" in self.seen:
            found["refund_days"] = context.refund_days
        if "contract" in self.seen:
            found["months"] = context.months
        if "charge_detail" in self.seen:
            found["waived"] = context.waived
        return found


class SupportDeskRules:
    """See ``lanista.arenas.contract.Rules``."""

    def deal(self, seed: int, config: Config) -> State:
        case, key = cases.deal(seed, config)
        return begin(case, key)

    def opening(self, state: State) -> Sequence[Event]:
        case = state.case
        config, params = case.config, case.params
        events = [
            Event(
                "brief",
                {"seat": SEAT[role], "role": role, "faults": config.faults, "policy": _policy(params)},
                (SEAT[role],),
            )
            for role in calls.TOOLS
        ]
        events.append(Event("world", _world(case, 0), ()))
        first = {
            "symptom": case.complaint,
            "days": case.context.days,
            "rebooted": case.context.times if case.mentions_reboot else 0,
            "asides": list(case.context.asides),
            "v": chance.draw(state.key, "words", 0, 3),
        }
        events.append(Event("complaint", first, (SEAT[ROUTER],)))
        return events

    def seats(self, config: Config) -> tuple[Seat, ...]:
        return SEATS

    def owes(self, state: State) -> tuple[Seat, ...]:
        if state.stage == OVER:
            return ()
        return (SEAT[SUMMARIZER if state.stage == TICKET else state.holder],)

    def ask(self, state: State, seat: Seat) -> Ask:
        if state.stage == TICKET:
            return calls.ticket(named(state.told | state.wrong), _changed(state))
        case = state.case
        invoices, outages = state.seen.get("invoices"), state.seen.get("outage_map")
        charge = case.context.refund_eur if invoices and "double" in invoices[0] else None
        until = case.context.until if outages and outages[0] == "outage" else None
        return calls.act(state.holder, charge, until)

    def fallback(self, state: State, seat: Seat) -> Call:
        """The customer waits; the ticket stays empty."""
        return calls.EMPTY_TICKET if state.stage == TICKET else calls.WAIT

    def play(self, state: State, moves: Mapping[Seat, Any]) -> Step:
        ((_, move),) = moves.items()
        before = state._replace(decisions=state.decisions + 1, verdict="")
        if isinstance(move, BadCall):
            return _settle(_refuse(before, move.tool, move.error, "bad_call"))
        if before.stage == TICKET:
            return _write_ticket(before, move)
        rules = policy.broken(before.case.params, move, before)
        if rules:
            before = before._replace(rules_broken=before.rules_broken + 1)
        played, events = _PLAY[move.tool](before, move)
        return _settle((_note(played, "violation") if rules else played, events))

    def outcome(self, state: State) -> Outcome | None:
        if state.stage != OVER or state.grade is None:
            return None
        grade = state.grade
        return Outcome(DESK if grade.resolved else None, {DESK: grade.score}, judge.facts(state, grade))

    def role(self, state: State, seat: Seat) -> str:
        return calls.ROLE[seat]

    def phase(self, state: State) -> str:
        return state.stage

    def teams(self, state: State) -> Mapping[str, tuple[Seat, ...]]:
        return {DESK: SEATS}

    def rekey(self, state: State, key: int) -> State:
        return state._replace(key=key)


def begin(case: Case, key: int) -> State:
    """The first moment of a call."""
    seen = {question: (outcome, 0) for question, outcome in _SAID_FIRST[case.complaint]}
    if case.mentions_reboot:
        seen["rebooted"] = ("yes", 0)
    steps = {"reboot": 0} if case.mentions_reboot else {}
    return State(case, key, mask=case.start, low=case.entropy, patience=case.patience, seen=seen, steps=steps)


def turns_bound(config: Config) -> int:
    """Decisions after which any call of this config has ended: the horizon, then a ticket."""
    return config.horizon + 1


_SAID_FIRST: Mapping[str, tuple[tuple[str, str], ...]] = {
    "no_internet": (("internet", "none"),),
    "slow_internet": (("internet", "slow"),),
    "no_mobile": (("mobile", "none"),),
    "high_bill": (),
}
"""The questions that a complaint answers at once."""

Played = tuple[State, list[Event]]


# What is done with the customer on the line


def _wait(state: State, move: Call) -> Played:
    return state._replace(patience=state.patience - 2), []


def _say(state: State, move: Call) -> Played:
    """Free words: heard as the request in them, if the customer finds one."""
    request = heard(move.args["text"])
    if request is not None and _may(state.holder, request):
        played: Played = _PLAY[request.tool](state, request)
        return played
    state = _spoken(state, 2)
    return state, [_to_holder(state, "puzzled", {})]


def _may(role: str, request: Call) -> bool:
    """Whether this role's tools could have asked for the same."""
    if request.tool == "ask":
        return request.args["question"] in calls.ASKS[role]
    return request.tool in calls.TOOLS[role]


def _ask(state: State, move: Call) -> Played:
    question = move.args["question"]
    outcome, after = _look(state, question)
    bored = after.verdict == "irrelevant"
    after = _spoken(after, 3 if bored else 1)
    return after, [_to_holder(after, "answer", {"question": question, "outcome": outcome, **_details(state, question)})]


def _verify(state: State, move: Call) -> Played:
    factor = move.args["factor"]
    fails = _errs(state)
    identified = state.identified if fails else state.identified | {factor}
    after = _spoken(state._replace(identified=identified, tries=state.tries + 1), 1)
    return after, [_to_holder(after, "identity", {"factor": factor, "ok": not fails})]


def _instruct(state: State, move: Call) -> Played:
    """The customer does the step, unless they have done it already and nothing seen since speaks against it."""
    step, case = move.args["step"], state.case
    fault = BIT[STEPS[step]]
    done_at = state.steps.get(step)
    claims = step == "reboot" and done_at is None and case.truth & CLAIMS
    told_before = done_at is not None
    if step == "reboot" and done_at is None:
        _, state = _look(state, "rebooted", quiet=True)
    if claims:
        done_at = 0
    if done_at is not None and not contradicted(state, step, done_at):
        after = state._replace(steps={**state.steps, step: done_at})
        after = _spoken(_note(after, "irrelevant") if told_before else after, 3)
        return after, [_to_holder(after, "already", {"step": step, "times": case.context.times})]
    useless = not told_before and not state.mask & case.space.having(fault)
    fails = _errs(state)
    gone = state.gone if fails else state.gone | fault
    epoch = state.epoch + 1
    after = state._replace(gone=gone, epoch=epoch, steps={**state.steps, step: epoch}, tries=state.tries + 1)
    after = _spoken(_note(after, "irrelevant") if useless else after, 3 if useless else 1)
    events = [_to_holder(after, "did", {"step": step})]
    return after, events + _moved(state, after)


def contradicted(state: State, step: str, done_at: int) -> bool:
    """Whether something seen since the customer said ``done`` shows that it was not, or not well."""
    status = state.seen.get("modem_status")
    if step == "reboot" and status is not None and status[0] == "up_weeks" and status[1] >= done_at:
        return True
    if done_at == 0:
        return False
    still = state.seen.get("mobile" if step == "set_apn" else "internet")
    return still is not None and still[1] >= done_at and still[0] != "ok"


def _confirm(state: State, move: Call) -> Played:
    action = move.args["action"]
    after = _spoken(state._replace(agreed=state.agreed | {action}), 1)
    return after, [_to_holder(after, "agreed", {"action": action})]


def _explain(state: State, move: Call) -> Played:
    cause = move.args["cause"]
    bit = BIT[cause]
    right = bool(state.case.truth & bit)
    if right and cause == "outage":
        right = move.args.get("until") == state.case.context.until
    after = _spoken(state, 1)
    if right:
        after = after._replace(told=after.told | bit, wrong=after.wrong & ~bit)
    else:
        after = _note(after._replace(wrong=after.wrong | bit), "misinformed")
    return after, [_to_holder(after, "explained", {"cause": cause, "until": move.args.get("until")})]


# What is done at the desk


def _read(state: State, move: Call) -> Played:
    outcome, after = _look(state, move.tool)
    data = {"reading": move.tool, "outcome": outcome, **_details(state, move.tool)}
    return after, [_to_holder(after, "reading", data)]


def _write(state: State, move: Call) -> Played:
    if move in state.changes:
        body = error_body(409, "conflict", f"{move.tool} was done already in this call")
        return _refuse(state, move.tool, body, "bad_call")
    gone = state.gone | BIT[WRITES[move.tool]] if _works(state, move) else state.gone
    after = state._replace(gone=gone, epoch=state.epoch + 1, changes=(*state.changes, move))
    if move not in state.case.expected:
        after = _note(after, "wrong_change")
    events = [_to_holder(after, "changed", {"tool": move.tool, **move.args})]
    return after, events + _moved(state, after)


def _works(state: State, move: Call) -> bool:
    """Whether a change would clear its fault, if there is one: the right charge and amount, the plan as ordered."""
    context = state.case.context
    if move.tool == "refund":
        return move.args == {"charge": "C2", "amount": context.refund_eur}
    return bool(move.tool != "change_plan" or move.args["plan"] == context.plan)


def _route(state: State, move: Call) -> Played:
    to = move.args["to"]
    first = to not in state.visited
    after = state._replace(holder=to, visited=(*state.visited, to) if first else state.visited)
    if to in SPECIALISTS:
        case, owned = state.case, _OWNED[to]
        if not case.truth & owned & ~state.gone & ~state.told and not _likely(state, owned):
            after = _note(after, "misrouted")
        elif first:
            after = _note(after, "routed")
    events = [
        Event("handover", {"from": state.holder, "to": to}, (SEAT[state.holder], SEAT[to])),
        Event("casefile", casefile(state), (SEAT[to],)),
    ]
    return after, events


def _likely(state: State, owned: int) -> bool:
    """Whether what was told leaves this department at least as likely as not."""
    mine = state.mask & state.case.space.having(owned)
    return 2 * state.case.space.mass(mine) >= state.case.space.mass(state.mask)


def _escalate(state: State, move: Call) -> Played:
    to = move.args["to"]
    right = judge.escalation_is_right(state, to)
    after = state._replace(end=to, changes=(*state.changes, move))
    return _note(after, "appropriate" if right else "premature"), []


def _close(state: State, move: Call) -> Played:
    return state._replace(end="closed"), []


def _write_ticket(state: State, move: Call) -> Step:
    grade = judge.grade(state._replace(ticket=move))
    after = state._replace(stage=OVER, ticket=move, grade=grade)
    return Step(after, [Event("ticket", dict(move.args), SEATS), _ended(after, grade)])


_PLAY: dict[str, Any] = {
    "wait": _wait,
    "say": _say,
    "ask": _ask,
    "verify": _verify,
    "instruct": _instruct,
    "confirm": _confirm,
    "explain": _explain,
    "route": _route,
    "handover": _route,
    "escalate": _escalate,
    "close": _close,
    **dict.fromkeys(READINGS, _read),
    **dict.fromkeys(WRITES, _write),
}
_OWNED = {role: sum(BIT[cause] for cause in calls.CAUSES[role]) for role in SPECIALISTS}


# Small pieces


def _look(state: State, test: str, quiet: bool = False) -> tuple[str, State]:
    """What a question or reading shows, and the state in which the desk knows it."""
    case = state.case
    outcome = observe(test, case.truth, state.gone)
    mask = state.mask & case.space.parts(test, state.gone)[outcome]
    known = state.seen.get(test)
    fresh = known is None or known[1] < state.epoch
    recheck = known is not None and fresh
    after = state._replace(
        mask=mask,
        low=min(state.low, case.space.entropy(mask)) if mask != state.mask else state.low,
        seen={**state.seen, test: (outcome, state.epoch)},
        diagnostics=state.diagnostics + (not quiet and not recheck),
    )
    if quiet:
        return outcome, after
    gained = case.space.entropy(state.mask) != case.space.entropy(mask)
    if not fresh or (test in QUESTIONS and not gained and not recheck):
        after = _note(after, "irrelevant")
    return outcome, after


def _note(state: State, what: str) -> State:
    """The state with one more word on the last move, for the rewards."""
    return state._replace(verdict=f"{state.verdict} {what}".strip())


def _spoken(state: State, cost: int) -> State:
    return state._replace(turns=state.turns + 1, patience=state.patience - cost)


def _errs(state: State) -> bool:
    rate = state.case.config.error_rate
    return rate > 0 and chance.draw(state.key, "error", state.tries, 1000) < 1000 * rate


def _refuse(state: State, tool: str, body: str, verdict: str) -> Played:
    after = _note(state._replace(errors=state.errors + 1), verdict)
    seat = SEAT[SUMMARIZER if state.stage == TICKET else state.holder]
    return after, [Event("error", {"tool": tool, "body": body}, (seat,))]


def _to_holder(state: State, kind: str, data: dict[str, Any]) -> Event:
    data["v"] = chance.draw(state.key, "words", state.decisions, 3)
    return Event(kind, data, (SEAT[state.holder],))


def _details(state: State, test: str) -> dict[str, Any]:
    """The numbers that go with an outcome, none of which tells more of the faults than the outcome does."""
    context = state.case.context
    if test == "speed":
        return {"plan_mbps": PLANS[context.plan][0]}
    if test == "outage_map":
        return {"until": context.until}
    if test == "rebooted":
        return {"times": context.times}
    if test == "account":
        return {"plan": context.plan, "due_eur": context.due_eur}
    if test == "invoices":
        return {"refund_eur": context.refund_eur, "refund_days": context.refund_days, "extra_eur": context.fee_eur}
    if test == "contract":
        return {"ordered": context.plan, "billed": context.billed, "months": context.months}
    if test == "charge_detail":
        return {"fee_eur": context.fee_eur, "waived": context.waived}
    return {}


def _moved(before: State, after: State) -> list[Event]:
    """The hidden change, for those who look from above."""
    case = before.case
    if before.gone & case.truth == after.gone & case.truth:
        return []
    return [Event("world", _world(case, after.gone), ())]


def _world(case: Case, gone: int) -> dict[str, Any]:
    return dict(hidden(case.truth, gone))


def casefile(state: State) -> dict[str, Any]:
    """What the desk has on file, as the next seat reads it."""
    context = state.case.context
    return {
        "symptom": state.case.complaint,
        "seen": {test: outcome for test, (outcome, _) in state.seen.items()},
        "steps": list(state.steps),
        "identity": sorted(state.identified),
        "agreed": sorted(state.agreed),
        "explained": list(named(state.told | state.wrong)),
        "changes": [str(change) for change in state.changes],
        "until": context.until if state.shown("outage_map") == "outage" else None,
        "end": state.end,
    }


def _changed(state: State) -> tuple[str, ...]:
    return tuple(dict.fromkeys(change.tool for change in state.changes if change.tool in WRITES))


def _settle(played: Played) -> Step:
    """The call goes on, or ends: settled, escalated, left by the customer, or cut at the horizon."""
    state, events = played
    end = state.end
    if end is None and state.patience <= 0:
        end = "abandoned"
        events.append(Event("left", {}, (SEAT[state.holder],)))
    if end is None and state.decisions >= state.case.config.horizon:
        over = state._replace(stage=OVER, end=CUT)
        grade = judge.grade(over)
        return Step(over._replace(grade=grade), [*events, _ended(over, grade)])
    if end is not None:
        state = state._replace(stage=TICKET, end=end)
        events.append(Event("ended", {"end": end}, (SEAT[state.holder],)))
        events.append(Event("casefile", casefile(state), (SEAT[SUMMARIZER],)))
    return Step(state, events)


def _ended(state: State, grade: judge.Grade) -> Event:
    data = {"end": state.end, "resolved": grade.resolved, "faults": list(named(state.case.truth))}
    return Event("end", data, SEATS)


@lru_cache(maxsize=4096)
def _policy(params: policy.Params) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in params._asdict().items()}
