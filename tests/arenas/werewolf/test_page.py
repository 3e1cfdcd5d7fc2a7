"""The rules page and the code say the same."""

from __future__ import annotations

import random
import re
from dataclasses import fields
from pathlib import Path

import pytest

from lanista.arenas import Game
from lanista.arenas.werewolf import Config, arena

PAGE = (Path(__file__).parents[3] / "docs" / "arenas" / "werewolf.md").read_text(encoding="utf-8")


def rows(header: str) -> dict[str, list[str]]:
    """The cells of the table with this header line, by the names in their first cell (``a`` / ``b`` is two)."""
    found: dict[str, list[str]] = {}
    lines = iter(PAGE.splitlines())
    assert any(line == header for line in lines), f"the page has no table {header}"
    next(lines)
    for line in lines:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        for name in re.findall(r"`(\w+)`", cells[0]) or [cells[0]]:
            found[name] = cells[1:]
    return found


def test_the_weights_are_the_pages() -> None:
    table = rows("| term | to | weight | amount |")
    assert {name: float(cells[1].replace("−", "-")) for name, cells in table.items()} == dict(arena.weights())
    assert {name for name, cells in table.items() if cells[0] == "team"} == arena.team_terms


def test_the_config_keys_are_the_pages() -> None:
    table = rows("| key | default | meaning |")
    assert set(table) == {f.name for f in fields(Config)}
    for f in fields(Config):
        assert table[f.name][0].strip("`") in (str(f.default).lower(), "by players")


def test_default_decks_are_the_pages() -> None:
    table = rows("| players | deck | village wins | days a game |")
    for players in range(5, 21):
        deck = ", ".join(f"{count} {role}" for role, count in arena.configure(players=players).deck.items())
        assert table[str(players)][0].replace("villagers", "villager").replace("werewolves", "werewolf") == deck


@pytest.mark.parametrize("seed", range(10))
def test_every_event_and_ask_is_on_the_page(seed: int) -> None:
    events, asks = rows("| kind | data | audience |"), rows("| ask kind | who | a complete reply |")
    game = Game(arena, seed, arena.configure(players=12, reveal_on_death=bool(seed % 2)))
    rng = random.Random(seed)
    while not game.over:
        for seat in game.owed():
            ask = game.ask(seat)
            assert ask is not None
            assert ask.kind in asks
            game.submit(seat, rng.choice(game.legal(seat)))
    episode = game.episode()
    for event, _ in [*episode.opening, *(pair for step in episode.steps for pair in step.events)]:
        data, audience = events[event.kind]
        assert set(event.data) <= set(re.findall(r"`(\w+)`", data)), f"{event.kind} carries {set(event.data)}"
        assert (event.to is None) == (audience == "everyone"), event.kind
