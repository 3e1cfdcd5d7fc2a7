"""A desk's belief never loses the truth, whoever works there and whatever the customer hides."""

from __future__ import annotations

import random
from typing import Any

import pytest

from lanista.agents.support_desk.belief import Belief
from lanista.agents.support_desk.file import read
from lanista.agents.support_desk.manual import manual
from lanista.arenas import Game, get
from lanista.arenas.support_desk.faults import ALL, BIT, CLAIMS, READINGS, bits, named, observe
from lanista.play.runner import GameSpec
from lanista.play.session import question

CONFIGS: list[dict[str, Any]] = [
    {},
    {"cooperation": "difficult"},
    {"faults": 2},
    {"faults": 2, "masking": True, "cooperation": "difficult"},
    {"faults": 3, "masking": True},
    {"topic": "billing", "faults": 2, "masking": True, "conflicts": True},
]


_NOT = ("explain", "refund", "change_plan", "close", "escalate", "wait")


def _asked(game: Game, seat: str) -> Any:
    return question(game, seat, GameSpec(id="t", arena=game.arena, seed=game.seed, seating={}), ())


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_the_truth_is_never_ruled_out(config: dict[str, Any]) -> None:
    # Any calls in any order but explanations, which a desk takes for known, and changes that may be of the wrong thing.
    arena = get("support_desk")
    asked = 0
    for seed in range(8):
        rng = random.Random(seed)
        game = Game(arena, seed, arena.configure(**config, horizon=60))
        truth = game.state.case.truth
        while not game.over:
            (seat,) = game.to_act()
            put = _asked(game, seat)
            if put.kind == "act":
                file = read(put)
                belief = Belief(file)
                assert belief.mask >> belief.manual.truths.index(truth) & 1
                assert belief.sure & ~truth & ALL == 0, f"sure of {named(belief.sure)}, it is {named(truth)}"
                assert belief.gone & truth == game.state.gone & truth
                asked += 1
            calls = [c for c in put.legal if not c.startswith(_NOT)]
            game.submit(seat, rng.choice(calls or list(put.legal)))
    assert asked > 60


def test_a_manual_weighs_the_customers_secrets() -> None:
    # One cause: a modem that hangs comes with a claimed reboot in a quarter of its weight, any other trouble in half
    book = manual(1, "slow_internet")
    weight = dict(zip(book.truths, book.weights, strict=True))
    hung, noise = BIT["hung_modem"], BIT["line_noise"]
    assert weight[hung | CLAIMS] / (weight[hung] + weight[hung | CLAIMS]) == pytest.approx(0.25)
    assert weight[noise | CLAIMS] / (weight[noise] + weight[noise | CLAIMS]) == pytest.approx(0.5)
    assert book.mass(book.everything) == pytest.approx(6)  # six causes are slow


def test_bits_told_by_hand() -> None:
    # Six equally likely causes of slow internet; `devices` parts two that show on Wi-Fi only from the other four:
    # it tells H(1/3) = log2(3) - 2/3 bits
    book = manual(1, "slow_internet")
    assert book.entropy(book.everything) == pytest.approx(2.584962500721156)
    assert book.told(book.everything, "devices", 0) == pytest.approx(1.584962500721156 - 2 / 3)
    assert book.told(book.everything, "outage_map", 0) == 0.0


def test_readings_tell_causes_apart_that_symptoms_do_not() -> None:
    # What the manual is for: every two causes that begin alike show differently somewhere
    for complaint in ("no_internet", "slow_internet", "no_mobile", "high_bill"):
        causes = {truth & ALL for truth in manual(1, complaint).truths}
        shown = {
            tuple(observe(test, cause, 0) for test in (*READINGS, "cables", "pages", "signal")) for cause in causes
        }
        assert len(shown) == len(causes), complaint
    assert bits("outage", "line_cut") == BIT["outage"] | BIT["line_cut"]
