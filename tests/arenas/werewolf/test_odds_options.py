"""Uniformly random play under the options and the published tables against exact odds, by recursions of our own.

Talk, last words, bids, sequential votes, a seer, a medium and a possessed (who counts as no wolf) change nothing in
random play; everything else has a recursion below.
"""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction
from functools import cache
from itertools import product
from math import comb, sqrt
from typing import Any, NamedTuple

import pytest

from lanista.arenas.werewolf import arena


@cache
def plain(n: int, m: int, by_day: bool) -> Fraction:
    """The wolves' chance with m wolves of n alive: by day anybody goes, by night one who is no wolf."""
    if m == 0 or 2 * m >= n:
        return Fraction(int(m > 0))
    if not by_day:
        return plain(n - 1, m, True)
    return Fraction(m, n) * plain(n - 1, m - 1, False) + Fraction(n - m, n) * plain(n - 1, m, False)


@cache
def guarded(n: int, m: int, guard: bool, by_day: bool) -> Fraction:
    """With a bodyguard, or a doctor who may not protect itself: one of the n - 1 others, so a victim who is not the
    guard is saved with chance 1/(n - 1), and the guard never."""
    if m == 0 or 2 * m >= n:
        return Fraction(int(m > 0))
    if by_day:
        odds = Fraction(m, n) * guarded(n - 1, m - 1, guard, False)
        odds += Fraction(int(guard), n) * guarded(n - 1, m, False, False)
        return odds + Fraction(n - m - guard, n) * guarded(n - 1, m, guard, False)
    if not guard:
        return guarded(n - 1, m, False, True)
    alone, saved = Fraction(1, n - m), Fraction(1, n - 1)
    other = 1 - alone
    odds = alone * guarded(n - 1, m, False, True)
    return odds + other * (saved * guarded(n, m, True, True) + (1 - saved) * guarded(n - 1, m, True, True))


@cache
def withheld(n: int, m: int, barren: bool, by_day: bool, nominated: bool) -> Fraction:
    """With abstention, and nominations before it: a random player goes, or nobody, but never twice running."""
    if m == 0 or 2 * m >= n:
        return Fraction(int(m > 0))
    if not by_day:
        return withheld(n - 1, m, barren, True, nominated)
    nobody = Fraction(0) if barren else no_vote_after_nominations(n) if nominated else Fraction(1, n**n)
    hit = Fraction(m, n) * withheld(n - 1, m - 1, False, False, nominated)
    miss = Fraction(n - m, n) * withheld(n - 1, m, False, False, nominated)
    stays = withheld(n, m, True, False, nominated) if nobody else Fraction(0)
    return nobody * stays + (1 - nobody) * (hit + miss)


def no_vote_after_nominations(n: int) -> Fraction:
    """The chance that nobody is out: each of n names one of n - 1 others or passes, all alike; then each votes for one
    of the k named (itself not) or abstains.

    Ways in which exactly a given set of k is named, by inclusion and exclusion over its subsets of size t: of those who
    name within t and pass, a member has t - 1 + 1 choices, another t + 1.
    """
    total = Fraction(0)
    for k in range(n + 1):
        ways = sum((-1) ** (k - t) * comb(k, t) * t**t * (t + 1) ** (n - t) for t in range(k + 1))
        silent = Fraction(1, (k**k if k else 1) * (k + 1) ** (n - k)) if k else Fraction(1)
        total += comb(n, k) * Fraction(ways, n**n) * silent
    return total


@cache
def spared(n: int, weight: int) -> Fraction:
    """The chance that the mayor, whose vote counts ``weight`` times and never falls on itself, is voted out of n."""
    found = Fraction(0)
    for targets in product(range(n - 1), repeat=n):
        counts: Counter[int] = Counter()
        for voter, target in enumerate(targets):  # the mayor is 0; target skips the voter
            counts[target + (target >= voter)] += weight if voter == 0 else 1
        most = max(counts.values())
        if counts[0] == most:
            found += Fraction(1, sum(count == most for count in counts.values()))
    return found / (n - 1) ** n


