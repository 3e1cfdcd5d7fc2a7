"""What happens when the desk speaks to the customer: a request, the customer's reply, and what both come to."""

from __future__ import annotations

from typing import Any

from lanista.arenas.core import chance
from lanista.arenas.core.tools import Call
from lanista.arenas.support_desk import arguing, calls, customer, voices
from lanista.arenas.support_desk.cases import PLANS
from lanista.arenas.support_desk.faults import BIT, LATE, STEPS, WRITES, observe, so_far
from lanista.arenas.support_desk.hearing import heard
from lanista.arenas.support_desk.state import Note, Played, State, changed, learn, look, moved, noted, to_holder

SPOKEN = ("ask", "verify", "instruct", "confirm", "explain", "reason", "say")
"""The calls that the customer replies to."""

_TRIED = {"ask": "question", "verify": "factor", "instruct": "step"}
"""What the customer can get wrong, and which argument names it."""

TIRED = 4
"""Patience at which the customer says so."""


def understood(state: State, move: Call) -> Call:
    """The request that the customer hears: of free words, the one in them, if this role could have made it."""
    if move.tool != "say":
        return move
    request = heard(move.args["text"])
    if request is None:
        return move
    if request.tool == "ask":
        return request if request.args["question"] in calls.ASKS[state.holder] else move
    return request if request.tool in calls.TOOLS[state.holder] else move


def exchange(state: State, request: Call, reply: Call) -> Played:
    """The desk has asked, the customer has replied."""
    if reply.tool == "hang_up":
        return state._replace(turns=state.turns + 1, end="abandoned"), [to_holder(state, "left", {})]
    before = state
    if request.tool in _TRIED and reply.tool != "decline" and state.case.config.error_rate:
        what = request.args[_TRIED[request.tool]]
        before = state._replace(tries={**state.tries, what: state.tries.get(what, 0) + 1})
    after, events = _SPOKEN[request.tool](before, request, reply)
    if "text" in reply.args:
        first = events[0]
        events[0] = first._replace(data={**first.data, "words": reply.args["text"]})
    if after.patience <= TIRED < state.patience:
        events.append(to_holder(after, "tired", {}))
    return after, events


def _ask(state: State, request: Call, reply: Call) -> Played:
    question = request.args["question"]
    if reply.tool != "answer":
        heard_: dict[str, Any] = {"question": question}
        if state.case.config.hard.voices:
            heard_["said"] = voices.INTERRUPTIONS[
                chance.draw(state.key, "interrupts", state.decisions, len(voices.INTERRUPTIONS))
            ]
        return _costs(state, 1, Note.QUESTION), [to_holder(state, "unsure", heard_)]
    outcome, after, idle, again = look(state, question)
    if idle:
        after = _costs(after, 3, Note.QUESTION, Note.IRRELEVANT)
    else:
        after = _costs(after, 3 if again and state.case.config.hard.notes else 1, Note.QUESTION)
    data: dict[str, Any] = {"question": question, "outcome": outcome}
    if question == "speed":
        data["plan_mbps"] = PLANS[state.case.context.plan][0]
    if question == "rebooted":
        data["times"] = state.case.context.times
        if outcome == "yes" and "reboot" not in state.steps:
            after = after._replace(steps={**after.steps, "reboot": 0})
    if state.case.config.hard.voices:
        mbps = PLANS[state.case.context.plan][0]
        said = voices.answer(state.key, state.decisions, question, outcome, mbps, state.case.context.times)
        data = {"question": question, "said": said}
    return after, [to_holder(after, "answer", data)]


def first_words(state: State) -> str:
    """What the customer says at the start, in their own voice."""
    case = state.case
    times = case.context.times if case.mentions_reboot else 0
    troubles = tuple(observe("anything_else", case.truth, 0).split("+")) if case.manner.tells_all else None
    asides = len(case.context.asides)
    return voices.opening(state.key, case.complaint, case.context.days, times, case.manner.belief, asides, troubles)


