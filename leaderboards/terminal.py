"""A board in the terminal: rich tables. Names and texts of others are printed as they are, never as markup."""

from __future__ import annotations

import math

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lanista.leaderboards.board import Board, Line
from lanista.leaderboards.replay import plain
from lanista.stats import Interval


def show(board: Board, console: Console, *, brief: bool = False) -> None:
    """Print the verdict, the ratings, win rates per role, pay-offs and how agents behaved; ``brief``: the first two."""
    plays = f"{board.games} games over {board.blocks} seeds"
    console.print(_text(f"{board.arena} · {plays} · hash {board.hash} · preset {board.preset}", style="dim"))
    console.print(_text(board.verdict, style="bold"))
    console.print(_ratings(board))
    if brief:
        return
    if board.roles:
        console.print(_roles(board))
    if board.payoff and len(board.lines) > 1:
        console.print(_payoff(board))
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


def _table(title: str, *columns: str) -> Table:
    table = Table(title=_text(title), title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    for i, column in enumerate(columns):
        table.add_column(_text(column), justify="left" if i == 0 else "right", overflow="fold")
    return table


def _ratings(board: Board) -> Table:
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
    table = _table(f"Ratings, {level} intervals" if versus else f"Scores, {level} intervals", *columns)
    for line in board.lines:
        cells = [line.agent, str(line.rank), ranks(line)]
        cells += [points(line.rating)] if versus else []
        cells += [percent(line.score)]
        cells += [percent(line.sides[t]) if t in line.sides else "–" for t in board.teams] if versus else []
        cells += [*([str(line.group + 1)] if grouped else []), str(line.games)]
        table.add_row(*map(_text, cells))
    worth = setup(board)
    if worth is not None:
        table.caption = _text(worth)
        table.caption_justify = "left"
    return table


def _roles(board: Board) -> Table:
    shown = any(line.strength is not None for line in board.roles)
    columns = ["role", "agent", "team's win rate" if board.kind == "versus" else "team's score", "games"]
    table = _table("By role", *columns, *(["strength (logits)"] if shown else []))
    last = None
    for line in board.roles:
        if last is not None and last != line.role:
            table.add_section()
        cells = [line.role, line.agent, percent(line.rate), str(line.games)]
        table.add_row(*map(_text, [*cells, *([logits(line.strength)] if shown else [])]))
        last = line.role
    return table


def _payoff(board: Board) -> Table:
    first, second = board.teams
    agents = [line.agent for line in board.lines]
    cells = {(cell.row, cell.column): cell for cell in board.payoff}
    table = _table(f"Wins of the row as {first} against the column as {second}", f"{first} ↓", *agents)
    for row in agents:
        met = [cells.get((row, column)) for column in agents]
        table.add_row(*map(_text, [row, *("–" if cell is None else percent(cell.rate) for cell in met)]))
    return table


def _pairs(board: Board) -> Table:
    table = _table("Differences on the same seeds", "pair", "difference of scores", "shown")
    for pair in board.pairs:
        cells = [f"{pair.one} − {pair.other}", "–" if pair.difference is None else logits(pair.difference)]
        table.add_row(*map(_text, [*cells, "yes" if pair.shown else "no"]))
    return table


def _behaviour(board: Board) -> Table:
    columns = (
        "agent",
        "decisions",
        "illegal replies",
        "fallbacks",
        "forfeits",
        "tokens in",
        "tokens out",
        "median",
        "95% within",
    )
    table = _table("Behaviour", *columns)
    for line in board.lines:
        timing = board.timing.get(line.agent, {})
        cells = [
            line.agent,
            f"{line.decisions:,}",
            f"{line.illegal:,}",
            f"{line.fallbacks:,}",
            f"{sum(line.forfeits.values()):,}",
            "–" if line.tokens_in is None else f"{line.tokens_in:,}",
            "–" if line.tokens_out is None else f"{line.tokens_out:,}",
            duration(timing.get("latency_p50_s")),
            duration(timing.get("latency_p95_s")),
        ]
        table.add_row(*map(_text, cells))
    return table


def duration(seconds: float | None) -> str:
    """A short time with its unit: ``46 µs``, ``3.2 ms``, ``1.4 s``; a dash where it is not known."""
    if seconds is None:
        return "–"
    for size, unit in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"
