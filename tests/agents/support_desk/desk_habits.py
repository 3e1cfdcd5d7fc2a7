"""Teams without judgement for the support desk: what an arena must not pay."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lanista.agents.contract import Answer, Question
from lanista.arenas.core.contract import Forfeit
from lanista.arenas.core.tools import Call, call
from lanista.arenas.support_desk.calls import CAUSES, CHANGES
from lanista.arenas.support_desk.faults import STEPS

Plan = Callable[[str], Sequence[Call]]
"""What a role does, call after call; the last one is repeated."""

EMPTY = call("ticket", causes=[], end="closed", identity=False, changes=[])


class Habit:
    """Does its role's list of calls, whatever happens."""

    time_limit_s: float | None = None
    batched = False

    def __init__(self, name: str, plan: Plan) -> None:
        self.name, self._plan = name, plan

    def answer(self, questions: Sequence[Question]) -> list[Answer | Forfeit]:
        return [self._answer(question) for question in questions]

    def _answer(self, question: Question) -> Answer | Forfeit:
        if question.role == "customer":
            return Answer(question.legal[0])
        calls = self._plan(question.role)
        return Answer(str(calls[min(question.turn, len(calls) - 1)]))

    def forget(self, game: str) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is held."""


def _escalate(to: str, route: str | None) -> Plan:
    def plan(role: str) -> Sequence[Call]:
        if role == "summarizer":
            return [call("ticket", causes=[], end=to, identity=False, changes=[])]
        if role == "router" and route is not None:
            return [call("route", to=route)]
        return [call("escalate", to=to)]

    return plan


def _settle(department: str, *calls: Call, ticket: Call = EMPTY) -> Plan:
    """Route there, do this, close."""
    return lambda role: (
        [ticket]
        if role == "summarizer"
        else [call("route", to=department)]
        if role == "router"
        else [*calls, call("close")]
    )


def _everything(role: str) -> Sequence[Call]:
    """Identify, agree to, do and mend everything that technical can, hand over, the same in billing, close."""
    if role == "summarizer":
        return [EMPTY]
    if role == "router":
        return [call("route", to="technical")]
    done = [call("verify", factor=factor) for factor in ("pin", "postcode", "birthdate")]
    done += [call(change) for change in CHANGES[role] if change not in ("refund", "change_plan")]
    if role == "billing":
        return [*done, call("refund", charge="C2", amount=20), call("close")]
    return [*done, *(call("instruct", step=step) for step in STEPS), call("handover", to="billing")]


TEAMS: tuple[Habit, ...] = (
    Habit("always a human", _escalate("human", None)),
    Habit("always a technician", _escalate("technician", "technical")),
    Habit("always refund", _settle("billing", call("verify", factor="pin"), call("refund", charge="C2", amount=20))),
    Habit("always reboot", _settle("technical", call("instruct", step="reboot"), call("explain", cause="hung_modem"))),
    Habit("always an outage", _settle("technical", call("explain", cause="outage", until="12:00"))),
    Habit("always close", lambda role: [EMPTY if role == "summarizer" else call("close")]),
    Habit("always wait", lambda role: [EMPTY if role == "summarizer" else call("wait")]),
    Habit("explains everything", _settle("technical", *(call("explain", cause=c) for c in CAUSES["technical"]))),
    Habit("does everything", _everything),
)
