"""One table, two renderers: a page and a terminal show the same entries of the same board, whoever it is of."""

from __future__ import annotations

import io
import json
import random
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from lanista.leaderboards import page, tables, terminal
from lanista.leaderboards.board import Board, of_rows
from lanista.leaderboards.tables import Entry, Shown, written
from lanista.stats import Interval
from lanista.store import GameRow, TurnStats
from lanista.text import plain


def row(block: int, one: str, other: str, won: bool, **changed: Any) -> GameRow:
    made = GameRow(
        id=f"{block}-{one}-{other}",
        block=block,
        arena="toy",
        hash="h",
        config={"size": 3},
        preset="default",
        seed=block,
        players={"p0": one, "p1": other},
        roles={"p0": "wolf", "p1": "lamb"},
        teams={"pack": ["p0"], "herd": ["p1"]},
        winner="pack" if won else "herd",
        scores={"pack": float(won), "herd": float(not won)},
        returns={},
    )
    return replace(made, **changed)


EVIL = "</td><b>[bold]x[/]\x1b[31m\u202e{{ board }} (1) [2, 3]"


def versus() -> Board:
    names = ["alpha", EVIL, "gamma"]
    rng = random.Random(0)
    rows = [row(b, i, j, rng.random() < 0.6) for b in range(12) for i in names for j in names if i != j]
    counts = {
        name: TurnStats(
            agent=name,
            games=1,
            decisions=12_345,
            illegal=67 * i,
            fallbacks=i,
            forfeits={"raised <ValueError>": i} if i else {},
            latency_p50_s=0.25,
            latency_p95_s=4e-5,
            tokens_in=1_000_000 if i == 1 else None,
        )
        for i, name in enumerate(names)
    }
    return of_rows(rows, counts)


def cooperative() -> Board:
    rng = random.Random(1)
    rows = [
        row(
            b,
            name,
            name,
            True,
            id=f"{b}{name}{r}",
            teams={"crew": ["p0", "p1"]},
            scores={"crew": rng.random()},
            facts={"well_done": rng.random() < 0.5, "turns": rng.randrange(9), "same": 3},
        )
        for b in range(9)
        for name in ("alpha", EVIL)
        for r in range(3)
    ]
    metrics = {"well_done": "cases <b>done</b>", "turns": "turns it took", "same": "what never varies"}
    return of_rows(rows, {}, metrics=metrics, success="well_done")


class Cells(HTMLParser):
    """The texts of a page's tables: by section, line by line, without what stands there as a note."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, list[list[list[str]]]] = {}
        self._section: str | None = None
        self._open = False
        self._note = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "section":
            self._section = given.get("id")
        elif tag == "tr" and self._section is not None:
            self.found.setdefault(self._section, []).append([])
        elif tag in ("td", "th") and self._section is not None:
            self.found[self._section][-1].append([])
            self._open = True
        elif tag == "small":
            self._note = given.get("class") == "note"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._open = False
        elif tag == "small":
            self._note = False

    def handle_data(self, data: str) -> None:
        if self._open and not self._note and self._section is not None:
            self.found[self._section][-1][-1].append(data)


class NoGames:
    def games(self) -> list[GameRow]:
        return []

    def records(self, ids: Any, on_damage: Any) -> Any:
        return iter(())


def on_page(board: Board) -> dict[str, list[list[str]]]:
    """Every line of every table of the page, entries written as in a terminal."""
    found = Cells(page.render(board, NoGames())).found
    return {key: [[" ".join("".join(cell).split()) for cell in line] for line in lines] for key, lines in found.items()}


def in_page_words(entry: Entry) -> str:
    value, low, high, unit = entry.shown
    ends = "" if low is None else f"{low} to {high}"
    return " ".join(plain(f"{value} {unit}{ends}{entry.detail}".replace(" " * 2, " ")).split())


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("made", [versus, cooperative])
def test_both_renderers_show_the_same_entries(made: Any) -> None:
    board = made()
    shown = on_page(board)
    console = Console(width=1000, record=True, file=io.StringIO())
    terminal.show(board, console)
    printed = console.export_text().splitlines()
    listed = list(tables.tables(board))
    assert list(shown) == [table.key for table in listed]
    for table in listed:
        heads, *lines = shown[table.key]
        assert [squeezed(head) for head in heads] == [squeezed(plain(column.title)) for column in table.columns]
        assert len(lines) == len(table.lines)
        for line, entries in zip(lines, table.lines, strict=True):
            assert [squeezed(cell) for cell in line] == [squeezed(in_page_words(entry)) for entry in entries]
            text = squeezed("".join(plain(terminal.entry_text(entry)) for entry in entries))
            assert text in {squeezed(printed_line) for printed_line in printed}, text


@pytest.mark.parametrize("made", [versus, cooperative])
def test_every_number_of_the_model_is_in_both(made: Any) -> None:
    board = made()
    console = Console(width=1000, record=True, file=io.StringIO())
    terminal.show(board, console)
    text = console.export_text()
    cells = Counter(cell for lines in on_page(board).values() for line in lines for cell in line)
    assert sum(cells.values()) > 40
    for table in tables.tables(board):
        for entry in (entry for line in table.lines for entry in line):
            assert plain(entry.shown.value) in text
            if entry.shown.low is not None:
                assert f"[{entry.shown.low}, {entry.shown.high}]" in text
    for note in tables.notes(board):
        assert squeezed(plain(note)) in squeezed(text)


def test_a_name_is_only_a_name_on_the_page() -> None:
    text = page.render(versus(), NoGames(), {"command": EVIL, EVIL: {EVIL: EVIL}})
    assert "</td><b>[bold]" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "&lt;/td&gt;&lt;b&gt;[bold]x[/]\u241b[31m\u27e8U+202E\u27e9{{ board }}" in text


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        (Interval(0.616, 0.514, 0.72), "rate", Shown("62%", "51", "72")),
        (Interval(float("nan"), 0.0, 1.0), "rate", Shown("–")),
        (None, "rating", Shown("–")),
        (Interval(1543.7, 1498.2, 1590.0), "rating", Shown("1544", "1498", "1590")),
        (Interval(-0.001, -0.02, 0.64), "logits", Shown("+0.00", "-0.02", "+0.64")),
        (Interval(0.17, 0.09, 0.25), "rate_gap", Shown("+17", "+9", "+25", "points")),
        (Interval(-0.001, -0.35, 0.35), "rate_gap", Shown("+0", "-35", "+35", "points")),
        (Interval(3.0, -float("inf"), float("inf")), "number", Shown("3")),
        (1234567, "count", Shown("1,234,567")),
        (True, "yes", Shown("yes")),
        (0.0032, "seconds", Shown("3.2 ms")),
        ("1,5 [x]", "text", Shown("1,5 [x]")),
    ],
)
def test_values_in_writing(value: Any, kind: Any, shown: Shown) -> None:
    assert written(value, kind) == shown


@settings(max_examples=50, deadline=None)
@given(st.floats(-1e9, 1e9), st.sampled_from(["logits", "score_gap", "number_gap", "rate_gap"]))
def test_nothing_has_no_sign_that_says_otherwise(x: float, kind: Any) -> None:
    text = written(Interval(x, x, x), kind).value
    assert text[0] in "+-"
    assert (text[0] == "-") == (float(text.replace(",", "")) < 0)


def test_boards_stay_json() -> None:
    assert json.loads(versus().to_json())["games"] == 72
