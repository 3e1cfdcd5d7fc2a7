"""``liar``: as a wolf it claims to be the seer and lies consistently; as anybody else it plays like ``talker``."""

from __future__ import annotations

from lanista.agents.contract import Question
from lanista.agents.werewolf.talker import Listener, TalkerAgent
from lanista.agents.werewolf.view import INNOCENT, WEREWOLF, has_events, luck, view
from lanista.arenas.core import chance


class LiarAgent(TalkerAgent):
    """A wolf that claims to be the seer: one false finding a night and never two, against whom the table half suspects.

    Of a pack the first that is ready claims, and the others vouch for it: two seers of one pack would be caught.
    """

    name = "liar"

    def reply(self, question: Question) -> str:
        """One legal reply."""
        if not has_events(question):
            return luck(question, self.name).choice(list(question.legal))
        return Deceiver(question, view(question), luck(question, self.name)).reply()


class Deceiver(Listener):
    """One decision of one seat that lies where it plays for the wolves."""

    def speak(self) -> str:
        """False findings where nobody of the pack poses as the seer already; else help for who does."""
        seen = self.seen
        if not self.wolfish or "seer" not in seen.deck:
            return super().speak()
        posing = [i for i in seen.seer_claimants() if i in seen.pack or i == seen.me]
        mine = bool(posing) and posing[0] == seen.me
        told = {said.target for said in seen.said if said.seat == seen.me and said.act == "report"}
        ready = mine or (not posing and chance.draw(self.question.seed, "ready", 0, 3) > 0)
        if ready and len(told) < max(1, seen.nights):
            return self.invent(told)
        if posing and not mine and self.rng.random() < 0.5:
            return f"I trust {seen.seats[posing[0]]}."
        return super().speak()

    def invent(self, told: set[int]) -> str:
        """A finding that will not be refuted soon: an innocent is a wolf, now and then a companion is none."""
        seen = self.seen
        rivals = [i for i in seen.seer_claimants() if i in seen.others() and i not in seen.pack and i not in told]
        others = [i for i in seen.others() if i not in seen.pack and i not in told]
        friends = [i for i in seen.others() if i in seen.pack and i not in told]
        if friends and seen.day > 1 and self.rng.random() < 0.25:
            return self.pose(seen.seats[self.rng.choice(friends)], INNOCENT)
        if not others:
            return super().speak()
        target = self.rng.choice(rivals) if rivals else self.suspect(others)
        return self.pose(seen.seats[target], WEREWOLF)

    def pose(self, name: str, finding: str) -> str:
        """The false report, in words and as an act: who reads acts alone is lied to as well."""
        said = "a wolf" if finding == WEREWOLF else "not a wolf"
        return f"I am the seer, and {name} is {said}.\nreport: {name} {finding}"
