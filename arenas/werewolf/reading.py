"""Replies into moves: the one choice or act that is named, in whatever it is wrapped; everything else is talk.

Pure; nothing raises. A refusal says why; the words add the form that a reply must have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from lanista.arenas.core.contract import Ask, Illegal
from lanista.arenas.core.speech import tame, without_fences
from lanista.arenas.core.wrapped import LEAD, find
from lanista.arenas.werewolf.deck import INDEX, SEATS
from lanista.arenas.werewolf.moves import (
    ACCUSE,
    CLAIM,
    DEFEND,
    FINDINGS,
    HIGHEST_BID,
    REPORT,
    SAY_NOTHING,
    SILENT,
    TARGET,
    Abstain,
    Act,
    Bid,
    Elect,
    Heal,
    Inspect,
    Kill,
    Nominate,
    Pass,
    Poison,
    Protect,
    Shoot,
    Speech,
    Vote,
)

AIMED: Mapping[str, Any] = {
    "vote": Vote,
    "kill": Kill,
    "inspect": Inspect,
    "protect": Protect,
    "poison": Poison,
    "shoot": Shoot,
    "nominate": Nominate,
    "elect": Elect,
}
"""The moves that name a player, by their keyword."""
LONE: Mapping[str, Any] = {"heal": Heal(), "pass": Pass(), "abstain": Abstain()}
"""Those that name nobody."""
KEYWORDS: Mapping[str, tuple[str, ...]] = {
    "vote": ("vote",),
    "kill": ("kill",),
    "inspect": ("inspect",),
    "protect": ("protect",),
    "potion": ("heal", "poison", "pass"),
    "shot": ("shoot", "pass"),
    "nominate": ("nominate",),
    "elect": ("elect",),
    "bid": ("bid",),
    "speech": (ACCUSE, DEFEND, CLAIM, REPORT, SILENT),
    "den": (TARGET, SILENT),
}
"""What the line of a move begins with, by the kind of ask."""
WITHHELD: Mapping[str, str] = {"vote": "abstain", "nominate": "pass"}
"""How a choice is withheld, where it may be."""

_MARKS = re.compile(r"[*`]")
_WIDE = str.maketrans("：＝［］（）＿", ":=[]()_")
_EDGES = " \t_-.,;:!?\"'()[]{}<>•>#“”‘’–—…"
_LINE = re.compile(r"(?:(?:i|my)\s+(?:final\s+)?)?([a-z]+)(?![a-z])\s*([:=]?)\s*(.*)", re.IGNORECASE | re.DOTALL)
_SEAT = re.compile(r"(?:for\s+|on\s+)?[@#\[({<\"']*(?:player)?[\s_#-]{0,3}([0-9]{1,3})(?![0-9a-z_])", re.IGNORECASE)
_LINK = re.compile(r"[\s,:;-]*(?:(?:is|as|was|an?|the)\b[\s,:;-]*){0,3}", re.IGNORECASE)
_WORD = re.compile(r"[a-z]+", re.IGNORECASE)
_ROLE = re.compile(r"(?:to be\s+|i am\s+)?(?:an?\s+|the\s+)?([a-z]+)", re.IGNORECASE)

_NAMED = re.compile(
    r"player[\s_#-]{0,3}([0-9]+)"
    r"|(?:^|\b(?:or|and|then|not)\s+|(?<![0-9])[,/&+]\s*|[@#])([0-9]{1,3})"
    r"(?=\s*(?:$|[,;&)]|[.](?![0-9])|\bor\b|\band\b))",
    re.IGNORECASE,
)
"""A player: by name, or by a number where another player's could stand. ``90%``, ``7/10`` and ``2 votes`` are none."""
_BECAUSE = re.compile(
    r"\b(?:because|since|due to|given|reason(?:ing)?)\b|\bas (?=player|he\b|she\b|it\b|they\b|i\b|we\b|you\b|nobody\b)"
    r"|\bfor (?=[a-z]+ing\b)",
    re.IGNORECASE,
)
"""Where a reason begins, which may name anybody."""
_CORRECTED = re.compile(r"\b(?:wait|rather|instead|actually|sorry|scratch|or|no)\b", re.IGNORECASE)
_BID = re.compile(r"(?:(?:i|my)\s+)?(?:bid\s*[:=]?\s*)?([0-9]{1,3})(?:\b(?![.0-9]).*)?", re.IGNORECASE)
_BIDDING = re.compile(r"bid\s*[:=]", re.IGNORECASE)
_FAR = 2000
"""Characters after a name in which others are looked for."""


class _Aimed(NamedTuple):
    seat: str
    reason: str = ""


class _Acted(NamedTuple):
    act: Act
    reason: str = ""