@cache
def mayoral(n: int, m: int, mayor: str | None, by_day: bool, weight: int) -> Fraction:
    """``mayor`` is "wolf", "other", or None where one is to be elected: anybody alike, since all vote at random."""
    if m == 0 or 2 * m >= n:
        return Fraction(int(m > 0))
    if not by_day:
        if mayor != "other":
            return mayoral(n - 1, m, mayor, True, weight)
        gone = Fraction(1, n - m)
        return gone * mayoral(n - 1, m, None, True, weight) + (1 - gone) * mayoral(n - 1, m, "other", True, weight)
    if mayor is None:
        wolf = Fraction(m, n)
        return wolf * mayoral(n, m, "wolf", True, weight) + (1 - wolf) * mayoral(n, m, "other", True, weight)
    out = spared(n, weight)
    wolves, others = (m - 1, n - m) if mayor == "wolf" else (m, n - m - 1)
    odds = out * mayoral(n - 1, m - (mayor == "wolf"), None, False, weight)
    each = (1 - out) / (n - 1)
    odds += each * wolves * mayoral(n - 1, m - 1, mayor, False, weight)
    return odds + each * others * mayoral(n - 1, m, mayor, False, weight)


class Night(NamedTuple):
    """A table with a witch and a guard. ``last`` is the card of whom the guard protected last night, while it lives."""

    wolves: int
    others: int
    witch: bool
    guard: bool
    heal: bool
    poison: bool
    last: str
    barren: bool

    def cards(self) -> list[str]:
        """Everybody living, one by one: who was protected last night is the first that has its card."""
        return ["W"] * self.wolves + ["v"] * self.others + ["w"] * self.witch + ["g"] * self.guard

    def without(self, dead: set[int]) -> Night:
        """The same table after these have died."""
        left = Counter(card for i, card in enumerate(self.cards()) if i not in dead)
        gone = self.last and self.cards().index(self.last) in dead
        return self._replace(
            wolves=left["W"], others=left["v"], witch=left["w"] > 0, guard=left["g"] > 0, last="" if gone else self.last
        )


def decided(table: Night) -> Fraction | None:
    m, n = table.wolves, len(table.cards())
    return Fraction(int(m > 0)) if m == 0 or 2 * m >= n else None


@cache
def by_night(table: Night) -> Fraction:
    """The wolves' chance where victim, protected and potion are chosen uniformly: all are tried, one by one."""
    over = decided(table)
    if over is not None:
        return over
    cards = table.cards()
    everybody = range(len(cards))
    repeated = cards.index(table.last) if table.last else -1
    pool = [i for i in everybody if i != repeated] if table.guard else [-1]
    potions: list[tuple[bool, int]] = [(False, -1)]  # healed, poisoned
    if table.witch:
        potions += [(True, -1)] * table.heal
        potions += [(False, i) for i in everybody if cards[i] != "w"] * table.poison
    prey = [i for i in everybody if cards[i] != "W"]
    odds = Fraction(0)
    for victim, guarded_one, (healed, poisoned) in product(prey, pool, potions):
        dead = {i for i in (poisoned, -1 if healed or victim == guarded_one else victim) if i >= 0}
        last = cards[guarded_one] if table.guard else ""
        spent = {"heal": table.heal and not healed, "poison": table.poison and poisoned < 0}
        if last:  # the first of its card is whom it stands for: name the dead by it
            first = cards.index(last)
            dead = {first if i == guarded_one else guarded_one if i == first else i for i in dead}
        odds += by_light(table._replace(last=last, **spent).without(dead))
    return odds / (len(prey) * len(pool) * len(potions))


