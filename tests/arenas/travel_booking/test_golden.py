"""The golden transcripts are what the arena still says; ``golden.py`` writes them anew."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from lanista.arenas import Game

HERE = Path(__file__).parent
GOLDEN: dict[str, Any] = runpy.run_path(str(HERE / "golden.py"))
VIEWS: dict[str, str] = GOLDEN["transcripts"]()


@pytest.mark.parametrize("file", VIEWS)
def test_the_view_is_the_golden_one(file: str) -> None:
    golden = (HERE / "golden" / file).read_text(encoding="utf-8")
    assert VIEWS[file] == golden, "the wording changed: run golden.py, and read what it wrote"


def test_the_american_date_costs_twenty_and_the_layover_is_right() -> None:
    """New York to London: -20 for MM-DD-YYYY to the seat that wrote it, +50 for the 520 with a stop, to all."""
    game: Game = GOLDEN["new_york_london"]()
    terms = [(number, tuple(term)) for number, step in enumerate(game.steps) for term in step.terms]
    assert terms == [(2, ("api_error", "search_0", 1.0)), (11, ("booked", "agency", 1.0))]
    assert game.returns == {"search_0": 30.0, "comparison_0": 50.0, "booking_0": 50.0}
    assert game.outcome is not None
    assert (game.outcome.facts["paid"], game.outcome.facts["success"]) == (520, True)
    assert "must be a date in ISO 8601, YYYY-MM-DD, not '11-11-2025'" in VIEWS["new-york-london.search.txt"]


def test_what_is_hidden_is_seen_from_above_alone() -> None:
    for file, text in VIEWS.items():
        for secret in ("The best trip costs", "The best journey costs", "meets an injected fault"):
            assert secret not in text or ".above." in file
    assert "The best trip costs 520." in VIEWS["new-york-london.above.txt"]
    assert "meets an injected fault" in VIEWS["hard.above.txt"]


def test_the_hard_game_has_everything_in_it() -> None:
    kinds = {event.kind for step in GOLDEN["hard"]().steps for event, _ in step.events}
    assert {"fault", "error", "changed", "proposed", "answered", "booked", "held", "found", "end"} <= kinds


def test_the_journey_has_everything_in_it() -> None:
    game: Game = GOLDEN["top"]()
    kinds = {event.kind for step in game.steps for event, _ in step.events}
    assert {"said", "listed", "passed", "filed", "bordered", "priced", "kept", "agreed", "booked", "returned"} <= kinds
    assert game.outcome is not None
    assert game.outcome.facts["success"]
    assert "Travellers:" not in VIEWS["top.comparison.txt"], "nobody spoke to comparison_0"
