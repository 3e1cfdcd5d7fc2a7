"""What the table's public events say about the roles: a model of how each side talks, votes and kills.

``Habits`` holds the model's numbers; ``Reading`` folds public events into a Posterior with them. Every living player
is read by the same model, whoever sits there: packs avoid naming their own, villagers follow suspicion and are right
a little more often than chance, nobody of the village lies about a role, and a seer's findings are true.

Hard evidence: revealed roles, the victims of wolves (never wolves), and that the game has not ended. A witch's poison
may be behind a death by night, so with a witch in the deck the second is soft.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lanista.agents.werewolf.posterior import Deck, Floats, Posterior, is_exact
from lanista.agents.werewolf.view import WEREWOLF, Said, heard, seats_of
from lanista.arenas.core.contract import Event


@dataclass(frozen=True, kw_only=True)
class Choice:
    """How a player picks another: logits over the living, p the public probability of being a wolf."""

    follow: float
    """Logits per unit of p, for both sides."""
    nose: float
    """Logits by which the village prefers a wolf to an innocent of the same p."""
    loyalty: float
    """Logits by which a wolf prefers an innocent to a companion of the same p."""
    trust: float = 1.0
    """Share of the log-likelihood that counts: choices of one day are not independent of each other."""


@dataclass(frozen=True, kw_only=True)
class Habits:
    """Likelihoods of public behaviour by side."""

    accuse: Choice = Choice(follow=6.0, nose=0.3, loyalty=1.2, trust=0.6)
    """Accusing another by day."""
    vote: Choice = Choice(follow=8.0, nose=0.3, loyalty=1.8, trust=0.6)
    """A vote."""
    defend: Choice = Choice(follow=-3.0, nose=-0.2, loyalty=-0.8, trust=0.7)
    """Defending another."""
    seer_first: tuple[float, float] = (0.9, 0.25)
    """Claiming seer before anybody else did: a seer's rate, a wolf's."""
    seer_counter: tuple[float, float] = (0.95, 0.2)
    """Claiming seer against another's claim: a seer's rate, a wolf's."""
    claim: tuple[float, float] = (0.3, 0.12)
    """Claiming another special role: its holder's rate, a wolf's."""
    lie: float = 0.004
    """The rate at which the village claims a role it does not hold."""
    false_finding: float = 0.003
    """The rate at which a seer reports the contrary of its finding."""
    hit: tuple[float, float] = (0.55, 0.06)
    """A false seer's rate of reporting as a werewolf: an innocent, a companion."""
    unchallenged: float = 0.3
    """The rate at which a seer, in one speech, lets another's claim to be the seer stand."""
    survive: float = 0.45
    """The rate at which a claimed seer outlives a night in which somebody else dies."""
    slip: float = 0.002
    """The rate at which a seer contradicts itself: more findings than nights, or both findings on one player."""
    words: float = 1.0
    """Share of the evidence of an act that free words are, before the speaker's record changes it: half of it here cost
    a village 9 points of 100 against wolves that only talk."""
    poison: float = 0.15
    """With a witch about, the odds that a wolf died in a night's death."""


class Style(NamedTuple):
    """How a table might make up its mind whom to accuse and vote for: softmax(focus * p + herd * accusers today)."""

    focus: float
    herd: float


STYLES = (Style(25.0, 0.1), Style(1.0, 1.5), Style(0.0, 0.0))
"""A table that thinks, one that follows, and one that does neither."""
FOLLOWS = 1
_FOCUS = np.array([style.focus for style in STYLES])
_HERD = np.array([style.herd for style in STYLES])


_UNCLAIMED = ("werewolf", "villager", "possessed")
"""Roles whose claim is no evidence."""
QUIET = {False: (0.6, 0.5, 0.05), True: (0.6, 0.04, 0.05)}
"""How often each of STYLES says nothing in a speech, before and after the day's first accusation."""


