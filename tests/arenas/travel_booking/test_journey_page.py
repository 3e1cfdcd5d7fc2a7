"""The page of journeys and the code say the same."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
from pages import named, read_table

from lanista.arenas import Game
from lanista.arenas.travel_booking import arena
from lanista.arenas.travel_booking.journeys.calls import KINDS, tools
from lanista.arenas.travel_booking.journeys.phrases import _TOLD
from lanista.arenas.travel_booking.journeys.wishes import KINDS as WISHES
from lanista.arenas.travel_booking.journeys.words import SHOW

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "arenas" / "travel-journeys.md").read_text(encoding="utf-8")
OTHER = (ROOT / "docs" / "arenas" / "travel-booking.md").read_text(encoding="utf-8")
FOLDER = ROOT / "arenas" / "travel_booking" / "journeys"
EVENTS = {name: cells[1:] for cells in read_table(PAGE, "| kind | data | audience |") for name in named(cells[0])}


def test_every_call_is_on_the_page_and_no_other() -> None:
    table: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for kinds, calls, _ in read_table(PAGE, "| ask kind | call | what it does |"):
        for kind in KINDS if kinds == "all three" else named(kinds):
            table[kind].update(re.findall(r"`(\w+) \{", calls))
    assert table == {kind: set(tools(kind) or {}) for kind in KINDS}


def test_every_error_code_is_on_one_of_the_pages() -> None:
    listed = {code for page in (PAGE, OTHER) for row in read_table(page, "| status | code | when | whose |")
              for code in named(row[1])}  # fmt: skip
    source = " ".join("".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py")).split())
    written = set(re.findall(r'(?:refuse|error)\(\s?(?:\w+, )?seat, (?:tool|"\w+"), \d+, "(\w+)"', source))
    assert len(written) > 15
    assert written <= listed
    mine = {code for row in read_table(PAGE, "| status | code | when | whose |") for code in named(row[1])}
    assert mine <= written


@pytest.mark.parametrize("config", [{}, {"told": False, "error_rate": 0.4, "changes": 1.0}])
def test_every_event_is_on_the_page_with_its_data_and_audience(config: dict[str, Any]) -> None:
    for seed in range(12):
        game = Game(arena, seed, arena.configure(level="top", **config))
        rng = random.Random(seed)
        while not game.over:
            game.submit(game.to_act()[0], rng.choice(game.legal(game.to_act()[0])))
        episode = game.episode()
        for event, _ in [*episode.opening, *(pair for step in episode.steps for pair in step.events)]:
            if event.kind not in EVENTS:
                assert f"| `{event.kind}` |" in OTHER
                continue
            data, audience = EVENTS[event.kind]
            assert set(event.data) <= set(re.findall(r"\w+", data)), f"{event.kind} carries {set(event.data)}"
            assert (event.to == ()) == (audience == "nobody"), event.kind
            heard = audience.endswith("; everyone without `told`") and not config.get("told", True)
            assert (event.to is None) == heard, event.kind


def test_there_are_words_for_every_event_of_journeys_and_no_other() -> None:
    assert set(SHOW) == set(EVENTS)


def test_every_wish_has_three_wordings_and_stands_on_the_page() -> None:
    assert set(_TOLD) == set(WISHES)
    assert {name for row in read_table(PAGE, "| wish | about | value |") for name in named(row[0])} == set(WISHES)
    for kind, tellings in _TOLD.items():
        assert len({say(600 if kind in ("after", "before") else 3) for say in tellings}) == 3