def choice(ask: Ask, spoken: str) -> Any | Illegal:
    """The one move named on lines of the asked form; other lines are talk."""
    found: list[Any] = []
    lines = [plain for line in _lines(ask, spoken) if (plain := _plain(line))]
    keywords = _keywords(ask)
    for line in lines:
        move = _bid(line) if ask.kind == "bid" else _choice(keywords, line)
        if isinstance(move, Illegal):
            return move
        if move is not None and move not in found:
            found.append(move)
    if not found and len(lines) == 1 and len(KEYWORDS[ask.kind]) == 1 and ask.kind != "bid":
        bare = _SEAT.fullmatch(lines[0])
        if bare and int(bare.group(1)) < len(SEATS):
            found.append(AIMED[keywords[0]](SEATS[int(bare.group(1))]))
    if len(found) > 1:
        return Illegal("more than one choice was named")
    return found[0] if found else Illegal("no choice was named")


def _keywords(ask: Ask) -> tuple[str, ...]:
    keywords = KEYWORDS[ask.kind]
    return (*keywords, WITHHELD[ask.kind]) if dict(ask.data).get("withhold") else keywords


def _bid(line: str) -> Bid | Illegal | None:
    """``bid: 3``, or the number alone."""
    match = _BID.fullmatch(line)
    if match is None:
        return Illegal(f"a bid is a whole number from 0 to {HIGHEST_BID}") if _BIDDING.match(line) else None
    level = int(match.group(1))
    return Bid(level) if level <= HIGHEST_BID else Illegal(f"a bid is a whole number from 0 to {HIGHEST_BID}")


def speech(ask: Ask, spoken: str) -> Speech | Illegal:
    """Words and at most one act. A line that begins with an act's keyword and a colon must be a whole act; a reason
    after it is part of what is said."""
    text: list[str] = []
    acts: list[Act] = []
    for line in _lines(ask, spoken):
        acted = _act(ask, line)
        if isinstance(acted, Illegal):
            return acted
        if acted is None:
            text.append(line)
            continue
        if acted.act not in acts:
            acts.append(acted.act)
        text.append(acted.reason)
    if len(acts) > 1:
        return Illegal("more than one act was named")
    if acts and acts[0].act == SILENT:
        return SAY_NOTHING
    said = tame(_unguarded("\n".join(text).strip()))
    if not said and not acts:
        return Illegal("nothing was said")
    return Speech(said, acts[0] if acts else None)


def guarded(text: str) -> str:
    """Words that would read as an act are written in quotation marks, which ``speech`` takes off again."""
    match = _LINE.match(_plain(text))
    return f'"{text}"' if text[:1] in "{[" or (match and match.group(1).lower() in _GUARDED) else text