class Reading:
    """The public state of a game as evidence. Seats are numbers; ``p`` is the public probability of being a wolf."""

    def __init__(self, table: Event, habits: Habits, seed: int = 0, known: Mapping[int, str] | None = None) -> None:
        self.habits = habits
        self.seats: tuple[str, ...] = seats_of(table)
        self.number = {seat: i for i, seat in enumerate(self.seats)}
        self.deck = Deck(table.data["deck"])
        self.known = dict(known or {})
        self.posterior = Posterior(self.deck, seed, known)
        self.alive = list(range(len(self.seats)))
        self.claims: dict[int, str] = {}
        self.reports: set[tuple[int, int, str]] = set()
        self.passed: set[int] = set()
        self.nights = 0
        self.nominees: set[int] = set()
        self.blamed: set[tuple[int, int]] = set()
        """Who accused whom so far."""
        self.record: dict[int, tuple[int, int]] = {}
        """How many that a seat accused were shown to be wolves, and how many to be none."""
        self.tally: dict[int, set[int]] = {}
        """Today's accusers, by target."""
        self.styles: Floats = np.log([0.45, 0.45, 0.1])
        """The log-probability of each of STYLES, up to a constant."""
        self._p: Floats | None = None

    def copy(self) -> Reading:
        """The same reading, to ask what if."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin.posterior = self.posterior.copy()
        twin.alive = list(self.alive)
        twin.claims, twin.reports = dict(self.claims), set(self.reports)
        twin.passed, twin.nominees = set(self.passed), set(self.nominees)
        twin.blamed, twin.record = set(self.blamed), dict(self.record)
        twin.tally = {target: set(by) for target, by in self.tally.items()}
        twin.styles = self.styles.copy()
        return twin

    @property
    def p(self) -> Floats:
        """Each seat's probability of being a werewolf (n,), to one who saw only what everybody saw."""
        if self._p is None:
            self._p = self.posterior.wolf(self.posterior.weights())
        return self._p

    def hear(self, event: Event) -> None:
        """Take in one public event."""
        kind, data, _ = event
        if kind == "speech":
            for said in heard(event, self.number, 0):
                self.speech(said)
        elif kind == "nomination" and data["target"] is not None:
            self.nominees.add(self.number[data["target"]])
            self.speech(Said(0, self.number[data["seat"]], "accuse", self.number[data["target"]]))
        elif kind == "votes":
            cast = {voter: target for voter, target in data["votes"].items() if target is not None}
            self.votes({self.number[voter]: self.number[target] for voter, target in cast.items()})
            if data["eliminated"] is not None:
                self._bury(self.number[data["eliminated"]], data["role"])
        elif kind == "deaths":
            self._deaths([(self.number[death["seat"]], death["role"]) for death in data["deaths"]])
        elif kind == "shot":
            shooter = self.number[data["seat"]]
            self.posterior.card(shooter, self.deck.card("hunter"))
            if data["target"] is not None:
                target = self.number[data["target"]]
                self.posterior.observe(self.choice(shooter, target, self.habits.vote))
                self._bury(target, data["role"])
        elif kind in ("night", "day"):
            self._goes_on()
            self.tally, self.nominees = {}, set()
            self.nights += kind == "night"
        self._p = None

    def speech(self, said: Said) -> None:
        """Take in one speech act, or what free words amount to (``Said.day`` is not looked at)."""
        seat, act = said.seat, said.act
        if said.loose:
            said = self._understood(said)
            act = said.act
            if act not in ("claim", "report") and said.target not in self.alive:
                return
        claimed_before = self.claimants("seer")
        if act == "silent":
            self.styles = self.styles + np.log(QUIET[bool(self.tally)])
        if said.target != seat and (act == "accuse" or (act == "report" and said.word == WEREWOLF)):
            if said.target in self.alive:
                self._notice_style(seat, said.target)
                self.tally.setdefault(said.target, set()).add(seat)
            self.blamed.add((seat, said.target))
        if act in ("accuse", "defend", "doubt") and said.target != seat:
            how = self.habits.defend if act == "defend" else self.habits.accuse
            weight = self.weight(seat) * (0.5 if act == "doubt" else 1.0) if said.loose else 1.0
            self.posterior.observe(weight * self.choice(seat, said.target, how))
        elif act == "claim":
            self._claim(seat, said.word)
        elif act == "report" and self._by_medium(seat, said.target):
            self._claim(seat, "medium")
            self._report(seat, said.target, said.word, self.posterior.wolves[:, seat] == 0)
        elif act == "report":
            self._claim(seat, "seer")
            self._report(seat, said.target, said.word, self.posterior.seers[:, seat] > 0)
            if self.contradicts(seat):
                factor = np.ones(len(self.deck.roles))
                factor[1] = self.habits.slip
                self.posterior.card(seat, factor)
        if any(i != seat for i in claimed_before) and self.claims.get(seat) != "seer" and seat not in self.passed:
            self.passed.add(seat)
            self.posterior.observe(np.log(self.habits.unchallenged) * self.posterior.seers[:, seat])
        self._p = None

    def weight(self, seat: int) -> float:
        """How much a seat's free words count beside an act: more where those it accused proved to be wolves."""
        right, wrong = self.record.get(seat, (0, 0))
        return self.habits.words * 2.0 * (1 + right) / (2 + right + wrong)

    def contradicts(self, seat: int) -> bool:
        """Whether a seat has reported more players than there were nights, or one player both ways."""
        found = [(target, finding) for who, target, finding in self.reports if who == seat]
        return len({target for target, _ in found}) > max(1, self.nights) or len(found) > len(
            {target for target, _ in found}
        )

    def _understood(self, said: Said) -> Said:
        """Agreement is accusing whom the other accused today."""
        if said.act != "agree":
            return said
        blamed = [target for target, by in self.tally.items() if said.target in by and target != said.seat]
        return said._replace(act="accuse", target=blamed[-1]) if blamed else said._replace(target=-1)

    def _by_medium(self, seat: int, target: int) -> bool:
        """Whether a report on the dead is the medium's."""
        return "medium" in self.deck.roles and target not in self.alive and self.claims.get(seat) != "seer"

    def claimants(self, role: str) -> list[int]:
        """Who claimed a role, the dead included."""
        return [seat for seat, claim in self.claims.items() if claim == role]

    def votes(self, votes: Mapping[int, int]) -> None:
        """Take in sealed votes, voter -> target."""
        for voter, target in votes.items():
            self._notice_style(voter, target)
        for evidence in [self.choice(voter, target, self.habits.vote) for voter, target in votes.items()]:
            self.posterior.observe(evidence)
        self._p = None

    def heading(self) -> Floats:
        """Where today's votes are expected to fall (n,), over what the table's style may be; the dead get none."""
        found = np.zeros(len(self.seats))
        found[self.alive] = self.style() @ self._shares(self.alive)
        return found

    def style(self) -> Floats:
        """The probability of each of STYLES, from accusations and votes so far."""
        found: Floats = np.exp(self.styles - self.styles.max())
        return found / float(found.sum())

    def choice(self, seat: int, target: int, how: Choice) -> Floats:
        """The log-likelihood by row (R,) of ``seat`` picking ``target`` among the other living.

        Softmax of ``follow * p`` plus ``nose`` (the village's) or minus ``loyalty`` (a wolf's) for wolves.
        """
        wolves = self.posterior.wolves
        pool = [i for i in self.alive if i != seat and (target not in self.nominees or i in self.nominees)]
        pull = np.exp(how.follow * self.p[pool])  # (pool,)
        on_wolves = wolves[:, pool] @ pull  # (R,)
        whole = float(pull.sum())
        hit = wolves[:, target]
        village = how.nose * hit - np.log(whole + np.expm1(how.nose) * on_wolves)
        wolf = -how.loyalty * hit - np.log(whole + np.expm1(-how.loyalty) * on_wolves)
        found: Floats = how.trust * np.where(wolves[:, seat] > 0, wolf, village)
        return found

    def _shares(self, pool: Sequence[int]) -> Floats:
        """Where each of STYLES would vote (styles, pool)."""
        accusers = np.array([float(len(self.tally.get(i, ()))) for i in pool])
        pull: Floats = np.exp(np.outer(_FOCUS, self.p[pool]) + np.outer(_HERD, accusers))
        share: Floats = pull / pull.sum(1, keepdims=True)
        return share

    def _notice_style(self, seat: int, target: int) -> None:
        pool = [i for i in self.alive if i != seat]
        place = pool.index(target)
        self.styles = self.styles + np.log(0.02 + 0.98 * self._shares(pool)[:, place])

    def _claim(self, seat: int, role: str) -> None:
        if (
            self.claims.get(seat) == role
            or role not in self.deck.roles
            or role in ("werewolf", "villager", "possessed")
        ):
            return
        habits = self.habits
        rivals = any(i != seat for i in self.claimants(role))
        own, wolf = habits.claim if role != "seer" else habits.seer_counter if rivals else habits.seer_first
        factor = np.full(len(self.deck.roles), habits.lie)
        factor[0], factor[self.deck.number(role)] = wolf, own
        if "possessed" in self.deck.roles:
            factor[self.deck.number("possessed")] = wolf
        self.posterior.card(seat, factor)
        self.claims[seat] = role

    def _report(self, seat: int, target: int, finding: str, knows: NDArray[np.bool_]) -> None:
        """A finding: true in the rows (R,) in which the speaker ``knows``, else a liar's."""
        if (seat, target, finding) in self.reports or target == seat:
            return
        self.reports.add((seat, target, finding))
        habits, wolves = self.habits, self.posterior.wolves
        bad = finding == WEREWOLF
        hit = wolves[:, target] > 0
        true = np.where(hit == bad, 1.0 - habits.false_finding, habits.false_finding)
        says_wolf = np.where(hit, habits.hit[1], habits.hit[0])
        false = says_wolf if bad else 1.0 - says_wolf
        self.posterior.observe(np.log(np.where(knows, true, false)))

    def _deaths(self, dead: Sequence[tuple[int, str | None]]) -> None:
        habits, wolves = self.habits, self.posterior.wolves
        victims = [seat for seat, _ in dead]
        if victims:
            hit = wolves[:, victims].sum(1)
            poison = habits.poison if "witch" in self.deck.roles else 0.0
            with np.errstate(divide="ignore"):
                self.posterior.observe(np.log(np.where(hit == 0, 1.0, np.where(hit == 1, poison, 0.0))))
            for seat in self.claimants("seer"):
                if seat in self.alive and seat not in victims:
                    self.posterior.observe(np.log(habits.survive) * self.posterior.seers[:, seat])
        for seat, role in dead:
            self._bury(seat, role)

    def _bury(self, seat: int, role: str | None) -> None:
        if seat in self.alive:
            self.alive.remove(seat)
        if role is not None:
            self.posterior.card(seat, self.deck.card(role))
            for who in {who for who, target in self.blamed if target == seat}:
                right, wrong = self.record.get(who, (0, 0))
                self.record[who] = (right + (role == WEREWOLF), wrong + (role != WEREWOLF))

    def _goes_on(self) -> None:
        """Somebody is still asked: at least one wolf lives, and wolves are fewer than half of the living."""
        wolves = self.posterior.wolves[:, self.alive].sum(1)
        with np.errstate(divide="ignore"):
            self.posterior.observe(np.log(((wolves > 0) & (2 * wolves < len(self.alive))).astype(float)))


