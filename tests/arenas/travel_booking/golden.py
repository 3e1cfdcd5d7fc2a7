"""Golden transcripts: games as each seat saw them. ``python tests/arenas/travel_booking/golden.py`` writes them.

``new-york-london`` is told by hand: the date the American way, then the right calls. ``hard`` is the planner's game of
one seed, with faults, a change of mind and the traveller in a seat. ``top`` is the scripted expert's journey.
Read them after every change: would a person in this seat know what happened and what to do?
"""

from __future__ import annotations

from pathlib import Path

from lanista.agents.travel_booking.expert import TravelExpert
from lanista.arenas import Game
from lanista.arenas.travel_booking import arena
from lanista.play.runner import GameSpec, play

FOLDER = Path(__file__).parent / "golden"

NEW_YORK_LONDON = (
    'date {"text": "next Tuesday", "city": "NYC"}',
    'date {"text": "the Friday after", "city": "NYC", "after": "2025-11-11"}',
    'search_flights {"from": "NYC", "to": "LON", "depart": "11-11-2025", "return": "11-14-2025"}',
    'search_flights {"from": "NYC", "to": "LON", "depart": "2025-11-11", "return": "2025-11-14", "sort": "price"}',
    'shortlist {"options": ["F2", "F4", "F1"]}',
    "profile {}",
    'quote {"options": ["F2", "F4", "F1"]}',
    'rank {"trips": [["F2"], ["F4"]], "because": ["cheapest", "within_budget"]}',
    'hold {"option": "F2"}',
    'confirm {"holds": ["K1"], "total": 520}',
    'book {"hold": "K1", "key": "k1"}',
    "done {}",
)
HARD = {"level": "hard", "split": "test", "error_rate": 0.3, "fickle": 1.0, "infeasible": 0.0, "traveller": "seat"}
HARD_SEED = 11
TOP_SEED = 5


def new_york_london() -> Game:
    """The game of the hand-told case."""
    game = Game(arena, 0, arena.configure(scenario="new-york-london"))
    for reply in NEW_YORK_LONDON:
        (seat,) = game.to_act()
        game.submit(seat, reply)
    return game


def hard() -> Game:
    """A hard game in which the planner calls and the traveller's seat answers as the simulated one would."""
    from lanista.arenas.travel_booking.planner import next_call

    game = Game(arena, HARD_SEED, arena.configure(**HARD))
    while not game.over:
        (seat,) = game.to_act()
        state = game.state
        move = game.arena.rules.fallback(state, seat) if state.pending else next_call(state)
        game.submit(seat, str(move))
    return game


def top() -> Game:
    """A journey as the scripted expert plays it: told seat by seat, moved after booking."""
    config = arena.configure(level="top", split="test", changes=1.0, expiring=1.0, infeasible=0.0)
    games: list[Game] = []
    seating = dict.fromkeys(arena.rules.seats(config), TravelExpert())
    spec = GameSpec(id="top", arena=arena, seed=TOP_SEED, config=config, seating=seating)
    play([spec], on_game=lambda spec, game: games.append(game))
    return games[0]


def transcripts() -> dict[str, str]:
    """File name → text: the whole view of every seat, and what is seen from above."""
    views = {}
    for name, game in (("new-york-london", new_york_london()), ("hard", hard()), ("top", top())):
        for seat in game.seats:
            views[f"{name}.{game.role(seat)}.txt"] = game.history(seat) + "\n"
        views[f"{name}.above.txt"] = "\n".join(game.log()) + "\n"
    return views


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, text in transcripts().items():
        (FOLDER / file).write_text(text, encoding="utf-8")
