"""Tables laid by hand: ``start`` deals given roles, ``play`` plays moves given by seat number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from lanista.arenas import Step
from lanista.arenas.werewolf.deck import SEATS, SPECIAL, WEREWOLF, Config
from lanista.arenas.werewolf.rules import State, WerewolfRules, begin, table_of

Start = Callable[..., State]
Play = Callable[..., Step]

SHORT = {
    "W": "werewolf",
    "v": "villager",
    "s": "seer",
    "d": "doctor",
    "w": "witch",
    "h": "hunter",
    "p": "possessed",
    "m": "medium",
    "b": "bodyguard",
}


@pytest.fixture
def start() -> Start:
    """``start("WWsdwhv")``: a game whose seat i holds the i-th role; no discussion unless asked for."""

    def lay(cards: str, key: int = 0, **config: Any) -> State:
        roles: Sequence[str] = [SHORT[card] for card in cards]
        special = tuple(role for role in SPECIAL if role in roles)
        settings = {"discussion_rounds": 0, **config}
        return begin(
            table_of(Config(players=len(roles), wolves=roles.count(WEREWOLF), roles=special, **settings), roles),
            key,
        )

    return lay


@pytest.fixture
def play() -> Play:
    """``play(state, {0: Kill(...)})``: the step after these moves; who is left out plays its fallback."""
    rules = WerewolfRules()

    def one(state: State, moves: Mapping[int, Any]) -> Step:
        owed = rules.to_act(state)
        assert {SEATS[i] for i in moves} <= set(owed), f"{moves} are not all owed; {owed} are"
        chosen = {seat: moves.get(int(seat[7:]), rules.fallback(state, seat)) for seat in owed}
        for seat, move in chosen.items():
            ask = rules.ask(state, seat)
            assert not ask.complete or move in ask.choices, f"{seat} may not {move}"
        return rules.play(state, chosen)

    return one
