"""``desk_expert``: the most telling look first, the rules of the house always, and nothing said that is not known."""

from __future__ import annotations

from collections.abc import Iterator

from lanista.agents.contract import Question
from lanista.agents.scripted import Scripted
from lanista.agents.support_desk import argue, credits, notes
from lanista.agents.support_desk.belief import QUESTION_COST, Belief
from lanista.agents.support_desk.file import File, read
from lanista.arenas.core import chance
from lanista.arenas.core.tools import Call, call
from lanista.arenas.support_desk.arguing import ASKED
from lanista.arenas.support_desk.calls import ASKS, BILLING, NOTED, READS, ROUTER, SUMMARIZER, TECHNICAL
from lanista.arenas.support_desk.faults import BIT, OF_OWNER, QUESTIONS, STEPS, WRITES, named
from lanista.arenas.support_desk.policy import ACCOUNT_DATA, SUPPORT

CUSTOMER_ROLE = "customer"
CLEAR = 0.8
"""The chance of a department from which on the router asks no more."""

_STEP_OF = {fault: step for step, fault in STEPS.items()}
_WRITE_OF = {fault: write for write, fault in WRITES.items()}
_STEPS = sum(BIT[fault] for fault in _STEP_OF)
_OTHER = {TECHNICAL: BILLING, BILLING: TECHNICAL}


class DeskExpert(Scripted):
    """A desk that a supervisor would like.

    Each seat keeps the sets of causes that agree with what is on file and takes the look that tells most, readings
    before questions. It checks who is calling before it opens the account, asks before it changes what must be agreed
    to, keeps to the limits of the house, tells the customer every cause, checks whether a step worked, hands over what
    is not its own, and escalates only a cause that must be.
    """

    name = "desk_expert"
    plays = "support_desk"

    def reply(self, question: Question) -> str:
        """One call."""
        return _reply(question)


def _reply(question: Question) -> str:
    file = read(question)
    return unread(question, file) or str(noted(file, decide(file)))


def unread(question: Question, file: File) -> str | None:
    """The reply where there is no file to decide by: as the customer, and at a table that is no desk."""
    if question.role == CUSTOMER_ROLE:
        return question.legal[0]  # the reply that helps: what they see, what was asked for, yes
    if file.params is None:
        return question.legal[chance.draw(question.seed, "no desk", question.turn, len(question.legal))]
    return None


def decide(file: File) -> Call:
    """The expert's call with this file."""
    if file.role == SUMMARIZER:
        return ticket(file)
    belief = Belief(file)
    if file.role == ROUTER:
        return route(file, belief)
    return next(specialist(file, belief))


def noted(file: File, move: Call) -> Call:
    """The call with a note of everything on file, where it is of those that carry one."""
    if "notes" not in file.options or move.tool not in NOTED:
        return move
    end = {"close": "closed", "escalate": move.args.get("to", "")}.get(move.tool, "")
    return call(move.tool, **move.args, note=notes.write(file, end, needs(file)))


def needs(file: File) -> set[str]:
    """Whom the causes need that this seat has explained, and those it was told of."""
    ends = {remedy(file, fault) for fault in file.explained if OF_OWNER.get(file.role, 0) & BIT[fault]}
    return file.needs | ends & {"technician", "human"}


def ticket(file: File) -> Call:
    """What the case file says happened."""
    changes = [tool for tool in dict.fromkeys(file.changes) if tool in WRITES]
    causes = [name for name in BIT if name in file.explained]
    return call("ticket", causes=causes, end=file.end, identity=file.identified, changes=changes)


def route(file: File, belief: Belief) -> Call:
    """To the department that the trouble most likely belongs to; where that is open, ask what is wrong first."""
    technical, billing = (belief.mass(OF_OWNER[to]) for to in (TECHNICAL, BILLING))
    if max(technical, billing) < CLEAR and "anything_else" not in file.shown:
        return call("ask", question="anything_else")
    return call("route", to=BILLING if billing > technical + 1e-9 else TECHNICAL)


def specialist(file: File, belief: Belief) -> Iterator[Call]:
    """The next call of technical or billing; the first that is yielded counts."""
    mine = OF_OWNER[file.role]
    known = named(belief.sure)
    if file.stranger:
        yield call("escalate", to="human")
    if file.wanted and file.role == TECHNICAL:
        yield call("look_up", topic=file.wanted)
    if belief.doubt:
        yield from instruct(file, named(belief.doubt)[0])
    for fault in known:
        if BIT[fault] & mine and not settled(file, belief, fault):
            yield from mend(file, belief, fault)
    blocked = file.role == TECHNICAL and BIT["suspended"] & belief.sure & ~belief.gone
    if not blocked and belief.possible & ~belief.sure & mine:
        yield from find_out(file, belief)
    others = belief.possible & ~mine
    open_ = any(not belief.sure & BIT[f] or not settled(file, belief, f) for f in named(others))
    if open_:
        yield call("handover", to=_OTHER[file.role])
    yield from end(file, belief)


