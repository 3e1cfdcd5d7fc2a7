"""Simulated uniformly random play against exact odds: the recursion over (alive, wolves), and two of our own."""

from __future__ import annotations

import random
from fractions import Fraction
from functools import cache
from math import sqrt
from typing import Any

import pytest

from lanista.arenas.werewolf import arena

MANY = pytest.mark.parametrize("games", [1000, pytest.param(4000, marks=pytest.mark.slow)])


@cache
def day(n: int, m: int) -> Fraction:
    """The wolves' chance with m of n alive, a day to come: one uniformly random player is voted out."""
    if m == 0:
        return Fraction(0)
    if 2 * m >= n:
        return Fraction(1)
    return Fraction(m, n) * night(n - 1, m - 1) + Fraction(n - m, n) * night(n - 1, m)


def night(n: int, m: int) -> Fraction:
    """The same with a night to come: one who is no wolf is killed."""
    if m == 0:
        return Fraction(0)
    return Fraction(1) if 2 * m >= n else day(n - 1, m)


@cache
def doctor_odds(n: int, m: int, doctor: bool, by_day: bool) -> Fraction:
    """The wolves' chance in a deck with a seer and a doctor, everybody choosing uniformly.

    A random seer changes nothing. A living doctor protects one of the n living, itself included, at random, so that
    each victim, one of n − m at random, is saved with chance 1/n whoever it is.
    """
    if m == 0:
        return Fraction(0)
    if 2 * m >= n:
        return Fraction(1)
    if by_day:
        odds = Fraction(m, n) * doctor_odds(n - 1, m - 1, doctor, False)
        if doctor:
            odds += Fraction(1, n) * doctor_odds(n - 1, m, False, False)
        return odds + Fraction(n - m - doctor, n) * doctor_odds(n - 1, m, doctor, False)
    if not doctor:
        return doctor_odds(n - 1, m, False, True)
    saved = Fraction(1, n)
    killed = 1 - saved
    odds = saved * doctor_odds(n, m, True, True)
    odds += killed * Fraction(1, n - m) * doctor_odds(n - 1, m, False, True)
    return odds + killed * Fraction(n - m - 1, n - m) * doctor_odds(n - 1, m, True, True)


@cache
def hunter_odds(n: int, m: int, hunter: bool, by_day: bool) -> Fraction:
    """The wolves' chance in a deck with a hunter, who on dying shoots one of the k left, or nobody, each 1/(k+1).

    Nobody has won before the shot is fired.
    """
    if m == 0:
        return Fraction(0)
    if 2 * m >= n:
        return Fraction(1)

    def shot(left: int) -> Fraction:
        """The hunter is dead, ``left`` live, m of them wolves; the other phase follows."""
        each = Fraction(1, left + 1)
        missed = each * hunter_odds(left, m, False, not by_day)
        hit = each * m * hunter_odds(left - 1, m - 1, False, not by_day)
        return missed + hit + each * (left - m) * hunter_odds(left - 1, m, False, not by_day)

    if by_day:
        odds = Fraction(m, n) * hunter_odds(n - 1, m - 1, hunter, False)
        if hunter:
            odds += Fraction(1, n) * shot(n - 1)
        return odds + Fraction(n - m - hunter, n) * hunter_odds(n - 1, m, hunter, False)
    odds = Fraction(n - m - hunter, n - m) * hunter_odds(n - 1, m, hunter, True)
    return odds + Fraction(1, n - m) * shot(n - 1) if hunter else odds


def test_the_recursion_gives_the_known_fractions() -> None:
    # m = 1, odd n: (n-1)!!/n!!; n = 7: 6·4·2/(7·5·3) = 48/105 = 16/35.
    assert day(7, 1) == Fraction(16, 35)
    assert day(9, 2) == Fraction(221, 315)
    assert day(12, 3) == Fraction(229, 256)
    assert doctor_odds(9, 2, False, True) == day(9, 2), "without the doctor it is the same game"
    assert hunter_odds(9, 2, False, False) == night(9, 2), "without the hunter it is the same game"


@MANY
@pytest.mark.parametrize("first_phase", ["night", "day"])
@pytest.mark.parametrize(("n", "m"), [(5, 1), (7, 1), (7, 2), (8, 2), (9, 1), (9, 2), (10, 3), (12, 2), (12, 3)])
def test_vanilla_odds(n: int, m: int, first_phase: str, games: int) -> None:
    exact = day(n, m) if first_phase == "day" else night(n, m)
    within_four_errors(exact, games, players=n, wolves=m, roles=(), first_phase=first_phase)


@MANY
@pytest.mark.parametrize("first_phase", ["night", "day"])
@pytest.mark.parametrize(("n", "m"), [(7, 2), (9, 2), (12, 3)])
def test_odds_with_seer_and_doctor(n: int, m: int, first_phase: str, games: int) -> None:
    exact = doctor_odds(n, m, True, first_phase == "day")
    assert exact != (day(n, m) if first_phase == "day" else night(n, m)), "the doctor changes the odds"
    within_four_errors(exact, games, players=n, wolves=m, roles=("seer", "doctor"), first_phase=first_phase)


@MANY
@pytest.mark.parametrize("first_phase", ["night", "day"])
@pytest.mark.parametrize(("n", "m"), [(7, 2), (9, 2)])
def test_odds_with_a_hunter(n: int, m: int, first_phase: str, games: int) -> None:
    exact = hunter_odds(n, m, True, first_phase == "day")
    within_four_errors(exact, games, players=n, wolves=m, roles=("hunter",), first_phase=first_phase)


def within_four_errors(exact: Fraction, games: int, **config: Any) -> None:
    table = arena.configure(discussion_rounds=0, **config)
    rng = random.Random(1)
    wins = sum(random_winner(seed, table, rng) == "wolves" for seed in range(games))
    p = float(exact)
    error = sqrt(p * (1 - p) / games)
    assert abs(wins / games - p) <= 4 * error, f"{wins / games:.4f} against exactly {p:.4f} ± {error:.4f}"


def random_winner(seed: int, config: Any, rng: random.Random) -> str | None:
    rules = arena.rules
    state = rules.deal(seed, config)
    while owed := rules.to_act(state):
        state = rules.play(state, {seat: rng.choice(rules.ask(state, seat).choices) for seat in owed}).state
    outcome = rules.outcome(state)
    assert outcome is not None
    return outcome.winner
