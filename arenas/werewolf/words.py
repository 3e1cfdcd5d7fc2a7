"""The wording of Werewolf: events and asks into lines, replies into moves.

Everybody is named by seat and in the third person, so a public event reads the same for every seat. Only the role
card, which one seat alone reads, says "you".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from lanista.arenas.core.contract import Ask, Event, Illegal
from lanista.arenas.core.speech import tame, without_thoughts
from lanista.arenas.werewolf.deck import INDEX, SEATS
from lanista.arenas.werewolf.moves import (
    ACCUSE,
    CLAIM,
    DEFEND,
    FINDINGS,
    REPORT,
    SAY_NOTHING,
    SILENT,
    TARGET,
    Act,
    Heal,
    Inspect,
    Kill,
    Pass,
    Poison,
    Protect,
    Shoot,
    Speech,
    Vote,
)

_PROMPTS = Path(__file__).parent / "prompts"
_TABLE = (_PROMPTS / "table.md").read_text(encoding="utf-8").strip()
_ROLES = dict(line.split(": ", 1) for line in (_PROMPTS / "roles.md").read_text(encoding="utf-8").splitlines() if line)

_AIMED: dict[str, Callable[[str], Any]] = {
    "vote": Vote,
    "kill": Kill,
    "inspect": Inspect,
    "protect": Protect,
    "poison": Poison,
    "shoot": Shoot,
}
_LONE: dict[str, Any] = {"heal": Heal(), "pass": Pass()}
_KEYWORDS = {
    "vote": ("vote",),
    "kill": ("kill",),
    "inspect": ("inspect",),
    "protect": ("protect",),
    "potion": ("heal", "poison", "pass"),
    "shot": ("shoot", "pass"),
    "speech": (ACCUSE, DEFEND, CLAIM, REPORT, SILENT),
    "den": (TARGET, SILENT),
}


class WerewolfWords:
    """See ``lanista.arenas.core.contract.Words``."""

    def show(self, event: Event) -> str:
        return _SHOW[event.kind](event.data)

    def ask(self, ask: Ask) -> str:
        return f"{ask.seat} {_ASKS[ask.kind]} {_form(ask)}"

    def read(self, ask: Ask, reply: str) -> Any | Illegal:
        known = _by_reply(ask).get(reply)
        if known is not None:
            return known
        spoken = without_thoughts(reply)
        if not spoken.strip():
            return Illegal(f"nothing was said. {_form(ask)}")
        if ask.kind in ("speech", "den"):
            return _read_speech(ask, spoken)
        return _read_choice(ask, spoken)

    def write(self, ask: Ask, move: Any) -> str:
        if isinstance(move, Speech):
            act = "" if move.act is None else _write_act(move.act)
            if not move.text:
                return act
            text = _guarded(tame(move.text))
            return f"{text}\n{act}" if text and act else text or act
        return _written(move)


# Events


def _show_table(data: Mapping[str, Any]) -> str:
    rounds = data["discussion_rounds"]
    return _TABLE.format(
        players=data["players"],
        first=SEATS[0],
        last=SEATS[data["players"] - 1],
        deck=", ".join(f"{count} {_plural(role, count)}" for role, count in data["deck"].items()),
        rounds="not at all" if rounds == 0 else "once each" if rounds == 1 else f"{rounds} times each",
        reveal="shown" if data["reveal_on_death"] else "not shown",
    )


def _show_role(data: Mapping[str, Any]) -> str:
    return f"You are {data['seat']}, {_a(data['role'])}. {_ROLES[data['role']]}"


def _show_pack(data: Mapping[str, Any]) -> str:
    wolves = data["wolves"]
    return f"The pack is {wolves[0]} alone." if len(wolves) == 1 else f"The pack is {_list(wolves)}."


def _show_speech(data: Mapping[str, Any]) -> str:
    act, text = data["act"], data["text"]
    done = _ACTS[act["act"]](act) if act else "says" if text else "stays silent"
    return f'{data["seat"]} {done}: "{tame(text)}"' if text else f"{data['seat']} {done}."


def _show_den(data: Mapping[str, Any]) -> str:
    return "To the pack: " + _show_speech(data)


_ACTS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    ACCUSE: lambda act: f"accuses {act['target']}",
    DEFEND: lambda act: f"defends {act['target']}",
    CLAIM: lambda act: f"claims to be {_a(act['role'])}",
    REPORT: lambda act: f"reports that {act['target']} is {_a(act['finding'])}",
    SILENT: lambda act: "stays silent",
    TARGET: lambda act: f"wants to kill {act['target']}",
}


def _show_ballot(data: Mapping[str, Any]) -> str:
    return f"{_tally(data['votes'], 'Pack votes')} The pack attacks {data['victim']}."


def _show_votes(data: Mapping[str, Any]) -> str:
    return f"{_tally(data['votes'])} Voted out: {_dead(data['eliminated'], data['role'])}."


def _show_deaths(data: Mapping[str, Any]) -> str:
    dead = [_dead(death["seat"], death["role"]) for death in data["deaths"]]
    return f"Died in the night: {_list(dead)}." if dead else "Nobody died in the night."


def _show_shot(data: Mapping[str, Any]) -> str:
    target = data["target"]
    return f"{data['seat']}, the hunter, shoots {_dead(target, data['role']) if target else 'nobody'}."


def _show_attacked(data: Mapping[str, Any]) -> str:
    if data["victim"] is None:
        return f"The healing potion is used up, so {data['seat']} does not learn who was attacked."
    return f"{data['seat']} learns that the werewolves attacked {data['victim']}."


def _show_brewed(data: Mapping[str, Any]) -> str:
    done = "uses the healing potion" if data["heal"] else f"poisons {data['poison']}" if data["poison"] else "passes"
    return f"{data['seat']} {done}."


def _show_end(data: Mapping[str, Any]) -> str:
    won = "The village wins." if data["winner"] == "village" else "The werewolves win."
    return f"{won} Roles: {', '.join(f'{seat} {role}' for seat, role in data['roles'].items())}."


_SHOW: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "table": _show_table,
    "role": _show_role,
    "pack": _show_pack,
    "night": lambda data: f"Night {data['day']} falls.",
    "day": lambda data: f"Day {data['day']} breaks.",
    "den": _show_den,
    "ballot": _show_ballot,
    "inspected": lambda data: f"{data['seat']} learns that {data['target']} is {_a(data['finding'])}.",
    "protected": lambda data: f"{data['seat']} protects {data['target']}.",
    "attacked": _show_attacked,
    "brewed": _show_brewed,
    "deaths": _show_deaths,
    "speech": _show_speech,
    "votes": _show_votes,
    "shot": _show_shot,
    "end": _show_end,
}


# Asks

_ASKS = {
    "speech": "speaks now.",
    "den": "speaks to the pack now.",
    "vote": "votes now.",
    "kill": "chooses whom to kill.",
    "inspect": "chooses whom to inspect.",
    "protect": "chooses whom to protect.",
    "potion": "may use a potion.",
    "shot": "dies and may shoot.",
}


@lru_cache(maxsize=1 << 14)
def _form(ask: Ask) -> str:
    """What a legal reply looks like: the end of the ask, and of every refusal."""
    kind = ask.kind
    living = dict(ask.data)["living"]
    names = f", NAME being {_list(living, 'or')}" if living else ""
    if kind == "speech":
        return (
            "Reply with words, one act on a line of its own, or both: `accuse: NAME`, `defend: NAME`, `claim: ROLE`, "
            f"`report: NAME werewolf`, `report: NAME innocent` or `silent`{names}."
        )
    if kind == "den":
        return f"Reply with words, one act on a line of its own, or both: `target: NAME` or `silent`{names}."
    forms = {
        "potion": [*(["`heal`"] if dict(ask.data).get("heal") else []), *(["`poison: NAME`"] if living else [])],
        "shot": ["`shoot: NAME`"],
    }.get(kind)
    form = f"`{kind}: NAME`" if forms is None else " or ".join([*forms, "`pass`"])
    return f"Reply {form}{names}."


# Replies

_MARKS = re.compile(r"[*`]")
_EDGES = " \t_-.,;:!?\"'()•>#"
_LINE = re.compile(r"(?:(?:i|my)\s+)?([a-z]+)(?![a-z])\s*([:=]?)\s*(.*)", re.IGNORECASE | re.DOTALL)
_SEAT = re.compile(r"(?:for\s+|on\s+)?[@#]?(?:player)?[\s_#-]{0,3}([0-9]{1,3})(?![0-9a-z_])", re.IGNORECASE)
_NAMED = re.compile(r"player[\s_#-]{0,3}([0-9]+)|([0-9]+)", re.IGNORECASE)
_LINK = re.compile(r"[\s,:;-]*(?:(?:is|as|was|an?|the)\b[\s,:;-]*){0,3}", re.IGNORECASE)


@lru_cache(maxsize=1 << 14)
def _by_reply(ask: Ask) -> dict[str, Any]:
    """Every choice by its canonical reply: what well-drilled agents say is read without parsing."""
    words = WerewolfWords()
    return {words.write(ask, move): move for move in ask.choices}


def _plain(line: str) -> str:
    return _MARKS.sub("", line).strip(_EDGES)


def _read_choice(ask: Ask, spoken: str) -> Any | Illegal:
    """The one move named on lines of the asked form; other lines are talk."""
    found: list[Any] = []
    lines = [plain for line in spoken.splitlines() if (plain := _plain(line))]
    keywords = _KEYWORDS[ask.kind]
    for line in lines:
        move = _choice(keywords, line)
        if isinstance(move, Illegal):
            return Illegal(f"{move.why}. {_form(ask)}")
        if move is not None and move not in found:
            found.append(move)
    if not found and len(lines) == 1 and len(keywords) == 1:
        bare = _SEAT.fullmatch(lines[0])
        if bare and int(bare.group(1)) < len(SEATS):
            found.append(_AIMED[keywords[0]](SEATS[int(bare.group(1))]))
    if len(found) > 1:
        return Illegal(f"more than one choice was named. {_form(ask)}")
    if not found:
        return Illegal(f"no choice was named. {_form(ask)}")
    if found[0] not in ask.choices:
        return Illegal(f"{_written(found[0])} is not possible. {_form(ask)}")
    return found[0]


def _choice(keywords: Iterable[str], line: str) -> Any | Illegal | None:
    match = _LINE.match(line)
    if match is None or (word := match.group(1).lower()) not in keywords:
        return None
    colon, rest = bool(match.group(2)), match.group(3).strip(_EDGES)
    if word in _LONE:
        return _LONE[word] if not rest else Illegal("`" + word + "` stands alone") if colon else None
    aimed = _aim(rest, colon)
    return _AIMED[word](aimed) if isinstance(aimed, str) else aimed


def _aim(rest: str, colon: bool) -> str | Illegal | None:
    """The one seat at the start of ``rest``. After a colon a reason may follow, if it names no other seat."""
    match = _SEAT.match(rest)
    if match is None:
        return Illegal("the line names no player") if colon else None
    tail = rest[match.end() :].strip(_EDGES)
    if tail and not colon:
        return None
    seat = int(match.group(1))
    if any(int(a or b) != seat for a, b in _NAMED.findall(tail[:2000])):
        return Illegal("more than one player was named")
    return SEATS[seat] if seat < len(SEATS) else Illegal("no such player")


def _read_speech(ask: Ask, spoken: str) -> Speech | Illegal:
    """Words and at most one act. A line that begins with an act's keyword and a colon must be a whole act."""
    text: list[str] = []
    acts: list[Act] = []
    for line in spoken.splitlines():
        act = _act(ask, line)
        if isinstance(act, Illegal):
            return Illegal(f"{act.why}. {_form(ask)}")
        if act is None:
            text.append(line)
        elif act not in acts:
            acts.append(act)
    if len(acts) > 1:
        return Illegal(f"more than one act was named. {_form(ask)}")
    if acts and acts[0].act == SILENT:
        return SAY_NOTHING
    said = tame(_unguarded("\n".join(text).strip()))
    if not said and not acts:
        return Illegal(f"nothing was said. {_form(ask)}")
    return Speech(said, acts[0] if acts else None)


