"""The page and the code say the same."""

from __future__ import annotations

import random
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from pages import named, number, read_table

from lanista.arenas import Game
from lanista.arenas.travel_booking import Config, arena
from lanista.arenas.travel_booking.calls import REASONS, tools
from lanista.arenas.travel_booking.config import LEVELS
from lanista.arenas.travel_booking.words import _WISHES as WISHES  # the one list of wishes there are words for
from lanista.arenas.travel_booking.words import TravelWords

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "arenas" / "travel-booking.md").read_text(encoding="utf-8")
SOURCES = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "arenas" / "travel_booking").glob("*.py"))


def test_the_weights_are_the_pages() -> None:
    table = {
        named(cells[0])[0]: cells[1:] for cells in read_table(PAGE, "| term | to | default | completion | amount |")
    }
    assert {name: number(cells[1]) for name, cells in table.items()} == dict(arena.weights())
    assert {name: number(cells[2]) for name, cells in table.items()} == dict(arena.weights("completion"))
    assert {name for name, cells in table.items() if cells[0] == "team"} == arena.team_terms


def test_the_config_keys_and_levels_are_the_pages() -> None:
    table = {named(cells[0])[0]: cells[1].strip("`") for cells in read_table(PAGE, "| key | default | meaning |")}
    assert list(table) == [f.name for f in fields(Config)]
    for f in fields(Config):
        assert table[f.name] == ("by level" if f.default is None else f.default or "none")
    (header,) = (line for line in PAGE.splitlines() if line.startswith("| level | horizon"))
    keys = [cell.strip() for cell in header.strip("|").split("|")][1:]
    for level, *values in read_table(PAGE, header):
        assert dict(zip(keys, map(float, values), strict=True)) == LEVELS[level.strip("`")]


def test_every_call_is_on_the_page_and_no_other() -> None:
    table: dict[str, set[str]] = {}
    for kinds, calls, _ in read_table(PAGE, "| ask kind | call | what it does |"):
        for kind in ("search", "comparison", "booking") if kinds == "all three" else named(kinds):
            table.setdefault(kind, set()).update(re.findall(r"`(\w+) \{", calls))
    assert table == {kind: set(tools(kind, 3)) for kind in ("search", "comparison", "booking", "answer", "tell")}


def test_every_error_code_is_on_the_page_and_no_other() -> None:
    table = read_table(PAGE, "| status | code | when | whose |")
    listed = {(int(status), code) for status, codes, *_ in table for code in named(codes)}
    calls = " ".join(SOURCES.split())  # however they are wrapped
    written = re.findall(r'(?:refuse|error)\(\s?\w+, seat, (?:tool|"\w+"), (\d+), "(\w+)"', calls)
    written += [("422", code) for code in re.findall(r'return "(\w+)", f"', SOURCES)]  # days that cannot be booked
    written += [("422", code) for code in re.findall(r'Unclear\("(\w+)"\)', SOURCES)]
    of_all_tools = [("400", "malformed_json"), ("400", "invalid_argument"), ("404", "no_such_tool")]
    assert listed == {(int(status), code) for status, code in (*written, *of_all_tools)}


def test_every_wish_is_on_the_page() -> None:
    assert {name for cells in read_table(PAGE, "| wish | product | value |") for name in named(cells[0])} == set(WISHES)


def test_every_reason_is_on_the_page() -> None:
    assert all(f'"{reason}"' in PAGE for reason in REASONS)


def test_every_metric_is_a_fact_on_the_page() -> None:
    facts = {name for cells in read_table(PAGE, "| fact | what it is |") for name in named(cells[0])}
    assert set(arena.metrics) <= facts
    game = Game(arena, 0)
    while not game.over:
        game.submit(game.to_act()[0], game.legal(game.to_act()[0])[-1])
    assert game.outcome is not None
    assert set(game.outcome.facts) == facts
    assert arena.success in facts


EVENTS = {name: cells[1:] for cells in read_table(PAGE, "| kind | data | audience |") for name in named(cells[0])}


@pytest.mark.parametrize("config", [{}, {"level": "hard", "traveller": "seat", "fickle": 1.0, "error_rate": 0.4}])
def test_every_event_is_on_the_page_with_its_data_and_audience(config: dict[str, Any]) -> None:
    for seed in range(30):
        game = Game(arena, seed, arena.configure(**config))
        rng = random.Random(seed)
        while not game.over:
            game.submit(game.to_act()[0], rng.choice(game.legal(game.to_act()[0])))
        episode = game.episode()
        for event, _ in [*episode.opening, *(pair for step in episode.steps for pair in step.events)]:
            data, audience = EVENTS[event.kind]
            if event.kind != "charged":
                assert set(event.data) <= set(re.findall(r"\w+", data)), f"{event.kind} carries {set(event.data)}"
            assert (event.to is None) == (audience == "everyone"), event.kind
            assert (event.to == ()) == (audience == "nobody"), event.kind


def test_there_are_words_for_every_event_on_the_page() -> None:
    from lanista.arenas.travel_booking.words import _SHOW

    assert set(_SHOW) == set(EVENTS)
    assert isinstance(arena.words, TravelWords)
