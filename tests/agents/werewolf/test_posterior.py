"""The posterior against Bayes' rule by hand, and against brute force over every deal."""

from collections.abc import Callable
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lanista.agents.werewolf import posterior as module
from lanista.agents.werewolf.posterior import Deck, Posterior, is_exact


def brute(deck: Deck, cards: dict[int, np.ndarray], log_of: Callable[..., Any] | None = None) -> np.ndarray:
    """P(seat has role) (n, roles) by enumerating every deal; ``log_of(wolves, seers)`` is evidence about a row."""
    cast = [
        r
        for r, c in zip(deck.roles, (deck.wolves, deck.seers, *deck.counts, deck.plain), strict=True)
        for _ in range(c)
    ]
    total = np.zeros((deck.n, len(deck.roles)))
    for deal in set(permutations(cast)):
        weight = 1.0
        for seat, factor in cards.items():
            weight *= factor[deck.number(deal[seat])]
        if log_of is not None:
            weight *= np.exp(log_of([r == "werewolf" for r in deal], [r == "seer" for r in deal]))
        for seat, role in enumerate(deal):
            total[seat, deck.number(role)] += weight
    return total / total[0].sum()


def test_prior_is_the_decks_share():
    # One wolf among five, nothing known: each seat is the wolf with probability 1/5.
    five = Posterior(Deck({"werewolf": 1, "villager": 4}))
    assert five.wolf(five.weights()) == pytest.approx([0.2] * 5)


def test_own_card_leaves_the_wolf_among_the_others():
    # I am a villager: the wolf is one of four others, 1/4 each.
    deck = Deck({"werewolf": 1, "villager": 4})
    five = Posterior(deck)
    wolf = five.wolf(five.weights(own={0: deck.card("villager")}))
    assert wolf == pytest.approx([0, 0.25, 0.25, 0.25, 0.25])


def test_two_likelihoods_by_hand():
    # One wolf among five. Evidence three times as likely if seat 1 is the wolf: 3 / (3 + 4 * 1) = 3/7, others 1/7.
    five = Posterior(Deck({"werewolf": 1, "villager": 4}))
    five.observe(np.log(np.where(five.wolves[:, 1] > 0, 3.0, 1.0)))
    assert five.wolf(five.weights()) == pytest.approx([1 / 7, 3 / 7, 1 / 7, 1 / 7, 1 / 7])


def test_a_claim_by_hand():
    # Wolf, seer, doctor, two villagers. Seat 0 claims doctor: a doctor would with 0.6, a wolf with 0.2, others never.
    # P(doctor) = .6/5 / (.6/5 + .2/5) = 3/4, P(wolf) = 1/4; seat 1 is the wolf with (3/4) * (1/4) = 3/16.
    deck = Deck({"werewolf": 1, "seer": 1, "doctor": 1, "villager": 2})
    claim = np.array([0.2, 0.0, 0.6, 0.0])
    assert deck.roles == ("werewolf", "seer", "doctor", "villager")
    table = Posterior(deck)
    table.card(0, claim)
    roles = table.all_roles()
    assert roles[0] == pytest.approx([0.25, 0, 0.75, 0])
    assert roles[1, 0] == pytest.approx(3 / 16)
    # The doctor's card is left for seats 1 to 4 only where seat 0 is the wolf: (1/4) * (1/4).
    assert roles[1, 2] == pytest.approx(1 / 16)


def test_a_revealed_death_frees_and_binds():
    # Two wolves among five; seat 4 dies and was a wolf: the other is one of four, 1/4 each.
    deck = Deck({"werewolf": 2, "villager": 3})
    table = Posterior(deck)
    table.card(4, deck.card("werewolf"))
    assert table.wolf(table.weights()) == pytest.approx([0.25] * 4 + [1])


ROLES = ("werewolf", "seer", "doctor", "witch", "hunter", "villager")


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_equals_brute_force(data):
    # Any deck of up to seven seats, any factors on any seats (zeros included), any evidence about one pair of seats.
    counts = {role: data.draw(st.integers(0, 2 if role in ("seer", "doctor") else 1)) for role in ROLES[1:5]}
    counts["werewolf"] = data.draw(st.integers(1, 2))
    counts["villager"] = data.draw(st.integers(0, max(0, 7 - sum(counts.values()))))
    deck = Deck(counts)
    assume(2 <= deck.n <= 7)
    width = len(deck.roles)
    factor = st.lists(st.sampled_from([0.0, 0.1, 0.5, 1.0]), min_size=width, max_size=width).map(np.array)
    cards = data.draw(st.dictionaries(st.integers(0, deck.n - 1), factor, max_size=4))
    a, b = data.draw(st.permutations(range(deck.n)))[:2]
    table = Posterior(deck)
    for seat, one in cards.items():
        table.card(seat, one)
    table.observe(0.7 * table.wolves[:, a] * table.wolves[:, b] - 0.4 * table.seers[:, a])
    with np.errstate(invalid="ignore"):
        right = brute(deck, cards, lambda w, s: 0.7 * w[a] * w[b] - 0.4 * s[a])
    if np.isnan(right).any():
        assert table.weights().sum() == pytest.approx(1)  # impossible evidence still gives a distribution
        return
    assert table.all_roles() == pytest.approx(right, abs=1e-9)
    twin = Posterior(deck)
    twin.observe(table.log)
    assert twin.weights(own=cards) == pytest.approx(table.weights())


def test_sampled_rows_agree_with_the_exact(monkeypatch):
    # Ten seats, three wolves, one seer: 840 rows exactly; the same evidence on 4,000 sampled rows.
    deck = Deck({"werewolf": 3, "seer": 1, "doctor": 1, "villager": 5})

    def wolves(table: Posterior) -> np.ndarray:
        table.card(2, np.array([0.2, 1.0, 0.01, 0.01]))
        table.observe(1.5 * table.wolves[:, 0] - 1.0 * table.wolves[:, 0] * table.wolves[:, 1])
        return table.wolf(table.weights())

    exact = wolves(Posterior(deck))
    monkeypatch.setattr(module, "_count", lambda n, wolves, seers: module.LIMIT + 1)
    module._rows.cache_clear()
    assert not is_exact(deck)
    sampled = Posterior(deck, seed=5)
    assert not sampled.rows.exact
    # 4,000 draws, those without seat 2 as seer or wolf of little weight: about 1,300 that count, so standard errors
    # below 0.014; four of them.
    assert wolves(sampled) == pytest.approx(exact, abs=0.055)
    assert np.array_equal(Posterior(deck, seed=5).wolves, sampled.wolves)
    assert not np.array_equal(Posterior(deck, seed=6).wolves, sampled.wolves)
    known = Posterior(deck, seed=5, known={3: "werewolf", 4: "seer", 5: "villager"})
    assert known.wolves[:, 3].all()
    assert known.seers[:, 4].all()
    assert not known.wolves[:, 5].any()
    module._rows.cache_clear()
