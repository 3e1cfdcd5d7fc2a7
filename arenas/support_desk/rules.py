"""The support desk as a pure state machine. docs/arenas/support-desk.md says the same for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from lanista.arenas.core import chance
from lanista.arenas.core.contract import Ask, Event, Outcome, Seat, Step
from lanista.arenas.core.tools import BadCall, Call, error_body
from lanista.arenas.support_desk import calls, cases, customer, desk, house, judge, line, policy
from lanista.arenas.support_desk.calls import CUSTOMER, ROUTER, SEAT, SUMMARIZER
from lanista.arenas.support_desk.config import Config
from lanista.arenas.support_desk.faults import WRITES, named, so_far
from lanista.arenas.support_desk.house import MINUTES
from lanista.arenas.support_desk.levels import PLAIN, named_options
from lanista.arenas.support_desk.state import (
    OPEN,
    OVER,
    TICKET,
    Note,
    Played,
    State,
    begin,
    casefile,
    noted,
    refuse,
    to_holder,
    world,
)

DESK = "desk"
"""The team; with customer_0 as a seat there is a second one, ``customer``."""
SEATS = (SEAT[ROUTER], SEAT["technical"], SEAT["billing"], SEAT[SUMMARIZER])
WITH_CUSTOMER = (*SEATS, SEAT[CUSTOMER])
CUT = "cut"
"""How a call ends that reached the horizon; no ticket is written."""


class SupportDeskRules:
    """See ``lanista.arenas.core.contract.Rules``."""

    def deal(self, seed: int, config: Config) -> State:
        case, key = cases.deal(seed, config)
        return begin(case, key)

    def opening(self, state: State) -> Sequence[Event]:
        case = state.case
        config = case.config
        given: dict[str, Any] = {
            "faults": config.faults,
            "policy": _policy(case.params),
            "short": config.brief == "short",
        }
        if config.hard != PLAIN:
            if config.hard.limits:
                given["house"] = _house(case.house)
            given["options"] = list(named_options(config.hard))
        events = [Event("brief", {"seat": SEAT[role], "role": role, **given}, (SEAT[role],)) for role in calls.TOOLS]
        listeners = [SEAT[ROUTER]]
        if config.customer == "seat":
            events.append(customer.brief(state))
            listeners.append(SEAT[CUSTOMER])
        first: dict[str, Any] = {
            "symptom": case.complaint,
            "days": case.context.days,
            "rebooted": case.context.times if case.mentions_reboot else 0,
            "asides": list(case.context.asides),
            "v": chance.draw(state.key, "words", 0, 3),
        }
        if config.hard.voices:
            first = {"said": line.first_words(state)}
        return [*events, world(state), Event("complaint", first, tuple(listeners))]

    def seats(self, config: Config) -> tuple[Seat, ...]:
        return WITH_CUSTOMER if config.customer == "seat" else SEATS

    def to_act(self, state: State) -> tuple[Seat, ...]:
        if state.stage == OVER:
            return ()
        if state.stage == TICKET:
            return (SEAT[SUMMARIZER],)
        return (SEAT[CUSTOMER if state.pending is not None else state.holder],)

    def ask(self, state: State, seat: Seat) -> Ask:
        if state.stage == TICKET:
            if state.case.config.hard.notes:
                return calls.ticket((), ())
            return calls.ticket(named(state.told | state.wrong), _changed(state))
        if state.pending is not None:
            return customer.ask(state)
        case = state.case
        invoices, outages = state.seen.get("invoices"), state.seen.get("outage_map")
        charge = case.context.refund_eur if invoices and "double" in invoices[0] else None
        until = case.context.until if outages and outages[0] == "outage" else None
        return calls.act(state.holder, charge, until, named_options(case.config.hard))

    def fallback(self, state: State, seat: Seat) -> Call:
        """The customer waits, or is unsure; the ticket stays empty."""
        if state.stage == TICKET:
            return calls.EMPTY_TICKET
        return calls.WAIT if state.pending is None else customer.UNSURE

    def play(self, state: State, moves: Mapping[Seat, Any]) -> Step:
        ((_, move),) = moves.items()
        if state.pending is not None:
            return _settle(_reply(state._replace(notes=()), state.pending, move))
        before = state._replace(decisions=state.decisions + 1, notes=())
        if state.stage == OPEN and state.case.config.hard.limits:
            before = before._replace(minute=state.minute + MINUTES.get(move.tool, 1))
        if isinstance(move, BadCall):
            refused = refuse(before, move.tool, move.error)
            return _settle(refused) if before.stage == OPEN else _write_ticket(refused, calls.EMPTY_TICKET)
        if before.stage == TICKET:
            return _write_ticket((before, []), move)
        if move.tool in line.SPOKEN:
            request = line.understood(before, move)
            if before.case.config.customer == "seat":
                return Step(before._replace(pending=request), [customer.request(before, request, move)])
            return _settle(line.exchange(before, request, customer.react(before, request)))
        kept = not policy.broken(before.case.params, move, before) and not house.broken(before, move)
        if kept or desk.refusal(before, move) is not None:
            return _settle(desk.do(before, move))
        after, events = desk.do(before._replace(rules_broken=before.rules_broken + 1), move)
        return _settle((noted(after, Note.VIOLATION), events))

    def outcome(self, state: State) -> Outcome | None:
        if state.stage != OVER or state.grade is None:
            return None
        grade = state.grade
        scores = {DESK: grade.score}
        if state.case.config.customer == "seat":
            scores[CUSTOMER] = float(grade.resolved)
        return Outcome(DESK if grade.resolved else None, scores, judge.facts(state, grade))

    def role(self, state: State, seat: Seat) -> str:
        return calls.ROLE[seat]

    def phase(self, state: State) -> str:
        return state.stage

    def teams(self, state: State) -> Mapping[str, tuple[Seat, ...]]:
        if state.case.config.customer == "seat":
            return {DESK: SEATS, CUSTOMER: (SEAT[CUSTOMER],)}
        return {DESK: SEATS}

    def rekey(self, state: State, key: int) -> State:
        return state._replace(key=key)


def potential(state: State) -> Mapping[str, float]:
    """How far the desk is: the share of the faults that came to their right end, and of the causes told, by halves."""
    judged = state.grade or judge.grade(state)
    return {DESK: (judged.goal + judged.told) / 2}


def turns_bound(config: Config) -> int:
    """Decisions after which any call of this config has ended: the horizon, each answered once, then a ticket."""
    return config.horizon * (2 if config.customer == "seat" else 1) + 1


def _reply(state: State, request: Call, move: Call | BadCall) -> Played:
    """customer_0 has replied; what they could not know, or what is no reply to this, counts as not being sure."""
    open_ = state._replace(pending=None)
    if isinstance(move, Call) and customer.fits(state, move):
        return line.exchange(open_, request, move)
    body = (
        move.error
        if isinstance(move, BadCall)
        else error_body(422, "not_yours_to_say", customer.why_not(open_, request))
    )
    after, events = line.exchange(open_, request, customer.UNSURE)
    after = noted(after, Note.CUSTOMER_BAD_CALL)
    return after, [Event("error", {"tool": move.tool, "body": body}, (SEAT[CUSTOMER],)), *events]


def _settle(played: Played) -> Step:
    """The call goes on, or ends: settled, escalated, left by the customer, or cut at the horizon."""
    state, events = played
    end = state.end
    if end is None and state.patience <= 0:
        end = "abandoned"
        events.append(to_holder(state, "left", {}))
    if end == "closed" and desk.left_over(state) and state.decisions < state.case.config.horizon:
        return Step(*desk.calls_again(state))
    if end is None and state.decisions < state.case.config.horizon:
        if state.decisions == state.case.manner.breaks and state.case.config.hard.late:
            state, more = line.breaks(state)
            events += more
        return Step(state, events)
    if end is None:
        over = state._replace(stage=OVER, end=CUT)
        grade = judge.grade(over)
        return Step(over._replace(grade=grade), [*events, _ended(over, grade)])
    state = state._replace(stage=TICKET, end=end)
    events.append(Event("ended", {"end": end}, (SEAT[state.holder],)))
    events.append(Event("casefile", casefile(state), (SEAT[SUMMARIZER],)))
    return Step(state, events)


def _write_ticket(played: Played, move: Call) -> Step:
    state, events = played
    grade = judge.grade(state._replace(ticket=move))
    after = state._replace(stage=OVER, ticket=move, grade=grade)
    return Step(after, [*events, Event("ticket", dict(move.args), SEATS), _ended(after, grade)])


def _ended(state: State, grade: judge.Grade) -> Event:
    return Event(
        "end",
        {"end": state.end, "resolved": grade.resolved, "faults": list(named(so_far(state.case.truth, state.gone)))},
    )


def _changed(state: State) -> tuple[str, ...]:
    return tuple(dict.fromkeys(change.tool for change in state.changes if change.tool in WRITES))


@lru_cache(maxsize=4096)
def _house(rules: house.House) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in rules._asdict().items()}


@lru_cache(maxsize=4096)
def _policy(params: policy.Params) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in params._asdict().items()}


__all__ = ["CUT", "DESK", "OPEN", "SEATS", "State", "SupportDeskRules", "turns_bound"]
