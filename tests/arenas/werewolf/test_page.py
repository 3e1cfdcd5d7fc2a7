"""The rules page and the code say the same."""

from __future__ import annotations

import random
import re
from dataclasses import fields
from pathlib import Path

import pytest
from pages import number, rows

from lanista.arenas import Game
from lanista.arenas.werewolf import Config, arena

PAGE = (Path(__file__).parents[3] / "docs" / "arenas" / "werewolf.md").read_text(encoding="utf-8")


OPTIONS = {
    "players": 10,
    "roles": ("seer", "bodyguard", "witch", "hunter", "possessed", "medium"),
    "reveal_on_death": False,
    **dict.fromkeys(("abstention", "last_words", "sequential_votes", "nomination", "mayor", "bidding"), True),
}
"""Every kind of event and ask comes up at this table."""


def test_the_weights_are_the_pages() -> None:
    table = rows(PAGE, "| term | to | weight | amount |")
    assert {name: number(cells[1]) for name, cells in table.items()} == dict(arena.weights())
    assert {name for name, cells in table.items() if cells[0] == "team"} == arena.team_terms


def test_the_config_keys_are_the_pages() -> None:
    table = rows(PAGE, "| key | default | meaning |")
    assert set(table) == {f.name for f in fields(Config)}
    made = Config()
    for f in fields(Config):
        said = table[f.name][0].strip("`")
        assert said == str(getattr(made, f.name)).lower() or (f.default is None and said.startswith("by "))


def test_default_decks_are_the_pages() -> None:
    table = rows(PAGE, "| players | deck | village wins | days a game |")
    for players in range(5, 21):
        deck = ", ".join(f"{count} {role}" for role, count in arena.configure(players=players).deck.items())
        assert table[str(players)][0].replace("villagers", "villager").replace("werewolves", "werewolf") == deck


@pytest.mark.parametrize("seed", range(10))
def test_every_event_and_ask_is_on_the_page(seed: int) -> None:
    events, asks = rows(PAGE, "| kind | data | audience |"), rows(PAGE, "| ask kind | who | a complete reply |")
    config = OPTIONS if seed % 2 else {"players": 12}
    game = Game(arena, seed, arena.configure(**config))
    rng = random.Random(seed)
    while not game.over:
        for seat in game.to_act():
            ask = game.ask(seat)
            assert ask is not None
            assert ask.kind in asks
            game.submit(seat, rng.choice(game.legal(seat)))
    episode = game.episode()
    for event, _ in [*episode.opening, *(pair for step in episode.steps for pair in step.events)]:
        data, audience = events[event.kind]
        assert set(event.data) <= set(re.findall(r"`(\w+)`", data)), f"{event.kind} carries {set(event.data)}"
        assert (event.to is None) == (audience == "everyone"), event.kind
