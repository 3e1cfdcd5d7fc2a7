"""``bayes``: decides by the posterior over role assignments that its seat's events support.

The village side acts on that posterior. A wolf knows the truth, so it asks another question of the same model: how
does the table look to someone who saw only what everybody saw, and how would it look after this reply of mine? It says
what leaves its pack least likely to be voted out: counter-claims and false findings are just such replies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lanista.agents.contract import Question
from lanista.agents.scripted import Scripted
from lanista.agents.werewolf.posterior import Floats
from lanista.agents.werewolf.reading import FOLLOWS, Habits, Reading, Readings
from lanista.agents.werewolf.speech import say
from lanista.agents.werewolf.view import INNOCENT, WEREWOLF, Said, View, has_events, luck, targets, view
from lanista.arenas.core import chance


@dataclass(frozen=True, kw_only=True)
class Temper:
    """How boldly ``bayes`` plays. Probabilities are its own posterior's."""

    accuse_from: float = 1.25
    """Accuse the likeliest wolf where it is this many times as likely as the average of the living."""
    poison_from: float = 0.6
    """The witch poisons from this probability of being a wolf on."""
    shoot_from: float = 0.4
    """The hunter shoots from this probability on."""
    reveal_from_day: int = 1
    """The seer reports innocents, too, from this day on."""
    guarded: float = 0.75
    """How often the doctor guards the most credible seer first, and a wolf expects it to."""
    bold: float = 0.5
    """The share of wolves that are ready to claim to be the seer."""
    self_care: float = 1.0
    """What a wolf pays for being suspected, beside the risk that one of its pack is voted out today."""
    pack_care: float = 1.0
    """What it pays for suspicion of its companions."""


class BayesAgent(Scripted):
    """Reasons: keeps the posterior over who holds which role from claims, votes and deaths, and plays by it.

    ``habits`` is its model of others, ``temper`` its own play.
    """

    name = "bayes"
    plays = "werewolf"

    def __init__(self, *, habits: Habits | None = None, temper: Temper | None = None) -> None:
        self.temper = temper or Temper()
        self._readings = Readings(habits or Habits())

    def reply(self, question: Question) -> str:
        """One legal reply."""
        return self._reply(question)

    def forget(self, game: str) -> None:
        """Drop the reading of a game that is over."""
        self._readings.forget(game)

    def beliefs(self, question: Question) -> dict[str, float]:
        """Of each other living seat, the probability of being a werewolf; a wolf knows."""
        if not has_events(question):
            return {}
        seen, reading = view(question), self._readings.read(question.game, question.events, question.seed)
        if seen.role == WEREWOLF:
            return {seen.seats[i]: float(i in seen.pack) for i in seen.others()}
        wolf = reading.posterior.wolf(insider(reading, seen))
        return {seen.seats[i]: float(wolf[i]) for i in seen.others()}

    def _reply(self, question: Question) -> str:
        if not has_events(question):
            return luck(question, "bayes").choice(list(question.legal))
        reading = self._readings.read(question.game, question.events, question.seed)
        mind = Mind(question, view(question), reading, self.temper)
        return mind.reply()


