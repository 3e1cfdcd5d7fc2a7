"""``crowd``: goes along with whoever is accused most."""

from __future__ import annotations

import random

from lanista.agents.contract import Question
from lanista.agents.scripted import Scripted
from lanista.agents.werewolf.speech import say
from lanista.agents.werewolf.view import INNOCENT, View, has_events, luck, targets, view


class CrowdAgent(Scripted):
    """Follows accusations: speaks, votes, shoots and poisons with the crowd of the day.

    It knows its own: a wolf never turns on its pack, and a seer who has found a wolf says so and insists. Where nobody
    has been accused yet it names somebody at random or keeps silent.
    """

    name = "crowd"
    plays = "werewolf"

    def reply(self, question: Question) -> str:
        """One legal reply."""
        return _reply(question)


def _reply(question: Question) -> str:
    rng = luck(question, "crowd")
    if not has_events(question):
        return rng.choice(list(question.legal))
    seen = view(question)
    named = targets(question, seen.seats)
    if question.kind == "speech":
        return _speech(question, seen, rng)
    if question.kind == "potion":
        return _potion(question, seen, named, rng)
    if question.kind == "bid":
        return f"bid: {rng.randrange(3)}"
    if question.kind == "elect" or not named:
        return rng.choice(list(named.values())) if named else question.legal[-1]
    if question.kind == "shot":
        return named.get(_most(seen, list(named), rng), "pass")
    if question.kind in ("vote", "nominate"):
        return named[_suspect(seen, rng, list(named))]
    choice = _night(question.kind, seen, list(named), rng)
    if question.kind == "den":
        return say(rng, named[choice])
    return named[choice]


def _speech(question: Question, seen: View, rng: random.Random) -> str:
    living = set(seen.alive)
    found = [seat for seat, bad in seen.findings.items() if bad and seat in living]
    if found and seen.role == "seer":
        return say(rng, f"report: {seen.seats[found[0]]} werewolf")
    suspect = _suspect(seen, rng)
    crowd = bool(seen.accused().get(suspect))
    if crowd or rng.random() < 0.5:
        return say(rng, f"accuse: {seen.seats[suspect]}", "follow" if crowd else "accuse")
    cleared = [seat for seat, bad in seen.findings.items() if not bad and seat in living and seat in seen.accused()]
    if cleared:
        return say(rng, f"report: {seen.seats[cleared[0]]} {INNOCENT}")
    return say(rng, "silent")


def _suspect(seen: View, rng: random.Random, among: list[int] | None = None) -> int:
    """Whom to speak and vote against, of those one may vote for."""
    legal = seen.others() if among is None else among
    pool = [seat for seat in legal if seat not in seen.pack and seen.findings.get(seat) is not False]
    pool = [seat for seat in pool if seen.findings.get(seat)] or pool or legal
    return _most(seen, pool, rng, quiet=True)


def _most(seen: View, pool: list[int], rng: random.Random, quiet: bool = False) -> int:
    """The most accused today of a pool, ties by lot; -1 where nobody of it was accused, unless ``quiet`` will do."""
    accused = seen.accused()
    pool = [seat for seat in pool if seat != seen.me]
    top = max((len(accused.get(seat, ())) for seat in pool), default=0)
    if not top and not quiet:
        return -1
    return rng.choice([seat for seat in pool if len(accused.get(seat, ())) == top])


def _night(kind: str, seen: View, pool: list[int], rng: random.Random) -> int:
    """Whom to kill, inspect or protect, out of the legal."""
    if kind in ("den", "kill"):
        wanted = [seat for seat in seen.proposals if seat in pool] or _against(seen, pool) or pool
        return wanted[-1] if wanted is not pool and seen.proposals else rng.choice(wanted)
    if kind == "inspect":
        pool = [seat for seat in pool if seat not in seen.findings] or pool
        return rng.choice(pool)
    return rng.choice([seat for seat in seen.seer_claimants() if seat in pool] or pool)


def _against(seen: View, pool: list[int]) -> list[int]:
    """Those who accused one of the pack on the last day."""
    accusers = {seat for target, by in seen.accused().items() if target in seen.pack for seat in by}
    return [seat for seat in pool if seat in accusers]


def _potion(question: Question, seen: View, named: dict[int, str], rng: random.Random) -> str:
    if "heal" in question.legal:
        return "heal"
    suspect = _most(seen, [seat for seat in named if seat not in seen.attacked], rng)
    if suspect >= 0 and len(seen.accused()[suspect]) * 2 > len(seen.alive):
        return named[suspect]
    return "pass"
