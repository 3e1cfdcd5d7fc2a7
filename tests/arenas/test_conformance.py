"""Every law holds on an arena that keeps it, and catches an arena that breaks it."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from auction import SEATS, WEIGHTS, Rewards, Rules, Words, make_arena

from lanista.arenas import Ask, Event, Step, Term, conformance


@pytest.mark.parametrize("law", conformance.LAWS)
def test_the_auction_keeps_every_law(law: str) -> None:
    conformance.LAWS[law](make_arena(), 5, 0)


class TellsValues(Rules):
    """Tells everybody what the prize is worth to the last seat."""

    def play(self, state: Any, moves: Any) -> Step:
        step = super().play(state, moves)
        return step._replace(events=[*step.events, Event("value", {"seat": "player_3", "value": state.values[3]})])


class OrdersByValue(Rules):
    """Lists a seat's choices in an order that depends on another seat's value."""

    def ask(self, state: Any, seat: str) -> Ask:
        ask = super().ask(state, seat)
        return replace(ask, choices=ask.choices[::-1]) if state.values[3] % 2 and seat != "player_3" else ask


class OpensTooMuch(Rules):
    def opening(self, state: Any) -> list[Event]:
        return [event._replace(to=None) for event in super().opening(state)]


@pytest.mark.parametrize("rules", [TellsValues(), OrdersByValue(), OpensTooMuch()], ids=lambda r: type(r).__name__)
def test_a_leak_is_caught(rules: Rules) -> None:
    with pytest.raises(AssertionError, match="tells what is hidden"):
        conformance.privacy(make_arena(rules=rules), 3, 0)


def test_alike_that_never_gives_a_pair_is_no_test() -> None:
    with pytest.raises(AssertionError, match="never gave a pair"):
        conformance.privacy(make_arena(alike=lambda *_: None), 1, 0)


class GlobalChance(Rules):
    def play(self, state: Any, moves: Any) -> Step:
        return super().play(replace(state, key=random.getrandbits(63)), moves)


def test_global_chance_is_caught() -> None:
    with pytest.raises(AssertionError, match="interleaved"):
        conformance.determinism(make_arena(rules=GlobalChance()), 5, 0)


class Raises(Words):
    def read(self, ask: Ask, reply: str) -> Any:
        return int(reply.split(":")[1])


def test_a_reader_that_raises_is_caught() -> None:
    with pytest.raises((ValueError, IndexError)):
        conformance.any_reply(make_arena(words=Raises()), 3, 0)


class Hears(Words):
    """Reads whatever begins like a bid, as a move that is none."""

    def read(self, ask: Ask, reply: str) -> Any:
        return -1 if reply.startswith("b") and len(reply) < len("bid: 0") else super().read(ask, reply)


class AsksAgain(Rules):
    """Starts the round anew until nobody has made a slip."""

    def play(self, state: Any, moves: Any) -> Step:
        return Step(state, []) if -1 in moves.values() else super().play(state, moves)


def test_a_game_that_a_clumsy_seat_never_ends_is_caught() -> None:
    with pytest.raises(AssertionError, match="stated bound"):
        conformance.damaged_replies(make_arena(rules=AsksAgain(), words=Hears()), 5, 0)


class Unweighted(Rewards):
    def terms(self, *args: Any) -> list[Term]:
        return [*super().terms(*args), Term("surprise", SEATS[0], 1.0)]


def test_a_term_without_weight_is_caught() -> None:
    with pytest.raises((AssertionError, KeyError)):
        conformance.ledger(make_arena(rewards=Unweighted()), 1, 0)


def test_a_cheap_illegal_reply_is_caught() -> None:
    arena = make_arena(presets={"default": {**WEIGHTS, "illegal_reply": -1.0}})
    with pytest.raises(AssertionError, match="worst legal"):
        conformance.penalties(arena, 20, 0)


def test_a_wrong_bound_is_caught() -> None:
    with pytest.raises(AssertionError, match="stated bound"):
        conformance.ends(make_arena(turns_bound=lambda config: 3), 1, 0)


class Deaf(Words):
    def read(self, ask: Ask, reply: str) -> Any:
        return 0


def test_replies_that_do_not_read_back_are_caught() -> None:
    with pytest.raises(AssertionError, match="reads as"):
        conformance.legal_replies(make_arena(words=Deaf()), 1, 0)
