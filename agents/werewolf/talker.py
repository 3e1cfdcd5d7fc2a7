"""``talker``: speaks in free words alone, listens to everybody's, and weighs them by what became of earlier ones.

It keeps no posterior: a suspicion is a sum over what was said today and what was found, so that speech is all that
moves it. It makes no act at all: who cannot read words thinks it silent.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from lanista.agents.contract import Question
from lanista.agents.scripted import Scripted
from lanista.agents.werewolf.view import INNOCENT, WEREWOLF, View, has_events, luck, targets, view

CAUGHT = 6.0
"""What a contradiction weighs, in accusations."""
REPORTED = 3.0
"""What the report of somebody who alone claims to be the seer weighs."""


class TalkerAgent(Scripted):
    """Talks and listens: accuses in words, follows the words of those who were right before, catches contradictions."""

    name = "talker"
    plays = "werewolf"

    def reply(self, question: Question) -> str:
        """One legal reply."""
        if not has_events(question):
            return luck(question, self.name).choice(list(question.legal))
        return Listener(question, view(question), luck(question, self.name)).reply()


class Listener:
    """One decision of one seat that listens."""

    def __init__(self, question: Question, seen: View, rng: random.Random) -> None:
        self.question, self.seen, self.rng = question, seen, rng
        self.named = targets(question, seen.seats)
        self.wolfish = seen.role in (WEREWOLF, "possessed")
        self.weights = records(seen)
        self.liars = contradicting(seen)
        self.scores = self.suspicions()

    def reply(self) -> str:
        """One legal reply to the question."""
        kind = self.question.kind
        if kind == "speech":
            return self.speak()
        if kind == "bid":
            return f"bid: {self.eager()}"
        if not self.named:
            return self.question.legal[-1]
        if kind == "elect":
            return self.named[self.least(list(self.named))]
        if kind in ("vote", "nominate"):
            return self.named[self.suspect(list(self.named))]
        if kind == "potion":
            return self.potion()
        if kind == "shot":
            target = self.suspect(list(self.named))
            return self.named[target] if self.scores[target] > 1.0 else "pass"
        return self.night(kind)

    # What it makes of what it heard

    def suspicions(self) -> list[float]:
        """Each seat's suspicion, in accusations by somebody of no record."""
        seen = self.seen
        found = [0.0] * len(seen.seats)
        claimants = [i for i in seen.seer_claimants() if i not in self.liars]
        for said in seen.said:
            weight = 0.1 if said.seat in self.liars else self.weights[said.seat]
            if said.act == "report" and said.seat in claimants:
                worth = REPORTED if len(claimants) == 1 else 1.0
                found[said.target] += worth if said.word == WEREWOLF else -worth
            elif said.day != seen.day or said.seat == seen.me or said.target < 0:
                continue
            elif said.act in ("accuse", "doubt"):
                found[said.target] += weight * (1.0 if said.act == "accuse" else 0.5)
            elif said.act in ("defend", "agree"):
                found[said.target] -= 0.7 * weight if said.act == "defend" else 0.3 * weight
        for seat in self.liars:
            found[seat] += CAUGHT
        for seat in claimants:
            found[seat] -= 1.5 if len(claimants) == 1 else -0.5
        for seat, bad in seen.findings.items():
            found[seat] += 50.0 if bad else -50.0
        for seat in [*seen.attacked, *seen.saved]:
            found[seat] -= 50.0
        return found

    def suspect(self, pool: Sequence[int]) -> int:
        """The most suspected of a pool, ties by lot; who plays for the wolves spares those it takes for wolves."""
        pool = [i for i in pool if i not in self.seen.pack] or list(pool)
        top = max(self.scores[i] for i in pool)
        return self.rng.choice([i for i in pool if self.scores[i] >= top - 1e-9])

    def least(self, pool: Sequence[int]) -> int:
        """The least suspected of a pool, ties by lot."""
        low = min(self.scores[i] for i in pool)
        return self.rng.choice([i for i in pool if self.scores[i] <= low + 1e-9])

    # What it says

    def speak(self) -> str:
        """A finding, a caught contradiction, agreement with the accusation of the day, or a suspicion of its own."""
        seen = self.seen
        told = {said.target for said in seen.said if said.seat == seen.me and said.act == "report"}
        new = [(i, bad) for i, bad in seen.findings.items() if i not in told]
        if new:
            target, bad = max(new, key=lambda one: one[1])
            return self.finding(seen.seats[target], bad)
        liars = [i for i in self.liars if i in seen.others() and i not in seen.pack]
        if liars:
            return f"{seen.seats[self.rng.choice(liars)]} contradicts the facts and is a liar. Vote for him."
        target = self.suspect(seen.others())
        name, accusers = seen.seats[target], seen.accused().get(target, set()) - {seen.me}
        if accusers:
            other = seen.seats[self.rng.choice(sorted(accusers))]
            return f"I agree with {other}. I also think that {name} is a wolf."
        if self.scores[target] <= 0.0 and self.rng.random() < 0.4:
            return f"I do not know yet. For now I trust {seen.seats[self.least(seen.others())]}."
        return self.rng.choice((f"I suspect {name}.", f"{name} looks suspicious to me.", f"My vote goes to {name}."))

    def finding(self, name: str, bad: bool) -> str:
        """The words for what a seer or a medium knows."""
        if self.seen.role == "medium":
            return f"I am the medium. I learned that {name} was {'a wolf' if bad else 'not a wolf'}."
        return f"I am the seer. I inspected {name}: {'a wolf' if bad else INNOCENT}."

    def eager(self) -> int:
        """How much it bids: what it has found must be said."""
        told = {said.target for said in self.seen.said if said.seat == self.seen.me and said.act == "report"}
        if any(i not in told for i in self.seen.findings):
            return 4
        spoken = any(said.seat == self.seen.me and said.day == self.seen.day for said in self.seen.said)
        return 0 if spoken else 1 + self.rng.randrange(2)

    # By night

    def night(self, kind: str) -> str:
        """Whom to kill (and to name in the den), inspect or protect."""
        seen, pool = self.seen, list(self.named)
        claimants = [i for i in seen.seer_claimants() if i in pool and i not in self.liars]
        if kind in ("den", "kill"):
            agreed = [i for i in seen.proposals if i in pool]
            target = agreed[0] if agreed else self.rng.choice(claimants) if claimants else self.least(pool)
            return (
                f"We should kill {seen.seats[target]}.\n{self.named[target]}" if kind == "den" else self.named[target]
            )
        if kind == "inspect":
            fresh = [i for i in pool if i not in seen.findings] or pool
            return self.named[self.suspect(fresh)]
        return self.named[self.rng.choice(claimants) if claimants else self.least(pool)]

    def potion(self) -> str:
        """A witch heals, and poisons whom she is nearly sure of."""
        if "heal" in self.question.legal:
            return "heal"
        target = self.suspect(list(self.named))
        return self.named[target] if self.scores[target] >= REPORTED else "pass"


