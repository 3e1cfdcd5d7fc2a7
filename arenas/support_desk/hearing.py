"""What the simulated customer understands of free words: the same requests that the structured calls make."""

from __future__ import annotations

import re
from functools import lru_cache

from lanista.arenas.support_desk.faults import QUESTIONS, STEPS
from lanista.arenas.tools import Call, call

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


_SENTENCE = re.compile(r"[^.!?;\n]+[.!?;\n]*")
_NEGATED = re.compile(r"\b(?:not|never|no|nor|neither|without|avoid|stop|cannot)\b|n['’]t\b", re.IGNORECASE)
_WITHDRAWN = re.compile(r"^\s*(?:no|wait|stop|sorry|never ?mind|forget)\b", re.IGNORECASE)


@lru_cache(maxsize=4096)
def heard(text: str) -> Call | None:
    """The request in these words, the first of the table that fits; None where the customer does not follow.

    Nothing is asked for in a sentence that says not to, and nothing at all where a sentence takes it back ("no, wait").
    A question may hold a negation ("Is it not online?").
    """
    sentences = _SENTENCE.findall(text)
    if any(_WITHDRAWN.match(sentence) for sentence in sentences):
        return None
    said = "".join(s for s in sentences if s.rstrip().endswith("?") or not _NEGATED.search(s))
    for verb, what, pattern in _PATTERNS:
        if pattern.search(said):
            return call(verb, question=what) if verb == "ask" else call(verb, step=what)
    return None


assert {what for verb, what, _ in _HEARD if verb == "ask"} == set(QUESTIONS)
assert {what for verb, what, _ in _HEARD if verb == "instruct"} == set(STEPS)