def _unguarded(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


_GUARDED = frozenset((*KEYWORDS["speech"], *KEYWORDS["den"]))


# Lines


def _lines(ask: Ask, spoken: str) -> list[str]:
    """The lines of a reply without code fences; a call in JSON becomes the line that it stands for."""
    bare = without_fences(spoken)
    if "{" in bare and (ask.complete or bare.strip()[0] in "{["):
        calls = find(bare, {word: _PARAMETERS.get(word, ("target",)) for word in _keywords(ask)})
        if calls and not any(call.bare or call.problem for call in calls):
            talk = (line for line in bare.splitlines() if ask.complete and "{" not in line)
            return [*(_as_line(call.name, call.arguments) for call in calls), *talk]
    return bare.splitlines()


_PARAMETERS = {
    CLAIM: ("role",),
    REPORT: ("target", "finding"),
    SILENT: (),
    "heal": (),
    "pass": (),
    "abstain": (),
    "bid": ("level",),
}
_REASONS = ("reason", "reasoning", "because", "why", "text", "message", "speech", "thought")


def _as_line(name: str, arguments: Any) -> str:
    given = arguments if isinstance(arguments, dict) else {}
    said = [str(value) for key, value in given.items() if key not in _REASONS]
    why = [str(value) for key, value in given.items() if key in _REASONS and value]
    return " ".join(" ".join([f"{name}:", *said, *(f"because {reason}" for reason in why)]).split())


def _plain(line: str) -> str:
    line = _MARKS.sub("", line.translate(_WIDE)).strip(_EDGES)
    while (lead := LEAD.match(line)) is not None:
        line = line[lead.end() :].strip(_EDGES)
    return line


def _choice(keywords: Iterable[str], line: str) -> Any | Illegal | None:
    match = _LINE.match(line)
    if match is None or (word := match.group(1).lower()) not in keywords:
        return None
    colon, rest = bool(match.group(2)), match.group(3).strip(_EDGES)
    if word in LONE:
        if rest and not _BECAUSE.match(rest):
            return Illegal("`" + word + "` stands alone") if colon else None
        return LONE[word]
    aimed = _aim(rest, colon, True)
    return AIMED[word](aimed.seat) if isinstance(aimed, _Aimed) else aimed


def _aim(rest: str, colon: bool, reasons: bool) -> _Aimed | Illegal | None:
    """The one seat at the start of ``rest``. After a colon anything may follow that names nobody else; without one only
    a reason, where ``reasons`` are taken. A reason may name anybody."""
    match = _SEAT.match(rest)
    if match is None:
        return Illegal("the line names no player") if colon else None
    tail = rest[match.end() :].strip(_EDGES)
    begun = _BECAUSE.search(tail[:_FAR])
    if tail and not colon and not (reasons and begun and begun.start() == 0):
        return None
    seat = int(match.group(1))
    beside, reason = (tail[: begun.start()], tail[begun.start() :]) if begun else (tail, "")
    if _others(beside, seat) or (_CORRECTED.search(reason[:_FAR]) and _others(reason, seat)):
        return Illegal("more than one player was named")
    return _Aimed(SEATS[seat], tail) if seat < len(SEATS) else Illegal("no such player")


def _others(text: str, seat: int) -> bool:
    return any(int(a or b) != seat for a, b in _NAMED.findall(text[:_FAR]))


# Acts of speech


def _act(ask: Ask, line: str) -> _Acted | Illegal | None:
    """The act a line is, None if it is talk, Illegal if it begins as an act and is none."""
    if line.lstrip().startswith('"'):
        return None
    match = _LINE.match(_plain(line))
    if match is None or (word := match.group(1).lower()) not in KEYWORDS[ask.kind]:
        return None
    colon, rest = bool(match.group(2)), match.group(3).strip(_EDGES)
    if word == SILENT:
        return _Acted(Act(SILENT)) if not rest else None
    if word == CLAIM:
        return _claim(ask, rest, colon)
    if word == REPORT:
        return _report(ask, rest, colon)
    aimed = _aim(rest, colon, False)
    if not isinstance(aimed, _Aimed):
        return aimed
    data = dict(ask.data)
    if INDEX[aimed.seat] >= data["players"]:
        return Illegal("no such player")
    if aimed.seat not in data["living"]:
        who = "who is no werewolf" if word == TARGET else f"other than {ask.seat}"
        return Illegal(f"`{word}` names a living player {who}: {_or(data['living'])}")
    return _Acted(Act(word, aimed.seat), aimed.reason)


def _claim(ask: Ask, rest: str, colon: bool) -> _Acted | Illegal | None:
    roles = dict(ask.data)["roles"]
    match = _ROLE.match(rest)
    role = match.group(1).lower() if match else ""
    reason = _reason(rest[match.end() :], roles, role) if match and role in roles else None
    if reason is None or (reason and not colon):
        return Illegal(f"`claim` names a role of this deck: {_or(roles)}") if colon else None
    return _Acted(Act(CLAIM, role=role), reason)


def _report(ask: Ask, rest: str, colon: bool) -> _Acted | Illegal | None:
    """``player_3 is a werewolf``, and after a colon a reason."""
    match = _SEAT.match(rest)
    tail = rest[match.end() :] if match else ""
    link = _LINK.match(tail.lstrip("])}>\"'"))
    tail = tail.lstrip("])}>\"'")[link.end() if link else 0 :]
    word = _WORD.match(tail)
    finding = word[0].lower() if word else ""
    reason = _reason(tail[len(finding) :], FINDINGS, finding) if finding in FINDINGS else None
    if match is None or reason is None or (reason and not colon):
        return Illegal("`report` names one player, then `werewolf` or `innocent`") if colon else None
    seat = int(match.group(1))
    begun = _BECAUSE.search(reason[:_FAR])
    if _others(reason[: begun.start()] if begun else reason, seat):
        return Illegal("more than one player was named")
    if seat >= dict(ask.data)["players"]:
        return Illegal("no such player")
    if SEATS[seat] == ask.seat:
        return Illegal("`report` names another player")
    return _Acted(Act(REPORT, SEATS[seat], finding=finding), reason)


def _or(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _reason(tail: str, words: Iterable[str], said: str) -> str | None:
    """What follows the one word that was asked for, if it can be a reason: "" for nothing, None where it names another
    such word, or goes on without a mark or a word such as because."""
    reason = tail.strip(_EDGES)
    begun = _BECAUSE.search(reason[:_FAR])
    if not reason or (begun is not None and begun.start() == 0):
        return reason
    marked = tail.lstrip()[:1] in ",;.:!(—–-"
    beside = {found.lower() for found in _WORD.findall(reason[: begun.start() if begun else _FAR])}
    return reason if marked and not beside & {word for word in words if word != said} else None