class Mind:
    """One decision of one seat. Probabilities are arrays over seats (n,)."""

    def __init__(self, question: Question, seen: View, reading: Reading, temper: Temper) -> None:
        self.question, self.seen, self.reading, self.temper = question, seen, reading, temper
        self.rng = luck(question, "bayes")
        self.named = targets(question, seen.seats)
        self.is_wolf = seen.role == WEREWOLF
        self.possessed = seen.role == "possessed"
        if not self.is_wolf:  # a wolf knows; it asks what the public thinks
            weights = insider(reading, seen)
            self.wolf = reading.posterior.wolf(weights)
            self.seer = reading.posterior.seer(weights)

    def reply(self) -> str:
        """One legal reply to the question."""
        kind = self.question.kind
        if kind == "speech":
            return self.lie() if self.is_wolf else self.mislead() if self.possessed else self.speak()
        if kind == "bid":
            return f"bid: {self.bid()}"
        if kind in ("vote", "nominate"):
            return self.named[self.vote()] if self.named else self.question.legal[-1]
        if kind == "elect":
            return self.named[self.best(-self.reading.p, list(self.named))]
        if kind == "den":
            return say(self.rng, f"target: {self.seen.seats[self.prey()]}")
        if kind == "kill":
            return self.named[self.prey()]
        if kind == "inspect":
            return self.named[self.inspect()]
        if kind == "protect":
            return self.named[self.protect()]
        if kind == "potion":
            return self.potion()
        return self.shot()

    # By day, for the village

    def speak(self) -> str:
        """A seer reports; the others name a suspect that stands out, save themselves by a claim, or vouch."""
        seen, me = self.seen, self.seen.me
        finding = self.finding()
        if finding is not None:
            target, bad = finding
            word = WEREWOLF if bad else INNOCENT
            mood = f"medium {word}" if seen.role == "medium" else None
            return say(self.rng, f"report: {seen.seats[target]} {word}", mood)
        public = self.reading.p
        if self.in_danger(public) and seen.role not in ("villager", *self.claimed()):
            return say(self.rng, f"claim: {seen.role}")
        suspect = self.best(self.wolf, seen.others())
        average = float(self.wolf[seen.others()].mean())
        if self.wolf[suspect] > self.temper.accuse_from * average:
            crowd = suspect in seen.accused()
            return say(self.rng, f"accuse: {seen.seats[suspect]}", "follow" if crowd else "accuse")
        accused = [i for i in seen.accused() if i in seen.alive and i != me and self.wolf[i] < 0.5 * average]
        if accused:
            return say(self.rng, f"defend: {seen.seats[self.best(-self.wolf, accused)]}")
        return say(self.rng, "silent")

    def finding(self) -> tuple[int, bool] | None:
        """The finding a seer tells now, or None: wolves first, the living before the dead, nothing twice."""
        seen = self.seen
        told = {said.target for said in seen.said if said.seat == seen.me and said.act == "report"}
        open_to = range(len(seen.seats)) if seen.role == "medium" else seen.alive
        new = [(i, bad) for i, bad in seen.findings.items() if i not in told and i in open_to]
        wolves = [found for found in new if found[1]]
        if wolves:
            return wolves[-1]
        rivals = [i for i in seen.seer_claimants() if i != seen.me]
        open_ = told or rivals or seen.day >= self.temper.reveal_from_day or self.in_danger(self.reading.p)
        return new[-1] if new and open_ else None

    def claimed(self) -> set[str]:
        """The roles I have claimed."""
        return {said.word for said in self.seen.said if said.seat == self.seen.me and said.act == "claim"}

    def in_danger(self, public: Floats) -> bool:
        """Whether the table, or its tongue, is against me more than against anybody else."""
        seen = self.seen
        others = seen.others()
        against = len(seen.accused().get(seen.me, ()))
        return against >= 2 or (against >= 1 and bool(public[seen.me] >= public[others].max()))

    def vote(self) -> int:
        """The likeliest wolf; a wolf votes for whom leaves its pack looking best."""
        pool = list(self.named)
        if self.possessed:  # where the village is going anyway, if that spares the wolves
            return self.best(self.reading.heading() * (1.0 - self.wolf) + 1e-6 * (1.0 - self.wolf), pool)
        if not self.is_wolf:
            return self.best(self.wolf + 1e-6 * self.reading.p, pool)
        return self.best(self.after_vote(pool), pool)

    def bid(self) -> int:
        """A finding to tell is worth everything, danger much, a suspect that stands out something."""
        if not self.is_wolf and self.finding() is not None:
            return 4
        if self.in_danger(self.reading.p):
            return 3
        said = any(one.day == self.seen.day and one.seat == self.seen.me for one in self.seen.said)
        return 0 if said else 1 + self.rng.randrange(2)

    # By day, for the wolves

    def mislead(self) -> str:
        """The possessed poses as the seer and finds wolves where it thinks there are none."""
        seen = self.seen
        told = {said.target for said in seen.said if said.seat == seen.me and said.act == "report"}
        pool = [i for i in seen.others() if i not in told]
        if pool and len(told) < seen.nights and "seer" in seen.deck:
            return say(self.rng, f"report: {seen.seats[self.best(-self.wolf, pool)]} {WEREWOLF}")
        target = self.best(self.reading.heading() * (1.0 - self.wolf) - 0.1 * self.wolf, seen.others())
        return say(self.rng, f"accuse: {seen.seats[target]}")

    def lie(self) -> str:
        """The act after which the pack's prospects are best, as the public posterior would see it."""
        acts = [Said(self.seen.day, self.seen.me, "silent"), *self.lies()]
        values = np.array([self.prospect(act) for act in acts])
        values += np.array([self.rng.random() * 0.02 for _ in acts])
        best = acts[int(values.argmax())]
        return say(self.rng, self.line(best), self.mood(best))

    def lies(self) -> list[Said]:
        """The acts a wolf considers: to accuse or defend anyone, and as a (false) seer to report on anyone."""
        seen, me = self.seen, self.seen.me
        acts = [Said(seen.day, me, "accuse", i) for i in seen.others()]
        accused = seen.accused()
        acts += [Said(seen.day, me, "defend", i) for i in seen.others() if i in accused]
        claimants = seen.seer_claimants()
        mine = me in claimants
        bold = chance.draw(self.question.seed, "bold", 0, 1000) < 1000 * self.temper.bold
        free = bold and "seer" in seen.deck and not any(i in seen.pack for i in claimants)
        if mine or free:
            told = {said.target for said in seen.said if said.seat == me and said.act == "report"}
            for i in seen.others():
                if i not in told:
                    acts += [Said(seen.day, me, "report", i, word) for word in (WEREWOLF, INNOCENT)]
        return acts

    def prospect(self, act: Said) -> float:
        """Minus the chance that one of the pack is voted out today, after this act, and minus my own discredit."""
        after = self.reading.copy()
        after.speech(act)
        return -float(after.heading()[sorted(self.seen.pack)].sum()) - self.discredit(after)

    def discredit(self, reading: Reading) -> float:
        """What the pack pays for being suspected later on, by a table that thinks."""
        pack = [i for i in self.seen.pack if i in self.seen.alive and i != self.seen.me]
        p = reading.p
        price = self.temper.self_care * float(p[self.seen.me]) + self.temper.pack_care * float(p[pack].sum())
        return price * (1.0 - float(reading.style()[FOLLOWS]))

    def after_vote(self, pool: Sequence[int]) -> Floats:
        """The worth of each vote (n,): hitting where the village hits anyway, sparing the pack, looking innocent."""
        seen, reading = self.seen, self.reading
        value = np.full(len(seen.seats), -np.inf)
        pull = reading.heading()
        for i in pool:
            after = reading.copy()
            after.votes({seen.me: i})
            hurts = -1.0 if i in seen.pack else 1.0
            value[i] = 2.0 * hurts * pull[i] * (1 - pull[i]) - self.discredit(after)
        return value

    def line(self, act: Said) -> str:
        """The act line of an act."""
        if act.act == "silent":
            return "silent"
        return f"{act.act}: {self.seen.seats[act.target]} {act.word}".rstrip()

    def mood(self, act: Said) -> str | None:
        """Which sentences fit the act."""
        return "follow" if act.act == "accuse" and act.target in self.seen.accused() else None

    # By night

    def prey(self) -> int:
        """Whom the pack kills: the likeliest seer, then whoever the table trusts; the pack follows its first word."""
        seen, pool = self.seen, list(self.named)
        if seen.proposals and seen.proposals[0] in pool:
            return seen.proposals[0]
        roles = self.reading.posterior.all_roles(log=truth(self.reading, seen))  # (n, roles)
        deck = self.reading.deck
        worth = 1.0 + 1.5 * roles[:, 1]
        for role in ("doctor", "witch", "hunter", "bodyguard", "medium"):
            if role in deck.roles:
                worth += (0.5 if role != "hunter" else -0.3) * roles[:, deck.number(role)]
        protector = "bodyguard" if "bodyguard" in deck.roles else "doctor"
        if protector in deck.roles:
            doctor = float(roles[seen.alive, deck.number(protector)].sum())
            worth *= 1.0 - self.temper.guarded * doctor * roles[:, 1]
        worth -= self.reading.p
        worth += np.array([0.15 * self.rng.random() for _ in seen.seats])
        return self.best(worth, pool)

    def inspect(self) -> int:
        """Whom a seer looks at: the likeliest wolf not yet known."""
        pool = [i for i in self.named if i not in self.seen.findings] or list(self.named)
        return self.best(self.wolf, pool)

    def protect(self) -> int:
        """Whom a doctor guards: the most credible seer, else whom the table trusts most."""
        guarded = self.rng.random() < self.temper.guarded
        value = (2.0 if guarded else 0.0) * self.seer - self.wolf
        value += np.array([0.15 * self.rng.random() for _ in self.seen.seats])
        return self.best(value, list(self.named))

    def potion(self) -> str:
        """A witch heals the attacked, and poisons once she is sure enough."""
        if "heal" in self.question.legal:
            return "heal"
        if self.named:
            suspect = self.best(self.wolf, list(self.named))
            if self.wolf[suspect] >= self.temper.poison_from:
                return self.named[suspect]
        return "pass"

    def shot(self) -> str:
        """A hunter takes the likeliest wolf along, if it is likely enough."""
        suspect = self.best(self.wolf, list(self.named))
        return self.named[suspect] if self.wolf[suspect] >= self.temper.shoot_from else "pass"

    def best(self, value: Floats, pool: Sequence[int]) -> int:
        """The seat of a pool with the highest value, ties by lot."""
        top = max(float(value[i]) for i in pool)
        return self.rng.choice([i for i in pool if value[i] >= top - 1e-12])


def insider(reading: Reading, seen: View) -> Floats:
    """Row weights (R,) to a villager's eyes: the public reading, its own card, and what it alone was told."""
    posterior = reading.posterior
    log = np.zeros(len(posterior.log))
    with np.errstate(divide="ignore"):
        for seat, bad in seen.findings.items():
            log += np.log(posterior.wolves[:, seat] == bad)
        for seat in seen.attacked:
            log += np.log(posterior.wolves[:, seat] == 0)
        for seat in seen.saved:
            spared = 0.0 if "witch" not in seen.deck else 0.3
            log += np.log(np.where(posterior.wolves[:, seat] > 0, spared, 1.0))
    return posterior.weights(own={seen.me: reading.deck.card(seen.role)}, log=log)


def truth(reading: Reading, seen: View) -> Floats:
    """The log-likelihood of rows (R,) to a wolf's eyes: the pack is known, the seer is not."""
    pack = sorted(seen.pack)
    with np.errstate(divide="ignore"):
        found: Floats = np.log((reading.posterior.wolves[:, pack].sum(1) == len(pack)).astype(float))
    return found
