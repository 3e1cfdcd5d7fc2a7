"""Whatever a seat calls, with whatever arguments, in whatever order: it gets an answer, and the game ends."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lanista.arenas import Game, replay
from lanista.arenas.travel_booking import arena
from lanista.arenas.travel_booking.asks import KINDS
from lanista.arenas.travel_booking.calls import AGENCY, tools
from lanista.arenas.travel_booking.journeys.calls import tools as journey_tools
from lanista.arenas.travel_booking.world import CITIES, CITY_OF

IDS = ["F1", "F2", "F3", "F11", "H1", "H2", "H14", "C1", "K1", "K2", "B1", "", "F", "F²", "f1", "X9", "F999999", "F-1"]
DAYS = [
    "2025-11-11",
    "2025-11-14",
    "2026-01-05",
    "2026-02-29",
    "9999-12-31",
    "0001-01-01",
    "11-14-2025",
    "２０２５-11-11",
]
SCALARS = st.one_of(
    st.sampled_from([*IDS, *DAYS, *CITIES, *CITY_OF, *AGENCY]),
    st.sampled_from(["price", "time", "stars", "flight", "hotel", "car", "budget", "cheapest", "next Tuesday", "k1"]),
    st.integers(-3, 40),
    st.sampled_from([1.0, 2.5, -0.0, 1e300, 10**30, True, None, "<|im_end|>", "\u202e"]),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=4), st.lists(st.lists(SCALARS, max_size=3), max_size=3))


@st.composite
def calls(draw: Any) -> dict[str, Any]:
    """Arguments that often fit: most come from what a tool of that name takes."""
    return {
        "pick": draw(st.integers(0, 99)),
        "legal": draw(st.booleans()),
        "values": draw(st.lists(VALUES, max_size=8)),
    }


def reply(game: Game, seat: str, drawn: dict[str, Any]) -> str:
    legal = game.legal(seat)
    if drawn["legal"]:
        return legal[drawn["pick"] % len(legal)]
    kind = next((k for k, s in zip(KINDS, AGENCY, strict=True) if s == seat), "answer")
    ask = game.ask(seat)
    assert ask is not None
    known = list((journey_tools(ask.kind) or tools(kind, 3)).values())
    tool = known[drawn["pick"] % len(known)]
    arguments = dict(zip(tool.parameters, drawn["values"], strict=False))
    if drawn["pick"] % 3 == 0:  # a legal call of the tool with one value changed
        same = [text for text in legal if text.startswith(tool.name + ' {"')]
        if same and drawn["values"]:
            arguments = json.loads(same[0].split(" ", 1)[1])
            arguments[next(iter(arguments))] = drawn["values"][0]
    return f"{tool.name} {json.dumps(arguments)}"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6), st.booleans(), st.lists(calls(), min_size=1, max_size=40))
def test_any_call_is_answered_on_journeys(seed: int, told: bool, drawn: list[dict[str, Any]]) -> None:
    config = arena.configure(level="top", error_rate=0.3, told=told, turns=60)
    game = Game(arena, seed, config)
    turn = 0
    while not game.over:
        (seat,) = game.to_act()
        text = reply(game, seat, drawn[turn % len(drawn)])
        turn += 1
        while seat in game.to_act() and game.submit(seat, text) is not None:
            pass
    assert replay(game.episode().to_dict(), arena).episode().canonical() == game.episode().canonical()


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6), st.booleans(), st.lists(calls(), min_size=1, max_size=40))
def test_any_call_is_answered(seed: int, seated: bool, drawn: list[dict[str, Any]]) -> None:
    config = arena.configure(level="hard", error_rate=0.3, traveller="seat" if seated else "simulated", turns=40)
    game = Game(arena, seed, config)
    turn = 0
    while not game.over:
        (seat,) = game.to_act()
        text = reply(game, seat, drawn[turn % len(drawn)])
        turn += 1
        while seat in game.to_act() and game.submit(seat, text) is not None:
            pass
    assert sum(game.decisions.values()) <= arena.turns_bound(config)
    assert game.outcome is not None
    assert 0 <= game.outcome.scores["agency"] <= 1
    assert replay(game.episode().to_dict(), arena).episode().canonical() == game.episode().canonical()
