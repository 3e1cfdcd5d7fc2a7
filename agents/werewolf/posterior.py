"""The posterior over role assignments, exact where it can be enumerated.

An assignment gives every seat a role of the deck; before any evidence all are equally likely. Evidence comes in two
forms, and everything a table shows is put into one of them:

- a factor over *rows*. A row is who the wolves are and who the seers are: C(9, 2) * 7 = 252 rows for nine players, two
  wolves and one seer. Votes, accusations, reports and kills are likelihoods of rows.
- a factor over *one seat's role* (a claim, a role revealed at death, one's own card).

Given a row, the other roles (doctor, witch, hunter, villager, ...) are dealt uniformly over the remaining seats, and
the sum over all those deals of the product of the seats' factors is done in closed form: a dynamic programme over the
seats that have any evidence, with a multinomial for those that have none. So the posterior over full assignments is
exact, at the price of a few array operations on rows. Tests hold it against brute force over all permutations.

Where there are more than ``LIMIT`` rows (no deck of up to twelve players has so many), ``SAMPLE`` rows are drawn
without favour from those that agree with the roles revealed so far.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from math import comb, factorial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lanista.arenas.core import chance

LIMIT = 16_000
"""Rows enumerated; above it they are sampled."""
SAMPLE = 4_000
"""Rows drawn where they are sampled."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Rows(NamedTuple):
    """Who the wolves and who the seers are, one row per possibility. R rows, n seats."""

    wolves: Floats  # (R, n) of 0 and 1
    seers: Floats  # (R, n) of 0 and 1
    exact: bool


class Deck:
    """The roles of a table, in a fixed order: werewolf, seer, then the others, villager last."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.wolves = counts.get("werewolf", 0)
        self.seers = counts.get("seer", 0)
        specials = sorted(role for role, count in counts.items() if count and role not in _APART)
        self.specials = tuple(specials)
        self.counts = tuple(counts[role] for role in specials)
        self.plain = counts.get("villager", 0)
        self.roles: tuple[str, ...] = ("werewolf", "seer", *specials, "villager")
        self.n = self.wolves + self.seers + sum(self.counts) + self.plain
        self.key: tuple[tuple[str, int], ...] = tuple(sorted((r, c) for r, c in counts.items() if c))

    def number(self, role: str) -> int:
        """The column of a role."""
        return self.roles.index(role)

    def card(self, role: str) -> Floats:
        """The factor of a seat whose role is known, by role: 1 for it, 0 for every other."""
        factor = np.zeros(len(self.roles))
        factor[self.number(role)] = 1.0
        return factor


_APART = ("werewolf", "seer", "villager")


class Posterior:
    """Evidence so far, and what it says. ``log`` (R,) is in nats and may be added to from outside through ``rows``."""

    def __init__(self, deck: Deck, seed: int = 0, known: Mapping[int, str] | None = None) -> None:
        """``known`` seats' roles steer the sample where there are too many rows; they are no evidence by themselves."""
        self.deck = deck
        fixed = () if is_exact(deck) else tuple(sorted((i, _side(role)) for i, role in (known or {}).items()))
        self.rows = _rows(deck.n, deck.wolves, deck.seers, 0 if is_exact(deck) else seed, fixed)
        self.wolves, self.seers = self.rows.wolves, self.rows.seers
        self.log: Floats = np.zeros(len(self.wolves))
        self.cards: dict[int, Floats] = {}
        self._deals: Floats | None = None

    def copy(self) -> Posterior:
        """The same evidence, to go on from apart."""
        twin = object.__new__(type(self))
        twin.deck, twin.rows, twin.wolves, twin.seers = self.deck, self.rows, self.wolves, self.seers
        twin.log = self.log.copy()
        twin.cards = dict(self.cards)
        twin._deals = self._deals
        return twin

    def observe(self, log_likelihood: Floats) -> None:
        """Evidence about rows: its log-likelihood (R,) in nats; -inf rules a row out."""
        self.log += log_likelihood

    def card(self, seat: int, factor: Floats) -> None:
        """Evidence about one seat's role: a likelihood by role, in the deck's order."""
        self.cards[seat] = self.cards[seat] * factor if seat in self.cards else factor
        self._deals = None

    def weights(self, own: Mapping[int, Floats] | None = None, log: Floats | None = None) -> Floats:
        """Probabilities of the rows (R,), with further evidence that is not kept: cards by seat, a log-likelihood.

        Where everything has been ruled out (a sample may miss the truth), soft evidence is dropped and then all of it:
        the weights sum to one in every case.
        """
        if own:
            cards = dict(self.cards)
            for seat, factor in own.items():
                cards[seat] = cards[seat] * factor if seat in cards else factor
            deals = self._dealt(cards)
        else:
            if self._deals is None:
                self._deals = self._dealt(self.cards)
            deals = self._deals
        total = self.log if log is None else self.log + log
        peak = total[deals > 0].max() if (deals > 0).any() else -np.inf
        if peak == -np.inf:
            if not deals.any():
                deals = np.ones_like(self.log)
            return deals / float(deals.sum())
        weight: Floats = np.exp(total - peak) * deals
        return weight / float(weight.sum())

    def wolf(self, weights: Floats) -> Floats:
        """Each seat's probability of being a werewolf (n,)."""
        return weights @ self.wolves

    def seer(self, weights: Floats) -> Floats:
        """Each seat's probability of being a seer (n,)."""
        return weights @ self.seers

    def all_roles(self, own: Mapping[int, Floats] | None = None, log: Floats | None = None) -> Floats:
        """Each seat's probability of each role (n, roles), in the deck's order."""
        n, width = self.deck.n, len(self.deck.roles)
        found = np.zeros((n, width))
        weights = self.weights(own, log)
        found[:, 0], found[:, 1] = self.wolf(weights), self.seer(weights)
        cards = dict(self.cards)
        for seat, factor in (own or {}).items():
            cards[seat] = cards[seat] * factor if seat in cards else factor
        whole = self._dealt(cards)
        share = np.divide(weights, whole, out=np.zeros_like(weights), where=whole > 0)
        for seat in range(n):
            for role in range(2, width - 1):
                only = np.zeros(width)
                only[role] = 1.0
                asked = {**cards, seat: cards[seat] * only if seat in cards else only}
                found[seat, role] = float(share @ self._dealt(asked))
            found[seat, width - 1] = max(0.0, 1.0 - float(found[seat].sum()))
        return found

    def _dealt(self, cards: Mapping[int, Floats]) -> Floats:
        """For each row (R,), the sum over deals of the other roles of the product of the seats' factors.

        Scaled by a constant: the number of deals of the other roles.
        """
        deck = self.deck
        shape = tuple(count + 1 for count in deck.counts)
        # ways[c1, c2, ..., R]: factors so far with c1, c2, ... of the special roles still to be dealt
        ways = np.zeros((*shape, len(self.log)))
        ways[tuple(deck.counts)] = 1.0
        free = np.full(len(self.log), deck.n - deck.wolves - deck.seers)  # (R,) seats not yet passed
        for seat, factor in cards.items():
            wolf, seer = self.wolves[:, seat], self.seers[:, seat]
            fixed = wolf * factor[0] + seer * factor[1]  # (R,)
            other = 1.0 - wolf - seer
            dealt = ways * factor[-1]
            for axis, likely in enumerate(factor[2:-1]):
                if likely:
                    before = (slice(None),) * axis
                    dealt[(*before, slice(None, -1))] += likely * ways[(*before, slice(1, None))]
            ways = ways * fixed + dealt * other
            free = free - other.astype(np.int64)
        table = _fillings(shape, deck.n)
        total: Floats = (ways * table[..., free]).reshape(-1, len(self.log)).sum(0)
        return total / float(table[(*deck.counts, deck.n - deck.wolves - deck.seers)])


