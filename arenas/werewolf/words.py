"""The wording of Werewolf: events and asks into lines, replies into moves.

Everybody is named by seat and in the third person, so a public event reads the same for every seat. Only the role
card, which one seat alone reads, says "you".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from lanista.arenas.core.contract import Ask, Event, Illegal
from lanista.arenas.core.speech import SPEECH_LIMIT, tame, without_thoughts
from lanista.arenas.core.wrappings import ACTS, LINES
from lanista.arenas.werewolf import reading
from lanista.arenas.werewolf.deck import INDEX, SEATS
from lanista.arenas.werewolf.moves import (
    ACCUSE,
    CLAIM,
    DEFEND,
    HIGHEST_BID,
    REPORT,
    SILENT,
    TARGET,
    Abstain,
    Act,
    Bid,
    Heal,
    Pass,
    Speech,
)

_PROMPTS = Path(__file__).parent / "prompts"
_TABLE = (_PROMPTS / "table.md").read_text(encoding="utf-8").strip()
_OPTIONS = dict(
    line.split(": ", 1) for line in (_PROMPTS / "options.md").read_text(encoding="utf-8").splitlines() if line
)
_ROLES = dict(line.split(": ", 1) for line in (_PROMPTS / "roles.md").read_text(encoding="utf-8").splitlines() if line)


class WerewolfWords:
    """See ``lanista.arenas.core.contract.Words``."""

    def show(self, event: Event) -> str:
        return _SHOW[event.kind](event.data)

    def ask(self, ask: Ask) -> str:
        return f"{ask.seat} {_ASKS[dict(ask.data).get('occasion', ask.kind)]} {_form(ask)}"

    def read(self, ask: Ask, reply: str) -> Any | Illegal:
        known = _by_reply(ask).get(reply)
        if known is not None:
            return known
        spoken = without_thoughts(reply)
        if not spoken.strip():
            return Illegal(f"nothing was said. {_form(ask)}")
        if not ask.complete:
            said = reading.speech(ask, spoken)
            return Illegal(f"{said.why}. {_form(ask)}") if isinstance(said, Illegal) else said
        move = reading.choice(ask, spoken)
        if isinstance(move, Illegal):
            return Illegal(f"{move.why}. {_form(ask)}")
        return move if move in ask.choices else Illegal(f"{_written(move)} is not possible. {_form(ask)}")

    def wrappings(self, ask: Ask) -> frozenset[str]:
        """What a reply is read out of; where one speaks, talk beside the act is heard."""
        return LINES if ask.complete else ACTS

    def write(self, ask: Ask, move: Any) -> str:
        if isinstance(move, Speech):
            act = "" if move.act is None else _write_act(move.act)
            if not move.text:
                return act
            text = reading.guarded(tame(move.text))
            return f"{text}\n{act}" if text and act else text or act
        return _written(move)


# Events


def _show_table(data: Mapping[str, Any]) -> str:
    rounds = data["discussion_rounds"]
    told = _TABLE.format(
        players=data["players"],
        first=SEATS[0],
        last=SEATS[data["players"] - 1],
        deck=", ".join(f"{count} {_plural(role, count)}" for role, count in data["deck"].items()),
        rounds=_often(rounds, bool(data.get("options", {}).get("bidding"))),
        limit=SPEECH_LIMIT,
        reveal="shown" if data["reveal_on_death"] else "not shown",
    )
    return " ".join([told, *_told_options(data)])


def _often(rounds: int, bidding: bool) -> str:
    if bidding:
        return "as they bid to"
    return "not at all" if rounds == 0 else "once each" if rounds == 1 else f"{rounds} times each"


def _told_options(data: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each variant and for each role that changes who wins."""
    options: Mapping[str, Any] = data.get("options", {})
    for role in ("possessed", "bodyguard"):
        if role in data["deck"]:
            yield _OPTIONS[role]
    protector = "bodyguard" if "bodyguard" in data["deck"] else "doctor"
    for name, value in options.items():
        key = f"{name} {str(value).lower()}" if name == "self_protection" else name
        yield _OPTIONS[key].format(
            protector=protector,
            votes=options.get("mayor_votes", 1),
            speeches="" if data["discussion_rounds"] == 1 else f"{data['discussion_rounds']} times ",
            highest=HIGHEST_BID,
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
    out = data["eliminated"]
    ended = "Nobody is voted out." if out is None else f"Voted out: {_dead(out, data['role'])}."
    tally = _tally(data["votes"])
    return f"{tally} {ended}" if tally else ended


def _show_vote(data: Mapping[str, Any]) -> str:
    return f"{data['seat']} votes for {data['target']}." if data["target"] else f"{data['seat']} abstains."


def _show_nomination(data: Mapping[str, Any]) -> str:
    return f"{data['seat']} nominates {data['target'] or 'nobody'}."


def _show_election(data: Mapping[str, Any]) -> str:
    return f"{_tally(data['votes'], 'To be mayor, votes')} {data['mayor']} is the mayor."


def _show_floor(data: Mapping[str, Any]) -> str:
    return f"{data['seat']} has the floor." if data["seat"] else "Nobody asks for the floor."


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
    "divined": lambda data: f"{data['seat']} learns that {data['target']} was {_a(data['finding'])}.",
    "protected": lambda data: f"{data['seat']} protects {data['target']}.",
    "attacked": _show_attacked,
    "brewed": _show_brewed,
    "deaths": _show_deaths,
    "speech": _show_speech,
    "floor": _show_floor,
    "nomination": _show_nomination,
    "election": _show_election,
    "vote": _show_vote,
    "votes": _show_votes,
    "shot": _show_shot,
    "end": _show_end,
}


