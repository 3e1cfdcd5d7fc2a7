"""A board in the terminal: rich tables. Names and texts of others are printed as they are, never as markup."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from lanista.leaderboards.board import Board, Line
from lanista.stats import Interval
from lanista.text import plain


def show(board: Board, console: Console, *, brief: bool = False) -> None:
    """Print the verdict, the ratings, win rates per role, pay-offs and how agents behaved; ``brief``: the first two."""
    plays = f"{board.games} games over {board.blocks} seed{'s' * (board.blocks != 1)}"
    console.print(_text(f"{board.arena} · {plays} · hash {board.hash} · preset {board.preset}", style="dim"))
    console.print(_text(board.verdict, style="bold"))
    console.print(_ratings(board))
    if brief:
        return
    if board.roles:
        console.print(_roles(board))
    if board.payoff and len(board.lines) > 1:
        console.print(_payoff(board))
    if board.facts:
        console.print(_facts(board))
    if any(line.k > 1 for line in board.passes):
        console.print(_passes(board))
    if board.kind == "scores" and board.pairs:
        console.print(_pairs(board))
    console.print(_behaviour(board))
    for cycle in board.cycles:
        console.print(
            _text(f"Cycle: {' beats '.join([*cycle, cycle[0]])}: no single order of these fits.", style="yellow")
        )
    for note in board.notes:
        console.print(_text(f"Note: {note}", style="dim"))


def percent(rate: Interval) -> str:
    """``62% [51, 72]``."""
    if math.isnan(rate.value):
        return "–"
    return f"{100 * rate.value:.0f}% [{100 * rate.low:.0f}, {100 * rate.high:.0f}]"


def points(rating: Interval | None) -> str:
    """``1544 [1498, 1590]``."""
    return "–" if rating is None else f"{rating.value:.0f} [{rating.low:.0f}, {rating.high:.0f}]"


def logits(strength: Interval | None) -> str:
    """``+0.31 [-0.02, +0.64]``."""
    return (
        "–"
        if strength is None
        else f"{strength.value:+.2f} [{strength.low:+.2f}, {strength.high:+.2f}]".replace("-0.00", "+0.00")
    )


def ranks(line: Line) -> str:
    """``1`` or ``1 to 3``: the ranks that are left open."""
    return str(line.rank_low) if line.rank_low == line.rank_high else f"{line.rank_low} to {line.rank_high}"


def setup(board: Board) -> str | None:
    """What the sides are worth, in words; None where there are not two or they cannot be told."""
    if board.kind != "versus":
        return None
    wins = ", ".join(f"{team} {percent(board.team_wins[team])}" for team in board.teams)
    draws = f", {board.draws} draws" if board.draws else ""
    return f"games won by side: {wins}{draws}"


def _text(text: str, style: str = "") -> Text:
    """A text as it is: no markup, no control characters."""
    return Text(plain(text), style=style)


_ENDLESS = 10_000
"""Columns of a terminal in which nothing is wrapped."""


class _Table:
    """Rows under columns, no cell ever cut. Where they are too wide for the terminal, first headers are set a word a
    line, then intervals go below their values, and last every row is set as lines of its own, each with its column's
    name. The first column names the row.
    """

    def __init__(self, title: str, *columns: str, caption: str | None = None) -> None:
        self.title, self.columns, self.caption = title, columns, caption
        self.rows: list[tuple[str, ...]] = []
        self.sections: set[int] = set()

    def add(self, *cells: str) -> None:
        self.rows.append(cells)

    def section(self) -> None:
        """A rule after the last row."""
        self.sections.add(len(self.rows))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        headers = [column.replace(" ", "\n") for column in self.columns]
        split = [tuple(cell.replace(" [", "\n[") for cell in row) for row in self.rows]
        for columns, rows in ((self.columns, self.rows), (headers, self.rows), (headers, split)):
            table = self._table(columns, rows)
            # The least width rich tells is not enough: in less than its full one it wraps some cells and crops others.
            if Measurement.get(console, options.update(max_width=_ENDLESS), table).maximum <= options.max_width:
                yield table
                return
        yield from self._stacked()

    def _table(self, columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Table:
        table = Table(
            title=_text(self.title),
            title_justify="left",
            title_style="bold",
            caption=None if self.caption is None else _text(self.caption),
            caption_justify="left",
            box=box.SIMPLE_HEAD,
            pad_edge=False,
            collapse_padding=True,
        )
        for i, column in enumerate(columns):
            table.add_column(_text(column), justify="left" if i == 0 else "right")
        for i, row in enumerate(rows):
            if i in self.sections:
                table.add_section()
            table.add_row(*map(_text, row))
        return table

    def _stacked(self) -> RenderResult:
        yield _text(self.title, style="bold")
        for first, *rest in self.rows:
            yield _text(first, style="bold cyan")
            for column, cell in zip(self.columns[1:], rest, strict=True):
                yield _text(f"  {column}: {cell}")
        if self.caption is not None:
            yield _text(self.caption, style="dim")
        yield ""


def _ratings(board: Board) -> _Table:
    versus = board.kind == "versus"
    level = f"{board.level:.0%}"
    grouped = len({line.group for line in board.lines}) > 1
    columns = [
        "agent",
        "rank",
        "rank interval",
        *(["rating"] if versus else []),
        "win rate" if versus else "mean score",
    ]
    columns += [f"as {team}" for team in board.teams] if versus else []
    columns += [*(["group"] if grouped else []), "games"]
    table = _Table(f"Ratings, {level} intervals" if versus else f"Scores, {level} intervals", *columns)
    for line in board.lines:
        cells = [line.agent, str(line.rank), ranks(line)]
        cells += [points(line.rating)] if versus else []
        cells += [percent(line.score)]
        cells += [percent(line.sides[t]) if t in line.sides else "–" for t in board.teams] if versus else []
        cells += [*([str(line.group + 1)] if grouped else []), str(line.games)]
        table.add(*cells)
    table.caption = setup(board)
    return table


def _roles(board: Board) -> _Table:
    shown = any(line.strength is not None for line in board.roles)
    columns = ["role", "agent", "team's win rate" if board.kind == "versus" else "team's score", "games"]
    table = _Table("By role", *columns, *(["strength (logits)"] if shown else []))
    last = None
    for line in board.roles:
        if last is not None and last != line.role:
            table.section()
        cells = [line.role, line.agent, percent(line.rate), str(line.games)]
        table.add(*cells, *([logits(line.strength)] if shown else []))
        last = line.role
    return table


def _payoff(board: Board) -> _Table:
    first, second = board.teams
    agents = [line.agent for line in board.lines]
    cells = {(cell.row, cell.column): cell for cell in board.payoff}
    table = _Table(f"Wins of the row as {first} against the column as {second}", f"{first} ↓", *agents)
    for row in agents:
        met = [cells.get((row, column)) for column in agents]
        table.add(row, *("–" if cell is None else percent(cell.rate) for cell in met))
    return table


def _facts(board: Board) -> _Table:
    agents = [line.agent for line in board.lines]
    known = {(line.name, line.agent): line for line in board.facts}
    table = _Table(f"What came of the games, {board.level:.0%} intervals", "metric", *agents)
    for name in board.metrics:
        lines = [known.get((name, agent)) for agent in agents]
        table.add(name, *("–" if line is None else fact(line.mean, line.rate) for line in lines))
    return table


def _passes(board: Board) -> _Table:
    agents = [line.agent for line in board.lines]
    known = {(line.k, line.agent): line for line in board.passes}
    table = _Table(f"How often all of k tries of a case are {board.success}", "k", *agents)
    for k in sorted({line.k for line in board.passes}):
        lines = [known.get((k, agent)) for agent in agents]
        table.add(f"pass^{k}", *("–" if line is None else percent(line.rate) for line in lines))
    return table


def _pairs(board: Board) -> _Table:
    table = _Table("Differences on the same seeds", "pair", "of", "difference", "shown")
    for pair in board.pairs:
        name = f"{pair.one} − {pair.other}"
        table.section()
        table.add(name, "score", "–" if pair.difference is None else logits(pair.difference), _yes(pair.shown))
        for line in board.fact_pairs:
            if (line.one, line.other) == (pair.one, pair.other):
                gap = "–" if line.difference is None else change(line.difference, line.rate)
                table.add(name, line.name, gap, _yes(line.shown))
    return table


def _yes(shown: bool) -> str:
    return "yes" if shown else "no"


def fact(mean: Interval, rate: bool) -> str:
    """``62% [51, 72]`` for a rate, ``4.2 [3.9, 4.5]`` for any other mean; no interval where it is endless."""
    if rate:
        return percent(mean)
    return _with_ends(mean, "{:.3g}")


def change(difference: Interval, rate: bool) -> str:
    """``+17 [+9, +25] points`` for a rate, ``-1.2 [-2, -0.4]`` for any other mean."""
    if rate:
        return _with_ends(Interval(*(100 * x for x in difference)), "{:+.0f}") + " points"
    return _with_ends(difference, "{:+.3g}")


def _with_ends(interval: Interval, form: str) -> str:
    value, low, high = (form.format(x + 0.0) for x in interval)
    return value if math.isinf(interval.high) else f"{value} [{low}, {high}]"


def _behaviour(board: Board) -> _Table:
    tokens = any(line.tokens_in is not None or line.tokens_out is not None for line in board.lines)
    columns = ["agent", "decisions", "illegal replies", "fallbacks", "forfeits"]
    columns += [*(["tokens in", "tokens out"] if tokens else []), "median", "95% within"]
    table = _Table("Behaviour", *columns)
    for line in board.lines:
        timing = board.timing.get(line.agent, {})
        counts = (line.decisions, line.illegal, line.fallbacks, sum(line.forfeits.values()))
        cells = [line.agent, *(f"{count:,}" for count in counts)]
        if tokens:
            cells += ["–" if count is None else f"{count:,}" for count in (line.tokens_in, line.tokens_out)]
        cells += [duration(timing.get("latency_p50_s")), duration(timing.get("latency_p95_s"))]
        table.add(*cells)
    return table


def duration(seconds: float | None) -> str:
    """A short time with its unit: ``46 µs``, ``3.2 ms``, ``1.4 s``; a dash where it is not known."""
    if seconds is None:
        return "–"
    for size, unit in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"