def records(seen: View) -> list[float]:
    """How much each seat's words count: 1 without a record, towards 2 where those it accused proved to be wolves."""
    right, wrong = [0] * len(seen.seats), [0] * len(seen.seats)
    blamed = {(s.seat, s.target) for s in seen.said if s.act == "accuse" or (s.act == "report" and s.word == WEREWOLF)}
    for seat, target in blamed:
        if target in seen.shown:
            right[seat] += seen.shown[target] == WEREWOLF
            wrong[seat] += seen.shown[target] != WEREWOLF
    return [2.0 * (1 + r) / (2 + r + w) for r, w in zip(right, wrong, strict=True)]


def contradicting(seen: View) -> set[int]:
    """Seats caught in what cannot be: more findings than nights, two findings on one player, a finding that the dead
    player's shown role refutes, two special roles claimed, or a report against what I know of myself or found."""
    reports: dict[int, dict[int, set[str]]] = {}
    claims: dict[int, set[str]] = {}
    for said in seen.said:
        if said.act == "report":
            reports.setdefault(said.seat, {}).setdefault(said.target, set()).add(said.word)
        elif said.act == "claim" and said.word not in ("villager", WEREWOLF):
            claims.setdefault(said.seat, set()).add(said.word)
    caught = {seat for seat, roles in claims.items() if len(roles) > 1}
    for seat, found in reports.items():
        if len(found) > max(1, seen.nights) or any(len(words) > 1 for words in found.values()):
            caught.add(seat)
        for target, words in found.items():
            known = _known(seen, target)
            if known is not None and (WEREWOLF in words) != known:
                caught.add(seat)
    return caught - {seen.me}


def _known(seen: View, target: int) -> bool | None:
    """Whether a seat is surely a werewolf, by its shown role, my card or my finding; None where I do not know."""
    if target in seen.shown:
        return seen.shown[target] == WEREWOLF
    if target == seen.me:
        return seen.role == WEREWOLF
    return seen.findings.get(target)
