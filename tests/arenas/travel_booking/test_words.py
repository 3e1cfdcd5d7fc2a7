"""What a seat is told of the time and the token is so when it is asked."""

from __future__ import annotations

import random
import re

import pytest

from lanista.arenas import Game
from lanista.arenas.travel_booking import arena
from lanista.arenas.travel_booking.state import clock

HEAD = re.compile(
    r"^(\w+), (\d\d:\d\dZ)(?:, (token until (\d\d:\d\dZ)|no token))?, turn (\d+) of (\d+): ", re.MULTILINE
)


@pytest.mark.parametrize("brief", ["full", "short"])
@pytest.mark.parametrize("traveller", ["simulated", "seat"])
def test_the_head_of_every_ask_is_the_present(brief: str, traveller: str) -> None:
    without = 0
    for seed in range(25):
        game = Game(arena, seed, arena.configure(level="hard", error_rate=0.3, brief=brief, traveller=traveller))
        rng = random.Random(seed)
        while not game.over:
            (seat,) = game.to_act()
            state, (head,) = game.state, HEAD.finditer(game.text(seat))
            assert head[1] == seat
            assert head[2] == clock(state)
            assert (int(head[5]), int(head[6])) == (state.turn + 1, state.limit)
            holds = state.minute < state.token_until
            if seat != "traveller_0":
                assert head[3] == (f"token until {clock(state, state.token_until)}" if holds else "no token")
                without += not holds
            assert not re.search(r"It is \d|token ends", game.text(seat)), "only the head tells the present"
            game.submit(seat, rng.choice(game.legal(seat)))
    assert without > 2, "tokens ended and were revoked"
