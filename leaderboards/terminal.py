"""A board in the terminal: rich tables. Names and texts of others are printed as they are, never as markup."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from lanista.leaderboards.board import Board
from lanista.leaderboards.tables import BoardTable, Entry, facts, notes, tables
from lanista.text import one_line


def show(board: Board, console: Console, *, brief: bool = False) -> None:
    """Print what the board is of, its verdict, its tables and its notes; ``brief``: up to the first table."""
    of = " · ".join(f"{name} {entry_text(entry)}" for name, entry in facts(board))
    console.print(_text(f"{board.arena} · {of}", style="dim"))
    console.print(_text(board.verdict, style="bold"))
    for table in tables(board):
        console.print(_Fitted(table))
        if brief:
            return
    for note in notes(board):
        console.print(_text(f"Note: {note}", style="dim"))


def entry_text(entry: Entry, split: bool = False) -> str:
    """``62% [51, 72]``, ``+17 points [+9, +25]``, ``3 (1.5%)``; ``split``: every part on a line of its own."""
    value, low, high, unit = entry.shown
    parts = [f"{value} {unit}" if unit else value]
    parts += [f"[{low}, {high}]"] if low is not None else []
    parts += [f"({entry.detail})"] if entry.detail else []
    parts = [one_line(part) for part in parts]
    return ("\n" if split else " ").join(parts)


def _text(text: str, style: str = "") -> Text:
    """A line as it is: no markup, no control characters."""
    return Text(one_line(text), style=style)


_ENDLESS = 10_000
"""Columns of a terminal in which nothing is wrapped."""


class _Fitted:
    """A table as wide as the terminal allows, no entry ever cut. Where it is too wide, first headers are set a word a
    line, then intervals go below their values, and last every line is set as lines of its own, each with its column's
    name.
    """

    def __init__(self, table: BoardTable) -> None:
        self.table = table
        self.title = f"{table.title}: {table.lead}"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        titles = [one_line(column.title) for column in self.table.columns]
        stacked = [title.replace(" ", "\n") for title in titles]
        whole, split = (
            [[entry_text(entry, how) for entry in line] for line in self.table.lines] for how in (False, True)
        )
        for columns, lines in ((titles, whole), (stacked, whole), (stacked, split)):
            made = self._rich(columns, lines)
            # The least width rich tells is not enough: in less than its full one it wraps some entries and crops others
            if Measurement.get(console, options.update(max_width=_ENDLESS), made).maximum <= options.max_width:
                yield _text(self.title, style="bold")
                yield made
                return
        yield _text(self.title, style="bold")
        for first, *rest in whole:
            yield _text(first, style="bold cyan")
            for title, text in zip(titles[1:], rest, strict=True):
                yield _text(f"  {title}: {text}")
        yield ""

    def _rich(self, titles: Sequence[str], lines: Sequence[Sequence[str]]) -> Table:
        made = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
        for title, column in zip(titles, self.table.columns, strict=True):
            made.add_column(Text(title), justify=column.align)
        for i, line in enumerate(lines):
            if i in self.table.groups and i:
                made.add_section()
            made.add_row(*map(Text, line))
        return made