@lru_cache(maxsize=64)
def _fillings(shape: tuple[int, ...], n: int) -> Floats:
    """[c1, c2, ..., m]: ways to deal c1, c2, ... special roles and otherwise villagers to m seats (0 where too few)."""
    table = np.zeros((*shape, n + 1))
    for index in np.ndindex(*table.shape):
        *counts, seats = index
        plain = seats - sum(counts)
        if plain >= 0:
            ways = factorial(seats) // factorial(plain)
            for count in counts:
                ways //= factorial(count)
            table[index] = ways
    return table


def is_exact(deck: Deck) -> bool:
    """Whether all rows of a deck are enumerated."""
    return _count(deck.n, deck.wolves, deck.seers) <= LIMIT


def _count(n: int, wolves: int, seers: int) -> int:
    return comb(n, wolves) * comb(n - wolves, seers)


@lru_cache(maxsize=64)
def _rows(n: int, wolves: int, seers: int, seed: int, fixed: tuple[tuple[int, str], ...]) -> Rows:
    pairs: Iterable[tuple[Sequence[int], Sequence[int]]]
    exact = _count(n, wolves, seers) <= LIMIT
    if exact:
        pairs = (
            (pack, seen)
            for pack in combinations(range(n), wolves)
            for seen in combinations([i for i in range(n) if i not in pack], seers)
        )
    else:
        pairs = _drawn(n, wolves, seers, seed, dict(fixed))
    listed = list(pairs)
    pack_rows, seer_rows = np.zeros((len(listed), n)), np.zeros((len(listed), n))
    for row, (pack, seen) in enumerate(listed):
        pack_rows[row, list(pack)] = 1.0
        seer_rows[row, list(seen)] = 1.0
    pack_rows.setflags(write=False)
    seer_rows.setflags(write=False)
    return Rows(pack_rows, seer_rows, exact)


def _drawn(
    n: int, wolves: int, seers: int, seed: int, fixed: Mapping[int, str]
) -> Iterable[tuple[Sequence[int], Sequence[int]]]:
    """Uniform rows among those that agree with the seats whose side is known."""
    rng = chance.stream(seed, "rows")
    known_wolves = [i for i, side in fixed.items() if side == "werewolf"]
    known_seers = [i for i, side in fixed.items() if side == "seer"]
    open_seats = [i for i in range(n) if i not in fixed]
    more_wolves, more_seers = wolves - len(known_wolves), seers - len(known_seers)
    for _ in range(SAMPLE):
        drawn = rng.sample(open_seats, more_wolves + more_seers)
        yield known_wolves + drawn[:more_wolves], known_seers + drawn[more_wolves:]


def _side(role: str) -> str:
    return role if role in ("werewolf", "seer") else "other"