class Readings:
    """Readings of games in progress, kept between questions. Only a shortcut: what is kept is compared before use."""

    def __init__(self, habits: Habits) -> None:
        self.habits = habits
        self._kept: dict[tuple[str, int], tuple[list[Event], Reading]] = {}

    def read(self, game: str, events: Sequence[Event], seed: int) -> Reading:
        """The reading of a game's public events. Do not change it: copy it.

        Where rows are sampled, each seat samples its own by its seed, and again whenever a role is revealed.
        """
        public = [event for event in events if event.to is None]
        exact = is_exact(Deck(public[0].data["deck"]))
        known = {} if exact else _revealed(public)
        slot = (game, 0 if exact else seed)
        heard, reading = self._kept.get(slot) or ([], None)
        if reading is None or reading.known != known or public[: len(heard)] != heard:
            heard, reading = public[:1], Reading(public[0], self.habits, seed, known)
        for event in public[len(heard) :]:
            reading.hear(event)
        self._kept[slot] = (public, reading)
        return reading

    def forget(self, game: str) -> None:
        """Drop what was kept for a game."""
        for key in [key for key in self._kept if key[0] == game]:
            del self._kept[key]


def _revealed(public: Sequence[Event]) -> dict[int, str]:
    """The roles that the table was shown, by seat number."""
    number = {seat: i for i, seat in enumerate(seats_of(public[0]))}
    found: dict[int, str | None] = {}
    for kind, data, _ in public:
        if kind == "deaths":
            found |= {number[death["seat"]]: death["role"] for death in data["deaths"]}
        elif kind == "votes" and data["eliminated"] is not None:
            found[number[data["eliminated"]]] = data["role"]
        elif kind == "shot" and data["target"] is not None:
            found[number[data["target"]]] = data["role"]
    return {seat: role for seat, role in found.items() if role is not None}