@cache
def by_light(table: Night) -> Fraction:
    """A day: all but one chance in n^n, where the vote may be withheld, somebody goes, anybody alike."""
    over = decided(table)
    if over is not None:
        return over
    n = len(table.cards())
    nobody = Fraction(0) if table.barren else Fraction(1, n**n)
    odds = nobody * by_night(table._replace(barren=True)) if nobody else Fraction(0)
    each = (1 - nobody) / n
    return odds + each * sum(by_night(table._replace(barren=False).without({i})) for i in range(n))


def test_the_recursions_agree_where_they_must() -> None:
    assert guarded(9, 2, False, False) == plain(9, 2, False)
    assert spared(4, 1) == Fraction(1, 4), "a mayor with one vote is like anybody"
    assert mayoral(6, 1, None, False, 1) == plain(6, 1, False)
    assert spared(5, 2) < Fraction(1, 5), "two votes that never fall on oneself help"
    # Two players, each naming the other or passing: nobody named 1/4; one named 1/2: it abstains, having nobody to vote
    # for, and the other abstains with chance 1/2; both named 1/4: each abstains with chance 1/2. 1/4 + 1/4 + 1/16.
    assert no_vote_after_nominations(2) == Fraction(9, 16)

    assert by_night(Night(1, 5, False, False, False, False, "", False)) == withheld(6, 1, False, False, False)


OPTIONS: dict[str, tuple[Fraction, dict[str, Any]]] = {
    "kaggle_8": (guarded(8, 2, True, False), {"ruleset": "kaggle_8"}),
    "aiwolf_5": (plain(5, 1, True), {"ruleset": "aiwolf_5"}),
    "aiwolf_15": (guarded(15, 3, True, True), {"ruleset": "aiwolf_15"}),
    "seer_witch_guard_9": (
        by_night(Night(3, 4, True, True, True, True, "", False)),
        {"ruleset": "seer_witch_guard_9"},
    ),
    "possessed and medium": (
        plain(9, 2, False),
        {"players": 9, "roles": ("seer", "possessed", "medium"), "reveal_on_death": False},
    ),
    "sequential": (plain(7, 2, False), {"players": 7, "roles": (), "sequential_votes": True}),
    "last words": (plain(7, 2, True), {"players": 7, "roles": (), "last_words": True, "first_phase": "day"}),
    "bidding": (plain(5, 1, False), {"players": 5, "roles": (), "bidding": True, "discussion_rounds": 1}),
    "bodyguard": (guarded(8, 2, True, False), {"players": 8, "roles": ("seer", "bodyguard")}),
    "abstention": (
        withheld(5, 1, False, True, False),
        {"players": 5, "roles": (), "abstention": True, "first_phase": "day"},
    ),
    "nomination": (
        withheld(5, 1, False, True, True),
        {"players": 5, "roles": (), "abstention": True, "nomination": True, "first_phase": "day"},
    ),
    "mayor": (mayoral(6, 2, None, False, 3), {"players": 6, "roles": (), "mayor": True, "mayor_votes": 3}),
}


@pytest.mark.parametrize("games", [500, pytest.param(4000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("option", OPTIONS)
def test_odds(option: str, games: int) -> None:
    exact, config = OPTIONS[option]
    talk = {} if "ruleset" in config else {"discussion_rounds": 0}
    table = arena.configure(**{**talk, **config})
    rng = random.Random(2)
    wins = sum(winner(seed, table, rng) == "wolves" for seed in range(games))
    error = sqrt(float(exact) * (1 - float(exact)) / games)
    assert abs(wins / games - float(exact)) <= 4 * error, f"{wins / games:.4f} against {float(exact):.4f} ± {error:.4f}"


def winner(seed: int, config: Any, rng: random.Random) -> str | None:
    rules = arena.rules
    state = rules.deal(seed, config)
    while owed := rules.to_act(state):
        state = rules.play(state, {seat: rng.choice(rules.ask(state, seat).choices) for seat in owed}).state
    assert state.winner in ("village", "wolves")
    return str(state.winner)
