"""On journeys, too, what a seat was not told changes nothing that it receives; the laws of arenas hold at ``top``."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from lanista.arenas import Event, Game, Step
from lanista.arenas.core import conformance
from lanista.arenas.travel_booking import arena
from lanista.arenas.travel_booking.counterfactual import counterfactual
from lanista.arenas.travel_booking.rules import TravelRules

TOP = {"level": "top", "error_rate": 0.3, "drift": 0.4}


@pytest.mark.parametrize("config", [TOP, {**TOP, "told": False}])
def test_privacy_holds(config: dict[str, Any]) -> None:
    assert conformance.privacy(arena, 3, 7, **config) > 60


@pytest.mark.slow
@pytest.mark.parametrize("config", [TOP, {**TOP, "told": False}, {"level": "hard", "travellers": 2}])
def test_privacy_holds_over_many_games(config: dict[str, Any]) -> None:
    assert conformance.privacy(arena, 25, 70, **config) > 600


@pytest.mark.parametrize(
    ("kind", "leak"),
    [
        ("listed", lambda state: [offer.moved for offer in next(iter(state.case.lists.values()))]),
        ("listed", lambda state: state.case.careful),
        ("listed", lambda state: state.case.flex),
        ("listed", lambda state: [person.card for person in state.case.people]),
        ("filed", lambda state: state.terms.budget),
        ("filed", lambda state: state.case.ages),
        ("passed", lambda state: state.terms.goal),
        ("token", lambda state: state.key),
    ],
)
def test_a_planted_leak_is_found(kind: str, leak: Any) -> None:
    class Leaky(TravelRules):
        def play(self, state: Any, moves: Any) -> Step:
            step = super().play(state, moves)
            events = [Event(e.kind, {**e.data, "x": leak(state)}, e.to) if e.kind == kind else e for e in step.events]
            return Step(step.state, events)

    with pytest.raises(AssertionError, match="tells what is hidden"):
        conformance.privacy(replace(arena, rules=Leaky()), 40, 7, **TOP)


def test_other_worlds_differ_in_everything_hidden() -> None:
    differs: Counter[tuple[str, str]] = Counter()
    for seed in range(15):
        game = Game(arena, seed, arena.configure(**TOP))
        rng = random.Random(seed)
        while not game.over:
            (seat,) = game.to_act()
            ask = game.ask(seat)
            assert ask is not None
            moves = {seat: rng.choice(ask.choices)}
            for who in game.seats:
                other = counterfactual(game.state, moves, who, rng)
                if other is not None:
                    one, two = game.state.case, other[0].case
                    for name in ("careful", "lists", "rooms", "people", "hubs", "musts", "terms", "flex", "after"):
                        differs[who, name] += getattr(one, name) != getattr(two, name)
            game.submit(seat, str(moves[seat]))
    for who in ("search_0", "comparison_0", "booking_0"):
        for name in ("careful", "lists", "rooms", "people", "flex", "after", "musts"):
            assert differs[who, name], (who, name)
        assert bool(differs[who, "hubs"]) == (who != "comparison_0")
        assert bool(differs[who, "terms"]) == (who != "search_0")


LAWS = (
    conformance.pettingzoo, conformance.determinism, conformance.copies, conformance.any_reply,
    conformance.damaged_replies, conformance.legal_replies, conformance.ledger, conformance.penalties,
    conformance.ends, conformance.records, conformance.roles,
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_law_holds_at_the_top(law: Any) -> None:
    law(arena, 5, 0, level="top")


def test_replays_and_any_reply_hold_at_the_top() -> None:
    conformance.records(arena, 1, 0, level="top")
    conformance.any_reply(arena, 1, 0, level="top")