def settled(file: File, belief: Belief, fault: str) -> bool:
    """Whether nothing is left to do about a cause but to end the call."""
    if fault not in file.explained and "explain" not in file.skips:
        return False
    how = remedy(file, fault)
    if how in ("write", "step"):
        return bool(belief.gone & BIT[fault])
    return how == "explain" or evidence(file, belief, how) is None


def remedy(file: File, fault: str) -> str:
    """write, step, explain, technician or human: what the rules of the house demand, with the numbers on file.

    What another department explained and did not change was not for it to change.
    """
    params, numbers = file.params, file.numbers
    assert params is not None
    if "limits" in file.skips and fault in _NUMBERS:
        return "write"
    if fault in ("line_cut", "line_noise"):
        return in_time(file, "technician")
    if fault in ("sim_blocked", "unknown_charge"):
        return "human"
    if fault in ("outage", "proration"):
        return "explain"
    if fault in _STEP_OF:
        return "step"
    if fault in file.explained and _WRITE_OF[fault] not in file.changes and not BIT[fault] & OF_OWNER.get(file.role, 0):
        if file.options:
            return "human" if "human" in file.needs else "explain"
        return "human" if fault == "double_charge" else "explain"
    if fault == "double_charge" and "refund_eur" in numbers:
        allowed = numbers["refund_eur"] <= params.refund_eur and numbers["refund_days"] <= params.refund_days
        return "write" if allowed and credits.fit(file) else "human"
    if fault == "ended_discount" and "months" in numbers:
        return "write" if numbers["months"] >= params.discount_months else "explain"
    if fault == "late_fee" and "waived" in numbers:
        if numbers["waived"] >= params.waivers:
            return "explain"
        return "write" if credits.fit(file) else "human"
    return "write"


def in_time(file: File, how: str) -> str:
    """Whom to send now: after hours a human instead of a technician."""
    late = "limits" in file.options and file.minute > file.house.window
    return "human" if how == "technician" and late else how


def mend(file: File, belief: Belief, fault: str) -> Iterator[Call]:
    """What is to be done about a known cause, step by step; telling the customer comes last."""
    assert file.params is not None
    how, bit = remedy(file, fault), BIT[fault]
    if "haggling" in file.options and fault not in file.explained:
        yield from _proof(file, belief, fault)
    if how == "step":
        if not belief.gone & bit:
            yield from instruct(file, fault)
        if file.checked < len(file.steps):
            yield from check(file, belief, bit)
    if fault in credits.AMOUNTS and "limits" in file.options and fault not in file.explained:
        for reading in credits.unread(file):
            yield from look(file, reading)
    if how in ("write", "human", "technician") or fault in _NUMBERS:
        source = _NUMBERS.get(fault)
        if source is not None and source[1] not in file.numbers:
            if source[0] in file.fresh:
                return  # it was read, and there is no such thing
            yield from look(file, source[0])
        what = _WRITE_OF[fault] if how == "write" else how
        if how != "explain":
            test = evidence(file, belief, what)
            if test is not None:
                yield from look(file, test)
    if how == "write" and not belief.gone & bit:
        tool = _WRITE_OF[fault]
        yield from identify(file)
        if "confirm" not in file.skips and tool in file.params.confirm and tool not in file.agreed:
            if tool in file.resists:
                yield from argue.reason(file, fault, tool)
            yield call("confirm", action=tool)
        yield change_of(file, tool)
    if fault not in file.explained and "explain" not in file.skips:
        if fault in file.resists:
            yield from argue.reason(file, fault, fault)
        if ASKED.get(fault) in file.resists and ASKED[fault] not in file.changes:
            for test in argue.unread(file, fault):
                yield from look(file, test)
            yield argue.refuse(file, fault)
        if fault == "outage":
            if "until" not in file.numbers:
                yield from look(file, "outage_map")
            yield call("explain", cause=fault, until=file.numbers["until"])
        yield call("explain", cause=fault)


def _proof(file: File, belief: Belief, fault: str) -> Iterator[Call]:
    """A look that may speak for a cause while it can still be seen: customers may want it as a reason."""
    if belief.gone & BIT[fault] or argue.proofs(file, fault):
        return
    able = [t for t in (*READS[file.role], *ASKS[file.role]) if t not in file.fresh]
    for test in sorted(able, key=lambda t: (t in ACCOUNT_DATA and not file.identified, t in QUESTIONS)):
        if argue.could_prove(fault, test, belief.may_show(test)):
            yield from look(file, test)