# Asks

_ASKS = {
    "speech": "speaks now.",
    "den": "speaks to the pack now.",
    "vote": "votes now.",
    "defence": "speaks in defence of itself now.",
    "last words": "speaks its last words now.",
    "nominate": "may nominate now.",
    "elect": "votes for a mayor now.",
    "bid": "bids to speak next.",
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
    if kind == "bid":
        return f"Reply `bid: N`, N being from 0 (nothing to say) to {HIGHEST_BID} (must speak)."
    withheld = [f"`{reading.WITHHELD[kind]}`"] if dict(ask.data).get("withhold") else []
    if withheld:
        return f"Reply {' or '.join([*([f'`{kind}: NAME`'] if living else []), *withheld])}{names}."
    forms = {
        "potion": [*(["`heal`"] if dict(ask.data).get("heal") else []), *(["`poison: NAME`"] if living else [])],
        "shot": ["`shoot: NAME`"],
    }.get(kind)
    form = f"`{kind}: NAME`" if forms is None else " or ".join([*forms, "`pass`"])
    return f"Reply {form}{names}."


# Writing


@lru_cache(maxsize=1 << 14)
def _by_reply(ask: Ask) -> dict[str, Any]:
    """Every choice by its canonical reply: what well-drilled agents say is read without parsing."""
    words = WerewolfWords()
    return {words.write(ask, move): move for move in ask.choices}


@lru_cache(maxsize=1024)
def _write_act(act: Act) -> str:
    said = " ".join(part for part in (act.target, act.role, act.finding) if part is not None)
    return f"{act.act}: {said}" if said else act.act


@lru_cache(maxsize=1024)
def _written(move: Any) -> str:
    if isinstance(move, Bid):
        return f"bid: {move.level}"
    if type(move) in _LONE:
        return _LONE[type(move)]
    return f"{_VERBS[type(move)]}: {move.target}"


_LONE = {Heal: "heal", Pass: "pass", Abstain: "abstain"}
_VERBS = {type_: verb for verb, type_ in reading.AIMED.items()}


# Small pieces


def _tally(votes: Mapping[str, str | None], noun: str = "Votes") -> str:
    """Who voted for whom, by target: ``Votes for player_3: player_0 and player_1.``"""
    by_target: dict[str, list[str]] = {}
    for voter, target in votes.items():
        if target is not None:
            by_target.setdefault(target, []).append(voter)
    targets = sorted(by_target, key=lambda target: (-len(by_target[target]), INDEX[target]))
    told = [f"{noun} for {target}: {', '.join(by_target[target])}." for target in targets]
    withheld = [voter for voter, target in votes.items() if target is None]
    return " ".join([*told, *([f"Abstained: {', '.join(withheld)}."] if withheld else [])])


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