def _act(ask: Ask, line: str) -> Act | Illegal | None:
    """The act a line is, None if it is talk, Illegal if it begins as an act and is none."""
    if line.lstrip().startswith('"'):
        return None
    match = _LINE.match(_plain(line))
    if match is None or (word := match.group(1).lower()) not in _KEYWORDS[ask.kind]:
        return None
    colon, rest = bool(match.group(2)), match.group(3).strip(_EDGES)
    if word == SILENT:
        return Act(SILENT) if not rest else None
    if word == CLAIM:
        return _claim(ask, rest, colon)
    finding = None
    if word == REPORT:
        rest, finding, problem = _finding(rest, colon)
        if finding is None:
            return problem
    target = _aim(rest, colon)
    if not isinstance(target, str):
        return target
    data = dict(ask.data)
    if INDEX[target] >= data["players"]:
        return Illegal("no such player")
    if word != REPORT and target not in data["living"]:
        who = "who is no werewolf" if word == TARGET else f"other than {ask.seat}"
        return Illegal(f"`{word}` names a living player {who}: {_list(data['living'], 'or')}")
    if word == REPORT and target == ask.seat:
        return Illegal("`report` names another player")
    return Act(word, target, finding=finding)


def _claim(ask: Ask, rest: str, colon: bool) -> Act | Illegal | None:
    roles = dict(ask.data)["roles"]
    match = re.fullmatch(r"(?:to be\s+|i am\s+)?(?:an?\s+|the\s+)?([a-z]+)", rest, re.IGNORECASE)
    role = match.group(1).lower() if match else ""
    if role in roles:
        return Act(CLAIM, role=role)
    return Illegal(f"`claim` names a role of this deck: {_list(roles, 'or')}") if colon else None