_NUMBERS = {
    "double_charge": ("invoices", "refund_eur"),
    "ended_discount": ("contract", "months"),
    "wrong_plan": ("contract", "ordered"),
    "late_fee": ("charge_detail", "waived"),
}
"""The reading, and the number in it, that a cause's remedy depends on."""


def change_of(file: File, tool: str) -> Call:
    """The change, with the amount or the plan that readings told."""
    if tool == "refund":
        return call("refund", charge="C2", amount=file.numbers["refund_eur"])
    if tool == "change_plan":
        return call("change_plan", plan=file.numbers["ordered"])
    return call(tool)


def instruct(file: File, fault: str) -> Iterator[Call]:
    """The step; where the customer says that it was done, first what shows that it was not, or not well."""
    step = _STEP_OF[fault]
    claimed = step == "reboot" and file.shown.get("rebooted") == "yes"
    if BIT[fault] in file.steps or claimed:
        test, bad = _SHOWS_FAILURE.get(step, ("", ""))
        service = "mobile" if step == "set_apn" else "internet"
        if test and test not in file.fresh:
            yield call(test)
        if file.shown.get(test) != bad and not claimed and service not in file.fresh:
            yield call("ask", question=service)
    if step in file.resists:
        yield from argue.reason(file, fault, step)
        return  # they will not, whatever is said
    yield call("instruct", step=step)


_SHOWS_FAILURE = {
    "reboot": ("modem_status", "up_weeks"),
    "reseat_cable": ("line_test", "no_sync"),
    "router_mode": ("modem_config", "bridge"),
    "change_channel": ("modem_config", "crowded_channel"),
}
"""The reading, and its outcome, that shows the customer that a step was not done, or not well."""


def check(file: File, belief: Belief, bit: int) -> Iterator[Call]:
    """The look that best shows whether the last step worked, readings first."""
    best, most = None, 0.05
    for test in (*READS[file.role], *ASKS[file.role]):
        if test in file.fresh or (test in ACCOUNT_DATA and not file.identified):
            continue
        worth = belief.tells_apart(test, bit) - QUESTION_COST * (test in QUESTIONS)
        if worth > most + 1e-9:
            best, most = test, worth
    if best is not None:
        yield from look(file, best)


def identify(file: File) -> Iterator[Call]:
    """A check of who is calling, where one is missing."""
    assert file.params is not None
    if "identity" in file.skips:
        return
    for factor in file.params.identity:
        if factor not in file.identity:
            yield call("verify", factor=factor)


def look(file: File, test: str) -> Iterator[Call]:
    """A question or a reading, with what must come before it."""
    if test in QUESTIONS:
        yield call("ask", question=test)
    if test in ACCOUNT_DATA:
        yield from identify(file)
    yield call(test)


def evidence(file: File, belief: Belief, what: str) -> str | None:
    """A look that the rules still want before ``what`` is done; None where the file holds it."""
    assert file.params is not None
    if what == "technician" and file.params.map_first and file.shown.get("outage_map") != "clear":
        return "outage_map" if file.role == TECHNICAL else None
    wanted = dict(SUPPORT.get(what, {}))
    if what == "human" and "limits" in file.options:
        wanted["charge_detail"] = (*wanted["charge_detail"], "late_fee")
        if in_time(file, "technician") == "human":
            wanted["line_test"] = SUPPORT["technician"]["line_test"]
    if not wanted or any(set(file.shown.get(test, "").split("+")) & set(shown) for test, shown in wanted.items()):
        return None
    for test, shown in wanted.items():
        if (test in READS[file.role] or test in ASKS[file.role]) and belief.may_show(test) & set(shown):
            return test
    return None


def find_out(file: File, belief: Belief) -> Iterator[Call]:
    """The most telling look; where none tells anything, the likeliest cause is treated as if it were known."""
    assert file.params is not None
    missing = len(set(file.params.identity) - file.identity)
    test = belief.telling((t for t in (*READS[file.role], *ASKS[file.role]) if t not in file.fresh), missing)
    if test is not None:
        yield from look(file, test)
    open_ = OF_OWNER[file.role] & ~belief.gone & ~belief.sure
    step = belief.likeliest(open_ & _STEPS)
    if step:  # a step is a test as well, and harms nobody
        yield from instruct(file, named(step)[0])
    bit = belief.likeliest(open_)
    if bit and not settled(file, belief, named(bit)[0]):
        yield from mend(file, belief, named(bit)[0])


def end(file: File, belief: Belief) -> Iterator[Call]:
    """Send or call whom a cause demands, else close."""
    ends = {in_time(file, how) for how in (*(remedy(file, fault) for fault in named(belief.sure)), *file.needs)}
    if "technician" in ends:
        if file.role == BILLING:
            yield call("handover", to=TECHNICAL)
        yield call("escalate", to="technician")
    if "human" in ends:
        yield call("escalate", to="human")
    yield call("close")
