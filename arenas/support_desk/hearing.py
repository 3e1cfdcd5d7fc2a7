"""What the simulated customer understands of free words: the same requests that the structured calls make."""

from __future__ import annotations

import re
from functools import lru_cache

from lanista.arenas.core.tools import Call, call
from lanista.arenas.support_desk.faults import QUESTIONS, STEPS

_HEARD: tuple[tuple[str, str, str], ...] = (
    (
        "ask",
        "rebooted",
        r"(?:have|did) you (?:already )?(?:reboot|restart)|(?:reboot|restart)ed (?:it|before)",
    ),
    ("instruct", "reboot", r"\b(?:re-?boot|re-?start|power.?cycle|turn (?:it|the modem) off)(?!ed|s\b)"),
    (
        "instruct",
        "reseat_cable",
        r"\b(?:unplug|re-?plug|push)\b.{0,30}\b(?:cable|plug)|\bplug .{0,20} in\b|re-?seat",
    ),
    ("ask", "cables", r"\bcables?\b|plugged in"),
    ("instruct", "router_mode", r"router mode|bridge"),
    ("instruct", "reset_dns", r"\bdns\b"),
    ("instruct", "change_channel", r"\bchannel\b"),
    ("instruct", "set_apn", r"\bapn\b|access point"),
    ("ask", "speed", r"speed ?test|\bmbps\b|how (?:fast|slow)|what speed"),
    ("ask", "lights", r"\blights?\b|\bled\b"),
    ("ask", "devices", r"\b(?:all|other|which|every|any) (?:your )?devices?\b|\blaptop|\bcomputer"),
    ("ask", "pages", r"\b(?:web ?)?(?:pages?|sites?)\b|\bapps?\b"),
    ("ask", "signal", r"\bsignal|\bbars?\b|reception"),
    ("ask", "abroad", r"abroad|travel|foreign|roaming"),
    ("ask", "plan_change", r"chang\w* (?:your |the )?plan"),
    ("ask", "charges", r"\bcharges?\b|\binvoice|\bbill\b"),
    ("ask", "anything_else", r"anything else|something else|other (?:problem|trouble)"),
    ("ask", "mobile", r"\bmobile|\bphone\b"),
    ("ask", "internet", r"\binternet|\bonline\b|\bwork(?:s|ing)?\b|\bbetter\b"),
)
_PATTERNS = tuple((verb, what, re.compile(pattern, re.IGNORECASE)) for verb, what, pattern in _HEARD)


_CLAUSE = re.compile(r"[^.!?;,\n]+[.!?;,\n]*")
_NOT_TO = re.compile(
    r"(?:\b(?:not|never|without|avoid|stop|cannot|no (?:need|reason|point|use))\b|n['’]t\b)(?:\W+\w+){0,3}\W*$",
    re.IGNORECASE,
)
"""Words that forbid what stands within three words after them."""
_WITHDRAWN = re.compile(
    r"(?:^|[.!?;]\s*)(?:no|wait),? (?:no|wait)\b|never ?mind|(?:forget|scratch) (?:it|that)\b", re.IGNORECASE
)


@lru_cache(maxsize=4096)
def heard(text: str) -> Call | None:
    """The request in these words, the first of the table that fits; None where the customer does not follow.

    What a clause says not to do is not asked for, and nothing is where it is taken back ("no, wait"). A question may
    hold a negation ("Is it not online?").
    """
    if _WITHDRAWN.search(text):
        return None
    clauses = _CLAUSE.findall(text)
    for verb, what, pattern in _PATTERNS:
        if any(_asked_for(clause, found) for clause in clauses for found in pattern.finditer(clause)):
            return call(verb, question=what) if verb == "ask" else call(verb, step=what)
    return None


def _asked_for(clause: str, found: re.Match[str]) -> bool:
    return clause.rstrip().endswith("?") or not _NOT_TO.search(clause[: found.start()])


assert {what for verb, what, _ in _HEARD if verb == "ask"} == set(QUESTIONS)
assert {what for verb, what, _ in _HEARD if verb == "instruct"} == set(STEPS)