def _finding(rest: str, colon: bool) -> tuple[str, str | None, Illegal | None]:
    """Split ``player_3 is a werewolf`` into the seat's part and the finding."""
    match = _SEAT.match(rest)
    if match is not None:
        tail = rest[match.end() :]
        link = _LINK.match(tail)
        word = tail[link.end() if link else 0 :].strip(_EDGES).lower()
        if word in FINDINGS:
            return rest[: match.end()], word, None
    return rest, None, Illegal("`report` names one player, then `werewolf` or `innocent`") if colon else None


# Writing


@lru_cache(maxsize=1024)
def _write_act(act: Act) -> str:
    said = " ".join(part for part in (act.target, act.role, act.finding) if part is not None)
    return f"{act.act}: {said}" if said else act.act


@lru_cache(maxsize=1024)
def _written(move: Any) -> str:
    if isinstance(move, (Heal, Pass)):
        return "heal" if isinstance(move, Heal) else "pass"
    return f"{_VERBS[type(move)]}: {move.target}"


_VERBS: dict[type, str] = {
    Vote: "vote",
    Kill: "kill",
    Inspect: "inspect",
    Protect: "protect",
    Poison: "poison",
    Shoot: "shoot",
}


def _guarded(text: str) -> str:
    """Words that would read as an act are written in quotation marks, which ``read`` takes off again."""
    match = _LINE.match(_plain(text))
    return f'"{text}"' if match and match.group(1).lower() in _GUARDED else text


def _unguarded(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


_GUARDED = frozenset((*_KEYWORDS["speech"], *_KEYWORDS["den"]))


# Small pieces


def _tally(votes: Mapping[str, str], noun: str = "Votes") -> str:
    """Who voted for whom, by target: ``Votes for player_3: player_0 and player_1.``"""
    by_target: dict[str, list[str]] = {}
    for voter, target in votes.items():
        by_target.setdefault(target, []).append(voter)
    targets = sorted(by_target, key=lambda target: (-len(by_target[target]), INDEX[target]))
    return " ".join(f"{noun} for {target}: {', '.join(by_target[target])}." for target in targets)


def _dead(seat: str, role: str | None) -> str:
    return seat if role is None else f"{seat} ({role})"


def _list(items: Iterable[str], last: str = "and") -> str:
    items = list(items)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"


def _a(noun: str) -> str:
    if noun == "innocent":
        return noun
    return f"a {noun}" if noun in ("villager", "werewolf") else f"the {noun}"


def _plural(role: str, count: int) -> str:
    return role if count == 1 else "werewolves" if role == "werewolf" else f"{role}s"