def breaks(state: State) -> Played:
    """At its moment an outage begins that begins during the call, and the customer says so; where there is none, all
    that is to be known of it is that there is none."""
    case = state.case
    space, open_ = case.space.having(LATE), case.open.having(LATE)
    if not case.truth & LATE:
        return state._replace(mask=state.mask & ~space, open=state.open & ~open_), []
    gone = state.gone | LATE
    after = changed(state._replace(gone=gone, mask=state.mask & space, open=state.open & open_))
    said = voices.BREAKS[chance.draw(state.key, "breaks", 0, len(voices.BREAKS))]
    return after, [to_holder(after, "interrupts", {"said": said}), *moved(state, after)]


def _verify(state: State, request: Call, reply: Call) -> Played:
    factor, right = request.args["factor"], reply.tool == "give"
    after = state._replace(identified=state.identified | {factor}) if right else state
    again = state.case.config.hard.notes and factor in state.identified
    if state.case.config.hard.impostors and not right:
        after = after._replace(failed={**state.failed, factor: state.failed.get(factor, 0) + 1})
        said = voices.line_of(state.key, state.decisions, "excuse", voices.EXCUSES)
        data: dict[str, Any] = {"factor": factor, "ok": False, "said": said}
        return _costs(after, 1), [to_holder(after, "identity", data)]
    return _costs(after, 3 if again else 1), [to_holder(after, "identity", {"factor": factor, "ok": right})]


def _instruct(state: State, request: Call, reply: Call) -> Played:
    """A step that was done before, or that can mend nothing, is irrelevant, as far as the desk was told either."""
    step, case = request.args["step"], state.case
    fault = BIT[STEPS[step]]
    told = step in state.steps
    doubted = told and customer.contradicted(state, step, state.steps[step])
    useless = not (told or case.config.hard.notes or state.open & case.open.having(fault))
    if reply.tool in ("do", "pretend"):
        if (told and not doubted) or useless:
            state = noted(state, Note.IRRELEVANT)
        if step == "reboot" and not told and _would_say(state):
            state = learn(state, "rebooted", "no")
        gone = state.gone | fault if reply.tool == "do" else state.gone
        after = changed(state._replace(gone=gone))
        after = after._replace(steps={**state.steps, step: after.epoch})
        return _costs(after, 3 if useless else 1), [to_holder(after, "did", {"step": step}), *moved(state, after)]
    if not customer.done_already(state, step):
        return _costs(state, 1), [to_holder(state, "declined", _declining(state, step, voices.REFUSALS))]
    if told:
        state = noted(state, Note.IRRELEVANT)
    elif step == "reboot":
        state = learn(state, "rebooted", "yes")
        state = state._replace(steps={**state.steps, step: 0})
    return _costs(state, 3), [to_holder(state, "already", {"step": step, "times": case.context.times})]


def _would_say(state: State) -> bool:
    """Whether a customer who had rebooted before would say so now instead of doing it again."""
    return state.case.config.customer == "world" and not customer.contradicted(state, "reboot", 0)


def _confirm(state: State, request: Call, reply: Call) -> Played:
    action = request.args["action"]
    if reply.tool != "agree":
        return _costs(state, 1), [to_holder(state, "declined", _declining(state, action, voices.HAGGLES))]
    after = state._replace(agreed=state.agreed | {action})
    return _costs(after, 1), [to_holder(after, "agreed", {"action": action})]


def _declining(state: State, what: str, sayings: tuple[str, ...]) -> dict[str, Any]:
    data: dict[str, Any] = {"what": what}
    if state.case.config.hard.haggling:
        data["said"] = voices.line_of(state.key, state.decisions, "no", sayings)
    return data


