"""The customer: what they can reply, and the simulated one who replies by rule.

Whoever plays the customer can only say what they could know: the one answer to a question that they would see, or that
they cannot tell. What they do and what they say they did may differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from lanista.arenas.core.contract import Ask, Event
from lanista.arenas.core.speech import tame
from lanista.arenas.core.tools import Call, Tool, by_name, call
from lanista.arenas.support_desk import arguing
from lanista.arenas.support_desk.calls import CUSTOMER, SEAT
from lanista.arenas.support_desk.faults import CLAIMS, SHY, internet, mobile, observe
from lanista.arenas.support_desk.state import State, errs

_TEXT = {"text": {"type": "string", "maxLength": 120}}
_SEEN = {
    "type": "string",
    "maxLength": 40,
    "description": "what you see, as it is written there,",
    "examples": ["slow"],
}
_OPTIONAL = frozenset({"text"})

TOOLS: Mapping[str, Tool] = by_name(
    Tool("answer", "says what you see", {"outcome": _SEEN, **_TEXT}, optional=_OPTIONAL),
    Tool("unsure", "says that you cannot tell", _TEXT, optional=_OPTIONAL),
    Tool("give", "gives what you were asked for, rightly", {}),
    Tool("misread", "gives it wrongly", {}),
    Tool("do", "does the step and says so", _TEXT, optional=_OPTIONAL),
    Tool("pretend", "says that it is done, and does not do it", _TEXT, optional=_OPTIONAL),
    Tool("decline", "says no", _TEXT, optional=_OPTIONAL),
    Tool("agree", "says yes", _TEXT, optional=_OPTIONAL),
    Tool("listen", "says thank you", _TEXT, optional=_OPTIONAL),
    Tool("hang_up", "leaves", {}),
)

UNSURE = call("unsure")
HANG_UP = call("hang_up")
_REPLIES: Mapping[str, tuple[Call, ...]] = {
    "verify": (call("give"), call("misread")),
    "instruct": (call("do"), call("pretend"), call("decline")),
    "confirm": (call("agree"), call("decline")),
    "explain": (call("listen"),),
    "reason": (call("listen"),),
    "say": (call("unsure"),),
}

_SPEAKS_AGAINST: Mapping[str, tuple[tuple[str, str], ...]] = {
    "reboot": (("modem_status", "up_weeks"),),
    "reseat_cable": (("line_test", "no_sync"), ("modem_status", "offline"), ("lights", "red")),
    "router_mode": (("modem_config", "bridge"),),
    "reset_dns": (("pages", "apps_only"),),
    "change_channel": (("modem_config", "crowded_channel"), ("devices", "wifi_only")),
    "set_apn": (),
}
"""What shows that a step was not done, or not well, beside the service that is still not right."""


def react(state: State, request: Call) -> Call:
    """What the simulated customer replies to the desk's ``request``."""
    if request.tool == "ask":
        question = request.args["question"]
        return UNSURE if errs(state, question) else call("answer", outcome=sees(state, question))
    if request.tool == "verify":
        factor = request.args["factor"]
        return call("misread" if factor == state.case.manner.impostor or errs(state, factor) else "give")
    if request.tool == "confirm" and arguing.resists(state, request.args["action"]):
        return call("decline")
    if request.tool == "instruct":
        step = request.args["step"]
        if done_already(state, step) or arguing.resists(state, step):
            return call("decline")
        return call("pretend" if errs(state, step) else "do")
    return _REPLIES[request.tool][0]


def sees(state: State, question: str) -> str:
    """What the customer would say to a question: what they see, or what they make themselves believe."""
    return observe(question, state.case.truth, state.gone)


def done_already(state: State, step: str) -> bool:
    """Whether the customer says that they did this step, and nothing seen since speaks against it."""
    done_at = said_done(state, step)
    return done_at is not None and not contradicted(state, step, done_at)


def said_done(state: State, step: str) -> int | None:
    """The epoch when the customer did the step, or says so; 0 for before the call; None for never."""
    done_at = state.steps.get(step)
    if done_at is None and step == "reboot" and state.case.truth & CLAIMS:
        return 0
    return done_at


def contradicted(state: State, step: str, done_at: int) -> bool:
    """Whether something seen since shows that the step was not done, or not well."""
    seen = state.seen
    if any(test in seen and seen[test][1] >= done_at and seen[test][0] == bad for test, bad in _SPEAKS_AGAINST[step]):
        return True
    if done_at == 0:
        return False
    still = seen.get("mobile" if step == "set_apn" else "internet")
    return still is not None and still[1] >= done_at and still[0] != "ok"


# The customer as a seat


def ask(state: State) -> Ask:
    """What customer_0 must reply to: a function of the request and of what they see."""
    request = state.pending
    assert request is not None
    return _ask(request, _seen(state, request))


def _seen(state: State, request: Call) -> str | None:
    return sees(state, request.args["question"]) if request.tool == "ask" else None


@lru_cache(maxsize=4096)
def _ask(request: Call, outcome: str | None) -> Ask:
    replies = _REPLIES[request.tool] if outcome is None else (call("answer", outcome=outcome), UNSURE)
    return Ask(SEAT[CUSTOMER], "reply", (*replies, HANG_UP), False, (("request", request.tool),))


def fits(state: State, reply: Call) -> bool:
    """Whether a reply answers the request, and says nothing that the customer could not know."""
    request = state.pending
    assert request is not None
    if reply.tool in ("unsure", "hang_up"):
        return True
    if request.tool == "ask":
        return reply.tool == "answer" and reply.args["outcome"] == sees(state, request.args["question"])
    return any(reply.tool == known.tool for known in _REPLIES[request.tool])


def why_not(state: State, request: Call) -> str:
    """What a reply to this request could have been."""
    able = [str(reply) for reply in _ask(request, _seen(state, request)).choices]
    return f"the desk heard that you are not sure; you can reply {', '.join(able)}"


def brief(state: State) -> Event:
    """What customer_0 knows at the start: what is wrong as they see it, and how they are."""
    case = state.case
    data: dict[str, Any] = {
        "seat": SEAT[CUSTOMER],
        "role": CUSTOMER,
        "internet": internet(case.truth),
        "mobile": mobile(case.truth),
        "bill": observe("charges", case.truth, 0),
        "days": case.context.days,
        "plan": case.context.plan,
        "rebooted": case.context.times if case.truth & CLAIMS else 0,
        "shy": bool(case.truth & SHY),
    }
    return Event("brief", data, (SEAT[CUSTOMER],))


def request(state: State, understood: Call, move: Call) -> Event:
    """What customer_0 is asked, in the desk's own words if it spoke freely, and what they see when they look."""
    data: dict[str, Any] = {"tool": understood.tool}
    if understood.tool != "say":
        data |= understood.args
    if move.tool == "say":
        data["said"] = tame(move.args["text"])
    if understood.tool == "ask":
        data["sees"] = sees(state, understood.args["question"])
    return Event("request", data, (SEAT[CUSTOMER],))