def _seen_through(state: State, cause: str, in_time: bool) -> State:
    """The state in which the desk knows how the customer took a cause: by what they see, or for true."""
    case, gone = state.case, state.gone
    found = arguing.taken(case.truth, gone, cause, in_time)
    mask = arguing.worlds(case.space, state.mask, gone, cause, in_time, found)
    open_ = state.open if state.epoch else arguing.worlds(case.open, state.open, gone, cause, in_time, found)
    return state._replace(mask=mask, open=open_, low=min(state.low, case.space.entropy(mask)))


def _resisted(state: State, cause: str, in_time: bool) -> Played | None:
    """What comes of a cause that the customer does not take as it is: they see that it is false, they hold on to
    another one, or they ask for what goes with it. None where they take it."""
    case = state.case
    found = arguing.taken(case.truth, state.gone, cause, in_time) if case.config.hard.doubts else None
    if found is not None:
        seen, outcome = found
        answer = voices.answer(state.key, state.decisions, seen, outcome, None, case.context.times)
        said = voices.line_of(state.key, state.decisions, "doubts", voices.DOUBTS).format(answer=answer)
        after = _costs(learn(noted(state, Note.MISINFORMED), seen, outcome), arguing.DOUBT_PATIENCE)
        return after, [to_holder(after, "doubts", {"cause": cause, "question": seen, "said": said})]
    if arguing.disputes(state, cause):
        said = voices.line_of(state.key, state.decisions, "disputes", voices.DISPUTES)
        said = said.format(belief=voices.BELIEFS[str(case.manner.belief)])
        return _costs(state, 1), [to_holder(state, "disputes", {"cause": cause, "said": said})]
    wanted = arguing.demands(state, cause)
    if wanted is not None:
        said = voices.line_of(state.key, state.decisions, "demands", voices.DEMANDS[wanted])
        return _costs(state, 1), [to_holder(state, "demands", {"cause": cause, "wanted": wanted, "said": said})]
    return None


def _reason(state: State, request: Call, reply: Call) -> Played:
    about = request.args["for"]
    if not arguing.convinces(state, request):
        said = voices.line_of(state.key, state.decisions, "unmoved", voices.UNMOVED)
        return _costs(state, arguing.UNMOVED_PATIENCE), [to_holder(state, "unmoved", {"what": about, "said": said})]
    won = {about} if "rule" in request.args or about in (*STEPS, *WRITES) else {about, "belief"}
    after = _costs(state._replace(persuaded=state.persuaded | won), 1)
    said = voices.line_of(state.key, state.decisions, "persuaded", voices.PERSUADED)
    return after, [to_holder(after, "persuaded", {"what": about, "said": said})]


def _explain(state: State, request: Call, reply: Call) -> Played:
    cause, until = request.args["cause"], request.args.get("until")
    bit = BIT[cause]
    in_time = cause != "outage" or until == state.case.context.until
    if state.case.config.hard.doubts:
        state = _seen_through(state, cause, in_time)
    right = in_time and bool(so_far(state.case.truth, state.gone) & bit)
    resisted = _resisted(state, cause, in_time)
    if resisted is not None:
        return resisted
    if right:
        after = state._replace(told=state.told | bit, wrong=state.wrong & ~bit)
    else:
        after = noted(state._replace(wrong=state.wrong | bit), Note.MISINFORMED)
    return _costs(after, 1), [to_holder(after, "explained", {"cause": cause, "until": until})]


def _say(state: State, request: Call, reply: Call) -> Played:
    return _costs(state, 2), [to_holder(state, "puzzled", {})]


def _costs(state: State, patience: int, *notes: Note) -> State:
    """The state with one more turn at the customer, less patience, and these notes; a customer who is a seat decides
    for themselves when to leave."""
    left = state.patience if state.case.config.customer == "seat" else state.patience - patience
    return state._replace(turns=state.turns + 1, patience=left, notes=(*state.notes, *notes))


_SPOKEN = {
    "ask": _ask,
    "verify": _verify,
    "instruct": _instruct,
    "confirm": _confirm,
    "explain": _explain,
    "reason": _reason,
    "say": _say,
}
assert set(_SPOKEN) == set(SPOKEN)
